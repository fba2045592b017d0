"""Activation cells: at each part, the pattern of an interior point, until all units are stable under it.

The topologically first unit that is not stable has a pre-activation that is affine on the part (all before it are
stable there), so it cuts the part into two, both of full dimension. A part without such a unit is a cell.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from verify.kernel.core.criteria import on_hull
from verify.kernel.evidence import Leaf
from verify.kernel.exact import AffineForm, cell_of, pattern_at
from verify.rational import Vector
from verify.region import HalfSpace
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.halves import Bounded, halves
from verify.search.dividing.loop import DepthFirst, Halved, Node, Open, divide
from verify.search.problem import Problem
from verify.search.stability import Obstacle, settle_all


@dataclass(frozen=True, eq=False)
class AffinePart:
    """A part on which f has one affine map: its rows, a point inside, the leaf that shows it, the outputs' maps.

    Pinned coordinates are put into the maps.
    """

    rows: tuple[HalfSpace, ...]
    interior: Vector
    leaf: Leaf
    maps: list[AffineForm]


def look(problem: Problem, budget: Budget, part: Bounded) -> Halved[Bounded] | AffinePart:
    """The part as a cell, or cut at the first unit that is not stable on it."""
    network, base = problem.question.network, problem.question.region.base
    cell = cell_of(network, pattern_at(network, part.interior))
    found = settle_all(cell, base, part.rows, budget)
    if isinstance(found, Obstacle):
        form = cell.form(found.block, found.unit)
        return Halved(form, halves(part, form, found.target, base))
    maps = [on_hull(form, base) for form in cell.outputs()]
    return AffinePart(part.rows, part.interior, Leaf(cell.pattern, found), maps)


def whole_region(problem: Problem) -> Bounded:
    """The region of the problem as one part."""
    return Bounded(problem.question.region.rows, problem.interior)


def cells_below(root: Node, problem: Problem, budget: Budget) -> Iterator[tuple[Node, AffinePart]]:
    """All cells of the region; their leaves make the tree of ``root``."""
    order = DepthFirst([Open(root, whole_region(problem))])
    for node, cell in divide(functools.partial(look, problem, budget), order, budget):
        node.leaf = cell.leaf
        yield node, cell


def cells(problem: Problem, budget: Budget) -> Iterator[AffinePart]:
    """All cells of the region, none of them kept here; an executor gets parts to divide when it takes long."""
    order = sharing.Gathering([Open(Node(), whole_region(problem))], budget)
    for _, cell in divide(functools.partial(look, problem, budget), order, budget):
        yield cell
    waiting = [item.part for item in order.parts]

    def tasks(free: int) -> Iterator[CellsTask]:
        while waiting and free > 0:
            free -= 1
            left = Budget(None if budget.seconds is None else max(budget.remaining, 0.01))
            yield CellsTask(problem, waiting.pop(), left)

    count = 0
    with closing(sharing.handed_out(budget, some_cells, tasks, sharing.PARTS)) as arrivals:
        for arrived in arrivals:
            for _, (found, parts) in arrived:
                waiting += parts
                count += len(found)
                yield from found
            budget.report(f"{count} shared cells, {len(waiting)} parts wait")


@dataclass(frozen=True, eq=False)
class CellsTask:
    """A part for a worker to divide."""

    problem: Problem
    part: Bounded
    budget: Budget


def some_cells(task: CellsTask) -> tuple[list[AffinePart], Sequence[Bounded]]:
    """What a worker finds of a part in ``TASK_SECONDS``: cells, and parts still open."""
    order = sharing.ForAWhile([Open(Node(), task.part)])
    found = [cell for _, cell in divide(functools.partial(look, task.problem, task.budget), order, task.budget)]
    return found, [item.part for item in order.parts]
