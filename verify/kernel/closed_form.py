"""Closed forms: the sign of affine forms on a box or an L1 ball, for one form or for all units of a block at once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.evidence import Equation, Multipliers
from verify.kernel.exact import AffineForm, Bits, Cell
from verify.kernel.filter import Spread, spread
from verify.region import Box, HalfSpace, Region
from verify.region.bases import Base


def are_weights(multipliers: Multipliers, count: int) -> bool:
    """Whether these are nonnegative rational multipliers of constraints that there are (0 to ``count`` - 1)."""
    return all(
        type(index) is int and 0 <= index < count and isinstance(value, Fraction) and value >= 0
        for index, value in multipliers.items()
    )


def check_equation(equation: Equation, region: Region) -> AffineForm:
    """The form of the equation (in coordinates of the chart), which is zero on the region."""
    for form, multipliers in ((equation.form, equation.above), (-equation.form, equation.below)):
        if not is_nonnegative(form, region.base, region.rows, multipliers):
            raise EvidenceError("equation", "a claimed equation of the region's hull does not follow")
    return equation.form


def is_nonnegative(form: AffineForm, base: Base, rows: Sequence[HalfSpace], multipliers: Multipliers) -> bool:
    """Whether ``form >= 0`` follows on the base where all rows hold.

    Subtract nonnegative multiples of the rows' slacks (each >= 0 there); if what remains is >= 0 on the whole base,
    by its closed-form minimum, then so is the form.
    """
    coefficients, constant = form.coefficients, form.constant
    if len(coefficients) != base.dimension or not are_weights(multipliers, len(rows)):
        return False
    for index, value in multipliers.items():
        coefficients = coefficients + rows[index].coefficients.scaled(value)
        constant -= value * rows[index].bound
    lowest = base.minimum(coefficients)
    return lowest is not None and lowest + constant >= 0


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
    """Float bounds of the cell's pre-activations; None where they do not apply or exact arithmetic is cheap.

    Remembered with the cell: finding evidence and checking it need the same numbers.
    """
    if cell.is_small:
        return None
    for known, bounds in cell.spreads:
        if known is base:
            return bounds  # type: ignore[no-any-return]
    bounds = spread(cell.network, cell.pattern, base)
    cell.spreads[:] = [*cell.spreads[-1:], (base, bounds)]
    return bounds


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
