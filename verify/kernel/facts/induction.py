"""The induction over the layers of a family: facts of the input, then of each layer's result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from verify.kernel.facts import layer_rules as rules
from verify.kernel.facts.layer_rules import Channels
from verify.kernel.facts.values import LINEAR, RISING, Facts, facts
from verify.kernel.interval import EVERYTHING, ZERO
from verify.network.families import Family
from verify.network.families.layers import Add, BatchNorm, Clip, Conv, Dense, Flatten, Layer, Leaky, Pad, Pool
from verify.network.families.ranges import Range, Shape
from verify.region import Region


@dataclass(frozen=True)
class Step:
    """A layer (None: the input), the shape and the facts of what it is applied to, and the facts of its result."""

    layer: Layer | None
    shape: Shape
    before: Channels
    after: Channels


def induction(family: Family, region: Region) -> tuple[tuple[Step, ...], tuple[Facts, ...]]:
    """The steps, and the facts of the last layer's channels."""
    x = of_input(family, region)
    known, steps = {"input": x}, [Step(None, family.input_shape, x, x)]
    for layer, shape, after in zip(family.layers, family.shapes, family.shapes[1:], strict=False):
        y = known[layer.other] if isinstance(layer, Add) else x
        result = known[layer.name] = applied(layer, x, y, shape, after)
        steps.append(Step(layer, shape, x, result))
        x = result
    return tuple(steps), x.facts


def of_input(family: Family, region: Region) -> Channels:
    """Facts of the input on the least box around the region (facts on a set hold on its parts)."""
    if region.chart is None:
        return rules.from_box(region.base.around, family.input_shape)
    free = facts(EVERYTHING, ZERO, (LINEAR, RISING))
    return Channels((free,) * family.input_shape[0], family.input_size // family.input_shape[0])


def applied(layer: Layer, x: Channels, y: Channels, shape: Shape, after: Shape) -> Channels:
    """The facts of a layer's result; ``y`` is the other argument of a sum."""
    each = math.prod(after[1:])
    match layer:
        case Dense():
            return rules.dense(layer, x)
        case Conv():
            return rules.conv(layer, x, each)
        case BatchNorm():
            return rules.batch_norm(layer, split(x, shape, layer.scale, layer.shift))
        case Leaky():
            return rules.leaky(layer, split(x, shape, layer.slope))
        case Clip():
            return rules.clip(layer, x)
        case Pool():
            return rules.pool(layer, x, shape, each)
        case Pad():
            return rules.pad(layer, x, each)
        case Add():
            return rules.add(x, y)
        case Flatten():
            return x
    raise TypeError(f"no rule for {type(layer).__name__}")


def split(x: Channels, shape: Shape, *ranges: Any) -> Channels:
    """One channel for each index of the first axis, where the layer has different ranges for them."""
    if len(x.facts) == shape[0] or all(isinstance(r, Range) for r in ranges):
        return x
    repeat = shape[0] // len(x.facts)
    return Channels(tuple(v for v in x.facts for _ in range(repeat)), x.each // repeat)
