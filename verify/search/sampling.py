"""Sampling: random points of the region, tried in float64 first where the network is large."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from verify.network import floats
from verify.property import Criterion
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.crossing import findings_at
from verify.search.finding import Bend, Change, Finding
from verify.search.problem import Problem

POINTS = 32


def points(problem: Problem, count: int, seed: int = 0) -> list[Vector]:
    """Random points of the region: from the interior point in random directions, as far as the region goes."""
    rng = random.Random(seed)
    region, start = problem.question.region, problem.interior
    base = region.base
    pinned = base.pinned
    reach = Fraction(1)
    radii = base.radii() if hasattr(base, "radii") else None
    found = []
    for _ in range(count):
        scale = Fraction(rng.choice([1, 4, 64, 1024])) if not base.is_bounded else reach
        step = vector(
            [
                Fraction(0)
                if held
                else Fraction(rng.randint(-64, 64), 64) * (radii[j] if radii is not None and radii[j] else scale)
                for j, held in enumerate(pinned.tolist())
            ]
        )
        factor = Fraction(1)
        while not region.holds(start + step.scaled(factor)):
            factor /= 2
        found.append(start + step.scaled(factor))
    return found


def findings_at_random(problem: Problem, budget: Budget) -> Iterator[Finding]:
    """Findings at random points and pairs, most promising first."""
    criterion, network = problem.question.criterion, problem.question.network
    sample = points(problem, POINTS)
    budget.check()
    values = floats.evaluate(network, np.array([p.floats() for p in sample]))
    if criterion in (Criterion.ZERO, Criterion.NONPOSITIVE):
        sizes = np.abs(values) if criterion is Criterion.ZERO else values
        order = np.argsort(-sizes.max(axis=1))
        for i in order[:4]:
            budget.check()
            yield from findings_at(problem, sample[i])
        return
    half = POINTS // 2
    middles = [(p + q).scaled(Fraction(1, 2)) for p, q in zip(sample[:half], sample[half:], strict=True)]
    if criterion is Criterion.CONSTANT:
        spread = np.abs(values[:half] - values[half:]).max(axis=1)
        yield from (Change(sample[i], sample[i + half]) for i in np.argsort(-spread)[:2])
    elif criterion in (Criterion.AFFINE, Criterion.LINEAR):
        mean = (values[:half] + values[half:]) / 2
        bend = np.abs(floats.evaluate(network, np.array([m.floats() for m in middles])) - mean).max(axis=1)
        yield from (Bend(sample[i], sample[i + half]) for i in np.argsort(-bend)[:2])
    elif criterion is Criterion.CONVEX:
        mean = (values[:half] + values[half:]) / 2
        excess = (floats.evaluate(network, np.array([m.floats() for m in middles])) - mean).max(axis=1)
        yield from (Bend(sample[i], sample[i + half]) for i in np.argsort(-excess)[:2])
    else:
        for p in sample[:8]:
            budget.check()
            yield from findings_at(problem, p)
