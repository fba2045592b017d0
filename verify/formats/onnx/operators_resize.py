"""Resize and Upsample: each value is a combination of neighbours with weights that are exact rationals.

Coordinates are computed in rationals. Sizes and nearest neighbours jump with them, so where an evaluation in float32
or float64, as implementations do it, takes another neighbour or size, the model is refused.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value, axes_of
from verify.formats.onnx.constants import checked_shape
from verify.formats.onnx.elements import Array
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.tensor import Tensor, exact_vector

HALF = Fraction(1, 2)
TRANSFORMS = (
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
    "tf_half_pixel_for_nn",
)  # fmt: skip
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class Axis:
    """One axis: sizes before and after, and the scale between (which need not be their quotient)."""

    before: int
    after: int
    scale: Fraction
    start: Fraction
    end: Fraction


@dataclass(frozen=True)
class Taps:
    """For each place of an axis of the result the places that it reads, their weights, and whether it lies inside."""

    places: Array
    weights: list[list[Fraction]]
    inside: Array


def resize(call: Call) -> Value:
    """Every mode but antialiasing."""
    value = call.value(0)
    rank = len(value.shape)
    mode = call.text("mode", "nearest")
    if call.opset < 11:
        return _interpolated(call, _old_axes(call, value.shape, call.certain(1)), mode, "asymmetric", "floor")
    call.ignore("cubic_coeff_a", "exclude_outside", "nearest_mode", "extrapolation_value")  # those of other modes
    if call.flag("antialias"):
        raise NetworkError("antialiasing is not read yet")
    transform = call.text("coordinate_transformation_mode", "half_pixel")
    rounding = call.text("nearest_mode", "round_prefer_floor")
    if transform not in TRANSFORMS or rounding not in ROUNDINGS:
        raise NetworkError(f"mode '{transform}' or '{rounding}' is unknown")
    axes = axes_of(call.integers("axes", list(range(rank))), rank)
    given = {index: call.array(index) for index in (2, 3) if call.has(index) and call.array(index).size}
    if len(given) != 1:
        raise NetworkError("expected either scales or sizes")
    ((index, stated),) = given.items()
    if stated.shape != (len(axes),):
        raise NetworkError(f"{'scales' if index == 2 else 'sizes'} of shape {stated.shape} for {len(axes)} axes")
    call.certain(index)
    region = [(Fraction(0), Fraction(1))] * len(axes)
    if transform == "tf_crop_and_resize":
        corners = [Fraction(v) for v in call.certain(1).ravel().tolist()]
        if len(corners) != 2 * len(axes):
            raise NetworkError(f"a region of {len(corners)} numbers for {len(axes)} axes")
        region = list(zip(corners[: len(axes)], corners[len(axes) :], strict=True))
    sizes = [value.shape[axis] for axis in axes]
    if index == 2:
        resized = _by_scale(sizes, [Fraction(v) for v in call.finite(stated).tolist()], region, transform)
    else:
        resized = _by_size(call, sizes, [int(v) for v in stated.tolist()], region)
    result = [Axis(size, size, Fraction(1), Fraction(0), Fraction(1)) for size in value.shape]
    for axis, new in zip(axes, resized, strict=True):
        result[axis] = new
    call.ignore("keep_aspect_ratio_policy")
    return _interpolated(call, result, mode, transform, rounding)


def upsample(call: Call) -> Value:
    """The operator before Resize: scales of at least 1, coordinates divided by them."""
    value = call.value(0)
    scales = call.numbers("scales") if call.opset < 9 else call.certain(1)
    axes = _old_axes(call, value.shape, scales)
    return _interpolated(call, axes, call.text("mode", "nearest"), "asymmetric", "floor")


def _old_axes(call: Call, shape: tuple[int, ...], scales: Array) -> list[Axis]:
    if scales.shape != (len(shape),):
        raise NetworkError(f"scales of shape {scales.shape} for {len(shape)} axes")
    exact = [Fraction(v) for v in call.finite(scales).tolist()]
    if min(exact, default=Fraction(1)) < 1:
        raise NetworkError("scales below 1: implementations of this operator set disagree; convert to opset 13")
    return _by_scale(list(shape), exact, [(Fraction(0), Fraction(1))] * len(shape), "asymmetric")


def _by_scale(sizes: list[int], scales: list[Fraction], region: list[Any], transform: str) -> list[Axis]:
    result = []
    for size, scale, (start, end) in zip(sizes, scales, region, strict=True):
        if scale <= 0:
            raise NetworkError(f"a scale of {float(scale):.6g}; expected a positive number")
        if end - start != 1:
            raise NetworkError("scales of a part of the input: implementations leave the part out of sizes; give sizes")
        after = math.floor(size * scale)
        single = np.float32(size) * np.float32(scale)
        if not math.isfinite(single) or math.floor(single) != after:
            raise NetworkError(f"size {size} times scale {float(scale):.9g} depends on rounding; give sizes")
        if transform in ("align_corners", "tf_crop_and_resize") and after != size * scale:
            raise NetworkError(
                f"{transform} with a scale that gives no whole size: implementations disagree; give sizes"
            )
        result.append(Axis(size, after, scale, start, end))
    return result


def _by_size(call: Call, sizes: list[int], wanted: list[int], region: list[Any]) -> list[Axis]:
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy not in ("stretch", "not_larger", "not_smaller"):
        raise NetworkError(f"keep_aspect_ratio_policy '{policy}' is unknown")
    if min(wanted) < 1 or min(sizes) < 1:
        raise NetworkError(f"sizes {wanted[:10]} for {sizes[:10]}; expected sizes of at least 1")
    scales = [Fraction(new, old) for new, old in zip(wanted, sizes, strict=True)]
    if policy != "stretch":
        common = min(scales) if policy == "not_larger" else max(scales)
        scales = [common] * len(scales)
        wanted = [math.floor(common * size + HALF) for size in sizes]
    return [
        Axis(old, new, scale, start, end)
        for old, new, scale, (start, end) in zip(sizes, wanted, scales, region, strict=True)
    ]


def coordinate(axis: Axis, x: Any, number: Callable[[Fraction | int], Any], transform: str) -> Any:
    """Where a place of the result lies in the original, in the arithmetic of ``number``."""
    half, scale = number(HALF), number(axis.scale)
    place, before, after = number(x), number(axis.before), number(axis.after)
    one = number(1)
    if transform == "asymmetric":
        return place / scale
    if transform == "tf_half_pixel_for_nn":
        return (place + half) / scale
    if transform == "half_pixel" or (transform == "pytorch_half_pixel" and axis.after > 1):
        return (place + half) / scale - half
    if transform == "pytorch_half_pixel":
        return number(0)
    if transform == "half_pixel_symmetric":
        adjustment = after / (scale * before)
        return before / number(2) * (one - adjustment) + (place + half) / scale - half
    if transform == "align_corners":
        return place * (before - one) / (after - one) if axis.after > 1 else number(0)
    start, end = number(axis.start), number(axis.end)
    if axis.after > 1:
        return start * (before - one) + place * (end - start) * (before - one) / (after - one)
    return half * (start + end) * (before - one)


def _taps(call: Call, axis: Axis, mode: str, transform: str, rounding: str) -> Taps:
    exact = [coordinate(axis, x, Fraction, transform) for x in range(axis.after)]
    last = axis.before - 1
    inside = np.ones(axis.after, dtype=bool)
    if transform == "tf_crop_and_resize":
        inside = np.array([0 <= x <= last for x in exact], dtype=bool)
    if mode == "nearest":
        places = [_rounded(x, rounding) for x in exact]
        for kind in (np.float32, np.float64):
            floats = [coordinate(axis, x, kind, transform) for x in range(axis.after)]
            if [min(max(_rounded(float(x), rounding), 0), last) for x in floats] != [
                min(max(p, 0), last) for p in places
            ]:
                raise NetworkError(
                    f"which value is nearest depends on rounding (an axis from {axis.before} to {axis.after})"
                )
        return Taps(
            np.clip(np.array(places, dtype=np.int64).reshape(-1, 1), 0, last), [[Fraction(1)]] * axis.after, inside
        )
    rows = []
    bases = [math.floor(x) for x in exact]
    for x, base in zip(exact, bases, strict=True):
        part = x - base
        if mode == "linear":
            rows.append([1 - part, part])
        else:
            a = Fraction(call.number("cubic_coeff_a", -0.75))
            rows.append([_cubic(abs(part - k), a) for k in (-1, 0, 1, 2)])
    offsets = np.array([0, 1] if mode == "linear" else [-1, 0, 1, 2])
    places = np.array(bases, dtype=np.int64).reshape(-1, 1) + offsets
    if call.flag("exclude_outside"):
        if mode == "linear":
            raise NetworkError("exclude_outside with mode linear: implementations disagree; expected 0")
        rows = [_renormalised(row, (spots >= 0) & (spots <= last)) for row, spots in zip(rows, places, strict=True)]
    if any(w.denominator & (w.denominator - 1) for row in rows for w in row):
        call.rounds(f"interpolation weights of {call.name} are exact; an implementation rounds them")
    return Taps(np.clip(places, 0, last), rows, inside)


def _rounded(x: Fraction | float, rounding: str) -> int:
    if rounding == "floor":
        return math.floor(x)
    if rounding == "ceil":
        return math.ceil(x)
    half = HALF if isinstance(x, Fraction) else 0.5
    return math.ceil(x - half) if rounding == "round_prefer_floor" else math.floor(x + half)


def _cubic(distance: Fraction, a: Fraction) -> Fraction:
    """Keys' kernel (Cubic convolution interpolation for digital image processing, 1981, equation 4)."""
    s = distance
    if s <= 1:
        return (a + 2) * s**3 - (a + 3) * s**2 + 1
    return a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a if s < 2 else Fraction(0)


