"""Points at which two networks differ: they lie in the region, and they are far apart where that is easy to say."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from tests.support import near, random_claims, random_networks, redundant
from tests.support.seeds import seeds
from verify.kernel.core.cell import cell_of
from verify.kernel.exact import AffineForm, evaluate, pattern_at, preactivations
from verify.network import Network
from verify.property import Claim, find
from verify.property.base import in_coordinates
from verify.rational import vector
from verify.region import box, everything
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare
from verify.search.refuting.far_apart import far_apart, gradient


def largest(first: Network, second: Network, x: list[Fraction]) -> Fraction:
    gap = evaluate(first, vector(x)) - evaluate(second, vector(x))
    return max(abs(value) for value in gap.fractions())


@pytest.mark.parametrize("seed", seeds(32, campaign=320))
def test_points_lie_in_the_region(seed: int) -> None:
    """Boxes, balls, half-spaces, charts, sides without end."""
    rng = random.Random(seed)
    first, second = redundant.pair(seed)[:2]
    region = random_claims.region(rng, first.input_size)
    claim = Claim(first, find("equivalent within 1"), region, second)
    questions = claim.questions()
    assert isinstance(questions, list)
    problem = prepare(questions[0], Budget())
    if not isinstance(problem, Problem):
        return
    (f, local, _), (g, _, _) = in_coordinates(first, region), in_coordinates(second, region)
    for t in far_apart((f, g), local, problem.embedded(problem.interior), Budget()):
        assert local.holds(t) and region.contains(region.point(t))


def test_corners_are_reached_exactly() -> None:
    """The difference of two affine networks is largest at a corner, whose coordinates floats do not hold."""
    for seed in range(20):
        rng = random.Random(seed)
        size = rng.randint(1, 5)
        chain = redundant.layers(rng, size, [], 2)
        first, second = redundant.build(chain, size), redundant.build(redundant.layers(rng, size, [], 2), size)
        region = box([Fraction(1, 3)] * size, [Fraction(5, 7)] * size)
        found = far_apart((first, second), region, region.base.centre(), Budget())
        best = max(largest(first, second, t.fractions()) for t in found)
        corners = [[Fraction(1, 3) if i >> j & 1 else Fraction(5, 7) for j in range(size)] for i in range(2**size)]
        assert best == max(largest(first, second, corner) for corner in corners)


def test_it_beats_random_points() -> None:
    better = 0
    for seed in range(20):
        first = random_networks.network(seed)
        second = near.changed(first, near.one_ulp(seed))
        size = first.input_size
        region = box([-1] * size, [2] * size)
        found = far_apart((first, second), region, region.base.centre(), Budget())
        rng = random.Random(seed)
        sample = [[Fraction(rng.randint(-12, 24), 12) for _ in range(size)] for _ in range(40)]
        best = max(largest(first, second, t.fractions()) for t in found)
        better += best >= max(largest(first, second, x) for x in sample)
    assert better >= 16


def test_gradients_are_those_of_the_cell() -> None:
    for seed in range(20):
        network = random_networks.network(seed)
        x = vector(random_networks.point(random.Random(seed), network.input_size))
        if any(0 in values.fractions() for values in preactivations(network, x)):
            continue
        forms: list[AffineForm] = cell_of(network, pattern_at(network, x)).outputs()
        for i, form in enumerate(forms):
            seeds = np.eye(network.output_size)[[i]]
            found = gradient(network, np.array([x.floats()]), seeds)[0]
            assert np.allclose(found, form.coefficients.floats())


def test_regions_without_end_and_numbers_beyond_floats() -> None:
    first, second = redundant.pair(3)[:2]
    size = first.input_size
    whole = everything(size)
    assert all(whole.holds(t) for t in far_apart((first, second), whole, whole.base.centre(), Budget()))
    huge = box([0] * size, [Fraction(10**400)] * size)
    assert far_apart((first, second), huge, huge.base.centre(), Budget()) == []
