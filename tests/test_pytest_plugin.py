"""The plugin in a small project of its own: claims as tests, their messages, records, and the last line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.cli import PATIENCE, call, environment
from tests.support.forked import run_pytest

CLAIMS = """\
def test_relu_is_not_additive(claim):
    assert claim("relu", "additive", on="all").refuted().counterexample == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"


def test_two_claims(claim):
    claim("identity_pair", "linear", on="all").proved()
    claim("dead", "affine", on="box(0, 1)").proved()


def test_vacuous(claim):
    claim("max", "additive", on="segment([1, 0], [0, 1])").proved(vacuous=True)
"""
FAILING = """\
def test_wrongly_proved(claim):
    claim("relu", "additive", on="all").proved()


def test_wrongly_refuted(claim):
    claim("relu", "affine", on="nonneg").refuted()


def test_undecided(claim):
    claim("relu", "affine", engine="rules").refuted()


def test_attested_is_not_proved(claim):
    claim("relu", "affine", on="nonneg", engine="z3").proved()


def test_vacuous_unawares(claim):
    claim("max", "additive", on="segment([1, 0], [0, 1])").proved()


def test_not_vacuous(claim):
    claim("relu", "affine", on="nonneg").proved(vacuous=True)
"""
MESSAGES = [
    "expected proved: <REFUTED: relu additive on all>\nf(0) = 0, but f(-1) + f(1) = 0 + 1 = 1",
    "expected refuted: <PROVED: relu affine on nonneg>\nassurance checked",
    "expected refuted: <UNKNOWN: relu affine on all>\nthe engines that were tried do not decide this claim",
    "expected proved: <PROVED: relu affine on nonneg>\nassurance attested",
    "<PROVED: max additive on segment([1, 0], [0, 1])> is vacuous",
    "<PROVED: relu affine on nonneg> is not vacuous",
]


@dataclass(frozen=True)
class Ran:
    """What a run of pytest gave."""

    status: int
    out: str


def run(folder: Path, *options: str, pages: str = "none", start: Path | None = None, fresh: bool = False) -> Ran:
    """Run pytest, from ``start``, in a project that knows nothing of this one but the plugin.

    ``fresh``: in an interpreter that has loaded nothing yet.
    """
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = -p no:cacheprovider --verify-pages={pages}\n")
    plugin = () if plugin_is_installed() else ("-p", "verify.pytest_plugin")
    command = [sys.executable, "-m", "pytest", *options, *plugin]
    cwd = start or folder
    if not fresh:
        with tempfile.TemporaryDirectory() as around:
            out = Path(around) / "out"
            status = run_pytest(command[3:], cwd, environment(), out)
            return Ran(status, out.read_text(encoding="utf-8", errors="replace"))
    done = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def plugin_is_installed() -> bool:
    from importlib.metadata import entry_points

    return any(entry.value == "verify.pytest_plugin" for entry in entry_points(group="pytest11"))


def records(folder: Path) -> list[Path]:
    return sorted((folder / "records").glob("*.json"))


def claim_pages(folder: Path, suffix: str = ".html") -> list[Path]:
    return sorted((folder / "claims").glob(f"*{suffix}"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_claims.py").write_text(CLAIMS)
    return tmp_path


def test_claims_pass_and_leave_records(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(project, pages="all", fresh=True)
    assert ran.status == 0, ran.out
    assert "3 passed" in ran.out
    found = records(project / "reports")
    assert [json.loads(path.read_text())["verdict"] for path in found] == ["refuted", "proved", "proved", "proved"]
    texts = claim_pages(project / "reports", ".md")
    assert [path.stem for path in texts] == [path.stem for path in found]
    assert "# Relu is not additive\n" in texts[0].read_text()
    assert all(call(capsys, "recheck", path).status == 0 for path in found)


def test_the_summary_counts_claims(project: Path) -> None:
    assert "claims: 3 proved, 1 refuted; records in reports/records/" in run(project).out


def test_another_folder_for_records(project: Path) -> None:
    ran = run(project, "--verify-report", "elsewhere")
    assert ran.status == 0, ran.out
    assert len(records(project / "elsewhere")) == 4
    assert not (project / "reports").exists()
    assert "records in elsewhere/" in ran.out


def test_messages_of_failing_claims(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(FAILING)
    ran = run(tmp_path, pages="failed")
    assert ran.status == 1
    assert "6 failed" in ran.out
    for message in MESSAGES:
        assert message in ran.out
    assert "Traceback" not in ran.out
    assert "pytest_plugin.py" not in ran.out
    # What was found is there to be looked at.
    assert len(records(tmp_path / "reports")) == 6


def test_bad_input_fails_the_test_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "test_typo.py").write_text('def test_typo(claim):\n    claim("rel", "affine")\n')
    ran = run(tmp_path)
    assert ran.status == 1
    assert "did you mean 'relu'?" in ran.out


def test_nothing_is_loaded_where_no_test_asks(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n\n\ndef test_other():\n"
        "    loaded = [m for m in sys.modules if m.startswith('verify.')]\n"
        "    assert loaded == ['verify.pytest_plugin']\n"
    )
    (tmp_path / "verify.toml").write_text('[[claim]]\nnetwork = "relu"\nproperty = "convex"\n')  # looked at by pytest
    ran = run(tmp_path, "test_other.py", fresh=True)
    assert ran.status == 0, ran.out
    assert "claims:" not in ran.out
    assert not (tmp_path / "reports").exists()


MIXED = """\
import pytest


