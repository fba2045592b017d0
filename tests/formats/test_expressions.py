"""Region expressions: what they mean, and that every mistake is one line."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.seeds import draws
from verify.errors import InputError, RegionError
from verify.formats.expressions import parse_point, parse_region
from verify.rational import vector
from verify.region import Box, L1Ball, Region

F = Fraction
FRACTIONS = st.fractions(max_denominator=1000)


def sides(region: Region) -> list[tuple[object, object]]:
    base = region.base
    assert isinstance(base, Box)
    low = [v if f else None for v, f in zip(base.low.fractions(), base.low_finite, strict=True)]
    high = [v if f else None for v, f in zip(base.high.fractions(), base.high_finite, strict=True)]
    return list(zip(low, high, strict=True))


def refusal(text: str, dimension: int = 2, base_dir: Path | None = None) -> str:
    with pytest.raises(RegionError) as caught:
        parse_region(text, dimension, base_dir)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message


BOXES = [
    ("all", [(None, None), (None, None)]),
    ("nonneg", [(0, None), (0, None)]),
    ("box(-1, 1)", [(-1, 1), (-1, 1)]),
    ("box([0,0], [1, 2])", [(0, 1), (0, 2)]),
    ("box(0, [1,2])", [(0, 1), (0, 2)]),
    ("box([-inf, 0.1], [1e-1, inf])", [(None, F(1, 10)), (F(1, 10), None)]),
    ("box(- 1 / 2, +.5)", [(F(-1, 2), F(1, 2))] * 2),
    ("box(-inf, inf)", [(None, None)] * 2),
    ("ball([1, 1/2], 1/1000)", [(F(999, 1000), F(1001, 1000)), (F(499, 1000), F(501, 1000))]),
    ("ball(0, 0)", [(0, 0)] * 2),
    ("ball([[1], [2]], 1)", [(0, 2), (1, 3)]),
    ("segment(1, 1)", [(1, 1)] * 2),
    ("where(x0 >= -1, 2*x0 <= 1, x1 == 1/2)", [(-1, F(1, 2)), (F(1, 2), F(1, 2))]),
    ("where(0 <= x0 <= 1)", [(0, 1), (None, None)]),
    ("where(-(x0 - 3)/2*4 >= 2*(x0 + 1), - -x1 <= +1)", [(None, 1), (None, 1)]),
    ("where(x0 - x0 <= 1, 1 <= 2)", [(None, None)] * 2),
    ("box(-1, 1) & nonneg & (all)", [(0, 1)] * 2),
    ("box(0, 1) & where(x1 <= 1/3)", [(0, 1), (0, F(1, 3))]),
    ("all\n & \tbox(0, 1)", [(0, 1)] * 2),
]


@pytest.mark.parametrize(("text", "expected"), BOXES)
def test_boxes(text: str, expected: list[tuple[Fraction | None, Fraction | None]]) -> None:
    region = parse_region(f"  {text} ", 2)
    assert sides(region) == expected
    assert not region.rows
    assert region.text == text.replace("\n", " ").replace("\t", " ")


def test_half_spaces() -> None:
    region = parse_region("where(x0 + 2*x1 <= 1, x0 == x1 - 1/2)", 2)
    rows: list[object] = [([*row.coefficients.fractions()], row.bound) for row in region.rows]
    assert rows == [([1, 2], 1), ([1, -1], F(-1, 2)), ([-1, 1], F(1, 2))]
    assert region.contains(vector([0, "1/2"]))
    assert not region.contains(vector([0, 0]))


def test_contradictions_are_kept_for_a_certificate() -> None:
    for text in ("where(x0 <= 0, x0 >= 1)", "box(0, 1) & box(2, 3)", "where(1 <= 0)"):
        region = parse_region(text, 2)
        assert region.rows
        assert not region.contains(vector([0, 0]))


def test_l1_ball() -> None:
    base = parse_region("l1ball([1, 0], 0.5)", 2).base
    assert isinstance(base, L1Ball)
    assert base.midpoint == vector([1, 0])
    assert base.radius == F(1, 2)


def test_segment_and_slice() -> None:
    segment = parse_region("segment([1, 0, 0], [0, 1, 1/3])", 3)
    assert segment.dimension == 1
    assert segment.contains(vector(["1/2", "1/2", "1/6"]))
    assert not segment.contains(vector([2, -1, "-1/3"]))
    window = parse_region("slice([0, 0, 1], [[1, 1, 0], [0, 1, 0]], [0, -inf], 1)", 3)
    assert sides(window) == [(0, 1), (None, 1)]
    assert window.contains(vector([1, -5, 1]))
    nested = parse_region("slice(0, [[[1, 0], [0, 0]]], 0, 1)", 4)
    assert nested.contains(vector([1, 0, 0, 0]))


def test_intersection_with_one_chart() -> None:
    region = parse_region("segment([0, 0], [1, 1]) & where(x0 <= 1/3)", 2)
    assert region.contains(vector(["1/3", "1/3"]))
    assert not region.contains(vector(["1/2", "1/2"]))
    assert "at most one slice" in refusal("segment(0, 1) & l1ball(0, 1)")


def test_large_boxes_meet_fast() -> None:
    region = parse_region("box(0, 1) & box(-1, 1/2)", 5_000)
    assert sides(region)[-1] == (0, F(1, 2))
    assert "too many" in refusal("segment(0, 1) & box(0, 1)", 5_000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.uint64, ">f4"])
def test_point_files(tmp_path: Path, dtype: str) -> None:
    (tmp_path / "a b").mkdir()
    array = np.array([[1, 0], [3, 7]], dtype=dtype)
    np.save(tmp_path / "a b" / "x.npy", np.asfortranarray(array))
    np.save(tmp_path / "x-1.npy", array.ravel())
    for name in ('"a b/x.npy"', "'a b/x.npy'", "x-1.npy", "./x-1.npy"):
        assert parse_point(name, 4, tmp_path).fractions() == [1, 0, 3, 7]
    assert sides(parse_region("ball(x-1.npy, 1)", 4, tmp_path))[3] == (6, 8)
    assert sides(parse_region("box(x-1.npy,9)", 4, tmp_path))[3] == (7, 9)
    assert parse_region("slice(0, [x-1.npy, [0, 1, 0, 0]], 0, 1)", 4, tmp_path).dimension == 2


def test_stored_floats_are_binary(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([0.1, -1e-310]))
    assert parse_point("x.npy", 2, tmp_path).fractions() == [Fraction(0.1), Fraction(-1e-310)]


def test_bad_point_files(tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.array([0.0, np.nan]))
    np.save(tmp_path / "three.npy", np.zeros(3))
    np.save(tmp_path / "complex.npy", np.zeros(2, dtype=complex))
    np.save(tmp_path / "object.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("[1, 2]")
    (tmp_path / "empty.npy").write_text("")
    whole = (tmp_path / "three.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-8].replace(b"(3,)", b"(2,)"))
    (tmp_path / "huge.npy").write_bytes(whole.replace(b"(3,), }             ", b"(999999999999999,), }"))
    (tmp_path / "folder.npy").mkdir()
    with (tmp_path / "archive.npy").open("wb") as stream:
        np.savez(stream, a=np.zeros(2))
    cut = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(cut[:-8])
    expected = {
        "nan": "NaN",
        "three": "3 numbers (shape (3,)), but the network has 2 inputs",
        "complex": "expected integers, or floats",
        "object": "expected integers, or floats",
        "text": "not a readable .npy",
        "empty": "not a readable .npy",
        "cut": "not a readable .npy",
        "huge": "999999999999999 numbers",
        "folder": "is a folder",
        "archive": "not a readable .npy",
        "missing": "no such file",
    }
    for name, part in expected.items():
        assert part in refusal(f"ball({name}.npy, 1)", 2, tmp_path)


def test_vnnlib_files(tmp_path: Path) -> None:
    text = "(declare-const X_0 Real)(assert (<= X_0 0.1))(assert (>= X_0 -1))"
    (tmp_path / "p.vnnlib").write_text(text)
    region = parse_region("p.vnnlib", 1, tmp_path)
    assert (sides(region), region.text) == ([(-1, F(1, 10))], "p.vnnlib")
    assert sides(parse_region('"p.vnnlib" & nonneg', 1, tmp_path)) == [(0, F(1, 10))]
    assert "the network has 2 inputs, the file has 1" in refusal("p.vnnlib", 2, tmp_path)
    assert "no such file" in refusal("q.vnnlib", 2, tmp_path)


REFUSED = [
    ("", "ends too early"),
    ("  ", "ends too early"),
    ("bxo(1, 2)", "column 1: unknown region 'bxo'; did you mean 'box'?"),
    ("all & Box(0, 1)", "column 7: unknown region 'Box'; did you mean 'box'?"),
    ("zzzzz", "expected a .vnnlib file or one of all,"),
    ("box", "'box' takes 2 arguments, 0 are given; write box(low, high)"),
    ("box(1)", "'box' takes 2 arguments, 1 are given"),
    ("all(1)", "'all' takes 0 arguments"),
    ("box([1, 2, 3], 4)", "column 5: the network has 2 inputs, the list has 3 numbers"),
    ("ball([], 4)", "the network has 2 inputs, the list has 0 numbers"),
    ("box(1, 0)", "side 0 is empty, its lower end 1 is above its upper end 0"),
    ("box(inf, inf)", "column 5: the region is empty; an infinite side here is -inf"),
    ("box(0, [1, -inf])", "column 12: the region is empty"),
    ("ball(0, -1/2)", "the radius is -1/2; expected 0 or more"),
    ("ball(0, inf)", "column 9: the radius must be a finite number"),
    ("ball(0, [1, 1])", "the radius must be a finite number, got a list"),
    ("ball(inf, 1)", "a coordinate must be a finite number"),
    ("ball([0, inf], 1)", "a coordinate must be a finite number"),
    ("ball([0, nan], 1)", "column 10: unexpected 'nan'"),
    ("ball([[0], [1, 2]], 1)", "ragged"),
    ("ball([0, [1]], 1)", "ragged"),
    ("ball([a.npy, 1], 1)", "a coordinate must be a finite number"),
    ("box([1/0, 1], 2)", "column 6: division by zero"),
    ("box(0, 1e99999)", "exponents are limited"),
    ("box(0, 1e99999999)", "is not a number"),
    ("box(0, 1e4999)", "more than 4200 digits"),
    ("box(0, " + "9" * 5000 + ")", "at most 4200 are read"),
    ("where(" + "*".join(["1e999"] * 50) + " <= 1)", "more than 4200 digits"),
    ("where(x0 < 1)", "column 10: '<' cannot be used: regions are closed; write <="),
    ("where(x0 > 1)", "write >="),
    ("where(x0 = 1)", "write == for an equation"),
    ("where(x0 != 1)", "regions are convex"),
    ("where(x2 <= 1)", "there is no x2; the network has 2 inputs, x0 to x1"),
    ("where(y0 <= 1)", "unknown name 'y0'; the inputs are x0 to x1"),
    ("where(x0*x1 <= 1)", "column 7: a product of two unknowns"),
    ("where(1/x0 <= 1)", "division by an unknown"),
    ("where(x0/0 <= 1)", "division by zero"),
    ("where(x0)", "column 9: unexpected ')'; expected"),
    ("where(2x0 <= 1)", "column 8: unexpected 'x0'"),
    ("where()", "unexpected ')'"),
    ("where", "ends too early"),
    ("slice(0, [1, 0], 0, 1)", "expected a list of directions"),
    ("slice(0, 1, 0, 1)", "expected a list of directions"),
    ("slice(0, [], 0, 1)", "expected a list of directions"),
    ("slice(0, [[1, 0], [2, 0]], 0, 1)", "linearly dependent"),
    ("slice(0, [[1, 0]], [0, 0], 1)", "the slice has 1 direction, the list has 2 numbers"),
    ("slice(0, [[1, 0], [0, 1], [1, 1]], 0, 1)", "the list has 3 directions"),
    ("slice(0, [[0, 1]], x.npy, 1)", "expected a number or a list, got 'x.npy'"),
    ("x.npy", "'x.npy': no such file; a region is a .vnnlib file, a point an .npy file"),
    ("'a.onnx'", "'a.onnx': no such file; a region is a .vnnlib file"),
    ("ball('a.txt', 1)", "column 6: 'a.txt': no such file; a region is a .vnnlib file, a point an .npy file"),
    ("ball('\x00.npy', 1)", "no such file"),
    ("'" + "a" * 5000 + ".vnnlib'", "no such file"),
    ("box(0 1)", "column 7: unexpected '1'; expected"),
    ("box(0, 1", "ends too early; expected ')'"),
    ("box(0, 1))", "column 10: unexpected ')'"),
    ("all &", "ends too early"),
    ("all all", "column 5: unexpected 'all'"),
    ("__import__('os')", "unknown region '__import__'"),
    ("box(0, 1) & all; 1", "unexpected ';'"),
    ("[" * 1_000_000, "at most 200000 are read"),
    ("[" * 100_000, "nested more than 50 deep"),
    ("(" * 100_000 + "all" + ")" * 100_000, "at most 200000 are read"),
    ("where(" + "(" * 60 + "x0" + ")" * 60 + "<= 1)", "nested more than 50 deep"),
    ("&".join(["all"] * 2000), "at most 1000 are read"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=lambda value: value[:30])
def test_refused(text: str, part: str) -> None:
    assert part in refusal(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "FOLDER",
            "column 1: 'FOLDER' is a folder; name a file in it: a region is a .vnnlib file, a point an .npy file",
        ),
        ("FOLDER/", "'FOLDER/' is a folder"),
        ("'FOLDER'", "'FOLDER' is a folder"),
        ("sub", "'sub' is a folder"),
        (".", "'.' is a folder"),
        ("'blank s'", "'blank s' is a folder"),
        ("blank s", "'blank s' is a folder"),
        ("box(0, 1) & FOLDER", "column 13: 'FOLDER' is a folder"),
        ("ball(FOLDER, 1)", "column 6: 'FOLDER' is a folder"),
        ("sub.npy", "is a folder"),
        ("sub.vnnlib", "is a folder"),
        ("FOLDER/none", "'FOLDER/none': no such file"),
        ("data/img.txt", "column 1: 'data/img.txt': no such file"),
        ("data/img.npy", "'data/img.npy': no such file"),
        ("my-data/img.npy", "'my-data/img.npy': no such file"),
        ("~/img.txt", "'~/img.txt': no such file"),
        ("C:\\a\\b", "no such file"),
        ("notes.txt", "'notes.txt' is a file of another kind; a region is a .vnnlib file"),
        ("'notes.txt'", "'notes.txt' is not a region; expected a .vnnlib file"),
        ("a,b.npy", "put the name 'a,b.npy' in quotes"),
        # Not meant as names.
        ("box(1/2/3, 1)", "column 8: unexpected '/'"),
        ("where(/x0 <= 1)", "column 7: unexpected '/'"),
        ("box(0 1)", "column 7: unexpected '1'"),
        ("bx(0, 1)", "did you mean 'box'?"),
        ("1/2", "unexpected '1/2'"),
    ],
)
def test_what_is_no_region_says_what_is_there(text: str, part: str, tmp_path: Path) -> None:
    for name in ("sub", "sub.npy", "sub.vnnlib", "blank s"):
        (tmp_path / name).mkdir()
    for name in ("notes.txt", "a,b.npy"):
        (tmp_path / name).touch()
    with pytest.raises(RegionError) as caught:
        parse_region(text.replace("FOLDER", str(tmp_path)), 2, tmp_path)
    assert part.replace("FOLDER", str(tmp_path)) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("FOLDER", "column 1: 'FOLDER' is a folder"),
        ("sub", "'sub' is a folder"),
        ("sub.npy", "is a folder"),
        ("[1, FOLDER]", "column 5: 'FOLDER' is a folder"),
        ("data/img", "'data/img': no such file"),
        ("data/img.npy", "no such file"),
        ("img.vnnlib", "'img.vnnlib': no such file"),
        ("1/2/3", "column 4: unexpected '/'"),
    ],
)
def test_what_is_no_point_says_what_is_there(text: str, part: str, tmp_path: Path) -> None:
    for name in ("sub", "sub.npy"):
        (tmp_path / name).mkdir()
    with pytest.raises(RegionError) as caught:
        parse_point(text.replace("FOLDER", str(tmp_path)), 2, tmp_path)
    assert part.replace("FOLDER", str(tmp_path)) in str(caught.value)


def test_many_denominators_are_refused() -> None:
    text = "ball([" + ", ".join(f"1/{10**9 + i}" for i in range(1000)) + "], 1)"
    assert "common denominator" in refusal(text, 1000)


def test_long_sums_and_signs() -> None:
    sum_of_many = "where(" + "x0 + " * 5000 + "x0 <= 5001)"
    assert sides(parse_region(sum_of_many, 1)) == [(None, 1)]
    assert sides(parse_region("where(" + "-" * 5001 + "x0 <= 1)", 1)) == [(-1, None)]


POINTS = [("[1, 1/2]", [1, F(1, 2)]), ("0", [0, 0]), (" -0.25 ", [F(-1, 4)] * 2), ("[[1],[2e3]]", [1, 2000])]


@pytest.mark.parametrize(("text", "expected"), POINTS)
def test_points(text: str, expected: list[Fraction]) -> None:
    assert parse_point(text, 2).fractions() == expected


@pytest.mark.parametrize("text", ["", "[1]", "[1, 2, 3]", "inf", "[1, inf]", "box(0, 1)", "x.npy", "a.vnnlib", "x0"])
def test_points_refused(text: str) -> None:
    with pytest.raises(RegionError) as caught:
        parse_point(text, 2)
    assert "\n" not in str(caught.value)


@given(st.lists(st.tuples(FRACTIONS, FRACTIONS), min_size=1, max_size=5))
@draws(50)
def test_boxes_round_trip(pairs: list[tuple[Fraction, Fraction]]) -> None:
    expected = [(min(pair), max(pair)) for pair in pairs]
    low, high = ("[" + ", ".join(str(pair[side]) for pair in expected) + "]" for side in (0, 1))
    assert sides(parse_region(f"box({low}, {high})", len(pairs))) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
@draws(50)
def test_numbers_are_exact(number: object) -> None:
    assert parse_point(str(number), 1).fractions() == [Fraction(str(number))]


WORDS = "all box where ball slice ( ) [ ] , & 0 -1/2 1e9 inf x0 x1 <= == + / * a.npy b.vnnlib 'q' é \x00"


@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS.split(" ")), max_size=15).map(" ".join)))
@draws(100)
def test_junk_is_refused_in_one_line(text: str) -> None:
    for parse in (parse_region, parse_point):
        try:
            parse(text, 2)
        except InputError as error:
            assert "\n" not in str(error)


def test_import_is_cheap() -> None:
    code = "import sys, verify.formats.expressions, verify.formats.files; print({'lark', 'onnx'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "set()"
