"""Convexity and monotonicity of sums of smooth units: f = affine + sum_i c_i phi_i(z_i) with affine z_i.

ELU's exp reads a ReLU, so what counts as one unit is a function of one form: relu(s), exp(c relu(s)), tanh(s), ... All
units with ReLU on one line, that is with the same s up to a factor, make one function of s:

    F(s) = a relu(s) + b relu(-s) + sum_j p_j exp(c_j relu(s)) + sum_j q_j exp(d_j relu(-s))

F is convex on s > 0 if every p_j >= 0, on s < 0 if every q_j >= 0, and across 0 if its slope does not fall there:
a + b + sum_j p_j c_j + sum_j q_j d_j >= 0. A sum of convex functions of affine forms is convex. Slopes are bounded
in the same way: those of exp(c relu(s)) lie between 0 and c where c < 0, and beyond c where c > 0.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verify.errors import EvidenceError, TooLarge
from verify.kernel.core.laws import activation
from verify.kernel.core.part import CONSTANT, Row, is_nonnegative
from verify.kernel.core.units import through
from verify.kernel.exact import AffineForm
from verify.kernel.interval import Interval, point
from verify.network import Block, Network
from verify.network.smooth import SMOOTH
from verify.property import Criterion, Question
from verify.property.slopes import axis_in_coordinates
from verify.rational import Vector, vector
from verify.region.bases import Base

# Beyond this many weights the sums are not written out.
MAX_WEIGHTS = 100_000
ZERO = Fraction(0)

# The entries of an affine form that are not zero, by coordinate, and its constant.
SumForm: TypeAlias = tuple[tuple[tuple[int, Fraction], ...], Fraction]


@dataclass(frozen=True)
class SumUnit:
    """``relu(s)``, ``exp(rate relu(s))`` (called ``exp relu``), or a smooth function of ``s``."""

    function: str
    form: SumForm
    rate: Fraction = ZERO


SumOfUnits: TypeAlias = dict[int | SumUnit, Fraction]


@dataclass
class Line:
    """The units on one line s = 0: slopes a, b of relu(s), relu(-s) and the (p, c) of each exp, by side (1 and -1)."""

    slopes: dict[int, Fraction] = field(default_factory=lambda: {1: ZERO, -1: ZERO})
    growths: dict[int, list[tuple[Fraction, Fraction]]] = field(default_factory=lambda: {1: [], -1: []})

    def is_convex(self, sides: list[int]) -> bool:
        """Whether F is convex where s has these signs."""
        if any(p < 0 for side in sides for p, _ in self.growths[side]):
            return False
        jump = sum(self.slopes.values()) + sum(p * c for pairs in self.growths.values() for p, c in pairs)
        return len(sides) < 2 or jump >= 0

    def slope(self, side: int) -> Interval:
        """Bounds on F' where s has this sign."""
        total = point(side * self.slopes[side])
        for p, c in self.growths[side]:
            steepest = side * p * c  # at s = 0
            if c < 0:
                part = Interval(min(steepest, ZERO), max(steepest, ZERO))
            else:
                part = Interval(steepest, math.inf) if steepest >= 0 else Interval(-math.inf, steepest)
            total += part
        return total


def check_sum(question: Question) -> None:
    """The question's criterion holds of a sum of units; ``EvidenceError`` where that does not follow."""
    if question.network.weight_count > MAX_WEIGHTS:
        raise TooLarge(f"the rule 'sum of units' is for at most {MAX_WEIGHTS} weights")
    outputs = _outputs(question.network, question.region.base)
    if question.criterion is Criterion.CONVEX:
        good = all(_is_convex(total, question.region.base) for total in outputs)
    elif question.criterion is Criterion.NONDECREASING and question.slope is not None:
        direction = axis_in_coordinates(question.slope, question.region.base)
        if direction is None:
            raise EvidenceError("sum of units", "the axis is no direction of the region")
        good = all(_is_nondecreasing(total, direction, question.region.base) for total in outputs)
    else:
        raise EvidenceError("sum of units", f"it says nothing about {question.criterion.value!r}")
    if not good:
        raise EvidenceError("sum of units", f"the units do not show that {question.criterion.value}")


def _is_convex(total: SumOfUnits, base: Base) -> bool:
    lines, others = _sorted(total)
    return all(line.is_convex(_sides(form, base)) for form, line in lines.items()) and all(
        _unit_is_convex(unit, factor, base) for unit, factor in others
    )


def _unit_is_convex(unit: SumUnit, factor: Fraction, base: Base) -> bool:
    """The exponential and log cosh are convex; tanh is where its argument is <= 0, and concave where it is >= 0."""
    if unit.function in ("exp", "logcosh"):
        return factor >= 0
    if unit.function != "tanh":
        return False
    sides = _sides(unit.form, base)
    return not sides or sides == [-1 if factor > 0 else 1]


