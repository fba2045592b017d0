"""Rows on their way to the input, with what rounding has cost them (``verify.kernel.axioms.backward`` says how)."""

from __future__ import annotations

import numpy as np

from verify.kernel.axioms.batches import MAX_ERROR
from verify.kernel.axioms.forms import Sides, around
from verify.kernel.exact import Bits
from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma
from verify.network.matrix import Indices
from verify.rational import Floats


class Carried:
    """Rows on their way to the input: coefficients (R, n) by source, a constant (R), and what rounding lost (R)."""

    def __init__(self, rows: int) -> None:
        self.forms: dict[int, Floats] = {}
        self._constant, self._lost, self._steps = np.zeros(rows), np.zeros(rows), 0

    def add(self, values: Floats) -> None:
        """Add to the constants."""
        self._constant = self._constant + values
        self.lose(UNIT_ROUNDOFF * np.abs(self._constant), 1)

    def lose(self, sizes: Floats, terms: int, products: float = 0.0) -> None:
        """Count what an operation may be off by: a sum of so many nonnegative numbers, and products that underflow."""
        spare = (products + terms + 4) * 2 * SMALLEST_SUBNORMAL
        self._lost = self._lost + (sizes * (1 + 4 * gamma(terms + 16)) + spare)
        self._steps += 1

    def below(self, form: Floats, sides: Sides, slopes: Floats | Bits) -> Floats:
        """Coefficients of z for those of relu(z): 2 of its docstring."""
        low, high = sides
        chord = high / (high - low)
        chosen = np.where(form >= 0, slopes, np.where((chord >= 0) & (chord <= 1), chord, 1.0))
        on, off = low >= 0, (high <= 0) & ~(low >= 0)
        result = np.where(on, form, np.where(off, 0.0, form * chosen))
        terms = np.stack([np.zeros_like(form), -(result * low), (form - result) * high])
        self._least(np.where(on | off, 0.0, terms))
        return result

    def between(self, form: Floats, sides: Sides, stable: Bits, on: Bits) -> Floats:
        """Coefficients of d for those of a gap w between 0 and d: 3 of its docstring."""
        low, high = np.minimum(sides[0], 0.0), np.maximum(sides[1], 0.0)
        width = np.where(high > low, high - low, 1.0)
        chosen = np.where(form >= 0, -low, high) / width  # the chord of min(0, d), or of max(0, d)
        result = np.where(stable, np.where(on, form, 0.0), form * chosen)
        rest = form - result
        terms = np.stack([rest * sides[0], -(result * sides[0]), rest * sides[1], -(result * sides[1])])
        self._least(np.where(stable, 0.0, terms))
        return result

    def relaxed(self, form: Floats, units: Indices, multipliers: Floats, sides: Sides) -> Floats:
        """Coefficients of z, of some units less by the multipliers: 5 of its docstring."""
        result = form.copy()
        result[:, units] -= multipliers
        rest = form[:, units] - result[:, units]
        self._least(np.where(rest == 0, 0.0, np.stack([rest * sides[0], rest * sides[1]])))
        return result

    def bound(self, low: Floats, high: Floats, caution: float = 1.0) -> Floats:
        """Lower bounds (R) on the box: 4 of its docstring. ``caution``: so many times what rounding may lose."""
        form = self.forms.get(0)
        if form is not None:
            self._least(np.stack([form * low, form * high]))
        lost = self._lost * (1 + 4 * gamma(self._steps + 16)) * caution
        found = around(self._constant, lost)[0]
        return np.where(np.isfinite(found) & (lost < MAX_ERROR), found, -np.inf)

    def _least(self, terms: Floats) -> None:
        """Add the least of the terms (T, R, n) of each unit to the constants."""
        values, count = terms.min(axis=0), terms.shape[2]
        sizes = np.abs(terms).max(axis=0).sum(axis=1)
        self.lose((4 * UNIT_ROUNDOFF + gamma(count + 8)) * sizes, count, count)
        self.add(values.sum(axis=1))
