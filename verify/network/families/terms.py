"""The outputs of a family as terms over symbols for weights and inputs: SymPy's, Z3's, or plain numbers.

One interpreter for all of them: it adds and multiplies, and asks its caller for every ReLU. It unrolls every unit, so
it is for small families.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from verify.errors import NetworkError
from verify.network.families import layers as kinds
from verify.network.families.description import Family
from verify.network.families.layers import Add, BatchNorm, Clip, Conv, Dense, Layer, Leaky, Pad, Pool
from verify.network.families.ranges import Shape

MAX_TERMS = 200_000
TermValues = list[Any]
# Called with the argument, the layer's name and the unit's number.
Relu = Callable[[Any, str, int], Any]
# Adds up terms; called with a list that may be empty.
SumOf = Callable[[Sequence[Any]], Any]


class Terms:
    """Interprets the layers over one kind of terms; ``constant`` turns a fraction into one."""

    def __init__(self, relu: Relu, add: SumOf, constant: Callable[[Fraction], Any]) -> None:
        self.relu, self.add, self.constant = relu, add, constant

    def outputs(
        self, family: Family, weights: Mapping[tuple[str, str], Sequence[Any]], inputs: Sequence[Any]
    ) -> TermValues:
        """The values of the last layer; ``weights`` lists each tensor in row-major order."""
        known: dict[str, TermValues] = {"input": list(inputs)}
        values = known["input"]
        for layer, shape in zip(family.layers, family.shapes, strict=False):
            own = {key: weights[layer.name, key] for key in kinds.parameters(layer, shape)}
            if isinstance(layer, Add):
                values = [self.add([a, b]) for a, b in zip(values, known[layer.other], strict=True)]
            else:
                values = self._layer(layer, shape, values, own)
            known[layer.name] = values
        return values

    def _layer(self, layer: Layer, shape: Shape, values: TermValues, own: Mapping[str, Sequence[Any]]) -> TermValues:
        each = math.prod(shape[1:])
        match layer:
            case Dense(outputs=outputs):
                _check_size(outputs * len(values))
                rows = [own["weight"][i * len(values) : (i + 1) * len(values)] for i in range(outputs)]
                return [self._weighted(row, values, b) for row, b in zip(rows, own["bias"], strict=True)]
            case Conv():
                return self._conv(layer, shape, values, own)
            case BatchNorm():
                scale, shift = own["scale"], own["shift"]
                return [self._weighted([scale[i // each]], [v], shift[i // each]) for i, v in enumerate(values)]
            case Leaky():
                fixed = kinds.fixed_slope(layer)
                slopes = [self.constant(fixed)] * shape[0] if fixed is not None else own["slope"]
                return [self._leaky(layer, fixed, v, slopes[i // each], i) for i, v in enumerate(values)]
            case Clip():
                return [self._clip(layer, v, i) for i, v in enumerate(values)]
            case Pool():
                return self._pool(layer, shape, values)
            case Pad():
                outside = self.constant(layer.value)
                ends = kinds.both_sides(layer.pads, len(shape) - 1)[: len(shape) - 1]
                places = itertools.product(*map(range, kinds.output_shape(layer, shape)))
                shifted = [(c, *(p - a for p, a in zip(place, ends, strict=True))) for c, *place in places]
                return [values[_flat(place, shape)] if _inside(place, shape) else outside for place in shifted]
        return values

    def _weighted(self, weights: Sequence[Any], values: Sequence[Any], bias: Any) -> Any:
        return self.add([*(w * v for w, v in zip(weights, values, strict=True)), bias])

    def _leaky(self, layer: Leaky, fixed: Fraction | None, z: Any, slope: Any, unit: int) -> Any:
        """Slope z + (1 - slope) relu(z)."""
        positive = self.relu(z, layer.name, unit)
        if fixed == 0:
            return positive
        rest = self.add([self.constant(Fraction(1)), self.constant(Fraction(-1)) * slope])
        return self.add([slope * z, rest * positive])

    def _clip(self, layer: Clip, z: Any, unit: int) -> Any:
        """Low + relu(z - low), then high - relu(high - z)."""
        if layer.low is not None:
            low, minus = self.constant(layer.low), self.constant(-layer.low)
            z = self.add([low, self.relu(self.add([z, minus]), layer.name, unit)])
        if layer.high is not None:
            high, negative = self.constant(layer.high), self.constant(Fraction(-1))
            z = self.add([high, negative * self.relu(self.add([high, negative * z]), layer.name, unit)])
        return z

    def _conv(self, layer: Conv, shape: Shape, values: TermValues, own: Mapping[str, Sequence[Any]]) -> TermValues:
        channels = shape[0] // layer.groups
        taps = list(itertools.product(range(channels), *map(range, layer.kernel)))
        result: TermValues = []
        for output, *corner in itertools.product(*map(range, kinds.output_shape(layer, shape))):
            _check_size((len(result) + 1) * len(taps))
            first = output // (layer.channels // layer.groups) * channels
            places = [(first + c, *_tap(layer, corner, tap, len(shape) - 1)) for c, *tap in taps]
            own_weights = own["weight"][output * len(taps) : (output + 1) * len(taps)]
            pairs = [(w, p) for w, p in zip(own_weights, places, strict=True) if _inside(p, shape)]
            seen = [values[_flat(p, shape)] for _, p in pairs]
            result.append(self._weighted([w for w, _ in pairs], seen, own["bias"][output]))
        return result

    def _pool(self, layer: Pool, shape: Shape, values: TermValues) -> TermValues:
        kernel = layer.kernel or shape[1:]
        window = Conv(shape[0], kernel, (), strides=layer.strides or kernel, pads=layer.pads)
        result: TermValues = []
        for channel, *corner in itertools.product(*map(range, kinds.output_shape(layer, shape))):
            taps = list(itertools.product(*map(range, kernel)))
            _check_size((len(result) + 1) * len(taps))
            places = [(channel, *_tap(window, corner, tap, len(shape) - 1)) for tap in taps]
            seen = [values[_flat(p, shape)] for p in places if _inside(p, shape)]
            if layer.largest:
                result.append(self._maximum(seen, layer.name, len(result)))
            else:
                count = len(taps) if layer.count_include_pad else len(seen)
                result.append(self.constant(Fraction(1, count)) * self.add(seen))
        return result

    def _maximum(self, values: TermValues, name: str, unit: int) -> Any:
        """max(a, b) = b + relu(a - b)."""
        best = values[0]
        for value in values[1:]:
            difference = self.add([best, self.constant(Fraction(-1)) * value])
            best = self.add([value, self.relu(difference, name, unit)])
        return best


def _check_size(count: int) -> None:
    if count > MAX_TERMS:
        raise NetworkError(f"the family unrolls to more than {MAX_TERMS} terms; it is too large to be written out")


def _tap(layer: Conv, corner: Sequence[int], tap: Sequence[int], dims: int) -> list[int]:
    """The place that one tap of a window sees."""
    step, spread = layer.strides or (1,) * dims, layer.dilations or (1,) * dims
    border = kinds.both_sides(layer.pads, dims)
    return [c * s - p + t * d for c, s, p, t, d in zip(corner, step, border, tap, spread, strict=False)]


def _inside(place: Sequence[int], shape: Shape) -> bool:
    return all(0 <= p < size for p, size in zip(place, shape, strict=True))


def _flat(place: Sequence[int], shape: Shape) -> int:
    position = 0
    for index, size in zip(place, shape, strict=True):
        position = position * size + index
    return position
