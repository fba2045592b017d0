"""The exact side conditions against the engine on random networks, and against Z3 with weights as variables."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import z3

import verify
from tests.support.seeds import chunks
from verify.errors import NetworkError, RegionError
from verify.family.conditions import additive_on_orthant, affine_on_moved_orthant, bending_units, one_layer_is_affine
from verify.family.smallest import smallest_with_one_negative_weight
from verify.kernel.exact import evaluate
from verify.network import Builder, Network
from verify.network.builder import conv, dense, relu
from verify.rational import vector, zeros
from verify.region import Region, box, everything, l1_ball, nonnegative

TINY = Fraction("1e-30")


def number(rng: random.Random, low: int = -2) -> Fraction:
    """Small integers, zeros, halves, and now and then a tiny number."""
    if rng.random() < 0.3:
        return Fraction(0)
    if rng.random() < 0.05:
        return TINY if low >= 0 else rng.choice([TINY, -TINY])
    return Fraction(rng.randint(low, 3), rng.choice([1, 1, 2]))


def matrix(rng: random.Random, rows: int, columns: int, low: int = -2) -> list[list[Fraction]]:
    return [[number(rng, low) for _ in range(columns)] for _ in range(rows)]


def nonnegative_chain(rng: random.Random, first_bias: int) -> Network:
    """One to three ReLU layers with nonnegative weights; biases of the first one from ``first_bias`` up."""
    builder = Builder((rng.randint(1, 3),), "chain")
    x = builder.input
    for depth in range(rng.randint(1, 3)):
        size = rng.randint(1, 3)
        low = first_bias if depth == 0 else 0
        x = relu(dense(x.named(f"dense{depth}"), matrix(rng, size, x.size, 0), [number(rng, low) for _ in range(size)]))
    if rng.random() < 0.7:
        x = dense(x.named("out"), matrix(rng, rng.randint(1, 2), x.size, 0))
    return builder.build(x)


def says_affine(network: Network, region: Region, property: str = "affine") -> bool:
    result = verify.check(network, property, region)
    assert result.assurance == "checked"
    return result.verdict is verify.Verdict.PROVED


@pytest.mark.parametrize("seeds", chunks(0, 120, 1, campaign=30))
def test_the_moved_orthant(seeds: range) -> None:
    """x >= -c: as the engine says."""
    counts: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        network = nonnegative_chain(rng, -3)
        corner = [number(rng, 0) for _ in range(network.input_size)]
        region = box([-c for c in corner], [None] * len(corner))
        expected = says_affine(network, region)
        assert affine_on_moved_orthant(network, corner) == expected, seed
        counts[expected] += 1
    assert min(counts.values()) > 24, counts


@pytest.mark.parametrize("seeds", chunks(0, 150, 1, campaign=20))
def test_additivity_on_the_orthant_is_f_of_0(seeds: range) -> None:
    counts: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        network = nonnegative_chain(rng, 0)
        expected = says_affine(network, nonnegative(network.input_size), "additive")
        assert additive_on_orthant(network) == expected, seed
        assert expected == evaluate(network, zeros(network.input_size)).is_zero()
        counts[expected] += 1
    assert min(counts.values()) > 20, counts


def random_box(rng: random.Random, size: int) -> Region:
    kind = rng.random()
    if kind < 0.2:
        return nonnegative(size)
    if kind < 0.3:
        return everything(size)
    low = [rng.choice([None, Fraction(-1), Fraction(0), Fraction(1)]) for _ in range(size)]
    high = [rng.choice([None, (v or 0) + 2, (v or 0) + 1, v if v is not None else 0]) for v in low]
    return box(low, high)


def related_rows(rng: random.Random, inputs: int) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Rows with repeated, negated and rescaled ones among them."""
    rows, biases = matrix(rng, rng.randint(1, 3), inputs), []
    biases = [number(rng) for _ in rows]
    for _ in range(rng.randint(0, 2)):
        i, factor = rng.randrange(len(rows)), Fraction(rng.choice([1, -1, 2, -2, -1]))
        rows.append([factor * w for w in rows[i]])
        biases.append(factor * biases[i])
    return rows, biases


