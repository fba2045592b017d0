"""A box cut at pre-activations of its network, where it has too many inputs to be cut at these.

Branch and bound as in beta-CROWN (Wang et al. 2021): the part with the largest bound is cut next, at 0 where a unit may
switch, else in the middle of its sides: where few units of the first layer are not off, all later values depend on a
few numbers only, however many inputs there are. Each part has lower slopes and multipliers of its own
(``verify.search.lower_slopes``), found from those of the part that it was cut from.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.axioms.forms import BlockSides
from verify.kernel.cuts import LEAF, Cuts, Levels, middle
from verify.kernel.evidence import Bounds, LowerSlopes
from verify.kernel.goals import Goal
from verify.rational import Floats, counted
from verify.search.budget import Budget
from verify.search.lower_slopes import Choosing

# Steps for each row at most, on the whole box and on its parts.
STEPS, STEPS_OF_PARTS = 16, 6
# The part of the remaining time that the whole box may take, and what it, and cutting, takes without a limit.
SHARE, SECONDS = 0.35, 60.0
# What a unit that stays on counts for its width, beside the height of the chord of one that switches.
WIDTH_COUNTS = 0.08
# How much longer than it seems the kernel's check may take.
SPARE = 1.25


@dataclass(frozen=True, eq=False)
class UnitPart:
    """Between which levels units are on a part of the box, its slopes, the rows' upper bounds (R) that they give, the
    sides of its blocks, and how long the kernel will take to find them.
    """

    levels: Levels
    slopes: tuple[LowerSlopes, ...]
    upper: Floats
    blocks: Mapping[int, BlockSides]
    seconds: float


# A node that was cut: the unit, the level, and the number of the lower part; the other one has the next number.
CutNode = tuple[int, float, int]


class UnitCuts:
    """The tree of parts; those that are not settled are ordered by how far they are from it."""

    def __init__(self, goal: Goal, budget: Budget) -> None:
        self.goal = goal
        sizes = [step.size if bends else 0 for step, bends in zip(goal.machine.values, goal.machine.relu, strict=True)]
        self._starts = np.cumsum([0, *sizes]).tolist()
        until = budget.elapsed + min(SECONDS, SHARE * budget.remaining)
        whole = self._bounded({}, budget, None, until)
        self._nodes: list[UnitPart | CutNode] = [whole]
        self._open = [(-self._height(whole), 0)]

    @property
    def parts(self) -> list[UnitPart]:
        """In the order of the tree."""
        return [node for node in self._preorder() if isinstance(node, UnitPart)]

    @property
    def upper(self) -> Floats:
        """Upper bounds (R) of the goal's rows on all parts together."""
        return np.asarray(np.max([part.upper for part in self.parts], axis=0))

    @property
    def largest(self) -> float:
        """How far the worst part is from being settled; minus infinity where all are."""
        return -self._open[0][0]

    @property
    def progress(self) -> str:
        """How far the search is, in words."""
        parts = self.parts
        settled = sum(self._height(part) == -np.inf for part in parts)
        return f"{settled} of {counted(len(parts), 'part')} proved, cut at units"

    def rounds(self, budget: Budget, enough: float) -> Iterator[None]:
        """Cut the worst part until none is above ``enough``, for as long as time is left to check all."""
        end, took = budget.seconds, 0.0
        if end is None and budget.work is None:
            end = budget.elapsed + SECONDS
        while self.largest > enough:
            kept = SPARE * sum(part.seconds for part in self.parts)
            lasting, started = replace(budget, seconds=None if end is None else end - kept), budget.elapsed
            try:
                if lasting.remaining <= took or not self._cut(lasting):
                    return
            except BudgetExceeded:
                return
            took = budget.elapsed - started
            yield

    def evidence(self, *, single: bool) -> Bounds:
        """The tree, and the slopes of its parts."""
        nodes = self._preorder()
        cuts = Cuts(np.array([LEAF if isinstance(node, UnitPart) else node[0] + 1 for node in nodes], dtype=np.int64))
        levels = tuple(node[1] for node in nodes if not isinstance(node, UnitPart))
        return Bounds(cuts, single, tuple(part.slopes for part in self.parts), levels)

    def _preorder(self) -> list[UnitPart | CutNode]:
        found, stack = [], [0]
        while stack:
            node = self._nodes[stack.pop()]
            found.append(node)
            if not isinstance(node, UnitPart):
                stack += [node[2] + 1, node[2]]
        return found

    def _cut(self, budget: Budget) -> bool:
        """False where no unit is left at which the worst part can be cut."""
        number = self._open[0][1]
        part = self._nodes[number]
        assert isinstance(part, UnitPart)
        unit, level = self._choice(part)
        low, high = part.levels.get(unit, (-np.inf, np.inf))
        if not low < level < high:
            return False
        sides = (low, level), (level, high)
        halves = [self._bounded({**part.levels, unit: side}, budget, part, np.inf) for side in sides]
        heapq.heappop(self._open)
        self._nodes[number] = unit, level, len(self._nodes)
        for half in halves:
            heapq.heappush(self._open, (-self._height(half), len(self._nodes)))
            self._nodes.append(half)
        return True

    def _bounded(self, levels: Levels, budget: Budget, before: UnitPart | None, until: float) -> UnitPart:
        started, steps = budget.elapsed, STEPS if before is None else STEPS_OF_PARTS
        known = ({}, ()) if before is None else (before.levels, before.slopes)
        choosing = Choosing(self.goal, budget, levels, known, steps, until)
        upper = self.goal.narrowed(choosing)[0]
        seconds = budget.elapsed - started - choosing.searched
        return UnitPart(levels, tuple(choosing.chosen), upper, choosing.blocks, seconds)

    def _height(self, part: UnitPart) -> float:
        if self.goal.settled(part.upper[None])[0]:
            return -np.inf
        return max(float(part.upper[list(case)].min()) for case in self.goal.cases)

    def _choice(self, part: UnitPart) -> tuple[int, float]:
        """The unit that matters most, by the sizes of the weights from it to the last ReLU, and where it is cut."""
        machine, best = self.goal.machine, (0.0, 0, np.nan)
        flow: dict[int, Floats] = {}
        for k in range(len(machine.values), 0, -1):
            step, mine = machine.values[k - 1], flow.pop(k, None)
            if machine.relu[k - 1]:
                low, high = part.blocks[k].value
                mine = np.where(high > 0, np.ones(step.size) if mine is None else mine, 0.0)
                switches = (low < 0) & (high > 0)
                chord = -low * (high / np.where(switches, high - low, 1.0))
                scores = np.nan_to_num(mine * np.where(switches, chord, WIDTH_COUNTS * (high - low)))
                at = int(np.argmax(scores))
                level = 0.0 if switches[at] else float(np.float32(middle(low[at], high[at])))
                best = max(best, (float(scores[at]), self._starts[k - 1] + at, level))
            for source, _, _, absolute in step.weights if mine is not None else ():
                found = np.asarray(absolute @ mine)
                flow[source] = flow[source] + found if source in flow else found
        return best[1:]
