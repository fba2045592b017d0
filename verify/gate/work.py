"""What a worker does with a case: decides it and writes its record and pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from verify.errors import EngineDisagreement
from verify.gate.decide import Decided, Found, decide_case, without_record
from verify.gate.plan import Case
from verify.report.files import write_record, write_report
from verify.report.folder import ReportFolder, href
from verify.report.names import readable_name
from verify.report.record import Result, write_text

Pages: TypeAlias = Literal["none", "failed", "all"]


def stem_of(case: Case) -> str:
    """The name of the case's record and pages, without ending."""
    return readable_name(case.id, case.key)


@dataclass(frozen=True)
class GateWork:
    """Called with a case and the seconds left; sent to processes, so it is plain data.

    Without a ``folder`` nothing is reported, without a ``cache`` nothing is remembered. ``pages`` says of which cases
    pages are made.
    """

    folder: Path | None = None
    pages: Pages = "failed"
    cache: Path | None = None

    def __call__(self, case: Case, seconds: float | None) -> Found:
        return finish(self, decide_case(case, seconds, self.cache))

    def written(self, decided: Decided, folder: Path) -> Found:
        """Write the record, and the pages if they are wanted; a disagreement on the way is an internal error."""
        found, case = decided.found, decided.found.case
        if decided.result is None:
            return found
        stem, title = stem_of(case), case.why
        report = ReportFolder(folder, apart=True)
        found = replace(found, page=href(report.record(stem), report.index))
        if not isinstance(decided.result, Result):
            data = decided.result.record()
            data["unchecked"] |= {"title": title, "test": case.key}
            write_text(report.record(stem), json.dumps(data, indent=1) + "\n")
            return found
        if self.pages == "none" or (self.pages == "failed" and found.status == "expected"):
            write_record(report, decided.result, stem=stem, title=title, test=case.key)
            return found
        from verify.fuzzing.record import fuzz_record

        try:
            fuzz = fuzz_record(decided.result)
            write_report(report, decided.result, stem=stem, title=title, test=case.key, fuzz=fuzz)
        except EngineDisagreement as error:
            return replace(found, status="internal", message=" ".join(str(error).split())[:600])
        return found


def finish(work: GateWork, decided: Decided) -> Found:
    """Write what the work writes about a case that is decided."""
    return without_record(decided.found if work.folder is None else work.written(decided, work.folder))
