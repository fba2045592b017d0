"""Which line below each ReLU the rows of ``verify.kernel.axioms.backward`` take, so that their bounds are sharp.

As in alpha-CROWN (Xu et al. 2021): each row has slopes between 0 and 1 of its own, one for each ReLU that may switch;
any are sound, and steps along the gradient of the row's lower bound improve them (Adam, Kingma and Ba 2015). The
gradient for a unit with coefficient C > 0 is C z, where z is what the lines make of the input's corner at which the row
is least. In the end slopes are rounded to 0 or 1, which is short evidence and costs little of the bound.
"""

from __future__ import annotations

import numpy as np

from verify.kernel.axioms.backward import Carried, Narrowing, Slopes, are_apart
from verify.kernel.axioms.batches import BlockStep
from verify.kernel.axioms.forms import Zonotope
from verify.kernel.cuts import UNCUT
from verify.kernel.evidence import Bounds, LowerSlopes
from verify.kernel.exact import Bits
from verify.kernel.goals import Goal
from verify.network.floats import gamma
from verify.network.matrix import Indices
from verify.rational import Floats
from verify.search.budget import Budget

# Steps for each row at most, the first one's length, and what the next ones are of the one before.
STEPS, FIRST, DECAY = 16, 0.5, 0.88
# Weights of the running means of Adam.
MEAN, SQUARE = 0.9, 0.999
# Units whose slopes are chosen together.
GROUP = 256
# The part of the remaining time that all blocks together may take (the kernel repeats the last pass of each), and what
# they take without a limit.
SHARE, SECONDS = 0.35, 60.0


def narrowed_bounds(goal: Goal, budget: Budget, *, single: bool) -> tuple[Bounds, Floats]:
    """Evidence with lower slopes for the whole box, and the goal's upper bounds (R) that any machine confirms."""
    choosing = Choosing(goal, budget)
    upper = goal.narrowed(choosing)[0]
    return Bounds(UNCUT, single, tuple(choosing.chosen)), upper


