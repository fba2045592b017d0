"""Points of a region at which two networks differ much: steps along the signs of the gradient of f - g, in float64.

Floats only say where to look; what is found is evaluated exactly by whoever uses it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.network import Network, floats
from verify.rational import Floats, Vector, vector, vector_from_floats
from verify.region import Box, Region
from verify.search.budget import Budget

# Random starts, half of them corners; tries; the first step in parts of the base's radii, from corner to corner.
STARTS, TRIES, FIRST_STEP = 64, 24, 2.0
# Fewer starts for large networks, so that starts times weights stay below this, but never fewer than so many.
MOST_WORK, FEWEST = 8_000_000, 16
# Points that are handed over, at most: the best ones for different outputs.
MOST = 3
# Sides of a base that has none.
FAR = 1024.0

NetworkPair: TypeAlias = tuple[Network, Network]


def far_apart(pair: NetworkPair, region: Region, interior: Vector, budget: Budget) -> list[Vector]:
    """Points of the region (in its own coordinates), those with the largest differences first."""
    low, high = _sides(region, interior)
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high))):
        return []
    with np.errstate(all="ignore"):
        best, sizes = _climbed(pair, _starts(pair, low, high, interior.floats()), low, high, budget)
    return [_inside(region, interior, best[i], low, high) for i in _order(sizes)]


def _climbed(pair: NetworkPair, starts: Floats, low: Floats, high: Floats, budget: Budget) -> tuple[Floats, Floats]:
    """Each start climbs for one output, the outputs in turn; a step that does not help is halved and tried again.

    The second and later tries move some coordinates only, at random, as a maximum often lies on a bend.
    """
    rng, rows = np.random.default_rng(1), np.arange(len(starts))
    chosen = rows % pair[0].output_size
    best, gaps = starts, _gaps(pair, starts)
    steps, kept = np.full((len(starts), 1), FIRST_STEP), np.ones(starts.shape, dtype=bool)
    for _ in range(TRIES):
        budget.check()
        seeds = np.zeros_like(gaps)
        seeds[rows, chosen] = np.where(gaps[rows, chosen] < 0, -1.0, 1.0)
        slope = gradient(pair[0], best, seeds) - gradient(pair[1], best, seeds)
        points = np.clip(best + kept * steps * np.sign(slope) * (high - low) / 2, low, high)
        found = _gaps(pair, points)
        better = (np.abs(found[rows, chosen]) > np.abs(gaps[rows, chosen]))[:, None]
        best, gaps = np.where(better, points, best), np.where(better, found, gaps)
        steps = np.where(better, steps, steps / 2)
        kept = better | (rng.random(starts.shape) < 0.5)
    return best, np.abs(gaps)


def _gaps(pair: NetworkPair, points: Floats) -> Floats:
    return floats.evaluate(pair[0], points) - floats.evaluate(pair[1], points)


def _order(sizes: Floats) -> list[int]:
    """The best start for each output, the largest difference first."""
    sizes = np.nan_to_num(sizes, nan=-1.0)
    leaders = {int(np.argmax(sizes[:, j])) for j in range(sizes.shape[1])}
    return sorted(leaders, key=lambda i: -float(sizes[i].max()))[:MOST]


def _sides(region: Region, interior: Vector) -> tuple[Floats, Floats]:
    base = region.base
    if not isinstance(base, Box):
        middle, radius = base.midpoint.floats(), float(base.radius)
        return middle - radius, middle + radius
    middle = interior.floats()
    low = np.where(base.low_finite, base.low.floats(), middle - FAR)
    high = np.where(base.high_finite, base.high.floats(), middle + FAR)
    return np.minimum(low, high), np.maximum(low, high)


def _starts(pair: NetworkPair, low: Floats, high: Floats, interior: Floats) -> Floats:
    rng = np.random.default_rng(0)
    work = max(network.weight_count for network in pair) + 1
    shares = rng.random((min(STARTS, max(FEWEST, MOST_WORK // work)), len(low)))
    shares[::2] = np.round(shares[::2])
    points = low + (high - low) * shares
    points[0] = interior
    return np.asarray(np.clip(points, low, high))


def gradient(network: Network, points: Floats, seeds: Floats) -> Floats:
    """For each point the gradient of ``seed . network`` there, without an error bound."""
    outputs: dict[int, Any] = {0: points.T}
    masks: dict[int, Any] = {}
    for k, block in enumerate(network.blocks, start=1):
        z = np.repeat(block.bias_floats[:, None], len(points), axis=1)
        for source, matrix in block.inputs:
            z += matrix.floats @ outputs[source]
        masks[k] = z > 0
        outputs[k] = np.maximum(z, 0.0) if block.relu else z
    adjoints: dict[int, Any] = {len(network.blocks): seeds.T}
    for k in range(len(network.blocks), 0, -1):
        block, adjoint = network.blocks[k - 1], adjoints.pop(k, None)
        if adjoint is None:
            continue
        if block.relu:
            adjoint = adjoint * masks[k]
        for source, matrix in block.inputs:
            adjoints[source] = adjoints.get(source, 0.0) + matrix.floats.T @ adjoint
    found = adjoints.get(0)
    return np.zeros_like(points) if found is None else np.asarray(found.T)


def _inside(region: Region, interior: Vector, point: Floats, low: Floats, high: Floats) -> Vector:
    """The point, at sides of a box exactly on them, drawn towards the interior point until the region holds it."""
    base = region.base
    target = vector_from_floats(point)
    if isinstance(base, Box):
        target = _snapped(base, target, (point <= low) & base.low_finite, (point >= high) & base.high_finite)
    step, factor = target - interior, Fraction(1)
    while factor and not region.holds(interior + step.scaled(factor)):
        factor = factor / 2 if factor > Fraction(1, 1 << 40) else Fraction(0)
    return interior + step.scaled(factor)


def _snapped(base: Box, target: Vector, at_low: NDArray[np.bool_], at_high: NDArray[np.bool_]) -> Vector:
    values, low, high = target.fractions(), base.low.fractions(), base.high.fractions()
    return vector([low[j] if at_low[j] else high[j] if at_high[j] else value for j, value in enumerate(values)])
