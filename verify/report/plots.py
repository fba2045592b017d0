"""Plots of f: over a region of one or two dimensions, or along the segment through a counterexample's points.

Every break of a curve and every corner of a cell is computed exactly; only its place on the paper is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from verify.arrangement.domain import with_half_spaces
from verify.arrangement.plane import breaks, counted_cells, in_window, map_at
from verify.digits import display
from verify.errors import BudgetExceeded
from verify.kernel.check import TermValue
from verify.kernel.evidence import ValueGap
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.rational import Vector, counted, vector
from verify.region import Box, Region
from verify.report import mathml
from verify.report.axes import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axes, PlotPoint, around
from verify.report.cells import CellsDrawing
from verify.report.model import Figure
from verify.report.points import point_text
from verify.report.record import Result
from verify.search.budget import Budget

MAX_BREAKS, MAX_CELLS, MAX_WEIGHTS = 500, 2000, 1_000_000
# Breaks farther out than this on an infinite region are not looked for; the caption says so.
FAR = Fraction(10**6)
SHOWN_BREAKS, SHOWN_MAPS, SHOWN_INPUTS = 8, 8, 4


def figures(result: Result, seconds: float) -> tuple[list[Figure], list[str]]:
    """The plots that fit this claim, and notes on any that was left out."""
    claim = result.claim
    if claim.property.asked is not None:
        return [], []
    if max(n.weight_count for n in (claim.network, claim.second) if n is not None) > MAX_WEIGHTS:
        return [], ["No plot: the network is too large for one to be computed in a moment."]
    if claim.has_smooth_units:
        return [], ["No plot: exact pieces and breaks are drawn for piecewise linear networks only."]
    try:
        found = _plot(result)(result, Budget(seconds))
    except BudgetExceeded as error:
        return [], [f"No plot: {error}."]
    return found, []


def _plot(result: Result) -> Callable[[Result, Budget], list[Figure]]:
    dimension = result.claim.region.dimension
    return {1: over_line, 2: over_plane}.get(dimension, along_segment)


def output_of(result: Result) -> tuple[int, str]:
    """The plotted output among those of the claim, and its name in captions."""
    evidence = result.outcome.evidence
    index = evidence.output if isinstance(evidence, ValueGap) else 0
    shown = result.outputs[index] if result.outputs else index
    return index, f"f[{shown}]" if result.network.output_size > 1 else "f"


def curve(network: Network, start: Vector, end: Vector, output: int, budget: Budget) -> list[PlotPoint]:
    """Parameter and value at both ends and at every place where the slope of f along the segment changes."""
    points: list[PlotPoint] = []
    for t in (Fraction(0), *breaks(network, start, end, budget, MAX_BREAKS), Fraction(1)):
        budget.check()
        value = evaluate(network, start + (end - start).scaled(t))[output]
        if len(points) > 1 and _slope(points[-2], points[-1]) == _slope(points[-1], (t, value)):
            points.pop()
        points.append((t, value))
    return points


def _slope(a: PlotPoint, b: PlotPoint) -> Fraction:
    return (b[1] - a[1]) / (b[0] - a[0])


# One dimension.


def over_line(result: Result, budget: Budget) -> list[Figure]:
    """Draw f over a region of dimension one."""
    region = result.claim.region
    ends = interval(region)
    low, high = (ends[0] if ends[0] is not None else -FAR), (ends[1] if ends[1] is not None else FAR)
    if low >= high:
        return []
    output, name = output_of(result)
    names = {"f": result.claim.network} | ({"g": result.claim.second} if result.claim.second is not None else {})
    curves = {key: _over(network, region, low, high, output, budget) for key, network in names.items() if network}
    marks = _marks(result)
    window = _window(ends, [t for points in curves.values() for t, _ in points[1:-1]] + [t for _, (t, _) in marks])
    shown = {key: _cut(points, *window) for key, points in curves.items()}
    axis = "x" if region.chart is None else "t"
    axes = replace(around([p for points in shown.values() for p in points] + [p for _, p in marks]), names=(axis, name))
    parts = [axes.line(points, f"curve {key}") for key, points in shown.items()]
    chord = _chord(marks)
    parts += [axes.line(chord, "chord")] if chord else []
    parts += axes.marks(marks, [*shown.values(), chord])
    notes = [_breaks(key if len(curves) > 1 else name, axis, points) for key, points in curves.items()]
    if None in ends:
        notes.append(f"Breaks were looked for between {display(low)} and {display(high)}.")
    caption = _line_caption(name, axis, result, bool(chord))
    drawn = Figure(axes.svg(f"{name} over the region", parts), caption, tuple(notes))
    return [drawn, *_minus_chord(name, axis, shown["f"], chord, marks)]


def _minus_chord(
    name: str,
    axis: str,
    points: Sequence[PlotPoint],
    chord: Sequence[PlotPoint],
    marks: Sequence[tuple[str, PlotPoint]],
) -> list[Figure]:
    """The curve minus the chord between its ends, in which a small bend is seen; nothing where there is no chord."""
    if len(chord) < 2:
        return []
    inner = _cut(points, chord[0][0], chord[-1][0])
    flat = [(t, value - _value(chord, t)) for t, value in inner]
    least, most = min(d for _, d in flat), max(d for _, d in flat)
    if least == most:
        return []
    apart = [(label, (t, value - _value(chord, t))) for label, (t, value) in marks if inner[0][0] <= t <= inner[-1][0]]
    axes = replace(around([*flat, *(place for _, place in apart)]), names=(axis, f"{name} − chord"))
    level = [(flat[0][0], Fraction(0)), (flat[-1][0], Fraction(0))]
    parts = [axes.line(level, "chord"), axes.line(flat, "curve f"), *axes.marks(apart, [flat, level])]
    far = max(abs(least), abs(most))
    caption = f"{name} minus the chord: 0 all the way if {name} were affine; it is off by up to {display(far, 12)}."
    return [Figure(axes.svg(f"{name} minus its chord", parts), caption)]


def _line_caption(name: str, axis: str, result: Result, chord: bool) -> str:
    where = "the region" if axis == "x" else f"the region; {_coordinates(result.claim.region, [axis])}"
    text = f"{name} over {where}"
    if result.claim.second is not None:
        text += "; g is dashed"
    return text + ("; the dotted chord is what an affine function would do." if chord else ".")


def interval(region: Region) -> tuple[Fraction | None, Fraction | None]:
    """Both ends of a region of dimension one, None where it is infinite."""
    base = region.base
    if not isinstance(base, Box):
        return base.midpoint[0] - base.radius, base.midpoint[0] + base.radius
    low = base.low[0] if base.low_finite[0] else None
    high = base.high[0] if base.high_finite[0] else None
    for row in region.rows:
        slope = row.coefficients[0]
        if slope > 0:
            high = min(v for v in (high, row.bound / slope) if v is not None)
        elif slope < 0:
            low = max(v for v in (low, row.bound / slope) if v is not None)
    return low, high


def _over(
    network: Network, region: Region, low: Fraction, high: Fraction, output: int, budget: Budget
) -> list[PlotPoint]:
    start, end = (region.point(vector([t])) for t in (low, high))
    return [(low + t * (high - low), value) for t, value in curve(network, start, end, output, budget)]


def _window(ends: tuple[Fraction | None, Fraction | None], inside: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """What is shown of an interval: all of it if it is finite, else its breaks and marks with room around them."""
    known = [*(t for t in ends if t is not None), *inside]
    low, high = (min(known), max(known)) if known else (Fraction(0), Fraction(0))
    room = max((high - low) / 2, Fraction(1))
    return (
        ends[0] if ends[0] is not None else low - room,
        ends[1] if ends[1] is not None else high + room,
    )


def _cut(points: Sequence[PlotPoint], low: Fraction, high: Fraction) -> list[PlotPoint]:
    """The part of a curve over [low, high]."""
    inner = [(t, value) for t, value in points if low < t < high]
    return [(low, _value(points, low)), *inner, (high, _value(points, high))]


def _value(points: Sequence[PlotPoint], t: Fraction) -> Fraction:
    """The value of a piecewise linear curve at t."""
    for (a, fa), (b, fb) in pairwise(points):
        if a <= t <= b:
            return fa + (fb - fa) * (t - a) / (b - a)
    raise ValueError(f"{t} lies outside the curve")


def _marks(result: Result) -> list[tuple[str, PlotPoint]]:
    """The counterexample's points, by their names in the formula, in the region's one coordinate."""
    region = result.claim.region
    marks: dict[PlotPoint, str] = {}
    for label, value in _named_values(result):
        t = region.chart.coordinates(value.point) if region.chart is not None else value.point
        if t is not None and isinstance(value.value, Fraction):
            place = (t[0], value.value)
            known = marks.get(place)
            marks[place] = label if known is None else f"{known} = {label}"
    return [(label, place) for place, label in marks.items()]


def _named_values(result: Result) -> list[tuple[str, TermValue]]:
    values = result.outcome.values
    labels = result.claim.property.labels
    if len(values) != len(labels):
        return []
    return list(zip(labels, values, strict=True))


def _chord(marks: Sequence[tuple[str, PlotPoint]]) -> list[PlotPoint]:
    """From the leftmost to the rightmost mark, if a third one lies between."""
    points = sorted(place for _, place in marks)
    return [points[0], points[-1]] if len({t for t, _ in points}) > 2 else []


def _breaks(name: str, axis: str, points: Sequence[PlotPoint]) -> str:
    inner = [t for t, _ in points[1:-1]]
    if not inner:
        return f"{name} has no break here."
    listed = ", ".join(display(t) for t in inner[:SHOWN_BREAKS])
    more = f" and {len(inner) - SHOWN_BREAKS} more" if len(inner) > SHOWN_BREAKS else ""
    return f"{name} breaks at {axis} = {listed}{more}."


# Two dimensions.


def over_plane(result: Result, budget: Budget) -> list[Figure]:
    """The exact pieces of f on a region of dimension two."""
    region, claim = result.claim.region, result.claim
    if claim.second is not None:
        return along_segment(result, budget)
    marks = _plane_marks(result)
    bounded, note = _bounded(with_half_spaces(region), [place for _, place in marks])
    found = counted_cells(claim.network, bounded, budget, MAX_CELLS)
    if found.domain.dimension < 2:
        return along_segment(result, budget)
    assert found.arrangement is not None and found.labels is not None
    shares, low, high = in_window(found.arrangement)
    names = ("x0", "x1") if region.chart is None else ("t0", "t1")
    axes = replace(_square(around([(low[0], low[1]), (high[0], high[1])], Fraction(0))), names=names)
    output, name = output_of(result)
    cells = CellsDrawing(found.arrangement, found.labels, axes.on_paper(shares))
    svg = axes.svg(
        f"Linear pieces of {name} on the region", [cells.areas(names, output), *cells.folds(), *axes.marks(marks)]
    )
    drawn = Figure(svg, _plane_caption(cells, name, region), (note,) if note else (), _legend(result, cells))
    return [drawn, *along_segment(result, budget)]


def _plane_caption(cells: CellsDrawing, name: str, region: Region) -> str:
    counts = [
        counted(number, what)
        for number, what in zip(cells.labels.counts, ("cell", "linear piece", "affine map"), strict=True)
    ]
    across = "x0 across, x1 up"
    if region.chart is not None:
        across = f"t0 across, t1 up; {_coordinates(region, ['t0', 't1'])}"
    text = f"{', '.join(counts)}, counted exactly ({across}). Colours show the direction of the gradient of {name}."
    if cells.labels.counts[0] > cells.labels.counts[1]:
        text += " On dashed lines a unit switches and the map stays."
    return text


def _coordinates(region: Region, names: Sequence[str]) -> str:
    """How the input is made of a chart's coordinates: ``x = (1, 0, 2) + t0 (1, 0, 0) + t1 (0, 1, 1)``."""
    chart = region.chart
    assert chart is not None
    if region.ambient > SHOWN_INPUTS:
        start = "the first point" if any(chart.origin.fractions()) else "the input 0"
        return f"{' and '.join(names)} {'counts' if len(names) == 1 else 'count'} steps from {start}"
    units = [vector([int(i == j) for i in range(len(names))]) for j in range(len(names))]
    terms = [f"{name} {point_text(chart.directions.product(unit))}" for name, unit in zip(names, units, strict=True)]
    origin = [point_text(chart.origin)] if any(chart.origin.fractions()) else []
    return f"x = {' + '.join([*origin, *terms])}"


