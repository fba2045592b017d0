"""Exact data of single cells: corners, half-spaces, area, neighbours and what switches between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.exact import IntegerForm
from verify.arrangement.merging import Labels
from verify.arrangement.volumes import exact_volume, triangulation

Point = tuple[Fraction, ...]


@dataclass(frozen=True, eq=False)
class Neighbour:
    """The polytope behind a facet, the units (block, index) whose bits differ there, and whether the affine map does.

    ``half_space`` is the facet's form, positive on this side.
    """

    cell: int
    half_space: IntegerForm
    units: tuple[tuple[int, int], ...]
    is_effective: bool


@dataclass(frozen=True, eq=False)
class CellDetails:
    """One polytope of the complex, over the free coordinates.

    ``inside`` is a point of its interior; ``vertices`` are its finite corners, ``rays`` its directions to infinity,
    without order. ``half_spaces`` are its facets' forms (coefficients, then the constant), positive inside; none is
    redundant. ``volume`` is exact (length, area, volume in the free coordinates), None where the cell is infinite.
    """

    number: int
    piece: int
    map: int
    inside: Point
    vertices: tuple[Point, ...]
    rays: tuple[tuple[int, ...], ...]
    half_spaces: tuple[IntegerForm, ...]
    volume: Fraction | None
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, eq=False)
class Polytope:
    """The geometry of ``CellDetails``; ``facets`` are the forms of its facets by their numbers, w >= 0 included."""

    number: int
    inside: Point
    vertices: tuple[Point, ...]
    rays: tuple[tuple[int, ...], ...]
    facets: dict[int, IntegerForm]
    volume: Fraction | None

    @property
    def half_spaces(self) -> tuple[IntegerForm, ...]:
        """The forms of its facets; w >= 0 bounds cells at infinity, and is none."""
        return tuple(form for form in self.facets.values() if any(form[:-1]))


def details(found: Arrangement, labels: Labels) -> Iterator[CellDetails]:
    """Every polytope of the complex in turn (an infinite coordinate divides cells at 0, which their labels tell)."""
    beside = _neighbours(found, labels)
    for it in polytopes(found):
        yield CellDetails(
            it.number,
            int(labels.pieces[it.number]),
            int(labels.maps[it.number]),
            it.inside,
            it.vertices,
            it.rays,
            it.half_spaces,
            it.volume,
            tuple(replace(other, half_space=it.facets[facet]) for facet, other in beside.get(it.number, ())),
        )


def polytopes(found: Arrangement) -> Iterator[Polytope]:
    """The geometry of every polytope of the complex in turn."""
    corners = vertices_of_faces(found, found.complex.dimension)
    facets = grouped(found.complex.levels[-1].up.rows, found.complex.levels[-1].down.rows, found.complex.cell_count)
    simplices, owners = triangulation(found.complex)
    filling = grouped(owners, np.arange(len(owners), dtype=np.int32), found.complex.cell_count)
    for cell in range(found.complex.cell_count):
        points = {v: found.exact.point(v) for v in corners[cell].tolist()}
        finite = [p for p in points.values() if p[-1]]
        yield Polytope(
            cell,
            inside_of(points.values()),
            tuple(tuple(Fraction(n, p[-1]) for n in p[:-1]) for p in finite),
            tuple(p[:-1] for p in points.values() if not p[-1]),
            {f: _half_space(found, f, points) for f in facets[cell].tolist()},
            None
            if len(finite) < len(points)
            else exact_volume([[points[v] for v in simplex] for simplex in simplices[filling[cell]].tolist()]),
        )


def grouped(up: Ids, down: Ids, count: int) -> list[Ids]:
    """For each number below ``count`` what it is paired with."""
    order = np.argsort(up, kind="stable")
    return np.split(down[order], np.cumsum(np.bincount(up, minlength=count))[:-1])


def vertices_of_cells(found: Arrangement) -> list[Ids]:
    """The vertices of every polytope of the complex, those at infinity included."""
    return vertices_of_faces(found, found.complex.dimension)


def vertices_of_faces(found: Arrangement, dimension: int) -> list[Ids]:
    """The vertices of every face of one dimension."""
    levels = found.complex.levels[: dimension + 1]
    if len(levels) == 1:
        return list(np.arange(levels[0].count, dtype=np.int32)[:, None])
    up, down = levels[-1].up.rows, levels[-1].down.rows
    for level in reversed(levels[1:-1]):
        parts = grouped(level.up.rows, level.down.rows, level.count)
        lengths = np.array([len(part) for part in parts])[down]
        up, down = np.repeat(up, lengths), np.concatenate([parts[i] for i in down])
        pairs = np.unique(np.stack([up, down], axis=1), axis=0)
        up, down = pairs[:, 0], pairs[:, 1]
    return grouped(up, down, levels[-1].count)


def _half_space(found: Arrangement, facet: int, points: dict[int, IntegerForm]) -> IntegerForm:
    """The facet's form, with the sign that it has at the cell's other vertices."""
    form = found.exact.form(int(found.complex.levels[-2].tight.rows[facet, 0]))
    values = (sum(a * b for a, b in zip(form, point, strict=True)) for point in points.values())
    inside = next(value for value in values if value)
    return form if inside > 0 else tuple(-n for n in form)


def inside_of(points: Iterable[IntegerForm]) -> Point:
    """The mean of the finite corners, moved along every ray."""
    known = list(points)
    finite = [p for p in known if p[-1]]
    rays = [p for p in known if not p[-1]]
    whole = math.lcm(*(p[-1] for p in finite))
    return tuple(
        Fraction(sum(p[i] * (whole // p[-1]) for p in finite), whole * len(finite)) + sum(p[i] for p in rays)
        for i in range(len(known[0]) - 1)
    )


def _neighbours(found: Arrangement, labels: Labels) -> dict[int, list[tuple[int, Neighbour]]]:
    """For each polytope its facets and those behind them; the facets' forms are still to be filled in."""
    result: dict[int, list[tuple[int, Neighbour]]] = {}
    switching: list[list[tuple[int, int]]] = [[] for _ in labels.pairs]
    now = labels.pairs
    for layer in reversed(found.layers):
        differ = layer.on(now[:, 0]) != layer.on(now[:, 1])
        for place, unit in zip(*np.nonzero(differ), strict=True):
            switching[int(place)].append((layer.block, int(unit)))
        now = layer.parents[now]
    for facet, (a, b), units in zip(labels.facets.tolist(), labels.pairs.tolist(), switching, strict=True):
        effective = bool(labels.maps[a] != labels.maps[b])
        result.setdefault(a, []).append((facet, Neighbour(b, (), tuple(sorted(units)), effective)))
        result.setdefault(b, []).append((facet, Neighbour(a, (), tuple(sorted(units)), effective)))
    return result