class Choosing(Narrowing):
    """Chooses the slopes of each block when its turn comes."""

    caution = 3.0

    def __init__(self, goal: Goal, budget: Budget) -> None:
        super().__init__(goal.machine, *goal.root, {})
        self.chosen: list[LowerSlopes] = []
        self._budget = budget
        # Where work is counted the same steps are taken on every machine.
        counts_work = budget.work is not None and budget.seconds is None
        self._until = np.inf if counts_work else budget.elapsed + min(SECONDS, SHARE * budget.remaining)
        self._left = sum(self.machine.relu) + 1
        self._seen: dict[int, Floats] = {}

    def slopes_of(self, k: int) -> LowerSlopes | None:
        """Slopes for the units of block k that may switch, those of wide sides first, or the goal's rows."""
        self._budget.check()
        start, share = self._budget.elapsed, (self._until - self._budget.elapsed) / max(1, self._left)
        if k > len(self.machine.values):
            every = np.arange(self.machine.goal.size)
            return self._choose(k, every[:0], self._climbed(self.machine.goal, k, every, start + share))
        if not self.machine.relu[k - 1] or not self.starts[k - 1]:
            return None  # before the first ReLU forms are exact
        self._left -= 1
        step, width, (low, high) = self.machine.values[k - 1], self.starts[k - 1], self.blocks[k].value
        units = np.flatnonzero((low < 0) & (high > 0))
        units = units[np.argsort(low[units] - high[units], kind="stable")]
        groups = [units[i : i + GROUP] for i in range(0, len(units), GROUP)]
        found: list[Bits] = []
        for n, group in enumerate(groups, start=1):
            until = start + share * n / len(groups)
            if self._budget.elapsed > start + share:
                break
            found.append(self._climbed(step, k, np.concatenate([group, group]), until).reshape(2, len(group), width))
        if groups and not found:
            return None
        on = np.concatenate([np.zeros((2, 0, width), dtype=bool), *found], axis=1)
        order = np.argsort(units[: on.shape[1]], kind="stable")
        return self._choose(k, units[order], on[:, order].reshape(2 * len(order), width))

    def _choose(self, k: int, units: Indices, on: Bits) -> LowerSlopes:
        self.chosen.append(LowerSlopes(k, units, on))
        return self.chosen[-1]

    def rows(self, form: Zonotope) -> Floats:
        """As the kernel's, with room for another order of summation."""
        count = form.shared.symbols.most + form.own.symbols.most
        spare = 2 * form.error + 4 * gamma(count + 8, self.machine.precision.roundoff) * form.reach
        return np.fmin(form.sides()[1] + spare, self.carried_rows())

    def _climbed(self, step: BlockStep, k: int, rows: Indices, until: float) -> Bits:
        """Slopes for some rows: those that every row may share, or better ones."""
        form = self.form(step, rows, slice(None))
        common = np.concatenate([self._common(j) for j in range(1, k)])
        slopes = np.repeat(common.astype(np.float64)[None], len(form), axis=0)
        mean, square = np.zeros_like(slopes), np.zeros_like(slopes)
        for turn in range(STEPS):
            if self._budget.elapsed > until:
                break
            self._budget.check()
            carried = self.carry(step, k, form, slopes)
            gradient = self._gradient(k, carried, slopes)
            mean = MEAN * mean + (1 - MEAN) * gradient
            square = SQUARE * square + (1 - SQUARE) * gradient * gradient
            size = np.sqrt(square / (1 - SQUARE ** (turn + 1))) + 1e-300
            move = FIRST * DECAY**turn * (mean / (1 - MEAN ** (turn + 1))) / size
            slopes = np.clip(slopes + np.where(np.isfinite(move), move, 0.0), 0.0, 1.0)
        rounded = slopes >= 0.5
        plain = np.broadcast_to(common, rounded.shape)
        best, usual = (self.carry(step, k, form, each).bound(self.low, self.high) for each in (rounded, plain))
        return np.where((best >= usual)[:, None], rounded, plain)

    def _common(self, j: int) -> Bits:
        """For each ReLU of block j the line that is closer to it on the whole."""
        low, high = self.blocks[j].value
        return high > -low if self.machine.relu[j - 1] else np.zeros(0, dtype=bool)

    def _gradient(self, k: int, carried: Carried, slopes: Floats) -> Floats:
        """The gradient of rows that were carried back, with respect to the slopes before block k."""
        form = carried.forms.get(0)
        if form is None:
            return np.zeros_like(slopes)
        values: dict[int, Floats] = {0: np.where(form >= 0, self.low, self.high)}
        result = np.zeros_like(slopes)
        for j in range(1, k):
            step = self.machine.values[j - 1]
            z = np.repeat(step.bias[None], len(slopes), axis=0)
            for source, weights, _, _ in step.weights:
                z += values[source] @ weights
            if self.machine.relu[j - 1]:
                z = self._bent(j, z, slopes, result)
            values[j] = z
        return result

    def _bent(self, j: int, z: Floats, slopes: Floats, gradient: Floats) -> Floats:
        """What the lines make of z; their part of the gradient is put in."""
        (low, high), mine = self.blocks[j].value, slice(self.starts[j - 1], self.starts[j])
        factors = self._seen.get(j)
        if factors is None:
            return np.maximum(z, 0.0)
        switches = (low < 0) & (high > 0)
        gradient[:, mine] = np.where(switches & (factors > 0), factors * z, 0.0)
        chord = np.where(switches, high / np.where(switches, high - low, 1.0), low >= 0)
        above = chord * (z - np.where(switches, low, 0.0))
        return np.where(factors >= 0, np.where(switches, slopes[:, mine] * z, chord * z), above)

    def _relu(
        self, carried: Carried, j: int, value: Floats, gap: Floats | None, slopes: Slopes
    ) -> tuple[Floats, Floats | None]:
        """The kernel's step; the coefficients of relu(z) are kept for the gradient."""
        block = self.blocks[j]
        self._seen[j] = value if gap is None or block.second is None else value + np.where(are_apart(block), gap, 0.0)
        return super()._relu(carried, j, value, gap, slopes)
