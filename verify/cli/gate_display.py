"""What ``verify gate`` shows on a terminal: a line for each claim, more for those that are not as expected."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from verify.cli.console import Console
from verify.gate.decide import Found, Status
from verify.gate.files import ClaimsProblem
from verify.gate.plan import Case
from verify.gate.run import Gate
from verify.gate.words import costs, counted, summary

STYLES: dict[Status, tuple[str, str]] = {
    "expected": ("ok", "green"),
    "unexpected": ("FAIL", "bold red"),
    "undecided": ("UNDECIDED", "bold yellow"),
    "bad input": ("BAD INPUT", "bold red"),
    "internal": ("INTERNAL ERROR", "bold red"),
}
# With more claims than this, those that are as expected are counted only.
MANY = 30


class GateDisplay:
    """Prints what is found as it is found; on a terminal a last line says what is running."""

    def __init__(self, *, verbose: bool = False, quiet: bool = False, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, emoji=False, markup=False)
        self._verbose, self._quiet = verbose, quiet
        self._running: dict[str, Case] = {}
        self._status: Any = None

    @contextmanager
    def progress(self, gate: Gate) -> Iterator[None]:
        """A last line that changes, where there is a terminal for it."""
        if self._quiet or not sys.stderr.isatty() or not gate.cases:
            yield
            return
        self._status = Console(stderr=True).status(f"{counted(len(gate.cases), 'claim')} ...")
        with self._status:
            yield
        self._status = None

    def starts(self, case: Case) -> None:
        """A case has been handed out."""
        self._running[case.key] = case

    def found(self, gate: Gate, found: Found) -> None:
        """Print what was found."""
        self._running.pop(found.case.key, None)
        if self._status is not None:
            bad = sum(f.status != "expected" for f in gate.found)
            names = ", ".join(case.id for case in list(self._running.values())[:2])
            so_far = (
                f"{len(gate.found)} of {len(gate.cases)}, {bad} not as expected"
                if bad
                else (f"{len(gate.found)} of {len(gate.cases)}")
            )
            self._status.update(Text(f"{so_far}{f'; now: {names}' if names else ''}"))
        if self._quiet:
            return
        if found.status != "expected":
            self._failure(found)
        elif self._verbose or len(gate.cases) <= MANY:
            self._line("expected", found.case.id, f"{found.verdict}{', cached' if found.cached else ''}")
        if found.note:
            self._indented(Text(found.note, style="yellow"))

    def _line(self, status: Status, name: str, detail: str) -> None:
        self._headed(status, Text.assemble(name, (f"  {detail}", "dim")))

    def _headed(self, status: Status, text: Text) -> None:
        """The word for the status, and beside it the text, which may need several lines."""
        word, style = STYLES[status]
        row = Table.grid(padding=(0, 2))
        row.add_row(Text(word, style=style), text)
        self.console.print(row)

    def _failure(self, found: Found) -> None:
        case = found.case
        self._headed(found.status, Text(case.id))
        self._indented(Text(f"{case.file}:{case.line}", style="cyan"))
        self._indented(Text(found.message))
        if case.why:
            self._indented(Text(f"why it is claimed: {case.why}", style="italic"))
        if found.command and found.status != "bad input":
            # Not wrapped: a command is there to be copied.
            self.console.print(Text(f"    {found.command}", style="dim"), soft_wrap=True)

    def _indented(self, text: Text) -> None:
        self.console.print(Padding(text, (0, 0, 0, 4), expand=False))

    def _problem(self, problem: ClaimsProblem) -> None:
        self._headed("bad input", Text(f"{problem.file}:{problem.line}" if problem.line else problem.file))
        self._indented(Text(problem.message))

    def end(self, gate: Gate, folder: str | None) -> None:
        """Print the last line."""
        if self._quiet:
            return
        for problem in gate.problems:
            self._problem(problem)
        style = "bold green" if gate.status == 0 and not gate.interrupted else "bold red"
        text = summary(gate) + (f"; {gate.seconds:.1f} s" if gate.cases else "")
        if not gate.cases and not gate.unchanged and not gate.problems:
            text += "; write claims to verify.toml or properties/*.toml ('verify init NETWORK' makes a first file)"
        if gate.interrupted:
            text = f"interrupted; {text}"
        self.console.print(Text(text, style=style))
        if gate.found:
            self.console.print(Text(costs(gate), style="dim"))
        if folder is not None and not gate.problems:
            self.console.print(Text(f"report: {folder}/index.html", style="dim"), soft_wrap=True)
