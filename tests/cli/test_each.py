"""``verify check`` on a VNN-LIB file whose inputs are a disjunction: one verdict for all of its regions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_check import KEYS
from tests.support.cli import call
from verify import api
from verify.errors import RegionError
from verify.kernel import Verdict

Capture = pytest.CaptureFixture[str]
HEAD = "(declare-const X_0 Real)(declare-const Y_0 Real)"
# relu is affine on each, and not on their union.
PROVED = "(assert (or (and (<= 0 X_0 1) (<= Y_0 1)) (and (<= -2 X_0 -1) (<= Y_0 2))))"
REFUTED = "(assert (or (<= 0 X_0 1) (<= -2 X_0 1) (<= -1 X_0 1)))"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.vnnlib").write_text(HEAD + PROVED)
    (tmp_path / "q.vnnlib").write_text(HEAD + REFUTED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_proved_on_each(here: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--on", "p.vnnlib", "--report", "out")
    assert (found.status, found.err) == (0, "")
    assert found.out.startswith("PROVED  relu is affine on each of the 2 boxes of p.vnnlib\n")
    assert "p.vnnlib[1]" in found.out and "p.vnnlib[2]" in found.out and "not on their union" in found.out
    records = sorted((here / "out").glob("*.json"))
    assert [json.loads(path.read_text())["region"] for path in records] == ["p.vnnlib[1]", "p.vnnlib[2]"]
    for path in records:
        assert "on each of the 2 boxes of p.vnnlib" in path.with_suffix(".html").read_text()
        assert "on each of the 2 boxes of p.vnnlib" in path.with_suffix(".md").read_text()
        assert call(capsys, "recheck", path).status == 0
    assert "p.vnnlib[2]" in (here / "out" / "index.html").read_text()


def test_refuted_on_some(here: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--on", "q.vnnlib")
    assert (found.status, found.err) == (1, "")
    assert found.out.startswith("REFUTED  relu is affine on each of the 3 boxes of q.vnnlib\n")
    assert "the others: 1 proved" in found.out
    assert "q.vnnlib[1]" not in found.out and "q.vnnlib[2]: f(" in found.out and "q.vnnlib[3]: f(" in found.out
    alone = call(capsys, "check", "relu", "affine", "--on", "q.vnnlib[2]")
    assert (alone.status, alone.out.splitlines()[0]) == (1, "REFUTED  relu is affine on q.vnnlib[2]")


@pytest.mark.parametrize(("file", "status"), [("p.vnnlib", 0), ("q.vnnlib", 1)])
def test_json(file: str, status: int, here: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--on", file, "--json")
    assert (found.status, found.err) == (status, "")
    assert set(found.json) >= KEYS
    verdicts = [record["verdict"] for record in found.json["each"]]
    assert (found.json["region"], len(verdicts)) == (file, 2 + status)
    assert found.json["verdict"] == ("refuted" if "refuted" in verdicts else "proved")
    assert f"each of the {2 + status} boxes" in found.json["where"]
    first = next((r["counterexample"] for r in found.json["each"] if r["counterexample"]), None)
    assert found.json["counterexample"] == first


def test_not_decided_on_some(here: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--on", "q.vnnlib", "--timeout", "1e-9")
    assert found.status == 3
    assert found.out.startswith("UNKNOWN  relu is affine on each of the 3 boxes of q.vnnlib\n")


def test_regions_that_are_no_boxes(here: Path, capsys: Capture) -> None:
    (here / "r.vnnlib").write_text(
        "(declare-const X_0 Real)(declare-const X_1 Real)(assert (or (<= X_0 X_1) (and (<= 0 X_0 1) (<= 0 X_1 1))))"
    )
    found = call(capsys, "check", "max", "affine", "--on", "r.vnnlib")
    assert found.out.startswith("REFUTED  max is affine on each of the 2 regions of r.vnnlib\n")


def test_branches_without_points_are_left_out(here: Path, capsys: Capture) -> None:
    head = "(declare-const X_0 Real)(declare-const X_1 Real)"
    nothing = "(and (<= X_0 X_1) (<= X_1 (- X_0 1)))"
    (here / "one.vnnlib").write_text(f"{head}(assert (or {nothing} (<= X_0 0 X_1) (>= X_0 0 X_1)))")
    found = call(capsys, "check", "max", "affine", "--on", "one.vnnlib")
    assert found.out.startswith("PROVED  max is affine on each of the 2 boxes of one.vnnlib\n")
    (here / "none.vnnlib").write_text(f"{head}(assert (or {nothing} (and (<= X_0 (- X_1 1)) (<= X_1 X_0))))")
    found = call(capsys, "check", "max", "affine", "--on", "none.vnnlib")
    assert (found.status, found.out) == (2, "") and "is empty" in found.err


def test_two_networks_and_outputs(here: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "equivalent", "--to", "abs", "--on", "q.vnnlib", "--outputs", "0")
    assert found.status == 1
    assert "relu is equivalent to abs in output 0 on each of the 3 boxes of q.vnnlib" in found.out


@pytest.mark.parametrize("command", [["explain", "relu"], ["lipschitz", "relu"], ["symbolic", "relu"]])
def test_other_commands_ask_for_one(command: list[str], here: Path, capsys: Capture) -> None:
    found = call(capsys, *command, "--on", "q.vnnlib")
    assert found.status == 2
    assert "describes 3 regions, and one is needed here: write q.vnnlib[1] to q.vnnlib[3]" in found.err
    assert call(capsys, *command, "--on", "q.vnnlib[1]").status == 0


def test_in_python(here: Path) -> None:
    each = api.check_each("relu", "affine", "q.vnnlib")
    assert each.verdict is Verdict.REFUTED and len(each.decisive) == 2
    assert (each.assurance, each.vacuous) == ("checked", False)
    assert each.counterexample == each.results[1].counterexample
    assert repr(each) == "<REFUTED: relu affine on each of the 3 boxes of q.vnnlib>"
    one = api.check_each("relu", "affine", "box(0, 1)")
    assert [result.claim.region.text for result in one.results] == ["box(0, 1)"]
    with pytest.raises(RegionError, match="describes 3 regions"):
        api.check("relu", "affine", "q.vnnlib")
