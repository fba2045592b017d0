"""Strategies for regions and for exact points in them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from verify.rational import Vector, exact_text, vector
from verify.region import (
    HalfSpace,
    Region,
    ball,
    box,
    everything,
    intersection,
    l1_ball,
    nonnegative,
    polyhedron,
    segment,
    window,
)
from verify.search.refuting.inside import Inside, OptionalSides, inside

NUMBER = st.integers(-3, 3).map(Fraction) | st.builds(Fraction, st.integers(-5, 5), st.sampled_from([1, 2, 3]))
RADIUS = st.builds(Fraction, st.integers(1, 4), st.sampled_from([1, 2]))
# Points with more coordinates than this differ from a simple one in a few places, or are noise from a seed.
FULLY_DRAWN = 12


def regions(dimension: int) -> st.SearchStrategy[Region]:
    """Regions in ``dimension`` dimensions: bounded or not, of full dimension or not, single points too.

    Each one's ``text`` is the expression that describes it.
    """
    return st.one_of(
        _boxes(dimension),
        st.sampled_from([everything(dimension), nonnegative(dimension)]),
        _boxes(dimension, flat=True),
        _half_open_boxes(dimension),
        _balls(dimension),
        _segments(dimension),
        _windows(dimension),
        _cut_boxes(dimension),
    )


def _points(dimension: int) -> st.SearchStrategy[list[Fraction]]:
    return st.lists(NUMBER, min_size=dimension, max_size=dimension)


def _text(values: Sequence[Fraction | None], infinity: str = "inf") -> str:
    return f"[{', '.join(infinity if v is None else exact_text(v) for v in values)}]"


@st.composite
def _boxes(draw: st.DrawFn, dimension: int, *, flat: bool = False) -> Region:
    """Boxes; flat ones may lack some dimensions, or all."""
    low = draw(_points(dimension))
    lengths = st.sampled_from([Fraction(0), Fraction(1)]) if flat else RADIUS
    high = [v + draw(lengths) for v in low]
    return box(low, high, f"box({_text(low)}, {_text(high)})")


@st.composite
def _half_open_boxes(draw: st.DrawFn, dimension: int) -> Region:
    """Boxes with infinite sides."""
    low = [draw(st.none() | NUMBER) for _ in range(dimension)]
    reach = [draw(st.none() | RADIUS) for _ in low]
    high = [None if r is None else (v or Fraction(0)) + r for v, r in zip(low, reach, strict=True)]
    return box(low, high, f"box({_text(low, '-inf')}, {_text(high)})")


@st.composite
def _balls(draw: st.DrawFn, dimension: int) -> Region:
    """L-infinity and L1 balls, some of radius 0."""
    centre = draw(_points(dimension))
    radius = draw(RADIUS | st.just(Fraction(0)))
    make, name = draw(st.sampled_from([(ball, "ball"), (l1_ball, "l1ball")]))
    return make(vector(centre), radius, f"{name}({_text(centre)}, {exact_text(radius)})")


@st.composite
def _segments(draw: st.DrawFn, dimension: int) -> Region:
    start, end = draw(_points(dimension)), draw(_points(dimension))
    return segment(vector(start), vector(end), f"segment({_text(start)}, {_text(end)})")


@st.composite
def _windows(draw: st.DrawFn, dimension: int) -> Region:
    """Lines and half-lines through a point, not always along an axis."""
    origin, direction = draw(_points(dimension)), draw(_points(dimension))
    if not any(direction):
        direction[0] = Fraction(1)
    low, high = draw(st.sampled_from([Fraction(-1), None, Fraction(0)])), draw(st.sampled_from([Fraction(1), None]))
    ends = f"{'-inf' if low is None else low}, {'inf' if high is None else high}"
    return window(
        vector(origin), [vector(direction)], [low], [high], f"slice({_text(origin)}, [{_text(direction)}], {ends})"
    )


@st.composite
def _cut_boxes(draw: st.DrawFn, dimension: int) -> Region:
    """Boxes cut by a half-space, or by two opposite ones: the hull then lacks a dimension."""
    plain = draw(_boxes(dimension))
    normal = draw(st.lists(st.integers(-2, 2), min_size=dimension, max_size=dimension))
    bound = vector(normal).dot(plain.base.centre()) + draw(st.sampled_from([Fraction(0), Fraction(1, 4)]))
    sides = draw(st.sampled_from([[1], [1, -1]]))
    rows = [HalfSpace(vector([s * c for c in normal]), s * bound) for s in sides]
    left = " + ".join(f"{c}*x{i}" for i, c in enumerate(normal))
    text = f"{plain.text} & where({left} {'<=' if len(sides) == 1 else '=='} {exact_text(bound)})"
    if not any(normal):
        return plain
    return intersection(plain, polyhedron(dimension, rows), text)


def points_in(region: Region) -> st.SearchStrategy[Vector]:
    """Exact points of the region, in every dimension that it has: simple ones, ends of sides, points on its facets.

    They shrink towards small integers, then to simple fractions.
    """
    ready = inside(region)
    if len(ready.sides) <= FULLY_DRAWN:
        values: st.SearchStrategy[Sequence[Fraction]] = st.tuples(*(_along(side) for side in ready.sides))
    else:
        values = _sparse(ready)
    return values.map(ready.reached)


def _along(side: OptionalSides) -> st.SearchStrategy[Fraction]:
    """Numbers on one side of a box, simplest first."""
    low, high = side
    if low is not None and low == high:
        return st.just(low)
    choices: list[st.SearchStrategy[Fraction]] = []
    if low is not None and high is not None:
        first, last = math.ceil(low), math.floor(high)
        if first <= last:
            choices.append(st.integers(first, last).map(Fraction))
        choices.append(st.sampled_from([low, high]))
        choices.append(st.integers(0, 16).map(lambda k: low + (high - low) * Fraction(k, 16)))
        return st.one_of(choices)
    start, sign = (low, 1) if low is not None else (high, -1)
    if start is None:
        steps = st.integers(-8, 8).map(Fraction) | st.builds(Fraction, st.integers(-64, 64), st.sampled_from([8, 1]))
        return steps | st.integers(-4, 4).map(lambda n: Fraction(1024 * n))
    steps = st.integers(0, 8).map(Fraction) | st.builds(Fraction, st.integers(0, 64), st.sampled_from([8, 1]))
    return steps.map(lambda step: start + sign * step)


@st.composite
def _sparse(draw: st.DrawFn, ready: Inside) -> list[Fraction]:
    """The simplest point with a few coordinates changed, and noise in some: how many is drawn, so that it shrinks."""
    values = ready.simplest()
    noisy = draw(st.sampled_from([0, 0, 1]) | st.integers(0, len(values)))
    if noisy:
        rng = random.Random(draw(st.integers(0, 2**16)))
        everywhere = noise(ready.sides, rng)
        for index in rng.sample(range(len(values)), noisy):
            values[index] = everywhere[index]
    changes = draw(st.lists(st.tuples(st.integers(0, len(values) - 1), st.integers(-16, 16)), max_size=8))
    for index, sixteenths in changes:
        values[index] = point_of_side(ready.sides[index], Fraction(sixteenths, 16))
    return values


def noise(sides: Sequence[OptionalSides], rng: random.Random) -> list[Fraction]:
    """A random number on each side; infinite sides get numbers of one moderate scale."""
    scale = rng.choice([1, 8, 1024])
    return [point_of_side(side, Fraction(rng.randint(-(2**20), 2**20), 2**20), scale) for side in sides]


def point_of_side(side: OptionalSides, place: Fraction, scale: int = 4) -> Fraction:
    """The number at ``place``, -1 to 1, of a side; an infinite side counts as long as twice ``scale``."""
    low, high = side
    if low is not None and high is not None:
        return (low + high) / 2 + place * (high - low) / 2
    if low is not None:
        return low + scale * (place + 1)
    return high + scale * (place - 1) if high is not None else scale * place
