"""Statistics of the cells: a histogram of exact volumes, and exact counts on random segments and slices of a region.

A random segment joins two points that are drawn independently and uniformly from the region (from a grid of 2^20
midpoints in each coordinate of its box, and kept where its half-spaces hold); a random slice is the triangle of three.
The region is convex, so that both lie inside it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np

from verify.arrangement.counting import MOST_DIMENSIONS, Pieces, count
from verify.arrangement.details import grouped
from verify.arrangement.domain import Domain, make_domain
from verify.arrangement.enumerate import beginning
from verify.arrangement.volumes import exact_volume, triangulation
from verify.errors import BudgetExceeded, InputError
from verify.network import Network
from verify.rational import Vector, integer_array, vector
from verify.region import Box, HalfSpace, L1Ball, Region, segment, window
from verify.search.budget import Budget
from verify.search.dividing.sharing import PARTS, alone_until, handed_out

# How many points span one of each.
KINDS = {"segments": 2, "slices": 3}
GRID = 2**20
# Draws for one point before the half-spaces are said to leave too little of the box.
MOST_DRAWS = 10_000


@dataclass(frozen=True)
class Volumes:
    """How large the cells are: ``buckets[k]`` of them have a volume of at least 2^k and less than 2^(k + 1).

    Volumes are over the region's own coordinates (lengths on a segment, areas in the plane). ``smallest`` and
    ``largest`` are of the cells of finite volume, None where there is none.
    """

    buckets: dict[int, int]
    infinite: int
    smallest: Fraction | None
    largest: Fraction | None


def volume_histogram(found: Pieces, budget: Budget | None = None) -> Volumes:
    """The histogram of the exact volumes of all cells; ``InputError`` where the cells were not kept."""
    if found.arrangement is None or found.labels is None:
        raise InputError(
            f"volumes on {found.domain.region.text or 'the region'}: expected counts on a region of up to"
            f" {MOST_DIMENSIONS} dimensions, this one has {found.domain.dimension}"
            + (f" ({found.reason})" if found.reason else "")
        )
    sizes = _volumes_of_cells(found, budget or Budget())
    finite = [size for size in sizes if size is not None]
    buckets = Counter(map(power_below, finite))
    return Volumes(
        dict(sorted(buckets.items())), len(sizes) - len(finite), min(finite, default=None), max(finite, default=None)
    )


def power_below(value: Fraction) -> int:
    """The largest k with 2^k <= value, for a positive value."""
    above, below = value.numerator, value.denominator
    k = above.bit_length() - below.bit_length()
    fits = above >= below << k if k >= 0 else above << -k >= below
    return k if fits else k - 1


def _volumes_of_cells(found: Pieces, budget: Budget) -> list[Fraction | None]:
    """The volume of each activation cell, None where it is infinite: artificial facets may divide a cell."""
    arrangement, labels = found.arrangement, found.labels
    assert arrangement is not None and labels is not None
    simplices, owners = triangulation(arrangement.complex)
    filling = grouped(owners, np.arange(len(owners), dtype=np.int32), arrangement.complex.cell_count)
    sizes: list[Fraction | None] = [Fraction(0)] * (int(labels.cells.max()) + 1)
    for cell, mine in zip(labels.cells.tolist(), filling, strict=True):
        budget.check()
        corners = [[arrangement.exact.point(v) for v in simplex] for simplex in simplices[mine].tolist()]
        known = sizes[cell]
        is_finite = all(point[-1] for simplex in corners for point in simplex)
        sizes[cell] = known + exact_volume(corners) if is_finite and known is not None else None
    return sizes


@dataclass(frozen=True, eq=False)
class PartSample:
    """One random segment or slice by its corners, and the counts on it."""

    corners: tuple[Vector, ...]
    cells: int
    pieces: int
    affine_maps: int


@dataclass(frozen=True, eq=False)
class Samples:
    """Counts on random segments or slices (``kind``); fewer than ``asked`` where the budget ran out (``reason``)."""

    kind: str
    asked: int
    seed: int
    found: tuple[PartSample, ...]
    reason: str = ""

    def of(self, name: str) -> tuple[int, ...]:
        """All counts of one name: ``cells``, ``pieces`` or ``affine_maps``."""
        return tuple(getattr(sample, name) for sample in self.found)

    def mean(self, name: str) -> Fraction:
        """The mean of the counts of one name."""
        values = self.of(name)
        return Fraction(sum(values), len(values))


def samples(network: Network, region: Region, kind: str, number: int, seed: int, budget: Budget) -> Samples:
    """Exact counts on random ``segments`` or ``slices`` of the region, the same ones for the same seed."""
    network.require_piecewise_linear("counting linear pieces")
    size = KINDS[kind]
    domain = make_domain(network, region, budget)
    if domain.dimension < size - 1:
        raise InputError(
            f"random {kind} of {region.text or 'the region'}: expected a region of {size - 1} or more dimensions,"
            f" this one has {domain.dimension}"
        )
    points = _uniform(domain, random.Random(f"{kind} {seed}"), kind)
    done: list[PartSample] = []
    alone = alone_until(budget)
    try:
        while len(done) < number and budget.elapsed <= alone:
            budget.report(f"random {kind}: {len(done)} of {number}")
            done.append(_sample(network, _independent(points, size, budget), budget))
        drawn = (_independent(points, size, budget) for _ in range(number - len(done)))
        for found in _shared(network, drawn, budget):
            done.append(found)
            budget.report(f"random {kind}: {len(done)} of {number}")
    except BudgetExceeded as stop:
        return Samples(kind, number, seed, tuple(done), str(stop))
    return Samples(kind, number, seed, tuple(done))


def _sample(network: Network, corners: tuple[Vector, ...], budget: Budget) -> PartSample:
    """The counts on a segment or triangle, or ``BudgetExceeded``."""
    on = count(network, spanned(corners), budget)
    if on.cells is None or on.pieces is None or on.affine_maps is None:
        raise BudgetExceeded(on.reason)
    return PartSample(corners, on.cells, on.pieces, on.affine_maps)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A segment or slice for a worker to count on."""

    place: int
    network: Network
    corners: tuple[Vector, ...]
    budget: Budget


