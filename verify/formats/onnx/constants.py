"""Constant tensors: stored bytes to exact arrays, and exact arithmetic on them.

A constant is an array of float64 (each float is the rational that it is; every float type of ONNX that is read
fits), of ``Fraction`` objects where arithmetic on constants leaves float64, of the stored integer type (whose
arithmetic wraps), or of bool.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper

from verify.errors import NetworkError
from verify.formats.onnx.elements import (
    FLOAT_FORMATS,
    INTEGER_TYPES,
    SMALL_INTEGERS,
    Array,
    rounded_array,
    type_name,
)
from verify.network.matrix import compact, exact_products

# Largest number of values of one tensor, and of those computed as fractions.
MAX_VALUES = 10_000_000
MAX_FRACTIONS = 1_000_000
# Values of one stored tensor: as many as a file can hold.
MAX_STORED = 2**29
# Repeated squaring of a constant would double the digits every time.
MAX_BITS = 20_000


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


_DATA_FIELDS = ("raw_data", "float_data", "int32_data", "int64_data", "uint64_data", "double_data", "string_data")


def stored_array(tensor: onnx.TensorProto, what: str) -> Array:
    """The exact values of a stored tensor; NaN is refused, infinities only where a weight is needed."""
    check_stored_inside(tensor, what)
    kind = tensor.data_type
    if kind not in FLOAT_FORMATS and kind not in INTEGER_TYPES | SMALL_INTEGERS and kind != onnx.TensorProto.BOOL:
        raise NetworkError(f"{what} has element type {type_name(kind)}; expected a float, integer or bool type")
    shape = checked_shape(tensor.dims, what, MAX_STORED)
    held = [name for name in _DATA_FIELDS if len(getattr(tensor, name))]
    if len(held) > 1:
        raise NetworkError(f"{what} holds values twice, as {held[0]} and as {held[1]}; expected one of them")
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except Exception as error:  # to_array documents none of what it raises on inconsistent tensors
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NetworkError(f"{what} does not hold {_short(shape)} values: {reason}") from error
    return _normal(array, kind, what)


def sparse_array(tensor: onnx.SparseTensorProto, what: str) -> Array:
    """The exact values of a stored sparse tensor; what it does not list is zero."""
    shape = checked_shape(tensor.dims, what)
    values = stored_array(tensor.values, f"the values of {what}")
    places = stored_array(tensor.indices, f"the indices of {what}")
    if values.ndim != 1 or places.dtype != np.int64 or places.shape not in ((len(values),), (len(values), len(shape))):
        raise NetworkError(f"{what} has values of shape {values.shape} and indices of shape {places.shape}")
    sizes = np.array(shape, dtype=np.int64)
    if places.ndim == 1:
        sizes, places = np.array([math.prod(shape)], dtype=np.int64), places[:, None]
    if np.any((places < 0) | (places >= sizes)):
        raise NetworkError(f"{what} has an index outside its shape {_short(shape)}")
    flat = np.ravel_multi_index(tuple(places.T), tuple(sizes)) if places.size else np.zeros(0, dtype=np.int64)
    if len(np.unique(flat)) < len(flat):
        raise NetworkError(f"{what} lists an index twice")
    result = np.zeros(math.prod(shape), dtype=values.dtype)
    result[flat] = values
    return result.reshape(shape)


def _normal(array: Array, kind: int, what: str) -> Array:
    if kind in FLOAT_FORMATS:
        floats = array.astype(np.float64)
        if np.isnan(floats).any():
            raise NetworkError(f"{what} holds NaN; a network needs finite weights")
        return floats
    return array.astype(SMALL_INTEGERS[kind]) if kind in SMALL_INTEGERS else array


def is_float(array: Array) -> bool:
    """Whether the constant is of a float type (fractions included)."""
    return array.dtype.kind in "fO"


def cast(array: Array, target: int, what: str) -> Array:
    """The constant in another element type: floats round to nearest, integers wrap, floats lose their fraction."""
    if target == onnx.TensorProto.BOOL:
        return np.asarray(array != 0, dtype=bool)
    if target in INTEGER_TYPES:
        return _to_integers(array, INTEGER_TYPES[target], what)
    if target not in FLOAT_FORMATS:
        raise NetworkError(f"{what}: cast to element type {type_name(target)}; expected a float or integer type")
    if is_float(array):
        exact = array
    else:
        whole = [Fraction(int(value)) for value in array.ravel().tolist()]
        exact = compact(whole).reshape(array.shape)
    try:
        return rounded_array(exact, target)
    except OverflowError as error:
        raise NetworkError(f"{what}: {error} in the cast") from error


def _to_integers(array: Array, dtype: np.dtype[Any], what: str) -> Array:
    if not is_float(array):
        return array.astype(dtype)  # two's complement: what the type does not hold is cut off
    if array.dtype == np.float64 and not np.all(np.isfinite(array)):
        raise NetworkError(f"{what}: cast of an infinity to {dtype}")
    return _integers([math.trunc(value) for value in array.ravel().tolist()], array.shape, what, dtype)


def _integers(values: list[int], shape: tuple[int, ...], what: str, dtype: np.dtype[Any]) -> Array:
    bounds = np.iinfo(dtype)
    if values and (min(values) < bounds.min or max(values) > bounds.max):
        raise NetworkError(f"{what}: an integer leaves the range of {dtype}, which the standard leaves undefined")
    return np.array(values, dtype=dtype).reshape(shape)


def whole_numbers(values: Any, dtype: np.dtype[Any], what: str) -> Array:
    """Python integers as an array of that type; sums of several that leave it differ between implementations."""
    array = np.asarray(values, dtype=object)
    return _integers([int(value) for value in array.ravel()], array.shape, what, dtype)


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
    """Exact Add, Sub, Mul or Div of two constants with broadcasting; integers wrap, and Div of them truncates."""
    if is_float(left) != is_float(right) or "b" in (left.dtype.kind, right.dtype.kind):
        raise NetworkError(f"{what}: operands of types {left.dtype} and {right.dtype}; expected the same type")
    shape = broadcast_shape([left.shape, right.shape])
    a, b = np.broadcast_to(left, shape).ravel(), np.broadcast_to(right, shape).ravel()
    if is_float(left):
        for array in (left, right):
            if array.dtype == np.float64 and not np.all(np.isfinite(array)):
                raise NetworkError(f"{what}: an infinity in arithmetic; a network needs finite weights")
        return bounded(_FLOAT_ARITHMETIC[operator](a, b), what).reshape(shape)
    if left.dtype != right.dtype:
        raise NetworkError(f"{what}: operands of types {left.dtype} and {right.dtype}; expected the same type")
    if operator != "Div":
        return np.asarray(_WRAPPING[operator](a, b)).reshape(shape)
    if np.any(b == 0):
        raise NetworkError(f"{what}: division by zero")
    quotients = [_truncated(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    return _integers(quotients, shape, what, left.dtype)


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
# NumPy's arithmetic on arrays of integers is that of the type, modulo 2 to its bits.
_WRAPPING: dict[str, Callable[[Array, Array], Array]] = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}


def bounded(array: Array, what: str) -> Array:
    """The same constant, unless its fractions have grown too long."""
    if array.dtype == object:
        longest = max((max(abs(v.numerator), v.denominator) for v in array.ravel().tolist()), default=0)
        if longest.bit_length() > MAX_BITS:
            raise NetworkError(f"{what}: a constant needs {longest.bit_length()} bits; at most {MAX_BITS} are kept")
    return array


def compacted(values: Sequence[Any] | Array, shape: tuple[int, ...]) -> Array:
    """A float constant of these exact values: float64 where each of them is one."""
    flat = values.ravel().tolist() if isinstance(values, np.ndarray) else values
    return np.asarray(compact([Fraction(value) for value in flat])).reshape(shape)
