"""What one pytest process leaves: records as claims are decided, pages at the end of the session."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.errors import EngineDisagreement
from verify.report.files import write_record, write_report
from verify.report.folder import take
from verify.report.model import Link
from verify.report.record import Result

# Making pages stops after so many seconds; pages of theorems link to those of their claims, and come first.
SECONDS = {"failed": 60.0, "all": 3600.0}


@dataclass(frozen=True, eq=False)
class _Pending:
    result: Result
    stem: str
    title: str
    test: str
    theorem: Link | None


@dataclass
class Session:
    """The claims of this process; ``pages`` says of which there will be pages: none, failed, all."""

    folder: Path
    pages: str = "failed"
    disagreements: list[str] = field(default_factory=list)
    left_out: int = 0
    _pending: list[_Pending] = field(default_factory=list)
    _taken: bool = False

    def ready(self) -> None:
        """Mark the folder before the first file is written; ``InputError`` where it is somebody else's."""
        if not self._taken:
            take(self.folder, option="--verify-report")
            self._taken = True

    def add(self, result: Result, stem: str, title: str, test: str, theorem: Link | None = None) -> Path:
        """Write the record of a claim; its page is made at the end, if it is one of those wanted."""
        self.ready()
        if self.pages != "none":
            self._pending.append(_Pending(result, stem, title, test, theorem))
        return write_record(self.folder, result, stem=stem, title=title, test=test, theorem=theorem)

    def finish(self, failed: set[str]) -> None:
        """Make the pages that are wanted, of the tests that failed or of all."""
        from verify.fuzzing.record import fuzz_record

        wanted = [p for p in self._pending if p.theorem is not None or self.pages == "all" or p.test in failed]
        wanted.sort(key=lambda pending: pending.theorem is None)
        self._pending.clear()
        ends = time.monotonic() + SECONDS.get(self.pages, 0.0)
        for done, p in enumerate(wanted):
            if time.monotonic() > ends:
                self.left_out = len(wanted) - done
                return
            try:
                fuzz: dict[str, Any] = fuzz_record(p.result)
                names = {"stem": p.stem, "title": p.title, "test": p.test}
                write_report(self.folder, p.result, **names, fuzz=fuzz, theorem=p.theorem)
            except EngineDisagreement as error:
                self.disagreements.append(str(error))
