"""pytest: claims become tests, and every claim that was checked leaves a record and a page.

    def test_relu_is_not_additive(claim):
        claim("relu", "additive", on="all").refuted()

Nothing heavy is imported until a test asks for a claim.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.report.record import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--verify-report``."""
    group = parser.getgroup("verify")
    group.addoption("--verify-report", metavar="DIR", help="where claims leave records and pages (default: reports)")


class Checked:
    """A checked claim, to be asserted on."""

    def __init__(self, result: Result) -> None:
        self.result = result

    def __repr__(self) -> str:
        return repr(self.result)

    def proved(self, *, vacuous: bool = False) -> Checked:
        """Fail unless the claim was proved with evidence that the kernel replayed; vacuous only if expected."""
        self._expect("proved")
        if self.result.vacuous != vacuous:
            word = "is" if self.result.vacuous else "is not"
            pytest.fail(f"{self.result!r} {word} vacuous", pytrace=False)
        return self

    def refuted(self) -> Checked:
        """Fail unless the claim was refuted; the counterexample is then at hand as ``counterexample``."""
        return self._expect("refuted")

    @property
    def counterexample(self) -> str:
        """The refutation as one line of arithmetic."""
        return self.result.counterexample or ""

    def _expect(self, verdict: str) -> Checked:
        if self.result.verdict.value != verdict or self.result.assurance != "checked":
            detail = self.result.counterexample or self.result.outcome.reason or f"assurance {self.result.assurance}"
            pytest.fail(f"expected {verdict}: {self.result!r}\n{detail}", pytrace=False)
        return self


class Claims:
    """Checks claims for one test and writes what was found."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder, self._count = request, folder, 0

    def __call__(self, network: Any, property: str, on: Any = "all", **options: Any) -> Checked:
        from verify import api
        from verify.report.markdown import write_page
        from verify.report.record import write_json

        result = api.check(network, property, on, **options)
        self._count += 1
        title = re.sub(r"^test_", "", self._request.node.name).replace("_", " ")
        node = re.sub(r"[^A-Za-z0-9]+", "-", self._request.node.nodeid.replace(".py", "")).strip("-")
        stem = f"{node}-{self._count}"
        write_json(self._folder / f"{stem}.json", result)
        write_page(self._folder / f"{stem}.md", result, title[:1].upper() + title[1:])
        self._request.node.user_properties.append(("verdict", result.verdict.value))
        return Checked(result)


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Iterator[Claims]:
    """Check claims: ``claim(network, property, on=region)``, with the options of ``verify.check``."""
    given = request.config.getoption("--verify-report") or os.environ.get("VERIFY_REPORT")
    folder = Path(given) if given else Path(request.config.rootpath) / "reports"
    yield Claims(request, folder)


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """One line: how many claims were proved, refuted, left unknown."""
    counts: dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == "verdict" and getattr(report, "when", "") == "call":
                    counts[value] = counts.get(value, 0) + 1
    if counts:
        shown = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        terminalreporter.write_line(f"claims: {shown}; records in {config.getoption('--verify-report') or 'reports'}/")
