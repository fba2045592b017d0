"""Single cells that are handed on one by one, and what is kept of a finished part of a region to count them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b

import numpy as np

from verify.arrangement.details import Point, polytopes, vertices_of_faces
from verify.arrangement.domain import Domain
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.exact import IntegerForm
from verify.arrangement.maps import maps_of_cells
from verify.arrangement.merging import ExactMap, joined, map_of
from verify.kernel.exact import AffineForm, Pattern
from verify.search.budget import Budget
from verify.search.dividing.cells import AffinePart


@dataclass(frozen=True, eq=False)
class StreamedCell:
    """An activation cell over the free coordinates, exactly.

    ``maps`` has for each output integer coefficients, the constant, and their denominator; ``half_spaces`` are forms
    (coefficients, constant) that are positive inside. Of a complex they are the facets' and none is redundant;
    ``vertices`` and ``rays`` are all, without order, and ``volume`` is None where it is infinite. Of the split tree
    ``vertices``, ``rays`` and ``volume`` are None, and ``half_spaces`` those that cut the cell from the region, of which
    some may be redundant.
    """

    pattern: Pattern
    maps: ExactMap
    inside: Point
    half_spaces: tuple[IntegerForm, ...]
    vertices: tuple[Point, ...] | None = None
    rays: tuple[tuple[int, ...], ...] | None = None
    volume: Fraction | None = None


@dataclass(frozen=True, eq=False)
class FinishedPart:
    """The cells of a part, a digest of each one's map, and the number of its piece in the part.

    ``open_facets`` leads from a digest of each facet that another part has as well to the cell here.
    """

    cells: list[StreamedCell]
    maps: list[bytes]
    pieces: list[int]
    open_facets: dict[bytes, int]


def finished_part(found: Arrangement, budget: Budget) -> FinishedPart:
    """The cells of a complex that all units have cut; none of its facets is artificial."""
    pairs = found.complex.neighbours()[1]
    known_maps = maps_of_cells(found, pairs, budget)
    cells: list[StreamedCell] = []
    for it in polytopes(found):
        if it.number % 64 == 0:
            budget.check()
        pattern, rows = found.pattern(it.number), known_maps[it.number]
        cells.append(StreamedCell(pattern, rows, it.inside, it.half_spaces, it.vertices, it.rays, it.volume))
    maps = [digest(cell.maps) for cell in cells]
    known: dict[bytes, int] = {}
    numbers = np.array([known.setdefault(key, len(known)) for key in maps])
    pieces = joined(len(cells), pairs[numbers[pairs[:, 0]] == numbers[pairs[:, 1]]])
    return FinishedPart(cells, maps, pieces.tolist(), dict(_open_facets(found)))


def _open_facets(found: Arrangement) -> Iterator[tuple[bytes, int]]:
    """Facets of one cell that are no facets of the region, by their exact vertices."""
    if found.complex.dimension == 0:
        return
    top, facets = found.complex.levels[-1], found.complex.levels[-2]
    lone = np.bincount(top.down.rows, minlength=facets.count) == 1
    lone &= facets.tight.rows[:, 0] >= len(found.given)
    if not lone.any():
        return
    vertices = vertices_of_faces(found, found.complex.dimension - 1)
    for place in np.flatnonzero(lone[top.down.rows]).tolist():
        corners = sorted(found.exact.point(v) for v in vertices[top.down.rows[place]].tolist())
        yield digest(corners), int(top.up.rows[place])


def digest(rows: Iterable[tuple[int, ...]]) -> bytes:
    """256 bits that tell rows of integers apart."""
    return blake2b(";".join(",".join(f"{n:x}" for n in row) for row in rows).encode(), digest_size=32).digest()


def tree_cell(domain: Domain, cell: AffinePart) -> StreamedCell:
    """A leaf of the split tree."""
    rows = cell.rows[len(domain.problem.question.region.rows) :]
    inside = tuple(cell.interior[j] for j in domain.free)
    forms = tuple(domain.restricted(AffineForm(-row.coefficients, row.bound)) for row in rows)
    return StreamedCell(cell.leaf.pattern, map_of(domain, domain.network, cell.leaf.pattern), inside, forms)
