"""Bounds of a difference by affine forms on a whole box or ball, output by output."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import DOUBLE
from verify.kernel.cuts import sides
from verify.kernel.pairs import Pair
from verify.network import Block
from verify.network import matrix as matrices
from verify.rational import zeros
from verify.region import Box, ball
from verify.region.bases import Base


def form_bounds(pair: Pair, base: Base) -> list[Fraction | None]:
    """For each output an upper bound of |f - g| on the base (an L1 ball in a box); None where nothing is known."""
    size, last = pair.values[-1].size, len(pair.values)
    box = base if isinstance(base, Box) else ball(base.midpoint, base.radius).base
    assert isinstance(box, Box)
    every = np.arange(size)
    same = matrices.from_triplets(every, every, np.ones(size), (size, size))
    goal = Block("gaps", (size,), ((~last, same),), zeros(size), relu=False)
    try:
        machine, (low, high) = Machine(pair, goal, None, DOUBLE), sides(box)
    except EvidenceError:
        return [None] * size
    below, above = machine.run(low[None], high[None]).sides()
    largest = np.maximum(np.abs(below[0]), np.abs(above[0])).tolist()
    return [Fraction(bound) if np.isfinite(bound) else None for bound in largest]
