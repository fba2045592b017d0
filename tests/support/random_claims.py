"""Random small claims, a good part of them degenerate by construction, for comparison with brute force."""

from __future__ import annotations

import random
from fractions import Fraction

from verify.network import Builder, Network, Tensor
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim, find
from verify.rational import vector
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

TINY = Fraction("1e-30")
Row = list[Fraction]


def number(rng: random.Random, style: str) -> Fraction:
    """A weight: generic thirds and halves, ternary, or tiny now and then."""
    if style == "ternary":
        return Fraction(rng.choice([-1, 0, 0, 1]))
    if style == "tiny" and rng.random() < 0.2:
        return TINY * rng.choice([-1, 1])
    return Fraction(rng.randint(-4, 4), rng.choice([1, 1, 2, 3]))


def rows(rng: random.Random, count: int, width: int, style: str) -> tuple[list[Row], Row]:
    """Weights and biases of a layer; degenerate styles repeat, negate, rescale and silence units."""
    weights = [[number(rng, style) for _ in range(width)] for _ in range(count)]
    biases = [number(rng, style) if style != "biasless" else Fraction(0) for _ in range(count)]
    if style in ("related", "ternary"):
        for i in range(1, count):
            factor = rng.choice([None, 1, -1, 2, Fraction(1, 3), 0, -2])
            if factor is not None:
                j = rng.randrange(i)
                weights[i] = [factor * w for w in weights[j]]
                biases[i] = factor * biases[j]
    if style == "dead" and count:
        weights[0], biases[0] = [Fraction(0)] * width, Fraction(rng.choice([-1, 0, 1]))
    return weights, biases


STYLES = ("generic", "generic", "related", "ternary", "biasless", "dead", "tiny", "cancelling")


def network(rng: random.Random, inputs: int, outputs: int = 1, name: str = "random") -> Network:
    """One or two hidden layers of up to four units."""
    return network_of(rng.choice(STYLES), rng, inputs, outputs, name)


def network_of(
    style: str, rng: random.Random, inputs: int, outputs: int = 1, name: str = "random", widest: int = 4
) -> Network:
    """The same, of a given style, with up to ``widest`` units a layer (one less for three inputs)."""
    builder = Builder((inputs,), name)
    x: Tensor = builder.input
    for layer in range(rng.choice([1, 1, 2])):
        weights, biases = rows(rng, rng.randint(1, widest if inputs < 3 else widest - 1), x.size, style)
        if style == "cancelling":
            weights += [[-w for w in row] for row in weights]
            biases += [-b for b in biases]
        x = relu(dense(x.named(f"dense{layer + 1}"), weights, biases))
    weights, biases = rows(rng, outputs, x.size, style if style != "related" else "generic")
    if style == "cancelling":
        half = x.size // 2
        weights = [[*row[:half], *(-w for w in row[:half])] for row in weights]
    if rng.random() < 0.3:
        biases = [Fraction(0)] * outputs
    return builder.build(dense(x, weights, biases))


def point(rng: random.Random, size: int) -> list[Fraction]:
    return [Fraction(rng.randint(-3, 3), rng.choice([1, 2])) for _ in range(size)]


KINDS = (
    "all",
    "nonneg",
    "box",
    "box",
    "box",
    "flat",
    "point",
    "half",
    "ball",
    "l1",
    "segment",
    "slice",
    "rows",
    "thin",
)


def region(rng: random.Random, size: int) -> Region:
    """Boxes, orthants, balls, slices, polyhedra, of full dimension or not, bounded or not, single points too."""
    return region_of(rng.choice(KINDS), rng, size)


def region_of(kind: str, rng: random.Random, size: int) -> Region:
    """The same, of a given kind."""
    if kind == "all":
        return everything(size)
    if kind == "nonneg":
        return nonnegative(size)
    if kind == "point":
        return ball(vector(point(rng, size)), 0)
    if kind == "ball":
        return ball(vector(point(rng, size)), Fraction(rng.randint(1, 4), 2))
    if kind == "l1":
        return l1_ball(vector(point(rng, size)), Fraction(rng.randint(1, 4), 2))
    if kind == "segment":
        return segment(vector(point(rng, size)), vector(point(rng, size)))
    if kind == "slice":
        direction = [Fraction(0)] * size
        direction[rng.randrange(size)] = Fraction(rng.choice([1, -2]))
        return window(vector(point(rng, size)), [vector(direction)], [rng.choice([-1, None])], [2])
    low = point(rng, size)
    high = [v + Fraction(rng.randint(1, 6), 2) for v in low]
    if kind == "flat":
        high[rng.randrange(size)] = low[rng.randrange(size)]
        high = [max(a, b) for a, b in zip(low, high, strict=True)]
    if kind == "half":
        low, high = list(low), [None if rng.random() < 0.5 else v for v in high]  # type: ignore[misc]
    plain = box(low, high)
    if kind in ("rows", "thin"):
        normal = vector([Fraction(rng.randint(-2, 2)) for _ in range(size)])
        through = vector(low).scaled(Fraction(1, 2)) + vector(high).scaled(Fraction(1, 2))
        bound = normal.dot(through)
        extra = [HalfSpace(normal, bound)]
        if kind == "thin":
            extra.append(HalfSpace(-normal, -bound))
        return intersection(plain, polyhedron(size, extra))
    return plain


EQUALITIES = tuple(name for name, prop in CATALOGUE.items() if prop.relation == "= 0")
INEQUALITIES = (
    "convex",
    "concave",
    "subadditive",
    "superadditive",
    "nondecreasing in I",
    "nonincreasing in I",
    "lipschitz K in linf",
    "lipschitz K in l1",
    "lipschitz K in l2",
)


def inequality(seed: int, usage: str) -> Claim:
    """The random claim of that seed about an inequality, with random parameters for I and K."""
    rng = random.Random(seed)
    size = rng.choice([1, 1, 2, 2, 3])
    net, where = network(rng, size, rng.choice([1, 1, 1, 2])), region(rng, size)
    name = usage.replace(" I", f" {rng.randrange(size)}").replace(" K", f" {rng.choice(CONSTANTS)}")
    return Claim(net, find(name), where)


CONSTANTS = ("0", "1/2", "1", "2", "7/3", "3", "5", "8", "12")


def claim(seed: int, properties: tuple[str, ...] = EQUALITIES) -> Claim:
    """The random claim of that seed."""
    rng = random.Random(seed)
    size = rng.choice([1, 1, 2, 2, 3])
    outputs = rng.choice([1, 1, 1, 2])
    first = network(rng, size, outputs)
    name = rng.choice(properties)
    second = None
    if name == "equivalent":
        second = first if rng.random() < 0.4 else network(rng, size, outputs, "second")
    return Claim(first, CATALOGUE[name], region(rng, size), second)
