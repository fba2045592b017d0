"""All cells of a network on a region, by cutting a complex with one unit after the other.

Units come block by block and in order of their numbers, as the network was lowered; where one has both strict signs on
a cell, the cell is cut. Signs at vertices are decided in float64 where the error bound allows, else exactly. Places of
vertices are verified: with R an approximate inverse of the matrix A of the forms that meet there, r the residual at the
computed place and ``a >= |I - R A|``, the true vertex is within ``|R r| / (1 - a)`` (in the maximum norm, for every
matrix within the forms' own error bounds; one homogeneous coordinate is held).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.arrangement import forms as float_forms
from verify.arrangement.complex import Complex, Growing, Ids, Signs
from verify.arrangement.domain import Domain, TooManyCells, start
from verify.arrangement.exact import ExactSide, IntegerForm
from verify.arrangement.forms import Forms, FormSource
from verify.kernel.exact import Pattern
from verify.network.floats import gamma
from verify.rational import Floats, nearest_float
from verify.region.bases import Mask
from verify.search.budget import Budget

# Places and forms less certain than this are replaced by exact ones: there floats would decide too little.
CERTAIN = 2.0**-24
TINY = 1e-300
# Up to so many vertices the signs of all units of a block are asked at once first.
FEW_VERTICES = 64
ENLARGED = 1 + 2.0**-20


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
class Arrangement:
    """The cells as a complex. ``points`` are the vertices in float64, within ``errors`` of a multiple of the true ones.

    ``form_*`` describe the forms whose zeros bound the faces; ``outputs`` are the output maps on the cells.
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

    def __post_init__(self) -> None:
        self.exact = ExactSide(
            self.domain,
            self._describe,
            lambda v: self.complex.levels[0].tight.rows[v].tolist(),
            lambda v: self.points.rows[v].tolist(),
        )

    def pattern(self, cell: int, before: int | None = None) -> Pattern:
        """The pattern of a cell; with ``before``, of a cell at the time before that many layers' successor had cut."""
        result: Pattern = {}
        number = cell
        for layer in reversed(self.layers if before is None else self.layers[:before]):
            result[layer.block] = layer.on(np.array([number], dtype=np.int32))[0]
            number = int(layer.parents[number])
        return result

    def _describe(self, form: int) -> IntegerForm | tuple[int, int, Pattern]:
        if form < len(self.given):
            return self.given[form]
        layer, block, unit, cell = self.form_sources.rows[form - len(self.given)].tolist()
        return block, unit, self.pattern(cell, layer)


def arrangement(found: Arrangement, budget: Budget, limit: int | None = None) -> Arrangement:
    """Cut a beginning with every unit of the network; ``TooManyCells`` when there are more than ``limit`` cells."""
    _Run(found, budget, limit).all_blocks()
    return found


def lower_bound(found: Arrangement) -> int:
    """No more than the number of activation cells: artificial facets may divide one of them."""
    count = found.complex.cell_count
    if found.artificial:
        tight = found.complex.levels[-2].tight.rows
        count -= int(np.isin(tight[found.complex.neighbours()[0], 0], found.artificial).sum())
    return max(count, 1)


def beginning(domain: Domain) -> Arrangement:
    """The region before any unit cuts it: simplices from which the region's rows cut what lies outside."""
    begin = start(domain)
    found = Arrangement(
        domain,
        begin.complex,
        Growing(_scaled(begin.points)),
        Growing(np.full(len(begin.points), 2.0**-52)),
        Growing(_scaled(begin.forms)),
        Growing(np.full(len(begin.forms), 2.0**-52)),
        Growing(np.zeros((0, 4), dtype=np.int32)),
        list(begin.forms),
        begin.artificial,
    )
    found.exact.points.update(enumerate(begin.points))
    for row in domain.rows():
        _keep_inside(found, row)
    return found


def _keep_inside(found: Arrangement, row: IntegerForm) -> None:
    """Cut with a half-space of the region, and keep the part where it holds."""
    exact = found.exact
    values = [sum(a * b for a, b in zip(row, exact.point(v), strict=True)) for v in range(found.complex.vertex_count)]
    signs = np.array([(value > 0) - (value < 0) for value in values], dtype=np.int8)

    def new_forms(cells: Ids) -> int:
        first = len(found.given)
        found.given.extend([row] * len(cells))
        found.form_rows.extend(_scaled([row] * len(cells)))
        found.form_errors.extend(np.full(len(cells), 2.0**-52))
        return first

    cut = found.complex.cut(signs, new_forms)
    _place(found, cut.edges, signs.astype(np.float64))
    for v in range(len(values), found.complex.vertex_count):
        exact.point(v)
    found.complex, kept = found.complex.part(cut.is_on)
    found.points, found.errors = Growing(found.points.rows[kept]), Growing(found.errors.rows[kept])
    exact.points = {new: exact.points[old] for new, old in enumerate(kept.tolist())}


