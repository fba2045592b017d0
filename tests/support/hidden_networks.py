"""Random networks in which many units switch without effect: pairs that cancel, repeated, dead and far units."""

from __future__ import annotations

import random
from fractions import Fraction

from verify.network import Builder, Network
from verify.network.builder import dense, relu

Rows = list[list[Fraction]]


def rows(rng: random.Random, count: int, width: int) -> Rows:
    return [[Fraction(rng.randint(-3, 3), rng.choice([1, 2, 3])) for _ in range(width)] for _ in range(count)]


def network(rng: random.Random, inputs: int) -> Network:
    """One to three layers; most have ``relu(z)`` and ``relu(-z)``, of which often only the difference is used."""
    builder = Builder((inputs,), "hidden")
    x = builder.input
    for _ in range(rng.randint(1, 3)):
        count = rng.randint(1, 3)
        weights, biases = (
            rows(rng, count, x.size),
            [Fraction(rng.randint(-6, 6), rng.choice([1, 2])) for _ in range(count)],
        )
        if rng.random() < 0.6:
            weights += [[-w for w in row] for row in weights]
            biases += [-b for b in biases]
        if rng.random() < 0.3:
            weights += [[2 * w for w in weights[0]]]
            biases += [2 * biases[0]]
        if rng.random() < 0.3:
            biases = [b + rng.choice([-30, 30]) for b in biases]
        x = relu(dense(x, weights, biases))
        if x.size >= 2 * count and rng.random() < 0.6:
            mixed = rows(rng, rng.randint(1, 2), count)
            rest = [Fraction(0)] * (x.size - 2 * count)
            x = dense(
                x, [row + [-w for w in row] + rest for row in mixed], [Fraction(rng.randint(-3, 3)) for _ in mixed]
            )
    outputs = rng.randint(1, 2)
    return builder.build(dense(x, rows(rng, outputs, x.size), [Fraction(rng.randint(-2, 2)) for _ in range(outputs)]))
