"""Which coordinate of a box to cut: the one whose symbols, and what they bend, add most to the bounds that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import BlockSides, BothSorts, Fresh, NoiseSymbols, Zonotope
from verify.kernel.goals import Goal
from verify.rational import Floats

# An input's own share of a bound shrinks with the box whatever is cut; bends go away. Symbols of bends count double.
OWN_SHARE, BEND_SHARE = 0.25, 2.0
# Rows that hold by less than this part of their constant still count.
NEARLY = 0.02


@dataclass(frozen=True, eq=False)
class ReluSymbols:
    """Of one ReLU block: its columns before, the widths of its units, and the new symbols."""

    columns: Floats
    own_columns: Floats | None
    width: Floats
    shared: Fresh | None
    own: Fresh | None


class TracedMachine(Machine):
    """A machine that writes down what led to its last forms: an entry for each ReLU block."""

    def __init__(self, machine: Machine) -> None:
        vars(self).update(vars(machine))
        self.trace: list[ReluSymbols] = []

    def bent(
        self, forms: tuple[Zonotope, Zonotope | None], sides: BlockSides, symbols: BothSorts
    ) -> tuple[Zonotope, Zonotope | None]:
        """The forms after ReLU."""
        value, gap = super().bent(forms, sides, symbols)
        width = sides.value[1] - sides.value[0]
        if sides.second is not None:
            width = np.maximum(width, sides.second[1] - sides.second[0])
        own = (None, None) if forms[1] is None or gap is None else (forms[1].own.dense, gap.own.fresh)
        self.trace.append(ReluSymbols(forms[0].shared.dense, own[0], width, value.shared.fresh, own[1]))
        return value, gap


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
    boxes, size = low.shape
    sorts = (form.shared.symbols, form.own.symbols)
    shared, own = (np.zeros(len(symbols.boxes)) for symbols in sorts)
    shared[: len(form.shared.dense)] = _against(form.shared.dense, sorts[0], weight)
    own[: len(form.own.dense)] = _against(form.own.dense, sorts[1], weight)
    shared[: boxes * size] *= OWN_SHARE
    for bend in reversed(trace):
        effect = np.zeros_like(bend.width)
        for score, fresh in ((shared, bend.shared), (own, bend.own)):
            if fresh is not None:
                effect[fresh.boxes, fresh.units] += score[fresh.start : fresh.end]
        effect /= np.maximum(bend.width, 1e-300)
        passed = _against(bend.columns, sorts[0], effect)
        passed[boxes * size :] *= BEND_SHARE
        shared[: len(passed)] += passed
        if bend.own_columns is not None and len(bend.own_columns):
            own[: len(bend.own_columns)] += BEND_SHARE * _against(bend.own_columns, sorts[1], effect)
    of_inputs = shared[: boxes * size].reshape(boxes, size)
    scores = np.where(high > low, np.nan_to_num(of_inputs, nan=0.0, posinf=1e300), -1.0)
    scores = scores[:, :movable]
    flat = scores.max(axis=1) <= 0
    scores[flat] = (high - low)[flat, :movable]
    return np.asarray(np.argmax(scores, axis=1))


def _against(columns: Floats, symbols: NoiseSymbols, weight: Floats) -> Floats:
    """For each symbol ``sum_i |columns[j, i]| weight[b, i]``, b its box."""
    of_boxes = weight.astype(columns.dtype)[symbols.boxes[: len(columns)]]
    return np.asarray(np.einsum("ji,ji->j", np.abs(columns), of_boxes).astype(np.float64))
