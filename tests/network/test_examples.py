"""The built-in networks against values worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from verify.errors import NetworkError
from verify.network import examples
from verify.network.floats import evaluate

IMAGE = [1, 2, 3, 4, 5, 6, 7, 8, 9]
ZERO = [0] * 9
CORNER = [0, 0, 0, 1, 0, 0, 0, 0, 0]

# Small integers: float64 evaluation is exact.
VALUES: list[tuple[str, list[int], int]] = [
    ("relu", [3], 3),
    ("relu", [0], 0),
    ("relu", [-3], 0),
    ("identity_pair", [5, 1], 3),
    ("identity_pair", [1, 5], -9),
    ("abs", [4], 4),
    ("abs", [-4], 4),
    ("max", [2, 7], 7),
    ("max", [7, 2], 7),
    ("max", [-7, -2], -2),
    ("leaky", [20], 20),
    # The windows of IMAGE give a + 2b - 3c + d + 1 = -1, 0, 2, 3; one of CORNER gives 1 - 3, three give 1, 2, 3.
    ("thread", IMAGE, 5),
    ("thread", ZERO, 4),
    ("thread", CORNER, 0 + 2 + 1 + 1),
    ("thread_nonneg", IMAGE, sum(a + 2 * (a + 1) + 3 * (a + 3) + a + 4 + 1 for a in (1, 2, 4, 5))),
    ("thread_nonneg", ZERO, 4),
    ("thread_nonneg", CORNER, 4 + 1 + 3),
    ("dead", [0], 5),
    ("dead", [1], 4),
    ("dead", [6], 0),
    ("unused", [3, 9], 3),
    ("unused", [9, 3], 9),
    # a - b + d over the four windows of IMAGE: 4, 5, 7, 8.
    ("maxpool", IMAGE, 8),
    ("maxpool", ZERO, 0),
    ("clip", [-1], 0),
    ("clip", [4], 4),
    ("clip", [9], 6),
    ("zero_bias", ZERO, 0),
]


@pytest.mark.parametrize(("name", "point", "expected"), VALUES)
def test_values(name: str, point: list[int], expected: int) -> None:
    network = examples.get(name)
    assert evaluate(network, np.array(point, dtype=float)).tolist() == [expected]


def test_every_example_has_values_a_source_and_a_lesson() -> None:
    assert set(examples.names()) == {name for name, *_ in VALUES}
    for name, make in examples.EXAMPLES.items():
        network = examples.get(name)
        assert (network.name, network.source) == (name, f"example:{name}")
        assert make.__doc__ and "\n" not in make.__doc__
        assert all(not block.name.startswith("layer") for block in network.blocks), "a layer without a name"


def test_leaky_slope_is_exactly_one_tenth() -> None:
    network = examples.get("leaky")
    weights = {source: matrix.fractions() for source, matrix in network.blocks[-1].inputs}
    assert weights == {0: [Fraction(1, 10)], 1: [Fraction(9, 10)]}


def test_identity_pair_is_its_affine_part() -> None:
    points = np.random.default_rng(0).integers(-50, 50, (200, 2)).astype(float)
    outputs = evaluate(examples.get("identity_pair"), points)
    assert np.array_equal(outputs[:, 0], points[:, 0] - 2 * points[:, 1])


def test_zero_bias_is_positively_homogeneous_and_not_odd() -> None:
    network = examples.get("zero_bias")
    points = np.random.default_rng(0).integers(-9, 10, (100, 9)).astype(float)
    assert np.array_equal(evaluate(network, 3 * points), 3 * evaluate(network, points))
    assert np.any(evaluate(network, -points) != -evaluate(network, points))


def test_thread_is_not_affine_on_the_unit_box_and_its_twin_is() -> None:
    ends, middle = np.array([ZERO, CORNER]), np.array(CORNER) / 2
    for name, affine in (("thread", False), ("thread_nonneg", True)):
        network = examples.get(name)
        assert (evaluate(network, ends).mean() == evaluate(network, middle)[0]) == affine


@pytest.mark.parametrize(("typed", "meant"), [("thred", "thread"), ("maxpol", "maxpool"), ("Relu", "relu")])
def test_a_typing_error_gets_a_suggestion(typed: str, meant: str) -> None:
    with pytest.raises(NetworkError, match=f"no built-in example is called '{typed}'; did you mean '{meant}'"):
        examples.get(typed)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NetworkError, match="expected one of relu, identity_pair"):
        examples.get("qqq")
