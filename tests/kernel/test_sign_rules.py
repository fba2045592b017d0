"""The rules about signs against brute force: every fact is put to random members, and false facts are not derived."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

import verify
from tests.support import random_families
from tests.support.seeds import chunks
from verify.kernel.exact import evaluate
from verify.kernel.facts.induction import induction
from verify.kernel.facts.values import (
    AFFINE,
    ALL,
    CONCAVE,
    CONSTANT,
    CONVEX,
    EVEN,
    FALLING,
    LINEAR,
    ODD,
    RISING,
    SCALING,
    Facts,
)
from verify.kernel.families import FamilyClaim, derived, on_the_region
from verify.kernel.interval import Extended, Interval
from verify.network import Network
from verify.network.families import (
    Layer,
    Weights,
    absolute,
    add,
    average_pool,
    batch_norm,
    clip,
    conv,
    dense,
    family,
    flatten,
    leaky_relu,
    max_pool,
    member,
    pad,
    relu,
)
from verify.property import find
from verify.rational import vector
from verify.region import Box, Region, box, everything, l1_ball, nonnegative, segment

Point = list[Fraction]
HALF = Fraction(1, 2)


def random_point(rng: random.Random, region: Region) -> Point:
    """A point of a box, on its sides rather often."""
    base = region.base
    assert isinstance(base, Box)
    result = []
    for j in range(base.dimension):
        low = base.low[j] if base.low_finite[j] else None
        high = base.high[j] if base.high_finite[j] else None
        inner = [Fraction(n, d) for n in range(-4, 5) for d in (1, 2, 3)]
        fitting = [v for v in inner if (low is None or v >= low) and (high is None or v <= high)]
        result.append(rng.choice(fitting + [v for v in (low, high) if v is not None] * 3))
    return result


class Values:
    """Exact values of one member, where the points lie in the region."""

    def __init__(self, network: Network, region: Region) -> None:
        self.network, self.region = network, region

    def __call__(self, x: Point) -> Point:
        return evaluate(self.network, vector(x)).fractions()

    def inside(self, x: Point) -> Point | None:
        return self(x) if self.region.contains(vector(x)) else None


def broken_facts(f: Values, known: Facts, output: int, x: Point, y: Point, t: Fraction) -> list[str]:
    """The names of the facts about one output that an instance breaks."""
    fx, fy, fmid = f(x)[output], f(y)[output], f([(a + b) / 2 for a, b in zip(x, y, strict=True)])[output]
    above = f([max(a, b) for a, b in zip(x, y, strict=True)])[output]
    scaled, opposite = f.inside([t * a for a in x]), f.inside([-a for a in x])
    total = f.inside([a + b for a, b in zip(x, y, strict=True)])
    mean = (fx + fy) / 2
    broken = {
        CONSTANT: fx != fy,
        AFFINE: fmid != mean,
        CONVEX: fmid > mean,
        CONCAVE: fmid < mean,
        RISING: above < fx,
        FALLING: above > fx,
        SCALING: scaled is not None and scaled[output] != t * fx,
        ODD: opposite is not None and opposite[output] != -fx,
        EVEN: opposite is not None and opposite[output] != fx,
        LINEAR: (total is not None and total[output] != fx + fy) or (scaled is not None and scaled[output] != t * fx),
    }
    assert set(broken) == set(ALL)
    found = [name for name in known.holds if broken[name]]
    found += ["values"] if not known.values.low <= fx <= known.values.high else []
    if known.has(SCALING, CONVEX) and total is not None and total[output] > fx + fy:
        found.append("subadditive")
    return found


def attack(seed: int, counts: Counter[str]) -> None:
    """Derive facts of a random family on a random box, and try them on random members at random instances."""
    rng = random.Random(seed)
    described = random_families.random_family(rng)
    region = random_families.random_region(rng, described.input_size)
    _, channels = induction(described, region)
    each = described.output_size // len(channels)
    for _ in range(4):
        f = Values(member(described, random_families.random_weights(rng, described)), region)
        at_zero = f([Fraction(0)] * described.input_size)
        for _ in range(5):
            x, y = random_point(rng, region), random_point(rng, region)
            t = rng.choice([HALF, Fraction(2), Fraction(3, 4), Fraction(5)])
            for i in range(described.output_size):
                known = on_the_region(channels[i // each], region)
                counts.update(known.holds)
                assert known.at_zero.low <= at_zero[i] <= known.at_zero.high, (seed, described)
                assert not broken_facts(f, known, i, x, y, t), (seed, described, region.text, x, y)


@pytest.mark.parametrize("seeds", chunks(0, 30, 1, campaign=80))
def test_facts_hold_of_random_members(seeds: range) -> None:
    counts: Counter[str] = Counter()
    for seed in seeds:
        attack(seed, counts)
    assert min(counts[name] for name in ALL) > 80, counts


# What a stranger would try: the fact is false for the member with these weights, so it must not be derived.
Case = tuple[list[Layer], object, Callable[[int], Region], str, Weights]
P, N = ">= 0", "<= 0"


def nonpositive(size: int) -> Region:
    return box([None] * size, [0] * size, "nonpos")


def between(low: int | None, high: int | None) -> Callable[[int], Region]:
    return lambda size: box([low] * size, [high] * size)


def one(*keys: str, place: int = 0, value: int = 1) -> Weights:
    """The weight at a place of each of these tensors (``dense1.weight``)."""
    return {(k.split(".")[0], k.split(".")[1]): {place: Fraction(value)} for k in keys}


FALSE: dict[str, Case] = {
    "a border of a constant is a bias": ([pad((1, 1), 1), relu()], (1, 2), nonnegative, "linear", {}),
    "a border of a constant is not homogeneous": ([pad((1, 1), -1)], (1, 2), everything, "positively homogeneous", {}),
    "padding drops terms": ([conv(1, 2, 1, -2, pads=(1, 1)), relu()], (1, 2), between(1, None), "affine", {}),
    "a padded mean sees zeros": (
        [average_pool((2,), (), (1, 1), True), conv(1, 1, 1, "-3/4"), relu()],
        (1, 3),
        between(1, 2),
        "affine",
        {},
    ),
    "max pool of negative values": ([max_pool((2,))], (1, 2), nonpositive, "affine", {}),
    "max pool is not odd": ([max_pool((2,))], (1, 2), everything, "odd", {}),
    "max pool is not concave": ([max_pool((2,), (1,))], (1, 2), nonnegative, "concave", {}),
    "a leaky slope above 1 is not convex": ([leaky_relu(2)], 1, everything, "convex", {}),
    "a free slope is not convex": (
        [leaky_relu("in [0, 2]")],
        1,
        everything,
        "convex",
        one("leaky_relu1.slope", value=2),
    ),
    "a negative slope is not monotone": ([leaky_relu("-1/2")], 1, everything, "nondecreasing in 0", {}),
    "a negative slope of a convex function": (
        [absolute(), batch_norm(1, -1), leaky_relu(-1)],
        1,
        everything,
        "convex",
        {},
    ),
    "a slope above 1 of a concave function is not convex": ([leaky_relu(2), relu()], 1, everything, "affine", {}),
    "concave, then a slope below 1": ([absolute(), dense(1, -1, 1), leaky_relu("1/2")], 1, everything, "concave", {}),
    "|x| is not monotone": ([absolute()], 1, everything, "nondecreasing in 0", {}),
    "|x| of something even is not odd": ([absolute()], 1, everything, "odd", {}),
    "clip with uneven ends is not odd": ([clip(-1, 2)], 1, everything, "odd", {}),
    "clip is not homogeneous": ([clip(0, 1)], 1, nonnegative, "positively homogeneous", {}),
    "clip from above is not convex": ([clip(None, 1)], 1, everything, "convex", {}),
    "clip from below is not concave": ([clip(-1, None)], 1, everything, "concave", {}),
    "nonnegative weights, a negative bias": (
        [dense(1, P, N), relu()],
        1,
        nonnegative,
        "affine",
        {("dense1", "weight"): {0: Fraction(1)}, ("dense1", "bias"): {0: Fraction(-1)}},
    ),
    "nonpositive inputs and weights, a positive bias": (
        [dense(1, N, N), relu()],
        1,
        nonpositive,
        "affine",
        {("dense1", "weight"): {0: Fraction(-1)}, ("dense1", "bias"): {0: Fraction(-1)}},
    ),
    "nonpositive weights change the direction": (
        [dense(1, N)],
        1,
        everything,
        "nondecreasing in 0",
        one("dense1.weight", value=-1),
    ),
    "the output layer counts too": (
        [dense(1, "any"), relu(), dense(1, "any")],
        1,
        everything,
        "convex",
        {("dense1", "weight"): {0: Fraction(1)}, ("dense3", "weight"): {0: Fraction(-1)}},
    ),
    "a residual connection subtracts": ([relu("r"), dense(1, -1, "any"), add("input")], 1, everything, "affine", {}),
    "additive with a bias": ([dense(1, P, P), relu()], 1, nonnegative, "additive", one("dense1.bias")),
    "one channel is enough": (
        [conv(2, 1, [P, "any"], P), relu()],
        (1, 2),
        nonnegative,
        "affine",
        {("conv1", "weight"): {1: Fraction(-1)}, ("conv1", "bias"): {1: Fraction(1)}},
    ),
    "groups see their own channels": (
        [batch_norm([1, -1], 0), conv(2, 1, 1, 1, groups=2), relu()],
        (2, 1),
        nonnegative,
        "affine",
        {},
    ),
    "one slope for each value after flattening": ([flatten(), leaky_relu([1, 1, 0])], (1, 3), everything, "affine", {}),
    "a channel's scale after flattening": (
        [flatten(), batch_norm([1, -1], 1), relu()],
        (1, 2),
        nonnegative,
        "affine",
        {},
    ),
    "an affine function that misses the origin is not linear": ([dense(1, 1, 1)], 1, between(1, 2), "linear", {}),
    "zero at 0 outside the region is not enough": ([dense(1, 1, -1), relu()], 1, between(1, 3), "linear", {}),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_facts_are_not_derived(name: str) -> None:
    layers, shape, region, property, weights = FALSE[name]
    described = family(shape, layers)  # type: ignore[arg-type]
    where = region(described.input_size)
    claim = FamilyClaim(described, find(property), where)
    assert verify.check(member(described, weights), property, where).verdict is verify.Verdict.REFUTED
    assert not derived(claim)[1]


TRUE: dict[str, tuple[list[Layer], object, Callable[[int], Region], str]] = {
    "the popular claim, corrected": (
        [conv(3, (2, 2), P, P), relu(), dense(2, "any", "any")],
        (1, 3, 3),
        nonnegative,
        "affine",
    ),
    "nonpositive inputs and weights": ([dense(3, N, P), relu(), dense(2, P, P), relu()], 2, nonpositive, "affine"),
    "no bias": (
        [conv(2, 2, pads=(1, 0)), relu(), max_pool((2,)), dense(2), leaky_relu("any")],
        (1, 4),
        everything,
        "positively homogeneous",
    ),
    "no bias, nonnegative weights": ([dense(2, P), relu(), dense(1, "any")], 2, nonnegative, "additive"),
    "input convex": (
        [dense(3, "any", "any"), leaky_relu(), dense(2, P, "any"), relu(), dense(1, P, "any")],
        2,
        everything,
        "convex",
    ),
    "sublinear": ([dense(3), relu(), dense(2, P), relu(), dense(1, P)], 2, everything, "subadditive"),
    "superlinear": ([dense(3), leaky_relu(">= 1"), dense(1, P)], 2, everything, "superadditive"),
    "concave with slopes above 1": (
        [dense(3, "any", "any"), leaky_relu(">= 1"), dense(1, P)],
        2,
        everything,
        "concave",
    ),
    "monotone": ([dense(3, P, "any"), relu(), dense(2, P, "any"), clip(-1, 1)], 2, everything, "nondecreasing in 1"),
    "twice reversed": ([dense(3, N, "any"), relu(), dense(2, N, "any")], 2, everything, "nondecreasing in 1"),
    "dead": ([dense(3, N, N), relu(), dense(2, "any", "any")], 2, nonnegative, "constant"),
    "hardtanh of odd": ([dense(2), clip(-1, 1), dense(2), clip(-2, 2)], 2, everything, "odd"),
    "|odd|": ([dense(2), clip(-1, 1), absolute(), dense(2, "any", "any"), relu()], 2, everything, "even"),
    "slope one": ([dense(2, "any", "any"), leaky_relu(1)], 2, everything, "affine"),
    "a bias that is large enough": ([dense(1, "in [0, 1]", ">= 2"), relu()], 2, between(-1, None), "affine"),
    "homogeneous": ([dense(2), leaky_relu(1)], 2, everything, "homogeneous"),
    "an average keeps it": ([average_pool(), dense(1, P, P), relu()], (2, 2, 2), nonnegative, "affine"),
    "a residual connection": ([dense(2, P, P), relu(), add("input"), dense(2, P, P), relu()], 2, nonnegative, "affine"),
    "linear off the origin": ([dense(1, P, P), relu()], 2, lambda size: box([1, 0], [1, None]), "linear"),
    "a maximum over one value": ([max_pool((1,)), dense(1, P, P), relu()], (1, 2), nonnegative, "affine"),
}


@pytest.mark.parametrize("name", TRUE)
def test_true_facts_are_derived_and_hold_of_members(name: str) -> None:
    layers, shape, region, property = TRUE[name]
    described = family(shape, layers)  # type: ignore[arg-type]
    where = region(described.input_size)
    assert derived(FamilyClaim(described, find(property), where))[1]
    rng = random.Random(name)
    for _ in range(3):
        network = member(described, random_families.random_weights(rng, described))
        result = verify.check(network, property, where, timeout=10)
        assert result.verdict is not verify.Verdict.REFUTED, result.counterexample


@pytest.mark.slow
def test_twenty_layers_of_64_channels() -> None:
    """Reasoning is by channel: the size of the images does not matter."""
    layers = [layer for _ in range(20) for layer in (conv(64, (3, 3), P, P, pads=(1, 1)), relu())]
    described = family((3, 224, 224), layers)
    lines, outputs = induction(described, nonnegative(described.input_size))
    assert len(lines) == 41 and all(v.has(AFFINE, RISING) for v in outputs)


def test_regions_that_are_not_boxes() -> None:
    """Half-spaces are left out, an L1 ball has a box around it; of a segment is used that it is convex."""
    described = family(2, [dense(1, P, "in [1, 2]"), relu()])
    where = l1_ball(vector([0, 0]), HALF)
    assert induction(described, where)[1][0].values == Interval(Fraction(0), math.inf)
    bounded = family(2, [dense(1, "in [0, 1]", 1), relu()])
    assert induction(bounded, where)[1][0].has(AFFINE)
    line = segment(vector([1, 1]), vector([2, 2]))
    assert not induction(bounded, line)[1][0].has(AFFINE)
    assert induction(bounded, line)[1][0].has(CONVEX, RISING)


def test_bounds_of_any_size() -> None:
    """Infinite bounds never meet float arithmetic: numbers beyond its range stay exact."""
    huge, tiny = Fraction(10) ** 400, Fraction(1, 10**400)
    ends: list[Extended] = [Fraction(0), huge, -huge, tiny, -tiny, math.inf, -math.inf]
    intervals = [
        Interval(a, b) for a, b in itertools.product(ends, ends) if a <= b and a != math.inf and b != -math.inf
    ]
    for left, right in itertools.product(intervals, intervals):
        product, total = left * right, left + right
        for a, b in itertools.product((left.low, left.high), (right.low, right.high)):
            if isinstance(a, Fraction) and isinstance(b, Fraction):
                assert product.low <= a * b <= product.high
                assert total.low <= a + b <= total.high
        assert not any(isinstance(e, float) and math.isfinite(e) for e in (product.low, product.high, total.low))
