"""The induction over the layers of a family: facts of the input, then of each layer's result, line after line."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from verify.kernel import layer_rules as rules
from verify.kernel.facts import ALL, IMPLIED, LINEAR, RISING, Facts, facts
from verify.kernel.interval import EVERYTHING, ZERO
from verify.kernel.layer_rules import Channels
from verify.network.families import Family
from verify.network.families import layers as kinds
from verify.network.families.layers import Add, BatchNorm, Clip, Conv, Dense, Flatten, Layer, Leaky, Pad, Pool
from verify.network.families.ranges import Range, Shape, holds_all
from verify.region import Box, L1Ball, Region, ball

SHOWN_CHANNELS = 4


@dataclass(frozen=True)
class Line:
    """``layer``: these facts hold of these channels of its result, for all members, ``why``."""

    layer: str
    channels: str
    facts: tuple[str, ...]
    values: str
    why: str

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "facts": list(self.facts)}

    def __str__(self) -> str:
        where = f"{self.layer} {self.channels}".strip()
        known = ", ".join(self.facts) or "nothing but its values"
        return f"{where}: {known}; values in {self.values}    ({self.why})"


def induction(family: Family, region: Region) -> tuple[tuple[Line, ...], tuple[Facts, ...]]:
    """The lines, and the facts of the last layer's channels."""
    x = of_input(family, region)
    known = {"input": x}
    lines = _lines("input", x, f"coordinates of {region.text or 'the region'}")
    for layer, shape, after in zip(family.layers, family.shapes, family.shapes[1:], strict=False):
        y = known[layer.other] if isinstance(layer, Add) else x
        result = known[layer.name] = applied(layer, x, y, shape, after)
        lines += _lines(layer.name, result, why(layer, x, shape))
        x = result
    return tuple(lines), x.facts


def of_input(family: Family, region: Region) -> Channels:
    """Facts of the input on the least box around the region (facts on a set hold on its parts)."""
    base, size = region.base, family.input_size
    if region.chart is None and isinstance(base, Box):
        return rules.from_box(base, family.input_shape)
    if region.chart is None and isinstance(base, L1Ball):
        around = ball(base.midpoint, base.radius).base
        if not isinstance(around, Box):
            raise AssertionError("unreachable: isinstance(around, Box)")
        return rules.from_box(around, family.input_shape)
    free = facts(EVERYTHING, ZERO, (LINEAR, RISING))
    return Channels((free,) * family.input_shape[0], size // family.input_shape[0])


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


def _lines(layer: str, x: Channels, reason: str) -> list[Line]:
    """One line for each set of facts that some channel has."""
    groups: dict[Facts, list[int]] = {}
    for channel, v in enumerate(x.facts):
        groups.setdefault(v, []).append(channel)
    return [
        Line(layer, _channels(places, len(x.facts)), shown(v), str(v.values), reason) for v, places in groups.items()
    ]


def _channels(places: list[int], count: int) -> str:
    if len(places) == count:
        return ""
    listed = ", ".join(map(str, places[:SHOWN_CHANNELS]))
    more = f" and {len(places) - SHOWN_CHANNELS} more" if len(places) > SHOWN_CHANNELS else ""
    return f"[{listed}{more}]"


def shown(v: Facts) -> tuple[str, ...]:
    """The facts in a fixed order, without those that follow from another one."""
    implied = {name for strong in v.holds for name in IMPLIED.get(strong, ())}
    implied |= {name for strong in implied for name in IMPLIED.get(strong, ())}
    return tuple(name for name in ALL if name in v.holds and name not in implied)


def why(layer: Layer, x: Channels, shape: Shape) -> str:
    """The rule in words."""
    match layer:
        case Leaky():
            return _activation(layer, x.merged, shape)
        case Clip():
            return "clip is nondecreasing; it does nothing to values inside its ends"
        case Pool(largest=True):
            return "a maximum keeps constant, even, positively homogeneous, convex and monotone functions"
        case Pool():
            return "a mean keeps every kind of function"
        case Pad():
            return f"the border is the constant {layer.value}"
        case Add():
            return f"a sum with {layer.other}, weights 1"
        case Flatten():
            return "the same values"
    given = kinds.parameters(layer, shape)
    named = (f"{key} {holds_all(p.ranges, p.shape)}" for key, p in given.items())
    return f"a weighted sum, {', '.join(named)}"


def _activation(layer: Leaky, z: Facts, shape: Shape) -> str:
    fixed = kinds.fixed_slope(layer)
    name = kinds.kind(layer).replace("_", " ")
    slope = "" if name != "leaky relu" else f", slope {holds_all(layer.slope, (shape[0],))}"
    if z.values.low >= 0:
        return f"the argument is >= 0: {name} does nothing{slope}"
    if z.values.high <= 0:
        return f"the argument is <= 0: {name} multiplies by its slope{slope or f' {fixed}'}"
    return f"the sign of the argument is not known: {name} keeps what its shape keeps{slope}"
