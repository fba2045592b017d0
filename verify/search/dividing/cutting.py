"""Cutting boxes until the kernel's bounds settle each part, here or by the workers of an executor.

This is branch and bound, and not ``verify.search.dividing.loop``: a step bounds up to a thousand boxes at once, so
boxes and trees are arrays, not objects. How workers get open boxes is the same (``verify.search.dividing.sharing``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.kernel.axioms.forms import Zonotope
from verify.kernel.cuts import LEAF, Cuts, middle
from verify.kernel.goals import Goal
from verify.network.floats import gamma
from verify.rational import Floats
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.effect import ReluSymbols, TracedMachine, coordinate, weights
from verify.search.refuting.hunting import Promising
from verify.search.refuting.points import margins

# Boxes taken together.
POOL = 1024
# An executor gets boxes in so many tasks, once a pool is full or it is time for it.
TASKS = 8
# A box with a smaller part of the whole is not cut any more: floats do not decide there.
LEAST_SHARE = 2.0**-120
OPEN = -1
# Whether one of these points (N, n) refutes.
Judge: TypeAlias = Callable[[Floats], bool]
Numbers: TypeAlias = NDArray[np.int64]
# In so many boxes of each batch points are tried, and so many of those are remembered as promising.
LOOKED, PROMISING = 48, 4


@dataclass(eq=False)
class Boxes:
    """Open boxes: sides (N, n), their numbers, and their parts of the whole."""

    low: Floats
    high: Floats
    numbers: Numbers
    shares: Floats

    def __len__(self) -> int:
        return len(self.low)

    def take(self, chosen: Any) -> Boxes:
        """Some of them."""
        return Boxes(*(values[chosen] for values in vars(self).values()))

    def plus(self, others: list[Boxes]) -> Boxes:
        """These and the others."""
        parts = [vars(boxes) for boxes in (self, *others)]
        return Boxes(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@dataclass(eq=False)
class Search:
    """Trees of boxes: how each was cut (the coordinate + 1, 0 for a leaf, -1 while open), its first part's number.

    ``proved`` is the part of the whole that is settled, ``suspects`` are points at which a case seems to hold, and
    ``least`` is how nearly one did at any point that was tried (at least 0 if it did).
    """

    goal: Goal
    open: Boxes
    nodes: list[int]
    parts: list[int]
    proved: float = 0.0
    least: float = -np.inf
    suspects: list[Floats] = field(default_factory=list)
    promising: list[Promising] = field(default_factory=list)
    stuck: bool = False
    movable: int | None = None

    @classmethod
    def of(cls, goal: Goal, low: Floats, high: Floats, shares: Floats, movable: int | None = None) -> Search:
        """A search for the trees of these boxes, which have the first numbers; only the first ``movable`` coordinates
        are cut, if that is given.
        """
        size = len(low)
        boxes = Boxes(low, high, np.arange(size), shares)
        return cls(goal, boxes, [OPEN] * size, [0] * size, movable=movable)

    def round(self) -> None:
        """Bound the newest open boxes; settle or cut each."""
        pool, rest = self.open.take(slice(-POOL, None)), self.open.take(slice(0, max(0, len(self.open) - POOL)))
        step = self.goal.machine.boxes
        found = [self._batch(pool.take(slice(i, i + step))) for i in range(0, len(pool), step)]
        self.open = rest.plus(found)

    def bound(self, boxes: Boxes) -> tuple[Floats, Zonotope, list[ReluSymbols]]:
        """Bounds (B, R) of the rows that any machine confirms, however it adds, and what they come from."""
        machine = TracedMachine(self.goal.machine)
        form = machine.run(boxes.low, boxes.high)
        count = form.shared.symbols.most + form.own.symbols.most
        spare = 2 * form.error + 4 * gamma(count + 8, machine.precision.roundoff) * form.reach
        return form.sides()[1] + spare, form, machine.trace

    def _batch(self, boxes: Boxes) -> Boxes:
        goal = self.goal
        upper, form, trace = self.bound(boxes)
        settled = goal.settled(upper)
        for number in boxes.numbers[settled].tolist():
            self.nodes[number] = LEAF
        self.proved += float(boxes.shares[settled].sum())
        bad = np.flatnonzero(~settled)
        if not len(bad):
            return boxes.take(bad)
        weight = weights(goal, upper)
        left = boxes.take(bad)
        worst = np.argsort(-weight[bad].max(axis=1))[:LOOKED]
        of_inputs = form.of_inputs(boxes.low.shape[1])
        self._look(of_inputs[bad[worst]], weight[bad[worst]], left.take(worst))
        axis = coordinate(form, trace, weight, boxes.low, boxes.high, self.movable)[bad]
        self.stuck = self.stuck or bool(np.any(left.shares < LEAST_SHARE))
        return self.cut(left, axis)

    def cut(self, boxes: Boxes, axis: Numbers) -> Boxes:
        """The halves of the boxes, which become nodes of the trees."""
        every, first = np.arange(len(boxes)), len(self.nodes)
        at = middle(boxes.low[every, axis], boxes.high[every, axis])
        below, above = boxes.high.copy(), boxes.low.copy()
        below[every, axis] = above[every, axis] = at
        for place, number in enumerate(boxes.numbers.tolist()):
            self.nodes[number], self.parts[number] = int(axis[place]) + 1, first + 2 * place
        self.nodes += [OPEN] * (2 * len(boxes))
        self.parts += [0] * (2 * len(boxes))
        shares = boxes.shares / 2
        lower = Boxes(boxes.low, below, first + 2 * every, shares)
        return lower.plus([Boxes(above, boxes.high, first + 2 * every + 1, shares)])

    def _look(self, columns: Floats, weight: Floats, boxes: Boxes) -> None:
        """Try the centres, and the corners at which the worst row's form is largest."""
        signs = np.sign(columns[np.arange(len(boxes)), :, np.argmax(weight, axis=1)])
        centre = middle(boxes.low, boxes.high)
        points = np.concatenate([centre, np.where(signs > 0, boxes.high, np.where(signs < 0, boxes.low, centre))])
        by_case = margins(self.goal, points)
        found = by_case.max(axis=1)
        best = np.argsort(-found)[:PROMISING]
        self.promising.append((points[best], np.argmax(by_case[best], axis=1), found[best]))
        self.least = max(self.least, float(np.nanmax(found, initial=-np.inf)))
        if np.any(found >= 0):
            order = np.argsort(-found)[: int(np.count_nonzero(found >= 0))]
            self.suspects.append(points[order])

    def cuts(self, root: int = 0) -> Cuts:
        """The finished tree of a box in preorder."""
        found, stack = [], [root]
        while stack:
            number = stack.pop()
            found.append(self.nodes[number])
            if found[-1] > LEAF:
                stack += [self.parts[number] + 1, self.parts[number]]
        return Cuts(np.array(found, dtype=np.int64))

    def graft(self, numbers: Numbers, other: Search) -> None:
        """Put in what a worker found for the boxes of these numbers."""
        base, size = len(self.nodes), len(numbers)
        names = np.concatenate([numbers, base + np.arange(len(other.nodes) - size)])
        self.nodes += other.nodes[size:]
        self.parts += [0] * (len(other.nodes) - size)
        for j, name in enumerate(names.tolist()):
            self.nodes[name] = other.nodes[j]
            if other.nodes[j] > LEAF:
                self.parts[name] = int(names[other.parts[j]])
        other.open.numbers = names[other.open.numbers]
        self.open = self.open.plus([other.open])
        self.proved, self.least = self.proved + other.proved, max(self.least, other.least)
        self.suspects += other.suspects
        self.promising += other.promising
        self.stuck = self.stuck or other.stuck


