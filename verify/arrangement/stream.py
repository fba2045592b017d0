"""Cells one after the other, exact and final, in memory that does not grow with their number.

A complex with many cells is divided into parts, which are worked on depth first and then dropped. A part is a set of
whole cells of the units so far, so that each cell lies in one. Facets between parts are told by their exact vertices,
which both sides find alike (the complex of the whole region is face to face); so linear pieces are counted as well.
Above seven dimensions cells come from the split tree, and pieces are not counted.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from verify.arrangement.complex import Ids
from verify.arrangement.counting import MOST_DIMENSIONS, lifted
from verify.arrangement.domain import TooManyCells, make_domain
from verify.arrangement.enumerate import Run, beginning
from verify.arrangement.merging import activation_cells, same_patterns
from verify.arrangement.parts import divided
from verify.arrangement.streamed import FinishedPart, StreamedCell, digest, finished_part, tree_cell
from verify.network import Network
from verify.region import Region
from verify.region.bases import Mask
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.cells import cells

# A complex of so many cells is divided; none has more than twice as many.
MOST_CELLS = 4000


class CellStream(Iterator[StreamedCell]):
    """The cells of a network on a region, each once; ``cells`` and ``affine_maps`` count those that were read.

    ``pieces`` is None until all were read, and where pieces are not counted. Reading raises ``BudgetExceeded`` out of
    time, and after ``limit`` cells if there are more. Memory has a few parts, and beyond them a digest of every affine
    map, eight bytes for each piece of a part, and the facets between what is finished and what is not.
    """

    def __init__(self, network: Network, region: Region, budget: Budget, limit: int | None = None) -> None:
        network.require_piecewise_linear("counting linear pieces")
        self.domain, self.budget, self.limit = make_domain(network, region, budget), budget, limit
        self.cells = 0
        self.pieces: int | None = None
        self._joining = _Joining()
        self._read = self._all()

    @property
    def affine_maps(self) -> int:
        """Number of distinct affine maps so far."""
        return len(self._joining.maps)

    def __next__(self) -> StreamedCell:
        cell = next(self._read)
        if self.limit is not None and self.cells >= self.limit:
            self.close()
            raise TooManyCells(f"more than {self.limit} cells")
        self.cells += 1
        return cell

    def close(self) -> None:
        """Stop reading: workers are told so."""
        self._read.close()

    def _all(self) -> Generator[StreamedCell]:
        if self.domain.dimension > MOST_DIMENSIONS or not self.domain.has_box:
            domain = lifted(self.domain, self.budget)
            for leaf in cells(domain.problem, self.budget):
                cell = tree_cell(domain, leaf)
                self._joining.maps.add(digest(cell.maps))
                yield cell
                self.budget.report(f"{self.cells} cells")
            return
        for part, done in _parts(OpenRun(Run.of(beginning(self.domain), None), 1.0), self.budget):
            yield from part.cells
            self._joining.add(part)
            self.budget.report(f"{self.cells} cells, about {done:.0%} of the region")
        self.pieces = self._joining.count(closed=all(map(any, self._sides())))

    def _sides(self) -> Iterator[tuple[bool, bool]]:
        """Of each free coordinate whether its sides are finite."""
        base = self.domain.base
        return ((bool(base.low_finite[j]), bool(base.high_finite[j])) for j in self.domain.free)


class _Joining:
    """The distinct maps, and the pieces that parts have in common."""

    def __init__(self) -> None:
        self.maps: set[bytes] = set()
        self._above = array("q")  # of each piece of a part another one that it is joined with, or itself
        self._merged = 0
        self._open: dict[bytes, tuple[int, bytes]] = {}

    def add(self, part: FinishedPart) -> None:
        """Enter the pieces of a part, and join those with a facet in common."""
        first = len(self._above)
        self._above.extend(range(first, first + max(part.pieces) + 1))
        self.maps.update(part.maps)
        for facet, cell in part.open_facets.items():
            mine = first + part.pieces[cell], part.maps[cell]
            other = self._open.pop(facet, None)
            if other is None:
                self._open[facet] = mine
            elif other[1] == mine[1]:
                self._join(other[0], mine[0])

    def _join(self, one: int, other: int) -> None:
        a, b = self._root(one), self._root(other)
        self._merged += a != b
        self._above[b] = a

    def _root(self, piece: int) -> int:
        above = self._above
        while above[piece] != piece:
            above[piece] = above[above[piece]]
            piece = above[piece]
        return piece

    def count(self, *, closed: bool) -> int:
        """The number of pieces, when all parts were entered; unless ``closed``, facets of the region may look open."""
        if self._open and closed:
            raise AssertionError(f"{len(self._open)} facets have a cell on one side only")
        return len(self._above) - self._merged


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A run that is not finished, and its share of the region."""

    run: Run
    share: float


def _step(waiting: list[OpenRun], budget: Budget) -> tuple[FinishedPart, float] | None:
    """Go on with the newest: a finished part and its share, or it was divided."""
    it = waiting.pop()
    if it.run.go_on(budget, lambda: it.run.found.complex.cell_count >= MOST_CELLS):
        return finished_part(it.run.found, budget), it.share
    groups = divided(it.run.found, _whole_cells(it.run))
    waiting += [OpenRun(it.run.part(group, budget)[0], it.share / len(groups)) for group in groups]
    return None


def _whole_cells(run: Run) -> Ids | None:
    """The number of each polytope's cell of the units so far, where they may differ."""
    if not run.found.artificial:
        return None
    facets, pairs = run.found.complex.neighbours()

    def same(inner: Ids) -> Mask:
        bits, base = run.bits.rows, run.base.rows
        alike: Mask = (bits[inner[:, 0]] == bits[inner[:, 1]]).all(axis=1)
        return alike & same_patterns(run.found, base[inner])

    return activation_cells(run.found, facets, pairs, same)


def _parts(whole: OpenRun, budget: Budget) -> Generator[tuple[FinishedPart, float]]:
    """All finished parts, and the share of the region that is done; an executor gets some when it takes long."""
    waiting, done, alone = [whole], 0.0, sharing.alone_until(budget)
    while waiting and not (len(waiting) > 1 and budget.elapsed > alone):
        found = _step(waiting, budget)
        if found is not None:
            done += found[1]
            yield found[0], done
    if not waiting:
        return

    def tasks(free: int) -> Iterator[StreamTask]:
        while waiting and free > 0:
            free -= 1
            yield StreamTask(waiting.pop(), budget)

    with closing(sharing.handed_out(budget, stream_some, tasks, sharing.PARTS)) as arrivals:
        for arrived in arrivals:
            for _, (parts, left) in arrived:
                waiting += left
                for part, share in parts:
                    done += share
                    yield part, done


@dataclass(frozen=True, eq=False)
class StreamTask:
    """A part for a worker."""

    part: OpenRun
    budget: Budget


def stream_some(task: StreamTask) -> tuple[list[tuple[FinishedPart, float]], list[OpenRun]]:
    """What a worker finishes of a part in ``TASK_SECONDS``, and what it leaves open."""
    until = time.monotonic() + sharing.TASK_SECONDS
    waiting, parts = [task.part], []
    while waiting and time.monotonic() < until:
        found = _step(waiting, task.budget)
        if found is not None:
            parts.append(found)
    return parts, waiting
