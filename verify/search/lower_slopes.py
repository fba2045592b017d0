"""Which line below each ReLU the rows of ``verify.kernel.axioms.backward`` take, and at which ReLU a box is cut.

As in alpha-CROWN (Xu et al. 2021): each row has slopes between 0 and 1 of its own, one for each ReLU that may switch;
any are sound, and steps along the gradient of the row's lower bound improve them (Adam, Kingma and Ba 2015). The
gradient for a unit with coefficient C > 0 is C z, where z is what the lines make of the input's corner at which the row
is least. In the end slopes are rounded to 0 or 1, which is short evidence and costs little of the bound.

A box may be cut at pre-activations (branch and bound as in beta-CROWN, Wang et al. 2021). On a part with a <= z <= b
each row has a multiplier m, whose gradient is a - z, or b - z where m < 0, at the same corner.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.axioms.backward import Carried, Choices, CutUnits, Narrowing, are_apart
from verify.kernel.axioms.batches import BlockStep
from verify.kernel.axioms.forms import BlockSides, Zonotope
from verify.kernel.cuts import LEAF, Cuts, Levels
from verify.kernel.evidence import Bounds, LowerSlopes
from verify.kernel.exact import Bits
from verify.kernel.goals import Goal
from verify.network.floats import gamma
from verify.network.matrix import Indices
from verify.rational import Floats
from verify.search.budget import Budget

# Steps for each row at most, on the whole box and on its parts, the first one's length, and what the next ones are of
# the one before.
STEPS, STEPS_OF_PARTS, FIRST, DECAY = 16, 8, 0.5, 0.88
# Weights of the running means of Adam.
MEAN, SQUARE = 0.9, 0.999
# Units whose slopes are chosen together.
GROUP = 256
# The part of the remaining time that all blocks together may take (the kernel repeats the last pass of each), and what
# they take without a limit.
SHARE, SECONDS = 0.35, 60.0


def narrowed_bounds(goal: Goal, budget: Budget, *, single: bool) -> tuple[Bounds, Floats]:
    """Evidence with lower slopes for the whole box, and the goal's upper bounds (R) that any machine confirms."""
    tree = CutTree(goal, budget)
    return tree.evidence(single=single), tree.worst


@dataclass(eq=False)
class Part:
    """A part of the box: the ReLU at which it is cut, and on which side; slopes, and what they show of the rows.

    ``blocks`` are the sides of its blocks; none where it has no point.
    """

    levels: Levels
    slopes: tuple[LowerSlopes, ...]
    upper: Floats
    blocks: Mapping[int, BlockSides]


class CutTree:
    """The box, cut at one ReLU after another where it is worst."""

    def __init__(self, goal: Goal, budget: Budget) -> None:
        self.goal, self.budget = goal, budget
        self._number = itertools.count()
        whole = self._bounded({})
        # For each node the ReLU and the level at which it is cut and its first half's number, or its part.
        self.nodes: list[Part | tuple[int, float, int]] = [whole]
        self.open: list[tuple[float, int]] = [(-self._height(whole), 0)]

    @property
    def worst(self) -> Floats:
        """Upper bounds (R) of the goal's rows on all parts together."""
        return np.max([part.upper for part in self._parts()], axis=0)

    @property
    def largest(self) -> float:
        """The largest height of a part."""
        return -self.open[0][0]

    def cut(self) -> bool:
        """Cut the part that is worst; False where no ReLU may switch there."""
        _, number = self.open[0]
        part = self.nodes[number]
        assert isinstance(part, Part)
        chosen = self._choice(part)
        if chosen is None:
            return False
        relu, level = chosen
        low, high = part.levels.get(relu, (-np.inf, np.inf))
        halves = [self._bounded({**part.levels, relu: side}, part) for side in ((low, level), (level, high))]
        heapq.heappop(self.open)
        self.nodes[number] = relu, level, len(self.nodes)
        for half in halves:
            heapq.heappush(self.open, (-self._height(half), len(self.nodes)))
            self.nodes.append(half)
        return True

    def evidence(self, *, single: bool) -> Bounds:
        """The tree, and the slopes of its parts."""
        nodes = self._preorder()
        cuts = Cuts(np.array([LEAF if isinstance(node, Part) else node[0] + 1 for node in nodes], dtype=np.int64))
        levels = tuple(node[1] for node in nodes if not isinstance(node, Part))
        return Bounds(cuts, single, tuple(part.slopes for part in self._parts()), levels)

    def _preorder(self) -> list[Part | tuple[int, float, int]]:
        found, stack = [], [0]
        while stack:
            node = self.nodes[stack.pop()]
            found.append(node)
            if not isinstance(node, Part):
                stack += [node[2] + 1, node[2]]
        return found

    def _parts(self) -> list[Part]:
        return [node for node in self._preorder() if isinstance(node, Part)]

    def _bounded(self, levels: Levels, before: Part | None = None) -> Part:
        choosing = Choosing(self.goal, self.budget, levels, before)
        upper = self.goal.narrowed(choosing)[0]
        return Part(levels, tuple(choosing.chosen), upper, choosing.blocks)

    def _height(self, part: Part) -> float:
        """How far a case is from being settled on the part."""
        return max(float(part.upper[list(case)].min()) for case in self.goal.cases)

    def _choice(self, part: Part) -> tuple[int, float] | None:
        """The ReLU that matters most, by the sizes of weights to the last block, and the level at which it is cut."""
        machine, best = self.goal.machine, (0.0, -1, 0.0)
        starts = np.cumsum([0, *(s.size if r else 0 for s, r in zip(machine.values, machine.relu, strict=True))])
        flow: dict[int, Floats] = {}
        for k in range(len(machine.values), 0, -1):
            step = machine.values[k - 1]
            mine = flow.pop(k, None)
            if machine.relu[k - 1]:
                low, high = part.blocks[k].value
                mine = np.ones(step.size) if mine is None else mine
                score, level = SCORE(low, high)
                score = np.where(high > 0, mine * score, 0.0)
                at = int(np.argmax(score))
                if score[at] > best[0]:
                    best = float(score[at]), int(starts[k - 1]) + at, float(np.float32(level[at]))
                mine = np.where(high > 0, mine, 0.0)
            if mine is None:
                continue
            for source, _, _, absolute in step.weights:
                found = np.asarray(absolute @ mine)
                flow[source] = flow[source] + found if source in flow else found
        return None if best[1] < 0 else best[1:]


