"""What a terminal shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from verify.kernel.check import Verdict
from verify.network import Network
from verify.rational import counted, display, exact_text
from verify.report import words
from verify.report.calculation import calculation
from verify.report.each import EachResult
from verify.report.names import file_stem
from verify.report.reason import proof_line, reasons
from verify.report.record import Result
from verify.report.story import along, listed, story
from verify.search.commands.explain import Explanation
from verify.search.commands.radius import Infinite, Radii, Radius

# Longer lines are written to a file beside the record.
MAX_LINES, MAX_CHARACTERS = 40, 4000
COLOURS = {Verdict.PROVED: "bold green", Verdict.REFUTED: "bold red", Verdict.UNKNOWN: "bold yellow"}


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def show_result(result: Result, folder: str | None, *, lines: bool = True) -> None:
    """The verdict, why, and what it rests on; of a refutation the ``lines`` that reproduce it."""
    console = _console()
    claim, outcome = result.claim, result.outcome
    console.print(Text.assemble((result.verdict.name, COLOURS[result.verdict]), f"  {words.statement(result)}"))
    if result.counterexample:
        console.print(Text(f"  {result.counterexample}"))
        for line in reasons(result):
            console.print(Text(f"  {line}"))
    elif result.verdict is Verdict.PROVED:
        console.print(Text(f"  {proof_line(result)}"))
    else:
        console.print(Text(f"  {outcome.reason}; tried: {', '.join(outcome.tried) or 'nothing'}"))
    how = f"{result.assurance or 'no verdict'}, engine {outcome.engine or '-'}, {outcome.seconds:.3f} s"
    formula = "" if claim.property.asked is not None else f"{claim.property.formula}; "
    console.print(Text(f"  {formula}{how}", style="dim"))
    for assumption in outcome.assumptions:
        console.print(Text(f"  assumes: {assumption}", style="dim"))
    if folder is not None:
        console.print(Text(f"  evidence: {Path(folder) / file_stem(result)}.json", style="dim"))
    if lines:
        show_lines(console, calculation(result), _script(result, folder))


def show_lines(console: Console, lines: list[str], script: str) -> None:
    """The lines that reproduce a refutation without this package; where they are long, the command that runs them."""
    if not lines:
        return
    short = len(lines) <= MAX_LINES and sum(map(len, lines)) <= MAX_CHARACTERS
    if not short:
        where = (
            f"The same without this package: {script}" if script else "--report DIR writes lines of Python for that."
        )
        console.print(Text(f"  {where}", style="dim"))
        return
    console.print(Text("  The same in Python, without this package:", style="dim"))
    for line in lines:  # not indented: they are pasted as they are
        console.print(Text(line, style="dim"))


def _script(result: Result, folder: str | None) -> str:
    return f"python {Path(folder) / file_stem(result)}.py" if folder is not None else ""


def show_each(each: EachResult, folder: str | None) -> None:
    """The verdict on all regions, then that on each, shortly."""
    console, first = _console(), each.results[0]
    text = f"  {words.statement(first, each.where)}"
    console.print(Text.assemble((each.verdict.name, COLOURS[each.verdict]), text))
    for result in each.results if each.verdict is Verdict.PROVED else each.decisive:
        console.print(Text.assemble("  ", (result.verdict.name, COLOURS[result.verdict]), f"  {_short(result)}"))
        if folder is not None:
            console.print(Text(f"    evidence: {Path(folder) / file_stem(result)}.json", style="dim"))
    others = len(each.results) - len(each.decisive)
    if others:
        counts = Counter(result.verdict.value for result in each.results if result.verdict is not each.verdict)
        console.print(Text("  the others: " + ", ".join(f"{count} {word}" for word, count in counts.items())))
    seconds = sum(result.outcome.seconds for result in each.results)
    how = f"{each.assurance or 'no verdict'}, {seconds:.3f} s; on each alone, not on their union"
    console.print(Text(f"  {first.claim.property.formula}; {how}", style="dim"))
    for assumption in dict.fromkeys(a for r in each.results for a in r.outcome.assumptions):
        console.print(Text(f"  assumes: {assumption}", style="dim"))
    if each.verdict is Verdict.REFUTED:
        show_lines(console, calculation(each.decisive[0]), _script(each.decisive[0], folder))


def _short(result: Result) -> str:
    region = result.claim.region.text
    if result.counterexample:
        return f"{region}: {result.counterexample}"
    if result.verdict is Verdict.PROVED:
        return f"{region}: {proof_line(result)}"
    return f"{region}: {result.outcome.reason}; tried: {', '.join(result.outcome.tried) or 'nothing'}"


def unit_names(network: Network, units: Sequence[tuple[int, int]]) -> list[str]:
    """Names of (block, unit) pairs."""
    return [network.blocks[block - 1].unit_name(unit) for block, unit in units]


def show_radii(network: Network, found: Radii) -> None:
    """Both radii, and which is which."""
    console = _console()
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
    console = _console()
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
