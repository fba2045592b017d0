"""The base of a region: a box whose sides may be infinite, or an L1 ball. Both minimise linear forms in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.rational import Vector, vector

Bound: TypeAlias = Fraction | None
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Box:
    """``low <= t <= high``; a side that is not finite has mask False (its number is then 0)."""

    low: Vector
    high: Vector
    low_finite: Mask
    high_finite: Mask

    @property
    def dimension(self) -> int:
        return len(self.low)

    @cached_property
    def pinned(self) -> Mask:
        """Coordinates whose two sides coincide."""
        equal = self.low.numerators * self.high.denominator == self.high.numerators * self.low.denominator
        return np.asarray(equal, dtype=bool) & self.low_finite & self.high_finite

    @property
    def is_bounded(self) -> bool:
        return bool(np.all(self.low_finite) and np.all(self.high_finite))

    def contains(self, t: Vector) -> bool:
        """Whether t lies in the closed box."""
        above = t.numerators * self.low.denominator >= self.low.numerators * t.denominator
        below = t.numerators * self.high.denominator <= self.high.numerators * t.denominator
        # The method costs a third of the function, and points are asked for by the thousand.
        return bool((above | ~self.low_finite).all() and (below | ~self.high_finite).all())

    def has_inside(self, t: Vector) -> bool:
        """Whether t lies in the relative interior."""
        above = t.numerators * self.low.denominator > self.low.numerators * t.denominator
        below = t.numerators * self.high.denominator < self.high.numerators * t.denominator
        strict = (above | ~self.low_finite) & (below | ~self.high_finite)
        return self.contains(t) and bool(np.all(strict | self.pinned))

    def minimum(self, coefficients: Vector) -> Fraction | None:
        """The exact minimum of ``coefficients . t``; None where it is minus infinity."""
        c = coefficients.numerators
        positive, negative = np.asarray(c > 0, dtype=bool), np.asarray(c < 0, dtype=bool)
        if np.any(positive & ~self.low_finite) or np.any(negative & ~self.high_finite):
            return None
        total = Fraction(0)
        for side, mask in ((self.low, positive), (self.high, negative)):
            if mask.any():
                total += Fraction(
                    int(np.dot(c[mask], side.numerators[mask])), coefficients.denominator * side.denominator
                )
        return total

    def centre(self) -> Vector:
        """A point of the relative interior: midpoints, or a point one inside an infinite side."""
        return self._centre

    @cached_property
    def _centre(self) -> Vector:
        if self.is_bounded:
            return (self.low + self.high).scaled(Fraction(1, 2))
        values = []
        for low, high, has_low, has_high in zip(
            self.low.fractions(), self.high.fractions(), self.low_finite, self.high_finite, strict=True
        ):
            if has_low and has_high:
                values.append((low + high) / 2)
            elif has_low or has_high:
                values.append(low + 1 if has_low else high - 1)
            else:
                values.append(Fraction(0))
        return vector(values)

    def radii(self) -> Vector:
        """Half the length of each side; 0 where a side is infinite."""
        finite = self.low_finite & self.high_finite
        half = (self.high - self.low).scaled(Fraction(1, 2))
        return Vector(np.where(finite, half.numerators, 0), half.denominator)


@dataclass(frozen=True, eq=False)
class L1Ball:
    """``sum_j |t_j - centre_j| <= radius`` with a positive radius."""

    midpoint: Vector
    radius: Fraction

    @property
    def dimension(self) -> int:
        return len(self.midpoint)

    @property
    def pinned(self) -> Mask:
        return np.zeros(self.dimension, dtype=bool)

    @property
    def is_bounded(self) -> bool:
        return True

    def contains(self, t: Vector) -> bool:
        """Whether t lies in the closed ball."""
        return self._distance(t) <= self.radius

    def has_inside(self, t: Vector) -> bool:
        """Whether t lies in the open ball."""
        return self._distance(t) < self.radius

    def _distance(self, t: Vector) -> Fraction:
        gap = t - self.midpoint
        return Fraction(sum(abs(n) for n in gap.numerators.tolist()), gap.denominator)

    def minimum(self, coefficients: Vector) -> Fraction | None:
        """The exact minimum of ``coefficients . t``."""
        steepest = max((abs(n) for n in coefficients.numerators.tolist()), default=0)
        return coefficients.dot(self.midpoint) - self.radius * Fraction(steepest, coefficients.denominator)

    def centre(self) -> Vector:
        """The centre."""
        return self.midpoint


Base: TypeAlias = Box | L1Ball
