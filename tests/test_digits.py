"""Short numbers: found by search over denominators, and shown so that different ones look different."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.digits import display, display_apart, simplest_between

FRACTIONS = st.fractions(min_value=-50, max_value=50, max_denominator=60)


def simplest_by_search(low: Fraction, high: Fraction) -> Fraction:
    for denominator in range(1, 10_000):
        numerators = range(math.ceil(low * denominator), math.floor(high * denominator) + 1)
        if numerators:
            return min((Fraction(n, denominator) for n in numerators), key=abs)
    raise AssertionError("nothing found")


@given(FRACTIONS, FRACTIONS)
def test_simplest_between(one: Fraction, other: Fraction) -> None:
    low, high = sorted([one, other])
    assert simplest_between(low, high) == simplest_by_search(low, high)


def test_simplest_between_of_a_point_and_of_nothing() -> None:
    assert simplest_between(Fraction(7, 5), Fraction(7, 5)) == Fraction(7, 5)
    assert simplest_between(Fraction(314, 100), Fraction(315, 100)) == Fraction(22, 7)
    with pytest.raises(ValueError, match="empty interval"):
        simplest_between(Fraction(1), Fraction(0))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(0), "0"),
        (Fraction(-3, 4), "-3/4"),
        (Fraction(1, 3**40), "1/12157665459056928801"),
        (Fraction(10**40 + 1, 3), "~3.33333e+39"),
        (Fraction(10**400), "~1.00000e+400"),
        (-Fraction(1, 10**400), "~-1.00000e-400"),
        (Fraction(10**401 - 1), "~1.00000e+401"),
        (-Fraction(2 * 10**5000, 3), "~-6.66667e+4999"),
    ],
)
def test_display(value: Fraction, expected: str) -> None:
    assert display(value) == expected


@pytest.mark.parametrize("shift", [Fraction(1, 10**k) for k in (3, 9, 20, 41)])
@pytest.mark.parametrize(
    "value", [Fraction(1, 3), Fraction(-309441123456, 10**12 * 7 + 1), Fraction(10**50 + 1, 7**30)]
)
def test_two_numbers_are_shown_apart(value: Fraction, shift: Fraction) -> None:
    texts = display_apart(value, value + shift * abs(value))
    assert texts[0] != texts[1]
    for text, number in zip(texts, (value, value + shift * abs(value)), strict=True):
        if not text.startswith("~"):
            assert Fraction(text) == number
        else:
            digits = len(text.lstrip("~-0.").replace(".", "").partition("e")[0])
            assert abs(Fraction(text[1:]) - number) <= abs(number) * Fraction(1, 10 ** (min(digits, 6) - 1))


def test_equal_and_short_numbers_stay_as_they_are() -> None:
    assert display_apart(Fraction(1, 3), Fraction(1, 3)) == ("1/3", "1/3")
    assert display_apart(Fraction(1, 3), Fraction(1, 2)) == ("1/3", "1/2")
