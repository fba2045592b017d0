"""Coordinates of the affine hull of a question's region: the equations that describe it, and the way there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.part import is_nonnegative
from verify.kernel.evidence import Equation
from verify.kernel.exact import AffineForm
from verify.network import matrix as matrices
from verify.property import Question
from verify.rational import Vector, vector
from verify.region import Box, Chart, HalfSpace, Region, polyhedron
from verify.region.linear import any_solution, echelon
from verify.region.region import half_spaces


def check_equation(equation: Equation, region: Region) -> AffineForm:
    """The form of the equation (in coordinates of the chart), which is zero on the region."""
    for form, multipliers in ((equation.form, equation.above), (-equation.form, equation.below)):
        if not is_nonnegative(form, region.base, region.rows, multipliers):
            raise EvidenceError("equation", "a claimed equation of the region's hull does not follow")
    return equation.form


def in_hull(question: Question, equations: Sequence[Equation]) -> Question:
    """The question in coordinates of the affine hull that the equations (each checked here) describe."""
    if not equations:
        return question
    from verify.network.combine import substituted

    region = question.region
    if not isinstance(region.base, Box):
        raise EvidenceError("equation", "equations of an L1 ball's hull need the ball in lifted form")
    for equation in equations:
        check_equation(equation, region)
    chart = hull_chart(equations, region.dimension)
    network = substituted(question.network, chart.directions, chart.origin)
    origin = _origin_in_chart(chart, question.origin)
    rows = [
        HalfSpace(chart.directions.transposed.product(r.coefficients), r.bound - r.coefficients.dot(chart.origin))
        for r in half_spaces(region)
    ]
    inside: Region = polyhedron(chart.directions.shape[1], rows, region.text)
    slope = question.slope.along(chart.directions) if question.slope is not None else None
    return Question(network, inside, question.criterion, origin, question.lemma, slope, question.cases)


def _origin_in_chart(chart: Chart, origin: Vector | None) -> Vector | None:
    """Coordinates of a point of the chart above the origin, None where there is none.

    After a lift the origin has fewer coordinates than the chart's space. The network ignores the others, so the
    hull of the region itself contains the origin when some point above it satisfies the equations, whichever.
    """
    if origin is None:
        return None
    kept = np.arange(len(origin))
    return any_solution(chart.directions.select_rows(kept), origin - chart.origin.take(kept))


def hull_chart(equations: Sequence[Equation], size: int) -> Chart:
    """All solutions of the equations: coordinates that they leave free are the parameters."""
    rows = [[*e.form.coefficients.fractions(), -e.form.constant] for e in equations]
    reduced, pivots = echelon(rows, size)
    if any(row[size] for row in reduced[len(pivots) :]):
        raise EvidenceError("equation", "the claimed equations contradict one another")
    free = [j for j in range(size) if j not in pivots]
    origin = [Fraction(0)] * size
    dense = [[Fraction(0)] * len(free) for _ in range(size)]
    for place, j in enumerate(free):
        dense[j][place] = Fraction(1)
    for i, pivot in enumerate(pivots):
        origin[pivot] = reduced[i][size]
        dense[pivot] = [-reduced[i][j] for j in free]
    entries = np.array(dense, dtype=object).reshape(size, len(free))
    return Chart(vector(origin), matrices.from_dense(entries))
