"""Walking along a segment: f restricted to it is piecewise linear in one variable, and its breaks are found exactly.

At a break where the derivative of the output changes, the switch is effective and three points around the break
refute affinity (lemma 2). A generic segment meets facets one at a time; then the derivative changes exactly
where the affine maps on the two sides differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.network import Network
from verify.rational import Vector
from verify.search.along import preactivations_along
from verify.search.budget import Budget


@dataclass(frozen=True, eq=False)
class Stretch:
    """f is affine for parameters in [begin, end]; ``slope`` is its derivative by the parameter.

    ``switching`` lists the (block, unit) that reach zero at the end.
    """

    begin: Fraction
    end: Fraction
    slope: Vector
    switching: tuple[tuple[int, int], ...]


def stretches(network: Network, start: Vector, end: Vector, budget: Budget) -> Iterator[Stretch]:
    """The affine stretches from ``start`` (parameter 0) to ``end`` (parameter 1), in order."""
    direction = end - start
    here = Fraction(0)
    while here < 1:
        budget.check()
        values = preactivations_along(network, start + direction.scaled(here), direction)
        step, switching = _next_break(network, values)
        there = Fraction(1) if step is None else min(here + step, Fraction(1))
        output = values[-1]
        slope = Vector(output.numerators[:, 1], output.denominator)
        yield Stretch(here, there, slope, switching if there < 1 else ())
        here = there


def _next_break(network: Network, values: list[Vector]) -> tuple[Fraction | None, tuple[tuple[int, int], ...]]:
    """The smallest positive step after which some pre-activation reaches zero, and those that do."""
    best: Fraction | None = None
    units: list[tuple[int, int]] = []
    for k, _ in network.relu_blocks():
        z, slope = values[k - 1].numerators[:, 0], values[k - 1].numerators[:, 1]
        towards = np.asarray((z > 0) & (slope < 0) | (z < 0) & (slope > 0), dtype=bool)
        for unit in np.flatnonzero(towards).tolist():
            step = Fraction(-z[unit], slope[unit])
            if best is None or step < best:
                best, units = step, [(k, unit)]
            elif step == best:
                units.append((k, unit))
    return best, tuple(units)
