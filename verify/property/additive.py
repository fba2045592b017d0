"""Additive: f(x + y) = f(x) + f(y) whenever x, y and x + y lie in the region."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from verify.network import Network
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    Question,
    Term,
    Trivial,
    Vacuous,
    in_coordinates,
    point,
)
from verify.property.copies import zero_on_copies
from verify.property.instances import HALF, Copies, Hint, Offset, sums
from verify.rational import zeros
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f(x + y) - f(x) - f(y)."""
    x, y = point(values, "x"), point(values, "y")
    return [Term(Fraction(1), x + y), Term(Fraction(-1), x), Term(Fraction(-1), y)]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question] | Vacuous:
    """Linear when P contains 0, the three-copy question when not, vacuous when 0 is not even in aff(P).

    Lemma 3. Let P contain 0 and f be additive on P. f(0) = 2 f(0) gives f(0) = 0; f(x) = 2 f(x/2) gives
    f(x) = Df(0; x), which is positively homogeneous; additivity of x/2 and y/2 gives f((x+y)/2) = (f(x) +
    f(y))/2, so the continuous f is affine, with f(0) = 0: linear. The converse is clear. If x, y and x + y lie
    in aff(P) then so does x + y - (x + y) = 0, an affine combination of the three.
    """
    local, domain, origin = in_coordinates(network, region)
    if origin is None:
        return Vacuous("no x, y of the region have x + y in it: 0 is not in its affine hull")
    if region.contains_origin:
        return [
            Question(local, domain, Criterion.LINEAR, origin, "lemma 3: with 0 in the region, additive means linear")
        ]
    parts = [(1, (1, 1)), (-1, (1, 0)), (-1, (0, 1))]
    return [zero_on_copies(local, domain, parts, 2, "lemma 5: f(x+y) - f(x) - f(y) is zero")]


def _propose(region: Region, hint: Hint) -> Iterator[Assignment]:
    """If f(x/2 + y/2) = f(x/2) + f(y/2) held for all three pairs, f would be midpoint-affine at p, q (lemma 3)."""
    if isinstance(hint, Copies):
        yield {"x": hint.points[0], "y": hint.points[1]}
        return
    p, q = (hint.p, hint.p) if isinstance(hint, Offset) else (hint.p, hint.q)
    origin = zeros(len(p))
    yield {"x": origin, "y": origin}
    for a, b in ((p, q), (p, p), (q, q)):
        yield {"x": a.scaled(HALF), "y": b.scaled(HALF)}


ADDITIVE = Property(
    name="additive",
    formula="f(x + y) = f(x) + f(y)",
    variables={"x": "point", "y": "point"},
    instance=_instance,
    reduce=_reduce,
    labels=("x + y", "x", "y"),
    trivial=Trivial(Absence.NO_SUM),
    implied_by=(("linear",),),
    draw=sums,
    propose=_propose,
    definition="f(x + y) == f(x) + f(y) for x, y in P, x + y in P",
)

PROPERTIES = (ADDITIVE,)
