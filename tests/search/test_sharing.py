"""Parts of a region in the hands of an executor: the same verdicts and the same evidence, and nothing half done."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from tests.support.executors import Counting, Failing
from tests.support.random_claims import claim as random_claim
from tests.support.seeds import chunks
from verify import api, writing
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.check import Verdict
from verify.network import Builder, Network
from verify.network.builder import dense, maximum
from verify.network.tensor import Tensor
from verify.property import Claim, find
from verify.region import box
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.dividing import sharing
from verify.search.dividing.watch import Watch
from verify.search.outcome import Outcome


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def handing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are handed out at once, as soon as there are two."""
    monkeypatch.setattr(sharing, "ALONE_SECONDS", -1.0)
    monkeypatch.setattr(sharing, "PARTS", 2)


def reordered(terms: int, slip: Fraction = Fraction(0), inputs: int = 2) -> Network:
    """Sums of max(max(a, b), c) - max(a, max(b, c)), which is 0: only splitting shows it; ``slip`` breaks one term."""
    rng = np.random.default_rng(1)
    net = Builder((inputs,), "reordered")
    a, b, c = (dense(net.input, rng.integers(-8, 9, (terms, inputs))) for _ in range(3))
    shifted = dense(a, np.eye(terms), [slip] + [Fraction(0)] * (terms - 1)) if slip else a
    left, right = maximum(maximum(a, b), c), maximum(shifted, maximum(b, c))
    return net.build(_sum(left - right))


def _sum(x: Tensor) -> Tensor:
    return dense(x, np.ones((1, x.size)))


def split(claim: Claim, executor: Executor | None, seconds: float | None = 60) -> Outcome:
    return decide(claim, Budget(seconds, executor=executor), "split", shrinking=False)


def about(network: Network, name: str = "constant") -> Claim:
    return Claim(network, find(name), box([-1] * network.input_size, [1] * network.input_size))


def text(outcome: Outcome) -> str:
    assert outcome.evidence is not None
    return json.dumps(writing.to_json(outcome.evidence))


@pytest.mark.usefixtures("handing_out")
@pytest.mark.parametrize("seeds", chunks(9000, 30, 1, campaign=10))
def test_same_verdict_and_evidence(seeds: range) -> None:
    for seed in seeds:
        claim = random_claim(seed)
        alone, shared = split(claim, None), split(claim, Counting())
        assert shared.verdict is alone.verdict, seed
        if alone.verdict is Verdict.PROVED:
            assert text(shared) == text(alone), seed


@pytest.mark.usefixtures("handing_out")
@pytest.mark.parametrize("inputs", [2, 3])
def test_threads_and_processes(processes: Executor, inputs: int) -> None:
    claim = about(reordered(2, inputs=inputs))
    expected = text(split(claim, None))
    with ThreadPoolExecutor(2) as threads:
        assert text(split(claim, threads)) == expected
    assert text(split(claim, processes)) == expected
    counting = Counting()
    assert text(split(claim, counting)) == expected
    assert counting.count >= 2


@pytest.mark.usefixtures("handing_out")
def test_refuted_by_a_worker(processes: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bend that random points miss is found in a part that was handed out."""
    monkeypatch.setattr(Watch, "_ahead", lambda *_: [])
    claim = about(reordered(2, Fraction(1, 2**60)))
    assert split(claim, None).verdict is Verdict.REFUTED
    assert split(claim, Counting()).verdict is Verdict.REFUTED
    assert split(claim, processes).verdict is Verdict.REFUTED


def test_nothing_is_handed_out_early() -> None:
    counting = Counting()
    assert split(about(reordered(2)), counting).verdict is Verdict.PROVED
    assert counting.count == 0


@pytest.mark.usefixtures("handing_out")
def test_a_worker_that_dies_leaves_the_question_open() -> None:
    failing = Failing(BrokenExecutor("gone"))
    outcome = split(about(reordered(2)), failing)
    assert outcome.verdict is Verdict.UNKNOWN and outcome.evidence is None
    assert "worker process died" in outcome.reason
    assert failing.called_back and len(failing.futures) > 1


@pytest.mark.usefixtures("handing_out")
def test_an_error_in_a_task_is_not_swallowed() -> None:
    failing = Failing(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        split(about(reordered(2)), failing)
    assert failing.called_back


@pytest.mark.usefixtures("handing_out")
def test_no_time_left() -> None:
    failing = Failing(None)  # its tasks never end
    outcome = split(about(reordered(2)), failing, seconds=1.0)
    assert outcome.verdict is Verdict.UNKNOWN and "ran out" in outcome.reason
    assert failing.futures and failing.called_back


def test_a_budget_keeps_its_deadline_on_the_way() -> None:
    sent = pickle.loads(pickle.dumps(Budget(50.0, report=lambda _: None, executor=Counting())))
    assert sent.executor is None and 0 < sent.remaining <= 50
    late = pickle.loads(pickle.dumps(Budget(1e-9)))
    with pytest.raises(BudgetExceeded):
        late.check()
    assert pickle.loads(pickle.dumps(Budget())).seconds is None


def test_the_python_interface_takes_an_executor() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert api.check("thread", "affine", on="box(0, 1/3)", executor=threads).verdict is Verdict.PROVED


def test_rejections_travel_between_processes() -> None:
    error = EvidenceError("rule", "message")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.rule, str(again)) == (EvidenceError, "rule", str(error))
