"""Small networks with smooth activations, and the same functions in mpmath, written down independently."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import mpmath

from verify.network import Builder, Network, Tensor, activations
from verify.network import builder as layers

TINY = Fraction("1e-30")
Row = list[Fraction]
DIGITS = 60


def real(value: Fraction) -> mpmath.mpf:
    """The rational, rounded to the precision in force."""
    return mpmath.mpf(value.numerator) / value.denominator


def _elu(z: mpmath.mpf, alpha: Fraction, rate: Fraction = Fraction(1), scale: Fraction = Fraction(1)) -> mpmath.mpf:
    return real(scale) * (z if z >= 0 else real(alpha) * mpmath.expm1(real(rate) * z))


def _gelu_tanh(z: mpmath.mpf) -> mpmath.mpf:
    inner = mpmath.sqrt(2 / mpmath.pi) * (z + mpmath.mpf(44715) / 1000000 * z**3)
    return z / 2 * (1 + mpmath.tanh(inner))


@dataclass(frozen=True)
class Activation:
    """One activation: how it is built here, and its textbook definition."""

    name: str
    build: Callable[[Tensor], Tensor]
    value: Callable[[mpmath.mpf], mpmath.mpf]


ELU = Activation("elu", activations.elu, lambda z: _elu(z, Fraction(1)))
ELU_HALF = Activation("elu 1/2", lambda x: activations.elu(x, "1/2"), lambda z: _elu(z, Fraction(1, 2)))
ELU_TWO = Activation("elu 2", lambda x: activations.elu(x, 2), lambda z: _elu(z, Fraction(2)))
SELU = Activation("selu", activations.selu, lambda z: _elu(z, activations.SELU_ALPHA, scale=activations.SELU_SCALE))
CELU = Activation("celu", lambda x: activations.celu(x, 2), lambda z: _elu(z, Fraction(2), Fraction(1, 2)))
SOFTPLUS = Activation("softplus", activations.softplus, lambda z: mpmath.log1p(mpmath.exp(z)))
SIGMOID = Activation("sigmoid", activations.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z)))
TANH = Activation("tanh", activations.tanh, mpmath.tanh)
SILU = Activation("silu", activations.silu, lambda z: z / (1 + mpmath.exp(-z)))
GELU = Activation("gelu", activations.gelu, lambda z: z * mpmath.ncdf(z))
GELU_TANH = Activation("gelu tanh", lambda x: activations.gelu(x, "tanh"), _gelu_tanh)
ALL = (ELU, ELU_HALF, ELU_TWO, SELU, CELU, SOFTPLUS, SIGMOID, TANH, SILU, GELU, GELU_TANH)
ELUS = (ELU, ELU_HALF, ELU_TWO, SELU, CELU)


@dataclass(frozen=True)
class Spec:
    """``V activation(W x + b) + U x + c``."""

    activation: Activation
    weights: list[Row]
    biases: Row
    output: list[Row]
    skip: list[Row]
    constants: Row

    def network(self, name: str = "smooth") -> Network:
        builder = Builder((len(self.weights[0]),), name)
        hidden = self.activation.build(layers.dense(builder.input, self.weights, self.biases).named("hidden"))
        straight = layers.dense(builder.input, self.skip, self.constants)
        return builder.build(layers.dense(hidden, self.output) + straight)

    def values(self, x: Sequence[Fraction]) -> list[mpmath.mpf]:
        """The outputs to about ``DIGITS`` digits."""
        with mpmath.workdps(DIGITS + 20):
            point = [real(v) for v in x]
            hidden = [
                self.activation.value(mpmath.fdot([real(w) for w in row], point) + real(b))
                for row, b in zip(self.weights, self.biases, strict=True)
            ]
            return [
                mpmath.fdot([real(v) for v in out], hidden) + mpmath.fdot([real(u) for u in skip], point) + real(c)
                for out, skip, c in zip(self.output, self.skip, self.constants, strict=True)
            ]


def number(rng: random.Random) -> Fraction:
    if rng.random() < 0.05:
        return TINY * rng.choice([1, -1])
    return Fraction(rng.choice([0, 0, 1, -1, 1, -1, 2, -2, 3]), rng.choice([1, 1, 1, 2]))


def random_spec(rng: random.Random, activation: Activation, inputs: int, outputs: int = 1) -> Spec:
    """Degenerate on purpose: repeated and opposite rows, output weights that cancel, zeros, 1e-30."""
    width = rng.choice([1, 2, 2, 3])
    weights = [[number(rng) for _ in range(inputs)] for _ in range(width)]
    biases = [number(rng) if rng.random() < 0.6 else Fraction(0) for _ in range(width)]
    output = [[number(rng) for _ in range(width)] for _ in range(outputs)]
    if width > 1 and rng.random() < 0.5:
        sign = rng.choice([1, 1, -1])
        weights[1], biases[1] = [sign * w for w in weights[0]], sign * biases[0]
        if rng.random() < 0.6:
            for row in output:
                row[1] = -row[0]
    if rng.random() < 0.15:
        weights[0] = [Fraction(0)] * inputs
    if rng.random() < 0.2:
        output = [[rng.choice([Fraction(0), v]) for v in row] for row in output]
    skip = [[number(rng) if rng.random() < 0.3 else Fraction(0) for _ in range(inputs)] for _ in range(outputs)]
    return Spec(activation, weights, biases, output, skip, [Fraction(rng.choice([0, 0, 1])) for _ in range(outputs)])
