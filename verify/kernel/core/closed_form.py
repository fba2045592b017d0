"""Which units keep their sign on the whole base, under one pattern: by closed forms, or by the float filter."""

from __future__ import annotations

import numpy as np

from verify.kernel.axioms.filter import Spread, spread
from verify.kernel.core.part import CONSTANT, Part
from verify.kernel.exact import Bits, Cell
from verify.kernel.speed import Memory
from verify.region.bases import Base


def settled_units(cell: Cell, block: int, base: Base) -> Bits:
    """Mask of units of a ReLU block whose extension provably keeps its sign on the whole base.

    Exact for a small network. For a large one the float filter decides; of what it leaves open, units that no path
    connects to the input are constant and have an exact value, others are left open.
    """
    if cell.is_small:
        part, columns = Part(base), [*range(base.dimension), CONSTANT]
        forms = zip(cell.all_forms[block - 1].numerators.tolist(), cell.pattern[block].tolist(), strict=True)
        rows = (({c: v for c, v in zip(columns, form, strict=True) if v}, 1 if on else -1) for form, on in forms)
        return np.array([part.settles(row, sign) for row, sign in rows], dtype=bool)
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