def _renormalised(row: list[Fraction], kept: Array) -> list[Fraction]:
    weights = [w if k else Fraction(0) for w, k in zip(row, kept.tolist(), strict=True)]
    total = sum(weights)
    if not total:
        raise NetworkError("exclude_outside leaves no weight")
    return [w / total for w in weights]


def _interpolated(call: Call, axes: list[Axis], mode: str, transform: str, rounding: str) -> Value:
    if mode not in ("nearest", "linear", "cubic"):
        raise NetworkError(f"mode '{mode}'; expected nearest, linear or cubic")
    shape = checked_shape([axis.after for axis in axes], "result")
    moving = [k for k, axis in enumerate(axes) if axis.before != axis.after or axis.scale != 1 or axis.start
              or axis.end != 1]  # fmt: skip
    taps = {k: _taps(call, axes[k], mode, transform, rounding) for k in moving}
    per_value = math.prod(taps[k].places.shape[1] for k in moving)
    layers.check_entry_count((*shape, per_value))
    call.number("extrapolation_value", 0.0)
    value = call.value(0)
    if mode == "nearest" and all(np.all(t.inside) for t in taps.values()):
        grid = np.ix_(*[taps[k].places[:, 0] if k in taps else np.arange(n) for k, n in enumerate(shape)])
        return lowering.restructured(value, lambda array: array[grid])
    return _combined(call, lowering.settled(call, call.tensor(0)), shape, taps)


