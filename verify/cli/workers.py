"""Processes that share long work; none is started before there is some."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from verify.cli.cores import one_thread
from verify.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import Executor, ProcessPoolExecutor


def jobs_option(command: click.decorators.FC) -> click.decorators.FC:
    """``--jobs N``."""
    text = "Processes that share the parts of a region when splitting it takes long."
    return click.option("--jobs", metavar="N", default="1", show_default=True, help=text)(command)


def sharing_options(command: click.decorators.FC) -> click.decorators.FC:
    """``--jobs N`` and ``--executor ADDRESS``, for commands whose answer the kernel judges."""
    text = "A cluster whose workers share them instead; the kernel judges what they send."
    return jobs_option(click.option("--executor", "address", metavar="dask://HOST:PORT", help=text)(command))


@contextmanager
def workers(jobs: str, address: str | None = None) -> Iterator[Executor | None]:
    """An executor with so many processes, None for one, or a cluster; what they still do at the end is given up."""
    number = count(jobs)
    if address is not None:
        yield from _cluster(number, address)
        return
    if number == 1:
        yield None
        return
    import multiprocessing

    one_thread()  # for the workers, which are started later: each has one core
    before = set(multiprocessing.active_children())
    pool = pool_of(number)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - before:
            process.kill()


def _cluster(jobs: int, address: str) -> Iterator[Executor]:
    from verify.search.cluster import connect
    from verify.search.dividing.sent import DataExecutor

    if jobs != 1:
        raise InputError("--jobs and --executor: the parts go to one of them; leave one out")
    connection = connect(address)
    try:
        yield DataExecutor(connection.executor)
    finally:
        connection.close()


def count(jobs: str, tasks: int = 1) -> int:
    """The number that ``--jobs`` says; ``auto`` is one for each core, and no more than there are tasks."""
    if jobs == "auto":
        return max(1, min(len(os.sched_getaffinity(0)), tasks))
    if not jobs.isdecimal() or not 1 <= int(jobs[:5]) <= 1024:
        raise InputError(f"--jobs {jobs[:40]}: expected a number from 1 to 1024")
    return int(jobs)


def pool_of(number: int) -> ProcessPoolExecutor:
    """So many processes, started when there is work."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    return ProcessPoolExecutor(number, multiprocessing.get_context("spawn"), initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that started them; it ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
