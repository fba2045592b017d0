"""Layers on tensors, lowered to blocks of the canonical form.

net = Builder((1, 4, 4), "mine")
y = conv(net.input, kernel, bias, pads=(1, 1)).named("conv1")
network = net.build(dense(relu(y).flatten(), w, b))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network import matrix as matrices
from verify.network import paths as ways
from verify.network.tensor import Tensor, check_builders, constant_vector, exact_vector
from verify.rational import Number, Vector, concatenate, counted, to_fraction


def concatenated(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The tensors joined along ``axis``."""
    check_builders(parts)
    positions, offset = [], 0
    for part in parts:
        positions.append(part.positions() + offset)
        offset += part.size
    try:
        order = np.concatenate(positions, axis=axis)
    except ValueError as error:
        raise NetworkError(f"cannot join tensors of shapes {[part.shape for part in parts]}: {error}") from error
    terms = ways.stacked([(part.terms, part.size) for part in parts])
    bias = concatenate([part.bias for part in parts])
    paths = None
    if any(part.paths for part in parts):
        paths = ways.joined(part.paths or ways.each_alone(part.terms, part.bias) for part in parts)
    joined = Tensor(parts[0].builder, (len(bias),), terms, bias, parts[0].name, paths)
    return joined.take(order)


# Activations, each lowered to ReLU.


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return x.builder.add_block(x, relu=True)


def leaky_relu(x: Tensor, slope: Number | NDArray[np.generic]) -> Tensor:
    """``s x + (1 - s) relu(x)`` with one slope, or one for each value (PReLU; broadcast beforehand)."""
    pre = x.simple()
    if isinstance(slope, np.ndarray):
        slopes = exact_vector(slope)
        if len(slopes) != x.size:
            raise NetworkError(f"{x.name}: {len(slopes)} slopes for {x.size} values")
        complement = constant_vector(Fraction(1), x.size) - slopes
        return multiplied(pre, slopes) + multiplied(relu(pre), complement)
    value = to_fraction(slope)
    return pre.scaled(value) + relu(pre).scaled(1 - value)


def absolute(x: Tensor) -> Tensor:
    """``2 relu(x) - x``."""
    return leaky_relu(x, -1)


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """``y + relu(x - y)``."""
    x, y = x.simple(), y.simple()
    return y + relu((x - y).named(x.name or y.name))


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """``x - relu(x - y)``."""
    x, y = x.simple(), y.simple()
    return x - relu((x - y).named(x.name or y.name))


def clip(x: Tensor, low: Number | None, high: Number | None) -> Tensor:
    """min(max(x, low), high); with low > high this is the constant ``high``, as in ONNX."""
    result = x.simple()
    if low is not None:
        result = relu(result.plus_number(-to_fraction(low))).plus_number(low)
    if high is not None:
        result = (-relu((-result).plus_number(high).named(x.name))).plus_number(high)
    return result.named(x.name)


def multiplied(x: Tensor, factors: Vector) -> Tensor:
    """Each value times its own exact factor."""
    if len(factors) != x.size:
        raise NetworkError(f"{x.name}: {len(factors)} factors for {x.size} values")
    places = np.arange(x.size)
    entries = matrices.compact(factors.fractions())
    return x.apply(matrices.from_triplets(places, places, entries, (x.size, x.size)), x.shape)


# Linear layers.


def check_entry_count(shape: Sequence[int]) -> None:
    """Refuse a layer with more products than a matrix may hold, before anything is allocated."""
    count = math.prod(shape)
    if count > matrices.MAX_ENTRIES:
        raise NetworkError(f"a layer unrolls to {count} weights; at most {matrices.MAX_ENTRIES} are supported")


def dense(x: Tensor, weight: object, bias: object | None = None) -> Tensor:
    """``weight @ x + bias``; weight has shape (outputs, inputs)."""
    matrix = matrices.from_dense(weight)
    if matrix.shape[1] != x.size:
        raise NetworkError(f"{x.name or 'dense'}: weight of shape {matrix.shape} on {x.size} values")
    offset = exact_vector(bias) if bias is not None else None
    if offset is not None and len(offset) != matrix.shape[0]:
        raise NetworkError(
            f"{x.name or 'dense'}: {counted(len(offset), 'bias')} for {counted(matrix.shape[0], 'output')}"
        )
    return x.apply(matrix, (matrix.shape[0],), offset)


