"""Evidence for counts that ``verify.kernel.counts`` replays.

Where the cells are known as a complex, the tree of splits comes from their patterns: of the first block on which the
cells of a node disagree, a unit on which they do has one form on all of them. Multipliers come from corners, and linear
programs are solved only where those find none. Elsewhere splitting with linear programs gives tree and multipliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.corners import Corners
from verify.arrangement.counting import Pieces
from verify.arrangement.details import grouped, inside_of, vertices_of_cells
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.facets import meeting
from verify.arrangement.merging import Labels
from verify.errors import BudgetExceeded, EngineDisagreement
from verify.kernel.core.cell import adjoint_form, cell_of
from verify.kernel.core.cover import leaves
from verify.kernel.counts import Counted, counted_question, partings, recount
from verify.kernel.evidence import Counts, Cover, Leaf, Multipliers, Thin
from verify.kernel.exact import AffineForm, Pattern
from verify.network import Network
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace, Region
from verify.region.bases import Mask
from verify.search.budget import Budget
from verify.search.dividing.cells import cells_below
from verify.search.dividing.halves import rounded, sides
from verify.search.dividing.loop import DepthFirst, Halved, Node, Open, divide, tree_of
from verify.search.geometry.simplex import NegativeAt
from verify.search.problem import Problem, prepare
from verify.search.stability import Obstacle, settle


@dataclass(eq=False)
class Leaves:
    """The leaves in the order of the tree: rows, a point inside, and corners where they are known.

    ``groups`` have one map each.
    """

    base: Box
    rows: list[tuple[HalfSpace, ...]]
    points: list[Vector]
    groups: list[list[int]]
    corners: list[Corners | None]
    joins: list[tuple[int, int, Vector]] = field(default_factory=list)


def prove(network: Network, found: Pieces, budget: Budget) -> tuple[Counts, Counted]:
    """Evidence for the counts of a network on a region, and what the kernel says that it shows."""
    if found.cells is None:
        raise BudgetExceeded(f"nothing was counted: {found.reason}")
    region = found.domain.region
    budget.report("the record of the counts")
    if found.arrangement is not None and found.labels is not None and isinstance(region.base, Box):
        cover, known = _from_complex(found.arrangement, found.labels, budget)
    else:
        cover, known = _by_splitting(network, region, budget)
    walls, apart = _apart(known, budget)
    counts = Counts(cover, tuple(known.points), tuple(known.joins), walls, apart)
    shown = recount(network, region, counts)
    if (shown.cells, shown.pieces, shown.affine_maps) != (found.cells, found.pieces, found.affine_maps):
        raise EngineDisagreement(
            f"counted {found.cells} cells, {found.pieces} pieces, {found.affine_maps} maps;"
            f" the evidence shows {shown.cells}, {shown.pieces}, {shown.affine_maps}"
        )
    return counts, shown


def _by_splitting(network: Network, region: Region, budget: Budget) -> tuple[Cover, Leaves]:
    """Leaves by linear programs; joins and all."""
    question = counted_question(network, region)
    lifted = not isinstance(region.base, Box)
    problem = prepare(question, budget)
    assert isinstance(problem, Problem)
    root, inner, maps = Node(), {}, {}
    for _, cell in cells_below(root, problem, budget):
        inner[id(cell.leaf)] = cell.interior
        maps[id(cell.leaf)] = tuple((form.coefficients.reduced(), form.constant) for form in cell.maps)
    tree = tree_of(root)
    base = problem.question.region.base
    assert isinstance(base, Box)
    known = Leaves(base, [], [], [], [])
    groups: dict[object, list[int]] = {}
    for number, (leaf, rows) in enumerate(leaves(tree, problem.question.region)):
        known.rows.append(rows)
        known.points.append(inner[id(leaf)])
        known.corners.append(None)
        groups.setdefault(maps[id(leaf)], []).append(number)
    known.groups = list(groups.values())
    for group in known.groups:
        known.joins += _joins_by_programs(known, group, budget)
    return Cover(tree, problem.equations, lifted), known


def _joins_by_programs(known: Leaves, group: Sequence[int], budget: Budget) -> Iterator[tuple[int, int, Vector]]:
    """Points of facets that connect the leaves of one map: a linear program for each pair not known connected."""
    part = {leaf: leaf for leaf in group}
    for row, above, below in partings(known.rows, list(range(len(known.rows))), group):
        for a in above:
            for b in below:
                if part[a] == part[b]:
                    continue
                rows = (*known.rows[a], *known.rows[b])
                found = meeting(known.base, rows, (row, len(known.rows[a]) + row), budget)
                if isinstance(found, NegativeAt):
                    old, new = part[b], part[a]
                    part = {leaf: new if name == old else name for leaf, name in part.items()}
                    yield a, b, vector(found.point[:-1])


class _Group(NamedTuple):
    """Cells on one side of every split so far: the rows of their part, and those that say the signs of units."""

    cells: Ids
    rows: tuple[HalfSpace, ...]
    settled: dict[tuple[int, int], int]


class _InOrder(DepthFirst[_Group]):
    """Depth first, the side above first: in the order of the tree."""

    def add(self, parts: Sequence[Open[_Group]]) -> None:
        super().add(parts[::-1])


def _from_complex(found: Arrangement, labels: Labels, budget: Budget) -> tuple[Cover, Leaves]:
    """Cells of a complex: the tree from their patterns, multipliers from their corners."""
    domain = found.domain
    members = grouped(labels.cells, np.arange(len(labels.cells), dtype=np.int32), int(labels.cells.max()) + 1)
    first = np.array([polytopes[0] for polytopes in members], dtype=np.int32)
    patterns = _patterns(found, first)
    vertices = vertices_of_cells(found)
    known, place = Leaves(domain.base, [], [], [], []), np.zeros(len(first), dtype=np.int64)
    groups: dict[object, list[int]] = {}

    def look(group: _Group) -> Halved[_Group] | _Group:
        if len(group.cells) == 1:
            return group
        pattern = {k: bits[group.cells[0]] for k, bits in patterns.items()}
        k, unit, on = _divider(patterns, group.cells)
        form = _form(domain.network, k, unit, pattern)
        settled = {**group.settled, (k, unit): len(group.rows)}
        above, below = (
            _Group(group.cells[chosen], (*group.rows, row), settled)
            for row, chosen in zip(sides(form), (on, ~on), strict=True)
        )
        return Halved(form, (above, below))

    root = Node()
    start = _Group(np.arange(len(first), dtype=np.int32), domain.problem.question.region.rows, {})
    for node, group in divide(look, _InOrder([Open(root, start)]), budget):
        cell, rows = int(group.cells[0]), group.rows
        place[cell] = len(known.rows)
        every = sorted({int(v) for polytope in members[cell] for v in vertices[polytope]})
        corners = Corners.of(domain, [found.exact.point(v) for v in every])
        inside = domain.hull_point(inside_of([found.exact.point(int(v)) for v in vertices[first[cell]]]))
        pattern = {k: bits[cell] for k, bits in patterns.items()}
        node.leaf = _leaf(domain.network, pattern, rows, group.settled, corners, budget)
        known.corners.append(corners)
        known.rows.append(rows)
        known.points.append(rounded(inside, domain.base, rows))
        groups.setdefault(int(labels.maps[first[cell]]), []).append(len(known.rows) - 1)
    known.groups = list(groups.values())
    known.joins = [
        (int(place[labels.cells[a]]), int(place[labels.cells[b]]), _inside_facet(found, facet))
        for facet, a, b in _spanning(labels)
    ]
    return Cover(tree_of(root), domain.problem.equations), known


def _patterns(found: Arrangement, cells: Ids) -> dict[int, Mask]:
    """For each ReLU block the bits of the cells, shape (cells, units)."""
    result: dict[int, Mask] = {}
    for layer in reversed(found.layers):
        result[layer.block] = layer.on(cells)
        cells = layer.parents[cells]
    return dict(sorted(result.items()))


def _divider(patterns: dict[int, Mask], cells: Ids) -> tuple[int, int, Mask]:
    """Block, unit and bits of what divides the cells most evenly, of the first block on which they disagree."""
    for k, bits in patterns.items():
        here = bits[cells]
        share = here.mean(axis=0)
        unit = int(np.argmin(np.abs(share - 0.5)))
        if 0 < share[unit] < 1:
            return k, unit, here[:, unit]
    raise AssertionError("two cells with one pattern")


def _form(network: Network, block: int, unit: int, pattern: Pattern) -> AffineForm:
    """The unit's form under the pattern of the blocks before it."""
    numerators, constant, denominator = adjoint_form(network, block, unit, pattern)
    return AffineForm(Vector(numerators, denominator).reduced(), Fraction(constant, denominator))


