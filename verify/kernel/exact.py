"""Exact evaluation: values and activation patterns of a network, in integer arithmetic.

All functions work on integers over common denominators. Block k multiplies the denominator of its
arguments by its own, so the denominators along a network divide one another and no rational is ever reduced
on the way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.errors import EvidenceError
from verify.kernel.speed import Memory, frozen
from verify.network import Network
from verify.rational import Integers, Vector

Bits: TypeAlias = NDArray[np.bool_]
# Which side each unit of each ReLU block is on, keyed by block number.
Pattern: TypeAlias = dict[int, Bits]


@dataclass(frozen=True, eq=False)
class AffineForm:
    """``coefficients . t + constant``."""

    coefficients: Vector
    constant: Fraction

    def at(self, t: Vector) -> Fraction:
        """The value at t."""
        return self.coefficients.dot(t) + self.constant

    def __neg__(self) -> AffineForm:
        return AffineForm(-self.coefficients, -self.constant)

    def __sub__(self, other: AffineForm) -> AffineForm:
        return AffineForm(self.coefficients - other.coefficients, self.constant - other.constant)

    def is_zero(self) -> bool:
        """Whether it vanishes identically."""
        return self.constant == 0 and self.coefficients.is_zero()


def preactivations(network: Network, x: Vector, pattern: Pattern | None = None) -> list[Vector]:
    """Exact pre-activations of all blocks at x; with a pattern, of its affine extension."""
    network.require_piecewise_linear("exact evaluation")
    return _walked(network, x, pattern)[0]


def settled_values(network: Network, x: Vector) -> Vector:
    """The outputs at x, each quotient of a quantizer rounded half to even, as the standard says.

    An implementation rounds the quotient itself before (``verify.network.quantizer``). Where that may make another
    integer, two implementations that follow the standard may differ: ``EvidenceError`` (``tie``).
    """
    return Vector(*_walked(network, x, None)[1])


def _walked(network: Network, x: Vector, pattern: Pattern | None) -> tuple[list[Vector], tuple[Integers, int]]:
    """The pre-activations of all blocks, and the values of the last one."""
    outputs: dict[int, tuple[Integers, int]] = {0: (x.numerators, x.denominator)}
    result, denominator = [], x.denominator
    for k, block in enumerate(network.blocks, start=1):
        parts, bias, own = block.integer_form
        z = bias * denominator
        for source, matrix, numerators in parts:
            values, their = outputs[source]
            factor = denominator // their
            product = matrix.integer_product(numerators, values)
            z = z + (product if factor == 1 else product * factor)
        denominator *= own
        result.append(Vector(z, denominator))
        if block.relu:
            z = np.where(z > 0 if pattern is None else pattern[k], z, 0)
        outputs[k] = (z, denominator)
        if block.smooth is not None:
            raise EvidenceError("tie", "values of smooth units are not exact")
        if block.quantizer is not None:
            rounded, near = block.quantizer.settled(result[-1])
            if near is not None:
                name = block.unit_name(near)
                raise EvidenceError("tie", f"{name} is too near a tie: rounding its quotient may change it")
            outputs[k] = (rounded.numerators, rounded.denominator)
            denominator = math.lcm(denominator, rounded.denominator)
        for source in [s for s, last in network.last_use.items() if last == k]:
            del outputs[source]
    return result, outputs[len(network.blocks)]


def evaluate(network: Network, x: Vector) -> Vector:
    """Exact output at x."""

    def output() -> Vector:
        found = preactivations(network, x)[-1]
        frozen(found.numerators)
        return found

    return _OUTPUTS.of((network,), (tuple(x.numerators.tolist()), x.denominator), output)


_OUTPUTS = Memory[Vector](8)


def pattern_of(network: Network, values: list[Vector]) -> Pattern:
    """The pattern of exact pre-activations: a unit is on where z > 0."""
    return {k: np.asarray(values[k - 1].numerators > 0, dtype=bool) for k, _ in network.relu_blocks()}


def pattern_at(network: Network, x: Vector) -> Pattern:
    """The activation pattern at x."""
    return pattern_of(network, preactivations(network, x))
