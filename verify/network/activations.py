"""Activations with a smooth branch, lowered to ReLU and the functions of ``verify.network.smooth``."""

from __future__ import annotations

from fractions import Fraction

from verify.errors import NetworkError
from verify.network.layers import relu
from verify.network.tensor import Tensor
from verify.rational import Number, to_fraction

HALF = Fraction(1, 2)

# Klambauer et al., Self-Normalizing Neural Networks (2017), to 31 decimals; ONNX has other, float32 ones.
SELU_ALPHA = Fraction("1.6732632423543772848170429916717")
SELU_SCALE = Fraction("1.0507009873554804934193349852946")


def smooth(x: Tensor, function: str) -> Tensor:
    """One of the functions of ``verify.network.smooth`` of each value."""
    return x.builder.add_block(x, relu=False, smooth=function)


def elu(x: Tensor, alpha: Number = 1) -> Tensor:
    """Return z where z >= 0, else alpha (exp(z) - 1)."""
    return _elu(x, to_fraction(alpha), Fraction(1))


def celu(x: Tensor, alpha: Number = 1) -> Tensor:
    """Return z where z >= 0, else alpha (exp(z / alpha) - 1)."""
    value = to_fraction(alpha)
    if value == 0:
        raise NetworkError(f"{x.name or 'celu'}: alpha is 0; expected another number")
    return _elu(x, value, 1 / value)


def selu(x: Tensor, alpha: Number = SELU_ALPHA, scale: Number = SELU_SCALE) -> Tensor:
    """``scale`` times ELU; the constants are those of the paper unless the network says otherwise."""
    return elu(x, alpha).scaled(scale)


def _elu(x: Tensor, alpha: Fraction, rate: Fraction) -> Tensor:
    """relu(z) + alpha (exp(-rate relu(-z)) - 1)."""
    z = x.simple()
    below = relu((-z).named(x.name)).scaled(-rate)
    return (relu(z.named(x.name)) + smooth(below, "exp").scaled(alpha)).plus_number(-alpha).named(x.name)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-z)) = 1/2 + tanh(z/2)/2."""
    return smooth(x.scaled(HALF), "tanh").scaled(HALF).plus_number(HALF)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return smooth(x, "tanh")


def erf(x: Tensor) -> Tensor:
    """The error function."""
    return smooth(x, "erf")


def erf_even(x: Tensor) -> Tensor:
    """Return z erf(z) / 2."""
    return smooth(x, "erf_even")


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(z)) = z/2 + log(2 cosh(z/2))."""
    return _with_even_part(x, "logcosh")


def silu(x: Tensor) -> Tensor:
    """Return z sigmoid(z) = z/2 + z tanh(z/2)/2."""
    return _with_even_part(x, "silu_even")


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    """Return z times the normal distribution function (``"none"``), or its tanh approximation (``"tanh"``)."""
    if approximate not in ("none", "tanh"):
        raise NetworkError(f"{x.name or 'gelu'}: approximate is {approximate!r}; expected 'none' or 'tanh'")
    return _with_even_part(x, "gelu_even" if approximate == "none" else "gelu_tanh_even")


def _with_even_part(x: Tensor, function: str) -> Tensor:
    z = x.simple()
    return (z.scaled(HALF) + smooth(z.named(x.name), function)).named(x.name)
