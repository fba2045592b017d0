"""``verify compare``: how different two networks are on a region, at most and at least."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.text import Text

from verify import api
from verify.cli.console import Console
from verify.cli.deciding import write_reports
from verify.cli.options import bounded, choosing_output, choosing_second_output, limit_memory, number
from verify.cli.progress import Progress
from verify.cli.workers import sharing_options, workers
from verify.digits import display
from verify.rational import exact_text
from verify.report.points import point_text
from verify.report.record import Result
from verify.search.commands.compare import Comparison

DEFAULT_SECONDS = 60.0


@click.command()
@click.argument("first")
@click.argument("second")
@choosing_output
@choosing_second_output
@click.option("--on", "region", required=True, metavar="REGION", help="A box, or another region in one.")
@click.option("--report", "folder", metavar="DIR", help="Write the proof of the bound (*.json) and its page there.")
@sharing_options
@bounded
def compare(
    first: str,
    second: str,
    region: str,
    output: str | None,
    to_output: str | None,
    folder: str | None,
    jobs: str,
    address: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Bound |f - g| on a region from above (proved) and below (found); status 3 where no bound is proved.

    It takes 60 s unless --timeout says otherwise; Ctrl-C ends it earlier, with what is known.
    """
    seconds = number(timeout, "timeout") or DEFAULT_SECONDS
    limit_memory(memory)
    f, g = api.load(first, output), api.load(second, to_output)
    with Progress(f"{first} and {second}: compare") as progress, workers(jobs, address) as executor:
        found = api.compare(f, g, region, timeout=seconds, report=progress.line, executor=executor)
    if folder is not None and found.claim is not None and found.outcome is not None:
        claim = found.claim
        write_reports(Path(folder), [Result(claim, found.outcome, claim.network, claim.second)])
    if as_json:
        click.echo(json.dumps(to_json(found), indent=1))
    else:
        _show(found)
    return 0 if found.upper is not None else 3


def _show(found: Comparison) -> None:
    out = Console(highlight=False, soft_wrap=True)
    least = f"at least {_number(found.lower)} (found)"
    if found.upper is None:
        out.print(Text(f"|f - g| is {least}; no bound was proved"))
    else:
        out.print(Text(f"|f - g| is at most {_number(found.upper)} (proved) and {least}"))
    out.print(Text(f"  at x = {point_text(found.point)}", style="dim"))
    if len(found.by_output) > 1:
        for j, (upper, lower, _) in enumerate(found.by_output):
            bound = "-" if upper is None else _number(upper)
            out.print(Text(f"  output {j}: at most {bound}, at least {_number(lower)}"))
    if found.layer:
        out.print(Text(f"  most of it comes from layer {found.layer}"))
    out.print(Text(f"  {found.cause}"))
    if found.reason:
        out.print(Text(f"  {found.reason}", style="dim"))


def _number(value: object) -> str:
    """Exactly where that is short, else to six digits."""
    text = exact_text(value)  # type: ignore[arg-type]
    return text if len(text) <= 12 else display(value, 0)  # type: ignore[arg-type]


def to_json(found: Comparison) -> dict[str, object]:
    """The comparison as plain data, rationals as strings."""
    return {
        "upper": None if found.upper is None else exact_text(found.upper),
        "lower": exact_text(found.lower),
        "point": found.point.strings(),
        "outputs": [
            {"upper": None if u is None else exact_text(u), "lower": exact_text(v), "point": x.strings()}
            for u, v, x in found.by_output
        ],
        "layer": found.layer or None,
        "steps": None if found.steps is None else exact_text(found.steps),
        "rounding": found.is_rounding,
        "unrounded": None if found.unrounded is None else exact_text(found.unrounded),
        "reason": found.reason,
    }
