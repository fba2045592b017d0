"""What is drawn of an arrangement of one or two dimensions: exact breaks, exact polygons, and places in a window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.arrangement.counting import Pieces, count
from verify.arrangement.details import Point, vertices_of_cells
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import map_of
from verify.errors import BudgetExceeded
from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.rational import Vector, vector
from verify.region import Region, segment
from verify.search.budget import Budget

Corner: TypeAlias = tuple[Fraction, Fraction]
Places: TypeAlias = NDArray[np.float64]
# A window narrower than this share of its coordinates is measured exactly: float64 would merge its vertices.
NARROW = 2.0**-20


@dataclass(frozen=True, eq=False)
class DrawnPolygon:
    """A cell: the numbers of its piece and of its map, its corners in order around it, and the maps of the outputs."""

    piece: int
    map: int
    corners: list[Corner]
    forms: tuple[AffineForm, ...]


def counted_cells(network: Network, region: Region, budget: Budget, limit: int) -> Pieces:
    """The cells themselves; ``BudgetExceeded`` where they are too many, or not found in time."""
    found = count(network, region, budget, limit)
    if found.arrangement is None:
        raise BudgetExceeded(f"there are {found.reason}" if found.reason.startswith("more") else found.reason)
    return found


def breaks(network: Network, start: Vector, end: Vector, budget: Budget, limit: int) -> list[Fraction]:
    """Where the affine map changes between two different points: parameters from 0 (start) to 1 (end), in order."""
    found = counted_cells(network, segment(start, end), budget, limit)
    assert found.arrangement is not None and found.labels is not None
    begin = found.domain.base.low[0]  # not 0 where the line passes through the input 0: see ``region.window``
    maps, pairs = found.labels.maps, found.labels.pairs
    vertices = found.labels.facets[maps[pairs[:, 0]] != maps[pairs[:, 1]]]
    return sorted(place(found.arrangement, int(v))[0] - begin for v in vertices)


def polygons(found: Pieces) -> list[DrawnPolygon]:
    """The cells of a bounded arrangement in the plane, exactly."""
    arrangement, labels = found.arrangement, found.labels
    assert arrangement is not None and labels is not None
    forms: dict[int, tuple[AffineForm, ...]] = {}
    result = []
    for cell, vertices in enumerate(vertices_of_cells(arrangement)):
        number = int(labels.maps[cell])
        if number not in forms:
            forms[number] = map_at(arrangement, cell)
        corners = around([_corner(arrangement, int(v)) for v in vertices])
        result.append(DrawnPolygon(int(labels.pieces[cell]), number, corners, forms[number]))
    return result


def map_at(found: Arrangement, cell: int) -> tuple[AffineForm, ...]:
    """The maps of all outputs on a cell, over the free coordinates."""
    rows = map_of(found.domain, found.domain.network, found.pattern(cell))
    return tuple(_affine(row) for row in rows)


def _affine(row: tuple[int, ...]) -> AffineForm:
    *numerators, denominator = row
    values = [Fraction(n, denominator) for n in numerators]
    return AffineForm(vector(values[:-1]), values[-1])


def around(points: Iterable[Corner]) -> list[Corner]:
    """The corners of a convex polygon in order: along its lower side from left to right, and back along the upper."""
    ordered = sorted(points)
    (ax, ay), (bx, by) = ordered[0], ordered[-1]
    heights = [(bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax) for p in ordered]
    # Corners on the line between the ends lie on the side where there are no others.
    is_flat_below = not any(h < 0 for h in heights)
    lower = [p for p, h in zip(ordered, heights, strict=True) if h < 0 or (h == 0 and is_flat_below)]
    ends = (ordered[0], ordered[-1])
    upper = [
        p for p, h in zip(ordered, heights, strict=True) if p not in ends and (h > 0 or (h == 0 and p not in lower))
    ]
    lower = [p for p in lower if p not in ends]
    return [ordered[0], *lower, ordered[-1], *reversed(upper)]


def place(found: Arrangement, vertex: int) -> Point:
    """A finite vertex, exactly."""
    *numerators, weight = found.exact.point(vertex)
    return tuple(Fraction(n, weight) for n in numerators)


def _corner(found: Arrangement, vertex: int) -> Corner:
    x, y = place(found, vertex)
    return x, y


def in_window(found: Arrangement) -> tuple[Places, Point, Point]:
    """Every vertex as shares (from 0 to 1) of the window around all of them, and the window's low and high corner."""
    points = found.points.rows
    places = np.asarray(points[:, :-1] / points[:, -1:])
    low, high = places.min(axis=0), places.max(axis=0)
    if (high - low > NARROW * np.maximum(np.abs(low), np.abs(high))).all():
        ends = [
            [place(found, int(v))[i] for i, v in enumerate(pick(places, axis=0))] for pick in (np.argmin, np.argmax)
        ]
        return (places - low) / (high - low), tuple(ends[0]), tuple(ends[1])
    exact = [place(found, v) for v in range(len(points))]
    least, most = (tuple(pick(column) for column in zip(*exact, strict=True)) for pick in (min, max))
    shares = [[float((v - a) / (b - a)) for v, a, b in zip(p, least, most, strict=True)] for p in exact]
    return np.array(shares), least, most