def sample(task: Drawn) -> PartSample:
    """What a worker does."""
    return _sample(task.network, task.corners, task.budget)


def _shared(network: Network, drawn: Iterable[tuple[Vector, ...]], budget: Budget) -> Iterator[PartSample]:
    """Let the executor count; yields in order."""
    waiting = (Drawn(place, network, corners, budget) for place, corners in enumerate(drawn))
    found: dict[int, PartSample] = {}
    due = 0
    with closing(handed_out(budget, sample, lambda free: islice(waiting, free), PARTS)) as arrivals:
        for arrived in arrivals:
            found |= {task.place: one for task, one in arrived}
            while due in found:
                yield found.pop(due)
                due += 1


def _independent(points: Iterator[Vector], size: int, budget: Budget) -> tuple[Vector, ...]:
    """The next points that are affinely independent."""
    while True:
        budget.check()
        corners = tuple(next(points) for _ in range(size))
        first, *others = (corner - corners[0] for corner in corners[1:])
        pivot = next((i for i, value in enumerate(first.numerators.tolist()) if value), None)
        if pivot is not None and all(first.scaled(other[pivot]) != other.scaled(first[pivot]) for other in others):
            return corners


def spanned(corners: tuple[Vector, ...]) -> Region:
    """The segment of two points, or the triangle of three: t >= 0 with sum t <= 1."""
    origin, *others = corners
    if len(others) == 1:
        return segment(origin, others[0])
    plane = window(origin, [other - origin for other in others], [0, 0], [None, None])
    assert isinstance(plane.base, Box)
    corner = plane.base.low  # a plane through 0 has its coordinates from there
    return plane.with_rows([HalfSpace(Vector(integer_array([1, 1]), 1), 1 + corner[0] + corner[1])])


def _uniform(domain: Domain, rng: random.Random, kind: str) -> Iterator[Vector]:
    """Inputs of the network, drawn from the region."""
    what = f"random {kind} of {domain.region.text or 'the region'}"
    ball, inner = domain.region.base, domain.problem.question.region
    sides = [] if isinstance(ball, L1Ball) else _sides(domain, what)
    while True:
        for _ in range(MOST_DRAWS):
            if isinstance(ball, L1Ball):
                t, region = _in_l1_ball(ball, rng), domain.region
            else:
                drawn = (low if low == high else low + (high - low) * _share(rng) for low, high in sides)
                t, region = vector(drawn), inner
            if all(row.slack(t) >= 0 for row in region.rows):
                break
        else:
            raise InputError(
                f"{what}: none of {MOST_DRAWS} points of its box satisfies all half-spaces; take a smaller box"
            )
        yield domain.region.point(t if region is domain.region else domain.problem.embedded(t))


def _sides(domain: Domain, what: str) -> list[tuple[Fraction, Fraction]]:
    """A box around the region, in hull coordinates: where there are half-spaces and few dimensions, the smallest."""
    base = domain.base
    sides = list(zip(base.low.fractions(), base.high.fractions(), strict=True))
    if domain.problem.question.region.rows and domain.dimension <= MOST_DIMENSIONS:
        begun = beginning(domain)
        corners = [begun.exact.point(v) for v in range(begun.complex.vertex_count)]
        is_finite = all(point[-1] for point in corners)
        for place, j in enumerate(domain.free if is_finite else ()):
            values = [Fraction(point[place], point[-1]) for point in corners]
            sides[j] = min(values), max(values)
    else:
        is_finite = base.is_bounded
    if not is_finite:
        raise InputError(f"{what}: the region has no finite box, and no uniform distribution; take a box of it")
    return sides


def _share(rng: random.Random) -> Fraction:
    return Fraction(2 * rng.getrandbits(20) + 1, 2 * GRID)


def _in_l1_ball(ball: L1Ball, rng: random.Random) -> Vector:
    """Gaps between sorted uniform numbers are uniform in a simplex; signs make it the ball."""
    cuts = sorted(_share(rng) for _ in range(ball.dimension))
    gaps = [b - a for a, b in zip([Fraction(0), *cuts], cuts, strict=False)]
    return ball.midpoint + vector([ball.radius * gap * rng.choice((1, -1)) for gap in gaps])
