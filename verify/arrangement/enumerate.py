"""All cells of a network on a region, by cutting a complex with one unit after the other.

Units come block by block and in order of their numbers, as the network was lowered; where one has both strict signs on
a cell, the cell is cut. Signs at vertices are decided in float64 where the error bound allows, else exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.arrangement import forms as float_forms
from verify.arrangement.complex import Complex, Growing, Ids, Signs
from verify.arrangement.domain import Domain, TooManyCells, start
from verify.arrangement.exact import ExactSide, IntegerForm, UnitForm
from verify.arrangement.forms import Forms, FormSource
from verify.arrangement.places import ENLARGED, TINY, between, decided, scaled, verified
from verify.kernel.exact import Pattern
from verify.rational import Floats
from verify.region.bases import Mask
from verify.search.budget import Budget

# Places and forms less certain than this are replaced by exact ones: there floats would decide too little.
CERTAIN = 2.0**-24
# Bytes of forms at vertices that are asked at a time.
CHUNK = 2**20


@dataclass(frozen=True, eq=False)
class CuttingLayer:
    """A ReLU block that has cut: packed bits of the cells after it, and the cell before it that each is part of."""

    block: int
    size: int
    bits: NDArray[np.uint8]
    parents: Ids

    def on(self, cells: Ids | slice = slice(None)) -> Mask:
        """Which units are on, shape (cells, units)."""
        return np.unpackbits(self.bits[cells], axis=1, count=self.size).astype(bool)


@dataclass(eq=False)
class CellTally:
    """No more than the number of activation cells that were found so far, in all parts of an arrangement together.

    Artificial facets may divide one of them, and do not count.
    """

    cells: int = 0


@dataclass(eq=False)
class Arrangement:
    """The cells as a complex. ``points`` are the vertices in float64, within ``errors`` of a multiple of the true ones.

    ``form_*`` describe the forms whose zeros bound the faces; ``outputs`` are the output maps on the cells. Parts of it
    have one tally with it.
    """

    domain: Domain
    complex: Complex
    points: Growing
    errors: Growing
    form_rows: Growing
    form_errors: Growing
    form_sources: Growing
    given: list[IntegerForm]
    artificial: tuple[int, ...]
    layers: list[CuttingLayer] = field(default_factory=list)
    outputs: Forms | None = None
    tally: CellTally = field(default_factory=CellTally)

    def __post_init__(self) -> None:
        self.exact = ExactSide(
            self.domain,
            self._describe,
            self.pattern,
            lambda v: self.complex.levels[0].tight.rows[v].tolist(),
            lambda v: self.points.rows[v].tolist(),
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "exact"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def pattern(self, cell: int, before: int | None = None) -> Pattern:
        """The pattern of a cell; with ``before``, of a cell at the time before that many layers' successor had cut."""
        result: Pattern = {}
        number = cell
        for layer in reversed(self.layers if before is None else self.layers[:before]):
            result[layer.block] = layer.on(np.array([number], dtype=np.int32))[0]
            number = int(layer.parents[number])
        return result

    def _describe(self, form: int) -> IntegerForm | UnitForm:
        if form < len(self.given):
            return self.given[form]
        return UnitForm(*self.form_sources.rows[form - len(self.given)].tolist())


def artificial_facets(found: Arrangement, first: int = 0) -> int:
    """How many facets, from a number on, only divide a coordinate without sides, or lie where it would be divided."""
    if not found.artificial:
        return 0
    return int(np.isin(found.complex.levels[-2].tight.rows[first:, 0], found.artificial).sum())


def beginning(domain: Domain) -> Arrangement:
    """The region before any unit cuts it: simplices from which the region's rows cut what lies outside."""
    begin = start(domain)
    found = Arrangement(
        domain,
        begin.complex,
        Growing(scaled(begin.points)),
        Growing(np.full(len(begin.points), 2.0**-52)),
        Growing(scaled(begin.forms)),
        Growing(np.full(len(begin.forms), 2.0**-52)),
        Growing(np.zeros((0, 4), dtype=np.int32)),
        list(begin.forms),
        begin.artificial,
    )
    found.exact.points.update(enumerate(begin.points))
    for row in domain.rows():
        _keep_inside(found, row)
    found.tally.cells = found.complex.cell_count - artificial_facets(found)
    return found


