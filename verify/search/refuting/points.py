"""Values of a goal's rows at points, in floats and without error bounds: where to look for a violation."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.kernel.axioms.batches import BlockStep
from verify.kernel.derivatives import Directions
from verify.kernel.goals import Goal
from verify.rational import Floats, Vector, vector, vector_from_floats

# Points whose values are computed together, where each has one direction.
PORTION = 1 << 13


def portion_of(goal: Goal) -> int:
    """So many points at once: memory and time go with the directions whose slopes are computed at each."""
    directions = goal.machine.directions
    return max(1, PORTION // max(1, directions.size if directions is not None else 1))


def amounts(goal: Goal, points: Floats) -> Floats:
    """For points (N, n) how much each row (N, R) holds: at least 0 where it does."""
    machine = goal.machine
    with np.errstate(all="ignore"):
        found = _apply(machine.goal, _forward(goal, points)[0])
        if machine.goal.ball is None:
            return found
        return machine.goal.bias + machine.goal.ball.reach(found - machine.goal.bias)


def steepest(goal: Goal, points: Floats) -> Floats:
    """For points (N, n) the directions (N, n) of the ball in which the row that holds most nearly grows fastest."""
    ball, bias = goal.machine.goal.ball, goal.machine.goal.bias
    assert ball is not None
    with np.errstate(all="ignore"):
        slopes = _apply(goal.machine.goal, _forward(goal, points)[0]) - bias
        rows = np.argmax(bias + ball.reach(slopes), axis=1)
    found = slopes[np.arange(len(points)), :, rows]
    sizes = np.abs(found)
    largest = np.maximum(sizes.max(axis=1, keepdims=True), 1e-300)
    if ball.norm == "linf":
        return np.sign(found)
    return np.where(sizes == largest, np.sign(found), 0.0) if ball.norm == "l1" else np.asarray(found / largest)


def inside(goal: Goal, point: Floats) -> Vector:
    """The point, moved onto the exact sides of the box where floats lie beyond."""
    base, (lowest, highest) = goal.base, goal.root
    low, high, values = base.low.fractions(), base.high.fractions(), vector_from_floats(point).fractions()
    at_low, at_high = point <= lowest, point >= highest
    return vector(
        [
            low[i] if at_low[i] else high[i] if at_high[i] else min(max(value, low[i]), high[i])
            for i, value in enumerate(values)
        ]
    )


def own_rows(goal: Goal) -> list[int]:
    """For cases of one row each the numbers of these; those of the region come before it in every case."""
    return [case[-1] for case in goal.cases]


def margins(goal: Goal, points: Floats) -> Floats:
    """For points (N, n) and each case (N, C) how much all its rows hold."""
    found = amounts(goal, points)
    return np.stack([found[:, list(case)].min(axis=1) for case in goal.cases], axis=1)


def gradients(goal: Goal, points: Floats, seeds: Floats) -> Floats:
    """The gradient (N, n) of ``seeds . amounts``; ``seeds`` (N, R)."""
    machine, last = goal.machine, len(goal.machine.values)
    with np.errstate(all="ignore"):
        _, before = _forward(goal, points)
        adjoints: dict[int, Floats] = {}
        _back(machine.goal, seeds, adjoints)
        for k in range(last, 0, -1):
            value = adjoints.pop(k, np.zeros((len(points), machine.values[k - 1].size)))
            gap = adjoints.pop(~k, np.zeros_like(value))
            if machine.relu[k - 1]:
                z, d = before[k]
                mine = z > 0
                theirs = mine if machine.directions is not None else z - d > 0
                value = value * mine + gap * (mine.astype(np.float64) - theirs)
                gap = gap * theirs
            _back(machine.values[k - 1], value, adjoints)
            if machine.gaps:
                _back(machine.gaps[k - 1], gap, adjoints)
    return adjoints.get(0, np.zeros_like(points))


def _forward(goal: Goal, points: Floats) -> tuple[dict[int, Any], dict[int, tuple[Floats, Any]]]:
    """Values and gaps by source, and pre-activations of ReLU blocks; of a ball's directions (N, n, size) all slopes."""
    machine = goal.machine
    found: dict[int, Any] = {0: points}
    if machine.directions is not None:
        found[~0] = np.repeat(_starts(machine.directions)[None], len(points), axis=0)
    before: dict[int, tuple[Floats, Any]] = {}
    for k, step in enumerate(machine.values, start=1):
        z = _apply(step, found)
        d: Any = _apply(machine.gaps[k - 1], found) if machine.gaps else 0.0
        if machine.directions is not None and machine.directions.size and d.ndim == z.ndim:  # it reads nothing
            d = np.repeat(d[:, None], machine.directions.size, axis=1)
        if machine.relu[k - 1]:
            before[k] = z, d
            if machine.directions is not None:
                on = z > 0 if d.ndim == z.ndim else z[:, None] > 0
                z, d = np.maximum(z, 0.0), np.where(on, d, 0.0)
            else:
                z, d = np.maximum(z, 0.0), np.maximum(z, 0.0) - np.maximum(z - d, 0.0)
        found[k], found[~k] = z, d
    return found, before


def _starts(directions: Directions) -> Floats:
    return directions.centre if directions.spread is None else np.asarray(np.diag(directions.spread))


def _apply(step: BlockStep, found: dict[int, Any]) -> Floats:
    total: Any = np.asarray(step.bias)
    for source, weights, _, _ in step.weights:
        values = found[source]
        product = values.reshape(-1, values.shape[-1]) @ weights
        product = np.asarray(product).reshape(*values.shape[:-1], product.shape[-1])
        total = total + (product if product.ndim >= total.ndim else product[:, None])
    size = len(found[0])
    return total if total.ndim >= 2 else np.repeat(total[None, :], size, axis=0)


def _back(step: BlockStep, seeds: Floats, adjoints: dict[int, Floats]) -> None:
    for source, weights, _, _ in step.weights:
        if source != ~0:
            found = seeds @ weights.T
            adjoints[source] = adjoints[source] + found if source in adjoints else found
