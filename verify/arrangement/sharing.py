"""All cells of a network on a region; where that takes long, workers go on with parts of it, which are joined."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.domain import TooManyCells
from verify.arrangement.enumerate import Arrangement, Run, artificial_facets, lower_bound
from verify.arrangement.joining import Finished, join
from verify.errors import BudgetExceeded
from verify.search.budget import Budget

# An executor gets parts after so many seconds without one, when there are so many cells; and so many parts.
ALONE_SECONDS, FEWEST_CELLS, PARTS = 2.0, 2000, 8
WAKE_SECONDS = 0.5


def arrangement(found: Arrangement, budget: Budget, limit: int | None = None) -> Arrangement:
    """Cut a beginning with every unit of the network; ``TooManyCells`` when there are more than ``limit`` cells."""
    run, alone = Run.of(found, limit), budget.elapsed + ALONE_SECONDS

    def is_long() -> bool:
        return budget.executor is not None and found.complex.cell_count >= FEWEST_CELLS and budget.elapsed > alone

    if not run.go_on(budget, is_long):
        _share(run, budget)
    return found


def _share(run: Run, budget: Budget) -> None:
    """Let the executor's workers go on with parts, and join what they make of them."""
    found = run.found
    parts = [run.part(cells) for cells in divided(run, PARTS)]
    finished = _finished_by_workers(run, parts, budget)
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


def finish(run: Run, budget: Budget) -> Finished:
    """What a worker does."""
    found = run.found
    known = len(found.layers)
    run.go_on(budget)
    assert found.outputs is not None and run.history is not None
    return Finished(
        found.complex,
        found.points,
        found.errors,
        found.form_rows,
        found.form_errors,
        found.form_sources,
        found.layers[known:],
        found.outputs,
        run.history,
        artificial_facets(found),
    )


def _finished_by_workers(run: Run, parts: Sequence[tuple[Run, list[Ids]]], budget: Budget) -> list[Finished]:
    """All parts, or ``BudgetExceeded``; cells of parts that are done count for the lower bound in any case."""
    assert budget.executor is not None
    places = {budget.executor.submit(finish, part, budget): place for place, (part, _) in enumerate(parts)}
    result: dict[int, Finished] = {}
    waiting = set(places)
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=min(budget.remaining, WAKE_SECONDS), return_when=FIRST_COMPLETED)
            for future in done:
                place = places[future]
                part = result[place] = future.result()
                run.found.beyond += max(part.complex.cell_count - part.artificial - len(parts[place][1][-1]), 0)
            if run.limit is not None and lower_bound(run.found) > run.limit:
                raise TooManyCells(f"more than {run.limit} cells")
            budget.check()
            budget.report(f"{len(result)} of {len(parts)} parts: {lower_bound(run.found)} cells and more")
    except TooManyCells:  # one part has too many by itself, or all together
        assert run.limit is not None
        run.found.beyond += max(run.limit + 1 - lower_bound(run.found), 0)
        raise
    except BudgetExceeded:
        budget.check()  # a worker's deadline is this one, but it knows only what was left
        raise
    except BrokenExecutor as error:
        raise BudgetExceeded("a worker process died") from error
    finally:
        for future in waiting:
            future.cancel()
    return [result[place] for place in range(len(parts))]
