"""One rule for each kind of layer: the facts of the channels of its result from those of its argument.

The reasoning is by channel, never by unit; what carries it are the rules of ``sign_rules`` for single values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from verify.kernel.exact import Bits
from verify.kernel.facts import LINEAR, RISING, Facts, constant, facts, interval_of, meet
from verify.kernel.facts.sign_rules import (
    TermCounts,
    clip_unit,
    leaky_unit,
    maximum_of_window,
    mean_of_window,
    weighted_sum,
)
from verify.kernel.interval import NOUGHT, ONE, ZERO, Extended
from verify.network.families.layers import BatchNorm, Clip, Conv, Dense, Leaky, Pad, Pool
from verify.network.families.ranges import Range, Shape, SignTree, below, leaves
from verify.rational import Vector
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


def dense(layer: Dense, x: Channels) -> Channels:
    """A weighted sum of all values for each output; facts of an input are those of its channel."""
    width = len(x.facts) * x.each
    uniform = Counter({v: count * x.each for v, count in Counter(x.facts).items()})

    def terms(row: SignTree) -> TermCounts:
        if isinstance(row, Range):
            return Counter({(row, v): count for v, count in uniform.items()})
        return Counter((weight, x.facts[j // x.each]) for j, weight in enumerate(_entries(row, (width,))))

    return Channels(_outputs(layer.outputs, layer.weight, layer.bias, lambda _, row: terms(row)), 1)


def conv(layer: Conv, x: Channels, each: int) -> Channels:
    """A weighted sum at each place for each output channel, over the channels of its group and the taps of the window.

    With padding, taps that see the border are missing at some places.
    """
    count, taps = len(x.facts) // layer.groups, 1
    for size in layer.kernel:
        taps *= size
    groups = [x.facts[g * count : (g + 1) * count] for g in range(layer.groups)]
    counted = [Counter(group) for group in groups]
    per_group = layer.channels // layer.groups

    def terms(output: int, row: SignTree) -> TermCounts:
        group = output // per_group
        if isinstance(row, Range):
            return Counter({(row, v): number * taps for v, number in counted[group].items()})
        found: TermCounts = Counter()
        for channel, v in enumerate(groups[group]):
            for weight, number in leaves(below(row, channel), layer.kernel):
                found[weight, v] += number
        return found

    padded = any(layer.pads)
    made = _outputs(layer.channels, layer.weight, layer.bias, terms, per_group=per_group, may_drop=padded)
    return Channels(made, each)


def _outputs(
    count: int,
    weight: SignTree,
    bias: SignTree,
    terms: Callable[[int, SignTree], TermCounts],
    *,
    per_group: int = 0,
    may_drop: bool = False,
) -> tuple[Facts, ...]:
    """The facts of each output; outputs with the same ranges and the same group are looked at once."""
    known: dict[tuple[SignTree, SignTree, int], Facts] = {}
    result = []
    for output in range(count):
        row, offset = below(weight, output), below(bias, output)
        key = (row, offset, output // per_group if per_group else 0)
        if key not in known:
            if not isinstance(offset, Range):
                raise AssertionError("unreachable: isinstance(offset, Range)")
            known[key] = weighted_sum(terms(output, row), offset, may_drop=may_drop)
        result.append(known[key])
    return tuple(result)


def _entries(row: SignTree, shape: Shape) -> Iterable[Range]:
    for weight, count in leaves(row, shape):
        yield from [weight] * count


def batch_norm(layer: BatchNorm, x: Channels) -> Channels:
    """A weighted sum of one term."""
    made = []
    for channel, v in enumerate(x.facts):
        scale, shift = below(layer.scale, channel), below(layer.shift, channel)
        if not (isinstance(scale, Range) and isinstance(shift, Range)):
            raise AssertionError("unreachable: isinstance(scale, Range) and isinstance(shift, Range)")
        made.append(weighted_sum(Counter({(scale, v): 1}), shift))
    return Channels(tuple(made), x.each)


def leaky(layer: Leaky, x: Channels) -> Channels:
    """One slope for each channel."""
    known: dict[tuple[Facts, SignTree], Facts] = {}
    for channel, z in enumerate(x.facts):
        slope = below(layer.slope, channel)
        if not isinstance(slope, Range):
            raise AssertionError("unreachable: isinstance(slope, Range)")
        if (z, slope) not in known:
            known[z, slope] = leaky_unit(z, slope)
    return Channels(tuple(known[z, below(layer.slope, channel)] for channel, z in enumerate(x.facts)), x.each)


def clip(layer: Clip, x: Channels) -> Channels:
    """Each channel by itself."""
    low: Extended = -interval_of(Range()).high if layer.low is None else layer.low
    high: Extended = interval_of(Range()).high if layer.high is None else layer.high
    known = {z: clip_unit(z, low, high) for z in dict.fromkeys(x.facts)}
    return Channels(tuple(known[z] for z in x.facts), x.each)


def pool(layer: Pool, x: Channels, shape: Shape, each: int) -> Channels:
    """Each channel by itself; a window always sees at least one value, and never a value of the padding."""
    window = layer.kernel or shape[1:]
    size = 1
    for side in window:
        size *= side
    rule = maximum_of_window if layer.largest else mean_of_window
    known = {z: rule(z, size, layer) for z in dict.fromkeys(x.facts)}
    return Channels(tuple(known[z] for z in x.facts), each)


def pad(layer: Pad, x: Channels, each: int) -> Channels:
    """Some values of a channel are the constant: what holds of both remains. (A constant that is not 0 is a bias.)"""
    border = constant(layer.value)
    if not any(layer.pads):
        return x
    known = {z: meet([z, border]) for z in dict.fromkeys(x.facts)}
    return Channels(tuple(known[z] for z in x.facts), each)


def add(x: Channels, y: Channels) -> Channels:
    """The sum of two tensors, value by value: a weighted sum with weights 1.

    Both have one shape; where they stand for channels of different size, what holds of all values is used.
    """
    if x.each != y.each:
        size = len(x.facts) * x.each
        x, y = Channels((x.merged,), size), Channels((y.merged,), size)
    one = Range(ONE, ONE)
    known: dict[tuple[Facts, Facts], Facts] = {}
    for pair in zip(x.facts, y.facts, strict=True):
        if pair not in known:
            known[pair] = weighted_sum(Counter([(one, pair[0]), (one, pair[1])]), Range(NOUGHT, NOUGHT))
    return Channels(tuple(known[pair] for pair in zip(x.facts, y.facts, strict=True)), x.each)


def from_box(box: Box, shape: Shape) -> Channels:
    """Facts of the input x in a box: each coordinate is linear and nondecreasing; a pinned one is constant."""
    sides = list(zip(_numerators(box.low, box.low_finite), _numerators(box.high, box.high_finite), strict=True))
    each = len(sides) // shape[0]
    known = {
        (a, b): _coordinate(Range(_end(a, box.low.denominator), _end(b, box.high.denominator)))
        for a, b in dict.fromkeys(sides)
    }
    channels = (dict.fromkeys(sides[c * each : (c + 1) * each]) for c in range(shape[0]))
    return Channels(tuple(meet(known[side] for side in channel) for channel in channels), each)


def _numerators(values: Vector, finite: Bits) -> list[int | None]:
    """Integers hash fast: a large box has few different sides."""
    return [n if ok else None for n, ok in zip(values.numerators.tolist(), finite.tolist(), strict=True)]


def _end(numerator: int | None, denominator: int) -> Fraction | None:
    return None if numerator is None else Fraction(numerator, denominator)


def _coordinate(side: Range) -> Facts:
    return facts(interval_of(side), ZERO, (LINEAR, RISING))
