"""Which coordinate of a box to cut: the one whose symbols, and what they bend, add most to the bounds that fail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.kernel.axioms.batches import ReluSymbols, Zonotope
from verify.kernel.goals import Goal
from verify.rational import Floats

# An input's own share of a bound shrinks with the box whatever is cut; bends go away. Symbols of bends count double.
OWN_SHARE, BEND_SHARE = 0.25, 2.0
# Rows that hold by less than this part of their constant still count.
NEARLY = 0.02


def weights(goal: Goal, upper: Floats) -> Floats:
    """How much each row (B, R) should come down: of each case the row that is nearest to failing."""
    result = np.zeros_like(upper)
    excess = upper + NEARLY * np.abs(goal.machine.goal.bias)
    boxes = np.arange(len(upper))
    for case in goal.cases:
        rows = np.array(case)
        best = rows[np.argmin(upper[:, rows], axis=1)]
        result[boxes, best] = np.maximum(excess[boxes, best], 0.0)
    return np.nan_to_num(result, nan=1e30, posinf=1e30)


def coordinate(
    form: Zonotope, trace: Sequence[ReluSymbols], weight: Floats, low: Floats, high: Floats, movable: int | None = None
) -> np.ndarray:
    """The coordinate (B,) to cut, one of the first ``movable``, from the form of the rows and what led to it.

    The score of a symbol is its share of the weighted rows; a bend passes its score on to the symbols of its unit, in
    proportion to their parts of the unit's width.
    """
    size = low.shape[1]
    shared = _widened(_against(form.shared.dense, weight), max([size, *(bend.shared.end for bend in trace)]))
    own = _widened(_against(form.own.dense, weight), max([0, *(b.own.end for b in trace if b.own is not None)]))
    shared[:, :size] *= OWN_SHARE
    for bend in reversed(trace):
        boxes, units = bend.width.shape
        effect = np.zeros((boxes, units))
        for score, fresh in ((shared, bend.shared), (own, bend.own)):
            if fresh is not None:
                effect[np.arange(boxes)[:, None], fresh.units] += score[:, fresh.start : fresh.end]
        effect /= np.maximum(bend.width, 1e-300)
        passed = _against(bend.columns, effect)
        passed[:, size:] *= BEND_SHARE
        shared[:, : passed.shape[1]] += passed
        if bend.own_columns is not None and bend.own_columns.shape[1]:
            own[:, : bend.own_columns.shape[1]] += BEND_SHARE * _against(bend.own_columns, effect)
    scores = np.where(high > low, np.nan_to_num(shared[:, :size], nan=0.0, posinf=1e300), -1.0)
    scores = scores[:, :movable]
    flat = scores.max(axis=1) <= 0
    scores[flat] = (high - low)[flat, :movable]
    return np.asarray(np.argmax(scores, axis=1))


def _widened(scores: Floats, width: int) -> Floats:
    """The scores, with zeros for symbols that do not reach the rows."""
    result = np.zeros((len(scores), max(width, scores.shape[1])))
    result[:, : scores.shape[1]] = scores
    return result


def _against(columns: Floats, weight: Floats) -> Floats:
    """``sum_i |columns[b, j, i]| weight[b, i]``."""
    return np.asarray(np.matmul(np.abs(columns), weight[:, :, None])[:, :, 0])
