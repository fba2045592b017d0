"""The affine radius by listing all cells of a ball, each with its exact distance."""

from __future__ import annotations

from fractions import Fraction

from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.property import Criterion, Question
from verify.rational import Vector, concatenate, vector, zeros
from verify.region import Box, HalfSpace, ball, box
from verify.search.budget import Budget
from verify.search.dividing.cells import cells
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt
from verify.search.problem import Problem
from verify.search.refuting.differences import differ


def nearest_other_cell(network: Network, x: Vector, reach: Fraction) -> Fraction | None:
    """The distance of the nearest cell with another map than around x; None if there is none within ``reach``."""
    question = Question(network, ball(x, reach), Criterion.AFFINE, None, "")
    found = [(distance(x, c.rows, reach), c.maps) for c in cells(Problem(question, x, len(x)), Budget())]
    reference = next(maps for far, maps in found if far == 0)
    others = [far for far, maps in found if far is not None and differ(maps, reference)]
    return min(others) if others else None


def distance(x: Vector, rows: tuple[HalfSpace, ...], reach: Fraction) -> Fraction | None:
    """The L-infinity distance of a part of the ball, by one exact linear program; None when it is ``reach``.

    Minimise s over |t - x| <= s <= reach: the form s / reach - 1 is at least -1, so the optimal vertex is exact.
    """
    size = len(x)
    if not rows:
        return Fraction(0)
    extended = [HalfSpace(concatenate([row.coefficients, zeros(1)]), row.bound) for row in rows]
    for j in range(size):
        for sign in (1, -1):
            entries = [Fraction(0)] * (size + 1)
            entries[j], entries[size] = Fraction(sign), Fraction(-1)
            extended.append(HalfSpace(vector(entries), sign * x[j]))
    around = box([*(v - reach for v in x.fractions()), 0], [*(v + reach for v in x.fractions()), reach]).base
    assert isinstance(around, Box)
    form = AffineForm(vector([Fraction(0)] * size + [1 / reach]), Fraction(-1))
    outcome = nonnegative(form, around, extended, Budget())
    return outcome.point[size] if isinstance(outcome, NegativeAt) else None
