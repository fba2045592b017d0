"""The affine maps of a network under one pattern of its ReLU, and which units keep their sign under it (lemma 1).

All rows of a small network are written out on one walk. Of a large one the float filter decides what it can, and single
rows are accumulated backwards.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from verify.kernel.core.part import Part, Row, Side, row_of
from verify.kernel.core.units import affine_form, through
from verify.kernel.exact import AffineForm, Bits, Pattern, preactivations
from verify.kernel.speed import Memory
from verify.network import Network
from verify.rational import Integers, Vector, zeros
from verify.region.bases import Base

if TYPE_CHECKING:
    from verify.kernel.axioms.filter import Spread

# Beyond this many products of coefficients, rows are computed one by one, on demand.
FORWARD_WORK = 1_000_000


def is_small(network: Network) -> bool:
    """Whether all rows of a cell together are cheap to compute."""
    return network.weight_count * (network.input_size + 1) <= FORWARD_WORK


class Cell:
    """The affine maps of a network under one fixed pattern."""

    # Sides of the columns behind those of the coordinates.
    beyond: tuple[tuple[Side, Side], ...] = ()

    def __init__(self, network: Network, pattern: Pattern) -> None:
        network.require_piecewise_linear("an affine map for each pattern")
        self.network, self.pattern, self.is_small = network, pattern, is_small(network)

    @cached_property
    def rows(self) -> list[tuple[list[Row], int]]:
        """For each block the rows of its pre-activations over a denominator."""
        found = []

        def values(k: int, rows: list[Row], denominator: int) -> list[Row]:
            found.append((rows, denominator))
            return self._on(k, rows)

        through(self.network, values)
        return found

    def _on(self, k: int, rows: list[Row]) -> list[Row]:
        if not self.network.blocks[k - 1].relu:
            return rows
        return [row if on else {} for row, on in zip(rows, self.pattern[k].tolist(), strict=True)]

    @cached_property
    def constants(self) -> list[Vector]:
        """Constants of the affine forms of all blocks."""
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

    def row(self, block: int, unit: int) -> tuple[Row, int]:
        """A unit's pre-activation as a row over a denominator; blocks count from 1."""
        if self.is_small:
            rows, denominator = self.rows[block - 1]
            return rows[unit], denominator
        return row_of(self.form(block, unit))

    def form(self, block: int, unit: int) -> AffineForm:
        """The same as an affine form."""
        if self.is_small:
            rows, denominator = self.rows[block - 1]
            return affine_form(rows[unit], self.network.input_size + len(self.beyond), denominator)
        if not self.depends[block - 1][unit]:
            return AffineForm(zeros(self.network.input_size), self.constants[block - 1][unit])
        gradient, constant, denominator = adjoint_form(self.network, block, unit, self.pattern)
        return AffineForm(Vector(gradient, denominator), Fraction(constant, denominator))

    def outputs(self) -> list[AffineForm]:
        """The affine forms of the outputs."""
        last = len(self.network.blocks)
        return [self.form(last, i) for i in range(self.network.output_size)]

    def settled(self, block: int, base: Base) -> Bits:
        """Mask of units of a ReLU block whose extension provably keeps its sign on the whole base.

        Exact for a small network. For a large one the float filter decides; of what it leaves open, units that no path
        connects to the input are constant and have an exact value, others are left open.
        """
        on = self.pattern[block]
        if self.is_small:
            part = Part(base, (), self.beyond)
            signs = ((row, 1 if bit else -1) for row, bit in zip(self.rows[block - 1][0], on.tolist(), strict=True))
            return np.array([part.settles(row, sign) for row, sign in signs], dtype=bool)
        bounds = self.spread(base)
        kept: Bits = np.zeros(len(on), dtype=bool) if bounds is None else bounds.keeps_sign(block, on)
        constant: Bits = ~kept & ~self.depends[block - 1]
        if constant.any():
            values = self.constants[block - 1].numerators
            kept |= constant & np.asarray(np.where(on, values >= 0, values <= 0), dtype=bool)
        return kept

    def spread(self, base: Base) -> Spread | None:
        """Float bounds of the pre-activations; None where they do not apply or exact arithmetic is cheap."""
        if self.is_small:
            return None
        from verify.kernel.axioms.filter import spread

        return _SPREADS.of((self, base), None, lambda: spread(self.network, self.pattern, base))


_CELLS = Memory[Cell](4)
_SPREADS: Memory[Spread | None] = Memory(4)


def cell_of(network: Network, pattern: Pattern) -> Cell:
    """The cell of a pattern."""
    key = tuple((k, bits.tobytes()) for k, bits in sorted(pattern.items()))
    return _CELLS.of((network,), key, lambda: Cell(network, {k: bits.copy() for k, bits in pattern.items()}))


def adjoint_form(network: Network, block: int, unit: int, pattern: Pattern) -> tuple[Integers, int, int]:
    """Coefficients over the inputs and the constant of a unit's form under a pattern, as integers over a denominator.

    By exact backward accumulation: one row costs as much as one value of the network.
    """
    seed = zeros(network.blocks[block - 1].size).numerators
    seed[unit] = 1
    adjoints: dict[int, tuple[Integers, int]] = {block: (seed, 1)}
    constant, denominator = 0, 1
    for k in range(block, 0, -1):
        if k not in adjoints:
            continue
        here = network.blocks[k - 1]
        adjoint, their = adjoints.pop(k)
        if k != block and here.relu:
            adjoint = np.where(pattern[k], adjoint, 0)
        adjoint = adjoint * (denominator // their)
        parts, bias, own = here.integer_form
        constant = constant * own + int(np.dot(adjoint, bias))
        denominator *= own
        for source, matrix, numerators in parts:
            back = _transposed_product(matrix.row_of_entry, matrix.columns, numerators, adjoint, matrix.shape[1])
            if source in adjoints:
                earlier, scale = adjoints[source]
                back = back + earlier * (denominator // scale)
            adjoints[source] = (back, denominator)
    gradient, scale = adjoints.get(0, (zeros(network.input_size).numerators, denominator))
    return gradient * (denominator // scale), constant, denominator


def _transposed_product(
    rows: NDArray[np.int64], columns: NDArray[np.int64], numerators: Integers, adjoint: Integers, size: int
) -> Integers:
    """Transpose of a sparse matrix times a mostly zero vector."""
    used = np.asarray(adjoint != 0, dtype=bool)[rows]
    result = np.zeros(size, dtype=object)
    np.add.at(result, columns[used], numerators[used] * adjoint[rows[used]])
    return result
