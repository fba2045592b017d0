"""Gradients of pieces: their dual norms on the directions of a region, and what they say against an inequality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.core.cell import cell_of
from verify.kernel.core.criteria import on_hull
from verify.kernel.exact import AffineForm, evaluate, pattern_at
from verify.network.matrix import Matrix
from verify.property import Criterion, Question
from verify.property.base import Slope
from verify.property.instances import Change
from verify.property.slopes import axis_in_coordinates, free_coordinates, free_directions
from verify.rational import Vector, integer_array, vector, zeros
from verify.region.linear import any_solution
from verify.region.norms import dual_measure, measure, squared_if_l2
from verify.search.along import preactivations_along
from verify.search.budget import Budget
from verify.search.geometry.simplex import NegativeAt, Nonnegative, decide
from verify.search.problem import Problem
from verify.search.refuting.cases import holds_at
from verify.search.refuting.finding import Finding, NonZero
from verify.search.refuting.walk import stretches

DenseRow = tuple[list[Fraction], Fraction]
# Linear programs for dual norms with more entries than this are not tried.
MAX_ENTRIES = 40_000


@dataclass(frozen=True, eq=False)
class DualNorm:
    """The largest ``g.s / ||D s||`` (its square for l2), coordinates s that attain it, and a functional that shows it.

    ``functional`` is None where coordinates are ambient: it is the gradient then.
    """

    value: Fraction
    attained: Vector
    functional: Vector | None


def dual_norm(slope: Slope, question: Question, form: AffineForm, budget: Budget) -> DualNorm:
    """The dual norm of the form's gradient on the directions of the question's region, exactly."""
    base = question.region.base
    free = np.flatnonzero(free_coordinates(base))
    gradient = form.coefficients.take(free)
    directions = free_directions(slope, base)
    if directions is None:
        steepest, functional = _closed_form(slope.norm, gradient), None
        value = dual_measure(slope.norm, gradient)
    else:
        steepest, functional = _on_subspace(slope.norm, directions, gradient, budget)
        value = dual_measure(slope.norm, functional)
    whole = zeros(base.dimension)
    whole.numerators[free] = steepest.numerators
    return DualNorm(value, Vector(whole.numerators, steepest.denominator), functional)


def _closed_form(norm: str, gradient: Vector) -> Vector:
    """A direction in which the gradient attains its dual norm, where coordinates are ambient."""
    entries = gradient.numerators.tolist()
    if norm == "l2":
        return gradient
    signs = [(e > 0) - (e < 0) for e in entries]
    if norm == "linf":
        return Vector(integer_array(signs), 1)
    largest = max(range(len(entries)), key=lambda j: abs(entries[j]), default=0)
    return Vector(integer_array(sign if j == largest else 0 for j, sign in enumerate(signs)), 1)


def _on_subspace(norm: str, directions: Matrix, gradient: Vector, budget: Budget) -> tuple[Vector, Vector]:
    """Coordinates s that attain the dual norm on the span of the directions, and an extension of that norm."""
    if gradient.is_zero():
        return gradient, zeros(directions.shape[0])
    if norm == "l2":
        # The extension of least length lies in the span itself: w = D s with D'D s = g.
        found = any_solution(directions.transposed.compose(directions), gradient)
        assert found is not None, "a function of the ambient point has no slope where that does not move"
        return found, directions.product(found)
    if directions.shape[1] == 1:
        return _on_line(norm, directions.product(vector([1])), gradient[0])
    return _by_program(norm, directions, gradient, budget)


def _on_line(norm: str, direction: Vector, slope: Fraction) -> tuple[Vector, Vector]:
    """One direction d: a functional w with w.d = slope that is concentrated where d is largest, or spread evenly."""
    entries = direction.fractions()
    if norm == "linf":
        largest = max(range(len(entries)), key=lambda i: abs(entries[i]))
        functional = [slope / entries[i] if i == largest else Fraction(0) for i in range(len(entries))]
    else:
        level = slope / measure("l1", direction)
        functional = [level * ((e > 0) - (e < 0)) for e in entries]
    return vector([1 if slope > 0 else -1]), vector(functional)


def _by_program(norm: str, directions: Matrix, gradient: Vector, budget: Budget) -> tuple[Vector, Vector]:
    """Two linear programs: the largest g.s on the unit ball, then multipliers of the ball's rows for that value."""
    columns = directions.transposed
    dense = [columns.product(_unit(directions.shape[0], i)).fractions() for i in range(directions.shape[0])]
    used = [i for i, row in enumerate(dense) if any(row)]
    rows = _unit_ball(norm, [dense[i] for i in used])
    extra = len(rows[0][0]) - len(gradient)
    if len(rows) * len(rows[0][0]) > MAX_ENTRIES:
        raise BudgetExceeded("the linear program of a dual norm on a slice is too large for exact arithmetic")
    objective = [-g for g in gradient.fractions()] + [Fraction(0)] * extra
    start = any_solution(columns, gradient)
    assert start is not None, "a function of the ambient point has no slope where that does not move"
    # The program stops below -1: scaled by more than any extension's norm, the optimum is above it.
    scale = 1 / (dual_measure(norm, start) + 1)
    outcome = decide([scale * v for v in objective], Fraction(0), rows, budget)
    assert isinstance(outcome, NegativeAt)
    attained = outcome.point[: len(gradient)]
    best = sum((g * s for g, s in zip(gradient.fractions(), attained, strict=True)), Fraction(0))
    shown = decide(objective, best, rows, budget)
    assert isinstance(shown, Nonnegative)
    functional = [Fraction(0)] * directions.shape[0]
    for place, i in enumerate(used):
        multipliers = shown.multipliers
        functional[i] = multipliers.get(2 * place, Fraction(0)) - multipliers.get(2 * place + 1, Fraction(0))
    return vector(attained), vector(functional)


