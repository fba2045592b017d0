"""Networks made of networks: exact combinations of copies with affine maps before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.network.network import Block, Network
from verify.network.tensor import Tensor
from verify.rational import Vector, zeros


@dataclass(frozen=True, eq=False)
class Copy:
    """``factor * network(matrix t + offset)`` as a function of t; ``label`` prefixes its layers' names."""

    factor: Fraction
    network: Network
    matrix: Matrix
    offset: Vector
    label: str = ""


def combination(copies: Sequence[Copy], name: str) -> Network:
    """The sum of the copies as one network on the common variable t."""
    inputs = copies[0].matrix.shape[1]
    outputs = copies[0].network.output_size
    blocks: list[Block] = []
    ends: list[tuple[int, Matrix]] = []
    for copy in copies:
        if copy.matrix.shape != (copy.network.input_size, inputs) or copy.network.output_size != outputs:
            raise NetworkError(f"cannot combine {copy.network!r} here: input or output sizes differ")
        _append(blocks, copy)
        ends.append((len(blocks), matrices.identity(outputs).scaled(copy.factor)))
    shape = copies[0].network.output_shape
    blocks.append(Block("output", shape, tuple(ends), zeros(outputs), relu=False))
    return Network(name, (inputs,), shape, tuple(blocks))


def _append(blocks: list[Block], copy: Copy) -> None:
    """Append the copy's blocks, renumbered, after the affine map of its argument."""
    shift = len(blocks)
    direct = copy.matrix.is_monomial() and copy.offset.is_zero()
    if not direct:
        shape = copy.network.input_shape
        blocks.append(Block(f"{copy.label}input", shape, ((0, copy.matrix),), copy.offset, relu=False))
        shift += 1
    for block in copy.network.blocks:
        inputs = []
        for source, matrix in block.inputs:
            if source == 0:
                inputs.append((0, matrix.compose(copy.matrix)) if direct else (shift, matrix))
            else:
                inputs.append((source + shift, matrix))
        blocks.append(replace(block, name=copy.label + block.name, inputs=tuple(inputs)))


def precomposed(network: Network, matrix: Matrix, offset: Vector) -> Network:
    """The network ``t -> network(matrix t + offset)``."""
    blocks: list[Block] = []
    _append(blocks, Copy(Fraction(1), network, matrix, offset))
    return Network(network.name, (matrix.shape[1],), network.output_shape, tuple(blocks), notes=network.notes)


def substituted(network: Network, matrix: Matrix, offset: Vector) -> Network:
    """``precomposed`` with the map multiplied into the first layers: blocks keep their numbers."""
    blocks = []
    for block in network.blocks:
        bias = block.bias
        for source, weights in block.inputs:
            if source == 0:
                bias = bias + weights.product(offset)
        inputs = tuple((s, w.compose(matrix) if s == 0 else w) for s, w in block.inputs)
        blocks.append(replace(block, inputs=inputs, bias=bias))
    return Network(network.name, (matrix.shape[1],), network.output_shape, tuple(blocks), notes=network.notes)


def pick(parts: int, weights: Sequence[Fraction | int], size: int, extra: int = 0) -> Matrix:
    """The matrix that maps stacked (v_1, ..., v_parts, rest) to ``sum_i weights[i] v_i``, each of length ``size``."""
    used = [(i, Fraction(w)) for i, w in enumerate(weights) if w]
    rows = np.tile(np.arange(size), len(used))
    columns = np.concatenate([np.arange(size) + i * size for i, _ in used])
    entries = matrices.as_entries(np.repeat(np.array([w for _, w in used], dtype=object), size))
    return matrices.from_triplets(rows, columns, entries, (size, parts * size + extra))


def applied(network: Network, argument: Tensor, label: str) -> Tensor:
    """The network's output at a tensor of its input's size, in the tensor's builder; ``label`` prefixes names."""
    network.require_piecewise_linear("a formula over its values")
    outputs = {0: argument.simple()}
    for k, block in enumerate(network.blocks, start=1):
        total = Tensor(argument.builder, block.shape, {}, block.bias, label + block.name)
        for source, matrix in block.inputs:
            total = total + outputs[source].apply(matrix, block.shape)
        activated = argument.builder.add_block(total, relu=True) if block.relu else total
        outputs[k] = activated.simple() if k < len(network.blocks) else activated
    return outputs[len(network.blocks)]
