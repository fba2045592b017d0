"""Instances of a property at small points of a region, prepared once and tried on many networks.

Floats only say where to look; what is found is evaluated exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from verify.errors import PropertyError
from verify.kernel.evidence import ValueGap
from verify.network import Network, floats
from verify.property import Assignment, Claim, Property, Term
from verify.rational import Floats, Vector, vector
from verify.region import Box, Region
from verify.search.refuting.finding import gap_at

# Points and instances; fewer of them, in proportion, for many inputs.
MAX_POINTS, MAX_INSTANCES, MANY_INPUTS, MANY_WORK = 26, 700, 64, 2_000_000
ZERO, HALF = Fraction(0), Fraction(1, 2)
NUMBERS = (Fraction(2), Fraction(-1), HALF, ZERO, Fraction(1))


class Sample:
    """Instances of the property at small points of the region, the same for every network."""

    def __init__(self, property: Property, region: Region) -> None:
        self.property = property
        self.instances: list[Assignment] = []
        places: dict[Vector, int] = {}
        points: list[Floats] = []
        rows: list[list[tuple[float, int]]] = []
        for assignment, terms in _instances(property, region):
            self.instances.append(assignment)
            row = []
            for term in terms:
                place = places.setdefault(term.point, len(places))
                if place == len(points):
                    points.append(term.point.floats())
                row.append((float(term.factor), place))
            rows.append(row)
        self.points = np.array(points, dtype=np.float64)
        self.weights = np.zeros((len(rows), len(points)))
        for i, row in enumerate(rows):
            for factor, place in row:
                self.weights[i, place] += factor

    def gap(self, claim: Claim, network: Network) -> ValueGap | None:
        """The first instance that the kernel finds broken."""
        if not self.instances:
            return None
        with np.errstate(all="ignore"):
            totals = self.weights @ floats.evaluate(network, self.points)
        for i in np.flatnonzero(np.any(totals != 0, axis=1) | (self.property.margin is not None)):
            assignment = self.instances[int(i)]
            sums = {Fraction(float(v)) for v in totals[int(i)] if np.isfinite(v)}
            if any(self.property.broken(self.property.gap(v, assignment)) for v in sums):
                found = gap_at(claim, assignment)
                if found is not None:
                    return found
        return None


def _instances(property: Property, region: Region) -> Iterator[tuple[Assignment, list[Term]]]:
    """Instances whose arguments all lie in the region, simple ones first."""
    points, limit = _points(region), MAX_INSTANCES
    if region.ambient > MANY_INPUTS:
        limit = max(12, min(MAX_INSTANCES // 7, MANY_WORK // region.ambient))
    choices = [points if kind == "point" else list(NUMBERS) for kind in property.variables.values()]
    indexed = itertools.product(*(range(len(c)) for c in choices))
    found = 0
    for chosen in sorted(indexed, key=sum)[: 20 * limit]:
        values = (c[i] for i, c in zip(chosen, choices, strict=True))
        assignment: Assignment = dict(zip(property.variables, values, strict=True))
        try:
            terms = property.instance(assignment)
        except PropertyError:
            continue
        if all(region.contains(t.point) for t in terms):
            found += 1
            yield assignment, terms
            if found >= limit:
                return


def _points(region: Region) -> list[Vector]:
    """Small points of the region that differ in the first coordinates only, around the one nearest to 0."""
    size = region.ambient
    start = _nearest_zero(region)
    if start is None:
        return []
    count, most = min(size, 3), MAX_POINTS if size <= MANY_INPUTS else 9
    steps = itertools.product((0, 1, -1, 2, -2), repeat=count)
    ordered = sorted(steps, key=lambda s: (sum(map(abs, s)), sum(map(bool, s))))
    found: list[Vector] = [start]
    for scale in (Fraction(1), HALF, Fraction(1, 4)) if region.base.is_bounded else (Fraction(1),):
        for step in ordered[1:]:
            moved = start + vector([*(scale * s for s in step), *[ZERO] * (size - count)])
            if region.contains(moved):
                found.append(moved)
            if len(found) >= most:
                return found
    return found


def _nearest_zero(region: Region) -> Vector | None:
    """The point of the region's base nearest to 0 (its centre for a ball), if the region holds it."""
    base = region.base
    if isinstance(base, Box):
        sides = zip(base.low.fractions(), base.high.fractions(), base.low_finite, base.high_finite, strict=True)
        t = vector([a if below and a > 0 else b if above and b < 0 else ZERO for a, b, below, above in sides])
    else:
        t = base.midpoint
    point = region.point(t)
    return point if region.contains(point) else None
