"""The smallest bound of a difference that a budget allows: of all parts of a box, those with the largest are cut.

Best first, as in branch and bound: no bound has to be named before, and what is known at any time is the largest bound
of a part. Parts whose bound is nearly the largest are cut together, since boxes are bounded by the thousand.

A part may get a larger bound than the one that it was cut from, which holds on it too. So parts are ordered by the
least bound of themselves and of all around them, and the tree that is left ends where the largest of these is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from functools import partial

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.cuts import LEAF, Cuts
from verify.kernel.goals import Goal
from verify.rational import Floats
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.cutting import LEAST_SHARE, Numbers, Search
from verify.search.dividing.effect import coordinate
from verify.search.refuting.points import own_rows

# Parts are cut together whose bounds are at least this part of the largest one; so many at most.
NEARLY_LARGEST, MOST = 0.8, 1024
# Rows that come so near to the largest one of a part are to come down, too.
LARGE_ROW = 0.5
# Time is kept for the kernel, which bounds each part once more, and for the bounds of each output: in parts of the
# time that cutting took, which bounded two boxes for each part.
KEPT_SHARE = 1.5


class Tightening:
    """All parts of a box (N), and for each what its rows are known to be at most and which coordinate to cut.

    The cases of the goal are differences, each with the rows of the region before it: where one of these fails, a part
    has no point of the region, and bounds nothing.
    """

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.tree = Search.of(goal, goal.root[0][None], goal.root[1][None], np.ones(1))
        self.parts = self.tree.open
        self.bound, self.axis = bounded(goal, goal.root)
        self.shown = self.bound.tolist()  # by each node of the tree itself

    @property
    def largest(self) -> float:
        """What any row is at most on any part."""
        return float(self.bound.max())

    def rounds(self, budget: Budget, enough: float) -> Iterator[None]:
        """Cut parts until all bounds are small enough, the budget is used up, or the kernel needs what is left."""
        started = budget.elapsed
        while self.largest > enough and budget.remaining > KEPT_SHARE * (budget.elapsed - started):
            budget.check()
            if not self._cut(budget):
                return
            yield

    def cuts(self) -> Cuts:
        """The tree down to parts that show the largest bound themselves, which ends the search."""
        enough = self.largest
        for number, bound in enumerate(self.shown):
            if bound <= enough:
                self.tree.nodes[number] = LEAF
        return self.tree.cuts()

    def _cut(self, budget: Budget) -> bool:
        """Cut the parts with the largest bounds; False where floats do not make them smaller."""
        chosen = np.argsort(-self.bound, kind="stable")[:MOST]
        chosen = chosen[self.bound[chosen] >= NEARLY_LARGEST * self.bound[chosen[0]]]
        rest = np.ones(len(self.bound), dtype=bool)
        rest[chosen] = False
        halves = self.tree.cut(self.parts.take(chosen), self.axis[chosen])
        self.shown += [np.inf] * len(halves)  # until it is known, also where what follows is interrupted
        shown, axis = self._measured((halves.low, halves.high), budget)
        for number, bound in zip(halves.numbers.tolist(), shown.tolist(), strict=True):
            self.shown[number] = bound
        found = np.minimum(shown, np.tile(self.bound[chosen], 2)), axis
        self.parts = self.parts.take(rest).plus([halves])
        self.bound, self.axis = (
            np.concatenate([old[rest], new]) for old, new in zip((self.bound, self.axis), found, strict=True)
        )
        return bool(np.all(halves.shares >= LEAST_SHARE))

    def _measured(self, boxes: tuple[Floats, Floats], budget: Budget) -> tuple[Floats, Numbers]:
        low, high = boxes
        pool, size = sharing.processes(budget), self.goal.machine.boxes
        chunks = [(low[i : i + size], high[i : i + size]) for i in range(0, len(low), size)]
        apply = map if pool is None or len(chunks) == 1 else pool.map
        try:
            found = list(apply(partial(bounded, self.goal), chunks))
        except BrokenExecutor as error:
            raise BudgetExceeded("a worker process died") from error
        bounds, axes = zip(*found, strict=True)
        return np.concatenate(bounds), np.concatenate(axes)


def bounded(goal: Goal, boxes: tuple[Floats, Floats]) -> tuple[Floats, Numbers]:
    """For boxes (N, n) what any of the differences is at most (N), minus infinity without a point of the region."""
    low, high = np.atleast_2d(*boxes)
    search = Search.of(goal, low, high, np.ones(len(low)))
    upper, form, trace = search.bound(search.open)
    mine, around = own_rows(goal), list(goal.cases[0][:-1])
    bound = np.nan_to_num(upper[:, mine].max(axis=1), nan=np.inf)
    weight = np.zeros_like(upper)
    weight[:, mine] = np.maximum(upper[:, mine] - LARGE_ROW * bound[:, None], 0.0)
    axis = coordinate(form, trace, np.nan_to_num(weight, nan=1e30, posinf=1e30), low, high)
    return np.where((upper[:, around] < 0).any(axis=1), -np.inf, bound), axis