def _square(axes: Axes) -> Axes:
    """The same window on paper of its own proportions, within limits."""
    (left, bottom), (right, top) = axes.low, axes.high
    proportion = min(max((top - bottom) / (right - left), Fraction(1, 3)), Fraction(1))
    return replace(axes, height=int((WIDTH - LEFT - RIGHT) * proportion) + TOP + BOTTOM)


def _plane_marks(result: Result) -> list[tuple[str, PlotPoint]]:
    region = result.claim.region
    marks: dict[PlotPoint, str] = {}
    for label, value in _named_values(result):
        t = region.chart.coordinates(value.point) if region.chart is not None else value.point
        if t is not None:
            place = (t[0], t[1])
            marks[place] = label if place not in marks else f"{marks[place]} = {label}"
    return [(label, place) for place, label in marks.items()]


def _bounded(region: Region, points: Sequence[PlotPoint]) -> tuple[Region, str]:
    """The region cut to a window where it is infinite, around 0 and the points; and a note that says so."""
    base = region.base
    assert isinstance(base, Box)
    if base.is_bounded:
        return region, ""
    sides = []
    for j in (0, 1):
        low = base.low[j] if base.low_finite[j] else None
        high = base.high[j] if base.high_finite[j] else None
        known = [v for v in (low, high) if v is not None] or [Fraction(0)]
        reach = max([abs(p[j] - v) for p in points for v in known] + [Fraction(2)]) * Fraction(5, 4)
        sides.append((low if low is not None else known[0] - reach, high if high is not None else known[-1] + reach))
    whole = np.ones(2, dtype=bool)
    window = Box(vector([s[0] for s in sides]), vector([s[1] for s in sides]), whole, whole)
    shown = " × ".join(f"[{display(a)}, {display(b)}]" for a, b in sides)
    return replace(region, base=window), f"The region is infinite; {shown} of it is shown."


