"""What is drawn is exact: corners in order, maps, breaks, places in windows of any width."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

import verify
from tests.arrangement.nets import chain
from verify import api
from verify.arrangement.counting import count
from verify.arrangement.plane import Corner, around, breaks, counted_cells, in_window, polygons
from verify.errors import BudgetExceeded
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.rational import vector
from verify.region import box
from verify.search.budget import Budget
from verify.search.refuting.walk import stretches

THIRD = Fraction(1, 3)


def area(corners: list[Corner]) -> Fraction:
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum((a * d - b * c for (a, b), (c, d) in pairs), Fraction(0)) / 2


def small(rng: random.Random, inputs: int) -> Network:
    """Few, small weights, so that lines coincide, meet in one point, and units are dead."""
    sizes = [inputs, rng.randint(1, 4), rng.randint(1, 3), rng.randint(1, 2)]
    return chain(
        [
            ([[rng.randint(-2, 2) for _ in range(m)] for _ in range(n)], [rng.randint(-1, 1) for _ in range(n)])
            for m, n in itertools.pairwise(sizes)
        ]
    )


@pytest.mark.parametrize(
    ("name", "text", "size"),
    [
        ("max", "box(-1, 2)", 9),
        ("max", "l1ball([1/2, 0], 3/2)", Fraction(9, 2)),
        ("identity_pair", "box([0, -1/3], [1, 1/3])", 2 * THIRD),
    ],
)
def test_cells_fill_the_region_and_carry_its_values(name: str, text: str, size: Fraction) -> None:
    network = verify.load(name)
    found = polygons(counted_cells(network, api.parse_region(text, network), Budget(), 99))
    assert sum(area(polygon.corners) for polygon in found) == size
    for polygon in found:
        assert area(polygon.corners) > 0
        for corner in polygon.corners:
            value = evaluate(network, vector(corner)).fractions()
            assert [form.at(vector(corner)) for form in polygon.forms] == value


def test_polygons_of_random_networks() -> None:
    rng = random.Random(5)
    for _ in range(30):
        network = small(rng, 2)
        found = count(network, box([-2, -1], [1, Fraction(3, 2)]), Budget())
        cells = polygons(found)
        assert len({polygon.map for polygon in cells}) == found.affine_maps
        assert sum(area(polygon.corners) for polygon in cells) == Fraction(15, 2)
        for polygon in cells:
            middle = [sum(axis, Fraction(0)) / len(polygon.corners) for axis in zip(*polygon.corners, strict=True)]
            for point in (*polygon.corners, middle):
                value = evaluate(network, vector(point)).fractions()
                assert [form.at(vector(point)) for form in polygon.forms] == value


def test_breaks_are_those_of_a_walk() -> None:
    """Walking evaluates one point after the other; the line may pass through 0, along a line of switches, or not."""
    rng = random.Random(6)
    for _ in range(60):
        network = small(rng, 3)
        start, end = (vector([rng.randint(-3, 3) for _ in range(3)]) for _ in range(2))
        if start != end:
            walked = list(stretches(network, start, end, Budget()))
            changes = [a.end for a, b in itertools.pairwise(walked) if a.slope != b.slope]
            assert breaks(network, start, end, Budget(), 99) == changes


def test_too_many_cells_and_no_time() -> None:
    network = small(random.Random(1), 2)
    with pytest.raises(BudgetExceeded, match="there are more than 1 cells"):
        counted_cells(network, box([-9, -9], [9, 9]), Budget(), 1)
    with pytest.raises(BudgetExceeded, match="ran out"):
        breaks(network, vector([0, 0]), vector([1, 1]), Budget(0), 9)


@pytest.mark.parametrize("shift", [(0, 0), (7, -THIRD)])
def test_corners_in_order(shift: tuple[Fraction, Fraction]) -> None:
    """Corners on one side of a polygon, the first or the last of its sides included."""
    rings = (
        [(0, 0), (1, 0), (2, 0), (2, 2), (0, 2)],
        [(0, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)],
        [(0, 0), (2, 2), (1, 1), (0, 3)],
        [(0, 0), (2, 2), (1, 1), (2, -3)],
        [(0, 0), (0, 1), (1, 0)],
    )
    for ring in rings:
        points = [(Fraction(x) + shift[0], Fraction(y) + shift[1]) for x, y in ring]
        ordered = around(points)
        assert sorted(ordered) == sorted(points)
        turns = [
            (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
            for a, b, c in zip(ordered, ordered[1:] + ordered[:1], ordered[2:] + ordered[:2], strict=True)
        ]
        assert all(turn >= 0 for turn in turns)


def test_windows_of_any_width() -> None:
    kink = chain([([[1, 1]], [-2]), ([[1]], [0])])
    shapes = []
    for width in (Fraction(1), Fraction(1, 10**30)):
        low, high = Fraction(1) - width, Fraction(1) + width
        found = counted_cells(kink, box([low, low], [high, high]), Budget(), 9)
        assert found.arrangement is not None
        shares, least, most = in_window(found.arrangement)
        assert (least, most) == ((low, low), (high, high))
        shapes.append(np.sort(shares, axis=0))
    assert np.allclose(shapes[0], shapes[1], atol=1e-6)
