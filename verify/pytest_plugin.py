"""pytest: claims become tests, and every claim that was checked leaves a record and a page.

    def test_relu_is_not_additive(claim):
        claim("relu", "additive", on="all").refuted()

At the end of the session ``index.html`` lists its claims. With pytest-xdist, workers write the claims and the
controller the list; what they share travels as the tests' user properties, which ``--junitxml`` keeps as well.
Nothing heavy is imported until a test asks for a claim.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.report.index import Skip
    from verify.report.record import Result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("verify")
    group.addoption("--verify-report", metavar="DIR", help="where claims leave records and pages (default: reports)")
    group.addoption("--verify-profile", choices=("quick", "ci", "campaign"), help="how many examples Hypothesis tries")


def pytest_configure(config: pytest.Config) -> None:
    """Load the Hypothesis profile that was asked for, if any."""
    if profile := config.getoption("--verify-profile"):
        from verify.strategies.profiles import load_profile

        load_profile(profile)


class Checked:
    """A checked claim, to be asserted on; ``record`` is its file."""

    def __init__(self, result: Result, record: Path | None = None) -> None:
        self.result, self.record = result, record

    def __repr__(self) -> str:
        return repr(self.result)

    def proved(self, *, vacuous: bool = False) -> Checked:
        """Fail unless the claim was proved with evidence that the kernel replayed; vacuous only if expected."""
        self._expect("proved")
        if self.result.vacuous != vacuous:
            self._fail(f"{self.result!r} {'is' if self.result.vacuous else 'is not'} vacuous")
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
            self._fail(f"expected {verdict}: {self.result!r}\n{detail}")
        return self

    def _fail(self, message: str) -> None:
        from verify.report import reproduce
        from verify.report.files import from_here

        lines = [reproduce.command(self.result), *reproduce.python(self.result).splitlines()]
        if self.record is not None:
            lines.append(
                f"{reproduce.recheck(from_here(self.record))}    # {from_here(self.record.with_suffix('.html'))}"
            )
        again = "\n".join(f"  {line}" for line in lines if line)
        pytest.fail(f"{message}\nagain:\n{again}" if again else message, pytrace=False)


class Claims:
    """Checks claims for one test and writes what was found."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder, self._count = request, folder, 0

    def __call__(self, network: Any, property: str, on: Any = "all", **options: Any) -> Checked:
        from verify import api
        from verify.report.files import write_report
        from verify.report.names import readable_name

        node = self._request.node
        result = api.check(network, property, on, **options)
        self._count += 1
        title = re.sub(r"^test_", "", node.name).replace("_", " ")
        stem = f"{readable_name(node.nodeid.replace('.py', ''), node.nodeid)}-{self._count}"
        node.user_properties += _properties(result, stem)
        title = title[:1].upper() + title[1:]
        return Checked(result, write_report(self._folder, result, stem=stem, title=title, test=node.nodeid))


def _properties(result: Result, stem: str) -> list[tuple[str, str]]:
    """What the controller, and ``--junitxml``, are told about a claim."""
    properties = [("record", f"{stem}.json"), ("verdict", result.verdict.value)]
    if result.assurance:
        properties.append(("assurance", result.assurance))
    if result.vacuous:
        properties.append(("note", "vacuous"))
    if result.counterexample:
        properties.append(("counterexample", result.counterexample))
    return properties


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Iterator[Claims]:
    """Check claims: ``claim(network, property, on=region)``, with the options of ``verify.check``."""
    yield Claims(request, _folder(request.config))


def _given(config: pytest.Config) -> str:
    """The report folder as the user wrote it."""
    return config.getoption("--verify-report") or os.environ.get("VERIFY_REPORT") or "reports"


def _folder(config: pytest.Config) -> Path:
    """The report folder; a relative one is where pytest was called, the default in the project's root."""
    given = _given(config)
    chosen = config.getoption("--verify-report") or os.environ.get("VERIFY_REPORT")
    return Path(config.invocation_params.dir if chosen else config.rootpath) / given


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """How many claims were proved, refuted, left unknown, only attested; and the list of them all."""
    # Deselected tests, warnings and errors of collection are in these lists too.
    reports = [r for group in terminalreporter.stats.values() for r in group if isinstance(r, pytest.TestReport)]
    claims = _claims_of(reports)
    if not claims:
        return
    from verify.report.index import write_index

    folder = _folder(config)
    failed = frozenset(report.nodeid for report in reports if report.failed)
    records = [folder / name for name in claims]
    write_index(folder, records, failed=failed, skipped=_skips(terminalreporter.stats.get("skipped", [])))
    terminalreporter.section("claims")
    terminalreporter.write_line(f"claims: {_counted(claims.values())}; records in {_given(config)}/")
    for word in ("attested", "vacuous"):
        count = sum(word in known.values() for known in claims.values())
        if count:
            terminalreporter.write_line(f"{count} of the proved {'is' if count == 1 else 'are'} {word}")
    terminalreporter.write_line(f"report: {Path(_given(config)) / 'index.html'}")


def _counted(claims: Any) -> str:
    counts = Counter(known["verdict"] for known in claims)
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))


def _claims_of(reports: list[Any]) -> dict[str, dict[str, str]]:
    """The properties of every claim by the name of its record, in the order of the tests in their files."""
    claims: dict[str, dict[str, str]] = {}
    for report in sorted(reports, key=_position):
        name = ""
        for key, value in report.user_properties:
            if key == "record":
                name = value
                claims[name] = {}
            elif name:
                claims[name].setdefault(key, value)
    return claims


def _position(report: Any) -> tuple[str, int, str]:
    """Where a test stands: the same order whatever worker ran it."""
    file, line, _ = report.location
    return str(file), line or 0, report.nodeid


def _skips(reports: list[Any]) -> list[Skip]:
    from verify.report.index import Skip

    return [Skip(report.nodeid, _reason(report.longrepr)) for report in sorted(reports, key=_position)]


def _reason(longrepr: Any) -> str:
    """The words that were given to ``pytest.skip``."""
    text = longrepr[2] if isinstance(longrepr, tuple | list) and len(longrepr) == 3 else str(longrepr)
    return str(text).removeprefix("Skipped: ")
