"""Volumes of cells and counts on random segments and slices, as data and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from markupsafe import Markup

from verify.arrangement.statistics import Samples, Volumes
from verify.digits import display
from verify.rational import counted, exact_text
from verify.report.axes import tick_text, ticks
from verify.report.markup import element
from verify.report.pieces import Picture

COUNTS = {"cells": "activation cells", "pieces": "linear pieces", "affine_maps": "affine maps"}
# Lines of a histogram, and the longest bar.
MOST_LINES, BAR = 16, 24
# The picture of a histogram: at most so many bars, its size, and the margins around the bars.
MOST_BARS = 48
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 240, 52, 14, 28, 46
STYLE = """
svg.volumes{font:12px system-ui,sans-serif;color-scheme:light dark;background:#fff;color:#222}
svg.volumes text{fill:currentColor}svg.volumes line{stroke:#ccc;stroke-width:.5}svg.volumes rect{fill:#4a78b0}
@media (prefers-color-scheme:dark){svg.volumes{background:#16181c;color:#ddd}svg.volumes line{stroke:#444}}
"""


def volumes_json(found: Volumes | str) -> dict[str, Any]:
    """``buckets`` by their exponents k: that many cells have a volume in [2^k, 2^(k + 1)); or why there are none."""
    if not isinstance(found, Volumes):
        return {"buckets": None, "infinite": None, "smallest": None, "largest": None, "reason": found}
    ends = {"smallest": found.smallest, "largest": found.largest}
    return {
        "buckets": {str(k): number for k, number in found.buckets.items()},
        "infinite": found.infinite,
        **{name: None if value is None else exact_text(value) for name, value in ends.items()},
        "reason": "",
    }


def samples_json(found: Samples) -> dict[str, Any]:
    """All counts, and the mean, least and largest of each."""
    every = {name: list(found.of(name)) for name in COUNTS}
    return {
        "asked": found.asked,
        "counted": len(found.found),
        "seed": found.seed,
        "reason": found.reason,
        **{
            name: {"mean": exact_text(found.mean(name)), "min": min(each), "max": max(each), "each": each}
            if each
            else None
            for name, each in every.items()
        },
    }


def volume_lines(found: Volumes | str | None) -> Iterator[str]:
    """The histogram, with as many powers of two to a line as it takes to be short."""
    if not isinstance(found, Volumes):
        if found:
            yield f"  volumes: {found}"
        return
    if found.smallest is None or found.largest is None:
        yield f"  volumes: all {counted(found.infinite, 'cell')} infinite"
        return
    rest = f", {counted(found.infinite, 'cell')} infinite" if found.infinite else ""
    yield f"  volumes: {display(found.smallest, 12)} to {display(found.largest, 12)}{rest}"
    rows, step = _grouped(found, MOST_LINES)
    most = max(number for _, number in rows)
    names = [f"2^{k} to 2^{k + step}" for k, _ in rows]
    widths = max(map(len, names)), len(str(most))
    for name, (_, number) in zip(names, rows, strict=True):
        bar = "#" * max(round(BAR * number / most), int(number > 0))
        yield f"    {name:<{widths[0]}}  {number:>{widths[1]}} {bar}".rstrip()


def _grouped(found: Volumes, most: int) -> tuple[list[tuple[int, int]], int]:
    """At most so many groups of powers of two: the lowest of each and how many cells; and the size of a group."""
    low, high = min(found.buckets, default=0), max(found.buckets, default=0)
    step = -(-(high - low + 1) // most)
    groups = {k: 0 for k in range(low, high + 1, step)}
    for power, number in found.buckets.items():
        groups[power - (power - low) % step] += number
    return list(groups.items()), step


def sample_lines(found: Samples) -> Iterator[str]:
    """Mean, least and largest count."""
    asked = f" of {found.asked}" if found.reason else ""
    name = found.kind[:-1]
    yield f"  {len(found.found)}{asked} random {name if found.asked == 1 else found.kind} (seed {found.seed})"
    if found.found:
        rows = [("", "mean", "min", "max")]
        for key, text in COUNTS.items():
            values = found.of(key)
            rows.append((text, f"{float(found.mean(key)):.4g}", str(min(values)), str(max(values))))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        for row in rows:
            yield f"    {row[0]:<{widths[0]}}" + "".join(f"  {row[i]:>{widths[i]}}" for i in (1, 2, 3))
    if found.reason:
        yield f"    not all counted: {found.reason}"


def histogram(found: Volumes) -> Picture:
    """Bars over the powers of two, which notebooks show; empty where every cell is infinite."""
    caption = next(volume_lines(found)).strip()
    groups, step = _grouped(found, MOST_BARS)
    most = max(1, *(number for _, number in groups))
    across = Fraction(WIDTH - LEFT - RIGHT, len(groups))
    ground, room = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    parts: list[Markup] = [element("title", caption), element("style", Markup(STYLE))]
    for value in ticks(Fraction(0), Fraction(most), 5):
        if value.denominator == 1:
            y = f"{float(ground - room * value / most):.2f}"
            parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y))
            parts.append(element("text", tick_text(value), x=LEFT - 7, y=y, dy=4, text_anchor="end"))
    for place, (power, number) in enumerate(groups):
        x, tall = LEFT + across * place, Fraction(room * number, most)
        tip = element("title", f"2^{power} to 2^{power + step}: {counted(number, 'cell')}")
        size = {"width": f"{float(across) * 0.9:.2f}", "height": f"{float(tall):.2f}"}
        parts.append(element("rect", tip, x=f"{float(x):.2f}", y=f"{float(ground - tall):.2f}", **size))
        if place % -(-len(groups) // 8) == 0:
            raised = element("tspan", str(power).replace("-", "\u2212"), dy=-4, font_size=9)
            parts.append(element("text", "2", raised, x=f"{float(x):.2f}", y=ground + 18, text_anchor="middle"))
    parts.append(
        element("text", "volume of a cell, at least", x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 8, text_anchor="middle")
    )
    parts.append(element("text", "cells", x=LEFT - 7, y=TOP - 13))
    box = f"0 0 {WIDTH} {HEIGHT}"
    about = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": box, "width": WIDTH, "class_": "volumes", "role": "img"}
    return Picture(element("svg", *parts, **about), caption)
