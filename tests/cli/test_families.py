"""``verify check`` on families, records of such claims, and replaying them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PATIENCE, call, environment
from verify.errors import EvidenceError
from verify.family import check_family, dense, family, relu, write_family
from verify.report.folder import ReportFolder
from verify.report.recheck import recheck

FAMILY = """
name = "popular"
input = [1, 3, 3]

[[layer]]
type = "conv"
channels = 2
kernel = 2
weight = ">= 0"
bias = ">= 0"

[[layer]]
type = "relu"

[[layer]]
type = "dense"
outputs = 1
weight = ">= 0"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "popular.toml"
    file.write_text(FAMILY)
    return file


def test_proved(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "check", path, "affine", "--on", "nonneg")
    assert done.status == 0
    assert done.out.startswith("PROVED  every network of popular is affine for nonnegative inputs\n")
    assert "relu2: affine, nondecreasing; values in [0, inf]    (the argument is >= 0: relu does nothing)" in done.out


def test_refuted(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "check", path, "additive", "--on", "nonneg")
    assert done.status == 1
    assert "conv1.bias[0] = 1" in done.out and "f(0) = 1, but f(0) + f(0) = 1 + 1 = 2" in done.out


def test_unknown(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "check", path, "superadditive", "--on", "nonneg", "--engine", "rules")
    assert done.status == 3 and done.out.startswith("UNKNOWN")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("affien",), "did you mean 'affine'"),
        (("affine", "--engine", "split"), "unknown engine 'split' for a family"),
        (("affine", "--outputs", "0"), "--outputs is about one network"),
        (("equivalent", "--to", "relu"), "--to is about one network"),
        (("affine", "--show-smt"), "--show-smt is about one network"),
        (("affine", "--on", "box([0], [1])"), "9 inputs"),
    ],
)
def test_bad_input(path: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "check", path, *arguments)
    assert done.status == 2 and message in done.err


def test_records_are_replayed_without_search_code(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for property, status in (("affine", 0), ("additive", 1)):
        done = call(capsys, "check", path, property, "--on", "nonneg", "--report", tmp_path / "out")
        assert done.status == status, done
    records = sorted((tmp_path / "out").glob("*.json"))
    assert len(records) == 2
    code = (
        "import sys; from verify.cli.run import run; status = run(sys.argv[1:]);"
        "print([m for m in sys.modules if m.startswith('verify.search')]); sys.exit(status)"
    )
    again = subprocess.run(
        [sys.executable, "-c", code, "recheck", *map(str, records)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("REPLAYED") == 2 and again.stdout.strip().endswith("[]")


def test_json_is_the_record(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "check", path, "additive", "--on", "nonneg", "--json")
    assert done.status == 1 and done.json["verdict"] == "refuted" and done.json["assurance"] == "checked"
    assert done.json["counterexample"]["weights"]["conv1"]["bias"] == {"0": "1"}
    (tmp_path / "record.json").write_text(json.dumps(done.json))
    assert call(capsys, "recheck", tmp_path / "record.json").status == 0


def test_attested_records_have_nothing_to_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = family(1, [dense(1, ">= 0", ">= 0"), relu()])
    record = write_family(ReportFolder(tmp_path), check_family(small, "affine", engine="z3"))
    done = call(capsys, "recheck", record)
    assert done.status == 3 and "attested" in done.out


FORGED: list[tuple[str, str, Any, str]] = [
    ("affine", "verdict", "refuted", "verdict"),
    ("affine", "vacuous", True, "vacuous"),
    ("affine", "property", "additive", "instance"),
    ("affine", "statement", "every network is linear", "statement"),
    ("affine", "sentence", "by magic", "sentence"),
    ("affine", "lines", [], "lines"),
    ("affine", "region", "all", "sign rules"),
    ("affine", "sha256", "0", "sha256"),
    ("affine", "family", None, "format"),
    ("affine", "evidence", {"kind": "nothing to quantify over"}, "nothing to quantify over"),
    ("affine", "assurance", "attested", "assurance"),
    ("additive", "sentence", "with all weights 0: f(0) = 1", "sentence"),
    ("additive", "counterexample", None, "counterexample"),
    ("additive", "ledger", ["nothing"], "ledger"),
    ("additive", "property", "affine", "instance"),
]


@pytest.mark.parametrize(("property", "key", "value", "rule"), FORGED, ids=str)
def test_forged_records(property: str, key: str, value: Any, rule: str, path: Path, tmp_path: Path) -> None:
    record = write_family(ReportFolder(tmp_path), check_family(path, property))
    assert recheck(record).judgement is not None
    data = json.loads(record.read_text())
    record.write_text(json.dumps(data | {key: value}))
    with pytest.raises(EvidenceError) as caught:
        recheck(record)
    assert caught.value.rule == rule


def test_a_member_of_a_forged_family(path: Path, tmp_path: Path) -> None:
    """The family of the record is the one that is proved about: other ranges are another family."""
    record = write_family(ReportFolder(tmp_path), check_family(path, "affine"))
    data = json.loads(record.read_text())
    data["family"]["layers"][0]["bias"] = "any"
    record.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match="does not follow"):
        recheck(record)


@pytest.mark.parametrize(("property", "status"), [("affine", 0), ("additive", 1), ("superadditive", 3)])
def test_a_report_has_a_page_and_a_line_in_the_list(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], property: str, status: int
) -> None:
    folder = tmp_path / "reports"
    done = call(
        capsys,
        "check",
        path,
        property,
        "--on",
        "nonneg",
        "--engine",
        "rules" if status == 3 else "auto",
        "--report",
        folder,
    )
    assert done.status == status
    [record] = folder.glob("popular-*.json")
    page, shown = record.with_suffix(".html").read_text(), record.with_suffix(".md").read_text()
    assert f"Is every network of popular {property} for nonnegative inputs?" in page
    assert record.with_suffix(".html").name in (folder / "index.html").read_text()
    assert "conv1: conv to 2 × 2 × 2, weight" in page and f"verify check {path} {property}" in shown
    if status == 0:
        assert "Lemma 8" in page and 'id="lemma-8"' in page and "relu2" in page
    if status == 1:
        script = record.with_suffix(".py")
        ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path)
        assert ran.stdout == "1 1 1\n" and "f(p0)[0] is 1" in script.read_text()
        assert "Take the member with conv1.bias[0] = 1" in page
    assert status == 3 or recheck(record) is not None


@pytest.mark.parametrize("command", ["explain", "symbolic", "pieces", "lipschitz", "show"])
def test_other_commands_say_that_a_family_is_no_network(
    path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    done = call(capsys, command, path)
    assert done.status == 2 and "family" in done.err and "unknown key" not in done.err
