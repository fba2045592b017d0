"""Stability (lemma 1): under the pattern of an interior point every pre-activation keeps its weak sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.kernel.core.closed_form import settled_units
from verify.kernel.core.part import is_nonnegative
from verify.kernel.evidence import Leaf, Multipliers
from verify.kernel.exact import AffineForm, Cell
from verify.kernel.facts.signs import pattern_by_signs
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt
from verify.search.problem import Problem

# Obstacles beyond this many add nothing to the search for a crossing.
MAX_OBSTACLES = 8


@dataclass(frozen=True, eq=False)
class Obstacle:
    """A unit whose extension has the other strict sign at ``target``, a point of the region."""

    block: int
    unit: int
    target: Vector


def stable_leaf(problem: Problem, budget: Budget) -> Leaf | list[Obstacle]:
    """A leaf that covers the whole region, or units that are not stable on it."""
    region = problem.question.region
    forced = pattern_by_signs(problem.question.network, region.base)
    if forced is not None:
        return Leaf(forced, signs=True)
    multipliers: dict[tuple[int, int], Multipliers] = {}
    obstacles: list[Obstacle] = []
    for block, unit in _doubtful(problem):
        budget.check()
        found = settle(problem.cell, block, unit, region.base, region.rows, budget)
        if isinstance(found, Obstacle):
            obstacles.append(found)
            if len(obstacles) >= MAX_OBSTACLES or not problem.cell.is_small:
                break
        elif found:
            multipliers[block, unit] = found
    return obstacles or Leaf(problem.pattern, multipliers)


def _doubtful(problem: Problem) -> Iterator[tuple[int, int]]:
    """Units that the float filter does not settle, those that cross nearest first."""
    units: list[tuple[float, int, int]] = []
    for k, block in problem.question.network.relu_blocks():
        open_units = np.flatnonzero(~settled_units(problem.cell, k, problem.question.region.base))
        ratio = problem.spread.lower_ratio(k) if problem.spread is not None else np.zeros(block.size)
        units += [(float(ratio[i]), k, int(i)) for i in open_units]
    return ((k, i) for _, k, i in sorted(units))


def settle(
    cell: Cell, block: int, unit: int, base: Base, rows: Sequence[HalfSpace], budget: Budget
) -> Multipliers | Obstacle:
    """Multipliers that show the unit's extension keeps its sign where the rows hold, or a point where it does not."""
    form = cell.form(block, unit)
    signed = form if cell.pattern[block][unit] else -form
    if is_nonnegative(signed, base, rows, {}):
        return {}
    if not rows:
        return Obstacle(block, unit, lowest_point(signed, base))
    if not isinstance(base, Box):
        raise TypeError("half-spaces on an L1 ball need the lifted question")
    outcome = nonnegative(signed, base, rows, budget)
    if isinstance(outcome, NegativeAt):
        return Obstacle(block, unit, vector(outcome.point))
    return outcome.multipliers


def settle_all(
    cell: Cell, base: Base, rows: Sequence[HalfSpace], budget: Budget
) -> Obstacle | dict[tuple[int, int], Multipliers]:
    """Multipliers for the units that need them where the rows hold, or the first unit that does not keep its sign."""
    multipliers: dict[tuple[int, int], Multipliers] = {}
    for k, _ in cell.network.relu_blocks():
        for unit in np.flatnonzero(~settled_units(cell, k, base)).tolist():
            budget.check()
            found = settle(cell, k, unit, base, rows, budget)
            if isinstance(found, Obstacle):
                return found
            if found:
                multipliers[k, unit] = found
    return multipliers


def lowest_point(form: AffineForm, base: Base) -> Vector:
    """A point of the base where the form is least, or negative if it is unbounded below."""
    c = form.coefficients.numerators
    positive, negative = np.asarray(c > 0, dtype=bool), np.asarray(c < 0, dtype=bool)
    centre = base.centre()
    if not isinstance(base, Box):
        steepest = int(np.argmax(np.abs(c)))
        step = base.radius if c[steepest] < 0 else -base.radius
        return moved(centre, steepest, step)
    endless = np.flatnonzero(positive & ~base.low_finite | negative & ~base.high_finite)
    if len(endless):
        j = int(endless[0])
        slope = form.coefficients[j]
        reach = abs(form.at(centre)) / abs(slope) + 1
        return moved(centre, j, -reach if slope > 0 else reach)
    common = base.low.denominator * base.high.denominator * centre.denominator
    sides = [v.numerators * (common // v.denominator) for v in (base.low, base.high, centre)]
    return Vector(np.where(positive, sides[0], np.where(negative, sides[1], sides[2])), common).reduced()


def moved(point: Vector, coordinate: int, step: Fraction) -> Vector:
    """The point with one coordinate changed by ``step``."""
    offset = np.zeros(len(point), dtype=object)
    offset[coordinate] = step.numerator
    return point + Vector(offset, step.denominator)