def one_layer(rng: random.Random) -> Network:
    """One ReLU layer; the output layer cancels now and then, reads the input, or is not there."""
    builder = Builder((rng.randint(1, 3),), "one_layer")
    x = builder.input
    rows, biases = related_rows(rng, x.size)
    hidden = relu(dense(x.named("hidden"), rows, biases))
    kind = rng.random()
    if kind < 0.15:
        return builder.build(hidden)
    outputs = [[Fraction(rng.choice([1, -1, 1, -1, 2, 0, -2])) for _ in rows] for _ in range(rng.choice([1, 1, 2]))]
    result = dense(hidden, outputs)
    if kind < 0.3:
        result = result + dense(x, matrix(rng, len(outputs), x.size))
    return builder.build(result)


@pytest.mark.parametrize("seeds", chunks(0, 150, 1, campaign=40))
def test_one_layer_on_a_box(seeds: range) -> None:
    """Necessary and sufficient for any output layer, cancellations included, on boxes of all kinds."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        network = one_layer(rng)
        region = random_box(rng, network.input_size)
        expected = says_affine(network, region)
        assert one_layer_is_affine(network, region) == expected, (seed, region)
        counts[expected, bool(bending_units(network, region))] += 1
    if not seeds.start:  # affine and no unit bends; affine by cancellation; not affine. Fresh ones may have fewer.
        assert counts[True, False] > 20 and counts[True, True] >= 5 and counts[False, True] > 40, counts
    assert counts[False, False] == 0


@pytest.mark.parametrize("seeds", chunks(0, 150, 1, campaign=20))
def test_a_layer_that_is_read_with_positive_weights_bends_if_a_unit_does(seeds: range) -> None:
    counts: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        builder = Builder((rng.randint(1, 3),), "read")
        rows, biases = related_rows(rng, builder.input.size)
        hidden = relu(dense(builder.input.named("hidden"), rows, biases))
        positive = [[Fraction(rng.randint(1, 3), 2) for _ in rows]]
        network = builder.build(hidden if rng.random() < 0.3 else dense(hidden, positive))
        region = random_box(rng, network.input_size)
        expected = says_affine(network, region)
        assert (bending_units(network, region) == []) == expected == one_layer_is_affine(network, region), seed
        counts[expected] += 1
    assert min(counts.values()) > 30, counts


def test_a_convolution_is_a_layer_too() -> None:
    counts: Counter[bool] = Counter()
    for seed in range(40):
        rng = random.Random(seed)
        builder = Builder((1, 3, 3), "conv")
        kernel = np.empty((2, 1, 2, 2), dtype=object)
        for place in np.ndindex(kernel.shape):
            kernel[place] = number(rng, -1 if seed % 2 else 0)
        features = relu(conv(builder.input.named("conv"), kernel, [number(rng, 0), number(rng, 0)]))
        network = builder.build(features)
        region = box([0] * 9, [rng.choice([1, 2])] * 9)
        expected = says_affine(network, region)
        assert one_layer_is_affine(network, region) == expected, seed
        counts[expected] += 1
    assert min(counts.values()) > 5, counts


# The same theorems with weights as variables: Z3 on the literal definition.


def reals(name: str, count: int) -> list[z3.ArithRef]:
    return [z3.Real(f"{name}{i}") for i in range(count)]


def rect(z: z3.ArithRef) -> z3.ArithRef:
    return z3.If(z > 0, z, z3.RealVal(0))


def test_z3_on_one_unit_and_a_moved_orthant() -> None:
    """For all W >= 0, V > 0, b, c >= 0: if f is not midpoint-affine at some x, y >= -c, then W != 0 and W c > b."""
    (w, b, v, c), (x, y) = reals("p", 4), reals("x", 2)

    def f(t: z3.ArithRef) -> z3.ArithRef:
        return v * rect(w * t + b)

    weights = [w >= 0, v > 0, c >= 0, x >= -c, y >= -c]
    condition = z3.Or(w == 0, w * c <= b)
    solver = z3.Solver()
    solver.add(*weights, condition, 2 * f((x + y) / 2) != f(x) + f(y))
    assert solver.check() == z3.unsat
    # And where the condition fails, the corner and its reflection in the kink are a counterexample.
    solver = z3.Solver()
    kink = -b / w
    solver.add(w > 0, v > 0, c >= 0, w * c > b)
    solver.add(2 * f(kink) == f(-c) + f(2 * kink + c))
    assert solver.check() == z3.unsat


def test_z3_on_one_unit_and_an_interval() -> None:
    """relu(w x + b) on [l, h] is midpoint-affine for all x, y there iff w = 0, max z <= 0 or min z >= 0."""
    (w, b, low, high), (x, y) = reals("p", 4), reals("x", 2)
    ends = [w * low + b, w * high + b]
    keeps = z3.Or(w == 0, z3.And(ends[0] <= 0, ends[1] <= 0), z3.And(ends[0] >= 0, ends[1] >= 0))
    inside = [low <= high, low <= x, x <= high, low <= y, y <= high]
    solver = z3.Solver()
    solver.add(*inside, keeps, 2 * rect(w * (x + y) / 2 + b) != rect(w * x + b) + rect(w * y + b))
    assert solver.check() == z3.unsat
    solver = z3.Solver()
    e, kink = z3.Real("e"), -b / w
    solver.add(w != 0, low <= high, z3.Not(keeps), e > 0, low <= kink - e, kink + e <= high)
    solver.add(2 * rect(w * kink + b) == rect(w * (kink - e) + b) + rect(w * (kink + e) + b))
    assert solver.check() == z3.unsat


def test_z3_on_two_units_that_cancel() -> None:
    """v1 relu(z) + v2 relu(s z), s < 0, is affine through the kink iff v1 + v2 |s| = 0."""
    v1, v2, s, e = reals("p", 4)

    def f(t: z3.ArithRef) -> z3.ArithRef:
        return v1 * rect(t) + v2 * rect(s * t)

    bent = f(e) + f(-e) != 2 * f(z3.RealVal(0))
    solver = z3.Solver()
    solver.add(s < 0, e > 0, bent != (v1 - v2 * s != 0))
    assert solver.check() == z3.unsat


# The smallest network.


@pytest.mark.parametrize(("biases", "weights", "bias"), [(True, ((-1,),), (1,)), (False, ((-1, 1),), (0,))])
def test_the_smallest_network_with_one_negative_weight(
    biases: bool, weights: tuple[tuple[int, ...], ...], bias: tuple[int, ...]
) -> None:
    """relu(1 - x), and without biases relu(x1 - x0); the engine agrees about it and about every smaller one."""
    found = smallest_with_one_negative_weight(biases=biases)
    assert (found.weights, found.biases, found.outputs) == (weights, bias, (1,))
    result = verify.check(found.network, "affine", "nonneg")
    assert result.verdict is verify.Verdict.REFUTED and result.assurance == "checked"
    assert found.smaller
    for network in found.smaller:
        assert says_affine(network, nonnegative(network.input_size))


def test_networks_of_another_form() -> None:
    builder = Builder((2,), "skip")
    hidden = relu(dense(builder.input.named("a"), [[1, 1], [0, 1]]))
    skip = builder.build(relu(hidden + builder.input))
    with pytest.raises(NetworkError, match="does not read just the layer before"):
        affine_on_moved_orthant(skip, [0, 0])
    builder = Builder((2,), "negative")
    negative = builder.build(relu(dense(builder.input.named("a"), [[1, -1]])))
    with pytest.raises(NetworkError, match="negative weight"):
        additive_on_orthant(negative)
    with pytest.raises(RegionError, match="about boxes"):
        one_layer_is_affine(negative, l1_ball(vector([0, 0]), 1))
    with pytest.raises(RegionError, match="corner of 1"):
        builder = Builder((2,), "positive")
        affine_on_moved_orthant(builder.build(relu(dense(builder.input.named("a"), [[1, 1]]))), [0])
    builder = Builder((1,), "deep")
    deep = relu(dense(relu(dense(builder.input.named("a"), [[1]])).named("b"), [[1]]))
    with pytest.raises(NetworkError, match="3 layers"):
        one_layer_is_affine(builder.build(deep), everything(1))
