"""Activations with a smooth branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.refusals import CurvedError
from verify.network import activations
from verify.network import matrix as matrices
from verify.network.activations import HALF
from verify.network.matrix import Matrix
from verify.network.tensor import Tensor

# The defaults of the ONNX operator, which are float32 numbers (others than those of the paper).
SELU_ALPHA = 1.67326319217681884765625
SELU_GAMMA = 1.05070102214813232421875


def _lowered(call: Call, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """The activation of a settled argument under a fresh name."""
    x = lowering.settled(call, call.tensor(0))
    pre = call.fresh(x.reshape(lowering.without_batch(x.shape)))
    return activation(pre).reshape(x.shape)


def elu(call: Call) -> Value:
    """X where it is positive, else alpha (exp(X) - 1)."""
    alpha = Fraction(call.number("alpha", 1.0))
    return _lowered(call, lambda x: activations.elu(x, alpha))


def celu(call: Call) -> Value:
    """X where it is positive, else alpha (exp(X / alpha) - 1)."""
    alpha = Fraction(call.number("alpha", 1.0))
    return _lowered(call, lambda x: activations.celu(x, alpha))


def selu(call: Call) -> Value:
    """Return gamma X where it is positive, else gamma alpha (exp(X) - 1)."""
    alpha, gamma = Fraction(call.number("alpha", SELU_ALPHA)), Fraction(call.number("gamma", SELU_GAMMA))
    return _lowered(call, lambda x: activations.selu(x, alpha, gamma))


def gelu(call: Call) -> Value:
    """X times the normal distribution function, or its tanh approximation."""
    approximate = call.text("approximate", "none")
    return _lowered(call, lambda x: activations.gelu(x, approximate))


def sigmoid(call: Call) -> Value:
    """1 / (1 + exp(-X))."""
    return _lowered(call, activations.sigmoid)


def softplus(call: Call) -> Value:
    """log(1 + exp(X))."""
    return _lowered(call, activations.softplus)


def tanh(call: Call) -> Value:
    """The hyperbolic tangent."""
    return _lowered(call, activations.tanh)


def erf(call: Call) -> Value:
    """The error function."""
    x = call.tensor(0)
    return activations.erf(call.fresh(x.reshape(lowering.without_batch(x.shape)))).reshape(x.shape)


def swish(call: Call) -> Value:
    """X / (1 + exp(-alpha X)): SiLU of alpha X, divided by alpha."""
    alpha = Fraction(call.number("alpha", 1.0))
    if not alpha:
        return lowering.times_constant(call, call.tensor(0), np.array(0.5))
    if alpha == 1:
        return _lowered(call, activations.silu)
    return _lowered(call, lambda x: activations.silu(x.scaled(alpha).named(x.name)).scaled(1 / alpha))


def product(call: Call, left: Tensor, right: Tensor) -> Tensor:
    """The product of two activations, which is SiLU where one is the sigmoid of the other, and else not supported."""
    for x, factor in ((left, right), (right, left)):
        if _is_sigmoid_of(factor, x):
            _drop_unread(call, factor)
            pre = call.fresh(x.reshape(lowering.without_batch(x.shape)))
            return activations.silu(pre).reshape(x.shape)
        gelu = _gelu_of(call, factor, x)
        if gelu is not None:
            return gelu
    raise CurvedError(
        "a product of two activations is not piecewise linear (only X * Sigmoid(X) and X * (1 + Erf(X / c)) are read)"
    )


def _gelu_of(call: Call, factor: Tensor, x: Tensor) -> Tensor | None:
    """``x (1 + erf(x / c)) w`` where ``factor`` is (1 + erf(k x)) w value by value, for one k and w; else None.

    It is w (x + (k x) erf(k x) / k), an even function of k x and a linear one.
    """
    factor = lowering.written_out(factor)
    if len(factor.terms) != 1 or factor.shape != x.shape:
        return None
    ((number, matrix),) = factor.terms.items()
    if not 0 < number <= len(x.builder.blocks) or x.builder.blocks[number - 1].smooth != "erf":
        return None
    weight, size = factor.bias.fractions()[0], factor.size
    if not weight or any(b != weight for b in factor.bias.fractions()):
        return None
    if _entries(matrix) != [(k, k, weight) for k in range(size)]:
        return None
    block = x.builder.blocks[number - 1]
    argument = Tensor(x.builder, x.shape, dict(block.inputs), block.bias)
    rate = _common_ratio(lowering.written_out(argument), lowering.written_out(x))
    if rate is None:
        return None
    _drop_unread(call, factor)
    pre = call.fresh(lowering.settled(call, x).reshape(lowering.without_batch(x.shape)))
    half_even = activations.erf_even(pre.scaled(rate).named(pre.name))
    return (pre + half_even.scaled(2 / rate)).scaled(weight).named(pre.name).reshape(x.shape)


def _common_ratio(argument: Tensor, x: Tensor) -> Fraction | None:
    """The k != 0 for which an expression is k times ``x``, exactly; None if there is none."""
    given = {s: _entries(m) for s, m in x.terms.items() if m.entry_count}
    found = {s: _entries(m) for s, m in argument.terms.items() if m.entry_count}
    first = next(((s, entries[0]) for s, entries in given.items()), None)
    if first is None or first[0] not in found or given.keys() != found.keys():
        return None
    rate = found[first[0]][0][2] / first[1][2]
    scaled = {s: [(i, j, rate * v) for i, j, v in entries] for s, entries in given.items()}
    if scaled != found or argument.bias.fractions() != [rate * b for b in x.bias.fractions()]:
        return None
    return rate


def _is_sigmoid_of(factor: Tensor, x: Tensor) -> bool:
    """Whether ``factor`` is 1/2 + tanh(x/2)/2, value by value."""
    factor = _looked_through(factor)
    if len(factor.terms) != 1 or factor.shape != x.shape or not x.bias.is_zero():
        return False
    ((number, matrix),) = factor.terms.items()
    if number == 0 or number > len(x.builder.blocks):
        return False
    block = x.builder.blocks[number - 1]
    halves = all(b == HALF for b in factor.bias.fractions()) and all(e == HALF for e in matrix.fractions())
    places = np.arange(factor.size)
    straight = matrix.shape == (factor.size, factor.size) and matrix.entry_count == factor.size
    if block.smooth != "tanh" or not halves or not straight or not block.bias.is_zero():
        return False
    if not (np.array_equal(matrix.row_of_entry, places) and np.array_equal(matrix.columns, places)):
        return False
    given = {s: m.scaled(HALF) for s, m in x.terms.items() if m.entry_count}
    return {s: _entries(m) for s, m in block.inputs} == {s: _entries(m) for s, m in given.items()}


def _looked_through(x: Tensor) -> Tensor:
    """The expression behind a value that was settled because it is read more than once."""
    if len(x.terms) != 1 or not x.bias.is_zero():
        return x
    ((number, matrix),) = x.terms.items()
    if number == 0 or _entries(matrix) != _entries(matrices.identity(x.size)):
        return x
    block = x.builder.blocks[number - 1]
    if block.kind != "affine":
        return x
    return replace(x, terms=dict(block.inputs), bias=block.bias, paths=None)


def _entries(matrix: Matrix) -> list[tuple[int, int, Fraction]]:
    return list(zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True))


def _drop_unread(call: Call, factor: Tensor) -> None:
    """Forget the sigmoid's block where nothing but this product reads it.

    What is read more than once was settled: then the factor is a block of its own, without activation, that stays.
    """
    number = max(factor.terms)
    if number == len(call.builder.blocks) and call.builder.blocks[number - 1].smooth is not None:
        call.builder.blocks.pop()
