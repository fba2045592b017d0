"""How many cores one process takes: said to the libraries before they are loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence


def share_cores(arguments: Sequence[str]) -> None:
    """Where ``--jobs`` asks for processes, let this one use one core, too: before NumPy, which reads it once, loads.

    Threads of a BLAS that wait for a core that is busy spin: they took half of the time. By default OpenBLAS also
    lets each of them spin for 2^26 ticks before it sleeps, once at the start: a sixth of a small command's time.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")
    if any(argument.partition("=")[0] == "--jobs" for argument in arguments):
        one_thread()


def one_thread() -> None:
    """One core for each library that asks the environment how many it may take; what is set already stays."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
