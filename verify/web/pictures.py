"""The pictures of the page: f, its pieces, the region and the points, with handles that can be dragged.

Breaks and corners are exact; only their place on the paper is rounded. A handle is an element with ``data-handle``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from verify.arrangement.plane import DrawnPolygon, counted_cells, in_window, polygons
from verify.digits import display
from verify.errors import BudgetExceeded
from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.rational import Vector, exact_text, vector, zeros
from verify.region import Chart, Region, box, window
from verify.report import mathml
from verify.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axes, PlotPoint, ticks
from verify.report.cells import CellsDrawing
from verify.report.markup import element
from verify.report.plots import curve
from verify.search.budget import Budget
from verify.web.playground import State
from verify.web.trace import trace, veil

MAX_CELLS, SHOWN_PIECES = 120, 9
SNAPS = 120


@dataclass(frozen=True, eq=False)
class LivePicture:
    """The drawing, its axes (none without a drawing), its pieces (place, map, colour) and a note."""

    svg: Markup
    axes: Axes | None
    pieces: tuple[tuple[str, Markup, str], ...] = ()
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """For the page: what it needs to turn a place on the paper into a number."""
        data: dict[str, Any] = {"svg": str(self.svg), "note": self.note}
        if self.axes is not None:
            low, high = self.axes.low, self.axes.high
            data |= {
                "view": [exact_text(v) for v in (low[0], high[0], low[1], high[1])],
                "window": [float(v) for v in (low[0], high[0], low[1], high[1])],
                "paper": [LEFT, WIDTH - RIGHT, self.axes.height - BOTTOM, TOP],
                "snap": str(format_snap(high[0] - low[0])),
            }
        return data


@dataclass(frozen=True, eq=False)
class _Scene:
    """What every drawing is about."""

    state: State
    labels: tuple[str, ...]
    points: tuple[Vector, ...]
    values: tuple[Fraction, ...]
    right: Fraction
    view: Sequence[Fraction] | None


def picture(
    state: State,
    network: Network,
    labels: tuple[str, ...],
    points: tuple[Vector, ...],
    values: tuple[Fraction, ...],
    right: Fraction,
    view: Sequence[Fraction] | None,
    budget: Budget,
) -> LivePicture:
    """Draw the state; ``right`` is what the formula says that the first value should be (compared with)."""
    scene = _Scene(state, labels, points, values, right, view)
    try:
        if state.kind.inputs == 1:
            return _over_line(scene, network, budget)
        return _over_plane(scene, network, budget)
    except BudgetExceeded as error:
        return LivePicture(Markup(""), None, note=f"No picture: {error}.")


# One input.


def _over_line(scene: _Scene, network: Network, budget: Budget) -> LivePicture:
    state = scene.state
    places = [p[0] for p in scene.points]
    low, high = _span([*places, *(v for v in (state.low[0], state.high[0]) if v is not None)])
    if scene.view is not None:
        low, high = scene.view[0], scene.view[1]
    points = _curve(network, low, high, budget)
    marks = _merged(scene.labels, [(t, v) for t, v in zip(places, scene.values, strict=True)])
    inside = _cut(
        points, low if state.low[0] is None else state.low[0], high if state.high[0] is None else state.high[0]
    )
    bottom, top = _span([v for _, v in [*points, *(p for _, p in marks)]] + [scene.right, Fraction(0)], tight=True)
    if scene.view is not None:
        bottom, top = scene.view[2], scene.view[3]
    axes = Axes((low, bottom), (high, top), HEIGHT, ("x", "f"))
    parts = [_band(axes, state), axes.line(points, "curve outside")]
    parts += [axes.line(inside, "curve f")] if len(inside) > 1 else []
    parts += [_dot(axes, p, "break", 2.6) for p in points[1:-1]]
    target = (places[0], scene.right)
    parts += [axes.line([marks_place(scene, 0), target], "gap"), _dot(axes, target, "sum", 5)]
    parts = [_clip(axes), element("g", *parts, clip_path="url(#paper)")]
    parts += axes.marks([(label, p) for label, p in marks if _within(axes, p)], [inside or points])
    parts += _edges(axes, state, 0)
    parts += [_handle(axes, name, scene) for name in ("x", "y") if name in scene.labels]
    title = "The graph of f with the region P, the points and both sides of the formula"
    pieces = tuple(_line_pieces(points))
    return LivePicture(axes.svg(title, parts), axes, pieces)


def marks_place(scene: _Scene, index: int) -> PlotPoint:
    """Where the value of one argument is drawn."""
    return scene.points[index][0], scene.values[index]


def _curve(network: Network, low: Fraction, high: Fraction, budget: Budget) -> list[PlotPoint]:
    points = curve(network, vector([low]), vector([high]), 0, budget)
    return [(low + t * (high - low), value) for t, value in points]


def _span(values: Sequence[Fraction], *, tight: bool = False) -> tuple[Fraction, Fraction]:
    """A window around 0 and the values, with room, that ends at round numbers (so that it keeps still for a while)."""
    low, high = min([*values, Fraction(0)]), max([*values, Fraction(0)])
    room = max((high - low) / (10 if tight else 5), Fraction(1, 2) if tight else Fraction(1))
    low, high = low - room, high + room
    marks = ticks(low, high, 9)
    step = marks[1] - marks[0]
    return (low // step) * step, -((-high) // step) * step


def _cut(points: Sequence[PlotPoint], low: Fraction, high: Fraction) -> list[PlotPoint]:
    """The part of a curve over an interval; nothing where they do not meet."""
    begin, end = max(low, points[0][0]), min(high, points[-1][0])
    if begin > end:
        return []
    inner = [(t, v) for t, v in points if begin < t < end]
    return [(begin, _value(points, begin)), *inner, (end, _value(points, end))]


def _value(points: Sequence[PlotPoint], t: Fraction) -> Fraction:
    (a, fa), (b, fb) = next(pair for pair in pairwise(points) if pair[0][0] <= t <= pair[1][0])
    return fa + (fb - fa) * (t - a) / (b - a)


def _merged(labels: Sequence[str], places: Sequence[PlotPoint]) -> list[tuple[str, PlotPoint]]:
    """One mark for each place; labels of one place are joined."""
    found: dict[PlotPoint, str] = {}
    for label, place in zip(labels, places, strict=True):
        found[place] = f"{found[place]}, {label}" if place in found else label
    return [(label, place) for place, label in found.items()]


def _line_pieces(points: Sequence[PlotPoint]) -> list[tuple[str, Markup, str]]:
    """Where each piece lies and its formula, from left to right."""
    found = []
    last = len(points) - 2
    for i, ((a, fa), (b, fb)) in enumerate(pairwise(points)):
        slope = (fb - fa) / (b - a)
        shown = mathml.affine_form(vector([slope]), fa - slope * a, ["x"])
        text = f"~ {display(slope)} x + {display(fa - slope * a)}"
        where = f"{display(a)} ≤ x ≤ {display(b)}"
        if i in (0, last):
            where = "everywhere in the picture" if not last else f"x ≥ {display(a)}" if i else f"x ≤ {display(b)}"
        found.append((where, _named(shown) if shown is not None else Markup(text), ""))
    return found[:SHOWN_PIECES]


# Two inputs, or the plane through 0, x and y.


def _over_plane(scene: _Scene, network: Network, budget: Budget) -> LivePicture:
    state, chart = scene.state, None
    if state.kind.inputs > 2:
        plane = _plane(state)
        if plane is None:
            return LivePicture(
                Markup(""), None, note="x and y lie on one line through 0: change a pixel to see their plane."
            )
        chart = plane.chart
    places = [_place(point, chart) for point in scene.points]
    sides = _plane_sides(scene, places)
    axes = _square_axes(sides, ("s", "t") if chart else ("x0", "x1"))
    counted = counted_cells(network, _window_region(chart, axes), budget, MAX_CELLS)
    assert counted.arrangement is not None and counted.labels is not None
    found = polygons(counted)
    cells = CellsDrawing(counted.arrangement, counted.labels, axes.on_paper(in_window(counted.arrangement)[0]))
    parts: list[Markup] = [_clip(axes)]
    inner = [cells.areas(axes.names), *cells.folds()]
    zeros_of_f = [line for p in found for line in _zero_line(p)]
    inner += [axes.line(line, "zero") for line in zeros_of_f]
    shown = trace(state, axes, with_plane=chart is not None)
    inner += [veil(axes, shown), *([_polygon(axes, shown, "region")] if len(shown) > 2 else [])]
    if scene.labels[0] == "x + y":
        inner.append(_polygon(axes, [(Fraction(0), Fraction(0)), places[1], places[0], places[2]], "frame"))
    parts.append(element("g", *inner, clip_path="url(#paper)"))
    parts += axes.marks([(label, p) for label, p in _merged(scene.labels, places) if _within(axes, p)])
    if chart is None:
        parts += [*_edges(axes, state, 0), *_edges(axes, state, 1)]
        parts += [_handle(axes, name, scene) for name in ("x", "y") if name in scene.labels]
    about = "the plane through 0, x and y, in which x is (1, 0) and y is (0, 1)" if chart else "the plane of inputs"
    note = "The thick line is where f = 0." if zeros_of_f else ""
    note = f"The picture shows {about}. {note}".strip() if chart else note
    return LivePicture(
        axes.svg(f"The linear pieces of f on {about}", parts),
        axes,
        _plane_pieces(found, cells.fills(), axes.names),
        note,
    )


def _plane(state: State) -> Region | None:
    """The plane spanned by x and y; None where they span less."""
    x, y = state.x, state.y
    pairs = ((a * d - b * c) for (a, b), (c, d) in pairwise(zip(x, y, strict=True)))
    if not any(pairs) and not _independent(x, y):
        return None
    return window(zeros(len(x)), [vector(x), vector(y)], [0, 0], [1, 1])


def _independent(x: Sequence[Fraction], y: Sequence[Fraction]) -> bool:
    return any(x[i] * y[j] != x[j] * y[i] for i in range(len(x)) for j in range(i))


def _place(point: Vector, chart: Chart | None) -> PlotPoint:
    t = point if chart is None else chart.coordinates(point)
    assert t is not None, "the arguments of the formula are combinations of x and y"
    return t[0], t[1]


def _plane_sides(scene: _Scene, places: Sequence[PlotPoint]) -> list[tuple[Fraction, Fraction]]:
    if scene.view is not None:
        return [(scene.view[0], scene.view[1]), (scene.view[2], scene.view[3])]
    sides = []
    for j in (0, 1):
        known = [p[j] for p in places]
        if scene.state.kind.inputs == 2:
            known += [v for v in (scene.state.low[j], scene.state.high[j]) if v is not None]
        sides.append(_span(known))
    return sides


def _square_axes(sides: Sequence[tuple[Fraction, Fraction]], names: tuple[str, str]) -> Axes:
    """Paper as high as the window asks for, within limits."""
    (left, right), (bottom, top) = sides
    share = min(max((top - bottom) / (right - left), Fraction(1, 2)), Fraction(1))
    height = int((WIDTH - LEFT - RIGHT) * share) + TOP + BOTTOM
    return Axes((left, bottom), (right, top), height, names)


def _window_region(chart: Chart | None, axes: Axes) -> Region:
    low, high = list(axes.low), list(axes.high)
    return replace(box(low, high), chart=chart) if chart is not None else box(low, high)


def _zero_line(polygon: DrawnPolygon) -> list[list[PlotPoint]]:
    """The part of a cell where its map is zero, as a line."""
    form = polygon.forms[0]
    values = [form.coefficients.dot(vector(c)) + form.constant for c in polygon.corners]
    ends = []
    for i, (value, corner) in enumerate(zip(values, polygon.corners, strict=True)):
        before, last = values[i - 1], polygon.corners[i - 1]
        if value == 0:
            ends.append(corner)
        elif value * before < 0:
            t = before / (before - value)
            ends.append((last[0] + t * (corner[0] - last[0]), last[1] + t * (corner[1] - last[1])))
    return [ends[:2]] if len(ends) == 2 else []


def _plane_pieces(
    found: Sequence[DrawnPolygon], fills: Sequence[str], names: tuple[str, str]
) -> tuple[tuple[str, Markup, str], ...]:
    entries: dict[int, tuple[str, Markup, str]] = {}
    for polygon in found:
        if polygon.map not in entries and len(entries) < SHOWN_PIECES:
            entries[polygon.map] = ("", _map(polygon.forms[0], names), fills[polygon.piece])
    return tuple(entries.values())


def _map(form: AffineForm, names: Sequence[str]) -> Markup:
    shown = mathml.affine_form(form.coefficients, form.constant, names)
    if shown is not None:
        return _named(shown)
    terms = [f"{display(v)} {name}" for v, name in zip(form.coefficients.fractions(), names, strict=True)]
    return Markup("{}").format(" + ".join([*terms, display(form.constant)]))


# Parts of both.


def _named(form: Markup) -> Markup:
    return mathml.math(mathml.identifier("f"), mathml.operator("="), form)


def format_snap(width: Fraction) -> Fraction:
    """The step in which points are dragged: a round part of the window."""
    marks = ticks(Fraction(0), width, SNAPS)
    return marks[1] - marks[0]


def _clip(axes: Axes) -> Markup:
    area = element("rect", x=LEFT, y=TOP, width=WIDTH - LEFT - RIGHT, height=axes.height - TOP - BOTTOM)
    return element("clipPath", area, id="paper")


def _within(axes: Axes, place: PlotPoint) -> bool:
    return all(axes.low[i] <= place[i] <= axes.high[i] for i in (0, 1))


def _dot(axes: Axes, place: PlotPoint, kind: str, radius: float) -> Markup:
    return element("circle", cx=f"{axes.x(place[0]):.2f}", cy=f"{axes.y(place[1]):.2f}", r=radius, class_=kind)


def _polygon(axes: Axes, corners: Sequence[PlotPoint], kind: str, **attributes: object) -> Markup:
    return element("polygon", points=" ".join(axes.place(c) for c in corners), class_=kind, **attributes)


def _band(axes: Axes, state: State) -> Markup:
    """The region on the line, from the top to the bottom of the picture."""
    low = max(axes.low[0], state.low[0] if state.low[0] is not None else axes.low[0])
    high = min(axes.high[0], state.high[0] if state.high[0] is not None else axes.high[0])
    width = max(axes.x(high) - axes.x(low), 0)
    return element(
        "rect", x=f"{axes.x(low):.2f}", y=TOP, width=f"{width:.2f}", height=axes.height - TOP - BOTTOM, class_="region"
    )


def _edges(axes: Axes, state: State, axis: int) -> list[Markup]:
    """A grip on each finite side of the region."""
    parts = []
    for key, side in (("low", state.low[axis]), ("high", state.high[axis])):
        if side is None or not axes.low[axis] <= side <= axes.high[axis]:
            continue
        if axis == 0:
            x = f"{axes.x(side):.2f}"
            ends: dict[str, object] = {"x1": x, "x2": x, "y1": TOP, "y2": axes.height - BOTTOM}
            place = (x, str(TOP))
        else:
            y = f"{axes.y(side):.2f}"
            ends = {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": y, "y2": y}
            place = (str(WIDTH - RIGHT), y)
        name = f"{'lower' if key == 'low' else 'upper'} side of P{f' in x{axis}' if state.kind.inputs > 1 else ''}"
        parts.append(element("line", **ends, class_="edge"))
        parts.append(_grip(f"{key}{axis}", name, place, side, axes, axis, "grip"))
    return parts


def _grip(handle: str, name: str, place: tuple[str, str], at: Fraction, axes: Axes, axis: int, kind: str) -> Markup:
    """Something to drag, and to move with the arrow keys."""
    return element(
        "g",
        element("circle", cx=place[0], cy=place[1], r=15, class_="reach"),
        element("circle", cx=place[0], cy=place[1], r=6, class_=kind),
        data_handle=handle,
        tabindex="0",
        role="slider",
        aria_label=name,
        aria_valuemin=f"{float(axes.low[axis]):g}",
        aria_valuemax=f"{float(axes.high[axis]):g}",
        aria_valuenow=f"{float(at):g}",
        aria_valuetext=display(at),
        aria_orientation="vertical" if axis else None,
    )


def _handle(axes: Axes, name: str, scene: _Scene) -> Markup:
    """The point x or y; in the plane it moves in both directions."""
    index = scene.labels.index(name)
    point = scene.points[index]
    place = (point[0], scene.values[index]) if scene.state.kind.inputs == 1 else (point[0], point[1])
    x, y = min(max(axes.x(place[0]), LEFT), WIDTH - RIGHT), min(max(axes.y(place[1]), TOP), axes.height - BOTTOM)
    text = ", ".join(display(v) for v in point.fractions())
    made = _grip(name, f"point {name}", (f"{x:.2f}", f"{y:.2f}"), point[0], axes, 0, "knob")
    return Markup(made.replace(f'aria-valuetext="{display(point[0])}"', f'aria-valuetext="{text}"'))
