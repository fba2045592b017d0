"""Values at constant indices, and sums of them: gather, scatter, tiles, blocks of channels, triangles."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value, axis_of
from verify.formats.onnx.constants import checked_shape, compacted, fractions, is_float, whole_numbers
from verify.formats.onnx.elements import Array
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.tensor import Tensor


def _indices(call: Call, index: int, size: int) -> Array:
    """Constant indices of an axis of this size, counted from the front."""
    indices = call.array(index, "constant indices")
    if indices.dtype.kind not in "iu" or np.any((indices < -size) | (indices >= size)):
        raise NetworkError(f"an index is not an integer from {-size} to {size - 1}")
    return np.asarray(np.where(indices < 0, indices + size, indices), dtype=np.int64)


def gather(call: Call) -> Value:
    """The values at constant indices along an axis."""
    value = call.value(0)
    axis = axis_of(call.integer("axis", 0), len(value.shape))
    indices = _indices(call, 1, value.shape[axis])
    checked_shape((*indices.shape, *value.shape[:axis], *value.shape[axis + 1 :]), "result")
    return lowering.restructured(value, lambda array: np.take(array, indices, axis=axis))


def gather_elements(call: Call) -> Value:
    """For each place an index along one axis; the other coordinates stay."""
    value = call.value(0)
    axis = axis_of(call.integer("axis", 0), len(value.shape))
    indices = _indices(call, 1, value.shape[axis])
    if indices.ndim != len(value.shape) or any(
        a > b for k, (a, b) in enumerate(zip(indices.shape, value.shape, strict=True)) if k != axis
    ):
        raise NetworkError(f"indices of shape {indices.shape} for values of shape {value.shape}")
    places: list[Array] = list(np.indices(indices.shape))
    places[axis] = indices
    return lowering.restructured(value, lambda array: array[tuple(places)])


def _tuples(call: Call, index: int, shape: tuple[int, ...]) -> tuple[Array, ...]:
    """A constant tensor whose last axis holds coordinates of the first axes of ``shape``."""
    indices = call.array(index, "constant indices")
    if indices.dtype.kind not in "iu" or indices.ndim < 1 or not 1 <= indices.shape[-1] <= len(shape):
        raise NetworkError(f"indices of shape {indices.shape} for values of shape {shape}")
    sizes = np.array(shape[: indices.shape[-1]], dtype=np.int64)
    if np.any((indices < -sizes) | (indices >= sizes)):
        raise NetworkError(f"an index is outside the shape {shape}")
    return tuple(np.moveaxis(np.where(indices < 0, indices + sizes, indices), -1, 0))


def gather_nd(call: Call) -> Value:
    """The values (or slices) at constant coordinates, for each element of the batch axes."""
    value = call.value(0)
    batch = call.integer("batch_dims", 0)
    indices = call.array(1, "constant indices")
    if not 0 <= batch < min(len(value.shape), max(indices.ndim, 1)) or indices.shape[:batch] != value.shape[:batch]:
        raise NetworkError(
            f"batch_dims {batch} with indices of shape {indices.shape} and values of shape {value.shape}"
        )
    places = _tuples(call, 1, value.shape[batch:])
    checked_shape((*indices.shape[:-1], *value.shape[batch + len(places) :]), "result")
    grid = np.indices(indices.shape[:-1])[:batch]
    return lowering.restructured(value, lambda array: array[(*grid, *places)])


def compress(call: Call) -> Value:
    """The slices along an axis (the values of all, if none is given) for which a constant is true."""
    value, condition = call.value(0), call.array(1, "a constant condition")
    if condition.ndim != 1:
        raise NetworkError(f"a condition of shape {condition.shape}; expected one axis")
    if not call.given("axis"):
        flat = value.reshape((math.prod(value.shape),))
        if len(condition) > flat.shape[0]:
            raise NetworkError(f"a condition of {len(condition)} values for {flat.shape[0]}")
        return lowering.restructured(flat, lambda array: array[np.flatnonzero(condition)])
    axis = axis_of(call.integer("axis"), len(value.shape))
    if len(condition) > value.shape[axis]:
        raise NetworkError(f"a condition of {len(condition)} values for an axis of size {value.shape[axis]}")
    return lowering.restructured(value, lambda array: np.take(array, np.flatnonzero(condition), axis=axis))


def scatter_elements(call: Call) -> Value:
    """The first input with the updates written (or added) along an axis at constant indices."""
    data, updates = call.value(0), call.value(2)
    axis = axis_of(call.integer("axis", 0), len(data.shape))
    indices = _indices(call, 1, data.shape[axis])
    if indices.shape != updates.shape or indices.ndim != len(data.shape):
        raise NetworkError(f"indices of shape {indices.shape} and updates of shape {updates.shape}")
    places: list[Array] = list(np.indices(indices.shape))
    places[axis] = indices
    if any(p.size and p.max() >= size for p, size in zip(places, data.shape, strict=True)):
        raise NetworkError(f"indices of shape {indices.shape} reach beyond the shape {data.shape}")
    flat = np.ravel_multi_index(tuple(places), data.shape).ravel()
    return _scattered(call, data, flat, updates)


def scatter_nd(call: Call) -> Value:
    """The first input with the updates written (or added) at constant coordinates."""
    data, updates = call.value(0), call.value(2)
    places = _tuples(call, 1, data.shape)
    rest = data.shape[len(places) :]
    if updates.shape != (*places[0].shape, *rest):
        raise NetworkError(f"updates of shape {updates.shape}; expected {(*places[0].shape, *rest)}")
    starts = np.arange(math.prod(data.shape)).reshape(data.shape)[places]
    return _scattered(call, data, starts.ravel(), updates)


def _scattered(call: Call, data: Value, places: Array, updates: Value) -> Value:
    """``updates`` (one for each flat place) in ``data``; a place twice only where order does not matter."""
    mode = call.text("reduction", "none")
    if mode not in ("none", "add"):
        raise NetworkError(f"reduction '{mode}'; expected none or add")
    if mode == "none" and len(np.unique(places)) < len(places):
        raise NetworkError("a place is written twice, which the standard leaves undefined")
    constant = isinstance(data, np.ndarray) and isinstance(updates, np.ndarray)
    if constant and mode == "none":
        result = np.array(data).ravel()
        result[places] = np.asarray(updates).ravel().astype(result.dtype)
        return result.reshape(data.shape)
    if constant and isinstance(data, np.ndarray) and not is_float(data):
        result = np.array(data).ravel()
        np.add.at(result, places, np.asarray(updates).ravel())
        return result.reshape(data.shape)
    below, above = (lowering.settled(call, call.lifted(value, k)) for k, value in ((0, data), (2, updates)))
    if mode == "none":
        both = layers.concatenated([below.flatten(), above.flatten()], 0)
        order = np.arange(below.size)
        order[places] = below.size + np.arange(above.size)
        return both.take(order.reshape(data.shape))
    selection = matrices.from_triplets(places, np.arange(above.size), np.ones(above.size), (below.size, above.size))
    return lowering.plus(call, below, above.apply(selection, data.shape))


def tile(call: Call) -> Value:
    """The whole repeated along each axis."""
    value, repeats = call.value(0), call.indices(1)
    if len(repeats) != len(value.shape) or min(repeats, default=0) < 0:
        raise NetworkError(f"repeats {repeats[:10]} for a tensor with {len(value.shape)} axes")
    checked_shape([size * count for size, count in zip(value.shape, repeats, strict=True)], "result")
    return lowering.restructured(value, lambda array: np.tile(array, repeats))


def trilu(call: Call) -> Value:
    """The upper or lower triangle of each matrix, zeros elsewhere."""
    value = call.value(0)
    k = int(call.array(1).item()) if call.has(1) else 0
    if len(value.shape) < 2:
        raise NetworkError(f"a tensor of shape {value.shape}; expected two axes at least")
    rows, columns = np.indices(value.shape[-2:])
    kept = columns - rows >= k if call.flag("upper", True) else columns - rows <= k
    if isinstance(value, np.ndarray):
        return np.where(kept, value, np.zeros((), dtype=value.dtype))
    return lowering.restructured(value, lambda array: np.where(kept, array, -1))


def reverse_sequence(call: Call) -> Value:
    """The first so many values of each sequence in the opposite order."""
    value, lengths = call.value(0), call.indices(1)
    time, batch = call.integer("time_axis", 0), call.integer("batch_axis", 1)
    if {time, batch} != {0, 1} or len(value.shape) < 2 or len(lengths) != value.shape[batch]:
        raise NetworkError(f"axes {time} and {batch}, {len(lengths)} lengths for the shape {value.shape}")
    if any(not 0 <= length <= value.shape[time] for length in lengths):
        raise NetworkError(f"a length is not from 0 to {value.shape[time]}")
    steps = np.arange(value.shape[time])[:, None]
    places = np.where(steps < lengths, np.array(lengths) - 1 - steps, steps)
    grid = (places, np.arange(len(lengths))[None, :])
    if time == 1:
        grid = (grid[1].T, grid[0].T)
    return lowering.restructured(value, lambda array: array[grid])


def _image_shape(value: Value, block: int) -> tuple[int, int, int, int]:
    if len(value.shape) != 4 or block < 1:
        raise NetworkError(f"blocks of {block} of a tensor of shape {value.shape}; expected four axes")
    images, channels, height, width = value.shape
    return images, channels, height, width


def depth_to_space(call: Call) -> Value:
    """Channels spread over blocks of places."""
    value, block = call.value(0), call.integer("blocksize")
    images, channels, height, width = _image_shape(value, block)
    mode = call.text("mode", "DCR")
    if channels % block**2 or mode not in ("DCR", "CRD"):
        raise NetworkError(f"{channels} channels in blocks of {block}, mode {mode}; expected DCR or CRD")
    less = channels // block**2
    split, order = {
        "DCR": ((images, block, block, less, height, width), (0, 3, 4, 1, 5, 2)),
        "CRD": ((images, less, block, block, height, width), (0, 1, 4, 2, 5, 3)),
    }[mode]
    return _regrouped(value, split, order, (images, less, height * block, width * block))


def space_to_depth(call: Call) -> Value:
    """Blocks of places gathered in channels."""
    value, block = call.value(0), call.integer("blocksize")
    images, channels, height, width = _image_shape(value, block)
    if height % block or width % block:
        raise NetworkError(f"an image of {height} by {width} in blocks of {block}")
    split = (images, channels, height // block, block, width // block, block)
    mode = call.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        raise NetworkError(f"mode {mode}; expected DCR or CRD")
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return _regrouped(value, split, order, (images, channels * block**2, height // block, width // block))


def _regrouped(value: Value, split: tuple[int, ...], order: tuple[int, ...], shape: tuple[int, ...]) -> Value:
    change: Callable[[Array], Array] = lambda array: array.reshape(split).transpose(order).reshape(shape)  # noqa: E731
    return lowering.restructured(value, change)


def center_crop_pad(call: Call) -> Value:
    """The middle of each axis, or zeros around it, to reach a size."""
    value, sizes = call.value(0), call.indices(1)
    rank = len(value.shape)
    axes = [axis_of(axis, rank) for axis in call.integers("axes", list(range(rank)))]
    if len(axes) != len(sizes) or min(sizes, default=0) < 0:
        raise NetworkError(f"sizes {sizes[:10]} for axes {axes[:10]}")
    checked_shape([dict(zip(axes, sizes, strict=True)).get(k, size) for k, size in enumerate(value.shape)], "result")

    def change(array: Array) -> Array:
        for axis, wanted in zip(axes, sizes, strict=True):
            extra = array.shape[axis] - wanted
            cut = [slice(None)] * rank
            if extra > 0:
                cut[axis] = slice(extra // 2, extra // 2 + wanted)
            widths = [(0, 0)] * rank
            widths[axis] = (-extra // 2, -extra - -extra // 2) if extra < 0 else (0, 0)
            fill = -1 if isinstance(value, Tensor) else 0
            array = np.pad(array[tuple(cut)], widths, constant_values=fill)
        return array

    return lowering.restructured(value, change)


def cumulative_sum(call: Call) -> Value:
    """The sum of all values up to each place of an axis."""
    value = call.value(0)
    place = call.array(1, "a constant axis")
    if place.size != 1:
        raise NetworkError(f"an axis of shape {place.shape}; expected one number")
    axis = axis_of(int(place.item()), len(value.shape))
    exclusive, reverse = call.flag("exclusive"), call.flag("reverse")
    if isinstance(value, np.ndarray):
        exact = fractions(call.finite(value)) if is_float(value) else value
        total = _running(exact if is_float(value) else exact.astype(object), axis, exclusive, reverse)
        return compacted(total, value.shape) if is_float(value) else whole_numbers(total, value.dtype, "the result")
    x = lowering.settled(call, call.tensor(0))
    size = x.shape[axis]
    layers.check_entry_count((x.size, size))
    i, j = np.indices((size, size))
    used = (j >= i if reverse else j <= i) & ((i != j) | (not exclusive))
    lines = np.moveaxis(x.positions(), axis, -1).reshape(-1, size)
    target, source = np.nonzero(used)
    ones = np.ones(len(lines) * len(target))
    matrix = matrices.from_triplets(lines[:, target].ravel(), lines[:, source].ravel(), ones, (x.size, x.size))
    return x.apply(matrix, x.shape)


def _running(array: Array, axis: int, exclusive: bool, reverse: bool) -> Array:
    turned = np.flip(array, axis) if reverse else array
    total = np.cumsum(turned, axis=axis, dtype=array.dtype)
    if exclusive:
        total = total - turned
    return np.asarray(np.flip(total, axis) if reverse else total)
