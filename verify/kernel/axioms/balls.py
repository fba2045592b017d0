"""Evaluation of networks with smooth units in ball arithmetic: rational bounds on every output.

Arb (python-flint) encloses each smooth function rigorously; sums of rational terms stay exact, so a unit that sees
no smooth unit has its exact value, and ``exp(0)`` is exactly 1. F. Johansson, *Arb: efficient arbitrary-precision
midpoint-radius interval arithmetic*, IEEE Transactions on Computers 66 (2017).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from verify.network import Block, Network
from verify.network.smooth import GELU_CUBIC, SMOOTH
from verify.rational import Enclosure, Real, Vector

# A ball, or an exact rational of flint.
Ball: TypeAlias = Any


def enclosures(network: Network, x: Vector, bits: int = 128) -> list[Real]:
    """Bounds on the outputs at x; a rational output without smooth influence is exact."""
    return _blockwise(network, x, bits, every_block=False)[-1]


def preactivation_bounds(network: Network, x: Vector, bits: int = 128) -> list[list[Real]]:
    """Bounds on the pre-activations of every block at x."""
    return _blockwise(network, x, bits, every_block=True)


def _blockwise(network: Network, x: Vector, bits: int, *, every_block: bool) -> list[list[Real]]:
    from flint import ctx, fmpq

    network.require_continuous("an enclosure of values")
    with ctx.workprec(bits):
        outputs: dict[int, list[Ball]] = {0: [fmpq(v.numerator, v.denominator) for v in x.fractions()]}
        result = []
        for k, block in enumerate(network.blocks, start=1):
            z = _sums(block, outputs)
            if every_block or k == len(network.blocks):  # here: ends are rounded to the precision in force
                result.append([bounds_of(value) for value in z])
            outputs[k] = [_activated(block, value) for value in z]
        return result


def _sums(block: Block, outputs: dict[int, list[Ball]]) -> list[Ball]:
    """Exact sums of the exact terms, plus balls for the others."""
    from flint import arb, fmpq

    exact = [fmpq(b.numerator, b.denominator) for b in block.bias.fractions()]
    inexact: dict[int, Ball] = {}
    for source, matrix in block.inputs:
        values = outputs[source]
        for row, column, weight in zip(
            matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True
        ):
            value, factor = values[column], fmpq(weight.numerator, weight.denominator)
            if isinstance(value, fmpq):
                exact[row] += factor * value
            elif weight:
                inexact[row] = inexact.get(row, arb(0)) + arb(factor) * value
    return [arb(total) + inexact[row] if row in inexact else total for row, total in enumerate(exact)]


def _activated(block: Block, z: Ball) -> Ball:
    from flint import arb, fmpq

    if block.relu:
        return max(z, fmpq(0)) if isinstance(z, fmpq) else z.max(arb(0))
    if block.smooth is None:
        return z
    function = SMOOTH[block.smooth]
    if function.at_zero is not None and z == 0:
        return fmpq(function.at_zero.numerator, function.at_zero.denominator)
    return BALL_FUNCTIONS[block.smooth](arb(z) if isinstance(z, fmpq) else z)


def _logcosh(z: Ball) -> Ball:
    return abs(z) / 2 + (-abs(z)).exp().log1p()


def _gelu_even(z: Ball) -> Ball:
    from flint import arb

    return z * (z / arb(2).sqrt()).erf() / 2


def _gelu_tanh_even(z: Ball) -> Ball:
    from flint import arb, fmpq

    cubic = arb(fmpq(GELU_CUBIC.numerator, GELU_CUBIC.denominator))
    return z * ((arb(2) / arb.pi()).sqrt() * (z + cubic * z * z * z)).tanh() / 2


BALL_FUNCTIONS: dict[str, Callable[[Ball], Ball]] = {
    "exp": lambda z: z.exp(),
    "tanh": lambda z: z.tanh(),
    "logcosh": _logcosh,
    "silu_even": lambda z: z * (z / 2).tanh() / 2,
    "gelu_even": _gelu_even,
    "gelu_tanh_even": _gelu_tanh_even,
    "erf": lambda z: z.erf(),
    "erf_even": lambda z: z * z.erf() / 2,
}


def bounds_of(value: Ball) -> Real:
    """The rational, or the ends of the ball, at the precision in force; ``OverflowError`` where it has none."""
    from flint import fmpq

    if isinstance(value, fmpq):
        return Fraction(int(value.p), int(value.q))
    if not value.is_finite():
        raise OverflowError("a value is beyond the range of ball arithmetic")
    return Enclosure(_dyadic(value.lower(), up=False), _dyadic(value.upper(), up=True))


# Ends beyond these powers of two are rounded outwards: nobody reads numbers of so many digits.
LARGEST_EXPONENT, SMALLEST_EXPONENT = 2**16, -(2**16)


def _dyadic(end: Ball, *, up: bool) -> Fraction:
    """The exact end, or a bound further out where its exponent is extreme."""
    mantissa, exponent = (int(part) for part in end.man_exp())
    if exponent > LARGEST_EXPONENT:
        raise OverflowError("a value is beyond the range of ball arithmetic")
    if exponent + mantissa.bit_length() < SMALLEST_EXPONENT:
        limit = Fraction(1, 2**-SMALLEST_EXPONENT)
        return (limit if mantissa > 0 else Fraction(0)) if up else (-limit if mantissa < 0 else Fraction(0))
    return Fraction(mantissa) * Fraction(2) ** exponent
