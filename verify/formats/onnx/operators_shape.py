"""Operators that move values without computing with them, and constants."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from verify.errors import NetworkError
from verify.formats.onnx import constants, lowering, settling
from verify.formats.onnx.call import Call, Condition, Value, axes_of, axis_of, stated_axes
from verify.formats.onnx.choice import Choice
from verify.formats.onnx.constants import broadcast_shape, checked_shape, is_float
from verify.formats.onnx.elements import FLOAT_FORMATS, Array
from verify.network import builder as layers
from verify.network.tensor import Tensor, exact_vector


def identity(call: Call) -> Value:
    """X."""
    return call.value(0)


def dropout(call: Call) -> Value:
    """X, as in inference."""
    call.ignore("ratio", "seed")
    if call.has(2) and call.array(2).any():
        raise NetworkError("training mode; expected inference")
    return call.value(0)


def cast(call: Call) -> Value:
    """X in another type; between float types an activation stays what it is."""
    call.ignore("saturate", "round_mode")
    return _cast(call, call.integer("to"))


def cast_like(call: Call) -> Value:
    """X in the type of another value."""
    call.ignore("saturate", "round_mode")
    return _cast(call, call.types[1])


def _cast(call: Call, target: int) -> Value:
    value = call.value(0)
    if isinstance(value, Condition) or (isinstance(value, Choice) and value.logical):
        if target == onnx.TensorProto.BOOL:
            return value
        if target not in FLOAT_FORMATS:
            raise NetworkError("casts a comparison of activations to a type that is neither bool nor of floats")
        return settling.counted(call, value)
    if isinstance(value, np.ndarray):
        jumps = is_float(value) and target not in FLOAT_FORMATS
        given = call.certain(0) if jumps else value
        if is_float(value) and target in FLOAT_FORMATS and not _narrower(target, call.types[0]):
            return value
        return constants.cast(given, target, "constant")
    if target not in FLOAT_FORMATS:
        raise NetworkError("casts an activation to a type that is not float, double, float16 or bfloat16")
    if _narrower(target, call.types[0]):
        call.rounds(f"cast {call.name} to a narrower float taken as exact; an implementation rounds")
    return value


def _narrower(target: int, source: int) -> bool:
    """Whether some number of the source is none of the target."""
    new, old = FLOAT_FORMATS[target], FLOAT_FORMATS[source]
    return new.precision < old.precision or new.lowest > old.lowest or new.highest < old.highest


def constant(call: Call) -> Value:
    """A constant in one of the attributes that can hold it."""
    if call.given("value_float"):
        return np.array(call.number("value_float"))
    if call.given("value_int"):
        return np.array(call.integer("value_int"), dtype=np.int64)
    if call.given("value_ints"):
        return np.array(call.integers("value_ints"), dtype=np.int64)
    if call.given("value_floats"):
        return call.numbers("value_floats")
    if call.given("sparse_value"):
        return call.stored_sparse("sparse_value")
    return call.stored("value")


def constant_of_shape(call: Call) -> Value:
    """One value everywhere."""
    shape = checked_shape(call.indices(0), "result")
    value = call.stored("value") if call.given("value") else np.zeros(1)
    if value.size != 1:
        raise NetworkError(f"attribute 'value' has {value.size} values; expected one")
    return np.full(shape, value.item(), dtype=value.dtype)


def shape_of(call: Call) -> Value:
    """The shape, or a part of it, as integers."""
    sizes = call.value(0).shape
    start, end = call.integer("start", 0), call.integer("end", len(sizes))
    if start < -len(sizes):
        start = 0
    return np.array(sizes[start:end], dtype=np.int64)


def flatten(call: Call) -> Value:
    """Two axes: those before ``axis``, and the rest."""
    value = call.value(0)
    axis = call.integer("axis", 1)
    if not -len(value.shape) <= axis <= len(value.shape):
        raise NetworkError(f"axis {axis} of a tensor with {len(value.shape)} axes")
    split = axis if axis >= 0 else axis + len(value.shape)
    return value.reshape((math.prod(value.shape[:split]), math.prod(value.shape[split:])))


def reshape(call: Call) -> Value:
    """Another shape: 0 keeps a size (unless ``allowzero``), -1 is whatever is left."""
    value = call.value(0)
    wanted = call.indices(1)
    keep_zero = call.flag("allowzero")
    if any(size == 0 and axis >= len(value.shape) for axis, size in enumerate(wanted)) and not keep_zero:
        raise NetworkError(f"target {wanted} keeps an axis that shape {value.shape} does not have")
    sizes = [value.shape[axis] if size == 0 and not keep_zero else size for axis, size in enumerate(wanted)]
    total, known = math.prod(value.shape), math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known:
        sizes[sizes.index(-1)] = total // known
    if min(sizes, default=0) < 0 or math.prod(sizes) != total:
        raise NetworkError(f"cannot reshape {value.shape} to {wanted}")
    return value.reshape(tuple(sizes))


def squeeze(call: Call) -> Value:
    """Without the given axes of size 1 (all of them by default)."""
    value = call.value(0)
    sizes = value.shape
    axes = axes_of(stated_axes(call, 13) or [i for i, size in enumerate(sizes) if size == 1], len(sizes))
    if any(sizes[axis] != 1 for axis in axes):
        raise NetworkError(f"axes {axes} of shape {sizes} are not all of size 1")
    return value.reshape(tuple(size for axis, size in enumerate(sizes) if axis not in axes))


def unsqueeze(call: Call) -> Value:
    """With new axes of size 1 at the given places of the result."""
    value = call.value(0)
    given = stated_axes(call, 13)
    rank = len(value.shape) + len(given)
    axes, old = axes_of(given, rank), iter(value.shape)
    return value.reshape(tuple(1 if axis in axes else next(old) for axis in range(rank)))


def transpose(call: Call) -> Value:
    """Axes in another order (reversed by default)."""
    value = call.value(0)
    order = call.integers("perm", list(reversed(range(len(value.shape)))))
    if sorted(order) != list(range(len(value.shape))):
        raise NetworkError(f"perm {order[:10]} is not an order of {len(value.shape)} axes")
    return lowering.restructured(value, lambda array: np.transpose(array, order))


def concat(call: Call) -> Value:
    """Values one after the other along an axis."""
    values = call.values()
    axis = axis_of(call.integer("axis"), len(values[0].shape))
    rests = {(*value.shape[:axis], *value.shape[axis + 1 :]) for value in values}
    if len(rests) > 1 or len({len(value.shape) for value in values}) > 1:
        shapes = ", ".join(str(value.shape) for value in values[:6])
        raise NetworkError(f"shapes {shapes} differ outside axis {axis}")
    checked_shape([sum(math.prod(value.shape) for value in values)], "result")
    return joined(call, values, axis)


def joined(call: Call, values: Sequence[Value], axis: int) -> Value:
    """Values one after the other along an axis, which exists and fits."""
    if all(isinstance(value, np.ndarray) for value in values):
        return np.concatenate([np.asarray(value) for value in values], axis=axis)
    return layers.concatenated([call.lifted(value, index) for index, value in enumerate(values)], axis)


def slice_(call: Call) -> Value:
    """Ranges of some axes; bounds are attributes before opset 10."""
    value = call.value(0)
    rank = len(value.shape)
    if call.opset < 10:
        starts, ends = call.integers("starts"), call.integers("ends")
        axes, steps = call.integers("axes", list(range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = call.indices(1), call.indices(2)
        axes = call.indices(3) if call.has(3) else list(range(len(starts)))
        steps = call.indices(4) if call.has(4) else [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise NetworkError("starts, ends, axes and steps differ in length, or a step is 0")
    ranges = [slice(None)] * rank
    for axis, start, end, step in zip(axes_of(axes, rank), starts, ends, steps, strict=True):
        ranges[axis] = _range(start, end, step, value.shape[axis])
    return lowering.restructured(value, lambda array: array[tuple(ranges)])


def _range(start: int, end: int, step: int, size: int) -> slice:
    """Bounds are clamped as ONNX says: backwards, a start before the first value means the first one."""
    first, stop = (bound + size if bound < 0 else bound for bound in (start, end))
    last = size if step > 0 else size - 1
    stop = min(max(stop, last - size), last)
    return slice(min(max(first, 0), last), stop if stop >= 0 else None, step)


def split(call: Call) -> list[Value]:
    """Consecutive parts along an axis."""
    value, count = call.value(0), len(call.node.output)
    axis = axis_of(call.integer("axis", 0), len(value.shape))
    size = value.shape[axis]
    parts = _parts(call, size, count)
    if len(parts) != count or sum(parts) != size or min(parts, default=0) < 0:
        raise NetworkError(f"parts {parts[:10]} of an axis of size {size} for {count} outputs")
    ends = list(itertools.accumulate(parts))
    return [_part(value, axis, end - part, end) for part, end in zip(parts, ends, strict=True)]


def _part(value: Value, axis: int, start: int, end: int) -> Value:
    ranges = (slice(None),) * axis + (slice(start, end),)
    return lowering.restructured(value, lambda array: array[ranges])


def _parts(call: Call, size: int, count: int) -> list[int]:
    if call.opset < 13 and call.given("split"):
        return call.integers("split")
    if call.opset >= 13 and call.has(1):
        return call.indices(1)
    if call.opset >= 18:
        count = call.integer("num_outputs", count)
        if count < 1 or count > len(call.node.output):
            raise NetworkError(f"num_outputs {count} with {len(call.node.output)} outputs")
        larger = -(-size // count)
        return [larger] * (count - 1) + [size - larger * (count - 1)]
    return [size // count] * count


def expand(call: Call) -> Value:
    """Values repeated along new and unit axes."""
    value = call.value(0)
    target = checked_shape(call.indices(1), "target")
    shape = broadcast_shape([value.shape, target])
    return lowering.restructured(value, lambda array: np.broadcast_to(array, shape))


def pad(call: Call) -> Value:
    """Values around the edges: a constant, or copies (edge, reflect, wrap)."""
    value = call.value(0)
    mode = call.text("mode", "constant")
    widths, fill = _padding(call, len(value.shape))
    if mode not in ("constant", "edge", "reflect", "wrap"):
        raise NetworkError(f"mode '{mode}'; expected constant, edge, reflect or wrap")
    if min(itertools.chain.from_iterable(widths), default=0) < 0:
        if mode != "constant":
            raise NetworkError(f"negative pads (crops) with mode {mode}: implementations disagree; use Slice")
        value, widths = _cropped(value, widths)
    checked_shape([size + a + b for size, (a, b) in zip(value.shape, widths, strict=True)], "result")
    if mode == "reflect" and any(max(ab) >= size for size, ab in zip(value.shape, widths, strict=True)):
        raise NetworkError(f"reflect pads {widths} reach beyond shape {value.shape}")
    if mode != "constant":
        extra: dict[str, Any] = {"mode": mode}
        return lowering.restructured(value, lambda array: np.pad(array, widths, **extra))
    if isinstance(value, np.ndarray):
        return np.pad(value, widths, constant_values=fill.item())
    if not isinstance(value, Tensor):
        raise NetworkError("a condition on the network's input is not padded")
    return _filled(value, np.pad(value.positions(), widths, constant_values=-1), fill)


def _cropped(value: Value, widths: list[tuple[int, int]]) -> tuple[Value, list[tuple[int, int]]]:
    """The value without what negative widths cut off, and the widths that are left."""
    ranges = [slice(max(-a, 0), size - max(-b, 0)) for size, (a, b) in zip(value.shape, widths, strict=True)]
    if any(part.stop < part.start for part in ranges):
        raise NetworkError(f"pads {widths} cut more than the shape {value.shape} has")
    cut = lowering.restructured(value, lambda array: array[tuple(ranges)])
    return cut, [(max(a, 0), max(b, 0)) for a, b in widths]


def _filled(x: Tensor, positions: Array, fill: Array) -> Tensor:
    """``x`` at ``positions`` and the fill value at -1; nothing is added up, so nothing rounds."""
    padded = x.take(positions)
    if not fill.item():
        return padded
    if not np.all(np.isfinite(fill.astype(np.float64))):
        raise NetworkError(f"fill value {fill.item()}; expected a finite number")
    outside = np.where(positions < 0, np.array(fill.item(), dtype=fill.dtype), np.zeros((), dtype=fill.dtype))
    return padded + Tensor(x.builder, positions.shape, {}, exact_vector(outside))


def _padding(call: Call, rank: int) -> tuple[list[tuple[int, int]], Array]:
    """Widths for each axis and the constant; attributes before opset 11, inputs since."""
    axes, fill = list(range(rank)), np.array(0.0)
    if call.opset < 11:
        pads, fill = call.integers("pads"), np.array(call.number("value", 0.0))
    else:
        pads = call.indices(1)
        fill = call.array(2) if call.has(2) else fill
        axes = axes_of(call.indices(3), rank) if call.has(3) else axes
    if len(pads) != 2 * len(axes):
        raise NetworkError(f"{len(pads)} pads; expected a start and an end for each of {len(axes)} axes")
    if fill.size != 1:
        raise NetworkError(f"a fill value of shape {fill.shape}; expected one number")
    widths = [(0, 0)] * rank
    for index, axis in enumerate(axes):
        widths[axis] = (pads[index], pads[len(axes) + index])
    return widths, fill
