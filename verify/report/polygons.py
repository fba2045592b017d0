"""The exact cells of a network on a region of dimension two, as polygons with rational corners."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from verify.errors import BudgetExceeded
from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.property import CATALOGUE, Claim
from verify.rational import vector
from verify.region import Box, HalfSpace, L1Ball, Region
from verify.search.budget import Budget
from verify.search.dividing.cells import cells
from verify.search.problem import Problem, prepare

Point: TypeAlias = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Polygon:
    """One cell: its corners in chart coordinates, its affine map, and the number that this map goes by."""

    number: int
    corners: list[Point]
    forms: list[AffineForm]


def polygons(network: Network, region: Region, budget: Budget, limit: int | None = None) -> list[Polygon]:
    """The cells of the network on a bounded region with two coordinates; none where the region is flat.

    More than ``limit`` cells are as good as none in time: ``BudgetExceeded``.
    """
    bounded = without_l1(region)
    questions = Claim(network, CATALOGUE["affine"], bounded).questions()
    assert isinstance(questions, list) and isinstance(bounded.base, Box)
    problem = prepare(questions[0], budget)
    if not isinstance(problem, Problem) or problem.equations or bounded.base.pinned.any():
        return []
    numbers: dict[tuple[tuple[str, ...], ...], int] = {}
    found: list[Polygon] = []
    for rows, _, forms in cells(problem, budget):
        if limit is not None and len(found) >= limit:
            raise BudgetExceeded(f"there are more than {limit} cells")
        key = tuple((*form.coefficients.strings(), str(form.constant)) for form in forms)
        number = numbers.setdefault(key, len(numbers))
        found.append(Polygon(number, corners_of(bounded.base, rows), forms))
    return found


def without_l1(region: Region) -> Region:
    """The region with a box for its base: an L1 ball in the plane is a box cut by four half-spaces."""
    base = region.base
    if not isinstance(base, L1Ball):
        return region
    sides = []
    for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        normal = vector(signs)
        sides.append(HalfSpace(normal, normal.dot(base.midpoint) + base.radius))
    step = vector([base.radius] * region.dimension)
    finite = ~base.pinned
    return replace(region, base=Box(base.midpoint - step, base.midpoint + step, finite, finite)).with_rows(sides)


def corners_of(base: Box, rows: Sequence[HalfSpace]) -> list[Point]:
    """The corners of the part of a rectangle where the rows hold, in order around it."""
    (left, bottom), (right, top) = base.low.fractions(), base.high.fractions()
    corners: list[Point] = [(left, bottom), (right, bottom), (right, top), (left, top)]
    for row in rows:
        corners = clipped(corners, row)
    return corners


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


def colour(number: int) -> str:
    """Well separated soft colours (golden-ratio hues)."""
    red, green, blue = colorsys.hls_to_rgb(number * 0.6180339887 % 1, 0.72 + 0.12 * (number % 3) / 2, 0.55)
    return f"#{int(red * 255):02x}{int(green * 255):02x}{int(blue * 255):02x}"
