"""Odd: f(-x) = -f(x). Even: f(-x) = f(x). Both for all x with x and -x in the region."""

from __future__ import annotations

from fractions import Fraction

from verify.network import Network
from verify.property.base import Absence, Assignment, Property, Question, Term, Trivial, Vacuous, in_coordinates, point
from verify.property.copies import zero_on_copies
from verify.property.instances import towards_zero
from verify.region import Region


def _property(name: str, sign: int, right: str) -> Property:
    formula = f"f(-x) = {right}"

    def instance(values: Assignment) -> list[Term]:
        x = point(values, "x")
        return [Term(Fraction(1), -x), Term(Fraction(sign), x)]

    def reduce(network: Network, region: Region, _: Network | None) -> list[Question] | Vacuous:
        """``f(-x) + sign f(x)`` is zero where x and -x are in P; a convex P holding both holds 0."""
        local, domain, _origin = in_coordinates(network, region)
        if not region.contains_origin:
            return Vacuous("no x of the region has -x in it: 0 is not in the region")
        parts = [(1, (-1,)), (sign, (1,))]
        return [zero_on_copies(local, domain, parts, 1, f"lemma 5: {formula} as one network that must vanish")]

    definition = f"f(-x) == {right} for x in P, -x in P"
    return Property(
        name,
        formula,
        {"x": "point"},
        instance,
        reduce,
        ("-x", "x"),
        Trivial(Absence.ORIGIN_OUTSIDE),
        definition=definition,
        implied_by=((name,),),
        draw=towards_zero,
    )


ODD = _property("odd", 1, "-f(x)")
EVEN = _property("even", -1, "f(x)")

PROPERTIES = (ODD, EVEN)
