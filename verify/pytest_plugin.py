"""pytest: claims become tests, and every claim that was checked leaves a record, and a page if it is wanted.

    def test_relu_is_not_additive(claim):
        claim("relu", "additive", on="all").refuted()

The fixture ``theorem`` does more: it makes a page of the book, see ``verify.testing.book``. Claims files
(``verify.toml``, ``properties/*.toml``, ``pyproject.toml`` with a table ``tool.verify``, or any TOML file that is named
on the command line) are collected too, one item for each claim, with the marker ``claim``.

At the end of the session pages are made, and ``index.html`` has the theorems in chapters and lists all claims. With
pytest-xdist, workers write the claims and the controller the list; what they share travels as the tests' user
properties, which ``--junitxml`` keeps as well. Nothing heavy is imported until a test asks for a claim.

Files that tests name, and the default report folder, are relative to pytest's root folder; ``--verify-report``, and the
paths that are printed, to the folder where pytest was started.
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
    from verify.testing import Claims, ReportSession, Theorems

# Whether the test itself, not its setup or teardown, failed or was skipped: the fixtures ask at their end.
OUTCOME = pytest.StashKey[str]()
# Of the whole process: what it leaves, the tests that failed, and contradictions that workers told of.
SESSION = pytest.StashKey["ReportSession"]()
FAILED = pytest.StashKey[set[str]]()
DISAGREEMENTS = pytest.StashKey[list[str]]()
# Why workers could not write reports.
UNWRITTEN = pytest.StashKey[list[str]]()
INTERNAL = 4
FIXTURES = {"claim", "theorem"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    group = parser.getgroup("verify")
    group.addoption("--verify-report", metavar="DIR", help="where claims leave records and pages (default: reports)")
    group.addoption(
        "--verify-pages",
        choices=("none", "failed", "all"),
        default="failed",
        help="the claims that get a page at the end: those of failed tests (default), none, all",
    )
    group.addoption("--verify-profile", choices=("quick", "ci", "campaign"), help="how many examples Hypothesis tries")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and load the Hypothesis profile that was asked for, if any."""
    config.addinivalue_line("markers", "chapter(title, *introduction): the chapter of the book that theorems are in")
    config.addinivalue_line("markers", "claim: a claim of a claims file (verify.toml, properties/*.toml)")
    config.stash[FAILED], config.stash[DISAGREEMENTS], config.stash[UNWRITTEN] = set(), [], []
    config.pluginmanager.register(_Nodes(config))
    if config.getoption("--verify-report") and not hasattr(config, "workerinput"):
        from verify.errors import InputError

        try:
            _session(config).ready()
        except InputError as error:
            raise pytest.UsageError(str(error)) from None
    if profile := config.getoption("--verify-profile"):
        from verify.strategies.profiles import load_profile

        load_profile(profile)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claims files, by their names; other TOML files if they are named on the command line."""
    if file_path.suffix != ".toml":
        return None
    is_ours = file_path.name == "verify.toml" or file_path.parent.name == "properties"
    if file_path.name == "pyproject.toml":
        is_ours = b"tool.verify" in file_path.read_bytes()
    if not is_ours and not parent.session.isinitpath(file_path):
        return None
    found: ClaimsCollector = ClaimsCollector.from_parent(parent, path=file_path)
    return found


class ClaimsCollector(pytest.File):
    """A TOML file with claims. pytest makes one for each beside the tests that it is asked for: that costs nothing."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each claim of the file."""
        from verify.testing.toml_claims import items

        return items(self, _session(self.config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how the test went; an error that this package raises on purpose is one message, not its internals."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.outcome
    if report.failed:
        item.config.stash[FAILED].add(item.nodeid)
        if call.excinfo is not None and FIXTURES & set(getattr(item, "fixturenames", ())):
            _shorten(item, report, call.excinfo)
    return report


def _shorten(item: pytest.Item, report: pytest.TestReport, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    from verify.errors import EngineDisagreement, VerifyError

    if isinstance(excinfo.value, EngineDisagreement):
        item.config.stash[DISAGREEMENTS].append(str(excinfo.value))
    if isinstance(excinfo.value, VerifyError):
        own = [entry for entry in excinfo.traceback if Path(entry.path) == item.path]
        line = f":{own[-1].lineno + 1}" if own else ""
        report.longrepr = f"{item.location[0]}{line}: {type(excinfo.value).__name__}: {excinfo.value}"


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Iterator[Claims]:
    """Check claims: ``claim(network, property, on=region)``, with the options of ``verify.check``."""
    from verify.testing import Claims

    claims = Claims(request, _ready(request.config))
    yield claims
    if request.node.stash.get(OUTCOME, "failed") == "passed":
        claims.finish()


@pytest.fixture
def theorem(request: pytest.FixtureRequest) -> Iterator[Theorems]:
    """State a theorem and check what carries it: ``theorem(question=..., answer=..., statement=...)`` is a ``Book``."""
    from verify.testing import Theorems

    theorems = Theorems(request, _ready(request.config))
    yield theorems
    outcome = request.node.stash.get(OUTCOME, "failed")
    if outcome != "skipped":
        theorems.finish(failed=outcome != "passed")


def _session(config: pytest.Config) -> ReportSession:
    """What this process leaves, made when it is first asked for."""
    if SESSION not in config.stash:
        from verify.testing import ReportSession

        root, start = Path(config.rootpath), Path(config.invocation_params.dir)
        config.stash[SESSION] = ReportSession(_folder(config), root, start, config.getoption("--verify-pages"))
    return config.stash[SESSION]


def _ready(config: pytest.Config) -> ReportSession:
    session = _session(config)
    session.keep(lambda: None)
    return session


def _folder(config: pytest.Config) -> Path:
    """The report folder; a relative one is where pytest was started, the default in the root folder."""
    chosen = config.getoption("--verify-report") or os.environ.get("VERIFY_REPORT")
    return Path(config.invocation_params.dir) / chosen if chosen else Path(config.rootpath) / "reports"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Make the pages of this process; engines that contradict each other fail the session, whatever the tests say."""
    config = session.config
    said = config.stash[DISAGREEMENTS]
    if SESSION in config.stash:
        own = config.stash[SESSION]
        own.finish(config.stash[FAILED])
        said += own.disagreements
        own.disagreements = []
        config.stash[UNWRITTEN] += [own.unwritten] if own.unwritten else []
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["verify_disagreements"], output["verify_unwritten"] = list(said), config.stash[UNWRITTEN]
    elif said:
        session.exitstatus = INTERNAL


class _Nodes:
    """What the controller of pytest-xdist hears from its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        output = getattr(node, "workeroutput", {})
        self._config.stash[DISAGREEMENTS] += output.get("verify_disagreements", [])
        self._config.stash[UNWRITTEN] += output.get("verify_unwritten", [])


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """How many claims were proved, refuted, left unknown, only attested; and the list of them all."""
    if hasattr(config, "workerinput"):  # a worker has a reporter too, and knows of its own claims only
        return
    # Deselected tests, warnings and errors of collection are in these lists too.
    reports = [r for group in terminalreporter.stats.values() for r in group if isinstance(r, pytest.TestReport)]
    claims, theorems = _claims_of(reports), _theorems_of(reports)
    for message in config.stash[DISAGREEMENTS]:
        terminalreporter.write_line(f"CONTRADICTION: {message}", red=True)
    if not claims and not theorems:
        return
    from verify.report.files import from_here
    from verify.report.folder import RECORDS

    folder, start = _folder(config), Path(config.invocation_params.dir)
    failed = frozenset(report.nodeid for report in reports if report.failed)
    unwritten = _write_index(terminalreporter, exitstatus, config, reports)
    terminalreporter.section("claims")
    if theorems:
        broken = sum(test in failed for test in theorems.values())
        said = f", {broken} of them in tests that failed" if broken else ""
        terminalreporter.write_line(f"theorems: {len(theorems)}{said}")
    records = "" if unwritten else f"; records in {from_here(folder / RECORDS, start)}/"
    terminalreporter.write_line(f"claims: {_counted(claims.values()) or 'none'}{records}")
    for word in ("attested", "vacuous"):
        count = sum(word in known.values() for known in claims.values())
        if count:
            terminalreporter.write_line(f"{count} of the proved {'is' if count == 1 else 'are'} {word}")
    if unwritten:
        terminalreporter.write_line(f"no reports were written to {unwritten}")
    else:
        terminalreporter.write_line(f"report: {from_here(folder / 'index.html', start)}")


def _write_index(terminalreporter: Any, exitstatus: int, config: pytest.Config, reports: list[Any]) -> str:
    """Write the list of claims, and remove records of the past; returns why nothing can be written, if so."""
    from verify.report.folder import ReportFolder, prune
    from verify.report.index import write_index
    from verify.testing.session import reason_of

    if config.stash[UNWRITTEN]:
        return config.stash[UNWRITTEN][0]
    folder, claims, theorems = _folder(config), _claims_of(reports), _theorems_of(reports)
    report = ReportFolder(folder, apart=True)
    try:
        if _is_full(terminalreporter, exitstatus, config):
            is_toml = any(report.nodeid.partition("::")[0].endswith(".toml") for report in reports)
            prune(report, [folder / name for name in claims], tests=True, claims=is_toml)
        write_index(
            report,
            [folder / name for name in claims],
            theorems=[folder / name for name in theorems],
            failed=frozenset(report.nodeid for report in reports if report.failed),
            skipped=_skips(terminalreporter.stats.get("skipped", [])),
        )
    except OSError as error:
        return reason_of(error, folder, Path(config.invocation_params.dir))
    return ""


def _is_full(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> bool:
    """Whether every test of the project ran: only then is a record without a test one of the past."""
    chosen = ("keyword", "markexpr", "lf", "failedfirst", "maxfail", "deselect", "ignore", "ignore_glob")
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    narrowed = named or any(config.getoption(name, None) for name in chosen)
    return int(exitstatus) in (0, 1) and not narrowed and not terminalreporter.stats.get("deselected")


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
