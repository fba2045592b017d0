"""Exact questions about cells and polyhedra inside the region; what was found out once is not computed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from verify.kernel.exact import AffineForm
from verify.rational import Vector, integer_array
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt
from verify.symbolic.cells import CellRow, IntegerPoint, PlainCell, make_point, plain_row
from verify.symbolic.frame import Frame

RowSet = frozenset[CellRow]


class WitnessPoints:
    """Points inside cells; one integer per row remembers, bit by bit, which of them lie strictly inside the row."""

    def __init__(self, cells: Sequence[PlainCell]) -> None:
        self.points = [cell.inside for cell in cells]
        self.owned = [1 << i for i in range(len(cells))]
        self._masks: dict[CellRow, tuple[int, int]] = {}

    def add(self, point: IntegerPoint, place: int) -> None:
        """Remember a point strictly inside the cell."""
        self.owned[place] |= 1 << len(self.points)
        self.points.append(point)

    def any_inside(self, rows: RowSet, places: Sequence[int]) -> bool:
        """Whether a known point of one of the cells is strictly inside all rows."""
        mask = 0
        for place in places:
            mask |= self.owned[place]
        for row in rows:
            mask &= self._mask(row)
            if not mask:
                return False
        return bool(mask)

    def _mask(self, row: CellRow) -> int:
        mask, done = self._masks.get(row, (0, 0))
        for i in range(done, len(self.points)):
            if row.slack(self.points[i]) > 0:
                mask |= 1 << i
        self._masks[row] = mask, len(self.points)
        return mask


class Geometry:
    """Exact questions about polyhedra inside the region, in its free coordinates."""

    def __init__(self, frame: Frame, cells: Sequence[PlainCell], budget: Budget) -> None:
        self.cells = cells
        self.witnesses = WitnessPoints(cells)
        # Row sets known to have no interior point in common with a cell: whatever includes one has none either.
        self.separators: list[list[RowSet]] = [[] for _ in cells]
        self._valid: dict[tuple[CellRow, int], bool] = {}
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
        self.region_rows = [plain_row(row, frame) for row in frame.domain.rows]

    def is_valid(self, row: CellRow, place: int) -> bool:
        """Whether the row holds on all of the cell."""
        known = self._valid.get((row, place))
        if known is None:
            known = self._valid[row, place] = self._follows(row, self.cells[place])
        return known

    def _follows(self, row: CellRow, cell: PlainCell) -> bool:
        if row in cell.rows:
            return True
        if row.slack(cell.inside) < 0 or row.opposite in cell.rows:
            return False
        form = AffineForm(Vector(integer_array(-c for c in row.coefficients), 1), Fraction(row.bound))
        rows = [_half_space(r, 0) for r in (*cell.rows, *self.region_rows)]
        return not isinstance(nonnegative(form, self.base, rows, self.budget), NegativeAt)

    def meet(self, rows: RowSet, place: int) -> bool:
        """Whether the interiors of the rows' polyhedron and of a cell have a common point in the region."""
        cell = self.cells[place]
        if any(row.opposite in cell.rows for row in rows):
            return False
        if any(separator <= rows for separator in self.separators[place]):
            return False
        strict = [*rows, *cell.rows]
        half_spaces = [_half_space(row, 1, deep=True) for row in strict]
        half_spaces += [_half_space(row, 0, deep=True) for row in self.region_rows]
        depth = AffineForm(Vector(integer_array([*[0] * self.size, -1]), 1), Fraction(0))
        outcome = nonnegative(depth, self.deep, half_spaces, self.budget)
        if isinstance(outcome, NegativeAt):
            self.witnesses.add(make_point(outcome.point[:-1]), place)
            return True
        used = outcome.multipliers
        self.separators[place].append(frozenset(row for i, row in enumerate(strict[: len(rows)]) if used.get(i)))
        return False

    def meet_any(self, rows: RowSet, places: Sequence[int]) -> bool:
        """Whether the rows' polyhedron meets one of the cells."""
        self.budget.check()
        return self.witnesses.any_inside(rows, places) or any(self.meet(rows, place) for place in places)

    def generic_near(self, start: IntegerPoint, rows: Iterable[CellRow], cell: PlainCell) -> IntegerPoint:
        """A point inside the cell, near ``start``, on none of the rows' hyperplanes."""
        hyperplanes = list(rows)
        for candidate in _beside(start):
            deep = all(row.slack(candidate) > 0 for row in cell.rows)
            if deep and self._in_region(candidate) and all(row.slack(candidate) for row in hyperplanes):
                return candidate
        raise AssertionError("unreachable: the candidates go on for ever")

    def _in_region(self, point: IntegerPoint) -> bool:
        values = Vector(integer_array(point[0]), point[1])
        return self.base.contains(values) and all(row.slack(point) >= 0 for row in self.region_rows)


def _half_space(row: CellRow, depth: int, *, deep: bool = False) -> HalfSpace:
    extra = [depth] if deep else []
    return HalfSpace(Vector(integer_array([*row.coefficients, *extra]), 1), Fraction(row.bound))


def _beside(start: IntegerPoint) -> Iterator[IntegerPoint]:
    """The start, then points ever nearer to it in ever other directions (no hyperplane holds many of them)."""
    yield start
    values = [Fraction(n, start[1]) for n in start[0]]
    step, turn = Fraction(1, 4), 2
    while True:
        yield make_point([value + step / turn**j for j, value in enumerate(values)])
        step, turn = -step / 2, turn + 1
