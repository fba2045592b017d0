"""Float evaluation with a rigorous bound on its distance from the exact network.

The bound (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.1): a sum of ``n`` products
in floating point, in any order and with or without fused multiply-add, is
``sum_l w_l y_l (1 + t_l)`` with ``|t_l| <= gamma(n) = n u / (1 - n u)``, plus at most the smallest subnormal
for each product that underflows. With ``e`` a bound on the error of the arguments, a block therefore obeys

    |computed z - exact z| <= |W| e + gamma(n + 2) (|W| (|y| + 2 e) + |b|) + (n + 2) eta

where ``y`` is what ``run`` computed (an implementation in another precision has other values: hence 2 e), ``n`` is
the fan-in, the 2 beside it pays for rounding weights and biases that are not floats (0.1, 1/9) and ``eta`` is the
smallest number before which products are lost. ReLU does not increase an error. The bound is itself computed in
floating point; sums of nonnegative numbers have a relative error of at most gamma(n), so it is enlarged by
``1 + 2 gamma(n + 8)``.

A smooth function phi turns an argument with error ``e`` into a value with error ``slope e`` (``slope`` bounds its
derivative; for exp: ``exp(z + e) (exp(e) - 1)``). What is *assumed*, not proved (``LIBRARY_ASSUMPTION``), is how
accurate an implementation of phi is: no standard bounds the errors of exp, tanh, erf and log.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from verify.network.network import Block, Network, smooth_function
from verify.network.paths import Paths
from verify.rational import Floats, Vector

if TYPE_CHECKING:
    from verify.network.smooth import SmoothFunction

UNIT_ROUNDOFF = 2.0**-53
FLOAT32_ROUNDOFF = 2.0**-24
SMALLEST_SUBNORMAL = 2.0**-1074
FLOAT32_SMALLEST_NORMAL = 2.0**-126
FLOAT32_LARGE = 2.0**126  # half of the largest power of two

# Units in the last place of max(1, |value|) that a library's exp, tanh, erf, ... (or what is made of them) may be off.
LIBRARY_ULPS = 16
LIBRARY_ASSUMPTION = (
    f"smooth activations are assumed to be computed with an error of at most {LIBRARY_ULPS} u max(1, |value|), u the"
    " unit roundoff; no standard promises that"
)


def gamma(terms: int, roundoff: float = UNIT_ROUNDOFF) -> float:
    """An upper bound for ``n u / (1 - n u)``; infinite where the analysis does not apply."""
    product = terms * roundoff
    return product / (1 - product) * (1 + 4 * UNIT_ROUNDOFF) if product < 0.25 else np.inf


def floats_are_ieee() -> bool:
    """Whether subnormals survive here: the bound assumes gradual underflow, which some libraries switch off."""
    tiny = np.array([SMALLEST_SUBNORMAL])
    return bool((tiny + tiny)[0] == 2 * SMALLEST_SUBNORMAL and (np.array([2.0**-1022]) * 0.5)[0] > 0)


@dataclass(frozen=True, eq=False)
class FloatRun:
    """Pre-activations of every block and a bound on each one's distance from the exact value."""

    values: list[Floats]
    errors: list[Floats]


def linear_errors(
    block: Block, errors: dict[int, Floats], sizes: dict[int, Floats], extra: Any, roundoff: float
) -> Any:
    """The bound of the module docstring for one block; ``errors`` and ``sizes`` by source.

    ``extra`` is the size of what is added besides the products (the bias), or 0.
    """
    weights = [(source, matrix.absolute_floats) for source, matrix in block.inputs]
    return _sum_errors(weights, block.fan_in, errors, sizes, np.zeros(block.size) + extra, roundoff)


