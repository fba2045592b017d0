"""Which instances of a property hold of every function, and when a region leaves no others (``Property.trivial``).

A proved claim is *vacuous* on a region P where every instance with all arguments of f in P is trivial. That is a fact
about P alone. P is convex, so each property has one condition for it:

- odd, even: x and -x in P put their middle, 0, into P; and x = 0 is an instance.
- homogeneous, positively homogeneous: t = 1 is trivial. Let 0 lie in P: x = 0, t = 0 is an instance. Let 0 lie in
  aff(P), not in P: for x in the relative interior of P and t near 1, t x lies in P. Let 0 not lie in aff(P): x and
  t x in aff(P) with t != 1 would put the line through them, and 0, there.
- additive, subadditive, superadditive: {(x, y) : x, y and x + y in P} is a polyhedron, empty or not.
- nondecreasing, nonincreasing: t = 0 is trivial. An axis that is a direction of aff(P) can be followed a little from
  the relative interior; two points of P that differ along the axis make it a direction.
- no dead units: every point of P counts as an instance; whether there is a ReLU to speak of is seen from the network.
- the others: one point of P, taken for every variable, is an instance, and no instance counts as trivial.
"""

from __future__ import annotations

from verify.property.base import Slope, Vacuous
from verify.property.catalogue import Claim
from verify.property.slopes import axis_in_coordinates
from verify.rational import Vector


def axis_direction(claim: Claim) -> Vector | None:
    """The axis of a claim about monotonicity, in the coordinates of its region; None where the base does not have it.

    Only the chart and the pinned sides are looked at, not the rows.
    """
    region = claim.region
    directions = region.chart.directions if region.chart is not None else None
    return axis_in_coordinates(Slope(directions, claim.property.parameters["axis"], 1), region.base)


def why_vacuous(claim: Claim) -> str:
    """Why a claim that is vacuous is so, in words."""
    if claim.property.asked is not None:
        return "no values of its names satisfy the conditions"
    questions = claim.questions()
    if isinstance(questions, Vacuous):
        return questions.reason
    found = claim.property.trivial
    only = f", and {found.words} alone says nothing" if found.words else ""
    return f"{found.absence.value}{only}"


def lemmas(claim: Claim, *, vacuous: bool) -> list[str]:
    """What reduces the claim to questions, one lemma for each of them; for a vacuous one why it is."""
    questions = claim.questions()
    if vacuous or isinstance(questions, Vacuous):
        return [why_vacuous(claim)]
    return [question.lemma for question in questions]