def _combined(call: Call, x: Tensor, shape: tuple[int, ...], taps: dict[int, Taps]) -> Tensor:
    """Each value as the sum over all combinations of taps; outside of the region the extrapolation value."""
    positions, size = x.positions(), math.prod(shape)
    inside = np.ones(shape, dtype=bool)
    for k, axis in taps.items():
        inside &= axis.inside.reshape([-1 if j == k else 1 for j in range(len(shape))])
    rows, columns, entries = [], [], []
    for choice in itertools.product(*(range(axis.places.shape[1]) for axis in taps.values())):
        picked = dict(zip(taps, choice, strict=True))
        grid = np.ix_(*[taps[k].places[:, picked[k]] if k in taps else np.arange(n) for k, n in enumerate(shape)])
        weights = np.ones(shape, dtype=object) * Fraction(1)
        for k, tap in picked.items():
            along = np.array([row[tap] for row in taps[k].weights], dtype=object)
            weights = weights * along.reshape([-1 if j == k else 1 for j in range(len(shape))])
        rows.append(np.arange(size)[inside.ravel()])
        columns.append(positions[grid].ravel()[inside.ravel()])
        entries.append(weights.ravel()[inside.ravel()])
    everything = matrices.compact(np.concatenate(entries).tolist())
    outside = Fraction(call.number("extrapolation_value", 0.0))
    offset = exact_vector(np.where(inside.ravel(), 0.0, float(outside)))
    return x.summed(np.concatenate(rows), np.concatenate(columns), everything, shape, offset)
