"""All cells of a frame, up to a bound on their number, as integer rows over the free hull coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.kernel.cover import on_hull
from verify.kernel.exact import AffineForm, Pattern, pattern_at
from verify.rational import Vector, integer_array
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.lp import nonnegative
from verify.search.simplex import NegativeAt
from verify.search.split import cells
from verify.symbolic.frame import Frame

Point = tuple[Fraction, ...]


class TooLarge(Exception):
    """A form is beyond the stated bounds; the message says which."""


@dataclass(frozen=True)
class Row:
    """``coefficients . t <= bound`` over the free coordinates, in coprime integers."""

    coefficients: tuple[int, ...]
    bound: int

    @property
    def opposite(self) -> Row:
        """The other side of the same hyperplane."""
        return Row(tuple(-c for c in self.coefficients), -self.bound)

    def slack(self, point: Point) -> Fraction:
        """Positive inside, zero on the hyperplane."""
        return self.bound - sum((c * v for c, v in zip(self.coefficients, point, strict=True) if c), Fraction(0))


@dataclass(frozen=True, eq=False)
class PlainCell:
    """One cell: the rows that cut it out of the region, a point inside, its pattern and its output maps."""

    rows: frozenset[Row]
    inside: Point
    interior: Vector
    pattern: Pattern
    maps: tuple[AffineForm, ...]


def make_row(coefficients: Iterable[Fraction], bound: Fraction) -> Row:
    """The row in coprime integers."""
    values = [*coefficients, bound]
    common = math.lcm(*(v.denominator for v in values))
    integers = [int(v * common) for v in values]
    divisor = math.gcd(*integers) or 1
    return Row(tuple(n // divisor for n in integers[:-1]), integers[-1] // divisor)


def all_cells(frame: Frame, limit: int, budget: Budget) -> list[PlainCell]:
    """Every cell of the region; ``TooLarge`` beyond the limit."""
    if not isinstance(frame.domain.base, Box):
        raise TooLarge(f"an L1 ball of {frame.domain.dimension} coordinates has too many sides")
    found: list[PlainCell] = []
    free, skip = frame.free, len(frame.domain.rows)
    for rows, interior, maps in cells(frame.problem, budget):
        if len(found) == limit:
            raise TooLarge(f"more than {limit} activation cells")
        pattern = pattern_at(frame.network, interior)
        own = frozenset(_plain(row, frame) for row in rows[skip:])
        inside = tuple(interior[j] for j in free)
        found.append(PlainCell(own, inside, interior, pattern, tuple(maps)))
    return found


def _plain(row: HalfSpace, frame: Frame) -> Row:
    """The row over the free coordinates: pinned ones are put in."""
    form = on_hull(AffineForm(-row.coefficients, row.bound), frame.domain.base)
    return make_row((-form.coefficients[j] for j in frame.free), form.constant)


class Geometry:
    """Exact questions about polyhedra inside the region, in its free coordinates."""

    def __init__(self, frame: Frame, budget: Budget) -> None:
        base = frame.domain.base
        assert isinstance(base, Box)
        self.budget = budget
        free = np.array(frame.free, dtype=np.int64)
        self.size = len(free)
        top = Vector(integer_array([0]), 1), Vector(integer_array([1]), 1)
        finite = np.ones(1, dtype=bool)
        self.base = Box(base.low.take(free), base.high.take(free), base.low_finite[free], base.high_finite[free])
        self.deep = Box(  # one more coordinate: how deep inside every strict row a point lies
            Vector(np.append(self.base.low.numerators, top[0].numerators), base.low.denominator),
            Vector(np.append(self.base.high.numerators, base.high.denominator), base.high.denominator),
            np.append(self.base.low_finite, finite),
            np.append(self.base.high_finite, finite),
        )
        self.region_rows = [_plain(row, frame) for row in frame.domain.rows]

    def is_valid(self, row: Row, cell: PlainCell) -> bool:
        """Whether the row holds on all of the cell."""
        if row in cell.rows:
            return True
        if row.slack(cell.inside) < 0 or row.opposite in cell.rows:
            return False
        form = AffineForm(Vector(integer_array(-c for c in row.coefficients), 1), Fraction(row.bound))
        rows = [_half_space(r, 0) for r in (*cell.rows, *self.region_rows)]
        return not isinstance(nonnegative(form, self.base, [r for r in rows], self.budget), NegativeAt)

    def meet(self, rows: Iterable[Row], cell: PlainCell) -> bool:
        """Whether the interiors of the rows' polyhedron and of the cell have a common point in the region."""
        own = frozenset(rows)
        if all(row.slack(cell.inside) > 0 for row in own):
            return True
        if any(row.opposite in cell.rows for row in own):
            return False
        strict = [_half_space(row, 1, deep=True) for row in own | cell.rows]
        weak = [_half_space(row, 0, deep=True) for row in self.region_rows]
        depth = AffineForm(Vector(integer_array([*[0] * self.size, -1]), 1), Fraction(0))
        return isinstance(nonnegative(depth, self.deep, [*strict, *weak], self.budget), NegativeAt)

    def generic_near(self, start: Point, rows: Iterable[Row], cell: PlainCell) -> Point:
        """A point inside the cell, near ``start``, on none of the rows' hyperplanes."""
        hyperplanes = list(rows)
        for candidate in _beside(start):
            deep = all(row.slack(candidate) > 0 for row in cell.rows)
            if deep and self._in_region(candidate) and all(row.slack(candidate) for row in hyperplanes):
                return candidate
        raise AssertionError("unreachable: the candidates go on for ever")

    def _in_region(self, point: Point) -> bool:
        sides = zip(point, self.base.low.fractions(), self.base.high.fractions(), strict=True)
        inside = all(
            (low <= value or not is_low) and (value <= high or not is_high)
            for (value, low, high), is_low, is_high in zip(
                sides, self.base.low_finite, self.base.high_finite, strict=True
            )
        )
        return inside and all(row.slack(point) >= 0 for row in self.region_rows)


def _half_space(row: Row, depth: int, *, deep: bool = False) -> HalfSpace:
    extra = [depth] if deep else []
    return HalfSpace(Vector(integer_array([*row.coefficients, *extra]), 1), Fraction(row.bound))


def _beside(start: Point) -> Iterator[Point]:
    """The start, then points ever nearer to it in ever other directions (a moment curve is in no hyperplane for long)."""
    yield start
    step, turn = Fraction(1, 4), 2
    while True:
        yield tuple(value + step / turn**j for j, value in enumerate(start))
        step, turn = -step / 2, turn + 1
