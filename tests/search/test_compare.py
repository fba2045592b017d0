"""Bounds of the difference on boxes that are not cut."""

from __future__ import annotations

import random
from fractions import Fraction

from verify.kernel.exact import evaluate
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.rational import vector
from verify.region import box
from verify.search.budget import Budget
from verify.search.compare import compare_networks


def moved(step: Fraction) -> Network:
    """20 inputs, 80 ReLU; every weight moved by up to the step."""
    rng, change = random.Random(0), random.Random(1)
    builder = Builder((20,), "net")

    def weights(rows: int, columns: int) -> list[list[Fraction]]:
        return [
            [Fraction(rng.randint(-9, 9), 16) + step * change.randint(-1, 1) for _ in range(columns)]
            for _ in range(rows)
        ]

    hidden = relu(dense(builder.input, weights(80, 20)))
    return builder.build(dense(hidden, weights(2, 80)))


def test_a_large_box_gets_a_bound_without_cuts() -> None:
    step = Fraction(1, 2**20)
    first, second = moved(Fraction(0)), moved(step)
    found = compare_networks(first, second, box([-1] * 20, [1] * 20), Budget(8))
    assert found.upper is not None and 0 < found.lower <= found.upper < 1000 * found.lower
    assert "are not cut" in found.reason
    rng = random.Random(2)
    for _ in range(50):
        x = vector([Fraction(rng.randint(-8, 8), 8) for _ in range(20)])
        gaps = (evaluate(first, x) - evaluate(second, x)).fractions()
        for gap, (upper, _, _) in zip(gaps, found.by_output, strict=True):
            assert upper is not None and abs(gap) <= upper <= found.upper
