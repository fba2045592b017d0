"""Constant tensors: stored bytes to exact arrays, and exact arithmetic on them.

A constant is an array of float64 (each float is the rational that it is; every float type of ONNX that is read
fits), of ``Fraction`` objects where arithmetic on constants leaves float64, of int64, or of bool.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network.matrix import exact_products

Array: TypeAlias = NDArray[Any]

# Largest number of values of one tensor, and of those computed as fractions.
MAX_VALUES = 10_000_000
MAX_FRACTIONS = 1_000_000
# Repeated squaring of a constant would double the digits every time.
MAX_BITS = 20_000

_FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}
_INTEGERS = {
    getattr(onnx.TensorProto, f"{sign}INT{bits}"): np.dtype(f"{sign.lower()}int{bits}")
    for sign in ("", "U")
    for bits in (8, 16, 32, 64)
}


def checked_shape(shape: Iterable[int], what: str, limit: int | None = None) -> tuple[int, ...]:
    """The shape, unless it is negative somewhere or too large to allocate."""
    sizes = tuple(int(size) for size in shape)
    most = MAX_VALUES if limit is None else limit
    if any(size < 0 for size in sizes) or math.prod(sizes) > most:
        raise NetworkError(f"{what}: shape {_short(sizes)}; expected sizes >= 0 and at most {most} values")
    return sizes


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that arrays of these shapes broadcast to."""
    try:
        return checked_shape(np.broadcast_shapes(*shapes), "result")
    except ValueError as error:
        listed = ", ".join(map(_short, shapes[:6]))
        raise NetworkError(
            f"shapes {listed} do not broadcast; expected equal sizes, or 1, from the last axis on"
        ) from error


def _short(sizes: tuple[int, ...]) -> str:
    return str(sizes) if len(sizes) <= 8 else f"{sizes[:8]}... of {len(sizes)} axes"


def check_stored_inside(tensor: onnx.TensorProto, what: str) -> None:
    """Refuse a tensor whose values are in another file; that file is not looked at."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise NetworkError(
            f"{what} is stored in another file, which is never read: save the model in one file "
            "(onnx.save with save_as_external_data=False)"
        )


def stored_array(tensor: onnx.TensorProto, what: str) -> Array:
    """The exact values of a stored tensor; NaN is refused, infinities only where a weight is needed."""
    check_stored_inside(tensor, what)
    kind = tensor.data_type
    if kind not in _FLOATS and kind not in _INTEGERS and kind != onnx.TensorProto.BOOL:
        raise NetworkError(f"{what} has element type {_type_name(kind)}; expected a float, double, float16 or integer")
    if any(size < 0 for size in tensor.dims):
        raise NetworkError(f"{what} has the shape {tuple(tensor.dims)[:8]}; expected sizes >= 0")
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # to_array documents none of what it raises on inconsistent tensors
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NetworkError(f"{what} does not hold {_short(tuple(tensor.dims))} values: {reason}") from error
    return _normal(array, what)


def _type_name(kind: int) -> str:
    names: dict[int, str] = {value: name for name, value in onnx.TensorProto.DataType.items()}
    return names.get(kind, str(kind))


def _normal(array: Array, what: str) -> Array:
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise NetworkError(f"{what} holds NaN; a network needs finite weights")
        return array.astype(np.float64)
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise NetworkError(f"{what} holds integers beyond 64 bits with sign")
    return array.astype(np.int64)


def is_float(array: Array) -> bool:
    """Whether the constant is of a float type (fractions included)."""
    return array.dtype.kind in "fO"


def cast(array: Array, target: int, what: str) -> Array:
    """The constant in another element type, by that type's own rounding."""
    if target == onnx.TensorProto.BOOL:
        return np.asarray(array != 0, dtype=bool)
    if target in _INTEGERS:
        whole = [math.trunc(value) for value in array.ravel().tolist()]
        bounds = np.iinfo(_INTEGERS[target])
        return _integers(whole, array.shape, what, int(bounds.min), min(int(bounds.max), 2**63 - 1))
    if target not in _FLOATS:
        raise NetworkError(f"{what}: cast to element type {_type_name(target)}; expected a float or integer type")
    dtype = onnx.helper.tensor_dtype_to_np_dtype(target)
    if array.dtype == object:
        raise NetworkError(f"{what}: cast of a computed constant that is not a float64")
    with np.errstate(over="ignore"):
        rounded = array.astype(dtype).astype(np.float64)
    if not np.all(np.isfinite(rounded) | ~np.isfinite(array.astype(np.float64))):
        raise NetworkError(f"{what}: a value overflows in the cast to {_type_name(target)}")
    return rounded


