"""Arrangements that workers cut in parts are those of one process, to the number of every face."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.arrangement.nets import chain, reference
from tests.arrangement.test_count import check_complex, cube, numbers
from tests.support import random_claims, random_networks
from tests.support.brute_cells import Brute
from tests.support.executors import Counting, Failing
from tests.support.seeds import fresh
from verify.arrangement import parts as cut_in_parts
from verify.arrangement import statistics
from verify.arrangement.counting import Pieces, count
from verify.arrangement.domain import with_half_spaces
from verify.arrangement.statistics import samples
from verify.cli.workers import pool_of
from verify.errors import RegionError
from verify.network import Network
from verify.rational import Vector
from verify.region import Region, everything, nonnegative
from verify.search.budget import Budget
from verify.search.dividing import sharing


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Divide from so many cells on, so many times into halves, and share at once."""

    def choose(fewest: int, halvings: int) -> None:
        monkeypatch.setattr(sharing, "ALONE_SECONDS", -1.0)
        monkeypatch.setattr(cut_in_parts, "WORTH_SHARING", 0.0)
        monkeypatch.setattr(cut_in_parts, "FEWEST_CELLS", fewest)
        monkeypatch.setattr(cut_in_parts, "FEWEST_SHARED", fewest)
        monkeypatch.setattr(cut_in_parts, "TASKS", 2**halvings)
        monkeypatch.setattr(cut_in_parts, "FEWEST_UNITS", 1)
        monkeypatch.setattr(cut_in_parts, "HALVINGS", halvings)

    return choose


Choose = Callable[[int, int], None]


def check_same(one: Pieces, other: Pieces) -> None:
    """The same cells, faces, vertices, forms, bits, maps and pieces, by their numbers."""
    assert numbers(one) == numbers(other)
    a, b = one.arrangement, other.arrangement
    assert a is not None and b is not None and one.labels is not None and other.labels is not None
    for level, their in zip(a.complex.levels, b.complex.levels, strict=True):
        assert level.count == their.count
        assert _pairs(level.up.rows, level.down.rows) == _pairs(their.up.rows, their.down.rows)
    assert np.array_equal(a.form_sources.rows, b.form_sources.rows)
    for layer, other_layer in zip(a.layers, b.layers, strict=True):
        assert (layer.block, layer.size) == (other_layer.block, other_layer.size)
        assert np.array_equal(layer.bits, other_layer.bits) and np.array_equal(layer.parents, other_layer.parents)
    for v in range(a.complex.vertex_count):
        assert a.exact.point(v) == b.exact.point(v)
        assert _is_near(b.points.rows[v], b.errors.rows[v], b.exact.point(v))
    for form in range(a.form_rows.size):
        assert a.exact.form(form) == b.exact.form(form)
    assert a.outputs is not None and b.outputs is not None
    gaps = np.abs(a.outputs.rows - b.outputs.rows)
    assert (gaps <= (a.outputs.errors + b.outputs.errors)[:, None]).all()
    assert np.array_equal(one.labels.cells, other.labels.cells)
    assert np.array_equal(one.labels.pieces, other.labels.pieces)
    assert len(set(zip(one.labels.maps, other.labels.maps, strict=True))) == one.affine_maps
    assert np.array_equal(one.labels.facets, other.labels.facets)
    assert np.array_equal(one.labels.pairs, other.labels.pairs)


def _pairs(up: Any, down: Any) -> list[tuple[int, int]]:
    return sorted(zip(up.tolist(), down.tolist(), strict=True))


def _is_near(place: Any, error: float, point: tuple[int, ...]) -> bool:
    """Some multiple of the exact point is within the error; that with the same largest coordinate not far beyond it."""
    largest = int(np.abs(place).argmax())
    scale = Fraction(float(place[largest])) / point[largest]
    return all(
        abs(Fraction(float(v)) - scale * n) <= 4 * Fraction(float(error)) for v, n in zip(place, point, strict=True)
    )


def _subject(seed: int) -> tuple[Network, Region]:
    """Small networks and regions of all kinds, and layers with equal, opposite and zero units in up to 4 dimensions."""
    rng = random.Random(seed)
    if seed % 3 == 0:
        size = rng.choice([1, 2, 3])
        return random_claims.network(rng, size, rng.choice([1, 2])), random_claims.region(rng, size)
    if seed % 3 == 1:
        net = random_networks.network(seed)
        return net, random_claims.region(rng, net.input_size)
    size = rng.choice([1, 2, 2, 3, 4])
    widths = [size, rng.randint(2, 7 - size), rng.randint(1, 4), rng.randint(1, 2)]
    layers = []
    for m, n in pairwise(widths):
        rows = [[Fraction(rng.choice([-2, -1, 0, 0, 1, 1, 2])) for _ in range(m)] for _ in range(n)]
        bias = [Fraction(rng.choice([-1, 0, 0, 0, 1]), rng.choice([1, 2, 3])) for _ in range(n)]
        if n > 1 and rng.random() < 0.5:
            scale = Fraction(rng.choice([-3, -1, 1, 2]))
            rows[-1], bias[-1] = [scale * v for v in rows[0]], scale * bias[0] + Fraction(rng.choice([0, 0, 1]), 2**60)
        layers.append((rows, bias))
    region = rng.choice([cube(size), everything(size), nonnegative(size), random_claims.region(rng, size)])
    return chain(layers), region


