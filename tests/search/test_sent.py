"""Parts of a search in the hands of a cluster: the same verdicts; whatever its workers say, no wrong one."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.search.test_bounds import proof
from tests.search.test_sharing import about, handing_out, reordered, split, text
from tests.support.judging import judged
from tests.support.random_claims import claim as random_claim
from tests.support.seeds import chunks
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.evidence import Bounds, Tree
from verify.kernel.goals import goal_of
from verify.property import Claim
from verify.search.budget import Budget
from verify.search.dividing import cutting, equality, sent, sharing
from verify.search.dividing.sent import ATTEMPTS, DataExecutor
from verify.search.dividing.watch import Watch
from verify.search.refuting.finding import Finding

__all__ = ["handing_out"]


class Cluster(Executor):
    """Runs a task at once; the first answers are lost, the others changed."""

    def __init__(self, change: Callable[[str], Any] = lambda text: text, loses: int = 0) -> None:
        self.change, self.loses, self.calls = change, loses, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls += 1
        if self.calls <= self.loses:
            future.set_exception(CancelledError())
        else:
            future.set_result(self.change(fn(*args, **kwargs)))
        return future


@pytest.mark.usefixtures("handing_out")
@pytest.mark.parametrize("seeds", chunks(9000, 10, 1, campaign=10))
def test_same_verdict_and_evidence(seeds: range) -> None:
    for seed in seeds:
        claim = random_claim(seed)
        alone, shared = split(claim, None), split(claim, DataExecutor(Cluster()))
        assert shared.verdict is alone.verdict, seed
        if alone.verdict is Verdict.PROVED:
            assert text(shared) == text(alone), seed


@pytest.mark.usefixtures("handing_out")
def test_a_refutation_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watch, "_ahead", lambda *_: [])
    cluster = Cluster()
    assert split(about(reordered(2, Fraction(1, 2**60))), DataExecutor(cluster)).verdict is Verdict.REFUTED
    assert cluster.calls


@pytest.mark.usefixtures("handing_out")
def test_what_is_lost_is_handed_out_again() -> None:
    claim = about(reordered(2))
    assert text(split(claim, DataExecutor(Cluster(loses=ATTEMPTS - 1)))) == text(split(claim, None))
    lost = split(claim, DataExecutor(Cluster(loses=10**6)))
    assert lost.verdict is Verdict.UNKNOWN and "a worker of the cluster failed" in lost.reason


def a_leaf(answer: str) -> str:
    data = json.loads(answer)
    if "tree" in data:
        data["tree"]["tree"] = [node for node in data["tree"]["tree"] if "cell" in node][:1]
    return json.dumps(data)


def without_free(answer: str) -> str:
    data = json.loads(answer)
    for node in data.get("tree", {}).get("tree", []):
        node.pop("free", None)
        node.pop("multipliers", None)
    return json.dumps(data)


def found(kind: str, **points: list[str]) -> Callable[[str], str]:
    return lambda answer: json.dumps({"findings": [[kind, points]]})


LIES: list[Callable[[str], Any]] = [
    *(a_leaf, without_free, found("Bend", p=["0", "0"], q=["1", "1"]), found("NonZero", v=["0", "0"])),
    lambda _: '{"undecided": "no"}',
    lambda _: "nonsense",
]
RUBBISH: list[Any] = [
    *("", "{}", "[]", "3", "null", "[" * 100_000, b"{}", None, object(), '{"tree": 3}', '{"tree": {"tree": []}}'),
    *('{"findings": []}', '{"findings": [3]}', '{"tree": {"empty": {}}}', '{"tree": {"equations": [], "tree": [{}]}}'),
    *(found("NonZero", v=["0"])(""), found("NonZero", v=["NaN", "0"])(""), found("Path")("")),
    *(found("NonZero", w=["1", "1"])(""), found("Bend", p=["0", "0"])("")),
]


@pytest.mark.usefixtures("handing_out")
def test_what_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[equality.TreeTask] = []
    plain = equality.subtree

    def noted(task: equality.TreeTask) -> Tree | list[Finding]:
        tasks.append(task)
        return plain(task)

    monkeypatch.setattr(equality, "subtree", noted)
    assert split(about(reordered(2)), DataExecutor(Cluster())).verdict is Verdict.PROVED
    for answer in RUBBISH:
        with pytest.raises(EvidenceError, match="a worker's answer cannot be read"):
            sent.read_answer("subtree", tasks[0], answer)


@pytest.mark.usefixtures("handing_out")
@pytest.mark.parametrize("lie", LIES)
def test_a_lying_worker_makes_no_wrong_verdict(lie: Callable[[str], Any]) -> None:
    """The claim holds: it is proved in spite of the lie, or left open, or the lie is rejected."""
    try:
        assert split(about(reordered(2)), DataExecutor(Cluster(lie))).verdict is not Verdict.REFUTED
    except EvidenceError:
        return


@pytest.mark.usefixtures("handing_out")
@pytest.mark.parametrize("lie", LIES)
def test_a_lying_worker_hides_no_refutation(lie: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watch, "_ahead", lambda *_: [])
    claim = about(reordered(2, Fraction(1, 2**60)))
    try:
        assert split(claim, DataExecutor(Cluster(lie))).verdict is not Verdict.PROVED
    except EvidenceError:
        return


@functools.cache
def many_parts() -> Claim:
    return proof(16, Fraction(5, 8))[0]


def bounds(change: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Bounds, int]:
    """The cuts of a true claim, most of whose boxes a cluster settles, and how many answers it gave."""
    monkeypatch.setattr(sharing, "ALONE_SECONDS", -1.0)
    monkeypatch.setattr(cutting, "TASKS", 1)
    goal, cluster = goal_of(many_parts(), single=True), Cluster(change)
    low, high = (np.repeat(side[None], 1, axis=0) for side in goal.root)
    search = cutting.Search.of(goal, low, high, np.ones(1))
    while 0 < len(search.open) < 4:
        search.round()
    for _ in cutting.rounds(search, Budget(20.0, executor=DataExecutor(cluster)), np.inf):
        pass
    return Bounds(search.cuts(), single=True), cluster.calls


def test_boxes_are_settled_by_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    found, calls = bounds(lambda text: text, monkeypatch)
    assert calls and judged(many_parts(), found).verdict is Verdict.PROVED


def changed(**entries: Any) -> Callable[[str], str]:
    return lambda answer: json.dumps(json.loads(answer) | entries)


@pytest.mark.parametrize(
    "lie",
    [
        changed(nodes=[0]),
        changed(nodes=[1, 1], parts=[1, 0]),
        changed(nodes="01"),
        changed(nodes=[10**400]),
        changed(parts=[]),
        changed(proved=float("nan")),
        changed(least="much"),
        changed(suspects=[[[float("inf")]]]),
        changed(open={"low": []}),
        changed(open=3),
        changed(undecided="no"),
        lambda _: "{}",
        lambda _: "nonsense",
    ],
)
def test_a_liar_settles_no_box(lie: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((EvidenceError, BudgetExceeded), match=r"'cluster'|^no$"):
        bounds(lie, monkeypatch)


def test_boxes_that_are_said_to_be_settled_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every box that went out is called settled as it is: the form is right, and the kernel rejects it."""
    work = cutting.work

    def unlooked(task: cutting.BoxesTask) -> cutting.Search:
        search = work(task)
        size = len(task.low)
        search.nodes, search.parts, search.open = [0] * size, [0] * size, search.open.take(slice(0, 0))
        return search

    monkeypatch.setattr(cutting, "work", unlooked)
    found, calls = bounds(lambda text: text, monkeypatch)
    assert calls
    with pytest.raises(EvidenceError, match="'bounds'"):
        judged(many_parts(), found)


def test_submits_nothing_else() -> None:
    with pytest.raises(TypeError):
        DataExecutor(Cluster()).submit(print, 1)
    with pytest.raises(TypeError):
        DataExecutor(Cluster()).submit(equality.subtree)


def test_trees_that_are_none() -> None:
    for nodes, parts, size in (
        ([1], [0], 1),  # its own part
        ([1, 0], [1, 0], 1),  # half a pair
        ([1, 0, 0], [1, 0], 1),
        ([9, 0, 0], [1, 0, 0], 1),
        ([-2], [0], 1),
        ([1, 1, 0], [1, 1, 0], 1),
        ([1, 1, 0, 0, 0], [1, 1, 0, 0, 0], 1),
        ([0, 0], [0, 0], 1),  # a part of nothing
    ):
        with pytest.raises(ValueError, match="of no tree"):
            sent._check_trees(nodes, parts, size, 2)
    sent._check_trees([2, 0, 1, -1, 0], [1, 0, 3, 0, 0], 1, 2)
