"""A question made ready for the engines: inside its affine hull, with a point of the relative interior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from verify.kernel.axioms.filter import Spread
from verify.kernel.core.cell import Cell, cell_of
from verify.kernel.core.criteria import on_hull
from verify.kernel.evidence import Cover, Empty, Equation, Steps, Tree
from verify.kernel.exact import AffineForm, Pattern, pattern_of, preactivations
from verify.kernel.frames import hull_chart, in_hull
from verify.property import Question
from verify.property.lifting import lift
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace, polyhedron
from verify.region.region import Region, half_spaces, lifted
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative, origin_form
from verify.search.geometry.simplex import EmptyPolyhedron, NegativeAt, Nonnegative


@dataclass(frozen=True, eq=False)
class Problem:
    """``question`` holds in the coordinates of its hull; ``interior`` lies in the region's relative interior.

    ``asked`` is the number of coordinates of the question before a lift to more, and before its hull was found. After
    ``steps`` the question is about the network that they rewrite the one asked about to.
    """

    question: Question
    interior: Vector
    asked: int
    equations: tuple[Equation, ...] = ()
    lifted: bool = False
    steps: Steps | None = None

    def embedded(self, t: Vector) -> Vector:
        """The point in the coordinates of the question that was asked (the extra coordinates of a lift come last)."""
        if self.equations:
            t = hull_chart(self.equations, len(self.equations[0].form.coefficients)).point(t)
        return t.take(range(self.asked)) if self.lifted else t

    @cached_property
    def values(self) -> list[Vector]:
        """Exact pre-activations at the interior point."""
        return preactivations(self.question.network, self.interior)

    @cached_property
    def pattern(self) -> Pattern:
        """The pattern at the interior point."""
        return pattern_of(self.question.network, self.values)

    @cached_property
    def cell(self) -> Cell:
        """The affine maps of that pattern."""
        return cell_of(self.question.network, self.pattern)

    @cached_property
    def spread(self) -> Spread | None:
        """Float bounds on the pre-activations under that pattern; None where exact arithmetic is cheap."""
        return self.cell.spread(self.question.region.base)

    def cover(self, tree: Tree) -> Cover:
        """The tree as evidence."""
        return Cover(tree, self.equations, self.lifted, self.steps)


def is_empty(region: Region, budget: Budget) -> bool:
    """Whether no point satisfies the region's constraints."""
    rows, extra = lifted(region)
    whole = polyhedron(region.dimension + extra, rows)
    assert isinstance(whole.base, Box)
    outcome = nonnegative(origin_form(whole.dimension, -1), whole.base, whole.rows, budget)
    return not isinstance(outcome, NegativeAt)


def prepare(question: Question, budget: Budget, *, lift_first: bool = False) -> Problem | Empty:
    """Find the affine hull and an interior point, or show the region empty."""
    asked = question.region.dimension
    if lift_first:
        question = lift(question)
    region = question.region
    if not region.rows:
        return Problem(question, region.base.centre(), asked, lifted=lift_first)
    if not isinstance(region.base, Box):
        return prepare(question, budget, lift_first=True)
    found = relative_interior(region, budget)
    if isinstance(found, Empty):
        return Empty(found.multipliers, lift_first)
    point, equations = found
    inner = in_hull(question, equations)
    if equations:
        inside = relative_interior(inner.region, budget)
        if isinstance(inside, Empty) or inside[1]:
            raise AssertionError("the affine hull was not found in one step")
        point = inside[0]
    return Problem(inner, point, asked, equations, lift_first)


def relative_interior(region: Region, budget: Budget) -> tuple[Vector, tuple[Equation, ...]] | Empty:
    """A relative interior point and the equations of the hull (pinned sides of the box are not repeated)."""
    assert isinstance(region.base, Box)
    base, rows = region.base, region.rows
    start = nonnegative(origin_form(base.dimension, -1), base, rows, budget)
    if isinstance(start, EmptyPolyhedron | Nonnegative):
        return Empty(start.multipliers)
    points = [vector(start.point)]
    centre = base.centre()
    if all(row.slack(centre) >= 0 for row in rows):
        points.append(centre)
    equations: list[Equation] = []
    constraints = [row for row in half_spaces(region) if not _is_pinned(row, base)]
    for row in constraints:
        if any(row.slack(p) > 0 for p in points):
            continue
        slack = on_hull(AffineForm(-row.coefficients, row.bound), base)
        if slack.coefficients.is_zero():
            continue  # the pinned sides say it already
        outcome = nonnegative(-slack, base, rows, budget)
        if isinstance(outcome, NegativeAt):
            points.append(vector(outcome.point))
        elif isinstance(outcome, Nonnegative):
            index = next((i for i, r in enumerate(rows) if r is row), None)
            equations.append(Equation(slack, {} if index is None else {index: Fraction(1)}, outcome.multipliers))
    return _mean(points), tuple(equations)


def _is_pinned(row: HalfSpace, base: Box) -> bool:
    support = np.flatnonzero(np.asarray(row.coefficients.numerators != 0, dtype=bool))
    return len(support) == 1 and bool(base.pinned[support[0]])


def _mean(points: Sequence[Vector]) -> Vector:
    total = points[0]
    for p in points[1:]:
        total = total + p
    return total.scaled(Fraction(1, len(points)))
