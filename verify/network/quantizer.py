"""Uniform quantizers: what ``QuantizeLinear`` and ``DequantizeLinear`` together do to a value.

``y = scale * min(max(round(z / scale), low), high)``, where ties are rounded to the even integer. The standard divides
in the type of the scale, so an implementation rounds another quotient p, with ``|p - q| <= roundoff * max(|q|, 1)`` for
q = z / scale (what is lost to underflow is less than ``roundoff``). Nothing here depends on which p within that bound
it is, as long as division is monotone and gives whole numbers where the quotient is one:

- *Off by at most* ``radii``: ``y = min(max(z + e, scale * low), scale * high)`` with an e of size at most
  ``scale * (1/2 + roundoff * M)``, M = max(|low|, |high|, 1). For q between low and high take z + e = scale * round(p),
  which is y: p is between them as well (both are numbers of the type of the scale, which ``Quantizer`` checks), and
  round(p) is within 1/2 of p. For q beyond one of them, so is p; take e = 0.
- *Settled*: where both ends of the interval of p give one integer, each p in it does, as rounding is monotone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.rational import Floats, Vector, exact_text, to_fraction, vector


@dataclass(frozen=True, eq=False)
class Quantizer:
    """For each unit the scale, and the least and the greatest integer; ``roundoff`` of the division."""

    scale: Vector
    low: Vector
    high: Vector
    roundoff: Fraction

    def __post_init__(self) -> None:
        ends = [*self.low.fractions(), *self.high.fractions()]
        if not len(self.scale) == len(self.low) == len(self.high):
            raise NetworkError("a quantizer needs a scale and two ends for each value")
        if any(scale <= 0 for scale in self.scale.fractions()):
            raise NetworkError("a scale of a quantizer is not positive")
        if any(end.denominator != 1 or abs(end) * self.roundoff > 1 for end in ends):
            raise NetworkError("the ends of a quantizer are not integers that the type of its scale has")
        if any(low > high for low, high in zip(self.low.fractions(), self.high.fractions(), strict=True)):
            raise NetworkError("the lower end of a quantizer is above its upper end")
        if not 0 <= self.roundoff <= Fraction(1, 256):
            raise NetworkError("the roundoff of a quantizer is not that of a type of floats")

    @cached_property
    def bottom(self) -> Vector:
        """The least values, ``scale * low``."""
        return _products(self.scale, self.low)

    @cached_property
    def top(self) -> Vector:
        """The greatest values, ``scale * high``."""
        return _products(self.scale, self.high)

    @cached_property
    def radii(self) -> Vector:
        """How large e may be (see the module docstring)."""
        ends = zip(self.scale.fractions(), self.low.fractions(), self.high.fractions(), strict=True)
        one = Fraction(1)
        return vector([s * (one / 2 + self.roundoff * max(abs(a), abs(b), one)) for s, a, b in ends])

    def settled(self, z: Vector) -> tuple[Vector, int | None]:
        """The values at z, and the first unit whose quotient is so near a tie that rounding the division may matter."""
        values, near = [], None
        rows = zip(*(v.fractions() for v in (z, self.scale, self.low, self.high)), strict=True)
        for unit, (number, scale, low, high) in enumerate(rows):
            quotient = number / scale
            spread = self.roundoff * max(abs(quotient), 1)
            ends = [min(max(Fraction(round(p)), low), high) for p in (quotient - spread, quotient + spread)]
            if ends[0] != ends[1] and near is None:
                near = unit
            values.append(scale * min(max(Fraction(round(quotient)), low), high))
        return vector(values), near

    def floats(self, z: Floats) -> Floats:
        """The values of columns z (units, points) in float64, without a bound on the error."""
        scale, low, high = (v.floats()[:, None] for v in (self.scale, self.low, self.high))
        return np.asarray(scale * np.clip(np.rint(z / scale), low, high))

    def take(self, units: NDArray[np.int64]) -> Quantizer:
        """Those of some units."""
        return Quantizer(self.scale.take(units), self.low.take(units), self.high.take(units), self.roundoff)

    def to_json(self) -> dict[str, Any]:
        """Plain data, rationals as strings."""
        ends = {"scale": self.scale.strings(), "low": self.low.strings(), "high": self.high.strings()}
        return {**ends, "roundoff": exact_text(self.roundoff)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Quantizer:
        """What ``to_json`` wrote."""
        scale, low, high = (vector([str(text) for text in data[key]]) for key in ("scale", "low", "high"))
        return cls(scale, low, high, to_fraction(str(data["roundoff"])))


def _products(left: Vector, right: Vector) -> Vector:
    return vector([a * b for a, b in zip(left.fractions(), right.fractions(), strict=True)])
