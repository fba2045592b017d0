"""Homogeneous: f(t x) = t f(x) for all real t (or all t >= 0: positively homogeneous), x and t x in the region."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
    Vacuous,
    in_coordinates,
    number,
    point,
)
from verify.property.copies import WeightedCopy, zero_on_copies
from verify.property.instances import FACTORS, HALF, Copies, Draw, Hint, Offset, factors_near_one
from verify.rational import Vector
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f(t x) - t f(x)."""
    x, t = point(values, "x"), number(values, "t")
    return [Term(Fraction(1), x.scaled(t)), Term(-t, x)]


def _positive_instance(values: Assignment) -> list[Term]:
    """f(t x) - t f(x) with t >= 0."""
    if number(values, "t") < 0:
        raise PropertyError("positive homogeneity quantifies over t >= 0 only")
    return _instance(values)


def _reduce_positive(network: Network, region: Region, _: Network | None) -> list[Question] | Vacuous:
    """Lemma 4: f(x/2) = f(x)/2 when P contains 0; else each piece vanishes at the origin.

    P containing 0: f(x) = 2^k f(x/2^k) for all k, and f is affine near 0 along each ray with value f(0) = 0, so
    f(x) = Df(0; x), which is positively homogeneous. P not containing 0: x and t x in P force t > 0 (P is convex),
    and the whole segment between them lies in P. On the interior of a piece A x + c, f(t x) = t f(x) for t near 1
    forces c = 0. Conversely, with c = 0 on every piece, f(t x)/t is constant along the segment. If 0 is not in
    aff(P), x and t x in P force t = 1.
    """
    local, domain, origin = in_coordinates(network, region)
    if origin is None:
        return Vacuous("x and t x both lie in the region only for t = 1: 0 is not in its affine hull")
    if region.contains_origin:
        parts: list[WeightedCopy] = [(2, (Fraction(1, 2),)), (-1, (1,))]
        return [zero_on_copies(local, domain, parts, 1, "lemma 4: f(x/2) = f(x)/2 decides, as 0 is in the region")]
    lemma = "lemma 4: as 0 is not in the region, each piece must vanish at the origin (Euler)"
    return [Question(local, domain, Criterion.THROUGH_ORIGIN, origin, lemma)]


def _reduce(network: Network, region: Region, second: Network | None) -> list[Question] | Vacuous:
    """Positively homogeneous, and odd on the intersection of P and -P when P contains 0 (lemma 4).

    For t < 0 and x, t x in P put s = min(1, |t|). Then s x is in P (0 is) and -s x is too (it lies between 0 and
    t x). Oddness at s x and positive homogeneity along both rays give f(t x) = t f(x). When 0 is not in P, t > 0.
    """
    questions = _reduce_positive(network, region, second)
    local, domain, _ = in_coordinates(network, region)
    if isinstance(questions, Vacuous) or not region.contains_origin:
        return questions
    odd = zero_on_copies(local, domain, [(1, (1,)), (1, (-1,))], 1, "lemma 4: f(-x) = -f(x) where both are inside")
    return [*questions, odd]


def _scalings(factors: list[Fraction]) -> Draw:
    def draw(p: Vector, _: Vector, rng: random.Random) -> Iterator[Assignment]:
        yield {"x": p, "t": rng.choice(factors)}
        yield {"x": p, "t": Fraction(rng.randint(0, 64), 64)}
        yield {"x": p, "t": Fraction(rng.randint(48, 80), 64)}

    return draw


def _propose(region: Region, hint: Hint) -> Iterator[Assignment]:
    """f(t p) differs from t f(p) for t near 1 (and f(0) from 0); a question about copies holds t = 1/2, or t = -1."""
    if isinstance(hint, Copies):
        yield {"x": hint.points[0], "t": HALF if hint.question == 0 else Fraction(-1)}
    elif isinstance(hint, Offset):
        for x, t in factors_near_one(region, hint.p):
            yield {"x": x, "t": t}


POSITIVELY_HOMOGENEOUS = Property(
    name="positively homogeneous",
    formula="f(t x) = t f(x), t >= 0",
    variables={"x": "point", "t": "number"},
    instance=_positive_instance,
    reduce=_reduce_positive,
    labels=("t x", "x"),
    trivial=Trivial(Absence.ORIGIN_OFF_HULL, "t", Fraction(1)),
    implied_by=(("positively homogeneous",),),
    draw=_scalings([f for f in FACTORS if f >= 0]),
    propose=_propose,
    definition="f(t*x) == t*f(x) for x in P, t*x in P, t >= 0",
)

HOMOGENEOUS = Property(
    name="homogeneous",
    formula="f(t x) = t f(x)",
    variables={"x": "point", "t": "number"},
    instance=_instance,
    reduce=_reduce,
    labels=("t x", "x"),
    trivial=Trivial(Absence.ORIGIN_OFF_HULL, "t", Fraction(1)),
    implied_by=(("linear",), ("positively homogeneous", "odd")),
    draw=_scalings(FACTORS),
    propose=_propose,
    definition="f(t*x) == t*f(x) for x in P, t*x in P",
)

PROPERTIES = (HOMOGENEOUS, POSITIVELY_HOMOGENEOUS)