def _unit_ball(norm: str, directions: Sequence[list[Fraction]]) -> list[DenseRow]:
    """Rows for ``||D s|| <= 1``; for L1 over (s, u) with ``|D s| <= u`` and ``sum u <= 1``."""
    rows: list[DenseRow] = []
    if norm == "linf":
        for row in directions:
            rows += [(row, Fraction(1)), ([-v for v in row], Fraction(1))]
        return rows
    count = len(directions)
    for i, row in enumerate(directions):
        slack = [Fraction(-1 if i == j else 0) for j in range(count)]
        rows += [([*row, *slack], Fraction(0)), ([*(-v for v in row), *slack], Fraction(0))]
    total = [Fraction(0)] * len(directions[0]) + [Fraction(1)] * count
    return [*rows, (total, Fraction(1))]


def _unit(size: int, index: int) -> Vector:
    return Vector(integer_array(int(i == index) for i in range(size)), 1)


def against_inequality(problem: Problem, point: Vector, budget: Budget) -> Iterator[Finding]:
    """What f around a point says against the question's inequality by itself."""
    question = problem.question
    network, slope = question.network, question.slope
    if question.criterion is Criterion.NONPOSITIVE:
        if any(n > 0 for n in evaluate(network, point).numerators.tolist()):
            yield NonZero(point)
    elif question.criterion is Criterion.NOWHERE:
        if holds_at(question, point):
            yield NonZero(point)
    elif slope is not None and question.criterion is Criterion.NONDECREASING:
        direction = axis_in_coordinates(slope, question.region.base)
        if direction is not None and _falls(preactivations_along(network, point, direction)[-1]):
            yield from moves(problem, point, direction, budget)
    elif slope is not None and question.criterion is Criterion.LIPSCHITZ:
        forms = cell_of(network, pattern_at(network, point)).outputs()
        yield from too_steep(problem, point, [on_hull(form, question.region.base) for form in forms], budget)


def _falls(values: Vector) -> Any:
    return (values.numerators[:, 1] < 0).any()


def too_steep(problem: Problem, point: Vector, maps: Sequence[AffineForm], budget: Budget) -> Iterator[Finding]:
    """Steps from the point in directions in which the gradient of a map exceeds the constant."""
    slope = problem.question.slope
    assert slope is not None
    for form in maps:
        norm = dual_norm(slope, problem.question, form, budget)
        if norm.value > squared_if_l2(slope.norm, slope.constant):
            yield from moves(problem, point, norm.attained, budget)


def moves(problem: Problem, point: Vector, direction: Vector, budget: Budget) -> Iterator[Finding]:
    """From a relative interior point along a direction: both ends of each affine stretch on the way."""
    step = Fraction(1)
    for _ in range(200):
        if problem.question.region.holds(point + direction.scaled(step)):
            break
        step /= 4
    else:
        return  # the point lies on the region's boundary
    whole = direction.scaled(step)
    for count, stretch in enumerate(stretches(problem.question.network, point, point + whole, budget)):
        yield Change(point + whole.scaled(stretch.begin), point + whole.scaled(stretch.end))
        if count >= 8:
            return
