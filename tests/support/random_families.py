"""Random small families of networks, random members of them, and random instances of their properties."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from verify.errors import NetworkError
from verify.network.families import (
    Family,
    Layer,
    Range,
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
    pad,
    relu,
)
from verify.network.families.ranges import flat
from verify.region import Region, box, everything, nonnegative

WEIGHTS = (
    ">= 0",
    ">= 0",
    ">= 0",
    "<= 0",
    "any",
    "= 0",
    "in [0, 1]",
    "in [-1, 2]",
    "> 0",
    "< 0",
    1,
    -2,
    ">= -1",
    "<= 1/2",
)
BIASES = (0, 0, ">= 0", "<= 0", "any", "in [-1, 1]", 1, "-1/2", "> 0")
SLOPES = (0, "1/10", "in [0, 1]", ">= 1", 2, -1, "-1/2", "any", "<= 1", 1, "in [-1, 0]", ">= 0")
NUMBERS = [Fraction(n, d) for n in range(-3, 4) for d in (1, 1, 2)] + [
    Fraction("1e-30"),
    -Fraction("1e-30"),
    Fraction(7),
]


def ranges(rng: random.Random, words: tuple[object, ...], shape: tuple[int, ...]) -> object:
    """One word for the tensor, one for each output, or one for each entry."""
    style = rng.random()
    if style < 0.6 or not shape:
        return rng.choice(words)
    if style < 0.8:
        return [rng.choice(words) for _ in range(shape[0])]
    return [ranges(rng, words, shape[1:]) for _ in range(shape[0])]


def activation(rng: random.Random, channels: int) -> Layer:
    kind = rng.random()
    if kind < 0.5:
        return relu()
    if kind < 0.75:
        return leaky_relu(ranges(rng, SLOPES, (channels,)))  # type: ignore[arg-type]
    if kind < 0.85:
        return absolute()
    low, high = sorted(rng.choice([-1, 0, 0, 1, 2]) for _ in range(2))
    return clip(rng.choice([low, None]), rng.choice([high, None, -low if -low >= low else high]))


def layer(rng: random.Random, shape: tuple[int, ...], names: dict[str, tuple[int, ...]]) -> Layer:
    """A layer for an argument of that shape; it may turn out not to fit."""
    kind = rng.random()
    same = [name for name, other in names.items() if other == shape]
    if kind < 0.1 and same:
        return add(rng.choice(same))
    if kind < 0.2:
        return batch_norm(ranges(rng, WEIGHTS, shape[:1]), ranges(rng, BIASES, shape[:1]))  # type: ignore[arg-type]
    if kind < 0.5:
        return activation(rng, shape[0])
    if len(shape) > 1 and kind < 0.9:
        return spatial(rng, shape, kind)
    outputs = rng.choice([1, 2, 2])
    weight, bias = ranges(rng, WEIGHTS, (outputs, math.prod(shape))), ranges(rng, BIASES, (outputs,))
    return dense(outputs, weight, bias)  # type: ignore[arg-type]


def spatial(rng: random.Random, shape: tuple[int, ...], kind: float) -> Layer:
    size = tuple(rng.choice([1, 2, 2]) for _ in shape[1:])
    pads = tuple(rng.choice([0, 0, 1]) for _ in shape[1:])
    if kind < 0.55:
        return max_pool(
            size, rng.choice([(), (1,) * len(size)]), tuple(p * (s > 1) for p, s in zip(pads, size, strict=True))
        )
    if kind < 0.62:
        window = rng.choice([(), size])
        border = tuple(p * (s > 1) for p, s in zip(pads, size, strict=True)) if window else ()
        return average_pool(window, (), border, rng.choice([True, False]))
    if kind < 0.7:
        return pad(pads, rng.choice([0, 0, 1, -1]))
    if kind < 0.74:
        return flatten()
    groups = shape[0] if rng.random() < 0.3 else 1
    channels = groups * rng.choice([1, 2])
    weight = ranges(rng, WEIGHTS, (channels, shape[0] // groups, *size))
    bias = ranges(rng, BIASES, (channels,))
    return conv(channels, size, weight, bias, pads=pads, groups=groups)  # type: ignore[arg-type]


def random_family(rng: random.Random) -> Family:
    """A few layers on one to four inputs."""
    shape: tuple[int, ...] = rng.choice([(1,), (2,), (3,), (1, 3), (2, 2), (1, 2, 2), (1, 4)])
    layers: list[Layer] = []
    names: dict[str, tuple[int, ...]] = {"input": shape}
    for _ in range(rng.randint(2, 7)):
        try:
            grown = family(shape, [*layers, layer(rng, list(names.values())[-1], names)])
        except NetworkError:
            continue
        if math.prod(grown.shapes[-1]) <= 12 and grown.weight_count <= 60:
            layers = list(grown.layers)
            names[layers[-1].name] = grown.shapes[-1]
    return family(shape, layers or [relu()])


def number(rng: random.Random, allowed: Range) -> Fraction:
    """A number of the range: zeros and ends are frequent."""
    for _ in range(20):
        value = rng.choice([Fraction(0), Fraction(0), Fraction(1), Fraction(-1), *NUMBERS])
        if rng.random() < 0.3:
            value = rng.choice([v for v in (allowed.low, allowed.high) if v is not None] or [value])
        if allowed.contains(value):
            return value
    return allowed.nearest_zero


def random_weights(rng: random.Random, described: Family) -> Weights:
    return {
        key: {i: number(rng, allowed) for i, allowed in enumerate(flat(p.ranges, p.shape))}
        for key, p in described.parameters.items()
    }


def random_region(rng: random.Random, size: int) -> Region:
    """Orthants, moved ones, boxes with finite, infinite and pinned sides."""
    kind = rng.random()
    if kind < 0.3:
        return nonnegative(size)
    if kind < 0.45:
        return everything(size)
    if kind < 0.55:
        return box([None] * size, [0] * size, "nonpos")
    if kind < 0.65:
        return box([rng.choice([-1, -2, 1]) for _ in range(size)], [None] * size)
    low = [rng.choice([-2, -1, 0, 0, 1]) for _ in range(size)]
    return box([rng.choice([v, v, None]) for v in low], [rng.choice([v, v + 1, v + 1, v + 3, None]) for v in low])
