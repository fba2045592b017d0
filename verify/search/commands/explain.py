"""Which units are on, off or switching on a region, and where linearity breaks.

A unit is *on* (*off*) if sound bounds keep its pre-activation >= 0 (<= 0) on the region, *switching* if two points
of the region were found at which its exact pre-activation has different strict signs, else *undecided*. Up to
the first layer that switches the affine extension is exact there, so its closed form decides; beyond it
interval bounds are used (lemma 1 says nothing about single units there).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from verify import rendering
from verify.digits import display_apart
from verify.errors import BudgetExceeded, RegionError
from verify.kernel.evidence import Empty
from verify.kernel.exact import Bits, preactivations
from verify.network import Network, floats
from verify.property import CATALOGUE, Claim
from verify.rational import Floats, Vector, counted
from verify.region import Box
from verify.region.region import Region
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare
from verify.search.refuting.crossing import effective_switch, generic_start
from verify.search.refuting.sampling import points
from verify.search.refuting.switch import unit_step
from verify.search.refuting.walk import Stretch, stretches
from verify.search.spreads import changes_sign
from verify.search.stability import Obstacle, stable_leaf

SAMPLES = 64


@dataclass(frozen=True, eq=False)
class LayerUnits:
    """The units of one ReLU layer, by what they do on the region; counts add up to ``size``."""

    name: str
    block: int
    size: int
    on: int
    off: int
    switching: int
    undecided: int


@dataclass(frozen=True, eq=False)
class Break:
    """A place where the slope of f changes: the units that switch there, the point, and the change of slope.

    Slopes are per unit of the input ``coordinate``, as it grows; or where the walk there changes several inputs (None)
    along ``direction``, whose largest entry is 1 or -1. ``turned_on`` are those of the units that are on beyond.
    """

    units: tuple[str, ...]
    turned_on: tuple[str, ...]
    point: Vector
    output: int
    slope_before: Fraction
    slope_after: Fraction
    direction: Vector
    coordinate: int | None

    def __str__(self) -> str:
        names = ", ".join(self.units[:3]) + (f" and {len(self.units) - 3} more" if len(self.units) > 3 else "")
        before, after = display_apart(self.slope_before, self.slope_after)
        verb = "switches" if len(self.units) == 1 else "switch"
        return f"{names} {verb}: the slope of output {self.output} {self._way()} goes from {before} to {after}"

    def _way(self) -> str:
        if self.coordinate is not None:
            return f"in x{self.coordinate}"
        entries = self.direction.fractions()
        most = max(range(len(entries)), key=lambda j: abs(entries[j]))
        return f"along a direction that changes {counted(sum(map(bool, entries)), 'input')}, per unit of x{most},"


@dataclass(frozen=True, eq=False)
class Explanation:
    """What ``verify explain`` prints."""

    layers: tuple[LayerUnits, ...]
    first_break: Break | None
    ineffective: tuple[str, ...] = field(default=())
    all_stable: bool = False

    def __repr__(self) -> str:
        counts = ("on", "off", "switching", "undecided")
        sums = ", ".join(f"{sum(getattr(layer, c) for layer in self.layers)} {c}" for c in counts)
        return f"<Explanation: {sums}; {self._where()}>"

    def _where(self) -> str:
        if self.all_stable:
            return "f is affine there"
        return "no bend of f was found" if self.first_break is None else f"f bends where {self.first_break}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the layers, drawn and in numbers, and where f first bends."""
        head = ("layer", "units", "on", "off", "switching", "undecided")
        rows = [(la.name, la.size, la.on, la.off, la.switching, la.undecided) for la in self.layers]
        picture = rendering.bars([(la.name, la.on, la.off, la.switching, la.undecided) for la in self.layers])
        html = rendering.table(head, rows, "layer") + rendering.paragraph(self._where()) + picture
        return rendering.bundle(repr(self), html=html, svg=picture)


