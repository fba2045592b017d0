"""Exact numbers: reading, writing and vectors of rationals.

A ``Vector`` is a vector of rationals over one common denominator, stored as Python integers in an
object array. Integer arithmetic over a common denominator is many times faster than arrays of
``Fraction`` and is all that the kernel needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.errors import InputError

Integers: TypeAlias = NDArray[np.object_]
Floats: TypeAlias = NDArray[np.float64]
Number: TypeAlias = int | float | Fraction | str

# Exponents beyond this make numbers of thousands of digits; no network or region needs one.
MAX_EXPONENT = 5000
# Beyond the 4300 digits that ``int`` reads: the exact solution of a large linear system has that many.
MAX_CHARACTERS = 100_000
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?")
_RATIO = re.compile(r"[+-]?\d+/\d+")


def parse_rational(text: str) -> Fraction:
    """Read ``"3"``, ``"0.1"``, ``"1e-30"`` or ``"1/3"`` exactly (``0.1`` is one tenth)."""
    stripped = text.strip().replace("\N{MINUS SIGN}", "-")  # as typeset formulas have it
    if len(stripped) > MAX_CHARACTERS:
        raise InputError(f"number of {len(stripped)} characters; at most {MAX_CHARACTERS} are read")
    if _RATIO.fullmatch(stripped):
        read = int if len(stripped) < 4000 else lambda part: int(Decimal(part))
        numerator, denominator = map(read, stripped.split("/"))
        if denominator == 0:
            raise InputError(f"{stripped[:60]!r} divides by zero")
        return Fraction(numerator, denominator)
    match = _DECIMAL.fullmatch(stripped)
    if match is None:
        raise InputError(f"{text[:60]!r} is not a number; write 3, 0.1, 1e-3 or 1/3")
    if match.group(3) and abs(int(match.group(3)[1:])) > MAX_EXPONENT:
        raise InputError(f"{stripped[:60]!r}: exponents are limited to {MAX_EXPONENT}")
    return Fraction(Decimal(stripped))


@dataclass(frozen=True)
class Enclosure:
    """A real number known to lie between two rationals; equal ends mean that it is that rational."""

    low: Fraction
    high: Fraction

    def __add__(self, other: Fraction | Enclosure) -> Enclosure:
        low, high = ends(other)
        return Enclosure(self.low + low, self.high + high)

    __radd__ = __add__

    def __mul__(self, factor: Fraction) -> Enclosure:
        sides = self.low * factor, self.high * factor
        return Enclosure(min(sides), max(sides))

    __rmul__ = __mul__

    def __str__(self) -> str:
        """The decimals that both ends share, then dots."""
        if self.low == self.high:
            return exact_text(self.low)
        for digits in (10, 8, 6, 4, 3, 2, 1):
            texts = {rounded_text(end, digits) for end in (self.low, self.high)}
            if len(texts) == 1:
                return f"~{texts.pop()}"
        return f"[{rounded_text(self.low, 6)}, {rounded_text(self.high, 6)}]"


Real: TypeAlias = Fraction | Enclosure


def ends(value: Real) -> tuple[Fraction, Fraction]:
    """A lower and an upper bound of the number: itself twice if it is rational."""
    return (value.low, value.high) if isinstance(value, Enclosure) else (value, value)


def exact_text(value: Real) -> str:
    """``"p/q"``, or ``"p"`` for an integer, of any length (``str`` refuses more than 4300 digits).

    A number that is only enclosed is written ``"[p/q, r/s]"``.
    """
    if isinstance(value, Enclosure):
        if value.low == value.high:
            return exact_text(value.low)
        return f"[{exact_text(value.low)}, {exact_text(value.high)}]"
    numerator, denominator = (format(Decimal(n), "f") for n in value.as_integer_ratio())
    return numerator if denominator == "1" else f"{numerator}/{denominator}"


def to_fraction(value: Number) -> Fraction:
    """The exact rational that ``value`` is: a float is its binary value, a string is read in decimal."""
    if type(value) is Fraction and type(value.numerator) is type(value.denominator) is int:
        return value  # as it is: most are
    if isinstance(value, str):
        return parse_rational(value)
    if isinstance(value, float | np.floating) and not math.isfinite(value):
        raise InputError(f"{value} is not a finite number")
    if isinstance(value, np.integer):  # Fraction knows only Python's own numbers
        return Fraction(int(value))
    if isinstance(value, np.floating):
        return Fraction(*value.as_integer_ratio())
    if isinstance(value, Fraction):
        # Fraction(np.int8(64), 7) keeps NumPy's number, whose products would wrap around.
        return Fraction(int(value.numerator), int(value.denominator))
    return Fraction(value)


def counted(number: int, what: str) -> str:
    """``1 input``, ``2 inputs``, ``2 biases``."""
    if number == 1:
        return f"{number} {what}"
    return f"{number} {what}es" if what.endswith("s") else f"{number} {what}s"


def rounded_text(value: Fraction, digits: int) -> str:
    """``digits`` significant decimals of a rational of any size (float would overflow)."""
    if value == 0:
        return "0"
    try:
        approximation = float(value)
    except OverflowError:
        approximation = math.inf
    if math.isfinite(approximation) and abs(approximation) > 1e-300:
        return f"{approximation:.{digits}g}"
    quotient = Context(prec=digits).divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{quotient:.{digits - 1}e}"


@dataclass(frozen=True, eq=False)
class Vector:
    """The exact vector ``numerators / denominator``; ``denominator`` is positive."""

    numerators: Integers
    denominator: int

    def __len__(self) -> int:
        return len(self.numerators)

    def __getitem__(self, index: int) -> Fraction:
        return Fraction(self.numerators[index], self.denominator)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vector):
            return NotImplemented
        return len(self) == len(other) and bool(
            np.all(self.numerators * other.denominator == other.numerators * self.denominator)
        )

    def __hash__(self) -> int:
        lowest = self.reduced()
        return hash((lowest.denominator, *lowest.numerators.tolist()))

    def __add__(self, other: Vector) -> Vector:
        if len(self) != len(other):  # NumPy would stretch a vector of length one
            raise ValueError(f"vectors of lengths {len(self)} and {len(other)}")
        common = math.lcm(self.denominator, other.denominator)
        left = self.numerators * (common // self.denominator)
        right = other.numerators * (common // other.denominator)
        return Vector(left + right, common).reduced()

    def __neg__(self) -> Vector:
        return Vector(-self.numerators, self.denominator)

    def __sub__(self, other: Vector) -> Vector:
        return self + (-other)

    def scaled(self, factor: Fraction) -> Vector:
        """``factor`` times this vector."""
        numerators = self.numerators * factor.numerator
        return Vector(numerators, self.denominator * factor.denominator).reduced()

    def dot(self, other: Vector) -> Fraction:
        """The exact inner product."""
        total = int(np.dot(self.numerators, other.numerators)) if len(self) else 0
        return Fraction(total, self.denominator * other.denominator)

    def reduced(self) -> Vector:
        """The same vector over the smallest common denominator."""
        common = math.gcd(self.denominator, *self.numerators.tolist())
        if common == 1:
            return self
        return Vector(self.numerators // common, self.denominator // common)

    def is_zero(self) -> bool:
        """Whether every entry is exactly zero."""
        return not any(self.numerators.tolist())

    def fractions(self) -> list[Fraction]:
        """The entries as a list of fractions."""
        return [Fraction(n, self.denominator) for n in self.numerators.tolist()]

    def floats(self) -> Floats:
        """The entries rounded to the nearest float64 (overflow gives an infinity)."""
        return np.array([nearest_float(n, self.denominator) for n in self.numerators.tolist()])

    def strings(self) -> list[str]:
        """The entries as ``"p/q"`` strings, for JSON."""
        return [exact_text(value) for value in self.fractions()]

    def take(self, indices: Sequence[int] | NDArray[np.intp]) -> Vector:
        """The entries at ``indices``."""
        return Vector(self.numerators[np.asarray(indices, dtype=np.intp)], self.denominator)


# Values of names: of a property's variables, or of a formula's.
Assignment: TypeAlias = Mapping[str, Vector | Fraction]


def nearest_float(numerator: int, denominator: int) -> float:
    """``numerator / denominator`` correctly rounded; an infinity where it overflows."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def integer_array(values: Iterable[int]) -> Integers:
    """A one-dimensional object array of Python integers."""
    items = [int(value) for value in values]  # NumPy's own would wrap around
    result = np.empty(len(items), dtype=object)
    result[:] = items
    return result