def compare_with_parts(seed: int, choose: Choose) -> tuple[Pieces, bool] | None:
    """One process and workers; None where the region is empty or lies in more dimensions, else whether any shared."""
    net, region = _subject(seed)
    if net.input_size > 4 or net.relu_count > 20:
        return None
    try:
        alone = count(net, region, Budget())
    except RegionError:
        return None
    rng = random.Random(seed)
    choose(rng.choice([2, 2, 3, 6]), rng.choice([1, 2, 2]))
    executor = Counting()
    shared = count(net, region, Budget(executor=executor))
    check_same(alone, shared)
    check_same(alone, count(net, region, Budget()))
    if executor.count and seed % 4 == 0:
        check_complex(shared)
    return shared, executor.count > 0


def test_parts_make_the_same_arrangement(soon: Choose) -> None:
    done = [found for seed in range(30) if (found := compare_with_parts(seed, soon)) is not None]
    assert len(done) > 20 and sum(shared for _, shared in done) > 8


@pytest.mark.campaign
def test_parts_make_the_same_arrangement_with_fresh_seeds(soon: Choose) -> None:
    done = [found for seed in fresh(600) if (found := compare_with_parts(seed, soon)) is not None]
    assert sum(shared for _, shared in done) > 200
    degenerate = [found for found, shared in done if shared and found.arrangement.exact.decided_signs]  # type: ignore[union-attr]
    assert len(degenerate) > 60


@pytest.mark.campaign
def test_parts_against_brute_force_with_fresh_seeds(soon: Choose) -> None:
    compared = 0
    for seed in fresh(150):
        net, region = _subject(seed)
        found = compare_with_parts(seed, soon) if net.relu_count <= 12 else None
        if found is not None and found[1]:
            assert numbers(found[0]) == Brute(net, with_half_spaces(region)).counts(), seed
            compared += 1
    assert compared > 30


@pytest.mark.parametrize(
    ("sizes", "fewest", "halvings"),
    [((2, 16, 16, 1), 40, 3), ((2, 20, 2), 50, 2), ((3, 8, 8, 8, 1), 30, 3), ((1, 9, 9, 1), 4, 1)],
)
def test_larger_networks(soon: Choose, sizes: tuple[int, ...], fewest: int, halvings: int) -> None:
    net, region = reference(sizes, 1), cube(sizes[0])
    alone = count(net, region, Budget())
    soon(fewest, halvings)
    executor = Counting()
    check_same(alone, count(net, region, Budget(executor=executor)))
    assert executor.count == 2**halvings
    check_same(alone, count(net, region, Budget()))


def test_in_processes(soon: Choose) -> None:
    net = reference((2, 16, 16, 1), 0)
    alone = count(net, cube(2), Budget())
    soon(50, 2)
    pool = pool_of(2)
    try:
        executor = Counting(pool)
        check_same(alone, count(net, cube(2), Budget(executor=executor)))
    finally:
        pool.shutdown()
    assert executor.count == 4


def test_limits_and_lost_workers(soon: Choose) -> None:
    net = reference((2, 16, 16, 1), 0)
    soon(50, 2)
    for limit in (60, 100, 224):
        found = count(net, cube(2), Budget(executor=Counting()), limit)
        assert found.cells is None and limit < found.at_least <= 225 and f"more than {limit} cells" in found.reason
    assert count(net, cube(2), Budget(executor=Counting()), 225).cells == 225
    lost = count(net, cube(2), Budget(executor=Failing(BrokenExecutor())))
    assert lost.cells is None and "worker process died" in lost.reason and 50 <= lost.at_least <= 225


def test_limits_of_infinite_regions(soon: Choose) -> None:
    """Coordinates without sides are divided at 0, also between parts."""
    net = reference((2, 8, 8, 1), 0)
    cells = count(net, everything(2), Budget()).cells
    assert cells is not None
    for fewest in (4, 30):
        soon(fewest, 2)
        for limit in range(2, cells, 37):
            found = count(net, everything(2), Budget(executor=Counting()), limit)
            assert (
                found.cells is None and limit < found.at_least <= cells and f"more than {limit} cells" in found.reason
            )
        assert count(net, everything(2), Budget(executor=Counting()), cells).cells == cells


def test_random_parts_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    net = reference((3, 8, 8, 1), 0)
    alone = {kind: samples(net, cube(3), kind, 7, 0, Budget()) for kind in ("segments", "slices")}
    monkeypatch.setattr(sharing, "ALONE_SECONDS", -1.0)
    monkeypatch.setattr(statistics, "PARTS", 3)
    for kind, expected in alone.items():
        executor = Counting()
        found = samples(net, cube(3), kind, 7, 0, Budget(executor=executor))
        assert executor.count == 7
        assert [_plain(sample) for sample in found.found] == [_plain(sample) for sample in expected.found]
    lost = samples(net, cube(3), "segments", 7, 0, Budget(executor=Failing(BrokenExecutor())))
    assert lost.found == () and "worker process died" in lost.reason


def _plain(sample: statistics.PartSample) -> tuple[list[Vector], int, int, int]:
    return list(sample.corners), sample.cells, sample.pieces, sample.affine_maps
