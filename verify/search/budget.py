"""What one call may use: time, and workers; and what is reported while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from verify.errors import BudgetExceeded, InputError


def _silent(_: str) -> None:
    return None


@dataclass
class Budget:
    """A deadline shared by all engines of one call; ``report`` receives a line now and then.

    ``work`` bounds the steps that the engines count (``check`` is called once for each: a part of the region, a unit, a
    linear program, ...): the same claim takes the same steps on every machine, so that a slow one changes no answer.
    An ``executor`` gets the parts of a region when splitting it takes long (``verify.search.dividing.sharing``).
    A pickled budget keeps its deadline only.
    """

    seconds: float | None = None
    report: Callable[[str], None] = _silent
    started: float = field(default_factory=time.monotonic)
    executor: Executor | None = None
    work: int | None = None
    spent: list[int] = field(default_factory=lambda: [0])  # shared by copies of a budget

    def __post_init__(self) -> None:
        if self.work is not None and self.executor is not None:
            raise InputError("work is counted in one process; leave out the executor (--jobs), or bound the time")

    def __reduce__(self) -> tuple[Any, ...]:
        return _sent, (None if self.seconds is None else self.remaining, time.time())

    @property
    def remaining(self) -> float:
        """Seconds left; infinite without a limit."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - (time.monotonic() - self.started)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def check(self) -> None:
        """Count a step of work; raise ``BudgetExceeded`` when work or time is used up."""
        self.spent[0] += 1
        if self.work is not None and self.spent[0] > self.work:
            raise BudgetExceeded(f"the budget of {self.work} steps of work ran out")
        if self.remaining <= 0:
            raise BudgetExceeded(f"the time budget of {self.seconds:g} s ran out")


def _sent(remaining: float | None, at: float) -> Budget:
    """The budget in another process; the way there counts."""
    return Budget(None if remaining is None else remaining - max(time.time() - at, 0.0))
