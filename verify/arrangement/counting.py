"""Counting: cells, linear pieces and affine maps of a network on a region, exactly or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from verify.arrangement.domain import Domain, TooManyCells, make_domain
from verify.arrangement.enumerate import Arrangement, beginning
from verify.arrangement.merging import Labels, label
from verify.arrangement.parts import arrangement
from verify.arrangement.split_tree import TreeCells, count_pieces, tree_cells
from verify.errors import BudgetExceeded
from verify.network import Network
from verify.region import Region
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare

# A cube of d dimensions has 3**d faces, and a complex keeps them all.
MOST_DIMENSIONS = 7


@dataclass(frozen=True, eq=False)
class Pieces:
    """The counts, or None for each of them with the ``reason``; ``at_least`` bounds the number of cells from below.

    ``cells``: full-dimensional activation cells. ``pieces``: maximal unions of cells with one affine map, connected
    through facets. ``affine_maps``: distinct maps of all outputs. ``arrangement`` and ``labels`` are there where the
    cells were kept (up to ``MOST_DIMENSIONS`` dimensions).
    """

    domain: Domain
    cells: int | None
    pieces: int | None
    affine_maps: int | None
    at_least: int
    reason: str = ""
    arrangement: Arrangement | None = None
    labels: Labels | None = None

    def __repr__(self) -> str:
        network, region = self.domain.problem.question.network.name, self.domain.region.text
        counts = f"{self.cells} cells, {self.pieces} pieces, {self.affine_maps} affine maps"
        if self.cells is None:
            counts = f"at least {self.at_least} cells ({self.reason})"
        return f"<Pieces of {network} on {region or 'a region'}: {counts}>"


class CountInterrupted(KeyboardInterrupt):
    """Ctrl-C while cells are counted: ``found`` says how many there are at least."""

    def __init__(self, found: Pieces) -> None:
        super().__init__("interrupted")
        self.found = found


def count(network: Network, region: Region, budget: Budget, limit: int | None = None) -> Pieces:
    """Count on the region; beyond ``limit`` cells, or out of time or memory, the counts are None."""
    network.require_piecewise_linear("counting linear pieces")
    return count_on(make_domain(network, region, budget), budget, limit)


def count_on(domain: Domain, budget: Budget, limit: int | None = None) -> Pieces:
    """``count`` on a region that is made ready."""
    if domain.dimension > MOST_DIMENSIONS or not domain.has_box:
        return _by_tree(domain, budget, limit)
    found = beginning(domain)
    try:
        done = arrangement(found, budget, limit)
        labels = label(done, budget)
        if limit is not None and labels.counts[0] > limit:  # of infinite regions the tally is only a lower bound
            found.tally.cells = labels.counts[0]
            raise TooManyCells(f"more than {limit} cells")
    except (BudgetExceeded, MemoryError) as stop:
        return Pieces(domain, None, None, None, max(found.tally.cells, 1), str(stop) or "out of memory")
    except KeyboardInterrupt as stop:
        raise CountInterrupted(Pieces(domain, None, None, None, max(found.tally.cells, 1), "interrupted")) from stop
    cells, pieces, maps = labels.counts
    return Pieces(domain, cells, pieces, maps, cells, arrangement=done, labels=labels)


def _by_tree(domain: Domain, budget: Budget, limit: int | None) -> Pieces:
    found = TreeCells(lifted(domain, budget), [])
    nothing = Pieces(domain, None, None, None, 1)
    try:
        tree_cells(found, budget, limit)
        pieces = count_pieces(found, budget)
    except (BudgetExceeded, MemoryError) as stop:
        return replace(nothing, at_least=max(found.count, 1), reason=str(stop) or "out of memory")
    except KeyboardInterrupt as stop:
        raise CountInterrupted(replace(nothing, at_least=max(found.count, 1), reason="interrupted")) from stop
    return Pieces(domain, found.count, pieces, len(found.groups), found.count)


def lifted(domain: Domain, budget: Budget) -> Domain:
    """A large L1 ball as a polyhedron with further coordinates, which no unit reads: cells and facets are the same."""
    if domain.has_box:
        return domain
    problem = prepare(domain.problem.question, budget, lift_first=True)
    assert isinstance(problem, Problem)
    return replace(domain, problem=problem)


def average_degree(found: Pieces) -> float | None:
    """The average number of neighbours of a cell (cells that share a facet with it); None without an arrangement."""
    if found.labels is None:
        return None
    cells = found.labels.cells
    pairs = np.sort(cells[found.labels.pairs], axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    return 2 * len(pairs) / (int(cells.max()) + 1)
