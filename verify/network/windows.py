"""Layers that slide a window over an image: convolution and pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network import matrix as matrices
from verify.network.layers import check_entry_count, maximum
from verify.network.tensor import Tensor, exact_vector
from verify.rational import counted


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
