"""Rules for one value: what is known of the result of an operation from what is known of its arguments, with the proof.

Throughout, v and z are values as functions of the input on the convex region P, weights are any numbers in their
ranges, and a rule holds for each member of the family by itself: weights are constants as far as the input goes.
``layer_rules`` applies these rules to layers.
"""

from __future__ import annotations

from collections import Counter

from verify.kernel.facts.signs import multiple_has
from verify.kernel.facts.values import (
    AFFINE,
    CONCAVE,
    CONSTANT,
    CONVEX,
    EVEN,
    FALLING,
    LINEAR,
    ODD,
    RISING,
    SCALING,
    Facts,
    facts,
    interval_of,
)
from verify.kernel.interval import NOUGHT, ZERO, Extended, Interval
from verify.network.families.layers import Pool
from verify.network.families.ranges import Range

# (range of the weight, facts of what it multiplies) -> how many such terms.
TermCounts = Counter[tuple[Range, Facts]]


def weighted_sum(terms: TermCounts, bias: Range, *, may_drop: bool = False) -> Facts:
    """The value z is the sum of all w_i v_i and b.

    Values: intervals add and multiply; with ``may_drop`` (zero padding) any term may be missing, which is a term 0.
    A term whose weight is 0 is 0 and is left out. Else: sums of constant, affine or even functions and a constant are
    such. A sum of linear, positively homogeneous or odd functions is one, as long as b = 0. A nonnegative multiple of a
    convex, concave, nondecreasing or nonincreasing function is one, a nonpositive multiple is of the opposite kind, and
    sums of functions of one kind are of that kind. Dropping terms keeps all of this.
    """
    used = [(w, v, count) for (w, v), count in terms.items() if not w.is_zero]
    values = at_zero = interval_of(bias)
    for weight, v, count in used:
        products = [interval_of(weight) * v.values, interval_of(weight) * v.at_zero]
        if may_drop:
            products = [p.hull(ZERO) for p in products]
        values, at_zero = values + products[0].times(count), at_zero + products[1].times(count)
    kept = [name for name in (CONSTANT, AFFINE, EVEN) if all(v.has(name) for _, v, _ in used)]
    if bias.is_zero:
        kept += [name for name in (LINEAR, SCALING, ODD) if all(v.has(name) for _, v, _ in used)]
    for name, opposite in ((CONVEX, CONCAVE), (CONCAVE, CONVEX), (RISING, FALLING), (FALLING, RISING)):
        if all(_multiple_is(w, v, name, opposite) for w, v, _ in used):
            kept.append(name)
    return facts(values, at_zero, kept)


def _multiple_is(weight: Range, v: Facts, name: str, opposite: str) -> bool:
    """Whether w v is of the kind ``name`` for every w of the range."""
    above = weight.low is not None and weight.low >= 0
    below_zero = weight.high is not None and weight.high <= 0
    return multiple_has(above, below_zero, v.has(name), v.has(opposite))


def leaky_unit(z: Facts, slope: Range) -> Facts:
    """The value v = phi(z), phi(z) = z for z >= 0 and s z for z <= 0: ReLU has s = 0, the absolute value s = -1.

    - z >= 0 on P, or s = 1: v = z. z <= 0 on P: v = s z, a weighted sum. (The value at 0 is bounded by itself, since 0
      need not lie in P.)
    - Else phi(t z) = t phi(z) for t >= 0: v is positively homogeneous where z is. v is constant or even where z is.
      phi(-z) = phi(z) for s = -1: then v is even where z is odd.
    - phi = max(z, s z) is convex for s <= 1, min(z, s z) is concave for s >= 1, and phi is nondecreasing for s >= 0.
      A convex function of an affine one is convex, a convex nondecreasing one of a convex one is too; the same for
      concave ones; nondecreasing functions keep the direction of monotone ones.
    """
    s = interval_of(slope)
    at_zero = _leaky_values(z.at_zero, s)
    if z.values.low >= 0 or s.low == s.high == 1:
        return Facts(z.values, at_zero, z.holds) if z.values.low >= 0 else z
    if z.values.high <= 0:
        scaled = weighted_sum(Counter({(slope, z): 1}), Range(NOUGHT, NOUGHT))
        return Facts(scaled.values, at_zero, scaled.holds)
    kept = [name for name in (CONSTANT, EVEN, SCALING) if z.has(name)]
    if s.low == s.high == -1 and z.has(ODD):
        kept.append(EVEN)
    if s.high <= 1 and (z.has(AFFINE) or (s.low >= 0 and z.has(CONVEX))):
        kept.append(CONVEX)
    if s.low >= 1 and z.has(CONCAVE):
        kept.append(CONCAVE)
    if s.low >= 0:
        kept += [name for name in (RISING, FALLING) if z.has(name)]
    return facts(_leaky_values(z.values, s), at_zero, kept)


def _leaky_values(z: Interval, slope: Interval) -> Interval:
    """The values of phi: those of z >= 0 as they are, those of z <= 0 times the slope."""
    parts = []
    if z.high >= 0:
        parts.append(Interval(max(z.low, NOUGHT), z.high))
    if z.low <= 0:
        parts.append(slope * Interval(z.low, min(z.high, NOUGHT)))
    return parts[0].hull(parts[-1])


def clip_unit(z: Facts, low: Extended, high: Extended) -> Facts:
    """The value v = min(max(z, low), high), low <= high, either of them possibly infinite.

    - low <= z <= high on P: v = z. If z <= low or z >= high on P, v is one number (the interval says so).
    - Else clip is nondecreasing; it keeps constant and even functions, and odd ones where low = -high. Where low is
      0 or -infinity and high 0 or infinity, clip(t z) = t clip(z) for t >= 0. Where z <= high on P,
      v = max(z, low) is convex with z; where z >= low, v = min(z, high) is concave with z.
    """
    at_zero = z.at_zero.clamped(low, high)
    if z.values.low >= low and z.values.high <= high:
        return Facts(z.values, at_zero, z.holds)
    kept = [name for name in (CONSTANT, EVEN, RISING, FALLING) if z.has(name)]
    if low == -high and z.has(ODD):
        kept.append(ODD)
    unbounded = interval_of(Range())
    if low in (0, unbounded.low) and high in (0, unbounded.high) and z.has(SCALING):
        kept.append(SCALING)
    if z.values.high <= high and z.has(CONVEX):
        kept.append(CONVEX)
    if z.values.low >= low and z.has(CONCAVE):
        kept.append(CONCAVE)
    return facts(z.values.clamped(low, high), at_zero, kept)


def maximum_of_window(z: Facts, size: int, _: Pool) -> Facts:
    """The maximum of one to ``size`` values with the facts of z.

    It lies in the interval of the values. A maximum of one value is that value. Maxima of constant, even, convex,
    nondecreasing or nonincreasing functions are such, and max(t a, t b) = t max(a, b) for t >= 0.
    """
    if size == 1:
        return z
    kept = [name for name in (CONSTANT, EVEN, SCALING, CONVEX, RISING, FALLING) if z.has(name)]
    return facts(z.values, z.at_zero, kept)


def mean_of_window(z: Facts, size: int, layer: Pool) -> Facts:
    """The mean of one to ``size`` values with the facts of z: a weighted sum with positive weights and no bias.

    The mean lies in the interval of the values; where padding counts, zeros are among the values. Every fact survives
    sums and positive multiples.
    """
    values, at_zero = z.values, z.at_zero
    if layer.count_include_pad and any(layer.pads):
        values, at_zero = values.hull(ZERO), at_zero.hull(ZERO)
    return facts(values, at_zero, z.holds)
