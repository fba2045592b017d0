"""Closed forms: the sign of affine forms on a box or an L1 ball, for one form or for all units of a block at once."""

from __future__ import annotations

import numpy as np

from verify.kernel.axioms.filter import Spread, spread
from verify.kernel.exact import Bits, Cell
from verify.kernel.speed import Memory
from verify.region import Box
from verify.region.bases import Base


def settled_units(cell: Cell, block: int, base: Base) -> Bits:
    """Mask of units of a ReLU block whose extension provably keeps its sign on the whole base.

    Exact for a small network. For a large one the float filter decides; of what it leaves open, units that no path
    connects to the input are constant and have an exact value, others are left open.
    """
    if cell.is_small:
        return _keeps_sign(cell, block, base)
    bounds, on = spread_of(cell, base), cell.pattern[block]
    kept: Bits = np.zeros(len(on), dtype=bool) if bounds is None else bounds.keeps_sign(block, on)
    constant: Bits = ~kept & ~cell.depends[block - 1]
    if constant.any():
        values = cell.constants[block - 1].numerators
        kept |= constant & np.asarray(np.where(on, values >= 0, values <= 0), dtype=bool)
    return kept


def spread_of(cell: Cell, base: Base) -> Spread | None:
    """Float bounds of the cell's pre-activations; None where they do not apply or exact arithmetic is cheap."""
    if cell.is_small:
        return None
    return _SPREADS.of((cell, base), None, lambda: spread(cell.network, cell.pattern, base))


_SPREADS = Memory[Spread | None](4)


def _keeps_sign(cell: Cell, block: int, base: Base) -> Bits:
    """``is_nonnegative`` without rows for all units of a block, in integers over common denominators."""
    forms = cell.all_forms[block - 1].numerators
    signs = np.where(cell.pattern[block], 1, -1).astype(object)
    slopes, constants = forms[:, :-1] * signs[:, None], forms[:, -1] * signs
    if not isinstance(base, Box):
        centre, radius = base.midpoint, base.radius
        steepest = np.abs(slopes).max(axis=1)
        scaled = (slopes @ centre.numerators + constants * centre.denominator) * radius.denominator
        return np.asarray(scaled >= steepest * radius.numerator * centre.denominator, dtype=bool)
    positive, negative = np.maximum(slopes, 0), np.minimum(slopes, 0)
    endless = np.asarray(positive[:, ~base.low_finite] != 0, dtype=bool).any(axis=1)
    endless |= np.asarray(negative[:, ~base.high_finite] != 0, dtype=bool).any(axis=1)
    low, high = base.low, base.high
    lowest = (positive @ low.numerators + constants * low.denominator) * high.denominator
    lowest = lowest + (negative @ high.numerators) * low.denominator
    return np.asarray(lowest >= 0, dtype=bool) & ~endless
