"""Arithmetic and activations, value by value."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering, settling
from verify.formats.onnx import operators_activation as activation
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.choice import Choice
from verify.formats.onnx.constants import arithmetic, checked_shape, is_float, reciprocal
from verify.formats.onnx.elements import Array
from verify.formats.onnx.refusals import CurvedError
from verify.network import builder as layers
from verify.network.tensor import Tensor

LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def add(call: Call) -> Value:
    """A + B."""
    return _sum(call, call.value(0), call.value(1))


def sub(call: Call) -> Value:
    """A - B."""
    left, right = call.value(0), call.value(1)
    if isinstance(left, Choice) or isinstance(right, Choice):
        return _sum(call, left, settling.scaled(call, right, np.array(-1.0)))
    if isinstance(right, Tensor):
        return _sum(call, left, -right)
    if isinstance(left, Tensor):
        return lowering.plus_constant(call, left, -call.weights(1))
    return arithmetic("Sub", call.array(0), call.array(1), "constants")


def sum_(call: Call) -> Value:
    """The sum of any number of inputs."""
    return functools.reduce(lambda total, value: _sum(call, total, value), call.values())


def mean(call: Call) -> Value:
    """The mean of any number of inputs."""
    total = call.lifted(sum_(call), 0)
    return lowering.settled(call, total).scaled(Fraction(1, len(call.inputs)))


def _sum(call: Call, left: Value, right: Value) -> Value:
    if isinstance(left, Choice) or isinstance(right, Choice):
        return settling.combined(call, "add", [left, right])
    if isinstance(left, Tensor):
        if isinstance(right, Tensor):
            return lowering.plus(call, left, right)
        return lowering.plus_constant(call, left, call.finite(_constant(right)))
    if isinstance(right, Tensor):
        return lowering.plus_constant(call, right, call.finite(_constant(left)))
    return arithmetic("Add", _constant(left), _constant(right), "constants")


def _constant(value: Value) -> Array:
    if not isinstance(value, np.ndarray):
        raise NetworkError("arithmetic on a condition; expected numbers")
    return value


def mul(call: Call) -> Value:
    """A * B, at most one of them an activation (or X * Sigmoid(X))."""
    left, right = call.value(0), call.value(1)
    if isinstance(left, Choice) or isinstance(right, Choice):
        return settling.combined(call, "times", [left, right])
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        return activation.product(call, left, right)
    if isinstance(left, Tensor):
        return lowering.times_constant(call, left, call.weights(1))
    if isinstance(right, Tensor):
        return lowering.times_constant(call, right, call.weights(0))
    return arithmetic("Mul", call.array(0), call.array(1), "constants")


def div(call: Call) -> Value:
    """A / B with a constant B."""
    left = call.value(0)
    if isinstance(left, Choice):
        return settling.scaled(call, left, reciprocal(call.weights(1)))
    if isinstance(left, Tensor):
        return lowering.times_constant(call, left, reciprocal(call.weights(1)))
    return arithmetic("Div", call.array(0), call.array(1, "a constant divisor"), "constants")


def first_power(call: Call) -> Value:
    """X to the power 1."""
    exponents, value = call.array(1, "a constant power"), call.value(0)
    if isinstance(value, np.ndarray) or not np.all(call.certain(1) == 1):
        raise CurvedError("of an activation: operator Pow is not piecewise linear; it is read of power 1 and constants")
    return lowering.restructured(value, lambda places: np.broadcast_to(places, lowering.common_shape(value, exponents)))


def negative(call: Call) -> Value:
    """-X; of integers modulo 2 to their bits."""
    value = call.value(0)
    return settling.scaled(call, value, np.array(-1.0)) if isinstance(value, Choice) else -value


def relu(call: Call) -> Value:
    """max(X, 0)."""
    value = call.value(0)
    if isinstance(value, np.ndarray):
        return np.maximum(value, np.zeros((), dtype=value.dtype))
    return lowering.relu(call, call.tensor(0))


def leaky_relu(call: Call) -> Value:
    """X where it is positive, else alpha X."""
    return _leaky(call, Fraction(call.number("alpha", 0.01)))


def parametric_relu(call: Call) -> Value:
    """X where it is positive, else slope X."""
    x, slope = call.tensor(0), call.weights(1)
    if lowering.common_shape(x, slope) != x.shape:
        raise NetworkError(
            f"slopes of shape {slope.shape} do not broadcast to {x.shape}; the standard lets only slopes broadcast"
        )
    return _leaky(call, np.broadcast_to(slope, x.shape))


def absolute(call: Call) -> Value:
    """|X|."""
    value = call.value(0)
    if isinstance(value, Tensor):
        return _leaky(call, Fraction(-1))
    array = call.array(0)
    if array.dtype.kind == "i" and np.any(array == np.iinfo(array.dtype).min):
        raise NetworkError(f"the absolute value of {np.iinfo(array.dtype).min} is no {array.dtype}")
    return np.abs(array)


def hard_sigmoid(call: Call) -> Value:
    """max(0, min(1, alpha X + beta))."""
    alpha, beta = Fraction(call.number("alpha", 0.2)), Fraction(call.number("beta", 0.5))
    x = lowering.settled(call, call.tensor(0)).scaled(alpha).plus_number(beta)
    # min(1, z) = 1 - relu(1 - z), and what is left above 0.
    below = (-_above(call, -x.named(call.name), Fraction(-1))).named(call.name)
    return lowering.relu(call, below)


def _leaky(call: Call, slope: Fraction | Array) -> Tensor:
    x = lowering.settled(call, call.tensor(0))
    pre = call.fresh(x.reshape(lowering.without_batch(x.shape)))
    return layers.leaky_relu(pre, slope).reshape(x.shape)


def clip(call: Call) -> Value:
    """min(max(X, low), high), bounds as attributes before opset 11."""
    value = call.value(0)
    if isinstance(value, np.ndarray):
        return _clipped(call, value)
    x = call.tensor(0)
    low, high = _bounds(call)
    if low is not None:
        x = _above(call, x, low)
    if high is not None:
        x = -_above(call, -x, -high)
    return x


def _clipped(call: Call, array: Array) -> Value:
    """A constant between constant bounds, of any type."""
    bounds = [_stated(call, "min", 1, None), _stated(call, "max", 2, None)]
    low, high = (None if bound is None else np.array(bound, dtype=array.dtype) for bound in bounds)
    raised = array if low is None else np.maximum(array, low)
    return raised if high is None else np.minimum(raised, high)


def _above(call: Call, x: Tensor, bound: Fraction) -> Tensor:
    """max(x, bound)."""
    if bound == 0:
        return lowering.relu(call, x)
    return lowering.relu(call, lowering.settled(call, x).plus_number(-bound)).plus_number(bound)


def _bounds(call: Call) -> tuple[Fraction | None, Fraction | None]:
    return _bound(call, _stated(call, "min", 1, -np.inf), -1), _bound(call, _stated(call, "max", 2, np.inf), 1)


def _stated(call: Call, name: str, index: int, default: float | None) -> Any:
    """A bound of Clip as it is given; a constant may be of integers."""
    if call.opset < 11:
        return call.number(name, default) if default is not None or call.given(name) else None
    if not call.has(index):
        return default
    array = call.array(index, "a constant bound")
    if array.size != 1:
        raise NetworkError(f"bound '{name}' has shape {array.shape}; expected one number")
    return array.item()


def _bound(call: Call, value: float | Fraction, side: int) -> Fraction | None:
    """The bound, or None for the infinite one and for the largest float32, which older models mean by it."""
    if value == side * np.inf:
        return None
    if value == -side * np.inf:
        raise NetworkError(f"a bound is {value}; expected a finite number")
    if value == side * LARGEST_FLOAT32:
        call.builder.notes.append(f"bound {float(value):.6g} of {call.name} taken as no bound")
        return None
    return Fraction(value)


def maximum(call: Call) -> Value:
    """The largest of any number of inputs."""
    return _extreme(call, 1)


def minimum(call: Call) -> Value:
    """The smallest of any number of inputs: -max(-x)."""
    return _extreme(call, -1)


def _extreme(call: Call, sign: int) -> Value:
    values = call.values()
    constants = [_constant(v) for v in values if not isinstance(v, Tensor)]
    tensors = [v if sign > 0 else -v for v in values if isinstance(v, Tensor)]
    shape = checked_shape((len(values), *lowering.common_shape(*values)), "stack")[1:]
    if len({is_float(c) for c in constants}) > 1 or (tensors and not all(is_float(c) for c in constants)):
        raise NetworkError("inputs of float and integer types; expected one type")
    if not tensors:
        return np.asarray(functools.reduce(np.maximum if sign > 0 else np.minimum, constants))
    bound = functools.reduce(np.maximum, [sign * c for c in constants]) if constants else None
    # Settled one by one: coefficients that differ by a rounding must not cancel in a difference.
    parts = [lowering.broadcast(lowering.settled(call, x), shape) for x in tensors]
    result = parts[0]
    if len(parts) > 1:
        stack = layers.concatenated([x.reshape((1, *shape)) for x in parts], 0)
        result = lowering.largest(call, stack)
    if bound is not None:
        result = _above_each(call, result, call.finite(np.broadcast_to(bound, shape)))
    return result if sign > 0 else -result


def _above_each(call: Call, x: Tensor, bounds: Array) -> Tensor:
    """max(x, bounds), value by value."""
    higher = lowering.relu(call, lowering.plus_constant(call, lowering.settled(call, x), -bounds))
    return lowering.plus_constant(call, higher, bounds)