class _Run:
    """One enumeration under way: the block that cuts now, and the forms of what later blocks still read."""

    def __init__(self, found: Arrangement, budget: Budget, limit: int | None) -> None:
        self.found, self.budget, self.limit = found, budget, limit
        everywhere = np.zeros(found.complex.cell_count, dtype=np.int32)
        self.sources: dict[int, FormSource] = {0: FormSource(float_forms.inputs(found.domain), everywhere)}

    def all_blocks(self) -> None:
        """Every block in turn."""
        network = self.found.domain.network
        for k, block in enumerate(network.blocks, start=1):
            self.budget.check()
            cells, width = self.found.complex.cell_count, self.found.domain.dimension + 1
            made = float_forms.preactivations(block, self.sources, cells, width)
            for source in [s for s, last in network.last_use.items() if last == k]:
                self.sources.pop(source, None)
            if not block.relu:
                self.sources[k] = FormSource(made, np.arange(cells, dtype=np.int32))
                self.found.outputs = made
                continue
            base, bits = self._cut_with(k, made)
            self.sources = {s: source.of_cells(base) for s, source in self.sources.items()}
            self.sources[k] = FormSource(made, base, bits, np.arange(len(base), dtype=np.int32))
            self.found.layers.append(CuttingLayer(k, block.size, bits, base))

    def _cut_with(self, k: int, made: Forms) -> tuple[Ids, NDArray[np.uint8]]:
        """Cut with all units of a block; for each cell the one before the block that it is part of, and packed bits."""
        found, size = self.found, len(made.rows)
        base = Growing(np.arange(found.complex.cell_count, dtype=np.int32))
        bits = Growing(np.zeros((base.size, (size + 7) // 8), dtype=np.uint8))
        settled = self._settled(k, made, base)
        bits.rows[:] = np.packbits(settled > 0)
        for unit in np.flatnonzero(settled == 0).tolist():
            self.budget.check()
            values, signs = self._signs(k, unit, made, base)
            if signs.all() and (signs == signs[0]).all():
                bits.rows[:, unit // 8] |= np.uint8((signs[0] > 0) << (7 - unit % 8))
                continue
            cut = found.complex.cut(signs, lambda cells, unit=unit: self._new_forms(k, unit, made, base, cells))  # type: ignore[misc]
            base.extend(base.rows[cut.cells])
            bits.extend(bits.rows[cut.cells])
            bits.rows[:, unit // 8] |= cut.is_on.astype(np.uint8) << np.uint8(7 - unit % 8)
            _place(found, cut.edges, values)
            if self.limit is not None and found.complex.cell_count > self.limit < lower_bound(found):
                raise TooManyCells(f"more than {self.limit} cells")
            if unit % 16 == 0:
                self.budget.report(f"block {k}, unit {unit} of {size}: {found.complex.cell_count} cells")
        return base.rows.copy(), bits.rows.copy()

    def _settled(self, k: int, made: Forms, base: Growing) -> Signs:
        """1 for units positive at all vertices, -1 for those positive at none (no cut by others changes that), else 0.

        All units at once: where there are few vertices, most of the work would go to the loop over units.
        """
        points, places = self.found.points.rows, self.found.errors.rows
        found = np.zeros(len(made.rows), dtype=np.int8)
        if len(points) > FEW_VERTICES:
            return found
        home = base.rows[self.found.complex.levels[0].home.rows]
        with np.errstate(over="ignore", invalid="ignore"):
            rows = made.rows[:, :, home]
            values = np.einsum("ucv,vc->uv", rows, points)
            clear = _decided(values, np.abs(rows).sum(axis=1), made.errors[:, home], places, rows.shape[1])
        signs = np.sign(np.where(clear, values, 0.0)).astype(np.int8)
        doubtful = np.flatnonzero(~clear.all(axis=0)).astype(np.int32)
        if len(doubtful):
            exact = self.found.exact.block_signs(k, doubtful, self.budget)
            signs[:, doubtful] = np.where(clear[:, doubtful], signs[:, doubtful], exact)
        found[(signs > 0).all(axis=1)] = 1
        found[(signs <= 0).all(axis=1)] = -1
        return found

    def _signs(self, k: int, unit: int, made: Forms, base: Growing) -> tuple[Floats, Signs]:
        """Values of a unit at the vertices (approximate where the sign was decided exactly), and their exact signs."""
        found = self.found
        points, places = found.points.rows, found.errors.rows
        home = base.rows[found.complex.levels[0].home.rows]
        row, error = made.rows[unit], made.errors[unit]
        width = len(row)
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.zeros(len(points))
            for form, coordinate in zip(row, points.T, strict=True):
                values += form[home] * coordinate
            size = np.abs(row).sum(axis=0)
            decided = _decided(values, size[home], error[home], places, width)
        signs = np.sign(np.where(decided, values, 0.0)).astype(np.int8)
        open_ones = np.flatnonzero(~decided)
        if len(open_ones):
            exact = found.exact.signs(k, unit, open_ones.astype(np.int32), self.budget)
            signs[open_ones] = exact
            sizes = np.maximum(np.nan_to_num(np.abs(values[open_ones]), nan=1.0, posinf=1.0), TINY)
            values[open_ones] = exact * sizes
        return values, signs

    def _new_forms(self, k: int, unit: int, made: Forms, base: Growing, cells: Ids) -> int:
        """Enter the unit's forms on the cells that it divides; returns the number of the first."""
        found = self.found
        first = found.form_rows.size
        before = base.rows[cells]
        sources = np.empty((len(cells), 4), dtype=np.int32)
        sources[:, 0], sources[:, 1], sources[:, 2], sources[:, 3] = len(found.layers), k, unit, before
        rows, errors = made.rows[unit][:, before].T, made.errors[unit][before]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            scale = np.abs(rows).max(axis=1)
            scaled, relative = rows / scale[:, None], errors / scale * ENLARGED + 2.0**-52
        found.form_rows.extend(scaled)
        found.form_errors.extend(relative)
        found.form_sources.extend(sources)
        for i in np.flatnonzero(~(relative < CERTAIN) | ~np.isfinite(scale)).tolist():
            self.budget.check()
            found.form_rows.rows[first + i] = _scaled([found.exact.form(first + i)])[0]
            found.form_errors.rows[first + i] = 2.0**-52
        return first


def _place(found: Arrangement, edges: Ids, values: Floats) -> None:
    """Places of the new vertices: each divides an edge with a vertex of positive and one of negative value."""
    if not len(edges):
        return
    tight = found.complex.levels[0].tight.rows[len(found.points.rows) :]
    guess = _between(found.points.rows[edges], values[edges])
    points, errors = _verified(guess, found.form_rows.rows[tight], found.form_errors.rows[tight])
    first = len(found.points.rows)
    found.points.extend(np.where((errors < CERTAIN)[:, None], points, guess))
    found.errors.extend(errors)
    for i in np.flatnonzero(~(errors < CERTAIN)).tolist():
        found.points.rows[first + i] = _scaled([found.exact.point(first + i)])[0]
        found.errors.rows[first + i] = 2.0**-52


def _between(ends: Floats, values: Floats) -> Floats:
    """Where the value is zero on edges, roughly, the largest coordinate +1 or -1; shapes (n, 2, width), (n, 2)."""
    size = np.abs(values)
    size = size / size.max(axis=1, keepdims=True)
    found = size[:, 1, None] * ends[:, 0] + size[:, 0, None] * ends[:, 1]
    largest = np.abs(found).max(axis=1, keepdims=True)
    return np.asarray(found / np.where(largest > 0, largest, 1.0))


def _decided(values: Floats, sizes: Floats, errors: Floats, places: Floats, width: int) -> Any:
    """Whether the sign of a form at a vertex is that of its float value: the error is smaller.

    ``sizes`` are sums of the form's absolute coefficients, which are off by ``errors``, of ``width`` of them; vertices,
    whose largest coordinate is 1, are off by ``places``.
    """
    doubt = width * errors * (1 + places) + sizes * (places + gamma(width + 2))
    return np.abs(values) > doubt * ENLARGED + TINY


def _verified(guess: Floats, forms: Floats, doubts: Floats) -> tuple[Floats, Floats]:
    """Better places and bounds on their errors (infinite where none is found), see the module's docstring."""
    width = guess.shape[1]
    held = np.abs(guess).argmax(axis=1)
    others = np.array([[j for j in range(width) if j != i] for i in range(width)])[held]
    matrix = np.take_along_axis(forms, others[:, None, :], axis=2)
    with np.errstate(all="ignore"):
        singular = ~(np.abs(np.linalg.det(matrix)) > TINY)
        matrix[singular] = np.eye(width - 1)
        inverse = np.linalg.inv(matrix)
        points = guess.copy()
        step = np.einsum("nij,nj->ni", inverse, np.einsum("nij,nj->ni", forms, guess))
        np.put_along_axis(points, others, np.take_along_axis(guess, others, axis=1) - step, axis=1)
        lost = gamma(width + 2)
        residual = np.abs(np.einsum("nij,nj->ni", forms, points))
        sizes = np.abs(points)
        residual += lost * np.einsum("nij,nj->ni", np.abs(forms), sizes) + doubts * sizes.sum(axis=1, keepdims=True)
        bound = np.einsum("nij,nj->ni", np.abs(inverse), residual).max(axis=1)
        gap = np.abs(np.eye(width - 1) - np.einsum("nij,njk->nik", inverse, matrix))
        gap += lost * np.einsum("nij,njk->nik", np.abs(inverse), np.abs(matrix) + 1)
        gap += np.einsum("nij,nj->ni", np.abs(inverse), doubts)[:, :, None]
        contraction = gap.sum(axis=2).max(axis=1)
        good = ~singular & (contraction < 0.5) & np.isfinite(points).all(axis=1) & (sizes.max(axis=1) < 2)
        errors = np.where(good, bound / (1 - contraction) * ENLARGED + TINY, np.inf)
    return points, errors


def _scaled(rows: Sequence[IntegerForm]) -> Floats:
    """Integer rows divided by their largest entry, rounded to nearest."""
    found = []
    for row in rows:
        largest = max(abs(n) for n in row)
        found.append([nearest_float(n, largest) for n in row])
    return np.array(found)
