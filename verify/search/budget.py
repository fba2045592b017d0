"""What one call may use: time, and workers; and what is reported while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from verify.errors import BudgetExceeded


def _silent(_: str) -> None:
    return None


@dataclass
class Budget:
    """A deadline shared by all engines of one call; ``report`` receives a line now and then.

    An ``executor`` gets the parts of a region when splitting it takes long (``verify.search.subtrees``). A pickled
    budget keeps its deadline only.
    """

    seconds: float | None = None
    report: Callable[[str], None] = _silent
    started: float = field(default_factory=time.monotonic)
    executor: Executor | None = None

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
        """Raise ``BudgetExceeded`` when the time is up."""
        if self.remaining <= 0:
            raise BudgetExceeded(f"the time budget of {self.seconds:g} s ran out")


def _sent(remaining: float | None, at: float) -> Budget:
    """The budget in another process; the way there counts."""
    return Budget(None if remaining is None else remaining - max(time.time() - at, 0.0))
