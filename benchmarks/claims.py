"""Random small claims of the campaign: which property, how the network and the region are degenerate, and the claim.

Networks and regions are those of ``tests.support``; here are added regions that touch a unit's boundary from one side,
second networks that are almost the first, and a label for what is degenerate.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from benchmarks.networks import mirrored_sum, permuted
from tests.support import random_claims, random_networks
from tests.support.random_claims import TINY
from verify.network import Network
from verify.property import CATALOGUE, Claim, Property, find
from verify.rational import Vector, vector
from verify.region import Region, ball, box

# The two families with parameters are drawn as often as each property of the catalogue.
FAMILIES = ("nondecreasing", "nonincreasing", "lipschitz")
NAMES = (*CATALOGUE, *FAMILIES)

DEGENERATE_STYLES = ("related", "ternary", "biasless", "dead", "tiny", "cancelling")
SHAPES: dict[str, Callable[[random.Random], Network]] = {
    "residual": random_networks.residual_network,
    "relu(z) - relu(-z)": random_networks.cancelling_network,
}
STYLES = ("generic", "generic", "residual", "relu(z) - relu(-z)", *DEGENERATE_STYLES)
# Up to so many units a layer.
WIDEST = (4, 4, 4, 8)

UNBOUNDED = ("all", "nonneg", "half")
LOWER_DIMENSIONAL = ("flat", "point", "thin", "segment", "slice")
TOUCHING = ("touching", "corner")
# Where properties that relate f(x) to f(-x), f(t x) or f(x + y) have instances.
AROUND_ZERO = ("all", "nonneg", "symmetric")
ABOUT_ZERO = ("additive", "homogeneous", "positively homogeneous", "odd", "even", "subadditive", "superadditive")
KINDS = ("box", "box", "ball", "l1", "rows", *UNBOUNDED, *LOWER_DIMENSIONAL, *TOUCHING)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A claim, and the labels that the summary counts."""

    claim: Claim
    style: str
    kind: str

    @property
    def degeneracy(self) -> str:
        """What is degenerate by construction: the network, the region, both or neither."""
        network = self.style in DEGENERATE_STYLES or self.style == "relu(z) - relu(-z)"
        region = self.kind in (*LOWER_DIMENSIONAL, *TOUCHING)
        return {(0, 0): "none", (1, 0): "network", (0, 1): "region", (1, 1): "both"}[network, region]


def drawn(seed: int, index: int) -> Drawn:
    """Claim number ``index`` of the campaign of that seed. Properties take turns."""
    rng = random.Random(f"campaign {seed} {index}")
    name = NAMES[index % len(NAMES)]
    style = rng.choice(STYLES)
    kind = rng.choice(AROUND_ZERO if name in ABOUT_ZERO and rng.random() < 0.5 else KINDS)
    network = _network(rng, style)
    if name in ABOUT_ZERO and rng.random() < 0.3:
        network = _without_biases(network)
    if name in ("odd", "even") and rng.random() < 0.3:
        network = mirrored_sum(network, 1 if name == "even" else -1)
    second = _second(rng, network) if name == "equivalent" else None
    region = _region(rng, kind, network)
    return Drawn(Claim(network, _property(rng, name, network), region, second), style, kind)


def _network(rng: random.Random, style: str) -> Network:
    if style in SHAPES:
        return SHAPES[style](rng)
    inputs, outputs = rng.choice([1, 1, 2, 2, 3]), rng.choice([1, 1, 1, 2])
    return random_claims.network_of(style, rng, inputs, outputs, widest=rng.choice(WIDEST))


def _without_biases(network: Network) -> Network:
    blocks = tuple(replace(block, bias=block.bias.scaled(Fraction(0)).reduced()) for block in network.blocks)
    return replace(network, blocks=blocks)


def _second(rng: random.Random, network: Network) -> Network:
    """The same, a permuted and rescaled copy, one with a tiny change, or another network."""
    way = rng.randrange(4)
    if way == 0:
        return network
    if way == 1:
        return permuted(network, rng.randrange(2**16))
    if way == 2:
        return _changed(rng, permuted(network, rng.randrange(2**16)))
    return random_claims.network(rng, network.input_size, network.output_size, "second")


def _changed(rng: random.Random, network: Network) -> Network:
    """One bias moved by 1e-30."""
    k = rng.randrange(len(network.blocks))
    block = network.blocks[k]
    step = [Fraction(0)] * block.size
    step[rng.randrange(block.size)] = TINY
    changed = replace(block, bias=block.bias + vector(step))
    return replace(network, blocks=(*network.blocks[:k], changed, *network.blocks[k + 1 :]))


def _property(rng: random.Random, name: str, network: Network) -> Property:
    if name == "lipschitz":
        constant = rng.choice(["0", "1/2", "1", "2", "5", "12", "40"])
        return find(f"lipschitz {constant} in {rng.choice(['linf', 'l1', 'l2'])}")
    return find(f"{name} in {rng.randrange(network.input_size)}" if name in FAMILIES else name)


def _region(rng: random.Random, kind: str, network: Network) -> Region:
    if kind == "symmetric":
        sides = [Fraction(rng.randint(1, 6), 2) for _ in range(network.input_size)]
        return box([-side for side in sides], sides)
    if kind not in TOUCHING:
        return random_claims.region_of(kind, rng, network.input_size)
    centre = vector(random_claims.point(rng, network.input_size))
    found = _nearest_boundary(rng, network, centre)
    if found is None:
        return ball(centre, 1)
    radius, corner = found
    if kind == "touching":
        return ball(centre, radius)
    # The boundary passes through a corner of this box, which lies to both sides of it.
    ends = [sorted((a, 2 * b - a)) for a, b in zip(centre.fractions(), corner, strict=True)]
    return box([low for low, _ in ends], [high + 1 for _, high in ends])


def _nearest_boundary(rng: random.Random, network: Network, x: Vector) -> tuple[Fraction, list[Fraction]] | None:
    """The distance (L-infinity) from x to the boundary of one unit that reads the input only, and a nearest point."""
    block = network.blocks[0]
    rows: dict[int, dict[int, Fraction]] = {}
    for _, matrix in block.inputs:
        places = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
        for row, column, weight in places:
            rows.setdefault(row, {})[column] = weight
    if not rows:
        return None
    unit = rng.choice(sorted(rows))
    weights, point = rows[unit], x.fractions()
    z = block.bias[unit] + sum(w * point[j] for j, w in weights.items())
    radius = abs(z) / sum(abs(w) for w in weights.values())
    for j, w in weights.items():
        point[j] += radius * (-1 if (w > 0) == (z > 0) else 1)
    return radius, point
