"""What makes the kernel fast and is no part of what it says: results of pure functions that are kept, and threads.

A result is kept with the very objects that it was made of. Search asks for the same numbers as the check after it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import numpy as np

S = TypeVar("S")
T = TypeVar("T")
THREADS = 2


class Memory(Generic[T]):
    """The last few results of one function."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, tuple[tuple[object, ...], T]] = {}
        self._lock = threading.Lock()

    def of(self, objects: tuple[object, ...], value: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gave for these immutable objects and this value, or gives now."""
        key = (*map(id, objects), value)
        found = self._kept.get(key)
        if found is not None and all(a is b for a, b in zip(found[0], objects, strict=True)):
            return found[1]
        result = make()
        with self._lock:
            self._kept.pop(key, None)
            while len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = objects, result
        return result

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()


def in_threads(function: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """The function of each item, in order; few items are taken ahead."""
    with ThreadPoolExecutor(THREADS) as pool:
        begun: deque[Future[T]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > 2 * THREADS:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def keep_memory() -> None:
    """Let the C library keep the memory of arrays that are freed, up to some 32 MiB, for those that come next.

    Else it gives each back to the system, and every new one costs a page fault for each 4 KiB. glibc raises its bounds
    for this once so large an array is freed; elsewhere this does nothing.
    """
    np.empty((1 << 25) - (1 << 16), dtype=np.uint8)


def frozen(values: Any) -> None:
    """Arrays that are kept are not written to."""
    values.setflags(write=False)
