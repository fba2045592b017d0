"""Running one function in a process of its own, which is killed when its time is up."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Ready(Protocol):
    """Tells the parent that the time limit begins now: the cap, or as many ``seconds``."""

    def __call__(self, seconds: float | None = None) -> None: ...


Work = Callable[[Ready], T]

# Reading a network and making a query; not part of any measured time.
SETUP_SECONDS = 600.0
# A tool that needs more address space than this fails.
MEMORY = 12 * 2**30
# A tool with a time limit of its own may report that it was reached.
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Measured(Generic[T]):
    """The result, or why there is none: ``timeout``, or the error. Memory is the peak of the process, in MB."""

    result: T | None
    failure: str = ""
    memory: float | None = None


def run(work: Work[T], cap: float, setup: float = SETUP_SECONDS) -> Measured[T]:
    """Call ``work(ready)`` in a fresh process; from the last ``ready()`` on it has ``cap`` seconds or as it asks.

    Until then it has ``setup`` seconds, and always ``MEMORY`` bytes of address space.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        return _received(ours, cap, setup)
    finally:
        process.kill()  # some solvers ignore a polite request
        process.join()


def _received(connection: Connection, cap: float, setup: float) -> Measured[T]:
    limit, is_started = time.monotonic() + setup, False
    while connection.poll(max(0.0, limit - time.monotonic())):
        try:
            kind, payload, memory = connection.recv()
        except EOFError:
            return Measured(None, "the process died")
        if kind == "ready":
            limit, is_started = time.monotonic() + (cap if payload is None else payload) + GRACE_SECONDS, True
        else:
            return Measured(payload, "", memory) if kind == "result" else Measured(None, payload, memory)
    return Measured(None, "timeout" if is_started else f"not set up within {setup:g} s")


def _child(work: Work[T], connection: Connection) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def ready(seconds: float | None = None) -> None:
        connection.send(("ready", seconds, None))

    try:
        result = work(ready)
        connection.send(("result", result, peak_memory()))
    except Exception as error:
        connection.send(("error", f"{type(error).__name__}: {error}", peak_memory()))


def peak_memory() -> float:
    """The largest resident size of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage also counts what the parent held when it started this process
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
