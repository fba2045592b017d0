"""``verify recheck``: records replay, tampered ones are rejected by a named rule, and no search code is loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PATIENCE, ROOT, Called, call, environment

Capture = pytest.CaptureFixture[str]
DIGITS = ROOT / "examples" / "digits_conv.onnx"
TOML = 'input = 2\n[[layer]]\ntype = "dense"\nweight = [[1, -1]]\n[[layer]]\ntype = "relu"\n'


def record(capsys: Capture, folder: Path, *arguments: str | Path) -> Path:
    """Check a claim and return its record."""
    call(capsys, "check", *arguments, "--report", folder)
    [path] = folder.glob("*.json")
    return path


def rejected(found: Called, rule: str) -> None:
    assert (found.status, found.out) == (4, "")
    assert found.err.startswith(f"verify: evidence rejected by '{rule}': ")
    assert found.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["relu", "additive"],
        ["thread_nonneg", "affine", "--on", "nonneg"],
        ["zero_bias", "positively homogeneous"],
        ["max", "additive", "--on", "segment([1, 0], [0, 1])"],
        ["identity_pair", "linear", "--on", "l1ball(0, 2)"],
        ["max", "affine", "--on", "where(x0 + x1 == 1, x0 >= 1)"],
        ["identity_pair", "affine", "--on", "slice([1, 0], [[1, 1]], -1, 1)"],
        ["abs", "equivalent", "--to", "relu", "--on", "nonneg"],
        ["abs", "equivalent", "--to", "relu"],
        [str(DIGITS), "affine", "--on", "ball(0, 1/1000)", "--outputs", "3,1"],
    ],
)
def test_records_replay(arguments: list[str], tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, *arguments)
    verdict = json.loads(path.read_text())["verdict"]
    found = call(capsys, "recheck", path)
    assert (found.status, found.err) == (0, "")
    assert found.out.startswith(f"REPLAYED  {path}: {verdict}, and the evidence shows it\n")
    data = call(capsys, "recheck", path, "--json").json
    assert (data["verdict"], data["replayed"], data["reason"]) == (verdict, True, "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--engine", "rules"], "verdict is unknown"), (["--on", "nonneg", "--engine", "z3"], "attested by a solver")],
    ids=["unknown", "attested"],
)
def test_nothing_to_replay(arguments: list[str], reason: str, tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "relu", "affine", *arguments)
    found = call(capsys, "recheck", path)
    assert found.status == 3
    assert found.out.startswith("NOTHING TO REPLAY")
    assert reason in found.out
    assert call(capsys, "recheck", path, "--json").json["replayed"] is False


# Tampered records. Each change keeps the file well-formed JSON.

Change = Callable[[dict[str, Any]], object]


def leaf(data: dict[str, Any]) -> dict[str, Any]:
    """The last cell of the first proof."""
    cell: dict[str, Any] = data["evidence"]["proofs"][0]["tree"][-1]
    return cell


REFUTATION: list[tuple[str, Change]] = [
    ("value gap", lambda d: d["evidence"]["values"].update(x=["1"])),
    ("value gap", lambda d: d["evidence"].update(output=1)),
    ("value gap", lambda d: d["evidence"].update(output=-1)),
    ("instance", lambda d: d["evidence"]["values"].pop("y")),
    ("instance", lambda d: d["evidence"]["values"].update(x=["1", "2"])),
    ("instance", lambda d: d["evidence"]["values"].update(x=["-7/2"])),
    ("verdict", lambda d: d.update(verdict="proved")),
    ("verdict", lambda d: d.update(verdict="maybe")),
    ("vacuous", lambda d: d.update(vacuous=True)),
    ("format", lambda d: d["evidence"]["values"].update(x=[-1])),
    ("format", lambda d: d["evidence"].update(kind="belief")),
    ("format", lambda d: d.update(evidence=[])),
    ("keys", lambda d: d.pop("region_data")),
    ("format", lambda d: d["region_data"].update(low=["4"])),
    ("format", lambda d: d.update(region_data=None)),
    ("format", lambda d: d.update(property="affin")),
    ("format", lambda d: d.update(outputs=[5])),
    ("format", lambda d: d.update(network=[])),
    ("keys", lambda d: d.pop("network")),
    ("network", lambda d: d["network"].update(sha256="0" * 64)),
    ("network", lambda d: d["network"].update(source="example:abs")),
    ("instances", lambda d: d.update(evidence={"kind": "rule", "rule": "because"})),
    ("instances", lambda d: d.update(evidence={"kind": "nothing to quantify over"})),
]


@pytest.mark.parametrize(("rule", "change"), REFUTATION)
def test_tampered_refutation(rule: str, change: Change, tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "relu", "additive", "--on", "box(-3, 3)")
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    rejected(call(capsys, "recheck", path), rule)


PROOF: list[tuple[str, Change]] = [
    ("verdict", lambda d: d.update(verdict="refuted")),
    ("format", lambda d: d["evidence"]["proofs"][0]["tree"].pop()),
    ("format", lambda d: d["evidence"]["proofs"].append({})),
    ("format", lambda d: leaf(d).update(cell={})),
    ("format", lambda d: leaf(d).update(cell={"1": "00ff"})),
    ("stable pattern", lambda d: leaf(d).update(cell={"1": "00"})),
    ("signs", lambda d: leaf(d).update(signs=True)),
]


@pytest.mark.parametrize(("rule", "change"), PROOF)
def test_tampered_proof(rule: str, change: Change, tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "dead", "affine", "--on", "box(0, 1)")
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    rejected(call(capsys, "recheck", path), rule)


def test_evidence_for_a_smaller_region_is_rejected(tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "dead", "affine", "--on", "box(0, 1)")
    data = json.loads(path.read_text())
    data["region_data"]["high"] = ["9"]
    path.write_text(json.dumps(data))
    found = call(capsys, "recheck", path)
    assert found.status == 4
    assert "evidence rejected by" in found.err


# Networks that moved or changed.


def test_a_network_beside_the_record_is_found(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    path = record(capsys, tmp_path / "reports", "small.toml", "affine")
    shutil.move("small.toml", "reports/small.toml")
    assert call(capsys, "recheck", path).status == 0


def test_a_network_that_moved(tmp_path: Path, capsys: Capture) -> None:
    network, moved = tmp_path / "small.toml", tmp_path / "elsewhere.toml"
    network.write_text(TOML)
    path = record(capsys, tmp_path / "reports", network, "affine")
    network.rename(moved)
    missing = call(capsys, "recheck", path)
    assert missing.status == 2
    assert "--network" in missing.err
    assert missing.err.count("\n") == 1
    assert call(capsys, "recheck", path, "--network", moved).status == 0


def test_a_second_network_that_moved(tmp_path: Path, capsys: Capture) -> None:
    first, second, moved = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"
    first.write_text(TOML)
    second.write_text(TOML.replace("[[1, -1]]", "[[2, -2]]"))
    path = record(capsys, tmp_path / "reports", first, "equivalent", "--to", second)
    second.rename(moved)
    assert call(capsys, "recheck", path).status == 2
    assert call(capsys, "recheck", path, "--to", moved).status == 0
    rejected(call(capsys, "recheck", path, "--to", first), "network")


def test_a_network_that_changed(tmp_path: Path, capsys: Capture) -> None:
    network = tmp_path / "small.toml"
    network.write_text(TOML)
    path = record(capsys, tmp_path / "reports", network, "affine")
    network.write_text(TOML + "# a comment changes the file, not the function\n")
    rejected(call(capsys, "recheck", path), "network")


def test_another_network_is_not_accepted(tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "max", "affine")
    rejected(call(capsys, "recheck", path, "--network", "identity_pair"), "network")


def test_recheck_loads_no_search_and_no_solver(tmp_path: Path, capsys: Capture) -> None:
    path = record(capsys, tmp_path, "dead", "affine", "--on", "box(0, 1)")
    code = (
        "import sys\nfrom verify.cli.run import run\nstatus = run(['recheck', sys.argv[1]])\n"
        "heavy = ('z3', 'highspy', 'sympy', 'hypothesis', 'onnx')\n"
        "print(*[m for m in sys.modules if m.startswith('verify.search') or m.split('.')[0] in heavy])\n"
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [""]
