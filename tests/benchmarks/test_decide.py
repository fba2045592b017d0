"""The decision benchmark: networks that are what they say, cases whose truth is right, and what is made of answers."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from benchmarks.cases import Case, cases_of, claim_of
from benchmarks.decide import measure_all
from benchmarks.decide_page import NO_ANSWER, Row, page, rows_of
from benchmarks.networks import conv_net, mirrored, mirrored_sum, mlp, nudged, pair, permuted
from benchmarks.peers import PEERS, Answer, repeated, verify_claim
from benchmarks.records import Log, Record
from benchmarks.subjects import SUBJECTS
from benchmarks.truth import plain_value
from benchmarks.worst import reordered_maxima
from tests.support import random_networks
from verify.network import Network


def points(network: Network, count: int = 6) -> list[list[Fraction]]:
    rng = random.Random(0)
    return [random_networks.point(rng, network.input_size) for _ in range(count)]


@pytest.mark.parametrize("seed", range(25))
def test_permuted_copies_are_the_same_function(seed: int) -> None:
    network = random_networks.network(seed)
    copy = permuted(network, seed)
    for x in points(network):
        assert plain_value(copy, x) == plain_value(network, x)


def test_permuted_copies_differ_block_by_block() -> None:
    network = mlp((3, 8, 8, 1), 0)
    assert permuted(network, 1).canonical_digest != network.canonical_digest


def test_a_nudged_network_is_another_function() -> None:
    network = mlp((3, 8, 1), 0)
    x = points(network)[0]
    [gap] = [a - b for a, b in zip(plain_value(nudged(network), x), plain_value(network, x), strict=True)]
    assert 0 < gap < Fraction(1, 2**40)


def test_pairs_are_zero_and_mirrored_networks_affine() -> None:
    for network in (pair(mlp((2, 8, 1), 0), 7), pair(conv_net((1, 5, 5), (2,), 2, 0), 7), reordered_maxima(3, 4)):
        for x in points(network):
            assert not any(plain_value(network, x))
    affine = mirrored((3, 8, 8, 2), 0)
    for x in points(affine):
        ends = [plain_value(affine, [t * v for v in x]) for t in (0, 1, 2)]
        assert all(a - 2 * b + c == 0 for a, b, c in zip(*ends, strict=True))


def test_mirrored_sums() -> None:
    for sign in (1, -1):
        network = mirrored_sum(mlp((2, 6, 1), 0), sign)
        for x in points(network):
            assert plain_value(network, [-v for v in x]) == [sign * v for v in plain_value(network, x)]


SMALL = ("mlp 2-8-1", "conv 1x6x6", "mirrored 2-8-1", "pair 4-16-16-1", "odd 4-16-16-1")


def _at_once(seconds: float | None = None) -> None:
    return None


@pytest.mark.parametrize("name", SMALL)
def test_this_project_is_right_on_small_cases(name: str) -> None:
    for case in cases_of(name):
        assert case.truth is not None
        answer = verify_claim(case, 60, _at_once)
        assert (answer.holds, answer.assurance) == (case.truth, "checked")


def test_the_boxes_of_a_case() -> None:
    ball, double, near, full = cases_of("mlp 2-8-1")
    assert [case.truth for case in (ball, double, near, full)] == [True, False, False, False]
    assert ball.radius is not None
    assert near.radius is not None
    assert Fraction(ball.radius) < Fraction(near.radius) < 2 * Fraction(ball.radius)
    assert full.radius is None
    assert claim_of(full).region.contains(SUBJECTS["mlp 2-8-1"].centre(claim_of(full).network))


def test_answers_must_agree() -> None:
    said = iter([True, True, False, True, True])
    with pytest.raises(RuntimeError, match="differ"):
        repeated(lambda: Answer(next(said), 0.0))


# The page, from made-up answers.


def case(name: str, truth: bool | None, relus: int = 8, deviation: float = 0.0) -> Record:
    return {"case": vars(Case(name, "box", 2, relus, None, truth, "construction", deviation, 0))}


def result(name: str, tool: str, holds: bool | None, seconds: float, **more: object) -> Record:
    labels = {"name": f"{name}, box", "subject": name, "kind": "box", "tool": tool, "status": "answered"}
    own: Record = {"assurance": "checked"} if tool == "verify" else {"assurance": None}
    rest = {"detail": "", "false_witness": False, "runs": [], "failure": "", "memory": 60.0}
    return {**labels, "holds": holds, "seconds": seconds, **own, **rest, **more}


def test_status_and_ratio() -> None:
    records = [
        case("a", True),
        result("a", "verify", True, 0.5),
        result("a", "z3 one", True, 2.0),
        result("a", "z3 three", None, 3.0, status="timeout"),
        result("a", "cvc5", True, 1.0),
        result("a", "marabou", False, 0.1, false_witness=True),
    ]
    [row] = rows_of(records)
    assert [row.status(tool) for tool in ("verify", *PEERS)] == ["right", "right", "timeout", "right", "wrong"]
    assert row.fastest_right_peer() == (1.0, "cvc5")
    assert row.ratio == 0.5
    text, wrong = page(records, 5)
    assert wrong == 0
    assert "0.5 (cvc5)" in text
    assert "(false witness)" in text
    assert "T/O" in text


def test_a_wrong_answer_of_this_project_counts() -> None:
    records = [case("a", False, deviation=0.5), result("a", "verify", True, 0.5), result("a", "z3 one", False, 2.0)]
    text, wrong = page(records, 5)
    assert wrong == 1
    assert "**WRONG**" in text
    assert rows_of(records)[0].ratio is None


def test_a_false_witness_is_not_right() -> None:
    records = [case("a", False, deviation=1.0), result("a", "marabou", False, 0.1, false_witness=True)]
    assert rows_of(records)[0].status("marabou") == "false witness"
    assert rows_of(records)[0].fastest_right_peer() is None


def test_without_a_checked_verdict_nothing_is_judged() -> None:
    records = [case("a", None), result("a", "verify", None, 5.0, assurance=None), result("a", "z3 one", True, 2.0)]
    [row] = rows_of(records)
    assert row.truth is None
    assert row.status("verify") in NO_ANSWER
    assert row.status("z3 one") == "unjudged"


def test_the_checked_verdict_is_the_reference_where_nothing_else_tells() -> None:
    records = [case("a", None), result("a", "verify", False, 5.0), result("a", "z3 one", True, 2.0)]
    [row] = rows_of(records)
    assert isinstance(row, Row)
    assert (row.truth, row.status("z3 one")) == (False, "wrong")


@pytest.mark.campaign
def test_a_small_run_with_its_peers() -> None:
    log = Log(None)
    records = measure_all(["mirrored 2-8-1"], 30, log, lambda line: None)
    [row] = rows_of(records)
    assert row.status("verify") == "right"
    assert row.status("z3 one") in ("right", "timeout")
    assert row.status("cvc5") in ("right", "timeout", "skipped")
