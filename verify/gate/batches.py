"""How many cases are handed out together: as many as one worker decides in about a second.

Handing out a case and taking its answer costs milliseconds, on a cluster more; tiny claims cost less than that. Nobody
knows beforehand which are tiny, so a worker stops after ``SECONDS`` and gives the rest of its batch back.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from verify.gate.plan import Case

Item = TypeVar("Item")
SECONDS = 1.0
MOST = 32


def in_time(items: Iterable[Item]) -> Iterator[Item]:
    """The items, one at least, until ``SECONDS`` have passed since the first was asked for."""
    started = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - started > SECONDS:
            return


@dataclass
class BatchSize:
    """The size of the next batch: it doubles while whole batches come back, and falls to what was done of one."""

    size: int = 1

    def next(self, waiting: int, width: int) -> int:
        """The next one's size, when so many cases wait for so many workers; near the end all should have work."""
        return max(1, min(self.size, waiting // (2 * width)))

    def answered(self, sent: int, done: int) -> None:
        """A batch of ``sent`` cases came back with ``done`` of them."""
        self.size = max(self.size, min(MOST, 2 * sent)) if done == sent else max(1, done)


def next_batch(waiting: list[Case], size: int, accidents: Mapping[str, int]) -> list[Case]:
    """Take the next cases from the end of ``waiting``; one that was lost before goes alone."""
    batch = [waiting.pop()]
    if accidents[batch[0].key]:
        return batch
    while waiting and len(batch) < size and not accidents[waiting[-1].key]:
        batch.append(waiting.pop())
    return batch
