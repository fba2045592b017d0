"""Intervals of exact numbers with ends that may be infinite."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

# The only floats here are the two infinities: compared with fractions exactly, and never added or multiplied.
Extended: TypeAlias = Fraction | float
NOUGHT, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Interval:
    """All numbers from ``low`` to ``high``, ends included where they are finite."""

    low: Extended
    high: Extended

    @property
    def is_zero(self) -> bool:
        return self.low == self.high == 0

    def __add__(self, other: Interval) -> Interval:
        return Interval(_sum(self.low, other.low), _sum(self.high, other.high))

    def __mul__(self, other: Interval) -> Interval:
        """Products of a number of each: extreme at corners, as a product is monotone in each factor."""
        corners = [_product(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners), max(corners))

    def times(self, count: int) -> Interval:
        """Sums of ``count`` numbers of the interval."""
        return Interval(_product(self.low, Fraction(count)), _product(self.high, Fraction(count)))

    def hull(self, other: Interval) -> Interval:
        """The least interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def clamped(self, low: Extended, high: Extended) -> Interval:
        """What min(max(z, low), high) makes of its numbers."""
        return Interval(min(max(self.low, low), high), min(max(self.high, low), high))


def _product(a: Extended, b: Extended) -> Extended:
    """A product of bounds; 0 times an infinite bound is 0, as the bound itself is never reached."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    if a == 0 or b == 0:
        return NOUGHT
    return math.inf if (a > 0) == (b > 0) else -math.inf


def _sum(a: Extended, b: Extended) -> Extended:
    """A sum of two lower or two upper bounds: never of opposite infinities."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a + b
    return b if isinstance(a, Fraction) else a


EVERYTHING = Interval(-math.inf, math.inf)
ZERO = Interval(NOUGHT, NOUGHT)


def point(value: Fraction) -> Interval:
    """The interval of one number."""
    return Interval(value, value)
