"""Covers for criteria that compare affine maps: parts with one map each that meet the criterion, or what refutes it.

Networks of moderate size are split on units that matter only. Values at the points of every part are compared with the
first map found (``verify.search.dividing.watch``), so that a difference is seen long before the part that proves it is
small; the tree of a part that a worker decided takes its place in the tree of the whole, so parts can be decided in
any order and anywhere, and the evidence is the same. Larger networks are split into cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from verify.kernel.core.units import NormalForm
from verify.kernel.evidence import Leaf, Tree
from verify.kernel.exact import AffineForm
from verify.property import Criterion
from verify.rational import Vector
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.cells import cells_below
from verify.search.dividing.loop import DepthFirst, Halved, Node, Open, Order, divide, tree_of
from verify.search.dividing.parts import PolyhedralPart
from verify.search.dividing.relevant_split import NestedPart, leaf_or_halves, nested_region, rows_of
from verify.search.dividing.watch import Watch
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_at
from verify.search.refuting.differences import differ, difference, slope_findings
from verify.search.refuting.finding import Finding


def split_equality(problem: Problem, budget: Budget) -> Tree | list[Finding]:
    """A tree of parts with one map each that satisfy the criterion, or findings that refute it."""
    normal = rows_of(problem)
    return _into_cells(problem, budget) if normal is None else _where_it_matters(problem, normal, budget)


def _into_cells(problem: Problem, budget: Budget) -> Tree | list[Finding]:
    """Parts that are cells, with all units stable."""
    root = Node()
    first: tuple[list[AffineForm], Vector] | None = None
    for _, cell in cells_below(root, problem, budget):
        findings = list(findings_at(problem, cell.interior)) + slope_findings(problem, cell.maps, cell.interior)
        if findings:
            return findings
        if first is None:
            first = cell.maps, cell.interior
        elif problem.question.criterion is not Criterion.THROUGH_ORIGIN and differ(cell.maps, first[0]):
            return difference(problem, first[1], cell.interior, budget)
    return tree_of(root)


def _where_it_matters(problem: Problem, normal: NormalForm, budget: Budget) -> Tree | list[Finding]:
    """Parts on which no unit that matters switches; those that are left after a while are handed out."""
    watch, root = Watch(problem, normal), Node()
    start = Open(root, nested_region(problem, normal, budget))
    order = sharing.Gathering([start], budget, lambda: watch.is_ready)
    return _decided(watch, order, budget) or _handed_out(watch, order, budget) or tree_of(root)


def _decided(watch: Watch, order: Order[NestedPart], budget: Budget) -> list[Finding]:
    """Decide the open parts until they are enough to be handed out; findings where one refutes."""

    def look(nested: NestedPart) -> Halved[NestedPart] | tuple[PolyhedralPart, Leaf] | list[Finding]:
        here = nested.folded(budget)
        findings = watch.findings(here, nested.part, budget)
        return findings or leaf_or_halves(watch.problem, watch.normal, nested.part, here, budget)

    settled: Iterator[tuple[Node, tuple[PolyhedralPart, Leaf] | list[Finding]]] = divide(look, order, budget)
    for node, found in settled:
        if isinstance(found, list):
            return found
        _, node.leaf = found
    return []


@dataclass(frozen=True, eq=False)
class TreeTask:
    """A part with all that deciding it needs; it can be pickled."""

    watch: Watch
    part: NestedPart
    budget: Budget


def subtree(task: TreeTask) -> Tree | list[Finding]:
    """The finished tree of the part, or findings."""
    root = Node()
    return _decided(task.watch, DepthFirst([Open(root, task.part)]), task.budget) or tree_of(root)


def _handed_out(watch: Watch, order: sharing.Gathering[NestedPart], budget: Budget) -> list[Finding]:
    """Let the budget's executor decide the open parts; the first findings end it."""
    places: dict[int, Node] = {}

    def tasks(free: int) -> list[TreeTask]:
        made: list[TreeTask] = []
        while len(order) and len(made) < free:
            item = order.parts.pop(0)
            made.append(TreeTask(watch, item.part, budget))
            places[id(made[-1])] = item.node
        return made

    with closing(sharing.handed_out(budget, subtree, tasks, sharing.PARTS)) as arrivals:
        for arrived in arrivals:
            for task, found in arrived:
                if isinstance(found, list):
                    return found
                places.pop(id(task)).leaf = found
            budget.report(f"{len(places) + len(order)} shared parts open")
    return []
