"""Walks: the stretches of a segment are exactly the affine stretches of f on it."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.support import samples
from tests.support.random_claims import network as random_network
from tests.support.seeds import seeds
from verify.errors import BudgetExceeded
from verify.kernel.exact import evaluate, pattern_at, preactivations
from verify.network import examples
from verify.rational import vector
from verify.search.budget import Budget
from verify.search.refuting.crossing import effective_switch
from verify.search.refuting.walk import stretches


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_stretches_are_exact(seed: int) -> None:
    rng = random.Random(seed)
    network = random_network(rng, rng.randint(1, 3), rng.randint(1, 2))
    start, end = samples.point(rng, network.input_size), samples.point(rng, network.input_size)
    direction = end - start
    walked = list(stretches(network, start, end, Budget()))
    assert walked[0].begin == 0
    assert walked[-1].end == 1
    assert all(a.end == b.begin for a, b in pairwise(walked))
    for stretch in walked:
        length = stretch.end - stretch.begin
        assert length > 0
        first = evaluate(network, start + direction.scaled(stretch.begin))
        for share in (Fraction(1, 3), Fraction(1, 2), Fraction(1)):
            value = evaluate(network, start + direction.scaled(stretch.begin + share * length))
            assert value == first + stretch.slope.scaled(share * length)


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_units_that_switch_do(seed: int) -> None:
    rng = random.Random(seed)
    network = random_network(rng, rng.randint(1, 3))
    start, end = samples.point(rng, network.input_size), samples.point(rng, network.input_size)
    direction = end - start
    for stretch in stretches(network, start, end, Budget()):
        if stretch.end < 1:
            assert stretch.switching
        inner = [stretch.begin + share * (stretch.end - stretch.begin) for share in (Fraction(1, 4), Fraction(3, 4))]
        patterns = [pattern_at(network, start + direction.scaled(parameter)) for parameter in inner]
        assert all((patterns[0][k] == patterns[1][k]).all() for k in patterns[0])
        there = preactivations(network, start + direction.scaled(stretch.end))
        assert all(there[k - 1][unit] == 0 for k, unit in stretch.switching)


def test_a_known_walk() -> None:
    [left, right] = stretches(examples.get("abs"), vector([-1]), vector([3]), Budget())
    quarter = Fraction(1, 4)
    assert (left.begin, left.end, left.slope[0]) == (Fraction(0), quarter, Fraction(-4))
    assert (right.begin, right.end, right.slope[0]) == (quarter, Fraction(1), Fraction(4))
    assert (left.switching, right.switching) == (((1, 0),), ())


def test_an_effective_switch_changes_the_slope() -> None:
    bent = list(stretches(examples.get("abs"), vector([-1]), vector([3]), Budget()))
    assert effective_switch(bent) is bent[0]
    straight = list(stretches(examples.get("identity_pair"), vector([-1, 0]), vector([3, 0]), Budget()))
    assert len(straight) == 2
    assert effective_switch(straight) is None


def test_a_walk_of_no_length() -> None:
    [only] = stretches(examples.get("relu"), vector([0]), vector([0]), Budget())
    assert (only.begin, only.end, only.slope[0]) == (Fraction(0), Fraction(1), Fraction(0))
    assert only.switching == ()


def test_the_budget_is_kept() -> None:
    with pytest.raises(BudgetExceeded):
        list(stretches(examples.get("abs"), vector([-1]), vector([3]), Budget(1e-9)))
