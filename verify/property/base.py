"""What a property is: a formula, its instances, and the questions that decide it.

A property is refuted by one instance: values for its variables for which a fixed rational combination of
values of f, which the formula says is zero, is not. It is proved by answering one or more *questions* about a
network h on a polyhedron Q, each of the form "every piece of h on Q satisfies a criterion". The reductions
are part of what must be trusted; each states its lemma and proof.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verify.errors import PropertyError
from verify.network import Network
from verify.network.combine import precomposed
from verify.rational import Vector, zeros
from verify.region import Region

Assignment: TypeAlias = Mapping[str, Vector | Fraction]


class Criterion(enum.Enum):
    """What each piece ``t -> A t + c`` of h on Q must satisfy; maps are compared on the affine hull of Q."""

    AFFINE = "all pieces are one affine map"
    LINEAR = "all pieces are one map, and it is linear"
    CONSTANT = "all pieces are one constant"
    ZERO = "all pieces are zero"
    THROUGH_ORIGIN = "each piece, extended, is zero at the origin"


@dataclass(frozen=True, eq=False)
class Question:
    """Does every piece of ``network`` on ``region`` satisfy ``criterion``?

    The region has no chart: the network is taken in its coordinates. ``origin`` is where the ambient 0 lies
    in these coordinates, None when it is outside the affine hull. A lifted question (``copies.lift``) has further
    coordinates, which the network ignores: its origin lists the first ones only.
    """

    network: Network
    region: Region
    criterion: Criterion
    origin: Vector | None
    lemma: str


@dataclass(frozen=True)
class Vacuous:
    """The property quantifies over nothing on this region (or over trivial instances only)."""

    reason: str


@dataclass(frozen=True, eq=False)
class Term:
    """``factor * f(point)``, or the second network's value when ``second``."""

    factor: Fraction
    point: Vector
    second: bool = False


@dataclass(frozen=True)
class Property:
    """One entry of the catalogue.

    ``variables`` maps each quantified name to ``"point"`` or ``"number"``; ``instance`` gives the terms whose
    sum the formula says is zero; ``reduce`` gives the questions that together are equivalent to the property
    on a region. ``labels`` name the argument of f in each term, in order.
    """

    name: str
    formula: str
    variables: Mapping[str, str]
    instance: Callable[[Assignment], list[Term]]
    reduce: Callable[[Network, Region, Network | None], list[Question] | Vacuous]
    labels: tuple[str, ...]
    needs_second: bool = False

    def __repr__(self) -> str:
        return f"<Property {self.name}: {self.formula}>"


def in_coordinates(network: Network, region: Region) -> tuple[Network, Region, Vector | None]:
    """The network in the region's chart coordinates, the region without chart, and where the origin lies."""
    origin = zeros(region.dimension) if region.origin_in_hull else None
    if region.chart is None:
        return network, region, origin
    local = precomposed(network, region.chart.directions, region.chart.origin)
    return local, Region(region.base, region.rows, text=region.text), origin


def point(assignment: Assignment, name: str) -> Vector:
    """The point bound to ``name``."""
    value = assignment.get(name)
    if not isinstance(value, Vector):
        raise PropertyError(f"the instance lacks the point {name}")
    return value


def number(assignment: Assignment, name: str) -> Fraction:
    """The number bound to ``name``."""
    value = assignment.get(name)
    if not isinstance(value, Fraction):
        raise PropertyError(f"the instance lacks the number {name}")
    return value
