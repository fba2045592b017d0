"""Which cells have one affine map, exactly, and the linear pieces that they form.

Float64 with error bounds tells most maps apart; only maps that it cannot tell apart are computed exactly, once for all
cells whose units that some path of units that are on connects to an output agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.domain import Domain
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.exact import restricted
from verify.arrangement.forms import nonzero
from verify.kernel.core.cell import adjoint_form
from verify.kernel.exact import Pattern
from verify.network import Network
from verify.network.floats import gamma
from verify.rational import Floats
from verify.region.bases import Mask
from verify.search.budget import Budget

# An output's coefficients over the free coordinates and its constant: integers, and the denominator.
ExactMap = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Labels:
    """For each polytope of the complex the number of its activation cell, of its affine map and of its piece.

    ``facets`` are the facets between two polytopes, ``pairs`` the two; artificial ones lie within one cell.
    """

    cells: Ids
    maps: Ids
    pieces: Ids
    facets: Ids
    pairs: Ids

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of cells, of pieces and of distinct affine maps."""
        return tuple(int(labels.max()) + 1 for labels in (self.cells, self.pieces, self.maps))  # type: ignore[return-value]


def label(found: Arrangement, budget: Budget) -> Labels:
    """Cells, maps and pieces."""
    facets, pairs = found.complex.neighbours()
    maps = same_maps(found, budget)
    count = found.complex.cell_count
    cells = activation_cells(found, facets, pairs, lambda inner: same_patterns(found, inner))
    return Labels(cells, maps, joined(count, pairs[maps[pairs[:, 0]] == maps[pairs[:, 1]]]), facets, pairs)


def activation_cells(found: Arrangement, facets: Ids, pairs: Ids, same: Callable[[Ids], Mask]) -> Ids:
    """The number of each polytope's cell: artificial facets divide one where both sides have the ``same`` pattern."""
    count = found.complex.cell_count
    if not found.artificial:
        return np.arange(count, dtype=np.int32)
    inner = pairs[np.isin(found.complex.levels[-2].tight.rows[facets, 0], found.artificial)]
    return joined(count, inner[same(inner)])


def joined(count: int, pairs: Ids) -> Ids:
    """The connected components of a graph, numbered by their first members."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = csr_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first)).astype(np.int32)[inverse]


def same_patterns(found: Arrangement, pairs: Ids) -> Mask:
    """Whether both cells of a pair have the same bits in every layer."""
    same = np.ones(len(pairs), dtype=bool)
    now = pairs
    for layer in reversed(found.layers):
        same &= (layer.bits[now[:, 0]] == layer.bits[now[:, 1]]).all(axis=1)
        now = layer.parents[now]
    return same


def same_maps(found: Arrangement, budget: Budget) -> Ids:
    """A number for each polytope, equal exactly where the affine maps of all outputs are equal."""
    assert found.outputs is not None
    outputs, count = found.outputs, found.complex.cell_count
    values = np.moveaxis(outputs.rows, 2, 0).reshape(count, -1)
    width = outputs.rows.shape[1]
    errors = np.repeat(outputs.errors.T, width, axis=1)
    labels = np.zeros(count, dtype=np.int32)
    number = 0
    for group in _indistinct(values, errors):
        if len(group) == 1:
            labels[group] = number
            number += 1
            continue
        known: dict[ExactMap, int] = {}
        for members, exact in exact_maps(found, group, budget):
            if exact not in known:
                known[exact] = number
                number += 1
            labels[members] = known[exact]
    return labels


def _indistinct(values: Floats, errors: Floats) -> Iterator[Ids]:
    """Groups of rows (n, columns) so that rows of different groups differ for sure, whatever the errors are."""
    columns = values.shape[1]
    weights = np.random.default_rng(0).uniform(0.5, 1.0, columns)
    with np.errstate(over="ignore", invalid="ignore"):
        mixed = values @ weights
        doubt = (errors @ weights + gamma(columns + 2) * (np.abs(values) @ weights)) * (1 + 2.0**-20) + 1e-300
    pending = [(group, 0) for group in _overlapping(np.arange(len(values), dtype=np.int32), mixed, doubt)]
    while pending:
        group, column = pending.pop()
        if len(group) == 1 or column == columns:
            yield group
        else:
            parts = _overlapping(group, values[group, column], errors[group, column])
            pending += [(part, column + 1) for part in parts]


def _overlapping(group: Ids, values: Floats, doubts: Floats) -> list[Ids]:
    """The group divided where no interval ``value +- doubt`` of one part meets one of another."""
    with np.errstate(invalid="ignore"):
        low, high = values - doubts, values + doubts
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    order = np.argsort(low, kind="stable")
    reached = np.maximum.accumulate(high[order])
    return np.split(group[order], np.flatnonzero(low[order][1:] > reached[:-1]) + 1)


def exact_maps(found: Arrangement, cells: Ids, budget: Budget) -> Iterator[tuple[Ids, ExactMap]]:
    """The exact output maps of cells, each with all those of the cells that surely have it."""
    network = found.domain.network
    live = _live_bits(found, cells)
    blocks = [layer.block for layer in found.layers]
    rows = np.concatenate([live[k] for k in blocks], axis=1) if blocks else np.zeros((len(cells), 0), dtype=bool)
    packed = np.packbits(rows, axis=1) if rows.shape[1] else np.zeros((len(cells), 1), dtype=np.uint8)
    _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1):
        budget.check()
        place = int(first[inverse[members[0]]])
        yield cells[members], map_of(found.domain, network, {k: live[k][place] for k in blocks})


def map_of(domain: Domain, network: Network, pattern: Pattern) -> ExactMap:
    """The exact maps of all outputs under a pattern, each as coprime integers over their denominator."""
    last = len(network.blocks)
    return tuple(_fraction_row(domain, network, last, i, pattern) for i in range(network.output_size))


def _fraction_row(domain: Domain, network: Network, block: int, unit: int, pattern: Pattern) -> tuple[int, ...]:
    """Numerators and, last, the denominator in lowest terms."""
    numerators, constant, denominator = adjoint_form(network, block, unit, pattern)
    row, factor = restricted(domain, numerators, constant)
    below = denominator * domain.pinned_denominator
    divisor = math.gcd(factor, below)
    return (*(n * (factor // divisor) for n in row), below // divisor) if any(row) else (*row, 1)


def _live_bits(found: Arrangement, cells: Ids) -> dict[int, Mask]:
    """For each ReLU block which units are on and reach an output through units that are on, shape (cells, units)."""
    network = found.domain.network
    on: dict[int, Mask] = {}
    now = cells
    for layer in reversed(found.layers):
        on[layer.block] = layer.on(now)
        now = layer.parents[now]
    reached = {len(network.blocks): np.ones((len(cells), network.output_size), dtype=bool)}
    for k in range(len(network.blocks), 0, -1):
        block = network.blocks[k - 1]
        if k not in reached:
            reached[k] = np.zeros((len(cells), block.size), dtype=bool)
        if block.relu:
            reached[k] &= on[k]
        for source, _ in block.inputs:
            if source:
                add = reached[k].astype(np.float32) @ nonzero(block, source) > 0
                reached[source] = reached[source] | add if source in reached else add
    return {k: reached[k] for k in on}