def test_wrongly_proved(claim):
    claim("relu", "additive", on="all").proved()


def test_attested(claim):
    assert claim("relu", "affine", on="nonneg", engine="z3").result.assurance == "attested"


@pytest.mark.skip(reason="<no network> here")
def test_skipped(claim):
    claim("relu", "affine")


@pytest.mark.parametrize("low", ["-1", "[-1]", "-1" + "0" * 300])
def test_names_that_clash(claim, low):
    claim("relu", "affine", on="nonneg").proved()
"""


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    (tmp_path / "test_mixed.py").write_text(MIXED)
    return tmp_path


def timeless(path: Path) -> str:
    return re.sub(r"\d+\.\d{1,3}", "*", path.read_text(encoding="utf-8"))


def test_the_list_of_claims(mixed: Path) -> None:
    ran = run(mixed)
    assert "= claims =" in ran.out
    assert "claims: 4 proved, 1 refuted; records in reports/records/\n1 of the proved is attested\n" in ran.out
    assert "report: reports/index.html" in ran.out
    index = timeless(mixed / "reports" / "index.html")
    assert "1 of these claims failed, or their tests did" in index
    assert "<h2>Only attested</h2>" in index
    assert "&lt;no network&gt; here" in index
    assert len(records(mixed / "reports")) == 5


def test_the_list_holds_the_claims_of_this_session_only(mixed: Path) -> None:
    run(mixed)
    run(mixed, "-k", "attested")
    index = (mixed / "reports" / "index.html").read_text(encoding="utf-8")
    assert index.count("<tr data-verdict") == 1


def test_failing_claims_say_how_to_see_them_again(mixed: Path) -> None:
    out = run(mixed, "-k", "wrongly").out
    assert "verify check relu additive --on all\n" in out
    assert "verify.check('relu', 'additive', on='all')\n" in out
    assert "verify recheck reports/records/mixed-wrongly-proved-" in out


def test_junit_has_what_was_found(mixed: Path) -> None:
    run(mixed, "--junitxml=junit.xml")
    text = (mixed / "junit.xml").read_text()
    assert '<property name="verdict" value="refuted" />' in text
    assert '<property name="assurance" value="attested" />' in text
    assert 'value="f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"' in text


UNUSED = """\
def test_never_asserted(claim):
    claim("relu", "additive")


