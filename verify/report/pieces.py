"""Pictures of cells and linear pieces on a region of one or two dimensions, as SVG that needs nothing else.

Pieces are coloured by the gradient of the first output; lines between cells are solid where the affine map changes and
dashed where a unit switches without effect. Places come from vertices verified to about 2^-24 of the picture or better.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from verify.arrangement.counting import Pieces, count_on
from verify.arrangement.domain import Domain
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import Labels
from verify.arrangement.values import gradients, piece_maps
from verify.errors import InputError
from verify.rational import counted, display, vector
from verify.region import Box
from verify.report.axes import ticks
from verify.report.markup import element
from verify.search.budget import Budget

Places: TypeAlias = NDArray[np.float64]

WIDTH, LEFT, RIGHT, TOP, LEGEND, GAP = 640, 46, 14, 12, 64, 34
# Beyond this many pieces tooltips show rounded maps.
EXACT_MAPS = 400
# So many pieces or more are drawn without tooltips, so that a browser opens them quickly.
MOST_TIPS = 3000
# More outputs than this are not drawn over a line.
MOST_CURVES = 6
STYLE = """
svg.pieces{font:12px system-ui,sans-serif;color-scheme:light dark;background:#fff;color:#222}
svg.pieces text{fill:currentColor}svg.pieces .frame{fill:none;stroke:currentColor;stroke-width:.8}
svg.pieces .edge{fill:none;stroke:#222;stroke-width:.7;vector-effect:non-scaling-stroke}
svg.pieces .still{stroke-dasharray:3 3;stroke:#444;stroke-width:.6}
svg.pieces .area path{stroke-width:.4}svg.pieces .area path:hover{opacity:.75}
svg.pieces .grid{stroke:#ccc;stroke-width:.5}svg.pieces .curve{fill:none;stroke-width:1.8}
svg.pieces .dot{fill:#222}
@media (prefers-color-scheme:dark){svg.pieces{background:#16181c;color:#ddd}svg.pieces .area{opacity:.72}
svg.pieces .edge{stroke:#e8e8e8}svg.pieces .still{stroke:#bbb}svg.pieces .grid{stroke:#444}svg.pieces .dot{fill:#eee}}
"""


@dataclass(frozen=True)
class Picture:
    """A drawing with its caption."""

    svg: Markup
    caption: str

    def document(self) -> str:
        """A file of its own."""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg}\n'

    def _repr_svg_(self) -> str:
        """For notebooks."""
        return str(self.svg)


def picture(found: Pieces, budget: Budget | None = None) -> Picture:
    """Draw the pieces; of an infinite region a window that shows every finite vertex."""
    if found.arrangement is None or found.labels is None or found.domain.dimension not in (1, 2):
        raise InputError(
            f"a picture of {found.domain.region.text or 'the region'}: expected counts on a region of one or two"
            f" dimensions, this one has {found.domain.dimension}; take a segment or a slice of it"
        )
    note = ""
    shown = found
    if not _is_bounded(found.arrangement):
        window = _window(found)
        shown = count_on(window, budget or Budget())
        note = f"; the region is infinite, {_sides(window)} of it is shown"
    assert shown.arrangement is not None and shown.labels is not None
    text = (
        f"{counted(found.cells or 0, 'cell')}, {counted(found.pieces or 0, 'linear piece')},"
        f" {counted(found.affine_maps or 0, 'affine map')}{note}"
    )
    draw = _line if found.domain.dimension == 1 else _plane
    names = _axis_names(found.domain)
    return Picture(draw(shown.arrangement, shown.labels, names, text), text)


def _axis_names(domain: Domain) -> list[str]:
    """The inputs' names; parameters of a slice or of a thin region's hull are called t."""
    letter = "x" if domain.region.chart is None and not domain.problem.equations else "t"
    if domain.problem.question.region.dimension == 1:
        return [letter]
    return [f"{letter}{j}" for j in domain.free]


def _is_bounded(found: Arrangement) -> bool:
    return bool((found.points.rows[:, -1] > 0).all())


def _window(found: Pieces) -> Domain:
    """The domain with sides where it is infinite, around all finite vertices."""
    assert found.arrangement is not None
    points = found.arrangement.points.rows
    finite = points[points[:, -1] > 1e-12]
    places = finite[:, :-1] / finite[:, -1:]
    base, region = found.domain.base, found.domain.problem.question.region
    low, high = base.low.fractions(), base.high.fractions()
    for i, j in enumerate(found.domain.free):
        near, far = (Fraction(float(v)).limit_denominator(64) for v in (places[:, i].min(), places[:, i].max()))
        room = max((far - near) / 2, Fraction(1))
        low[j] = low[j] if base.low_finite[j] else near - room
        high[j] = high[j] if base.high_finite[j] else far + room
    whole = np.ones(base.dimension, dtype=bool)
    box = Box(vector(low), vector(high), whole, whole)
    question = replace(found.domain.problem.question, region=replace(region, base=box))
    return replace(found.domain, problem=replace(found.domain.problem, question=question))


def _sides(domain: Domain) -> str:
    sides = [f"[{display(domain.base.low[j])}, {display(domain.base.high[j])}]" for j in domain.free]
    return " × ".join(sides)


def _places(found: Arrangement) -> Places:
    points = found.points.rows
    return np.asarray(points[:, :-1] / points[:, -1:])


# Two dimensions.


def _plane(found: Arrangement, labels: Labels, names: list[str], caption: str) -> Markup:
    places = _places(found)
    low, high = places.min(axis=0), places.max(axis=0)
    span = high - low
    inner = WIDTH - LEFT - RIGHT
    height = int(inner * min(max(span[1] / span[0], 0.25), 1.25))
    paper = np.empty_like(places)
    paper[:, 0] = LEFT + (places[:, 0] - low[0]) / span[0] * inner
    paper[:, 1] = TOP + (high[1] - places[:, 1]) / span[1] * height
    areas = _areas(found, labels, names, paper)
    bottom = TOP + height
    whole = bottom + GAP + LEGEND
    parts = [
        element("title", caption),
        element("style", Markup(STYLE)),
        element("g", *areas, class_="area"),
        *_edges(found, labels, paper),
        element("rect", x=LEFT, y=TOP, width=inner, height=height, class_="frame"),
        *_scales(low, high, height, names),
        *_legend(bottom + GAP + 12, caption, found.outputs.rows.shape[0] if found.outputs else 1, wheel=True),
    ]
    box = f"0 0 {WIDTH} {whole}"
    return element(
        "svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=box, width=WIDTH, class_="pieces", role="img"
    )


def _areas(found: Arrangement, labels: Labels, names: list[str], paper: Places) -> list[Markup]:
    """Each piece with its map to be shown when pointed at; where they are too many, one path for each colour."""
    if int(labels.pieces.max()) < MOST_TIPS:
        maps = piece_maps(found, labels, names, EXACT_MAPS)
        return [
            element("path", element("title", tip), d=shape, fill=fill, stroke=fill)
            for shape, fill, tip in zip(
                _shapes(found, labels, paper, 2), _fills(maps.gradients), maps.sentences, strict=True
            )
        ]
    grouped: dict[str, list[str]] = {}
    for shape, fill in zip(_shapes(found, labels, paper, 1), _fills(gradients(found, labels), 6), strict=True):
        grouped.setdefault(fill, []).append(shape)
    return [element("path", d="".join(shapes), fill=fill) for fill, shapes in grouped.items()]


def _shapes(found: Arrangement, labels: Labels, paper: Places, digits: int) -> list[str]:
    """For each piece the outlines of its cells."""
    cells, vertices = corners(found)
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    texts = [f"{x:.{digits}f} {y:.{digits}f}" for x, y in paper.tolist()]
    outlines: list[list[str]] = [[] for _ in range(int(labels.pieces.max()) + 1)]
    piece_of = labels.pieces.tolist()
    for cell, ring in zip(cells[starts].tolist(), np.split(vertices, starts[1:]), strict=True):
        outlines[piece_of[cell]].append("M" + " ".join([texts[v] for v in ring.tolist()]) + "Z")
    return ["".join(parts) for parts in outlines]


def corners(found: Arrangement) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Cells and their vertices of a plane arrangement, sorted by cell and around each cell."""
    cells = found.complex.levels[2]
    ends = found.complex.edge_ends()
    pairs = np.stack([np.repeat(cells.up.rows, 2), ends[cells.down.rows].ravel()], axis=1)
    pairs = np.unique(pairs, axis=0)
    cell, vertex = pairs[:, 0], pairs[:, 1]
    places = _places(found)[vertex]
    amounts = np.bincount(cell)
    middle = np.stack([np.bincount(cell, places[:, i]) / amounts for i in (0, 1)], axis=1)
    # Thin cells are stretched along their longest diagonal: angles are taken after scaling each cell to a square.
    offset = places - middle[cell]
    reach = np.stack([_largest(cell, np.abs(offset[:, i]), len(amounts)) for i in (0, 1)], axis=1)
    offset /= np.where(reach > 0, reach, 1.0)[cell]
    around = np.lexsort((np.arctan2(offset[:, 1], offset[:, 0]), cell))
    return cell[around], vertex[around]


def _largest(group: NDArray[np.int32], values: Places, size: int) -> Places:
    result = np.zeros(size)
    np.maximum.at(result, group, values)
    return result


def _edges(found: Arrangement, labels: Labels, paper: Places) -> list[Markup]:
    """Lines between cells: where the map changes, and where it does not."""
    ends = found.complex.edge_ends()
    inner = labels.cells[labels.pairs[:, 0]] != labels.cells[labels.pairs[:, 1]]
    same = labels.maps[labels.pairs[:, 0]] == labels.maps[labels.pairs[:, 1]]
    parts = []
    for chosen, kind in ((inner & same, "edge still"), (inner & ~same, "edge")):
        lines = paper[ends[labels.facets[chosen]]].reshape(-1, 4).tolist()
        if lines:
            path = "".join([f"M{a:.2f} {b:.2f}L{c:.2f} {d:.2f}" for a, b, c, d in lines])
            thin = "stroke-width:.3" if found.complex.cell_count >= MOST_TIPS else None
            parts.append(element("path", d=path, class_=kind, style=thin))
    return parts


def _fills(slopes: Places, steps: int = 0) -> list[str]:
    """Hue is the gradient's direction, lightness the rank of its length; with ``steps``, few different ones."""
    lengths = np.sqrt((slopes**2).sum(axis=1))
    ranks = np.unique(lengths, return_inverse=True)[1]
    shares = ranks / max(int(ranks.max()), 1)
    angles = np.arctan2(slopes[:, 1], slopes[:, 0])
    if steps:
        shares, angles = np.round(shares * steps) / steps, np.round(angles * steps) / steps
    return [
        "#dddddd" if not length else colour(float(angle), float(share))
        for angle, length, share in zip(angles, lengths, shares, strict=True)
    ]


def colour(angle: float, share: float) -> str:
    """The colour of a direction; the longer the gradient (share from 0 to 1), the darker."""
    rgb = colorsys.hls_to_rgb(angle / (2 * math.pi) % 1, 0.88 - 0.3 * share, 0.62)
    return "#" + "".join(f"{round(v * 255):02x}" for v in rgb)


def _scales(low: Places, high: Places, height: int, names: list[str]) -> list[Markup]:
    """Round numbers below and to the left."""
    parts = []
    inner = WIDTH - LEFT - RIGHT
    for value in ticks(Fraction(float(low[0])), Fraction(float(high[0])), 7):
        x = LEFT + (float(value) - low[0]) / (high[0] - low[0]) * inner
        parts.append(element("text", _short(value), x=f"{x:.1f}", y=TOP + height + 15, text_anchor="middle"))
    for value in ticks(Fraction(float(low[1])), Fraction(float(high[1])), 7):
        y = TOP + (high[1] - float(value)) / (high[1] - low[1]) * height
        parts.append(element("text", _short(value), x=LEFT - 6, y=f"{y + 4:.1f}", text_anchor="end"))
    middle = LEFT + inner / 2
    parts.append(element("text", names[0], x=middle, y=TOP + height + 30, text_anchor="middle"))
    if len(names) > 1:
        parts.append(element("text", names[1], x=10, y=TOP + height / 2))
    return parts


def _short(value: Fraction) -> str:
    return f"{float(value):.6g}".replace("-", "−")


def _legend(top: int, caption: str, outputs: int, *, wheel: bool) -> list[Markup]:
    """What was counted, what the lines mean, and the wheel of directions."""
    parts = [element("text", caption, x=LEFT, y=top)]
    y = top + 22
    for x, kind, text in (
        (LEFT, "edge", "the map changes"),
        (LEFT + 160, "edge still", "a unit switches, the map does not"),
    ):
        parts.append(element("path", d=f"M{x} {y - 4}h28", class_=kind))
        parts.append(element("text", text, x=x + 36, y=y))
    if wheel:
        which = "of f" if outputs == 1 else "of the first output"
        x = WIDTH - RIGHT - 24
        for i in range(24):
            a, b = i * math.pi / 12, (i + 1) * math.pi / 12
            rim = " L".join(f"{x + 16 * math.cos(t):.2f} {y - 5 - 16 * math.sin(t):.2f}" for t in (a, b))
            path = f"M{x} {y - 5} L{rim}Z"
            parts.append(element("path", d=path, fill=colour((a + b) / 2, 0.6)))
        parts.append(element("text", f"gradient {which}", x=x - 24, y=y, text_anchor="end"))
    return parts


# One dimension.


def _line(found: Arrangement, labels: Labels, names: list[str], caption: str) -> Markup:
    """Each output as a curve; vertical lines where cells meet."""
    assert found.outputs is not None
    places = _places(found)[:, 0]
    order = np.argsort(places, kind="stable")
    homes = found.complex.levels[0].home.rows
    rows = found.outputs.rows[:MOST_CURVES]
    points = found.points.rows
    values = (rows[:, 0, homes] * points[:, 0] + rows[:, 1, homes] * points[:, 1]) / points[:, 1]
    left, right, low, high = places.min(), places.max(), values.min(), values.max()
    room = (high - low) * 0.08 or 1.0
    low, high = low - room, high + room
    inner, height = WIDTH - LEFT - RIGHT, 300
    across = LEFT + (places - left) / (right - left) * inner
    up = TOP + (high - values) / (high - low) * height
    parts = [element("title", caption), element("style", Markup(STYLE))]
    same = labels.maps[labels.pairs[:, 0]] == labels.maps[labels.pairs[:, 1]]
    parts += [
        element(
            "path",
            element("title", f"{names[0]} = {places[v]:.6g}"),
            d=f"M{across[v]:.2f} {TOP}v{height}",
            class_="edge still" if still else "grid",
        )
        for v, still in zip(labels.facets.tolist(), same.tolist(), strict=True)
    ]
    for i, curve in enumerate(up):
        line = " ".join(f"{x:.2f},{y:.2f}" for x, y in zip(across[order].tolist(), curve[order].tolist(), strict=True))
        hue = colour(2.4 + i * 2.39996, 1.0)
        title = "f" if len(found.outputs.rows) == 1 else f"f[{i}]"
        parts.append(element("polyline", element("title", title), points=line, stroke=hue, class_="curve"))
    bends = labels.facets[~same]
    if len(bends) <= 400:
        parts += [element("circle", cx=f"{across[v]:.2f}", cy=f"{up[0, v]:.2f}", r=2.4, class_="dot") for v in bends]
    parts.append(element("rect", x=LEFT, y=TOP, width=inner, height=height, class_="frame"))
    bounds = np.array([left, low]), np.array([right, high])
    name = "f" if len(rows) == 1 else "f[i]"
    parts += _scales(*bounds, height, [names[0], name])
    parts += _legend(TOP + height + GAP + 12, caption, len(rows), wheel=False)
    box = f"0 0 {WIDTH} {TOP + height + GAP + LEGEND}"
    return element(
        "svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=box, width=WIDTH, class_="pieces", role="img"
    )
