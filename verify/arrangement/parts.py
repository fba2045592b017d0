"""All cells of a network on a region: an enumeration with many cells goes on in parts, which are joined.

A unit that cuts looks at every face of its complex, but misses most parts of the region, which one look at all vertices
of a part tells (``Run.part``). So time grows little faster than the number of cells. Workers may have parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.domain import TooManyCells
from verify.arrangement.enumerate import Arrangement, Run
from verify.arrangement.joining import Finished, join
from verify.rational import Floats
from verify.search.budget import Budget
from verify.search.dividing.sharing import PARTS, alone_until, handed_out

# What has so many cells is divided into 2**HALVINGS parts, if so many units are left.
FEWEST_CELLS, HALVINGS, FEWEST_UNITS = 32000, 2, 150
# An executor gets parts where what is left may take so many seconds: its processes take one to start.
WORTH_SHARING = 4.0
# What has so few cells is not shared; so many tasks are made of what is.
FEWEST_SHARED, TASKS = 2000, 16
# Vertices whose last coordinate is smaller are far away, or at infinity.
FAR = 2.0**-30


@dataclass(eq=False)
class ComplexPart:
    """A run; as a part of another one, the numbers that its faces have there, and its share of the whole region."""

    run: Run
    whole: ComplexPart | None = None
    faces: list[Ids] = field(default_factory=list)
    share: float = 1.0
    parts: list[ComplexPart] = field(default_factory=list)
    finished: Finished | None = None

    def __post_init__(self) -> None:
        self.known_layers = len(self.run.found.layers)

    def divide(self, budget: Budget) -> list[ComplexPart]:
        """Its parts, to be worked on."""
        groups = divided(self.run.found)
        budget.check()
        parts = (self.run.part(cells, budget) for cells in groups)
        self.parts = [ComplexPart(run, self, faces, self.share / len(groups)) for run, faces in parts]
        return self.parts

    def finish(self, made: Finished, budget: Budget) -> None:
        """Enter what was made of it, and join what it is part of if that was the last part."""
        self.finished = made
        whole = self.whole
        if whole is None:
            return
        parts = [part.finished for part in whole.parts if part.finished is not None]
        if len(parts) == len(whole.parts):
            budget.check()
            history = join(whole.run.found, parts, [part.faces for part in whole.parts])
            whole.parts = []
            whole.finish(whole.made(history), budget)

    def made(self, later: dict[tuple[int, int], list[Ids]]) -> Finished:
        """What is known when all units have cut; ``later`` is what parts of it divided."""
        found = self.run.found
        assert found.outputs is not None
        return Finished(
            found.complex,
            found.points,
            found.errors,
            found.form_rows,
            found.form_errors,
            found.form_sources,
            found.layers[self.known_layers :],
            found.outputs,
            {**(self.run.history or {}), **later},
        )


def arrangement(found: Arrangement, budget: Budget, limit: int | None = None) -> Arrangement:
    """Cut a beginning with every unit of the network; ``TooManyCells`` when there are more than ``limit`` cells."""
    began, alone = budget.elapsed, alone_until(budget)
    run = Run.of(found, limit)
    units = run.units_left

    def is_time(done: float) -> bool:
        share = done or 1 - run.units_left / units  # later units take longer than earlier ones
        now = budget.elapsed
        return now > alone and (now - began) * (1 - share) >= WORTH_SHARING * share

    waiting = finish([ComplexPart(run)], budget, is_time)
    if waiting:
        _share(_enough(waiting, budget), found, limit, budget)
    return found


def is_large(run: Run) -> bool:
    """Whether to divide it."""
    return run.found.complex.cell_count >= FEWEST_CELLS and run.units_left >= FEWEST_UNITS


def finish(
    waiting: list[ComplexPart], budget: Budget, is_time: Callable[[float], bool] = lambda done: False
) -> list[ComplexPart]:
    """Work on parts depth first; returns those that wait when, with such a share of the region done, it is time."""
    done = 0.0

    def pauses() -> bool:
        return is_large(part.run) or (is_shareable(part) and is_time(done))

    def is_shareable(part: ComplexPart) -> bool:
        return bool(waiting) or part.run.found.complex.cell_count >= FEWEST_SHARED

    while waiting:
        part = waiting.pop()
        if part.run.go_on(budget, pauses):
            done += part.share
            part.finish(part.made({}), budget)
            budget.report(f"{part.run.found.tally.cells} cells, and about {done:.0%} of the region done")
        elif is_large(part.run):
            waiting += part.divide(budget)
        else:
            waiting.append(part)
            return waiting
        if len(waiting) > 1 and is_time(done):
            return waiting
    return []


def _enough(waiting: list[ComplexPart], budget: Budget) -> list[ComplexPart]:
    """The parts that wait, the largest ones divided until every worker may have a few."""
    while len(waiting) < TASKS:
        part = max(waiting, key=lambda part: part.share)
        if part.run.found.complex.cell_count < FEWEST_SHARED:
            break
        waiting.remove(part)
        waiting += part.divide(budget)
    return waiting


def divided(found: Arrangement, whole: Ids | None = None) -> list[Ids]:
    """The polytopes in parts of equal numbers, each of some that are near one another.

    Those with the same number in ``whole`` come into the same part.
    """
    places = _middles(found)
    if whole is not None:
        places = places[np.unique(whole, return_index=True)[1]]
    groups = [np.arange(len(places), dtype=np.int32)]
    for _ in range(HALVINGS):
        groups = [half for group in groups for half in _halves(places, group)]
    if whole is not None:
        groups = [np.flatnonzero(np.isin(whole, group)).astype(np.int32) for group in groups]
    return [group for group in groups if len(group)]


def _middles(found: Arrangement) -> Floats:
    """A place within each cell, as shares of the region's extent: the mean of those of its facets, and so on."""
    points = found.points.rows
    places = points[:, :-1] / points[:, -1:] if (points[:, -1] > FAR).all() else points
    for level in found.complex.levels[1:]:
        up, down = level.up.rows, level.down.rows
        sums = [np.bincount(up, weights=column[down], minlength=level.count) for column in places.T]
        places = np.stack(sums, axis=1) / np.bincount(up, minlength=level.count)[:, None]
    extent = np.ptp(places, axis=0)
    return np.asarray(places / np.where(extent > 0, extent, 1.0))