def _integers(values: list[int], shape: tuple[int, ...], what: str, low: int, high: int) -> Array:
    if values and (min(values) < low or max(values) > high):
        raise NetworkError(f"{what}: an integer leaves the range {low} to {high}")
    return np.array(values, dtype=np.int64).reshape(shape)


def fractions(array: Array) -> Array:
    """The same values as an object array of fractions."""
    if array.size > MAX_FRACTIONS:
        raise NetworkError(f"exact arithmetic on {array.size} constants; at most {MAX_FRACTIONS} are supported")
    result = np.empty(array.size, dtype=object)
    result[:] = [Fraction(value) for value in array.ravel().tolist()]
    return result.reshape(array.shape)


def reciprocal(array: Array) -> Array:
    """The exact 1 / array: float64 for powers of two, else fractions."""
    if np.any(array == 0):
        raise NetworkError("division by zero")
    if array.dtype == np.float64 and np.all(np.abs(np.frexp(array)[0]) == 0.5):
        inverse = 1.0 / array
        if np.all(np.isfinite(inverse)):
            return inverse
    result = np.empty(array.size, dtype=object)
    result[:] = [1 / value for value in fractions(array).ravel().tolist()]
    return result.reshape(array.shape)


def arithmetic(operator: str, left: Array, right: Array, what: str) -> Array:
    """Exact Add, Sub, Mul or Div of two constants with broadcasting (Div of integers truncates, as in ONNX)."""
    if is_float(left) != is_float(right) or "b" in (left.dtype.kind, right.dtype.kind):
        raise NetworkError(f"{what}: operands of types {left.dtype} and {right.dtype}; expected the same type")
    shape = broadcast_shape([left.shape, right.shape])
    a, b = np.broadcast_to(left, shape).ravel(), np.broadcast_to(right, shape).ravel()
    if is_float(left):
        return _bounded(_FLOAT_ARITHMETIC[operator](a, b), what).reshape(shape)
    if operator == "Div" and np.any(b == 0):
        raise NetworkError(f"{what}: division by zero")
    values = [_INTEGER_ARITHMETIC[operator](x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    return _integers(values, shape, what, -(2**63), 2**63 - 1)


def _exact_sum(a: Array, b: Array) -> Array:
    """Float64 where no sum rounds (Knuth's TwoSum says so), else fractions."""
    if a.dtype == np.float64 and b.dtype == np.float64:
        with np.errstate(all="ignore"):
            total = a + b
            rest = total - a
            lost = (a - (total - rest)) + (b - rest)
        if np.all(lost == 0):
            return np.asarray(total)
    return np.asarray(fractions(a) + fractions(b))


def _truncated(x: int, y: int) -> int:
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


_FLOAT_ARITHMETIC: dict[str, Callable[[Array, Array], Array]] = {
    "Add": _exact_sum,
    "Sub": lambda a, b: _exact_sum(a, -b),
    "Mul": lambda a, b: np.asarray(exact_products(a, b)),
    "Div": lambda a, b: np.asarray(exact_products(a, reciprocal(b))),
}
_INTEGER_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "Add": lambda x, y: x + y,
    "Sub": lambda x, y: x - y,
    "Mul": lambda x, y: x * y,
    "Div": _truncated,
}


def _bounded(array: Array, what: str) -> Array:
    if array.dtype == object:
        longest = max((max(abs(v.numerator), v.denominator) for v in array.ravel().tolist()), default=0)
        if longest.bit_length() > MAX_BITS:
            raise NetworkError(f"{what}: a constant needs {longest.bit_length()} bits; at most {MAX_BITS} are kept")
    return array
