"""Layers that join, scale and mix values, and the activations that are piecewise linear."""

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
