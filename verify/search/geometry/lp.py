"""Linear forms on polyhedra: nonnegative (with multipliers), negative somewhere (with a point), or empty.

Small problems go to the exact simplex at once. For larger ones HiGHS proposes a basis in floating point; its
multipliers and its vertex are recomputed exactly from the basis and accepted only if they verify, else the
exact simplex decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.closed_form import is_nonnegative
from verify.kernel.exact import AffineForm
from verify.rational import Vector, vector, zeros
from verify.region import Box, HalfSpace
from verify.region.region import Region, half_spaces
from verify.search.budget import Budget
from verify.search.geometry.simplex import EmptyPolyhedron, NegativeAt, Nonnegative, decide, fraction, rational

# Above this many entries the exact simplex alone is slower than HiGHS and a verification.
SMALL = 600
# Above this many entries the exact simplex is hopeless and is not tried.
HOPELESS = 60_000


def nonnegative(
    form: AffineForm, base: Box, rows: Sequence[HalfSpace], budget: Budget
) -> Nonnegative | NegativeAt | EmptyPolyhedron:
    """Decide ``form >= 0`` on the box where all rows hold; multipliers refer to ``rows`` only."""
    if is_nonnegative(form, base, rows, {}):
        return Nonnegative({})
    sides = half_spaces(Region(base))
    entries = len(form.coefficients) * (len(rows) + len(sides) + 1)
    if entries > SMALL:
        found = _proposed(form, base, rows, budget)
        if found is not None:
            return found
        if entries > HOPELESS:
            raise BudgetExceeded("a linear program is too large for exact arithmetic")
    every = [*rows, *sides]
    outcome = decide(
        form.coefficients.fractions(),
        form.constant,
        [(row.coefficients.fractions(), row.bound) for row in every],
        budget,
    )
    if isinstance(outcome, NegativeAt):
        return outcome
    kept = {i: v for i, v in outcome.multipliers.items() if i < len(rows)}
    return Nonnegative(kept) if isinstance(outcome, Nonnegative) else EmptyPolyhedron(kept)


@dataclass(frozen=True)
class _Proposal:
    """A basis: which columns are basic, the side of each other column, and which rows are active."""

    basic_columns: list[int]
    at_upper: Any
    active_rows: list[int]


def _proposed(
    form: AffineForm, base: Box, rows: Sequence[HalfSpace], budget: Budget
) -> Nonnegative | NegativeAt | None:
    proposal = _highs(form, base, rows, budget)
    if proposal is None or len(proposal.basic_columns) != len(proposal.active_rows):
        return None
    multipliers = _multipliers(form, rows, proposal)
    if multipliers is not None and is_nonnegative(form, base, rows, multipliers):
        return Nonnegative(multipliers)
    point = _vertex(base, rows, proposal)
    if point is None or not base.contains(point) or any(row.slack(point) < 0 for row in rows):
        return None
    return NegativeAt(point.fractions()) if form.at(point) < 0 else None


def _highs(form: AffineForm, base: Box, rows: Sequence[HalfSpace], budget: Budget) -> _Proposal | None:
    """The basis that HiGHS finds. Columns are scaled to [-1, 1] and rows to 1: tiny balls keep their weight."""
    import highspy
    from highspy.highs import _Highs  # type: ignore[attr-defined]  # its public subclass prints a banner

    solver: Any = _Highs()
    solver.setOptionValue("output_flag", False)
    for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        solver.setOptionValue(tolerance, 1e-10)
    if budget.remaining != float("inf"):
        solver.setOptionValue("time_limit", max(budget.remaining, 0.01))
    inf = highspy.kHighsInf
    bounded = base.low_finite & base.high_finite
    centre = Vector(np.where(bounded, base.centre().numerators, 0), base.centre().denominator)
    steps = [r if b and r else Fraction(1) for r, b in zip(base.radii().fractions(), bounded, strict=True)]
    width = np.where(base.pinned, 0.0, 1.0)
    low = np.where(bounded, -width, np.where(base.low_finite, base.low.floats(), -inf))
    high = np.where(bounded, width, np.where(base.high_finite, base.high.floats(), inf))
    size = len(low)
    solver.addVars(size, low, high)
    solver.changeColsCost(size, np.arange(size, dtype=np.int32), _scaled(form.coefficients, steps)[0])
    for row in rows:
        coefficients, scale = _scaled(row.coefficients, steps)
        used = np.flatnonzero(coefficients)
        bound = float(row.slack(centre) / scale)
        solver.addRow(-inf, bound, len(used), used.astype(np.int32), coefficients[used])
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    basis = solver.getBasis()
    statuses = [highspy.HighsBasisStatus.kBasic, highspy.HighsBasisStatus.kUpper]
    return _Proposal(
        [j for j, status in enumerate(basis.col_status) if status == statuses[0]],
        np.array([status == statuses[1] for status in basis.col_status], dtype=bool),
        [i for i, status in enumerate(basis.row_status) if status != statuses[0]],
    )


def _scaled(values: Vector, steps: Sequence[Fraction]) -> tuple[Any, Fraction]:
    """Floats of the entries times their steps, divided by the largest of them, and that largest."""
    products = [value * step for value, step in zip(values.fractions(), steps, strict=True)]
    largest = max((abs(p) for p in products), default=Fraction(0)) or Fraction(1)
    return np.array([float(p / largest) for p in products]), largest


def solve(matrix: list[list[Fraction]], target: list[Fraction]) -> list[Fraction] | None:
    """The solution of a square system; None where it is singular."""
    from flint import fmpq_mat

    if not matrix:
        return []
    size = len(matrix)
    left = fmpq_mat(size, size, [rational(v) for row in matrix for v in row])
    right = fmpq_mat(size, 1, [rational(v) for v in target])
    try:
        solution = left.solve(right)
    except ZeroDivisionError:
        return None
    return [fraction(solution[i, 0]) for i in range(size)]


def _multipliers(form: AffineForm, rows: Sequence[HalfSpace], proposal: _Proposal) -> dict[int, Fraction] | None:
    """Weights of the active rows that cancel the form in the basic columns."""
    columns = [[rows[i].coefficients[j] for i in proposal.active_rows] for j in proposal.basic_columns]
    found = solve(columns, [-form.coefficients[j] for j in proposal.basic_columns])
    if found is None or any(v < 0 for v in found):
        return None
    return {i: v for i, v in zip(proposal.active_rows, found, strict=True) if v}


def _vertex(base: Box, rows: Sequence[HalfSpace], proposal: _Proposal) -> Vector | None:
    """The vertex of the basis: nonbasic columns on their side, active rows tight."""
    upper = proposal.at_upper | ~base.low_finite
    if np.any(np.where(upper, ~base.high_finite, ~base.low_finite)[_others(proposal, base.dimension)]):
        return None
    values = [h if u else lo for u, h, lo in zip(upper, base.high.fractions(), base.low.fractions(), strict=True)]
    for j in proposal.basic_columns:
        values[j] = Fraction(0)
    fixed = vector(values)
    matrix = [[rows[i].coefficients[j] for j in proposal.basic_columns] for i in proposal.active_rows]
    found = solve(matrix, [rows[i].slack(fixed) for i in proposal.active_rows])
    if found is None:
        return None
    for j, value in zip(proposal.basic_columns, found, strict=True):
        values[j] = value
    return vector(values)


def _others(proposal: _Proposal, size: int) -> list[int]:
    basic = set(proposal.basic_columns)
    return [j for j in range(size) if j not in basic]


def origin_form(size: int, constant: int) -> AffineForm:
    """The constant form."""
    return AffineForm(zeros(size), Fraction(constant))
