"""Radii: the pattern radius by brute force over corners, the affine radius against ``decide`` on balls."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from tests.support import samples
from tests.support.random_claims import network as random_network
from verify.errors import BudgetExceeded, RegionError
from verify.kernel.check import Verdict
from verify.kernel.exact import pattern_at, preactivations
from verify.network import Network, examples
from verify.property import CATALOGUE, Claim
from verify.rational import Vector, vector
from verify.region import Region, ball, everything
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.radius import Infinite, radii

SLIGHTLY = 1 + Fraction(1, 10**6)


def pattern_kept(network: Network, x: Vector, radius: Fraction) -> bool:
    """Whether every pre-activation's extension keeps its weak sign at every corner of the closed ball, hence on it."""
    pattern = pattern_at(network, x)
    for signs in itertools.product((-1, 1), repeat=len(x)):
        corner = x + vector([radius * sign for sign in signs])
        values = preactivations(network, corner, pattern)
        for k, on in pattern.items():
            for value, is_on in zip(values[k - 1].fractions(), on.tolist(), strict=True):
                if (value < 0) if is_on else (value > 0):
                    return False
    return True


def affine(network: Network, region: Region) -> Verdict:
    outcome = decide(Claim(network, CATALOGUE["affine"], region), Budget())
    assert outcome.assurance == "checked"
    return outcome.judgement.verdict


def case(seed: int) -> tuple[Network, Vector]:
    """A small network and a point, every third one on some unit's hyperplane."""
    rng = random.Random(seed)
    network = random_network(rng, rng.randint(1, 2))
    x = samples.point(rng, network.input_size)
    if seed % 3:
        return network, x
    first = network.blocks[0]
    if not first.inputs:
        return network, x
    # Move along one coordinate to where the first unit that depends on it is zero.
    [(_, matrix)] = first.inputs
    row, column, weight = int(matrix.row_of_entry[0]), int(matrix.columns[0]), matrix.fractions()[0]
    step = [Fraction(0)] * network.input_size
    step[column] = -preactivations(network, x)[0][row] / weight
    return network, x + vector(step)


@pytest.mark.parametrize("seed", range(90))
def test_radii(seed: int) -> None:
    network, x = case(seed)
    found = radii(network, x, Budget())
    if isinstance(found.pattern, Infinite):
        assert pattern_kept(network, x, Fraction(10**9))
        assert isinstance(found.affine, Infinite)
    else:
        assert pattern_kept(network, x, found.pattern)
        if not on_a_hyperplane(network, x):
            assert not pattern_kept(network, x, found.pattern * SLIGHTLY)
        assert found.units
    assert found.affine is not None
    if isinstance(found.affine, Infinite):
        assert affine(network, everything(len(x))) is Verdict.PROVED
        return
    assert isinstance(found.pattern, Fraction)
    assert found.affine >= found.pattern
    assert affine(network, ball(x, found.affine)) is Verdict.PROVED
    beyond = found.affine * SLIGHTLY if found.affine else Fraction(1, 10**6)
    assert affine(network, ball(x, beyond)) is Verdict.REFUTED


def on_a_hyperplane(network: Network, x: Vector) -> bool:
    """Whether a unit is exactly zero at x: the pattern there is a convention, the radius then 0."""
    values = preactivations(network, x)
    return any(0 in values[k - 1].fractions() for k, _ in network.relu_blocks())


def test_the_cases_are_of_every_kind() -> None:
    kinds = {"infinite": 0, "zero": 0, "same": 0, "further": 0}
    for seed in range(90):
        found = radii(*case(seed), Budget())
        if isinstance(found.affine, Infinite):
            kinds["infinite"] += 1
        elif found.affine == 0:
            kinds["zero"] += 1
        else:
            kinds["same" if found.affine == found.pattern else "further"] += 1
    assert all(count >= 3 for count in kinds.values()), kinds


@pytest.mark.parametrize(
    ("name", "point", "pattern", "expected"),
    [
        ("relu", [0], 0, 0),
        ("relu", [-3], 3, 3),
        ("abs", ["-1/7"], Fraction(1, 7), Fraction(1, 7)),
        ("max", [2, 2], 0, 0),
        ("max", [1, "1/2"], Fraction(1, 4), Fraction(1, 4)),
        ("clip", [6], 0, 0),
        ("clip", [1], 1, 1),
        ("clip", [5], 1, 1),
        ("dead", [0], 5, 5),
        ("identity_pair", [2, 1], 0, None),
        ("identity_pair", [5, 1], 1, None),
        ("unused", [1, 1], 0, None),
    ],
)
def test_known_radii(name: str, point: list[int | str], pattern: Fraction, expected: Fraction | None) -> None:
    found = radii(examples.get(name), vector(point), Budget())
    assert found.pattern == pattern
    assert isinstance(found.affine, Infinite) if expected is None else found.affine == expected


def test_a_point_of_the_wrong_size() -> None:
    with pytest.raises(RegionError, match="the point has 1 coordinates; max has 2 inputs"):
        radii(examples.get("max"), vector([1]), Budget())


def test_the_budget_is_kept() -> None:
    with pytest.raises(BudgetExceeded):
        radii(examples.get("max"), vector([1, 2]), Budget(1e-9))