def _halves(places: Floats, group: Ids) -> tuple[Ids, Ids]:
    """The group divided in the middle of its longest direction."""
    if len(group) < 2:
        return group, group[:0]
    mine = places[group]
    order = np.argsort(mine[:, np.ptp(mine, axis=0).argmax()], kind="stable")
    middle = len(group) // 2
    return np.sort(group[order[:middle]]), np.sort(group[order[middle:]])


@dataclass(frozen=True, eq=False)
class PartTask:
    """A part for a worker."""

    run: Run
    budget: Budget


def finish_task(task: PartTask) -> tuple[Finished, int]:
    """What a worker does: makes all of a part, and counts the cells that it has more than before."""
    tally = task.run.found.tally
    before = tally.cells
    part = ComplexPart(task.run)
    finish([part], task.budget)
    assert part.finished is not None
    return part.finished, tally.cells - before


def _share(waiting: list[ComplexPart], found: Arrangement, limit: int | None, budget: Budget) -> None:
    """Let the executor's workers finish the parts that wait, the largest ones first."""
    tally, left = found.tally, sum(part.share for part in waiting)
    order = sorted(waiting, key=lambda part: -part.share)
    places: dict[int, ComplexPart] = {}

    def tasks(free: int) -> Iterator[PartTask]:
        while order and free > 0:
            free -= 1
            task = PartTask(order[0].run, budget)
            places[id(task)] = order.pop(0)
            yield task

    try:
        with closing(handed_out(budget, finish_task, tasks, PARTS)) as arrivals:
            for arrived in arrivals:
                for task, (made, more) in arrived:
                    part = places.pop(id(task))
                    tally.cells += more
                    left -= part.share
                    part.finish(made, budget)
                if limit is not None and tally.cells > limit:
                    raise TooManyCells(f"more than {limit} cells")
                budget.report(f"{tally.cells} cells, and about {1 - left:.0%} of the region done")
    except TooManyCells:  # one part has too many by itself, or all together
        assert limit is not None
        tally.cells = max(tally.cells, limit + 1)
        raise
