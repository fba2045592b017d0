"""Steps that operators share, each one block or one rewriting of an expression.

A tensor is *settled* when every value is plus or minus one unit, or zero. Whatever an implementation rounds is
applied to settled tensors only (with one constant added after it), so that coefficients are never merged across
two roundings: the float error bound of ``verify.network.floats`` then covers the implementation, and products
of weights do not grow digits. What one operator adds up for the same unit is kept (``verify.network.paths``).
Blocks carry shapes without the batch axis.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx.call import Call, Condition, Value, freshly_named
from verify.formats.onnx.choice import Choice
from verify.formats.onnx.constants import broadcast_shape
from verify.formats.onnx.elements import Array
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.tensor import Builder, Tensor, exact_vector

# Entries of expressions that are written out to compare them.
MAX_WRITTEN = 2_000_000


def without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without a leading batch axis of 1 (a vector keeps its only axis)."""
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def is_settled(x: Tensor) -> bool:
    """Whether every value is plus or minus one unit, or zero."""
    terms = list(x.terms.values())
    lengths = sum((m.row_lengths for m in terms), start=np.zeros(x.size, dtype=np.int64))
    if x.paths or not x.bias.is_zero() or np.any(lengths > 1):
        return False
    return all(np.all(np.abs(m.entries) == 1) for m in terms)


def settled(call: Call, x: Tensor) -> Tensor:
    """The same values, as a block of their own if need be."""
    return x if is_settled(x) else _block(call, x, relu=False)


def relu(call: Call, x: Tensor) -> Tensor:
    """max(x, 0) as one block, named after the layer that made ``x``."""
    return _block(call, x, relu=True)


def _block(call: Call, x: Tensor, *, relu: bool) -> Tensor:
    return block_as(call.builder, x, call.name, relu=relu)


def block_as(builder: Builder, x: Tensor, name: str, *, relu: bool = False) -> Tensor:
    """``x``, or max(x, 0), as one block, outside an operator call."""
    named = freshly_named(builder, x, name).reshape(without_batch(x.shape))
    return builder.add_block(named, relu=relu).reshape(x.shape)


def settled_as(builder: Builder, x: Tensor, name: str) -> Tensor:
    """``settled`` outside an operator call."""
    return x if is_settled(x) else block_as(builder, x, name)


def written_out(x: Tensor) -> Tensor:
    """The same values in terms of the input and units with an activation only, to be compared, not computed."""
    while True:
        linear = [s for s in x.terms if s and x.builder.blocks[s - 1].kind == "affine"]
        if not linear:
            return x
        source = max(linear)
        block, matrix = x.builder.blocks[source - 1], x.terms[source]
        terms = {s: m for s, m in x.terms.items() if s != source}
        for inner, weights in block.inputs:
            product = matrix.compose(weights)
            terms[inner] = matrices.add(terms[inner], product) if inner in terms else product
        if sum(m.entry_count for m in terms.values()) > MAX_WRITTEN:
            return x
        x = replace(x, terms=terms, bias=x.bias + matrix.product(block.bias), paths=None)


def restructured(value: Value, change: Callable[[Array], Array]) -> Value:
    """A rearrangement of values, said once for activations (as positions, -1 is zero) and constants."""
    if isinstance(value, Tensor):
        return value.take(np.asarray(change(value.positions())))
    if isinstance(value, Choice):
        return value.moved(change)
    if isinstance(value, Condition):
        return replace(value, gap=value.gap.take(np.asarray(change(value.gap.positions()))))
    return np.asarray(change(value))


