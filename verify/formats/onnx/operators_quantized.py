"""QuantizeLinear and DequantizeLinear: of constants evaluated as the standard says, of activations as a quantizer.

The integers of a quantized activation are ``block / scale + zero_point`` of a block that has rounded values, so that
dequantizing them with the same numbers gives the block itself.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import onnx

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value, axis_of, freshly_named
from verify.formats.onnx.elements import FLOAT_FORMATS, INTEGER_TYPES, Array, type_name
from verify.formats.onnx.operators_constant import along, dequantize
from verify.network.quantizer import Quantizer
from verify.network.tensor import Tensor, exact_vector
from verify.rational import vector

_T = onnx.TensorProto
# The ranges of the types that activations are quantized to.
RANGES: dict[int, tuple[int, int]] = {
    _T.INT8: (-128, 127),
    _T.UINT8: (0, 255),
    _T.INT16: (-32768, 32767),
    _T.UINT16: (0, 65535),
    _T.INT4: (-8, 7),
    _T.UINT4: (0, 15),
}
_KINDS: dict[int, Any] = {_T.FLOAT: np.float32, _T.DOUBLE: np.float64, _T.FLOAT16: np.float16}
# Other operators that take integers that came from an activation: they move values, or pick some of them.
TAKES_INTEGERS = frozenset(["DequantizeLinear", "MaxPool"])


def check_integers(call: Call, *, moves: bool) -> None:
    """Refuse arithmetic on the integers of a quantized activation, which would wrap around."""
    if moves or call.node.op_type in TAKES_INTEGERS:
        return
    for index, (value, element) in enumerate(zip(call.inputs, call.types, strict=True)):
        if isinstance(value, Tensor) and element in RANGES:
            raise NetworkError(
                f"input {index} are the integers ({type_name(element)}) of a quantized activation; only"
                " DequantizeLinear, MaxPool and operators that move values are read of them"
            )


def dequantize_linear(call: Call) -> Value:
    """``(x - zero_point) * scale``."""
    if isinstance(call.value(0), np.ndarray):
        return dequantize(call)
    x = call.tensor(0)
    if call.types[0] not in RANGES:
        raise NetworkError(f"an activation of type {type_name(call.types[0])}; expected the integers of QuantizeLinear")
    scale, zero = _numbers(call, x.shape)
    centred = replace(x, bias=x.bias - exact_vector(zero.ravel()))
    return centred.times(exact_vector(scale.ravel())).named("")


def quantize_linear(call: Call) -> Value:
    """``saturate(round(x / scale) + zero_point)``."""
    call.ignore("saturate", "output_dtype")
    target, roundoff = _target(call), _roundoff(call)
    if isinstance(call.value(0), np.ndarray):
        return _constant(call, target)
    x = call.tensor(0)
    scale, zero = _numbers(call, x.shape)
    scales, zeros = exact_vector(scale.ravel()), exact_vector(zero.ravel())
    low, high = (vector([end] * x.size) - zeros for end in RANGES[target])
    if np.any(scale <= 0):
        raise NetworkError("a scale that is not positive")
    named = freshly_named(call.builder, x.named(call.name), call.name).reshape(lowering.without_batch(x.shape))
    block = call.builder.add_block(named, relu=False, quantizer=Quantizer(scales, low, high, roundoff))
    steps = block.reshape(x.shape).times(vector([1 / value for value in scales.fractions()]))
    return replace(steps, bias=zeros)


def _target(call: Call) -> int:
    target = call.types[2] if call.has(2) else call.integer("output_dtype", 0) or int(_T.UINT8)
    if target not in RANGES:
        raise NetworkError(f"quantizes to {type_name(target)}; read are {', '.join(map(type_name, RANGES))}")
    return int(target)


def _roundoff(call: Call) -> Fraction:
    kind = call.integer("precision", 0) or call.types[1]
    return Fraction(1, 1 << FLOAT_FORMATS[kind].precision)


def _numbers(call: Call, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Scale and zero point for each value."""
    call.ignore("output_dtype")
    scale = call.finite(call.certain(1))
    zero = call.certain(2) if call.has(2) else np.zeros(scale.shape, dtype=np.int64)
    axis, block = call.integer("axis", 1), call.integer("block_size", 0)
    if zero.shape != scale.shape or zero.dtype.kind not in "iu":
        raise NetworkError(f"a zero point of shape {zero.shape} with scales of shape {scale.shape}")
    if scale.size == 1 and scale.ndim <= 1:
        return np.broadcast_to(scale.reshape(()), shape), np.broadcast_to(zero.reshape(()), shape)
    placed = axis_of(axis, len(shape))
    return along(scale, placed, block, shape), along(zero, placed, block, shape)


def _constant(call: Call, target: int) -> Array:
    """A constant, with the division in the type of the scale."""
    x = call.finite(call.certain(0))
    kind = _KINDS.get(call.integer("precision", 0) or call.types[1])
    if kind is None or call.types[0] != call.types[1]:
        raise NetworkError("a constant is quantized in float, double or float16, its own type")
    scale, zero = _numbers(call, x.shape)
    if np.any(scale <= 0):
        raise NetworkError("a scale that is not positive")
    with np.errstate(over="ignore", under="ignore"):
        quotient = np.asarray(x, dtype=kind) / np.asarray(scale, dtype=kind)
    whole = np.rint(quotient.astype(np.float64)) + zero.astype(np.float64)
    low, high = RANGES[target]
    stored = INTEGER_TYPES.get(target, np.dtype("int8") if low < 0 else np.dtype("uint8"))
    return np.asarray(np.clip(whole, low, high).astype(stored))
