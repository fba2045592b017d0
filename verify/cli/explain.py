"""``verify explain`` and ``verify radius``: where a network bends, and how far from a point."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from verify import api
from verify.cli.display import terminal
from verify.cli.options import bounded, choosing_output, limit_memory, number
from verify.cli.progress import Progress
from verify.digits import display
from verify.network import Network
from verify.rational import counted, exact_text
from verify.report.story import along, listed, story
from verify.search.commands.explain import Explanation
from verify.search.commands.radius import Infinite, Radii, Radius


@click.command()
@click.argument("network")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="The region to look at.")
@choosing_output
@bounded
def explain(
    network: str, region: str, output: str | None, timeout: str | None, memory: str | None, as_json: bool
) -> int:
    """Show which layers and neurons are on, off or switching, and where linearity breaks."""
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    with Progress(f"{network}: explain") as progress:
        loaded = api.load(network, output)
        explanation = api.explain(loaded, region, timeout=seconds, report=progress.line)
    if as_json:
        click.echo(json.dumps(explanation_json(loaded, explanation), indent=1))
    else:
        show_explanation(loaded, region, explanation)
    return 0


@click.command()
@click.argument("network")
@click.option("--at", "point", required=True, metavar="POINT", help="[1, 1/2], or an .npy file.")
@choosing_output
@bounded
def radius(network: str, point: str, output: str | None, timeout: str | None, memory: str | None, as_json: bool) -> int:
    """Find the largest L-infinity balls around a point with one pattern, and with one affine map; exact."""
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    with Progress(f"{network}: radius") as progress:
        loaded = api.load(network, output)
        found = api.radius(loaded, point, timeout=seconds, report=progress.line)
    if as_json:
        data = {
            "pattern_radius": _radius_text(found.pattern),
            "affine_radius": _radius_text(found.affine),
            "units": unit_names(loaded, found.units),
            "reason": found.reason,
        }
        click.echo(json.dumps(data, indent=1))
    else:
        show_radii(loaded, found)
    return 0 if found.affine is not None else 3


def _radius_text(value: Radius | None) -> str | None:
    if value is None:
        return None
    return exact_text(value) if not isinstance(value, Infinite) else "inf"


def unit_names(network: Network, units: Sequence[tuple[int, int]]) -> list[str]:
    """Names of (block, unit) pairs."""
    return [network.blocks[block - 1].unit_name(unit) for block, unit in units]


def show_radii(network: Network, found: Radii) -> None:
    """Both radii, and which is which."""
    console = terminal()
    console.print(Text(f"pattern radius  {_radius(found.pattern)}"))
    if found.units:
        names = unit_names(network, found.units)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        console.print(Text(f"  there {', '.join(names[:3])}{more} reaches zero", style="dim"))
    if found.affine is None:
        console.print(Text(f"affine radius   not decided, at least {_reached(found)} ({found.reason})", style="yellow"))
        return
    console.print(Text(f"affine radius   {_radius(found.affine)}"))
    same = found.affine == found.pattern
    note = "f bends at that first crossing" if same else "the first crossings do not bend f"
    if isinstance(found.affine, Infinite):
        note = "f is affine everywhere"
    console.print(Text(f"  {note}", style="dim"))


def _reached(found: Radii) -> str:
    further = found.at_least is not None and found.at_least != found.pattern
    return display(found.at_least) if further and found.at_least is not None else "the pattern radius"


def _radius(value: Radius) -> str:
    if isinstance(value, Infinite):
        return "inf"
    text = exact_text(value)
    return text if len(text) <= 24 else f"{text if len(text) <= 160 else text[:160] + '...'}  ({display(value, 0)})"


def show_explanation(network: Network, region: str, explanation: Explanation) -> None:
    """A table of layers, then where linearity breaks."""
    console = terminal()
    console.print(
        Text(f"{network.name} on {region}: {counted(network.input_size, 'input')}, {network.relu_count} ReLU")
    )
    table = Table(box=None, pad_edge=False)
    for column in ("layer", "units", "on", "off", "switching", "undecided"):
        # Folded, not cut: a name that ends in "..." may be any of several, and not every encoding has that character.
        table.add_column(column, justify="left" if column == "layer" else "right", overflow="fold")
    for layer in explanation.layers:
        counts = (layer.size, layer.on, layer.off, layer.switching, layer.undecided)
        table.add_row(Text(layer.name), *(str(count) for count in counts))
    if explanation.layers:
        console.print(table)
    styles = {True: "green", False: "red" if explanation.first_break is not None else ""}
    for i, sentence in enumerate(story(network, explanation)):
        console.print(Text(sentence, style=styles[explanation.all_stable] if i == 0 else ""))
    if explanation.ineffective:
        names = listed(explanation.ineffective, 5)
        console.print(Text(f"Crossed without any effect on the output: {names}", style="dim"))


def explanation_json(network: Network, explanation: Explanation) -> dict[str, Any]:
    """The explanation as plain data."""
    bend = explanation.first_break
    return {
        "layers": [vars(layer) for layer in explanation.layers],
        "all_stable": explanation.all_stable,
        "story": story(network, explanation),
        "ineffective": list(explanation.ineffective),
        "break": None
        if bend is None
        else {
            "units": list(bend.units),
            "point": bend.point.strings(),
            "output": bend.output,
            "turned_on": list(bend.turned_on),
            "slope_before": exact_text(bend.slope_before),
            "slope_after": exact_text(bend.slope_after),
            "slopes_per": along(network, bend.direction, bend.coordinate),
            "coordinate": bend.coordinate,
            "direction": bend.direction.strings(),
        },
    }
