"""Constant: f(x) = f(y) on the region."""

from __future__ import annotations

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
    point,
)
from verify.property.instances import pairs
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f(x) - f(y)."""
    return [Term(Fraction(1), point(values, "x")), Term(Fraction(-1), point(values, "y"))]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question: all pieces are one constant (f is continuous and P connected)."""
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.CONSTANT, origin, "definition: one constant on all pieces")]


CONSTANT = Property(
    name="constant",
    formula="f(x) = f(y)",
    variables={"x": "point", "y": "point"},
    instance=_instance,
    reduce=_reduce,
    labels=("x", "y"),
    trivial=Trivial(Absence.NEVER),
    implied_by=(("constant",),),
    draw=pairs,
    definition="f(x) == f(y) for x, y in P",
)

PROPERTIES = (CONSTANT,)
