"""The region divided into parts with one affine map each, as leaves that evidence can hold.

Where the rows of a network can be kept exactly, parts are cut by units that matter only (lemma 7); else they are cells.
"""

from __future__ import annotations

from collections.abc import Iterator

from verify.kernel.core.criteria import on_hull
from verify.kernel.core.units import free_maps
from verify.kernel.evidence import Leaf
from verify.search.budget import Budget
from verify.search.dividing.cells import AffinePart, cells_below
from verify.search.dividing.loop import DepthFirst, Halved, Node, Open, divide
from verify.search.dividing.parts import PolyhedralPart
from verify.search.dividing.relevant_split import NestedPart, leaf_or_halves, nested_region, rows_of
from verify.search.problem import Problem


def affine_parts(root: Node, problem: Problem, budget: Budget) -> Iterator[tuple[Node, AffinePart]]:
    """Parts of the problem's region; their leaves make the tree of ``root``."""
    normal = rows_of(problem)
    if normal is None:
        yield from cells_below(root, problem, budget)
        return
    question, base = problem.question, problem.question.region.base

    def look(nested: NestedPart) -> Halved[NestedPart] | tuple[PolyhedralPart, Leaf]:
        return leaf_or_halves(problem, normal, nested.part, nested.folded(budget), budget)

    order = DepthFirst([Open(root, nested_region(problem, normal, budget))])
    for node, (part, leaf) in divide(look, order, budget):
        # The kernel's own maps: witnesses are numbered by which of them are equal.
        maps = [on_hull(form, base) for form in free_maps(question.network, base, part.rows, leaf)]
        node.leaf = leaf
        yield node, AffinePart(part.rows, part.interior, leaf, maps)
