"""One rule for each kind of layer: the facts of the channels of its result from those of its argument.

The reasoning is by channel, never by unit; what carries it are the rules of ``sign_rules`` for single values.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verify.kernel.facts.sign_rules import (
    TermCounts,
    clip_unit,
    leaky_unit,
    maximum_of_window,
    mean_of_window,
    weighted_sum,
)
from verify.kernel.facts.values import LINEAR, RISING, Facts, constant, facts, interval_of, meet
from verify.kernel.interval import NOUGHT, ONE, ZERO, Extended
from verify.network.families.layers import BatchNorm, Clip, Conv, Dense, Leaky, Pad, Pool
from verify.network.families.ranges import Range, Shape, SignTree, below, leaves
from verify.region import Box


@dataclass(frozen=True)
class Channels:
    """Facts of a tensor: of each channel, which stands for equally many consecutive values, ``each`` of them."""

    facts: tuple[Facts, ...]
    each: int

    @property
    def merged(self) -> Facts:
        """What holds of every value."""
        return meet(dict.fromkeys(self.facts))


def _mapped(rule: Callable[..., Facts], *arguments: Iterable[Hashable]) -> tuple[Facts, ...]:
    """The rule for each channel; channels with the same arguments are looked at once."""
    keys = list(zip(*arguments, strict=True))
    known: dict[Any, Facts] = {key: rule(*key) for key in dict.fromkeys(keys)}
    return tuple(known[key] for key in keys)


def dense(layer: Dense, x: Channels) -> Channels:
    """A weighted sum of all values for each output; facts of an input are those of its channel."""
    width = len(x.facts) * x.each
    uniform = Counter({v: count * x.each for v, count in Counter(x.facts).items()})

    def result(row: SignTree, bias: Range) -> Facts:
        if isinstance(row, Range):
            return weighted_sum(Counter({(row, v): count for v, count in uniform.items()}), bias)
        weights = (weight for weight, count in leaves(row, (width,)) for _ in range(count))
        return weighted_sum(Counter((weight, x.facts[j // x.each]) for j, weight in enumerate(weights)), bias)

    rows = [below(layer.weight, output) for output in range(layer.outputs)]
    return Channels(_mapped(result, rows, _ranges(layer.bias, layer.outputs)), 1)


def conv(layer: Conv, x: Channels, each: int) -> Channels:
    """A weighted sum at each place for each output channel, over the channels of its group and the taps of the window.

    With padding, taps that see the border are missing at some places.
    """
    count, taps = len(x.facts) // layer.groups, math.prod(layer.kernel)
    groups = [x.facts[g * count : (g + 1) * count] for g in range(layer.groups)]

    def result(row: SignTree, bias: Range, group: int) -> Facts:
        terms: TermCounts = Counter()
        if isinstance(row, Range):
            terms.update({(row, v): number * taps for v, number in Counter(groups[group]).items()})
        else:
            for channel, v in enumerate(groups[group]):
                for weight, number in leaves(below(row, channel), layer.kernel):
                    terms[weight, v] += number
        return weighted_sum(terms, bias, may_drop=any(layer.pads))

    outputs = range(layer.channels)
    rows, group_of = (below(layer.weight, o) for o in outputs), (o // (len(outputs) // layer.groups) for o in outputs)
    return Channels(_mapped(result, rows, _ranges(layer.bias, layer.channels), group_of), each)


def _ranges(tree: SignTree, count: int) -> list[Range]:
    """The ranges along one axis."""
    found = [below(tree, place) for place in range(count)]
    return [value for value in found if isinstance(value, Range)]


def batch_norm(layer: BatchNorm, x: Channels) -> Channels:
    """A weighted sum of one term."""

    def result(v: Facts, scale: Range, shift: Range) -> Facts:
        return weighted_sum(Counter({(scale, v): 1}), shift)

    ranges = [_ranges(tree, len(x.facts)) for tree in (layer.scale, layer.shift)]
    return Channels(_mapped(result, x.facts, *ranges), x.each)


def leaky(layer: Leaky, x: Channels) -> Channels:
    """One slope for each channel."""
    return Channels(_mapped(leaky_unit, x.facts, _ranges(layer.slope, len(x.facts))), x.each)


def clip(layer: Clip, x: Channels) -> Channels:
    """Each channel by itself."""
    everything = interval_of(Range())
    low: Extended = everything.low if layer.low is None else layer.low
    high: Extended = everything.high if layer.high is None else layer.high
    return Channels(_mapped(lambda z: clip_unit(z, low, high), x.facts), x.each)


def pool(layer: Pool, x: Channels, shape: Shape, each: int) -> Channels:
    """Each channel by itself; a window always sees at least one value, and never a value of the padding."""
    size, rule = math.prod(layer.kernel or shape[1:]), maximum_of_window if layer.largest else mean_of_window
    return Channels(_mapped(lambda z: rule(z, size, layer), x.facts), each)


def pad(layer: Pad, x: Channels, each: int) -> Channels:
    """Some values of a channel are the constant: what holds of both remains. (A constant that is not 0 is a bias.)"""
    border = constant(layer.value)
    return Channels(_mapped(lambda z: meet([z, border]), x.facts), each) if any(layer.pads) else x


def add(x: Channels, y: Channels) -> Channels:
    """The sum of two tensors, value by value: a weighted sum with weights 1.

    Both have one shape; where they stand for channels of different size, what holds of all values is used.
    """
    if x.each != y.each:
        size = len(x.facts) * x.each
        x, y = Channels((x.merged,), size), Channels((y.merged,), size)
    one, zero = Range(ONE, ONE), Range(NOUGHT, NOUGHT)
    return Channels(
        _mapped(lambda *pair: weighted_sum(Counter((one, v) for v in pair), zero), x.facts, y.facts), x.each
    )


def from_box(box: Box, shape: Shape) -> Channels:
    """Facts of the input x in a box: each coordinate is linear and nondecreasing; a pinned one is constant."""

    def coordinate(low: int, has_low: bool, high: int, has_high: bool) -> Facts:
        bottom = Fraction(low, box.low.denominator) if has_low else None
        top = Fraction(high, box.high.denominator) if has_high else None
        return facts(interval_of(Range(bottom, top)), ZERO, (LINEAR, RISING))

    # Integers hash fast, and a large box has few different sides.
    sides = box.low.numerators, box.low_finite, box.high.numerators, box.high_finite
    known = _mapped(coordinate, *(values.tolist() for values in sides))
    each = len(known) // shape[0]
    return Channels(tuple(meet(dict.fromkeys(known[c * each : (c + 1) * each])) for c in range(shape[0])), each)
