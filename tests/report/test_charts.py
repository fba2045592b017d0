"""Curves of numbers: every point is drawn, axes and curves have names."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from tests.report.claims import EVIL
from verify.errors import InputError
from verify.report.charts import chart


def test_points_axes_and_legend() -> None:
    svg = chart("t", "epoch", "share (%)", {"a": [(0, 0), (1, Fraction(1, 3))], "b": [(0, 2), (1, 4)]})
    assert svg.count("<polyline") == 2
    assert svg.count("<circle") == 4
    names = re.findall(r'class="name">([^<]*)<', svg)
    assert names == ["epoch", "share (%)"]
    assert [label in svg for label in (">a<", ">b<")] == [True, True]
    # The vertical axis begins at 0, where the first curve begins.
    first = re.findall(r'cy="([\d.]+)"', svg)
    ground = re.findall(r'class="axis"', svg)
    assert first[0] == max(first, key=float) and ground


def test_sampled_curves_have_no_dots() -> None:
    assert "<circle" not in chart("t", "x", "y", {"a": [(0, 1), (1, 1)]}, dots=False)


def test_one_curve_needs_no_legend() -> None:
    assert ">a<" not in chart("t", "x", "y", {"a": [(0, 1), (1, 1)]})


def test_values_below_zero_are_shown() -> None:
    svg = chart("t", "x", "y", {"a": [(0, -2), (1, 3)]})
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', svg)]
    assert 0 < heights[1] < heights[0] < 306


def test_names_are_text() -> None:
    assert "<script" not in chart(EVIL, EVIL, EVIL, {EVIL: [(0, 1)], "b": [(1, 1)]})


@pytest.mark.parametrize("series", [{}, {str(i): [(0, 1)] for i in range(5)}, {"a": []}, {"a": [(0, 1)], "b": []}])
def test_what_cannot_be_drawn_is_refused(series: dict[str, list[tuple[int, int]]]) -> None:
    with pytest.raises(InputError, match="chart 't'"):
        chart("t", "x", "y", series)
