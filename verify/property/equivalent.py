"""Equivalent: f(x) = g(x) on the region, for a second network g."""

from __future__ import annotations

from fractions import Fraction

from verify.errors import PropertyError
from verify.network import Network
from verify.network import matrix as matrices
from verify.network.combine import Copy, combination
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
from verify.property.instances import single
from verify.rational import zeros
from verify.region import Region


def _instance(values: Assignment) -> list[Term]:
    """f(x) - g(x)."""
    x = point(values, "x")
    return [Term(Fraction(1), x), Term(Fraction(-1), x, second=True)]


def _reduce(network: Network, region: Region, second: Network | None) -> list[Question]:
    """``f - g`` is zero (lemma 5)."""
    if second is None:
        raise PropertyError("'equivalent' compares two networks; name the second one with --to")
    same, none = matrices.identity(network.input_size), zeros(network.input_size)
    copies = [Copy(Fraction(1), network, same, none, "f."), Copy(Fraction(-1), second, same, none, "g.")]
    local, domain, origin = in_coordinates(combination(copies, network.name), region)
    return [Question(local, domain, Criterion.ZERO, origin, "lemma 5: f - g is zero")]


EQUIVALENT = Property(
    name="equivalent",
    formula="f(x) = g(x)",
    variables={"x": "point"},
    instance=_instance,
    reduce=_reduce,
    labels=("x", "x"),
    trivial=Trivial(Absence.NEVER),
    draw=single,
    needs_second=True,
    definition="f(x) == g(x) for x in P",
)

PROPERTIES = (EQUIVALENT,)
