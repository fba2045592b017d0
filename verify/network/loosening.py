"""Quantized networks as piecewise linear ones of more inputs.

A quantizer gives ``y = min(max(z + e, a), b)`` with a = ``scale * low``, b = ``scale * high`` and an e that depends on
z, at most its ``radii`` in size (``verify.network.quantizer``). With all e as further inputs the network is piecewise
linear: f(x) = F(x, e(x)), e(x) in a box. What holds of F(x, e) for all e in the box holds of f(x). With
t = max(z + e - a, 0) and v = max(b - a - t, 0), y = b - v: two blocks of ReLU, and readers of y read b - v.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.network.network import Block, Network
from verify.rational import Vector, concatenate, zeros

# The least and the greatest values of a clip.
Ends: TypeAlias = tuple[Vector, Vector]


def radii(network: Network) -> Vector:
    """How large each e may be, block by block."""
    parts = [block.quantizer.radii for block in network.blocks if block.quantizer is not None]
    return concatenate(parts) if parts else zeros(0)


def loosened(network: Network, first: int, width: int, passes: Mapping[int, Ends] | None = None) -> Network:
    """F with ``width`` further inputs, of which the network's own e are those from ``first`` on.

    ``passes`` has blocks without activation whose values the caller knows to lie between the ends: they get a clip,
    which changes nothing, so that they look like quantizers of another network.
    """
    size, start = network.input_size + width, network.input_size + first
    blocks: list[Block] = []
    place, clipped = {0: 0}, dict[int, Vector]()
    for k, block in enumerate(network.blocks, start=1):
        terms, bias = dict[int, Matrix](), block.bias
        for source, matrix in block.inputs:
            if source in clipped:
                bias = bias + matrix.product(clipped[source])
                _put(terms, place[source], matrix.scaled(Fraction(-1)))
            else:
                _put(terms, place[source], matrix if source else _moved(matrix, 0, size))
        ends = (passes or {}).get(k)
        if block.quantizer is not None:
            ends = block.quantizer.bottom, block.quantizer.top
            _put(terms, 0, _moved(matrices.identity(block.size), start, size))
            start += block.size
        inputs = tuple(sorted(terms.items()))
        if ends is None:
            blocks.append(replace(block, inputs=inputs, bias=bias.reduced()))
        else:
            blocks += _clip(block, len(blocks) + 1, inputs, bias, ends)
            clipped[k] = ends[1]
        place[k] = len(blocks)
    return Network(network.name, (size,), network.output_shape, tuple(blocks), notes=network.notes)


def _clip(
    block: Block, number: int, inputs: tuple[tuple[int, Matrix], ...], bias: Vector, ends: Ends
) -> tuple[Block, Block]:
    """The blocks t and v, of which t has the given number."""
    low, high = ends
    minus = matrices.identity(block.size).scaled(Fraction(-1))
    above = Block(f"{block.name}.low", block.shape, inputs, (bias - low).reduced(), relu=True)
    below = Block(f"{block.name}.high", block.shape, ((number, minus),), (high - low).reduced(), relu=True)
    return above, below


def _put(terms: dict[int, Matrix], source: int, matrix: Matrix) -> None:
    terms[source] = matrices.add(terms[source], matrix) if source in terms else matrix


def _moved(matrix: Matrix, column: int, width: int) -> Matrix:
    """The matrix in columns from ``column`` on of a wider one."""
    return matrices.from_triplets(
        matrix.row_of_entry, matrix.columns + column, matrix.entries, (matrix.shape[0], width)
    )
