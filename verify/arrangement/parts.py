"""All cells of a network on a region; where that takes long, workers go on with parts of it, which are joined."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.domain import TooManyCells
from verify.arrangement.enumerate import Arrangement, Run, artificial_facets, lower_bound
from verify.arrangement.joining import Finished, join
from verify.search.budget import Budget
from verify.search.dividing.sharing import alone_until, handed_out

# An executor gets parts when there are so many cells, and so many parts.
FEWEST_CELLS, PARTS = 2000, 8


def arrangement(found: Arrangement, budget: Budget, limit: int | None = None) -> Arrangement:
    """Cut a beginning with every unit of the network; ``TooManyCells`` when there are more than ``limit`` cells."""
    run, alone = Run.of(found, limit), alone_until(budget)

    def is_long() -> bool:
        return found.complex.cell_count >= FEWEST_CELLS and budget.elapsed > alone

    if not run.go_on(budget, is_long):
        _share(run, budget)
    return found


def _share(run: Run, budget: Budget) -> None:
    """Let the executor's workers go on with parts, and join what they make of them."""
    found = run.found
    parts = [run.part(cells) for cells in divided(run, PARTS)]
    finished = _finished_by_workers(found, run.limit, [part for part, _ in parts], budget)
    budget.check()
    budget.report("joining the parts")
    join(found, finished, [numbers for _, numbers in parts])
    if run.limit is not None and found.complex.cell_count > run.limit < lower_bound(found):
        raise TooManyCells(f"more than {run.limit} cells")


def divided(run: Run, number: int) -> list[Ids]:
    """The cells in so many parts, by their patterns: the first units' signs tell most of the parts apart."""
    keys, now = [run.bits.rows], run.base.rows
    for layer in reversed(run.found.layers):
        keys.insert(0, layer.bits[now])
        now = layer.parents[now]
    order = np.lexsort(np.concatenate(keys, axis=1).T[::-1])
    return [part.astype(np.int32) for part in np.array_split(order, min(number, len(order)))]


@dataclass(frozen=True, eq=False)
class UnfinishedPart:
    """A part for a worker, and how many cells it has so far."""

    place: int
    run: Run
    cells: int
    budget: Budget


def finish(task: UnfinishedPart) -> Finished:
    """What a worker does."""
    found, history = task.run.found, task.run.history
    known = len(found.layers)
    task.run.go_on(task.budget)
    assert found.outputs is not None and history is not None
    return Finished(
        found.complex,
        found.points,
        found.errors,
        found.form_rows,
        found.form_errors,
        found.form_sources,
        found.layers[known:],
        found.outputs,
        history,
        artificial_facets(found),
    )


def _finished_by_workers(found: Arrangement, limit: int | None, runs: Sequence[Run], budget: Budget) -> list[Finished]:
    """All parts, or ``BudgetExceeded``; cells of parts that are done count for the lower bound in any case."""
    waiting = (UnfinishedPart(place, run, run.found.complex.cell_count, budget) for place, run in enumerate(runs))
    result: dict[int, Finished] = {}
    try:
        with closing(handed_out(budget, finish, lambda free: islice(waiting, free), len(runs))) as arrivals:
            for arrived in arrivals:
                for task, part in arrived:
                    result[task.place] = part
                    found.beyond += max(part.complex.cell_count - part.artificial - task.cells, 0)
                if limit is not None and lower_bound(found) > limit:
                    raise TooManyCells(f"more than {limit} cells")
                budget.report(f"{len(result)} of {len(runs)} parts: {lower_bound(found)} cells and more")
    except TooManyCells:  # one part has too many by itself, or all together
        assert limit is not None
        found.beyond += max(limit + 1 - lower_bound(found), 0)
        raise
    return [result[place] for place in range(len(runs))]
