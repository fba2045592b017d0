"""Layers of a family as a person writes them: ranges as texts, words, numbers or nested lists of them."""

from __future__ import annotations

from fractions import Fraction

from verify.network.families.layers import Add, BatchNorm, Clip, Conv, Dense, Flatten, Leaky, Pad, Pool
from verify.network.families.ranges import ZERO, Given, Range, Shape, signs
from verify.rational import Number, to_fraction


def dense(outputs: int, weight: Given = "any", bias: Given = 0, name: str = "") -> Dense:
    """A dense layer; ranges as texts (``>= 0``), words, numbers or nested lists of them."""
    return Dense(outputs, signs(weight, "weight"), signs(bias, "bias"), name)


def conv(
    channels: int,
    kernel: int | Shape,
    weight: Given = "any",
    bias: Given = 0,
    *,
    strides: Shape = (),
    pads: Shape = (),
    dilations: Shape = (),
    groups: int = 1,
    name: str = "",
) -> Conv:
    """A convolution."""
    window = (kernel,) if isinstance(kernel, int) else tuple(kernel)
    return Conv(
        channels,
        window,
        signs(weight, "weight"),
        signs(bias, "bias"),
        tuple(strides),
        tuple(pads),
        tuple(dilations),
        groups,
        name,
    )


def batch_norm(scale: Given = ">= 0", shift: Given = "any", name: str = "") -> BatchNorm:
    """Batch normalisation as it is at inference."""
    return BatchNorm(signs(scale, "scale"), signs(shift, "shift"), name)


def relu(name: str = "") -> Leaky:
    """max(x, 0)."""
    return Leaky(ZERO, name)


def leaky_relu(slope: Given = "in [0, 1]", name: str = "") -> Leaky:
    """A leaky ReLU (PReLU with one slope for each channel) whose slope is a number or a range."""
    return Leaky(signs(slope, "slope"), name)


def absolute(name: str = "") -> Leaky:
    """|x|."""
    return Leaky(Range(Fraction(-1), Fraction(-1)), name)


def clip(low: Number | None, high: Number | None, name: str = "") -> Clip:
    """min(max(x, low), high)."""
    least, most = (None if v is None else to_fraction(v) for v in (low, high))
    return Clip(least, most, name)


def max_pool(kernel: Shape, strides: Shape = (), pads: Shape = (), name: str = "") -> Pool:
    """The maximum of each window; padding never wins."""
    return Pool(True, tuple(kernel), tuple(strides), tuple(pads), name=name)


def average_pool(
    kernel: Shape = (), strides: Shape = (), pads: Shape = (), count_include_pad: bool = False, name: str = ""
) -> Pool:
    """The mean of each window; without a kernel, of all the space."""
    return Pool(False, tuple(kernel), tuple(strides), tuple(pads), count_include_pad, name)


def pad(pads: Shape, value: Number = 0, name: str = "") -> Pad:
    """A border of one constant."""
    return Pad(tuple(pads), to_fraction(value), name)


def flatten(name: str = "") -> Flatten:
    """The same values as a vector."""
    return Flatten(name)


def add(other: str, name: str = "") -> Add:
    """A residual connection to the layer of that name, or to ``input``."""
    return Add(other, name)
