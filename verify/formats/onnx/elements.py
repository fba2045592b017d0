"""Element types: names, floating-point formats, and rounding to them.

What is rational is rounded exactly, what is not through balls of Arb that shrink until both ends round to the same
number. Neither depends on the machine, as NumPy's and a BLAS' own functions do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray

from verify.errors import NetworkError

Array: TypeAlias = NDArray[Any]
ArbBall: TypeAlias = Any

_T = onnx.TensorProto
# Bits of precision tried until a result is decided.
_PRECISIONS = (96, 192, 384, 768, 1536, 3072, 6144)


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: bits of the significand, least and greatest exponent of normal numbers."""

    precision: int
    lowest: int
    highest: int


FLOAT_FORMATS: dict[int, Format] = {
    _T.FLOAT16: Format(11, -14, 15),
    _T.BFLOAT16: Format(8, -126, 127),
    _T.FLOAT: Format(24, -126, 127),
    _T.DOUBLE: Format(53, -1022, 1023),
}
INTEGER_TYPES: dict[int, np.dtype[Any]] = {
    getattr(_T, f"{sign}INT{bits}"): np.dtype(f"{sign.lower()}int{bits}")
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}
# Stored in the next larger type; only operators that move values, Cast and DequantizeLinear take them.
SMALL_INTEGERS: dict[int, np.dtype[Any]] = {_T.INT4: np.dtype("int8"), _T.UINT4: np.dtype("uint8")}
_NAMES: dict[int, str] = {value: name for name, value in _T.DataType.items()}
_STANDARD_NAMES: dict[str, int] = {f"tensor({name.lower()})": value for value, name in _NAMES.items()}


def type_name(element: int) -> str:
    """FLOAT, INT8, ..."""
    return _NAMES.get(element, str(element))


def element_of(standard_name: str) -> int:
    """The element type that the standard writes ``tensor(float)``; 0 for what is not a tensor."""
    return _STANDARD_NAMES.get(standard_name, 0)


def standard_name(element: int) -> str:
    """``tensor(float)``."""
    return f"tensor({type_name(element).lower()})"


def rounded(value: Fraction, element: int) -> float:
    """The nearest number of the format, ties to even; ``OverflowError`` beyond its range."""
    form = FLOAT_FORMATS[element]
    if not value:
        return 0.0
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1
    quantum = Fraction(2) ** (max(exponent, form.lowest) - form.precision + 1)
    result = round(value / quantum) * quantum
    if abs(result) >= Fraction(2) ** (form.highest + 1):
        raise OverflowError(f"a value overflows in {type_name(element)}")
    return float(result)


def rounded_array(array: Array, element: int) -> Array:
    """Every value rounded to the format (infinities stay); ``OverflowError`` beyond its range."""
    if array.dtype == np.float64 and element != _T.BFLOAT16:
        with np.errstate(over="ignore"):
            result = array.astype(onnx.helper.tensor_dtype_to_np_dtype(element)).astype(np.float64)
        if np.any(np.isinf(result) & ~np.isinf(array)):
            raise OverflowError(f"a value overflows in {type_name(element)}")
        return result
    values = [v if _is_infinite(v) else rounded(Fraction(v), element) for v in array.ravel().tolist()]
    return np.array(values, dtype=np.float64).reshape(array.shape)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and abs(value) == float("inf")


def is_held(array: Array, element: int) -> bool:
    """Whether every value of a float constant is a number of its format: then nothing was rounded that it says."""
    if array.dtype != np.float64:
        return False
    try:
        return bool(np.array_equal(rounded_array(array, element), array))
    except OverflowError:
        return False


def nearest(compute: Callable[[], Sequence[ArbBall]], element: int) -> tuple[list[float], bool]:
    """Balls, computed at growing precision until each has one nearest number of the format; whether all are exact."""
    from flint import ctx

    for bits in _PRECISIONS:
        with ctx.workprec(bits):
            balls = list(compute())
            results = [_decided(ball, element) for ball in balls]
            decided = [value for value in results if value is not None]
            if len(decided) == len(results):
                return decided, all(ball == value for ball, value in zip(balls, decided, strict=True))
    raise NetworkError(f"a value cannot be told from the middle of two numbers of {type_name(element)}")


def _decided(ball: ArbBall, element: int) -> float | None:
    if not ball.is_finite():
        return None
    low, high = (_rounded_end(end, element) for end in (ball.lower(), ball.upper()))
    return low if low == high else None


def _rounded_end(end: ArbBall, element: int) -> float:
    mantissa, exponent = (int(part) for part in end.man_exp())
    size = mantissa.bit_length() + exponent
    if size > 1100:
        raise OverflowError(f"a value overflows in {type_name(element)}")
    if size < -1200:
        return 0.0
    return rounded(Fraction(mantissa) * Fraction(2) ** exponent, element)
