"""The part of the page's window that lies in the region."""

from __future__ import annotations

from fractions import Fraction

from verify.rational import vector
from verify.region import HalfSpace
from verify.report.axes import PlotPoint
from verify.web.trace import clipped

THIRD = Fraction(1, 3)


def exact(*corners: tuple[Fraction | int, Fraction | int]) -> list[PlotPoint]:
    return [(Fraction(x), Fraction(y)) for x, y in corners]


SQUARE = exact((-1, -1), (1, -1), (1, 1), (-1, 1))


def test_clipping_is_exact() -> None:
    assert clipped(SQUARE, HalfSpace(vector([3, 0]), Fraction(1))) == exact((-1, -1), (THIRD, -1), (THIRD, 1), (-1, 1))
    assert clipped(SQUARE, HalfSpace(vector([1, 1]), Fraction(-3))) == []
    assert clipped(SQUARE, HalfSpace(vector([1, 0]), Fraction(5))) == SQUARE