def _sum_errors(
    weights: Sequence[tuple[int, Any]],
    terms: int,
    errors: Mapping[int, Floats],
    sizes: Mapping[int, Floats],
    constants: Floats,
    roundoff: float,
) -> Any:
    carried, products = np.zeros(len(constants)), constants
    for source, matrix in weights:
        carried = carried + matrix @ errors[source]
        products = products + matrix @ (sizes[source] + 2 * errors[source])
    floor = (terms + 2) * _smallest(roundoff)
    enlarge = 1 + 2 * gamma(terms + 8)
    bound = (carried + gamma(terms + 2, roundoff) * products) * enlarge + 2 * floor
    # Below this no partial sum overflows, in whatever order the terms are added.
    return np.where(products < (2.0**1000 if roundoff == UNIT_ROUNDOFF else FLOAT32_LARGE), bound, np.inf)


def _path_errors(paths: Paths, errors: Mapping[int, Floats], outputs: Mapping[int, Floats], roundoff: float) -> Any:
    """The bound of ``verify.network.paths`` for one block.

    A path's weight may be too small for the precision where the sum is not; then all of it is lost.
    """
    sizes = {source: np.abs(outputs[source]) for source in paths.sizes}
    weights = [(source, matrix.absolute_floats) for source, matrix in paths.sizes.items()]
    bound = _sum_errors(weights, paths.most, errors, sizes, paths.constants, roundoff)
    largest = max((float(np.max(sizes[s] + 2 * errors[s], initial=1.0)) for s in sizes), default=1.0)
    least, most = (2.0**-1000, 2.0**1000) if roundoff == UNIT_ROUNDOFF else (FLOAT32_SMALLEST_NORMAL, FLOAT32_LARGE)
    held = all(np.all(matrix.data < most) for _, matrix in weights)
    return bound + 2 * paths.most * least * largest if held else np.full(len(bound), np.inf)


def _smallest(roundoff: float) -> float:
    """What an underflow may lose. Float32 code may flush subnormals to zero; float64 here does not."""
    return SMALLEST_SUBNORMAL if roundoff == UNIT_ROUNDOFF else FLOAT32_SMALLEST_NORMAL


def _rounds_faithfully(block: Block, roundoff: float) -> bool:
    """Whether rounding weights and bias keeps a relative error of ``roundoff``, or (``_flushed``) loses them whole."""
    if roundoff == UNIT_ROUNDOFF:
        return block.rounds_faithfully
    sizes = np.concatenate([*(matrix.floats.data for _, matrix in block.inputs), block.bias_floats])
    return block.rounds_faithfully and bool(np.all(np.abs(sizes) < FLOAT32_LARGE))


def _flushed(block: Block, magnitudes: dict[int, Floats]) -> Any:
    """What weights and biases below float32's normal range contribute at most: float32 code may read them as 0."""
    bias = np.abs(block.bias_floats)
    total = np.where(bias < FLOAT32_SMALLEST_NORMAL, bias, 0.0)
    for source, matrix in block.inputs:
        weights = matrix.absolute_floats
        if weights.nnz and weights.data.min() < FLOAT32_SMALLEST_NORMAL:
            tiny = weights.copy()
            tiny.data = np.where(tiny.data < FLOAT32_SMALLEST_NORMAL, tiny.data, 0.0)
            total = total + tiny @ magnitudes[source]
    return total * (1 + 2 * gamma(block.fan_in + 8)) + SMALLEST_SUBNORMAL * block.fan_in


