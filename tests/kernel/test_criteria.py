"""The criteria of equalities on maps written by hand, and multipliers of wrong types and numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from verify.errors import EvidenceError
from verify.kernel.core.criteria import Map, check_equality, map_of, on_hull
from verify.kernel.core.part import is_nonnegative
from verify.kernel.exact import AffineForm
from verify.network import examples
from verify.property import Criterion, Question
from verify.rational import vector
from verify.region import HalfSpace, box


def question(criterion: Criterion, *, origin: bool = True) -> Question:
    region = box([-1], [1])
    return Question(examples.get("relu"), region, criterion, vector([0]) if origin else None, "")


def form(slope: int, constant: int) -> AffineForm:
    return AffineForm(vector([slope]), Fraction(constant))


# First map, second map (slope, constant), and the criteria that both together meet where 0 is in the hull.
PAIRS = [
    ((0, 0), (0, 0), {"AFFINE", "LINEAR", "CONSTANT", "ZERO", "THROUGH_ORIGIN"}),
    ((2, 0), (2, 0), {"AFFINE", "LINEAR", "THROUGH_ORIGIN"}),
    ((2, 0), (1, 0), {"THROUGH_ORIGIN"}),
    ((0, 3), (0, 3), {"AFFINE", "CONSTANT"}),
    ((0, 3), (0, 2), set()),
    ((2, 1), (2, 1), {"AFFINE"}),
    ((0, 0), (0, 1), set()),
    ((0, 0), (1, 0), {"THROUGH_ORIGIN"}),
]


def meets(asked: Question, maps: list[Map], first: list[Map] | None) -> bool:
    try:
        check_equality(asked, maps, first)
    except EvidenceError:
        return False
    return True


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_pairs_of_maps(one: tuple[int, int], other: tuple[int, int], expected: set[str]) -> None:
    for criterion in Criterion:
        asked = question(criterion)
        first, second = [map_of(asked, form(*one))], [map_of(asked, form(*other))]
        assert (meets(asked, first, None) and meets(asked, second, first)) == (criterion.name in expected), criterion


def test_without_the_origin_in_the_hull() -> None:
    linear, through = (question(c, origin=False) for c in (Criterion.LINEAR, Criterion.THROUGH_ORIGIN))
    assert meets(linear, [map_of(linear, form(2, 1))], None)
    assert not meets(through, [map_of(through, form(2, 0))], None)


@pytest.mark.parametrize("criterion", [Criterion.ZERO, Criterion.LINEAR, Criterion.THROUGH_ORIGIN])
def test_an_unknown_constant_is_not_zero(criterion: Criterion) -> None:
    asked = question(criterion)
    assert not meets(asked, [map_of(asked, form(0, 0), {0: Fraction(1)})], None)


def test_unknown_constants_are_compared() -> None:
    asked = question(Criterion.CONSTANT)
    first, other = ([map_of(asked, form(0, 0), {0: Fraction(c)})] for c in (1, 2))
    assert meets(asked, first, first) and not meets(asked, other, first)


def test_the_origin_is_looked_up_in_lifted_coordinates() -> None:
    asked = replace(question(Criterion.LINEAR), origin=vector([2]))
    assert map_of(asked, AffineForm(vector([3, 0]), Fraction(-6))).at_origin == 0


def test_pinned_coordinates_are_put_in_and_further_ones_are_not() -> None:
    local = on_hull(AffineForm(vector([2, 3, 5]), Fraction(1)), box([4, -1], [4, 1]).base)
    assert local.coefficients.fractions() == [0, 3, 5] and local.constant == 9


@pytest.mark.parametrize(
    "multipliers", [{0: 1.0}, {0: float("nan")}, {0: 1}, {True: Fraction(1)}, {1: Fraction(1)}, {-1: Fraction(1)}]
)
def test_only_nonnegative_rationals_of_rows_that_there_are(multipliers: Any) -> None:
    base, rows = box([-1], [1]).base, [HalfSpace(vector([-1]), Fraction(0))]  # x >= 0
    assert is_nonnegative(form(1, 0), base, rows, {0: Fraction(1)})
    assert not is_nonnegative(form(1, 0), base, rows, {0: Fraction(-1)})
    assert not is_nonnegative(form(1, 0), base, rows, multipliers)
