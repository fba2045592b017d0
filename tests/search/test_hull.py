"""Affine hulls of degenerate regions are found in one step, whatever sides and rows pin."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support.seeds import seeds
from verify import api
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, Vacuous, find
from verify.rational import vector
from verify.region import HalfSpace, Region, box
from verify.search.budget import Budget
from verify.search.problem import prepare

PROPERTIES = ("odd", "even", "homogeneous", "additive", "linear", "convex", "subadditive")


def network(draw: random.Random, size: int) -> Network:
    net = Builder((size,), "n")
    hidden = relu(dense(net.input, [[draw.randint(-2, 2) for _ in range(size)]], [draw.randint(-1, 1)]))
    return net.build(dense(hidden, [[1]]))


def region(draw: random.Random, size: int) -> Region:
    """Sides that are pinned or infinite, rows through corners, rows both ways round."""
    low = [draw.choice([None, 0, 0, -1]) for _ in range(size)]
    high = [draw.choice([None, 0, 1]) for _ in range(size)]
    rows = [
        HalfSpace(vector([draw.randint(-2, 2) for _ in range(size)]), Fraction(draw.choice([0, 0, 1, -1])))
        for _ in range(draw.randint(1, 3))
    ]
    back = [HalfSpace(-rows[0].coefficients, -rows[0].bound)] if draw.random() < 0.5 else []
    return box(low, high).with_rows([*rows, *back])


@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_hull_in_one_step(seed: int) -> None:
    draw = random.Random(seed)
    size = draw.randint(1, 4)
    for name in PROPERTIES:
        questions = Claim(network(draw, size), find(name), region(draw, size)).questions()
        for question in [] if isinstance(questions, Vacuous) else questions:
            prepare(question, Budget(60))  # no AssertionError


@pytest.mark.parametrize("name", ["odd", "even", "homogeneous"])
@pytest.mark.parametrize("engine", ["auto", "split", "stability"])
def test_a_region_that_meets_its_mirror_image_in_one_point(name: str, engine: str) -> None:
    net = Builder((3,), "hull")
    shifted = net.build(relu(dense(net.input, [[1, 0, 0]], [-1])))
    where = "where(x0 + x1 - x2 <= 1, 2*x0 + x1 + x2 >= 0) & nonneg"
    found = api.check(shifted, name, where, engine=engine)
    assert found.verdict.value in (("refuted", "unknown") if name == "homogeneous" else ("proved", "unknown"))
    assert engine != "auto" or found.verdict.value != "unknown"
