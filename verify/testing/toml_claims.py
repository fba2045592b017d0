"""Claims files as pytest collects them: one item for each claim."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verify.gate.decide import Found, decide_case
from verify.gate.files import ClaimsError
from verify.gate.plan import Case, cases_of
from verify.gate.work import stem_of
from verify.report.folder import drop_pages
from verify.report.record import Result
from verify.testing.claims import properties_of
from verify.testing.session import ReportSession


class NotAsExpected(Exception):
    """A claim of a claims file that is not as expected."""

    def __init__(self, found: Found) -> None:
        super().__init__(found.message)
        self.found = found


def items(file: pytest.File, session: ReportSession) -> Iterator[pytest.Item]:
    """One item for each claim of a file; ``session`` is what the process leaves."""
    try:
        with session.in_root():
            cases = cases_of([file.path])
    except ClaimsError as error:
        raise file.CollectError("\n".join(map(str, error.problems))) from None
    for case in cases:
        yield ClaimItem.from_parent(file, name=case.id, case=case, leaves=session)


class ClaimItem(pytest.Item):
    """One claim."""

    def __init__(self, *, case: Case, leaves: ReportSession, **named: Any) -> None:
        super().__init__(**named)
        self.case, self._session = case, leaves
        self.add_marker("claim")

    def runtest(self) -> None:
        """Decide the claim; what is not as expected is raised."""
        session = self._session
        with session.in_root():
            decided = decide_case(self.case)
        found, stem = decided.found, stem_of(self.case)
        if isinstance(decided.result, Result):
            self.user_properties += properties_of(decided.result, stem)
            session.add(decided.result, stem, self.case.why or self.case.id, self.nodeid)
        else:
            session.keep(lambda: drop_pages(session.report, stem))
        if found.status == "internal":
            session.disagreements.append(found.message)
        if found.status != "expected":
            raise NotAsExpected(found)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Where the claim stands, what was found, and how to see it again."""
        if not isinstance(excinfo.value, NotAsExpected):
            return super().repr_failure(excinfo, style)
        found, case = excinfo.value.found, self.case
        why = [f"why it is claimed: {case.why}"] if case.why else []
        start, root = self._session.start, self._session.root
        place = "" if start == root else f"{shlex.join(['cd', str(root)])} && "
        again = [f"again: {place}{found.command}"] if found.command else []
        return "\n".join([f"{case.file}:{case.line}: {case.statement}", found.message, *why, *again])

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The claim's place in its file."""
        return self.path, self.case.line - 1, self.name
