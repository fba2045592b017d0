"""Pictures of pieces: well-formed, whole, the same whatever the region's form; light and dark."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import verify
from tests.arrangement.nets import reference
from verify.errors import InputError
from verify.region import box
from verify.report.pieces import MOST_TIPS, picture

NAME = "{http://www.w3.org/2000/svg}"


def drawn(network: object, region: str) -> tuple[ElementTree.Element, str]:
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
    dashed = [part for part in root.iter(f"{NAME}path") if part.get("class") == "edge still"]
    assert len(dashed) == (2 if network == "identity_pair" else 1)  # the legend has one of its own


def test_other_dimensions_are_refused() -> None:
    with pytest.raises(InputError, match="one or two dimensions, this one has 3"):
        picture(verify.pieces(reference((3, 4, 1), 0), "box(-1, 1)"))
