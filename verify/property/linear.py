"""Linear: there is A with f(x) = A x on the region. Superposition is the same property on a convex region."""

from __future__ import annotations

import random
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
    in_coordinates,
    number,
    point,
)
from verify.property.instances import FACTORS, HALF, Copies, Hint, Offset, factors_near_one
from verify.rational import Vector
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f(a x + b y) - a f(x) - b f(y)."""
    x, y = point(values, "x"), point(values, "y")
    a, b = number(values, "a"), number(values, "b")
    return [Term(Fraction(1), x.scaled(a) + y.scaled(b)), Term(-a, x), Term(-b, y)]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question: all pieces are one map A x + c, and c = 0 if 0 lies in aff(P).

    Lemma 3. If 0 is not in aff(P), every affine map on aff(P) is the restriction of a linear one. If it is,
    the map's value at 0 is c, and a linear map has 0 there. Superposition (all real a, b with x, y and
    a x + b y in P) gives f affine with a + b = 1; when 0 is in aff(P) take p in the relative interior of P and
    t != 1 with t p in P (if P = {0}, take t = 0): f(t p) = t f(p) forces c = 0. The converse is clear.
    """
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.LINEAR, origin, "lemma 3: one affine map, zero at the origin")]


def _draw(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Combinations between p and q, beyond them, towards 0, and freely."""
    e, a, b = Fraction(rng.randint(-2, 10), 8), rng.choice(FACTORS), rng.choice(FACTORS)
    yield {"x": p, "y": q, "a": 1 - e, "b": e}
    yield {"x": p, "y": q, "a": a, "b": b}
    yield {"x": p, "y": q, "a": abs(a) / 8, "b": abs(b) / 8}
    if b:  # the combination is q itself
        yield {"x": p, "y": (q - p.scaled(a)).scaled(1 / b), "a": a, "b": b}


def _propose(region: Region, hint: Hint) -> Iterator[Assignment]:
    """The middle of a bend; f(t p) against t f(p) where a piece does not vanish at the origin."""
    if isinstance(hint, Offset):
        for x, t in factors_near_one(region, hint.p):
            yield {"x": x, "y": x, "a": t, "b": Fraction(0)}
    elif not isinstance(hint, Copies):
        yield {"x": hint.p, "y": hint.q, "a": HALF, "b": HALF}


LINEAR = Property(
    name="linear",
    formula="f(a x + b y) = a f(x) + b f(y)",
    variables={"x": "point", "y": "point", "a": "number", "b": "number"},
    instance=_instance,
    reduce=_reduce,
    labels=("a x + b y", "x", "y"),
    trivial=Trivial(Absence.NEVER),
    implied_by=(("linear",),),
    draw=_draw,
    propose=_propose,
    definition="f(a*x + b*y) == a*f(x) + b*f(y) for x, y in P, a*x + b*y in P",
)

SUPERPOSITION = Property(
    name="superposition",
    formula=LINEAR.formula,
    variables=LINEAR.variables,
    instance=_instance,
    reduce=_reduce,
    labels=("a x + b y", "x", "y"),
    trivial=Trivial(Absence.NEVER),
    implied_by=(("linear",),),
    draw=_draw,
    propose=_propose,
    definition=LINEAR.definition,
)

PROPERTIES = (LINEAR, SUPERPOSITION)
