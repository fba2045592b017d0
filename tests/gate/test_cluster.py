"""Claims decided by a cluster: every claim once, whatever dies; nothing is believed that the kernel does not accept."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.search.test_sharing import about, handing_out, reordered, split, text
from tests.support.cli import PATIENCE, ROOT, call
from verify.errors import InputError
from verify.gate.cluster import ATTEMPTS, Cluster, accepted, answer, connected, list_of_answers, question
from verify.gate.plan import Case
from verify.gate.work import GateWork
from verify.search.cluster import connect
from verify.search.dividing.sent import DataExecutor

__all__ = ["handing_out"]

CASE = Case("verify.toml", 1, "a", "relu", "convex")
CASES = [
    replace(CASE, id=f"{network} {wanted}", network=network, property=wanted)
    for network in ("relu", "abs", "leaky", "max")
    for wanted in ("convex", "additive", "odd")
]


class Here(Executor):
    """Runs at once, in this process; the first answers to some cases get lost or changed."""

    def __init__(self, change: Any = lambda text: text, loses: int = 0) -> None:
        self.change, self.loses, self.calls = change, loses, 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls += 1
        if self.calls <= self.loses:
            future.set_exception(CancelledError())
        else:
            future.set_result(self.change(fn(*args, **kwargs)))
        return future


def run(executor: Executor, cases: list[Case], width: int = 2) -> dict[str, str]:
    found = list(Cluster(executor, width).run(cases, GateWork(), None, lambda case: None))
    assert sorted(f.case.key for f in found) == sorted(case.key for case in cases)
    return {f.case.id: f.verdict if f.status != "internal" else f.message for f in found}


@functools.cache
def expected() -> dict[str, str]:
    return {case.id: GateWork()(case, None).verdict for case in CASES}


def test_every_claim_gets_its_verdict_once() -> None:
    assert run(Here(), CASES) == expected()
    assert run(Here(loses=5), CASES) == expected()


def test_what_is_lost_again_and_again_is_given_up() -> None:
    executor = Here(loses=10**6)
    assert set(run(executor, CASES[:3]).values()) == {f"its worker or the scheduler was lost {ATTEMPTS} times"}
    assert executor.calls == 3 * ATTEMPTS


class Silent(Executor):
    """Answers only what it has been asked after so many questions."""

    def __init__(self, first: int) -> None:
        self.first, self.out = first, list[Future[Any]]()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.out.append(future)
        if len(self.out) > self.first:
            future.set_result(fn(*args, **kwargs))
        return future


def quick(cases: list[Case]) -> list[Case]:
    return [replace(case, timeout=0.05) for case in cases]


def test_a_worker_that_does_not_answer_is_not_waited_for() -> None:
    """The claims of the silent one are undecided, the others get their verdicts."""
    executor = Silent(3)
    patient = [*quick(CASES[:3]), *CASES[3:]]
    found = list(Cluster(executor, 2, margin=0.05).run(patient, GateWork(), None, lambda case: None))
    assert {f.case.id: f.verdict for f in found if f.status != "undecided"} == dict(list(expected().items())[3:])
    undecided = [f for f in found if f.status == "undecided"]
    assert [f.case.id for f in undecided] == [case.id for case in CASES[:3]]
    assert all("no answer from its worker in 0.1" in f.message for f in undecided), undecided
    assert all(future.cancelled() for future in executor.out[:3])


def test_silent_workers_are_given_up() -> None:
    """As many questions as all workers can have in hand stay unanswered: then no more are asked."""
    executor = Silent(10**6)
    here = replace(CASE, id="decided here", engine="rules")
    cases = [*quick(CASES), here]
    found = list(Cluster(executor, 1, margin=0.05).run(cases, GateWork(), None, lambda case: None))
    assert sorted(f.case.key for f in found) == sorted(case.key for case in cases)
    assert {f.case.id for f in found if f.status == "expected"} == {"decided here"}
    assert sum("no answer from its worker" in f.message for f in found) == len(executor.out) < len(CASES)
    assert sum("workers left the last" in f.message for f in found) == len(CASES) - len(executor.out)


def test_the_time_of_the_whole_gate_bounds_the_wait() -> None:
    found = list(Cluster(Silent(10**6), 1, margin=0.05).run(CASES, GateWork(), 0.2, lambda case: None))
    assert [f.status for f in found] == ["undecided"] * len(CASES)


def answered(case: Case) -> dict[str, Any]:
    [found] = json.loads(answer(question([case], [None])))
    assert isinstance(found, dict)
    return found


def changed(data: dict[str, Any], **entries: Any) -> dict[str, Any]:
    return data | {"record": data["record"] | entries}


def test_a_workers_word_counts_for_nothing() -> None:
    """A lying worker: other claims' evidence, verdicts without evidence, no answer at all."""
    other = answered(replace(CASE, network="abs", property="additive"))["record"]
    true = answered(CASE)
    assert accepted(CASE, true).found.status == "expected"
    assert accepted(CASE, changed(true, verdict="refuted")).found.verdict == "proved"  # the evidence is what counts
    assert accepted(CASE, true | {"seconds": float("nan")}).found.searching == 0
    for lie in (
        changed(true, evidence=other["evidence"]),
        changed(true, evidence={"kind": "rule", "rule": "no such rule"}),
        changed(true, evidence=None),
        changed(true, evidence=[]),
        changed(true, nontrivial={"instance": {"x": ["7"]}}),
        changed(true, unchecked=3),
        true | {"seconds": "long"},
        true | {"seconds": 10**400},
        {"status": "expected", "message": "", "seconds": 0, "record": {}},
        "nonsense",
        None,
    ):
        assert accepted(CASE, lie).found.status == "internal", lie
    claimed = {"status": "expected", "message": "", "seconds": 0, "record": None}
    assert accepted(CASE, claimed).found.status == "undecided"


