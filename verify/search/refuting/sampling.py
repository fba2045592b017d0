"""Sampling: random points of the region, tried in float64 first where the network is large."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from verify.network import floats
from verify.property import Criterion
from verify.property.instances import Bend, Change
from verify.rational import Vector
from verify.region import Box
from verify.search.budget import Budget
from verify.search.problem import Problem
from verify.search.refuting.crossing import NOISE, findings_at
from verify.search.refuting.finding import Finding

# Random points; fewer in large networks.
POINTS, FEW_POINTS = 32, 8
# Steps are multiples of 1/GRID of the way to a side.
GRID = 64


def points(problem: Problem, count: int, seed: int = 0) -> list[Vector]:
    """Random points of the region: from the interior point in random directions, as far as the region goes."""
    rng = np.random.default_rng(seed)
    region, start = problem.question.region, problem.interior
    base = region.base
    radii = base.radii() if isinstance(base, Box) else None
    found = []
    for _ in range(count):
        steps = rng.integers(-GRID, GRID, endpoint=True, size=base.dimension).astype(object)
        steps[base.pinned] = 0
        scale = 1 if base.is_bounded else int(rng.choice([1, 4, 64, 1024]))
        reach = np.full(base.dimension, scale, dtype=object)
        if radii is not None:  # 0 where a side is infinite
            known = np.asarray(radii.numerators != 0, dtype=bool)
            reach = np.where(known, radii.numerators, reach * radii.denominator)
        step = Vector(steps * reach, GRID * (1 if radii is None else radii.denominator))
        while not region.holds(start + step):
            step = step.scaled(Fraction(1, 2))
        found.append(start + step)
    return found


def findings_at_random(problem: Problem, budget: Budget) -> Iterator[Finding]:
    """Findings at random points and pairs, most promising first."""
    criterion, network = problem.question.criterion, problem.question.network
    count = POINTS if problem.cell.is_small else FEW_POINTS
    sample = points(problem, count)
    budget.check()
    values = floats.evaluate(network, np.array([p.floats() for p in sample]))
    if criterion in (Criterion.ZERO, Criterion.NONPOSITIVE):
        sizes = np.abs(values) if criterion is Criterion.ZERO else values
        order = np.argsort(-sizes.max(axis=1))
        for i in order[:4]:
            budget.check()
            yield from findings_at(problem, sample[i])
        return
    half = count // 2
    if criterion is Criterion.CONSTANT:
        spread = np.abs(values[:half] - values[half:]).max(axis=1)
        yield from (Change(sample[i], sample[i + half]) for i in np.argsort(-spread)[:2])
    elif criterion in (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONVEX):
        middles = [(p + q).scaled(Fraction(1, 2)) for p, q in zip(sample[:half], sample[half:], strict=True)]
        excess = floats.evaluate(network, np.array([m.floats() for m in middles]))
        excess -= (values[:half] + values[half:]) / 2
        bend = (excess if criterion is Criterion.CONVEX else np.abs(excess)).max(axis=1)
        least = 0.0 if problem.cell.is_small else NOISE * float(np.abs(values).max(initial=0.0))
        yield from (Bend(sample[i], sample[i + half]) for i in np.argsort(-bend)[:2] if not bend[i] < least)
    else:
        for p in sample[:8]:
            budget.check()
            yield from findings_at(problem, p)
