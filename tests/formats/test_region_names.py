"""Regions that name inputs (``x[image]``) and branches of VNN-LIB files (``p.vnnlib[2]``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.errors import RegionError
from verify.formats.expressions import parse_point, parse_region, parse_regions
from verify.network import InputPart
from verify.rational import vector
from verify.region import Region, region

INPUTS = (
    InputPart("image", (2, 2), 0),
    InputPart("state", (3,), 4),
    InputPart("0", (1,), 7),
    InputPart("onnx::Gemm_0", (), 8),
    InputPart("it's", (2,), 9),
)
SIZE = 11


def parsed(text: str, folder: Path | None = None) -> Region:
    return parse_region(text, SIZE, folder, inputs=INPUTS)


def plain(found: Region) -> dict[str, object]:
    return {key: value for key, value in region.to_json(found).items() if key != "text"}


SAME = [
    ("where(x[3] <= 1)", "where(x3 <= 1)"),
    ("where(x[ 3 ] <= 1)", "where(x3 <= 1)"),
    ("where(x[image][3] <= 1)", "where(x3 <= 1)"),
    ("where(x[image][1, 0] <= 1)", "where(x2 <= 1)"),
    ("where(x[image] [ 1 ,0 ] <= 1)", "where(x2 <= 1)"),
    ("where(x[state][2] - 2*x[image][0] == 1/3)", "where(x6 - 2*x0 == 1/3)"),
    ("where(0 <= x[state] <= 1)", "where(0 <= x4 <= 1, 0 <= x5 <= 1, 0 <= x6 <= 1)"),
    ("where(x[state] <= x[0] + 1)", "where(x4 <= x0 + 1, x5 <= x0 + 1, x6 <= x0 + 1)"),
    ("where(2*x[state] <= x[state] + x[\"0\"])", "where(x4 <= x7, x5 <= x7, x6 <= x7)"),
    ("where(-x[state] <= 1)", "where(-x4 <= 1, -x5 <= 1, -x6 <= 1)"),
    ("where(x[0] <= 1)", "where(x0 <= 1)"),
    ("where(x[\"0\"] <= 1)", "where(x7 <= 1)"),
    ("where(x['0'] <= 1)", "where(x7 <= 1)"),
    ("where(x[onnx::Gemm_0] <= 1)", "where(x8 <= 1)"),
    ("where(x[\"it's\"][1] <= 1)", "where(x10 <= 1)"),
    ("where(x[ state ] <= 1, x10 >= 0)", "where(x4 <= 1, x5 <= 1, x6 <= 1, x10 >= 0)"),
    ("x[state] in box(0, 1)", "where(0 <= x4 <= 1, 0 <= x5 <= 1, 0 <= x6 <= 1)"),
    ("x[state] in box([0, 1, -inf], [1, inf, 2])", "where(0 <= x4 <= 1, 1 <= x5, x6 <= 2)"),
    ("x[image] in nonneg & x[state] in nonpos", "where(0 <= x[image], x[state] <= 0)"),
    ("x[image] in ball([[1, 2], [3, 4]], 1/2)",
     "where(1/2 <= x0 <= 3/2, 3/2 <= x1 <= 5/2, 5/2 <= x2 <= 7/2, 7/2 <= x3 <= 9/2)"),
    ("x[state] in where(x0 <= x2)", "where(x4 <= x6)"),
    ("x[state] in (nonneg & where(x0 <= x2))", "where(x4 >= 0, x5 >= 0, x6 >= 0, x4 <= x6)"),
    ("x[state][1] in box(0, 1)", "where(0 <= x5 <= 1)"),
    ("x[5] in box(0, 1)", "where(0 <= x5 <= 1)"),
    ("x[state] in all", "all"),
    ("box(0, 1) & x[state] in box(1/2, 2)", "box(0, 1) & where(x[state] >= 1/2)"),
    ("box(\N{MINUS SIGN}1, 1)", "box(-1, 1)"),
    ("where(x0 \N{MINUS SIGN} x1 <= \N{MINUS SIGN}1/2)", "where(x0 - x1 <= -1/2)"),
    ("box(\N{MINUS SIGN}inf, 1e\N{MINUS SIGN}2)", "box(-inf, 1/100)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), SAME, ids=[text for text, _ in SAME])
def test_same_region(text: str, meaning: str) -> None:
    found = parsed(text)
    assert plain(found) == plain(parsed(meaning))
    assert found.text == text.replace("\N{MINUS SIGN}", "-")


REFUSED = [
    ("where(x[imag] <= 1)", "no input is called 'imag'; the inputs are x0 to x10, together x[image], x[state]"),
    ("where(x[11] <= 1)", "there is no x11"),
    ("where(x[0][0] <= 1)", "x[0] is one number; an input whose name is a number is written in quotes"),
    ("where(x[image][4] <= 1)", "outside of input 'image', which has shape (2, 2)"),
    ("where(x[image][0, 2] <= 1)", "outside of input 'image'"),
    ("where(x[image][0, 0, 0] <= 1)", "expected image[i, i] or one number"),
    ("where(x[image][-1] <= 1)", "expected image[i, i] or one number"),
    ("where(x[image][] <= 1)", "expected image[i, i] or one number"),
    ("where(x[image] <= x[state])", "inputs of 3 and 4 coordinates in one comparison"),
    ("where(x[image]*x[image] <= 1)", "product of two unknowns"),
    ("where(x[image] < 1)", "regions are closed"),
    ("x[image]", "ends too early"),
    ("x[image] in", "ends too early"),
    ("x[nobody] in all", "no input is called 'nobody'"),
    ("x[state] in box([1, 2], 3)", "the list has 2 numbers"),
    ("x[state] in where(x3 <= 1)", "there is no x3"),
    ("x[state] in where(x[image][0] <= 1)", "no input is called 'image'"),
    ("x[state] in segment([0, 0, 0], [1, 1, 1])", "give a slice or an L1 ball in all of them"),
    ("x[state] in l1ball(0, 1)", "give a slice or an L1 ball in all of them"),
    ("box(x[image], 1)", "column 5"),
    ("where(image <= 1)", "unknown name 'image'; the inputs are x0 to x10, together x[image]"),
    ("where(x[ <= 1)", "unexpected"),
    ("box(\N{EN DASH}1, 1)", "a dash; the minus sign of a keyboard is '-'"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=[text for text, _ in REFUSED])
def test_refused(text: str, part: str) -> None:
    with pytest.raises(RegionError) as caught:
        parsed(text)
    assert part in str(caught.value) and "\n" not in str(caught.value) and "column" in str(caught.value)


def test_without_named_inputs() -> None:
    assert plain(parse_region("where(x[1] <= 1)", 2)) == plain(parse_region("where(x1 <= 1)", 2))
    with pytest.raises(RegionError, match="no input is called 'image'; the inputs are x0 to x1"):
        parse_region("x[image] in all", 2)


def test_points_with_a_pasted_minus() -> None:
    assert parse_point("[\N{MINUS SIGN}1, 2]", 2) == vector([-1, 2])


TWO = """
(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)
(assert (<= 0 X_1 1))
(assert (or (and (<= 0 X_0 1) (<= Y_0 1)) (and (<= 2 X_0 3) (<= Y_0 2))))
"""


def test_branches_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "p.vnnlib").write_text(TWO)
    (tmp_path / "my p.vnnlib").write_text(TWO)
    boxes = ["box([0, 0], [1, 1])", "box([2, 0], [3, 1])"]
    for quoted in ("p.vnnlib", '"my p.vnnlib"'):
        found = parse_regions(quoted, 2, tmp_path)
        assert [plain(part) for part in found] == [plain(parse_region(text, 2)) for text in boxes]
        assert [part.text for part in found] == [f"{quoted}[1]", f"{quoted}[2]"]
        for part in found:
            assert plain(parse_region(part.text, 2, tmp_path)) == plain(part)
            assert [again.text for again in parse_regions(part.text, 2, tmp_path)] == [part.text]
        for text in (quoted, f"{quoted} & nonneg", f"({quoted})"):
            with pytest.raises(
                RegionError, match=r"describes 2 regions, and one is needed here: write .*p.vnnlib\[1\]"
            ):
                parse_region(text, 2, tmp_path)
        with pytest.raises(RegionError, match="no branch 3; the file describes 2"):
            parse_region(f"{quoted}[3]", 2, tmp_path)
        with pytest.raises(RegionError, match="no branch 0"):
            parse_region(f"{quoted}[0]", 2, tmp_path)
    both = parse_region("p.vnnlib[2] & where(x0 <= 5/2)", 2, tmp_path)
    assert plain(both) == plain(parse_region("box([2, 0], [5/2, 1])", 2))


def test_one_branch_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.vnnlib").write_text("(declare-const X_0 Real)(assert (or (<= X_0 1) (<= X_0 1)))")
    (found,) = parse_regions("p.vnnlib", 1, tmp_path)
    assert found.text == "p.vnnlib"
    assert plain(parse_region("p.vnnlib[1]", 1, tmp_path)) == plain(found) == plain(parse_region("where(x0 <= 1)", 1))
    assert [part.text for part in parse_regions(" box(0, 1) ", 1)] == ["box(0, 1)"]
