"""Monotone in one input: f(x + t e_i) >= f(x) for t >= 0 (nondecreasing), or <= (nonincreasing). For every output."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from verify.errors import PropertyError
from verify.network import Network
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    PropertyFamily,
    Question,
    Slope,
    Term,
    Trivial,
    Vacuous,
    in_coordinates,
    number,
    point,
)
from verify.property.instances import FACTORS, HALF, Change, Hint, Propose
from verify.property.slopes import axis_in_coordinates
from verify.rational import Vector, counted, exact_text, integer_array
from verify.region import Region


def _instance(axis: int) -> Callable[[Assignment], list[Term]]:
    def instance(values: Assignment) -> list[Term]:
        """f(x + t e_i) - f(x), t >= 0."""
        x, t = point(values, "x"), number(values, "t")
        if t < 0:
            raise PropertyError(f"the step t is {exact_text(t):.60}; expected t >= 0")
        if axis >= len(x):
            raise PropertyError(f"there is no input {axis} of {len(x)}")
        unit = integer_array(int(i == axis) for i in range(len(x)))
        return [Term(Fraction(1), x + Vector(unit, 1).scaled(t)), Term(Fraction(-1), x)]

    return instance


def _reduction(axis: int, sign: int) -> Callable[[Network, Region, Network | None], list[Question] | Vacuous]:
    def reduce(network: Network, region: Region, _: Network | None) -> list[Question] | Vacuous:
        """One question: no piece of dimension dim P decreases along the axis.

        If 'x and x + t e_i in P' forces t = 0, that is if e_i is not a direction of aff(P), only trivial instances
        remain. Else: a piece that decreases along e_i does so around a point of its relative interior. Conversely
        let no piece do so, and let x and x + t e_i lie in P. Moving both a little towards a point of the relative
        interior, and then by a generic small vector, gives a parallel segment in the relative interior that meets
        pieces of lower dimension in finitely many points only; f does not decrease along it, and by continuity
        not along the first one.
        """
        local, domain, origin = in_coordinates(network, region)
        slope = Slope(region.chart.directions if region.chart is not None else None, axis, sign)
        if axis_in_coordinates(slope, domain.base) is None:
            return Vacuous(f"x and x + t e{axis} both lie in the region only for t = 0")
        lemma = "slopes: each piece's slope along the axis has one sign"
        return [Question(local, domain, Criterion.NONDECREASING, origin, lemma, slope)]

    return reduce


def _fits(axis: int) -> Callable[[Network], None]:
    def fits(network: Network) -> None:
        if axis >= network.input_size:
            raise PropertyError(
                f"monotone in input {axis}: {network.name} has {counted(network.input_size, 'input')}, numbered from 0"
            )

    return fits


def _steps(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Steps as long as the points are apart in some coordinate, and shorter ones."""
    apart = abs(rng.choice((q - p).fractions())) if len(p) else Fraction(0)
    for factor in (Fraction(1), HALF, Fraction(1, 16), Fraction(1, 1024)):
        yield {"x": p, "t": apart * factor}
    yield {"x": p, "t": abs(rng.choice(FACTORS))}


def _propose(axis: int) -> Propose:
    def propose(_: Region, hint: Hint) -> Iterator[Assignment]:
        """Of two points the one further down the axis, and the step to the other."""
        if isinstance(hint, Change):
            step = hint.q[axis] - hint.p[axis]
            yield {"x": hint.p if step >= 0 else hint.q, "t": abs(step)}

    return propose


def monotone(direction: str, index: str) -> Property:
    """``nondecreasing in 0`` or ``nonincreasing in 0``; ``monotone in 0`` is the former."""
    axis, sign = int(index), -1 if direction == "nonincreasing" else 1
    family = "nonincreasing" if sign < 0 else "nondecreasing"
    symbol = "<=" if sign < 0 else ">="
    return Property(
        name=f"{family} in {axis}",
        formula=f"f(x + t e{axis}) {symbol} f(x), t >= 0",
        variables={"x": "point", "t": "number"},
        instance=_instance(axis),
        reduce=_reduction(axis, sign),
        labels=(f"x + t e{axis}", "x"),
        trivial=Trivial(Absence.AXIS_OFF_HULL, "t", Fraction(0)),
        implied_by=((family,),),
        draw=_steps,
        propose=_propose(axis),
        relation="<= 0" if sign < 0 else ">= 0",
        family=family,
        parameters={"axis": axis},
        fits=_fits(axis),
        definition=f"f(x + t*u) {symbol} f(x) for x in P, x + t*u in P, t >= 0",
        predicate=f"{family} in input {axis}",
    )


PROPERTIES = tuple(
    PropertyFamily(
        name,
        f"{name} in I",
        re.compile(rf"({name}) in (\d{{1,9}})"),
        monotone,
        f"f(x + t e_I) {'<=' if name == 'nonincreasing' else '>='} f(x), t >= 0",
        synonym=name == "monotone",
    )
    for name in ("nondecreasing", "nonincreasing", "monotone")
)
