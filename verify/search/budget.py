"""Time budgets, and what is reported while they run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from verify.errors import BudgetExceeded


def _silent(_: str) -> None:
    return None


@dataclass
class Budget:
    """A deadline shared by all engines of one call; ``report`` receives a line now and then."""

    seconds: float | None = None
    report: Callable[[str], None] = _silent
    started: float = field(default_factory=time.monotonic)

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
