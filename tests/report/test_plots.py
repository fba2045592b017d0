"""Polygons and curves are exact; windows and labels are where they should be."""

from __future__ import annotations

from fractions import Fraction

import pytest

import verify
from verify import api
from verify.rational import vector
from verify.report.axes import around, ticks
from verify.report.plots import curve, figures, interval
from verify.search.budget import Budget

THIRD = Fraction(1, 3)


def exact(*corners: tuple[Fraction | int, Fraction | int]) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(x), Fraction(y)) for x, y in corners]


def test_curves_keep_only_real_breaks() -> None:
    clip = curve(verify.load("clip"), vector([-6]), vector([12]), 0, Budget())
    assert clip == exact((0, 0), (THIRD, 0), (2 * THIRD, 6), (1, 6))
    narrow = curve(
        verify.load("clip"), vector(["5999999999/1000000000"]), vector(["6000000001/1000000000"]), 0, Budget()
    )
    assert narrow == exact((0, Fraction(5999999999, 10**9)), (Fraction(1, 2), 6), (1, 6))
    straight = curve(verify.load("identity_pair"), vector([-1, 0]), vector([1, 0]), 0, Budget())
    assert straight == exact((0, -1), (1, 1))


@pytest.mark.parametrize(
    ("text", "ends"), [("all", (None, None)), ("nonneg", (0, None)), ("box(-1, 1/2)", (-1, Fraction(1, 2)))]
)
def test_intervals(text: str, ends: tuple[object, object]) -> None:
    assert interval(api.parse_region(text, verify.load("relu"))) == ends


def test_which_plot_is_made() -> None:
    captions = {
        ("relu", "additive", "all"): "the dotted chord",
        ("max", "affine", "box(-1, 1)"): "2 cells, 2 linear pieces, 2 affine maps, counted exactly (x0 across, x1 up)",
        ("thread", "affine", "box(0, 1)"): "from x (t = 0) to y (t = 1)",
        (
            "thread",
            "affine",
            "segment([0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1])",
        ): "t counts steps from the input 0",
    }
    for (network, property, on), caption in captions.items():
        found, notes = figures(verify.check(network, property, on=on), 60)
        assert caption in found[0].caption
        assert ("minus the chord" in found[-1].caption) is (len(found) > 1)
        assert notes == []


def test_a_small_bend_is_seen_beside_the_curve() -> None:
    bent = verify.check("leaky", "affine", on="box(-1e-40, 1e-45)")
    _, apart = figures(bent, 60)[0]
    values = [v.value for v in bent.outcome.values]
    assert "minus the chord" in apart.caption and "off by up to" in apart.caption
    assert len(values) == 3


def test_no_plot_where_there_is_nothing_to_plot() -> None:
    assert figures(verify.check("thread_nonneg", "affine", on="nonneg"), 60) == ([], [])
    assert figures(verify.check("relu", "affine", on="box(1, 1)"), 60) == ([], [])
    assert figures(verify.check("relu", "additive", on="all"), 0)[1] == ["No plot: the time budget of 0 s ran out."]


def test_ticks_are_round_and_few() -> None:
    assert ticks(Fraction(-1), Fraction(2), 6) == [-1, 0, 1, 2]
    for low, high in (
        (Fraction(-1), Fraction(2)),
        (Fraction(1, 10**40), Fraction(1, 10**39)),
        (Fraction(7), Fraction(10**30)),
    ):
        found = ticks(low, high, 6)
        assert 1 <= len(found) <= 6
        assert all(low <= tick <= high for tick in found)


def test_windows_have_room() -> None:
    axes = around([(Fraction(0), Fraction(3)), (Fraction(1), Fraction(3))])
    assert axes.low[1] < 3 < axes.high[1]
    assert exact((axes.low[0], axes.high[0])) == exact((0, 1))


def test_long_numbers_at_the_axis_are_on_the_paper() -> None:
    short = around([(Fraction(0), Fraction(0)), (Fraction(1), Fraction(1))]).svg("", [])
    long = around([(Fraction(0), Fraction(-50684, 10**4)), (Fraction(1), Fraction(-506835, 10**5))]).svg("", [])
    assert 'viewBox="0 0 420 ' in short
    assert 'viewBox="-22 0 442 ' in long and "−5.0684<" in long and "−5.06836<" in long
