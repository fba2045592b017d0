"""Counterexamples along one coordinate: where f bends between two points, go to the bend and cross it along an axis.

Two points that differ in hundreds of coordinates show a bend, but nobody can read it. At the point where the first
effective unit switches, any coordinate that its pre-activation depends on leads across its hyperplane as well; then
the other coordinates can be rounded. All this only proposes: the kernel evaluates every proposal.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise

from verify.digits import simplest_between
from verify.kernel.core.cell import cell_of
from verify.kernel.evidence import ValueGap
from verify.kernel.exact import AffineForm, pattern_at
from verify.property import Assignment, Claim
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.refuting.switch import MAX_STRETCHES
from verify.search.refuting.walk import stretches
from verify.search.stability import moved

# Coordinates tried, those on which the pre-activation depends most first; and binary places that are kept.
COORDINATES, PLACES = 2, (1, 3, 6, 12, 24)


def along_one_coordinate(claim: Claim, evidence: ValueGap, budget: Budget) -> Iterator[Assignment]:
    """Instances whose points x and y differ in one coordinate, simplest first; none for other kinds of instances."""
    x, y = evidence.assignment.get("x"), evidence.assignment.get("y")
    if not isinstance(x, Vector) or not isinstance(y, Vector) or claim.second is not None:
        return
    if set(evidence.assignment) not in ({"x", "y", "e"}, {"x", "y", "a", "b"}) or not claim.network.is_piecewise_linear:
        return
    if sum(1 for n in (y - x).numerators.tolist() if n) <= 1:
        return
    found = _bend(claim, x, y, evidence.output, budget)
    if found is None:
        return
    point, form = found
    slopes = form.coefficients.fractions()
    best = sorted((j for j, slope in enumerate(slopes) if slope), key=lambda j: -abs(slopes[j]))[:COORDINATES]
    for places in PLACES:
        for j in best:
            rounded = _rounded(point, places, j)
            reach = abs(form.at(rounded) / slopes[j])
            step = simplest_between(reach * Fraction(9, 8), reach * 2) if reach else Fraction(1, 2**places)
            ends = {"x": moved(rounded, j, -step), "y": moved(rounded, j, step)}
            if all(claim.region.contains(end) for end in ends.values()):
                yield {**evidence.assignment, **ends}


def _bend(claim: Claim, x: Vector, y: Vector, output: int, budget: Budget) -> tuple[Vector, AffineForm] | None:
    """The first bend of the output between x and y, and the pre-activation, as it is before, that is zero there."""
    network, way = claim.network, y - x
    for a, b in pairwise(islice(stretches(network, x, y, budget), MAX_STRETCHES)):
        if a.slope[output] != b.slope[output] and a.switching:
            before = x + way.scaled((a.begin + a.end) / 2)
            return x + way.scaled(a.end), cell_of(network, pattern_at(network, before)).form(*a.switching[0])
    return None


def _rounded(point: Vector, places: int, kept: int) -> Vector:
    """The point with its coordinates, all but one, rounded to so many binary places."""
    scale = 2**places
    values = [v if i == kept else Fraction(round(v * scale), scale) for i, v in enumerate(point.fractions())]
    values[kept] = Fraction(round(values[kept] * 2 ** (places + 12)), 2 ** (places + 12))
    return vector(values)
