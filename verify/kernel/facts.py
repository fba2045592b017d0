"""What is known of values in a network for all members of a family: intervals, and shapes of functions of the input.

A fact about a channel holds for each of its values, as a function v of the input on the convex region P, for every
member of the family. All facts are of the form "for all points of P ...", so they also hold on every part of P.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verify.network.families.ranges import Range
from verify.rational import exact_text

# The only floats here are the two infinities: compared with fractions exactly, and never added or multiplied.
Extended: TypeAlias = Fraction | float
NOUGHT, ONE = Fraction(0), Fraction(1)

CONSTANT = "constant"  # v(x) = v(y)
AFFINE = "affine"  # v is the restriction of an affine function
LINEAR = "linear"  # v is the restriction of a linear function
SCALING = "positively homogeneous"  # v(t x) = t v(x) where t >= 0 and x, t x are in P
ODD = "odd"  # v(-x) = -v(x) where x, -x are in P
EVEN = "even"  # v(-x) = v(x) where x, -x are in P
CONVEX = "convex"
CONCAVE = "concave"
RISING = "nondecreasing"  # v(x) <= v(y) where x <= y in every coordinate
FALLING = "nonincreasing"
ALL = (CONSTANT, LINEAR, AFFINE, SCALING, ODD, EVEN, CONVEX, CONCAVE, RISING, FALLING)

# Each fact and what follows from it at once.
IMPLIED: dict[str, tuple[str, ...]] = {
    CONSTANT: (AFFINE, EVEN, RISING, FALLING),
    LINEAR: (AFFINE, SCALING, ODD),
    AFFINE: (CONVEX, CONCAVE),
}


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

    def __str__(self) -> str:
        return f"[{_end_text(self.low)}, {_end_text(self.high)}]"


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


def _end_text(value: Extended) -> str:
    return exact_text(value) if isinstance(value, Fraction) else str(value)


EVERYTHING = Interval(-math.inf, math.inf)
ZERO = Interval(NOUGHT, NOUGHT)


def interval_of(allowed: Range) -> Interval:
    """The closed interval around a range."""
    low = -math.inf if allowed.low is None else allowed.low
    return Interval(low, math.inf if allowed.high is None else allowed.high)


@dataclass(frozen=True)
class Facts:
    """Of one channel: the interval of its values on P, the interval of its values at x = 0, and facts by name.

    The value at 0 is that of the whole network, which is defined there whether or not 0 lies in P.
    """

    values: Interval
    at_zero: Interval
    holds: frozenset[str]

    def has(self, *names: str) -> bool:
        return self.holds.issuperset(names)


def facts(values: Interval, at_zero: Interval, holds: Iterable[str]) -> Facts:
    """The facts with all that follows from them (``IMPLIED``); one possible value is a constant, and 0 is linear."""
    found = set(holds)
    if values.low == values.high:
        found.add(CONSTANT)
    if values.is_zero:
        found.add(LINEAR)
    for name in (CONSTANT, LINEAR, AFFINE):
        if name in found:
            found.update(IMPLIED[name])
    if CONSTANT in found and AFFINE in found:
        found.update((CONVEX, CONCAVE))
    return Facts(values, at_zero, frozenset(found))


def meet(parts: Iterable[Facts]) -> Facts:
    """What holds of every one of them (at least one)."""
    first, *others = parts
    values, at_zero, holds = first.values, first.at_zero, first.holds
    for part in others:
        values, at_zero, holds = values.hull(part.values), at_zero.hull(part.at_zero), holds & part.holds
    return Facts(values, at_zero, holds)


def constant(value: Fraction) -> Facts:
    """Of a value that is one number."""
    point = Interval(value, value)
    return facts(point, point, ())
