"""What commands that decide claims share: their options, the search with its progress, reports, and what is printed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from verify.cli import display
from verify.cli.options import bounded, limit_memory, number, whole
from verify.cli.progress import Progress
from verify.cli.workers import sharing_options, workers
from verify.kernel.check import Verdict
from verify.property import Claim
from verify.report import words
from verify.report.each import EachResult
from verify.report.folder import ReportFolder, take
from verify.report.record import Result
from verify.search.decide import ENGINE_NAMES

if TYPE_CHECKING:
    from concurrent.futures import Executor

STATUS = {Verdict.PROVED: 0, Verdict.REFUTED: 1, Verdict.UNKNOWN: 3}


class SearchOptions(TypedDict):
    """The arguments of ``verify.check`` and ``verify.ask`` that say how to look for evidence."""

    timeout: float | None
    engine: str
    report: Callable[[str], None]
    executor: Executor | None
    work: int | None


@dataclass(frozen=True)
class Deciding:
    """How to decide, and where to put what is found, as the options say it."""

    engine: str
    folder: str | None
    show_smt: bool
    work: int | None
    jobs: str
    address: str | None
    seconds: float | None
    as_json: bool

    def query(self, claim: Claim) -> int:
        """Print the literal query for an SMT solver."""
        from verify.search.solver.literal import smt_text  # loads Z3

        click.echo(smt_text(claim))
        return 0

    def take_folder(self) -> None:
        """Before any work is done, see that reports can be written."""
        if self.folder is not None:
            take(ReportFolder(Path(self.folder)))

    @contextmanager
    def search(self, title: str) -> Iterator[SearchOptions]:
        """Show what is going on while evidence is looked for."""
        self.take_folder()
        with Progress(title) as progress, workers(self.jobs, self.address) as executor:
            yield SearchOptions(
                timeout=self.seconds, engine=self.engine, report=progress.line, executor=executor, work=self.work
            )

    def finish(self, results: Sequence[Result], each: EachResult | None = None) -> None:
        """Write the reports, and print the only result, or those on ``each`` of several regions."""
        if self.folder is not None:
            write_reports(Path(self.folder), results, each.where if each is not None else "")
        if self.as_json:
            click.echo(json.dumps((each or results[0]).to_json(), indent=1))
        elif each is not None:
            display.show_each(each, self.folder)
        else:
            display.show_result(results[0], self.folder)


def deciding(command: Callable[..., int]) -> Callable[..., int]:
    """The options of commands that decide; the command gets them as ``how``."""

    @functools.wraps(command)
    def run(
        *,
        engine: str,
        folder: str | None,
        show_smt: bool,
        work: str | None,
        jobs: str,
        address: str | None,
        timeout: str | None,
        memory: str | None,
        as_json: bool,
        **others: Any,
    ) -> int:
        seconds = number(timeout, "timeout")
        limit_memory(memory)
        how = Deciding(engine, folder, show_smt, whole(work), jobs, address, seconds, as_json)
        return command(**others, how=how)

    for option in (
        bounded,
        sharing_options,
        click.option("--work", metavar="STEPS", help="Give up after so many counted steps (status 3)."),
        click.option("--show-smt", is_flag=True, help="Print the literal query for an SMT solver and stop."),
        click.option(
            "--report",
            "folder",
            metavar="DIR",
            help="Write the evidence (*.json), a page (*.html, *.md) and an index there.",
        ),
        click.option("--engine", default="auto", show_default=True, help=f"One of {', '.join(ENGINE_NAMES)}."),
    ):
        run = option(run)
    return run


def write_reports(folder: Path, results: Sequence[Result], where: str = "") -> None:
    """The records and the pages of claims, and the list of all claims of the folder.

    Several claims that are one claim on each of several regions have the name ``where`` for these together.
    """
    from verify.fuzzing.record import fuzz_record
    from verify.report.files import write_report
    from verify.report.index import write_index

    try:
        for number, result in enumerate(results, start=1):
            title = f"{words.statement(result, where)}: number {number}" if where and len(results) > 1 else ""
            asked = result.claim.property.asked is not None  # instances of formulas are not drawn
            write_report(ReportFolder(folder), result, title=title, fuzz=None if asked else fuzz_record(result))
    finally:
        write_index(ReportFolder(folder))
