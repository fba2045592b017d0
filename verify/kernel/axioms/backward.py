"""Sharper bounds on one box: rows over a block are carried back to the input as linear forms, in float64.

``verify.kernel.axioms.batches`` bounds every unit by symbols that all units share. Here each row, ``z_i``, ``-z_i`` or
one of the goal, gets lines below the ReLUs of its own (as in CROWN, Zhang et al. 2018; alpha-CROWN, Xu et al. 2021):

    row >= sum_s C_s v_s + c - e    for all x in the box,

where v_s are the values y of block s or its gaps w = y - y', C_s floats, c the constant, and e >= 0 pays for rounding.

1. *Affine maps.* C z = (C W) y + C b. What is stored is ``fl(C W)``; with n units its entries are off by at most
   ``gamma(n + 2) |C| |W| + (n + 2) eta`` (as in ``batches``), so their product with y by at most
   ``gamma(n + 2) |C| (|W| m) + (n + 2) eta sum(m)``, where m >= |y| on the box. Gaps likewise.
2. *ReLU*, low <= z <= high. For any D, ``C relu(z) - D z`` is linear on both sides of 0, so it is at least its least
   value t at low, 0 and high. D = C is exact on a unit that is on, D = 0 on one that is off. Else D = C or 0 where
   C >= 0 (then t = 0; the evidence says which: that is what search looks for), and C times the chord's slope else.
3. *ReLU of a gap*, gap_low <= d <= gap_high, w between 0 and d. For any D, ``C w - D d`` is at least its least value t
   at the corners (d, w) with d one of its sides and w one of 0 and d. Where both units are on w = d, where both are off
   w = 0. Where d may be large beside both bends, w is ``relu(z) - relu(z - d)`` instead, each bounded as in 2.
4. *Input.* ``C x`` is at least the sum of the smaller ones of C low and C high.
5. *Cuts.* The box may be cut at units: on a part a <= z_i <= b for some of them. For any D, ``C z_i - D z_i`` is at
   least its least value t at both sides of z_i. D is C less a multiplier of the evidence for each row and cut unit
   (Lagrange multipliers, as in beta-CROWN, Wang et al. 2021). Where sides contradict each other a part has no point.

D and C are floats and t is computed from them, so only the rounding of t counts: at most ``4u`` times its largest
term. Sums of terms of both signs lose ``gamma(n + 8)`` times the sum of their sizes. Sums of sizes are enlarged by
``1 + 4 gamma(n + 16)``. Whatever is not finite bounds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms.batches import WORTH, BlockStep, Machine
from verify.kernel.axioms.carried import Carried
from verify.kernel.axioms.forms import BlockSides, Sides, Zonotope, around
from verify.kernel.cuts import Levels
from verify.kernel.evidence import LowerSlopes
from verify.kernel.exact import Bits
from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma
from verify.network.matrix import Indices
from verify.rational import Floats


class Choices(NamedTuple):
    """For each row and each kept ReLU the slope of its line, for each cut unit the multiplier.

    Slopes are 0 or 1 in evidence; search tries what is between. None: the line that is closer; no multipliers.
    """

    slopes: Floats | Bits | None = None
    multipliers: Floats | None = None

    def of(self, rows: slice) -> Choices:
        """Those of some rows."""
        slopes, multipliers = self
        return Choices(None if slopes is None else slopes[rows], None if multipliers is None else multipliers[rows])


class CutUnits(NamedTuple):
    """Units of one block at which a box is cut, between which levels they are, and the columns of their multipliers."""

    units: Indices
    levels: Sides
    columns: slice


class ReducedMap(NamedTuple):
    """An affine map between units that are kept: biases b, ``|W| m + |b|`` and the sum of m, both enlarged, where m is
    at least the sizes of what it reads, and for each source W transposed.
    """

    bias: Floats
    sizes: Floats
    total: float
    weights: list[tuple[int, Any]]


class NoPoint(Exception):
    """A part of the box has no point."""


# Rows that are carried together have at most so many coefficients for one source; products in all.
MOST_COEFFICIENTS, MOST_PRODUCTS = 1 << 22, 200_000_000_000


class Narrowing:
    """The sides of one box, block by block, narrowed where the evidence names a block (for ``Machine.run``)."""

    # Search counts the rounding of the goal's rows more than once, so that the kernel confirms them, however it adds.
    caution = 1.0

    def __init__(
        self, machine: Machine, low: Floats, high: Floats, slopes: Sequence[LowerSlopes], part: Levels
    ) -> None:
        if machine.directions is not None:
            raise EvidenceError("bounds", "lower slopes are for values and differences")
        blocks, last = [each.block for each in slopes], len(machine.values)
        bends = [k for k in range(1, last + 1) if machine.relu[k - 1]]
        if blocks != sorted(set(blocks)) or not set(blocks) <= {*bends, last + 1}:
            raise EvidenceError("bounds", "lower slopes are for blocks of ReLU, in order, and the goal")
        self.machine, self.low, self.high, self._slopes = machine, low, high, dict(zip(blocks, slopes, strict=True))
        # Sides of each block, of all units and of those that are kept.
        self.blocks: dict[int, BlockSides] = {}
        self.sides: dict[int, BlockSides] = {}
        sizes = [step.size if relu else 0 for step, relu in zip(machine.values, machine.relu, strict=True)]
        # How many ReLUs come before block k + 1.
        self.starts: list[int] = [0, *np.cumsum(sizes).tolist()]
        self._cut = self._units_of(part)
        # Of each source the units that are not off: forms over it have columns for these alone.
        self.kept: dict[int, Indices] = {0: np.arange(len(low))}
        # Their places among the kept ReLU, and how many of these come before block k + 1.
        self.places: dict[int, slice] = {}
        self._ends = [0]
        self._maps: dict[tuple[int, bool], ReducedMap] = {}
        self._products = 0

    def __call__(self, k: int, sides: BlockSides) -> BlockSides:
        """Block k's sides, once those of all blocks before it are known."""
        block = _each(sides, lambda side: np.asarray(side[0]))
        self.blocks[k] = block._replace(value=self._clipped(k, *block.value))
        chosen = self.slopes_of(k)
        if chosen is not None:
            self._narrow_values(k, chosen)
        if np.any(self.blocks[k].value[0] > self.blocks[k].value[1]):
            raise NoPoint
        if chosen is not None:
            self._narrow_gaps(k)
        self._keep(k)
        return _each(self.blocks[k], lambda side: side[None])

    def rows(self, form: Zonotope) -> Floats:
        """Upper bounds (1, R) of the goal's rows, of which ``Machine.run`` gave the form."""
        return np.fmin(form.sides()[1], self.carried_rows())

    def carried_rows(self) -> Floats:
        """The same without the form; infinite where the evidence says nothing of them."""
        k, step = len(self.machine.values) + 1, self.machine.goal
        chosen = self.slopes_of(k)
        if chosen is None:
            return np.full((1, step.size), np.inf)
        return -self.least(step, k, np.arange(step.size), self._choices(chosen, k, step.size))[None]

    def slopes_of(self, k: int) -> LowerSlopes | None:
        """The slopes of block k's rows; None where its sides stay as they are."""
        return self._slopes.get(k)

    def _narrow_values(self, k: int, chosen: LowerSlopes) -> None:
        units, step, block = chosen.units, self.machine.values[k - 1], self.blocks[k]
        if len(units) and not 0 <= units.min() <= units.max() < step.size:
            raise EvidenceError("bounds", f"lower slopes of a unit that block {k} does not have")
        found = self.least(step, k, np.concatenate([units, units]), self._choices(chosen, k, 2 * len(units)))
        self.blocks[k] = block._replace(value=_narrowed(block.value, units, found))

    def _narrow_gaps(self, k: int) -> None:
        """Those of units that are stable in both networks stay as they are."""
        block = self.blocks[k]
        if block.gap is None or block.second is None:
            return
        units = np.flatnonzero(~_are_stable(block))
        found = self.least(self.machine.gaps[k - 1], k, np.concatenate([units, units]), Choices())
        (low, high), (low_2, high_2), gap = block.value, block.second, _narrowed(block.gap, units, found)
        least, most = around(low - gap[1], np.zeros_like(low))[0], around(high - gap[0], np.zeros_like(low))[1]
        second = np.fmax(low_2, least), np.fmin(high_2, most)
        self.blocks[k] = BlockSides(block.value, gap, second)

    def _keep(self, k: int) -> None:
        """Units that are off in both networks are 0, and so are their gaps; cut ones have multipliers."""
        block, size = self.blocks[k], self.machine.values[k - 1].size
        if not self.machine.relu[k - 1]:
            self.kept[k] = np.arange(size)
        else:
            high = block.value[1] if block.second is None else np.maximum(block.value[1], block.second[1])
            kept = ~(high <= 0)
            if k in self._cut:
                kept[self._cut[k].units] = True
            self.kept[k] = np.flatnonzero(kept)
        width = len(self.kept[k]) if self.machine.relu[k - 1] else 0
        self.places[k] = slice(self._ends[-1], self._ends[-1] + width)
        self._ends.append(self._ends[-1] + width)
        self.sides[k] = _each(block, lambda side: side[self.kept[k]])

    def _clipped(self, k: int, low: Floats, high: Floats) -> Sides:
        """Sides of block k, between the levels at which the box is cut."""
        cut = self._cut.get(k)
        if cut is None:
            return low, high
        low, high = low.copy(), high.copy()
        low[cut.units], high[cut.units] = (
            np.fmax(low[cut.units], cut.levels[0]),
            np.fmin(high[cut.units], cut.levels[1]),
        )
        return low, high

    def _units_of(self, part: Levels) -> dict[int, CutUnits]:
        """The cut units of each block."""
        numbers = np.array(sorted(part), dtype=np.int64)
        levels, ends = np.array([part[r] for r in sorted(part)]), np.searchsorted(numbers, self.starts).tolist()
        columns = {k: slice(ends[k - 1], ends[k]) for k in range(1, len(ends)) if ends[k - 1] < ends[k]}
        return {
            k: CutUnits(numbers[at] - self.starts[k - 1], (levels[at, 0], levels[at, 1]), at)
            for k, at in columns.items()
        }

    def _choices(self, chosen: LowerSlopes, k: int, rows: int) -> Choices:
        """What the evidence says of so many rows of block k, or of the goal."""
        on, multipliers, width = chosen.on, chosen.multipliers, self.starts[k - 1]
        if on.shape != (rows, width):
            raise EvidenceError("bounds", f"lower slopes of shape {on.shape} for {rows} rows and {width} ReLU")
        cuts = self.cuts_until(k)
        if multipliers is not None and multipliers.shape != (rows, cuts):
            raise EvidenceError(
                "bounds", f"multipliers of shape {multipliers.shape} for {rows} rows and {cuts} cut units"
            )
        return Choices(on[:, self.columns(k)], multipliers)

    def columns(self, k: int) -> Indices:
        """The numbers of the ReLU before block k that are kept."""
        mine = [self.starts[j - 1] + self.kept[j] for j in range(1, k) if self.machine.relu[j - 1]]
        return np.concatenate([np.zeros(0, dtype=np.int64), *mine])

    def cuts_until(self, k: int) -> int:
        """The number of units up to block k at which the box is cut."""
        return max((cut.columns.stop for j, cut in self._cut.items() if j <= k), default=0)

    def least(self, step: BlockStep, k: int, rows: Indices, choices: Choices) -> Floats:
        """Lower bounds of rows of block k: units, the first half as they are, then negated; of the goal all negated."""
        found = np.empty(len(rows))
        for chunk in self.chunks(k, len(rows)):
            carried = self.carry(step, k, self.form(step, rows, chunk), choices.of(chunk))
            found[chunk] = carried.bound(self.low, self.high, self.caution)
        return found

    def form(self, step: BlockStep, rows: Indices, chunk: slice) -> Floats:
        """The coefficients of some of these rows."""
        signs = np.where(np.arange(len(rows)) < (0 if step is self.machine.goal else len(rows) // 2), 1.0, -1.0)
        form = np.zeros((len(rows[chunk]), step.size))
        form[np.arange(len(form)), rows[chunk]] = signs[chunk]
        return form

    def chunks(self, k: int, rows: int) -> Iterator[slice]:
        """Rows of block k that are carried together."""
        steps = [*self.machine.values[:k], *self.machine.gaps[:k]]
        self._products += rows * sum(weights.size for step in steps for _, weights, _, _ in step.weights)
        if self._products > MOST_PRODUCTS:
            raise TooLarge(f"lower slopes: more than {MOST_PRODUCTS} products")
        most = max(1, MOST_COEFFICIENTS // max([len(self.low), *(step.size for step in steps)]))
        return (slice(i, i + most) for i in range(0, rows, most))

    def carry(self, step: BlockStep, k: int, form: Floats, choices: Choices) -> Carried:
        """Rows over the pre-activations of a step, which reads blocks before k, carried back to the input."""
        machine, carried = self.machine, Carried(len(form))
        slopes, multipliers = choices
        is_of_values = k <= len(machine.values) and step is machine.values[k - 1]
        self._affine(carried, step, self._relaxed(carried, k, form, multipliers) if is_of_values else form)
        for j in range(k - 1, 0, -1):
            value, gap = carried.forms.pop(j, None), carried.forms.pop(~j, None)
            if machine.relu[j - 1] and not (value is None and gap is None):
                value = np.zeros((len(form), len(self.kept[j]))) if value is None else value
                mine = None if slopes is None else slopes[:, self.places[j]]
                value, gap = self._relu(carried, j, value, gap, mine)
                value = self._relaxed(carried, j, value, multipliers)
            for each, steps in ((value, machine.values), (gap, machine.gaps)):
                if each is not None:
                    self._affine(carried, steps[j - 1], each, self.kept[j])
        return carried

    def _relaxed(self, carried: Carried, j: int, value: Floats, multipliers: Floats | None) -> Floats:
        """5 of the module docstring, for coefficients of z of block j."""
        cut = self._cut.get(j)
        if cut is None or multipliers is None:
            return value
        low, high = (side[cut.units] for side in self.blocks[j].value)
        places = np.searchsorted(self.kept[j], cut.units) if j in self.kept else cut.units
        return carried.relaxed(value, places, multipliers[:, cut.columns], (low, high))

    def _affine(self, carried: Carried, step: BlockStep, form: Floats, rows: Indices | None = None) -> None:
        """1 of the module docstring, for all rows of the step, or for those of which the form has columns."""
        terms = step.size + 2
        bias, sizes, total, weights = self._reduced(step, rows)
        carried.add(form @ bias)
        carried.lose(gamma(terms) * (np.abs(form) @ sizes), terms, (total + 2) * terms)
        for source, transposed in weights:
            product = np.asarray(form @ transposed)
            before = carried.forms.get(source)
            if before is not None:
                product = product + before
                carried.lose(UNIT_ROUNDOFF * (np.abs(product) @ self._most(source)), product.shape[1])
            carried.forms[source] = product

    def _relu(
        self, carried: Carried, j: int, value: Floats, gap: Floats | None, slopes: Floats | Bits | None
    ) -> tuple[Floats, Floats | None]:
        """2 and 3 of the module docstring: coefficients of z and of d."""
        block = self.sides[j]
        low, high = block.value
        slopes = high > -low if slopes is None else slopes
        if gap is None or block.gap is None or block.second is None:
            return carried.below(value, block.value, slopes), None
        stable, apart = _are_stable(block), are_apart(block)
        mine = np.where(apart, gap, 0.0)
        value = value + mine
        carried.lose(UNIT_ROUNDOFF * (np.abs(value) @ self._most(j)), value.shape[1])
        theirs = carried.below(-mine, block.second, block.second[1] > -block.second[0])
        direct = carried.between(np.where(apart, 0.0, gap), block.gap, stable, low >= 0)
        of_value = carried.below(value, block.value, slopes) + theirs
        carried.lose(UNIT_ROUNDOFF * (np.abs(of_value) @ _size(block.value)), value.shape[1])
        return of_value, direct - theirs  # of each unit one of the two is 0

    def _most(self, source: int) -> Floats:
        """At least the sizes of the values, or of the gaps, of a source's units that are kept."""
        if source == 0:
            return np.maximum(np.abs(self.low), np.abs(self.high))
        if source < 0:
            return _size(self.sides[~source].gap)
        value = self.sides[source].value
        return np.maximum(value[1], 0.0) if self.machine.relu[source - 1] else _size(value)

    def _reduced(self, step: BlockStep, rows: Indices | None) -> ReducedMap:
        """The step between units that are kept, to all of its rows or to these."""
        key = id(step), rows is None
        found = self._maps.get(key)
        if found is None:
            chosen = np.arange(step.size) if rows is None else rows
            sizes, total, count, maps = np.abs(step.bias[chosen]), 0.0, step.terms, []
            for source, weights, _, _ in step.weights:
                most, mine = self._most(source), _picked(weights, self.kept[source if source >= 0 else ~source], chosen)
                sizes, total, count = sizes + most @ abs(mine), total + float(most.sum()), count + len(most)
                maps.append((source, mine.T))
            enlarge = 1 + 4 * gamma(count + 16)
            sizes = sizes * enlarge + 4 * step.terms * SMALLEST_SUBNORMAL
            found = self._maps[key] = ReducedMap(step.bias[chosen], sizes, total * enlarge, maps)
        return found


def _picked(weights: Any, sources: Indices, rows: Indices) -> Any:
    if len(sources) < weights.shape[0]:
        weights = weights[sources]
    return weights[:, rows] if len(rows) < weights.shape[1] else weights


def _each(block: BlockSides, change: Callable[[Floats], Floats]) -> BlockSides:
    """All sides, each changed."""
    gap, second = (None if pair is None else (change(pair[0]), change(pair[1])) for pair in block[1:])
    return BlockSides((change(block.value[0]), change(block.value[1])), gap, second)


def _size(sides: Sides | None) -> Floats:
    """At least the size of what lies between the sides; without any nothing is known."""
    return np.array(np.inf) if sides is None else np.maximum(np.abs(sides[0]), np.abs(sides[1]))


def _narrowed(sides: Sides, units: Indices, least: Floats) -> Sides:
    """Sides with lower bounds of some units, and of their negatives, put in."""
    low, high = sides[0].copy(), sides[1].copy()
    low[units] = np.fmax(low[units], least[: len(units)])
    high[units] = np.fmin(high[units], -least[len(units) :])
    return low, high


def _are_stable(block: BlockSides) -> Bits:
    """Whether z and z' are both on, or both off."""
    (low, high), (low_2, high_2) = block.value, block.second or block.value
    return np.asarray(((low >= 0) & (low_2 >= 0)) | ((high <= 0) & (high_2 <= 0)))


def are_apart(block: BlockSides) -> Bits:
    """Of which units a gap is ``relu(z) - relu(z')``, each bounded for itself."""
    bends = _bend(*block.value) + _bend(*(block.second or block.value))
    return np.asarray(~_are_stable(block) & ~(_size(block.gap) / 2 < WORTH * bends))


def _bend(low: Floats, high: Floats) -> Floats:
    """Half of how far relu lies below its chord; it only says what is tried."""
    return np.where((low < 0) & (high > 0), -low * (high / (high - low)) / 2, 0.0)