def run(
    network: Network,
    point: Vector,
    roundoff: float = UNIT_ROUNDOFF,
    pattern: Mapping[int, NDArray[np.bool_]] | None = None,
    *,
    paths: bool = False,
) -> FloatRun:
    """Evaluate at an exact point (rounded to float64 first) with error bounds.

    With a ``pattern`` (units on, by block number) the affine extension of that pattern is evaluated instead.

    ``roundoff`` larger than binary64's gives a bound for an implementation in that precision instead: the
    values are still those of float64, and the bound covers the distance of either from the exact network. It is for
    the sums of the canonical form, or (``paths``) for those that the layers were read from too.
    """
    network.require_continuous("a float value with a bound on its error")
    outputs: dict[int, Floats] = {0: point.floats()}
    exact_input = all(n == 0 or (np.isfinite(f) and f != 0) for n, f in zip(point.numerators, outputs[0], strict=True))
    start = np.abs(outputs[0]) * roundoff * 2 + _smallest(roundoff)
    if roundoff != UNIT_ROUNDOFF:
        exact_input = exact_input and bool(np.all(np.abs(outputs[0]) < FLOAT32_LARGE))
    errors: dict[int, Floats] = {0: start if exact_input else np.full(len(point), np.inf)}
    values: list[Floats] = []
    bounds: list[Floats] = []
    sound = floats_are_ieee()
    with np.errstate(all="ignore"):
        for k, block in enumerate(network.blocks, start=1):
            bias = block.bias_floats
            z = bias.copy()
            for source, matrix in block.inputs:
                z += matrix.floats @ outputs[source]
            sizes = {source: np.abs(outputs[source]) for source, _ in block.inputs}
            error = linear_errors(block, errors, sizes, np.abs(bias), roundoff)
            usable = np.isfinite(z) & np.isfinite(error)
            if roundoff != UNIT_ROUNDOFF:
                error = error + _flushed(block, {s: sizes[s] + 2 * errors[s] for s, _ in block.inputs})
            if paths and block.paths:
                error = np.maximum(error, _path_errors(block.paths, errors, outputs, roundoff))
            faithful = sound and _rounds_faithfully(block, roundoff)
            error = np.where(usable & faithful, error, np.inf)
            values.append(z)
            bounds.append(error)
            if block.smooth is not None:
                outputs[k], errors[k] = _smooth_values(smooth_function(block.smooth), z, error, roundoff)
            elif block.relu and pattern is not None:
                outputs[k], errors[k] = np.where(pattern[k], z, 0.0), np.where(pattern[k], error, 0.0)
            else:
                outputs[k], errors[k] = np.maximum(z, 0.0) if block.relu else z, error
    return FloatRun(values, bounds)


def implementation_errors(network: Network, point: Vector, roundoff: float) -> Floats | None:
    """A bound on how far an implementation of what was read, in that precision, may be from the exact network.

    It computes the sums that the layers say, each in any order (``verify.network.paths``). None where it rounds what
    no sum shows, such as constants that were computed while reading: ``network.unbounded`` says why.
    """
    return None if network.unbounded else run(network, point, roundoff, paths=True).errors[-1]


def _smooth_values(function: SmoothFunction, z: Floats, error: Floats, roundoff: float) -> tuple[Floats, Floats]:
    """The values of a smooth function and a bound on their errors, from its argument and its argument's errors."""
    value = function.floats(z)
    # Twice: what is computed here may itself be off, and so may be what the bound is for.
    own = 2 * LIBRARY_ULPS * roundoff
    size = np.maximum(1.0, np.abs(value))
    if function.slope is None:
        carried = (np.abs(value) + own * size) * np.exp(error) * np.expm1(error)
    else:
        carried = function.slope * error
    total = (carried + own * (size + carried)) * (1 + 2.0**-40)
    return value, np.where(np.isfinite(value) & np.isfinite(total), total, np.inf)


def evaluate(network: Network, points: NDArray[np.floating]) -> Floats:
    """Float64 outputs, shape (..., outputs), for points of shape (..., inputs); no error bound."""
    array = np.asarray(points, dtype=np.float64)
    batch = array.reshape(math.prod(array.shape[:-1]), network.input_size).T
    outputs: dict[int, Any] = {0: batch}
    for k, block in enumerate(network.blocks, start=1):
        z = np.repeat(block.bias_floats[:, None], batch.shape[1], axis=1)
        for source, matrix in block.inputs:
            z += matrix.floats @ outputs[source]
        if block.smooth is not None:
            with np.errstate(over="ignore"):
                outputs[k] = smooth_function(block.smooth).floats(z)
        elif block.quantizer is not None:
            outputs[k] = block.quantizer.floats(z)
        else:
            outputs[k] = np.maximum(z, 0.0, out=z) if block.relu else z
        for source in [s for s, last in network.last_use.items() if last == k]:
            del outputs[source]
    result: Floats = outputs[len(network.blocks)].T
    return result.reshape(*array.shape[:-1], network.output_size)
