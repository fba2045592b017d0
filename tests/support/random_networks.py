"""Random networks with the shapes that dense ones lack: residual sums, joins, convolutions, pooling, deep chains."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from tests.support import random_claims
from verify.kernel.exact import Pattern
from verify.network import Builder, Network
from verify.network.builder import conv, dense, leaky_relu, max_pool, relu

Weight = Callable[[random.Random], float | Fraction]


def weights(rng: random.Random, weight: Weight, rows: int, columns: int) -> list[list[float | Fraction]]:
    return [[weight(rng) for _ in range(columns)] for _ in range(rows)]


def small(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(-3, 3), rng.choice([1, 2, 3]))


def dense_network(rng: random.Random, weight: Weight = small) -> Network:
    """A chain of one to five layers."""
    builder = Builder((rng.randint(1, 4),), "dense")
    x = builder.input
    for _ in range(rng.randint(1, 5)):
        size = rng.randint(1, 4)
        x = relu(dense(x, weights(rng, weight, size, x.size), [weight(rng) for _ in range(size)]))
    return builder.build(dense(x, weights(rng, weight, 2, x.size), [weight(rng), weight(rng)]))


def chain(rng: random.Random, sizes: list[int]) -> Network:
    """Dense layers of these sizes with Gaussian weights, the input first."""
    builder = Builder((sizes[0],), "chain")
    x = builder.input
    for k, size in enumerate(sizes[1:], start=2):
        x = dense(x, weights(rng, lambda r: r.gauss(0, 1), size, x.size))
        x = relu(x) if k < len(sizes) else x
    return builder.build(x)


def cancelling_network(rng: random.Random, weight: Weight = small) -> Network:
    """``relu(z) - relu(-z)`` twice over, a repeated unit, and the same weights again with the opposite sign."""
    inputs, size = rng.randint(1, 3), rng.randint(1, 3)
    builder = Builder((inputs,), "cancelling")
    x = builder.input
    for _ in range(2):
        w, b = weights(rng, weight, size, x.size), [weight(rng) for _ in range(size)]
        w, b = w + [[-v for v in row] for row in w] + w[:1], b + [-v for v in b] + b[:1]
        hidden = relu(dense(x, w, b))
        difference = [[Fraction((j == i) - (j == i + size)) for j in range(2 * size + 1)] for i in range(size)]
        x = dense(hidden, difference).simple()
    return builder.build(dense(x, weights(rng, weight, 1, size), [weight(rng)]))


def residual_network(rng: random.Random, weight: Weight = small) -> Network:
    """Units that read the input and several earlier blocks, with a leaky activation in between."""
    size = rng.randint(1, 3)
    builder = Builder((size,), "residual")
    first = relu(dense(builder.input, weights(rng, weight, size, size), [weight(rng) for _ in range(size)]))
    second = leaky_relu(dense(first, weights(rng, weight, size, size)) + builder.input, "1/10")
    third = relu(second + first)
    return builder.build(dense(third, weights(rng, weight, 2, size)) + dense(first, weights(rng, weight, 2, size)))


def pooled_network(rng: random.Random, weight: Weight = small) -> Network:
    """A convolution, max-pooling and a dense layer."""
    builder = Builder((1, 3, 3), "pooled")
    kernel = np.empty((2, 1, 2, 2), dtype=object)
    for place in np.ndindex(kernel.shape):
        kernel[place] = weight(rng)
    features = relu(conv(builder.input, kernel, [weight(rng), weight(rng)]))
    pooled = max_pool(features, (2, 2))
    return builder.build(dense(pooled.flatten(), weights(rng, weight, 1, pooled.size), [weight(rng)]))


def claim_network(rng: random.Random, weight: Weight = small) -> Network:
    del weight
    return random_claims.network(rng, rng.randint(1, 3), 2)


KINDS: tuple[Callable[[random.Random, Weight], Network], ...] = (
    dense_network,
    cancelling_network,
    residual_network,
    pooled_network,
    claim_network,
)


def network(seed: int, weight: Weight = small) -> Network:
    """The random network of that seed; kinds take turns."""
    return KINDS[seed % len(KINDS)](random.Random(seed), weight)


def pattern(rng: random.Random, net: Network) -> Pattern:
    """A random pattern, possibly that of no point."""
    return {k: np.array([rng.random() < 0.6 for _ in range(b.size)], dtype=bool) for k, b in net.relu_blocks()}


def point(rng: random.Random, size: int) -> list[Fraction]:
    return [Fraction(rng.randint(-6, 6), rng.choice([1, 2, 3])) for _ in range(size)]
