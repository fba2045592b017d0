"""Radii: the largest L-infinity balls around a point on which the pattern is constant, and on which f is affine.

The pattern radius is ``min_i |z_i(x)| / sum_j |J_ij|``, exactly (closed form of lemma 1). If f bends at the first
crossing, the affine radius is the same number. If not, the cells of growing balls are enumerated and the nearest
one with another affine map gives it (cells that meet an open ball are connected through facets inside it).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import BudgetExceeded, RegionError
from verify.kernel.closed_form import spread_of
from verify.kernel.exact import AffineForm, Cell, cell_of, pattern_of, preactivations
from verify.network import Network
from verify.property import Criterion, Question
from verify.rational import Vector, concatenate, vector, zeros
from verify.region import HalfSpace, ball, box, everything
from verify.region.bases import Box
from verify.search.budget import Budget
from verify.search.lp import nonnegative
from verify.search.problem import Problem
from verify.search.simplex import NegativeAt
from verify.search.split import cells, differ
from verify.search.walk import stretches


@dataclass(frozen=True)
class Infinite:
    """A radius without bound."""

    def __str__(self) -> str:
        return "inf"


Radius = Fraction | Infinite


@dataclass(frozen=True)
class Radii:
    """The two radii (None where not decided) and the units, as (block, unit), that set the pattern radius."""

    pattern: Radius
    affine: Radius | None
    units: tuple[tuple[int, int], ...]
    reason: str = ""


def radii(network: Network, x: Vector, budget: Budget) -> Radii:
    """Both radii at x, exactly."""
    if len(x) != network.input_size:
        raise RegionError(f"the point has {len(x)} coordinates; {network.name} has {network.input_size} inputs")
    values = preactivations(network, x)
    cell = cell_of(network, pattern_of(network, values))
    pattern, units = pattern_radius(cell, x, values, budget)
    if isinstance(pattern, Infinite):
        return Radii(pattern, pattern, ())
    if any(_bends(network, x, cell.form(*unit), pattern, budget) for unit in units):
        return Radii(pattern, pattern, units)
    try:
        return Radii(pattern, _nearest_other_piece(network, x, pattern, budget), units)
    except BudgetExceeded as stop:
        return Radii(pattern, None, units, str(stop))


def pattern_radius(
    cell: Cell, x: Vector, values: list[Vector], budget: Budget
) -> tuple[Radius, tuple[tuple[int, int], ...]]:
    """The exact pattern radius and the units that reach zero there."""
    best: Fraction | None = None
    units: list[tuple[int, int]] = []
    for lower, block, unit in _by_distance(cell, x):
        if best is not None and lower > best:
            break
        budget.check()
        gradient = cell.form(block, unit).coefficients
        norm = Fraction(sum(abs(n) for n in gradient.numerators.tolist()), gradient.denominator)
        if not norm:
            continue
        ratio = abs(values[block - 1][unit]) / norm
        if best is None or ratio < best:
            best, units = ratio, [(block, unit)]
        elif ratio == best:
            units.append((block, unit))
    return (Infinite() if best is None else best), tuple(units)


def _by_distance(cell: Cell, x: Vector) -> Iterator[tuple[float, int, int]]:
    """Units with lower bounds of their distance from zero, nearest first; bounds are 0 where exact work is cheap."""
    bounds = spread_of(cell, ball(x, 1).base)
    candidates: list[tuple[float, int, int]] = []
    for k, block in cell.network.relu_blocks():
        lower = bounds.lower_ratio(k) if bounds is not None else np.zeros(block.size)
        candidates += [(float(lower[i]), k, int(i)) for i in np.flatnonzero(cell.depends[k - 1])]
    return iter(sorted(candidates))


def _bends(network: Network, x: Vector, form: AffineForm, radius: Fraction, budget: Budget) -> bool:
    """Whether the slope of f changes exactly where the ball of that radius touches the unit's hyperplane."""
    here = form.at(x)
    signs = [(-1 if here > 0 else 1) * ((c > 0) - (c < 0)) for c in form.coefficients.numerators.tolist()]
    direction = vector(signs)
    margin = radius / 2 if radius else Fraction(1, 2**20)
    start, end = x + direction.scaled(radius - margin), x + direction.scaled(radius + margin)
    before = None
    for stretch in stretches(network, start, end, budget):
        if stretch.begin == Fraction(1, 2):
            return before is not None and before != stretch.slope
        if stretch.begin > Fraction(1, 2):
            return False
        before = stretch.slope
    return False


# The distance of a cell is an exact linear program with two rows for each input.
MAX_DISTANCE_DIMENSIONS = 64

# Balls of so many sizes, each four times the last, are searched before all of R^n is asked about.
GROWTH_STEPS = 8


def _nearest_other_piece(network: Network, x: Vector, pattern: Fraction, budget: Budget) -> Radius:
    """The distance of the nearest cell with another affine map than around x."""
    reach = 2 * pattern if pattern else Fraction(1, 16)
    for step in itertools.count():
        budget.report(f"cells within {float(reach):.3g}")
        question = Question(network, ball(x, reach), Criterion.AFFINE, None, "")
        found = [
            (_distance(x, rows, reach, budget), maps) for rows, _, maps in cells(Problem(question, x, len(x)), budget)
        ]
        reference = next(maps for distance, maps in found if distance == 0)
        others = [distance for distance, maps in found if distance is not None and differ(maps, reference)]
        if others:
            return min(others)
        if step == GROWTH_STEPS and not _bends_somewhere(network, x, budget):
            break
        reach *= 4
    return Infinite()


def _bends_somewhere(network: Network, x: Vector, budget: Budget) -> bool:
    """Whether two cells of R^n carry different maps."""
    question = Question(network, everything(len(x)), Criterion.AFFINE, None, "")
    first: list[AffineForm] | None = None
    for _, _, maps in cells(Problem(question, x, len(x)), budget):
        if first is not None and differ(maps, first):
            return True
        first = first or maps
    return False


def _distance(x: Vector, rows: tuple[HalfSpace, ...], reach: Fraction, budget: Budget) -> Fraction | None:
    """The L-infinity distance from x to the part of the ball where the rows hold; None when it is ``reach``.

    Minimise s over |t - x| <= s <= reach: the form s / reach - 1 is at least -1, so the optimal vertex is exact.
    """
    size = len(x)
    if not rows:
        return Fraction(0)
    if size > MAX_DISTANCE_DIMENSIONS:
        raise BudgetExceeded(f"distances between cells in {size} dimensions are out of reach")
    extended = [HalfSpace(concatenate([row.coefficients, zeros(1)]), row.bound) for row in rows]
    for j in range(size):
        for sign in (1, -1):
            entries = [Fraction(0)] * (size + 1)
            entries[j], entries[size] = Fraction(sign), Fraction(-1)
            extended.append(HalfSpace(vector(entries), sign * x[j]))
    around = box([*(v - reach for v in x.fractions()), 0], [*(v + reach for v in x.fractions()), reach]).base
    assert isinstance(around, Box)
    form = AffineForm(vector([Fraction(0)] * size + [1 / reach]), Fraction(-1))
    outcome = nonnegative(form, around, extended, budget)
    return outcome.point[size] if isinstance(outcome, NegativeAt) else None