def _keep_inside(found: Arrangement, row: IntegerForm) -> None:
    """Cut with a half-space of the region, and keep the part where it holds."""
    exact = found.exact
    values = [sum(a * b for a, b in zip(row, exact.point(v), strict=True)) for v in range(found.complex.vertex_count)]
    signs = np.array([(value > 0) - (value < 0) for value in values], dtype=np.int8)

    def new_forms(cells: Ids) -> int:
        first = len(found.given)
        found.given.extend([row] * len(cells))
        found.form_rows.extend(scaled([row] * len(cells)))
        found.form_errors.extend(np.full(len(cells), 2.0**-52))
        return first

    cut = found.complex.cut(signs, new_forms)
    _place(found, cut.edges, signs.astype(np.float64))
    for v in range(len(values), found.complex.vertex_count):
        exact.point(v)
    found.complex, kept = found.complex.part(cut.is_on)
    found.points, found.errors = Growing(found.points.rows[kept[0]]), Growing(found.errors.rows[kept[0]])
    exact.points = {new: exact.points[old] for new, old in enumerate(kept[0].tolist())}


@dataclass(eq=False)
class Run:
    """An enumeration under way, which may be pickled between two units.

    ``block`` is the one that cuts now, ``made`` its units' forms and ``units`` those still to cut. Cell i has the forms
    ``columns[i]`` of it, is part of the cell ``base[i]`` before it, and has the packed ``bits[i]``. ``sources`` are
    what it and later blocks read, on the cells that the columns are about. ``history``, where it is kept, has the faces
    that each unit (block, number) divided.
    """

    found: Arrangement
    limit: int | None
    sources: dict[int, FormSource]
    block: int
    made: Forms
    columns: Growing
    base: Growing
    bits: Growing
    units: list[int]
    history: dict[tuple[int, int], list[Ids]] | None = None

    @staticmethod
    def of(found: Arrangement, limit: int | None) -> Run:
        """Before the first block."""
        everywhere = np.zeros(found.complex.cell_count, dtype=np.int32)
        made, nothing = float_forms.inputs(found.domain), Growing(np.zeros((0, 0), dtype=np.uint8))
        return Run(found, limit, {0: FormSource(made, everywhere)}, 0, made, nothing, nothing, nothing, [])

    def go_on(self, budget: Budget, pauses: Callable[[], bool] = lambda: False) -> bool:
        """Cut with one unit after the other. True when all have cut, False when ``pauses`` after one of them.

        ``TooManyCells`` when there are more than ``limit`` cells.
        """
        blocks = self.found.domain.network.blocks
        while True:
            while self.units:
                budget.check()
                self._cut(self.units.pop(0), budget)
                if pauses():
                    return False
            if self.block and blocks[self.block - 1].relu:
                self._end()
            if self.block == len(blocks):
                return True
            self._begin(budget)

    def part(self, cells: Ids, budget: Budget) -> tuple[Run, list[Ids]]:
        """The same for some of the cells alone, with a history; and the numbers that its faces have here."""
        found = self.found
        chosen = np.zeros(found.complex.cell_count, dtype=bool)
        chosen[cells] = True
        complex_, numbers = found.complex.part(chosen)
        mine = Arrangement(
            found.domain,
            complex_,
            Growing(found.points.rows[numbers[0]]),
            Growing(found.errors.rows[numbers[0]]),
            Growing(found.form_rows.rows),
            Growing(found.form_errors.rows),
            Growing(found.form_sources.rows),
            list(found.given),
            found.artificial,
            list(found.layers),
            found.outputs,
            found.tally,
        )
        mine.exact.learn(found.exact, numbers[0])
        columns = self.columns.rows[numbers[-1]]
        made, used = FormSource(self.made, columns).part(np.arange(len(columns), dtype=np.int32)), np.unique(columns)
        sources = {s: source.part(used) for s, source in self.sources.items()}
        base, bits = Growing(self.base.rows[numbers[-1]]), Growing(self.bits.rows[numbers[-1]])
        run = Run(
            mine, self.limit, sources, self.block, made.forms, Growing(made.cells), base, bits, list(self.units), {}
        )
        run._settle(budget)
        return run, numbers

    @property
    def units_left(self) -> int:
        """How many units are still to cut, or may be."""
        blocks = self.found.domain.network.blocks
        return len(self.units) + sum(block.size for block in blocks[self.block :] if block.relu)

    def _begin(self, budget: Budget) -> None:
        """The forms of the next block, and which of its units cut."""
        budget.check()
        self.block += 1
        network, k = self.found.domain.network, self.block
        block, cells, width = network.blocks[k - 1], self.found.complex.cell_count, self.found.domain.dimension + 1
        made = float_forms.preactivations(block, self.sources, cells, width)
        for source in [s for s, last in network.last_use.items() if last == k]:
            self.sources.pop(source, None)
        everything = np.arange(cells, dtype=np.int32)
        if not block.relu:
            self.sources[k] = FormSource(made, everything)
            self.found.outputs = made
            return
        self.made, self.columns, self.base = made, Growing(everything), Growing(everything)
        self.bits = Growing(np.zeros((cells, (block.size + 7) // 8), dtype=np.uint8))
        self.units = list(range(block.size))
        self._settle(budget)

    def _end(self) -> None:
        """All units of the block have cut."""
        columns, bits, k = self.columns.rows.copy(), self.bits.rows.copy(), self.block
        self.sources = {s: source.of_cells(columns) for s, source in self.sources.items()}
        self.sources[k] = FormSource(self.made, columns, bits, np.arange(len(bits), dtype=np.int32))
        self.found.layers.append(CuttingLayer(k, len(self.made.rows), bits, self.base.rows.copy()))

    def _cut(self, unit: int, budget: Budget) -> None:
        """Cut with a unit of the block."""
        found, bits, limit = self.found, self.bits, self.limit
        values, signs = self._signs(unit, budget)
        if signs.all() and (signs == signs[0]).all():
            bits.rows[:, unit // 8] |= np.uint8((signs[0] > 0) << (7 - unit % 8))
            return
        facets = found.complex.levels[-2].count
        cut = found.complex.cut(signs, lambda cells: self._new_forms(unit, cells, budget))
        for rows in (self.columns, self.base, bits):
            rows.extend(rows.rows[cut.cells])
        bits.rows[:, unit // 8] |= cut.is_on.astype(np.uint8) << np.uint8(7 - unit % 8)
        _place(found, cut.edges, values)
        if self.history is not None and len(cut.cells):
            self.history[self.block, unit] = cut.divided
        found.tally.cells += len(cut.cells) - artificial_facets(found, facets)
        if limit is not None and found.tally.cells > limit:
            raise TooManyCells(f"more than {limit} cells")
        if unit % 16 == 0:
            budget.report(f"{found.tally.cells} cells; block {self.block}, unit {unit} of {len(self.made.rows)}")

    def _settle(self, budget: Budget) -> None:
        """Leave out the units that are positive at all vertices, or at none: no cut by others changes that.

        Many units at once: one by one they would take most of the time where cells are few.
        """
        home = self.columns.rows[self.found.complex.levels[0].home.rows]
        step = max(CHUNK // (8 * self.made.rows.shape[1] * len(home)), 1)
        on, left = np.zeros(len(self.made.rows), dtype=bool), []
        for first in range(0, len(self.units), step):
            units = np.array(self.units[first : first + step])
            positive, settled = self._settled(units, home, budget)
            on[units[positive]] = True
            left += units[~settled].tolist()
        self.bits.rows[:] |= np.packbits(on)
        self.units = left

    def _settled(self, units: NDArray[np.int64], home: Ids, budget: Budget) -> tuple[Mask, Mask]:
        """Which units are positive at all vertices, and which are that or positive at none."""
        points, places, made = self.found.points.rows, self.found.errors.rows, self.made
        with np.errstate(over="ignore", invalid="ignore"):
            rows = made.rows[units].take(home, axis=2)
            values = np.einsum("ucv,vc->uv", rows, points)
            sizes, errors = np.abs(rows, out=rows).sum(axis=1), made.errors[units].take(home, axis=1)
            clear = decided(values, sizes, errors, places, rows.shape[1])
        above, below = (clear & (values > 0)).any(axis=1), (clear & (values < 0)).any(axis=1)
        # The signs that are not clear matter where the others do not tell that it cuts.
        open_ones = np.flatnonzero(~(above & below) & ~clear.all(axis=1))
        doubtful = np.flatnonzero(~clear[open_ones].all(axis=0)).astype(np.int32)
        signs = np.sign(values)
        if len(doubtful):
            exact = self.found.exact.block_signs(self.block, doubtful, budget)[units[open_ones]]
            known = clear[np.ix_(open_ones, doubtful)]
            signs[np.ix_(open_ones, doubtful)] = np.where(known, signs[np.ix_(open_ones, doubtful)], exact)
        positive = ~below & (signs > 0).all(axis=1)
        return positive, positive | (~above & (signs <= 0).all(axis=1))

    def _signs(self, unit: int, budget: Budget) -> tuple[Floats, Signs]:
        """Values of a unit at the vertices (approximate where the sign was decided exactly), and their exact signs."""
        found = self.found
        points, places = found.points.rows, found.errors.rows
        home = self.columns.rows[found.complex.levels[0].home.rows]
        row, error = self.made.rows[unit], self.made.errors[unit]
        width = len(row)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.zeros(len(points))
            for form, coordinate in zip(row, points.T, strict=True):
                values += form[home] * coordinate
            size = np.abs(row).sum(axis=0)
            clear = decided(values, size[home], error[home], places, width)
        signs = np.sign(np.where(clear, values, 0.0)).astype(np.int8)
        open_ones = np.flatnonzero(~clear)
        if len(open_ones):
            exact = found.exact.signs(self.block, unit, open_ones.astype(np.int32), budget)
            signs[open_ones] = exact
            sizes = np.maximum(np.nan_to_num(np.abs(values[open_ones]), nan=1.0, posinf=1.0), TINY)
            values[open_ones] = exact * sizes
        return values, signs

    def _new_forms(self, unit: int, cells: Ids, budget: Budget) -> int:
        """Enter the unit's forms on the cells that it divides; returns the number of the first."""
        found = self.found
        first = found.form_rows.size
        columns = self.columns.rows[cells]
        sources = np.empty((len(cells), 4), dtype=np.int32)
        sources[:, :3] = len(found.layers), self.block, unit
        sources[:, 3] = self.base.rows[cells]
        rows, errors = self.made.rows[unit][:, columns].T, self.made.errors[unit][columns]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            scale = np.abs(rows).max(axis=1)
            shares, relative = rows / scale[:, None], errors / scale * ENLARGED + 2.0**-52
        found.form_rows.extend(shares)
        found.form_errors.extend(relative)
        found.form_sources.extend(sources)
        for i in np.flatnonzero(~(relative < CERTAIN) | ~np.isfinite(scale)).tolist():
            budget.check()
            found.form_rows.rows[first + i] = scaled([found.exact.form(first + i)])[0]
            found.form_errors.rows[first + i] = 2.0**-52
        return first


def _place(found: Arrangement, edges: Ids, values: Floats) -> None:
    """Places of the new vertices: each divides an edge with a vertex of positive and one of negative value."""
    if not len(edges):
        return
    tight = found.complex.levels[0].tight.rows[len(found.points.rows) :]
    guess = between(found.points.rows[edges], values[edges])
    points, errors = verified(guess, found.form_rows.rows[tight], found.form_errors.rows[tight])
    first = len(found.points.rows)
    found.points.extend(np.where((errors < CERTAIN)[:, None], points, guess))
    found.errors.extend(errors)
    for i in np.flatnonzero(~(errors < CERTAIN)).tolist():
        found.points.rows[first + i] = scaled([found.exact.point(first + i)])[0]
        found.errors.rows[first + i] = 2.0**-52
