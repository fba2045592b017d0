"""Claims as a test makes them: decided, written to the report folder, and asserted on."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verify import api
from verify.report import reproduce
from verify.report.files import from_here
from verify.report.folder import RECORDS
from verify.report.model import Link
from verify.report.names import readable_name
from verify.report.record import Result, no_comparison, no_truth_value
from verify.testing.session import ReportSession

if TYPE_CHECKING:
    from typing import Self


class Asserted:
    """Something that was decided, to be asserted on: a claim, or a family of claims."""

    def __init__(self, result: Any) -> None:
        self._result = result
        self.is_used = False

    def __repr__(self) -> str:
        return repr(self._result)

    __bool__ = no_truth_value
    __eq__ = no_comparison
    __hash__ = object.__hash__

    @property
    def result(self) -> Any:
        """What was decided. A test that looks at it is taken to assert something of its own."""
        self.is_used = True
        return self._result

    def proved(self, *, vacuous: bool = False) -> Self:
        """Fail unless this was proved with evidence that the kernel replayed; vacuous only if expected."""
        self._expect("proved")
        found = bool(getattr(self.result, "vacuous", False))
        if found != vacuous:
            self._fail(f"{self.result!r} {'is' if found else 'is not'} vacuous")
        return self

    def refuted(self) -> Self:
        """Fail unless this was refuted; the counterexample is then at hand as ``counterexample``."""
        return self._expect("refuted")

    @property
    def counterexample(self) -> str:
        """The refutation as one line of arithmetic."""
        return str(getattr(self._result, "counterexample", None) or "")

    def _expect(self, verdict: str) -> Self:
        if self.result.verdict.value != verdict or self.result.assurance != "checked":
            detail = self.counterexample or self._reason() or f"assurance {self.result.assurance}"
            self._fail(f"expected {verdict}: {self.result!r}\n{detail}")
        return self

    def _reason(self) -> str:
        return str(getattr(self.result, "sentence", ""))

    def _fail(self, message: str) -> None:
        pytest.fail(message, pytrace=False)


class CheckedClaim(Asserted):
    """A checked claim, to be asserted on; ``record`` is its file, None where it could not be written.

    ``folder`` is where the claim's files are named from, None where that is the current folder.
    """

    def __init__(self, result: Result, record: Path | None = None, folder: Path | None = None) -> None:
        super().__init__(result)
        self.record, self._base = record, folder

    def _reason(self) -> str:
        return str(self.result.outcome.reason)

    def _fail(self, message: str) -> None:
        lines = [reproduce.command(self.result), *reproduce.python(self.result).splitlines()]
        if self._base is not None:
            lines.insert(0, shlex.join(["cd", str(self._base)]))
        if self.record is not None:
            record, page = (from_here(path, self._base) for path in (self.record, self.record.with_suffix(".html")))
            lines.append(f"{reproduce.recheck(record)}    # {page}")
        again = "\n".join(f"  {line}" for line in lines if line)
        super()._fail(f"{message}\nagain:\n{again}" if again else message)


class Claims:
    """Checks claims for one test and writes what was found."""

    def __init__(self, request: pytest.FixtureRequest, session: ReportSession) -> None:
        self._request, self.session = request, session
        self._made: list[CheckedClaim] = []

    def __call__(self, network: Any, property: str, on: Any = "all", **options: Any) -> CheckedClaim:
        """Decide a claim, with the options of ``verify.check``, and write its record."""
        with self.session.in_root():
            return self.decided(api.check(network, property, on, **options))

    def decided(self, result: Result, theorem: Link | None = None) -> CheckedClaim:
        """Write a claim that has been decided in the current folder, as a part of a theorem if it is one."""
        node = self._request.node
        title = re.sub(r"^test_", "", node.name).replace("_", " ")
        name = f"{Path(node.nodeid.partition('::')[0]).stem}-{node.name}".replace("test_", "")
        stem = f"{readable_name(name, node.nodeid)}-{len(self._made) + 1}"
        node.user_properties += properties_of(result, stem)
        record = self.session.add(result, stem, title[:1].upper() + title[1:], node.nodeid, theorem)
        here = Path.cwd()
        self._made.append(CheckedClaim(result, record, here if here != self.session.start else None))
        return self._made[-1]

    def finish(self) -> None:
        """Fail where a claim was made and nothing asserted of it: it would pass whatever its verdict."""
        for made in self._made:
            if not made.is_used:
                message = f"nothing is asserted of {made!r}; write claim(...).proved() or claim(...).refuted()"
                pytest.fail(message, pytrace=False)


def properties_of(result: Result, stem: str) -> list[tuple[str, str]]:
    """What the controller, and ``--junitxml``, are told about a claim."""
    properties = [("record", f"{RECORDS}/{stem}.json"), ("verdict", result.verdict.value)]
    if result.assurance:
        properties.append(("assurance", result.assurance))
    if result.vacuous:
        properties.append(("note", "vacuous"))
    if result.counterexample:
        properties.append(("counterexample", result.counterexample))
    return properties
