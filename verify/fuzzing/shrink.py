"""Shrinking a failing point: fewest nonzeros, then small integers or simple fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from verify.digits import simplest_between
from verify.rational import Vector, vector

MAX_CALLS = 400
SHARES = [Fraction(1, 2**power) for power in (1, 3, 6, 12, 24)]
# One more than float16 and float32 hold among them: such numbers tell a narrow implementation.
DIGITS = (1, 2, 4, 8, 12, 16, 25)


def shrunk(point: Vector, accepted: Callable[[Vector], Vector | None]) -> Vector:
    """A simpler point that ``accepted`` takes (it returns the point as rounded, or None where nothing fails)."""
    best, candidates = point, _simpler(point.fractions())
    for _ in range(MAX_CALLS):
        candidate = next((c for c in candidates if size(c) < size(best)), None)
        if candidate is None:
            break
        taken = accepted(candidate)
        if taken is not None and size(taken) < size(best):
            best, candidates = taken, _simpler(taken.fractions())
    return best


def size(point: Vector) -> tuple[int, int, int]:
    """What a reader has to look at: nonzeros, then digits, then signs."""
    entries = point.fractions()
    return sum(map(bool, entries)), sum(map(_digits, entries)), sum(entry < 0 for entry in entries)


def _digits(value: Fraction) -> int:
    return abs(value.numerator).bit_length() + 2 * (value.denominator.bit_length() - 1)


def _simpler(entries: list[Fraction]) -> Iterator[Vector]:
    """Candidates, boldest first."""
    nonzero = [i for i, entry in enumerate(entries) if entry]
    length = len(nonzero)
    while length:
        for start in range(0, len(nonzero), length):
            dropped = set(nonzero[start : start + length])
            yield vector([Fraction(0) if i in dropped else entry for i, entry in enumerate(entries)])
        length //= 2
    yield vector([Fraction(bool(entry)) for entry in entries])
    for simpler in zip(*map(_simpler_numbers, entries), strict=True):
        yield vector(simpler)
    for i in nonzero[:16]:
        for value in (Fraction(1), Fraction(2), Fraction(-1), Fraction(1, 2), *_simpler_numbers(entries[i])):
            yield vector([*entries[:i], value, *entries[i + 1 :]])


def _simpler_numbers(value: Fraction) -> list[Fraction]:
    """Short fractions near the value, then numbers with few binary digits: any precision holds those."""
    return [*(_near(value, share) for share in SHARES), *(_dyadic(value, digits) for digits in DIGITS)]


def _dyadic(value: Fraction, digits: int) -> Fraction:
    """The nearest number with that many binary digits."""
    step = Fraction(2) ** (abs(value.numerator).bit_length() - value.denominator.bit_length() - digits)
    return round(value / step) * step


def _near(value: Fraction, share: Fraction) -> Fraction:
    radius = abs(value) * share
    return simplest_between(value - radius, value + radius)