def _is_nondecreasing(total: SumOfUnits, direction: Vector, base: Base) -> bool:
    """Whether the lower bounds of all slopes along the direction add up to 0 or more."""
    lines, others = _sorted(total)
    entries = direction.fractions()
    slopes = [point(factor * entries[j]) for j, factor in total.items() if isinstance(j, int) and j >= 0]
    for form, line in lines.items():
        rate, sides = point(_along(form, entries)), _sides(form, base)
        if sides and not rate.is_zero:
            slopes.append(functools.reduce(Interval.hull, [rate * line.slope(side) for side in sides]))
    for unit, factor in others:
        slopes.append(point(factor * _along(unit.form, entries)) * _slopes(unit, base))
    return sum(slopes, point(ZERO)).low >= 0


def _slopes(unit: SumUnit, base: Base) -> Interval:
    """Bounds on the derivative of a smooth function on the signs that its argument takes."""
    function = SMOOTH[unit.function]
    if function.slope is None:
        return Interval(ZERO, math.inf)
    steepest = Fraction(function.slope)
    if function.parity == -1:
        return Interval(ZERO, steepest)  # tanh grows
    sides = _sides(unit.form, base)  # the even functions grow away from 0
    return Interval(-steepest if -1 in sides else ZERO, steepest if 1 in sides else ZERO)


def _along(form: SumForm, direction: list[Fraction]) -> Fraction:
    return sum((c * direction[j] for j, c in form[0]), ZERO)


def _sides(form: SumForm, base: Base) -> list[int]:
    """The strict signs that the form may take on the base."""
    coefficients = dict(form[0])
    whole = AffineForm(vector([coefficients.get(j, ZERO) for j in range(base.dimension)]), form[1])
    return [side for side, other in ((1, -whole), (-1, whole)) if not is_nonnegative(other, base, (), {})]


def _sorted(total: SumOfUnits) -> tuple[dict[SumForm, Line], list[tuple[SumUnit, Fraction]]]:
    """The units with ReLU by their lines, and the others; units of constants are constants."""
    lines: dict[SumForm, Line] = defaultdict(Line)
    others = []
    for unit, factor in total.items():
        if isinstance(unit, int) or not factor or not unit.form[0]:
            continue
        if unit.function not in ("relu", "exp relu"):
            others.append((unit, factor))
            continue
        side = 1 if unit.form[0][0][1] > 0 else -1
        line = lines[_scaled(unit.form, Fraction(side))]
        if unit.function == "relu":
            line.slopes[side] += factor
        else:
            line.growths[side].append((factor, unit.rate))
    return lines, others


def _scaled(form: SumForm, factor: Fraction) -> SumForm:
    return tuple((j, factor * c) for j, c in form[0]), factor * form[1]


def _outputs(network: Network, base: Base) -> list[SumOfUnits]:
    """The outputs as sums over coordinates, 1 and units; pinned coordinates are put in."""
    size, columns = network.input_size, dict[SumUnit, int]()

    def total(row: Row, denominator: int) -> SumOfUnits:
        terms: list[int | SumUnit] = [*range(size), *columns]
        return {terms[c] if c >= 0 else CONSTANT: Fraction(factor, denominator) for c, factor in row.items()}

    def value(k: int, row: Row, denominator: int) -> Row:
        term, factor = _activated(network.blocks[k - 1], total(row, denominator))
        if not factor:
            return {}
        column = term if isinstance(term, int) else columns.setdefault(term, size + len(columns))
        return {column: int(factor * denominator)}

    def values(k: int, rows: list[Row], denominator: int) -> list[Row]:
        return [value(k, row, denominator) for row in rows] if activation(network.blocks[k - 1]) else rows

    outputs, denominator = through(network, values, base)
    return [total(row, denominator) for row in outputs]


def _activated(block: Block, z: SumOfUnits) -> tuple[int | SumUnit, Fraction]:
    """A unit and its factor; the argument must be affine, or for exp a multiple of one ReLU."""
    units = [(unit, factor) for unit, factor in z.items() if isinstance(unit, SumUnit)]
    if block.smooth == "exp" and len(units) == len(z) == 1 and units[0][0].function == "relu":
        (unit, rate) = units[0]
        return SumUnit("exp relu", unit.form, rate), Fraction(1)
    if units:
        raise EvidenceError("sum of units", f"{block.name} reads other units: this rule is about one layer of them")
    form: SumForm = tuple(sorted((j, c) for j, c in z.items() if isinstance(j, int) and j >= 0)), z.get(CONSTANT, ZERO)
    if not block.relu:
        if block.smooth is None:
            raise AssertionError("unreachable: block.smooth is not None")
        return SumUnit(block.smooth, form), Fraction(1)
    if not form[0]:
        return CONSTANT, max(form[1], ZERO)
    size = abs(form[0][0][1])
    return SumUnit("relu", _scaled(form, 1 / size)), size
