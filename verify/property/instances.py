"""Instances to try: drawn at random around two points of a region, or proposed by what an engine noticed.

Nothing here is believed: each is an assignment that the property's ``instance`` reads and the kernel evaluates.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verify.rational import Assignment, Vector, vector, zeros
from verify.region import Region

HALF = Fraction(1, 2)
FACTORS = [Fraction(n) for n in (-2, -1, 0, 1, 2, 3)] + [HALF, -HALF, Fraction(1, 3), Fraction(7, 8), Fraction(9, 8)]


@dataclass(frozen=True, eq=False)
class Bend:
    """f at the middle of two points of the region is not the mean of its values there."""

    p: Vector
    q: Vector


@dataclass(frozen=True, eq=False)
class Offset:
    """The piece around ``p`` does not vanish at the origin."""

    p: Vector


@dataclass(frozen=True, eq=False)
class Copies:
    """A network made of copies of f does not vanish where their arguments are ``points``; ``question`` numbers it."""

    points: tuple[Vector, ...]
    question: int


@dataclass(frozen=True, eq=False)
class Change:
    """f differs between two points."""

    p: Vector
    q: Vector


Hint: TypeAlias = Bend | Offset | Copies | Change
Draw: TypeAlias = Callable[[Vector, Vector, random.Random], Iterator[Assignment]]
Propose: TypeAlias = Callable[[Region, Hint], Iterator[Assignment]]


def at_points(_: Region, hint: Hint) -> Iterator[Assignment]:
    """The points of the hint as x and y; what most properties need."""
    if isinstance(hint, Copies):
        yield {"x": hint.points[0]}
    elif not isinstance(hint, Offset):
        yield {"x": hint.p, "y": hint.q}


def mixtures(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Points between p and q."""
    yield {"x": p, "y": q, "e": Fraction(rng.randint(0, 8), 8)}


def halfway(region: Region, hint: Hint) -> Iterator[Assignment]:
    """The middle of a bend."""
    if isinstance(hint, Bend):
        yield {"x": hint.p, "y": hint.q, "e": HALF}
    else:
        yield from at_points(region, hint)


def sums(p: Vector, q: Vector, _: random.Random) -> Iterator[Assignment]:
    """Two points whose sum is in the region more or less often."""
    yield {"x": p, "y": q}
    yield {"x": p, "y": q - p}
    yield {"x": p.scaled(HALF), "y": q.scaled(HALF)}


def pairs(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Points far apart, close together, and apart in one coordinate only."""
    yield {"x": p, "y": q}
    yield {"x": p, "y": p + (q - p).scaled(Fraction(1, 2 ** rng.randint(1, 12)))}
    if len(p):
        mixed = p.fractions()
        j = rng.randrange(len(p))
        mixed[j] = q[j]
        yield {"x": p, "y": vector(mixed)}


def single(p: Vector, _: Vector, __: random.Random) -> Iterator[Assignment]:
    """A point."""
    yield {"x": p}


def towards_zero(p: Vector, _: Vector, __: random.Random) -> Iterator[Assignment]:
    """0, and a point with some on its way there."""
    yield {"x": zeros(len(p))}
    for power in (0, 1, 3, 6):
        yield {"x": p.scaled(Fraction(1, 2**power))}


def factors_near_one(region: Region, p: Vector) -> Iterator[tuple[Vector, Fraction]]:
    """A point with factors t such that t times it is in the region: 0 where that is, simple ones, and those near 1."""
    if region.contains_origin:
        yield zeros(len(p)), Fraction(0)
    factors = [Fraction(2), HALF, Fraction(0)]
    powers = (*range(2, 64, 3), *range(64, 1088, 32))  # pieces may be as thin as their weights are small
    factors += [1 + sign * Fraction(1, 2**power) for power in powers for sign in (1, -1)]
    for t in factors:
        if region.contains(p.scaled(t)):
            yield p, t
