"""Progress of long work: one line that changes, on a terminal only."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Progress:
    """A context in which ``line`` shows what is going on; silent when standard error is not a terminal."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._status: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from verify.cli.console import Console

            self._status = Console(stderr=True).status(f"{self.title} ...")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def line(self, text: str) -> None:
        """Show what is being done now."""
        if self._status is not None:
            self._status.update(f"{self.title}: {text}")
