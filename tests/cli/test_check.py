"""``verify check``: exit status, what the terminal shows, the JSON object, reports, interrupts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PATIENCE, PROGRAM, call, environment, spawn, start
from tests.support.long_job import write_pair

Capture = pytest.CaptureFixture[str]

# The contract of the design, section 8.
KEYS = {
    "verdict",
    "assurance",
    "vacuous",
    "property",
    "region",
    "network",
    "engine",
    "seconds",
    "evidence",
    "counterexample",
    "ledger",
}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["relu", "additive"], 1),
        (["relu", "affine", "--on", "nonneg"], 0),
        (["relu", "positively-homogeneous"], 0),
        (["relu", "affine", "--engine", "rules"], 3),
        (["max", "equivalent", "--to", "max"], 0),
        (["abs", "equivalent", "--to", "relu"], 1),
        (["relu", "affine", "--on", "box(0, 1)", "--outputs", "0"], 0),
        (["relu", "affine", "--on", "nonneg", "--engine", "z3"], 0),
        (["relu", "affine", "--engine", "z3"], 1),
        (["relu", "affine", "--timeout", "1e-9"], 3),
    ],
)
def test_status_and_json(arguments: list[str], status: int, capsys: Capture) -> None:
    verdict = {0: "proved", 1: "refuted", 3: "unknown"}[status]
    plain = call(capsys, "check", *arguments)
    assert (plain.status, plain.err) == (status, "")
    assert plain.out.startswith(verdict.upper())
    found = call(capsys, "check", *arguments, "--json")
    assert (found.status, found.err) == (status, "")
    assert set(found.json) >= KEYS
    assert found.json["verdict"] == verdict
    assert (found.json["assurance"] is None) == (verdict == "unknown")
    assert (found.json["counterexample"] is None) == (verdict != "refuted")


def test_json_of_a_refutation(capsys: Capture) -> None:
    data = call(capsys, "check", "relu", "additive", "--json").json
    assert data["network"]["name"] == "relu"
    assert len(data["network"]["sha256"]) == 64
    assert (data["property"], data["region"], data["vacuous"]) == ("additive", "all", False)
    assert data["assurance"] == "checked"
    assert data["evidence"]["values"] == {"x": ["-1"], "y": ["1"]}
    assert isinstance(data["seconds"], float)
    counterexample = data["counterexample"]
    assert counterexample["sentence"] == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"
    assert counterexample["points"] == [
        {"factor": "1", "network": "first", "point": ["0"], "value": "0"},
        {"factor": "-1", "network": "first", "point": ["-1"], "value": "0"},
        {"factor": "-1", "network": "first", "point": ["1"], "value": "1"},
    ]
    assert counterexample["gap"] == "-1"


def test_rationals_in_json_are_strings(capsys: Capture) -> None:
    data = call(capsys, "check", "leaky", "affine", "--on", "box(-1/3, 0.1)", "--json").json
    assert (data["region_data"]["low"], data["region_data"]["high"]) == (["-1/3"], ["1/10"])
    assert all(isinstance(p["value"], str) for p in data["counterexample"]["points"])


def test_second_network_in_json(capsys: Capture) -> None:
    data = call(capsys, "check", "abs", "equivalent", "--to", "relu", "--json").json
    assert (data["network"]["name"], data["second"]["name"]) == ("abs", "relu")
    assert {p["network"] for p in data["counterexample"]["points"]} == {"first", "second"}


def test_output_numbers_are_those_of_the_whole_network(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "two.toml").write_text(
        'input = 1\n[[layer]]\ntype = "dense"\nweight = [[1], [1]]\n[[layer]]\ntype = "relu"\n'
        '[[layer]]\ntype = "dense"\nweight = [[0, 0], [0, 0], [1, 0]]\n'
    )
    two = tmp_path / "two.toml"
    assert call(capsys, "check", two, "affine", "--outputs", "0,1").status == 0
    data = call(capsys, "check", two, "affine", "--outputs", "2", "--json").json
    assert (data["outputs"], data["counterexample"]["output"]) == ([2], 2)
    assert "[2]" in data["counterexample"]["sentence"]


# What a terminal shows, with the seconds masked.

PROVED = """\
PROVED  thread_nonneg is affine for nonnegative inputs
  the signs of weights, biases and inputs fix all 4 ReLU
  f((1-e) x + e y) = (1-e) f(x) + e f(y), 0 <= e <= 1; checked, engine stability, * s
"""
REFUTED = """\
REFUTED  relu is additive everywhere
  f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1
  relu[0] switches at 0: it is on where x > 0.
  This changes the slope of the output in x from 0 to 1.
  So the formula fails by 1.
  f(x + y) = f(x) + f(y); checked, engine crossing, * s
  The same in Python, without this package:
