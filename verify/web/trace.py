"""Where the page's window lies in the region: its corners, and a veil over the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from markupsafe import Markup

from verify.rational import vector
from verify.region import HalfSpace
from verify.report.axes import Axes, PlotPoint
from verify.report.markup import element
from verify.web.playground import State


def trace(state: State, axes: Axes, *, with_plane: bool) -> list[PlotPoint]:
    """The corners of the part of the window that lies in the region; ``with_plane``, the window is of s x + t y."""
    corners = _window(axes)
    columns = [(Fraction(i == 0), Fraction(i == 1)) for i in range(state.kind.inputs)]
    if with_plane:
        columns = list(zip(state.x, state.y, strict=True))
    for normal, low, high in zip(columns, state.low, state.high, strict=True):
        if high is not None:
            corners = clipped(corners, HalfSpace(vector(normal), high))
        if low is not None:
            corners = clipped(corners, HalfSpace(vector(normal).scaled(Fraction(-1)), -low))
    return corners


def veil(axes: Axes, shown: Sequence[PlotPoint]) -> Markup:
    """What lies outside the region, dimmed: the window with the region cut out."""
    rings = [_window(axes), *([shown] if len(shown) > 2 else [])]
    path = " ".join("M" + " L".join(axes.place(c) for c in ring) + " Z" for ring in rings)
    return element("path", d=path, class_="veil", fill_rule="evenodd")


def _window(axes: Axes) -> list[PlotPoint]:
    (left, bottom), (right, top) = axes.low, axes.high
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def clipped(polygon: list[PlotPoint], row: HalfSpace) -> list[PlotPoint]:
    """The part of a convex polygon where the row holds (Sutherland-Hodgman), exactly."""
    slack = [row.slack(vector(p)) for p in polygon]
    result: list[PlotPoint] = []
    for i, here in enumerate(polygon):
        there = polygon[i - 1]
        if slack[i] * slack[i - 1] < 0:
            t = slack[i] / (slack[i] - slack[i - 1])
            result.append((here[0] + t * (there[0] - here[0]), here[1] + t * (there[1] - here[1])))
        if slack[i] >= 0:
            result.append(here)
    return result
