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
from collections.abc import Callable, Generator, Sequence
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


@dataclass
class Cluster:
    """An executor whose workers are not trusted; ``replaying`` is how long the kernel took here, in seconds."""

    executor: Executor
    width: int
    replaying: float = 0.0

    def run(
        self, cases: Sequence[Case], work: Work, seconds: float | None, starts: Callable[[Case], None]
    ) -> Generator[Found]:
        """What is found of each case, once each, as it is found; at most ``2 * width`` are out at a time."""
        ends = None if seconds is None else time.monotonic() + seconds
        waiting, lost = list(cases)[::-1], dict.fromkeys((case.key for case in cases), 0)
        out: dict[Future[str], Case] = {}
        try:
            while waiting or out:
                while waiting and len(out) < 2 * self.width:
                    case, left = waiting.pop(), None if ends is None else max(0.0, ends - time.monotonic())
                    if left == 0:
                        yield Found(case, "undecided", "not decided: the time for the whole gate ran out")
                        continue
                    starts(case)
                    if not is_for_workers(case):
                        yield work(case, left)
                        continue
                    out[self.executor.submit(answer, question(case, _least(case.timeout, left)))] = case
                for future in wait(out, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)[0]:
                    case = out.pop(future)
                    found = self._taken(case, future, work)
                    if found is not None:
                        yield found
                        continue
                    lost[case.key] += 1
                    if lost[case.key] < ATTEMPTS:
                        waiting.append(case)
                    else:
                        yield Found(case, "internal", f"its worker or the scheduler was lost {ATTEMPTS} times")
        finally:
            for future in out:
                future.cancel()

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
