"""Slopes just beyond a point against difference quotients."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support import naive, random_networks
from verify.rational import Vector, vector
from verify.search.along import preactivations_along

SEEDS = range(100)


def as_forms(forms: Vector) -> list[list[Fraction]]:
    return [[Fraction(n, forms.denominator) for n in row] for row in forms.numerators.tolist()]


@pytest.mark.parametrize("seed", SEEDS)
def test_slopes_just_beyond_a_point(seed: int) -> None:
    """The slope along a direction is the difference quotient over a step so short that no unit switches."""
    rng, net = random.Random(seed), random_networks.network(seed)
    x, direction = random_networks.point(rng, net.input_size), random_networks.point(rng, net.input_size)
    step = Fraction(1, 10**12)
    before = naive.preactivations(net, x)
    after = naive.preactivations(net, [a + step * d for a, d in zip(x, direction, strict=True)])
    along = preactivations_along(net, vector(x), vector(direction))
    for block, old, new in zip(along, before, after, strict=True):
        assert as_forms(block) == [[a, (b - a) / step] for a, b in zip(old, new, strict=True)]
