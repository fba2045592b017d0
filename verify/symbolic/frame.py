"""Where a symbolic form lives: coordinates of the region's affine hull, and how they read in the inputs x.

Everything is computed in coordinates t in which the region is full-dimensional (after the chart of a slice, the
equations of a thin polyhedron and the pinned sides of a box), and written in x: on the hull t is affine in x.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from verify.arrangement.domain import with_half_spaces
from verify.errors import RegionError
from verify.kernel.evidence import Empty
from verify.kernel.exact import AffineForm
from verify.kernel.frames import hull_chart
from verify.kernel.smooth import Symbols
from verify.network import Network
from verify.property import Criterion, Question
from verify.property.base import in_coordinates
from verify.rational import Vector, counted, zeros
from verify.region import Box, Chart, Region
from verify.region.linear import echelon
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare

# SymPy has no type information.
Expr = Any


@dataclass(frozen=True, eq=False)
class Frame:
    """A problem in hull coordinates; ``inputs[j]`` is hull coordinate j as an affine form of x.

    ``values`` are the smooth units' values that maps of cells refer to beyond the coordinates.
    """

    problem: Problem
    region: Region
    symbols: tuple[Expr, ...]
    inputs: tuple[AffineForm, ...]
    values: Symbols

    @property
    def network(self) -> Network:
        """The network as a function of the hull coordinates."""
        return self.problem.question.network

    @property
    def domain(self) -> Region:
        """The region in hull coordinates."""
        return self.problem.question.region

    @property
    def free(self) -> list[int]:
        """The coordinates that are not pinned to one number."""
        return [int(j) for j in np.flatnonzero(~self.domain.base.pinned)]

    def ambient(self, t: Vector) -> Vector:
        """The input x of hull coordinates t."""
        return self.region.point(self.problem.embedded(t))

    def in_x(self, coefficients: dict[int, Fraction], constant: Fraction) -> AffineForm:
        """An affine form of the hull coordinates, as one of x."""
        total = AffineForm(zeros(len(self.symbols)), constant)
        for j, factor in coefficients.items():
            part = self.inputs[j]
            total = AffineForm(
                total.coefficients + part.coefficients.scaled(factor), total.constant + factor * part.constant
            )
        return total


def input_symbols(size: int) -> tuple[Expr, ...]:
    """``x`` for one input, else ``x0, x1, ...``; all real."""
    names = ["x"] if size == 1 else [f"x{j}" for j in range(size)]
    return tuple(sympy.Symbol(name, real=True) for name in names)


def make_frame(network: Network, region: Region, budget: Budget) -> Frame:
    """Find the region's hull and an interior point; an empty region is an error."""
    if region.ambient != network.input_size:
        raise RegionError(
            f"the region has {counted(region.ambient, 'coordinate')}, {network.name} has"
            f" {counted(network.input_size, 'input')}"
        )
    local, domain, origin = in_coordinates(network, with_half_spaces(region))
    problem = prepare(Question(local, domain, Criterion.AFFINE, origin, "symbolic form"), budget)
    if isinstance(problem, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    values = Symbols(problem.question.region.dimension)
    return Frame(problem, region, input_symbols(network.input_size), _inputs(problem, region), values)


def _inputs(problem: Problem, region: Region) -> tuple[AffineForm, ...]:
    """Hull coordinates as forms of x: the charts undone one after the other."""
    forms = _coordinates(region.ambient)
    if region.chart is not None:
        forms = _undone(forms, region.chart)
    if problem.equations:
        forms = _undone(forms, hull_chart(problem.equations, len(problem.equations[0].form.coefficients)))
    base = problem.question.region.base
    if isinstance(base, Box):
        for j in np.flatnonzero(base.pinned):
            forms[int(j)] = AffineForm(zeros(region.ambient), base.low[int(j)])
    return tuple(forms)


def _coordinates(size: int) -> list[AffineForm]:
    forms = []
    for j in range(size):
        unit = zeros(size)
        unit.numerators[j] = 1
        forms.append(AffineForm(unit, Fraction(0)))
    return forms


def _undone(forms: list[AffineForm], chart: Chart) -> list[AffineForm]:
    """The chart's coordinates from those of its image: as many independent rows as it has columns, inverted."""
    size, width = chart.directions.shape
    dense = [[Fraction(0)] * size for _ in range(width)]  # the transposed matrix
    directions = chart.directions
    for row, column, value in zip(
        directions.row_of_entry.tolist(), directions.columns.tolist(), directions.fractions(), strict=True
    ):
        dense[column][row] = value
    _, pivots = echelon(dense, size)
    square = [[dense[c][p] for c in range(width)] + [Fraction(int(p == q)) for q in pivots] for p in pivots]
    inverse = [row[width:] for row in echelon(square, width)[0]]
    return [_mixed(row, [forms[p] for p in pivots], [chart.origin[p] for p in pivots]) for row in inverse]


def _mixed(factors: list[Fraction], forms: list[AffineForm], offsets: list[Fraction]) -> AffineForm:
    """``sum_i factors[i] (forms[i] - offsets[i])``."""
    total = AffineForm(zeros(len(forms[0].coefficients)) if forms else zeros(0), Fraction(0))
    for factor, form, offset in zip(factors, forms, offsets, strict=True):
        total = AffineForm(
            total.coefficients + form.coefficients.scaled(factor), total.constant + factor * (form.constant - offset)
        )
    return total


def number(value: Fraction) -> Expr:
    """The SymPy rational."""
    return sympy.Rational(value.numerator, value.denominator)


def expression(form: AffineForm, symbols: tuple[Expr, ...]) -> Expr:
    """The affine form as a SymPy sum."""
    terms = [
        number(Fraction(n, form.coefficients.denominator)) * symbol
        for n, symbol in zip(form.coefficients.numerators.tolist(), symbols, strict=True)
        if n
    ]
    return sympy.Add(*terms, number(form.constant))
