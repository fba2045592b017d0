"""Layers with weights."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import arithmetic, checked_shape
from verify.formats.onnx.elements import Array
from verify.formats.onnx.operators_constant import whole_product
from verify.formats.onnx.windows import images_of, separated, transposed_window, window_attributes
from verify.formats.roots import inverse_root
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.tensor import Tensor, exact_vector


def conv(call: Call) -> Value:
    """Convolution of each image with constant weights: together one convolution with a group for each of them."""
    weight = call.weights(1)
    bias = call.weights(2) if call.has(2) else None
    x, images = images_of(call)
    if weight.ndim != len(x.shape) + 1:
        raise NetworkError(f"weights of shape {weight.shape} on an image of shape {x.shape}")
    kernel = list(weight.shape[2:])
    if call.integers("kernel_shape", kernel) != kernel:
        raise NetworkError(f"kernel_shape {call.integers('kernel_shape')} with weights of shape {weight.shape}")
    window = window_attributes(call, x.shape[1:], kernel)
    layers.check_entry_count((images, weight.size))
    weight, bias = np.concatenate([weight] * images), None if bias is None else np.concatenate([bias] * images)
    result = layers.conv(x, weight, bias, groups=call.integer("group", 1) * images, **window.arguments)
    return separated(result, images)


def conv_transpose(call: Call) -> Value:
    """The transpose of a convolution of each image: every value of x adds its multiple of the kernel."""
    weight = call.weights(1)
    bias = call.weights(2) if call.has(2) else None
    x = call.tensor(0)
    dims = len(x.shape) - 2
    groups = call.integer("group", 1)
    if dims < 1 or weight.ndim != dims + 2 or groups < 1 or weight.shape[0] != x.shape[1] or x.shape[1] % groups:
        raise NetworkError(f"weights of shape {weight.shape} in {groups} groups on a tensor of shape {x.shape}")
    kernel = list(weight.shape[2:])
    if call.integers("kernel_shape", kernel) != kernel:
        raise NetworkError(f"kernel_shape {call.integers('kernel_shape')} with weights of shape {weight.shape}")
    steps, starts, sizes = transposed_window(call, x.shape[2:], kernel)
    start = lowering.settled(call, x)
    images, channels, more = x.shape[0], x.shape[1], weight.shape[1]
    full = (images, channels, more, *x.shape[2:], *kernel)
    layers.check_entry_count(full)
    grid = np.indices(full, sparse=True)
    image, channel, out_channel = grid[:3]
    shape = checked_shape((images, more * groups, *sizes), "result")
    places = [grid[3 + d] * steps[0][d] + grid[3 + dims + d] * steps[1][d] - starts[d] for d in range(dims)]
    inside = np.ones(full, dtype=bool)
    for place, size in zip(places, sizes, strict=True):
        inside &= (place >= 0) & (place < size)
    target_channel = channel // (channels // groups) * more + out_channel
    target = np.broadcast_to(image * shape[1] + target_channel, full)
    source = np.broadcast_to(image * channels + channel, full)
    for d in range(dims):
        target, source = target * sizes[d] + places[d], source * x.shape[2 + d] + grid[3 + d]
    entries = np.broadcast_to(matrices.as_entries(weight).reshape(1, channels, more, *[1] * dims, *kernel), full)
    matrix = matrices.from_triplets(
        target[inside], np.broadcast_to(source, full)[inside], entries[inside], (math.prod(shape), start.size)
    )
    offset = None
    if bias is not None:
        if bias.shape != (shape[1],):
            raise NetworkError(f"biases of shape {bias.shape} for {shape[1]} channels")
        offset = exact_vector(np.broadcast_to(bias.reshape(1, -1, *[1] * dims), shape).ravel())
    return start.apply(matrix, shape, offset)


def matmul(call: Call) -> Value:
    """Matrix product, one operand constant."""
    if call.is_whole(0) and call.is_whole(1):
        return whole_product(call.array(0), call.array(1))
    if isinstance(call.value(1), Tensor):
        return lowering.product(call, call.tensor(1), call.weights(0), weights_first=True)
    return lowering.product(call, call.tensor(0), call.weights(1))


def gemm(call: Call) -> Value:
    """The sum of alpha A' B' and beta C, where ' may transpose."""
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    if call.is_whole(0):
        raise NetworkError("a product of integers with float factors; expected floats")
    a = _transposed(call.value(0), call.flag("transA"))
    b = _transposed(call.value(1), call.flag("transB"))
    if isinstance(b, Tensor):
        call.weights(0)
        result = lowering.product(call, b, np.asarray(a), weights_first=True)
    else:
        call.weights(1)
        result = lowering.product(call, a if isinstance(a, Tensor) else call.lifted(a, 0), np.asarray(b))
    result = result.scaled(_finite(alpha, "alpha"))
    return _plus_scaled(call, result, _finite(beta, "beta")) if call.has(2) else result


def _finite(value: float, name: str) -> Fraction:
    if not math.isfinite(value):
        raise NetworkError(f"attribute '{name}' is {value}; expected a finite number")
    return Fraction(value)


def _plus_scaled(call: Call, x: Tensor, beta: Fraction) -> Tensor:
    """``x + beta C``; C may be broadcast to x, not the other way round."""
    if lowering.common_shape(x, call.value(2)) != x.shape:
        raise NetworkError(f"C of shape {call.value(2).shape} does not broadcast to {x.shape}")
    addend = call.value(2)
    if isinstance(addend, Tensor):
        return lowering.plus(call, x, addend if beta == 1 else lowering.settled(call, addend).scaled(beta))
    constant = call.weights(2)
    scaled = constant if beta == 1 else arithmetic("Mul", constant, np.array(float(beta)), "beta C")
    return lowering.plus_constant(call, x, scaled)


def _transposed(value: Value, transpose: bool) -> Value:
    if len(value.shape) != 2:
        raise NetworkError(f"a matrix of shape {value.shape}; expected two axes")
    return lowering.restructured(value, np.transpose) if transpose else value


def batch_normalization(call: Call) -> Value:
    """Inference: ``scale (x - mean) + B`` with ``scale = gamma / sqrt(var + epsilon)``."""
    x = call.tensor(0)
    gamma, shift, mean, variance = (call.weights(index) for index in range(1, 5))
    epsilon = Fraction(call.number("epsilon", 1e-5))
    call.ignore("momentum")
    if call.flag("training_mode") or not call.flag("spatial", True):
        raise NetworkError("training mode, or statistics for each place; expected inference with one for each channel")
    if len(x.shape) < 2 or any(part.shape != (x.shape[1],) for part in (gamma, shift, mean, variance)):
        raise NetworkError(f"statistics of shape {gamma.shape} on a tensor of shape {x.shape}; expected one a channel")
    roots = [inverse_root(Fraction(v) + epsilon) for v in variance.tolist()]
    rounded = not all(exact for _, exact in roots)
    scale = _object_array([Fraction(g) * root for g, (root, _) in zip(gamma.tolist(), roots, strict=True)])
    if rounded:
        call.builder.notes.append(f"batch-norm scale of {call.name} rounded to binary64")
        scale = np.array([float(value) for value in scale])
    per_channel = (-1,) + (1,) * (len(x.shape) - 2)
    centred = lowering.plus_constant(call, x, -mean.reshape(per_channel))
    stretched = lowering.times_constant(call, centred, scale.reshape(per_channel))
    return lowering.plus_constant(call, stretched, shift.reshape(per_channel))


def _object_array(values: list[Fraction]) -> Array:
    result: np.ndarray[Any, Any] = np.empty(len(values), dtype=object)
    result[:] = values
    return result
