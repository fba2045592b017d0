"""Calling the command line, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verify.cli.run import run

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-c", "from verify.cli import main; main()")
# For subprocesses that must end by themselves: generous, since machines are shared.
PATIENCE = 120.0


@dataclass(frozen=True)
class Called:
    """What one call of the command line gave."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON object, which it must be from its first character to its last."""
        data = json.loads(self.out)
        assert isinstance(data, dict)
        return data

    @property
    def steady(self) -> str:
        """Standard output without the seconds."""
        return re.sub(r"\d+\.\d{3} s", "* s", self.out)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Called:
    """Run one command in this process."""
    capsys.readouterr()
    status = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Called(status, captured.out, captured.err)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def spawn(*arguments: str | Path, cwd: Path) -> Called:
    """Run one command in a process of its own."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Called(done.returncode, done.stdout, done.stderr)


def start(*arguments: str | Path, cwd: Path, program: tuple[str, ...] = PROGRAM) -> subprocess.Popen[str]:
    """Start one command and leave it running."""
    return subprocess.Popen(
        [*program, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background of a shell ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )


_LINES = re.compile(r"^  The same in Python, without this package:\n.*?^# exactly: [^\n]*\n", re.DOTALL | re.MULTILINE)
_WHERE = re.compile(
    r"^  (--report DIR writes lines of Python|The same without this package: python) .*\n", re.MULTILINE
)


def without_lines(text: str) -> str:
    """What a command prints but for the lines of Python that end a refutation: pages of the docs leave them out."""
    return _WHERE.sub("", _LINES.sub("", text))
