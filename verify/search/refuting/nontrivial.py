"""Finding an instance of a claim that is not trivial, or the certificate that there is none (exact linear programs)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import RegionError
from verify.kernel.evidence import Empty, Equation, Multipliers
from verify.kernel.exact import AffineForm
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.property import Assignment, Claim
from verify.property.base import Absence
from verify.property.copies import sums_inside
from verify.property.trivial import axis_direction
from verify.rational import Vector, integer_array, vector, zeros
from verify.region import Box, Region, polyhedron
from verify.region.linear import echelon
from verify.region.region import lifted
from verify.search.budget import Budget
from verify.search.geometry import simplex
from verify.search.geometry.lp import nonnegative, origin_form
from verify.search.geometry.simplex import NegativeAt
from verify.search.problem import relative_interior

HALF = Fraction(1, 2)


def witness_of(claim: Claim, budget: Budget) -> Witness:
    """What ``judge`` needs beside a proof; ``RegionError`` where the region is empty."""
    region, absence = claim.region, claim.property.trivial.absence
    if absence is Absence.AXIS_OFF_HULL:
        return _along_the_axis(claim, budget)
    if absence in (Absence.NEVER, Absence.NO_UNIT):
        return Instance(_everywhere(claim, region.point(some_point(region, budget))))
    if region.contains_origin:
        return Instance(_everywhere(claim, zeros(region.ambient)))
    if absence is Absence.ORIGIN_OUTSIDE or not region.origin_in_hull:
        return NoInstance(region.point(some_point(region, budget)))
    if absence is Absence.NO_SUM:
        return _sum_inside(region, budget)
    return _scaled_inside(region, budget)


def _everywhere(claim: Claim, point: Vector) -> Assignment:
    """The point for every variable that is one; a mean of it with itself for numbers, or 0 times it."""
    number = Fraction(0) if set(claim.property.variables) == {"x", "t"} else HALF
    return {name: point if kind == "point" else number for name, kind in claim.property.variables.items()}


def some_point(region: Region, budget: Budget) -> Vector:
    """A point of the region, in chart coordinates."""
    centre = region.base.centre()
    if region.holds(centre):
        return centre
    whole = _as_polyhedron(region)
    found = nonnegative(origin_form(whole.dimension, -1), _box(whole), whole.rows, budget)
    if not isinstance(found, NegativeAt):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    return vector(found.point[: region.dimension])


def _as_polyhedron(region: Region) -> Region:
    """The region without chart, an L1 ball in lifted form."""
    if isinstance(region.base, Box):
        return Region(region.base, region.rows)
    rows, extra = lifted(region)
    return polyhedron(region.dimension + extra, rows)


def _box(region: Region) -> Box:
    if not isinstance(region.base, Box):
        raise AssertionError("an L1 ball was lifted to a box")
    return region.base


def _inside(region: Region, budget: Budget) -> tuple[Vector, tuple[Equation, ...]]:
    """A point of the relative interior and equations of the hull (pinned sides apart), an L1 ball in lifted form."""
    if not region.rows:
        return region.base.centre(), ()
    whole = _as_polyhedron(region)
    found = relative_interior(whole, budget)
    if isinstance(found, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    point, equations = found
    if isinstance(region.base, Box):
        return found
    # Sides that a row over one coordinate pinned in the lifted form; their multipliers are sought later.
    pinned = [Equation(_pinned_form(_box(whole), int(j)), {}, {}) for j in np.flatnonzero(_box(whole).pinned)]
    return point, (*equations, *pinned)


def _pinned_form(base: Box, index: int) -> AffineForm:
    unit = Vector(integer_array(int(i == index) for i in range(base.dimension)), 1)
    return AffineForm(unit, -base.low[index])


def _scaled_inside(region: Region, budget: Budget) -> Witness:
    """Points x and t x in the region, t not 1; or an equation that 0 breaks."""
    whole, equations = _inside(region, budget)
    interior = whole.take(range(region.dimension))
    equation = _broken(region, equations, [e.form.constant for e in equations], budget)
    if equation is not None:
        return NoInstance(region.point(interior), equation)
    for power in itertools.count():
        budget.check()
        t = 1 + Fraction(1, 2 ** (power * (power + 1) // 2))
        if region.holds(interior.scaled(t)):
            return Instance({"x": region.point(interior), "t": t})
    raise AssertionError("unreachable")


def _along_the_axis(claim: Claim, budget: Budget) -> Witness:
    """Two points that differ along the axis; or an equation that a step along it breaks."""
    region, direction = claim.region, axis_direction(claim)
    if direction is None:
        return NoInstance(region.point(some_point(region, budget)))
    whole, equations = _inside(region, budget)
    interior = whole.take(range(region.dimension))
    slopes = [e.form.coefficients.take(range(region.dimension)).dot(direction) for e in equations]
    equation = _broken(region, equations, slopes, budget)
    if equation is not None:
        return NoInstance(region.point(interior), equation)
    for power in itertools.count():
        budget.check()
        step = Fraction(1, 2 ** (power * (power + 1) // 2))
        if region.holds(interior + direction.scaled(step)):
            return Instance({"x": region.point(interior), "t": step})
    raise AssertionError("unreachable")


def _sum_inside(region: Region, budget: Budget) -> Witness:
    """Points x, y and x + y in the region; or the multipliers that contradict it."""
    sums = sums_inside(region)
    found = nonnegative(origin_form(sums.dimension, -1), _box(sums), sums.rows, budget)
    if isinstance(found, NegativeAt):
        size = region.dimension
        x, y = vector(found.point[:size]), vector(found.point[size : 2 * size])
        return Instance({"x": region.point(x), "y": region.point(y)})
    return NoInstance(region.point(some_point(region, budget)), multipliers=found.multipliers)


def _broken(
    region: Region, equations: Sequence[Equation], amounts: Sequence[Fraction], budget: Budget
) -> Equation | None:
    """A combination of the equations, in the region's own coordinates, to which the ``amounts`` add up to 1.

    None where there is none. The equations may have further coordinates (of a lift), which must cancel.
    """
    if not any(amounts):
        return None
    if isinstance(region.base, Box):
        return next(e for e, amount in zip(equations, amounts, strict=True) if amount)
    size = region.dimension
    extra = [e.form.coefficients.fractions()[size:] for e in equations]
    rows = [[*column, Fraction(0)] for column in zip(*extra, strict=True)] + [[*amounts, Fraction(1)]]
    reduced, pivots = echelon(rows, len(equations))
    if any(row[-1] for row in reduced[len(pivots) :]):
        return None
    weights = {pivot: row[-1] for row, pivot in zip(reduced, pivots, strict=False) if row[-1]}
    total = AffineForm(zeros(size), Fraction(0))
    for index, weight in weights.items():
        form = equations[index].form
        part = AffineForm(form.coefficients.take(range(size)).scaled(-weight), -weight * form.constant)
        total = total - part
    return Equation(total, _multipliers(region, total, budget), _multipliers(region, -total, budget))


def _multipliers(region: Region, form: AffineForm, budget: Budget) -> Multipliers:
    """Multipliers of the rows of a region over an L1 ball that show the form nonnegative there.

    Where it is, the program over ball and rows has a dual solution; its part for the ball is the ball's closed form.
    """
    rows, extra = lifted(region)
    found = simplex.decide(
        [*form.coefficients.fractions(), *[Fraction(0)] * extra],
        form.constant,
        [(row.coefficients.fractions(), row.bound) for row in rows],
        budget,
    )
    if not isinstance(found, simplex.Nonnegative):
        raise AssertionError("an equation of the hull does not hold on the region")
    own = len(rows) - len(region.rows)
    return {index - own: value for index, value in found.multipliers.items() if index >= own}
