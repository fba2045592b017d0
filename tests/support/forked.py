"""pytest run in a child process that has this one's modules loaded: a tenth of the time of a fresh interpreter."""

from __future__ import annotations

import os
import signal
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE

# What is needed by nearly every such run, loaded once in the parent.
LOADED = ("verify.api", "verify.report.html", "verify.report.index", "verify.testing", "z3")


def run_pytest(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path) -> int:
    """Run ``python -m pytest ARGUMENTS`` in ``cwd``; returns its exit status, and ``out`` holds what it printed."""
    for name in LOADED:
        __import__(name)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # forking beside xdist's threads, which hold no lock of ours
        child = os.fork()
    if not child:
        _become(arguments, cwd, environment, out)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _become(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path) -> None:
    status = 70
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(PATIENCE))
        os.chdir(cwd)
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(file, stream)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        os.environ.clear()
        os.environ.update(environment)
        sys.path.insert(0, str(cwd))
        sys.argv = ["pytest", *arguments]
        status = int(pytest.main(list(arguments)))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
