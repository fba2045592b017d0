"""The region Q of a formula while it is collected: sides and rows over coordinates that are added on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from verify.formula.tree import FormulaMistake
from verify.rational import Vector, vector, zeros
from verify.region import Box, HalfSpace, Region

# Half-spaces are stored as full rows: at most this many numbers in all.
MAX_ROW_NUMBERS = 20_000_000


@dataclass(eq=False)
class RegionBuilder:
    """Sides and rows; ``region`` is asked once, at the end."""

    low: list[Fraction | None] = field(default_factory=list)
    high: list[Fraction | None] = field(default_factory=list)
    rows: list[tuple[dict[int, Fraction], Fraction]] = field(default_factory=list)

    def add(self, count: int) -> int:
        """New coordinates; returns the number of the first."""
        first = len(self.low)
        self.low += [None] * count
        self.high += [None] * count
        return first

    def require(self, coefficients: Mapping[int, Fraction], bound: Fraction) -> None:
        """``coefficients . u <= bound``."""
        self.rows.append(({j: c for j, c in coefficients.items() if c}, bound))

    def region(self) -> Region:
        """What was collected; raises ``FormulaMistake`` where these are too many rows to store."""
        size = len(self.low)
        rows = []
        for coefficients, bound in self.rows:
            if len(coefficients) == 1:
                ((j, c),) = coefficients.items()
                self._side(j, bound / c, upper=c > 0)
            elif coefficients or bound < 0:
                rows.append((coefficients, bound))
        for j in range(size):
            low, high = self.low[j], self.high[j]
            if low is not None and high is not None and low > high:  # empty: rows, for a certificate
                rows += [({j: Fraction(1)}, high), ({j: Fraction(-1)}, -low)]
                self.low[j] = self.high[j] = None
        if len(rows) * size > MAX_ROW_NUMBERS:
            raise FormulaMistake(0, f"{len(rows)} half-spaces over {size} coordinates are too many to store")
        base = Box(
            vector([v or 0 for v in self.low]),
            vector([v or 0 for v in self.high]),
            np.array([v is not None for v in self.low], dtype=bool),
            np.array([v is not None for v in self.high], dtype=bool),
        )
        return Region(base, tuple(_dense(coefficients, bound, size) for coefficients, bound in rows))

    def _side(self, j: int, limit: Fraction, *, upper: bool) -> None:
        known = self.high[j] if upper else self.low[j]
        if upper:
            self.high[j] = limit if known is None else min(known, limit)
        else:
            self.low[j] = limit if known is None else max(known, limit)


def _dense(coefficients: Mapping[int, Fraction], bound: Fraction, size: int) -> HalfSpace:
    common = math.lcm(*(value.denominator for value in coefficients.values())) if coefficients else 1
    full = zeros(size)
    for index, value in coefficients.items():
        full.numerators[index] = value.numerator * (common // value.denominator)
    return HalfSpace(Vector(full.numerators, common), bound)
