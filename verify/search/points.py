"""Values of a goal's rows at points, in floats and without error bounds: where to look for a violation."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.kernel.batches import Step
from verify.kernel.goals import Goal
from verify.rational import Floats


def amounts(goal: Goal, points: Floats) -> Floats:
    """For points (N, n) how much each row (N, R) holds: at least 0 where it does."""
    with np.errstate(all="ignore"):
        return _apply(goal.machine.goal, _forward(goal, points)[0])


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
                theirs = mine if machine.direction is not None else z - d > 0
                value = value * mine + gap * (mine.astype(np.float64) - theirs)
                gap = gap * theirs
            _back(machine.values[k - 1], value, adjoints)
            if machine.gaps:
                _back(machine.gaps[k - 1], gap, adjoints)
    return adjoints.get(0, np.zeros_like(points))


def _forward(goal: Goal, points: Floats) -> tuple[dict[int, Any], dict[int, tuple[Floats, Any]]]:
    """Values and gaps by source, and pre-activations of ReLU blocks."""
    machine = goal.machine
    found: dict[int, Any] = {0: points}
    if machine.direction is not None:
        found[~0] = np.repeat(machine.direction[None, :], len(points), axis=0)
    before: dict[int, tuple[Floats, Any]] = {}
    for k, step in enumerate(machine.values, start=1):
        z = _apply(step, found)
        d = _apply(machine.gaps[k - 1], found) if machine.gaps else 0.0
        if machine.relu[k - 1]:
            before[k] = z, d
            if machine.direction is not None:
                z, d = np.maximum(z, 0.0), np.where(z > 0, d, 0.0)
            else:
                z, d = np.maximum(z, 0.0), np.maximum(z, 0.0) - np.maximum(z - d, 0.0)
        found[k], found[~k] = z, d
    return found, before


def _apply(step: Step, found: dict[int, Any]) -> Floats:
    total = np.asarray(step.bias)
    for source, weights, _, _ in step.weights:
        total = total + found[source] @ weights
    size = len(found[0])
    return total if total.ndim == 2 else np.repeat(total[None, :], size, axis=0)


def _back(step: Step, seeds: Floats, adjoints: dict[int, Floats]) -> None:
    for source, weights, _, _ in step.weights:
        if source != ~0:
            found = seeds @ weights.T
            adjoints[source] = adjoints[source] + found if source in adjoints else found
