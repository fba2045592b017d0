"""Exact evaluation: values, activation patterns and affine maps of a network, in integer arithmetic.

All functions work on integers over common denominators. Block k multiplies the denominator of its
arguments by its own, so the denominators along a network divide one another and no rational is ever reduced
on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.kernel.speed import Memory, frozen
from verify.network import Block, Network
from verify.rational import Integers, Vector, integer_array, zeros

Bits: TypeAlias = NDArray[np.bool_]
# Which side each unit of each ReLU block is on, keyed by block number.
Pattern: TypeAlias = dict[int, Bits]


@dataclass(frozen=True, eq=False)
class AffineForm:
    """``coefficients . t + constant``."""

    coefficients: Vector
    constant: Fraction

    def at(self, t: Vector) -> Fraction:
        """The value at t."""
        return self.coefficients.dot(t) + self.constant

    def __neg__(self) -> AffineForm:
        return AffineForm(-self.coefficients, -self.constant)

    def __sub__(self, other: AffineForm) -> AffineForm:
        return AffineForm(self.coefficients - other.coefficients, self.constant - other.constant)

    def is_zero(self) -> bool:
        """Whether it vanishes identically."""
        return self.constant == 0 and self.coefficients.is_zero()


def _blockwise(
    network: Network, start: Integers, denominator: int, bias_weights: Integers | int, pattern: Pattern | None
) -> list[Vector]:
    """Pre-activations of every block, for a column (n,) or several columns (n, c) of inputs at once.

    ``bias_weights`` says how often the bias counts in each column (1 for a point, 0 for a direction). Without
    a pattern the ReLU acts by sign: of the point, or of the point moved a little along the second column.
    """
    network.require_piecewise_linear("exact evaluation")
    outputs: dict[int, tuple[Integers, int]] = {0: (start, denominator)}
    result: list[Vector] = []
    for k, block in enumerate(network.blocks, start=1):
        parts, bias, own = block.integer_form
        z = _outer(bias * denominator, bias_weights)
        for source, matrix, numerators in parts:
            values, their = outputs[source]
            factor = denominator // their
            product = matrix.integer_product(numerators, values)
            z = z + (product if factor == 1 else product * factor)
        denominator *= own
        result.append(Vector(z, denominator))
        outputs[k] = (_activated(block, k, z, pattern), denominator)
        for source in [s for s, last in network.last_use.items() if last == k]:
            del outputs[source]
    return result


def _outer(bias: Integers, weights: Integers | int) -> Integers:
    return bias if isinstance(weights, int) else np.multiply.outer(bias, weights)


def _activated(block: Block, k: int, z: Integers, pattern: Pattern | None) -> Integers:
    if not block.relu:
        return z
    if pattern is not None:
        on = pattern[k]
    elif z.ndim == 1:
        on = np.asarray(z > 0, dtype=bool)
    else:  # a point and a direction: the sign just beyond the point
        on = np.asarray((z[:, 0] > 0) | (z[:, 0] == 0) & (z[:, 1] > 0), dtype=bool)
    result = z.copy()
    result[~on] = 0
    return result


def preactivations(network: Network, x: Vector, pattern: Pattern | None = None) -> list[Vector]:
    """Exact pre-activations of all blocks at x; with a pattern, of its affine extension."""
    return _blockwise(network, x.numerators, x.denominator, 1, pattern)


def preactivations_along(network: Network, x: Vector, direction: Vector) -> list[Vector]:
    """For each block a (units, 2) array: pre-activations at x, and their slopes along a direction just beyond x."""
    start = np.stack([x.numerators * direction.denominator, direction.numerators * x.denominator], axis=1)
    return _blockwise(network, start, x.denominator * direction.denominator, integer_array([1, 0]), None)


def evaluate(network: Network, x: Vector) -> Vector:
    """Exact output at x."""

    def output() -> Vector:
        found = preactivations(network, x)[-1]
        frozen(found.numerators)
        return found

    return _OUTPUTS.of((network,), (tuple(x.numerators.tolist()), x.denominator), output)


_OUTPUTS = Memory[Vector](8)


def pattern_of(network: Network, values: list[Vector]) -> Pattern:
    """The pattern of exact pre-activations: a unit is on where z > 0."""
    return {k: np.asarray(values[k - 1].numerators > 0, dtype=bool) for k, _ in network.relu_blocks()}


def pattern_at(network: Network, x: Vector) -> Pattern:
    """The activation pattern at x."""
    return pattern_of(network, preactivations(network, x))


def cell_of(network: Network, pattern: Pattern) -> Cell:
    """The cell of a pattern."""
    key = tuple((k, bits.tobytes()) for k, bits in sorted(pattern.items()))
    return _CELLS.of((network,), key, lambda: Cell(network, {k: bits.copy() for k, bits in pattern.items()}))


# Beyond this many multiplications, rows of the Jacobian are computed one by one, on demand.
FORWARD_WORK = 1_000_000


def is_small(network: Network) -> bool:
    """Whether all affine forms of a cell together are cheap to compute."""
    return network.weight_count * (network.input_size + 1) <= FORWARD_WORK


class Cell:
    """The affine maps of a network under one fixed pattern."""

    def __init__(self, network: Network, pattern: Pattern) -> None:
        network.require_piecewise_linear("an affine map for each pattern")
        self.network = network
        self.pattern = pattern

    @cached_property
    def is_small(self) -> bool:
        """Whether all affine forms together are cheap to compute."""
        return is_small(self.network)

    @cached_property
    def all_forms(self) -> list[Vector]:
        """For each block an array (units, inputs + 1): coefficients and, last, the constant."""
        size = self.network.input_size
        start = np.zeros((size, size + 1), dtype=object)
        start[np.arange(size), np.arange(size)] = 1
        weights = integer_array([0] * size + [1])
        return _blockwise(self.network, start, 1, weights, self.pattern)

    @cached_property
    def constants(self) -> list[Vector]:
        """Constants of the affine forms of all blocks."""
        if self.is_small:
            return [Vector(forms.numerators[:, -1], forms.denominator) for forms in self.all_forms]
        return preactivations(self.network, zeros(self.network.input_size), self.pattern)

    @cached_property
    def depends(self) -> list[Bits]:
        """For each block the units that some path of units that are on connects to the input (weights not zero)."""
        reached: dict[int, Bits] = {0: np.ones(self.network.input_size, dtype=bool)}
        result = []
        for k, block in enumerate(self.network.blocks, start=1):
            total = np.zeros(block.size, dtype=bool)
            for source, matrix in block.inputs:
                total[matrix.row_of_entry[reached[source][matrix.columns]]] = True
            result.append(total)
            reached[k] = total & self.pattern[k] if block.relu else total
        return result

    def form(self, block: int, unit: int) -> AffineForm:
        """The affine form of a unit's pre-activation; blocks count from 1."""
        if self.is_small:
            forms = self.all_forms[block - 1]
            row = forms.numerators[unit]
            return AffineForm(Vector(row[:-1], forms.denominator), Fraction(row[-1], forms.denominator))
        return AffineForm(self._gradient(block, unit), self.constants[block - 1][unit])

    def outputs(self) -> list[AffineForm]:
        """The affine forms of the outputs."""
        last = len(self.network.blocks)
        return [self.form(last, i) for i in range(self.network.output_size)]

    def _gradient(self, block: int, unit: int) -> Vector:
        """The gradient of one pre-activation by exact backward accumulation."""
        if not self.depends[block - 1][unit]:
            return zeros(self.network.input_size)
        adjoints: dict[int, tuple[Integers, int]] = {}
        seed = zeros(self.network.blocks[block - 1].size).numerators
        seed[unit] = 1
        adjoints[block] = (seed, 1)
        denominator = 1
        for k in range(block, 0, -1):
            if k not in adjoints:
                continue
            adjoint, their = adjoints.pop(k)
            parts, _, own = self.network.blocks[k - 1].integer_form
            if k != block and self.network.blocks[k - 1].relu:
                adjoint = np.where(self.pattern[k], adjoint, 0)
            adjoint = adjoint * (denominator // their)
            denominator *= own
            for source, matrix, numerators in parts:
                back = _transposed_product(matrix.row_of_entry, matrix.columns, numerators, adjoint, matrix.shape[1])
                if source in adjoints:
                    earlier, scale = adjoints[source]
                    back = back + earlier * (denominator // scale)
                adjoints[source] = (back, denominator)
        gradient, scale = adjoints.get(0, (zeros(self.network.input_size).numerators, 1))
        return Vector(gradient, scale)


_CELLS = Memory[Cell](4)


def _transposed_product(
    rows: NDArray[np.int64], columns: NDArray[np.int64], numerators: Integers, adjoint: Integers, size: int
) -> Integers:
    """Transpose of a sparse matrix times a mostly zero vector."""
    used = np.asarray(adjoint != 0, dtype=bool)[rows]
    result = np.zeros(size, dtype=object)
    np.add.at(result, columns[used], numerators[used] * adjoint[rows[used]])
    return result
