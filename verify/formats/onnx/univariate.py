"""Units of a network as piecewise linear functions of one other unit, exactly."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from verify.network import Block
from verify.network.smooth import SMOOTH
from verify.rational import Vector

UnitPlace: TypeAlias = tuple[int, int]
UnitRow: TypeAlias = tuple[dict[UnitPlace, Fraction], Fraction]

# Units that are looked through from one value, and borders of one function.
MOST_UNITS = 200
MOST_CUTS = 64
# Units that are computed in order to name the size of a jump.
MOST_NUMBERS = 10_000


def samples(cuts: Sequence[Fraction]) -> list[Fraction]:
    """A point before the first cut, the first cut, a point between it and the next, ..., a point after the last."""
    if not cuts:
        return [Fraction(0)]
    points = [cuts[0] - 1, cuts[0]]
    for left, right in pairwise(cuts):
        points += [(left + right) / 2, right]
    return [*points, cuts[-1] + 1]


@dataclass(frozen=True)
class PiecewiseLine:
    """A continuous function of t: (slope, constant) on each interval between the ``cuts``."""

    cuts: tuple[Fraction, ...]
    pieces: tuple[tuple[Fraction, Fraction], ...]

    def piece(self, t: Fraction) -> tuple[Fraction, Fraction]:
        """The slope and constant on an interval whose closure holds t."""
        return self.pieces[bisect_left(self.cuts, t)]

    def value(self, t: Fraction) -> Fraction:
        """The function's value."""
        slope, constant = self.piece(t)
        return slope * t + constant

    def zeros(self) -> list[Fraction]:
        """Where it crosses or leaves 0, inside of an interval or at its border."""
        return [-constant / slope for slope, constant in self.pieces if slope and self.value(-constant / slope) == 0]


def _line(cuts: set[Fraction], terms: list[tuple[Fraction, PiecewiseLine]], constant: Fraction) -> PiecewiseLine | None:
    """The sum of multiples of functions, and a constant."""
    if len(cuts) > MOST_CUTS:
        return None
    ordered = sorted(cuts)
    pieces = []
    for t in samples(ordered)[::2]:
        parts = [(factor, line.piece(t)) for factor, line in terms]
        pieces.append((sum((f * a for f, (a, _) in parts), Fraction(0)),
                       sum((f * b for f, (_, b) in parts), constant)))  # fmt: skip
    return PiecewiseLine(tuple(ordered), tuple(pieces))


def _relu(line: PiecewiseLine) -> PiecewiseLine | None:
    cuts = sorted({*line.cuts, *line.zeros()})
    if len(cuts) > MOST_CUTS:
        return None
    points = samples(cuts)[::2]
    return PiecewiseLine(
        tuple(cuts), tuple(line.piece(t) if line.value(t) > 0 else (Fraction(0), Fraction(0)) for t in points)
    )


