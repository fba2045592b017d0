"""Bounds of values, of differences of two networks and of slopes, on many boxes at once: affine forms in float64.

On each box a vector v that depends on x in it is enclosed by a *form*: symbols e_j in [-1, 1], which depend on x and
are shared by all forms of the box, with ``|v - c - sum_j G_j e_j| <= r`` in each entry. Two sorts of symbols are kept
apart: *shared* ones (the coordinates of the box, and one for each ReLU of f that may switch), in which values y of f
are written, and *own* ones, which only gaps use. A gap is the difference y - y' to a second network whose blocks
correspond (``difference``), or the derivative of y along a direction (``slopes``).

1. *Affine maps.* z = W y + b; for gaps d = W' w + (W - W') y + (b - b'), where w is the gap of y, or d = W w. Centre
   and columns are multiplied in floats. Each entry is a sum of products, in whatever order BLAS adds them, so it has
   an error of at most ``gamma(n + 2) |W| |G_j| + (n + 2) eta`` (``verify.network.floats``; n terms, the 2 for weights
   that are no floats). Over all columns this adds up to ``gamma(n + 2) |W| S``, S >= |c| + sum_j |G_j|, and what the
   arguments were off by is carried on: ``|W| r``. Columns with one product are a special case.
2. *ReLU of a value*, low <= z <= high. For a slope s in [0, 1], relu(z) - s z is convex and at least 0 (it is at least
   z - s z and at least -s z), so it lies in [0, 2m] with 2m >= max(-s low, (1 - s) high). If m > 0 a new shared
   symbol e is defined by ``relu(z) = s z + m + m e``. Stable units have m = 0 and s = 1 or 0. Others have the slope
   high / (high - low) of the chord, with the least m, or 0 (``_flatten``), which keeps relu(z) in [0, high].
3. *ReLU of a difference* d = z - z', w = relu(z) - relu(z'). Either of two enclosures is sound:

   - A: w lies between 0 and d (ReLU is nondecreasing with slopes of at most 1), so ``w = d/2 + q e'``, q = max|d| / 2;
   - B: with s', m' for z' = z - d as s, m for z, ``w = s z + m + m e - s' (z - d) - m' + m' e'``.

   B is exact where both units are stable, and keeps signs, which cancel further on. A is taken where its own symbol is
   smaller than half (``WORTH``) of those of B together, which needs fewer parts on most pairs of ACAS Xu networks. Near
   a tie, floats of another machine may choose the other one; then the bound is another one, and as sound.
4. *ReLU of a derivative* t. Along a segment z is piecewise linear; at all but finitely many of its points z has a
   slope t, and relu(z) the slope t where z > 0, and 0 where z < 0 or z = 0 around the point (then t = 0). So it is t on
   units that are on, 0 on those that are off on the whole box, and else between 0 and t, as in A.
   The derivative may be along every v of a ball at once: v_j = a_j e_j, where (e_1, ..., e_n), the first own symbols,
   are any point of a norm's unit ball. Then ``sum_j G_j e_j`` over these is at most the dual norm of (|G_1|, |G_2|,
   ...), which takes the place of their sum in every size. The norms are absolute, so the dual norm of |W| |G_j| over j
   is at most |W| times those of the G_j, which is all that 1 uses of a sum.

A box has as many symbols as it needs, mostly few, as few units may switch in a small box. So the columns of all boxes
are the rows of one array, each with the number of its box (``forms.NoiseSymbols``).

Rounding. Centres, slopes, errors and sizes are float64, with u = 2^-53 and eta = 2^-1074; columns are float64 too, or
float32 (``single``), with v = 2^-24 and h = 2^-149 in their place, which is twice as fast; their errors count for the
sizes of columns only, and those are small on small boxes. An operation gives ``exact (1 + t) + r``, |t| <= v, |r| <= h,
with r = 0 for sums. Where the ReLU of 2 is stable, its value is z or 0, and a gap that 3 or 4 make z, d or 0 is that:
products with 1 and 0 lose nothing. Slopes s, s', new coefficients m, m', q and the radii of a box are numbers of the
type of the columns that satisfy their inequalities as they stand. In 2 to 4 every centre and every column is made of at
most four operations, which costs at most ``8u`` times the sizes of the centres and ``8v`` times those of the columns
that are multiplied, and an h for each product. Weights are between 2^-100 and 2^100 for ``single``: rounding them is
relative. Sums of nonnegative numbers are enlarged by 1 + 2 gamma(n + 8), other such terms by 1 + 16u; what is lost in
an affine map is multiplied by gamma before it is by |W|, so each of its three products may lose eta / 2 first, and gets
2 eta back. ``forms.around`` says what sides lose. What is not finite stays so: a comparison with NaN is false, a unit
with such sides counts as switching, and nothing is settled. Boxes have float sides; a centre is any float near the
middle, the radius at least the distance to both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms.forms import (
    DOUBLE,
    SINGLE,
    BlockSides,
    BothSorts,
    ColumnPrecision,
    Columns,
    Directions,
    Fresh,
    NoiseSymbols,
    Sides,
    Zonotope,
    around,
)
from verify.kernel.difference import Pair
from verify.kernel.speed import keep_memory
from verify.network import Block, floats
from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma
from verify.rational import Floats

# Boxes that are bounded together, at most; fewer where their columns would take more than so many numbers.
MOST_BOXES, MOST_NUMBERS = 384, 1 << 23
# A difference is enclosed by A where its new symbol is smaller than this part of those of B (3 above).
WORTH = 0.5
# What bends bring in counts so many times as much as the coordinates' share when a slope is chosen.
BENDS_COUNT = 1.25
# Columns of one box and one block.
MAX_COEFFICIENTS = 40_000_000
# Errors beyond this count as infinite: below it no partial sum overflows, in whatever order the terms are added.
MAX_ERROR = 2.0**900
# Sizes of weights for columns in float32.
SINGLE_RANGE = (2.0**-100, 2.0**100)


class GapEnclosure(NamedTuple):
    """The gap after ReLU as ``mine z + theirs d`` (B, n): that is exactly z, d or 0 but for the entries ``at`` (boxes,
    units), with constants and coefficients ``most`` of own symbols; ``alone`` (B, n): without the new shared symbol.
    """

    mine: Floats
    theirs: Floats
    at: tuple[NDArray[np.int64], ...]
    most: Floats
    constant: Floats
    alone: NDArray[np.bool_]


class BlockStep:
    """One affine map, ready for batches: for each source the transposed weights, for columns too, and their sizes."""

    def __init__(self, block: Block, precision: ColumnPrecision, ball: Directions | None = None) -> None:
        self.block, self.precision, self.size, self.ball = block, precision, block.size, ball
        self.bias, self.terms = block.bias_floats, block.fan_in
        self.weights: list[tuple[int, Any, Any, Any]] = []
        self.faithful = block.rounds_faithfully
        for source, matrix in block.inputs:
            fast = matrix.fast_floats
            ready = np.ascontiguousarray(fast.T) if isinstance(fast, np.ndarray) else fast.T.tocsr()
            with np.errstate(over="ignore", under="ignore"):
                rounded = ready.astype(precision.dtype)
            self.weights.append((source, ready, rounded, abs(ready)))
            if precision is SINGLE:
                sizes = np.abs(matrix.floats.data)
                inside = (sizes > SINGLE_RANGE[0]) & (sizes < SINGLE_RANGE[1])
                self.faithful = self.faithful and bool(np.all(inside))

    def apply(self, forms: Mapping[int, Zonotope], symbols: BothSorts) -> Zonotope:
        """1 of the module docstring."""
        boxes, terms, precision = symbols[0].size, self.terms, self.precision
        fine, coarse = gamma(terms + 2), gamma(terms + 2, precision.roundoff)
        centre = np.repeat(self.bias[None, :], boxes, axis=0)
        bound = np.repeat(fine * np.abs(self.bias)[None, :], boxes, axis=0)
        for source, weights, _, absolute in self.weights:
            form = forms[source]
            centre += form.centre @ weights
            lost = fine * np.abs(form.centre)
            lost += coarse * form.reach
            lost += 2 * SMALLEST_SUBNORMAL
            lost += form.error * (1 + 4 * fine)
            bound += lost @ absolute
        shared, own = (self._columns([(forms[s], w) for s, _, w, _ in self.weights], sort, symbols) for sort in (0, 1))
        count = symbols[0].most + symbols[1].most
        bound *= 1 + 2 * gamma(terms + 16)
        bound += 2 * (count + 2) * (terms + 2) * precision.smallest
        error = np.where(bound < MAX_ERROR, bound, np.inf)
        sizes = symbols[0].sums(shared) + self._own_sizes(own, symbols[1])
        return Zonotope(
            centre, Columns(symbols[0], shared), Columns(symbols[1], own), error, sizes * self._enlarge(count)
        )

    def _own_sizes(self, own: Floats, symbols: NoiseSymbols) -> Floats:
        if self.ball is None:
            return symbols.sums(own)
        first = symbols.size * self.ball.size
        return self.ball.reach(own[:first].reshape(symbols.size, -1, self.size)) + symbols.sums(own[first:], first)

    def _enlarge(self, count: int) -> float:
        return 1 + 2 * gamma(count + 8, self.precision.roundoff)

    def _columns(self, parts: Sequence[tuple[Zonotope, Any]], sort: int, symbols: BothSorts) -> Floats:
        """The columns of one sort of symbols: products of what is dense, single products of what is fresh."""
        stacks = [((form.shared, form.own)[sort], weights) for form, weights in parts]
        end = max((columns.end for columns, _ in stacks), default=0)
        if symbols[sort].most * self.size > MAX_COEFFICIENTS:
            raise TooLarge(f"{self.block.name}: affine forms take more than {MAX_COEFFICIENTS} coefficients")
        result = np.empty((end, self.size), self.precision.dtype)
        for place, (columns, weights) in enumerate(stacks):
            width, fresh = len(columns.dense), columns.fresh
            if place == 0:
                _product(columns.dense, weights, result[:width])
                result[width:] = 0
            elif width:
                result[:width] += _product(columns.dense, weights, np.empty_like(result[:width]))
            if fresh is not None and len(fresh.units):
                picked = _picked(weights, fresh.units)
                picked *= fresh.coefficients.astype(self.precision.dtype)[:, None]
                result[fresh.start : fresh.end] += picked
        return result


def _product(dense: Floats, weights: Any, out: Floats) -> Floats:
    if isinstance(weights, np.ndarray):
        np.matmul(dense, weights, out=out)
    else:
        out[:] = dense @ weights
    return out


def _picked(weights: Any, units: NDArray[np.int64]) -> Floats:
    return np.asarray(weights[units] if isinstance(weights, np.ndarray) else weights[units].toarray())


class Machine:
    """The blocks of f, the gaps, and what is asked at the end, ready for batches of boxes.

    ``pair`` has the blocks of f and those of the gaps, if any (source ``~s`` is the gap of source s). ``directions``:
    gaps are derivatives along them, else differences. ``goal``: rows over the outputs (source L), their gaps
    (``~L``) and the input (0).
    """

    def __init__(self, pair: Pair, goal: Block, directions: Directions | None, precision: ColumnPrecision) -> None:
        ball = directions if directions is not None and directions.size else None
        self.values = [BlockStep(block, precision) for block in pair.values]
        self.gaps = [BlockStep(block, precision, ball) for block in pair.gaps]
        self.goal = BlockStep(goal, precision, ball)
        self.directions, self.precision = directions, precision
        steps = (*self.values, *self.gaps, self.goal)
        if not (floats.floats_are_ieee() and all(step.faithful for step in steps)):
            raise EvidenceError("bounds", "weights or biases are too large or too small for float arithmetic")
        keep_memory()
        symbols = sum(block.size for block in pair.values if block.relu) + _input_size(pair)
        widest = max(block.size for block in pair.values)
        self.boxes = max(1, min(MOST_BOXES, MOST_NUMBERS // max(1, symbols * widest)))
        self.reads, self.inputs = _last_reads(pair, goal), _input_size(pair)
        self.relu = [block.relu for block in pair.values]

    @np.errstate(all="ignore")
    def run(self, low: Floats, high: Floats, narrow: Narrow | None = None) -> Zonotope:
        """The form of the goal's rows on boxes (B, n) with float sides.

        ``narrow`` gets the number of each block and its sides, and gives sides that hold too.
        """
        symbols = NoiseSymbols.none(len(low)), NoiseSymbols.none(len(low))
        forms = {0: self._of_boxes(low, high, symbols)}
        if self.directions is not None:
            forms[~0] = self._of_directions(self.directions, symbols)
        for k in range(1, len(self.values) + 1):
            value = self.values[k - 1].apply(forms, symbols)
            gap = self.gaps[k - 1].apply(forms, symbols) if self.gaps else None
            if self.relu[k - 1] or narrow is not None:
                sides = self._sides(value, gap)
                sides = sides if narrow is None else narrow(k, sides)
            if self.relu[k - 1]:
                value, gap = self.bent((value, gap), sides, symbols)
            forms[k] = value
            if gap is not None:
                forms[~k] = gap
            for source in [s for s in forms if self.reads.get(s, 0) <= k and s not in (k, ~k)]:
                del forms[source]
        return self.goal.apply(forms, symbols)

    def _sides(self, value: Zonotope, gap: Zonotope | None) -> BlockSides:
        if gap is None:
            return BlockSides(value.sides())
        second = None if self.directions is not None else self._of_second(value, gap)
        return BlockSides(value.sides(), gap.sides(), second)

    def bent(
        self, forms: tuple[Zonotope, Zonotope | None], sides: BlockSides, symbols: BothSorts
    ) -> tuple[Zonotope, Zonotope | None]:
        """The forms after ReLU; new symbols are made of each sort."""
        (value, gap), (low, high) = forms, sides.value
        slope, middle = self._chord(low, high)
        enclosure = None
        if sides.gap is not None and sides.second is None:
            enclosure = self._of_derivative(low, high, sides.gap)
        elif sides.gap is not None and sides.second is not None:
            enclosure = self._of_difference(sides.gap, (slope, middle), self._chord(*sides.second))
            self._flatten(value, (low, high), (slope, middle), enclosure.alone)
        each, units = np.nonzero(~(middle == 0))
        fresh = symbols[0].made(units, middle[each, units], each)
        after = self._after(value, fresh, slope, middle)
        if gap is None or enclosure is None:
            return after, None
        used = ~(enclosure.most == 0)
        own = symbols[1].made(enclosure.at[1][used], enclosure.most[used], enclosure.at[0][used])
        return after, self._gap_after(value, gap, fresh, own, middle, enclosure)

    def _flatten(self, value: Zonotope, sides: Sides, chord: Sides, alone: NDArray[np.bool_]) -> None:
        """Slope 0 in place of the chord's where a unit is rather off, a gap (A) does not read it, and most of what the
        chord keeps is no share of the coordinates.

        With the chord, what bends have brought in and the new symbol add up to ``s (r - a) + s |low| / 2``, r the
        radius and a the share of the coordinates in it; with slope 0 that is ``high / 2 = s r``.
        """
        (low, high), (slope, middle) = sides, chord
        share, radius = np.abs(value.of_inputs(self.inputs)).sum(axis=1), (high - low) / 2
        at = np.nonzero(alone & (high > 0) & (high < -low) & (radius < BENDS_COUNT * (radius - share - low / 2)))
        slope[at], middle[at] = 0.0, self._above(high[at] / 2)

    def _chord(self, low: Floats, high: Floats) -> Sides:
        """Slope and half height (s and m of 2 in the module docstring)."""
        on = low >= 0
        slope, middle = on.astype(np.float64), np.zeros_like(low)
        bends = np.nonzero(~(on | (high <= 0)))
        low, high = low[bends], high[bends]
        chord = high / (high - low)
        chord = np.where((chord >= 0) & (chord <= 1), chord, 1.0).astype(self.precision.dtype).astype(np.float64)
        most = np.maximum(-chord * low, (1 - chord) * high * (1 + 4 * UNIT_ROUNDOFF)) / 2
        slope[bends], middle[bends] = chord, self._above(most)
        return slope, middle

    def _above(self, values: Floats) -> Floats:
        """At least the values (from 0) that two roundings to nearest gave; numbers of the type of the columns."""
        raised = values * (1 + 8 * self.precision.roundoff) + 4 * self.precision.smallest
        return raised if self.precision is DOUBLE else raised.astype(np.float32).astype(np.float64)

    def _of_second(self, value: Zonotope, gap: Zonotope) -> Sides:
        """Bounds of z' = z - d."""
        shared, own = value.shared.symbols, gap.own.symbols
        sizes = shared.sums(_plus(gap.shared.dense, value.shared.dense, -1)) + own.sums(gap.own.dense)
        sizes *= 1 + 2 * gamma(shared.most + own.most + 8, self.precision.roundoff)
        sizes += value.error
        sizes += gap.error
        return around(value.centre - gap.centre, sizes * (1 + 8 * UNIT_ROUNDOFF))

    def _of_difference(self, gap_sides: Sides, chord: Sides, chord_2: Sides) -> GapEnclosure:
        """A or B in 3."""
        (slope, middle), (slope_2, middle_2) = chord, chord_2
        mine, theirs, both = slope - slope_2, slope_2, middle + middle_2
        at = np.nonzero(~(both == 0) | (mine < 0))
        half = self._above(np.maximum(np.abs(gap_sides[0][at]), np.abs(gap_sides[1][at])) / 2)
        first = (both[at] > 0) & (half < WORTH * both[at])
        theirs[at] = np.where(first, 0.5, theirs[at])
        mine[at] = np.where(first, 0.0, mine[at])
        most, constant = np.where(first, half, middle_2[at]), np.where(first, 0.0, middle[at] - middle_2[at])
        alone = np.zeros(mine.shape, dtype=bool)
        alone[at] = first
        return GapEnclosure(mine, theirs, at, most, constant, alone)

    def _of_derivative(self, low: Floats, high: Floats, gap_sides: Sides) -> GapEnclosure:
        """4 of the module docstring."""
        on = low >= 0
        at, theirs = np.nonzero(~(on | (high <= 0))), on.astype(np.float64)
        theirs[at] = 0.5
        gap_low, gap_high = gap_sides
        half = self._above(np.maximum(np.abs(gap_low[at]), np.abs(gap_high[at])) / 2)
        alone = np.ones(low.shape, dtype=bool)
        return GapEnclosure(np.zeros_like(low), theirs, at, half, np.zeros_like(half), alone)

    def _after(self, value: Zonotope, fresh: Fresh, slope: Floats, middle: Floats) -> Zonotope:
        """``slope v + middle``, and the new symbols; exact where the slope is 0 or 1."""
        shared, at = value.shared, (fresh.boxes, fresh.units)
        centre, error, reach = slope * value.centre, slope * value.error, slope * value.reach
        rounding = self._rounding(np.abs(centre[at]) + middle[at], reach[at], shared.symbols.most)
        centre += middle
        error[at] = (error[at] + rounding) * (1 + 16 * UNIT_ROUNDOFF)
        reach[at] = (reach[at] + middle[at]) * (1 + 16 * self.precision.roundoff) + rounding
        return Zonotope(centre, Columns(shared.symbols, shared.scaled(slope), fresh), value.own, error, reach)

    def _gap_after(
        self, value: Zonotope, gap: Zonotope, fresh: Fresh, own: Fresh, middle: Floats, enclosure: GapEnclosure
    ) -> Zonotope:
        """``mine z + theirs d + constant`` with parts of the new shared symbols, and own ones; elsewhere than ``at``
        it is z, d or 0, exactly.
        """
        mine, theirs, at, most, constant, alone = enclosure
        dense = _plus(value.shared.scaled(mine), gap.shared.scaled(theirs))
        new = replace(fresh, coefficients=np.where(alone[fresh.boxes, fresh.units], 0.0, fresh.coefficients))
        shared, owned = Columns(value.shared.symbols, dense, new), Columns(gap.own.symbols, gap.own.scaled(theirs), own)
        centre, centre_2, weight = mine * value.centre, theirs * gap.centre, np.abs(mine)
        error = weight * value.error + theirs * gap.error
        reach = weight * value.reach + theirs * gap.reach
        middles = np.where(alone[at], 0.0, middle[at] + most)  # |constant| <= m + m'
        centres = np.abs(centre[at]) + np.abs(centre_2[at]) + middles
        rounding = self._rounding(centres, reach[at], 2 * shared.symbols.most + owned.symbols.most)
        error[at] = (error[at] + rounding) * (1 + 16 * UNIT_ROUNDOFF)
        reach[at] = (reach[at] + middles + most) * (1 + 16 * self.precision.roundoff) + rounding
        centre += centre_2
        centre[at] += constant
        return Zonotope(centre, shared, owned, error, reach)

    def _rounding(self, centres: Floats, columns: Floats, products: int) -> Floats:
        """What the operations of 2 to 4 lose, from the sizes of what they add."""
        floor = (products + 16) * self.precision.smallest
        return 8 * UNIT_ROUNDOFF * centres + 8 * self.precision.roundoff * columns + floor

    def _of_boxes(self, low: Floats, high: Floats, symbols: BothSorts) -> Zonotope:
        """The input: a symbol for each coordinate, box by box."""
        boxes, size = low.shape
        centre = low * 0.5 + high * 0.5
        distance = np.maximum(high - centre, centre - low)
        radius = np.where(distance == 0, 0.0, self._above(distance))
        units, each = np.tile(np.arange(size), boxes), np.repeat(np.arange(boxes), size)
        shared = Columns(symbols[0], self._no_columns(size), symbols[0].made(units, radius.ravel(), each))
        return Zonotope(centre, shared, Columns(symbols[1], self._no_columns(size)), np.zeros_like(centre), radius)

    def _of_directions(self, directions: Directions, symbols: BothSorts) -> Zonotope:
        size, boxes = len(directions.centre), symbols[0].size
        centre = np.repeat(directions.centre[None, :], boxes, axis=0)
        spread = np.zeros(size) if directions.spread is None else directions.spread
        units, each = np.tile(np.arange(directions.size), boxes), np.repeat(np.arange(boxes), directions.size)
        own = symbols[1].made(units, np.tile(spread[: directions.size], boxes), each)
        shared, owned = Columns(symbols[0], self._no_columns(size)), Columns(symbols[1], self._no_columns(size), own)
        reach = np.repeat(np.abs(spread)[None, :], boxes, axis=0)
        return Zonotope(centre, shared, owned, np.zeros_like(centre), reach)

    def _no_columns(self, size: int) -> Floats:
        return np.zeros((0, size), self.precision.dtype)


Narrow: TypeAlias = Callable[[int, BlockSides], BlockSides]


def _plus(first: Floats, second: Floats, sign: int = 1) -> Floats:
    """Columns and columns (their opposites with ``sign`` -1); the shorter ones are filled up with zeros. In place
    in the longer ones where those are nobody else's, that is with ``sign`` 1.
    """
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    result = longer if sign > 0 else longer.copy()
    head = result[: len(shorter)]
    (np.add if sign > 0 else np.subtract)(head, shorter, out=head)
    return result


def _last_reads(pair: Pair, goal: Block) -> dict[int, int]:
    """For each source the last block that reads it; the goal comes after all."""
    found: dict[int, int] = {}
    for k, block in [*enumerate(pair.values, start=1), *enumerate(pair.gaps, start=1), (len(pair.values) + 1, goal)]:
        for source, _ in block.inputs:
            found[source] = max(found.get(source, 0), k)
    return found


def _input_size(pair: Pair) -> int:
    sizes = [matrix.shape[1] for block in pair.values for source, matrix in block.inputs if source == 0]
    return max(sizes, default=0)
