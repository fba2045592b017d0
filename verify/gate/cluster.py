"""Cases decided by the workers of a cluster, whose answers are data that the kernel judges here.

A worker gets a batch of cases as JSON and answers with JSON: for each a record, or why there is none. What it says is
used like an entry of the cache: the claim is made here, of the files that are here, and the kernel replays the
evidence. What it does not accept is an internal error. Workers must see networks and data under the same paths.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from verify.gate.batches import SECONDS, BatchSize, in_time, next_batch
from verify.gate.decide import Decided, Found, decide_case, decide_with, recalled_case
from verify.gate.filling import from_here
from verify.gate.plan import Case
from verify.gate.work import GateWork, finish
from verify.search.cluster import connect
from verify.search.dividing.sent import is_lost

# A case that was lost so often (with its worker, or with the scheduler) is given up.
ATTEMPTS = 4
MAX_ANSWER = 1 << 28
WAKE_SECONDS = 1.0
# What an answer may take on top of the claim's time: starting the worker's engines, the way there and back. A claim
# that only ``work`` bounds has the second number of seconds.
MARGIN_SECONDS = 30.0
UNTIMED_SECONDS = 3600.0


def answer(question: str) -> str:
    """What a worker does: decide the first cases of a JSON text, as many as are done in time; returns a JSON text."""
    return json.dumps([_answer(one["case"], one["seconds"]) for one in in_time(json.loads(question))])


def _answer(given: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    case = Case(**{**given, "let": tuple(map(tuple, given["let"])), "outputs": _tuple(given["outputs"])})
    found = decide_case(case, seconds).found
    return {"status": found.status, "message": found.message, "seconds": found.searching, "record": found.record}


def _tuple(value: list[int] | None) -> tuple[int, ...] | None:
    return tuple(value) if value is not None else None


def question(cases: Sequence[Case], seconds: Sequence[float | None]) -> str:
    """Cases as JSON, each with the seconds that it may take."""
    sent = [{"case": asdict(_from_root(case)), "seconds": own} for case, own in zip(cases, seconds, strict=True)]
    return json.dumps(sent)


def _from_root(case: Case) -> Case:
    """The case with absolute names of its networks, and of the files in its region or formula."""
    here = Path.cwd()
    return replace(
        case,
        network=_absolute(case.network),
        to=_absolute(case.to) if case.to is not None else None,
        let=tuple((name, _absolute(network)) for name, network in case.let),
        on=from_here(case.on, here),
        formula=from_here(case.formula, here) if case.formula is not None else None,
    )


def _absolute(name: str) -> str:
    return os.path.abspath(name) if os.path.exists(name) else name


def is_for_workers(case: Case) -> bool:
    """Whether the kernel can judge a worker's answer: a solver's word is nothing to replay, families are quick."""
    from verify.formats.toml_family import is_family

    return case.engine == "auto" and not is_family(case.network)


@dataclass(frozen=True)
class _Out:
    """A batch that is out since ``start``; the time that it may take, and the ``seconds`` for its answer to come."""

    cases: list[Case]
    own: float
    seconds: float
    start: float

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.start > self.seconds


def _taken_back(out: dict[Future[str], _Out]) -> list[_Out]:
    """Take the batches that are late out of ``out``."""
    late = []
    for future, sent in list(out.items()):
        if sent.is_late and not future.done():
            del out[future]
            future.cancel()
            late.append(sent)
    return late


@dataclass
class Cluster:
    """An executor whose workers are not trusted, and need not answer.

    ``width`` is the number of batches that they decide at a time, ``margin`` how many seconds an answer may be late.
    """

    executor: Executor
    width: int
    margin: float = MARGIN_SECONDS

    def run(
        self, cases: Sequence[Case], work: GateWork, seconds: float | None, starts: Callable[[Case], None]
    ) -> Generator[Found]:
        """What is found of each case, once each, as it is found.

        What the cache knows is replayed here. At most ``2 * width`` batches are out at a time; what is lost, or late,
        of a batch of several goes out again alone. A case whose answer is late is left undecided. Where so many in a
        row are late that every worker must have had one, the workers are given up, and so is what is still to decide.
        """
        run = _Run(self, work, None if seconds is None else time.monotonic() + seconds, starts, list(cases)[::-1])
        try:
            while run.waiting or run.out:
                yield from run.hand_out()
                yield from run.collect()
        finally:
            for future in run.out:
                future.cancel()


class _Run:
    """Where the cases of one run are: waiting, or out; how often each was lost, and what was wrong with the cache."""

    def __init__(
        self, cluster: Cluster, work: GateWork, ends: float | None, starts: Callable[[Case], None], waiting: list[Case]
    ) -> None:
        self.cluster, self.work, self.ends, self.starts, self.waiting = cluster, work, ends, starts, waiting
        self.out: dict[Future[str], _Out] = {}
        self.lost = dict.fromkeys((case.key for case in waiting), 0)
        self.notes: dict[str, str] = {}
        self.sizes = BatchSize()
        self.late = 0

    def left(self) -> float | None:
        return None if self.ends is None else max(0.0, self.ends - time.monotonic())

    def hand_out(self) -> Iterator[Found]:
        """Send batches while workers have little to do; yields what needs no worker."""
        width = self.cluster.width
        while self.waiting and len(self.out) < 2 * width:
            batch = []
            for case in next_batch(self.waiting, self.sizes.next(len(self.waiting), width), self.lost):
                if self.left() == 0:
                    yield Found(case, "undecided", "not decided: the time for the whole gate ran out")
                elif not is_for_workers(case):
                    self.starts(case)
                    yield self.work(case, self.left())
                elif known := self._known(case):
                    yield finish(self.work, known)
                elif self.late >= 2 * width:
                    yield Found(case, "undecided", f"not decided: workers left the last {self.late} claims unanswered")
                else:
                    batch.append(case)
            if batch:
                self._send(batch)

    def _known(self, case: Case) -> Decided | None:
        known, self.notes[case.key] = recalled_case(case, self.work.cache)
        return known

    def _send(self, batch: list[Case]) -> None:
        """The answer may take the time of the longest case, that of one before it in a queue, and the margin."""
        left = self.left()
        allowed = [_least(case.timeout, left) for case in batch]
        own = max(UNTIMED_SECONDS if value is None else value for value in allowed) + SECONDS * (len(batch) > 1)
        patience = own + max((other.own for other in self.out.values()), default=0.0)
        patience = (patience if left is None else min(patience, left)) + self.cluster.margin
        for case in batch:
            self.starts(case)
        future = self.cluster.executor.submit(answer, question(batch, allowed))
        self.out[future] = _Out(batch, own, patience, time.monotonic())

    def collect(self) -> Iterator[Found]:
        """Wait for an answer, a little while, and take what has come."""
        patience = min(WAKE_SECONDS, self.cluster.margin)
        for future in wait(self.out, timeout=patience, return_when=FIRST_COMPLETED)[0]:
            batch, self.late = self.out.pop(future).cases, 0
            try:
                text = future.result()
            except Exception as error:  # whatever a cluster raises for a task that did not end well
                yield from self._failed(batch, error)
                continue
            answers = list_of_answers(text, len(batch))
            for case, one in zip(batch, answers, strict=False):
                found = finish(self.work, accepted(case, one, self.work.cache))
                yield replace(found, note=found.note or self.notes[case.key])
            self.waiting += batch[len(answers) :][::-1]
            self.sizes.answered(len(batch), len(answers))
        for sent in _taken_back(self.out):
            if len(sent.cases) > 1:
                yield from self._again(sent.cases)
                continue
            self.late += 1
            message = f"not decided: no answer from its worker in {sent.seconds:.4g} s"
            yield Found(sent.cases[0], "undecided", message)

    def _failed(self, batch: list[Case], error: Exception) -> Iterator[Found]:
        if is_lost(error):
            yield from self._again(batch)
            return
        for case in batch:
            yield Found(case, "internal", f"its worker failed: {type(error).__name__}: {str(error)[:300]}")

    def _again(self, batch: list[Case]) -> Iterator[Found]:
        """The cases of a batch that was lost go out again, each alone."""
        for case in batch[::-1]:
            self.lost[case.key] += 1
            if self.lost[case.key] < ATTEMPTS:
                self.waiting.append(case)
            else:
                yield Found(case, "internal", f"its worker or the scheduler was lost {ATTEMPTS} times")


def _least(own: float | None, left: float | None) -> float | None:
    return min((value for value in (own, left) if value is not None), default=None)


def list_of_answers(text: Any, most: int) -> list[Any]:
    """The answers to the first cases of a batch; where the text is none, one answer that cannot be read."""
    try:
        if not isinstance(text, str) or len(text) > MAX_ANSWER:
            raise ValueError("not a text, or too long")
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [None] * most
    return found[:most] if isinstance(found, list) and found else [None] * most


def accepted(case: Case, data: Any, cache: Path | None = None) -> Decided:
    """The case with a worker's answer, after the kernel has replayed what is in it; kept in the folder ``cache``."""
    try:
        status, message, record = str(data["status"]), str(data["message"])[:600], data["record"]
        seconds = float(data["seconds"])
        decided = isinstance(record, dict) and record["verdict"] != "unknown"
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        return Decided(Found(case, "internal", f"its worker's answer cannot be read ({str(error)[:100]})"))
    if decided:
        found = decide_with(case, record, cache)
        return replace(found, found=replace(found.found, searching=seconds if 0 <= seconds < 1e9 else 0.0))
    if status == "bad input":
        return Decided(Found(case, "bad input", message))
    return Decided(Found(case, "internal" if status == "internal" else "undecided", message))


def connected(address: str) -> Cluster:
    """The cluster at ``dask://HOST:PORT``. Raises ``InputError`` where there is none, or Dask is not installed."""
    found = connect(address)
    return Cluster(found.executor, found.width)
