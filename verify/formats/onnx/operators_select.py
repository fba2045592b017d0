"""Choices between values: Where and comparisons, sorting, and activations with three branches.

``Where(g > 0, a, b)`` is continuous, and then piecewise linear, where a - b is a multiple k of g: it is max(a, b) for
k > 0, min(a, b) for k < 0. That is checked exactly, value by value; anything else is left to ``choice``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering, settling
from verify.formats.onnx.call import Call, Condition, Value, axis_of
from verify.formats.onnx.choice import Choice, rows_of
from verify.formats.onnx.constants import is_float
from verify.formats.onnx.elements import Array
from verify.formats.onnx.univariate import UnitRow
from verify.network import builder as layers
from verify.network.builder import multiplied
from verify.network.tensor import Tensor, exact_vector

# Values of an axis that is sorted: a network of comparators has about n (log n)^2 / 4 of them.
LARGEST_SORT = 64


def comparison(sense: int, *, strict: bool) -> Callable[[Call], Value]:
    """``A > B`` (sense 1) or ``A < B`` (sense -1) of activations, as what Where takes."""

    def evaluate(call: Call) -> Value:
        return Condition(lowering.difference(call).scaled(sense), strict)

    return evaluate


def negation(call: Call) -> Value:
    """Where a condition does not hold."""
    value = call.value(0)
    if isinstance(value, Choice):
        return settling.combined(call, "not", [value])
    if not isinstance(value, Condition):
        raise NetworkError("expected a condition")
    return -value


def where(call: Call) -> Value:
    """A where a condition holds, else B."""
    condition, a, b = call.value(0), call.value(1), call.value(2)
    if any(isinstance(value, Choice) for value in (condition, a, b)):
        return settling.combined(call, "where", [condition, a, b])
    if isinstance(condition, Condition):
        return _selected(call, condition, call.tensor(1), call.tensor(2))
    if isinstance(condition, Tensor):
        raise NetworkError("a condition of floats; expected booleans")
    assert isinstance(condition, np.ndarray)
    shape = lowering.common_shape(condition, a, b)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.asarray(np.where(condition, a, b))
    chosen = np.broadcast_to(condition, shape)
    parts = [
        lowering.broadcast(lowering.settled(call, _needed(call, index, used)), shape).flatten()
        for index, used in ((1, chosen), (2, ~chosen))
    ]
    size = parts[0].size
    order = np.arange(size).reshape(shape)
    return layers.concatenated(parts, 0).take(np.where(chosen, order, order + size))


def _needed(call: Call, index: int, used: Array) -> Tensor:
    """The input; of a constant only what is used, so that an infinity that masks nothing is no weight."""
    value = call.value(index)
    if not isinstance(value, np.ndarray):
        return call.tensor(index)
    return call.lifted(np.where(used, np.broadcast_to(value, used.shape), np.zeros((), dtype=value.dtype)), index)


def _selected(call: Call, given: Condition, a: Tensor, b: Tensor) -> Value:
    condition, chosen_from = given, (a, b)
    if condition.negated:
        a, b = b, a
    shape = lowering.common_shape(condition.gap, a, b)
    gap, a, b = (lowering.broadcast(x, shape) for x in (condition.gap, a, b))
    signs = _senses(replace(condition, gap=gap, negated=False), a - b)
    if signs is None:
        return settling.combined(call, "where", [given, *chosen_from])
    a, b = lowering.settled(call, a), lowering.settled(call, b)
    # Signs of 2 and 0 are places where the condition is constant.
    chosen = layers.concatenated([a.flatten(), b.flatten()], 0).take(
        np.where(signs == 2, np.arange(a.size), np.arange(a.size) + a.size).reshape(shape)
    )
    turned = np.where(np.abs(signs) == 1, signs, 0)
    if not np.any(turned):
        return chosen
    factors = exact_vector(turned.astype(np.float64))
    higher = lowering.relu(call, multiplied(a - b, factors).named(call.name))
    return lowering.plus(call, chosen, multiplied(higher, factors).reshape(shape))


def _senses(condition: Condition, difference: Tensor) -> Array | None:
    """For each value 1 or -1, the sign of k in ``difference = k gap``; 2 or 0 where A or B is taken in any case."""
    plain = zip(rows_of(condition.gap), rows_of(difference), strict=True)
    signs = [_sense(g, d, condition.strict) for g, d in plain]
    if None in signs:
        written = zip(
            rows_of(lowering.written_out(condition.gap)), rows_of(lowering.written_out(difference)), strict=True
        )
        signs = [_sense(g, d, condition.strict) if s is None else s for s, (g, d) in zip(signs, written, strict=True)]
    return None if None in signs else np.array(signs, dtype=np.int64)


def _sense(gap: UnitRow, difference: UnitRow, strict: bool) -> int | None:
    (g, g0), (d, d0) = gap, difference
    if not g:
        return 2 if g0 > 0 or (g0 == 0 and not strict) else 0
    if not d and not d0:
        return 0
    pivot = next(iter(g))
    factor = d.get(pivot, Fraction(0)) / g[pivot]
    if not factor or d0 != factor * g0 or d.keys() != g.keys() or any(d[p] != factor * g[p] for p in g):
        return None
    return 1 if factor > 0 else -1


def thresholded_relu(call: Call) -> Value:
    """X where it is above alpha, else 0: continuous for alpha = 0 only."""
    alpha = call.number("alpha", 1.0)
    if alpha:
        raise NetworkError(
            f"jumps by {abs(alpha):.6g} at {alpha:.6g} (alpha), so it is not piecewise linear and continuous"
        )
    return lowering.relu(call, call.tensor(0))


def shrink(call: Call) -> Value:
    """X + bias below -lambd, X - bias above lambd, else 0: continuous where both are equal."""
    bias, limit = Fraction(call.number("bias", 0.0)), Fraction(call.number("lambd", 0.5))
    if bias != limit:
        raise NetworkError(
            f"jumps by {float(abs(limit - bias)):.6g} at {float(limit):.6g} (bias is not lambd), so it is not piecewise"
            " linear and continuous"
        )
    if limit < 0:
        raise NetworkError(f"lambd is {float(limit):.6g}; expected a number >= 0")
    x = lowering.settled(call, call.tensor(0))
    above = lowering.relu(call, x.plus_number(-limit).named(call.name))
    below = lowering.relu(call, (-x).plus_number(-limit).named(call.name))
    return lowering.plus(call, above, -below)


# Sorting.


def top_k(call: Call) -> Value | list[Value]:
    """The k largest (or smallest) values along an axis, in order; of the two outputs only the values."""
    axis = axis_of(call.integer("axis", -1), len(call.value(0).shape))
    size = call.value(0).shape[axis]
    k = call.integer("k") if call.opset < 10 else call.array(1, "a constant k").item()
    largest, in_order = call.flag("largest", True), call.flag("sorted", True)
    if not 0 < k <= size:
        raise NetworkError(f"k is {k}; expected 1 to {size}")
    value = call.value(0)
    if isinstance(value, np.ndarray):
        return _sorted_constant(call, value, axis, k, largest)
    if not in_order and k > 1:
        raise NetworkError("sorted is 0, which leaves the order of the results open; expected 1")
    if size > LARGEST_SORT:
        raise NetworkError(f"sorts {size} values of an axis; at most {LARGEST_SORT} are supported")
    x = lowering.settled(call, call.tensor(0))
    rows = x.take(np.moveaxis(x.positions(), axis, 0))
    ascending = _sorted(call, rows if not largest else -rows)
    chosen = ascending.take(np.moveaxis(ascending.positions()[:k], 0, axis))
    return -chosen if largest else chosen


def _sorted_constant(call: Call, array: Array, axis: int, k: int, largest: bool) -> list[Value]:
    call.certain(0)
    if is_float(array):
        call.finite(array)
    order = np.argsort(-array.astype(object) if largest else array, axis=axis, kind="stable")
    order = np.take(order, np.arange(k), axis=axis)
    return [np.take_along_axis(array, order, axis), order.astype(np.int64)]


def _sorted(call: Call, x: Tensor) -> Tensor:
    """Ascending along axis 0, by Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2 M)."""
    count, rest = x.shape[0], x.shape[1:]
    for lower, upper in _comparators(count):
        places = x.positions()
        a, b = x.take(places[lower]), x.take(places[upper])
        over = lowering.relu(call, (a - b).named(call.name))
        parts = [(a - over).reshape((len(lower), *rest)), (b + over).reshape((len(upper), *rest))]
        others = np.setdiff1d(np.arange(count), np.concatenate([lower, upper]))
        order = np.argsort(np.concatenate([lower, upper, others]))
        joined = layers.concatenated([*parts, x.take(places[others])] if len(others) else parts, 0)
        x = lowering.settled(call, joined.take(joined.positions()[order]).named(call.name))
    return x


@functools.cache
def _comparators(count: int) -> list[tuple[Array, Array]]:
    """Rounds of pairs (i, j), i < j, whose values are put in order; pairs of a round do not overlap."""
    rounds: list[tuple[Array, Array]] = []
    top = 1 << max((count - 1).bit_length() - 1, 0)
    p = top
    while p > 0 and count > 1:
        q, r, d = top, 0, p
        while True:
            pairs = [(i, i + d) for i in range(count - d) if i & p == r]
            if pairs:
                rounds.append((np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])))
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return rounds