def _leaf(
    network: Network,
    pattern: Pattern,
    rows: tuple[HalfSpace, ...],
    settled: dict[tuple[int, int], int],
    corners: Corners,
    budget: Budget,
) -> Leaf:
    """The leaf with multipliers; ``settled`` are the rows that say the signs of units."""
    base, cell = corners.domain.base, cell_of(network, pattern)
    multipliers: dict[tuple[int, int], Multipliers] = {}
    for k, _ in network.relu_blocks():
        for unit in np.flatnonzero(~cell.settled(k, base)).tolist():
            if (k, unit) in settled:
                multipliers[k, unit] = {settled[k, unit]: Fraction(1)}
                continue
            form = cell.form(k, unit)
            factors: Multipliers | Obstacle | None = corners.shown(form if pattern[k][unit] else -form, rows)
            if factors is None:
                factors = settle(cell, k, unit, base, rows, budget)
            if isinstance(factors, Obstacle):
                raise AssertionError("a cell on which a unit changes its sign")
            if factors:
                multipliers[k, unit] = factors
    return Leaf(pattern, multipliers)


def _spanning(labels: Labels) -> Iterator[tuple[int, int, int]]:
    """Facets, with the polytopes on both sides, that connect the cells of every piece."""
    part = list(range(int(labels.cells.max()) + 1))

    def first(cell: int) -> int:
        while part[cell] != cell:
            part[cell] = cell = part[part[cell]]
        return cell

    for facet, (a, b) in zip(labels.facets.tolist(), labels.pairs.tolist(), strict=True):
        if labels.maps[a] == labels.maps[b]:
            one, other = first(int(labels.cells[a])), first(int(labels.cells[b]))
            if one != other:
                part[one] = other
                yield facet, a, b


