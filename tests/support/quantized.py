"""Small random quantized networks, and the largest difference of two networks on a segment by exact enumeration."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.network import Builder, Network, Tensor
from verify.network.builder import dense, relu
from verify.network.quantizer import Quantizer
from verify.rational import Vector, vector

HALF = Fraction(1, 2)
# a + b t
Line = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Piece:
    """On the open interval from ``low`` to ``high`` the outputs are these lines."""

    low: Fraction
    high: Fraction
    lines: tuple[Line, ...]


def quantizer(rng: random.Random, size: int) -> Quantizer:
    """Few steps, so that values saturate; one scale or one for each unit."""
    scales = [rng.choice([Fraction(1, 2), Fraction(1, 4), Fraction(1, 3), Fraction(1, 10), Fraction(1)])] * size
    if rng.random() < 0.4:
        scales = [rng.choice([Fraction(1, 2), Fraction(1, 4), Fraction(2, 5)]) for _ in range(size)]
    zero = [rng.choice([0, 0, 1, -3])] * size if rng.random() < 0.7 else [rng.randint(-3, 3) for _ in range(size)]
    low, high = rng.choice([(0, 7), (-8, 7), (0, 15), (-3, 3), (0, 0)] if rng.random() < 0.9 else [(-128, 127)])
    roundoff = rng.choice([Fraction(1, 2**24), Fraction(1, 2**24), Fraction(1, 2**11), Fraction(0)])
    return Quantizer(vector(scales), vector([low - z for z in zero]), vector([high - z for z in zero]), roundoff)


def rounded(rng: random.Random, x: Tensor, share: float) -> Tensor:
    """The tensor, quantized or not."""
    if rng.random() > share:
        return x
    return x.builder.add_block(x, relu=False, quantizer=quantizer(rng, x.size))


def pair(rng: random.Random, inputs: int) -> tuple[Network, Network]:
    """A quantized network, and one with the same weights or nearly so, which is quantized rarely."""
    sizes = [inputs, *(rng.randint(1, 3) for _ in range(rng.randint(1, 2))), rng.randint(1, 2)]
    numbers = [Fraction(n, 4) for n in range(-8, 9)] if rng.random() < 0.5 else [Fraction(n, 3) for n in range(-4, 5)]
    layers = [
        ([[rng.choice(numbers) for _ in range(m)] for _ in range(n)], [rng.choice(numbers) for _ in range(n)])
        for m, n in itertools.pairwise(sizes)
    ]

    def build(share: float, moved: Fraction, local: random.Random) -> Network:
        x = rounded(local, Builder((inputs,), "net").input, share)
        for k, (weights, bias) in enumerate(layers):
            w = [[v + moved * local.randint(-1, 1) for v in row] for row in weights]
            x = dense(x, w, [v + moved * local.randint(-1, 1) for v in bias])
            if k + 1 < len(layers):
                x = rounded(local, relu(rounded(local, x, share / 3)), share)
        if local.random() < share / 4:
            x = rounded(local, x, 1.0)
        return x.builder.build(x)

    first = build(0.8, Fraction(0), random.Random(rng.random()))
    second = build(rng.choice([0, 0, 0, 0.7]), rng.choice([Fraction(0), Fraction(1, 64)]), random.Random(rng.random()))
    return first, second


def pieces(network: Network, start: Sequence[Fraction], end: Sequence[Fraction]) -> list[Piece]:
    """The network on the segment from ``start`` (t = 0) to ``end`` (t = 1), between its breaks and jumps."""
    lines = [(a, b - a) for a, b in zip(start, end, strict=True)]
    return list(_walk(network, 0, Fraction(0), Fraction(1), {0: lines}))


def _walk(network: Network, k: int, low: Fraction, high: Fraction, known: dict[int, list[Line]]) -> Iterator[Piece]:
    if k == len(network.blocks):
        yield Piece(low, high, tuple(known[k]))
        return
    block = network.blocks[k]
    z = [[value, Fraction(0)] for value in block.bias.fractions()]
    for source, matrix in block.inputs:
        for i, j, w in zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True):
            z[i][0] += w * known[source][j][0]
            z[i][1] += w * known[source][j][1]
    cuts = {low, high}
    for i, (a, b) in enumerate(z):
        for level in _levels(block.quantizer, i) if block.quantizer else [Fraction(0)] if block.relu else []:
            if b and low < (level - a) / b < high:
                cuts.add((level - a) / b)
    ends = sorted(cuts)
    for left, right in itertools.pairwise(ends):
        middle = (left + right) / 2
        lines = []
        for i, (a, b) in enumerate(z):
            value = a + b * middle
            if block.quantizer is not None:
                lines.append((_rounded(block.quantizer, i, value), Fraction(0)))
            else:
                lines.append((Fraction(0), Fraction(0)) if block.relu and value <= 0 else (a, b))
        yield from _walk(network, k + 1, left, right, {**known, k + 1: lines})


def _levels(quantizer: Quantizer, unit: int) -> list[Fraction]:
    scale, low, high = quantizer.scale[unit], int(quantizer.low[unit]), int(quantizer.high[unit])
    return [scale * (n + HALF) for n in range(low, high)]


def _rounded(quantizer: Quantizer, unit: int, value: Fraction) -> Fraction:
    scale, low, high = quantizer.scale[unit], quantizer.low[unit], quantizer.high[unit]
    return scale * min(max(Fraction(round(value / scale)), low), high)


def largest(first: Network, second: Network, start: Sequence[Fraction], end: Sequence[Fraction]) -> Fraction:
    """The least upper bound of |f - g| on the segment, at ties both values counted."""
    mine, theirs = pieces(first, start, end), pieces(second, start, end)
    worst, i, j = Fraction(0), 0, 0
    while i < len(mine) and j < len(theirs):
        a, b = mine[i], theirs[j]
        for t in (max(a.low, b.low), min(a.high, b.high)):
            for (c, d), (e, f) in zip(a.lines, b.lines, strict=True):
                worst = max(worst, abs(c + d * t - e - f * t))
        i, j = (i + 1, j) if a.high <= b.high else (i, j + 1)
    return worst


def value(network: Network, x: Vector) -> list[Fraction]:
    """The outputs at a point, rounded half to even."""
    known = {0: x.fractions()}
    for k, block in enumerate(network.blocks, start=1):
        z = block.bias.fractions()
        for source, matrix in block.inputs:
            for i, j, w in zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True):
                z[i] += w * known[source][j]
        if block.quantizer is not None:
            z = [_rounded(block.quantizer, i, v) for i, v in enumerate(z)]
        known[k] = [max(v, Fraction(0)) for v in z] if block.relu else z
    return known[len(network.blocks)]
