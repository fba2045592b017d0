"""The region divided into parts with one affine map each, as leaves that evidence can hold.

Where the rows of a network can be kept exactly, parts are cut by units that matter only (lemma 7); else they are cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from verify.errors import TooLarge
from verify.kernel.criteria import on_hull
from verify.kernel.evidence import Leaf, Tree
from verify.kernel.exact import AffineForm
from verify.kernel.normal_form import NormalForm, normal_form
from verify.kernel.relevance import check_free_leaf
from verify.rational import Vector
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.dividing.cells import divided
from verify.search.dividing.parts import affine_form
from verify.search.dividing.relevance import fold, leaf, whole
from verify.search.dividing.relevant_split import first_part
from verify.search.dividing.trees import tree_of
from verify.search.problem import Problem


@dataclass(eq=False)
class Piece:
    """A leaf with the rows of its part, a point inside it and its maps (pinned coordinates put in)."""

    rows: Sequence[HalfSpace]
    interior: Vector
    leaf: Leaf
    maps: list[AffineForm]


@dataclass(eq=False)
class Node:
    """A part in the making: a leaf, or a form and the parts on its two sides."""

    leaf: Leaf | None = None
    form: AffineForm | None = None
    children: list[Node] = field(default_factory=list)


@dataclass(eq=False)
class Pieces:
    """``found`` yields the pieces; when it has ended, ``tree`` builds the tree with a leaf in place of each one's."""

    found: Iterator[Piece]
    tree: Callable[[Callable[[Leaf], Leaf]], Tree]


def pieces(problem: Problem, budget: Budget) -> Pieces:
    """The pieces of the problem's region."""
    normal = _rows_of(problem)
    if normal is None:
        cells = divided(problem, budget)
        found = (Piece(part.rows, part.interior, part.leaf, maps) for part, maps in cells.parts if part.leaf)

        def tree_of_cells(new: Callable[[Leaf], Leaf]) -> Tree:
            cells.replace_leaves(new)
            return cells.tree()

        return Pieces(found, tree_of_cells)
    root = Node()

    def tree_of_parts(new: Callable[[Leaf], Leaf]) -> Tree:
        stack = [root]
        while stack:
            node = stack.pop()
            stack += node.children
            node.leaf = new(node.leaf) if node.leaf is not None else None
        return tree_of(root)

    return Pieces(_where_it_matters(problem, normal, root, budget), tree_of_parts)


def _rows_of(problem: Problem) -> NormalForm | None:
    """The rows of the network's units; None where they are too many, or where there is no box."""
    base = problem.question.region.base
    if not isinstance(base, Box) or not problem.cell.is_small:
        return None
    try:
        return normal_form(problem.question.network, base)
    except TooLarge:
        return None


def _where_it_matters(problem: Problem, normal: NormalForm, root: Node, budget: Budget) -> Iterator[Piece]:
    """Cut parts by the first unit that switches and matters, until the outputs are one affine map on each."""
    question = problem.question
    base = question.region.base
    assert isinstance(base, Box)
    stack = [(root, first_part(question.region, problem.interior, budget), whole(normal))]
    while stack:
        budget.check()
        node, part, around = stack.pop()
        here = fold(around, part, budget)
        while not here.live and node.leaf is None:
            proof = leaf(question.network, base, normal, here, part)
            if isinstance(proof, Leaf):
                node.leaf = proof
            else:
                here = fold(proof, part, budget, look=False)
        if node.leaf is None:
            row = here.live[0][1]
            node.form, node.children = affine_form(row, normal.size), [Node(), Node()]
            stack += [(child, side, here) for child, side in zip(node.children, part.cut(row), strict=True)]
            continue
        # The kernel's own maps: witnesses are numbered by which of them are equal.
        maps = check_free_leaf(question, part.rows, node.leaf)
        yield Piece(part.rows, part.interior, node.leaf, [on_hull(form, base) for form in maps])
