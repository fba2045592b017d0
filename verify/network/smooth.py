"""The smooth functions of the canonical form, and the activations that are lowered to them.

Each activation is an affine function, ReLU and a function with a parity, so that what cancels cancels
in the canonical form already:

    elu(z)      = relu(z) + a exp(-relu(-z)) - a        (exp sees 0 where z >= 0, and is exactly 1 there)
    sigmoid(z)  = 1/2 + tanh(z/2)/2                     (tanh is odd)
    softplus(z) = z/2 + logcosh(z)                      (logcosh(z) = log(2 cosh(z/2)) is even)
    silu(z)     = z/2 + silu_even(z)                    (z tanh(z/2)/2 is even)
    gelu(z)     = z/2 + gelu_even(z)                    (z erf(z/sqrt 2)/2 is even; the tanh approximation likewise)
    z (1 + erf(z/c))/2 = z/2 + c erf_even(z/c)          (z erf(z)/2 is even; GELU as files write it, with their c)

So ``phi(z) - phi(-z) = z`` holds for the last three as soon as equal units are shared (lemma 12). Where a network
has a smooth unit it is not piecewise linear; ``verify.kernel.smooth`` says what can be proved then.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.rational import Floats


@dataclass(frozen=True)
class SmoothFunction:
    """A function of one real variable that no rational interval is mapped by affinely.

    ``parity`` is 1 for even, -1 for odd, 0 for neither; ``at_zero`` its value at 0 where that is rational;
    ``lowest`` and ``highest`` bound its values, None where nothing does.
    ``slope`` bounds its derivative (None for exp, whose derivative is its value) and ``floats`` computes it in float64.
    """

    name: str
    text: str
    parity: int
    at_zero: Fraction | None
    lowest: Fraction | None
    highest: Fraction | None
    slope: float | None
    floats: Callable[[NDArray[np.float64]], Floats]


def _logcosh(z: NDArray[np.float64]) -> Floats:
    """``log(2 cosh(z/2)) = |z|/2 + log(1 + exp(-|z|))``, which does not overflow."""
    result: Floats = np.abs(z) / 2 + np.log1p(np.exp(-np.abs(z)))
    return result


def _silu_even(z: NDArray[np.float64]) -> Floats:
    result: Floats = z * np.tanh(z / 2) / 2
    return result


def _gelu_even(z: NDArray[np.float64]) -> Floats:
    result: Floats = z * _erf(z / math.sqrt(2)) / 2
    return result


def _erf(z: NDArray[np.float64]) -> Floats:
    result: Floats = np.vectorize(math.erf, otypes=[np.float64])(z)
    return result


def _erf_even(z: NDArray[np.float64]) -> Floats:
    result: Floats = z * _erf(z) / 2
    return result


GELU_CUBIC = Fraction(44715, 1000000)


def _gelu_tanh_even(z: NDArray[np.float64]) -> Floats:
    result: Floats = z * np.tanh(math.sqrt(2 / math.pi) * (z + float(GELU_CUBIC) * z**3)) / 2
    return result


def _exp(z: NDArray[np.float64]) -> Floats:
    result: Floats = np.exp(z)
    return result


def _tanh(z: NDArray[np.float64]) -> Floats:
    result: Floats = np.tanh(z)
    return result


ZERO, ONE = Fraction(0), Fraction(1)

SMOOTH: dict[str, SmoothFunction] = {
    f.name: f
    for f in (
        SmoothFunction("exp", "exp(z)", 0, ONE, ZERO, None, None, _exp),
        SmoothFunction("tanh", "tanh(z)", -1, ZERO, -ONE, ONE, 1.0, _tanh),
        SmoothFunction("logcosh", "log(2 cosh(z/2))", 1, None, Fraction(1, 2), None, 0.5, _logcosh),
        # |d/dz z tanh(z/2)/2| < 0.6 and |d/dz z erf(z/sqrt 2)/2| < 0.63 (tanh approximation: < 0.64): maxima near 2.
        SmoothFunction("silu_even", "z tanh(z/2)/2", 1, ZERO, ZERO, None, 1.0, _silu_even),
        SmoothFunction("gelu_even", "z erf(z/sqrt(2))/2", 1, ZERO, ZERO, None, 1.0, _gelu_even),
        SmoothFunction(
            "gelu_tanh_even",
            "z tanh(sqrt(2/pi) (z + 0.044715 z^3))/2",
            1,
            ZERO,
            ZERO,
            None,
            1.0,
            _gelu_tanh_even,
        ),
        # 2/sqrt(pi) < 1.13; |d/dz z erf(z)/2| < 0.63, as of gelu_even with z in place of z/sqrt(2).
        SmoothFunction("erf", "erf(z)", -1, ZERO, -ONE, ONE, 1.2, _erf),
        SmoothFunction("erf_even", "z erf(z)/2", 1, ZERO, ZERO, None, 1.0, _erf_even),
    )
}
