"""Draw the exact linear pieces of the digits network on a two-dimensional slice through one image.

    python examples/picture.py docs/pieces.svg

Every polygon is one activation cell, found and bounded in rational arithmetic; cells with the same affine map share a
colour. The dot in the middle is the image itself.
"""

from __future__ import annotations

import colorsys
import sys
from fractions import Fraction
from pathlib import Path

import verify
from verify.formats.expressions import parse_point
from verify.network import Network
from verify.property import CATALOGUE, Claim
from verify.rational import Vector, vector
from verify.region import HalfSpace, window
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare
from verify.search.split import cells

ROOT = Path(__file__).resolve().parent
REACH = Fraction(1, 12)
SIZE = 640
Point = tuple[Fraction, Fraction]


def directions(size: int) -> list[Vector]:
    """Two plain directions: the left half of the image gets brighter, and the upper half."""
    side = int(size**0.5)
    left = [Fraction(int(i % side < side // 2)) for i in range(size)]
    upper = [Fraction(int(i // side < side // 2)) for i in range(size)]
    return [vector(left), vector(upper)]


def clipped(polygon: list[Point], row: HalfSpace) -> list[Point]:
    """The part of a convex polygon where the row holds (Sutherland-Hodgman), exactly."""
    slack = [row.slack(vector(p)) for p in polygon]
    result: list[Point] = []
    for i, here in enumerate(polygon):
        there = polygon[i - 1]
        if slack[i] * slack[i - 1] < 0:
            t = slack[i] / (slack[i] - slack[i - 1])
            result.append((here[0] + t * (there[0] - here[0]), here[1] + t * (there[1] - here[1])))
        if slack[i] >= 0:
            result.append(here)
    return result


def polygons(network: Network, centre: Vector) -> list[tuple[int, list[Point]]]:
    """For each cell of the slice the number of its affine map and its corners."""
    region = window(centre, directions(len(centre)), [-REACH, -REACH], [REACH, REACH])
    questions = Claim(network, CATALOGUE["affine"], region).questions()
    assert isinstance(questions, list)
    problem = prepare(questions[0], Budget())
    assert isinstance(problem, Problem)
    maps: dict[tuple[tuple[str, ...], ...], int] = {}
    found = []
    for rows, _, forms in cells(problem, Budget()):
        key = tuple((*form.coefficients.strings(), str(form.constant)) for form in forms)
        number = maps.setdefault(key, len(maps))
        corners: list[Point] = [(-REACH, -REACH), (REACH, -REACH), (REACH, REACH), (-REACH, REACH)]
        for row in rows:
            corners = clipped(corners, row)
        found.append((number, corners))
    return found


def colour(number: int) -> str:
    """Well separated soft colours (golden-ratio hues)."""
    red, green, blue = colorsys.hls_to_rgb(number * 0.6180339887 % 1, 0.72 + 0.12 * (number % 3) / 2, 0.55)
    return f"#{int(red * 255):02x}{int(green * 255):02x}{int(blue * 255):02x}"


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
    shapes = polygons(network, centre)
    Path(sys.argv[1]).write_text(svg(shapes), encoding="utf-8")
    print(f"{len(shapes)} cells, {len({number for number, _ in shapes})} affine maps")


if __name__ == "__main__":
    main()
