"""Rich's console, which leaves a closed pipe to whoever runs the command."""

from __future__ import annotations

from typing import NoReturn

import rich.console


class Console(rich.console.Console):
    """As Rich's own, but a closed pipe is not its status 1, which means refuted."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise what writing raised."""
        raise BrokenPipeError
