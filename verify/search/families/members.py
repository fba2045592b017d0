"""Members of a family to try, simplest first: nearly all weights as near to zero as can be, then small integers.

A network of zeros is of no use, so members are built on a few *bases*: nothing, one path of ones through all layers,
and two parallel paths. From a base, up to three numbers are changed; first come single numbers that are not zero.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

from verify.network.families import Family, Weights
from verify.network.families.layers import BatchNorm, Conv, Dense, Layer, Leaky, Parameter, both_sides
from verify.network.families.ranges import Range, Shape, SignTree, at

ParameterKey: TypeAlias = tuple[str, str]
VALUES = tuple(Fraction(*v) for v in ((1, 1), (-1, 1), (0, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (-3, 1), (3, 1)))
VALUES_PER_PLACE = 3
MAX_CHANGES = 3
KEPT_CHANNELS = 2


@dataclass(frozen=True)
class Move:
    """One number of a tensor set to a value; ``rank`` orders moves, simple ones first."""

    rank: tuple[int, ...]
    key: ParameterKey
    place: int
    value: Fraction


def candidates(family: Family) -> Iterator[Weights]:
    """Weights of members, without end of interest only in their order; each is in the family's ranges."""
    starts = bases(family)
    moves = _moves(family)
    yield from (_changed({}, [move]) for move in moves)
    for count in range(MAX_CHANGES + 1):
        for chosen in itertools.combinations(moves, count):
            if len({(m.key, m.place) for m in chosen}) == count:
                for base in starts:
                    yield _changed(base, chosen)


def bases(family: Family) -> list[Weights]:
    """Nothing, one path (positive, or negative in the last layer), two parallel paths."""
    found: list[Weights] = [{}]
    for paths in (1, 2):
        base: dict[ParameterKey, dict[int, Fraction]] = {}
        for layer, shape in zip(family.layers, family.shapes, strict=False):
            base.update(_spikes(layer, shape, paths))
        found += [base] if base not in found else []
    return found


def _spikes(layer: Layer, shape: Shape, paths: int) -> Iterator[tuple[ParameterKey, dict[int, Fraction]]]:
    """Ones on the diagonal of a weight, at the tap that sees the first place of the space from the first place."""
    if isinstance(layer, Dense):
        size, area = math.prod(shape), math.prod(shape[1:])
        places: list[Shape] = [
            (i, j) for i, j in ((0, 0), (1, area if size > area else 1)) if i < layer.outputs and j < size
        ]
        parameter = Parameter((layer.outputs, size), layer.weight)
    elif isinstance(layer, Conv):
        channels = shape[0] // layer.groups
        tap = first_tap(layer, len(shape) - 1)
        last = 1 if channels > 1 else 0
        places = [(0, 0, *tap)] + [(1, last, *tap)] * (layer.channels > 1)
        parameter = Parameter((layer.channels, channels, *layer.kernel), layer.weight)
    elif isinstance(layer, BatchNorm):
        places, parameter = [(i,) for i in range(min(2, shape[0]))], Parameter((shape[0],), layer.scale)
    else:
        return
    spikes = {}
    for place in places[:paths]:
        allowed = at(parameter.ranges, place)
        value = next((v for v in VALUES if v and allowed.contains(v)), None)
        if value is not None and value != allowed.nearest_zero:
            spikes[flat(place, parameter.shape)] = value
    yield (layer.name, "scale" if isinstance(layer, BatchNorm) else "weight"), spikes


def first_tap(layer: Conv, dims: int) -> Shape:
    """The tap through which the first place of the result sees the first place of the argument."""
    spread = layer.dilations or (1,) * dims
    return tuple(
        border // step if border % step == 0 and border // step < size else 0
        for border, step, size in zip(both_sides(layer.pads, dims)[:dims], spread, layer.kernel, strict=True)
    )


def _moves(family: Family) -> list[Move]:
    found = []
    for depth, (key, parameter) in enumerate(family.parameters.items()):
        for order, place in enumerate(_places(family, key, parameter)):
            allowed = at(parameter.ranges, place)
            for rank, value in enumerate(_values(allowed)):
                found.append(Move((order + rank, depth, rank), key, flat(place, parameter.shape), value))
    return sorted(found, key=lambda move: move.rank)