import numpy as np
from fractions import Fraction as F
def f(x):
    y1 = np.maximum(np.array([[1]], object) @ x + np.array([0], object), 0)
    y2 = np.array([[1]], object) @ y1 + np.array([0], object)
    return y2

p0 = np.array([0], object)  # x + y
p1 = np.array([-1], object)  # x
p2 = np.array([1], object)  # y
print(f(p0)[0], f(p1)[0], f(p2)[0])
# exactly: f(p0)[0] is 0; f(p1)[0] is 0; f(p2)[0] is 1
"""
VACUOUS = """\
PROVED  max is additive on segment([1, 0], [0, 1])
  vacuous: no x, y of the region have x + y in it: 0 is not in its affine hull
  f(x + y) = f(x) + f(y); checked, engine reduction, * s
"""
UNKNOWN = """\
UNKNOWN  relu is affine everywhere
  the engines that were tried do not decide this claim; tried: rules
  f((1-e) x + e y) = (1-e) f(x) + e f(y), 0 <= e <= 1; no verdict, engine -, * s
"""
SNAPSHOTS = [
    (["thread_nonneg", "affine", "--on", "nonneg"], PROVED),
    (["relu", "additive"], REFUTED),
    (["max", "additive", "--on", "segment([1, 0], [0, 1])"], VACUOUS),
    (["relu", "affine", "--engine", "rules"], UNKNOWN),
]


@pytest.mark.parametrize(("arguments", "shown"), SNAPSHOTS, ids=["proved", "refuted", "vacuous", "unknown"])
def test_terminal(arguments: list[str], shown: str, capsys: Capture) -> None:
    assert call(capsys, "check", *arguments).steady == shown


def test_attested_is_said(capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--on", "nonneg", "--engine", "z3")
    assert "attested by Z3" in found.out
    assert "no evidence" in found.out
    data = call(capsys, "check", "relu", "affine", "--on", "nonneg", "--engine", "z3", "--json").json
    assert (data["assurance"], data["evidence"]) == ("attested", None)
    assert data["unchecked"]["solver"].startswith("Z3")


def test_show_smt_prints_the_query(capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "additive", "--show-smt")
    assert found.status == 0
    assert "(check-sat)" in found.out
    assert found.out.startswith("; additive: f(x + y) = f(x) + f(y)\n")


# Reports.


def records(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def test_report_writes_a_record_and_a_page(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "deep" / "reports"
    found = call(capsys, "check", "relu", "additive", "--report", folder, "--json")
    [record] = records(folder)
    written = json.loads(record.read_text())
    assert written["unchecked"].pop("fuzz")["reason"] == "the verdict is refuted"
    shown = found.json
    assert shown["counterexample"].pop("sentence") == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"
    assert written == {key: shown[key] for key in written}
    page = record.with_suffix(".md").read_text()
    assert "No, refuted." in page
    assert "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1" in page
    names = {record.with_suffix(suffix).name for suffix in (".json", ".md", ".html", ".py")}
    assert {path.name for path in folder.iterdir()} == names | {"index.html", ".relu-verify", ".gitignore"}


def test_the_terminal_names_the_record(tmp_path: Path, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "additive", "--report", tmp_path)
    [record] = records(tmp_path)
    assert f"evidence: {record}" in found.out


def test_different_claims_have_different_records(tmp_path: Path, capsys: Capture) -> None:
    claims: list[list[str]] = [
        ["relu", "affine", "--on", "box(-1, 1)"],
        ["relu", "affine", "--on", "box(1, 1)"],
        ["relu", "affine", "--on", "box(1, 1)", "--outputs", "0"],
        ["relu", "equivalent", "--to", "abs"],
        ["relu", "equivalent", "--to", "leaky"],
    ]
    for claim in claims:
        call(capsys, "check", *claim, "--report", tmp_path)
    assert len(records(tmp_path)) == len(claims)
    for claim in claims:
        call(capsys, "check", *claim, "--report", tmp_path)
    assert len(records(tmp_path)) == len(claims)


def test_unknown_claims_leave_a_record_too(tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "check", "relu", "affine", "--engine", "rules", "--report", tmp_path)
    [record] = records(tmp_path)
    assert json.loads(record.read_text())["verdict"] == "unknown"
    assert "Not decided." in record.with_suffix(".md").read_text()


# In a process of its own.


def test_status_of_the_process(tmp_path: Path) -> None:
    refuted = spawn("check", "relu", "additive", cwd=tmp_path)
    assert (refuted.status, refuted.err) == (1, "")
    assert refuted.steady == REFUTED
    assert spawn("check", "nonsense", "affine", cwd=tmp_path).status == 2


def test_help_and_version(tmp_path: Path) -> None:
    shown = []
    for arguments in (["--help"], ["check", "--help"], ["recheck", "-h"], ["--version"]):
        found = spawn(*arguments, cwd=tmp_path)
        assert (found.status, found.err) == (0, ""), arguments
        assert found.out
        shown.append(found.out)
    assert all(f"\n  {name} " in shown[0] for name in ("check", "explain", "radius", "recheck"))


def test_a_timeout_is_kept_on_a_long_job(tmp_path: Path) -> None:
    first, second = write_pair(tmp_path)
    begun = time.monotonic()
    found = spawn("check", first, "equivalent", "--to", second, "--timeout", "0.2", "--json", cwd=tmp_path)
    assert time.monotonic() - begun < PATIENCE / 4
    assert (found.status, found.json["verdict"], found.err) == (3, "unknown", "")
    assert "0.2 s" in found.json["reason"]


def test_a_memory_limit_ends_in_unknown(tmp_path: Path) -> None:
    first, second = write_pair(tmp_path)
    found = spawn("check", first, "equivalent", "--to", second, "--memory", "1", cwd=tmp_path)
    assert found.status == 3
    assert found.err.startswith("verify: out of memory")
    assert found.err.count("\n") == 1


# The program, leaving a mark when the engine that takes long begins.
MARKING = """
import dataclasses, pathlib, sys
from verify.cli.run import run
from verify.search import decide
split = decide.ENGINES["split"]
def marking(work):
    pathlib.Path(sys.argv[1]).touch()
    return split.search(work)
