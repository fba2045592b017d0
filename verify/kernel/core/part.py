"""What follows on a part of a region: the closed-form minimum over its base, and multipliers of what holds there.

A *row* is an affine form with integer coefficients over the constant 1, the coordinates, and the values of units that
stay variables. A row is nonnegative on a part if, after nonnegative multiples of facts that hold there are taken away,
what is left is nonnegative by the sides of its columns alone, or by the radius of an L1 ball (Farkas: for half-spaces
on a box nothing more is needed).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from verify.kernel.evidence import Ceiling, Multipliers
from verify.kernel.exact import AffineForm
from verify.rational import sparse_row
from verify.region import Box, HalfSpace
from verify.region.bases import Base

# Columns 0 to n - 1 are the coordinates, column n + j is the value of variable j, and this one (as in ``sparse_row``)
# is the constant 1.
CONSTANT = -1
# Coefficients that are not zero, by column.
Row: TypeAlias = dict[int, int]
# A bound of a column's values; None where there is none.
Side: TypeAlias = Fraction | None
# A row that is nonnegative, over a denominator: the half-space itself until somebody uses it, or the column whose value
# y is at least its row.
Fact: TypeAlias = HalfSpace | int | tuple[Row, int]

NOTHING: Multipliers = {}
# A side of a column that nobody has asked for yet.
_UNKNOWN: Any = object()


def add_multiple(target: Row, source: Row, factor: int) -> None:
    """``target += factor * source`` in place, for a factor that is not zero; zeros are not kept."""
    for column, value in source.items():
        total = target.get(column, 0) + factor * value
        if total:
            target[column] = total
        else:
            del target[column]


def substituted(row: Row, values: Mapping[int, Row]) -> Row:
    """The row with the values of units put in for their columns."""
    result: Row = {}
    for column, factor in row.items():
        source = values.get(column)
        if source is None:
            result[column] = result.get(column, 0) + factor
        else:
            for c, value in source.items():
                result[c] = result.get(c, 0) + factor * value
    return {column: value for column, value in result.items() if value}


def negative(row: Row) -> Row:
    """The opposite row."""
    return {column: -value for column, value in row.items()}


def primitive(row: Row) -> tuple[Row, int]:
    """A row that is not zero divided by its content, and the content."""
    content = math.gcd(*row.values())
    return (row, 1) if content == 1 else ({column: value // content for column, value in row.items()}, content)


def key(row: Row) -> Hashable:
    """What equal rows have in common."""
    return frozenset(row.items())


def row_of(form: AffineForm) -> tuple[Row, int]:
    """An affine form as a row over a denominator."""
    return sparse_row(form.coefficients, form.constant)


def are_weights(multipliers: Multipliers, count: int) -> bool:
    """Whether these are nonnegative rational multipliers of facts that there are (0 to ``count`` - 1)."""
    return all(
        type(index) is int and 0 <= index < count and isinstance(value, Fraction) and value.numerator >= 0
        for index, value in multipliers.items()
    )


class Part:
    """The part of a base where some half-spaces hold, and what is known there of units whose side is open (lemma 7).

    ``facts`` begins with the half-spaces. Each variable ``y = relu(row)`` adds two: ``y - row``, and a ceiling minus y
    (0 until there is one). All sides are integers over ``denominator``: integer rows of them are again. ``beyond`` are
    the sides of columns that stand behind the coordinates.
    """

    def __init__(self, base: Base, rows: Sequence[HalfSpace] = (), beyond: Sequence[tuple[Side, Side]] = ()) -> None:
        self.size = base.dimension + len(beyond)
        self.facts: list[Fact] = list(rows)
        self.rows: dict[int, Row] = {}
        self.known: dict[Hashable, int] = {}
        self._first, self._bounded = len(rows), self.size
        self.radius: int | None = None
        if isinstance(base, Box):
            more = [side.denominator for sides in beyond for side in sides if side is not None]
            self.denominator = math.lcm(base.low.denominator, base.high.denominator, *more)
            self.low = _over(base.low.numerators, self.denominator // base.low.denominator, base.low_finite)
            self.high = _over(base.high.numerators, self.denominator // base.high.denominator, base.high_finite)
            self.low += [None if side is None else int(side * self.denominator) for side, _ in beyond]
            self.high += [None if side is None else int(side * self.denominator) for _, side in beyond]
        else:
            centre, radius = base.midpoint, base.radius
            self.denominator = math.lcm(centre.denominator, radius.denominator)
            self.low = _over(centre.numerators, self.denominator // centre.denominator, np.ones(self.size, dtype=bool))
            self.high = self.low
            self.radius = radius.numerator * (self.denominator // radius.denominator)

    def lowest(self, row: Row, sign: int = 1) -> int | None:
        """The least value of ``sign * row`` by the base alone, times ``denominator``; None for minus infinity."""
        total = 0
        low, high = (self.low, self.high) if sign > 0 else (self.high, self.low)
        for column, value in row.items():
            if column == CONSTANT or not value:
                total += value * self.denominator
                continue
            side = low[column] if value > 0 else high[column]
            if side is _UNKNOWN:
                self._bound(column)
                side = self.high[column]
            if side is None:
                return None
            total += value * side
        if self.radius is not None:
            steepest = max((abs(value) for column, value in row.items() if column != CONSTANT), default=0)
            return sign * total - self.radius * steepest
        return sign * total

    def _bound(self, last: int) -> None:
        """The upper sides of the variables up to the last one: the larger of 0 and the row's highest value."""
        for column in range(self._bounded, last + 1):
            down = self.lowest(self.rows[column], -1)
            self.high[column] = None if down is None else max(0, -down)
        self._bounded = last + 1

    def settles(self, row: Row, sign: int = 1) -> bool:
        """Whether ``sign * row >= 0`` by the base alone."""
        lowest = self.lowest(row, sign)
        return lowest is not None and lowest >= 0

    def is_nonnegative(self, row: Row, multipliers: Multipliers = NOTHING, sign: int = 1, denominator: int = 1) -> bool:
        """Whether ``sign * row / denominator >= 0``: less multiples of facts it is nonnegative by the base alone."""
        if not multipliers:
            return self.settles(row, sign)
        if not are_weights(multipliers, len(self.facts)):
            return False
        used = []
        for index, weight in multipliers.items():
            fact, scale = self._fact(index)
            used.append((fact, weight.numerator * denominator, weight.denominator * scale))
        common = math.lcm(*(scale for _, _, scale in used))
        ours = sign * common
        rest = {column: ours * value for column, value in row.items()}
        for fact, numerator, scale in used:
            factor = numerator * (common // scale)
            for column, value in fact.items():
                rest[column] = rest.get(column, 0) - factor * value
        return self.settles(rest)

    def shows(self, form: AffineForm, multipliers: Multipliers) -> bool:
        """Whether a form over the coordinates is nonnegative."""
        if len(form.coefficients) != self.size:
            return False
        row, denominator = row_of(form)
        return self.is_nonnegative(row, multipliers, denominator=denominator)

    def _fact(self, index: int) -> tuple[Row, int]:
        fact = self.facts[index]
        if isinstance(fact, HalfSpace):
            return fact.row
        elif isinstance(fact, int):
            fact = {fact: 1, **negative(self.rows[fact])}, 1
        return fact

    def variable(self, row: Row) -> int:
        """A new column ``y = relu(row)``: y >= 0, y >= row, and y <= the larger of 0 and the row's highest value."""
        column = len(self.low)
        if column == self.size:  # the base's own sides stay as they are
            self.low, self.high = list(self.low), list(self.high)
        self.low.append(0)
        self.high.append(_UNKNOWN)
        self.rows[column] = row
        self.facts += [column, ({}, 1)]
        return column

    def add_ceiling(self, column: int, ceiling: Ceiling) -> bool:
        """Add ``y <= slope row + offset`` if the right side is at least 0 and at least the row; 0 <= slope <= 1."""
        slope, offset = ceiling.slope, ceiling.offset
        if not (isinstance(slope, Fraction) and isinstance(offset, Fraction) and 0 <= slope <= 1):
            return False
        row = self.rows[column]
        scale = math.lcm(slope.denominator, offset.denominator)
        line: Row = {}
        if slope:
            add_multiple(line, row, slope.numerator * (scale // slope.denominator))
        if offset:
            add_multiple(line, {CONSTANT: 1}, offset.numerator * (scale // offset.denominator))
        beyond = dict(line)
        add_multiple(beyond, row, -scale)
        if not (
            self.is_nonnegative(line, ceiling.below, denominator=scale)
            and self.is_nonnegative(beyond, ceiling.above, denominator=scale)
        ):
            return False
        self.facts[self._first + 2 * (column - self.size) + 1] = {**line, column: -scale}, scale
        return True


def _over(numerators: Any, factor: int, known: Any) -> list[int | None]:
    """The numbers times a factor, None where they are not known."""
    return [n * factor if k else None for n, k in zip(numerators.tolist(), known.tolist(), strict=True)]


def is_nonnegative(form: AffineForm, base: Base, rows: Sequence[HalfSpace], multipliers: Multipliers) -> bool:
    """Whether ``form >= 0`` follows on the base where all rows hold."""
    return Part(base, rows).shows(form, multipliers)


def is_empty(base: Base, rows: Sequence[HalfSpace], multipliers: Multipliers) -> bool:
    """Whether ``-1 >= 0`` follows where all rows hold: no point of the base is there."""
    return Part(base, rows).is_nonnegative({CONSTANT: -1}, multipliers)
