"""Which units a counterexample crosses, against the slopes on both sides."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support import hidden_networks
from tests.support.seeds import seeds
from verify.kernel.exact import evaluate, preactivations
from verify.network import examples
from verify.rational import vector
from verify.search.budget import Budget
from verify.search.refuting.switch import switch_between


@pytest.mark.parametrize("seed", seeds(25, campaign=400))
def test_the_output_bends_where_the_named_units_are_zero(seed: int) -> None:
    rng = random.Random(seed)
    network = hidden_networks.network(rng, rng.randint(1, 3))
    start, end = (vector([Fraction(rng.randint(-8, 8), 2) for _ in range(network.input_size)]) for _ in range(2))
    found = switch_between(network, [start, end], 0, Budget())
    middle = start + (end - start).scaled(Fraction(1, 2))
    values = [evaluate(network, p)[0] for p in (start, middle, end)]
    if found is None:
        assert 2 * values[1] == values[0] + values[2]
        return
    assert found.before != found.after
    there = preactivations(network, found.point)
    units = [(block.unit_name(i), there[k - 1][i]) for k, block in network.relu_blocks() for i in range(block.size)]
    assert found.units
    assert set(found.units) <= {name for name, value in units if value == 0}
    # The slopes are those of f a little before and a little after.
    per = Fraction(1, 10**12)
    step = found.direction.scaled(per)
    entries = found.direction.fractions()
    assert max(map(abs, entries)) == 1
    assert found.coordinate is None or entries == [Fraction(j == found.coordinate) for j in range(len(entries))]
    here = evaluate(network, found.point)[0]
    assert here - evaluate(network, found.point - step)[0] == found.before * per
    assert evaluate(network, found.point + step)[0] - here == found.after * per


def test_no_switch_between_equal_points_or_on_a_piece() -> None:
    network = examples.get("max")
    for end in ([1, 1], [2, 0]):
        assert switch_between(network, [vector([1, 0 if end == [2, 0] else 1]), vector(end)], 0, Budget()) is None


def test_a_spent_budget_finds_nothing() -> None:
    assert switch_between(examples.get("relu"), [vector([-1]), vector([1])], 0, Budget(1e-9)) is None
