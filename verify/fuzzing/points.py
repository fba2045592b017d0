"""Where to look: points at which implementations go wrong, in the order in which they are cheapest to understand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction

from verify.network import Network
from verify.rational import Vector
from verify.search.budget import Budget
from verify.search.refuting.inside import Inside
from verify.search.refuting.walk import stretches
from verify.strategies.regions import noise, point_of_side

# One coordinate at a time: padding and strides show with 1, wrong last bits with 1024, narrow sums with 2**k + 1.
VALUES = [Fraction(n) for n in (1, -1, 1024, -1024, 2049, 2**24 + 1, 3)] + [Fraction(1, 2), Fraction(1, 3)]
# Larger inputs cannot have every value in every coordinate: each gets another one.
MANY = 64
# Steps over a boundary, as shares of the way between two points.
BESIDE = [Fraction(sign, 2**power) for power in (10, 30, 50) for sign in (1, -1)]
BREAKS = 4


def simple(inside: Inside, rng: random.Random) -> Iterator[Vector]:
    """The simplest point; then one coordinate changed (one-hot where 0 is inside); small integers; corners."""
    start = inside.simplest()
    yield inside.reached(start)
    order = list(range(len(start)))
    rng.shuffle(order)
    for round_number in range(len(VALUES)):
        for place, j in enumerate(order):
            changed = list(start)
            changed[j] += VALUES[(round_number + (place if len(order) > MANY else 0)) % len(VALUES)]
            yield inside.reached(changed)
            if round_number < 2:
                yield _corner(inside, rng)
                yield inside.reached([Fraction(rng.randint(-4, 4)) for _ in start])


def _corner(inside: Inside, rng: random.Random) -> Vector:
    """A corner of the box (of a moderate one where sides are infinite), as far as the region goes."""
    return inside.reached([point_of_side(side, Fraction(rng.choice([-1, 1]))) for side in inside.sides])


def beside_boundaries(network: Network, inside: Inside, rng: random.Random) -> Iterator[Vector]:
    """Points on, just before and just behind places where a ReLU switches, on segments between random points."""
    # A region that is one point has no segments; a network without ReLU has no boundaries (and those of one
    # with smooth units are not found exactly).
    if (
        not network.relu_count
        or not network.is_piecewise_linear
        or all(low is not None and low == high for low, high in inside.sides)
    ):
        return
    while True:
        start, end = random_point(inside, rng), random_point(inside, rng)
        if start == end:
            yield start
            continue
        for stretch in itertools.islice(stretches(network, start, end, Budget()), BREAKS):
            for step in (Fraction(0), *BESIDE):
                place = min(max(stretch.end + step, Fraction(0)), Fraction(1))
                yield start + (end - start).scaled(place)


def at_random(inside: Inside, rng: random.Random) -> Iterator[Vector]:
    """Random points; infinite sides get moderate scales."""
    while True:
        yield random_point(inside, rng)


def random_point(inside: Inside, rng: random.Random) -> Vector:
    """One random point of the region."""
    return inside.reached(noise(inside.sides, rng))
