"""The command that replays records. It loads no search code and no solver, and a test says so."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.text import Text

from verify.cli.console import Console
from verify.errors import EvidenceError, InputError
from verify.report.recheck import Recheck
from verify.report.recheck import recheck as replay

REPLAYED, BAD_INPUT, NOTHING, REJECTED = 0, 2, 3, 4


@click.command()
@click.argument("reports", nargs=-1, required=True, metavar="RECORD.json...")
@click.option("--network", "network_path", metavar="FILE", help="Where the network is now, if it has moved.")
@click.option("--to", "second_path", metavar="FILE", help="Where the second network is now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--second", is_flag=True, help="Ask the second judge, which shares no code with the kernel.")
def recheck(
    reports: tuple[str, ...], network_path: str | None, second_path: str | None, as_json: bool, second: bool
) -> int:
    """Replay the evidence of records (*.json) with the kernel alone.

    Exit status: 0 all evidence replays; else the first that applies of 4 some evidence is rejected, 2 a record cannot
    be read, 3 there is nothing to replay in one.
    """
    if second:
        return _second(reports, plain=not (network_path or second_path or as_json))
    if len(reports) == 1:
        found = replay(Path(reports[0]), network_path, second_path)
        if as_json:
            click.echo(json.dumps(_as_json(found), indent=1))
        else:
            _show(reports[0], found)
        return REPLAYED if found.judgement is not None else NOTHING
    if network_path or second_path:
        raise InputError("--network and --to are for one record; give them with the record whose network has moved")
    return _many(reports, as_json=as_json)


def _many(reports: tuple[str, ...], *, as_json: bool) -> int:
    """Replay each record, whatever becomes of the others, and sum up."""
    statuses, data = [], []
    for report in reports:
        try:
            found = replay(Path(report))
            statuses.append(REPLAYED if found.judgement is not None else NOTHING)
            data.append({"record": report, **_as_json(found)})
            if not as_json:
                _show(report, found)
        except (EvidenceError, InputError) as error:
            statuses.append(REJECTED if isinstance(error, EvidenceError) else BAD_INPUT)
            data.append({"record": report, "verdict": None, "replayed": False, "reason": str(error), "ledger": []})
            if not as_json:
                word = "REJECTED" if isinstance(error, EvidenceError) else "BAD INPUT"
                Console(highlight=False, soft_wrap=True).print(
                    Text.assemble((word, "bold red"), f"  {report}: {' '.join(str(error).split())[:600]}")
                )
    status = next((s for s in (REJECTED, BAD_INPUT, NOTHING) if s in statuses), REPLAYED)
    if as_json:
        click.echo(json.dumps({"status": status, "records": data}, indent=1))
    else:
        words = {REPLAYED: "replayed", NOTHING: "with nothing to replay", BAD_INPUT: "unreadable", REJECTED: "rejected"}
        counts = [f"{statuses.count(code)} {word}" for code, word in words.items() if code in statuses]
        click.echo(f"{len(reports)} records: {', '.join(counts)}")
    return status


def _second(reports: tuple[str, ...], *, plain: bool) -> int:
    """One line for each record, and the exit status: 0 accepted, 4 rejected, 3 declined, 2 cannot be read."""
    if not plain:
        raise InputError("--second takes records alone: it finds their networks itself and prints a line for each")
    from verify import second_judge

    return second_judge.run(list(reports), click.echo)


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
