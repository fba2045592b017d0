"""An exact simplex method for one question: is a linear form nonnegative on a polyhedron?

Minimise w over (t, w) with w >= g.t + g0, w >= -1 and M t <= m. Its dual in standard form,

    minimise  -g0 y1 + y2 + m.y   subject to   g y1 + M' y = 0,  y1 + y2 = 1,  y >= 0,

has the feasible point y2 = 1, so no first phase is needed: the start basis is y2 and one artificial variable, of
value zero, for each coordinate of t. Artificials leave at the first pivot that touches them and never come back.
Bland's rule prevents cycling. The optimum is -w: w >= 0 gives multipliers y / y1, w < 0 a point where the form is
negative (the simplex multipliers), and an unbounded dual a proof that the polyhedron is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from verify.search.budget import Budget

if TYPE_CHECKING:
    from flint import fmpq

    Row: TypeAlias = list[fmpq]


@dataclass(frozen=True)
class Nonnegative:
    """Multipliers of the rows that show the form nonnegative."""

    multipliers: dict[int, Fraction]


@dataclass(frozen=True)
class NegativeAt:
    """A point of the polyhedron at which the form is negative."""

    point: list[Fraction]


@dataclass(frozen=True)
class EmptyPolyhedron:
    """Multipliers of the rows that add up to a contradiction, scaled so that they give exactly -1."""

    multipliers: dict[int, Fraction]


SimplexOutcome = Nonnegative | NegativeAt | EmptyPolyhedron


ZERO, ONE = Fraction(0), Fraction(1)


def rational(value: Fraction) -> fmpq:
    """The flint rational."""
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)


def fraction(value: fmpq) -> Fraction:
    """The standard library rational."""
    return Fraction(int(value.p), int(value.q))


def decide(
    form: Sequence[Fraction], constant: Fraction, rows: Sequence[tuple[Sequence[Fraction], Fraction]], budget: Budget
) -> SimplexOutcome:
    """Decide ``form . t + constant >= 0`` on ``{t : row . t <= bound for all rows}``, exactly."""
    size = len(form)
    columns = [[*map(rational, form), rational(ONE)], [rational(ZERO)] * size + [rational(ONE)]]
    columns += [[*map(rational, row), rational(ZERO)] for row, _ in rows]
    costs = [rational(-constant), rational(ONE), *(rational(bound) for _, bound in rows)]
    return _Tableau(columns, costs, size).solve(budget)


class _Tableau:
    """Rows of the tableau are B^-1 [columns | right-hand side | artificials]; the last row holds reduced costs."""

    def __init__(self, columns: list[Row], costs: list[fmpq], size: int) -> None:
        self.size, self.count, self.costs = size, len(columns), costs
        zero, one = rational(ZERO), rational(ONE)
        self.rows = [
            [column[i] for column in columns]
            + [one if i == size else zero]
            + [one if i == j else zero for j in range(size + 1)]
            for i in range(size + 1)
        ]
        # Basis: artificial i is numbered -1 - i; column 1 is y2.
        self.basis = [-1 - i for i in range(size)] + [1]
        self.reduced = [*costs, zero] + [zero] * (size + 1)
        self._eliminate(self.reduced, 1, self.rows[size])

    @staticmethod
    def _eliminate(target: Row, column: int, pivot_row: Row) -> None:
        factor = target[column]
        if factor:
            for j, value in enumerate(pivot_row):
                if value:
                    target[j] -= factor * value

    def solve(self, budget: Budget) -> SimplexOutcome:
        while True:
            budget.check()
            entering = next((j for j in range(self.count) if self.reduced[j] < 0), None)
            if entering is None:
                return self._optimum()
            leaving = self._leaving(entering)
            if leaving is None:
                return self._ray(entering)
            self._pivot(leaving, entering)

    def _leaving(self, entering: int) -> int | None:
        for i, name in enumerate(self.basis):
            if name < 0 and self.rows[i][entering] != 0:
                return i
        best: tuple[fmpq, int, int] | None = None
        for i, row in enumerate(self.rows):
            if self.basis[i] >= 0 and row[entering] > 0:
                candidate = (row[self.count] / row[entering], self.basis[i], i)
                if best is None or candidate < best:
                    best = candidate
        return None if best is None else best[2]

    def _pivot(self, leaving: int, entering: int) -> None:
        pivot = self.rows[leaving][entering]
        row = self.rows[leaving] = [value / pivot for value in self.rows[leaving]]
        for i, other in enumerate(self.rows):
            if i != leaving:
                self._eliminate(other, entering, row)
        self._eliminate(self.reduced, entering, row)
        self.basis[leaving] = entering

    def _optimum(self) -> SimplexOutcome:
        lowest = self.reduced[self.count]  # minus the dual objective: the optimal w
        if lowest >= 0:
            values = {name: self.rows[i][self.count] for i, name in enumerate(self.basis) if name >= 0}
            scale = values[0]
            return Nonnegative({j - 2: fraction(v / scale) for j, v in values.items() if j >= 2 and v})
        # The artificial columns of the cost row hold minus the simplex multipliers, which are t.
        start = self.count + 1
        return NegativeAt([-fraction(self.reduced[start + i]) for i in range(self.size)])

    def _ray(self, entering: int) -> SimplexOutcome:
        ray = {entering: rational(ONE)}
        for i, name in enumerate(self.basis):
            if name >= 0 and self.rows[i][entering]:
                ray[name] = -self.rows[i][entering]
        gain = -sum((self.costs[j] * v for j, v in ray.items()), rational(ZERO))
        return EmptyPolyhedron({j - 2: fraction(v / gain) for j, v in ray.items() if j >= 2 and v})