def conv(
    x: Tensor,
    weight: object,
    bias: object | None = None,
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) of ``x`` (channels, *space), any number of spatial dimensions.

    ``weight`` has shape (outputs, channels / groups, *kernel); ``pads`` are the zeros at the start of each
    spatial dimension, then at the end of each (one value a dimension means both sides).
    """
    kernel = matrices.exact_array(weight)
    space = len(x.shape) - 1
    if kernel.ndim != space + 2 or space < 1:
        raise NetworkError(f"{x.name or 'conv'}: kernel of shape {kernel.shape} on a tensor of shape {x.shape}")
    outputs, channels = kernel.shape[:2]
    if groups < 1 or channels * groups != x.shape[0] or outputs % groups:
        raise NetworkError(
            f"{x.name or 'conv'}: kernel of shape {kernel.shape} with {groups} groups on {x.shape[0]} channels"
        )
    windows, valid = window_positions(x.shape[1:], kernel.shape[2:], strides, pads, dilations, name=x.name)
    out_space = windows.shape[:space]
    area, taps = int(np.prod(out_space)), int(np.prod(kernel.shape[2:]))
    windows, valid = windows.reshape(area, taps), valid.reshape(area, taps)
    if outputs * area * channels * taps > matrices.MAX_ENTRIES:
        raise NetworkError(f"{x.name or 'conv'}: unrolls to more than {matrices.MAX_ENTRIES} weights")
    image = int(np.prod(x.shape[1:]))
    group_of = np.arange(outputs) // (outputs // groups)
    source_channel = group_of[:, None] * channels + np.arange(channels)
    shape = (outputs, area, channels, taps)
    columns = np.broadcast_to(source_channel[:, None, :, None] * image + windows[None, :, None, :], shape)
    rows = np.broadcast_to((np.arange(outputs)[:, None] * area + np.arange(area))[:, :, None, None], shape)
    entries = matrices.as_entries(kernel).reshape(outputs, 1, channels, taps)
    mask = np.broadcast_to(valid[None, :, None, :], shape)
    matrix = matrices.from_triplets(
        rows[mask], columns[mask], np.broadcast_to(entries, shape)[mask], (outputs * area, x.size)
    )
    offset = None
    if bias is not None:
        one = exact_vector(bias)
        if len(one) != outputs:
            raise NetworkError(f"{x.name or 'conv'}: {counted(len(one), 'bias')} for {counted(outputs, 'channel')}")
        offset = one.take(np.repeat(np.arange(outputs), area))
    return x.apply(matrix, (outputs, *out_space), offset)


def window_positions(
    space: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    *,
    ceil_mode: bool = False,
    name: str = "",
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Flat input positions that each output place of a sliding window sees, and which lie inside.

    Both arrays have shape (*output space, *kernel).
    """
    dims = len(space)
    step, spread = list(strides or [1] * dims), list(dilations or [1] * dims)
    border = list(pads or [0] * 2 * dims)
    if len(border) == dims:
        border = border * 2
    if not len(step) == len(spread) == len(kernel) == dims or len(border) != 2 * dims:
        raise NetworkError(f"{name}: strides, pads and dilations must have one value a spatial dimension")
    if min([*step, *spread, *kernel]) < 1 or min(border) < 0:
        raise NetworkError(f"{name}: strides, dilations and kernel must be positive, pads not negative")
    positions, valid = np.zeros((), dtype=np.int64), np.ones((), dtype=bool)
    out: list[int] = []
    for d in range(dims):
        extent = spread[d] * (kernel[d] - 1) + 1
        room = space[d] + border[d] + border[dims + d] - extent
        if room < 0:
            raise NetworkError(f"{name}: kernel of extent {extent} on {space[d]} places with its padding")
        count = (-(-room // step[d]) if ceil_mode else room // step[d]) + 1
        if ceil_mode and (count - 1) * step[d] >= space[d] + border[d]:
            count -= 1  # a window that starts in the padding at the end is not counted
        check_entry_count((positions.size, count, kernel[d]))
        place = (np.arange(count) * step[d] - border[d])[:, None] + np.arange(kernel[d]) * spread[d]
        positions = positions[..., None, None] * space[d] + place
        valid = valid[..., None, None] & (place >= 0) & (place < space[d])
        out.append(count)
    # Axes come as (out_0, kernel_0, out_1, kernel_1, ...).
    order = [*range(0, 2 * dims, 2), *range(1, 2 * dims, 2)]
    return positions.transpose(order), valid.transpose(order)


def _flat_windows(
    x: Tensor,
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
    *,
    ceil_mode: bool,
) -> tuple[tuple[int, ...], NDArray[np.int64], NDArray[np.bool_]]:
    """The output space of a pool over ``x``, and what ``window_positions`` says, in shape (places, taps)."""
    windows, valid = window_positions(x.shape[1:], kernel, strides, pads, dilations, ceil_mode=ceil_mode, name=x.name)
    out = windows.shape[: len(kernel)]
    flat = math.prod(out), math.prod(kernel)
    return out, windows.reshape(flat), valid.reshape(flat)


def average_pool(
    x: Tensor,
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Tensor:
    """The exact mean of each window (1/9 is one ninth); padding counts only if asked for."""
    out, windows, valid = _flat_windows(x, kernel, strides, pads, dilations, ceil_mode=ceil_mode)
    area = len(windows)
    counts = valid.sum(axis=1)
    if count_include_pad:
        counts = _padded_counts(out, x.shape[1:], kernel, strides, pads, dilations)
    if not np.all(counts):
        raise NetworkError(f"{x.name or 'average_pool'}: a window lies wholly in the padding")
    image = int(np.prod(x.shape[1:]))
    row, tap = np.nonzero(valid)
    rows = np.concatenate([row + c * area for c in range(x.shape[0])])
    columns = np.concatenate([windows[row, tap] + c * image for c in range(x.shape[0])])
    shares = matrices.compact([Fraction(1, int(n)) for n in counts])
    entries = np.tile(shares[row], x.shape[0])
    matrix = matrices.from_triplets(rows, columns, entries, (x.shape[0] * area, x.size))
    return x.apply(matrix, (x.shape[0], *out))


def _padded_counts(
    out: Sequence[int],
    space: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
) -> NDArray[np.int64]:
    """Places of each window inside the padded image (ceil mode may reach beyond, which never counts)."""
    dims = len(space)
    step, spread = list(strides or [1] * dims), list(dilations or [1] * dims)
    border = list(pads or [0] * 2 * dims)
    border = border * 2 if len(border) == dims else border
    counts = np.ones((), dtype=np.int64)
    for d in range(dims):
        places = np.arange(out[d])[:, None] * step[d] + np.arange(kernel[d]) * spread[d]
        counts = counts[..., None] * (places < space[d] + border[d] + border[dims + d]).sum(axis=1)
    return counts.ravel()


def max_pool(
    x: Tensor,
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum of each window, as a tree of ``max(a, b) = b + relu(a - b)``; padding never wins."""
    out, windows, valid = _flat_windows(x, kernel, strides, pads, dilations, ceil_mode=ceil_mode)
    area, taps = windows.shape
    if not np.all(valid.any(axis=1)):
        raise NetworkError(f"{x.name or 'max_pool'}: a window lies wholly in the padding")
    # Padding is replaced by a value of the same window, which leaves the maximum as it is.
    inside = windows[np.arange(area), valid.argmax(axis=1)]
    windows = np.where(valid, windows, inside[:, None])
    image = int(np.prod(x.shape[1:]))
    base = x.simple()
    shape = (x.shape[0], *out)
    places = (np.arange(x.shape[0]) * image)[:, None, None] + windows[None]
    level = [base.take(places[:, :, tap].reshape(shape)) for tap in range(taps)]
    stage = 1
    while len(level) > 1:
        paired = []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            name = f"{x.name or 'pool'}.max{stage}"
            paired.append(maximum(left.named(name), right.named(name)))
            stage += 1
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0].named(x.name)
