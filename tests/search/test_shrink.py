"""Shrinking: the counterexample stays one, and gets simpler."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.support.corpus import Corpus
from tests.support.judging import judged
from tests.support.random_claims import claim as random_claim
from tests.support.seeds import chunks, seeds
from verify import api
from verify.kernel.check import Verdict
from verify.kernel.evidence import ValueGap
from verify.property import Assignment
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.refuting.shrink import shrink


def digits(assignment: Assignment) -> int:
    """Characters that a reader sees."""
    texts = [v.strings() if isinstance(v, Vector) else [str(v)] for v in assignment.values()]
    return sum(len(text) for group in texts for text in group)


def nonzeros(assignment: Assignment) -> int:
    return sum(1 for v in assignment.values() if isinstance(v, Vector) for entry in v.fractions() if entry)


@pytest.mark.parametrize("seeds", chunks(0, 60, 1, campaign=11))
def test_shrunk_counterexamples_are_counterexamples(seeds: range) -> None:
    before = after = count = 0
    for seed in seeds:
        claim = random_claim(seed)
        found = decide(claim, Budget(), shrinking=False).evidence
        if not isinstance(found, ValueGap):
            continue
        small = shrink(claim, found, Budget())
        assert judged(claim, small).verdict is Verdict.REFUTED, f"seed {seed}"
        before, after, count = before + digits(found.assignment), after + digits(small.assignment), count + 1
    assert count > 10
    assert after < before


@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_shrinking_again_changes_nothing(seed: int, corpus: Corpus) -> None:
    claim, outcome = corpus.decided(seed)
    found = outcome.evidence
    if isinstance(found, ValueGap):
        again = shrink(claim, found, Budget())
        assert dict(again.assignment) == dict(found.assignment)


def test_an_ugly_counterexample_becomes_a_small_one() -> None:
    claim = api.make_claim("thread", "affine", "all")
    ugly = [Fraction(10**9 + i, 10**9 - 7) for i in range(9)]
    x, y = vector(ugly), vector([-3 * v for v in ugly])
    start = ValueGap({"x": x, "y": y, "e": Fraction(2, 5)}, 0)
    assert judged(claim, start).verdict is Verdict.REFUTED
    small = shrink(claim, start, Budget())
    assert judged(claim, small).verdict is Verdict.REFUTED
    assert nonzeros(small.assignment) <= 2
    assert digits(small.assignment) <= 30


def test_the_textbook_counterexample() -> None:
    assert api.check("relu", "additive").counterexample == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"


def test_without_time_nothing_is_lost() -> None:
    claim = api.make_claim("relu", "additive", "all")
    start = ValueGap({"x": vector(["-17/3"]), "y": vector(["22/7"])}, 0)
    assert shrink(claim, start, Budget(1e-9)) is start


def test_the_region_is_kept() -> None:
    claim = api.make_claim("relu", "affine", "box(-5/7, 3/11)")
    start = ValueGap({"x": vector(["-5/7"]), "y": vector(["3/11"]), "e": Fraction(1, 3)}, 0)
    small = shrink(claim, start, Budget())
    assert judged(claim, small).verdict is Verdict.REFUTED
    assert digits(small.assignment) < digits(start.assignment)
