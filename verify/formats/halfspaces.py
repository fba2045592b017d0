"""Linear forms and half-spaces as text gives them.

They are kept sparse, so that a bound on one of a hundred thousand inputs costs one number and not a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from verify.errors import InputError, RegionError
from verify.rational import Vector, concatenate, parse_rational, zeros
from verify.region import Box, HalfSpace, Region, box, intersection
from verify.region.bases import Mask

# 4214 digits; Python refuses to write integers of more than 4300 in decimal.
MAX_BITS = 14_000
MAX_DIGITS = 4_200
# Half-spaces with several inputs are stored as full rows: at most this many numbers in all.
MAX_ROW_NUMBERS = 20_000_000


def exact(text: str) -> Fraction:
    """The number that ``text`` is (see ``parse_rational``), of at most 4200 digits."""
    if len(text) > MAX_DIGITS:
        raise InputError(f"a number of {len(text)} characters; at most {MAX_DIGITS} are read")
    return bounded(parse_rational(text))


def bounded(value: Fraction) -> Fraction:
    """``value``, unless it has too many digits to be worked with."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise InputError(f"a number has more than {MAX_DIGITS} digits; use a smaller exponent")
    return value


def check_common_denominator(values: Iterable[Fraction]) -> None:
    """Refuse numbers whose common denominator is huge: vectors are stored over it."""
    common = 1
    for denominator in {value.denominator for value in values}:
        common = math.lcm(common, denominator)
        if common.bit_length() > MAX_BITS:
            raise InputError(f"the common denominator has more than {MAX_DIGITS} digits; use simpler fractions")


@dataclass(slots=True)
class Linear:
    """``constant + sum_i coefficients[i] x_i``; no stored coefficient is zero."""

    constant: Fraction = Fraction(0)
    coefficients: dict[int, Fraction] = field(default_factory=dict)

    def add(self, other: Linear, sign: int = 1) -> None:
        """Add ``sign`` times ``other`` to this form, which changes."""
        self.constant = bounded(self.constant + sign * other.constant)
        for index, value in other.coefficients.items():
            total = bounded(self.coefficients.get(index, Fraction(0)) + sign * value)
            if total:
                self.coefficients[index] = total
            else:
                del self.coefficients[index]

    def scale(self, factor: Fraction) -> None:
        """Multiply this form, which changes, by a number."""
        self.constant = bounded(self.constant * factor)
        if not factor:
            self.coefficients = {}
        elif factor != 1:
            self.coefficients = {i: bounded(v * factor) for i, v in self.coefficients.items()}

    def inverted(self) -> Linear:
        """One divided by this form, which must be a number."""
        if self.coefficients:
            raise InputError("division by an unknown is not linear; divide by numbers only")
        if not self.constant:
            raise InputError("division by zero")
        return Linear(1 / self.constant)


def product(factors: Sequence[Linear]) -> Linear:
    """The product of linear forms of which at most one is not a number."""
    unknown = [f for f in factors if f.coefficients]
    if len(unknown) > 1:
        raise InputError("a product of two unknowns is not linear; multiply by numbers only")
    number = Fraction(1)
    for f in factors:
        number = bounded(number * f.constant) if not f.coefficients else number
    result = unknown[0] if unknown else Linear(Fraction(1))
    result.scale(number)
    return result


@dataclass(frozen=True, slots=True)
class ReadRow:
    """The half-space ``sum_i coefficients[i] x_i <= bound``."""

    coefficients: dict[int, Fraction]
    bound: Fraction


def at_most(left: Linear, right: Linear) -> ReadRow:
    """``left <= right``."""
    gap = Linear(left.constant, dict(left.coefficients))
    gap.add(right, -1)
    return ReadRow(gap.coefficients, -gap.constant)


def compared(left: Linear, symbol: str, right: Linear) -> list[ReadRow]:
    """The rows of ``left <= right``, ``left >= right`` or, as two rows, ``left == right``."""
    rows = [at_most(left, right)] if symbol != ">=" else []
    return rows if symbol == "<=" else [*rows, at_most(right, left)]


