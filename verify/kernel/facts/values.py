"""What is known of values in a network for all members of a family: intervals, and shapes of functions of the input.

A fact about a channel holds for each of its values, as a function v of the input on the convex region P, for every
member of the family. All facts are of the form "for all points of P ...", so they also hold on every part of P.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from verify.kernel.interval import Interval, point

if TYPE_CHECKING:
    from verify.network.families.ranges import Range

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
    return facts(point(value), point(value), ())
