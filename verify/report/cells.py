"""Cells and pieces of a plane arrangement as SVG: one way for files, reports, notebooks and the page.

Pieces are coloured by the gradient of an output; lines between cells are solid where the affine map changes and
dashed where a unit switches without effect. Places come from vertices verified to about 2^-24 of the picture or better.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import Labels
from verify.arrangement.plane import Places
from verify.arrangement.values import piece_maps, rows_of_pieces
from verify.report.markup import element

# Beyond this many pieces tooltips show rounded maps.
EXACT_MAPS = 400
# So many pieces or more are drawn without tooltips, so that a browser opens them quickly.
MOST_TIPS = 3000


@dataclass(frozen=True, eq=False)
class CellsDrawing:
    """An arrangement with its labels, and the places of its vertices on the paper, shape (vertices, 2)."""

    found: Arrangement
    labels: Labels
    paper: Places

    def areas(self, names: Sequence[str], output: int = 0) -> Markup:
        """Each piece with its map to be shown when pointed at; where they are too many, one path for each colour."""
        if int(self.labels.pieces.max()) < MOST_TIPS:
            maps = piece_maps(self.found, self.labels, names, EXACT_MAPS)
            drawn = [
                element("path", element("title", tip), d=shape, fill=fill, stroke=fill)
                for shape, fill, tip in zip(self._shapes(2), self.fills(output), maps, strict=True)
            ]
            return element("g", *drawn, class_="area")
        grouped: dict[str, list[str]] = {}
        for shape, fill in zip(self._shapes(1), self.fills(output, 6), strict=True):
            grouped.setdefault(fill, []).append(shape)
        return element("g", *(element("path", d="".join(d), fill=fill) for fill, d in grouped.items()), class_="area")

    def folds(self) -> list[Markup]:
        """Lines between cells: where the map does not change, and where it does."""
        ends = self.found.complex.edge_ends()
        cells, maps, pairs = self.labels.cells, self.labels.maps, self.labels.pairs
        inner = cells[pairs[:, 0]] != cells[pairs[:, 1]]
        same = maps[pairs[:, 0]] == maps[pairs[:, 1]]
        parts = []
        for chosen, kind in ((inner & same, "fold still"), (inner & ~same, "fold")):
            lines = self.paper[ends[self.labels.facets[chosen]]].reshape(-1, 4).tolist()
            if lines:
                path = "".join([f"M{a:.2f} {b:.2f}L{c:.2f} {d:.2f}" for a, b, c, d in lines])
                thin = "stroke-width:.3" if self.found.complex.cell_count >= MOST_TIPS else None
                parts.append(element("path", d=path, class_=kind, style=thin))
        return parts

    def fills(self, output: int = 0, steps: int = 0) -> list[str]:
        """For each piece: hue is the gradient's direction, lightness the rank of its length (and of the constant).

        So different maps have different colours, unless ``steps`` asks for few of them.
        """
        rows = rows_of_pieces(self.found, self.labels)[output]
        slopes, constants = rows[:-1].T, rows[-1]
        lengths = np.sqrt((slopes**2).sum(axis=1))
        ranks = np.unique(np.stack([lengths, constants]), axis=1, return_inverse=True)[1].ravel()
        shares = ranks / max(int(ranks.max()), 1)
        angles = np.arctan2(slopes[:, 1], slopes[:, 0])
        if steps:
            shares, angles = np.round(shares * steps) / steps, np.round(angles * steps) / steps
        return [
            colour(float(angle) if length else None, float(share))
            for angle, length, share in zip(angles, lengths, shares, strict=True)
        ]

    def _shapes(self, digits: int) -> list[str]:
        """For each piece the outlines of its cells."""
        cells, vertices = outlines(self.found, self.paper)
        starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
        texts = [f"{x:.{digits}f} {y:.{digits}f}" for x, y in self.paper.tolist()]
        outlined: list[list[str]] = [[] for _ in range(int(self.labels.pieces.max()) + 1)]
        piece_of = self.labels.pieces.tolist()
        for cell, ring in zip(cells[starts].tolist(), np.split(vertices, starts[1:]), strict=True):
            outlined[piece_of[cell]].append("M" + " ".join([texts[v] for v in ring.tolist()]) + "Z")
        return ["".join(parts) for parts in outlined]


def colour(angle: float | None, share: float) -> str:
    """The colour of a direction (None where there is none); the larger the share (from 0 to 1), the darker."""
    hue, saturation = (0.0, 0.0) if angle is None else (angle / (2 * math.pi) % 1, 0.62)
    rgb = colorsys.hls_to_rgb(hue, 0.88 - 0.3 * share, saturation)
    return "#" + "".join(f"{round(v * 255):02x}" for v in rgb)


def outlines(found: Arrangement, places: Places) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Cells and their vertices of a plane arrangement, sorted by cell and around each cell."""
    cells = found.complex.levels[2]
    ends = found.complex.edge_ends()
    pairs = np.stack([np.repeat(cells.up.rows, 2), ends[cells.down.rows].ravel()], axis=1)
    pairs = np.unique(pairs, axis=0)
    cell, vertex = pairs[:, 0], pairs[:, 1]
    amounts = np.bincount(cell)
    middle = np.stack([np.bincount(cell, places[vertex, i]) / amounts for i in (0, 1)], axis=1)
    # Thin cells are stretched along their longest diagonal: angles are taken after scaling each cell to a square.
    offset = places[vertex] - middle[cell]
    reach = np.stack([_largest(cell, np.abs(offset[:, i]), len(amounts)) for i in (0, 1)], axis=1)
    offset /= np.where(reach > 0, reach, 1.0)[cell]
    around = np.lexsort((np.arctan2(offset[:, 1], offset[:, 0]), cell))
    return cell[around], vertex[around]


def _largest(group: NDArray[np.int32], values: Places, size: int) -> Places:
    result = np.zeros(size)
    np.maximum.at(result, group, values)
    return result