def explain(network: Network, region: Region, budget: Budget) -> Explanation:
    """Classify every unit and find where f bends, walking from an interior point to where units switch."""
    claim = Claim(network, CATALOGUE["affine"], region)
    questions = claim.questions()
    assert isinstance(questions, list)
    network.require_piecewise_linear("what the ReLU do on a region")
    problem = prepare(questions[0], budget)
    if isinstance(problem, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    found = stable_leaf(problem, budget)
    obstacles = found if isinstance(found, list) else []
    layers = _layers(problem, obstacles, budget, all_stable=not obstacles)
    first, ineffective = _first_break(problem, region, obstacles, budget)
    return Explanation(tuple(layers), first, ineffective, all_stable=not obstacles)


def _layers(problem: Problem, obstacles: list[Obstacle], budget: Budget, *, all_stable: bool) -> list[LayerUnits]:
    network = problem.question.network
    sampled = _sampled_signs(problem, obstacles, budget)
    bounds = _interval_signs(network, problem.question.region)
    result: list[LayerUnits] = []
    affine_so_far = True
    for k, block in network.relu_blocks():
        positive, negative = sampled[k]
        switching = positive & negative
        on, off = bounds[k]
        if affine_so_far:
            kept, changes = _extension_signs(problem, k, stable=all_stable)
            on, off = on | kept & problem.pattern[k], off | kept & ~problem.pattern[k]
            switching = switching | changes
        off = off & ~on
        affine_so_far = affine_so_far and bool(np.all(on | off))
        counts = (int(on.sum()), int(off.sum()), int(switching.sum()))
        result.append(LayerUnits(block.name, k, block.size, *counts, undecided=block.size - sum(counts)))
    return result


def _extension_signs(problem: Problem, k: int, *, stable: bool) -> tuple[Bits, Bits]:
    """Units whose affine extension keeps its sign on the region, and units where it takes both strict signs.

    The region's further half-spaces can only shrink it: with them, a sign change on the base shows nothing.
    """
    pattern, region = problem.pattern[k], problem.question.region
    if stable:
        return np.ones(len(pattern), dtype=bool), np.zeros(len(pattern), dtype=bool)
    kept = problem.cell.settled(k, region.base)
    changes = changes_sign(problem.spread, k) if problem.spread is not None else ~kept
    return kept, changes if not region.rows else np.zeros(len(pattern), dtype=bool)


def _sampled_signs(problem: Problem, obstacles: list[Obstacle], budget: Budget) -> dict[int, tuple[Bits, Bits]]:
    """For each layer the units seen strictly positive, and strictly negative, at exact points of the region."""
    network = problem.question.network
    signs = {k: (np.zeros(b.size, dtype=bool), np.zeros(b.size, dtype=bool)) for k, b in network.relu_blocks()}
    samples = [problem.interior, *(o.target for o in obstacles)]
    samples += points(problem, SAMPLES if problem.cell.is_small else SAMPLES // 8)
    for x in samples:
        budget.check()
        run = None if problem.cell.is_small else floats.run(network, x)
        values = preactivations(network, x) if run is None else None
        for k, _ in network.relu_blocks():
            positive, negative = signs[k]
            if values is not None:
                positive |= np.asarray(values[k - 1].numerators > 0, dtype=bool)
                negative |= np.asarray(values[k - 1].numerators < 0, dtype=bool)
            elif run is not None:
                positive |= run.values[k - 1] > run.errors[k - 1]
                negative |= run.values[k - 1] < -run.errors[k - 1]
    return signs


def _interval_signs(network: Network, region: Region) -> dict[int, tuple[Bits, Bits]]:
    """Units that interval arithmetic keeps >= 0, and <= 0, on the base (outward rounding by a proved factor)."""
    nothing = {k: (np.zeros(b.size, dtype=bool), np.zeros(b.size, dtype=bool)) for k, b in network.relu_blocks()}
    base = region.base
    if not isinstance(base, Box) or not base.is_bounded or not all(b.rounds_faithfully for b in network.blocks):
        return nothing
    low, high = base.low.floats(), base.high.floats()
    slack = np.maximum(np.abs(low), np.abs(high)) * 2.0**-50 + 2.0**-1000
    ranges: dict[int, tuple[Floats, Floats]] = {0: (low - slack, high + slack)}
    result = {}
    for k, block in enumerate(network.blocks, start=1):
        middle, radius = block.bias_floats.copy(), np.zeros(block.size)
        size: Any = np.abs(block.bias_floats)
        for source, matrix in block.inputs:
            lower, upper = ranges[source]
            middle += matrix.floats @ ((lower + upper) / 2)
            radius += matrix.absolute_floats @ ((upper - lower) / 2)
            size = size + matrix.absolute_floats @ np.maximum(np.abs(lower), np.abs(upper))
        # Roundings of the sums: at most gamma(n + 4) of the sum of magnitudes on either number.
        radius = radius + 4 * floats.gamma(block.fan_in + 4) * size + 2.0**-1000
        lower, upper = middle - radius, middle + radius
        if block.relu:
            result[k] = (lower >= 0, upper <= 0)
            lower, upper = np.maximum(lower, 0.0), np.maximum(upper, 0.0)
        ranges[k] = lower, upper
    return result


def _first_break(
    problem: Problem, region: Region, obstacles: list[Obstacle], budget: Budget
) -> tuple[Break | None, tuple[str, ...]]:
    """The first effective switch on the way to an obstacle, and switches that were crossed without effect."""
    network = problem.question.network
    silent: list[str] = []
    for obstacle in obstacles:
        walked: list[Stretch] = []
        start = generic_start(problem, obstacle)
        try:
            for stretch in stretches(network, start, obstacle.target, budget):
                walked.append(stretch)
                bent = effective_switch(walked)
                if bent is not None:
                    found = _describe(problem, region, start, obstacle.target, bent, walked[-1])
                    return found, tuple(dict.fromkeys(silent))
                if len(walked) > 1:
                    silent += [_name(network, unit) for unit in walked[-2].switching]
                if len(walked) > 64:
                    break
        except BudgetExceeded:
            break
    return None, tuple(dict.fromkeys(silent))


def _describe(problem: Problem, region: Region, start: Vector, end: Vector, before: Stretch, after: Stretch) -> Break:
    """The break in the ambient space of the region; the walk is in its chart's coordinates."""
    local, network = end - start, problem.question.network
    way = local if region.chart is None else region.chart.directions.product(local)
    change = after.slope - before.slope
    output = next(i for i, value in enumerate(change.numerators.tolist()) if value)
    step, coordinate = unit_step(way)
    first, second = (before, after) if step > 0 else (after, before)
    beyond = preactivations(network, start + local.scaled((second.begin + second.end) / 2))
    return Break(
        tuple(_name(network, unit) for unit in before.switching),
        tuple(_name(network, unit) for unit in before.switching if beyond[unit[0] - 1][unit[1]] > 0),
        region.point(start + local.scaled(before.end)),
        output,
        first.slope[output] / step,
        second.slope[output] / step,
        way.scaled(1 / step),
        coordinate,
    )


def _name(network: Network, unit: tuple[int, int]) -> str:
    return network.blocks[unit[0] - 1].unit_name(unit[1])
