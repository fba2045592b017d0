"""Exact evaluation against fractions, block by block."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from tests.support import naive, random_networks
from tests.support.seeds import seeds
from verify.kernel import exact
from verify.kernel.core import cell as cells
from verify.kernel.core.cell import Cell, cell_of
from verify.kernel.exact import AffineForm, evaluate, pattern_at, preactivations
from verify.network import Network
from verify.rational import Vector, vector, zeros

# With styles of claims that the others do not have: units that cancel, repeat or rescale one another.
SEEDS = [*seeds(50, campaign=500), 54, 59, 94]


def lists(values: list[Vector]) -> list[list[Fraction]]:
    return [value.fractions() for value in values]


@pytest.mark.parametrize("seed", SEEDS)
def test_preactivations_values_and_pattern_at_a_point(seed: int) -> None:
    rng, net = random.Random(seed), random_networks.network(seed)
    x = random_networks.point(rng, net.input_size)
    expected = naive.preactivations(net, x)
    assert lists(preactivations(net, vector(x))) == expected
    assert evaluate(net, vector(x)).fractions() == expected[-1]
    pattern = pattern_at(net, vector(x))
    assert {k: bits.tolist() for k, bits in pattern.items()} == {
        k: [z > 0 for z in expected[k - 1]] for k, _ in net.relu_blocks()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_extension_of_any_pattern(seed: int) -> None:
    rng, net = random.Random(seed), random_networks.network(seed)
    pattern, x = random_networks.pattern(rng, net), random_networks.point(rng, net.input_size)
    bits = {k: b.tolist() for k, b in pattern.items()}
    assert lists(preactivations(net, vector(x), pattern)) == naive.preactivations(net, x, bits)


@pytest.mark.parametrize("limit", [-1, cells.FORWARD_WORK], ids=["backward", "forward"])
@pytest.mark.parametrize("seed", SEEDS)
def test_forms_of_a_cell_on_both_paths(seed: int, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FORWARD_WORK", limit)
    rng, net = random.Random(seed), random_networks.network(seed)
    pattern = random_networks.pattern(rng, net)
    cell = Cell(net, pattern)
    assert cell.is_small == (limit > 0)
    bits = {k: b.tolist() for k, b in pattern.items()}
    constants = naive.preactivations(net, [Fraction(0)] * net.input_size, bits)
    for k, rows in enumerate(naive.gradients(net, bits), start=1):
        assert cell.constants[k - 1].fractions() == constants[k - 1]
        for unit, row in enumerate(rows):
            form = cell.form(k, unit)
            assert form.coefficients.fractions() == row
            assert form.constant == constants[k - 1][unit]
            if any(row):  # some path of units that are on leads there
                assert cell.depends[k - 1][unit]
    assert [f.constant for f in cell.outputs()] == constants[-1]


@pytest.mark.parametrize("seed", SEEDS)
def test_depends_is_false_only_where_no_open_path_leads(seed: int) -> None:
    """With positive weights nothing cancels: then a unit depends on the input exactly where its gradient is not 0."""
    net = random_networks.network(seed - seed % 5, lambda rng: Fraction(rng.choice([0, 0, 1, 2])))
    pattern = random_networks.pattern(random.Random(seed), net)
    cell = Cell(net, pattern)
    rows = naive.gradients(net, {k: b.tolist() for k, b in pattern.items()})
    assert [d.tolist() for d in cell.depends] == [[any(row) for row in block] for block in rows]


def test_cells_are_remembered_for_their_own_network_and_pattern_only() -> None:
    first, second = random_networks.network(0), random_networks.network(0)
    on: exact.Pattern = {k: np.ones(b.size, dtype=bool) for k, b in first.relu_blocks()}
    off: exact.Pattern = {k: np.zeros(b.size, dtype=bool) for k, b in first.relu_blocks()}
    cell = cell_of(first, on)
    assert cell_of(first, on) is cell
    assert cell_of(second, on) is not cell
    assert cell_of(first, off) is not cell
    for bits in on.values():
        bits[:] = False
    assert all(bits.all() for bits in cell.pattern.values())  # a copy: changing the argument changes no cell


def test_affine_forms() -> None:
    form = AffineForm(vector(["1/2", "-3"]), Fraction(1, 3))
    assert form.at(vector([2, 1])) == Fraction(-5, 3)
    assert (-form).at(vector([2, 1])) == Fraction(5, 3)
    assert (form - form).is_zero()
    assert not AffineForm(zeros(2), Fraction(1)).is_zero()
    assert not AffineForm(vector([0, 1]), Fraction(0)).is_zero()


def test_a_constant_network() -> None:
    net: Network = random_networks.network(0, lambda rng: Fraction(0))
    assert evaluate(net, zeros(net.input_size)).is_zero()
    assert all(not bits.any() for bits in pattern_at(net, zeros(net.input_size)).values())  # z = 0 counts as off


def test_remembered_values_cannot_be_changed() -> None:
    network = random_networks.network(0)
    output = exact.evaluate(network, zeros(network.input_size))
    with pytest.raises(ValueError, match="read-only"):
        output.numerators[0] = 1
    assert exact.evaluate(network, zeros(network.input_size)) is output
