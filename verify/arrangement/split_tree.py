"""Cells and pieces where there are too many dimensions for complexes: the split tree and exact linear programs.

Two cells of one map share a facet only on the hyperplane h of the first unit on which their patterns differ: all units
before it agree, so its form is the same on both, and it has different signs. They do share one exactly if some point
with h = 0 is strictly inside every other row of both cells (rows that are multiples of h hold there anyway).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.arrangement.domain import Domain, TooManyCells
from verify.arrangement.facets import meeting
from verify.kernel.exact import AffineForm, Pattern, cell_of
from verify.rational import Vector
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.dividing.cells import cells
from verify.search.geometry.simplex import NegativeAt


@dataclass(frozen=True, eq=False)
class TreeCell:
    """A leaf of the split tree: its rows beyond the region's, and its pattern."""

    rows: tuple[HalfSpace, ...]
    pattern: Pattern


@dataclass(eq=False)
class TreeCells:
    """The cells so far, grouped by their maps."""

    domain: Domain
    groups: list[list[TreeCell]]

    @property
    def count(self) -> int:
        """Number of cells."""
        return sum(map(len, self.groups))


def tree_cells(found: TreeCells, budget: Budget, limit: int | None) -> None:
    """Fill in every cell; ``TooManyCells`` beyond the limit."""
    domain = found.domain
    skip = len(domain.problem.question.region.rows)
    places: dict[tuple[tuple[Vector, Fraction], ...], int] = {}
    for cell in cells(domain.problem, budget):
        key = tuple((form.coefficients.reduced(), form.constant) for form in cell.maps)
        place = places.setdefault(key, len(found.groups))
        if place == len(found.groups):
            found.groups.append([])
        found.groups[place].append(TreeCell(cell.rows[skip:], cell.leaf.pattern))
        if found.count % 100 == 0:
            budget.report(f"{found.count} cells")
        if limit is not None and found.count > limit:
            raise TooManyCells(f"more than {limit} cells")


def count_pieces(found: TreeCells, budget: Budget) -> int:
    """The number of pieces: the components of each map's cells, joined where two of them share a facet."""
    return sum(_components(found.domain, group, budget) for group in found.groups)


def _components(domain: Domain, group: Sequence[TreeCell], budget: Budget) -> int:
    parts: list[list[TreeCell]] = []
    for cell in group:
        joined = [part for part in parts if any(share_facet(domain, cell, other, budget) for other in part)]
        kept = [part for part in parts if all(part is not other for other in joined)]
        parts = [*kept, [cell, *(member for part in joined for member in part)]]
    return len(parts)


def share_facet(domain: Domain, a: TreeCell, b: TreeCell, budget: Budget) -> bool:
    """Whether the closures of two cells meet in a set of one dimension less than the region."""
    region = domain.problem.question.region
    assert isinstance(region.base, Box)
    wall = _first_difference(domain, a, b)
    rows = (HalfSpace(-wall.coefficients, wall.constant), HalfSpace(wall.coefficients, -wall.constant))
    return isinstance(meeting(region.base, (*rows, *a.rows, *b.rows, *region.rows), (0, 1), budget), NegativeAt)


def _first_difference(domain: Domain, a: TreeCell, b: TreeCell) -> AffineForm:
    for k, _ in domain.network.relu_blocks():
        units = np.flatnonzero(a.pattern[k] != b.pattern[k])
        if len(units):
            return cell_of(domain.network, a.pattern).form(k, int(units[0]))
    raise AssertionError("two cells with one pattern")
