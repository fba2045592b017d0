"""Instances of a claim: their terms, and whether there is one that says anything (the flag ``vacuous``).

A proof comes with an ``Instance`` that is not trivial (``verify.property.trivial`` says which are), or with a
``NoInstance``: the certificate that there is none. Either is checked here without a solver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from verify.errors import EvidenceError, PropertyError
from verify.kernel.evidence import Equation, Multipliers
from verify.kernel.exact import AffineForm
from verify.property import Assignment, Claim, Term
from verify.property.base import Absence
from verify.property.trivial import axis_direction
from verify.rational import Vector, counted
from verify.region import Region


@dataclass(frozen=True, eq=False)
class Instance:
    """Values of the property's variables: every argument of f lies in the region, and the instance is not trivial."""

    assignment: Assignment


@dataclass(frozen=True, eq=False)
class NoInstance:
    """There are trivial instances at most, on a region that holds ``point``.

    Where the base and the chart of the region do not show it alone: an ``equation`` that holds on the region and that
    0 (or a step along the axis) breaks, or ``multipliers`` with which the half-spaces of {(x, y) : x, y and x + y in
    the region} contradict one another.
    """

    point: Vector
    equation: Equation | None = None
    multipliers: Multipliers | None = None


Witness: TypeAlias = Instance | NoInstance


def instance_terms(claim: Claim, assignment: Assignment) -> list[Term]:
    """The terms of an instance, every point checked to lie in the region."""
    variables = claim.property.variables
    if set(assignment) != set(variables):
        raise EvidenceError("instance", f"expected values for {sorted(variables)}, got {sorted(assignment)}")
    size = claim.network.input_size
    for name, value in assignment.items():
        if isinstance(value, Vector) != (variables[name] == "point"):
            raise EvidenceError("instance", f"{name} is not a {variables[name]}")
        if isinstance(value, Vector) and len(value) != size:
            raise EvidenceError("instance", f"{name} has {counted(len(value), 'coordinate')}; expected {size}")
    try:
        terms = claim.property.instance(assignment)
    except PropertyError as error:
        raise EvidenceError("instance", str(error)) from error
    if not all(claim.region.contains(term.point) for term in terms):
        raise EvidenceError("instance", "an argument of f lies outside the region")
    return terms


def is_vacuous(claim: Claim, witness: Witness | None) -> bool:
    """Whether the claim is vacuous, as the witness shows; ``EvidenceError`` where it shows neither."""
    if isinstance(witness, Instance):
        instance_terms(claim, witness.assignment)
        if claim.property.trivial.holds(witness.assignment):
            words = claim.property.trivial.words
            raise EvidenceError("trivial instance", f"{words}: the formula holds there for every f")
        return False
    if not isinstance(witness, NoInstance):
        raise EvidenceError("instances", "a proof needs an instance, or a certificate that there is none")
    if not claim.region.contains(witness.point):
        raise EvidenceError("empty region", "the point of the certificate is not in the region")
    if not _absent(claim, witness):
        raise EvidenceError("no instance", f"it does not follow that {claim.property.trivial.absence.value}")
    return True


def _absent(claim: Claim, witness: NoInstance) -> bool:
    region, absence = claim.region, claim.property.trivial.absence
    if absence is Absence.ORIGIN_OUTSIDE:
        return not region.contains_origin
    if absence is Absence.ORIGIN_OFF_HULL:
        form = _checked_form(region, witness.equation)
        return not region.origin_in_hull or (form is not None and form.constant != 0)
    if absence is Absence.AXIS_OFF_HULL:
        form, direction = _checked_form(region, witness.equation), axis_direction(claim)
        return direction is None or (form is not None and form.coefficients.dot(direction) != 0)
    if absence is Absence.NO_SUM:
        return not region.origin_in_hull or _no_sum(region, witness.multipliers)
    return False


def _checked_form(region: Region, equation: Equation | None) -> AffineForm | None:
    """The form (chart coordinates) that is zero on the region; None where no equation is given."""
    if equation is None:
        return None
    from verify.kernel.frames import check_equation

    return check_equation(equation, region)


def _no_sum(region: Region, multipliers: Multipliers | None) -> bool:
    if multipliers is None:
        return False
    from verify.kernel.core.part import is_empty
    from verify.property.copies import sums_inside

    sums = sums_inside(region)
    return is_empty(sums.base, sums.rows, multipliers)
