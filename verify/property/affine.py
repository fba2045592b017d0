"""Affine: there are A, c with f(x) = A x + c on the region."""

from __future__ import annotations

from fractions import Fraction

from verify.errors import PropertyError
from verify.network import Network
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    Question,
    Term,
    Trivial,
    in_coordinates,
    number,
    point,
)
from verify.property.instances import halfway, mixtures
from verify.rational import exact_text
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f((1-e) x + e y) - (1-e) f(x) - e f(y), 0 <= e <= 1."""
    x, y, e = point(values, "x"), point(values, "y"), number(values, "e")
    if not 0 <= e <= 1:
        raise PropertyError(f"the mixing factor e is {exact_text(e):.60}; expected 0 <= e <= 1")
    mixed = x.scaled(1 - e) + y.scaled(e)
    return [Term(Fraction(1), mixed), Term(e - 1, x), Term(-e, y)]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question: all pieces are one affine map.

    f is continuous and piecewise affine, so it is affine on a convex P exactly when its pieces of dimension
    dim P carry one map on aff(P); these pieces are dense in P.
    """
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.AFFINE, origin, "definition: one affine map on all pieces")]


AFFINE = Property(
    name="affine",
    formula="f((1-e) x + e y) = (1-e) f(x) + e f(y), 0 <= e <= 1",
    variables={"x": "point", "y": "point", "e": "number"},
    instance=_instance,
    reduce=_reduce,
    labels=("(1-e) x + e y", "x", "y"),
    trivial=Trivial(Absence.NEVER),
    implied_by=(("affine",),),
    draw=mixtures,
    propose=halfway,
    definition="f((1 - e)*x + e*y) == (1 - e)*f(x) + e*f(y) for x, y in P, 0 <= e <= 1",
)

PROPERTIES = (AFFINE,)
