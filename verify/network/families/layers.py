"""The layers of a family: what is fixed (kinds, sizes, windows), and which ranges the weights are taken from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verify.errors import NetworkError
from verify.network.families.ranges import ZERO, Range, Shape, SignTree, check_shape

MAX_CHANNELS = 1_000_000


@dataclass(frozen=True)
class Parameter:
    """One tensor of weights of a layer: its shape and the ranges of its entries."""

    shape: Shape
    ranges: SignTree


@dataclass(frozen=True)
class Dense:
    """``weight @ x + bias`` of the flattened input; ``weight`` has the shape (outputs, inputs)."""

    outputs: int
    weight: SignTree
    bias: SignTree = ZERO
    name: str = ""


@dataclass(frozen=True)
class Conv:
    """A convolution with zero padding; ``weight`` has the shape (channels, input channels / groups, *kernel)."""

    channels: int
    kernel: Shape
    weight: SignTree
    bias: SignTree = ZERO
    strides: Shape = ()
    pads: Shape = ()
    dilations: Shape = ()
    groups: int = 1
    name: str = ""


@dataclass(frozen=True)
class BatchNorm:
    """``scale * x + shift``, one number of each for a channel."""

    scale: SignTree
    shift: SignTree = ZERO
    name: str = ""


@dataclass(frozen=True)
class Leaky:
    """x for x >= 0 and ``slope * x`` below, one slope for a channel: relu (0), abs (-1), leaky ReLU, PReLU."""

    slope: SignTree = ZERO
    name: str = ""


@dataclass(frozen=True)
class Clip:
    """min(max(x, low), high); None is no bound."""

    low: Fraction | None = None
    high: Fraction | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise NetworkError(f"clip: the lower end {self.low} is above the upper end {self.high}")


@dataclass(frozen=True)
class Pool:
    """The maximum or the mean of each window; ``kernel`` () is all of the space."""

    largest: bool
    kernel: Shape = ()
    strides: Shape = ()
    pads: Shape = ()
    count_include_pad: bool = False
    name: str = ""


@dataclass(frozen=True)
class Pad:
    """A border of one constant; ``pads`` are the widths at the start of each spatial axis, then at the end."""

    pads: Shape
    value: Fraction = field(default_factory=Fraction)
    name: str = ""


@dataclass(frozen=True)
class Flatten:
    """The same values as a vector."""

    name: str = ""


@dataclass(frozen=True)
class Add:
    """The sum of the layer before and of an earlier one, named (``input`` is the network's input)."""

    other: str
    name: str = ""


Layer: TypeAlias = Dense | Conv | BatchNorm | Leaky | Clip | Pool | Pad | Flatten | Add


def kind(layer: Layer) -> str:
    """``dense``, ``conv``, ``relu``: as in a TOML file."""
    if isinstance(layer, Leaky):
        slope = _number(layer.slope)
        return "relu" if slope == 0 else "abs" if slope == -1 else "leaky_relu"
    if isinstance(layer, Pool):
        return "max_pool" if layer.largest else "average_pool"
    return "batch_norm" if isinstance(layer, BatchNorm) else type(layer).__name__.lower()


def _number(given: SignTree) -> Fraction | None:
    return given.low if isinstance(given, Range) and given.low == given.high else None


def parameters(layer: Layer, shape: Shape) -> dict[str, Parameter]:
    """The layer's tensors of weights, for an input of that shape; a fixed slope is none."""
    found: dict[str, Parameter] = {}
    if isinstance(layer, Dense):
        found["weight"] = Parameter((layer.outputs, math.prod(shape)), layer.weight)
        found["bias"] = Parameter((layer.outputs,), layer.bias)
    elif isinstance(layer, Conv):
        found["weight"] = Parameter((layer.channels, shape[0] // layer.groups, *layer.kernel), layer.weight)
        found["bias"] = Parameter((layer.channels,), layer.bias)
    elif isinstance(layer, BatchNorm):
        found["scale"] = Parameter((shape[0],), layer.scale)
        found["shift"] = Parameter((shape[0],), layer.shift)
    elif isinstance(layer, Leaky) and _number(layer.slope) is None:
        found["slope"] = Parameter((shape[0],), layer.slope)
    return found


def fixed_slope(layer: Leaky) -> Fraction | None:
    """The slope where it is one number for all channels."""
    return _number(layer.slope)


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape of the result; ``NetworkError`` where the layer does not fit."""
    if isinstance(layer, Dense):
        _check_count(layer.outputs)
        return (layer.outputs,)
    if isinstance(layer, Conv):
        _check_conv(layer, shape)
        return (layer.channels, *_windows(layer.kernel, layer.strides, layer.pads, layer.dilations, shape[1:]))
    if isinstance(layer, Pool):
        return (shape[0], *_pooled(layer, shape[1:]))
    if isinstance(layer, Pad):
        return (shape[0], *_padded(layer, shape[1:]))
    return (math.prod(shape),) if isinstance(layer, Flatten) else shape


def check_parameters(layer: Layer, shape: Shape) -> None:
    """The ranges have the shapes of the weights."""
    for key, parameter in parameters(layer, shape).items():
        check_shape(parameter.ranges, parameter.shape, key)


def _check_count(count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_CHANNELS:
        raise NetworkError(f"{count!r:.60} outputs; expected 1 to {MAX_CHANNELS}")


def _check_conv(layer: Conv, shape: Shape) -> None:
    _check_count(layer.channels)
    if len(shape) < 2 or len(layer.kernel) != len(shape) - 1:
        raise NetworkError(f"a kernel of shape {layer.kernel} on a tensor of shape {shape}")
    if layer.groups < 1 or shape[0] % layer.groups or layer.channels % layer.groups:
        raise NetworkError(f"{layer.groups} groups on {shape[0]} channels that give {layer.channels}")


def _windows(kernel: Shape, strides: Shape, pads: Shape, dilations: Shape, space: Shape) -> Shape:
    """Places of a sliding window along each axis."""
    dims = len(space)
    step, spread, border = strides or (1,) * dims, dilations or (1,) * dims, both_sides(pads, dims)
    if not len(kernel) == len(step) == len(spread) == dims or len(border) != 2 * dims:
        raise NetworkError(f"a window of shape {kernel} on a space of shape {space}: one number for each axis")
    if min([*kernel, *step, *spread], default=1) < 1 or min(border, default=0) < 0:
        raise NetworkError("kernel, strides and dilations must be positive, pads not negative")
    out = []
    for d in range(dims):
        room = space[d] + border[d] + border[dims + d] - spread[d] * (kernel[d] - 1) - 1
        if room < 0:
            raise NetworkError(f"a kernel of shape {kernel} on a space of shape {space} with its padding")
        out.append(room // step[d] + 1)
    return tuple(out)


def _pooled(layer: Pool, space: Shape) -> Shape:
    if not space:
        raise NetworkError("pooling needs a tensor of shape (channels, *space)")
    kernel = layer.kernel or space
    border = both_sides(layer.pads, len(space))
    if any(side >= size for side, size in zip(border, kernel * 2, strict=False)):
        raise NetworkError(f"a window of shape {kernel} with pads {layer.pads}: pads must be smaller than the window")
    return _windows(kernel, layer.strides or kernel, layer.pads, (), space)


def _padded(layer: Pad, space: Shape) -> Shape:
    border = both_sides(layer.pads, len(space))
    if not space or len(border) != 2 * len(space) or min(border) < 0:
        raise NetworkError(f"pads {layer.pads} on a space of shape {space}")
    return tuple(size + a + b for size, a, b in zip(space, border, border[len(space) :], strict=False))


def both_sides(pads: Shape, dims: int) -> Shape:
    """Widths at all starts, then at all ends."""
    if not pads:
        return (0,) * 2 * dims
    return pads * 2 if len(pads) == dims else pads
