"""Pooling and reductions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value, axes_of, stated_axes
from verify.formats.onnx.windows import Window, images_of, separated, window_attributes
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.builder import Tensor


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


def reduce_mean(call: Call) -> Value:
    """The mean over some axes."""
    x, axes, keep = _reduction(call, 18)
    return _mean(call, x, axes, keep=keep)


def reduce_sum(call: Call) -> Value:
    """The sum over some axes."""
    x, axes, keep = _reduction(call, 13)
    return _weighted(call, x, axes, Fraction(1), keep=keep)


def reduce_max(call: Call) -> Value:
    """The maximum over some axes."""
    x, axes, keep = _reduction(call, 18)
    return _largest(call, x, axes, keep=keep)


def reduce_min(call: Call) -> Value:
    """The minimum over some axes: -max(-x)."""
    x, axes, keep = _reduction(call, 18)
    return -_largest(call, -x, axes, keep=keep)


def _reduction(call: Call, axes_are_input_since: int) -> tuple[Tensor, list[int], bool]:
    """The tensor, the axes (all, if none are given) and whether they stay as axes of size 1."""
    x = call.tensor(0)
    axes = stated_axes(call, axes_are_input_since)
    none_means_none = call.flag("noop_with_empty_axes")
    if not axes and not none_means_none:
        axes = list(range(len(x.shape)))
    return x, axes_of(axes, len(x.shape)), call.flag("keepdims", True)


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