def test_truth_value(claim):
    assert claim("relu", "additive")


def test_compared_with_a_text(claim):
    assert claim("relu", "additive").result == "refuted"


def test_looked_at(claim):
    assert claim("relu", "additive").result.verdict.value == "refuted"
"""


def test_a_claim_of_which_nothing_is_asserted_fails(tmp_path: Path) -> None:
    (tmp_path / "test_unused.py").write_text(UNUSED)
    ran = run(tmp_path)
    assert ran.status == 1
    assert "2 failed, 2 passed, 1 error" in ran.out
    assert "nothing is asserted of <REFUTED: relu additive on all>; write claim(...).proved()" in ran.out
    assert "has no truth value; compare its verdict" in ran.out
    assert "is compared with 'refuted'; write result.verdict is verify.Verdict.PROVED" in ran.out


def test_errors_of_the_input_are_one_message(tmp_path: Path) -> None:
    (tmp_path / "test_typo.py").write_text('def test_typo(claim):\n    claim("rel", "affine").proved()\n')
    ran = run(tmp_path)
    assert ran.status == 1 and "test_typo.py:2: NetworkError: no network 'rel'" in ran.out
    assert len(ran.out.splitlines()) < 20, ran.out
    ran = run(tmp_path, "--verify-report", "/proc/zz")
    assert ran.status == 4 and ran.out.count("\n") <= 3 and "--verify-report /proc/zz" in ran.out


def test_a_foreign_folder_is_left_alone(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports" / "index.html").write_text("mine")
    ran = run(project)
    assert ran.status == 1 and "not known to be ours" in ran.out
    assert [path.name for path in (project / "reports").iterdir()] == ["index.html"]


@pytest.mark.parametrize(("pages", "count"), [("none", 0), ("failed", 1), ("all", 3)])
def test_which_claims_get_pages(tmp_path: Path, pages: str, count: int) -> None:
    source = "\n".join(FAILING.splitlines()[:3]) + "\n\n\n" + "\n".join(CLAIMS.splitlines()[4:8]) + "\n"
    (tmp_path / "test_pages.py").write_text(source)
    ran = run(tmp_path, pages=pages)
    assert "1 failed, 1 passed" in ran.out
    assert len(records(tmp_path / "reports")) == 3
    assert len(claim_pages(tmp_path / "reports")) == count
    assert (tmp_path / "reports" / "index.html").is_file()


def test_records_of_tests_that_are_gone_go_after_a_full_run(project: Path) -> None:
    run(project, pages="all")
    (project / "test_claims.py").write_text("\n".join(CLAIMS.splitlines()[:3]))
    run(project, "test_claims.py", pages="all")
    assert len(records(project / "reports")) == 4
    run(project, pages="all")
    assert len(records(project / "reports")) == 1
    assert len(claim_pages(project / "reports")) == 1


CONTRADICTION = """\
from verify.errors import EngineDisagreement


def test_engines(claim):
    try:
        claim("relu", "convex").proved()
    finally:
        raise EngineDisagreement("two engines differ")
"""


@pytest.mark.parametrize("options", [[], pytest.param(["-n", "1"], marks=pytest.mark.campaign)])
def test_a_contradiction_fails_the_session(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "test_engines.py").write_text(CONTRADICTION)
    ran = run(tmp_path, *options, pages="none")
    assert ran.status == 4 and "CONTRADICTION: two engines differ" in ran.out


TOML = """\
[[claim]]
network = "relu"
property = "positively homogeneous"
why = "Brightness must not matter."

[[claim]]
network = "relu"
property = "additive"

