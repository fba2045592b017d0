"""Which instances of a property hold of every function, and when a region leaves no others: the one table about it.

A proved claim is *vacuous* on a region P where every instance with all arguments of f in P is trivial. That is a fact
about P alone. P is convex, so each row of the table has one condition for it:

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

import enum
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from verify.property.base import Assignment, Slope, Vacuous, number
from verify.property.catalogue import Claim
from verify.property.slopes import axis_in_coordinates
from verify.property.units import AT_MOST_ZERO, NO_DEAD_UNITS
from verify.rational import Vector


class Absence(enum.Enum):
    """When a region P has no instance but trivial ones."""

    NEVER = "never"
    ORIGIN_OUTSIDE = "0 is not in the region"
    ORIGIN_OFF_HULL = "0 is not in the affine hull of the region"
    NO_SUM = "no x, y of the region have x + y in it"
    AXIS_OFF_HULL = "no two points of the region differ in that input alone"


@dataclass(frozen=True)
class Trivial:
    """``words`` name the trivial instances (empty: there are none), ``holds`` tells them, ``absence`` the regions."""

    words: str
    holds: Callable[[Assignment], bool]
    absence: Absence


def _none(absence: Absence) -> Trivial:
    return Trivial("", lambda _: False, absence)


def _factor(value: int, absence: Absence) -> Trivial:
    return Trivial(f"t = {value}", lambda values: number(values, "t") == Fraction(value), absence)


# Keyed as every table by property is: by ``Property.key``.
TRIVIAL: dict[str, Trivial] = {
    "affine": _none(Absence.NEVER),
    "linear": _none(Absence.NEVER),
    "superposition": _none(Absence.NEVER),
    "constant": _none(Absence.NEVER),
    "convex": _none(Absence.NEVER),
    "concave": _none(Absence.NEVER),
    "equivalent": _none(Absence.NEVER),
    "equivalent within": _none(Absence.NEVER),
    "lipschitz": _none(Absence.NEVER),
    NO_DEAD_UNITS.key: _none(Absence.NEVER),
    AT_MOST_ZERO.key: _none(Absence.NEVER),
    "never": _none(Absence.NEVER),
    "odd": _none(Absence.ORIGIN_OUTSIDE),
    "even": _none(Absence.ORIGIN_OUTSIDE),
    "additive": _none(Absence.NO_SUM),
    "subadditive": _none(Absence.NO_SUM),
    "superadditive": _none(Absence.NO_SUM),
    "homogeneous": _factor(1, Absence.ORIGIN_OFF_HULL),
    "positively homogeneous": _factor(1, Absence.ORIGIN_OFF_HULL),
    "nondecreasing": _factor(0, Absence.AXIS_OFF_HULL),
    "nonincreasing": _factor(0, Absence.AXIS_OFF_HULL),
}


def trivial(claim: Claim) -> Trivial:
    """The row of the claim's property."""
    return TRIVIAL[claim.property.key]


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
    if claim.property.key == NO_DEAD_UNITS.key:
        return "the network has no ReLU"
    found = trivial(claim)
    only = f", and {found.words} alone says nothing" if found.words else ""
    return f"{found.absence.value}{only}"


def lemmas(claim: Claim, *, vacuous: bool) -> list[str]:
    """What reduces the claim to questions, one lemma for each of them; for a vacuous one why it is."""
    questions = claim.questions()
    if vacuous or isinstance(questions, Vacuous):
        return [why_vacuous(claim)]
    return [question.lemma for question in questions]
