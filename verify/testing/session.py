"""What one pytest process leaves: records as claims are decided, pages at the end of the session.

Files that tests name are relative to pytest's root folder, wherever pytest was started; what is printed is relative to
where it was started. A folder that cannot be written to costs the records, and one line, but no verdict.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from verify.errors import EngineDisagreement
from verify.report.files import from_here, write_record, write_report
from verify.report.folder import ReportFolder, Unwritable, take
from verify.report.model import Link
from verify.report.record import Result

# Making pages stops after so many seconds; pages of theorems link to those of their claims, and come first.
SECONDS = {"failed": 60.0, "all": 3600.0}
Kept = TypeVar("Kept")


@dataclass(frozen=True, eq=False)
class _Pending:
    result: Result
    stem: str
    title: str
    test: str
    theorem: Link | None


@dataclass
class ReportSession:
    """The claims of this process; ``pages`` says of which there will be pages: none, failed, all.

    ``root`` is pytest's root folder, ``start`` where it was started. ``unwritten`` says why nothing can be written.
    """

    folder: Path
    root: Path
    start: Path
    pages: str = "failed"
    unwritten: str = ""
    disagreements: list[str] = field(default_factory=list)
    left_out: int = 0
    _pending: list[_Pending] = field(default_factory=list)
    _taken: bool = False

    @property
    def report(self) -> ReportFolder:
        """Where everything lies."""
        return ReportFolder(self.folder, apart=True)

    def ready(self) -> None:
        """Mark the folder before the first file is written; ``InputError`` where it is somebody else's."""
        if not self._taken:
            take(self.report, option="--verify-report")
            self._taken = True

    @contextlib.contextmanager
    def in_root(self) -> Iterator[None]:
        """Files are named as from the root folder, unless the test has gone to a folder of its own."""
        if self.start == self.root or Path.cwd() != self.start:
            yield
        else:
            with contextlib.chdir(self.root):
                yield

    def keep(self, write: Callable[[], Kept]) -> Kept | None:
        """What ``write`` returns; None where the folder cannot be written to: the first reason is remembered."""
        if self.unwritten:
            return None
        try:
            self.ready()
            return write()
        except (OSError, Unwritable) as error:
            self.unwritten = reason_of(error, self.folder, self.start)
            return None

    def add(self, result: Result, stem: str, title: str, test: str, theorem: Link | None = None) -> Path | None:
        """Write the record of a claim; its page is made at the end, if it is one of those wanted."""
        if self.pages != "none":
            self._pending.append(_Pending(result, stem, title, test, theorem))
        return self.keep(lambda: write_record(self.report, result, stem=stem, title=title, test=test, theorem=theorem))

    def finish(self, failed: set[str]) -> None:
        """Make the pages that are wanted, of the tests that failed or of all."""
        wanted = [p for p in self._pending if p.theorem is not None or self.pages == "all" or p.test in failed]
        wanted.sort(key=lambda pending: pending.theorem is None)
        self._pending.clear()
        ends = time.monotonic() + SECONDS.get(self.pages, 0.0)
        for done, p in enumerate(wanted):
            if time.monotonic() > ends:
                self.left_out = len(wanted) - done
                return
            try:
                with self.in_root():
                    self.keep(functools.partial(self._report, p))
            except EngineDisagreement as error:
                self.disagreements.append(str(error))

    def _report(self, p: _Pending) -> None:
        from verify.fuzzing.record import fuzz_record

        fuzz: dict[str, Any] = fuzz_record(p.result)
        write_report(self.report, p.result, stem=p.stem, title=p.title, test=p.test, fuzz=fuzz, theorem=p.theorem)


def reason_of(error: Exception, folder: Path, start: Path) -> str:
    """Why no report can be written, in one line."""
    cause = error if isinstance(error, OSError) else error.__cause__
    why = getattr(cause, "strerror", None) or str(error)
    return f"{from_here(folder, start)}: {why}; --verify-report DIR names another folder"
