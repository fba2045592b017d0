"""pytest run in a child of a process that has this package loaded: a fraction of the time of a fresh interpreter.

The parent is a small process of its own: the children of a long test run would walk and copy all that it has made.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE, ROOT, environment

# What nearly every such run needs.
LOADED = (
    "hypothesis",
    "lark",
    "scipy.sparse",
    "verify.api",
    "verify.fuzzing",
    "verify.network.examples",
    "verify.report.html",
    "verify.report.index",
    "verify.testing",
    "z3",
)

# Seconds of CPU of each run so far, which the times of this process do not hold.
SPENT: list[float] = []


def run_pytest(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], out: Path) -> int:
    """Run ``python -m pytest ARGUMENTS`` in ``cwd``; returns its exit status, and ``out`` holds what it printed."""
    parent = _parent()
    assert parent.stdin is not None and parent.stdout is not None
    parent.stdin.write(json.dumps([list(arguments), str(cwd), dict(environment), str(out)]) + "\n")
    parent.stdin.flush()
    status, seconds = parent.stdout.readline().split()
    SPENT.append(float(seconds))
    return int(status)


@functools.cache
def _parent() -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forked"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(started.communicate)  # which closes its input: it ends
    return started


def main() -> None:
    """Fork for each line of standard input, and print the exit statuses and the seconds of CPU."""
    for name in LOADED:
        __import__(name)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(*json.loads(line))
        _, status, usage = os.wait4(child, 0)
        print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, flush=True)


def _become(arguments: list[str], cwd: str, given: dict[str, str], out: str) -> None:
    status = 70
    try:
        signal.alarm(int(PATIENCE))
        os.chdir(cwd)
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for stream, source in ((0, nothing), (1, file), (2, file)):
            os.dup2(source, stream)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        os.environ.clear()
        os.environ.update(given)
        sys.path[0] = cwd
        sys.argv = ["pytest", *arguments]
        status = int(pytest.main([*arguments, "-W", "ignore::pytest.PytestAssertRewriteWarning"]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