def test_what_is_no_list_of_answers() -> None:
    for rubbish in ("nonsense", "[" * 100_000, b"bytes", "[]", "{}", "3", "null", None):
        assert list_of_answers(rubbish, 3) == [None] * 3
    assert list_of_answers("[1, 2, 3, 4]", 3) == [1, 2, 3]
    assert list_of_answers("[1]", 3) == [1]


class Counting(Here):
    """Notes the sizes of batches, and how many cases of each are answered."""

    def __init__(self, most: int = 10**6) -> None:
        super().__init__()
        self.sizes, self.most = list[int](), most

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.sizes.append(len(json.loads(args[0])))
        self.change = lambda text: json.dumps(json.loads(text)[: self.most])
        return super().submit(fn, *args, **kwargs)


def test_tiny_claims_go_in_batches() -> None:
    many = [replace(CASES[0], id=str(i)) for i in range(40)]
    executor = Counting()
    assert run(executor, many, width=1) == {case.id: "proved" for case in many}
    assert executor.sizes[0] == 1 and max(executor.sizes) >= 8 and sum(executor.sizes) == len(many)
    slow = Counting(most=1)  # a worker that gives the rest of its batch back
    assert run(slow, many[:10], width=1) == {case.id: "proved" for case in many[:10]}
    assert max(slow.sizes) == 2


def test_a_lost_batch_goes_out_again_case_by_case() -> None:
    """Whatever is lost, each case is decided once, and only those of the batch are asked again."""
    executor = Counting()
    executor.loses = 3  # of sizes 1, 1 and 2, or so
    assert run(executor, CASES, width=1) == expected()
    assert sum(executor.sizes) <= len(CASES) + 4 + 3


def test_the_cache_is_used_and_filled(tmp_path: Path) -> None:
    """Warm, nothing is asked of the cluster; an entry that is no good is said so, and replaced."""
    work, first = GateWork(cache=tmp_path / "cache"), Counting()
    found = list(Cluster(first, 2).run(CASES, work, None, lambda case: None))
    assert sum(first.sizes) == len(CASES) and not any(item.cached for item in found)
    second = Counting()
    again = list(Cluster(second, 2).run(CASES, work, None, lambda case: None))
    assert second.sizes == [] and all(item.cached for item in again)
    assert {item.case.id: item.verdict for item in again} == expected()
    entry = next((tmp_path / "cache").glob("*/*.json"))
    entry.write_text("{}")
    third = Counting()
    last = list(Cluster(third, 2).run(CASES, work, None, lambda case: None))
    assert third.sizes == [1] and [bool(item.note) for item in last].count(True) == 1
    assert {item.case.id: item.verdict for item in last} == expected() and len(entry.read_text()) > 100


def test_files_are_named_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b.npy").touch()
    monkeypatch.chdir(tmp_path)
    [one] = json.loads(question([replace(CASE, on='ball("a b.npy", 1)')], [None]))
    sent = one["case"]
    assert sent["on"] == f'ball("{tmp_path}/a b.npy", 1)' and sent["network"] == "relu"


