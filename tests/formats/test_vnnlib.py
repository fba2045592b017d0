"""VNN-LIB 1.0 files, read exactly."""

from __future__ import annotations

import gzip
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.errors import InputError, RegionError
from verify.formats.vnnlib import VnnLib, read_vnnlib
from verify.rational import vector
from verify.region import Box

NETWORKS = Path(__file__).resolve().parents[2].parent / "shared" / "networks"
published = pytest.mark.skipif(not NETWORKS.is_dir(), reason="the published network files are not here")
DECLARED = """
(set-logic QF_LRA) ; a comment ( with brackets
(declare-const X_0 Real)
(declare-fun X_1 () Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
"""
FIRST_LINE = DECLARED.count("\n") + 1


def read(folder: Path, text: str) -> VnnLib:
    path = folder / "p.vnnlib"
    path.write_text(text)
    return read_vnnlib(path)


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "p.vnnlib"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RegionError) as caught:
        read_vnnlib(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "p.vnnlib" in message
    return message


def sides(file: VnnLib) -> list[tuple[object, object]]:
    base = file.inputs.base
    assert isinstance(base, Box)
    low = [v if f else None for v, f in zip(base.low.fractions(), base.low_finite, strict=True)]
    high = [v if f else None for v, f in zip(base.high.fractions(), base.high_finite, strict=True)]
    return list(zip(low, high, strict=True))


BOUNDS = [
    ("", [(None, None), (None, None)]),
    ("(assert (<= X_0 0.1))(assert (>= X_0 -1e-2))", [(Fraction(-1, 100), Fraction(1, 10)), (None, None)]),
    ("(assert (and (<= X_0 (- 3)) (or (and (>= X_1 1) (<= X_1 2)))))", [(None, -3), (1, 2)]),
    ("(assert (= (* 2 X_0) (+ 1 X_0 X_0 (- X_0) 1)))", [(2, 2), (None, None)]),
    ("(assert (<= 0 X_0 X_0 1))", [(0, 1), (None, None)]),
    ("(assert (>= (/ X_1 (/ 1 3)) (- 1 2 3)))", [(None, None), (Fraction(-4, 3), None)]),
    ("(assert (<= Y_0 Y_1))(assert (or (< Y_0 1) (and (> Y_1 2))))(check-sat)", [(None, None), (None, None)]),
    ("(assert (and (<= X_0 1) (<= Y_0 1)))", [(None, 1), (None, None)]),
]


@pytest.mark.parametrize(("text", "expected"), BOUNDS)
def test_bounds(tmp_path: Path, text: str, expected: list[tuple[Fraction | None, Fraction | None]]) -> None:
    file = read(tmp_path, DECLARED + text)
    assert sides(file) == expected
    assert not file.inputs.rows
    assert (file.input_count, file.output_count) == (2, 2)
    assert file.output_constraints == (text.count("assert") if "Y_1" in text else text.count("Y_0"))


def test_half_space(tmp_path: Path) -> None:
    file = read(tmp_path, DECLARED + "(assert (<= (+ X_0 (* 0.5 X_1)) (- 1)))")
    (row,) = file.inputs.rows
    assert row.coefficients == vector([1, "1/2"])
    assert row.bound == -1
    assert file.region(2) is file.inputs
    assert file.inputs.contains(vector([-1, 0]))
    with pytest.raises(RegionError, match="the network has 3 inputs, the file has 2"):
        file.region(3)


def test_compressed(tmp_path: Path) -> None:
    path = tmp_path / "p.vnnlib.gz"
    path.write_bytes(gzip.compress((DECLARED + "(assert (<= X_0 1))").encode()))
    assert sides(read_vnnlib(str(path)))[0] == (None, 1)
    path.write_bytes(gzip.compress(b" " * (65 * 2**20)))
    with pytest.raises(RegionError, match="larger than 64 MiB"):
        read_vnnlib(path)
    for damaged in (b"not gzip", gzip.compress(DECLARED.encode())[:-9]):
        path.write_bytes(damaged)
        with pytest.raises(RegionError, match="cannot be read"):
            read_vnnlib(path)


REFUSED = [
    ("(assert (<= X_0 Y_0))", "mixes X and Y"),
    ("(assert (or (<= X_0 0) (>= X_0 1)))", "a region must be convex"),
    ("(assert (or (and (<= X_0 0) (<= Y_0 1)) (and (<= Y_0 0))))", "a region must be convex"),
    ("(assert (< X_0 1))", "regions are closed; write <="),
    ("(assert (<= X_2 1))", "X_2 is not declared"),
    ("(assert (<= X_0))", "with 1 arguments"),
    ("(assert (<= (* X_0 X_1) 1))", "product of two unknowns"),
    ("(assert (<= (/ X_0 0) 1))", "division by zero"),
    ("(assert (<= (^ X_0 2) 1))", "expected +, -, * or /"),
    ("(assert (<= () 1))", "expected +, -, * or /"),
    ("(assert (<= (+) 1))", "expected +, -, * or /"),
    ("(assert (<= X_0 abc))", "'abc' is not a number"),
    ("(assert (<= X_0 1e9999))", "exponents are limited"),
    ("(assert (not (<= X_0 1)))", "expected a comparison"),
    ("(assert (and))", "'and' without arguments"),
    ("(assert (or))", "'or' without arguments"),
    ("(assert true)", "expected a comparison"),
    ("(assert)", "0 formulas"),
    ("()", "unknown command ''"),
    ("((assert))", "unknown command ''"),
    ("(frobnicate)", "unknown command 'frobnicate'"),
    ("(declare-network f)", "VNN-LIB 2 is not supported"),
    ("(declare-const X_0 Real)", "declared twice"),
    ("(declare-const X_2 Int)", "malformed declaration"),
    ("(declare-const)", "malformed declaration"),
    ("(declare-fun X_2 (Real) Real)", "malformed declaration"),
    ("(declare-const Z_0 Real)", "malformed declaration"),
    ("(declare-const X_9999999999 Real)", "malformed declaration"),
    ("(declare-const X_7 Real)", "X_7 is declared, but X_2 is not"),
    ("X_0", "expected '(', got 'X_0'"),
    (")", "closes nothing"),
    ("(assert (<= X_0 1)", "never closed"),
    ("(" * 1_000_000, "nested more than 100 deep"),
    ('(assert (<= X_0 "', "never closed"),
    ('(assert (<= X_0 "a b"))', "is not a number"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=lambda value: value[:30])
def test_refused(tmp_path: Path, text: str, part: str) -> None:
    start = time.perf_counter()
    message = refusal(tmp_path, DECLARED + text)
    assert part in message
    assert f"line {FIRST_LINE}: " in message
    assert time.perf_counter() - start < 10


def test_bad_files(tmp_path: Path) -> None:
    assert "no inputs" in refusal(tmp_path, "")
    assert "line 2: not UTF-8" in refusal(tmp_path, b"; ok\n\xff\xfe")
    for path, part in ((tmp_path, "is a folder"), (tmp_path / "none.vnnlib", "no such file")):
        with pytest.raises(RegionError, match=part):
            read_vnnlib(path)


def test_many_inputs(tmp_path: Path) -> None:
    count = 10_000
    lines = [f"(declare-const X_{i} Real)(assert (<= X_{i} {i}.5))(assert (>= X_{i} 0))" for i in range(count)]
    start = time.perf_counter()
    assert sides(read(tmp_path, "\n".join(lines)))[-1] == (0, Fraction(2 * count - 1, 2))
    assert time.perf_counter() - start < 10


@published
@pytest.mark.parametrize(
    ("name", "counts"), [("acasxu_prop_1", (5, 5, 1)), ("acasxu_prop_3", (5, 5, 4)), ("mnistfc_prop_0", (784, 10, 1))]
)
def test_published(name: str, counts: tuple[int, int, int]) -> None:
    start = time.perf_counter()
    file = read_vnnlib(NETWORKS / f"{name}.vnnlib")
    assert time.perf_counter() - start < 2
    assert (file.input_count, file.output_count, file.output_constraints) == counts
    assert not file.inputs.rows
    if name == "acasxu_prop_3":
        assert sides(file)[0] == (Fraction("-0.303531156"), Fraction("-0.298552812"))
        assert sides(file)[4] == (Fraction(3, 10), Fraction(1, 2))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
@settings(max_examples=30, deadline=None)
def test_numbers_are_exact(tmp_path_factory: pytest.TempPathFactory, number: object) -> None:
    file = read(tmp_path_factory.getbasetemp(), f"(declare-const X_0 Real)(assert (<= X_0 {number}))")
    assert sides(file) == [(None, Fraction(str(number)))]


WORDS = st.sampled_from(
    ["(", ")", "assert", "and", "or", "<=", "=", "+", "-", "*", "/", "X_0", "Y_0", "1", "-0.5", ";", "\n"]
)


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=20).map(" ".join)))
@settings(max_examples=150, deadline=None)
def test_junk_is_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), DECLARED + text.encode("utf-8", "replace").decode())
    except InputError as error:
        assert "\n" not in str(error)