def _places(family: Family, key: ParameterKey, parameter: Parameter) -> list[Shape]:
    """The first few entries: outputs and inputs 0 and 1, and the first taps along each axis."""
    layer = next(layer for layer in family.layers if layer.name == key[0])
    heads = parameter.shape[: 2 if isinstance(layer, Conv | Dense) else 1]
    first = [tuple(p) for p in itertools.product(*(range(min(2, size)) for size in heads))]
    if not isinstance(layer, Conv) or key[1] == "bias":
        return sorted(first, key=sum)
    tap = first_tap(layer, len(layer.kernel))
    taps = [tap]
    for axis, size in enumerate(layer.kernel):
        taps += [(*tap[:axis], (tap[axis] + 1) % size, *tap[axis + 1 :])] * (size > 1)
    return sorted(((*p, *t) for p in first for t in taps), key=lambda place: sum(place[:2]))


def _values(allowed: Range) -> list[Fraction]:
    """Small numbers of the range, other than the one nearest to zero; the ends of a short range too.

    Zero is among them where it is allowed but another number is simpler to have by default.
    """
    ends = [end for end in (allowed.low, allowed.high) if end is not None]
    found = [v for v in dict.fromkeys((*VALUES, *ends)) if allowed.contains(v)]
    return found[:VALUES_PER_PLACE]


def simpler(weights: Weights) -> Iterator[Weights]:
    """The weights with one number fewer."""
    for key, sparse in weights.items():
        for place in sparse:
            fewer = {k: {p: v for p, v in s.items() if (k, p) != (key, place)} for k, s in weights.items()}
            yield {k: s for k, s in fewer.items() if s}


def _changed(base: Weights, moves: Sequence[Move]) -> Weights:
    result = {key: dict(sparse) for key, sparse in base.items()}
    for move in moves:
        result.setdefault(move.key, {})[move.place] = move.value
    return result


def flat(place: Sequence[int], shape: Shape) -> int:
    """The row-major number of an entry."""
    position = 0
    for index, size in zip(place, shape, strict=True):
        position = position * size + index
    return position


def narrowed(family: Family) -> Family:
    """The family with the first channels of every layer only; its members, padded, are members of the family."""
    layers: list[Layer] = []
    shape = family.input_shape
    for layer in family.layers:
        if isinstance(layer, Conv) and layer.groups == 1:
            kept = (min(KEPT_CHANNELS, layer.channels), shape[0], *layer.kernel)
            layer = replace(
                layer, channels=kept[0], weight=_first(layer.weight, kept), bias=_first(layer.bias, kept[:1])
            )
        elif isinstance(layer, Dense):
            kept = (min(KEPT_CHANNELS, layer.outputs), math.prod(shape))
            layer = replace(
                layer, outputs=kept[0], weight=_first(layer.weight, kept), bias=_first(layer.bias, kept[:1])
            )
        elif isinstance(layer, BatchNorm):
            layer = replace(layer, scale=_first(layer.scale, shape[:1]), shift=_first(layer.shift, shape[:1]))
        elif isinstance(layer, Leaky):
            layer = replace(layer, slope=_first(layer.slope, shape[:1]))
        layers.append(layer)
        shape = Family(family.input_shape, tuple(layers), family.name).shapes[-1]
    return Family(family.input_shape, tuple(layers), family.name)


def _first(given: SignTree, shape: Shape) -> SignTree:
    """The first entries along every axis."""
    if isinstance(given, Range) or not shape:
        return given
    return tuple(_first(item, shape[1:]) for item in given[: shape[0]])


def widened(weights: Weights, small: Family, family: Family) -> Weights:
    """Weights of the narrow family as weights of the whole one: each entry keeps its indices."""
    result: dict[ParameterKey, Any] = {}
    for key, sparse in weights.items():
        inner, outer = small.parameters[key].shape, family.parameters[key].shape
        result[key] = {flat(indices(place, inner), outer): value for place, value in sparse.items()}
    return result


def indices(place: int, shape: Shape) -> list[int]:
    """The indices of the entry with that row-major number."""
    found = []
    for size in reversed(shape):
        place, index = divmod(place, size)
        found.append(index)
    return found[::-1]
