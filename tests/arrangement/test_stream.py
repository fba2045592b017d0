"""Cells that come one by one are those of the whole arrangement, each once, with the same counts."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from tests.arrangement.nets import reference
from tests.arrangement.test_count import cube, numbers
from tests.arrangement.test_parts import _subject as subject
from tests.support.brute_cells import Brute
from tests.support.executors import Counting
from verify.arrangement import parts, stream
from verify.arrangement.counting import Pieces, count
from verify.arrangement.details import details
from verify.arrangement.domain import with_half_spaces
from verify.arrangement.maps import maps_of_cells
from verify.arrangement.merging import map_of
from verify.arrangement.stream import CellStream
from verify.arrangement.streamed import StreamedCell
from verify.errors import BudgetExceeded, RegionError
from verify.network import Network
from verify.network.examples import get
from verify.region import Region, box, everything
from verify.search.budget import Budget
from verify.search.dividing import sharing

Divide = Callable[[int, int], None]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Divide:
    """Divide from so many cells on, so many times into halves; share at once."""

    def choose(most: int, halvings: int) -> None:
        monkeypatch.setattr(sharing, "ALONE_SECONDS", -1.0)
        monkeypatch.setattr(stream, "MOST_CELLS", most)
        monkeypatch.setattr(parts, "HALVINGS", halvings)

    return choose


def key(pattern: dict[int, np.ndarray]) -> bytes:
    return b"".join(np.packbits(pattern[k]).tobytes() for k in sorted(pattern))


def check_stream(net: Network, region: Region, budget: Budget, whole: Pieces) -> None:
    """Read all cells, and compare them and the counts with those of the arrangement that was kept."""
    read = CellStream(net, region, budget)
    cells = {key(cell.pattern): cell for cell in read}
    assert (read.cells, read.pieces, read.affine_maps) == numbers(whole)
    assert len(cells) == read.cells
    arrangement, labels = whole.arrangement, whole.labels
    assert arrangement is not None and labels is not None
    shares = Counter(labels.cells.tolist())
    for kept in details(arrangement, labels):
        pattern = arrangement.pattern(kept.number)
        cell = cells[key(pattern)]
        assert cell.maps == map_of(whole.domain, whole.domain.network, pattern)
        assert all(at(form, kept.inside) > 0 for form in cell.half_spaces)
        if shares[int(labels.cells[kept.number])] == 1:
            assert set(cell.half_spaces) == set(kept.half_spaces) and cell.inside == kept.inside
            assert (set(cell.vertices or ()), set(cell.rays or ())) == (set(kept.vertices), set(kept.rays))
            assert cell.volume == kept.volume
        else:
            check_generators(cell)


def check_generators(cell: StreamedCell) -> None:
    """Corners and rays lie in the cell, and each of its half-spaces is touched."""
    assert cell.vertices is not None and cell.rays is not None
    for form in cell.half_spaces:
        corners, rays = [at(form, p) for p in cell.vertices], [at((*form[:-1], 0), r) for r in cell.rays]
        assert min(corners, default=0) >= 0 <= min(rays, default=0)
        assert not corners or min(corners) == 0 or min(rays, default=1) == 0


def at(form: tuple[int, ...], point: tuple[Fraction | int, ...]) -> Fraction | int:
    return sum((a * b for a, b in zip(form, point, strict=False)), Fraction(form[-1]))


def compare(seed: int, divide: Divide) -> bool:
    """Whether there was something to compare, in more than one part."""
    net, region = subject(seed)
    if net.input_size > 4 or net.relu_count > 20:
        return False
    try:
        whole = count(net, region, Budget())
    except RegionError:
        return False
    rng = random.Random(seed)
    most = rng.choice([2, 2, 3, 6])
    divide(most, rng.choice([1, 2, 2]))
    check_stream(net, region, Budget(executor=Counting() if seed % 2 else None), whole)
    return whole.cells is not None and whole.cells > most


def test_streams_have_the_cells_of_the_arrangement(small_parts: Divide) -> None:
    assert sum(compare(seed, small_parts) for seed in range(40)) > 8


@pytest.mark.campaign
def test_streams_with_fresh_seeds(small_parts: Divide) -> None:
    start = secrets.randbits(40)
    assert sum(compare(seed, small_parts) for seed in range(start, start + 600)) > 150


@pytest.mark.campaign
def test_streams_against_brute_force_with_fresh_seeds(small_parts: Divide) -> None:
    start, compared = secrets.randbits(40), 0
    for seed in range(start, start + 200):
        net, region = subject(seed)
        if net.input_size > 4 or net.relu_count > 12:
            continue
        small_parts(2, 1)
        try:
            read = CellStream(net, region, Budget())
        except RegionError:
            continue
        assert sum(1 for _ in read) == read.cells
        assert (read.cells, read.pieces, read.affine_maps) == Brute(net, with_half_spaces(region)).counts(), seed
        compared += 1
    assert compared > 60


@pytest.mark.parametrize(
    ("sizes", "most", "halvings"), [((2, 8, 8, 1), 20, 2), ((2, 14, 2), 20, 3), ((3, 4, 4, 1), 12, 2)]
)
def test_larger_networks(small_parts: Divide, sizes: tuple[int, ...], most: int, halvings: int) -> None:
    net = reference(sizes, 1)
    for region in (cube(sizes[0]), everything(sizes[0])):
        whole = count(net, region, Budget())
        small_parts(most, halvings)
        for executor in (None, Counting()):
            check_stream(net, region, Budget(executor=executor), whole)
            assert executor is None or executor.count >= 2


def test_maps_of_neighbours_are_exact() -> None:
    for sizes in ((2, 20, 2), (2, 8, 8, 1), (3, 6, 5, 4, 2)):
        net = reference(sizes, 3)
        found = count(net, cube(sizes[0]), Budget())
        assert found.arrangement is not None and found.labels is not None
        maps = maps_of_cells(found.arrangement, found.labels.pairs, Budget())
        patterns = [found.arrangement.pattern(cell) for cell in range(len(maps))]
        assert maps == [map_of(found.domain, found.domain.network, pattern) for pattern in patterns]


def test_the_split_tree_streams_too() -> None:
    net, region = get("maxpool"), box([0] * 9, [1] * 9)
    read = CellStream(net, region, Budget())
    cells = list(read)
    whole = count(net, region, Budget())
    assert (read.cells, read.pieces, read.affine_maps) == (whole.cells, None, whole.affine_maps)
    assert len({key(cell.pattern) for cell in cells}) == len(cells)
    for cell in cells:
        assert cell.vertices is None and all(at(form, cell.inside) > 0 for form in cell.half_spaces)


def test_limits() -> None:
    net = reference((2, 16, 16, 1), 0)
    read = CellStream(net, cube(2), Budget(), 100)
    with pytest.raises(BudgetExceeded, match="more than 100 cells"):
        list(read)
    assert (read.cells, read.pieces) == (100, None)
    assert sum(1 for _ in CellStream(net, cube(2), Budget(), 225)) == 225
    late = CellStream(net, cube(2), Budget())
    late.budget.seconds = 0.0
    with pytest.raises(BudgetExceeded, match="time"):
        list(late)
