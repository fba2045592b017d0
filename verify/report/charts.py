"""Curves of numbers: exact points joined by lines, with a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from markupsafe import Markup

from verify.errors import InputError
from verify.rational import Number, to_fraction
from verify.report.axes import WIDTH, around
from verify.report.markup import element

MOST = 4
SIGN, GAP, LETTER = 26, 18, 6.4


def chart(
    title: str,
    across: str,
    up: str,
    series: Mapping[str, Sequence[tuple[Number, Number]]],
    *,
    dots: bool = True,
) -> Markup:
    """An SVG of up to four curves by their names, over axes with these names; the vertical axis shows 0.

    Curves differ in dashes as well as in colour. ``dots`` marks every point: leave it out for sampled curves.
    """
    if not 0 < len(series) <= MOST:
        raise InputError(f"chart {title!r}: {len(series)} curves; expected 1 to {MOST}")
    exact = {name: [(to_fraction(x), to_fraction(y)) for x, y in points] for name, points in series.items()}
    empty = [name for name, points in exact.items() if not points]
    if empty:
        raise InputError(f"chart {title!r}: curve {empty[0]!r} has no points")
    first = next(iter(exact.values()))[0][0]
    ground = [(first, Fraction(0))]
    axes = replace(around([p for points in exact.values() for p in points] + ground), names=(across, up))
    axes = replace(axes, low=(axes.low[0], min(Fraction(0), *(y for points in exact.values() for _, y in points))))
    parts = []
    for i, points in enumerate(exact.values()):
        parts.append(axes.line(points, f"curve series-{i}"))
        parts += [_dot(axes.x(x), axes.y(y), i) for x, y in points if dots]
    if len(exact) > 1:
        parts += _legend(list(exact))
    return axes.svg(title, parts)


def _dot(x: float, y: float, number: int) -> Markup:
    return element("circle", cx=f"{x:.2f}", cy=f"{y:.2f}", r=2.6, class_=f"dot series-{number}")


def _legend(names: Sequence[str]) -> list[Markup]:
    """Short lines and names, at the top on the right."""
    widths = [SIGN + LETTER * len(name) + GAP for name in names]
    x, parts = WIDTH - sum(widths), []
    for i, (name, width) in enumerate(zip(names, widths, strict=True)):
        ends = {"x1": f"{x:.2f}", "x2": f"{x + SIGN - 6:.2f}", "y1": 11, "y2": 11}
        parts.append(element("line", **ends, class_=f"curve series-{i}"))
        parts.append(element("text", name, x=f"{x + SIGN:.2f}", y=15, class_="tick"))
        x += width
    return parts
