"""Single cells that are handed on one by one, and what is kept of a finished part of a region to count them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.details import Point, Polytope, polytopes, vertices_of_faces
from verify.arrangement.domain import Domain
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.exact import IntegerForm
from verify.arrangement.maps import maps_of_cells
from verify.arrangement.merging import ExactMap, activation_cells, joined, map_of, same_patterns
from verify.kernel.exact import AffineForm, Pattern
from verify.search.budget import Budget
from verify.search.dividing.cells import AffinePart


@dataclass(frozen=True, eq=False)
class StreamedCell:
    """An activation cell over the free coordinates, exactly.

    ``maps`` has for each output integer coefficients, the constant, and their denominator; ``half_spaces`` are forms
    (coefficients, constant) that are positive inside. Of a complex they are the facets' and none is redundant;
    ``vertices`` and ``rays`` are all, without order (and more than those where the cell contains a line), ``volume`` is
    None where it is infinite. Of the split tree ``vertices``, ``rays`` and ``volume`` are None, and ``half_spaces`` are
    those that cut the cell from the region, of which some may be redundant.
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
    """The cells of a complex that all units have cut; none goes on in another part."""
    facets, pairs = found.complex.neighbours()
    known_maps = maps_of_cells(found, pairs, budget)
    whole = activation_cells(found, facets, pairs, lambda inner: same_patterns(found, inner))
    inner = set(facets[whole[pairs[:, 0]] == whole[pairs[:, 1]]].tolist())
    members: dict[int, list[Polytope]] = {}
    for it in polytopes(found):
        if it.number % 64 == 0:
            budget.check()
        members.setdefault(int(whole[it.number]), []).append(it)
    cells = [_cell(found, members[cell], inner, known_maps[members[cell][0].number]) for cell in range(len(members))]
    pairs = whole[pairs]
    maps = [digest(cell.maps) for cell in cells]
    known: dict[bytes, int] = {}
    numbers = np.array([known.setdefault(key, len(known)) for key in maps])
    pieces = joined(len(cells), pairs[numbers[pairs[:, 0]] == numbers[pairs[:, 1]]])
    return FinishedPart(cells, maps, pieces.tolist(), dict(_open_facets(found, whole)))


def _cell(found: Arrangement, parts: list[Polytope], inner: set[int], maps: ExactMap) -> StreamedCell:
    """A cell of one polytope, or of several that artificial facets (``inner``) divide."""
    it, pattern = parts[0], found.pattern(parts[0].number)
    if len(parts) == 1:
        return StreamedCell(pattern, maps, it.inside, it.half_spaces, it.vertices, it.rays, it.volume)
    bounds = (form for part in parts for facet, form in part.facets.items() if facet not in inner and any(form[:-1]))
    forms = tuple(dict.fromkeys(bounds))
    points = tuple(dict.fromkeys(point for part in parts for point in part.vertices))
    rays = tuple(dict.fromkeys(ray for part in parts for ray in part.rays))
    size = found.domain.dimension
    if _rank([form[:-1] for form in forms]) == size:  # the cell contains no line: what is no corner of it goes
        points = tuple(p for p in points if _rank([f[:-1] for f in forms if _at(f, (*p, Fraction(1))) == 0]) == size)
        rays = tuple(r for r in rays if _rank([f[:-1] for f in forms if _at(f, r) == 0]) == size - 1)
    volumes = [part.volume for part in parts]
    volume = None if None in volumes else sum((v for v in volumes if v is not None), Fraction(0))
    return StreamedCell(pattern, maps, it.inside, forms, points, rays, volume)


def _rank(rows: Sequence[Sequence[int]]) -> int:
    from flint import fmpz_mat

    return int(fmpz_mat(len(rows), len(rows[0]), [n for row in rows for n in row]).rank()) if rows else 0


def _at(form: IntegerForm, point: Sequence[Fraction | int]) -> Fraction | int:
    """The value at a point, or, without a last coordinate, at a direction."""
    return sum(a * b for a, b in zip(form, point, strict=False))


def _open_facets(found: Arrangement, whole: Ids) -> Iterator[tuple[bytes, int]]:
    """Facets of one polytope that are no facets of the region, by their exact vertices, and its cell."""
    if found.complex.dimension == 0:
        return
    top, facets = found.complex.levels[-1], found.complex.levels[-2]
    lone = np.bincount(top.down.rows, minlength=facets.count) == 1
    forms = facets.tight.rows[:, 0]
    lone &= (forms >= len(found.given)) | np.isin(forms, found.artificial)
    if not lone.any():
        return
    vertices = vertices_of_faces(found, found.complex.dimension - 1)
    for place in np.flatnonzero(lone[top.down.rows]).tolist():
        corners = sorted(found.exact.point(v) for v in vertices[top.down.rows[place]].tolist())
        yield digest(corners), int(whole[top.up.rows[place]])


def digest(rows: Iterable[tuple[int, ...]]) -> bytes:
    """256 bits that tell rows of integers apart."""
    return blake2b(";".join(",".join(f"{n:x}" for n in row) for row in rows).encode(), digest_size=32).digest()


def tree_cell(domain: Domain, cell: AffinePart) -> StreamedCell:
    """A leaf of the split tree."""
    rows = cell.rows[len(domain.problem.question.region.rows) :]
    inside = tuple(cell.interior[j] for j in domain.free)
    forms = tuple(domain.restricted(AffineForm(-row.coefficients, row.bound)) for row in rows)
    return StreamedCell(cell.leaf.pattern, map_of(domain, domain.network, cell.leaf.pattern), inside, forms)
