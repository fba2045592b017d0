"""A plane to plot on: exact points go in, SVG comes out. Numbers on the axes are round ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from verify.digits import display
from verify.report.markup import element

PlotPoint: TypeAlias = tuple[Fraction, Fraction]
WIDTH, HEIGHT = 420, 306
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 28, 46
# The width of a digit of the largest numbers at an axis (13 px).
DIGIT = 8.3


@dataclass(frozen=True)
class Axes:
    """The window that is shown; both sides have positive length. ``names`` are written at the axes."""

    low: PlotPoint
    high: PlotPoint
    height: int = HEIGHT
    names: tuple[str, str] = ("", "")

    def x(self, value: Fraction) -> float:
        """Where a number of the horizontal axis lies on the paper."""
        share = (value - self.low[0]) / (self.high[0] - self.low[0])
        return LEFT + float(share) * (WIDTH - LEFT - RIGHT)

    def y(self, value: Fraction) -> float:
        """Where a number of the vertical axis lies on the paper."""
        share = (value - self.low[1]) / (self.high[1] - self.low[1])
        return self.height - BOTTOM - float(share) * (self.height - TOP - BOTTOM)

    def on_paper(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places on the paper of shares (from 0 to 1) of the window, shape (points, 2)."""
        width, height = WIDTH - LEFT - RIGHT, self.height - TOP - BOTTOM
        return shares * (width, -height) + (LEFT, self.height - BOTTOM)

    def place(self, point: PlotPoint) -> str:
        """``x,y`` on the paper."""
        return f"{self.x(point[0]):.2f},{self.y(point[1]):.2f}"

    def line(self, points: Sequence[PlotPoint], kind: str) -> Markup:
        """The points joined in order."""
        return element("polyline", points=" ".join(self.place(p) for p in points), class_=kind)

    def marks(self, marks: Sequence[tuple[str, PlotPoint]], curves: Sequence[Sequence[PlotPoint]] = ()) -> list[Markup]:
        """Marked points; each label stands on the side of its point that is farthest from the curves."""
        ink = [p for curve in curves for p in self._samples(curve)]
        ink += [(self.x(p[0]), self.y(p[1])) for _, p in marks]
        parts: list[Markup] = []
        for label, point in marks:
            drawn, box = self._mark(label, point, ink)
            parts += drawn
            ink += box
        return parts

    def _samples(self, curve: Sequence[PlotPoint]) -> list[tuple[float, float]]:
        """Places on the paper along a curve, close enough to keep labels away from it."""
        ends = [(self.x(p[0]), self.y(p[1])) for p in curve]
        shares = [i / 40 for i in range(41)]
        return [(a + t * (c - a), b + t * (d - b)) for (a, b), (c, d) in pairwise(ends) for t in shares]

    def _mark(
        self, label: str, point: PlotPoint, ink: Sequence[tuple[float, float]]
    ) -> tuple[list[Markup], list[tuple[float, float]]]:
        """A point with its label, and places along the label, from which the next ones keep away."""
        x, y = self.x(point[0]), self.y(point[1])
        width = 7.2 * len(label)
        places = [(x + dx, y + dy) for dx in (8, -8 - width, -width / 2) for dy in (-9, 18)]
        inside = [p for p in places if p[0] >= 2 and p[0] + width <= WIDTH - 2 and TOP < p[1] < self.height - 4]
        left, base = max(inside or places[:1], key=lambda p: _clearance(p, width, ink))
        text = element("text", label, x=f"{left:.2f}", y=f"{base:.2f}", class_="label")
        circle = element("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=4, class_="mark")
        return [circle, text], [(left + i * width / 10, base - 5) for i in range(11)]

    def frame(self) -> list[Markup]:
        """Grid lines with their numbers, and the axes where they are in sight."""
        parts = []
        bottom = self.height - BOTTOM
        for value in ticks(self.low[0], self.high[0], 6):
            x = f"{self.x(value):.2f}"
            kind = "axis" if value == 0 else "grid"
            parts.append(element("line", x1=x, x2=x, y1=TOP, y2=bottom, class_=kind))
            parts.append(element("text", tick_text(value), x=x, y=bottom + 18, text_anchor="middle", class_="tick"))
        for value in ticks(self.low[1], self.high[1], 5):
            y = self.y(value)
            kind = "axis" if value == 0 else "grid"
            parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y:.2f}", y2=f"{y:.2f}", class_=kind))
            label = element("text", tick_text(value), x=LEFT - 7, y=f"{y + 4:.2f}", text_anchor="end", class_="tick")
            parts.append(label)
        across, up = self.names
        if across:
            middle = (LEFT + WIDTH - RIGHT) / 2
            parts.append(
                element("text", across, x=f"{middle:.2f}", y=self.height - 8, text_anchor="middle", class_="name")
            )
        if up:
            parts.append(element("text", up, x=LEFT - 7, y=TOP - 13, class_="name"))
        return parts

    def svg(self, title: str, parts: Sequence[Markup]) -> Markup:
        """The finished drawing; where numbers at the vertical axis are long, the paper is wider on the left."""
        longest = max((len(tick_text(value)) for value in ticks(self.low[1], self.high[1], 5)), default=0)
        more = max(0, math.ceil(longest * DIGIT) - (LEFT - 7))
        box = f"{-more} 0 {WIDTH + more} {self.height}"
        return element("svg", element("title", title), *self.frame(), *parts, viewBox=box, class_="plot", role="img")


def _clearance(place: tuple[float, float], width: float, ink: Sequence[tuple[float, float]]) -> float:
    """How far a label's box is from whatever is drawn, in steps coarse enough that equal sides tie."""
    left, base = place
    gaps = (max(left - x, x - left - width, base - 10 - y, y - base, 0) for x, y in ink)
    return round(min(gaps, default=0.0))


def around(points: Sequence[PlotPoint], margin: Fraction = Fraction(1, 12)) -> Axes:
    """A window that shows all the points, with some room around them."""
    sides = []
    for i in (0, 1):
        low, high = min(p[i] for p in points), max(p[i] for p in points)
        room = (high - low) * margin if high > low else max(abs(low), Fraction(1)) / 2
        sides.append((low - (room if i or high == low else 0), high + (room if i or high == low else 0)))
    return Axes((sides[0][0], sides[1][0]), (sides[0][1], sides[1][1]))


def ticks(low: Fraction, high: Fraction, most: int) -> list[Fraction]:
    """Round numbers (1, 2 or 5 times a power of ten) between two bounds, at most ``most`` of them."""
    power = math.floor(_log10(high - low)) - 2
    steps = (Fraction(factor) * Fraction(10) ** (power + shift) for shift in range(6) for factor in (1, 2, 5))
    step = next(s for s in steps if math.floor(high / s) - math.ceil(low / s) + 1 <= most)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log10(value: Fraction) -> float:
    """The decimal logarithm of a positive rational of any size."""
    return (math.log2(value.numerator) - math.log2(value.denominator)) * math.log10(2)


def tick_text(value: Fraction) -> str:
    """The decimal that a round number is; rounded where it is long."""
    exact = format(Decimal(value.numerator) / Decimal(value.denominator), "f") if abs(value) < 10**9 else ""
    text = exact if exact and len(exact) <= 8 else display(value, 0).removeprefix("~")
    if len(text) > 8:
        text = text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−", 1) if text.startswith("-") else text
