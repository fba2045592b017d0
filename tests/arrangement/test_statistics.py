"""Histograms of volumes, and counts on random segments and slices, against the exact walk and brute force."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.arrangement.nets import chain, reference
from tests.support import random_claims
from tests.support.brute_cells import Brute
from tests.support.seeds import fresh
from verify.arrangement import Samples, count, samples, volume_histogram
from verify.arrangement.statistics import power_below, spanned
from verify.errors import InputError
from verify.network import Network
from verify.rational import Vector, vector
from verify.region import HalfSpace, Region, ball, box, everything, l1_ball, segment
from verify.search.budget import Budget
from verify.search.refuting.walk import stretches

SQUARE = box([-1, -1], [1, 1])


@pytest.mark.parametrize(
    ("value", "power"),
    [("1", 0), ("2", 1), ("3", 1), ("1/2", -1), ("1/3", -2), ("3/4", -1), ("4/3", 0), ("1/1000000000000", -40)],
)
def test_power_below(value: str, power: int) -> None:
    assert power_below(Fraction(value)) == power
    assert Fraction(2) ** power <= Fraction(value) < Fraction(2) ** (power + 1)


def test_histogram_of_known_volumes() -> None:
    """Strips of widths 1, 1/2 and 1/2; and two half planes."""
    net = chain([([[1, 0], [1, 0]], [0, Fraction(-1, 2)]), ([[1, 1]], [0])])
    found = volume_histogram(count(net, SQUARE, Budget()))
    assert (found.buckets, found.infinite) == ({0: 2, 1: 1}, 0)
    assert (found.smallest, found.largest) == (Fraction(1), Fraction(2))
    found = volume_histogram(count(net, everything(2), Budget()))
    assert (found.buckets, found.infinite) == ({}, 3)
    assert found.smallest is found.largest is None


def test_histogram_counts_every_cell() -> None:
    for size in (1, 2, 3):
        counts = count(reference((size, 6, 4, 1), 0), box([-1] * size, [1] * size), Budget())
        found = volume_histogram(counts)
        assert sum(found.buckets.values()) == counts.cells and not found.infinite
        assert found.smallest is not None and found.largest is not None
        assert min(found.buckets) == math.floor(math.log2(found.smallest))
        assert max(found.buckets) == math.floor(math.log2(found.largest))
        assert found.smallest * (counts.cells or 0) <= 2**size <= found.largest * (counts.cells or 0)


def _regions(rng: random.Random, size: int) -> list[Region]:
    middle = vector([Fraction(rng.randint(-2, 2), 2) for _ in range(size)])
    half = random_claims.region(rng, size)
    return [ball(middle, 1), l1_ball(middle, 2), half]


def compare_on_random_parts(seed: int) -> int:
    """Segments with the walk, triangles with brute force; returns how many triangles have more than two cells."""
    rng = random.Random(seed)
    size = rng.choice([2, 2, 3])
    net = random_claims.network(rng, size)
    seen = 0
    for region in _regions(rng, size):
        try:
            on = [samples(net, region, kind, 2, seed, Budget()) for kind in ("segments", "slices")]
        except InputError:  # infinite, empty or of too few dimensions
            continue
        assert all(region.contains(point) for each in on for sample in each.found for point in sample.corners)
        _check_segments(net, on[0])
        for sample in on[1].found:
            counts = Brute(net, spanned(sample.corners)).counts()
            assert (sample.cells, sample.pieces, sample.affine_maps) == counts, (seed, region.text)
            seen += counts[0] > 2
    return seen


def test_counts_on_random_parts() -> None:
    assert sum(map(compare_on_random_parts, range(4))) > 2


@pytest.mark.campaign
def test_counts_on_random_parts_with_fresh_seeds() -> None:
    assert sum(map(compare_on_random_parts, fresh(60))) > 30


def _check_segments(net: Network, on: Samples) -> None:
    for sample in on.found:
        start, end = sample.corners
        slopes = [stretch.slope for stretch in stretches(net, start, end, Budget())]
        assert sample.pieces == 1 + sum(a != b for a, b in pairwise(slopes))
        assert sample.cells >= sample.pieces >= sample.affine_maps


def test_triangles_have_their_corners() -> None:
    """Also where the plane passes through 0, whose coordinates then begin elsewhere."""
    for points in (((1, 2), (3, 5), (-1, 4)), ((1, 2, 0), (3, 5, 1), (-1, 4, 7)), ((0, 0), (1, 0), (0, 1))):
        corners = tuple(map(vector, points))
        triangle = spanned(corners)
        a, b, c = corners
        assert all(map(triangle.contains, corners))
        assert triangle.contains((a + b + c).scaled(Fraction(1, 3)))
        assert not any(triangle.contains(x) for x in (a + b - c, a + c - b, b + c - a, _beyond(a, b), _beyond(c, a)))


def _beyond(a: Vector, b: Vector) -> Vector:
    return b + (b - a).scaled(Fraction(1, 1000))


def test_regions_of_half_spaces() -> None:
    """Bounded by half-spaces alone, thin, and a small part of its box."""
    net, cube = reference((3, 6, 6, 1), 0), box([-1] * 3, [1] * 3)

    def rows(*normals: tuple[int, int, int], bound: Fraction) -> list[HalfSpace]:
        return [HalfSpace(vector(normal), bound) for normal in normals]

    corner = rows((-1, -1, 0), (-1, 0, -1), (0, -1, -1), (1, 1, 1), bound=Fraction(1))
    for region in (
        box([None] * 3, [None] * 3).with_rows(corner),
        cube.with_rows(rows((1, 1, 1), (-1, -1, -1), bound=Fraction(0))),
        cube.with_rows(rows((1, 1, 1), bound=Fraction(-299, 100))),
    ):
        found = samples(net, region, "slices", 2, 0, Budget()).found
        assert len(found) == 2
        assert all(region.contains(point) for sample in found for point in sample.corners)


def test_seeds() -> None:
    net = reference((2, 8, 8, 1), 0)
    first, again, other = (samples(net, SQUARE, "segments", 3, seed, Budget()) for seed in (1, 1, 2))
    assert [s.corners for s in first.found] == [s.corners for s in again.found] != [s.corners for s in other.found]
    assert first.mean("cells") == Fraction(sum(first.of("cells")), 3)


@pytest.mark.parametrize(
    ("region", "kind", "said"),
    [
        (everything(2), "segments", "the region has no finite box"),
        (ball(vector([0, 0]), 0), "segments", "of 1 or more dimensions, this one has 0"),
        (segment(vector([0, 0]), vector([1, 1])), "slices", "of 2 or more dimensions, this one has 1"),
    ],
)
def test_regions_without_random_parts(region: Region, kind: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        samples(reference((2, 4, 1), 0), region, kind, 1, 0, Budget())


def test_out_of_time() -> None:
    found = samples(reference((2, 8, 8, 1), 0), SQUARE, "slices", 5, 0, Budget(1e-9))
    assert found.found == () and "ran out" in found.reason


def test_volumes_need_cells() -> None:
    net = reference((2, 8, 8, 1), 0)
    with pytest.raises(InputError, match="more than 3 cells"):
        volume_histogram(count(net, SQUARE, Budget(), limit=3))
