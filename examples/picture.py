"""Draw the exact linear pieces of the digits network on a two-dimensional slice through one image.

    python examples/picture.py docs/pieces.svg

Every polygon is one activation cell, found and bounded in rational arithmetic; cells with the same affine map share a
colour. The dot in the middle is the image itself.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import verify
from verify.formats.expressions import parse_point
from verify.network import Network
from verify.rational import Vector, vector
from verify.region import window
from verify.report.polygons import Point, colour, polygons
from verify.search.budget import Budget

ROOT = Path(__file__).resolve().parent
REACH = Fraction(1, 12)
SIZE = 640


def directions(size: int) -> list[Vector]:
    """Two plain directions: the left half of the image gets brighter, and the upper half."""
    side = int(size**0.5)
    left = [Fraction(int(i % side < side // 2)) for i in range(size)]
    upper = [Fraction(int(i // side < side // 2)) for i in range(size)]
    return [vector(left), vector(upper)]


def shapes_around(network: Network, centre: Vector) -> list[tuple[int, list[Point]]]:
    """For each cell of the slice the number of its affine map and its corners."""
    region = window(centre, directions(len(centre)), [-REACH, -REACH], [REACH, REACH])
    return [(polygon.number, polygon.corners) for polygon in polygons(network, region, Budget())]


def svg(shapes: list[tuple[int, list[Point]]]) -> str:
    """The picture."""

    def place(value: Fraction) -> str:
        return f"{float((value + REACH) / (2 * REACH) * SIZE):.2f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">']
    parts.append("<title>Linear pieces of digits_conv on a slice through one image</title>")
    for number, corners in shapes:
        points = " ".join(f"{place(x)},{place(-y)}" for x, y in corners)
        parts.append(f'<polygon points="{points}" fill="{colour(number)}" stroke="#fff" stroke-width="0.7"/>')
    parts.append(f'<circle cx="{SIZE / 2:.0f}" cy="{SIZE / 2:.0f}" r="4" fill="#111"/>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the picture to the path given."""
    network = verify.load(ROOT / "digits_conv.onnx")
    centre = parse_point(str(ROOT / "digits_point.npy"), network.input_size)
    shapes = shapes_around(network, centre)
    Path(sys.argv[1]).write_text(svg(shapes), encoding="utf-8")
    print(f"{len(shapes)} cells, {len({number for number, _ in shapes})} affine maps")


if __name__ == "__main__":
    main()
