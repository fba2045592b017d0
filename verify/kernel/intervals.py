"""Interval arithmetic on sparse rows, exact: bounds of affine forms from bounds of their variables.

Sides may be infinite. Bounds of new variables are rounded outwards to a grid once their denominators are long. The
upper bound of v is kept as the lower bound of -v, so that what is done to one side is done to the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.kernel.exact import Bits
from verify.network.matrix import Matrix
from verify.rational import Integers, Vector, concatenate, integer_array
from verify.region.bases import Base

# Denominators of more bits are rounded away, to a grid that keeps so many bits of the largest bound.
LONG, KEPT = 256, 96


@dataclass(frozen=True, eq=False)
class LowerBounds:
    """``value >= number`` for each entry where that is known; the others have the number 0."""

    numbers: Vector
    known: Bits

    @classmethod
    def of(cls, numerators: Integers, denominator: int, known: Bits) -> LowerBounds:
        """These numbers, where they are known."""
        return cls(Vector(np.where(known, numerators, 0), denominator), np.asarray(known, dtype=bool))

    def __add__(self, other: LowerBounds) -> LowerBounds:
        total = self.numbers + other.numbers
        return LowerBounds.of(total.numerators, total.denominator, self.known & other.known)

    def followed_by(self, more: LowerBounds) -> LowerBounds:
        """These entries, then those."""
        return LowerBounds(concatenate([self.numbers, more.numbers]), np.concatenate([self.known, more.known]))

    def lowered(self, mask: Bits | bool = True) -> LowerBounds:
        """At most 0 where the mask says so."""
        numerators = self.numbers.numerators
        return LowerBounds(
            Vector(np.where(mask, np.minimum(numerators, 0), numerators), self.numbers.denominator), self.known
        )

    def zero(self, mask: Bits) -> LowerBounds:
        """The number 0 where the mask says so."""
        return LowerBounds.of(np.where(mask, 0, self.numbers.numerators), self.numbers.denominator, self.known | mask)

    @property
    def are_nonnegative(self) -> Bits:
        return np.asarray(self.known & (self.numbers.numerators >= 0), dtype=bool)

    def rounded(self) -> LowerBounds:
        """The same bounds, or slightly smaller ones over a short common denominator."""
        numerators, denominator = self.numbers.numerators.tolist(), self.numbers.denominator
        if denominator.bit_length() <= LONG:
            return self
        largest = max((abs(n) for n in numerators), default=0)
        bits = max(KEPT - (largest.bit_length() - denominator.bit_length()), 0)
        return LowerBounds(Vector(integer_array((n << bits) // denominator for n in numerators), 1 << bits), self.known)


@dataclass(frozen=True, eq=False)
class Intervals:
    """Bounds of values, and of their opposites."""

    low: LowerBounds
    top: LowerBounds

    @classmethod
    def of_inputs(cls, base: Base, *, bounded: bool) -> Intervals:
        """Column 0 is the constant 1; then the coordinates of the base, without bounds unless ``bounded``."""
        one, every, box = Vector(integer_array([1]), 1), np.ones(1, dtype=bool), base.around
        sides = ((box.low, box.low_finite), (-box.high, box.high_finite))
        low, top = (LowerBounds.of(v.numerators, v.denominator, known & bounded) for v, known in sides)
        return cls(LowerBounds(one, every).followed_by(low), LowerBounds(-one, every).followed_by(top))

    @classmethod
    def nothing(cls, size: int) -> Intervals:
        """Of so many values of which nothing is known."""
        none = LowerBounds(Vector(integer_array([0] * size), 1), np.zeros(size, dtype=bool))
        return cls(none, none)

    def __add__(self, other: Intervals) -> Intervals:
        return Intervals(self.low + other.low, self.top + other.top)

    def __neg__(self) -> Intervals:
        return Intervals(self.top, self.low)

    def followed_by(self, more: Intervals) -> Intervals:
        """These entries, then those."""
        return Intervals(self.low.followed_by(more.low), self.top.followed_by(more.top))

    def of_rows(self, rows: Matrix) -> Intervals:
        """Bounds of affine forms over these entries."""
        return Intervals(_least(rows, self.low, self.top), _least(rows, self.top, self.low))

    def rounded(self) -> Intervals:
        """The same bounds, or slightly wider ones over a short common denominator."""
        return Intervals(self.low.rounded(), self.top.rounded())

    def clipped(self) -> Intervals:
        """Bounds of ``max(value, 0)``."""
        return Intervals(self.low.zero(~self.low.are_nonnegative), self.top.lowered())


def _least(rows: Matrix, plus: LowerBounds, minus: LowerBounds) -> LowerBounds:
    """Bounds of rows: those of the variables where entries are positive, of their opposites where they are not."""
    positive = np.asarray(rows.entries > 0, dtype=bool)
    known = np.where(positive, plus.known[rows.columns], minus.known[rows.columns])
    has = np.bincount(rows.row_of_entry, ~known, rows.shape[0]) == 0
    chosen = rows.select_rows(np.where(has, np.arange(rows.shape[0]), -1))
    positive = positive[has[rows.row_of_entry]]
    numerators, denominator = chosen.integers
    ours, theirs = plus.numbers.numerators[chosen.columns], minus.numbers.numerators[chosen.columns]
    sides = np.where(positive, ours * minus.numbers.denominator, theirs * plus.numbers.denominator)
    total = np.zeros(rows.shape[0], dtype=object)
    filled = chosen.row_lengths > 0
    if chosen.entry_count:
        total[filled] = np.add.reduceat(np.abs(numerators) * sides, chosen.row_starts[:-1][filled])
    return LowerBounds(Vector(total, denominator * plus.numbers.denominator * minus.numbers.denominator).reduced(), has)
