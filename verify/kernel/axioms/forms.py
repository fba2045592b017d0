"""Affine forms of many boxes at once, as data: symbols, columns, and what a form bounds.

``verify.kernel.axioms.batches`` says what a form means, and makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF
from verify.rational import Floats

if TYPE_CHECKING:
    from scipy.sparse import csc_array

# Lower and upper bounds (B, n); slopes and half heights.
Sides: TypeAlias = tuple[Floats, Floats]


@dataclass(frozen=True)
class ColumnPrecision:
    """The type of columns, its unit roundoff and its smallest number."""

    dtype: type[np.floating[Any]]
    roundoff: float
    smallest: float


DOUBLE = ColumnPrecision(np.float64, UNIT_ROUNDOFF, SMALLEST_SUBNORMAL)
SINGLE = ColumnPrecision(np.float32, 2.0**-24, 2.0**-149)


@dataclass(eq=False)
class NoiseSymbols:
    """The symbols of one sort, in the order in which they were made: the box (of ``size``) of each, most in one box.

    Boxes have different numbers of symbols; each symbol is one row of the columns of all boxes together.
    """

    size: int
    boxes: NDArray[np.int64]
    most: int
    _adding: dict[tuple[int, int], csc_array] = field(default_factory=dict)

    @classmethod
    def none(cls, size: int) -> NoiseSymbols:
        """No symbol yet."""
        return cls(size, np.zeros(0, dtype=np.int64), 0)

    def made(self, units: NDArray[np.int64], coefficients: Floats, each: NDArray[np.int64]) -> Fresh:
        """New ones: for some units, with these coefficients, in these boxes (in order)."""
        start = len(self.boxes)
        self.boxes = np.concatenate([self.boxes, each])
        self.most += int(np.bincount(each, minlength=1).max())
        return Fresh(start, each, units, coefficients)

    def sums(self, columns: Floats, start: int = 0) -> Floats:
        """``sum_j |G_j|`` (B, n) for columns from that number on, as floats add it up, in any order."""
        key = start, start + len(columns)
        if key not in self._adding:
            from scipy.sparse import csc_array

            ones, ends = np.ones(len(columns), columns.dtype), np.arange(len(columns) + 1)
            self._adding[key] = csc_array((ones, self.boxes[slice(*key)], ends), shape=(self.size, len(columns)))
        return np.asarray((self._adding[key] @ np.abs(columns)).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Fresh:
    """Symbols ``start``, ``start + 1``, ...: of each the box, the unit whose it is, and its coefficient there (k)."""

    start: int
    boxes: NDArray[np.int64]
    units: NDArray[np.int64]
    coefficients: Floats

    @property
    def end(self) -> int:
        return self.start + len(self.units)


@dataclass(frozen=True, eq=False)
class Columns:
    """Coefficients (p, n) of the first p symbols of a sort, and of the block's own newest ones."""

    symbols: NoiseSymbols
    dense: Floats
    fresh: Fresh | None = None

    @property
    def end(self) -> int:
        return len(self.dense) if self.fresh is None else self.fresh.end

    def scaled(self, factors: Floats) -> Floats:
        """The dense ones, those of each box times its factors (B, n), numbers of the type of the columns."""
        result = np.take(factors.astype(self.dense.dtype), self.symbols.boxes[: len(self.dense)], axis=0)
        return np.multiply(result, self.dense, out=result)


@dataclass(frozen=True, eq=False)
class Zonotope:
    """Centre (B, n), shared and own columns, errors (B, n) and ``reach`` (B, n) >= |sum_j G_j e_j|."""

    centre: Floats
    shared: Columns
    own: Columns
    error: Floats
    reach: Floats

    def sides(self) -> tuple[Floats, Floats]:
        """Bounds of the entries."""
        return around(self.centre, self.reach + self.error)

    def of_inputs(self, size: int) -> Floats:
        """The columns (B, size, n) of the coordinates."""
        boxes, rows = self.centre.shape
        columns = self.shared.dense[: boxes * size]
        return columns.reshape(boxes, size, rows) if len(columns) else np.zeros((boxes, size, rows))


@dataclass(frozen=True, eq=False)
class Directions:
    """``centre + spread * e`` (n): e in the unit ball of a norm (``linf``, ``l1``, ``l2``); None: the centre alone."""

    centre: Floats
    spread: Floats | None = None
    norm: str = "linf"

    @property
    def size(self) -> int:
        """How many own symbols they take."""
        return 0 if self.spread is None else len(self.spread)

    def reach(self, columns: Floats) -> Floats:
        """``max |sum_j G_j e_j|`` (B, n) for columns (B, p, n) of the ball's symbols, as floats add it up."""
        sizes = np.abs(columns).astype(np.float64)
        if self.norm == "linf":
            return np.asarray(sizes.sum(axis=1))
        if self.norm == "l1":
            return np.asarray(sizes.max(axis=1, initial=0.0))
        # A square may lose half of the smallest number.
        return np.asarray(np.sqrt((sizes * sizes).sum(axis=1) + sizes.shape[1] * SMALLEST_SUBNORMAL))


class BlockSides(NamedTuple):
    """Sides of a block's pre-activations z, of its gaps d, and, where gaps are differences, of z' = z - d."""

    value: Sides
    gap: Sides | None = None
    second: Sides | None = None


# Shared and own ones.
BothSorts: TypeAlias = tuple[NoiseSymbols, NoiseSymbols]


def around(centre: Floats, radius: Floats) -> Sides:
    """Bounds of what is within the radius of the centre, each given to one rounding: the radius grows by more than what
    these and the three operations here lose, ``u |centre - radius|`` among it.
    """
    size = radius * (1 + 8 * UNIT_ROUNDOFF)
    size += np.abs(centre) * (4 * UNIT_ROUNDOFF)
    size += 4 * SMALLEST_SUBNORMAL
    return centre - size, centre + size
