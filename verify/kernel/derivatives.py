"""What bounds show of derivatives: along an axis for monotone networks, in every direction for Lipschitz constants."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.pairs import Pair
from verify.network import Block, Network
from verify.network.floats import SMALLEST_SUBNORMAL
from verify.property import Claim
from verify.property.base import Slope
from verify.property.slopes import axis_in_coordinates
from verify.rational import Floats, Vector, zeros
from verify.region import Box


@dataclass(frozen=True, eq=False)
class Directions:
    """``centre + spread * e`` (n): e in the unit ball of a norm (``linf``, ``l1``, ``l2``); None: the centre alone."""

    centre: Floats
    spread: Floats | None = None
    norm: str = "linf"

    @property
    def size(self) -> int:
        """How many own symbols they take."""
        return 0 if self.spread is None else len(self.spread)

    def reach(self, columns: Floats) -> Floats:
        """``max |sum_j G_j e_j|`` (B, n) for columns (B, p, n) of the ball's symbols, as floats add it up."""
        sizes = np.abs(columns).astype(np.float64)
        if self.norm == "linf":
            return np.asarray(sizes.sum(axis=1))
        if self.norm == "l1":
            return np.asarray(sizes.max(axis=1, initial=0.0))
        # A square may lose half of the smallest number.
        return np.asarray(np.sqrt((sizes * sizes).sum(axis=1) + sizes.shape[1] * SMALLEST_SUBNORMAL))


def posed(claim: Claim, network: Network, base: Box) -> tuple[Pair, int, Fraction, Directions]:
    """Values and derivatives t, factor and constant c of the cases ``factor t_j + c < 0``, and the directions."""
    make = _lipschitz if claim.property.family == "lipschitz" else _monotone
    return (tangent(network), *make(claim, base))


def _monotone(claim: Claim, base: Box) -> tuple[int, Fraction, Directions]:
    chart, sign = claim.region.chart, -1 if claim.property.family == "nonincreasing" else 1
    slope = Slope(chart.directions if chart is not None else None, claim.property.parameters["axis"], sign)
    axis = axis_in_coordinates(slope, base)
    if axis is None:
        raise EvidenceError("bounds", "the axis is no direction of the region")
    return 1, Fraction(0), Directions(_exact_floats(axis))


def _lipschitz(claim: Claim, base: Box) -> tuple[int, Fraction, Directions]:
    if claim.region.chart is not None:
        raise EvidenceError("bounds", "a Lipschitz constant needs a region without chart")
    norm, constant = claim.property.parameters["norm"], claim.property.parameters["constant"]
    directions = Directions(np.zeros(base.dimension), np.where(base.pinned, 0.0, 1.0), norm)
    return -1, constant, directions


def tangent(network: Network) -> Pair:
    """The blocks of f, and the same without biases for derivatives."""
    gaps = tuple(
        Block(b.name, b.shape, tuple((~source, matrix) for source, matrix in b.inputs), zeros(b.size), relu=b.relu)
        for b in network.blocks
    )
    return Pair(network.blocks, gaps)


def _exact_floats(values: Vector) -> Floats:
    """A positive multiple of the vector whose entries are floats."""
    numerators = [int(n) for n in values.numerators.tolist()]
    if any(abs(n) >= 1 << 53 for n in numerators):
        raise EvidenceError("bounds", "the direction of the axis has no short coordinates")
    return np.array(numerators, dtype=np.float64)
