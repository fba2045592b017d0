"""Bounds of the difference on boxes that are not cut."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from verify import api
from verify.formats.expressions import parse_region
from verify.kernel.exact import evaluate
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.rational import vector
from verify.region import box
from verify.search.budget import Budget
from verify.search.commands.compare import compare_networks


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
    found = compare_networks(first, second, box([-1] * 20, [1] * 20), Budget(None, work=2000))
    assert found.upper is not None and 0 < found.lower <= found.upper < 1000 * found.lower
    assert "are not cut" in found.reason
    rng = random.Random(2)
    for _ in range(50):
        x = vector([Fraction(rng.randint(-8, 8), 8) for _ in range(20)])
        gaps = (evaluate(first, x) - evaluate(second, x)).fractions()
        for gap, (upper, _, _) in zip(gaps, found.by_output, strict=True):
            assert upper is not None and abs(gap) <= upper <= found.upper


@pytest.mark.parametrize(
    ("text", "lower", "bounded"),
    [
        ("all", Fraction(1), False),
        ("where(x0 + x1 >= 5)", Fraction(1), False),
        ("where(x0 == x1)", Fraction(1, 2), False),
        ("l1ball([1, 1], 2)", Fraction(1), True),
        ("where(x0 + x1 >= 5, x0 - x1 >= 100, x0 <= 1000, x1 <= 1000)", Fraction(0), True),
    ],
)
def test_regions_that_are_no_boxes(text: str, lower: Fraction, bounded: bool) -> None:
    """max(x0, x1) and relu(x0) + relu(x1 - x0) differ where x0 < 0, and their layers do not correspond."""
    builder = Builder((2,), "net")
    other = builder.build(dense(relu(dense(builder.input, [[1, 0], [-1, 1]])), [[1, 1]]))
    region = parse_region(text, 2)
    found = compare_networks(api.load("max"), other, region, Budget(None, work=2000))
    assert found.lower >= lower and region.contains(found.point)
    assert (found.upper is not None) == bounded
    assert bounded or found.reason == "the region is unbounded; bounds are for boxes with finite sides"


def skipping(source: int, change: Fraction = Fraction(0)) -> Network:
    """Three layers of two ReLU; the last adds the input, or the first layer, to the second one."""
    builder = Builder((2,), "net")
    values = [builder.input]
    for scale in (1, 2):
        values.append(relu(dense(values[-1], [[scale + change, 1], [-1, scale]])))
    return builder.build(dense(values[2] + values[source], [[1, 1]]))


def test_a_connection_to_another_layer_is_not_rounding() -> None:
    """The same weights, of the same sizes, read from another layer."""
    found = compare_networks(skipping(0), skipping(1), box([-1] * 2, [1] * 2), Budget(None, work=2000))
    assert found.lower > 0
    assert found.is_rounding is False
    rounded = compare_networks(
        skipping(0), skipping(0, Fraction(1, 2**24)), box([-1] * 2, [1] * 2), Budget(None, work=2000)
    )
    assert rounded.lower > 0 and rounded.is_rounding is True


def test_units_that_are_constant_in_one_network_only() -> None:
    """Rounding a weight to zero makes a unit constant; the layers correspond as they are."""
    builder, other = Builder((2,), "net"), Builder((2,), "net")
    whole = builder.build(dense(relu(dense(builder.input, [[1, 1], [0, Fraction(1, 9)]], [0, 1])), [[1, 1]]))
    rounded = other.build(dense(relu(dense(other.input, [[1, 1], [0, 0]], [0, 1])), [[1, 1]]))
    found = compare_networks(whole, rounded, box([-1] * 2, [1] * 2), Budget(None, work=2000))
    assert found.upper is not None and found.lower == Fraction(1, 9) <= found.upper < Fraction(1, 8)
    assert found.is_rounding is False and found.layer
