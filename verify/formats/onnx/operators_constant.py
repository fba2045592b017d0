"""Operators that are only evaluated on constants, exactly: comparisons, integers, indices, and rational functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import onnx

from verify.errors import NetworkError
from verify.formats.onnx import constants
from verify.formats.onnx.call import Call, Value, axis_of
from verify.formats.onnx.constants import broadcast_shape, checked_shape, compacted, is_float
from verify.formats.onnx.elements import INTEGER_TYPES, Array
from verify.network.builder import check_entry_count


def both(call: Call) -> tuple[Array, Array]:
    """Two constants of one type on which the result depends with jumps, in their common shape."""
    left, right = call.certain(0), call.certain(1)
    shape = broadcast_shape([left.shape, right.shape])
    return np.broadcast_to(left, shape), np.broadcast_to(right, shape)


def logic(function: Callable[..., Any]) -> Callable[[Call], Value]:
    """A binary operator on booleans or bits."""
    return lambda call: np.asarray(function(*both(call)))


def negation(call: Call) -> Value:
    """Not X, or its bits turned."""
    return np.asarray(np.invert(call.array(0)))


def bit_shift(call: Call) -> Value:
    """X shifted by Y bits; by all of its bits or more it is 0."""
    x, y = both(call)
    direction = call.text("direction", "")
    if direction not in ("LEFT", "RIGHT"):
        raise NetworkError(f"direction '{direction}'; expected LEFT or RIGHT")
    if np.any(y >= x.dtype.itemsize * 8):
        raise NetworkError("a shift by at least the number of bits, which the standard leaves undefined")
    return np.asarray(np.left_shift(x, y) if direction == "LEFT" else np.right_shift(x, y))


def elementwise(function: Callable[[Fraction], Any], *, jumps: bool) -> Callable[[Call], Value]:
    """A rational function of each value of a constant."""

    def evaluate(call: Call) -> Value:
        array = call.certain(0) if jumps else call.array(0)
        if not is_float(array):
            return _whole(array, function)
        values = constants.fractions(call.finite(array)).ravel().tolist()
        return compacted([function(value) for value in values], array.shape)

    return evaluate


def _whole(array: Array, function: Callable[[Any], Any]) -> Array:
    return np.array([function(int(v)) for v in array.ravel().tolist()], dtype=array.dtype).reshape(array.shape)


def sign(value: Any) -> int:
    """-1, 0 or 1."""
    return int(value > 0) - int(value < 0)


def reciprocal(value: Fraction) -> Fraction:
    """1 / value."""
    if not value:
        raise NetworkError("division by zero")
    return 1 / value


def is_infinite(call: Call) -> Value:
    """Whether each value is an infinity of a sign that is asked for."""
    array = call.array(0)
    high, low = call.flag("detect_positive", True), call.flag("detect_negative", True)
    return np.asarray((array == math.inf) & high | (array == -math.inf) & low, dtype=bool)


def is_nan(call: Call) -> Value:
    """No stored constant is NaN."""
    return np.zeros(call.array(0).shape, dtype=bool)


def modulo(call: Call) -> Value:
    """The remainder, with the sign of the divisor, or (fmod) of the dividend."""
    left, right = both(call)
    fmod = call.flag("fmod")
    if np.any(right == 0):
        raise NetworkError("division by zero")
    if is_float(left) and not fmod:
        raise NetworkError("a remainder of floats needs fmod=1")
    if not is_float(left):
        return np.asarray(np.fmod(left, right) if fmod else np.mod(left, right))
    a, b = (constants.fractions(call.finite(np.array(part))).ravel().tolist() for part in (left, right))
    return compacted([x - y * math.trunc(x / y) for x, y in zip(a, b, strict=True)], left.shape)


def size(call: Call) -> Value:
    """The number of values."""
    return np.array(math.prod(call.value(0).shape), dtype=np.int64)


def range_(call: Call) -> Value:
    """Numbers from ``start`` to before ``limit``."""
    start, limit, step = (call.certain(index) for index in range(3))
    if any(part.size != 1 for part in (start, limit, step)) or not step.item():
        raise NetworkError("start, limit and delta must be single numbers, and delta not 0")
    if is_float(start):
        for part in (start, limit, step):
            call.finite(part)
    first, last, delta = (Fraction(part.item()) for part in (start, limit, step))
    (count,) = checked_shape([max(math.ceil((last - first) / delta), 0)], "result")
    for kind in (np.float32, np.float64) if is_float(start) else ():
        if max(math.ceil((kind(last) - kind(first)) / kind(delta)), 0) != count:
            raise NetworkError("how many numbers there are depends on rounding; store them as a constant")
    values = [first + k * delta for k in range(count)]
    if is_float(start):
        return compacted(values, (count,))
    return np.array([int(value) for value in values], dtype=start.dtype)


def extreme_index(function: Callable[..., Any]) -> Callable[[Call], Value]:
    """The place of the largest or smallest value along an axis; of equal ones the first, or the last if asked for."""

    def evaluate(call: Call) -> Value:
        array = call.certain(0)
        axis = axis_of(call.integer("axis", 0), array.ndim)
        last, keep = call.flag("select_last_index"), call.flag("keepdims", True)
        if not array.shape[axis]:
            raise NetworkError("the largest of no values")
        places = function(np.flip(array, axis) if last else array, axis=axis, keepdims=keep)
        return np.asarray(array.shape[axis] - 1 - places if last else places, dtype=np.int64)

    return evaluate


def hard_max(call: Call) -> Value:
    """1 at the largest value along an axis, of equal ones the first, 0 elsewhere.

    Before operator set 13 along all axes from it on, as one.
    """
    array = call.certain(0)
    axis = axis_of(call.integer("axis", 1 if call.opset < 13 else -1), array.ndim)
    rows = array.reshape(*array.shape[:axis], -1) if call.opset < 13 and array.size else np.moveaxis(array, axis, -1)
    if not array.size:
        return np.zeros(array.shape)
    hot = np.asarray(rows.argmax(axis=-1)[..., None] == np.arange(rows.shape[-1]), dtype=np.float64)
    return hot.reshape(array.shape) if call.opset < 13 else np.ascontiguousarray(np.moveaxis(hot, -1, axis))


def whole_product(left: Array, right: Array) -> Array:
    """The matrix product of integers, of a type whose arithmetic wraps; refused where it would be very large."""
    if not left.ndim or not right.ndim:
        raise NetworkError("a matrix product of single numbers")
    batch = broadcast_shape([left.shape[:-2], right.shape[:-2]])
    shape = checked_shape([*batch, *left.shape[-2:-1], *(right.shape[-1:] if right.ndim > 1 else ())], "result")
    check_entry_count([*shape, left.shape[-1]])
    return np.asarray(np.matmul(left, right))


def matmul_integer(call: Call) -> Value:
    """The product of integers less their zero points (one, or one for each row of the first, column of the second)."""
    factors = [_less_zero_point(call, index, kept) for index, kept in ((0, -2), (1, -1))]
    product = whole_product(*factors)
    bounds = np.iinfo(np.int32)
    if product.size and not bounds.min <= product.min() <= product.max() <= bounds.max:
        raise NetworkError("a sum of products leaves the range of int32, which the standard leaves undefined")
    return product.astype(np.int32)


def _less_zero_point(call: Call, index: int, kept: int) -> Array:
    """The integers less their zero points, of which there are several along the axis ``kept`` alone."""
    whole = call.array(index).astype(np.int64)
    if not call.has(2 + index):
        return whole
    zero = call.array(2 + index).astype(np.int64)
    if zero.size == 1:
        return np.asarray(whole - zero.reshape(()))
    each = [size if axis - whole.ndim == kept else 1 for axis, size in enumerate(whole.shape)]
    full = [1 if axis - whole.ndim == -3 - kept else size for axis, size in enumerate(whole.shape)]
    if whole.ndim < 2 or list(zero.shape) not in ([whole.shape[kept]], full):
        raise NetworkError(f"a zero point of shape {zero.shape} for integers of shape {whole.shape}")
    return np.asarray(whole - (zero.reshape(each) if zero.ndim == 1 else zero))


def nonzero(call: Call) -> Value:
    """The indices of what is not zero, a row for each axis."""
    array = call.certain(0)
    return np.array(np.nonzero(np.atleast_1d(array)), dtype=np.int64).reshape(max(array.ndim, 1), -1)


def one_hot(call: Call) -> Value:
    """One value at each index along a new axis, another elsewhere."""
    indices, depth, values = call.certain(0), call.certain(1), call.array(2)
    if depth.size != 1 or values.shape != (2,):
        raise NetworkError("expected one depth and two values")
    count = int(depth.item())
    axis = axis_of(call.integer("axis", -1), indices.ndim + 1)
    checked_shape([*indices.shape, count], "result")
    whole = np.array([int(v) for v in indices.ravel().tolist()], dtype=np.int64).reshape(indices.shape)
    inside = (whole >= -count) & (whole < count)
    hot = inside[..., None] & (np.where(whole < 0, whole + count, whole)[..., None] == np.arange(count))
    return np.asarray(np.where(np.moveaxis(hot, -1, axis), values[1], values[0]))


def eye_like(call: Call) -> Value:
    """Ones on a diagonal."""
    call.ignore("dtype")
    shape = checked_shape(call.value(0).shape, "result")
    if len(shape) != 2:
        raise NetworkError(f"a tensor of shape {shape}; expected two axes")
    stated = call.integer("dtype", call.types[0])
    if stated == onnx.TensorProto.BOOL:
        return np.eye(*shape, k=call.integer("k", 0), dtype=bool)
    return np.eye(*shape, k=call.integer("k", 0), dtype=INTEGER_TYPES.get(stated, np.dtype(np.float64)))


def power(call: Call) -> Value:
    """X to whole powers, exactly (roots and other powers: ``operators_rounded``)."""
    base, exponent = call.array(0), call.array(1)
    shape = broadcast_shape([base.shape, exponent.shape])
    pairs = list(zip(np.broadcast_to(base, shape).ravel().tolist(), np.broadcast_to(exponent, shape).ravel().tolist(),
                     strict=True))  # fmt: skip
    values = [_power(Fraction(b), Fraction(e)) for b, e in pairs]
    if is_float(base):
        return constants.bounded(compacted(values, shape), "constant")
    if any(value.denominator != 1 for value in values):
        raise NetworkError("a negative power of integers")
    bounds = np.iinfo(base.dtype)
    if any(not bounds.min <= value <= bounds.max for value in values):
        raise NetworkError(f"a power leaves the range of {base.dtype}, which the standard leaves undefined")
    return np.array([int(value) for value in values], dtype=base.dtype).reshape(shape)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    bits = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > constants.MAX_BITS:
        raise NetworkError(f"a power needs about {float(abs(exponent) * bits):.3g} bits; "
                           f"at most {constants.MAX_BITS} are kept")  # fmt: skip
    if not base and exponent < 0:
        raise NetworkError("division by zero")
    return base ** int(exponent)


def dequantize(call: Call) -> Value:
    """``(x - zero_point) * scale`` of a constant, for the whole tensor, an axis or blocks of an axis."""
    x, scale = call.array(0), call.weights(1)
    call.ignore("output_dtype")
    zero = call.array(2) if call.has(2) else np.zeros(scale.shape, dtype=np.int64)
    axis, block = call.integer("axis", 1), call.integer("block_size", 0)
    if zero.shape != scale.shape:
        raise NetworkError(f"a zero point of shape {zero.shape} with scales of shape {scale.shape}")
    if x.dtype.kind not in "iu":
        raise NetworkError(f"{x.dtype} values; expected integers")
    if scale.size == 1 and scale.ndim <= 1:
        spread = [np.broadcast_to(part.reshape(()), x.shape) for part in (scale, zero)]
    else:
        spread = [along(part, axis_of(axis, x.ndim), block, x.shape) for part in (scale, zero)]
    whole = x.astype(object) - spread[1].astype(object)
    return constants.arithmetic("Mul", compacted(whole, x.shape), np.ascontiguousarray(spread[0]), "constant")


def along(part: Array, axis: int, block: int, shape: tuple[int, ...]) -> Array:
    """Scales of an axis, or (``block``) of every so many places of it, for each value."""
    if block:
        repeated = np.repeat(part, block, axis=axis) if part.ndim == len(shape) and block > 0 else part
        if repeated.ndim != len(shape) or block < 0 or repeated.shape[axis] - shape[axis] not in range(block):
            raise NetworkError(f"scales of shape {part.shape} for blocks of {block} of shape {shape}")
        cut = [slice(None)] * len(shape)
        cut[axis] = slice(shape[axis])
        return np.broadcast_to(repeated[tuple(cut)], shape)
    if part.shape != (shape[axis],):
        raise NetworkError(f"scales of shape {part.shape} for axis {axis} of shape {shape}")
    sizes = [1] * len(shape)
    sizes[axis] = shape[axis]
    return np.broadcast_to(part.reshape(sizes), shape)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Equal": operator.eq,
    "Greater": operator.gt,
    "GreaterOrEqual": operator.ge,
    "Less": operator.lt,
    "LessOrEqual": operator.le,
}


def comparison(name: str) -> Callable[[Call], Value]:
    """A comparison of two constants."""
    return lambda call: np.asarray(COMPARISONS[name](*both(call)), dtype=bool)
