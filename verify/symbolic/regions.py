"""Where an output has one affine map, as few and as short conditions as an exact greedy search finds.

The cells of one map are covered by convex *terms*: polyhedra that meet no cell of another map. Each term is grown over
further cells as long as that stays true, then rows are dropped as long as it stays true, so no row of it is redundant.
Terms of one map may overlap; terms of different maps have disjoint interiors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.kernel.exact import AffineForm
from verify.rational import Vector
from verify.symbolic.cells import Geometry, PlainCell, Row

Term = frozenset[Row]


@dataclass(frozen=True, eq=False)
class Branch:
    """One affine map of an output: the cells that have it and the terms whose union they fill."""

    form: AffineForm
    cells: tuple[PlainCell, ...]
    terms: tuple[Term, ...]


def branches(cells: Sequence[PlainCell], output: int, geometry: Geometry) -> list[Branch]:
    """One branch per distinct affine map of the output."""
    groups = grouped(cells, output)
    result = []
    for group in groups:
        own = {id(cell) for cell in group}
        foreign = [cell for cell in cells if id(cell) not in own]
        terms = _Cover(group, foreign, geometry).terms()
        result.append(Branch(group[0].maps[output], tuple(group), tuple(terms)))
    return result


def grouped(cells: Sequence[PlainCell], output: int) -> list[list[PlainCell]]:
    """The cells by the output's affine map."""
    groups: dict[tuple[Vector, object], list[PlainCell]] = {}
    for cell in cells:
        form = cell.maps[output]
        groups.setdefault((form.coefficients, form.constant), []).append(cell)
    return list(groups.values())


class _Cover:
    """Covers the cells of one map by terms."""

    def __init__(self, group: list[PlainCell], foreign: list[PlainCell], geometry: Geometry) -> None:
        self.group, self.foreign, self.geometry = group, foreign, geometry

    def terms(self) -> list[Term]:
        """Terms without redundant rows, none of them covered by the others."""
        if not self.foreign:
            return [frozenset()]
        pending = set(range(len(self.group)))
        found: list[tuple[Term, set[int]]] = []
        while pending:
            self.geometry.budget.check()
            term = self._shortened(self._grown(self.group[min(pending)]))
            inside = {i for i, cell in enumerate(self.group) if self._contains(term, cell)}
            found.append((term, inside))
            pending -= inside
        return _irredundant(found)

    def _is_clear(self, rows: Term) -> bool:
        self.geometry.budget.check()
        return not any(self.geometry.meet(rows, cell) for cell in self.foreign)

    def _contains(self, rows: Term, cell: PlainCell) -> bool:
        return all(self.geometry.is_valid(row, cell) for row in rows)

    def _grown(self, seed: PlainCell) -> Term:
        """Rows that hold on the seed and on as many other cells as can be joined to it one by one."""
        whole = self._common(self.group)
        if self._is_clear(whole):
            return whole
        joined, rows = [seed], seed.rows
        pending = [cell for cell in self.group if cell is not seed]
        while True:
            before = len(pending)
            for cell in list(pending):
                wider = frozenset(r for r in rows if self.geometry.is_valid(r, cell))
                wider |= {r for r in cell.rows if all(self.geometry.is_valid(r, c) for c in joined)}
                if self._is_clear(wider):
                    joined, rows = [*joined, cell], wider
                    pending.remove(cell)
            if len(pending) == before:
                return rows

    def _common(self, cells: Sequence[PlainCell]) -> Term:
        """All rows of the cells that hold on every one of them."""
        rows = frozenset(row for cell in cells for row in cell.rows)
        return frozenset(row for row in rows if all(self.geometry.is_valid(row, cell) for cell in cells))

    def _shortened(self, rows: Term) -> Term:
        """Drop rows while no other map's cell is met, long ones first."""
        for row in sorted(rows, key=lambda r: (-sum(map(bool, r.coefficients)), r.coefficients, r.bound)):
            if self._is_clear(rows - {row}):
                rows = rows - {row}
        return rows


def _irredundant(found: list[tuple[Term, set[int]]]) -> list[Term]:
    """The terms without those whose cells the others cover."""
    kept = list(found)
    for entry in found:
        others = set().union(*(cells for other, cells in kept if other is not entry[0]))
        if entry[1] <= others:
            kept.remove(entry)
    return [term for term, _ in kept]
