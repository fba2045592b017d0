"""Networks on lists of fractions, block by block: the slow reference that shares no arithmetic with the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.network import Network
from verify.network.network import to_json

Numbers = list[Fraction]


@dataclass(frozen=True)
class PlainBlock:
    bias: Numbers
    weights: list[tuple[int, int, int, Fraction]]  # (source, row, column, weight)
    relu: bool


def plain_blocks(network: Network) -> list[PlainBlock]:
    blocks = []
    for block in to_json(network)["blocks"]:
        weights = [
            (part["source"], row, column, Fraction(entry))
            for part in block["inputs"]
            for row, column, entry in zip(part["rows"], part["columns"], part["entries"], strict=True)
        ]
        blocks.append(PlainBlock([Fraction(b) for b in block["bias"]], weights, block["relu"]))
    return blocks


def preactivations(
    network: Network, x: Sequence[Fraction], pattern: Mapping[int, Sequence[bool]] | None = None, constant: int = 1
) -> list[Numbers]:
    """Pre-activations of every block at x; with a pattern those of its extension (its linear part for constant 0)."""
    outputs = [list(x)]
    result = []
    for k, block in enumerate(plain_blocks(network), start=1):
        z = [b * constant for b in block.bias]
        for source, row, column, weight in block.weights:
            z[row] += weight * outputs[source][column]
        result.append(z)
        if not block.relu:
            outputs.append(z)
        elif pattern is None:
            outputs.append([max(v, Fraction(0)) for v in z])
        else:
            outputs.append([v if on else Fraction(0) for v, on in zip(z, pattern[k], strict=True)])
    return result


def gradients(network: Network, pattern: Mapping[int, Sequence[bool]]) -> list[list[Numbers]]:
    """For each block and unit the gradient of its extension: one unit vector at a time."""
    size = network.input_size
    columns = [
        preactivations(network, [Fraction(int(i == j)) for i in range(size)], pattern, constant=0) for j in range(size)
    ]
    return [
        [[column[k][unit] for column in columns] for unit in range(block.size)]
        for k, block in enumerate(network.blocks)
    ]
