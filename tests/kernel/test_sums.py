"""Convexity and monotonicity of sums of units, against differences of values in mpmath."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest

from tests.support.judging import judged
from tests.support.seeds import seeds
from tests.support.smooth_nets import ALL, ELU, SOFTPLUS, TANH, Activation, Spec, random_spec
from verify.errors import EvidenceError
from verify.kernel import Verdict
from verify.kernel.evidence import Rule
from verify.network import Builder, activations
from verify.network.builder import relu
from verify.network.examples import EXAMPLES
from verify.property import Claim, find
from verify.region import Region, box, everything, nonnegative

RULE = Rule("sum of units")
ONE = Fraction(1)


def accepted(claim: Claim) -> bool:
    try:
        return judged(claim, RULE).verdict is Verdict.PROVED
    except EvidenceError:
        return False


def gap(spec: Spec, name: str, x: list[Fraction], y: list[Fraction]) -> mpmath.mpf:
    """How far an instance breaks the formula: positive where it does."""
    if "in" in name.split():
        i = int(name.split()[-1])
        moved = [v + (abs(y[i] - v) if j == i else 0) for j, v in enumerate(x)]
        rise = spec.values(moved)[0] - spec.values(x)[0]
        return -rise if name.startswith("nondecreasing") else rise
    middle = [(a + b) / 2 for a, b in zip(x, y, strict=True)]
    excess = spec.values(middle)[0] - (spec.values(x)[0] + spec.values(y)[0]) / 2
    return excess if name == "convex" else -excess


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
@pytest.mark.parametrize("seed", seeds(1, campaign=20))
def test_what_the_rule_accepts_holds_at_random_points(seed: int, activation: Activation) -> None:
    rng = random.Random(f"{activation.name} {seed}")
    found = 0
    for turn in range(8):
        inputs = rng.choice([1, 1, 2])
        spec = random_spec(rng, activation, inputs)
        low, high = (Fraction(end) for end in rng.choice([("-3", "3"), ("0", "3"), ("-3", "0"), ("1/2", "2")]))
        region = box([low] * inputs, [high] * inputs)
        for name in ("convex", "concave", "nondecreasing in 0", "nonincreasing in 0"):
            if not accepted(Claim(spec.network(), find(name), region)):
                continue
            found += 1
            for _ in range(12):
                x, y = ([low + Fraction(rng.randint(0, 240), 240) * (high - low) for _ in range(inputs)] for _ in "xy")
                y = x if turn % 7 == 0 and rng.random() < 0.2 else y
                with mpmath.workdps(60):
                    if "in" in name.split() and x[0] + abs(y[0] - x[0]) > high:
                        continue
                    assert gap(spec, name, list(x), list(y)) <= mpmath.mpf(10) ** -50, (spec, name, x, y)
    assert found > 2


def single(activation: Activation, weight: int = 1, factor: int = 1, skip: int = 0) -> Spec:
    return Spec(
        activation, [[Fraction(weight)]], [Fraction(0)], [[Fraction(factor)]], [[Fraction(skip)]], [Fraction(0)]
    )


LINE, RIGHT, LEFT = everything(1), nonnegative(1), box([-9], [0])


@pytest.mark.parametrize(
    ("spec", "name", "region", "expected"),
    [
        (single(ELU), "convex", LINE, True),
        (single(ELU, factor=-1), "concave", LINE, True),
        (single(ELU, factor=-1), "convex", LINE, False),
        (single(ELU, weight=-3), "convex", LINE, True),
        (single(ELU), "nondecreasing in 0", LINE, True),
        (single(ELU, skip=-1), "nonincreasing in 0", LINE, True),
        (single(ELU, skip=-1), "nondecreasing in 0", LINE, False),
        (single(SOFTPLUS, skip=-1), "nonincreasing in 0", LINE, True),
        (single(TANH), "convex", LINE, False),
        (single(TANH), "convex", LEFT, True),
        (single(TANH), "concave", RIGHT, True),
        (single(TANH, factor=-1), "convex", RIGHT, True),
        (single(TANH, weight=-1), "convex", RIGHT, True),
    ],
)
def test_single_units(spec: Spec, name: str, region: Region, expected: bool) -> None:
    assert accepted(Claim(spec.network(), find(name), region)) is expected


def test_a_kink_that_falls_is_not_convex_however_small() -> None:
    for alpha, expected in ((ONE, True), (1 - Fraction("1e-30"), True), (1 + Fraction("1e-30"), False)):
        builder = Builder((1,), "elu")
        network = builder.build(activations.elu(builder.input.named("a"), alpha))
        assert accepted(Claim(network, find("convex"), LINE)) is expected
        assert accepted(Claim(network, find("convex"), LEFT))


def test_units_on_one_line_count_together() -> None:
    """ELU(z) + 2 ELU(-z) has a kink that rises; ELU(z) - ELU(-z) is not convex."""
    for factors, expected in (([1, 2], True), ([1, -1], False), ([1, 0], True)):
        weights = [[Fraction(2)], [Fraction(-2)]]
        output = [[Fraction(f) for f in factors]]
        spec = Spec(ELU, weights, [ONE, -ONE], output, [[Fraction(0)]], [Fraction(0)])
        assert accepted(Claim(spec.network(), find("convex"), LINE)) is expected


def test_what_the_rule_refuses() -> None:
    deep = Builder((1,), "deep")
    network = deep.build(activations.elu(activations.elu(deep.input.named("a")).named("b")))
    assert not accepted(Claim(network, find("convex"), LINE))
    for name in ("affine", "odd", "subadditive", "lipschitz 1 in linf"):
        assert not accepted(Claim(single(ELU).network(), find(name), LINE))
    assert not accepted(Claim(EXAMPLES["max"](), find("convex"), everything(2)))
    with pytest.raises(EvidenceError, match="'rule'"):
        judged(Claim(single(ELU).network(), find("positively homogeneous"), LINE), Rule("zero biases"))


def test_multiples_of_a_unit_keep_their_size() -> None:
    """relu(3 z) is 3 relu(z): 3 z - relu(3 z) + exp(-relu(-z)) rises by 0 on the right, by 3 and more on the left."""
    builder = Builder((1,), "scaled")
    below = activations.smooth(relu((-builder.input).named("n")).scaled(-1), "exp")
    total = builder.input.scaled(3) - relu(builder.input.scaled(3).named("p")) + below
    claim = Claim(builder.build(total), find("nondecreasing in 0"), LINE)
    assert accepted(claim)
