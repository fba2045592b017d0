"""Open parts in the hands of an executor: when there are enough of them, how many at a time, and what ends it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import TYPE_CHECKING, TypeVar

from verify.errors import BudgetExceeded
from verify.search.budget import Budget
from verify.search.dividing.loop import DepthFirst, Open, P

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

# An executor gets parts after so many seconds without one, when there are so many, and so many at a time.
ALONE_SECONDS, PARTS = 1.0, 32
# How long a worker goes on where it may leave parts open; how often who waits for workers looks at the clock.
TASK_SECONDS, WAKE_SECONDS = 1.0, 0.5

T = TypeVar("T")
R = TypeVar("R")


def alone_until(budget: Budget) -> float:
    """When, in seconds of the budget, parts are handed out; never without an executor."""
    return math.inf if budget.executor is None else budget.elapsed + ALONE_SECONDS


def processes(budget: Budget) -> ProcessPoolExecutor | None:
    """The budget's executor if it has processes on this machine, which are trusted and get any function."""
    if budget.executor is None:
        return None
    from concurrent.futures import ProcessPoolExecutor  # loads multiprocessing

    return budget.executor if isinstance(budget.executor, ProcessPoolExecutor) else None


class Gathering(DepthFirst[P]):
    """Depth first, until parts may be handed out; then breadth first, until there are enough for that."""

    def __init__(self, parts: Sequence[Open[P]], budget: Budget, is_ready: Callable[[], bool] = lambda: True) -> None:
        super().__init__(parts)
        self.budget, self.alone, self.is_ready = budget, alone_until(budget), is_ready

    @property
    def gathers(self) -> bool:
        """Whether parts may be handed out."""
        return self.budget.elapsed > self.alone and self.is_ready()

    def take(self) -> Open[P]:
        """The newest one; the oldest, which is a large one, to gather more."""
        return self.parts.pop(0 if self.gathers else -1)

    def is_enough(self) -> bool:
        """Whether to hand them out."""
        return len(self) >= PARTS and self.gathers


class ForAWhile(DepthFirst[P]):
    """Depth first, for ``TASK_SECONDS``."""

    def __init__(self, parts: Sequence[Open[P]]) -> None:
        super().__init__(parts)
        self.until = time.monotonic() + TASK_SECONDS

    def is_enough(self) -> bool:
        """Whether they are over."""
        return time.monotonic() >= self.until


def handed_out(
    budget: Budget, work: Callable[[T], R], tasks: Callable[[int], Iterable[T]], most: int
) -> Generator[list[tuple[T, R]]]:
    """Give tasks to the budget's executor, ``most`` at a time, until ``tasks`` (asked for so many) has no more.

    Yields what has arrived, every ``WAKE_SECONDS`` at least. ``BudgetExceeded`` where time runs out, or a worker dies;
    whatever ends it, tasks that have not begun are called back: whoever stops reading before its end closes it.
    """
    futures: dict[Future[R], T] = {}
    try:
        while True:
            for task in tasks(most - len(futures)) if len(futures) < most else ():
                assert budget.executor is not None
                futures[budget.executor.submit(work, task)] = task
            if not futures:
                return
            done, _ = wait(futures, timeout=min(budget.remaining, WAKE_SECONDS), return_when=FIRST_COMPLETED)
            yield [(futures.pop(future), future.result()) for future in done]
            budget.check()
    except BudgetExceeded:
        budget.check()  # a worker's deadline is this one, but it knows only what was left
        raise
    except BrokenExecutor as error:
        raise BudgetExceeded("a worker process died") from error
    finally:
        for future in futures:
            future.cancel()
