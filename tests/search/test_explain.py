"""``explain``: units are classified soundly, and where linearity breaks it does break."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from tests.support import samples
from tests.support.random_claims import network as random_network
from tests.support.seeds import seeds
from verify import api
from verify.errors import BudgetExceeded, RegionError
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate, preactivations
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim
from verify.rational import Vector
from verify.region import Region, ball
from verify.search.budget import Budget
from verify.search.commands.explain import Break, Explanation, explain
from verify.search.decide import decide


def case(seed: int) -> tuple[Network, Vector, Fraction]:
    rng = random.Random(seed)
    network = random_network(rng, rng.randint(1, 3), rng.randint(1, 2))
    return network, samples.point(rng, network.input_size), Fraction(rng.randint(1, 12), 4)


def seen_signs(network: Network, centre: Vector, radius: Fraction) -> dict[int, tuple[int, int, int]]:
    """For each ReLU block: how many units are somewhere positive, somewhere negative, and both (at exact samples)."""
    rng = random.Random(1)
    positive = {k: np.zeros(block.size, dtype=bool) for k, block in network.relu_blocks()}
    negative = {k: np.zeros(block.size, dtype=bool) for k, block in network.relu_blocks()}
    for _ in range(80):
        values = preactivations(network, samples.in_ball(rng, centre, radius))
        for k, _ in network.relu_blocks():
            positive[k] |= np.array([v > 0 for v in values[k - 1].numerators.tolist()])
            negative[k] |= np.array([v < 0 for v in values[k - 1].numerators.tolist()])
    return {
        k: (int(positive[k].sum()), int(negative[k].sum()), int((positive[k] & negative[k]).sum())) for k in positive
    }


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_counts_agree_with_sampling(seed: int) -> None:
    network, centre, radius = case(seed)
    found = explain(network, ball(centre, radius), Budget())
    assert [(layer.block, layer.size) for layer in found.layers] == [(k, b.size) for k, b in network.relu_blocks()]
    for layer in found.layers:
        positive, negative, both = seen_signs(network, centre, radius)[layer.block]
        counts = (layer.on, layer.off, layer.switching, layer.undecided)
        assert all(count >= 0 for count in counts)
        assert sum(counts) == layer.size
        assert layer.on <= layer.size - negative
        assert layer.off <= layer.size - positive
        assert both <= layer.switching + layer.undecided
        assert layer.switching <= layer.size - layer.on - layer.off


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_conclusions_agree_with_decide(seed: int) -> None:
    network, centre, radius = case(seed)
    region = ball(centre, radius)
    found = explain(network, region, Budget())
    verdict = decide(Claim(network, CATALOGUE["affine"], region), Budget(), shrinking=False).verdict
    if found.all_stable:
        assert verdict is Verdict.PROVED
        assert found.first_break is None
        assert all(layer.switching == layer.undecided == 0 for layer in found.layers)
    if found.first_break is not None:
        assert verdict is Verdict.REFUTED
        check_break(network, region, found)


def check_break(network: Network, region: Region, found: Explanation) -> None:
    """The slopes of f along the way are exactly those reported on the two sides."""
    bend = found.first_break
    assert bend is not None
    assert region.contains(bend.point)
    assert bend.slope_before != bend.slope_after
    assert bend.units
    entries = bend.direction.fractions()
    assert max(map(abs, entries)) == 1
    assert bend.coordinate is None or entries == [Fraction(j == bend.coordinate) for j in range(len(entries))]
    check_sides(network, bend)
    step = Fraction(1, 2**40)
    for sign, slope in ((-1, bend.slope_before), (1, bend.slope_after)):
        beside = bend.point + bend.direction.scaled(sign * step)
        change = evaluate(network, beside)[bend.output] - evaluate(network, bend.point)[bend.output]
        assert change == sign * step * slope


def check_sides(network: Network, bend: Break) -> None:
    """Units that turn on are positive a little beyond, the others are not."""
    beyond = preactivations(network, bend.point + bend.direction.scaled(Fraction(1, 2**40)))
    values = {b.unit_name(i): beyond[k - 1][i] for k, b in network.relu_blocks() for i in range(b.size)}
    assert set(bend.turned_on) == {name for name in bend.units if values[name] > 0}


@pytest.mark.parametrize("region", ["all", "box(-100, 1)", "box(-1, 7/3)", "box(-1e-9, 1e9)"])
def test_slopes_are_per_unit_of_the_input_whatever_the_region(region: str) -> None:
    bend = api.explain("relu", region).first_break
    assert bend is not None and bend.coordinate == 0
    assert [bend.slope_before, bend.slope_after] == [0, 1]


def test_on_a_segment_places_and_slopes_are_those_of_the_inputs() -> None:
    network = examples.get("max")
    region = api.parse_region("segment([1, 0], [0, 2])", network)
    found = explain(network, region, Budget())
    assert found.first_break is not None and found.first_break.point.fractions() == [Fraction(2, 3)] * 2
    assert found.first_break.coordinate is None
    check_break(network, region, found)


def test_breaks_are_found_often() -> None:
    found = [explain(n, ball(c, r), Budget()) for n, c, r in map(case, range(30))]
    assert sum(f.first_break is not None for f in found) >= 7
    assert sum(f.all_stable for f in found) >= 2


@pytest.mark.parametrize("seed", range(30))
def test_one_hidden_layer_on_a_ball_is_decided_exactly(seed: int) -> None:
    rng = random.Random(seed)
    weights = [[rng.randint(-3, 3) for _ in range(2)] for _ in range(5)]
    biases = [rng.randint(-4, 4) for _ in range(5)]
    builder = Builder((2,), "one_layer")
    hidden = relu(dense(builder.input, weights, biases))
    network = builder.build(dense(hidden, [[1] * 5]))
    centre, radius = samples.point(rng, 2, 1), Fraction(1)
    [layer] = explain(network, ball(centre, radius), Budget()).layers
    middle = preactivations(network, centre)[0].fractions()
    reach = [radius * sum(map(abs, row)) for row in weights]
    assert layer.undecided == 0
    assert layer.switching == sum(abs(z) < r for z, r in zip(middle, reach, strict=True))
    # A unit that vanishes on all of the ball may count as either.
    assert layer.on >= sum(z >= r and z > 0 for z, r in zip(middle, reach, strict=True))
    assert layer.off >= sum(-z >= r and z < 0 for z, r in zip(middle, reach, strict=True))


def test_duplicate_switches_are_named_together() -> None:
    found = explain(
        examples.get("identity_pair"), api.parse_region("box([0, 1], [5, 2])", examples.get("identity_pair")), Budget()
    )
    assert found.first_break is None
    assert not found.all_stable
    assert set(found.ineffective) == {"pair[0]", "pair[1]"}


def test_an_effective_switch_is_not_called_ineffective() -> None:
    network = examples.get("thread")
    found = explain(network, api.parse_region("all", network), Budget())
    assert found.first_break is not None
    assert not set(found.first_break.units) & set(found.ineffective)


def test_an_empty_region() -> None:
    network = examples.get("max")
    with pytest.raises(RegionError, match="empty"):
        explain(network, api.parse_region("where(x0 + x1 <= 0, x0 + x1 >= 1)", network), Budget())


def test_the_budget_is_kept() -> None:
    network = examples.get("max")
    with pytest.raises(BudgetExceeded):
        explain(network, api.parse_region("all", network), Budget(1e-9))


@pytest.mark.parametrize("name", ["relu", "max", "abs"])
def test_a_bend_through_the_centre_is_found(name: str) -> None:
    network = examples.get(name)
    assert explain(network, api.parse_region("box(-1, 1)", network), Budget()).first_break is not None