def vector(values: Iterable[Number]) -> Vector:
    """An exact vector from numbers (see ``to_fraction``)."""
    fractions = [to_fraction(value) for value in values]
    common = math.lcm(*(f.denominator for f in fractions)) if fractions else 1
    numerators = integer_array(f.numerator * (common // f.denominator) for f in fractions)
    return Vector(numerators, common)


def vector_from_floats(values: NDArray[np.floating]) -> Vector:
    """The exact vector that an array of finite floats is."""
    numerators, denominator = float_integers(np.asarray(values, dtype=np.float64).ravel())
    return Vector(numerators, denominator)


def sparse_row(coefficients: Vector, constant: Fraction) -> tuple[dict[int, int], int]:
    """Coefficients that are not zero by place, and the constant (if it is not zero) as -1, integers over one number."""
    common = math.lcm(coefficients.denominator, constant.denominator)
    factor = common // coefficients.denominator
    row = {j: n * factor for j, n in enumerate(coefficients.numerators.tolist()) if n}
    if constant:
        row[-1] = constant.numerator * (common // constant.denominator)
    return row, common


def zeros(size: int) -> Vector:
    """The zero vector of length ``size``."""
    return Vector(integer_array([0] * size), 1)


def concatenate(parts: Sequence[Vector]) -> Vector:
    """The vectors one after the other."""
    common = math.lcm(*(part.denominator for part in parts)) if parts else 1
    arrays = [part.numerators * (common // part.denominator) for part in parts]
    return Vector(np.concatenate(arrays) if arrays else integer_array([]), common)


def float_integers(values: Floats) -> tuple[Integers, int]:
    """Integers ``n`` and a power of two ``d`` with ``values == n / d`` exactly."""
    numerators, denominator = short_float_integers(values)
    return numerators.astype(object), denominator


def short_float_integers(values: Floats) -> tuple[NDArray[Any], int]:
    """``float_integers``, the numerators as int64 where all of them are below 2^62 (else Python integers).

    A float64 is ``m * 2**e`` with an integer ``|m| < 2**53``; trailing zero bits of ``m`` are moved
    into ``e`` first, which keeps the integers short. Products of int64 wrap around: multiply them by objects only.
    """
    if not np.all(np.isfinite(values)):
        raise InputError("a number is NaN or infinite")
    if values.size == 0:
        return np.zeros(0, dtype=np.int64), 1
    fraction, exponent = np.frexp(values)
    mantissa = (fraction * 2.0**53).astype(np.int64)
    exponent = exponent.astype(np.int64) - 53
    lowest_bit = mantissa & -mantissa
    nonzero = mantissa != 0
    trailing = np.zeros_like(exponent)
    trailing[nonzero] = np.frexp(lowest_bit[nonzero].astype(np.float64))[1] - 1
    mantissa = mantissa >> trailing
    exponent = np.where(nonzero, exponent + trailing, 0)
    lowest = min(int(exponent.min()), 0)
    shifts = exponent - lowest
    lengths = np.frexp(mantissa.astype(np.float64))[1]  # |m| < 2^53: the conversion is exact
    if int((lengths + shifts).max()) <= 62:
        return mantissa << shifts, 2**-lowest
    return np.left_shift(mantissa.astype(object), shifts.astype(object)), 2**-lowest


def scaled_integers(numerators: NDArray[Any], factor: int) -> NDArray[Any]:
    """``factor`` times the numerators: int64 where all products are below 2^62, else Python integers."""
    if factor == 1:
        return numerators
    if numerators.dtype != object:
        longest = max(abs(int(n)) for n in (numerators.min(initial=0), numerators.max(initial=0)))
        if factor < 2**62 and longest * factor < 2**62:
            return numerators * factor
    return numerators.astype(object) * factor
