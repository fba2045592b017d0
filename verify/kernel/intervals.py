"""Interval arithmetic on sparse rows, exact: bounds of affine forms from bounds of their variables.

Sides may be infinite. Bounds of new variables are rounded outwards to a grid once their denominators are long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from verify.kernel.exact import Bits
from verify.network.matrix import Matrix
from verify.rational import Vector, concatenate, integer_array
from verify.region import Box
from verify.region.bases import Base

# Denominators of more bits are rounded away, to a grid that keeps so many bits of the largest bound.
LONG, KEPT = 256, 96


@dataclass(frozen=True, eq=False)
class Intervals:
    """``low <= value <= high`` for each entry; where a side is not known its number is 0 and its mask False."""

    low: Vector
    high: Vector
    has_low: Bits
    has_high: Bits

    @classmethod
    def of_inputs(cls, base: Base, *, bounded: bool) -> Intervals:
        """Column 0 is the constant 1; then the coordinates of the base, without bounds unless ``bounded``."""
        size = base.dimension
        one = Vector(integer_array([1]), 1)
        if not bounded:
            nothing, none = Vector(integer_array([0] * size), 1), np.zeros(size, dtype=bool)
            sides = (nothing, nothing, none, none)
        elif isinstance(base, Box):
            sides = (base.low, base.high, base.low_finite, base.high_finite)
        else:
            step = Vector(np.full(size, base.radius.numerator, dtype=object), base.radius.denominator)
            known = np.ones(size, dtype=bool)
            sides = (base.midpoint - step, base.midpoint + step, known, known)
        always = np.ones(1, dtype=bool)
        return cls(
            concatenate([one, sides[0]]),
            concatenate([one, sides[1]]),
            np.concatenate([always, sides[2]]),
            np.concatenate([always, sides[3]]),
        )

    def followed_by(self, more: Intervals) -> Intervals:
        """These entries, then those."""
        return Intervals(
            concatenate([self.low, more.low]),
            concatenate([self.high, more.high]),
            np.concatenate([self.has_low, more.has_low]),
            np.concatenate([self.has_high, more.has_high]),
        )

    def of_rows(self, rows: Matrix) -> Intervals:
        """Bounds of affine forms over these entries."""
        low, has_low = self._lowest(rows, upwards=False)
        high, has_high = self._lowest(rows, upwards=True)
        return Intervals(low, high, has_low, has_high)

    def _lowest(self, rows: Matrix, *, upwards: bool) -> tuple[Vector, Bits]:
        """The least (or greatest) value of each form, and where there is one."""
        positive = np.asarray(rows.entries > 0, dtype=bool)
        takes_low = positive != upwards
        known = np.where(takes_low, self.has_low[rows.columns], self.has_high[rows.columns])
        has = np.bincount(rows.row_of_entry, ~known, rows.shape[0]) == 0
        chosen = rows.select_rows(np.where(has, np.arange(rows.shape[0]), -1))
        takes_low = takes_low[has[rows.row_of_entry]]
        numerators, denominator = chosen.integers
        low, high = self.low.numerators[chosen.columns], self.high.numerators[chosen.columns]
        sides = np.where(takes_low, low * self.high.denominator, high * self.low.denominator)
        total = np.zeros(rows.shape[0], dtype=object)
        filled = chosen.row_lengths > 0
        if chosen.entry_count:
            total[filled] = np.add.reduceat(numerators * sides, chosen.row_starts[:-1][filled])
        return Vector(total, denominator * self.low.denominator * self.high.denominator).reduced(), has

    def rounded(self) -> Intervals:
        """The same bounds, or slightly wider ones over a short common denominator."""
        return Intervals(
            _on_grid(self.low, lambda n, d: n // d),
            _on_grid(self.high, lambda n, d: -(-n // d)),
            self.has_low,
            self.has_high,
        )

    def clipped(self) -> Intervals:
        """Bounds of ``max(value, 0)``."""
        low = Vector(np.where(self.has_low, np.maximum(self.low.numerators, 0), 0), self.low.denominator)
        high = Vector(np.where(self.has_high, np.maximum(self.high.numerators, 0), 0), self.high.denominator)
        return Intervals(low, high, np.ones(len(low), dtype=bool), self.has_high)

    def never_negative(self) -> Bits:
        """Where the lower bound is at least 0."""
        return np.asarray(self.has_low & (self.low.numerators >= 0), dtype=bool)

    def never_positive(self) -> Bits:
        """Where the upper bound is at most 0."""
        return np.asarray(self.has_high & (self.high.numerators <= 0), dtype=bool)


def _on_grid(values: Vector, divided: Callable[[int, int], int]) -> Vector:
    if values.denominator.bit_length() <= LONG:
        return values
    largest = max((abs(n) for n in values.numerators.tolist()), default=0)
    bits = max(KEPT - (largest.bit_length() - values.denominator.bit_length()), 0)
    scaled = [divided(n << bits, values.denominator) for n in values.numerators.tolist()]
    return Vector(integer_array(scaled), 1 << bits)
