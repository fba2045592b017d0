"""Which line below each ReLU the rows of ``verify.kernel.axioms.backward`` take, so that their bounds are sharp.

As in alpha-CROWN (Xu et al. 2021): each row has slopes between 0 and 1 of its own, one for each ReLU that may switch;
any are sound, and steps along the gradient of the row's lower bound improve them (Adam, Kingma and Ba 2015). The
gradient for a unit with coefficient C > 0 is C z, where z is what the lines make of the input's corner at which the row
is least. In the end slopes are rounded to 0 or 1, which is short evidence and costs little of the bound.

On a part of the box with a <= z <= b for some units (``verify.search.dividing.at_units``) each row has a multiplier m
for each of these, whose gradient is a - z, or b - z where m < 0, at the same corner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from verify.kernel.axioms.backward import Choices, CutUnits, Narrowing, are_apart
from verify.kernel.axioms.batches import BlockStep
from verify.kernel.axioms.carried import Carried
from verify.kernel.axioms.forms import Zonotope
from verify.kernel.cuts import Levels
from verify.kernel.evidence import LowerSlopes
from verify.kernel.exact import Bits
from verify.kernel.goals import Goal
from verify.network.floats import SMALLEST_SUBNORMAL, gamma
from verify.network.matrix import Indices
from verify.rational import Floats
from verify.search.budget import Budget

# The length of the first step of slopes, and what the next ones are of the one before.
FIRST, DECAY = 0.5, 0.88
# The same for multipliers, in parts of the row's largest coefficient where z is as far outside as the sides are apart.
FIRST_PULL, PULL_DECAY = 0.4, 0.8
# Weights of the running means of Adam.
MEAN, SQUARE = 0.9, 0.999
# No more steps where less time is left than so many times what the kernel will have taken for this much.
SPARE = 2.0
# Units whose slopes are chosen together.
GROUP = 256


class Choosing(Narrowing):
    """Chooses the slopes, and the multipliers of cuts, of each block when its turn comes."""

    def __init__(
        self,
        goal: Goal,
        budget: Budget,
        levels: Levels,
        before: tuple[Levels, Sequence[LowerSlopes]],
        steps: int,
        until: float,
    ) -> None:
        super().__init__(goal.machine, *goal.root, (), levels)
        self._levels, self._levels_before = levels, before[0]
        self._known = {slopes.block: slopes for slopes in before[1]}
        self.chosen: list[LowerSlopes] = []
        self._budget, self._steps = budget, steps
        # Where work is counted the same steps are taken on every machine.
        self._until = np.inf if budget.work is not None and budget.seconds is None else until
        # How long the search took for more than the kernel does.
        self.searched, self._began = 0.0, budget.elapsed
        self._left = sum(self.machine.relu) + 1
        self._seen: dict[int, Floats] = {}

    def slopes_of(self, k: int) -> LowerSlopes | None:
        """Slopes for the units of block k that may switch, those of wide sides first, or the goal's rows."""
        self._budget.check()
        start, share = self._budget.elapsed, (self._until - self._budget.elapsed) / max(1, self._left)
        if k > len(self.machine.values):
            every = np.arange(self.machine.goal.size)
            return self._choose(k, every[:0], self._climbed(self.machine.goal, k, every, start + share))
        if not self.machine.relu[k - 1] or not (self.starts[k - 1] or self.cuts_until(k)):
            return None  # before the first ReLU forms are exact
        self._left -= 1
        low, high = self.blocks[k].value
        units = np.flatnonzero((low < 0) & (high > 0))
        units = units[np.argsort(low[units] - high[units], kind="stable")]
        found: list[tuple[Bits, Floats]] = []
        for i in range(0, len(units), GROUP):
            group = units[i : i + GROUP]
            if self._budget.elapsed > start + share:
                break
            until = start + share * (i + len(group)) / len(units)
            on, multipliers = self._climbed(self.machine.values[k - 1], k, np.concatenate([group, group]), until)
            found.append((on.reshape(2, len(group), -1), multipliers.reshape(2, len(group), -1)))
        if len(units) and not found:
            return None
        found.append((np.zeros((2, 0, self.starts[k - 1]), dtype=bool), np.zeros((2, 0, self.cuts_until(k)))))
        on, multipliers = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
        order = np.argsort(units[: on.shape[1]], kind="stable")
        return self._choose(k, units[order], (np.concatenate(on[:, order]), np.concatenate(multipliers[:, order])))

    def _choose(self, k: int, units: Indices, rows: tuple[Bits, Floats]) -> LowerSlopes:
        on, multipliers = rows
        self.chosen.append(LowerSlopes(k, units, on, multipliers if multipliers.shape[1] else None))
        return self.chosen[-1]

    def rows(self, form: Zonotope) -> Floats:
        """As the kernel's, with room for another order of summation."""
        count = form.shared.symbols.most + form.own.symbols.most
        spare = 2 * form.error + 4 * gamma(count + 8, self.machine.precision.roundoff) * form.reach
        return np.fmin(form.sides()[1] + spare, self.carried_rows())

    def least(self, step: BlockStep, k: int, rows: Indices, choices: Choices) -> Floats:
        """The kernel's sides of blocks, since choices of lines hang on them; rows of the goal with room to spare."""
        self.caution = 3.0 if step is self.machine.goal else 1.0
        return super().least(step, k, rows, choices)

    def _climbed(self, step: BlockStep, k: int, rows: Indices, until: float) -> tuple[Bits, Floats]:
        """Slopes and multipliers for some rows: those of the part that this one was cut from, or better ones."""
        form, width = self.form(step, rows, slice(None)), self._ends[k - 1]
        began, first = self._budget.elapsed, self._first(k, rows)
        now = best = first
        usual, known = None, np.full(len(form), -np.inf)
        mean, square = np.zeros((len(form), width)), np.zeros((len(form), width))
        for turn in range(self._steps):
            if self._budget.elapsed > until or self._budget.remaining < SPARE * (began - self._began - self.searched):
                break
            self._budget.check()
            carried = self.carry(step, k, form, self._split(now, width))
            bound = carried.bound(self.low, self.high)
            usual = bound if usual is None else usual
            better = bound > known
            best, known = np.where(better[:, None], now, best), np.where(better, bound, known)
            gradient, scale = self._gradient(step, k, carried, now)
            mean = MEAN * mean + (1 - MEAN) * gradient[:, :width]
            square = SQUARE * square + (1 - SQUARE) * gradient[:, :width] ** 2
            size = np.sqrt(square / (1 - SQUARE ** (turn + 1))) + 1e-300
            move = np.empty_like(now)
            move[:, :width] = FIRST * DECAY**turn * (mean / (1 - MEAN ** (turn + 1))) / size
            move[:, width:] = scale * FIRST_PULL * PULL_DECAY**turn * np.clip(gradient[:, width:], -1, 1)
            now = now + np.where(np.isfinite(move), move, 0.0)
            now[:, :width] = np.clip(now[:, :width], 0.0, 1.0)
        self.searched += self._budget.elapsed - began
        if usual is not None:
            best = np.concatenate([best[:, :width] >= 0.5, best[:, width:].astype(np.float32)], axis=1)
            rounded = self.carry(step, k, form, self._split(best, width)).bound(self.low, self.high)
            best = np.where((rounded >= usual)[:, None], best, first)
        on = np.zeros((len(form), self.starts[k - 1]), dtype=bool)
        on[:, self.columns(k)] = best[:, :width] > 0
        return on, best[:, width:]

    def _first(self, k: int, rows: Indices) -> Floats:
        """Where rows begin: at the choices of the part that this one was cut from, or the lines that are closer."""
        columns, cuts = self.columns(k), self.cuts_until(k)
        common = np.concatenate([np.zeros(0, dtype=bool), *(self._common(j) for j in range(1, k))])[columns]
        found = np.zeros((len(rows), len(columns) + cuts))
        found[:, : len(columns)] = common
        known = self._known.get(k)
        if known is None:
            return found
        size = len(known.units)
        if size:
            at = np.minimum(np.searchsorted(known.units, rows), size - 1)
            has = known.units[at] == rows
            at = at + size * (np.arange(len(rows)) >= len(rows) // 2)
        else:
            at, has = rows, np.full(len(rows), len(known.on) > 0)
        found[has, : len(columns)] = known.on[at[has]][:, columns]
        if known.multipliers is not None:
            mine = np.array([r for r in sorted(self._levels) if r < self.starts[min(k, len(self.starts) - 1)]])
            theirs = np.isin(mine, sorted(self._levels_before))
            found[np.ix_(has, len(columns) + np.flatnonzero(theirs))] = known.multipliers[at[has]]
        return found

    @staticmethod
    def _split(values: Floats, width: int) -> Choices:
        return Choices(values[:, :width], values[:, width:])

    def _common(self, j: int) -> Bits:
        """For each ReLU of block j the line that is closer to it on the whole."""
        low, high = self.blocks[j].value
        return high > -low if self.machine.relu[j - 1] else np.zeros(0, dtype=bool)

    def _gradient(self, step: BlockStep, k: int, carried: Carried, now: Floats) -> tuple[Floats, Floats]:
        """The gradient of rows that were carried back, with respect to their slopes and multipliers, and the sizes of
        steps.
        """
        form, width = carried.forms.get(0), self._ends[k - 1]
        result = np.zeros_like(now)
        scale = np.ones((len(now), now.shape[1] - width))
        if form is None:
            return result, scale
        values: dict[int, Floats] = {0: np.where(form >= 0, self.low, self.high)}
        is_of_values = k <= len(self.machine.values) and step is self.machine.values[k - 1]
        for j in range(1, k + is_of_values):
            cut = self._cut.get(j)
            if j == k and cut is None:
                break
            rows = self.kept[j] if j < k else None
            bias, _, _, maps = self._reduced(self.machine.values[j - 1], rows)
            z = np.repeat(bias[None], len(now), axis=0)
            for source, transposed in maps:
                z += values[source] @ transposed.T
            if cut is not None:
                columns = slice(width + cut.columns.start, width + cut.columns.stop)
                result[:, columns] = self._pulled(j, cut, z, now[:, columns])
                if j < k:
                    sizes = np.abs(self._seen[j]).max(axis=1, initial=0.0) if j in self._seen else np.zeros(len(now))
                    scale[:, cut.columns] = sizes[:, None]
            if j < k:
                values[j] = self._bent(j, z, now, result) if self.machine.relu[j - 1] else z
        return result, scale

    def _pulled(self, j: int, cut: CutUnits, z: Floats, multipliers: Floats) -> Floats:
        """The gradient of multipliers."""
        low, high = (side[cut.units] for side in self.blocks[j].value)
        z = z[:, np.searchsorted(self.kept[j], cut.units) if j in self.kept else cut.units]
        pull = np.where(multipliers > 0, low, np.where(multipliers < 0, high, np.clip(z, low, high))) - z
        return np.asarray(pull / np.maximum(high - low, SMALLEST_SUBNORMAL))

    def _bent(self, j: int, z: Floats, slopes: Floats, gradient: Floats) -> Floats:
        """What the lines make of z; their part of the gradient is put in."""
        (low, high), mine = self.sides[j].value, self.places[j]
        factors = self._seen.get(j)
        if factors is None:
            return np.maximum(z, 0.0)
        switches = (low < 0) & (high > 0)
        gradient[:, mine] = np.where(switches & (factors > 0), factors * z, 0.0)
        chord = np.where(switches, high / np.where(switches, high - low, 1.0), low >= 0)
        above = chord * (z - np.where(switches, low, 0.0))
        return np.where(factors >= 0, np.where(switches, slopes[:, mine] * z, chord * z), above)

    def carry(self, step: BlockStep, k: int, form: Floats, choices: Choices) -> Carried:
        """The kernel's; what is kept for the gradient is of these rows."""
        self._seen = {}
        return super().carry(step, k, form, choices)

    def _relu(
        self, carried: Carried, j: int, value: Floats, gap: Floats | None, slopes: Floats | Bits | None
    ) -> tuple[Floats, Floats | None]:
        """The kernel's step; the coefficients of relu(z) are kept for the gradient."""
        block = self.sides[j]
        self._seen[j] = value if gap is None or block.second is None else value + np.where(are_apart(block), gap, 0.0)
        return super()._relu(carried, j, value, gap, slopes)
