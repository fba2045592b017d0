"""Random networks and disguises of them that compute the same function: what rewriting must see through."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from verify.network import Builder, Network
from verify.network.builder import dense, relu

Row = list[Fraction]


@dataclass
class Layer:
    """``weights @ y + bias``, then ReLU or nothing."""

    weights: list[Row]
    bias: Row
    relu: bool


Layers = list[Layer]


def number(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(-6, 6), rng.choice([1, 1, 2, 3]))


def layers(rng: random.Random, inputs: int, hidden: list[int], outputs: int) -> Layers:
    """A random chain."""
    result, width = [], inputs
    for size in [*hidden, outputs]:
        weights = [[number(rng) for _ in range(width)] for _ in range(size)]
        result.append(Layer(weights, [number(rng) for _ in range(size)], True))
        width = size
    result[-1].relu = False
    return result


def build(chain: Layers, inputs: int, name: str = "chain") -> Network:
    builder = Builder((inputs,), name)
    x = builder.input
    for layer in chain:
        x = dense(x, layer.weights, layer.bias)
        x = relu(x) if layer.relu else x.simple()
    return builder.build(x)


def _columns(layer: Layer, change: Callable[[Row], Row]) -> Layer:
    return Layer([change(row) for row in layer.weights], list(layer.bias), layer.relu)


def permuted(rng: random.Random, chain: Layers, k: int) -> Layers:
    """The units of layer k in another order."""
    order = list(range(len(chain[k].bias)))
    rng.shuffle(order)
    moved = Layer([chain[k].weights[i] for i in order], [chain[k].bias[i] for i in order], chain[k].relu)
    return [*chain[:k], moved, _columns(chain[k + 1], lambda row: [row[i] for i in order]), *chain[k + 2 :]]


def rescaled(rng: random.Random, chain: Layers, k: int) -> Layers:
    """Each unit of layer k times its own positive factor."""
    scale = [Fraction(rng.randint(1, 9), rng.randint(1, 5)) for _ in chain[k].bias]
    weights = [[c * w for w in row] for c, row in zip(scale, chain[k].weights, strict=True)]
    stretched = Layer(weights, [c * b for c, b in zip(scale, chain[k].bias, strict=True)], chain[k].relu)
    after = _columns(chain[k + 1], lambda row: [w / c for w, c in zip(row, scale, strict=True)])
    return [*chain[:k], stretched, after, *chain[k + 2 :]]


def split_unit(rng: random.Random, chain: Layers, k: int) -> Layers:
    """A unit of layer k twice, its outgoing weights shared out."""
    i, share = rng.randrange(len(chain[k].bias)), number(rng)
    doubled = Layer([*chain[k].weights, chain[k].weights[i]], [*chain[k].bias, chain[k].bias[i]], chain[k].relu)
    after = _columns(chain[k + 1], lambda row: [*row[:i], row[i] * share, *row[i + 1 :], row[i] * (1 - share)])
    return [*chain[:k], doubled, after, *chain[k + 2 :]]


def with_dead_unit(rng: random.Random, chain: Layers, k: int) -> Layers:
    """A unit that is never on, and one that nobody reads."""
    width = len(chain[k].weights[0])
    extra = [[Fraction(0)] * width, [number(rng) for _ in range(width)]]
    never = Fraction(-1, 3) if chain[k].relu else Fraction(0)
    longer = Layer([*chain[k].weights, *extra], [*chain[k].bias, never, number(rng)], chain[k].relu)
    return [*chain[:k], longer, _columns(chain[k + 1], lambda row: [*row, number(rng), Fraction(0)]), *chain[k + 2 :]]


def reflected(rng: random.Random, chain: Layers, k: int) -> Layers:
    """A unit relu(z) of layer k as relu(-z) + relu(z) - relu(-z), with the last two read with opposite weights.

    The network's own relu(z) stays; relu(-z) is read with weight w - w = 0 in two parts of different scale.
    """
    i, share = rng.randrange(len(chain[k].bias)), Fraction(rng.randint(1, 5))
    row, bias = chain[k].weights[i], chain[k].bias[i]
    extra = [[-w for w in row], [-share * w for w in row]]
    longer = Layer([*chain[k].weights, *extra], [*chain[k].bias, -bias, -share * bias], chain[k].relu)
    return [*chain[:k], longer, _columns(chain[k + 1], lambda r: [*r, r[i], -r[i] / share]), *chain[k + 2 :]]


def through_affine(rng: random.Random, chain: Layers, k: int) -> Layers:
    """An affine layer with an inverse put between layers k and k + 1."""
    size = len(chain[k].bias)
    mix = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    back = [list(row) for row in mix]
    for _ in range(size):
        i, j, c = rng.randrange(size), rng.randrange(size), number(rng)
        if i != j:  # row i of the map += c row j; column j of the inverse -= c column i
            mix[i] = [a + c * b for a, b in zip(mix[i], mix[j], strict=True)]
            for row in back:
                row[j] -= c * row[i]
    shift = [number(rng) for _ in range(size)]
    after = chain[k + 1]
    weights = [
        [sum((row[t] * back[t][j] for t in range(size)), Fraction(0)) for j in range(size)] for row in after.weights
    ]
    bias = [
        b - sum((w * s for w, s in zip(row, shift, strict=True)), Fraction(0))
        for b, row in zip(after.bias, weights, strict=True)
    ]
    return [*chain[: k + 1], Layer(mix, shift, False), Layer(weights, bias, after.relu), *chain[k + 2 :]]


DISGUISES = (permuted, rescaled, split_unit, with_dead_unit, reflected, through_affine)


def disguised(rng: random.Random, chain: Layers, times: int) -> Layers:
    """The same function after so many disguises of random layers."""
    for _ in range(times):
        chain = rng.choice(DISGUISES)(rng, chain, rng.randrange(len(chain) - 1))
    return chain


def pair(seed: int) -> tuple[Network, Network, random.Random]:
    """A random network and a disguise of it."""
    rng = random.Random(seed)
    inputs, outputs = rng.randint(1, 4), rng.randint(1, 2)
    chain = layers(rng, inputs, [rng.randint(1, 5) for _ in range(rng.randint(1, 3))], outputs)
    return build(chain, inputs), build(disguised(rng, chain, rng.randint(1, 6)), inputs, "disguised"), rng
