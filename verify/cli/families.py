"""``verify check`` on a file that describes a family of networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text

from verify.cli.console import Console
from verify.cli.display import COLOURS, show_lines
from verify.cli.progress import Progress
from verify.errors import InputError
from verify.family import FamilyResult, check_family
from verify.report.family_page import calculation, write_family_report
from verify.report.folder import ReportFolder
from verify.report.index import write_index


def check_family_file(
    path: str,
    property: str,
    region: str,
    *,
    unused: Mapping[str, object],
    engine: str,
    folder: str | None,
    timeout: float | None,
    as_json: bool,
) -> FamilyResult:
    """Decide the claim, write the record where one is asked for, and show the answer.

    ``unused`` are options that mean nothing here, with their values.
    """
    for option, value in unused.items():
        if value:
            raise InputError(f"{option} is about one network, but {path} describes a family")
    with Progress(f"{path}: {property}") as progress:
        result = check_family(
            path, property, region, timeout=timeout, engine=engine, cross_check=folder is not None, report=progress.line
        )
    record = None
    if folder is not None:
        try:
            record = write_family_report(ReportFolder(Path(folder)), result, file=path)
        finally:
            write_index(ReportFolder(Path(folder)))
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=1))
    else:
        show(result, record)
    return result


def show(result: FamilyResult, record: Path | None) -> None:
    """The verdict, why, and the derivation."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text.assemble((result.verdict.name, COLOURS[result.verdict]), f"  {result.statement}"))
    console.print(Text(f"  {result.sentence}"))
    for line in result.lines if result.counterexample is None else ():
        console.print(Text(f"    {line}", style="dim"))
    outcome = result.outcome
    how = f"{result.assurance or 'no verdict'}, engine {outcome.engine or '-'}, {outcome.seconds:.3f} s"
    console.print(Text(f"  {result.claim.property.formula}; {how}", style="dim"))
    if record is not None:
        console.print(Text(f"  evidence: {record}", style="dim"))
    script = f"python {record.with_suffix('.py')}" if record is not None else ""
    show_lines(console, calculation(result), script)
