"""Pairs of small networks on the cube [-1, 1]^n, and the largest difference between them, found exactly."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

from verify.kernel.exact import evaluate
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, find
from verify.rational import vector
from verify.region import Region, box

Point = tuple[Fraction, Fraction]
# a + b x + c y
Plane = tuple[Fraction, Fraction, Fraction]


def near(rng: random.Random, inputs: int, change: Fraction) -> tuple[Network, Network]:
    """A network of one or two hidden layers, and a copy whose weights are moved."""
    sizes = [inputs, *(rng.randint(1, 3) for _ in range(rng.randint(1, 2))), rng.randint(1, 2)]
    layers = []
    for m, n in itertools.pairwise(sizes):
        weights = [[Fraction(rng.randint(-4, 4), 2) for _ in range(m)] for _ in range(n)]
        layers.append((weights, [Fraction(rng.randint(-2, 2), 2) for _ in range(n)]))

    def build(moved: Fraction, seed: int) -> Network:
        local, builder = random.Random(seed), Builder((inputs,), "net")
        x = builder.input
        for k, (weights, bias) in enumerate(layers):
            w = [[v + moved * local.randint(-1, 1) for v in row] for row in weights]
            x = dense(x, w, [v + moved * local.randint(-1, 1) for v in bias])
            x = relu(x) if k + 1 < len(layers) else x
        return builder.build(x)

    return build(Fraction(0), 0), build(change, rng.randint(0, 9))


def within(first: Network, second: Network, region: Region, epsilon: Fraction) -> Claim:
    return Claim(first, find(f"equivalent within {epsilon}"), region, second)


def unit_box(size: int) -> Region:
    return box([-1] * size, [1] * size)


def largest_on_a_square(first: Network, second: Network) -> Fraction:
    """The largest |f - g| of two networks of two inputs on [-1, 1]^2, exactly."""
    one = Fraction(1)
    worst = Fraction(0)
    for polygon, mine in polygons(first, [(-one, -one), (one, -one), (one, one), (-one, one)]):
        for corners, theirs in polygons(second, polygon):
            for f, g in zip(mine, theirs, strict=True):
                worst = max(worst, *(abs(at(f, corner) - at(g, corner)) for corner in corners))
    return worst


def at(plane: Plane, point: Point) -> Fraction:
    return plane[0] + plane[1] * point[0] + plane[2] * point[1]


def polygons(network: Network, square: list[Point]) -> list[tuple[list[Point], list[Plane]]]:
    """Convex polygons that cover the square, each with the affine outputs there; degenerate ones are left out."""
    zero, one = Fraction(0), Fraction(1)
    parts: list[tuple[list[Point], list[Plane]]] = [(square, [(zero, one, zero), (zero, zero, one)])]
    for block in network.blocks:
        entries = [
            entry
            for _, matrix in block.inputs
            for entry in zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
        ]
        after = []
        for polygon, known in parts:
            forms = [[value, zero, zero] for value in block.bias.fractions()]
            for i, j, w in entries:
                forms[i] = [total + w * part for total, part in zip(forms[i], known[j], strict=True)]
            pieces: list[tuple[list[Point], list[Plane]]] = [(polygon, [])]
            for form in forms:
                plane = (form[0], form[1], form[2])
                if block.relu:
                    halves = [(cut(corners, plane), [*done, plane]) for corners, done in pieces]
                    opposite = (-plane[0], -plane[1], -plane[2])
                    halves += [(cut(corners, opposite), [*done, (zero, zero, zero)]) for corners, done in pieces]
                    pieces = [(corners, done) for corners, done in halves if len(set(corners)) > 2]
                else:
                    pieces = [(corners, [*done, plane]) for corners, done in pieces]
            after += pieces
        parts = after
    return parts


def cut(corners: list[Point], plane: Plane) -> list[Point]:
    """The part of a convex polygon on which the plane is at least 0."""
    kept = []
    for p, q in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        a, b = at(plane, p), at(plane, q)
        if a >= 0:
            kept.append(p)
        if a * b < 0:
            kept.append((p[0] + (q[0] - p[0]) * a / (a - b), p[1] + (q[1] - p[1]) * a / (a - b)))
    return kept


def exact_largest(claim: Claim) -> Fraction:
    """The largest |f - g| of two networks of one input on [-1, 1]: at the ends and at the breaks, found exactly."""
    assert claim.second is not None
    pieces = sorted(breaks(claim.network) | breaks(claim.second))
    gaps = [evaluate(claim.network, vector([x])) - evaluate(claim.second, vector([x])) for x in pieces]
    return max(abs(v) for gap in gaps for v in gap.fractions())


def breaks(network: Network) -> set[Fraction]:
    """Ends, and where a unit of a chain with one input changes sign: between those of earlier layers all is affine."""
    found = {Fraction(-1), Fraction(1)}
    for k, block in enumerate(network.blocks):
        if block.relu:
            for a, b in itertools.pairwise(sorted(found)):
                for p, q in zip(preactivations(network, a)[k], preactivations(network, b)[k], strict=True):
                    if p * q < 0:
                        found.add(a + (b - a) * p / (p - q))
    return found


def preactivations(network: Network, x: Fraction) -> list[list[Fraction]]:
    found, y = [], [x]
    for block in network.blocks:
        z = block.bias.fractions()
        for _, matrix in block.inputs:
            entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
            for row, column, value in entries:
                z[row] += value * y[column]
        found.append(z)
        y = [max(v, Fraction(0)) for v in z] if block.relu else z
    return found
