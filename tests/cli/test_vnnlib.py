"""``verify vnnlib``: answers, status and messages; ``verify compare``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import call
from tests.support.outside import outside
from verify.errors import InputError
from verify.formats.queries import read_query
from verify.queries import answer

ONE = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= X_0 1))(assert (>= X_0 -1))"
TWO = """(vnnlib-version <2.0>)
(declare-network f (declare-input X Real [1]) (declare-output Y Real [1]))
(declare-network g {relation} (declare-input X2 Real [1]) (declare-output Y2 Real [1]))
(assert (and (<= X[0] 1) (>= X[0] -1) (<= X2[0] 1) (>= X2[0] -1)))
"""
DOUBLED = "".join(f"(let ((a{i + 1} (+ a{i} a{i}))) " for i in range(60))
CONJOINED = "".join(f"(let ((a{i + 1} (and a{i} a{i}))) " for i in range(40))
SAME = "(assert (== X[0] X2[0]))"


def written(folder: Path, text: str) -> Path:
    path = folder / "p.vnnlib"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("formula", "status", "word"),
    [
        ("(assert (> Y_0 1))", 0, "unsat"),
        ("(assert (>= Y_0 1/2))", 1, "sat"),
        ("(assert (not (<= Y_0 1)))", 0, "unsat"),
        ("(assert (or (< Y_0 0) (> Y_0 1)))", 0, "unsat"),
        ("(assert (or (and (<= X_0 0) (> Y_0 0)) (and (>= X_0 0) (> Y_0 2))))", 0, "unsat"),
        ("(assert (=> (>= X_0 0) (>= Y_0 3)))", 1, "sat"),
        ("(assert (let ((a (+ Y_0 1))) (> a 3)))", 0, "unsat"),
        # A name means what it meant where it was defined, whatever it means later.
        ("(assert (let ((a X_0)) (let ((X_0 Y_0)) (<= a -1/2))))", 1, "sat"),
        ("(assert (let ((a X_0)) (let ((X_0 5)) (>= a 2))))", 0, "unsat"),
        ("(assert (let ((X_0 Y_0) (Y_0 X_0)) (<= Y_0 -1/2)))", 1, "sat"),
        ("(assert (let ((a (<= X_0 0))) (let ((X_0 2)) (and a (>= Y_0 1)))))", 0, "unsat"),
        ("(assert (let ((a (let ((X_0 2)) X_0))) (> Y_0 a)))", 0, "unsat"),
        (f"(assert {'(let ((a (+ X_0 X_0))) ' * 90}(> a 2){')' * 91}", 0, "unsat"),
        (f"(assert (let ((a0 X_0)) {DOUBLED}(>= a60 {2**60})){')' * 60})", 1, "sat"),
        ("(assert (=> (>= Y_0 0) (<= X_0 1) (> Y_0 1)))", 0, "unsat"),
        # Bounds decide neither what touches nor what has no end.
        ("(assert (and (< Y_0 X_0) (>= X_0 1/3)))", 0, "unsat"),
        ("(assert (and (<= Y_0 X_0) (<= (+ X_0 Y_0) 0) (> (* 3 X_0) (* 2 Y_0))))", 0, "unsat"),
        ("(assert (and (<= Y_0 X_0) (<= (+ X_0 Y_0) 0) (> (* 3 X_0) (- (* 2 Y_0) 1))))", 1, "sat"),
        # What is strict has no points at the border.
        ("(assert (< X_0 -1))", 0, "unsat"),
        ("(assert (and (< X_0 Y_0) (> X_0 Y_0)))", 0, "unsat"),
        ("(assert (distinct Y_0 Y_0))", 0, "unsat"),
        ("(assert (> (- Y_0 X_0) 1.5))", 0, "unsat"),
        ("(assert false)", 0, "unsat"),
        ("(assert true)", 1, "sat"),
    ],
)
def test_old_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], formula: str, status: int, word: str) -> None:
    called = call(capsys, "vnnlib", "relu", written(tmp_path, ONE + formula), "--timeout", "20")
    assert (called.status, called.out.split("\n")[0]) == (status, word), called.err


@pytest.mark.parametrize(
    ("formula", "word"), [("(< Y_0 X_0)", "unsat"), ("(not (= Y_0 X_0))", "sat"), ("(< X_0 -1e9)", "sat")]
)
def test_inputs_without_bounds(tmp_path: Path, formula: str, word: str) -> None:
    """The record is one of a formula, and its refutation has the point."""
    found = answer(["relu"], str(written(tmp_path, ONE[:48] + f"(assert {formula})")), timeout=20)
    assert found.word == word and found.results[-1].outcome.assurance == "checked"
    assert len(found.inputs) == (word == "sat")


@pytest.mark.parametrize(
    ("networks", "relation", "formula", "word"),
    [
        (["relu", "abs"], "", SAME + "(assert (> (- Y2[0] Y[0]) 1.01))", "unsat"),
        (["relu", "abs"], "", SAME + "(assert (>= (- Y2[0] Y[0]) 1))", "sat"),
        (["g=abs", "f=relu"], "", SAME + "(assert (> Y[0] (+ Y2[0] 0.01)))", "unsat"),
        (["relu"], "(equal-to f)", "(assert (and (<= X[0] X2[0]) (> Y[0] (+ Y2[0] 0.1))))", "unsat"),
        (["abs"], "(equal-to f)", "(assert (and (<= X[0] X2[0]) (> Y[0] Y2[0])))", "sat"),
        (["relu", "relu"], "(isomorphic-to f)", "(assert (and (> Y[0] 0.5) (< Y2[0] 0.5)))", "sat"),
    ],
)
def test_two_networks(tmp_path: Path, networks: list[str], relation: str, formula: str, word: str) -> None:
    path = written(tmp_path, TWO.format(relation=relation) + formula)
    assert answer(networks, str(path), timeout=20).word == word


def test_what_no_network_could_break_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``and`` for ``or``, as in a published file."""
    text = TWO.format(relation="") + SAME + "(assert (and (> (- Y[0] Y2[0]) 0.05) (< (- Y[0] Y2[0]) -0.05)))"
    called = call(capsys, "vnnlib", "relu", "abs", written(tmp_path, text))
    assert called.status == 0 and "whatever the networks compute" in called.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no inputs"),
        ("(assert (<= X_0 1)", "line 1, column 1: a '(' that is never closed"),
        ("(declare-const X_0 Real)\n (assert (<= X_9 1))", "line 2, column 14: 'X_9' is neither"),
        (TWO.format(relation="(equal-to h)"), "no network of that name"),
        ("(declare-network f (declare-hidden H Real [1]))", "declare-hidden"),
        (ONE + "(assert (<= (* X_0 Y_0) 1))", "not linear"),
        ("(" * 500, "nested more than"),
        (ONE + "(assert (<= X_0 nan))", "neither a number nor declared"),
        (ONE + "(assert (and" + " (or (< X_0 0) (> X_0 1))" * 20 + "))", "more than 4096 cases"),
        (TWO.format(relation="") + "(assert (<= X[7] 1))", "no element of X"),
        (TWO.replace("X2", "1").format(relation=""), "'1' is no name of a tensor"),
        ("(vnnlib-version <3.0>)", "expected (vnnlib-version <2.0>)"),
        (ONE + "(assert (<= X_00 1))", "'X_00' is neither"),
        (ONE + "(assert (let ((a a)) (<= a 1)))", "'a' is neither"),
        (ONE + "(assert (let ((a X_0) (b a)) (<= b 1)))", "'a' is neither"),
        (ONE + "(assert (let ((1 X_0)) (<= 1 0)))", "malformed 'let'"),
        (ONE + "(assert (let ((a (<= X_0 0))) (<= a 0)))", "stands for a formula"),
        (ONE + f"(assert (let ((a0 (<= X_0 0))) {CONJOINED}a40){')' * 40})", "comparisons when written as"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=r"VNN-LIB") as error:
        read_query(written(tmp_path, text))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_wrong_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ONE + "(assert (> Y_0 1))")
    assert call(capsys, "vnnlib", path).status == 2
    assert "needs 1" in call(capsys, "vnnlib", "relu", "relu", path).err
    assert "has 2 inputs" in call(capsys, "vnnlib", "max", path).err


@pytest.mark.networks
@pytest.mark.parametrize(
    ("network", "name", "word"),
    [
        ("rl_benchmarks__cartpole.onnx.gz", "cartpole", "sat"),
        ("rl_benchmarks__dubinsrejoin.onnx.gz", "dubinsrejoin", "unsat"),
    ],
)
def test_files_of_the_standard(network: str, name: str, word: str) -> None:
    path, file = outside(f"cases/vnnlib/std_{name}.vnnlib"), outside(f"networks/{network}")
    assert answer([str(file)], str(path), timeout=100).word == word


def test_compare(capsys: pytest.CaptureFixture[str]) -> None:
    called = call(capsys, "compare", "relu", "abs", "--on", "box(-1, 1)", "--timeout", "10", "--json")
    assert called.status == 0 and called.json["lower"] == "1" and called.json["rounding"] is False
    assert 1 <= float(eval_ratio(called.json["upper"])) <= 1.1
    same = call(capsys, "compare", "abs", "abs", "--on", "box(-1, 1)", "--timeout", "10")
    assert same.status == 0 and "the same function" in same.out


def eval_ratio(text: str) -> float:
    top, _, bottom = text.partition("/")
    return int(top) / int(bottom or "1")
