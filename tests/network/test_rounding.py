"""The bound on rounding at one point: never too small, zero where nothing rounds, infinite where nothing is known."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rounded import computed
from verify.errors import InputError
from verify.kernel.exact import preactivations
from verify.network import Builder, Network, examples, floats
from verify.network.builder import dense, relu
from verify.network.rounding import PRECISIONS, RoundingBound, precision_named
from verify.rational import Vector, vector
from verify.strategies import conv_networks, networks


def bound(network: Network, x: Vector, precision: str = "float64") -> list[float]:
    found: list[float] = RoundingBound(network, PRECISIONS[precision]).at(x, preactivations(network, x)).tolist()
    return found


def sum_of(weights: list[Any], bias: Any = 0) -> Network:
    net = Builder((len(weights),))
    return net.build(dense(net.input, [weights], [bias]))


def held(values: list[float], precision: str) -> Vector:
    """The values as the precision holds them."""
    return vector(np.array(values).astype(precision).astype(float).tolist())


COORDINATES = st.one_of(
    st.integers(-4, 4).map(float), st.floats(-1000, 1000), st.sampled_from([0.0, 1.0, 2049.0, 1e-7, -1e-30])
)


@given(networks() | conv_networks(), st.sampled_from(list(PRECISIONS)), st.data())
def test_no_order_of_summation_strays_further(network: Network, precision: str, data: st.DataObject) -> None:
    size = network.input_size
    x = held(data.draw(st.lists(COORDINATES, min_size=size, max_size=size)), precision)
    bounds, exact = bound(network, x, precision), preactivations(network, x)[-1]
    rng = random.Random(data.draw(st.integers(0, 99)))
    for fused in (False, True):
        values = computed(network, x, PRECISIONS[precision].dtype, rng, fused=fused)
        for i, (value, allowed) in enumerate(zip(values.tolist(), bounds, strict=True)):
            assert allowed == np.inf or abs(Fraction(value) - exact[i]) <= Fraction(allowed)


@given(networks() | conv_networks(), st.data())
def test_tighter_than_the_bound_of_a_float_run(network: Network, data: st.DataObject) -> None:
    size = network.input_size
    x = held(data.draw(st.lists(COORDINATES, min_size=size, max_size=size)), "float64")
    looser = floats.run(network, x).errors[-1].tolist()
    assert all(ours <= theirs for ours, theirs in zip(bound(network, x), looser, strict=True))


@pytest.mark.parametrize(
    ("weights", "bias", "x", "precision"),
    [
        ([1, 1], 0, [2**53 - 1, 1], "float64"),
        ([1, 1], 0, [2**23, 2**23], "float32"),
        ([0.5, 0.25], 0.125, [1, 1], "float16"),
        ([0.1, 0.3, -7.7], 0, [0, 1, 0], "float64"),
        ([3, 3], 0, [Fraction(1, 1024), Fraction(5, 1024)], "float16"),
        ([6, 10], 0, [2**49, 2**49], "float64"),
        ([0], 0.1, [5], "float64"),
    ],
)
def test_zero_where_every_partial_sum_is_held(weights: list[Any], bias: Any, x: list[Any], precision: str) -> None:
    assert bound(sum_of(weights, bias), vector(x), precision) == [0]


@pytest.mark.parametrize(
    ("weights", "bias", "x", "precision"),
    [
        ([1, 1, 1], 0, [2**53, 1, -1], "float64"),  # 2**53 + 1 is a partial sum
        ([1, 1], 0, [2**53 - 1, 2], "float64"),
        ([1, 1], 0, [2**24, 1], "float32"),
        ([0.1], 0.3, [1], "float64"),
        (["1/3"], 0, [3], "float64"),
        ([2049], 0, [1], "float16"),
        ([1], 0, [2049], "float16"),  # no such float16: its neighbours give other sums
        ([1], Fraction("1e-30"), [1], "float32"),
    ],
)
def test_positive_where_something_may_round(weights: list[Any], bias: Any, x: list[Any], precision: str) -> None:
    (found,) = bound(sum_of(weights, bias), vector(x), precision)
    assert 0 < found < np.inf


def test_zeros_do_not_count() -> None:
    wide = sum_of([0.1] * 1000, 0.3)
    (one_hot,) = bound(wide, vector([1, *[0] * 999]))
    (narrow,) = bound(sum_of([0.1], 0.3), vector([1]))
    assert one_hot == narrow < 2**-53


def test_a_unit_that_is_surely_off_adds_nothing() -> None:
    net = Builder((1,))
    off = net.build(dense(relu(dense(net.input, [[0.1]], [-5.3])), [[0.7]]))
    assert bound(off, vector([1])) == [0]
    assert bound(off, vector([100]))[0] > 0


@pytest.mark.parametrize(("precision", "size"), [("float16", 60000), ("float32", 2e38), ("float64", 1e308)])
def test_overflow_has_no_bound(precision: str, size: float) -> None:
    assert bound(sum_of([1, 1]), vector([size, size]), precision) == [np.inf]
    assert bound(sum_of([size, 0]), vector([0.1, 0.1]), "float16") == [np.inf]


def test_weights_too_small_for_the_precision_count() -> None:
    tiny = sum_of(["1e-30"])
    (found,) = bound(tiny, vector([1000]), "float16")
    assert found > 1e-27  # the product is lost as a whole
    (found,) = bound(tiny, vector([1000]), "float32")
    assert found < 1e-30


def test_a_roundoff_of_its_own_knows_no_exact_sums() -> None:
    network, x = examples.get("relu"), vector([1])
    coarse = RoundingBound(network, precision_named("float32", 0.01)).at(x, preactivations(network, x))
    assert coarse[0] > 0.01
    with pytest.raises(InputError, match="expected a number between 0 and 1"):
        precision_named("float32", 2)
    with pytest.raises(InputError, match="unknown precision 'bfloat16'"):
        precision_named("bfloat16")
