"""Counterexamples along one coordinate: most proposals break the formula, and shrinking uses them."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support.judging import judged
from verify.kernel.check import Verdict
from verify.kernel.evidence import ValueGap
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim
from verify.rational import Vector, vector
from verify.region import box, l1_ball
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.refuting.finding import gap_at
from verify.search.refuting.shrink import shrink
from verify.search.refuting.sparse import along_one_coordinate

SIZE = 12


def network(rng: random.Random) -> Network:
    def numbers(count: int) -> list[Fraction]:
        return [Fraction(rng.randint(-9, 9), rng.choice([1, 3, 7])) for _ in range(count)]

    builder = Builder((SIZE,), "many inputs")
    hidden = relu(dense(builder.input, [numbers(SIZE) for _ in range(4)], numbers(4)))
    return builder.build(dense(hidden, [numbers(4)]))


def refuted(seed: int, name: str) -> tuple[Claim, ValueGap] | None:
    rng = random.Random(seed)
    region = box([-1] * SIZE, [1] * SIZE) if seed % 2 else l1_ball(vector([0] * SIZE), 3)
    claim = Claim(network(rng), CATALOGUE[name], region)
    outcome = decide(claim, Budget(30), "crossing", shrinking=False)
    return (claim, outcome.evidence) if isinstance(outcome.evidence, ValueGap) else None


def differing(evidence: ValueGap) -> int:
    x, y = evidence.assignment["x"], evidence.assignment["y"]
    assert isinstance(x, Vector) and isinstance(y, Vector)
    return sum(1 for n in (y - x).numerators.tolist() if n)


def test_most_proposals_are_counterexamples_in_one_coordinate() -> None:
    accepted = offered = 0
    for seed in range(40):
        found = refuted(seed, "affine")
        if found is None or differing(found[1]) < 2:
            continue
        claim, evidence = found
        for assignment in along_one_coordinate(claim, evidence, Budget()):
            offered += 1
            gap = gap_at(claim, assignment)
            if gap is not None:
                assert differing(gap) == 1
                accepted += 1
    assert offered > 50
    assert accepted > offered / 2


@pytest.mark.parametrize("seed", range(12))
def test_shrinking_ends_with_one_coordinate(seed: int) -> None:
    found = refuted(seed, "affine")
    if found is None:
        pytest.skip("this network does not bend on the way")
    claim, evidence = found
    shrunk = shrink(claim, evidence, Budget())
    assert judged(claim, shrunk).verdict is Verdict.REFUTED
    assert differing(shrunk) == 1


def test_other_instances_have_no_proposals() -> None:
    claim = Claim(network(random.Random(0)), CATALOGUE["additive"], box([-1] * SIZE, [1] * SIZE))
    point = vector([0] * SIZE)
    evidence = ValueGap({"x": point, "y": point}, 0)
    assert list(along_one_coordinate(claim, evidence, Budget())) == []
