"""Convex polygons with exact rational corners: cut by lines, multipliers at a corner, L-infinity distances.

Corners are integer triples (X, Y, W), W > 0, for (X/W, Y/W), in order around the polygon. Each edge, from one corner
to the next, knows the row that bounds it there; an edge on a side of the base's box has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.kernel.core.part import CONSTANT, Row
from verify.kernel.evidence import Multipliers
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace
from verify.search.dividing.halves import sides
from verify.search.dividing.parts import Form, HomogeneousPoint, affine_form, value_at


@dataclass(frozen=True, eq=False)
class Polygon:
    """A part of a plane region: ``edges[i]`` is the index in ``rows`` of the line from corner i to the next."""

    base: Box
    rows: tuple[HalfSpace, ...]
    points: list[HomogeneousPoint]
    edges: list[int | None]

    @property
    def interior(self) -> Vector:
        """The mean of three corners."""
        third = len(self.points) // 3
        corners = [self.points[0], self.points[third], self.points[2 * third]]
        return vector([sum(Fraction(p[j], p[2]) for p in corners) / 3 for j in range(2)])

    def keeps_sign(self, row: Row, values: list[int]) -> bool:
        """Corners decide."""
        return True

    def lowest(self, form: Form) -> Fraction | None:
        return min(Fraction(value_at(form, point)) / point[2] for point in self.points)

    def multipliers(self, form: Form) -> Multipliers | None:
        """Weights of the two edges that meet where the form is least: its gradient is a combination of theirs."""
        values = [Fraction(value_at(form, point)) / point[2] for point in self.points]
        lowest = min(values)
        if lowest < 0:
            return None
        corner = values.index(lowest)
        a, b = self._inward(corner - 1), self._inward(corner)
        gradient = form.get(0, 0), form.get(1, 0)
        determinant = a[0] * b[1] - a[1] * b[0]
        weights = [
            (gradient[0] * b[1] - gradient[1] * b[0]) / determinant,
            (a[0] * gradient[1] - a[1] * gradient[0]) / determinant,
        ]
        found: dict[int, Fraction] = {}
        for edge, weight in zip((self.edges[corner - 1], self.edges[corner]), weights, strict=True):
            if edge is not None and weight:
                found[edge] = found.get(edge, Fraction(0)) + weight
        return found

    def _inward(self, edge: int) -> tuple[Fraction, Fraction]:
        """The gradient of the slack of an edge's row; of a side of the box any inward normal."""
        index = self.edges[edge]
        if index is not None:
            coefficients = self.rows[index].coefficients
            return -coefficients[0], -coefficients[1]
        p, q = self.points[edge], self.points[(edge + 1) % len(self.points)]
        # Counter-clockwise order: the interior lies to the left of the edge.
        dx, dy = q[0] * p[2] - p[0] * q[2], q[1] * p[2] - p[1] * q[2]
        return Fraction(-dy), Fraction(dx)

    def cut(self, row: Row) -> tuple[Polygon, Polygon]:
        above, below = sides(affine_form(row, 2))
        values = [int(value_at(row, point)) for point in self.points]
        return self._clipped(values, above), self._clipped([-v for v in values], below)

    def _clipped(self, values: Sequence[int], half: HalfSpace) -> Polygon:
        """The part where the values at the corners, extended along the edges, are nonnegative."""
        points: list[HomogeneousPoint] = []
        edges: list[int | None] = []
        new = len(self.rows)
        for i, (point, edge, here) in enumerate(zip(self.points, self.edges, values, strict=True)):
            following = (i + 1) % len(values)
            there = values[following]
            if here > 0 or here == 0 <= there:
                points.append(point)
                edges.append(edge)
            elif here == 0:  # the polygon is left at this corner, along the line
                points.append(point)
                edges.append(new)
            if here > 0 > there or here < 0 < there:
                points.append(_crossing(point, self.points[following], here, there))
                edges.append(new if here > 0 else edge)
        return Polygon(self.base, (*self.rows, half), points, edges)


def _crossing(p: HomogeneousPoint, q: HomogeneousPoint, here: int, there: int) -> HomogeneousPoint:
    """Where the row is zero between two corners at which it has these values (times their denominators)."""
    point = tuple(abs(there) * a + abs(here) * b for a, b in zip(p, q, strict=True))
    factor = math.gcd(*point)
    return tuple(v // factor for v in point)


def polygon(base: Box, rows: Sequence[HalfSpace]) -> Polygon | None:
    """The polygon of a bounded region of the plane with an interior; None for other regions."""
    if base.dimension != 2 or not base.is_bounded or base.pinned.any():
        return None
    (left, bottom), (right, top) = base.low.fractions(), base.high.fractions()
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    points: list[HomogeneousPoint] = []
    for x, y in corners:
        common = math.lcm(x.denominator, y.denominator)
        points.append((int(x * common), int(y * common), common))
    result = Polygon(base, (), points, [None] * 4)
    for half in rows:
        form = {0: -half.coefficients[0], 1: -half.coefficients[1], CONSTANT: half.bound}
        scale = math.lcm(*(Fraction(v).denominator for v in form.values()))
        result = result._clipped([int(value_at(form, p) * scale) for p in result.points], half)
        if len(result.points) < 3:
            return None
    return result


def distance(part: Polygon, centre: Vector) -> Fraction:
    """The L-infinity distance of a point from the polygon."""
    x, y = centre.fractions()
    corners = [(Fraction(p[0], p[2]) - x, Fraction(p[1], p[2]) - y) for p in part.points]
    edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    if all(p[0] * q[1] - p[1] * q[0] >= 0 for p, q in edges):
        return Fraction(0)
    return min(_from_origin(p, q) for p, q in edges)


def _from_origin(p: tuple[Fraction, Fraction], q: tuple[Fraction, Fraction]) -> Fraction:
    """The least ``max(|x|, |y|)`` on a segment: at an end, or where two of x, -x, y, -y are equal."""
    best = min(max(abs(p[0]), abs(p[1])), max(abs(q[0]), abs(q[1])))
    for a, b in ((1, 0), (0, 1), (1, 1), (1, -1)):
        here, there = a * p[0] + b * p[1], a * q[0] + b * q[1]
        if here * there < 0:
            t = here / (here - there)
            best = min(best, max(abs(p[0] + t * (q[0] - p[0])), abs(p[1] + t * (q[1] - p[1]))))
    return best