def region_of_rows(dimension: int, rows: Sequence[ReadRow], text: str) -> Region:
    """The points where all rows hold; rows in one input become sides of the box.

    Raises ``RegionError`` where the rows are too many to be stored. A region without points is not noticed
    here: its contradicting sides are kept as half-spaces.
    """
    low: dict[int, Fraction] = {}
    high: dict[int, Fraction] = {}
    kept: list[ReadRow] = []
    for row in rows:
        if len(row.coefficients) == 1:
            _tighten(low, high, row)
        elif row.coefficients or row.bound < 0:
            kept.append(row)
    for index in [i for i, value in low.items() if i in high and value > high[i]]:
        kept += [ReadRow({index: Fraction(1)}, high.pop(index)), ReadRow({index: Fraction(-1)}, -low.pop(index))]
    if len(kept) * dimension > MAX_ROW_NUMBERS:
        raise RegionError(f"{len(kept)} half-spaces over {dimension} inputs are too many to store")
    check_common_denominator([*low.values(), *high.values()])
    base = box([low.get(i) for i in range(dimension)], [high.get(i) for i in range(dimension)], text)
    return base.with_rows([_dense(row, dimension) for row in kept])


def _tighten(low: dict[int, Fraction], high: dict[int, Fraction], row: ReadRow) -> None:
    ((index, coefficient),) = row.coefficients.items()
    limit = bounded(row.bound / coefficient)
    if coefficient > 0:
        high[index] = min(limit, high.get(index, limit))
    else:
        low[index] = max(limit, low.get(index, limit))


def _dense(row: ReadRow, dimension: int) -> HalfSpace:
    check_common_denominator(row.coefficients.values())
    common = math.lcm(*(v.denominator for v in row.coefficients.values()))
    full = zeros(dimension)
    for index, value in row.coefficients.items():
        full.numerators[index] = value.numerator * (common // value.denominator)
    return HalfSpace(Vector(full.numerators, common), row.bound)


def meet(left: Region, right: Region) -> Region:
    """The common points; as ``intersection``, but two large boxes do not become full rows."""
    if left.ambient != right.ambient:
        return intersection(left, right)  # which says what is wrong
    plain = [r.base for r in (left, right) if r.chart is None and isinstance(r.base, Box)]
    if len(plain) == 2:
        sides = [*_sides(plain[0]), *_sides(plain[1])]
        return region_of_rows(left.ambient, sides, "").with_rows([*left.rows, *right.rows])
    count = sum(int(base.low_finite.sum() + base.high_finite.sum()) for base in plain)
    if count * left.ambient > MAX_ROW_NUMBERS:
        raise RegionError(f"'&' with {count} half-spaces over {left.ambient} inputs: too many to store")
    return intersection(left, right)


def embedded(region: Region, start: int, dimension: int) -> Region:
    """The points of R^``dimension`` whose coordinates from ``start`` on lie in the region; the others are free."""
    if start == 0 and region.ambient == dimension:
        return region
    if region.chart is not None or not isinstance(region.base, Box):
        raise RegionError(
            "one of several inputs lies in a box or where(...); give a slice or an L1 ball in all of them"
        )
    if len(region.rows) * dimension > MAX_ROW_NUMBERS:
        raise RegionError(f"{len(region.rows)} half-spaces over {dimension} inputs are too many to store")
    before, after = start, dimension - start - region.dimension

    def padded(values: Vector) -> Vector:
        return concatenate([zeros(before), values, zeros(after)])

    def free(mask: Mask) -> Mask:
        return np.concatenate([np.zeros(before, dtype=bool), mask, np.zeros(after, dtype=bool)])

    base = region.base
    sides = Box(padded(base.low), padded(base.high), free(base.low_finite), free(base.high_finite))
    return Region(sides, tuple(HalfSpace(padded(row.coefficients), row.bound) for row in region.rows))


def _sides(base: Box) -> list[ReadRow]:
    lows, highs = base.low.fractions(), base.high.fractions()
    below = [ReadRow({int(i): Fraction(-1)}, -lows[i]) for i in np.flatnonzero(base.low_finite)]
    return below + [ReadRow({int(i): Fraction(1)}, highs[i]) for i in np.flatnonzero(base.high_finite)]
