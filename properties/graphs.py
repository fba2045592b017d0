"""Graphs of functions of one number, several in one drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from markupsafe import Markup

from verify.network import Network, floats
from verify.rational import Number, to_fraction
from verify.report.axes import WIDTH, PlotPoint, around
from verify.report.markup import element

STEPS = 96
LINE, GAP, LETTER = 20, 30, 6.6


def graphs(
    title: str, networks: Mapping[str, Network], low: int, high: int, marks: Sequence[tuple[str, Number, Number]] = ()
) -> Markup:
    """Up to four networks with one input and one output over [low, high], and marked points with their labels.

    Curves join values in float64 at the places k/96 of the way: an accuracy far below the width of the line.
    """
    places = [Fraction(low) + Fraction(k * (high - low), STEPS) for k in range(STEPS + 1)]
    curves = {name: _points(network, places) for name, network in networks.items()}
    marked: list[tuple[str, PlotPoint]] = [(label, (to_fraction(x), to_fraction(y))) for label, x, y in marks]
    axes = replace(around([p for points in curves.values() for p in points]), names=("x", "f(x)"))
    parts = [axes.line(points, f"curve series-{i}") for i, points in enumerate(curves.values())]
    parts += axes.marks(marked, list(curves.values()))
    return axes.svg(title, [*parts, *(_legend(list(curves)) if len(curves) > 1 else [])])


def _points(network: Network, places: Sequence[Fraction]) -> list[PlotPoint]:
    values = floats.evaluate(network, np.array([[float(x)] for x in places]))[:, 0]
    return [(x, Fraction(float(y))) for x, y in zip(places, values, strict=True)]


def _legend(names: Sequence[str]) -> list[Markup]:
    """Short lines and names, at the top on the right."""
    widths = [LINE + GAP + LETTER * len(name) for name in names]
    x, parts = WIDTH - sum(widths) + GAP / 2, []
    for i, (name, width) in enumerate(zip(names, widths, strict=True)):
        parts.append(element("line", x1=f"{x:.1f}", x2=f"{x + LINE:.1f}", y1=11, y2=11, class_=f"curve series-{i}"))
        parts.append(element("text", name, x=f"{x + LINE + 6:.1f}", y=15, class_="tick"))
        x += width
    return parts
