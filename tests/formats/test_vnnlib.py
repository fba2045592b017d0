"""VNN-LIB 1.0 files, read exactly."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.seeds import draws
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
    ("(assert (or (< X_0 0) (>= X_0 1)))", "regions are closed; write <="),
    ("(assert (=> (>= X_0 0) (<= X_1 1)))", "regions are closed"),
    ("(assert (not (= X_0 1)))", "regions are closed"),
    ("(assert (and (<= X_0 1) (not (and (>= X_0 0) (> X_1 2)))))", "regions are closed"),
    ("(assert false)", "no input satisfies"),
    ("(assert (not true))", "no input satisfies"),
    ("(assert (<= 1 0))", "no input satisfies"),
    ("(assert (< 1 1))", "no input satisfies"),
    ("(assert (or (and (<= X_0 0) (>= X_0 1)) (and (<= X_1 0) (>= X_1 1))))", "no input satisfies"),
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
    ("(assert (not (<= X_0 1)))", "'not' makes a strict one"),
    ("(assert (not))", "'not' with 0 formulas"),
    ("(assert (not (<= X_0 1) (<= X_0 1)))", "'not' with 2 formulas"),
    ("(assert (=> (<= X_0 1)))", "'=>' with one argument"),
    ("(assert (xor (<= X_0 1) (<= X_0 2)))", "expected a comparison"),
    ("(assert X_0)", "expected a comparison"),
    ("(assert |X_0|)", "got 'X_0'"),
    ("(assert (let ((a 1)) a))", "expected a comparison (<=, >=, =, <, >) or and"),
    ("(assert (let ((a true)) (<= X_0 a)))", "'a' stands for a formula"),
    ("(assert (let ((a 1) (a 2)) (<= X_0 a)))", "malformed 'let'"),
    ("(assert (let ((a 1)) (let ((b a) (c b)) (<= X_0 c))))", "'b' is not a number"),
    ("(assert (let (a 1) (<= X_0 a)))", "malformed 'let'"),
    ("(assert (let () (<= X_0 1)))", "malformed 'let'"),
    ("(assert (let ((a 1))))", "malformed 'let'"),
    ("(assert (let ((a (<= X_0 Y_0))) true))", "mixes X and Y"),
    ("(assert (<= |1| X_0))", "is not a number"),
    ("(assert (and))", "'and' without arguments"),
    ("(assert (or))", "'or' without arguments"),
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
    message = refusal(tmp_path, DECLARED + text)
    assert part in message
    assert f"line {FIRST_LINE}: " in message


UNIT = [(0, 1), (0, 1)]
SAME = [
    # Every branch has this one box.
    ("(assert (or (and {unit} (<= Y_0 3)) (and {unit} (>= Y_0 4))))", UNIT),
    ("(assert (or (and {unit} (<= X_0 7) (<= Y_0 3)) (and (>= Y_0 4) {unit} (<= (* 2 X_1) 2))))", UNIT),
    ("(assert (<= X_0 1)) {unit!} (assert (or (<= X_0 3) (and (<= X_0 1) (>= Y_0 4)) (>= 5 X_0)))", UNIT),
    ("{unit!} (assert (not (<= Y_0 1)))", UNIT),
    ("{unit!} (assert (not (and (<= Y_0 1) (or (< Y_1 1) (= Y_0 Y_1)))))", UNIT),
    ("{unit!} (assert (not (> X_0 1)))", UNIT),
    ("(assert (not (or (> X_0 1) (< X_0 0) (not (<= X_1 1)) (> 0 X_1))))", UNIT),
    ("(assert (not (=> {and} (> Y_0 1))))", UNIT),
    ("(assert (=> (<= X_0 1) (>= Y_0 0)))", [(None, None), (None, None)]),
    ("{unit!} (assert (=> (<= X_0 1) (<= X_1 0) (>= Y_0 0)))", UNIT),
    ("{unit!} (assert (or (> X_0 5) (<= X_0 7)))", UNIT),  # what is strict lies in the rest
    ("{unit!} (assert (or (> X_0 5) (<= X_1 1)))", UNIT),
    ("{unit!} (assert (=> (>= X_0 0) (<= X_0 1)))", UNIT),
    ("{unit!} (assert (not (and (>= X_0 0) (<= Y_0 1) (> X_1 2))))", UNIT),
    ("{unit!} (assert true)", UNIT),
    ("{unit!} (assert (or true (<= X_0 0)))", UNIT),
    ("{unit!} (assert (and true (not false) (<= 0 1) (< 0 1) (= 1 1) (not (< 1 1))))", UNIT),
    ("{unit!} (assert (or (<= X_0 -1) (<= X_0 1) (and (<= X_0 0.5) (>= X_0 1))))", UNIT),
    ("(assert (let ((a 1) (b (<= 0 X_0 1))) (and b (<= 0 X_1 a))))", UNIT),
    ("(assert (let ((a (+ X_0 X_1)) (b X_1)) (let ((X_0 (- a b))) (and (<= 0 X_0 1) (<= 0 b 1)))))", UNIT),
    ("(assert (let ((a (let ((b 1)) b))) (let ((c (let ((d (<= 0 X_0 a))) d))) (and c (<= 0 X_1 a)))))", UNIT),
    ("(assert (let ((a (> X_0 1)) (b (< X_0 0))) (not (or a b (> X_1 1) (< X_1 0)))))", UNIT),
    ("(assert (<= 0 |X_0| 1)) (assert (and (<= |X_1| 1) (|>=| X_1 0)))", UNIT),
]


@pytest.mark.parametrize(("text", "expected"), SAME, ids=[text[:60] for text, _ in SAME])
def test_one_region(tmp_path: Path, text: str, expected: list[tuple[int | None, int | None]]) -> None:
    unit = "(<= X_0 1) (>= X_0 0) (<= X_1 1) (>= X_1 0)"
    text = text.replace("{unit!}", f"(assert (and {unit}))").replace("{unit}", unit).replace("{and}", f"(and {unit})")
    file = read(tmp_path, DECLARED + text)
    assert sides(file) == expected
    assert not file.inputs.rows and len(file.branches) == 1


def test_quoted_declarations(tmp_path: Path) -> None:
    file = read(tmp_path, "(declare-const |X_0| Real)(declare-const Y_0 Real)(assert (<= |X_0| 1))(assert (>= X_0 0))")
    assert sides(file) == [(0, 1)]


BRANCHES = [
    ("(assert (or (<= X_0 0) (>= X_0 1)))", [[(None, 0), (None, None)], [(1, None), (None, None)]]),
    ("(assert (<= 0 X_1 1)) (assert (or (<= X_0 0) (and (>= X_0 1) (<= X_0 2) (<= Y_0 1))))",
     [[(None, 0), (0, 1)], [(1, 2), (0, 1)]]),
    ("(assert (or (and (<= X_0 0) (<= Y_0 1)) (and (<= Y_0 0))))", [[(None, None), (None, None)]]),
    ("(assert (or (= X_0 0) (= X_0 1))) (assert (or (= X_1 0) (= X_1 1)))",
     [[(0, 0), (0, 0)], [(0, 0), (1, 1)], [(1, 1), (0, 0)], [(1, 1), (1, 1)]]),
    ("(assert (not (and (> X_0 0) (< X_0 1))))", [[(None, 0), (None, None)], [(1, None), (None, None)]]),
    ("(assert (let ((a (> X_0 0))) (or (not a) (and (>= X_0 1) (or a (<= X_0 3))))))",
     None),  # a strict half of the same branch
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BRANCHES, ids=[text[:60] for text, _ in BRANCHES])
def test_branches(tmp_path: Path, text: str, expected: list[list[tuple[int | None, int | None]]] | None) -> None:
    if expected is None:
        refusal(tmp_path, DECLARED + text)
        return
    file = read(tmp_path, DECLARED + text)
    assert [sides(replace(file, branches=(branch,))) for branch in file.branches] == expected
    assert file.regions(2) == file.branches
    if len(expected) > 1:
        with pytest.raises(RegionError, match=f"a disjunction of {len(expected)} regions"):
            file.region(2)
    with pytest.raises(RegionError, match="the network has 3 inputs, the file has 2"):
        file.regions(3)


def test_branches_that_are_no_boxes(tmp_path: Path) -> None:
    text = "(assert (or (<= X_0 X_1) (<= (* 2 (+ X_0 1)) (* 2 (+ X_1 1))) (>= X_0 (+ X_1 1))))"
    file = read(tmp_path, DECLARED + text)
    assert [[row.coefficients for row in branch.rows] for branch in file.branches] == [
        [vector([1, -1])],
        [vector([-1, 1])],
    ]


def test_many_branches(tmp_path: Path) -> None:
    boxes = " ".join(f"(and (<= X_0 {k}) (>= X_0 {k}) (<= 0 X_1 1))" for k in range(600))
    file = read(tmp_path, DECLARED + f"(assert (or {boxes}))(assert (or (<= X_1 2) (<= X_1 3)))")
    assert len(file.branches) == 600
    pairs = " ".join(f"(assert (or (<= X_0 {k}) (>= X_1 {k})))" for k in range(40))
    assert "more than 10000 branches" in refusal(tmp_path, DECLARED + pairs)


def test_nested_names_are_worked_out_once(tmp_path: Path) -> None:
    term, formula = "X_0", "(<= X_0 1)"
    for k in range(30):
        term = f"(let ((t{k} {term})) (+ t{k} t{k}))"
        formula = f"(let ((f{k} {formula})) (and f{k} (not (not f{k}))))"
    file = read(tmp_path, DECLARED + f"(assert (<= {term} 1))(assert {formula})")
    assert sides(file)[0] == (None, Fraction(1, 2**30))


@given(st.data())
@draws(150)
def test_formulas_mean_what_they_say(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """The union of the branches is what the formula allows, point by point, whatever the outputs are."""
    text, holds = data.draw(formulas(3, True))
    points = [(x, y) for x in range(-2, 3) for y in range(-2, 3)]
    expected = {point for point in points if holds(point)}
    try:
        file = read(
            tmp_path_factory.getbasetemp(), f"{DECLARED}(assert (<= -2 X_0 2))(assert (<= -2 X_1 2))(assert {text})"
        )
    except RegionError as error:
        assert "no input satisfies" in str(error)
        assert not expected
        return
    found = {point for point in points if any(branch.contains(vector(point)) for branch in file.branches)}
    assert found == expected


Formula = tuple[str, Callable[[tuple[int, int]], bool]]


@st.composite
def formulas(draw: st.DrawFn, depth: int, positive: bool) -> Formula:
    """A formula without strict comparisons of inputs, and whether some outputs make it true (or false) at a point."""
    kind = draw(
        st.sampled_from(["x", "y", "const", "and", "or", "not", "=>", "let"] if depth else ["x", "x", "y", "const"])
    )
    if kind == "x":
        a, b, c = (draw(st.integers(-2, 2)) for _ in range(3))
        sign = 1 if positive else -1
        text = f"({'<=' if positive else '>'} (+ (* {a} X_0) (* {b} X_1)) {c})"
        return (text if a or b else f"(<= {-sign} 0)"), lambda p: not (a or b) or a * p[0] + b * p[1] <= c
    if kind == "y":
        return "(< Y_0 Y_1)", lambda p: True
    if kind == "const":
        value = draw(st.booleans())
        return ("true" if value else "false"), lambda p: value == positive
    if kind == "not":
        text, holds = draw(formulas(depth - 1, not positive))
        return f"(not {text})", holds
    if kind == "let":
        text, holds = draw(formulas(depth - 1, positive))
        return f"(let ((f {text}) (t 1)) f)", holds
    signs = [positive != (kind == "=>" and k == 0) for k in range(2)]
    parts = [draw(formulas(depth - 1, sign)) for sign in signs]
    every = (kind == "and") == positive
    return (
        f"({kind} {parts[0][0]} {parts[1][0]})",
        lambda p: all(h(p) for _, h in parts) if every else any(h(p) for _, h in parts),
    )


def test_bad_files(tmp_path: Path) -> None:
    assert "no inputs" in refusal(tmp_path, "")
    assert "line 2: not UTF-8" in refusal(tmp_path, b"; ok\n\xff\xfe")
    for path, part in ((tmp_path, "is a folder"), (tmp_path / "none.vnnlib", "no such file")):
        with pytest.raises(RegionError, match=part):
            read_vnnlib(path)


def test_many_inputs(tmp_path: Path) -> None:
    count = 4_000
    lines = [f"(declare-const X_{i} Real)(assert (<= X_{i} {i}.5))(assert (>= X_{i} 0))" for i in range(count)]
    assert sides(read(tmp_path, "\n".join(lines)))[-1] == (0, Fraction(2 * count - 1, 2))


@published
@pytest.mark.parametrize(
    ("name", "counts"), [("acasxu_prop_1", (5, 5, 1)), ("acasxu_prop_3", (5, 5, 4)), ("mnistfc_prop_0", (784, 10, 1))]
)
def test_published(name: str, counts: tuple[int, int, int]) -> None:
    file = read_vnnlib(NETWORKS / f"{name}.vnnlib")
    assert (file.input_count, file.output_count, file.output_constraints) == counts
    assert not file.inputs.rows
    if name == "acasxu_prop_3":
        assert sides(file)[0] == (Fraction("-0.303531156"), Fraction("-0.298552812"))
        assert sides(file)[4] == (Fraction(3, 10), Fraction(1, 2))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
@draws(30)
def test_numbers_are_exact(tmp_path_factory: pytest.TempPathFactory, number: object) -> None:
    file = read(tmp_path_factory.getbasetemp(), f"(declare-const X_0 Real)(assert (<= X_0 {number}))")
    assert sides(file) == [(None, Fraction(str(number)))]


WORDS = st.sampled_from(
    [
        "(",
        ")",
        "assert",
        "and",
        "or",
        "not",
        "=>",
        "let",
        "true",
        "<=",
        "=",
        "+",
        "-",
        "*",
        "/",
        "X_0",
        "Y_0",
        "1",
        "-0.5",
        ";",
        "\n",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=20).map(" ".join)))
@draws(150)
def test_junk_is_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), DECLARED + text.encode("utf-8", "replace").decode())
    except InputError as error:
        assert "\n" not in str(error)
