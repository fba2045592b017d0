"""Bounds of a large network's Lipschitz constant: the steepest gradient found, and slopes bounded on parts of a box.

The part with the largest bound is cut first, so at any time there is a bound for the whole box. The kernel judges the
number that comes of it, on the parts that were reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.digits import short_above
from verify.errors import EvidenceError
from verify.kernel.check import judge
from verify.kernel.core.cell import cell_of
from verify.kernel.cuts import LEAF, middle
from verify.kernel.evidence import Bounds
from verify.kernel.exact import pattern_of, preactivations
from verify.kernel.goals import Goal, goal_of
from verify.kernel.instances import Instance
from verify.network import Network
from verify.property import Claim
from verify.property.lipschitz import lipschitz
from verify.rational import Floats, Vector, exact_text
from verify.region import Box, Region
from verify.region.norms import dual_measure, squared_if_l2
from verify.search.budget import Budget
from verify.search.dividing.cutting import Boxes, Search
from verify.search.dividing.effect import coordinate, weights
from verify.search.engines.bounds import MOST_COORDINATES
from verify.search.refuting.points import inside, margins, portion_of

# The search ends where the bound is this close to what was found. So many parts are cut in one turn, of so many in all.
CLOSE, TURN, MOST_PARTS = 1 + 2.0**-10, 256, 1 << 18
# Points for the steepest gradient: at random, then from the best ones in smaller and smaller steps.
POINTS, CHOSEN, STEPS, FIRST_STEP = 1 << 12, 64, 40, 0.2
# The kernel bounds half as many boxes as the search did: this part of the search's time is kept for it.
REPLAY_SHARE = 0.5
DIGITS = 5


@dataclass(frozen=True, eq=False)
class Gradient:
    """A point inside a cell, the output whose gradient is steepest there, and its dual norm (for l2 the square)."""

    point: Vector
    output: int
    size: Fraction


@dataclass(eq=False)
class Parts:
    """Parts of the box that wait, with the bound and the coordinate to cut of each."""

    boxes: Boxes
    bounds: Floats
    axes: np.ndarray

    def take(self, chosen: np.ndarray) -> Parts:
        """Some of them."""
        return Parts(self.boxes.take(chosen), self.bounds[chosen], self.axes[chosen])

    def plus(self, other: Parts) -> Parts:
        """These and the others."""
        axes = np.concatenate([self.axes, other.axes])
        return Parts(self.boxes.plus([other.boxes]), np.concatenate([self.bounds, other.bounds]), axes)


def steepest(network: Network, region: Region, norm: str, budget: Budget) -> tuple[Gradient | None, Fraction | None]:
    """The steepest gradient found and a bound on all of them that the kernel accepts (for l2 the squares of both).

    None for what is not known: bounds are for boxes with finite sides.
    """
    base = region.base
    if not isinstance(base, Box) or region.rows or region.chart is not None:
        return None, None
    try:
        goal = goal_of(Claim(network, lipschitz("0", norm), region), single=False)
    except EvidenceError:
        return None, None
    found, size = _climbed(goal, budget)
    ascent = Ascent(goal, found, size)
    if base.dimension <= MOST_COORDINATES:
        ascent.run(budget)
    points = [inside(goal, point) for point in (ascent.point, found)]
    gradients = [g for g in (gradient_at(network, base, norm, t) for t in points) if g is not None]
    best = max(gradients, key=lambda gradient: gradient.size, default=None)
    return best, ascent.judged(network, region, norm)


def _climbed(goal: Goal, budget: Budget) -> tuple[Floats, float]:
    """A point with a steep gradient, and how steep it is, in floats."""
    rng, (low, high) = np.random.default_rng(0), goal.root
    points, sizes, step = np.empty((0, len(low))), np.empty(0), FIRST_STEP
    for _ in range(max(1, POINTS // portion_of(goal))):
        some = low + (high - low) * rng.random((min(POINTS, portion_of(goal)), len(low)))
        points, sizes = np.concatenate([points, some]), np.concatenate([sizes, margins(goal, some).max(axis=1)])
        best = np.argsort(-sizes)[:CHOSEN]
        points, sizes = points[best], sizes[best]
        if budget.remaining <= 0:
            break
    for _ in range(STEPS):
        if budget.remaining <= 0:
            break
        tried = np.clip(points + step * (high - low) * rng.standard_normal(points.shape), low, high)
        found = margins(goal, tried).max(axis=1)
        better = found > sizes
        points, sizes, step = np.where(better[:, None], tried, points), np.where(better, found, sizes), step * 0.85
    return points[np.argmax(sizes)], float(sizes.max())


class Ascent:
    """Cuts the part with the largest bound; ``bound`` holds for all parts, ``size`` is attained at ``point``."""

    def __init__(self, goal: Goal, point: Floats, size: float) -> None:
        self.point, self.size = point, size
        self.search = Search.of(goal, goal.root[0][None], goal.root[1][None], np.ones(1))
        self.parts = self._bounded(self.search.open)

    @property
    def bound(self) -> float:
        """The largest bound of a part."""
        return float(self.parts.bounds.max())

    def run(self, budget: Budget) -> None:
        """Cut until the bound is close, the time is up but for the replay, or there are too many parts."""
        started = budget.elapsed
        while self.bound > self.size * CLOSE and len(self.parts.bounds) < MOST_PARTS:
            if budget.remaining <= REPLAY_SHARE * (budget.elapsed - started):
                return
            order = np.argsort(-self.parts.bounds, kind="stable")
            chosen = order[: min(TURN, np.count_nonzero(self.parts.bounds > self.size * CLOSE))]
            largest = self.parts.take(chosen)
            rest = self.parts.take(np.delete(np.arange(len(self.parts.bounds)), chosen))
            halves = self.search.cut(largest.boxes, largest.axes)
            if np.any(np.all((halves.low == largest.boxes.low[0]) & (halves.high == largest.boxes.high[0]), axis=1)):
                return  # floats do not cut it any more
            self.parts = rest.plus(self._bounded(halves))
            budget.report(f"lipschitz: {self.size:.6g} to {self.bound:.6g}, {len(self.parts.bounds)} parts")

    def _bounded(self, boxes: Boxes) -> Parts:
        search, found = self.search, list[tuple[Floats, np.ndarray]]()
        for start in range(0, len(boxes), search.goal.machine.boxes):
            some = boxes.take(slice(start, start + search.goal.machine.boxes))
            upper, form, trace = search.bound(some)
            upper = np.nan_to_num(upper, nan=np.inf, posinf=np.inf)
            weight = weights(search.goal, upper - self.size)
            found.append((upper.max(axis=1), coordinate(form, trace, weight, some.low, some.high)))
            self._look(middle(some.low, some.high))
        bounds, axes = (np.concatenate(values) for values in zip(*found, strict=True))
        return Parts(boxes, bounds, axes)

    def _look(self, points: Floats) -> None:
        sizes = margins(self.search.goal, points).max(axis=1)
        best = int(np.argmax(sizes))
        if sizes[best] > self.size:
            self.point, self.size = points[best], float(sizes[best])

    def judged(self, network: Network, region: Region, norm: str) -> Fraction | None:
        """The bound, rounded up, if the kernel proves it on these parts."""
        if not np.isfinite(self.bound):
            return None
        constant = short_above(Fraction(max(self.bound, 0.0) * (1 + 2.0**-40)), DIGITS)
        for number in self.parts.boxes.numbers.tolist():
            self.search.nodes[number] = LEAF
        claim = Claim(network, lipschitz(exact_text(constant), norm), region)
        centre = region.base.centre()
        try:
            judge(claim, Bounds(self.search.cuts(), single=False), Instance({"x": centre, "y": centre}))
        except EvidenceError:
            return None
        return squared_if_l2(norm, constant)


def gradient_at(network: Network, base: Box, norm: str, t: Vector) -> Gradient | None:
    """The steepest gradient at a point around which the pattern is constant; None where it is not.

    A unit may be 0 at the point if it is 0 on the whole cell.
    """
    values = preactivations(network, t)
    cell, free = cell_of(network, pattern_of(network, values)), np.flatnonzero(~base.pinned)
    for k, (block, z) in enumerate(zip(network.blocks, values, strict=True), start=1):
        zeros = np.flatnonzero(z.numerators == 0) if block.relu else ()
        if any(cell.form(k, int(unit)).coefficients.take(free).numerators.any() for unit in zeros):
            return None
    sizes = [dual_measure(norm, form.coefficients.take(free)) for form in cell.outputs()]
    output = max(range(len(sizes)), key=lambda j: sizes[j])
    return Gradient(t, output, sizes[output])
