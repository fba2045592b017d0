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

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.cell import Cell
from verify.kernel.core.cover import check_leaf
from verify.kernel.core.criteria import Map, map_of
from verify.kernel.core.part import CONSTANT, Row
from verify.kernel.core.units import affine_form, through
from verify.kernel.evidence import Leaf
from verify.kernel.exact import Bits, Pattern
from verify.kernel.ledger import Ledger
from verify.network import Block, Network
from verify.network.smooth import SMOOTH
from verify.property import Question
from verify.region import Box, HalfSpace

Key: TypeAlias = tuple[str, tuple[tuple[int, Fraction], ...], Fraction]
# Products of coefficients that the rows under one pattern may take.
MAX_WORK = 20_000_000


@dataclass(eq=False)
class Symbols:
    """The symbols met so far, numbered; their columns stand behind the ``size`` coordinates of the region."""

    size: int
    numbers: dict[Key, int] = field(default_factory=dict)

    def of(self, function: str, row: Row, denominator: int) -> tuple[int, int]:
        """The number of the symbol for ``function(row / denominator)``, and 1 or -1: the value is that multiple."""
        constant = Fraction(row.get(CONSTANT, 0), denominator)
        entries = tuple((c, Fraction(row[c], denominator)) for c in sorted(row) if c != CONSTANT)
        parity, sign = SMOOTH[function].parity, 1
        if parity and (entries[0][1] if entries else constant) < 0:
            entries, constant, sign = tuple((j, -c) for j, c in entries), -constant, parity
        return self.numbers.setdefault((function, entries, constant), len(self.numbers)), sign

    def constants(self) -> Bits:
        """Which symbols are constant: their forms have no coefficients."""
        return np.array([not entries for _, entries, _ in self.numbers], dtype=bool)


class SmoothCell(Cell):
    """The affine maps under a pattern, in the coordinates of a box (pinned ones put in) and in the symbols.

    A symbol is at most 1 where the unit met first with it is exp of something that is never positive. (Later units may
    only have the same form because of that very bound.)
    """

    def __init__(self, network: Network, pattern: Pattern, base: Box, symbols: Symbols) -> None:
        self.network, self.pattern, self.is_small = network, pattern, True
        self._symbols, below_one = symbols, dict[int, bool]()
        self.rows = []

        def values(k: int, rows: list[Row], denominator: int) -> list[Row]:
            self.rows.append((rows, denominator))
            block = network.blocks[k - 1]
            if block.smooth is None:
                return self._on(k, rows)
            return self._smooth(block, block.smooth, rows, denominator, below_one)

        through(network, values, base, MAX_WORK)
        bounds = [(SMOOTH[function].lowest, SMOOTH[function].highest) for function, _, _ in symbols.numbers]
        self.beyond = tuple((low, Fraction(1) if below_one.get(i) else high) for i, (low, high) in enumerate(bounds))

    def _smooth(
        self, block: Block, function: str, rows: list[Row], denominator: int, below_one: dict[int, bool]
    ) -> list[Row]:
        """The values of smooth units: numbers that are known, or plus or minus symbols."""
        at_zero, found = SMOOTH[function].at_zero, list[Row]()
        for row, never_positive in zip(rows, _never_positive(self.network, block).tolist(), strict=True):
            if not row and at_zero is not None and at_zero.denominator == 1:
                found.append({CONSTANT: at_zero.numerator * denominator} if at_zero else {})
                continue
            number, sign = self._symbols.of(function, row, denominator)
            below_one.setdefault(number, function == "exp" and never_positive)
            found.append({self._symbols.size + number: sign * denominator})
        return found


def _never_positive(network: Network, block: Block) -> Bits:
    """Units whose argument is a sum of nonpositive multiples of ReLU, as in every ELU: it is <= 0 everywhere."""
    result = np.asarray(block.bias.numerators <= 0, dtype=bool)
    for source, matrix in block.inputs:
        is_relu = source > 0 and network.blocks[source - 1].relu
        wrong = np.asarray(matrix.entries > 0, dtype=bool) if is_relu else np.ones(matrix.entry_count, dtype=bool)
        result[matrix.row_of_entry[wrong]] = False
    return result


def smooth_maps(
    question: Question, rows: Sequence[HalfSpace], leaf: Leaf, symbols: Symbols, ledger: Ledger
) -> list[Map]:
    """The maps of the outputs on a leaf of a cover of a region on which the network has smooth units."""
    base = question.region.base
    if leaf.signs or not isinstance(base, Box):
        raise EvidenceError("smooth units", "need an explicit pattern, and an L1 ball in lifted form")
    cell = SmoothCell(question.network, leaf.pattern, base, symbols)
    check_leaf(question, rows, leaf, cell, ledger)
    return maps_of(question, cell, symbols)


def maps_of(question: Question, cell: SmoothCell, symbols: Symbols) -> list[Map]:
    """The affine maps of the outputs; ``EvidenceError`` where one depends on a unit that is not constant."""
    constant, result = symbols.constants(), []
    rows, denominator = cell.rows[-1]
    for row in rows:
        unknown = {c - symbols.size: Fraction(v, denominator) for c, v in row.items() if c >= symbols.size}
        if not all(constant[number] for number in unknown):
            raise EvidenceError("smooth units", "an output depends on the value of a smooth unit")
        result.append(map_of(question, affine_form(row, symbols.size, denominator), unknown))
    return result
