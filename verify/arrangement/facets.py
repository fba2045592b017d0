"""Whether two polyhedra share a facet, by one exact linear program; with a point of it, or the proof that they do not.

With ``g = 0`` as a row and its reverse, look for a point at which every row that is no multiple of g, and every side of
the box, has a slack of at least some depth > 0. If there is none, the multipliers m of the program show
``sum m_i s_i <= 0`` where the rows hold, so that the slack of any row with m_i > 0 is at most zero there.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.kernel.counts import direction, slack_of
from verify.kernel.evidence import Thin
from verify.kernel.exact import AffineForm
from verify.rational import Vector, concatenate, vector
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import EmptyPolyhedron, NegativeAt


def meeting(base: Box, rows: Sequence[HalfSpace], wall: tuple[int, int], budget: Budget) -> NegativeAt | Thin:
    """A point inside the common facet (one coordinate more than the base has), or what shows that there is none.

    ``wall`` are the numbers of the row g >= 0 and of its reverse.
    """
    budget.check()
    facing = direction(slack_of(rows[wall[0]], base))
    strict = [i for i, row in enumerate(rows) if direction(slack_of(row, base)) != facing]
    deep = [_deepened(rows[i], 1) for i in strict]
    deep += [_deepened(row, 1) for row in _sides(base) if direction(slack_of(row, base)) != facing]
    deep += [_deepened(rows[i], 0) for i in wall]
    around = Box(
        concatenate([base.low, vector([0])]),
        concatenate([base.high, vector([1])]),
        np.append(base.low_finite, True),
        np.append(base.high_finite, True),
    )
    depth = AffineForm(concatenate([Vector(base.low.numerators * 0, 1), vector([-1])]), Fraction(0))
    found = nonnegative(depth, around, deep, budget)
    if isinstance(found, NegativeAt):
        return found
    places = {place: row for place, row in enumerate(strict)} | {len(deep) - 2: wall[0], len(deep) - 1: wall[1]}
    multipliers = {places[place]: value for place, value in found.multipliers.items() if place in places}
    if isinstance(found, EmptyPolyhedron):
        return None, multipliers
    witness = next(row for row in strict if multipliers.get(row))
    return without(multipliers, witness)


def without(multipliers: dict[int, Fraction], witness: int) -> Thin:
    """From ``sum m_i s_i <= 0`` to ``s_witness <= 0``."""
    factor = multipliers[witness]
    return witness, {row: value / factor for row, value in multipliers.items() if row != witness and value}


def _sides(base: Box) -> list[HalfSpace]:
    """The finite sides of the coordinates that are not pinned."""
    found = []
    for j in np.flatnonzero(~base.pinned).tolist():
        unit = Vector(base.low.numerators * 0, 1)
        unit.numerators[j] = 1
        if base.low_finite[j]:
            found.append(HalfSpace(-unit, -base.low[j]))
        if base.high_finite[j]:
            found.append(HalfSpace(unit, base.high[j]))
    return found


def _deepened(row: HalfSpace, depth: int) -> HalfSpace:
    """The row with a slack of at least a multiple of one more coordinate."""
    return HalfSpace(concatenate([row.coefficients, vector([depth])]), row.bound)
