"""The command that replays a record. It loads no search code and no solver, and a test says so."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from verify.report.recheck import Recheck
from verify.report.recheck import recheck as replay


@click.command()
@click.argument("report")
@click.option("--network", "network_path", metavar="FILE", help="Where the network is now, if it has moved.")
@click.option("--to", "second_path", metavar="FILE", help="Where the second network is now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def recheck(report: str, network_path: str | None, second_path: str | None, as_json: bool) -> int:
    """Replay the evidence of REPORT (*.json) with the kernel alone."""
    found = replay(Path(report), network_path, second_path)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=1))
    else:
        _show(report, found)
    return 0 if found.judgement is not None else 3


def _as_json(found: Recheck) -> dict[str, object]:
    return {
        "verdict": found.verdict,
        "replayed": found.judgement is not None,
        "reason": found.reason,
        "notes": list(found.notes),
        "ledger": list(found.judgement.assumptions) if found.judgement else [],
    }


def _show(report: str, found: Recheck) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if found.judgement is None:
        console.print(Text(f"NOTHING TO REPLAY  {report}: {found.reason}", style="yellow"))
        return
    console.print(Text.assemble(("REPLAYED", "bold green"), f"  {report}: {found.verdict}, and the evidence shows it"))
    for note in found.notes:
        console.print(Text(f"  not compared: {note}", style="yellow"))
    for assumption in found.judgement.assumptions:
        console.print(Text(f"  assumes: {assumption}", style="dim"))
