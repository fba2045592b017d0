"""Polygons and curves are exact; windows and labels are where they should be."""

from __future__ import annotations

from fractions import Fraction

import pytest

import verify
from tests.report.claims import evil
from verify import api
from verify.errors import BudgetExceeded
from verify.kernel.exact import evaluate
from verify.rational import vector
from verify.region import HalfSpace
from verify.report.axes import around, ticks
from verify.report.plots import curve, figures, interval
from verify.report.polygons import Point, clipped, polygons, without_l1
from verify.search.budget import Budget

SQUARE: list[Point] = [(Fraction(x), Fraction(y)) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
THIRD = Fraction(1, 3)


def area(corners: list[Point]) -> Fraction:
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum((a * d - b * c for (a, b), (c, d) in pairs), Fraction(0))) / 2


def exact(*corners: tuple[Fraction | int, Fraction | int]) -> list[Point]:
    return [(Fraction(x), Fraction(y)) for x, y in corners]


def test_clipping_is_exact() -> None:
    assert clipped(SQUARE, HalfSpace(vector([3, 0]), Fraction(1))) == exact((-1, -1), (THIRD, -1), (THIRD, 1), (-1, 1))
    assert clipped(SQUARE, HalfSpace(vector([1, 1]), Fraction(-3))) == []
    assert clipped(SQUARE, HalfSpace(vector([1, 0]), Fraction(5))) == SQUARE


def test_cells_of_max_are_two_triangles() -> None:
    network = verify.load("max")
    found = polygons(network, api.parse_region("box(-1, 1)", network), Budget())
    assert {polygon.number for polygon in found} == {0, 1}
    assert [area(polygon.corners) for polygon in found] == [2, 2]
    assert all({(-1, -1), (1, 1)} < set(polygon.corners) for polygon in found)


@pytest.mark.parametrize(
    ("text", "size"),
    [("box(-1, 2)", 9), ("l1ball([1/2, 0], 3/2)", Fraction(9, 2)), ("box([0, -1/3], [1, 1/3])", 2 * THIRD)],
)
def test_cells_fill_the_region_and_carry_its_values(text: str, size: Fraction) -> None:
    network = evil()
    found = polygons(network, api.parse_region(text, network), Budget())
    assert sum(area(polygon.corners) for polygon in found) == size
    for polygon in found:
        for corner in polygon.corners:
            assert polygon.forms[0].at(vector(corner)) == evaluate(network, vector(corner))[0]


def test_too_many_cells() -> None:
    network = evil()
    with pytest.raises(BudgetExceeded, match="more than 2 cells"):
        polygons(network, api.parse_region("box(-9, 9)", network), Budget(), limit=2)


def test_an_l1_ball_becomes_a_cut_square() -> None:
    region = api.parse_region("l1ball([1, 2], 1/2)", verify.load("max"))
    cut = without_l1(region)
    for x in ("1/2", "3/4", 1, "5/4", "3/2"):
        for y in ("3/2", "7/4", 2, "9/4", "5/2"):
            assert cut.holds(vector([x, y])) == region.holds(vector([x, y]))


def test_curves_keep_only_real_breaks() -> None:
    clip = curve(verify.load("clip"), vector([-6]), vector([12]), 0, Budget())
    assert clip == exact((0, 0), (THIRD, 0), (2 * THIRD, 6), (1, 6))
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
        ("max", "affine", "box(-1, 1)"): "2 cells with 2 affine maps",
        ("thread", "affine", "box(0, 1)"): "from x (t = 0) to y (t = 1)",
        ("thread", "affine", "segment([0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1])"): "its parameter t",
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