[[claim]]
network = "relu"
property = "additive"
expect = "refuted"
each.side = ["1/2", 1]
on = "box(-{side}, {side})"
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    (tmp_path / "properties" / "networks").mkdir(parents=True)
    (tmp_path / "properties" / "a.toml").write_text(TOML)
    (tmp_path / "verify.toml").write_text(TOML.partition("\n\n")[0])
    layer = 'input = [1]\n[[layer]]\ntype = "relu"\n'
    (tmp_path / "properties" / "network.toml").write_text(layer)
    (tmp_path / "properties" / "networks" / "other.toml").write_text(layer)
    (tmp_path / "ruff.toml").write_text("line-length = 100\n")
    return tmp_path


def test_claims_files_are_collected(toml: Path) -> None:
    listed = run(toml, "--co", "-q")
    assert [line for line in listed.out.splitlines() if "::" in line] == [
        "properties/a.toml::relu positively homogeneous",
        "properties/a.toml::relu additive",
        "properties/a.toml::relu additive on box(-1/2, 1/2)",
        "properties/a.toml::relu additive on box(-1, 1)",
        "verify.toml::relu positively homogeneous",
    ]
    ran = run(toml, "--junitxml", "x.xml")
    assert ran.status == 1 and "1 failed, 4 passed" in ran.out
    assert "properties/a.toml:6: relu is additive on all\nexpected proved, found refuted: f(0) = 0" in ran.out
    assert "again: verify check relu additive --on all" in ran.out
    assert "claims: 2 proved, 3 refuted" in ran.out and "Traceback" not in ran.out
    assert 'value="refuted"' in (toml / "x.xml").read_text()


def test_options_of_pytest_work_on_claims_files(toml: Path) -> None:
    assert "2 passed, 3 deselected" in run(toml, "-k", "homogeneous").out
    assert "5 deselected" in run(toml, "-m", "not claim").out
    assert "1 failed" in run(toml, "-x", "-k", "additive").out
    assert "1 passed" in run(toml, "verify.toml::relu positively homogeneous").out


def test_mistakes_in_claims_files(toml: Path) -> None:
    (toml / "properties" / "b.toml").write_text('[[claim]]\nnetwrok = "relu"\nproperty = "convx"\n')
    ran = run(toml)
    assert ran.status == 2 and "properties/b.toml:2: claim 1: unknown key 'netwrok'; did you mean 'network'?" in ran.out
    assert "Traceback" not in ran.out and "pytest_plugin.py" not in ran.out


