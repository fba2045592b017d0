"""How far an implementation in floating point may be from the exact network at one point.

The bound holds for every implementation that computes the sums of the canonical form in the given precision (or a
wider one), each in any order and grouping, with or without fused multiply-add, with weights and biases rounded to
nearest. It is that of ``verify.network.floats``, taken at one exact point, where three things are known:

1. **Terms that are exactly zero round nothing.** A sum of ``n`` other terms is ``sum_l w_l y_l (1 + t_l)`` with
   ``|t_l| <= gamma(n)``: one rounding of the product and at most ``n - 1`` of additions. Two more pay for weights
   and biases that the precision does not hold. The bound of a one-hot input does not grow with the fan-in.

2. **Sums on a coarse grid are exact.** Let the precision have ``p`` significant bits. If every term ``w_l y_l`` and
   the bias is an integer multiple of one power of two ``q``, and their absolute values add up to at most ``2^p q``,
   then *any* partial sum, of any subset in any order, is ``m q`` with an integer ``|m| <= 2^p``: a number of the
   precision, so no operation rounds (``q`` at least the smallest normal number, so that nothing underflows; no
   overflow). Given arguments without error the result then has none: **the bound is zero**, and an error of one unit
   in the last place of one weight shows. Small integers and one-hot points of a network with short weights are such.

3. **A unit that is surely off is exactly zero**: if ``z + e < 0`` for its bound ``e``, what is computed is negative.

Where the canonical form adds up several terms of a layer in one weight, the bound of ``verify.network.paths`` counts
them all, and no row of such a weight is taken as exact: on which grid its terms lie is not kept. For a network with
``unbounded`` reasons there is no bound (infinite).

An implementation that evaluates other sums (batch norm not folded into the layer before it, Winograd or FFT
convolution) is not covered; nor is a sum that overflows before it is divided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import InputError
from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, floats_are_ieee, gamma
from verify.network.matrix import Matrix
from verify.network.network import Block, Network
from verify.network.paths import Paths
from verify.rational import Floats, Integers, Vector

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Precision:
    """A floating-point format: ``lost`` is what one operation may lose where its result underflows.

    ``bits`` is None for arithmetic of which only the ``roundoff`` is known: then no sum counts as exact.
    """

    name: str
    dtype: str
    roundoff: float
    bits: int | None
    exponents: tuple[int, int]
    lost: float

    def holds(self, numerator: int, denominator: int) -> bool:
        """Whether the format holds the number exactly, as a normal number or zero."""
        if numerator == 0:
            return True
        if self.bits is None or denominator & (denominator - 1):
            return False
        top = abs(numerator).bit_length() - denominator.bit_length()
        low = (numerator & -numerator).bit_length() - denominator.bit_length()
        return top - low < self.bits and self.exponents[0] <= top < self.exponents[1]


# Float32 code may flush subnormals to zero, float16 and float64 arithmetic does not.
PRECISIONS = {
    "float64": Precision("float64", "float64", UNIT_ROUNDOFF, 53, (-1022, 1024), SMALLEST_SUBNORMAL),
    "float32": Precision("float32", "float32", 2.0**-24, 24, (-126, 128), 2.0**-126),
    "float16": Precision("float16", "float16", 2.0**-11, 11, (-14, 16), 2.0**-24),
}


def precision_named(name: str, roundoff: float | None = None) -> Precision:
    """The format of that name; a ``roundoff`` replaces its unit roundoff (and then no sum counts as exact)."""
    found = PRECISIONS.get(name)
    if found is None:
        raise InputError(f"unknown precision {name!r}; known: {', '.join(PRECISIONS)}")
    if roundoff is None:
        return found
    if not 0 < roundoff < 1:
        raise InputError(f"roundoff is {roundoff}; expected a number between 0 and 1")
    low, high = found.exponents
    return Precision(f"roundoff {roundoff:g}", found.dtype, roundoff, None, (low, high), max(found.lost, 2.0**-126))


class RoundingBound:
    """Bounds for one network in one precision, point by point."""

    def __init__(self, network: Network, precision: Precision) -> None:
        network.require_piecewise_linear("the bound for one exact point")
        self.network = network
        self.precision = precision
        self._weights = [_Weights(block, precision) for block in network.blocks]

    def at(self, x: Vector, values: Sequence[Vector]) -> Floats:
        """A bound for each output at ``x``, whose exact pre-activations (block by block) are ``values``.

        ``x`` must be a point that the implementation gets without rounding. An infinite bound says that the
        analysis does not apply: a sum may overflow, or so many terms are added that nothing is known.
        """
        outputs: dict[int, _Argument] = {0: _Argument(x, np.zeros(len(x)))}
        errors = np.zeros(0)
        for k, (block, weights) in enumerate(zip(self.network.blocks, self._weights, strict=True), start=1):
            errors = weights.errors(outputs, self.precision)
            z = values[k - 1]
            if not block.relu:
                outputs[k] = _Argument(z, errors)
                continue
            exact = z.floats()
            surely_off = exact + errors * (1 + 8 * UNIT_ROUNDOFF) < exact * 8 * UNIT_ROUNDOFF
            active = np.where(np.asarray(z.numerators > 0, dtype=bool), z.numerators, 0)
            outputs[k] = _Argument(Vector(active, z.denominator), np.where(surely_off, 0.0, errors))
        known = floats_are_ieee() and not self.network.unbounded
        return errors if known else np.full(len(errors), np.inf)


class _Argument:
    """Exact values of a block (or of the input), and bounds on what is computed for them."""

    def __init__(self, exact: Vector, errors: Floats) -> None:
        self.exact = exact
        self.errors = errors
        self.nonzero = np.asarray(exact.numerators != 0, dtype=bool)
        self.sizes = np.maximum(np.abs(exact.floats()), np.where(self.nonzero, 2.0**-1022, 0.0))


class _Weights:
    """What the bound needs to know of one block's weights."""

    def __init__(self, block: Block, precision: Precision) -> None:
        self.block = block
        self.held = np.ones(block.size, dtype=bool)
        self.too_large = np.zeros(block.size, dtype=bool)
        parts, bias, own = block.integer_form
        largest = (1 << (precision.exponents[1] - 1)) * own
        for _, matrix, numerators in parts:
            integers = numerators.tolist()
            held = np.array([precision.holds(*_lowest(n, own)) for n in integers], dtype=bool)
            large = np.array([abs(n) >= largest for n in integers], dtype=bool)
            self.held[matrix.row_of_entry[~held]] = False
            self.too_large[matrix.row_of_entry[large]] = True
        self.held &= np.array([precision.holds(*_lowest(n, own)) for n in bias.tolist()], dtype=bool)
        self.too_large |= np.array([abs(n) >= largest for n in bias.tolist()], dtype=bool)
        paths = block.paths
        self.merged = np.zeros(block.size, dtype=bool) if paths is None else _merged_rows(block, paths)
        self.absolute = {s: matrix.absolute_floats for s, matrix in block.inputs}
        self.normal = 2.0 ** precision.exponents[0]
        self.growth = np.array([gamma(n, precision.roundoff) for n in range(block.fan_in + 3)])
        self.enlarge = np.array([1 + 2 * gamma(n + 8) for n in range(block.fan_in + 3)])

    def errors(self, outputs: dict[int, _Argument], precision: Precision) -> Floats:
        """Bounds on the pre-activations of the block."""
        with np.errstate(all="ignore"):
            general = self._rounded(outputs, precision)
            if self.block.paths is not None:
                general = np.where(self.merged, np.maximum(general, self._along_paths(outputs, precision)), general)
        exact = self._exact_rows(outputs, precision) if precision.bits is not None else np.zeros_like(self.held)
        return np.where(exact & ~self.merged, 0.0, np.where(np.isfinite(general), general, np.inf))

    def _along_paths(self, outputs: dict[int, _Argument], precision: Precision) -> Floats:
        """The bound where weights are sums of terms; a term too small for the precision is lost whole."""
        paths = self.block.paths
        assert paths is not None
        carried, products, largest = np.zeros(self.block.size), paths.constants, 1.0
        for source, matrix in paths.sizes.items():
            argument, weights = outputs[source], matrix.absolute_floats
            computed = argument.sizes + argument.errors
            carried = carried + weights @ argument.errors
            products = products + weights @ computed
            largest = max(largest, float(np.max(computed, initial=0.0)))
        lost = 2 * (paths.most + 2) * precision.lost * largest
        grown = carried + gamma(paths.most + 2, precision.roundoff) * products
        total = grown * (1 + 2 * gamma(paths.most + 8)) + lost
        limit = 2.0 ** (min(precision.exponents[1], 1023) - 1)
        overflows = products + total >= limit
        for matrix in paths.sizes.values():
            overflows[matrix.row_of_entry[matrix.absolute_floats.data >= limit]] = True
        return np.where(overflows, np.inf, total)

    def _rounded(self, outputs: dict[int, _Argument], precision: Precision) -> Floats:
        """The running bound, counting in each row only the terms that may differ from zero."""
        block = self.block
        bias = np.abs(block.bias_floats)
        has_bias = np.asarray(block.bias.numerators != 0, dtype=bool)
        terms, carried, products = has_bias.astype(np.int64), np.zeros(block.size), bias.copy()
        vanishing = np.where(has_bias & (bias < self.normal), precision.lost, 0.0)
        for source, matrix in block.inputs:
            argument, weights = outputs[source], self.absolute[source]
            computed = argument.sizes + argument.errors
            present = argument.nonzero | (argument.errors > 0)
            terms += np.bincount(matrix.row_of_entry, present[matrix.columns], block.size).astype(np.int64)
            carried += weights @ argument.errors
            products += weights @ computed
            tiny = np.where(weights.data < self.normal, precision.lost, 0.0)
            vanishing += np.bincount(matrix.row_of_entry, tiny * computed[matrix.columns], block.size)
        counted = terms + np.where(self.held, 0, 2)
        growth, enlarge = self.growth[counted], self.enlarge[terms]
        total = (carried + growth * products + vanishing) * enlarge + 2 * (terms + 2) * precision.lost
        overflows = self.too_large | ((products + total) * 2 >= 2.0 ** min(precision.exponents[1], 1023))
        return np.where(overflows, np.inf, np.where(terms == 0, 0.0, total))

    def _exact_rows(self, outputs: dict[int, _Argument], precision: Precision) -> Flags:
        """Rows in which nothing rounds: point 2 of the module docstring."""
        parts, bias, own = self.block.integer_form
        common = math.lcm(*(outputs[source].exact.denominator for source, *_ in parts))
        grid, total = np.abs(bias * common), np.abs(bias * common)
        exact = self.held & ~self.too_large
        for source, matrix, numerators in parts:
            argument = outputs[source]
            exact[matrix.row_of_entry[argument.errors[matrix.columns] > 0]] = False
            values = argument.exact.numerators * (common // argument.exact.denominator)
            sizes = np.abs(numerators * values[matrix.columns])
            total = total + _row_reduced(np.add, sizes, matrix)
            grid = np.gcd(grid, _row_reduced(np.gcd, sizes, matrix))
        denominator = common * own
        for i in np.flatnonzero(exact).tolist():
            exact[i] = _sum_is_exact(total[i], grid[i], denominator, precision)
        return exact


def _merged_rows(block: Block, paths: Paths) -> Flags:
    """Which values add up more terms than the block has."""
    own = sum((matrix.row_lengths for _, matrix in block.inputs), start=np.zeros(block.size, dtype=np.int64))
    return np.asarray(paths.counts != own, dtype=bool)


def _sum_is_exact(total: int, divisor: int, denominator: int, precision: Precision) -> bool:
    """Whether terms of which ``divisor / denominator`` is a divisor, with this total size, add up without rounding."""
    if total == 0:
        return True
    assert precision.bits is not None
    step = Fraction(divisor, denominator)
    if step.denominator & (step.denominator - 1):
        return False
    steps = total // divisor * (step.numerator // (step.numerator & -step.numerator))
    exponent = (step.numerator & -step.numerator).bit_length() - step.denominator.bit_length()
    if exponent < precision.exponents[0] or exponent + steps.bit_length() >= precision.exponents[1]:
        return False
    return steps <= 1 << precision.bits


def _lowest(numerator: int, denominator: int) -> tuple[int, int]:
    return Fraction(numerator, denominator).as_integer_ratio()


def _row_reduced(operation: Any, entries: Integers, matrix: Matrix) -> Integers:
    result = np.zeros(matrix.shape[0], dtype=object)
    filled = matrix.row_lengths > 0
    if len(entries):
        result[filled] = operation.reduceat(entries, matrix.row_starts[:-1][filled])
    return result