def prepare(budget: Budget) -> None:
    """Let processes of this machine start, and load what they need, while nothing is cut yet."""
    pool = sharing.processes(budget)
    if pool is not None:
        for _ in range(TASKS):
            pool.submit(_loaded)


def _loaded() -> None:
    """Nothing; a worker that is asked for it loads this module."""


def rounds(search: Search, budget: Budget, most_nodes: float) -> Iterator[None]:
    """Work on the open boxes until none is left, yielding now and then; ``BudgetExceeded`` when the time is up."""
    alone = sharing.alone_until(budget)
    while len(search.open) and not search.stuck and len(search.nodes) < most_nodes:
        budget.check()
        if budget.executor is not None and len(search.open) >= (4 * TASKS if budget.elapsed > alone else POOL):
            yield from _shared(search, budget)
            continue
        search.round()
        yield


@dataclass(frozen=True, eq=False)
class BoxesTask:
    """Boxes to work on for some seconds, and their numbers."""

    goal: Goal
    numbers: Numbers
    low: Floats
    high: Floats
    shares: Floats
    budget: Budget
    movable: int | None


def work(task: BoxesTask) -> Search:
    """What a worker finds; some boxes may stay open."""
    # The time begins now: a task may have waited for its worker.
    budget = Budget(min(sharing.TASK_SECONDS, task.budget.remaining))
    search = Search.of(task.goal, task.low, task.high, task.shares, task.movable)
    while len(search.open) and not search.suspects and not search.stuck and budget.remaining > 0:
        search.round()
    search.goal = None  # type: ignore[assignment]  # the caller has it, and it is large
    return search


def _shared(search: Search, budget: Budget) -> Iterator[None]:
    """Let the executor work on the open boxes; those that its workers leave open are handed out again."""

    def tasks(free: int) -> Iterator[BoxesTask]:
        waiting, search.open = search.open, search.open.take(slice(0, 0))
        for start in range(min(free, len(waiting))):
            boxes = waiting.take(slice(start, None, free))
            yield BoxesTask(search.goal, boxes.numbers, boxes.low, boxes.high, boxes.shares, budget, search.movable)

    with closing(sharing.handed_out(budget, work, tasks, TASKS)) as arrivals:
        for arrived in arrivals:
            for task, found in arrived:
                search.graft(task.numbers, found)
            yield
            if search.stuck:
                return