def broadcast(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The values repeated along new and unit axes."""
    return x if x.shape == shape else x.take(np.broadcast_to(x.positions(), shape))


def common_shape(*values: Value) -> tuple[int, ...]:
    """The shape that the values broadcast to."""
    return broadcast_shape([value.shape for value in values])


def plus_constant(call: Call, x: Tensor, constant: Array) -> Tensor:
    """``x + constant`` with broadcasting."""
    shape = common_shape(x, constant)
    start = x if x.bias.is_zero() else settled(call, x)
    return broadcast(start, shape).plus(exact_vector(np.broadcast_to(constant, shape)))


def times_constant(call: Call, x: Tensor, factors: Array) -> Tensor:
    """``x * factors`` with broadcasting."""
    shape = common_shape(x, factors)
    start = broadcast(settled(call, x), shape)
    if factors.size == 1:
        return start.scaled(Fraction(factors.item()))
    places = np.arange(start.size)
    entries = matrices.as_entries(np.broadcast_to(factors, shape))
    return start.apply(matrices.from_triplets(places, places, entries, (start.size, start.size)), shape)


def plus(call: Call, x: Tensor, y: Tensor) -> Tensor:
    """``x + y`` with broadcasting."""
    shape = common_shape(x, y)
    shared = bool(x.terms.keys() & y.terms.keys()) and not (is_settled(x) and is_settled(y))
    if shared or not (x.bias.is_zero() or y.bias.is_zero()):
        # Merged coefficients or constants could cancel, and rounding errors do not.
        x, y = (settled(call, x), y) if is_settled(y) else (x, settled(call, y))
    total = broadcast(x, shape) + broadcast(y, shape)
    return total.named(y.name if is_settled(x) else x.name)


def difference(call: Call) -> Tensor:
    """Input 0 less input 1, both settled first: they are compared as an implementation holds them."""
    a, b = (x if is_settled(x) or not x.terms else settled(call, x) for x in (call.tensor(0), call.tensor(1)))
    shape = common_shape(a, b)
    return broadcast(a, shape) - broadcast(b, shape)


def largest(call: Call, stack: Tensor) -> Tensor:
    """The maximum along axis 0, by a tree whose levels are one block each."""
    level, count = settled(call, stack), stack.shape[0]
    rest = stack.shape[1:]
    while count > 1:
        half = count // 2
        places = level.positions()
        left, right = level.take(places[:half]), level.take(places[half : 2 * half])
        inner = without_batch(rest)
        difference = (left - right).named(call.name).reshape((half, *inner) if half > 1 else inner)
        switch = relu(call, difference)
        higher = right + switch.reshape(right.shape)
        level = layers.concatenated([higher, level.take(places[2 * half :])], 0) if count % 2 else higher
        count -= half
    return level.reshape(rest)


def product(call: Call, x: Tensor, weights: Array, *, weights_first: bool = False) -> Tensor:
    """Matrix product of an activation and constant weights, either way round, with batched leading axes."""
    start = settled(call, x)
    operands = (weights, start.positions()) if weights_first else (start.positions(), weights)
    if not operands[0].ndim or not operands[1].ndim:
        raise NetworkError(f"shapes {operands[0].shape} and {operands[1].shape}; expected at least one axis each")
    rows = np.atleast_2d(operands[0])
    columns = operands[1] if operands[1].ndim > 1 else operands[1][:, None]
    if rows.shape[-1] != columns.shape[-2]:
        raise NetworkError(f"shapes {operands[0].shape} and {operands[1].shape} do not fit in a product")
    batch = broadcast_shape([rows.shape[:-2], columns.shape[:-2]])
    shape = (*batch, rows.shape[-2], columns.shape[-1])
    full = (*shape, rows.shape[-1])
    layers.check_entry_count(full)
    left = np.broadcast_to(rows[..., :, None, :], full)
    right = np.broadcast_to(np.swapaxes(columns, -1, -2)[..., None, :, :], full)
    factors, places = (left, right) if weights_first else (right, left)
    size = math.prod(shape)
    row_of = np.repeat(np.arange(size), rows.shape[-1])
    matrix = matrices.from_triplets(row_of, places.ravel(), matrices.as_entries(factors), (size, start.size))
    # A vector operand stands for a matrix of one row or column, which the result does not have.
    kept = shape[-2:][operands[0].ndim == 1 : 2 - (operands[1].ndim == 1)]
    return start.apply(matrix, (*batch, *kept))


def grouped(x: Tensor, axes: list[int], *, keep: bool) -> tuple[Array, tuple[int, ...]]:
    """Flat positions, one row for each result of a reduction over ``axes``, and the result's shape."""
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    rows = x.positions().transpose([*kept, *axes])
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    out = tuple(shape) if keep else tuple(x.shape[axis] for axis in kept)
    return rows.reshape(math.prod(out), math.prod(x.shape[axis] for axis in axes)), out
