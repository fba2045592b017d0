"""Radii: the pattern radius over corners, the affine radius against ``decide`` on balls and against all cells."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from tests.support import hidden_networks, samples
from tests.support.enumerated_radius import nearest_other_cell
from tests.support.outside import outside
from tests.support.random_claims import network as random_network
from tests.support.seeds import chunks, seeds
from verify import api
from verify.errors import BudgetExceeded, RegionError
from verify.kernel.check import Verdict
from verify.kernel.exact import pattern_at, preactivations
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim
from verify.rational import Vector, vector
from verify.region import Region, ball, everything
from verify.search.budget import Budget
from verify.search.commands.radius import Infinite, radii
from verify.search.decide import decide

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
    outcome = decide(Claim(network, CATALOGUE["affine"], region), Budget(), shrinking=False)
    assert outcome.assurance == "checked"
    return outcome.verdict


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


@pytest.mark.parametrize("seed", seeds(45, campaign=450))
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


def hidden_case(seed: int) -> tuple[Network, Vector]:
    rng = random.Random(seed)
    network = hidden_networks.network(rng, rng.randint(1, 3))
    return network, vector([Fraction(rng.randint(-6, 6), 2) for _ in range(network.input_size)])


def agrees_with_the_cells(network: Network, x: Vector) -> bool:
    """Compare with the enumeration of all cells of a ball twice as large; returns whether switches were hidden."""
    found = radii(network, x, Budget())
    if isinstance(found.affine, Infinite):
        assert nearest_other_cell(network, x, Fraction(50)) is None
        return not isinstance(found.pattern, Infinite)
    assert found.affine is not None and isinstance(found.pattern, Fraction)
    assert found.affine >= found.pattern
    reach = 2 * found.affine if found.affine else Fraction(1, 2**20)
    assert nearest_other_cell(network, x, reach) == found.affine
    return found.affine > found.pattern


@pytest.mark.parametrize("seeds", chunks(0, 50, 1, campaign=11))
def test_affine_radii_against_all_cells(seeds: range) -> None:
    hidden = 0
    for seed in seeds:
        hidden += agrees_with_the_cells(*hidden_case(seed))
        hidden += agrees_with_the_cells(*case(seed))
    assert hidden >= 5


@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_balls_of_hidden_networks(seed: int) -> None:
    network, x = hidden_case(1000 + seed)
    found = radii(network, x, Budget()).affine
    if isinstance(found, Infinite):
        assert affine(network, everything(len(x))) is Verdict.PROVED
        return
    assert found is not None
    assert affine(network, ball(x, found)) is Verdict.PROVED
    assert affine(network, ball(x, found * SLIGHTLY or Fraction(1, 10**6))) is Verdict.REFUTED


def crossroads(inputs: int, reach: int) -> Network:
    """Every coordinate switches a pair that cancels at 0; one unit bends f where they add up to ``reach``."""
    builder = Builder((inputs,), "crossroads")
    eye = [[Fraction(int(i == j)) for j in range(inputs)] for i in range(inputs)]
    weights = eye + [[-w for w in row] for row in eye] + [[Fraction(1)] * inputs]
    hidden = relu(dense(builder.input, weights, [0] * (2 * inputs) + [-reach]))
    return builder.build(dense(hidden, [[1] * inputs + [-1] * inputs + [1]]))


@pytest.mark.parametrize("inputs", [1, 2, 3, 6, 80])
def test_centres_on_boundaries_without_effect(inputs: int) -> None:
    found = radii(crossroads(inputs, 5 * inputs), vector([0] * inputs), Budget())
    assert found.pattern == 0
    assert found.affine == 5


def test_a_centre_on_a_facet_with_and_without_effect() -> None:
    found = radii(crossroads(2, 3), vector([0, 3]), Budget())
    assert found.pattern == 0
    assert found.affine == 0


def test_facets_at_one_distance() -> None:
    """Four facets around a square; those of one pair cancel."""
    builder = Builder((2,), "square")
    weights, biases = [[1, 0], [-1, 0], [0, 1], [0, -1], [-1, 0]], [-1, -1, -1, -1, 1]
    hidden = relu(dense(builder.input, weights, biases))
    bent = builder.build(dense(hidden, [[1, 0, 0, 2, -1]]))
    straight = builder.build(dense(hidden, [[1, 0, 0, 0, -1]]))
    assert radii(bent, vector([0, 0]), Budget()).affine == 1
    assert isinstance(radii(straight, vector([0, 0]), Budget()).affine, Infinite)


def test_a_very_near_and_a_very_far_bend() -> None:
    for reach in (Fraction("1e-30"), Fraction(10**12)):
        builder = Builder((1,), "scale")
        hidden = relu(dense(builder.input, [[1], [-1], [1]], [0, 0, -reach]))
        found = radii(builder.build(dense(hidden, [[1, -1, 1]])), vector([0]), Budget())
        assert found.pattern == 0
    assert found.affine == reach


@pytest.mark.networks
@pytest.mark.parametrize("name", ["tll_8_0", "tll_16_0"])
def test_lattice_networks(name: str) -> None:
    network = api.load(outside(f"networks/{name}.onnx.gz"))
    rng = random.Random(name)
    hidden = 0
    for _ in range(3):
        x = vector([Fraction(rng.randint(-2000, 2000), 1000) for _ in range(2)])
        found = radii(network, x, Budget())
        assert isinstance(found.affine, Fraction) and isinstance(found.pattern, Fraction)
        assert found.affine >= found.pattern
        hidden += found.affine > found.pattern
        assert affine(network, ball(x, found.affine)) is Verdict.PROVED
        assert affine(network, ball(x, found.affine * SLIGHTLY)) is Verdict.REFUTED
    assert hidden


def test_a_point_of_the_wrong_size() -> None:
    with pytest.raises(RegionError, match="the point has 1 coordinate; max has 2 inputs"):
        radii(examples.get("max"), vector([1]), Budget())


def test_the_budget_is_kept() -> None:
    with pytest.raises(BudgetExceeded):
        radii(examples.get("max"), vector([1, 2]), Budget(1e-9))
