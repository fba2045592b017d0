"""Findings from affine maps that differ, or that are not constant or not zero."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verify.kernel.exact import AffineForm
from verify.property import Criterion
from verify.property.instances import Change
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_along
from verify.search.refuting.finding import Finding, NonZero


def slope_findings(problem: Problem, maps: list[AffineForm], point: Vector) -> list[Finding]:
    """For criteria that want a constant or zero: points along the gradient of a map that has one."""
    criterion = problem.question.criterion
    gradient = next((m.coefficients for m in maps if not m.coefficients.is_zero()), None)
    if criterion not in (Criterion.CONSTANT, Criterion.ZERO) or gradient is None:
        return []
    step = Fraction(1)
    while not problem.question.region.holds(point + gradient.scaled(step)):
        step /= 4
    # The last ones lie in the same cell, where the map itself says that they differ.
    moved = [point + gradient.scaled(step / 4**k) for k in range(40)]
    if criterion is Criterion.ZERO:
        return [NonZero(p) for p in moved]
    return [Change(point, p) for p in moved]


def differ(left: Sequence[AffineForm], right: Sequence[AffineForm]) -> bool:
    """Whether two affine maps differ in some output."""
    return any(not (a - b).is_zero() for a, b in zip(left, right, strict=True))


def difference(problem: Problem, p: Vector, q: Vector, budget: Budget) -> list[Finding]:
    """Findings from two cells with different maps.

    Walking from p to q the slope changes unless the maps agree along that line; then points beside q are tried.
    """
    findings = list(findings_along(problem, p, q, budget))
    if findings or problem.question.criterion is Criterion.CONSTANT:
        return findings or [Change(p, q)]
    region = problem.question.region
    for j in range(region.dimension):
        for sign in (1, -1):
            step = Fraction(sign)
            for _ in range(40):
                budget.check()
                beside = _beside(q, j, step)
                if region.holds(beside):
                    findings = list(findings_along(problem, p, beside, budget))
                    if findings:
                        return findings
                step /= 4
    return findings


def _beside(point: Vector, coordinate: int, step: Fraction) -> Vector:
    values = point.fractions()
    values[coordinate] += step
    return vector(values)