def test_pyproject_is_collected_where_it_has_claims(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert run(tmp_path).status == 5
    (tmp_path / "pyproject.toml").write_text('[[tool.verify.claim]]\nnetwork = "relu"\nproperty = "convex"\n')
    assert "1 passed" in run(tmp_path).out


NAMED = """\
import pytest


def test_file(claim):
    claim("networks/layer.toml", "nondecreasing in 0", on="ball(networks/x.npy, 1)").proved()


def test_wrong(claim):
    claim("networks/layer.toml", "additive").proved()


def test_own_folder(claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text('input = [1]\\n[[layer]]\\ntype = "relu"\\n')
    claim("own.toml", "convex").proved()
"""


@pytest.fixture
def named(toml: Path) -> Path:
    (toml / "tests").mkdir()
    (toml / "tests" / "test_named.py").write_text(NAMED)
    (toml / "properties" / "a.toml").unlink()
    (toml / "networks").mkdir()
    (toml / "networks" / "layer.toml").write_text('input = [1]\n[[layer]]\ntype = "relu"\n')
    (toml / "verify.toml").write_text('[[claim]]\nnetwork = "networks/layer.toml"\nproperty = "additive"\n')
    np.save(toml / "networks" / "x.npy", np.array([0.5]))
    return toml


@pytest.mark.parametrize("options", [[], pytest.param(["-n", "1"], marks=pytest.mark.campaign)])
def test_started_in_another_folder(
    named: Path, options: list[str], tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files are named from the root folder, records lie there, and printed paths are those of where pytest started."""
    run(named, pages="none")
    known = [path.name for path in records(named / "reports")]
    assert len(known) == 4
    shutil.rmtree(named / "reports")
    places = ((named / "tests", named / "reports"), (named.parent, Path(named.name) / "reports"))
    for start, folder in places[:1] if options else places:
        ran = run(named, "--rootdir", str(named), str(named), *options, start=start)
        assert ran.status == 1 and "2 failed, 2 passed" in ran.out, ran.out
        assert f"claims: 2 proved, 2 refuted; records in {folder}/records/\n" in ran.out
        assert f"report: {folder}/index.html" in ran.out
        # What is printed to be typed works where pytest was started.
        assert f"  cd {named}\n  verify check networks/layer.toml additive --on all\n" in ran.out
        assert "\n  verify recheck reports/records/named-wrong-" in ran.out
        assert f"again: cd {named} && verify check networks/layer.toml additive --on all" in ran.out
        assert [path.name for path in records(named / "reports")] == known
        assert not (start / "reports").exists()
        shutil.rmtree(named / "reports")
    ran = run(named, "--rootdir", str(named), "--verify-report", "here", str(named), start=named / "tests")
    assert "records in here/records/\n" in ran.out and "report: here/index.html" in ran.out
    assert [path.name for path in records(named / "tests" / "here")] == known


BROKEN = """\
import pytest
import tempfile


@pytest.fixture(autouse=True)
def full(monkeypatch):
    def fail(*arguments, **named):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("tempfile.mkstemp", fail)
"""


@pytest.mark.parametrize(
    ("kind", "options"),
    [("below a file", []), ("full", []), ("chosen", []), pytest.param("full", ["-n", "2"], marks=pytest.mark.campaign)],
)
def test_claims_hold_where_no_report_can_be_written(
    project: Path, kind: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No verdict depends on a record; one line says that there is none."""
    (project / "verify.toml").write_text('[[claim]]\nnetwork = "relu"\nproperty = "convex"\n')
    (project / "test_theorem.py").write_text(
        "def test_theorem(theorem):\n"
        "    book = theorem(question='Is it?', answer='Yes.', statement='It is.')\n"
        "    book.claim('relu', 'convex').proved()\n"
    )
    where, why = "reports", "No space left on device"
    if kind == "full":
        (project / "conftest.py").write_text(BROKEN)
    else:
        where, why = ("reports", "File exists") if kind == "below a file" else ("taken/below", "Not a directory")
        (project / where.partition("/")[0]).write_text("precious")
    if kind == "chosen":
        monkeypatch.setenv("VERIFY_REPORT", where)
    ran = run(project, *options)
    assert ran.status == 0 and "5 passed" in ran.out, ran.out
    assert "claims: 5 proved, 1 refuted\n" in ran.out
    said = [line for line in ran.out.splitlines() if why in line]
    assert said == [f"no reports were written to {where}: {why}; --verify-report DIR names another folder"]
    assert "Traceback" not in ran.out and "records in" not in ran.out and "index.html" not in ran.out
    assert kind == "full" or (project / where.partition("/")[0]).read_text() == "precious"


def test_a_list_that_cannot_be_written(project: Path) -> None:
    """The folder was writable while the claims were decided."""
    (project / "reports" / "index.html").mkdir(parents=True)
    (project / "reports" / ".relu-verify").write_text("")
    ran = run(project)
    assert ran.status == 0 and "3 passed" in ran.out
    assert "no reports were written to reports: Is a directory;" in ran.out and "Traceback" not in ran.out


def test_a_read_only_project(project: Path) -> None:
    run(project, "--co", "-q")
    project.chmod(0o555)
    try:
        if os.access(project, os.W_OK):
            pytest.skip("this user writes where it likes")
        command = [sys.executable, "-m", "pytest", *([] if plugin_is_installed() else ["-p", "verify.pytest_plugin"])]
        done = subprocess.run(
            command, cwd=project, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    finally:
        project.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no reports were written to reports: Permission denied" in done.stdout
