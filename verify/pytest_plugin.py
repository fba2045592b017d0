"""pytest: claims become tests, and every claim that was checked leaves a record and a page.

    def test_relu_is_not_additive(claim):
        claim("relu", "additive", on="all").refuted()

The fixture ``theorem`` does more: it makes a page of the book, see ``verify.testing.book``. At the end of the session
``index.html`` has the theorems in chapters and lists all claims. With pytest-xdist, workers write the claims and the
controller the list; what they share travels as the tests' user properties, which ``--junitxml`` keeps as well.
Nothing heavy is imported until a test asks for a claim.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.report.index import Skip
    from verify.testing import Claims, Theorems

# Whether the test itself, not its setup or teardown, failed or was skipped: the ``theorem`` fixture asks at its end.
OUTCOME = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("verify")
    group.addoption("--verify-report", metavar="DIR", help="where claims leave records and pages (default: reports)")
    group.addoption("--verify-profile", choices=("quick", "ci", "campaign"), help="how many examples Hypothesis tries")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and load the Hypothesis profile that was asked for, if any."""
    config.addinivalue_line("markers", "chapter(title, *introduction): the chapter of the book that theorems are in")
    if profile := config.getoption("--verify-profile"):
        from verify.strategies.profiles import load_profile

        load_profile(profile)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how the test went."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.outcome
    return report


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Claims:
    """Check claims: ``claim(network, property, on=region)``, with the options of ``verify.check``."""
    from verify.testing import Claims

    return Claims(request, _folder(request.config))


@pytest.fixture
def theorem(request: pytest.FixtureRequest) -> Iterator[Theorems]:
    """State a theorem and check what carries it: ``theorem(question=..., answer=..., statement=...)`` is a ``Book``."""
    from verify.testing import Theorems

    theorems = Theorems(request, _folder(request.config))
    yield theorems
    outcome = request.node.stash.get(OUTCOME, "failed")
    if outcome != "skipped":
        theorems.finish(failed=outcome != "passed")


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
    claims, theorems = _claims_of(reports), _theorems_of(reports)
    if not claims and not theorems:
        return
    from verify.report.index import write_index
    from verify.report.theorem import DATA

    folder = _folder(config)
    failed = frozenset(report.nodeid for report in reports if report.failed)
    write_index(
        folder,
        [folder / name for name in claims],
        theorems=[folder / DATA / name for name in theorems],
        failed=failed,
        skipped=_skips(terminalreporter.stats.get("skipped", [])),
    )
    terminalreporter.section("claims")
    if theorems:
        broken = sum(test in failed for test in theorems.values())
        said = f", {broken} of them in tests that failed" if broken else ""
        terminalreporter.write_line(f"theorems: {len(theorems)}{said}")
    terminalreporter.write_line(f"claims: {_counted(claims.values()) or 'none'}; records in {_given(config)}/")
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


def _theorems_of(reports: list[Any]) -> dict[str, str]:
    """The test of every theorem by the name of its data."""
    pairs = ((value, r.nodeid) for r in reports for key, value in r.user_properties if key == "theorem")
    return dict(pairs)


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
