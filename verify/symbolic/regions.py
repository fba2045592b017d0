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
from verify.symbolic.cells import PlainCell
from verify.symbolic.geometry import Geometry, RowSet


@dataclass(frozen=True, eq=False)
class PieceBranch:
    """One affine map of an output: the cells that have it and the terms whose union they fill."""

    form: AffineForm
    cells: tuple[PlainCell, ...]
    terms: tuple[RowSet, ...]


def branches(cells: Sequence[PlainCell], output: int, geometry: Geometry) -> list[PieceBranch]:
    """One branch per distinct affine map of the output."""
    result = []
    for group in grouped(cells, output):
        terms = _Cover(group, geometry).terms()
        result.append(PieceBranch(cells[group[0]].maps[output], tuple(cells[i] for i in group), tuple(terms)))
    return result


def grouped(cells: Sequence[PlainCell], output: int) -> list[list[int]]:
    """The numbers of the cells, by the output's affine map."""
    groups: dict[tuple[Vector, object], list[int]] = {}
    for i, cell in enumerate(cells):
        form = cell.maps[output]
        groups.setdefault((form.coefficients, form.constant), []).append(i)
    return list(groups.values())


class _Cover:
    """Covers the cells of one map by terms."""

    def __init__(self, group: list[int], geometry: Geometry) -> None:
        self.group, self.geometry = group, geometry
        self.foreign = [i for i in range(len(geometry.cells)) if i not in set(group)]

    def terms(self) -> list[RowSet]:
        """Terms without redundant rows, none of them covered by the others."""
        if not self.foreign:
            return [frozenset()]
        pending = set(self.group)
        found: list[tuple[RowSet, set[int]]] = []
        while pending:
            term = self._shortened(self._grown(min(pending)))
            inside = {i for i in self.group if self._contains(term, i)}
            found.append((term, inside))
            pending -= inside
        return _irredundant(found)

    def _is_clear(self, rows: RowSet) -> bool:
        return not self.geometry.meet_any(rows, self.foreign)

    def _contains(self, rows: RowSet, place: int) -> bool:
        return all(self.geometry.is_valid(row, place) for row in rows)

    def _grown(self, seed: int) -> RowSet:
        """Rows that hold on the seed and on as many other cells as can be joined to it one by one."""
        whole = self._common(self.group)
        if self._is_clear(whole):
            return whole
        joined, rows = [seed], self.geometry.cells[seed].rows
        pending = [i for i in self.group if i != seed]
        while True:
            before = len(pending)
            for i in list(pending):
                wider = frozenset(r for r in rows if self.geometry.is_valid(r, i))
                wider |= {r for r in self.geometry.cells[i].rows if all(self.geometry.is_valid(r, j) for j in joined)}
                if self._is_clear(wider):
                    joined, rows = [*joined, i], wider
                    pending.remove(i)
            if len(pending) == before:
                return rows

    def _common(self, places: Sequence[int]) -> RowSet:
        """All rows of the cells that hold on every one of them."""
        rows = frozenset(row for i in places for row in self.geometry.cells[i].rows)
        return frozenset(row for row in rows if all(self.geometry.is_valid(row, i) for i in places))

    def _shortened(self, rows: RowSet) -> RowSet:
        """Drop rows while no other map's cell is met, long ones first."""
        for row in sorted(rows, key=lambda r: (-sum(map(bool, r.coefficients)), r.coefficients, r.bound)):
            if self._is_clear(rows - {row}):
                rows = rows - {row}
        return rows


def _irredundant(found: list[tuple[RowSet, set[int]]]) -> list[RowSet]:
    """The terms without those whose cells the others cover."""
    kept = list(found)
    for entry in found:
        others = set().union(*(cells for other, cells in kept if other is not entry[0]))
        if entry[1] <= others:
            kept.remove(entry)
    return [term for term, _ in kept]
