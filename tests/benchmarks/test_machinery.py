"""Processes that are killed, logs that go on, fitted exponents."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.growth import exponent
from benchmarks.machine import machine
from benchmarks.markdown import number, table
from benchmarks.measure import run
from benchmarks.records import Log
from benchmarks.workers import answers


def answering(ready: Callable[[], None]) -> int:
    ready()
    return 42


def stubborn(ready: Callable[[], None]) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready()
    while True:
        time.sleep(60)


def never_ready(ready: Callable[[], None]) -> int:
    time.sleep(3600)
    return 0


def failing(ready: Callable[[], None]) -> int:
    raise ValueError("no such thing")


def greedy(ready: Callable[[], None]) -> int:
    ready()
    return len(bytearray(2**44))


def dying(ready: Callable[[], None]) -> int:
    os._exit(3)


def test_run_returns_the_result_and_the_memory() -> None:
    measured = run(answering, 60)
    assert (measured.result, measured.failure) == (42, "")
    assert measured.memory is not None
    assert measured.memory > 1


@pytest.mark.parametrize(
    ("work", "setup", "failure"),
    [
        (stubborn, 60, "timeout"),
        (never_ready, 0.5, "not set up within 0.5 s"),
        (failing, 60, "ValueError: no such thing"),
        (dying, 60, "the process died"),
    ],
)
def test_run_ends_whatever_the_process_does(
    work: Callable[[Callable[[], None]], int], setup: float, failure: str
) -> None:
    measured = run(work, 0.1, setup)
    assert measured.result is None
    assert measured.failure == failure
    assert multiprocessing.active_children() == []


def test_memory_is_bounded() -> None:
    assert run(greedy, 60).failure.startswith("MemoryError")


def square(n: int) -> int:
    if n == 3:
        os._exit(1)
    if n == 4:
        time.sleep(3600)
    if n == 5:
        raise ValueError("five")
    return n * n


@pytest.mark.slow
def test_workers_are_replaced() -> None:
    done = {d.task: (d.answer, d.failure) for d in answers(square, range(8), 2, 1.0, startup=15.0)}
    assert done[3] == (None, "the process died")
    assert done[4] == (None, "killed after 1 s")
    assert done[5] == (None, "ValueError: five")
    assert all(done[n] == (n * n, "") for n in (0, 1, 2, 6, 7))
    assert multiprocessing.active_children() == []


def test_no_task_no_process() -> None:
    assert list(answers(square, [], 2, 1.0)) == []


def test_log_goes_on_and_begins_anew(tmp_path: Path) -> None:
    log = Log(tmp_path / "new" / "log.jsonl")
    assert log.records({"cap": 1}) == []
    log.add({"a": 1})
    assert log.records({"cap": 1}) == [{"a": 1}]
    assert log.records({"cap": 2}) == []
    assert log.records({"cap": 2}) == []
    assert '{"a":1}' in (tmp_path / "new" / "log.old.jsonl").read_text()


def test_log_without_a_file_keeps_nothing() -> None:
    log = Log(None)
    log.add({"a": 1})
    assert log.records({}) == []


def test_exponent_of_a_power_law() -> None:
    assert exponent([1, 2, 4, 8], [3, 3 * 2**1.5, 3 * 4**1.5, 3 * 8**1.5]) == pytest.approx(1.5, rel=1e-12)


def test_numbers_have_two_digits() -> None:
    assert [number(v) for v in (None, 0.012345, 1.25, 9.94, 1234.5)] == ["", "0.012", "1.2", "9.9", "1,234"]
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


def test_machine_names_no_folder_and_no_host() -> None:
    text = machine()
    assert "cores" in text
    assert str(Path.home()) not in text
    assert os.uname().nodename not in text
