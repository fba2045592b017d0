"""The nearest part of a ball on which f has another affine map than at its centre, by best-first splitting.

Parts wait in a heap, ordered by their exact L-infinity distance from the centre. The nearest one is taken: where some
unit that matters still switches on it, it is cut in two; else f has one map on it. The first map met, at distance 0,
is that of a piece around the centre, and every later part is at least as far as those before it. So the first part
with another map gives the radius: nearer ones all carry the first map, and f is affine on their union, which holds
the open ball of that radius. A centre on a facet needs no special care: parts on both sides are at distance 0.

Compared with a walk over the facets of the growing piece, nothing has to be said about which parts are neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from verify.errors import BudgetExceeded
from verify.kernel.core.part import key
from verify.kernel.core.units import normal_form
from verify.network import Network
from verify.rational import Vector
from verify.region import Box, HalfSpace, ball
from verify.search.budget import Budget
from verify.search.dividing.loop import Halved, LeastFirst, Node, Open, divide
from verify.search.dividing.parts import PolyhedralPart
from verify.search.dividing.polygon import Polygon, distance
from verify.search.dividing.relevance import whole
from verify.search.dividing.relevant_split import NestedPart, first_part, halved
from verify.search.geometry.lp import nonnegative, origin_form
from verify.search.geometry.simplex import NegativeAt


class Near(NamedTuple):
    """A part, the fold of the part that it comes from, and its distance from the centre."""

    nested: NestedPart
    distance: Fraction


def nearest_other_map(network: Network, x: Vector, reach: Fraction, budget: Budget) -> Fraction | None:
    """The distance from x at which another map begins; None if f is affine on the ball of radius ``reach``.

    ``TooLarge`` for networks with more rows than are kept exactly.
    """
    region, radius = ball(x, reach), Fraction(0)
    assert isinstance(region.base, Box)
    start = NestedPart(first_part(region, x, budget), whole(normal_form(network, region.base)))

    def look(near: Near) -> Halved[Near] | tuple[Fraction, list[object]]:
        nonlocal radius
        radius = near.distance
        here = near.nested.folded(budget)
        if not here.live:
            return radius, [key(row) for row in here.outputs]
        cut = halved(near.nested.part, here)
        above, below = (Near(side, _distance(side.part, x, radius, budget)) for side in cut.sides)
        return Halved(cut.form, (above, below))

    order = LeastFirst([Open(Node(), Near(start, radius))], lambda near: near.distance)
    reference: list[object] | None = None
    try:
        for _, (distance, maps) in divide(look, order, budget):
            if reference is None:
                reference = maps
            elif maps != reference:
                return distance
    except BudgetExceeded as stop:
        raise Within(str(stop), radius) from stop
    return None


class Within(BudgetExceeded):
    """The budget ran out; f is affine on the ball of this radius at least."""

    def __init__(self, reason: str, radius: Fraction) -> None:
        super().__init__(reason)
        self.radius = radius


def _distance(part: PolyhedralPart, x: Vector, at_least: Fraction, budget: Budget) -> Fraction:
    if isinstance(part, Polygon):
        return distance(part, x)
    return distance_of_rows(part.rows, x, at_least, budget)


def distance_of_rows(rows: Sequence[HalfSpace], x: Vector, at_least: Fraction, budget: Budget) -> Fraction:
    """The L-infinity distance from x to where all rows hold (nowhere empty), known to be ``at_least`` that much.

    For weights w >= 0 the rows give ``a.t <= b`` with a = sum w_i a_i, b = sum w_i b_i, which is ``(a.x - b) / |a|_1``
    away. Start from single rows; as long as the ball of that radius misses the part, the multipliers that show it are
    weights of a larger distance. A ball that meets the part ends it: the distance is attained.
    """
    reach = max([at_least, *(_from_row(row, x) for row in rows)])
    while True:
        base = ball(x, reach).base
        assert isinstance(base, Box)
        outcome = nonnegative(origin_form(len(x), -1), base, rows, budget)
        if isinstance(outcome, NegativeAt):
            return reach
        total = HalfSpace(x.scaled(Fraction(0)), Fraction(0))
        for index, weight in outcome.multipliers.items():
            row = rows[index]
            total = HalfSpace(total.coefficients + row.coefficients.scaled(weight), total.bound + weight * row.bound)
        reach = _from_row(total, x)


def _from_row(row: HalfSpace, x: Vector) -> Fraction:
    norm = Fraction(sum(abs(n) for n in row.coefficients.numerators.tolist()), row.coefficients.denominator)
    return -row.slack(x) / norm if norm else Fraction(0)
