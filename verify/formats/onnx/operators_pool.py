"""Pooling and reductions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value, axes_of, stated_axes
from verify.formats.onnx.constants import bounded, compacted, fractions, is_float, whole_numbers
from verify.formats.onnx.elements import Array
from verify.formats.onnx.windows import Window, images_of, separated, window_attributes
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.tensor import Tensor


def max_pool(call: Call) -> Value:
    """The maximum of each window; padding never wins."""
    call.ignore("storage_order")  # the order of the indices, an output that is not supported
    x, images, kernel, window, ceil_mode = _pooling(call)
    base = call.fresh(x.named(call.name))
    pooled = layers.max_pool(base, kernel, ceil_mode=ceil_mode, **window.arguments)
    return separated(pooled, images)


def average_pool(call: Call) -> Value:
    """The mean of each window."""
    x, images, kernel, window, ceil_mode = _pooling(call)
    pooled = layers.average_pool(
        x,
        kernel,
        ceil_mode=ceil_mode,
        count_include_pad=call.flag("count_include_pad"),
        **window.arguments,
    )
    return separated(pooled, images)


def _pooling(call: Call) -> tuple[Tensor, int, list[int], Window, bool]:
    x, images = images_of(call)
    kernel = call.integers("kernel_shape")
    window = window_attributes(call, x.shape[1:], kernel)
    ceil_mode = call.flag("ceil_mode")
    if ceil_mode and call.text("auto_pad", "NOTSET") == "VALID" and _has_remainder(x, kernel, window):
        raise NetworkError("ceil_mode with auto_pad VALID: the standard and its implementations disagree; set pads")
    if call.text("auto_pad", "NOTSET").startswith("SAME") and max(window.dilations) > 1:
        raise NetworkError("auto_pad with dilations: the standard and its implementations disagree; set pads")
    return x, images, kernel, window, ceil_mode


def _has_remainder(x: Tensor, kernel: list[int], window: Window) -> bool:
    steps = zip(x.shape[1:], kernel, window.strides, window.dilations, strict=True)
    return any((size - (taps - 1) * dilation - 1) % stride for size, taps, stride, dilation in steps)


def global_average_pool(call: Call) -> Value:
    """The mean of each channel."""
    x = call.tensor(0)
    return _mean(call, x, list(range(2, len(x.shape))), keep=True)


def global_max_pool(call: Call) -> Value:
    """The maximum of each channel."""
    x = call.tensor(0)
    return _largest(call, x, list(range(2, len(x.shape))), keep=True)


def lp_pool(call: Call) -> Value:
    """The sum of sizes over each window, for p = 1: with other powers it is not piecewise linear."""
    _check_power(call)
    x, images, kernel, window, ceil_mode = _pooling(call)
    sizes = layers.absolute(call.fresh(x.named(call.name)))
    windows, valid = layers.window_positions(
        x.shape[1:], kernel, window.strides, window.pads, window.dilations, ceil_mode=ceil_mode
    )
    dims = len(kernel)
    out, taps = windows.shape[:dims], int(np.prod(kernel))
    windows, valid = windows.reshape(-1, taps), valid.reshape(-1, taps)
    layers.check_entry_count((x.shape[0], windows.size))
    channels = np.arange(x.shape[0])[:, None, None]
    rows = np.broadcast_to(channels * len(windows) + np.arange(len(windows))[:, None], (x.shape[0], *windows.shape))
    mask = np.broadcast_to(valid, rows.shape)
    columns = channels * int(np.prod(x.shape[1:])) + windows
    matrix = matrices.from_triplets(
        rows[mask], columns[mask], np.ones(int(mask.sum())), (x.shape[0] * len(windows), x.size)
    )
    return separated(lowering.settled(call, sizes).apply(matrix, (x.shape[0], *out)), images)


def global_lp_pool(call: Call) -> Value:
    """The sum of the sizes of each channel, for p = 1."""
    _check_power(call)
    x = _sizes_of(call)
    return _weighted(call, x, list(range(2, len(x.shape))), Fraction(1), keep=True)


def _check_power(call: Call) -> None:
    power = call.integer("p", 2)
    if power != 1:
        raise NetworkError(f"the norm of power {power} is not piecewise linear; only p = 1 is")


def _sizes_of(call: Call) -> Tensor:
    """|X|."""
    x = lowering.settled(call, call.tensor(0))
    return layers.absolute(call.fresh(x)).reshape(x.shape)


def reduce_mean(call: Call) -> Value:
    """The mean over some axes."""
    if call.is_whole(0):
        raise NetworkError("the mean of integers: implementations round it differently")
    x, axes, keep = call.tensor(0), *_reduction(call, 18)
    return _mean(call, x, axes, keep=keep)


def reduce_sum(call: Call) -> Value:
    """The sum over some axes."""
    axes, keep = _reduction(call, 13)
    if call.is_whole(0):
        return _whole(call, np.add.reduce, axes, keep)
    return _weighted(call, call.tensor(0), axes, Fraction(1), keep=keep)


def reduce_l1(call: Call) -> Value:
    """The sum of sizes over some axes."""
    axes, keep = _reduction(call, 18)
    return _weighted(call, _sizes_of(call), axes, Fraction(1), keep=keep)


def reduce_max(call: Call) -> Value:
    """The maximum over some axes."""
    axes, keep = _reduction(call, 18)
    value = call.value(0)
    if isinstance(value, np.ndarray) and value.size:
        return np.asarray(np.max(value, axis=tuple(axes), keepdims=keep))
    return _largest(call, call.tensor(0), axes, keep=keep)


def reduce_min(call: Call) -> Value:
    """The minimum over some axes: -max(-x)."""
    axes, keep = _reduction(call, 18)
    value = call.value(0)
    if isinstance(value, np.ndarray) and value.size:
        return np.asarray(np.min(value, axis=tuple(axes), keepdims=keep))
    return -_largest(call, -call.tensor(0), axes, keep=keep)


def reduce_prod(call: Call) -> Value:
    """The product of constants over some axes."""
    return _of_constant(call, np.multiply.reduce, lambda value: value)


def reduce_sum_square(call: Call) -> Value:
    """The sum of the squares of constants over some axes."""
    return _of_constant(call, np.add.reduce, lambda value: value * value)


def _of_constant(call: Call, reduce: Callable[..., Any], each: Callable[[Any], Any]) -> Value:
    axes, keep = _reduction(call, 18)
    array = call.array(0)
    if not is_float(array):
        return _whole(call, lambda values, **kept: reduce(each(values), **kept), axes, keep)
    exact = each(fractions(call.finite(array)))
    for axis in sorted(axes, reverse=True):  # one at a time, so that digits stay bounded on the way
        exact = bounded(np.asarray(reduce(exact, axis=axis, keepdims=True), dtype=object), "a constant")
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(array.shape) if keep or axis not in axes)
    return compacted(exact, shape)


def _whole(call: Call, reduce: Callable[..., Any], axes: list[int], keep: bool) -> Array:
    array = call.array(0)
    return whole_numbers(reduce(array.astype(object), axis=tuple(axes), keepdims=keep), array.dtype, "the result")


def _reduction(call: Call, axes_are_input_since: int) -> tuple[list[int], bool]:
    """The axes (all, if none are given) and whether they stay as axes of size 1."""
    rank = len(call.value(0).shape)
    axes = stated_axes(call, axes_are_input_since)
    none_means_none = call.flag("noop_with_empty_axes")
    if not axes and not none_means_none:
        axes = list(range(rank))
    return axes_of(axes, rank), call.flag("keepdims", True)


def _mean(call: Call, x: Tensor, axes: list[int], *, keep: bool) -> Tensor:
    count = int(np.prod([x.shape[axis] for axis in axes]))
    if not count:
        raise NetworkError("the mean of no values")
    return _weighted(call, x, axes, Fraction(1, count), keep=keep)


def _weighted(call: Call, x: Tensor, axes: list[int], weight: Fraction, *, keep: bool) -> Tensor:
    """``weight`` times the sum over ``axes``."""
    start = lowering.settled(call, x)
    groups, shape = lowering.grouped(start, axes, keep=keep)
    rows = np.repeat(np.arange(len(groups)), groups.shape[1])
    ones = matrices.from_triplets(rows, groups.ravel(), np.ones(groups.size), (len(groups), start.size))
    return start.apply(ones.scaled(weight), shape)


def _largest(call: Call, x: Tensor, axes: list[int], *, keep: bool) -> Tensor:
    start = lowering.settled(call, x)
    groups, shape = lowering.grouped(start, axes, keep=keep)
    if not groups.size:
        raise NetworkError("the maximum of no values")
    return lowering.largest(call, start.take(groups.T.reshape(groups.shape[1], *shape)))
