"""Cases decided by the workers of a cluster, whose answers are data that the kernel judges here.

A worker gets a case as JSON and answers with JSON: a record, or why there is none. What it says is used like an entry
of the cache: the claim is made here, of the files that are here, and the kernel replays the evidence. What it does not
accept is an internal error. Workers must see networks and data under the same paths.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from verify.errors import InputError
from verify.gate.decide import Decided, Found, decide_case, decide_with
from verify.gate.plan import Case, from_here
from verify.gate.work import Work, finish

# A case that was lost so often (with its worker, or with the scheduler) is given up.
ATTEMPTS = 4
MAX_ANSWER = 1 << 28
WAKE_SECONDS = 1.0
# What an answer may take on top of the claim's time: starting the worker's engines, the way there and back. A claim
# that only ``work`` bounds has the second number of seconds.
MARGIN_SECONDS = 30.0
UNTIMED_SECONDS = 3600.0


def answer(question: str) -> str:
    """What a worker does: decide the case of a JSON text; returns a JSON text."""
    data = json.loads(question)
    given = data["case"]
    case = Case(**{**given, "let": tuple(map(tuple, given["let"])), "outputs": _tuple(given["outputs"])})
    found = decide_case(case, data["seconds"]).found
    return json.dumps({"status": found.status, "message": found.message, "record": found.record})


def _tuple(value: list[int] | None) -> tuple[int, ...] | None:
    return tuple(value) if value is not None else None


def question(case: Case, seconds: float | None) -> str:
    """The case as JSON, with absolute names of its networks, and of the files in its region or formula."""
    here = Path.cwd()
    moved = replace(
        case,
        network=_absolute(case.network),
        to=_absolute(case.to) if case.to is not None else None,
        let=tuple((name, _absolute(network)) for name, network in case.let),
        on=from_here(case.on, here),
        formula=from_here(case.formula, here) if case.formula is not None else None,
    )
    return json.dumps({"case": asdict(moved), "seconds": seconds})


def _absolute(name: str) -> str:
    return os.path.abspath(name) if os.path.exists(name) else name


def is_for_workers(case: Case) -> bool:
    """Whether the kernel can judge a worker's answer: a solver's word is nothing to replay, families are quick."""
    from verify.formats.toml_family import is_family

    return case.engine == "auto" and not is_family(case.network)


@dataclass(frozen=True)
class _Out:
    """A case that is out since ``start``; its own time, and the ``seconds`` in which an answer must be here."""

    case: Case
    own: float
    seconds: float
    start: float

    @property
    def is_late(self) -> bool:
        return time.monotonic() - self.start > self.seconds


def _late(out: dict[Future[str], _Out]) -> list[Found]:
    """Take those that are late out of ``out``: they are undecided."""
    found = []
    for future, sent in list(out.items()):
        if sent.is_late and not future.done():
            del out[future]
            future.cancel()
            message = f"not decided: no answer from its worker in {sent.seconds:.4g} s"
            found.append(Found(sent.case, "undecided", message))
    return found


@dataclass
class Cluster:
    """An executor whose workers are not trusted, and need not answer.

    ``width`` is the number of cases that they decide at a time, ``margin`` the seconds by which an answer may be late,
    and ``replaying`` how long the kernel took here, in seconds.
    """

    executor: Executor
    width: int
    margin: float = MARGIN_SECONDS
    replaying: float = 0.0

    def run(
        self, cases: Sequence[Case], work: Work, seconds: float | None, starts: Callable[[Case], None]
    ) -> Generator[Found]:
        """What is found of each case, once each, as it is found; at most ``2 * width`` are out at a time.

        A case whose answer is late is left undecided. Where so many in a row are late that every worker must have had
        one, the workers are given up, and so is what is still to be decided.
        """
        ends = None if seconds is None else time.monotonic() + seconds
        waiting, lost = list(cases)[::-1], dict.fromkeys((case.key for case in cases), 0)
        out: dict[Future[str], _Out] = {}
        late = 0
        try:
            while waiting or out:
                while waiting and len(out) < 2 * self.width:
                    case, left = waiting.pop(), None if ends is None else max(0.0, ends - time.monotonic())
                    if left == 0:
                        yield Found(case, "undecided", "not decided: the time for the whole gate ran out")
                        continue
                    if late >= 2 * self.width and is_for_workers(case):
                        yield Found(case, "undecided", f"not decided: workers left the last {late} claims unanswered")
                        continue
                    starts(case)
                    if not is_for_workers(case):
                        yield work(case, left)
                        continue
                    future, sent = self._sent(case, left, out.values())
                    out[future] = sent
                for future in wait(out, timeout=min(WAKE_SECONDS, self.margin), return_when=FIRST_COMPLETED)[0]:
                    case, late = out.pop(future).case, 0
                    found = self._taken(case, future, work)
                    if found is not None:
                        yield found
                        continue
                    lost[case.key] += 1
                    if lost[case.key] < ATTEMPTS:
                        waiting.append(case)
                    else:
                        yield Found(case, "internal", f"its worker or the scheduler was lost {ATTEMPTS} times")
                for found in _late(out):
                    late += 1
                    yield found
        finally:
            for future in out:
                future.cancel()

    def _sent(self, case: Case, left: float | None, others: Iterable[_Out]) -> tuple[Future[str], _Out]:
        """Hand out a case. Its answer may take its own time, that of one before it in a queue, and the margin."""
        allowed = _least(case.timeout, left)
        own = UNTIMED_SECONDS if allowed is None else allowed
        patience = own + max((other.own for other in others), default=0.0)
        patience = (patience if left is None else min(patience, left)) + self.margin
        future = self.executor.submit(answer, question(case, allowed))
        return future, _Out(case, own, patience, time.monotonic())

    def _taken(self, case: Case, future: Future[str], work: Work) -> Found | None:
        """What the kernel makes of an answer; None where it was lost on its way."""
        try:
            text = future.result()
        except CancelledError:
            return None
        except Exception as error:  # whatever a cluster raises for a task that did not end well
            lost = type(error).__name__ in ("KilledWorker", "CommClosedError", "FutureCancelledError")
            if lost:
                return None
            return Found(case, "internal", f"its worker failed: {type(error).__name__}: {str(error)[:300]}")
        started = time.monotonic()
        try:
            return finish(work, accepted(case, text))
        finally:
            self.replaying += time.monotonic() - started


def _least(own: float | None, left: float | None) -> float | None:
    return min((value for value in (own, left) if value is not None), default=None)


def accepted(case: Case, text: Any) -> Decided:
    """The case with a worker's answer, after the kernel has replayed what is in it."""
    try:
        if not isinstance(text, str) or len(text) > MAX_ANSWER:
            raise ValueError("not a text, or too long")
        data = json.loads(text)
        status, message, record = str(data["status"]), str(data["message"])[:600], data["record"]
        decided = isinstance(record, dict) and record["verdict"] != "unknown"
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        return Decided(Found(case, "internal", f"its worker's answer cannot be read ({str(error)[:100]})"))
    if decided:
        return decide_with(case, record)
    if status == "bad input":
        return Decided(Found(case, "bad input", message))
    return Decided(Found(case, "internal" if status == "internal" else "undecided", message))


def connected(address: str) -> Cluster:
    """The cluster at ``dask://HOST:PORT``. Raises ``InputError`` where there is none, or Dask is not installed."""
    kind, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if kind != "dask" or not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise InputError(f"--executor {address[:80]}: expected dask://HOST:PORT")
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise InputError("Dask is missing; install it with: pip install 'relu-verify[dask]'") from error
    try:
        # Answers are texts: what a worker pickles is not read.
        client: Any = distributed.Client(f"tcp://{place}", timeout=10, set_as_default=False, deserializers=["msgpack"])
    except (OSError, ValueError) as error:
        raise InputError(f"--executor {address[:80]}: no scheduler answers there ({str(error)[:160]})") from error
    workers = sum(client.nthreads().values())
    if not workers:
        client.close()
        raise InputError(f"--executor {address[:80]}: the scheduler has no workers; start some with 'dask worker'")
    executor = client.get_executor(pure=False)
    assert isinstance(executor, Executor)
    return Cluster(executor, workers)
