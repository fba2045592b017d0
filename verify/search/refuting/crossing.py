"""First crossing (lemma 2): walk from the interior point to where a unit changes sign, and see what f does there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from verify.digits import simplest_between
from verify.kernel.core.cell import cell_of
from verify.kernel.exact import evaluate, pattern_at
from verify.network import floats
from verify.property import Criterion
from verify.property.base import GRADIENTS, INEQUALITIES
from verify.property.instances import Bend, Change, Offset
from verify.rational import Floats, Vector
from verify.search.budget import Budget
from verify.search.problem import Problem
from verify.search.refuting.finding import Finding, NonZero
from verify.search.refuting.slopes import against_inequality
from verify.search.refuting.walk import Stretch, stretches
from verify.search.stability import Obstacle

# A walk through a large network costs one exact evaluation a break.
MAX_STRETCHES = 64
# Bends that are smaller, relative to the values, may be rounding errors only.
NOISE = 2.0**-40
SEEN_AT_POINTS = (
    Criterion.AFFINE,
    Criterion.LINEAR,
    Criterion.CONVEX,
    Criterion.CONSTANT,
    Criterion.ZERO,
    Criterion.NONPOSITIVE,
)


def findings_at(problem: Problem, point: Vector) -> Iterator[Finding]:
    """What the piece around a generic point says by itself."""
    question = problem.question
    if question.criterion in INEQUALITIES:
        yield from against_inequality(problem, point, Budget())
    elif question.criterion is Criterion.ZERO:
        if not evaluate(question.network, point).is_zero():
            yield NonZero(point)
    elif question.origin is not None and question.criterion in (Criterion.LINEAR, Criterion.THROUGH_ORIGIN):
        cell = cell_of(question.network, pattern_at(question.network, point))
        if question.origin.is_zero():
            vanishes = cell.constants[-1].is_zero()
        else:
            vanishes = all(form.at(question.origin) == 0 for form in cell.outputs())
        if not vanishes:
            yield Offset(point)


def findings_towards(problem: Problem, obstacles: Sequence[Obstacle]) -> Iterator[Finding]:
    """What the interior point, the obstacles' targets and their middles show without a walk, largest bends first.

    One unit that switches on the way bends f by its change of slope times the shorter of the two distances, or more.
    Floats say where to look; what rounding may hide is left to a walk.
    """
    criterion, targets = problem.question.criterion, [obstacle.target for obstacle in obstacles]
    if not targets or criterion not in SEEN_AT_POINTS:
        return
    order = [0]
    if len(targets) > 1 or not problem.cell.is_small:
        with np.errstate(all="ignore"):
            sizes, least = _sizes(problem, targets)
            order = np.argsort(-sizes)[: np.count_nonzero(sizes > least)].tolist()
    for i in order:
        if criterion in (Criterion.ZERO, Criterion.NONPOSITIVE):
            yield NonZero(targets[i])
        elif criterion is Criterion.CONSTANT:
            yield Change(problem.interior, targets[i])
        else:
            yield Bend(problem.interior, targets[i])


def _sizes(problem: Problem, targets: list[Vector]) -> tuple[Floats, float]:
    """By how much each target, in floats, breaks the criterion, and how much of it rounding errors may be."""
    middles = [(problem.interior + target).scaled(Fraction(1, 2)) for target in targets]
    points = np.array([p.floats() for p in [problem.interior, *targets, *middles]])
    values = floats.evaluate(problem.question.network, points)
    here, there, between = values[0], values[1 : len(targets) + 1], values[len(targets) + 1 :]
    bend = between - (here + there) / 2
    amounts = {
        Criterion.ZERO: np.abs(there),
        Criterion.NONPOSITIVE: there,
        Criterion.CONSTANT: np.abs(there - here),
        Criterion.CONVEX: bend,
    }
    sizes = amounts.get(problem.question.criterion, np.abs(bend)).max(axis=1)
    return sizes, NOISE * float(np.abs(values).max())


def generic_start(problem: Problem, obstacle: Obstacle) -> Vector:
    """The interior point, or one behind it when it lies on the obstacle's boundary itself."""
    if problem.values[obstacle.block - 1].numerators[obstacle.unit] != 0:
        return problem.interior
    back = (problem.interior - obstacle.target).scaled(Fraction(1, 2))
    while not problem.question.region.holds(problem.interior + back):
        back = back.scaled(Fraction(1, 4))
    return problem.interior + back


def findings_along(problem: Problem, start: Vector, end: Vector, budget: Budget) -> Iterator[Finding]:
    """What a walk between two points of the region shows."""
    direction = end - start
    walked: list[Stretch] = []
    for stretch in stretches(problem.question.network, start, end, budget):
        walked.append(stretch)
        yield from _on_stretch(problem, start, direction, stretch)
        if len(walked) > 1:
            yield from _at_break(problem, start, direction, *walked[-2:])
        if len(walked) >= MAX_STRETCHES and not problem.cell.is_small:
            return


def _on_stretch(problem: Problem, start: Vector, direction: Vector, stretch: Stretch) -> Iterator[Finding]:
    criterion = problem.question.criterion
    if criterion in (Criterion.NONPOSITIVE, Criterion.NOWHERE):
        yield from findings_at(problem, start + direction.scaled(stretch.end))
    elif criterion in GRADIENTS:
        yield from findings_at(problem, start + direction.scaled((stretch.begin + stretch.end) / 2))
    if criterion is Criterion.CONSTANT and not stretch.slope.is_zero():
        yield Change(start + direction.scaled(stretch.begin), start + direction.scaled(stretch.end))
    if criterion is Criterion.ZERO and not stretch.slope.is_zero():
        for parameter in (stretch.end, stretch.begin):
            yield from findings_at(problem, start + direction.scaled(parameter))
    if criterion is Criterion.THROUGH_ORIGIN:
        yield from findings_at(problem, start + direction.scaled((stretch.begin + stretch.end) / 2))


def _at_break(problem: Problem, start: Vector, direction: Vector, before: Stretch, after: Stretch) -> Iterator[Finding]:
    bending = (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONVEX)
    if problem.question.criterion not in bending or before.slope == after.slope:
        return
    if problem.question.criterion is Criterion.CONVEX and not any(
        n < 0 for n in (after.slope - before.slope).numerators.tolist()
    ):
        return
    longest = min(before.end - before.begin, after.end - after.begin)
    step = simplest_between(longest / 2, longest)
    if 0 < before.end <= Fraction(1):
        yield Bend(start + direction.scaled(before.end - step), start + direction.scaled(before.end + step))


def effective_switch(walked: list[Stretch]) -> Stretch | None:
    """The first stretch at whose end the slope changes."""
    return next((a for a, b in pairwise(walked) if a.slope != b.slope), None)
