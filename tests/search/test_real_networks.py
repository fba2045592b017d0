"""Published networks at random points: the pattern radius is exact, and where f bends there, so is the affine one."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from tests.support.judging import judged
from tests.support.outside import outside
from verify import api
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate, pattern_at, preactivations
from verify.network import Network
from verify.property import CATALOGUE, Claim
from verify.rational import Vector, vector, vector_from_floats
from verify.region import ball
from verify.search.budget import Budget
from verify.search.commands.radius import Radii, radii
from verify.search.decide import decide
from verify.search.outcome import Outcome

pytestmark = pytest.mark.networks

NETWORKS = ["acasxu_1_1", "mnistfc_256x4", "mnistcnn", "cifar_deep_kw", "cifar_resnet_2b"]
SLIGHTLY = 1 + Fraction(1, 10**6)
# Only to end a test that hangs; each takes seconds.
PATIENCE = 300.0


def random_point(size: int, seed: int = 0) -> Vector:
    values = np.random.default_rng(seed).random(size, dtype=np.float32)
    return vector_from_floats(values.astype(np.float64))


@cache
def at_a_random_point(name: str) -> tuple[Network, Vector, Radii]:
    network = api.load(outside(f"networks/{name}.onnx"))
    x = random_point(network.input_size)
    return network, x, radii(network, x, Budget(PATIENCE))


def affine(network: Network, x: Vector, radius: Fraction) -> tuple[Claim, Outcome]:
    claim = Claim(network, CATALOGUE["affine"], ball(x, radius))
    outcome = decide(claim, Budget(PATIENCE), shrinking=False)
    assert outcome.assurance == "checked", outcome.reason
    return claim, outcome


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.campaign if name.startswith("cifar") else ()) for name in NETWORKS],
)
def test_radius_at_a_random_point(name: str) -> None:
    network, x, found = at_a_random_point(name)
    assert isinstance(found.pattern, Fraction)
    assert found.affine == found.pattern > 0
    claim, proof = affine(network, x, found.pattern)
    assert proof.verdict is Verdict.PROVED
    claim, refutation = affine(network, x, found.pattern * SLIGHTLY)
    assert refutation.verdict is Verdict.REFUTED
    assert refutation.evidence is not None
    again = judged(claim, refutation.evidence)
    assert again.gap is not None
    assert again.gap == refutation.gap != 0
    assert all(claim.region.contains(value.point) for value in again.values)


@pytest.mark.parametrize("name", NETWORKS[:3])
def test_the_pattern_is_constant_inside(name: str) -> None:
    network, x, found = at_a_random_point(name)
    assert isinstance(found.pattern, Fraction)
    pattern = pattern_at(network, x)
    rng = random.Random(0)
    for _ in range(3):  # corners of a slightly smaller ball
        step = [rng.choice([-1, 1]) * found.pattern * (1 - Fraction(1, 10**9)) for _ in range(len(x))]
        there = pattern_at(network, x + vector(step))
        assert all((there[k] == pattern[k]).all() for k in pattern)


def test_the_named_unit_of_acas_is_zero_at_a_corner_of_the_ball() -> None:
    network, x, found = at_a_random_point("acasxu_1_1")
    assert isinstance(found.pattern, Fraction)
    pattern = pattern_at(network, x)
    for block, unit in found.units:
        corners = itertools.product((-found.pattern, found.pattern), repeat=len(x))
        values = [preactivations(network, x + vector(step), pattern)[block - 1][unit] for step in corners]
        assert 0 in (min(values), max(values))


@pytest.mark.parametrize("seed", range(1, 3))
def test_acas_at_more_points(seed: int) -> None:
    network = api.load(outside("networks/acasxu_1_1.onnx"))
    x = random_point(network.input_size, seed)
    found = radii(network, x, Budget(PATIENCE))
    assert isinstance(found.affine, Fraction)
    assert affine(network, x, found.affine)[1].verdict is Verdict.PROVED
    assert affine(network, x, found.affine * SLIGHTLY)[1].verdict is Verdict.REFUTED
    assert len(evaluate(network, x)) == 5