def SCORE(low, high):
    switches = (low < 0) & (high > 0)
    chord = np.where(switches, -low * (high / np.where(switches, high - low, 1.0)), 0.0)
    wide = np.maximum(high, 0) - np.maximum(low, 0)
    at = (low + high) / 2
    return np.where(switches, chord, WIDE * wide), np.where(switches, 0.0, at)


WIDE = 0.25
RATE, MDECAY = 0.4, 0.8
TINY = 1e-9


class Choosing(Narrowing):
    """Chooses the slopes, and the multipliers of cuts, of each block when its turn comes."""

    caution = 3.0

    def __init__(self, goal: Goal, budget: Budget, levels: Levels, before: Part | None = None) -> None:
        super().__init__(goal.machine, *goal.root, (), levels)
        self._levels, self._levels_before = levels, {} if before is None else before.levels
        self._known = {} if before is None else {slopes.block: slopes for slopes in before.slopes}
        self.chosen: list[LowerSlopes] = []
        self._budget, self._steps = budget, STEPS_OF_PARTS if levels else STEPS
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
        if not self.machine.relu[k - 1] or not (self.starts[k - 1] or self.cuts_until(k)):
            return None  # before the first ReLU forms are exact
        self._left -= 1
        low, high = self.blocks[k].value
        units = np.flatnonzero((low < 0) & (high > 0))
        units = units[np.argsort(low[units] - high[units], kind="stable")]
        found: list[Choices] = []
        for i in range(0, len(units), GROUP):
            group = units[i : i + GROUP]
            if self._budget.elapsed > start + share:
                break
            until = start + share * (i + len(group)) / len(units)
            choices = self._climbed(self.machine.values[k - 1], k, np.concatenate([group, group]), until)
            found.append(Choices(*(each.reshape(2, len(group), -1) for each in choices)))
        if len(units) and not found:
            return None
        none = Choices(np.zeros((2, 0, self.starts[k - 1]), dtype=bool), np.zeros((2, 0, self.cuts_until(k))))
        parts = [np.concatenate(each, axis=1) for each in zip(none, *found, strict=True)]
        order = np.argsort(units[: parts[0].shape[1]], kind="stable")
        return self._choose(
            k, units[order], Choices(*(each[:, order].reshape(2 * len(order), each.shape[2]) for each in parts))
        )

    def _choose(self, k: int, units: Indices, choices: Choices) -> LowerSlopes:
        on, multipliers = choices
        self.chosen.append(LowerSlopes(k, units, on, multipliers if multipliers.shape[1] else None))
        return self.chosen[-1]

    def rows(self, form: Zonotope) -> Floats:
        """As the kernel's, with room for another order of summation."""
        count = form.shared.symbols.most + form.own.symbols.most
        spare = 2 * form.error + 4 * gamma(count + 8, self.machine.precision.roundoff) * form.reach
        return np.fmin(form.sides()[1] + spare, self.carried_rows())

    def _climbed(self, step: BlockStep, k: int, rows: Indices, until: float) -> Choices:
        """Slopes and multipliers for some rows: those of the part that this one was cut from, or better ones."""
        form, width = self.form(step, rows, slice(None)), self._ends[k - 1]
        first = self._first(k, rows)
        now = best = first
        usual, known = None, np.full(len(form), -np.inf)
        mean, square = np.zeros((len(form), width)), np.zeros((len(form), width))
        for turn in range(self._steps):
            if self._budget.elapsed > until:
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
            move[:, width:] = scale * RATE * MDECAY**turn * np.clip(gradient[:, width:], -1, 1)
            now = now + np.where(np.isfinite(move), move, 0.0)
            now[:, :width] = np.clip(now[:, :width], 0.0, 1.0)
        if usual is not None:
            best = np.concatenate([best[:, :width] >= 0.5, best[:, width:].astype(np.float32)], axis=1)
            rounded = self.carry(step, k, form, self._split(best, width)).bound(self.low, self.high)
            best = np.where((rounded >= usual)[:, None], best, first)
        on = np.zeros((len(form), self.starts[k - 1]), dtype=bool)
        on[:, self.columns(k)] = best[:, :width] > 0
        return Choices(on, best[:, width:])

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
        return np.asarray(pull / np.maximum(high - low, TINY))

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

    def _relu(
        self, carried: Carried, j: int, value: Floats, gap: Floats | None, slopes: Floats | Bits | None
    ) -> tuple[Floats, Floats | None]:
        """The kernel's step; the coefficients of relu(z) are kept for the gradient."""
        block = self.sides[j]
        self._seen[j] = value if gap is None or block.second is None else value + np.where(are_apart(block), gap, 0.0)
        return super()._relu(carried, j, value, gap, slopes)
