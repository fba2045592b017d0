"""Exact numbers against straightforward arithmetic with ``Fraction``."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.errors import InputError
from verify.network import matrix as matrices
from verify.rational import (
    MAX_CHARACTERS,
    MAX_EXPONENT,
    Vector,
    concatenate,
    exact_text,
    float_integers,
    integer_array,
    nearest_float,
    parse_rational,
    scaled_integers,
    to_fraction,
    vector,
    vector_from_floats,
    zeros,
)

FRACTIONS = st.fractions(min_value=-50, max_value=50, max_denominator=60)
LISTS = st.lists(FRACTIONS, max_size=6)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 5e-324, -5e-324, 2.0**-1022, sys.float_info.max, -sys.float_info.max]


def pairs(elements: st.SearchStrategy[Fraction] = FRACTIONS) -> st.SearchStrategy[list[tuple[Fraction, Fraction]]]:
    return st.lists(st.tuples(elements, elements), max_size=6)


# Reading.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", Fraction(3)),
        (" -3 ", Fraction(-3)),
        ("+7", Fraction(7)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("2.", Fraction(2)),
        ("-0.125", Fraction(-1, 8)),
        ("1e3", Fraction(1000)),
        ("1E-2", Fraction(1, 100)),
        ("2.5e+1", Fraction(25)),
        ("1/3", Fraction(1, 3)),
        ("-4/6", Fraction(-2, 3)),
        ("1e-30", Fraction(1, 10**30)),
        ("0/5", Fraction(0)),
        (f"1e{MAX_EXPONENT}", Fraction(10**MAX_EXPONENT)),
        (f"1e-{MAX_EXPONENT}", Fraction(1, 10**MAX_EXPONENT)),
    ],
)
def test_parse_rational(text: str, expected: Fraction) -> None:
    assert parse_rational(text) == expected


NOT_NUMBERS = ["", " ", "-", ".", "e5", "1e", "1e5.5", "0x10", "1_000", "1,5", "1 / 3", "1/-3", "1/0.5", "nan", "inf"]


@pytest.mark.parametrize("text", [*NOT_NUMBERS, "--1", "1e99999999", "2**3", "__import__('os')", "½"])
def test_parse_rational_rejects(text: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        parse_rational(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1/0", "divides by zero"),
        ("-3/00", "divides by zero"),
        (f"1e{MAX_EXPONENT + 1}", "exponents are limited"),
        (f"1e-{MAX_EXPONENT + 1}", "exponents are limited"),
        ("1" * (MAX_CHARACTERS + 1), "characters; at most"),
    ],
)
def test_parse_rational_says_why(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_rational(text)
    assert len(str(caught.value)) < 200


def test_numbers_longer_than_int_reads_and_writes() -> None:
    digits = "7" * 6000
    value = parse_rational(digits)
    assert value % 10**50 == int(digits[-50:])
    assert value == 7 * (10**6000 - 1) // 9
    assert exact_text(value) == digits
    assert parse_rational(exact_text(1 / value)) == 1 / value
    assert vector([value]).strings() == [digits]


@given(st.fractions())
def test_exact_text_is_str_and_reads_back(value: Fraction) -> None:
    assert exact_text(value) == str(value)
    assert parse_rational(exact_text(value)) == value


@given(FLOATS)
def test_a_float_is_its_binary_value_and_its_repr_is_decimal(value: float) -> None:
    assert to_fraction(value) == Fraction(value)
    assert to_fraction(repr(value)) == Fraction(repr(value))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.int64, np.uint64])
def test_numpy_numbers(kind: Any) -> None:
    assert to_fraction(kind(3)) == 3
    if issubclass(kind, np.floating):
        assert to_fraction(kind(0.5)) == Fraction(1, 2)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, np.float32("inf"), np.float64("nan")])
def test_only_finite_numbers(value: float) -> None:
    with pytest.raises(InputError, match="not a finite number"):
        to_fraction(value)


# Vectors.


@given(pairs(), FRACTIONS)
def test_vector_arithmetic(items: list[tuple[Fraction, Fraction]], factor: Fraction) -> None:
    left, right = [a for a, _ in items], [b for _, b in items]
    x, y = vector(left), vector(right)
    assert (x + y).fractions() == [a + b for a, b in items]
    assert (x - y).fractions() == [a - b for a, b in items]
    assert (-x).fractions() == [-a for a in left]
    assert x.scaled(factor).fractions() == [factor * a for a in left]
    assert x.dot(y) == sum((a * b for a, b in items), Fraction(0))
    assert x.is_zero() == (not any(left))
    assert len(x) == len(items)
    assert [x[i] for i in range(len(x))] == left


@given(LISTS, st.integers(1, 30))
def test_vector_equality_ignores_the_denominator(values: list[Fraction], factor: int) -> None:
    x = vector(values)
    longer = Vector(x.numerators * factor, x.denominator * factor)
    assert x == longer
    assert hash(x) == hash(longer)
    reduced = longer.reduced()
    assert reduced == x
    assert reduced.denominator == math.lcm(*(v.denominator for v in values))
    assert x != concatenate([x, zeros(1)])
    assert x != values


@given(LISTS, LISTS)
def test_concatenate_and_take(left: list[Fraction], right: list[Fraction]) -> None:
    both = concatenate([vector(left), vector(right)])
    assert both.fractions() == left + right
    places = [i for i in range(len(both)) if i % 2] + list(range(len(both)))
    assert both.take(places).fractions() == [(left + right)[i] for i in places]
    assert concatenate([]) == zeros(0)


def test_vector_reads_every_kind_of_number() -> None:
    values = vector(["1/3", 0.1, 2, Fraction(-1, 7), "0.1", np.float64(0.5)])
    expected = [Fraction(1, 3), Fraction(0.1), 2, Fraction(-1, 7), Fraction(1, 10), Fraction(1, 2)]
    assert values.fractions() == expected
    assert vector(value for value in values.strings()) == values


@given(LISTS)
def test_floats_are_correctly_rounded(values: list[Fraction]) -> None:
    assert vector(values).floats().tolist() == [v.numerator / v.denominator for v in values]


def test_floats_that_overflow_or_vanish() -> None:
    huge, tiny = Fraction(10**400), Fraction(1, 10**400)
    assert vector([huge, -huge, tiny]).floats().tolist() == [math.inf, -math.inf, 0.0]
    assert nearest_float(-(10**400), 10**400) == -1.0


# Floats as integers over a power of two.


def check_float_integers(values: list[float]) -> None:
    numerators, denominator = float_integers(np.array(values, dtype=np.float64))
    assert denominator & (denominator - 1) == 0
    assert all(type(n) is int for n in numerators.tolist())
    assert [Fraction(n, denominator) for n in numerators.tolist()] == [Fraction(v) for v in values]
    assert denominator == math.lcm(*(Fraction(v).denominator for v in values)), "the denominator is the smallest"


@given(st.lists(FLOATS, max_size=8))
def test_float_integers(values: list[float]) -> None:
    check_float_integers(values)


@given(st.lists(st.sampled_from(EXTREMES), max_size=6))
def test_float_integers_of_extremes(values: list[float]) -> None:
    check_float_integers(values)


@given(st.lists(st.tuples(st.integers(-(2**53), 2**53), st.integers(-12, 12)), max_size=6))
def test_float_integers_of_full_mantissas(parts: list[tuple[int, int]]) -> None:
    """Around the border between 64-bit shifts and shifts of Python integers."""
    check_float_integers([math.ldexp(mantissa, exponent) for mantissa, exponent in parts])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_float_integers_rejects(bad: float) -> None:
    with pytest.raises(InputError, match="NaN or infinite"):
        float_integers(np.array([1.0, bad]))


def test_vector_from_floats_keeps_float32_exactly() -> None:
    values = np.array([[0.1, -2.0], [2.0**-149, 3.4e38]], dtype=np.float32)
    assert vector_from_floats(values).fractions() == [Fraction(float(v)) for v in values.ravel()]


def test_integer_array_holds_long_integers() -> None:
    numbers = integer_array([10**30, -1])
    assert numbers.dtype == object
    assert numbers.tolist() == [10**30, -1]


@given(
    st.lists(st.integers(-(2**62) + 1, 2**62 - 1), max_size=5), st.integers(1, 2**70) | st.sampled_from([1, 2, 2**61])
)
def test_scaled_integers_never_wrap(numbers: list[int], factor: int) -> None:
    for numerators in (np.array(numbers, dtype=np.int64), integer_array(numbers)):
        assert scaled_integers(numerators, factor).tolist() == [n * factor for n in numbers]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8])
def test_numpy_integers_inside_fractions_do_not_wrap(kind: type) -> None:
    """``Fraction(np.int8(64), 7)`` keeps an int8, whose square is 0."""
    value = Fraction(kind(64), 7)
    assert type(to_fraction(value).numerator) is int
    point = vector([value, 0])
    assert all(type(n) is int for n in point.numerators.tolist())
    assert point.dot(point) == Fraction(4096, 49)
    assert all(type(n) is int for n in integer_array([kind(64)]).tolist())
    weights = matrices.from_dense([[value]])
    assert weights.product(weights.product(vector([1]))).fractions() == [Fraction(4096, 49)]