def _inside_facet(found: Arrangement, facet: int) -> Vector:
    """A point inside a facet."""
    levels = found.complex.levels
    faces = np.array([facet], dtype=np.int32)
    for level in reversed(levels[1:-1]):
        faces = np.unique(level.down.rows[np.isin(level.up.rows, faces)])
    return found.domain.hull_point(inside_of([found.exact.point(int(v)) for v in faces]))


def _apart(known: Leaves, budget: Budget) -> tuple[dict[tuple[int, int], Thin], dict[tuple[int, int], Thin]]:
    """What shows that leaves of one map and of different pieces share no facet."""
    part = list(range(len(known.rows)))
    for a, b, _ in known.joins:
        part = part if part[a] == part[b] else [part[a] if name == part[b] else name for name in part]
    walls: dict[tuple[int, int], Thin] = {}
    pairs: dict[tuple[int, int], Thin] = {}
    for group in known.groups:
        for row, above, below in partings(known.rows, part, group):
            facing = [[a for a in side if not _has_wall(known, a, row, walls, budget)] for side in (above, below)]
            for a, b in product(*facing):
                if part[a] != part[b]:
                    a, b = min(a, b), max(a, b)
                    found = meeting(
                        known.base, (*known.rows[a], *known.rows[b]), (row, len(known.rows[a]) + row), budget
                    )
                    if isinstance(found, NegativeAt):
                        raise EngineDisagreement(f"cells {a} and {b} of the record share a facet")
                    pairs[a, b] = found
    return walls, pairs


def _has_wall(known: Leaves, leaf: int, row: int, walls: dict[tuple[int, int], Thin], budget: Budget) -> bool:
    """Whether the split's form is no facet of the leaf, entered into ``walls`` if so."""
    rows, corners = known.rows[leaf], known.corners[leaf]
    found = None if corners is None else corners.facing(rows, row)
    if found is None:
        wall = rows[row]
        beyond = (*rows, HalfSpace(-wall.coefficients, -wall.bound))
        met = meeting(known.base, beyond, (row, len(rows)), budget)
        found = False if isinstance(met, NegativeAt) else met
    if isinstance(found, tuple):
        walls[leaf, row] = found
        return True
    return False
