"""Pictures of pieces: well-formed, whole, the same whatever the region's form; light and dark."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest

import verify
from tests.arrangement.nets import chain, reference
from verify.errors import InputError
from verify.rational import vector
from verify.region import Region, box
from verify.report.cells import MOST_TIPS
from verify.report.pieces import picture

NAME = "{http://www.w3.org/2000/svg}"


def drawn(network: object, region: str | Region) -> tuple[ElementTree.Element, str]:
    found = picture(verify.pieces(network, region))  # type: ignore[arg-type]
    assert found._repr_svg_() == str(found.svg)
    return ElementTree.fromstring(found.document()), found.caption


def area(root: ElementTree.Element) -> float:
    """The area of all outlines on the paper, by the shoelace formula; corners stand in order around each cell."""
    total = 0.0
    for group in root.iter(f"{NAME}g"):
        for path in group.iter(f"{NAME}path"):
            for outline in re.findall(r"M([^Z]*)Z", path.get("d") or ""):
                numbers = [float(n) for n in outline.split()]
                xs, ys = numbers[::2], numbers[1::2]
                total += abs(sum(xs[i - 1] * y - xs[i] * ys[i - 1] for i, y in enumerate(ys))) / 2
    return total


def test_cells_fill_the_frame() -> None:
    root, caption = drawn(reference((2, 16, 16, 1), 0), "box(-1, 1)")
    assert caption == "225 cells, 225 linear pieces, 225 affine maps"
    frame = next(part for part in root.iter(f"{NAME}rect"))
    whole = float(frame.get("width") or 0) * float(frame.get("height") or 0)
    # Corners are rounded to hundredths: each of the fewer than 2000 sides moves by less than that over its length.
    assert abs(area(root) - whole) < 2000 * 0.01
    assert len([path for group in root.iter(f"{NAME}g") for path in group.iter(f"{NAME}title")]) == 225
    assert "prefers-color-scheme:dark" in "".join(root.itertext())


def test_a_narrow_window_is_drawn_like_a_wide_one() -> None:
    """Float64 would put all vertices of such windows on one place."""
    tiny = 1 + Fraction(1, 10**25)
    wide, _ = drawn("max", box([1, 1], [2, 2]))
    narrow, _ = drawn("max", box([1, 1], [tiny, tiny]))
    assert area(narrow) == area(wide) > 0
    lines = [
        part.get("points")
        for region in (box([-1], [1]), box([1 - tiny], [tiny - 1]), box([7 - tiny], [5 + tiny]))
        for part in drawn("relu" if region.contains(vector([0])) else "clip", region)[0].iter(f"{NAME}polyline")
    ]
    assert lines[0] == lines[1]
    assert len((lines[2] or "").split()) == 3


def test_pieces_of_one_gradient_have_different_colours() -> None:
    stairs = chain([([[1, 0], [1, 0]], [0, -0.5]), ([[1, -1]], [0])])
    paths = [path for group in drawn(stairs, box([-1, -1], [1, 1]))[0].iter(f"{NAME}g") for path in group]
    assert len(paths) == len({path.get("fill") for path in paths}) == 3


def test_many_pieces_are_few_elements() -> None:
    root, _ = drawn(reference((2, 64, 64, 1), 0), "box(-1, 1)")
    assert verify.pieces(reference((2, 64, 64, 1), 0), box([-1, -1], [1, 1])).cells == 3869 > MOST_TIPS
    assert len(list(root.iter())) < 500


@pytest.mark.parametrize(
    ("network", "region", "said"),
    [
        ("relu", "all", "2 cells, 2 linear pieces, 2 affine maps; the region is infinite, [-1, 1] of it is shown"),
        ("max", "nonneg", "2 cells, 2 linear pieces, 2 affine maps; the region is infinite, [0, 1] × [0, 1] of it"),
        ("identity_pair", "box(-1, 1)", "2 cells, 1 linear piece, 1 affine map"),
        ("max", "segment([0, 1], [1, 0])", "2 cells, 2 linear pieces, 2 affine maps"),
    ],
)
def test_captions(network: str, region: str, said: str) -> None:
    root, caption = drawn(network, region)
    assert caption.startswith(said)
    dashed = [part for part in root.iter(f"{NAME}path") if part.get("class") == "fold still"]
    assert len(dashed) == (2 if network == "identity_pair" else 1)  # the legend has one of its own


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(InputError, match="one or two dimensions, this one has 3"):
        picture(verify.pieces(reference((3, 4, 1), 0), "box(-1, 1)"))
