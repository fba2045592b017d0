"""The layer types of a TOML network file, each lowered by ``verify.network.builder``.

A new type is one function ``(table, arguments) -> tensor`` and one line in ``LAYERS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

import numpy as np

from verify.errors import NetworkError
from verify.formats import toml_values as values
from verify.formats.roots import inverse_root
from verify.formats.toml_values import TomlTable
from verify.network import builder
from verify.network.matrix import MAX_ENTRIES, Entries
from verify.network.tensor import Tensor
from verify.rational import Vector, vector

MAX_VALUES = 2_000_000
Arguments: TypeAlias = Sequence[Tensor]


@dataclass(frozen=True)
class LayerType:
    """How one type is built: its keys, how many arguments it takes (None: two or more), and its function."""

    build: Callable[[TomlTable, Arguments], Tensor]
    keys: tuple[str, ...] = ()
    arguments: int | None = 1


def spread(table: TomlTable, key: str, x: Tensor) -> Vector:
    """One exact number for each value of ``x``: from one number, one a channel (first axis), or one a value."""
    shape, flat = values.numbers(table.get(key), table.what(key))
    if shape == x.shape:
        return flat
    if shape not in ((), (x.shape[0],)):
        raise NetworkError(
            f"{table.what(key)} has shape {shape}; "
            f"expected one number, a list of {x.shape[0]} (one a channel), or shape {x.shape}"
        )
    repeats = x.size // len(flat)
    return flat.take(np.repeat(np.arange(len(flat)), repeats))


def _dense(table: TomlTable, arguments: Arguments) -> Tensor:
    weight = values.array(table.get("weight"), table.what("weight"))
    if weight.ndim != 2 or weight.shape[1] != arguments[0].size:
        size = arguments[0].size
        raise NetworkError(f"{table.what('weight')} has shape {weight.shape}; expected (outputs, {size})")
    return builder.dense(arguments[0], weight, _bias(table, weight.shape[0]))


def _conv(table: TomlTable, arguments: Arguments) -> Tensor:
    x = arguments[0]
    weight = values.array(table.get("weight"), table.what("weight"))
    if weight.ndim != len(x.shape) + 1 or weight.ndim < 3:
        raise NetworkError(
            f"{table.what('weight')} has shape {weight.shape}; "
            f"expected (outputs, channels, *kernel) for an input of shape {x.shape}"
        )
    strides, pads, dilations = _windows(table, x, weight.shape[2:])
    groups = values.integer(table.values.get("groups", 1), table.what("groups"), 1)
    bias = _bias(table, weight.shape[0])
    return builder.conv(x, weight, bias, strides=strides, pads=pads, dilations=dilations, groups=groups)


def _bias(table: TomlTable, size: int) -> Entries | None:
    if not table.has("bias"):
        return None
    bias = values.array(table.get("bias"), table.what("bias"))
    if bias.shape != (size,):
        raise NetworkError(f"{table.what('bias')} has shape {bias.shape}; expected ({size},), one an output")
    return bias


def _windows(table: TomlTable, x: Tensor, kernel: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Strides, pads and dilations of a sliding window, refused where the layer would be enormous."""
    dims = len(x.shape) - 1
    strides, dilations = (_per_axis(table, key, dims, 1) for key in ("strides", "dilations"))
    pads = _per_axis(table, "pads", dims, 0, sides=2)
    places = [x.shape[1 + d] + pads[d] + pads[dims + d] for d in range(dims)]
    count = math.prod(-(-place // step) for place, step in zip(places, strides, strict=True))
    if count * math.prod(kernel) * x.shape[0] > MAX_ENTRIES:
        raise NetworkError(f"{table.where}: unrolls to more than {MAX_ENTRIES} weights; pads or kernel are too large")
    return strides, pads, dilations


def _per_axis(table: TomlTable, key: str, dims: int, default: int, sides: int = 1) -> list[int]:
    """One integer a spatial axis; one for all may be given, and of pads one a axis stands for both sides."""
    if dims < 1:
        raise NetworkError(f"{table.where}: needs an input of shape (channels, *space); put a reshape before it")
    found = values.integers(table.values.get(key, default), table.what(key), min(default, 1))
    if len(found) == 1:
        found = found * dims
    if sides == 2 and len(found) == dims:
        found = found * 2
    if len(found) != sides * dims:
        both = f" or {2 * dims} (starts, then ends)" if sides == 2 else ""
        raise NetworkError(f"{table.what(key)} has {len(found)} integers; expected {dims}{both}")
    return found


def _pool_windows(table: TomlTable, x: Tensor) -> tuple[list[int], list[int], list[int], list[int]]:
    """Kernel, strides (as long as the kernel by default), pads and dilations."""
    dims = len(x.shape) - 1
    table.get("kernel")
    kernel = _per_axis(table, "kernel", dims, 1)
    filled = table if table.has("strides") else TomlTable({**table.values, "strides": kernel}, table.where)
    strides, pads, dilations = _windows(filled, x, kernel)
    return kernel, strides, pads, dilations


def _max_pool(table: TomlTable, arguments: Arguments) -> Tensor:
    kernel, strides, pads, dilations = _pool_windows(table, arguments[0])
    ceil_mode = _flag(table, "ceil_mode")
    x = arguments[0].simple().named(_name(table))
    return builder.max_pool(x, kernel, strides=strides, pads=pads, dilations=dilations, ceil_mode=ceil_mode)


def _average_pool(table: TomlTable, arguments: Arguments) -> Tensor:
    kernel, strides, pads, dilations = _pool_windows(table, arguments[0])
    return builder.average_pool(
        arguments[0],
        kernel,
        strides=strides,
        pads=pads,
        dilations=dilations,
        ceil_mode=_flag(table, "ceil_mode"),
        count_include_pad=_flag(table, "count_include_pad"),
    )


def _global_average_pool(table: TomlTable, arguments: Arguments) -> Tensor:
    x = arguments[0]
    if len(x.shape) < 2:
        raise NetworkError(f"{table.where}: needs an input of shape (channels, *space), got {x.shape}")
    return builder.average_pool(x, x.shape[1:])


def _flag(table: TomlTable, key: str) -> bool:
    return values.boolean(table.values.get(key, False), table.what(key))


def _name(table: TomlTable) -> str:
    return str(table.get("name"))


def _leaky_relu(table: TomlTable, arguments: Arguments) -> Tensor:
    return builder.leaky_relu(arguments[0], values.number(table.get("slope"), table.what("slope")))


def _prelu(table: TomlTable, arguments: Arguments) -> Tensor:
    slopes = np.empty(arguments[0].size, dtype=object)
    slopes[:] = spread(table, "slope", arguments[0]).fractions()
    return builder.leaky_relu(arguments[0], slopes)


def _clip(table: TomlTable, arguments: Arguments) -> Tensor:
    low, high = (_optional_number(table, key) for key in ("low", "high"))
    if low is None and high is None:
        raise NetworkError(f"{table.where}: 'low' and 'high' are missing; give at least one")
    if low is not None and high is not None and low > high:
        raise NetworkError(f"{table.where}: 'low' is above 'high'; the layer would be constant")
    return builder.clip(arguments[0], low, high)


def _elu(table: TomlTable, arguments: Arguments) -> Tensor:
    return builder.elu(arguments[0], _number_or(table, "alpha", Fraction(1)))


def _celu(table: TomlTable, arguments: Arguments) -> Tensor:
    return builder.celu(arguments[0], _number_or(table, "alpha", Fraction(1)))


def _selu(table: TomlTable, arguments: Arguments) -> Tensor:
    alpha = _number_or(table, "alpha", builder.SELU_ALPHA)
    return builder.selu(arguments[0], alpha, _number_or(table, "scale", builder.SELU_SCALE))


def _number_or(table: TomlTable, key: str, default: Fraction) -> Fraction:
    found = _optional_number(table, key)
    return default if found is None else found


def _gelu(table: TomlTable, arguments: Arguments) -> Tensor:
    return builder.gelu(arguments[0], str(table.values.get("approximate", "none")))


def _optional_number(table: TomlTable, key: str) -> Fraction | None:
    return values.number(table.get(key), table.what(key)) if table.has(key) else None


def _batch_norm(table: TomlTable, arguments: Arguments) -> Tensor:
    """``scale (x - mean) / sqrt(variance + epsilon) + shift``; without statistics ``scale x + shift``."""
    x = arguments[0]
    scale, shift = spread(table, "scale", x), spread(table, "shift", x)
    if not table.has("variance"):
        if table.has("mean") or table.has("epsilon"):
            raise NetworkError(f"{table.where}: 'mean' or 'epsilon' without 'variance'; give all three, or none")
        return builder.multiplied(x, scale).plus(shift)
    mean = spread(table, "mean", x).fractions()
    epsilon = _number_or(table, "epsilon", Fraction(1, 100_000))
    roots = {v: inverse_root(v + epsilon) for v in set(spread(table, "variance", x).fractions())}
    factors = [
        a * roots[v][0] for a, v in zip(scale.fractions(), spread(table, "variance", x).fractions(), strict=True)
    ]
    if not all(exact for _, exact in roots.values()):
        x.builder.notes.append(f"batch-norm scale of {_name(table)} rounded to binary64")
        factors = [Fraction(float(factor)) for factor in factors]
    return builder.multiplied(x.plus(vector([-v for v in mean])), vector(factors)).plus(shift)


def _scale(table: TomlTable, arguments: Arguments) -> Tensor:
    return builder.multiplied(arguments[0], spread(table, "factor", arguments[0]))


def _add_constant(table: TomlTable, arguments: Arguments) -> Tensor:
    return arguments[0].plus(spread(table, "value", arguments[0]))


def _reshape(table: TomlTable, arguments: Arguments) -> Tensor:
    x, shape = arguments[0], values.integers(table.get("shape"), table.what("shape"), 1)
    if not shape or math.prod(shape) != x.size:
        raise NetworkError(f"{table.what('shape')}: {shape} does not hold the {x.size} values of the input {x.shape}")
    return x.reshape(shape)


def _transpose(table: TomlTable, arguments: Arguments) -> Tensor:
    x, axes = arguments[0], values.integers(table.get("axes"), table.what("axes"))
    if sorted(axes) != list(range(len(x.shape))):
        raise NetworkError(f"{table.what('axes')}: {axes} is not an order of the axes 0 to {len(x.shape) - 1}")
    return x.take(x.positions().transpose(axes))


def _pad(table: TomlTable, arguments: Arguments) -> Tensor:
    x = arguments[0]
    flat = x if len(x.shape) > 1 else x.reshape((1, x.size))
    table.get("pads")
    dims = len(flat.shape) - 1
    pads = _per_axis(table, "pads", dims, 0, sides=2)
    widths = [(0, 0), *zip(pads[:dims], pads[dims:], strict=True)]
    if math.prod(size + sum(width) for size, width in zip(flat.shape, widths, strict=True)) > MAX_VALUES:
        raise NetworkError(f"{table.what('pads')}: the padded tensor has more than {MAX_VALUES} values")
    positions = np.pad(flat.positions(), widths, constant_values=-1)
    value = _optional_number(table, "value") or Fraction(0)
    mask = np.where(positions.ravel() < 0, value.numerator, 0).astype(object)
    padded = flat.take(positions).plus(Vector(mask, value.denominator))
    return padded if len(x.shape) > 1 else padded.flatten()


def _same_shapes(table: TomlTable, arguments: Arguments) -> None:
    shapes = [x.shape for x in arguments]
    if len(set(shapes)) > 1:
        raise NetworkError(f"{table.where}: inputs of shapes {', '.join(map(str, shapes))}; expected equal shapes")


def _folded(step: Callable[[Tensor, Tensor], Tensor]) -> Callable[[TomlTable, Arguments], Tensor]:
    """A layer that folds its arguments, two at a time, into units of its own name."""

    def build(table: TomlTable, arguments: Arguments) -> Tensor:
        _same_shapes(table, arguments)
        return reduce(step, [x.simple().named(_name(table)) for x in arguments])

    return build


def _add(table: TomlTable, arguments: Arguments) -> Tensor:
    _same_shapes(table, arguments)
    return reduce(lambda x, y: x + y, arguments)


def _subtract(table: TomlTable, arguments: Arguments) -> Tensor:
    _same_shapes(table, arguments)
    return arguments[0] - arguments[1]


def _concat(table: TomlTable, arguments: Arguments) -> Tensor:
    axis = values.integer(table.values.get("axis", 0), table.what("axis"))
    shapes = [x.shape for x in arguments]
    others = {s[:axis] + s[axis + 1 :] for s in shapes}
    if any(axis >= len(s) for s in shapes) or len(others) > 1:
        listed = ", ".join(map(str, shapes))
        raise NetworkError(f"{table.where}: inputs of shapes {listed} cannot be joined along axis {axis}")
    if sum(x.size for x in arguments) > MAX_VALUES:
        raise NetworkError(f"{table.where}: the joined tensor has more than {MAX_VALUES} values")
    return builder.concatenated(arguments, axis)


LAYERS: dict[str, LayerType] = {
    "dense": LayerType(_dense, ("weight", "bias")),
    "conv": LayerType(_conv, ("weight", "bias", "strides", "pads", "dilations", "groups")),
    "relu": LayerType(lambda table, arguments: builder.relu(arguments[0])),
    "leaky_relu": LayerType(_leaky_relu, ("slope",)),
    "prelu": LayerType(_prelu, ("slope",)),
    "abs": LayerType(lambda table, arguments: builder.absolute(arguments[0])),
    "clip": LayerType(_clip, ("low", "high")),
    "elu": LayerType(_elu, ("alpha",)),
    "celu": LayerType(_celu, ("alpha",)),
    "selu": LayerType(_selu, ("alpha", "scale")),
    "softplus": LayerType(lambda table, arguments: builder.softplus(arguments[0])),
    "sigmoid": LayerType(lambda table, arguments: builder.sigmoid(arguments[0])),
    "tanh": LayerType(lambda table, arguments: builder.tanh(arguments[0])),
    "silu": LayerType(lambda table, arguments: builder.silu(arguments[0])),
    "gelu": LayerType(_gelu, ("approximate",)),
    "max_pool": LayerType(_max_pool, ("kernel", "strides", "pads", "dilations", "ceil_mode")),
    "average_pool": LayerType(
        _average_pool, ("kernel", "strides", "pads", "dilations", "ceil_mode", "count_include_pad")
    ),
    "global_average_pool": LayerType(_global_average_pool),
    "batch_norm": LayerType(_batch_norm, ("scale", "shift", "mean", "variance", "epsilon")),
    "scale": LayerType(_scale, ("factor",)),
    "add_constant": LayerType(_add_constant, ("value",)),
    "flatten": LayerType(lambda table, arguments: arguments[0].flatten()),
    "reshape": LayerType(_reshape, ("shape",)),
    "transpose": LayerType(_transpose, ("axes",)),
    "pad": LayerType(_pad, ("pads", "value")),
    "add": LayerType(_add, arguments=None),
    "subtract": LayerType(_subtract, arguments=2),
    "concat": LayerType(_concat, ("axis",), arguments=None),
    "maximum": LayerType(_folded(builder.maximum), arguments=None),
    "minimum": LayerType(_folded(builder.minimum), arguments=None),
}

# These make units of their own; the others only name what they compute.
ACTIVATIONS = (
    *("relu", "leaky_relu", "prelu", "abs", "clip"),
    *("elu", "celu", "selu", "softplus", "sigmoid", "tanh", "silu", "gelu"),
)
