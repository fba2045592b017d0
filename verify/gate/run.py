"""Running cases: one after another, or in processes; what is found comes as it is found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from verify.gate.batches import BatchSize, in_time, next_batch
from verify.gate.decide import STATUSES, Found, Status
from verify.gate.files import ClaimsProblem
from verify.gate.plan import Case

# What does the work: gets a case and the seconds left for the whole gate.
Worker = Callable[[Case, float | None], Found]
# A worker process that dies with a case twice is not given it again.
ATTEMPTS = 2


@dataclass
class Gate:
    """A run of the gate: what was found of each case so far, and mistakes in the claims files."""

    cases: Sequence[Case]
    found: list[Found] = field(default_factory=list)
    problems: Sequence[ClaimsProblem] = ()
    unchanged: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def counts(self) -> dict[Status, int]:
        """How many cases have each status."""
        return {status: sum(f.status == status for f in self.found) for status in STATUSES}

    @property
    def status(self) -> int:
        """The exit status: 0 all as expected, else the first that applies of 4, 2, 1, 3."""
        bad_input = bool(self.problems) or not (self.cases or self.unchanged)
        codes = {STATUSES[f.status] for f in self.found} | ({2} if bad_input else set())
        if len(self.found) < len(self.cases) and not bad_input:
            codes.add(3)
        return next((code for code in (4, 2, 1, 3) if code in codes), 0)

    @property
    def searching(self) -> float:
        """Seconds that engines took, added up over the cases and whoever decided them."""
        return sum(found.searching for found in self.found)

    @property
    def checking(self) -> float:
        """Seconds that the kernel took to judge evidence, added up likewise."""
        return sum(found.checking for found in self.found)

    def in_order(self) -> list[Found]:
        """What was found, in the order of the cases."""
        places = {case.key: i for i, case in enumerate(self.cases)}
        return sorted(self.found, key=lambda found: places[found.case.key])


def run_all(
    cases: Sequence[Case],
    work: Worker,
    executor: Callable[[], Executor] | None = None,
    width: int = 1,
    seconds: float | None = None,
    starts: Callable[[Case], None] = lambda case: None,
) -> Iterator[Found]:
    """What is found of each case, as it is found. ``executor`` makes processes (again, if one of them dies).

    At most ``2 * width`` batches are handed out at a time (``verify.gate.batches``). When ``seconds`` are over, the
    rest is left undecided.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    if executor is None:
        for case in cases:
            starts(case)
            yield _late(case) if _left(ends) == 0 else work(case, _left(ends))
        return
    yield from _spread(list(cases), work, executor, width, ends, starts)


def _left(ends: float | None) -> float | None:
    return None if ends is None else max(0.0, ends - time.monotonic())


def _late(case: Case) -> Found:
    return Found(case, "undecided", "not decided: the time for the whole gate ran out")


def decide_some(work: Worker, cases: Sequence[Case], seconds: float | None) -> list[Found]:
    """What a process finds of the first cases of a batch, as many as are done in time."""
    ends = None if seconds is None else time.monotonic() + seconds
    return [work(case, _left(ends)) for case in in_time(cases)]


def _spread(
    cases: list[Case],
    work: Worker,
    make: Callable[[], Executor],
    width: int,
    ends: float | None,
    starts: Callable[[Case], None],
) -> Iterator[Found]:
    pool, attempts = make(), dict.fromkeys((case.key for case in cases), 0)
    waiting, out = cases[::-1], dict[Future[list[Found]], list[Case]]()
    sizes = BatchSize()
    try:
        while waiting or out:
            lost: list[Case] = []
            # After an accident cases go out one at a time: the next one to die did it by itself.
            while waiting and len(out) < (2 * width if attempts[waiting[-1].key] == 0 else 1):
                batch = next_batch(waiting, sizes.next(len(waiting), width), attempts)
                if _left(ends) == 0:
                    yield from map(_late, batch)
                    continue
                try:
                    out[pool.submit(decide_some, work, batch, _left(ends))] = batch
                except BrokenProcessPool:  # one that is out died in the meantime
                    waiting += batch[::-1]
                    break
                for case in batch:
                    starts(case)
            for future in wait(out, return_when=FIRST_COMPLETED)[0]:
                batch = out.pop(future)
                try:
                    found = future.result()
                except BrokenProcessPool:
                    lost += batch
                    continue
                yield from found
                waiting += batch[len(found) :][::-1]
                sizes.answered(len(batch), len(found))
            if not lost:
                continue
            lost += [case for batch in out.values() for case in batch]
            out.clear()
            for case in lost:
                attempts[case.key] += 1
                if attempts[case.key] >= ATTEMPTS and len(lost) == 1:
                    yield Found(case, "internal", "its process died twice (out of memory?); give it more memory")
                else:
                    waiting.append(case)
            pool.shutdown(wait=False, cancel_futures=True)
            pool = make()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
