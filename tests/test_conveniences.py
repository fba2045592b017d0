"""What scripts and notebooks write without thinking works, or is an InputError that says what to write."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import verify
from tests.support import naive, random_networks


@pytest.mark.parametrize("seed", range(25))
def test_networks_can_be_called(seed: int) -> None:
    network = random_networks.network(seed)
    point = random_networks.point(random.Random(seed), network.input_size)
    exact = tuple(naive.preactivations(network, point)[-1])
    assert network(point) == exact == network([str(value) for value in point])
    floats = np.array([float(value) for value in point])
    values, bounds = network(floats)
    there = naive.preactivations(network, [Fraction(value) for value in floats.tolist()])[-1]
    assert all(abs(Fraction(v) - e) <= Fraction(b) for v, e, b in zip(values, there, bounds, strict=True))


@pytest.mark.parametrize(
    "bad", [[1], [True, 1], "x", [[1, 2]], None, np.array([np.nan, 1.0]), np.array([1j, 0]), [None] * 2]
)
def test_points_that_are_none(bad: Any) -> None:
    with pytest.raises(verify.InputError):
        verify.load("max")(bad)


def test_arguments_that_work(tmp_path: Path) -> None:
    result = verify.check("max", "convex", on=[(0, 1), (None, Fraction(1, 2))], outputs=0, timeout="30")
    assert result.verdict is verify.Verdict.PROVED and result.claim.region.text == "box([0, -inf], [1, 1/2])"
    again = verify.recheck(str(result.save(tmp_path / "new")))
    assert again.verdict == "proved" and again.judgement is not None


@pytest.mark.parametrize(
    "named",
    [
        {"on": [(0, 1)]},
        {"on": [1, 2]},
        {"on": 3},
        {"on": [(1, 0), (0, 1)]},
        {"outputs": "0"},
        {"outputs": [True]},
        {"outputs": 1.0},
        {"outputs": 1},
        {"timeout": "soon"},
        {"timeout": True},
        {"timeout": float("nan")},
        {"work": 0},
        {"work": "3"},
    ],
)
def test_arguments_that_do_not(named: dict[str, Any]) -> None:
    with pytest.raises(verify.InputError):
        verify.check("max", "convex", **named)


def test_results_are_no_truth_values() -> None:
    result = verify.check("relu", "convex")
    with pytest.raises(TypeError, match=r"verify\.Verdict\.PROVED"):
        bool(result)
    for other in ("proved", True, result.verdict):
        with pytest.raises(TypeError, match=r"verify\.Verdict\.PROVED"):
            result == other  # noqa: B015
        with pytest.raises(TypeError, match=r"verify\.Verdict\.PROVED"):
            result != other  # noqa: B015
    assert result == result and len({result, verify.check("relu", "convex")}) == 2


def test_saving_where_one_cannot() -> None:
    with pytest.raises(verify.InputError, match="name a folder"):
        verify.check("relu", "convex").save("/proc/nowhere")
