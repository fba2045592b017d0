"""Running cases: processes, accidents, time, exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.gate.conftest import Write
from verify.cli.workers import pool_of
from verify.gate.decide import Found, Status, decide_case
from verify.gate.plan import Case, cases_of
from verify.gate.run import Gate, run_all

CASE = Case("verify.toml", 1, "a", "relu", "convex")


def gate_of(*statuses: Status, missing: int = 0) -> Gate:
    cases = [replace(CASE, id=str(i)) for i in range(len(statuses) + missing)]
    return Gate(cases, [Found(case, status, "") for case, status in zip(cases, statuses, strict=False)])


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["expected"], 0),
        (["expected", "undecided"], 3),
        (["undecided", "unexpected"], 1),
        (["unexpected", "bad input", "undecided"], 2),
        (["unexpected", "bad input", "internal", "undecided"], 4),
    ],
)
def test_exit_statuses(statuses: Sequence[Status], expected: int) -> None:
    assert gate_of(*statuses).status == expected


def test_exit_status_of_nothing() -> None:
    assert Gate([]).status == 2
    assert Gate([], unchanged=2).status == 0
    assert gate_of("expected", missing=1).status == 3
    assert gate_of("unexpected", missing=1).status == 1


@dataclass(frozen=True)
class Accident:
    """A worker that dies with some cases: always, or the first time only."""

    folder: Path
    dies: Callable[[], object]

    def __call__(self, case: Case, seconds: float | None) -> Found:
        if case.id.startswith("dies"):
            mark = self.folder / case.id
            if case.id.startswith("dies always") or not mark.exists():
                mark.touch()
                self.dies()
        return Found(case, "expected", "", seconds=seconds or 0.0)


class Broken(Executor):
    """Like a pool of processes: after an accident nothing that is out comes back, and nothing more is taken."""

    def __init__(self) -> None:
        self.is_broken = False
        self.out: list[Future[Found]] = []

    def submit(self, function: Callable[..., Found], /, *arguments: object, **named: object) -> Future[Found]:  # type: ignore[override]
        if self.is_broken:
            raise BrokenProcessPool("it is broken")
        future: Future[Found] = Future()
        self.out.append(future)
        try:
            future.set_result(function(*arguments, **named))
        except SystemExit:
            self.is_broken = True
            future.set_exception(BrokenProcessPool("a process died"))
        return future


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_process_that_dies_takes_no_other_case_with_it(tmp_path: Path, width: int) -> None:
    names = ["a", "dies once", "b", "dies always", "c", "dies always too", "d"]
    cases = [replace(CASE, id=name) for name in names]
    found = [(item.case.id, item.status) for item in run_all(cases, Accident(tmp_path, sys.exit), Broken, width)]
    assert sorted(found) == sorted(
        (name, "internal" if name.startswith("dies always") else "expected") for name in names
    )


@pytest.mark.slow
def test_real_processes_die_as_well(tmp_path: Path) -> None:
    cases = [replace(CASE, id=name) for name in ("a", "dies once", "b")]

    def pool() -> ProcessPoolExecutor:
        return pool_of(1)

    found = {item.case.id: item.status for item in run_all(cases, Accident(tmp_path, _die), pool, 1)}
    assert found == dict.fromkeys(("a", "dies once", "b"), "expected")


def _die() -> None:
    os._exit(9)


def test_without_time_nothing_is_decided() -> None:
    found = list(run_all([CASE, replace(CASE, id="b")], lambda case, left: Found(case, "expected", ""), seconds=1e-9))
    assert [item.status for item in found] == ["undecided", "undecided"]


def decided(write: Write, text: str) -> Found:
    [case] = cases_of([write(f"[[claim]]\n{text}")])
    return decide_case(case).found


def test_work_gives_the_same_answer_however_slow(claims: Write) -> None:
    text = 'network = "maxpool"\nproperty = "convex"\n'
    few, enough = (decided(claims, f"{text}work = {work}\n") for work in (2, 100_000))
    assert few.status == "undecided" and "2 steps of work" in few.message
    assert enough.status == "expected"


def test_a_solvers_word_counts_only_where_it_may(claims: Write) -> None:
    text = 'network = "relu"\nproperty = "convex"\nengine = "z3"\n'
    assert decided(claims, text).status == "unexpected"
    assert decided(claims, text + 'assurance = "attested"\n').status == "expected"
    assert "work counts steps" in decided(claims, text + "work = 3\n").message


def test_vacuous_claims(claims: Write) -> None:
    text = 'network = "relu"\nproperty = "homogeneous"\non = "box(1, 1)"\n'
    assert "vacuous" in decided(claims, text).message
    assert decided(claims, text + "vacuous = true\n").status == "expected"


def test_dead_units(claims: Write) -> None:
    found = decided(claims, 'network = "relu"\nproperty = "no dead units"\non = "box(-1, 0)"\n')
    assert found.status == "unexpected" and "relu[0] is off at every point" in found.message


def test_families(claims: Write) -> None:
    family = Path(__file__).resolve().parents[2] / "properties" / "networks" / "all_weights_nonnegative.toml"
    claims(family.read_text(encoding="utf-8"), "family.toml")
    found = decided(claims, 'network = "family.toml"\nproperty = "affine"\non = "nonneg"\nexpect = "refuted"\n')
    assert (found.status, found.verdict) == ("expected", "refuted"), found.message
    assert "family" in decided(claims, 'network = "family.toml"\nproperty = "affine"\noutputs = 0\n').message


@pytest.mark.parametrize(
    "text",
    [
        'network = "nowhere.onnx"\nproperty = "affine"\n',
        'network = "relu"\nproperty = "affine"\non = "box(1, 0)"\n',
        'network = "relu"\nproperty = "equivalent"\n',
        'network = "relu"\nproperty = "affine"\noutputs = 5\n',
        'network = "relu"\nproperty = "nondecreasing in 3"\n',
        'network = "relu"\nproperty = "affine"\non = "ball(nowhere.npy, 1)"\n',
        'network = "verify.toml"\nproperty = "affine"\n',
        'network = "../../../../proc/self/mem.onnx"\nproperty = "affine"\n',
    ],
)
def test_bad_input_is_one_line(claims: Write, text: str) -> None:
    found = decided(claims, text)
    assert found.status == "bad input" and "\n" not in found.message and found.message


def test_a_defect_is_an_internal_error(claims: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.gate.decide.decide", lambda *_, **__: 1 / 0)
    found = decided(claims, 'network = "relu"\nproperty = "convex"\n')
    assert found.status == "internal" and "ZeroDivisionError" in found.message
