"""Lipschitz constants by bounds of slopes, against the exact constant of small networks; forged evidence."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.support import random_claims
from tests.support.judging import judged
from tests.support.seeds import chunks
from verify.digits import short_above
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.cuts import Cuts
from verify.kernel.evidence import Bounds
from verify.kernel.goals import goal_of
from verify.network import Builder, Network, examples
from verify.network.builder import dense
from verify.property import Claim, find
from verify.rational import vector
from verify.region import Box, Region, ball, box
from verify.region.norms import NORMS, squared_if_l2
from verify.search.budget import Budget
from verify.search.commands.lipschitz import LipschitzConstant, best_constant
from verify.search.commands.steepest import gradient_at, steepest
from verify.search.engines.bounds import search_bounds


def case(rng: random.Random) -> tuple[Network, Region, str, LipschitzConstant]:
    """A small network, a box (flat in a coordinate now and then) and the exact constant."""
    size = rng.randint(1, 3)
    net = random_claims.network(rng, size, rng.randint(1, 2))
    sides = [(Fraction(rng.randint(-3, 0), 2), Fraction(rng.randint(0, 3), 3)) for _ in range(size)]
    region, norm = box([a for a, _ in sides], [b for _, b in sides]), rng.choice(sorted(NORMS))
    found = best_constant(net, region, norm, Budget(20))
    assert found.exact
    return net, region, norm, found


def around(norm: str, exact: Fraction) -> list[Fraction]:
    """Constants at, near and far from the exact one (``exact`` is a square for l2)."""
    root = exact
    if norm == "l2":
        root = Fraction(float(exact) ** 0.5)
        while root * root < exact:
            root += Fraction(1, 2**50)
    return [root, root + Fraction(1, 2**60), root - Fraction(1, 2**40), root / 2, root * 2, root + Fraction(1, 100)]


@pytest.mark.parametrize("seeds", chunks(0, 8, 1, campaign=600))
def test_constants_around_the_smallest_one(seeds: range) -> None:
    """Bounds never prove a constant that is too small, nor refute one that is not; far from it they decide."""
    for seed in seeds:
        net, region, norm, found = case(random.Random(seed))
        for constant in around(norm, found.lower):
            if constant < 0:
                continue
            claim = Claim(net, find(f"lipschitz {constant} in {norm}"), region)
            holds = squared_if_l2(norm, constant) >= found.upper
            try:
                evidence, _ = search_bounds(claim, Budget(work=30))
            except BudgetExceeded:
                continue
            if evidence is not None:
                assert judged(claim, evidence).verdict is (Verdict.PROVED if holds else Verdict.REFUTED), seed


def test_they_decide_what_is_not_near() -> None:
    counts: Counter[tuple[Fraction, Verdict | None]] = Counter()
    for seed in range(16):
        net, region, norm, found = case(random.Random(seed))
        if not found.lower:
            continue
        for factor in (Fraction(1, 2), Fraction(5, 4)):
            constant = around(norm, found.lower)[0] * factor
            claim = Claim(net, find(f"lipschitz {constant} in {norm}"), region)
            evidence, _ = search_bounds(claim, Budget(5))
            verdict = None if evidence is None else judged(claim, evidence).verdict
            counts[factor, verdict] += 1
    assert counts[Fraction(1, 2), Verdict.REFUTED] >= 0.8 * sum(n for (f, _), n in counts.items() if f < 1)
    assert counts[Fraction(5, 4), Verdict.PROVED] >= 0.8 * sum(n for (f, _), n in counts.items() if f > 1)


@pytest.mark.parametrize("seeds", chunks(100, 8, 1, campaign=750))
def test_both_bounds_of_the_constant_hold(seeds: range) -> None:
    for seed in seeds:
        net, region, norm, found = case(random.Random(seed))
        gradient, upper = steepest(net, region, norm, Budget(0.3))
        assert upper is None or upper >= found.upper, seed
        assert gradient is None or gradient.size <= found.lower, seed
        assert upper is not None or not found.upper


def test_no_gradient_at_a_bend() -> None:
    net = random_claims.network_of("generic", random.Random(1), 2)
    base = box([0, 0], [1, 1]).base
    assert isinstance(base, Box)
    assert gradient_at(net, base, "linf", vector([Fraction(1, 3), Fraction(1, 7)])) is not None
    assert gradient_at(examples.get("max"), base, "linf", vector([1, 1])) is None


@pytest.mark.parametrize("value", ["1/3", "0", "999/1000", "123456/100", "1e-40", "1e40", "1000", "99999/100000"])
@pytest.mark.parametrize("digits", [1, 3, 5])
def test_short_numbers_above(value: str, digits: int) -> None:
    exact = Fraction(value)
    short = short_above(exact, digits)
    assert exact <= short <= exact * (1 + Fraction(10) ** (1 - digits))
    assert len(str(short.numerator * short.denominator).strip("0")) <= 80


def test_a_smaller_constant_and_a_shorter_tree_are_rejected() -> None:
    claim, evidence = _proof()
    nodes = evidence.cuts.nodes.tolist()
    assert len(nodes) > 3
    for constant in ("0", "1/1000"):
        smaller = replace(claim, property=find(f"lipschitz {constant} in l1"))
        with pytest.raises(EvidenceError) as error:
            judged(smaller, evidence)
        assert error.value.rule == "bounds"
    for mutant in ([0], [*nodes, 0], nodes[:-1], [9, 0, 0]):
        with pytest.raises(EvidenceError) as error:
            judged(claim, replace(evidence, cuts=Cuts(np.array(mutant))))
        assert error.value.rule in ("bounds", "cuts")


def test_norms_are_not_mixed_up() -> None:
    """x0 + x1 + x2: 3, 1 and sqrt(3); the bound on a box is that of the norm, up to rounding."""
    builder = Builder((3,), "sum")
    net = builder.build(dense(builder.input, [[1, 1, 1]]))
    sizes = {"linf": 3.0, "l1": 1.0, "l2": 3**0.5}
    for norm, size in sizes.items():
        for single in (True, False):
            goal = goal_of(Claim(net, find(f"lipschitz 0 in {norm}"), ball(vector([0, 0, 0]), 1)), single=single)
            bound = goal.upper(goal.root[0][None], goal.root[1][None])[0, 0]
            assert size <= bound <= size * (1 + 1e-4)
    flat = goal_of(Claim(net, find("lipschitz 0 in linf"), box([0, 1, 1], [1, 1, 1])), single=False)
    assert 1 <= flat.upper(flat.root[0][None], flat.root[1][None])[0, 0] <= 1 + 1e-9


def _proof() -> tuple[Claim, Bounds]:
    for seed in range(60):
        rng = random.Random(seed)
        net = random_claims.network_of("generic", rng, 2)
        region = box([-1, -1], [1, 1])
        found: LipschitzConstant = best_constant(net, region, "l1", Budget(10))
        claim = Claim(net, find(f"lipschitz {found.upper + Fraction(1, 50)} in l1"), region)
        evidence, _ = search_bounds(claim, Budget(5))
        if isinstance(evidence, Bounds) and len(evidence.cuts.nodes) > 3:
            return claim, evidence
    raise AssertionError("no network needs several parts")