class Lines:
    """Functions of one unit, over the blocks between."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self._rows: dict[UnitPlace, UnitRow] = {}
        self._known: dict[tuple[UnitPlace, UnitPlace | None], PiecewiseLine | None] = {}
        self._numbers: dict[tuple[UnitPlace, UnitPlace, Fraction], Fraction | None] = {}

    def row(self, place: UnitPlace) -> UnitRow:
        """What a unit's activation is applied to."""
        if place not in self._rows:
            block = self.blocks[place[0] - 1]
            found: dict[UnitPlace, Fraction] = {}
            for source, matrix in block.inputs:
                span = slice(matrix.row_starts[place[1]], matrix.row_starts[place[1] + 1])
                for column, entry in zip(matrix.columns[span].tolist(), matrix.entries[span].tolist(), strict=True):
                    found[source, column] = Fraction(entry)
            bias: Vector = block.bias
            self._rows[place] = found, Fraction(bias.numerators[place[1]], bias.denominator)
        return self._rows[place]

    def common(self, places: set[UnitPlace]) -> UnitPlace | None:
        """The nearest unit that alone decides all of these; None if there is none."""
        for _ in range(MOST_UNITS):
            if len(places) <= 1:
                return next(iter(places), None)
            latest = max(places)
            if not latest[0] or not self.blocks[latest[0] - 1].is_piecewise_linear or len(places) > MOST_UNITS:
                return None
            places = (places - {latest}) | self.row(latest)[0].keys()
        return None

    def before(self, unit: UnitPlace | None) -> UnitPlace | None:
        """The nearest unit that alone decides this one; None if there is none."""
        if unit is None or not unit[0] or not self.blocks[unit[0] - 1].is_piecewise_linear:
            return None
        return self.common(set(self.row(unit)[0]))

    def of_unit(self, place: UnitPlace, unit: UnitPlace | None) -> PiecewiseLine | None:
        """A unit as a function of another; None where something else takes part, or it is not piecewise linear."""
        if place == unit:
            return PiecewiseLine((), ((Fraction(1), Fraction(0)),))
        key = place, unit
        if key not in self._known:
            self._known[key] = None
            lowest = unit[0] if unit is not None else 0
            block = self.blocks[place[0] - 1] if place[0] else None
            usable = block is not None and block.is_piecewise_linear
            if block is not None and usable and lowest < place[0] <= lowest + MOST_UNITS:
                line = self.of_row(self.row(place), unit)
                self._known[key] = _relu(line) if line is not None and block.relu else line
        return self._known[key]

    def of_row(self, row: UnitRow, unit: UnitPlace | None) -> PiecewiseLine | None:
        """An expression as a function of a unit, as ``of_unit``."""
        if len(row[0]) > MOST_UNITS:
            return None
        terms = []
        for place, factor in row[0].items():
            line = self.of_unit(place, unit)
            if line is None:
                return None
            terms.append((factor, line))
        return _line({cut for _, line in terms for cut in line.cuts}, terms, row[1])

    def reduced(
        self, row: UnitRow, unit: UnitPlace | None, point: Fraction
    ) -> tuple[tuple[Fraction, Fraction], dict[UnitPlace, Fraction]]:
        """Slope and constant of an expression around a point, and what else takes part."""
        slope, constant = Fraction(0), row[1]
        rest = {}
        for place, factor in row[0].items():
            line = self.of_unit(place, unit)
            if line is None:
                rest[place] = factor
            else:
                a, b = line.piece(point)
                slope, constant = slope + factor * a, constant + factor * b
        return (slope, constant), rest

    def is_exact(self, place: UnitPlace, unit: UnitPlace | None) -> bool:
        """Whether every implementation computes the unit from ``unit`` without rounding: as 0, t or -t."""
        line = self.of_unit(place, unit)
        if place == unit or line is None:
            return True
        row, constant = self.row(place)
        if self.blocks[place[0] - 1].paths is not None:
            return False
        small = len(row) <= 2 and not constant and all(abs(factor) in (1, 2) for factor in row.values())
        plain = all(abs(slope) <= 1 and slope.denominator == 1 and not b for slope, b in line.pieces)
        return small and plain and all(self.is_exact(inner, unit) for inner in row)

    def inexact(
        self, row: UnitRow, unit: UnitPlace | None, weight: Fraction, slack: dict[UnitPlace | None, Fraction]
    ) -> None:
        """Charge the units of an expression that are looked through and rounded, if more than so far."""
        for place, factor in row[0].items():
            if not self.is_exact(place, unit):
                slack[place] = max(slack.get(place, Fraction(0)), weight * abs(factor))

    def number(self, row: UnitRow, unit: UnitPlace, at: Fraction) -> Fraction | None:
        """An expression's value where a unit is ``at``, rounded where there are smooth functions; None if open."""
        total = row[1]
        for place, factor in row[0].items():
            part = self._unit_number(place, unit, at)
            if part is None:
                return None
            total += factor * part
        return total

    def _unit_number(self, place: UnitPlace, unit: UnitPlace, at: Fraction) -> Fraction | None:
        if place == unit:
            return at
        if place[0] <= unit[0] or place[0] - unit[0] > MOST_UNITS or len(self._numbers) > MOST_NUMBERS:
            return None
        key = place, unit, at
        if key not in self._numbers:
            self._numbers[key] = self._applied(place, unit, at)
        return self._numbers[key]

    def _applied(self, place: UnitPlace, unit: UnitPlace, at: Fraction) -> Fraction | None:
        block = self.blocks[place[0] - 1]
        z = self.number(self.row(place), unit, at)
        if z is None:
            return None
        if block.quantizer is not None:
            return None
        if block.smooth is not None:
            value = float(SMOOTH[block.smooth].floats(np.array([float(z)]))[0])
            return Fraction(value) if np.isfinite(value) else None
        return max(z, Fraction(0)) if block.relu else z
