"""The smallest bound of a difference: never below the largest difference, and near to it after some cuts."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import pytest

from tests.support.judging import judged
from tests.support.largest import exact_largest, largest_on_a_square, near, unit_box, within
from tests.support.seeds import chunks
from verify import api
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.axioms import batches
from verify.kernel.check import Verdict
from verify.kernel.evidence import Bounds
from verify.kernel.exact import evaluate
from verify.kernel.goals import goal_of
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.rational import vector
from verify.region import Region
from verify.search.budget import Budget
from verify.search.commands.compare import closed, compare_networks
from verify.search.dividing import tightening
from verify.search.dividing.tightening import Tightening

CHANGES = (Fraction(0), Fraction(1, 100), Fraction(1, 2), Fraction(1, 10**30))


def tightened(
    first: Network, second: Network, region: Region, rounds: int, *, single: bool = False, enough: float = 0.0
) -> Tightening:
    found = Tightening(goal_of(within(first, second, region, Fraction(0)), single=single))
    for _ in islice(found.rounds(Budget(), enough), rounds):
        pass
    return found


def sums(weights: list[list[int]], factors: Sequence[int | Fraction]) -> Network:
    """One hidden layer."""
    builder = Builder((2,), "net")
    return builder.build(dense(relu(dense(builder.input, weights)), [list(factors)]))


@pytest.mark.parametrize("seeds", chunks(71_000, 18, 1, campaign=160))
def test_a_bound_is_never_below_the_largest_difference(seeds: range) -> None:
    nearly = usable = 0
    for seed in seeds:
        rng = random.Random(seed)
        inputs, single = rng.randint(1, 2), rng.random() < 0.5
        first, second = near(rng, inputs, rng.choice(CHANGES))
        region = unit_box(inputs)
        whole = within(first, second, region, Fraction(0))
        exact = exact_largest(whole) if inputs == 1 else largest_on_a_square(first, second)
        try:
            found = tightened(first, second, region, rng.choice([0, 1, 12]), single=single, enough=1.01 * float(exact))
        except EvidenceError:
            assert single  # a change that float32 cannot hold
            continue
        assert Fraction(found.largest) >= exact
        claim = within(first, second, region, closed(found.largest))
        assert judged(claim, Bounds(found.cuts(), single)).verdict is Verdict.PROVED
        usable += 1
        nearly += found.largest <= 1.02 * float(exact) + 1e-12
    assert usable >= len(seeds) // 2 and nearly >= usable // 3


def test_parts_without_a_point_of_the_region_bound_nothing() -> None:
    """|f - g| grows to the corner (1, 1), which a half-space cuts off."""
    first, second = sums([[1, 1]], [1]), sums([[1, 1]], [0])
    region = api.parse_region("box([-1, -1], [1, 1]) & where(x0 + x1 <= 1/8)", first)
    found = tightened(first, second, region, 41, enough=0.13)
    assert 0.125 <= found.largest <= 0.13
    everywhere = tightened(first, second, unit_box(2), 41, enough=0.13)
    assert everywhere.largest >= 2


def test_processes_find_the_same() -> None:
    first, second = near(random.Random(4), 2, Fraction(1, 100))
    goal = goal_of(within(first, second, unit_box(2), Fraction(0)), single=False)
    goal.machine.boxes = 8
    alone, shared = Tightening(goal), Tightening(goal)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        for found, budget in ((alone, Budget()), (shared, Budget(executor=pool))):
            for _ in islice(found.rounds(budget, 0.0), 9):
                pass
        assert pool._processes  # they have been started
    assert len(alone.bound) == len(shared.bound) > 16
    assert np.allclose(np.sort(alone.bound), np.sort(shared.bound))
    for found in (alone, shared):  # floats of other batches may differ in the last place, and the trees with them
        claim = within(first, second, unit_box(2), closed(found.largest))
        assert judged(claim, Bounds(found.cuts(), False)).verdict is Verdict.PROVED


def test_a_part_may_have_a_larger_bound_than_the_one_around_it() -> None:
    """The tree is cut back to parts that show the bound themselves."""
    first, second = near(random.Random(4), 2, Fraction(1, 100))
    found = tightened(first, second, unit_box(2), 7)
    found.shown[0] = found.largest  # as if the whole box had shown it, and some of its parts less
    assert len(found.bound) > 1 and found.cuts().leaves == 1


def test_large_networks_are_compared_by_cutting() -> None:
    """70 ReLU of two inputs: bounds on parts, far below what the whole box gives."""
    rng = random.Random(0)
    weights = [[rng.randint(-9, 9) for _ in range(2)] for _ in range(70)]
    signs = [rng.choice([-1, 1]) for _ in range(70)]
    first, second = sums(weights, signs), sums(weights, [*signs[:-1], signs[-1] * Fraction(257, 256)])
    region = api.parse_region("box([-1, -1], [1, 1])", first)
    found = compare_networks(first, second, region, Budget(None, work=2000))
    assert found.upper is not None and found.lower <= found.upper <= found.lower * Fraction(12, 10)
    assert found.outcome is not None and found.outcome.verdict is Verdict.PROVED
    for _ in range(100):
        x = vector([Fraction(rng.randint(-64, 64), 64) for _ in range(2)])
        assert abs((evaluate(first, x) - evaluate(second, x)).fractions()[0]) <= found.upper


@pytest.mark.parametrize("stop", [KeyboardInterrupt, BudgetExceeded])
@pytest.mark.parametrize("at", range(1, 9))
def test_an_interrupted_cut_leaves_a_whole_tree(
    at: int, stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C comes while halves are bounded: what was shown before is proved."""
    first, second = near(random.Random(4), 2, Fraction(1, 100))
    region = unit_box(2)
    found = Tightening(goal_of(within(first, second, region, Fraction(0)), single=False))
    calls = iter(range(at))

    def bounded(*arguments: Any) -> Any:
        if next(calls, None) is None:
            raise stop
        return known(*arguments)

    known = tightening.bounded
    monkeypatch.setattr(tightening, "bounded", bounded)
    with pytest.raises(stop):
        for _ in found.rounds(Budget(), 0.0):
            pass
    claim = within(first, second, region, closed(found.largest))
    assert judged(claim, Bounds(found.cuts(), False)).verdict is Verdict.PROVED


