"""Pictures of cells and linear pieces on a region of one or two dimensions, as SVG files that need nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from verify.arrangement.counting import Pieces, count_on
from verify.arrangement.details import Point
from verify.arrangement.domain import Domain
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import Labels
from verify.arrangement.plane import NARROW, Places, in_window, place
from verify.digits import display
from verify.errors import InputError
from verify.kernel.exact import evaluate
from verify.rational import counted, vector
from verify.region import Box
from verify.rendering import bundle
from verify.report.axes import tick_text, ticks
from verify.report.cells import CellsDrawing, colour
from verify.report.markup import element
from verify.search.budget import Budget

WIDTH, LEFT, RIGHT, TOP, LEGEND, GAP = 640, 46, 14, 12, 64, 34
# More outputs than this are not drawn over a line.
MOST_CURVES = 6
# More cells than this make a picture too large for a notebook.
MOST_DRAWN = 5000
STYLE = """
svg.pieces{font:12px system-ui,sans-serif;color-scheme:light dark;background:#fff;color:#222}
svg.pieces text{fill:currentColor}svg.pieces .frame{fill:none;stroke:currentColor;stroke-width:.8}
svg.pieces .fold{fill:none;stroke:#222;stroke-width:.7;vector-effect:non-scaling-stroke}
svg.pieces .still{stroke-dasharray:3 3;stroke:#444;stroke-width:.6}
svg.pieces .area path{stroke-width:.4}svg.pieces .area path:hover{opacity:.75}
svg.pieces .grid{stroke:#ccc;stroke-width:.5}svg.pieces .curve{fill:none;stroke-width:1.8}
svg.pieces .dot{fill:#222}
@media (prefers-color-scheme:dark){svg.pieces{background:#16181c;color:#ddd}svg.pieces .area{opacity:.72}
svg.pieces .fold{stroke:#e8e8e8}svg.pieces .still{stroke:#bbb}svg.pieces .grid{stroke:#444}svg.pieces .dot{fill:#eee}}
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


class DrawnPieces(Pieces):
    """Pieces that notebooks show as a picture, where there is one that a page can hold."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        is_drawn = self.arrangement is not None and self.domain.dimension in (1, 2) and (self.cells or 0) <= MOST_DRAWN
        return bundle(repr(self), svg=str(picture(self).svg) if is_drawn else "")


def drawn(found: Pieces) -> DrawnPieces:
    """The same pieces, which notebooks show as a picture."""
    return DrawnPieces(**{field.name: getattr(found, field.name) for field in fields(found)})


def require_drawable(domain: Domain) -> None:
    """``InputError`` where there is no picture of the region, whatever its pieces are."""
    if domain.dimension not in (1, 2):
        raise InputError(
            f"a picture of {domain.region.text or 'the region'}: expected a region of one or two dimensions, this one"
            f" has {domain.dimension}; take a segment or a slice of it"
        )


def picture(found: Pieces, budget: Budget | None = None) -> Picture:
    """Draw the pieces; of an infinite region a window that shows every finite vertex."""
    require_drawable(found.domain)
    if found.arrangement is None or found.labels is None:
        raise InputError(f"a picture of {found.domain.region.text or 'the region'}: its pieces were not counted")
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


# Two dimensions.


def _plane(found: Arrangement, labels: Labels, names: list[str], caption: str) -> Markup:
    shares, low, high = in_window(found)
    inner = WIDTH - LEFT - RIGHT
    height = int(inner * min(max(float((high[1] - low[1]) / (high[0] - low[0])), 0.25), 1.25))
    cells = CellsDrawing(found, labels, shares * (inner, -height) + (LEFT, TOP + height))
    bottom = TOP + height
    whole = bottom + GAP + LEGEND
    parts = [
        element("title", caption),
        element("style", Markup(STYLE)),
        cells.areas(names),
        *cells.folds(),
        element("rect", x=LEFT, y=TOP, width=inner, height=height, class_="frame"),
        *_scales(low, high, height, names),
        *_legend(bottom + GAP + 12, caption, found.outputs.rows.shape[0] if found.outputs else 1, wheel=True),
    ]
    box = f"0 0 {WIDTH} {whole}"
    return element(
        "svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=box, width=WIDTH, class_="pieces", role="img"
    )


def _scales(low: Point, high: Point, height: int, names: list[str]) -> list[Markup]:
    """Round numbers below and to the left."""
    parts = []
    inner = WIDTH - LEFT - RIGHT
    for value in ticks(low[0], high[0], 7):
        x = LEFT + float((value - low[0]) / (high[0] - low[0])) * inner
        parts.append(element("text", tick_text(value), x=f"{x:.1f}", y=TOP + height + 15, text_anchor="middle"))
    for value in ticks(low[1], high[1], 7):
        y = TOP + float((high[1] - value) / (high[1] - low[1])) * height
        parts.append(element("text", tick_text(value), x=LEFT - 6, y=f"{y + 4:.1f}", text_anchor="end"))
    middle = LEFT + inner / 2
    parts.append(element("text", names[0], x=middle, y=TOP + height + 30, text_anchor="middle"))
    if len(names) > 1:
        parts.append(element("text", names[1], x=10, y=TOP + height / 2))
    return parts


def _legend(top: int, caption: str, outputs: int, *, wheel: bool) -> list[Markup]:
    """What was counted, what the lines mean, and the wheel of directions."""
    parts = [element("text", caption, x=LEFT, y=top)]
    y = top + 22
    for x, kind, text in (
        (LEFT, "fold", "the map changes"),
        (LEFT + 160, "fold still", "a unit switches, the map does not"),
    ):
        parts.append(element("path", d=f"M{x} {y - 4}h28", class_=kind))
        parts.append(element("text", text, x=x + 36, y=y))
    if wheel:
        which = "of f" if outputs == 1 else "of f[0]"
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
    shares, (left,), (right,) = in_window(found)
    order = np.argsort(shares[:, 0], kind="stable")
    rows = found.outputs.rows[:MOST_CURVES]
    heights, low, high = _heights(found, left, right)
    inner, height = WIDTH - LEFT - RIGHT, 300
    across = LEFT + shares[:, 0] * inner
    up = TOP + (1 - heights) * height
    parts = [element("title", caption), element("style", Markup(STYLE))]
    same = labels.maps[labels.pairs[:, 0]] == labels.maps[labels.pairs[:, 1]]
    parts += [
        element(
            "path",
            element("title", f"{names[0]} = {display(left + (right - left) * Fraction(float(shares[v, 0])), 0)}"),
            d=f"M{across[v]:.2f} {TOP}v{height}",
            class_="fold still" if still else "grid",
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
    name = "f" if len(rows) == 1 else "f[i]"
    parts += _scales((left, low), (right, high), height, [names[0], name])
    parts += _legend(TOP + height + GAP + 12, caption, len(rows), wheel=False)
    box = f"0 0 {WIDTH} {TOP + height + GAP + LEGEND}"
    return element(
        "svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=box, width=WIDTH, class_="pieces", role="img"
    )


def _heights(found: Arrangement, left: Fraction, right: Fraction) -> tuple[Places, Fraction, Fraction]:
    """The outputs at all vertices as shares of a window with room, shape (outputs, vertices), and the window's ends."""
    assert found.outputs is not None
    rows, points, domain = found.outputs.rows[:MOST_CURVES], found.points.rows, found.domain
    homes = found.complex.levels[0].home.rows
    values: NDArray[Any] = (rows[:, 0, homes] * points[:, 0] + rows[:, 1, homes] * points[:, 1]) / points[:, 1]
    is_narrow = right - left <= NARROW * max(abs(left), abs(right))
    if is_narrow or values.max() - values.min() <= NARROW * np.abs(values).max():
        places = [domain.hull_point(place(found, v)) for v in range(len(points))]
        values = np.array([evaluate(domain.network, point).fractions()[:MOST_CURVES] for point in places]).T
    low, high = Fraction(values.min()), Fraction(values.max())
    room = (high - low) * Fraction(2, 25) or Fraction(1)
    low, high = low - room, high + room
    ends: Any = (low, high) if values.dtype == object else (float(low), float(high))
    return np.asarray((values - ends[0]) / (ends[1] - ends[0]), dtype=np.float64), low, high
