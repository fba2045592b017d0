"""Two or more processes that answer one task after the other; one that takes too long is killed and replaced."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")

# For the imports of a new process.
STARTUP_SECONDS = 60.0


@dataclass(frozen=True)
class Done(Generic[Task, Answer]):
    """A task with its answer, or with ``failure``: ``killed after 60 s``, ``the process died``, or the error."""

    task: Task
    answer: Answer | None
    failure: str = ""


@dataclass
class _Worker(Generic[Task]):
    process: BaseProcess
    connection: Connection
    task: Task
    deadline: float


def answers(
    work: Callable[[Task], Answer], tasks: Iterable[Task], jobs: int, cap: float, startup: float = STARTUP_SECONDS
) -> Iterator[Done[Task, Answer]]:
    """``work(task)`` for each task, as they come; ``work`` is a function of a module, ``cap`` in seconds a task.

    A new process has ``startup`` seconds more for its first one.
    """
    context = multiprocessing.get_context("spawn")
    rest = iter(tasks)
    done: Done[Task, Answer]
    busy: list[_Worker[Task]] = []
    try:
        for _ in range(jobs):
            for task in rest:
                busy.append(_started(context, work, task, cap + startup))
                break
        while busy:
            ready = wait([w.connection for w in busy], max(0.0, min(w.deadline for w in busy) - time.monotonic()))
            for worker in list(busy):
                if worker.connection in ready:
                    done, is_alive = _received(worker)
                elif time.monotonic() > worker.deadline:
                    done, is_alive = Done(worker.task, None, f"killed after {cap:g} s"), False
                else:
                    continue
                busy.remove(worker)
                if not is_alive:
                    _end(worker)
                for task in rest:
                    busy.append(_next(worker, task, cap) if is_alive else _started(context, work, task, cap + startup))
                    break
                else:
                    _end(worker)
                yield done
    finally:
        for worker in busy:
            _end(worker)


def _started(
    context: multiprocessing.context.SpawnContext, work: Callable[[Task], Answer], task: Task, cap: float
) -> _Worker[Task]:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs), daemon=True)
    process.start()
    theirs.close()
    ours.send(task)
    return _Worker(process, ours, task, time.monotonic() + cap)


def _next(worker: _Worker[Task], task: Task, cap: float) -> _Worker[Task]:
    worker.connection.send(task)
    return _Worker(worker.process, worker.connection, task, time.monotonic() + cap)


def _received(worker: _Worker[Task]) -> tuple[Done[Task, Answer], bool]:
    try:
        answer, failure = worker.connection.recv()
    except EOFError:
        return Done(worker.task, None, "the process died"), False
    return Done(worker.task, answer, failure), True


def _end(worker: _Worker[Task]) -> None:
    worker.process.kill()  # some solvers ignore a polite request
    worker.process.join()
    worker.connection.close()


def _serve(work: Callable[[Task], Answer], connection: Connection) -> None:
    while True:
        try:
            task = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            connection.send((work(task), ""))
        except KeyboardInterrupt:
            return
        except Exception as error:
            connection.send((None, f"{type(error).__name__}: {error}"))
