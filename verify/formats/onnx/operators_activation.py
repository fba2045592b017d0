"""Activations with a smooth branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.network import activations
from verify.network import matrix as matrices
from verify.network.activations import HALF
from verify.network.builder import Tensor
from verify.network.matrix import Matrix

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


def product(call: Call, left: Tensor, right: Tensor) -> Tensor:
    """The product of two activations, which is SiLU where one is the sigmoid of the other, and else not supported."""
    for x, factor in ((left, right), (right, left)):
        if _is_sigmoid_of(factor, x):
            _drop_unread(call, factor)
            pre = call.fresh(x.reshape(lowering.without_batch(x.shape)))
            return activations.silu(pre).reshape(x.shape)
    raise NetworkError("a product of two activations is not piecewise linear (only X * Sigmoid(X) is supported)")


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
    if block.relu or block.smooth is not None:
        return x
    return replace(x, terms=dict(block.inputs), bias=block.bias)


def _entries(matrix: Matrix) -> list[tuple[int, int, Fraction]]:
    return list(zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True))


def _drop_unread(call: Call, factor: Tensor) -> None:
    """Forget the sigmoid's block where nothing but this product reads it.

    What is read more than once was settled: then the factor is a block of its own, without activation, that stays.
    """
    number = max(factor.terms)
    if number == len(call.builder.blocks) and call.builder.blocks[number - 1].smooth is not None:
        call.builder.blocks.pop()
