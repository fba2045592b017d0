"""Terms that the canonical form adds up in one weight: the bound holds what an implementation rounds of each."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verify.kernel.exact import preactivations
from verify.network import Builder, Network, floats
from verify.network.builder import concatenated, dense, maximum, relu
from verify.network.rounding import PRECISIONS, RoundingBound
from verify.network.tensor import Tensor
from verify.rational import vector

WEIGHTS = st.one_of(st.sampled_from([0.1, -0.1, 1 / 3, -1 / 3, 1e-7, 1.0, -1.0, 0.0]), st.floats(-2, 2, width=32))
POINTS = st.one_of(st.sampled_from([0.0, 1.0, 0.1, 3.0, -7.7]), st.floats(-100, 100, width=16))


def added(terms: list[tuple[Any, Any]], constant: Any, dtype: Any, rng: random.Random) -> float:
    """The sum of products and a constant in some order, each operation rounded to the type."""
    parts = [dtype(w) * dtype(x) for w, x in terms] + ([dtype(constant)] if constant else [])
    rng.shuffle(parts)
    while len(parts) > 1:
        parts.append(parts.pop(rng.randrange(len(parts))) + parts.pop(rng.randrange(len(parts))))
    return float(parts[0]) if parts else 0.0


def bounds(network: Network, point: list[float], precision: str) -> list[NDArray[np.float64]]:
    """The bound at the exact point and that of a float run."""
    x, found = vector(point), PRECISIONS[precision]
    exact = RoundingBound(network, found).at(x, preactivations(network, x))
    run = floats.implementation_errors(network, x, found.roundoff)
    assert run is not None
    return [exact, run] if precision != "float16" else [exact]


@given(
    st.lists(st.tuples(st.integers(0, 2), WEIGHTS), min_size=1, max_size=8),
    WEIGHTS,
    st.lists(POINTS, min_size=3, max_size=3),
    st.sampled_from(["float64", "float32", "float16"]),
    st.integers(0, 2**32),
)
@example([(0, 0.1), (0, 0.2), (0, -0.3)], 0.0, [1.0, 0.0, 0.0], "float32", 0)
@example([(0, 1 / 3), (1, 2.0), (0, -1 / 3)], 1e-7, [0.1, 3.0, 0.0], "float64", 0)
def test_units_that_are_gathered_more_than_once(
    terms: list[tuple[int, float]], constant: float, point: list[float], precision: str, seed: int
) -> None:
    dtype = np.dtype(precision).type
    held = [(column, float(dtype(weight))) for column, weight in terms]
    point, constant = [float(dtype(value)) for value in point], float(dtype(constant))
    net = Builder((3,))
    gathered = net.input.take(np.array([column for column, _ in held]))
    network = net.build(dense(gathered, [[weight for _, weight in held]], [constant]))
    exact = sum((Fraction(w) * Fraction(point[c]) for c, w in held), Fraction(constant))
    for order in range(3):
        with np.errstate(all="ignore"):
            value = added([(w, point[c]) for c, w in held], constant, dtype, random.Random(seed + order))
        for bound in bounds(network, point, precision):
            assert bound[0] == np.inf or abs(Fraction(value) - exact) <= Fraction(bound[0])


def paths_of(x: Tensor) -> Any:
    """Sizes by row and column, constants, counts."""
    assert x.paths is not None
    sizes = [[Fraction(0)] * x.builder.input.size for _ in range(x.size)]
    for i, j, size in zip(
        x.paths.sizes[0].row_of_entry, x.paths.sizes[0].columns, x.paths.sizes[0].fractions(), strict=True
    ):
        sizes[i][j] = size
    return sizes, x.paths.constants.tolist(), x.paths.counts.tolist()


def twice(weights: list[int], bias: int) -> Tensor:
    """Input 0 times each of the weights, and input 1 once, and a constant."""
    net = Builder((2,))
    return dense(net.input.take(np.array([0] * len(weights) + [1])), [[*weights, 1]], [bias])


def test_what_cancels_leaves_its_paths() -> None:
    x = twice([2, -2], 5)
    assert x.terms[0].columns.tolist() == [1]
    assert paths_of(x) == ([[4, 1]], [5.0], [3])


def test_paths_follow_rearrangements_scales_constants_and_sums() -> None:
    x = twice([2, -2], 0)
    assert paths_of(x.take(np.array([-1, 0]))) == ([[0, 0], [4, 1]], [0, 0], [0, 3])
    assert paths_of(x.scaled(-3)) == ([[12, 3]], [0], [3])
    assert paths_of(x.plus(vector([-7]))) == ([[4, 1]], [7], [4])
    other = x.builder.input.take(np.array([1]))
    assert paths_of(x + other) == ([[4, 2]], [0], [4])
    assert paths_of(other - x) == ([[4, 2]], [0], [4])
    assert paths_of(concatenated([other, x], 0)) == ([[0, 1], [4, 1]], [0, 0], [1, 3])


def test_the_next_layer_reads_a_block() -> None:
    x = twice([1, 1, -1], 0)
    relu(dense(x, [[2]]))
    first, second = x.builder.blocks
    assert first.paths is not None and first.paths.most == 5
    assert second.paths is None


@pytest.mark.parametrize("make", [lambda x: x - x, lambda x: x + x, lambda x: maximum(x, x)])
def test_a_value_with_itself_rounds_nothing(make: Any) -> None:
    net = Builder((2,))
    network = net.build(make(net.input))
    assert all(block.paths is None for block in network.blocks)
    assert all(not np.any(bound) for bound in bounds(network, [0.5, -3.0], "float32")[:1])


def test_repeated_positions_of_a_layer_are_terms() -> None:
    net = Builder((1,))
    x = net.input.summed(np.array([0, 0, 0]), np.array([0, 0, 0]), np.array([0.5, 0.25, -0.75]), (1,))
    assert not x.terms[0].entry_count
    assert paths_of(x) == ([[Fraction(3, 2)]], [0], [3])


def test_rewritten_blocks_and_chosen_outputs() -> None:
    from dataclasses import replace

    x = concatenated([twice([1, 1, -1], 0)], 0)
    network = x.builder.build(concatenated([x, x.scaled(2)], 0))
    chosen = network.select_outputs((1,)).blocks[-1]
    assert chosen.paths is not None and chosen.paths.sizes[0].fractions() == [6, 2]
    assert replace(network.blocks[-1], relu=False).paths is None


def test_a_path_whose_weight_is_lost_is_bounded() -> None:
    net = Builder((1,))
    sizes = np.array([2.0**-130, 1.0, -1.0])
    network = net.build(net.input.summed(np.zeros(3, int), np.zeros(3, int), sizes, (1,)))
    for bound in bounds(network, [1.0], "float32"):
        assert bound[0] >= 2.0**-130


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    net = Builder((1,))
    net.unbounded.append("constant c computed exactly; an implementation may round it")
    network = net.build(net.input.scaled(2))
    assert floats.implementation_errors(network, vector([1]), 2.0**-24) is None
    assert (
        RoundingBound(network, PRECISIONS["float64"]).at(vector([1]), preactivations(network, vector([1])))[0] == np.inf
    )
