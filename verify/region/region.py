"""Regions: nonempty convex polyhedra with rational coefficients.

A region is ``{origin + directions t : t in base, rows hold}``. Most regions have no chart (x = t). A slice or
segment has one, so that it is full-dimensional in its own coordinates t and every closed form for boxes
applies to it. The base is a box (sides may be infinite) or an L1 ball; both have a closed form for the
minimum of a linear function, which is what the kernel needs. ``rows`` are further half-spaces a.t <= b.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from verify.errors import RegionError
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.rational import (
    Number,
    Vector,
    concatenate,
    exact_text,
    integer_array,
    sparse_row,
    to_fraction,
    vector,
    zeros,
)
from verify.region.bases import Base, Bound, Box, L1Ball, Mask
from verify.region.linear import solve


@dataclass(frozen=True, eq=False)
class HalfSpace:
    """``coefficients . t <= bound``."""

    coefficients: Vector
    bound: Fraction

    def slack(self, t: Vector) -> Fraction:
        """``bound - coefficients . t``: nonnegative inside."""
        return self.bound - self.coefficients.dot(t)

    @cached_property
    def row(self) -> tuple[dict[int, int], int]:
        """The slack as a row, see ``sparse_row``."""
        return sparse_row(-self.coefficients, self.bound)


@dataclass(frozen=True, eq=False)
class Chart:
    """The injective affine map ``t -> origin + directions t``."""

    origin: Vector
    directions: Matrix

    def point(self, t: Vector) -> Vector:
        """The ambient point of chart coordinates t."""
        return self.directions.product(t) + self.origin

    def coordinates(self, x: Vector) -> Vector | None:
        """The chart coordinates of x; None where x is not in the affine hull."""
        return solve(self.directions, x - self.origin)


@dataclass(frozen=True, eq=False)
class Region:
    """A convex polyhedron in R^``ambient``; ``text`` is how the user wrote it.

    ``files`` has the name of each file that the text mentions, with the SHA-256 of its bytes.
    """

    base: Base
    rows: tuple[HalfSpace, ...] = ()
    chart: Chart | None = None
    text: str = ""
    files: tuple[tuple[str, str], ...] = ()

    @property
    def dimension(self) -> int:
        """Number of chart coordinates."""
        return self.base.dimension

    @property
    def ambient(self) -> int:
        """Dimension of the space that the region lies in."""
        return self.chart.directions.shape[0] if self.chart else self.base.dimension

    @cached_property
    def origin_in_hull(self) -> bool:
        """Whether 0 satisfies the equations known of the region: its chart's, and those of its pinned sides.

        A chart through 0 is kept linear (origin 0), so that then t = 0 is the ambient origin.
        """
        if self.chart is not None and not self.chart.origin.is_zero():
            return False
        if isinstance(self.base, Box):
            return not any(self.base.low.numerators[self.base.pinned].tolist())
        return True

    @property
    def contains_origin(self) -> bool:
        """Whether 0 lies in the region."""
        return self.origin_in_hull and self.holds(zeros(self.dimension))

    def holds(self, t: Vector) -> bool:
        """Whether chart coordinates t belong to the region."""
        return self.base.contains(t) and all(row.slack(t) >= 0 for row in self.rows)

    def contains(self, x: Vector) -> bool:
        """Whether the ambient point x belongs to the region."""
        if len(x) != self.ambient:
            return False
        t = self.chart.coordinates(x) if self.chart else x
        return t is not None and self.holds(t)

    def point(self, t: Vector) -> Vector:
        """The ambient point of chart coordinates t."""
        return self.chart.point(t) if self.chart else t

    def with_rows(self, rows: Sequence[HalfSpace]) -> Region:
        """The part where further half-spaces (in chart coordinates) hold."""
        return replace(self, rows=(*self.rows, *rows))


def box(low: Sequence[Number | None], high: Sequence[Number | None], text: str = "") -> Region:
    """The box with the given sides; None is an infinite side."""
    if len(low) != len(high):
        raise RegionError(f"box: {len(low)} lower and {len(high)} upper sides")
    lows = [None if v is None else to_fraction(v) for v in low]
    highs = [None if v is None else to_fraction(v) for v in high]
    for i, (a, b) in enumerate(zip(lows, highs, strict=True)):
        if a is not None and b is not None and a > b:
            raise RegionError(f"box: side {i} is empty, its lower end {a} is above its upper end {b}")
    return Region(_box(lows, highs), text=text)


def _box(lows: Sequence[Bound], highs: Sequence[Bound]) -> Box:
    def mask(values: Sequence[Bound]) -> Mask:
        return np.array([v is not None for v in values], dtype=bool)

    low, high = vector([v or 0 for v in lows]), vector([v or 0 for v in highs])
    return Box(low, high, mask(lows), mask(highs))


def everything(dimension: int) -> Region:
    """All of R^n."""
    return box([None] * dimension, [None] * dimension, "all")


def nonnegative(dimension: int) -> Region:
    """The nonnegative orthant."""
    return box([0] * dimension, [None] * dimension, "nonneg")


def ball(centre: Vector, radius: Number, text: str = "") -> Region:
    """The closed L-infinity ball."""
    size = _radius(radius, "ball")
    step = Vector(np.full(len(centre), size.numerator, dtype=object), size.denominator)
    everywhere = np.ones(len(centre), dtype=bool)
    return Region(Box(centre - step, centre + step, everywhere, everywhere), text=text)


def l1_ball(centre: Vector, radius: Number, text: str = "") -> Region:
    """The closed L1 ball."""
    size = _radius(radius, "l1ball")
    if size == 0:
        return ball(centre, 0, text)
    return Region(L1Ball(centre, size), text=text)


def _radius(radius: Number, name: str) -> Fraction:
    size = to_fraction(radius)
    if size < 0:
        raise RegionError(f"{name}: the radius is {size}; expected 0 or more")
    return size


def segment(start: Vector, end: Vector, text: str = "") -> Region:
    """All points between two points."""
    if len(start) != len(end):
        raise RegionError(f"segment: end points of {len(start)} and {len(end)} coordinates")
    if start == end:
        return ball(start, 0, text)
    return window(start, [end - start], [0], [1], text)


def window(
    origin: Vector,
    directions: Sequence[Vector],
    low: Sequence[Number | None],
    high: Sequence[Number | None],
    text: str = "",
) -> Region:
    """The slice ``origin + sum_i t_i directions[i]`` with t in a box; directions must be independent."""
    if any(len(d) != len(origin) for d in directions):
        raise RegionError("slice: the directions and the origin differ in length")
    rows, columns, entries = [], [], []
    for j, direction in enumerate(directions):
        for i, value in enumerate(direction.fractions()):
            if value:
                rows.append(i)
                columns.append(j)
                entries.append(value)
    values = matrices.as_entries(np.array([*entries, None], dtype=object)[:-1])
    shape = (len(origin), len(directions))
    matrix = matrices.from_triplets(np.array(rows, np.int64), np.array(columns, np.int64), values, shape)
    if solve(matrix, zeros(len(origin))) is None:
        raise RegionError("slice: the directions are linearly dependent; leave out those that add nothing")
    base = box(low, high).base
    if not isinstance(base, Box):
        raise AssertionError("unreachable: isinstance(base, Box)")
    offset = solve(matrix, origin)
    if offset is not None:  # the window's plane passes through 0: make the chart linear
        base = Box(
            base.low + _masked(offset, base.low_finite),
            base.high + _masked(offset, base.high_finite),
            base.low_finite,
            base.high_finite,
        )
        origin = zeros(len(origin))
    return Region(base, chart=Chart(origin, matrix), text=text)


def _masked(values: Vector, mask: Mask) -> Vector:
    return Vector(np.where(mask, values.numerators, 0), values.denominator)


def polyhedron(dimension: int, rows: Sequence[HalfSpace], text: str = "") -> Region:
    """The points where all rows hold; rows in one coordinate become sides of the box."""
    low: list[Bound] = [None] * dimension
    high: list[Bound] = [None] * dimension
    kept = []
    for row in rows:
        if len(row.coefficients) != dimension:
            raise RegionError(f"half-space with {len(row.coefficients)} coefficients in {dimension} dimensions")
        support = np.flatnonzero(np.asarray(row.coefficients.numerators != 0, dtype=bool))
        if len(support) != 1:
            if len(support) or row.bound < 0:
                kept.append(row)
            continue
        j = int(support[0])
        limit = row.bound / row.coefficients[j]
        if row.coefficients[j] > 0:
            high[j] = limit if high[j] is None else min(limit, high[j])  # type: ignore[type-var]
        else:
            low[j] = limit if low[j] is None else max(limit, low[j])  # type: ignore[type-var]
    for j, (a, b) in enumerate(zip(low, high, strict=True)):
        if a is not None and b is not None and a > b:  # an empty side: keep it as rows, for a certificate
            unit = Vector(integer_array(int(i == j) for i in range(dimension)), 1)
            kept += [HalfSpace(unit, b), HalfSpace(-unit, -a)]
            low[j], high[j] = None, None
    return Region(_box(low, high), tuple(kept), text=text)


def intersection(left: Region, right: Region, text: str = "") -> Region:
    """The common points; at most one of the two may have a chart or be an L1 ball."""
    if left.ambient != right.ambient:
        raise RegionError(f"'&' between regions of {left.ambient} and {right.ambient} dimensions")
    if right.chart is not None or isinstance(right.base, L1Ball):
        left, right = right, left
    if right.chart is not None or isinstance(right.base, L1Ball):
        raise RegionError("'&' takes at most one slice, segment or L1 ball; give the other as half-spaces")
    rows = [*half_spaces(right)]
    if left.chart is None and isinstance(left.base, Box):
        return replace(polyhedron(left.ambient, [*half_spaces(left), *rows]), text=text)
    if left.chart is not None:
        rows = [_pulled_back(row, left.chart) for row in rows]
    return replace(left.with_rows(rows), text=text)


def _pulled_back(row: HalfSpace, chart: Chart) -> HalfSpace:
    return HalfSpace(
        chart.directions.transposed.product(row.coefficients), row.bound - row.coefficients.dot(chart.origin)
    )


def half_spaces(region: Region) -> list[HalfSpace]:
    """All half-spaces, sides of the box included, of a region whose base is a box (chart coordinates)."""
    if not isinstance(region.base, Box):
        raise RegionError("an L1 ball has no short list of half-spaces")
    result = []
    for side, mask, sign in (
        (region.base.low, region.base.low_finite, -1),
        (region.base.high, region.base.high_finite, 1),
    ):
        for j in np.flatnonzero(mask):
            unit = zeros(region.dimension)
            unit.numerators[j] = sign
            result.append(HalfSpace(unit, sign * side[int(j)]))
    return [*result, *region.rows]


def lifted(region: Region) -> tuple[list[HalfSpace], int]:
    """Half-spaces over (t, s) whose projection to t is the region, and the number of extra coordinates s.

    An L1 ball becomes ``t - c <= s, c - t <= s, sum s <= r``; a box needs no extra coordinates.
    """
    if isinstance(region.base, Box):
        return half_spaces(region), 0
    k = region.dimension
    rows = []
    for j in range(k):
        for sign in (1, -1):
            coefficients = zeros(2 * k)
            coefficients.numerators[j], coefficients.numerators[k + j] = sign, -1
            rows.append(HalfSpace(coefficients, sign * region.base.midpoint[j]))
    total = zeros(2 * k)
    total.numerators[k:] = 1
    rows.append(HalfSpace(total, region.base.radius))
    extra = zeros(k)
    rows += [HalfSpace(concatenate([row.coefficients, extra]), row.bound) for row in region.rows]
    return rows, k


def to_json(region: Region) -> dict[str, Any]:
    """The region as plain data (without its text), rationals as strings and infinite sides as null."""
    base = region.base
    if isinstance(base, Box):
        data: dict[str, Any] = {
            "kind": "box",
            "low": _sides(base.low, base.low_finite),
            "high": _sides(base.high, base.high_finite),
        }
    else:
        data = {"kind": "l1", "centre": base.midpoint.strings(), "radius": exact_text(base.radius)}
    data["rows"] = [[*row.coefficients.strings(), exact_text(row.bound)] for row in region.rows]
    if region.chart is not None:
        columns = region.chart.directions.transposed
        data["origin"] = region.chart.origin.strings()
        data["directions"] = [
            columns.select_rows(np.array([j])).transposed.product(vector([1])).strings()
            for j in range(region.dimension)
        ]
    return data


def _sides(values: Vector, finite: Mask) -> list[str | None]:
    return [text if is_finite else None for text, is_finite in zip(values.strings(), finite, strict=True)]


def from_json(data: dict[str, Any], text: str = "") -> Region:
    """The region that ``to_json`` wrote."""
    try:
        if data["kind"] == "l1":
            region = l1_ball(vector([str(v) for v in data["centre"]]), str(data["radius"]), text)
        elif data["kind"] != "box":
            raise ValueError(data["kind"])
        elif "origin" in data:
            directions = [vector([str(v) for v in d]) for d in data["directions"]]
            region = window(vector([str(v) for v in data["origin"]]), directions, data["low"], data["high"], text)
        else:
            region = box(data["low"], data["high"], text)
        rows = [HalfSpace(vector(row[:-1]), to_fraction(row[-1])) for row in data["rows"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RegionError(f"malformed region data: {error!r}") from error
    if any(len(row.coefficients) != region.dimension for row in rows):
        raise RegionError("malformed region data: a row of the wrong length")
    return region.with_rows(rows)
