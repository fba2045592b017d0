"""Proofs about networks with smooth units: under a pattern of the ReLUs their values are unknown numbers.

On a part of the region where the ReLU pattern is known, every pre-activation is an affine form in the coordinates and
in *symbols*, one symbol for the value of each smooth unit. What is known of a symbol: the bounds of its function;
that units with the same function and the same form on the hull (for an even or odd function also the negated form)
have the same value (or the negated one); and the exact value at 0, such as exp(0) = 1. Each ReLU keeps its sign on
the part *for all* values of the symbols within their bounds, so it does for the actual ones (by induction over blocks).
If the outputs do not depend on any symbol, f is on that part the affine map that remains: all proofs about piecewise
linear functions hold. A symbol whose form is constant is an unknown constant, which an affine map may contain.

This is complete for one hidden layer of ELU or SELU (lemma 12, docs/smooth.md): the exponentials of different
nonconstant forms are linearly independent over the affine functions, so a symbol that remains makes f not affine.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.criteria import Map, map_of, on_hull
from verify.kernel.exact import AffineForm, Bits, Cell, Pattern, cell_of
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.network.smooth import SMOOTH
from verify.property import Question
from verify.rational import concatenate, vector, zeros
from verify.region import Box, HalfSpace, Region

Key: TypeAlias = tuple[str, tuple[tuple[int, Fraction], ...], Fraction]


@dataclass(eq=False)
class Symbols:
    """The symbols met so far, numbered; they stand behind the ``size`` coordinates of the region."""

    size: int
    numbers: dict[Key, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, function: str, form: AffineForm) -> tuple[int, int]:
        """The number of the symbol for ``function(form)``, and 1 or -1: the value is that multiple of it."""
        entries = tuple((j, c) for j, c in enumerate(form.coefficients.fractions()) if c)
        parity, sign = SMOOTH[function].parity, 1
        leading = entries[0][1] if entries else form.constant
        constant = form.constant
        if parity and leading < 0:
            entries, constant, sign = tuple((j, -c) for j, c in entries), -constant, parity
        return self.numbers.setdefault((function, entries, constant), len(self.numbers)), sign

    def constants(self) -> Bits:
        """Which symbols are constant: their forms have no coefficients."""
        return np.array([not entries for _, entries, _ in self.numbers], dtype=bool)

    def extended(self, base: Box, at_most_one: Container[int] = ()) -> Box:
        """The box with a side for each symbol: the bounds of its function; 1 for those known not to exceed it."""
        functions = [SMOOTH[function] for function, _, _ in self.numbers]
        low = [f.lowest for f in functions]
        high = [Fraction(1) if i in at_most_one else f.highest for i, f in enumerate(functions)]
        return Box(
            concatenate([base.low, vector([v or Fraction(0) for v in low])]),
            concatenate([base.high, vector([v or Fraction(0) for v in high])]),
            np.concatenate([base.low_finite, np.array([v is not None for v in low], dtype=bool)]),
            np.concatenate([base.high_finite, np.array([v is not None for v in high], dtype=bool)]),
        )


@dataclass(frozen=True, eq=False)
class Resolved:
    """The question under one pattern, piecewise linear: its network also takes the symbols as inputs."""

    question: Question
    cell: Cell

    def rows(self, rows: Sequence[HalfSpace]) -> tuple[HalfSpace, ...]:
        """The rows in the extended coordinates."""
        extra = self.question.region.dimension
        return tuple(
            HalfSpace(concatenate([row.coefficients, zeros(extra - len(row.coefficients))]), row.bound) for row in rows
        )


def resolve(question: Question, pattern: Pattern, symbols: Symbols) -> Resolved:
    """Replace every smooth unit by its exact value or its symbol, as the pattern makes its argument."""
    base = question.region.base
    if not isinstance(base, Box):
        raise EvidenceError("smooth units", "an L1 ball needs the lifted question")
    network, blocks = question.network, list[Block]()
    below_one: dict[int, bool] = {}
    for block in network.blocks:
        if block.smooth is None:
            blocks.append(block)
            continue
        blocks.append(_replaced(network, blocks, block, pattern, base, symbols, below_one))
    at_most_one = {number for number, shown in below_one.items() if shown}
    width = network.input_size + len(symbols)
    plain = replace(network, input_shape=(width,), blocks=tuple(_widened(b, width) for b in blocks), file_digest=None)
    region = Region(symbols.extended(base, at_most_one), text=question.region.text)
    return Resolved(replace(question, network=plain, region=region), cell_of(plain, pattern))


def _replaced(
    network: Network,
    before: list[Block],
    block: Block,
    pattern: Pattern,
    base: Box,
    symbols: Symbols,
    below_one: dict[int, bool],
) -> Block:
    """The smooth block as an affine one: each unit an exact value, or plus or minus a symbol.

    ``below_one`` learns of the symbols met first here whether they are exp of something that is never positive. (Of
    those met before it was decided there: later units may only have the same form because of that very bound.)
    """
    if block.smooth is None:
        raise AssertionError("unreachable: block.smooth is not None")
    function = SMOOTH[block.smooth]
    values, units, numbers, signs = [Fraction(0)] * block.size, [], [], []
    forms, never_positive = _forms(network, before, block, pattern, symbols), _never_positive(network, block)
    for unit in range(block.size):
        form = forms.get(unit)
        form = None if form is None else on_hull(form, base)
        if (form is None or form.is_zero()) and function.at_zero is not None:
            values[unit] = function.at_zero
            continue
        zero = AffineForm(zeros(network.input_size), Fraction(0))
        number, sign = symbols.of(block.smooth, form or zero)
        below_one.setdefault(number, block.smooth == "exp" and bool(never_positive[unit]))
        units.append(unit)
        numbers.append(network.input_size + number)
        signs.append(sign)
    entries = matrices.as_entries(np.array(signs, dtype=object))
    shape = (block.size, network.input_size + len(symbols))
    matrix = matrices.from_triplets(np.array(units, np.int64), np.array(numbers, np.int64), entries, shape)
    return replace(block, smooth=None, inputs=((0, matrix),), bias=vector(values))


def _never_positive(network: Network, block: Block) -> Bits:
    """Units whose argument is a sum of nonpositive multiples of ReLU, as in every ELU: it is <= 0 everywhere."""
    result = np.asarray(block.bias.numerators <= 0, dtype=bool)
    for source, matrix in block.inputs:
        is_relu = source > 0 and network.blocks[source - 1].relu
        wrong = np.asarray(matrix.entries > 0, dtype=bool) if is_relu else np.ones(matrix.entry_count, dtype=bool)
        result[matrix.row_of_entry[wrong]] = False
    return result


def _forms(
    network: Network, before: list[Block], block: Block, pattern: Pattern, symbols: Symbols
) -> dict[int, AffineForm]:
    """The forms of the units whose argument is not surely 0 (all they read is off, and their bias is 0)."""
    doubtful = np.asarray(block.bias.numerators != 0, dtype=bool)
    for source, matrix in block.inputs:
        off = source > 0 and network.blocks[source - 1].relu
        live = pattern[source][matrix.columns] if off else np.ones(matrix.entry_count, dtype=bool)
        doubtful[matrix.row_of_entry[live]] = True
    if not doubtful.any():
        return {}
    width = network.input_size + len(symbols)
    blocks = tuple(_widened(b, width) for b in (*before, replace(block, smooth=None)))
    prefix = Network(network.name, (width,), block.shape, blocks)
    cell = Cell(prefix, {k: bits for k, bits in pattern.items() if k < len(blocks)})
    return {unit: cell.form(len(blocks), unit) for unit in np.flatnonzero(doubtful).tolist()}


def _widened(block: Block, width: int) -> Block:
    """The block with that many inputs of the network."""
    inputs = tuple((s, _wide(m, width) if s == 0 else m) for s, m in block.inputs)
    return replace(block, inputs=inputs)


def _wide(matrix: Matrix, width: int) -> Matrix:
    if matrix.shape[1] == width:
        return matrix
    return matrices.from_triplets(matrix.row_of_entry, matrix.columns, matrix.entries, (matrix.shape[0], width))


def maps_of(question: Question, resolved: Resolved, symbols: Symbols) -> list[Map] | None:
    """The affine maps of the outputs; None where one depends on the value of a smooth unit that is not constant."""
    constant, result = symbols.constants(), []
    for form in resolved.cell.outputs():
        values = form.coefficients.fractions()
        unknown = {i: c for i, c in enumerate(values[symbols.size :]) if c}
        if not all(constant[i] for i in unknown):
            return None
        result.append(map_of(question, AffineForm(vector(values[: symbols.size]), form.constant), unknown))
    return result