decide.ENGINES["split"] = dataclasses.replace(split, search=marking)
sys.exit(run(sys.argv[2:]))
"""


def interrupted(folder: Path, *options: str) -> tuple[int, str, str]:
    """Ctrl-C in the middle of the search on the long job."""
    first, second = write_pair(folder)
    report, mark = folder / "reports", folder / "mark"
    arguments = [str(mark), "check", str(first), "equivalent", "--to", str(second), "--report", str(report), *options]
    with start(*arguments, cwd=folder, program=(sys.executable, "-c", MARKING)) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.3)
            assert process.poll() is None, "the long job is not long any more; make it harder"
            out, err = pressed_until_it_ends(process)
        finally:
            process.kill()
    assert sorted(path.name for path in report.iterdir()) == [".gitignore", ".relu-verify"]
    return process.returncode, out, err


def pressed_until_it_ends(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Compiled code may drop the exception of one Ctrl-C (it cannot raise in every callback): then press again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=15.0)
        except subprocess.TimeoutExpired:
            assert time.monotonic() < deadline, "Ctrl-C does not end the search"


def test_ctrl_c_says_what_was_tried(tmp_path: Path) -> None:
    status, out, err = interrupted(tmp_path)
    assert (status, out) == (130, "")
    assert err.startswith("verify: interrupted after ")
    assert "no verdict; tried: rules" in err
    assert err.count("\n") == 1


def test_ctrl_c_with_json_leaves_a_whole_object(tmp_path: Path) -> None:
    status, out, err = interrupted(tmp_path, "--json")
    data: dict[str, Any] = json.loads(out)
    assert (status, data["verdict"], data["reason"]) == (130, "unknown", "interrupted")
    assert data["tried"][0] == "rules"
    assert set(data) >= KEYS
    assert err.count("\n") == 1


def test_closed_pipe_is_not_a_verdict(tmp_path: Path) -> None:
    # The query is longer than the buffer of a pipe, so that writing it fails for want of a reader.
    first, second = write_pair(tmp_path)
    with start("check", first, "equivalent", "--to", second, "--show-smt", cwd=tmp_path) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        try:
            err = process.stderr.read()
            status = process.wait(timeout=PATIENCE)
        finally:
            process.kill()
    assert (status, err) == (130, "")


@pytest.mark.parametrize(("redirection", "status", "lines"), [(">&-", 1, 0), (">/dev/full", 2, 1)])
def test_output_that_cannot_be_written(redirection: str, status: int, lines: int, tmp_path: Path) -> None:
    if redirection == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, "check", "relu", "additive"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (status, lines), done.stderr


def test_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    for jobs in ("1", "2"):
        assert call(capsys, "check", "identity_pair", "affine", "--jobs", jobs).status == 0
    for wrong in ("0", "-1", "two", "1.5", "100000"):
        done = call(capsys, "check", "relu", "affine", "--jobs", wrong)
        assert done.status == 2 and "expected a number from 1 to 1024" in done.err