def _legend(result: Result, cells: CellsDrawing) -> tuple[tuple[str, Markup], ...]:
    """Colour and formula of each map, where there are few."""
    claim = result.claim
    if cells.labels.counts[2] > SHOWN_MAPS or claim.network.output_size > 1 or claim.region.chart is not None:
        return ()
    entries, fills = [], cells.fills()
    for cell in np.unique(cells.labels.maps, return_index=True)[1].tolist():
        form = map_at(cells.found, cell)[0]
        shown = mathml.affine_form(form.coefficients, form.constant, ["x0", "x1"])
        if shown is None:
            return ()
        head = [mathml.identifier("f"), mathml.operator("=")]
        entries.append((fills[int(cells.labels.pieces[cell])], mathml.math(*head, shown)))
    return tuple(entries)


# Any dimension.


@dataclass(frozen=True, eq=False)
class _Way:
    """The segment between two points of a counterexample."""

    names: tuple[str, str]
    start: Vector
    end: Vector


def along_segment(result: Result, budget: Budget) -> list[Figure]:
    """Draw f along the segment between two points of the counterexample, and the chord that an affine f would be."""
    way = _way(result)
    if way is None:
        return []
    output, name = output_of(result)
    points = curve(result.claim.network, way.start, way.end, output, budget)
    chord = [points[0], points[-1]]
    marks = [(way.names[0], points[0]), (way.names[1], points[-1]), *_between(result, way)]
    axes = replace(around([*points, *(place for _, place in marks)]), names=("t", name))
    parts = [axes.line(chord, "chord"), axes.line(points, "curve f")]
    parts += axes.marks(marks, [points, chord])
    start, end = way.names
    caption = f"{name} from {start} (t = 0) to {end} (t = 1); the dotted chord is what an affine function would do."
    notes = (_breaks(name, "t", points), f"{start} = {point_text(way.start)}, {end} = {point_text(way.end)}.")
    drawn = Figure(axes.svg(f"{name} along the segment from {start} to {end}", parts), caption, notes)
    return [drawn, *_minus_chord(name, "t", points, chord, marks)]


def _way(result: Result) -> _Way | None:
    """From x to y if the formula has both, else between its first two different points."""
    named = [(label, value.point) for label, value in _named_values(result)]
    byname = dict(named)
    if "x" in byname and "y" in byname and byname["x"] != byname["y"]:
        return _Way(("x", "y"), byname["x"], byname["y"])
    for (a, p), (b, q) in pairwise(named):
        if p != q:
            return _Way((a, b), p, q)
    return None


def _between(result: Result, way: _Way) -> list[tuple[str, PlotPoint]]:
    """Further points of the counterexample that lie on the segment."""
    direction = way.end - way.start
    size = direction.dot(direction)
    marks = []
    for label, value in _named_values(result):
        t = (value.point - way.start).dot(direction) / size
        inner = label not in way.names and 0 < t < 1 and way.start + direction.scaled(t) == value.point
        if inner and isinstance(value.value, Fraction):
            marks.append((label, (t, value.value)))
    return marks
