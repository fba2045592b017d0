"""Cells, affine maps and pieces by brute force: Z3 on the definitions, fractions for everything else.

A cell is a pattern that some point of the region's relative interior has, units that vanish around it off. Two cells
share a facet if the hull of their closures' intersection has one dimension less than the region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import z3

from tests.support.naive import plain_blocks
from verify.network import Network
from verify.region import Box, Region
from verify.region.linear import echelon
from verify.region.region import half_spaces

# Coefficients over the region's coordinates, and the constant.
Form = list[Fraction]


@dataclass(frozen=True)
class BruteCell:
    """The forms that are positive inside, and the outputs' forms."""

    inside: list[Form]
    outputs: list[Form]


class Brute:
    """One network on one region (its base a box)."""

    def __init__(self, network: Network, region: Region) -> None:
        assert isinstance(region.base, Box)
        self.blocks = plain_blocks(network)
        self.size = region.dimension
        self.t = z3.Reals(" ".join(f"t{i}" for i in range(self.size)))
        self.inputs = self._inputs(region)
        rows = [[*(-c for c in row.coefficients.fractions()), row.bound] for row in half_spaces(region)]
        weak = [self.value(row) >= 0 for row in rows]
        assert self._exists(weak), "an empty region"
        strict = [self._exists([*weak, self.value(row) > 0]) for row in rows]
        self.equations = [row for row, is_strict in zip(rows, strict, strict=True) if not is_strict]
        self.inner = [row for row, is_strict in zip(rows, strict, strict=True) if is_strict]
        self.cells = self._cells()

    def _inputs(self, region: Region) -> list[Form]:
        n = self.size
        if region.chart is None:
            return [[Fraction(int(i == j)) for j in range(n)] + [Fraction(0)] for i in range(n)]
        forms = [[Fraction(0)] * n + [value] for value in region.chart.origin.fractions()]
        directions = region.chart.directions
        triplets = zip(
            directions.row_of_entry.tolist(), directions.columns.tolist(), directions.fractions(), strict=True
        )
        for i, j, value in triplets:
            forms[i][j] = value
        return forms

    def value(self, form: Form) -> Any:
        total = z3.Q(form[-1].numerator, form[-1].denominator)
        for c, t in zip(form, self.t, strict=False):
            total = total + z3.Q(c.numerator, c.denominator) * t
        return total

    def _exists(self, constraints: Sequence[Any]) -> bool:
        solver = z3.SolverFor("QF_LRA")
        solver.add(*constraints)
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def _hull(self) -> list[Any]:
        return [self.value(row) == 0 for row in self.equations]

    def _cells(self) -> list[BruteCell]:
        found: list[BruteCell] = []
        stack: list[tuple[list[Form], list[list[Form]], list[Form]]] = [([], [self.inputs], [])]
        while stack:
            inside, outputs, partial = stack.pop()
            k = len(outputs) - 1
            block = self.blocks[k]
            if len(partial) == len(block.bias):
                if k + 1 == len(self.blocks):
                    found.append(BruteCell([*self.inner, *inside], partial))
                else:
                    stack.append((inside, [*outputs, partial], []))
                continue
            unit = len(partial)
            z: Form = [Fraction(0)] * self.size + [block.bias[unit]]
            for source, row, column, weight in block.weights:
                if row == unit:
                    z = [a + weight * b for a, b in zip(z, outputs[source][column], strict=True)]
            if not block.relu:
                stack.append((inside, outputs, [*partial, z]))
                continue
            here = [*self._hull(), *(self.value(form) > 0 for form in (*self.inner, *inside))]
            zero, minus = [Fraction(0)] * len(z), [-v for v in z]
            on, off = (self._exists([*here, self.value(form) > 0]) for form in (z, minus))
            if on:
                stack.append(([*inside, z] if any(z[:-1]) else inside, outputs, [*partial, z]))
            if off or not on:
                stack.append(([*inside, minus] if off and any(z[:-1]) else inside, outputs, [*partial, zero]))
        return found

    def same_map(self, a: BruteCell, b: BruteCell) -> bool:
        """Whether all outputs agree on the region's hull."""
        for left, right in zip(a.outputs, b.outputs, strict=True):
            difference = self.value([p - q for p, q in zip(left, right, strict=True)])
            if self._exists([*self._hull(), difference != 0]):
                return False
        return True

    def share_facet(self, a: BruteCell, b: BruteCell) -> bool:
        forms = [*a.inside, *b.inside]
        weak = [*self._hull(), *(self.value(form) >= 0 for form in forms)]
        if not self._exists(weak):
            return False
        flat = [form for form in forms if not self._exists([*weak, self.value(form) > 0])]
        return self._rank([*self.equations, *flat]) == self._rank(self.equations) + 1

    def _rank(self, forms: Sequence[Form]) -> int:
        return len(echelon([list(form) for form in forms], self.size + 1)[1]) if forms else 0

    def counts(self) -> tuple[int, int, int]:
        """Numbers of cells, of pieces, and of distinct affine maps."""
        first: list[int] = []
        for i, cell in enumerate(self.cells):
            first.append(next((j for j in range(i) if first[j] == j and self.same_map(self.cells[j], cell)), i))
        piece = list(range(len(self.cells)))
        for i, j in combinations(range(len(self.cells)), 2):
            if first[i] == first[j] and piece[i] != piece[j] and self.share_facet(self.cells[i], self.cells[j]):
                old, new = piece[i], piece[j]
                piece = [new if p == old else p for p in piece]
        return len(self.cells), len(set(piece)), len(set(first))
