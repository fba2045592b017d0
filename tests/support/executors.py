"""Executors without processes."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class Counting(Executor):
    """Counts tasks, and runs them in ``pool``, or without one where they are submitted, on what a process would get."""

    def __init__(self, pool: Executor | None = None) -> None:
        self.count = 0
        self.pool = pool

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        if self.pool is not None:
            return self.pool.submit(fn, *args, **kwargs)
        future: Future[Any] = Future()
        try:
            future.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
        except BaseException as error:
            future.set_exception(error)
        return future


class Failing(Executor):
    """Every task ends in the given way; ``cancelled`` counts those that were called back."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.error is not None and not self.futures:
            future.set_exception(self.error)
        self.futures.append(future)
        return future

    @property
    def called_back(self) -> bool:
        return all(future.cancelled() for future in self.futures if not future.done() or future.cancelled())
