"""No dead units: every ReLU of the network is on at some point of the region.

A unit is on at x where its pre-activation is positive there; one that is off on the whole region (zero included) is
dead. The property is about the ReLU of the canonical form: those that max-pooling, clipping and leaky ReLU are written
with are among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.network import Network
from verify.network.network import Block
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    PropertyFamily,
    Question,
    Term,
    Trivial,
    in_coordinates,
    point,
)
from verify.region import Region


def unit_network(network: Network, block: int, unit: int) -> Network:
    """The pre-activation of one unit as a network: the blocks before it (from 1), then its row without activation."""
    last = network.blocks[block - 1]
    row = np.array([unit], dtype=np.int64)
    inputs = tuple((source, matrix.select_rows(row)) for source, matrix in last.inputs)
    end = Block(last.unit_name(unit), (1,), inputs, last.bias.take([unit]), relu=False)
    return replace(
        network, output_shape=(1,), blocks=(*network.blocks[: block - 1], end), source=None, file_digest=None
    )


def units(network: Network) -> Iterator[tuple[int, int]]:
    """Every ReLU as (block, unit), blocks from 1."""
    return ((k, i) for k, block in network.relu_blocks() for i in range(block.size))


def _instance(values: Assignment) -> list[Term]:
    """A point of the region. No value of f there breaks the claim: a unit is dead on a whole region, or it is not."""
    return [Term(Fraction(0), point(values, "x"))]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question about f itself: is each of its pre-activations positive somewhere?

    It is answered by points, or by a unit and a proof that its pre-activation is at most zero on the region. Both
    read the definition off: there is nothing to reduce.
    """
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.POSITIVE_SOMEWHERE, origin, "units: each is on at some point")]


def _fits(network: Network) -> None:
    network.require_piecewise_linear("'no dead units'")


NO_DEAD_UNITS = Property(
    name="no dead units",
    formula="for each ReLU z_u there is x in P with z_u(x) > 0",
    variables={"x": "point"},
    instance=_instance,
    reduce=_reduce,
    labels=("x",),
    trivial=Trivial(Absence.NO_UNIT),
    fits=_fits,
    predicate="free of dead units",
)

UNITS = PropertyFamily(
    "no dead units", "no dead units", re.compile("no dead units"), lambda: NO_DEAD_UNITS, NO_DEAD_UNITS.formula
)
PROPERTIES = (UNITS,)


def _value(values: Assignment) -> list[Term]:
    return [Term(Fraction(1), point(values, "x"))]


def _nonpositive(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question, the definition itself."""
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.NONPOSITIVE, origin, "units: the pre-activation is at most zero")]


# What search asks about one unit (``unit_network``). It is no entry of the catalogue.
AT_MOST_ZERO = Property(
    name="at most zero",
    formula="f(x) <= 0",
    variables={"x": "point"},
    instance=_value,
    reduce=_nonpositive,
    labels=("x",),
    trivial=Trivial(Absence.NEVER),
    relation="<= 0",
)
