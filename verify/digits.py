"""Exact numbers in few digits: the simplest of an interval, the next short one, and how they are shown to people."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction

from verify.rational import Enclosure, Real, exact_text, rounded_text


def simplest_between(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator (then smallest magnitude) in [low, high] (Stern-Brocot)."""
    if low > high:
        raise ValueError("empty interval")
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low)
    # Continued fractions: common integer parts are kept until the interval holds an integer.
    whole: list[int] = []
    while True:
        ceiling = math.ceil(low)
        if ceiling <= high:
            value = Fraction(ceiling)
            break
        floor = math.floor(low)
        whole.append(floor)
        low, high = 1 / (high - floor), 1 / (low - floor)
    for part in reversed(whole):
        value = part + 1 / value
    return value


def short_above(value: Fraction, digits: int = 3) -> Fraction:
    """The next larger number of so many significant decimals, for a value from 0."""
    if not value:
        return value
    power = len(str(value.numerator)) - len(str(value.denominator))
    power -= Fraction(10) ** power > value
    scale = Fraction(10) ** (digits - 1 - power)
    return Fraction(-((-value * scale) // 1)) / scale


def decimal_text(value: Fraction, digits: int = 400) -> str | None:
    """The value in decimals, exactly; None where it has none, or more than so many digits after the point."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > digits:
        return None
    whole, part = divmod(abs(value.numerator) * 10**places // value.denominator, 10**places)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}.0"


def display(value: Real, digits: int = 30) -> str:
    """A short exact form where there is one, else a decimal marked with ``~``."""
    if isinstance(value, Enclosure):
        return str(value) if value.low != value.high else display(value.low, digits)
    text = exact_text(value)
    if len(text) <= digits:
        return text
    return f"~{rounded_text(value, 6)}"


def display_apart(first: Real, second: Real) -> tuple[str, str]:
    """``display`` of both; rounded ones with as many decimals (up to 48) as tell two different numbers apart."""
    texts = display(first), display(second)
    if not isinstance(first, Fraction) or not isinstance(second, Fraction) or first == second:
        return texts
    for digits in range(6, 49):
        context = Context(prec=digits)
        pair = [context.divide(Decimal(v.numerator), Decimal(v.denominator)) for v in (first, second)]
        if pair[0] != pair[1]:
            break
    left, right = (f"~{near:g}" if "~" in text else text for text, near in zip(texts, pair, strict=True))
    return left, right