@pytest.mark.parametrize(
    "address", ["", "dask://", "dask://x", "dask://x:0", "dask://x:99999", "http://x:1", "dask://:1"]
)
def test_addresses(address: str) -> None:
    with pytest.raises(InputError, match="expected dask://HOST:PORT"):
        connected(address)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'relu-verify[dask]'")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as found:
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestDask:
    """A real scheduler with worker processes."""

    def test_gate(self, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        monkeypatch.chdir(tmp_path)
        tables = [f'[[claim]]\nnetwork = "{c.network}"\nproperty = "{c.property}"\n' for c in CASES]
        Path("verify.toml").write_text("\n".join(tables))
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        done = call(capsys, "gate", "--executor", address, "--no-cache", "--json")
        plain = call(capsys, "gate", "--no-cache", "--json")
        assert done.status == plain.status == 1
        verdicts = [(c["id"], c["verdict"], c["assurance"]) for c in done.json["claims"]]
        assert verdicts == [(c["id"], c["verdict"], c["assurance"]) for c in plain.json["claims"]]

    def test_a_worker_is_killed(self, cluster: Any) -> None:
        ready = connected(cluster.scheduler_address.replace("tcp://", "dask://"))
        found, killed = [], False
        for item in ready.run(CASES * 1, GateWork(), None, lambda case: None):
            found.append(item)
            if not killed:
                killed = True
                worker = next(iter(cluster.workers.values()))
                os.kill(worker.process.process.pid, signal.SIGKILL)
        assert {f.case.id: f.verdict for f in found} == expected()
        assert len(found) == len(CASES)

    @pytest.mark.usefixtures("handing_out")
    def test_parts_of_a_split(self, cluster: Any) -> None:
        """What ``verify check --executor`` does; a worker is killed in the middle."""
        connection = connect(cluster.scheduler_address.replace("tcp://", "dask://"))
        try:
            claim, shared = about(reordered(2)), DataExecutor(connection.executor)
            assert text(split(claim, shared)) == text(split(claim, None))
            next(iter(cluster.workers.values())).process.process.kill()
            assert text(split(claim, shared)) == text(split(claim, None))
        finally:
            connection.close()

    def test_check(self, cluster: Any, capsys: Any) -> None:
        address = cluster.scheduler_address.replace("tcp://", "dask://")
        assert call(capsys, "check", "relu", "convex", "--executor", address).status == 0
        assert call(capsys, "ask", "relu", "f(x) >= 1 for x in box(0, 1)", "--executor", address).status == 1
        both = call(capsys, "check", "relu", "convex", "--executor", address, "--jobs", "2")
        assert both.status == 2 and "leave one out" in both.err

    @pytest.mark.parametrize(
        ("reply", "status"),
        [
            (lambda text: time.sleep(8), "undecided"),
            (lambda text: object(), "undecided"),  # not read, so that it never arrives
            (lambda text: b"\0" * 9, "internal"),
        ],
        ids=["sleeps", "an object", "bytes"],
    )
    def test_workers_that_sleep_or_send_rubbish(
        self, cluster: Any, reply: Any, status: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready = connected(cluster.scheduler_address.replace("tcp://", "dask://"))
        ready.margin = 1.0
        monkeypatch.setattr("verify.gate.cluster.answer", reply)
        found = list(ready.run([replace(case, timeout=1) for case in CASES[:3]], GateWork(), None, lambda case: None))
        assert [f.status for f in found] == [status] * 3

    @pytest.mark.campaign  # waits for a cluster to come back, as long as that takes
    def test_the_scheduler_starts_again(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        running = _started(port)
        try:
            ready = connected_when_ready(f"dask://127.0.0.1:{port}")
            ready.margin = 15.0
            found = []
            for item in ready.run([replace(case, timeout=5) for case in CASES], GateWork(), None, lambda case: None):
                found.append(item)
                if len(found) == 1:
                    for process in running:
                        process.kill()
                        process.wait()
                    running = _started(port)
            assert {f.case.id: f.verdict for f in found} == expected()
            assert len(found) == len(CASES)
        finally:
            for process in running:
                process.kill()
                process.wait()


def _started(port: int) -> list[subprocess.Popen[bytes]]:
    """A scheduler and a worker."""
    module = [sys.executable, "-m", "distributed.cli"]
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = ["dask_worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return [
        subprocess.Popen(
            [*module[:2], f"{module[2]}.{name}", *options],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *options in (scheduler, worker)
    ]


def connected_when_ready(address: str) -> Cluster:
    """The cluster, once its worker has come."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            return connected(address)
        except InputError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.5)
