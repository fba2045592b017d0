"""The one irrational number of inference with batch norm."""

from __future__ import annotations

import math
from fractions import Fraction

from verify.errors import NetworkError


def inverse_root(value: Fraction) -> tuple[Fraction, bool]:
    """1 / sqrt(value), and whether that is exact; else to 400 bits, so that one rounding to binary64 is left."""
    if value <= 0:
        raise NetworkError("variance plus epsilon is not positive; expected a positive number")
    top, bottom = value.denominator, value.numerator
    if math.isqrt(top) ** 2 == top and math.isqrt(bottom) ** 2 == bottom:
        return Fraction(math.isqrt(top), math.isqrt(bottom)), True
    bits = 400 + max(bottom.bit_length() - top.bit_length(), 0)
    return Fraction(math.isqrt((top << 2 * bits) // bottom), 1 << bits), False
