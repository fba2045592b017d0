"""Members of a family: numbers for all its weights, checked against their ranges, and the network that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from verify.errors import InputError, NetworkError
from verify.network import builder
from verify.network import matrix as matrices
from verify.network.families import layers as kinds
from verify.network.families.description import Family
from verify.network.families.layers import Add, BatchNorm, Clip, Conv, Dense, Flatten, Layer, Leaky, Pad, Pool
from verify.network.families.ranges import Range, Shape, leaves
from verify.network.network import Network
from verify.network.tensor import Builder, Tensor
from verify.rational import Vector, exact_text, to_fraction, vector

# The numbers of one tensor in row-major order: those that differ from the number nearest to zero of their range.
Sparse: TypeAlias = Mapping[int, Fraction]
MAX_WEIGHTS = 20_000_000
Weights: TypeAlias = Mapping[tuple[str, str], Sparse]


def values_of(family: Family, weights: Weights) -> dict[tuple[str, str], list[Fraction]]:
    """All numbers of a member; ``NetworkError`` where one is not in its range, or belongs to no weight."""
    known = family.parameters
    if family.weight_count > MAX_WEIGHTS:
        raise NetworkError(f"{family.name} has {family.weight_count} weights; members have at most {MAX_WEIGHTS}")
    for key in weights:
        if key not in known:
            raise NetworkError(f"{family.name} has no weights {key!r:.80}")
    result = {}
    for key, parameter in known.items():
        values: list[Fraction] = []
        for allowed, count in leaves(parameter.ranges, parameter.shape):
            values += [allowed.nearest_zero] * count
        for place, value in weights.get(key, {}).items():
            if type(place) is not int or not 0 <= place < len(values):
                raise NetworkError(f"{'.'.join(key)}: no weight at {place!r:.40}; there are {len(values)}")
            values[place] = value
        _check_ranges(parameter, values, ".".join(key))
        result[key] = values
    return result


def _check_ranges(parameter: kinds.Parameter, values: list[Fraction], what: str) -> None:
    start = 0
    for allowed, count in leaves(parameter.ranges, parameter.shape):
        part = values[start : start + count]
        # Most are one and the same number, which is asked about once.
        wrong = [value for value in {id(value): value for value in part}.values() if not _fits(allowed, value)]
        if wrong:
            place = start + next(i for i, value in enumerate(part) if value is wrong[0])
            raise NetworkError(f"{what}: the number {exact_text(values[place]):.60} at place {place} is not {allowed}")
        start += count


def _fits(allowed: Range, value: Any) -> bool:
    return isinstance(value, Fraction) and allowed.contains(value)


def member(family: Family, weights: Weights, name: str = "") -> Network:
    """The network with these weights (the others are the numbers nearest to zero that their ranges allow)."""
    values = values_of(family, weights)
    net = Builder(family.input_shape, name or f"a member of {family.name}")
    tensors = {"input": net.input}
    x = net.input
    for layer, shape in zip(family.layers, family.shapes, strict=False):
        own = {key: values[layer.name, key] for key in kinds.parameters(layer, shape)}
        x = x + tensors[layer.other] if isinstance(layer, Add) else _built(layer, shape, x.named(layer.name), own)
        tensors[layer.name] = x = x.named(layer.name)
    return net.build(x)


def _built(layer: Layer, shape: Shape, x: Tensor, own: dict[str, list[Fraction]]) -> Tensor:
    match layer:
        case Dense(outputs=outputs):
            return _dense(outputs, x, own)
        case Conv():
            return _conv(layer, shape, x, own)
        case BatchNorm():
            scaled = builder.multiplied(x, _spread(own["scale"], x))
            return scaled.plus(_spread(own["shift"], x))
        case Leaky():
            fixed = kinds.fixed_slope(layer)
            if fixed == 0:
                return builder.relu(x)
            slopes = [fixed] * shape[0] if fixed is not None else own["slope"]
            return builder.leaky_relu(x, _array(_spread(slopes, x).fractions(), (x.size,)))
        case Clip(low=low, high=high):
            return builder.clip(x, low, high)
        case Pool():
            return _pool(layer, shape, x)
        case Pad():
            return _pad(layer, x)
        case Flatten():
            return x.flatten()
    raise NetworkError(f"no layer {type(layer).__name__}")


def _dense(outputs: int, x: Tensor, own: dict[str, list[Fraction]]) -> Tensor:
    """Only weights that are not zero are written down: members found by search have few of them."""
    used = np.array([place for place, weight in enumerate(own["weight"]) if weight], dtype=np.int64)
    entries = matrices.compact([own["weight"][place] for place in used.tolist()])
    matrix = matrices.from_triplets(used // x.size, used % x.size, entries, (outputs, x.size))
    return x.flatten().apply(matrix, (outputs,), vector(own["bias"]))


def _pool(layer: Pool, shape: Shape, x: Tensor) -> Tensor:
    kernel = layer.kernel or shape[1:]
    strides, pads = layer.strides or kernel, kinds.both_sides(layer.pads, len(kernel))
    if layer.largest:
        return builder.max_pool(x.simple().named(layer.name), kernel, strides=strides, pads=pads)
    include = layer.count_include_pad
    return builder.average_pool(x, kernel, strides=strides, pads=pads, count_include_pad=include)


def _pad(layer: Pad, x: Tensor) -> Tensor:
    dims = len(x.shape) - 1
    border = kinds.both_sides(layer.pads, dims)
    widths = [(0, 0), *zip(border[:dims], border[dims:], strict=True)]
    positions = np.pad(x.positions(), widths, constant_values=-1)
    outside = np.where(positions.ravel() < 0, layer.value.numerator, 0).astype(object)
    return x.take(positions).plus(Vector(outside, layer.value.denominator))


def _conv(layer: Conv, shape: Shape, x: Tensor, own: dict[str, list[Fraction]]) -> Tensor:
    """Only weights that are not zero are unrolled: members found by search have few of them."""
    windows, valid = builder.window_positions(
        shape[1:], layer.kernel, layer.strides or None, layer.pads or None, layer.dilations or None, name=layer.name
    )
    space, taps = windows.shape[: len(layer.kernel)], math.prod(layer.kernel)
    area, image, channels = math.prod(space), math.prod(shape[1:]), shape[0] // layer.groups
    windows, valid = windows.reshape(area, taps), valid.reshape(area, taps)
    used = [(place, weight) for place, weight in enumerate(own["weight"]) if weight]
    rows, columns, entries = [], [], []
    for place, weight in used:
        output, channel, tap = place // (channels * taps), place // taps % channels, place % taps
        inside = np.flatnonzero(valid[:, tap])
        source = output // (layer.channels // layer.groups) * channels + channel
        rows.append(inside + output * area)
        columns.append(windows[inside, tap] + source * image)
        entries += [weight] * len(inside)
    none = np.zeros(0, dtype=np.int64)
    matrix = matrices.from_triplets(
        np.concatenate([none, *rows]),
        np.concatenate([none, *columns]),
        matrices.compact(entries),
        (layer.channels * area, x.size),
    )
    bias = vector(own["bias"]).take(np.repeat(np.arange(layer.channels), area))
    return x.apply(matrix, (layer.channels, *space), bias)


def _spread(values: list[Fraction], x: Tensor) -> Vector:
    return vector(values).take(np.repeat(np.arange(len(values)), x.size // len(values)))


def _array(values: list[Fraction], shape: Shape) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def to_json(weights: Weights) -> dict[str, dict[str, dict[str, str]]]:
    """The weights as plain data: layer, key, place, number."""
    result: dict[str, dict[str, dict[str, str]]] = {}
    for (layer, key), sparse in weights.items():
        numbers = {str(place): exact_text(value) for place, value in sorted(sparse.items())}
        result.setdefault(layer, {})[key] = numbers
    return result


def from_json(data: Any) -> Weights:
    """The weights that ``to_json`` wrote; a malformed object is a ``NetworkError``."""
    try:
        return {
            (str(layer), str(key)): {int(place): _number(value) for place, value in sparse.items()}
            for layer, tensors in data.items()
            for key, sparse in tensors.items()
        }
    except (InputError, TypeError, ValueError, AttributeError) as error:
        raise NetworkError(f"malformed weights: {error!r:.200}") from error


def _number(value: Any) -> Fraction:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a rational in a string")
    return to_fraction(value)
