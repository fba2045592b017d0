"""Random small networks on which a condition in closed form is compared with the engine."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

import verify
from verify.network import Builder, Network
from verify.network.builder import conv, dense, relu
from verify.region import Region, box

Weights = list[list[Fraction]]


def number(rng: random.Random, low: int, high: int = 3) -> Fraction:
    """Often 0, else a small integer or a half."""
    return Fraction(0) if rng.random() < 0.3 else Fraction(rng.randint(low, high), rng.choice([1, 1, 2]))


def matrix(rng: random.Random, rows: int, columns: int, low: int) -> Weights:
    return [[number(rng, low) for _ in range(columns)] for _ in range(rows)]


def nonnegative_network(rng: random.Random, first_bias: int = 0) -> Network:
    """Weights >= 0, one to three ReLU layers, an output layer; biases >= 0, in the first layer >= ``first_bias``."""
    builder = Builder((rng.randint(1, 3),), "random")
    x = builder.input
    for depth in range(rng.randint(1, 3)):
        rows = matrix(rng, rng.randint(1, 3), x.size, 0)
        x = relu(dense(x.named(f"layer{depth}"), rows, [number(rng, 0 if depth else first_bias) for _ in rows]))
    return builder.build(dense(x.named("output"), matrix(rng, 1, x.size, 0)))


def convolution(rng: random.Random) -> Network:
    """Two 2 x 2 kernels of any signs on a 3 x 3 image, ReLU, and an output layer of any signs or none."""
    builder = Builder((1, 3, 3), "random")
    kernels = [[matrix(rng, 2, 2, -1 if rng.random() < 0.5 else 0)] for _ in range(2)]
    features = relu(conv(builder.input.named("conv"), kernels, [number(rng, 0, 4) for _ in kernels]))
    if rng.random() < 0.4:
        return builder.build(features)
    return builder.build(dense(features.flatten(), [[number(rng, -1) for _ in range(features.size)]]))


def one_hidden_layer(rng: random.Random) -> Network:
    """Units of any signs, some of them multiples of others; the output layer makes some of them cancel."""
    builder = Builder((rng.randint(1, 2),), "random")
    rows = matrix(rng, rng.randint(1, 2), builder.input.size, -2)
    biases = [number(rng, -2) for _ in rows]
    for i in range(len(rows)):
        factor = rng.choice([-1, -1, 2, -2])
        rows.append([factor * w for w in rows[i]])
        biases.append(factor * biases[i])
    hidden = relu(dense(builder.input.named("hidden"), rows, biases))
    return builder.build(dense(hidden, [[Fraction(rng.choice([1, -1, 2, 0])) for _ in rows]]))


def random_box(rng: random.Random, size: int) -> Region:
    """Each coordinate between -1, 0 or -infinity and 1, 2 or infinity."""
    return box([rng.choice([-1, 0, 0, None]) for _ in range(size)], [rng.choice([1, 2, None]) for _ in range(size)])


def holds(network: Network, property: str, on: Region | str) -> bool:
    """The engine's verdict, which the kernel has replayed."""
    result = verify.check(network, property, on)
    assert result.assurance == "checked", result
    return result.verdict is verify.Verdict.PROVED


def compared(pairs: Iterable[tuple[bool, bool]]) -> Counter[bool]:
    """How often condition and engine said yes, and no; fails where they differ, or where one answer is rare."""
    counts: Counter[bool] = Counter()
    for number, (condition, engine) in enumerate(pairs):
        assert condition == engine, f"member {number}: the condition says {condition}, the engine {engine}"
        counts[engine] += 1
    assert min(counts[True], counts[False]) >= 10, counts
    return counts
