"""Rules about inequalities: what they accept is true by Z3, and which canonical forms they accept."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support import random_claims
from tests.support.judging import judged
from tests.support.z3_verdicts import z3_verdict
from verify.errors import EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.evidence import Rule
from verify.kernel.facts.rules import RULES, absolute_sums, monotone_weights
from verify.network import Builder, Network, Tensor
from verify.network.builder import absolute, clip, dense, leaky_relu, maximum, relu
from verify.property import Claim, find
from verify.region import everything

PROVABLE = {
    "curvature": ("convex", "concave"),
    "sublinear": ("subadditive", "superadditive"),
    "monotone weights": ("nondecreasing in I", "nonincreasing in I"),
    "absolute weights": ("lipschitz K in linf", "lipschitz K in l1", "lipschitz K in l2"),
}


def leaning(rng: random.Random, size: int, *, biases: bool) -> Network:
    """A network most of whose weights have one sign in each layer, so that rules often apply."""
    builder = Builder((size,), "leaning")
    x: Tensor = builder.input
    signs = [rng.choice([1, 1, -1, 0]) for _ in range(3)]
    for layer in range(rng.choice([1, 2])):
        weights, offsets = leaning_rows(rng, rng.randint(1, 3), x.size, signs[layer])
        x = relu(dense(x, weights, offsets if biases else None))
    weights, offsets = leaning_rows(rng, 1, x.size, signs[2])
    return builder.build(dense(x, weights, offsets if biases else None))


def leaning_rows(rng: random.Random, count: int, width: int, sign: int) -> tuple[list[list[Fraction]], list[Fraction]]:
    def entry() -> Fraction:
        size = Fraction(rng.randint(0, 3), rng.choice([1, 2]))
        return size * (rng.choice([1, -1]) if sign == 0 or rng.random() < 0.05 else sign)

    return [[entry() for _ in range(width)] for _ in range(count)], [entry() for _ in range(count)]


@pytest.mark.parametrize("rule", PROVABLE)
def test_what_a_rule_accepts_is_true(rule: str) -> None:
    tally: Counter[str] = Counter()
    for seed in range(150):
        rng = random.Random(seed)
        size = rng.choice([1, 2])
        usage = rng.choice(PROVABLE[rule])
        name = usage.replace(" I", f" {rng.randrange(size)}").replace(" K", f" {rng.choice(random_claims.CONSTANTS)}")
        net = leaning(rng, size, biases=rule != "sublinear" or rng.random() < 0.2)
        claim = Claim(net, find(name), random_claims.region(rng, size))
        try:
            RULES[rule](claim)
        except EvidenceError:
            tally["rejected"] += 1
            continue
        tally["accepted"] += 1
        assert judged(claim, Rule(rule)).verdict is Verdict.PROVED
        assert z3_verdict(claim, 2) is not Verdict.REFUTED, f"{claim.property} {seed}"
    assert tally["accepted"] > 15
    assert tally["rejected"] > 15


def accepts(rule: str, name: str, make: Callable[[Tensor], Tensor], size: int = 2) -> bool:
    builder = Builder((size,), "form")
    claim = Claim(builder.build(make(builder.input)), find(name), everything(size))
    try:
        RULES[rule](claim)
    except EvidenceError:
        return False
    return True


def test_lowered_forms_count_as_they_stand() -> None:
    def convex(make: Callable[[Tensor], Tensor]) -> bool:
        return accepts("curvature", "convex", make)

    assert convex(lambda x: leaky_relu(x, Fraction(1, 10)))
    assert convex(lambda x: leaky_relu(x, -3))  # of an affine value: -3 z + 4 relu(z)
    assert not convex(lambda x: leaky_relu(x, 2))
    assert accepts("curvature", "concave", lambda x: leaky_relu(x, 2))
    assert convex(lambda x: leaky_relu(leaky_relu(x, Fraction(1, 10)), Fraction(1, 10)))
    assert not convex(lambda x: leaky_relu(leaky_relu(x, Fraction(1, 10)), -3))  # -3 z of a convex z is not convex
    assert convex(lambda x: absolute(x))
    assert not convex(lambda x: clip(x, 0, 6))
    assert convex(lambda x: relu(dense(x, [[1, -2]])) + dense(x, [[-5, 3]]))  # a skip connection of either sign
    assert not convex(lambda x: dense(relu(x), [[1, -1]]))
    assert convex(lambda x: maximum(dense(x, [[1, 2]]), dense(x, [[0, -1]])))


def test_monotone_forms() -> None:
    assert accepts("monotone weights", "nondecreasing in 0", lambda x: leaky_relu(x, Fraction(1, 10)))
    assert not accepts("monotone weights", "nondecreasing in 0", lambda x: leaky_relu(x, 2))  # 2 z - relu(z)
    assert accepts("monotone weights", "nonincreasing in 1", lambda x: relu(dense(x, [[1, -2]])))
    assert not accepts("monotone weights", "nondecreasing in 1", lambda x: relu(dense(x, [[1, -2]])))
    assert accepts("monotone weights", "nondecreasing in 1", lambda x: dense(relu(dense(x, [[1, -2]])), [[-1]]))


def test_sums_of_absolute_weights() -> None:
    builder = Builder((2,), "sums")
    hidden = relu(dense(builder.input, [[1, -2], [3, 0]], [7, 7]))
    net = builder.build(dense(hidden, [[1, -1], [0, Fraction(1, 2)]]) + dense(builder.input, [[0, 1], [0, 0]]))
    assert absolute_sums(net).fractions() == [Fraction(7), Fraction(3, 2)]


@pytest.mark.parametrize("rule", PROVABLE)
def test_a_rule_proves_nothing_else(rule: str) -> None:
    others = [u for r, usages in PROVABLE.items() if r != rule for u in usages] + ["affine", "positively homogeneous"]
    builder = Builder((1,), "zero")
    net = builder.build(dense(builder.input, [[0]]))
    for usage in others:
        claim = Claim(net, find(usage.replace(" I", " 0").replace(" K", " 5")), everything(1))
        with pytest.raises(EvidenceError, match=rule):
            judged(claim, Rule(rule))


def test_without_an_axis_every_input_moves() -> None:
    """A property that follows from being nondecreasing, as of a family, is one about steps in every coordinate."""
    everywhere = replace(find("nondecreasing in 0"), name="nondecreasing in every input", parameters={})
    builder = Builder((2,), "falling")
    falling = builder.build(dense(builder.input, [[1, -1]]))
    with pytest.raises(EvidenceError, match="weights and biases do not show it"):
        monotone_weights(Claim(falling, everywhere, everything(2)))
    builder = Builder((2,), "rising")
    monotone_weights(Claim(builder.build(dense(builder.input, [[1, 2]])), everywhere, everything(2)))