def test_ctrl_c_ends_a_comparison_with_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(0)
    weights = [[rng.randint(-9, 9) for _ in range(2)] for _ in range(70)]
    first = sums(weights, [rng.choice([-1, 1]) for _ in weights])
    second = sums(weights, [rng.choice([-1, 1]) for _ in weights])
    calls, known = iter(range(2)), tightening.bounded

    def bounded(*arguments: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return known(*arguments)

    monkeypatch.setattr(tightening, "bounded", bounded)
    found = compare_networks(first, second, unit_box(2), Budget(None, work=2000))
    assert found.upper is not None and found.upper >= found.lower and "interrupted" in found.reason
    assert found.outcome is not None and found.outcome.verdict is Verdict.PROVED


def test_forms_that_are_too_large_bound_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_COEFFICIENTS", 10)
    rng = random.Random(0)
    weights = [[rng.randint(-9, 9) for _ in range(2)] for _ in range(70)]
    found = compare_networks(sums(weights, [1] * 70), sums(weights, [2] * 70), unit_box(2), Budget(None, work=2000))
    assert found.upper is None and found.lower > 0 and "coefficients" in found.reason


def test_a_comparison_on_a_part_of_a_box() -> None:
    """Rows of the region are no differences."""
    rng = random.Random(1)
    weights = [[rng.randint(-9, 9) for _ in range(2)] for _ in range(70)]
    signs = [rng.choice([-1, 1]) for _ in range(70)]
    for many in (70, 3):
        first, second = sums(weights[:many], signs[:many]), sums(weights[:many], [*signs[: many - 1], 0])
        region = api.parse_region("box([-1, -1], [1, 1]) & where(x0 + x1 <= 1/8)", first)
        found = compare_networks(first, second, region, Budget(None, work=2000))
        assert found.upper is not None and found.lower <= found.upper <= found.lower * Fraction(5, 4)
        assert len(found.by_output) == 1 and found.by_output[0][0] is not None
