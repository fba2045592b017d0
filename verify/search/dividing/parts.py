"""Parts of a region during a search: points of them, what affine rows do on them, and how they are cut in two.

A part knows its rows (half-spaces beyond the base, in the order in which evidence lists them). ``Polygon`` is exact
and needs no linear program; ``Polyhedron`` asks one for each row that its base and its known points leave open.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, TypeAlias

from verify.kernel.core.part import CONSTANT, Row, key, primitive
from verify.kernel.evidence import Multipliers
from verify.kernel.exact import AffineForm
from verify.rational import Vector, integer_array, vector
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.dividing.halves import Bounded, halves
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt

Form: TypeAlias = Mapping[int, Fraction | int]
# Integer coordinates, the last one a positive denominator.
HomogeneousPoint: TypeAlias = tuple[int, ...]


class PolyhedralPart(Protocol):
    """A part of a region, of full dimension in its hull. Rows are over the inputs and the constant only."""

    @property
    def rows(self) -> tuple[HalfSpace, ...]:
        """The half-spaces that bound it, the region's own first."""

    @property
    def interior(self) -> Vector:
        """A point of its relative interior."""

    @property
    def points(self) -> list[HomogeneousPoint]:
        """Some points of it."""

    def keeps_sign(self, row: Row, values: list[int]) -> bool:
        """Whether the row, with these values at ``points`` of one weak sign, keeps that sign on the whole part."""

    def lowest(self, form: Form) -> Fraction | None:
        """A lower bound of the form on the part; None where there is none."""

    def multipliers(self, form: Form) -> Multipliers | None:
        """Weights of ``rows`` that show the form nonnegative on the part."""

    def cut(self, row: Row) -> tuple[PolyhedralPart, PolyhedralPart]:
        """The parts where ``row >= 0`` and where ``row <= 0``; the row takes both strict signs."""


def integral(form: Form) -> tuple[Row, int]:
    """A form as a row over a denominator."""
    common = math.lcm(*(value.denominator for value in form.values()))
    return {c: value.numerator * (common // value.denominator) for c, value in form.items() if value}, common


def affine_form(row: Form, size: int) -> AffineForm:
    """A row over the inputs as an affine form."""
    return AffineForm(vector([row.get(j, 0) for j in range(size)]), Fraction(row.get(CONSTANT, 0)))


def homogeneous(point: Vector) -> HomogeneousPoint:
    """Numerators and the denominator."""
    return (*point.numerators.tolist(), point.denominator)


def value_at(row: Form, point: HomogeneousPoint) -> Fraction | int:
    """The row's value times the point's denominator."""
    return sum(value * point[column] for column, value in row.items())  # CONSTANT is -1, the last entry


@dataclass(eq=False)
class Polyhedron:
    """A part known by its rows, one interior point, and further points met on the way."""

    base: Box
    rows: tuple[HalfSpace, ...]
    interior: Vector
    budget: Budget
    points: list[HomogeneousPoint] = field(default_factory=list)
    proved: dict[Hashable, Multipliers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.points = [homogeneous(self.interior), *self.points]

    def keeps_sign(self, row: Row, values: list[int]) -> bool:
        """By closed form, else by a linear program; a point where it does not is remembered."""
        if values[0] == 0:  # in the relative interior a row that is not constant takes both signs
            return False
        return self.multipliers(row if values[0] > 0 else {c: -v for c, v in row.items()}) is not None

    def lowest(self, form: Form) -> Fraction | None:
        affine = affine_form(form, self.base.dimension)
        lowest = self.base.minimum(affine.coefficients)
        return None if lowest is None else lowest + affine.constant

    def multipliers(self, form: Form) -> Multipliers | None:
        row, factor = _primitive(form)
        if key(row) not in self.proved:
            if any(value_at(row, point) < 0 for point in self.points):
                return None
            outcome = nonnegative(affine_form(row, self.base.dimension), self.base, self.rows, self.budget)
            if isinstance(outcome, NegativeAt):
                self.points.append(homogeneous(vector(outcome.point)))
                return None
            self.proved[key(row)] = outcome.multipliers
        return {index: factor * weight for index, weight in self.proved[key(row)].items()}

    def cut(self, row: Row) -> tuple[Polyhedron, Polyhedron]:
        """Interior points of the two sides lie on the line from the old one to a point on the other side."""
        form = affine_form(row, self.base.dimension)
        target = self._beyond(row, 1 if form.at(self.interior) <= 0 else -1)
        above, below = halves(Bounded(self.rows, self.interior), form, target, self.base)
        return self._side(above, row, 1), self._side(below, row, -1)

    def _beyond(self, row: Row, sign: int) -> Vector:
        """A point at which the row has that strict sign."""
        wanted = {column: sign * value for column, value in row.items()}
        if not any(value_at(wanted, point) > 0 for point in self.points):
            self.multipliers({column: -value for column, value in wanted.items()})
        best = max(self.points, key=lambda point: Fraction(value_at(wanted, point), point[-1]))
        return Vector(integer_array(best[:-1]), best[-1])

    def _side(self, side: Bounded, row: Row, sign: int) -> Polyhedron:
        kept = [point for point in self.points if sign * value_at(row, point) >= 0]
        return Polyhedron(self.base, side.rows, side.interior, self.budget, kept, dict(self.proved))


def _primitive(form: Form) -> tuple[Row, Fraction]:
    """The form as a positive multiple of a row of integers without a common factor."""
    row, scale = integral(form)
    row, factor = primitive(row) if row else (row, 1)
    return row, Fraction(factor, scale)
