"""Splitting on the units that matter (lemma 7), for networks whose rows can be kept exactly.

On each part the network is folded (``verify.search.dividing.relevance``); where the outputs still depend on units that
switch, the first of these has a row over the inputs alone and cuts the part in two. Values at the points of every part
are compared with the first map found, so that a difference is seen long before the part that proves it is small.
"""

from __future__ import annotations

from verify.errors import TooLarge
from verify.kernel.evidence import Tree
from verify.kernel.normal_form import NormalForm, normal_form
from verify.property import Criterion
from verify.rational import Vector
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.dividing.parts import Part, Polyhedron
from verify.search.dividing.polygon import polygon
from verify.search.dividing.relevance import whole
from verify.search.dividing.subtrees import ALONE_SECONDS, Node, Open, divide, hand_out
from verify.search.dividing.trees import tree_of
from verify.search.dividing.watch import Watch
from verify.search.problem import Problem
from verify.search.refuting.finding import Finding

# Criteria that compare affine maps; parts on which units switch without effect settle them.
EQUALITIES = (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONSTANT, Criterion.ZERO, Criterion.THROUGH_ORIGIN)


def rows_of(problem: Problem) -> NormalForm | None:
    """The rows of the network's units; None where they are too many, there is no box, or maps are not compared."""
    base = problem.question.region.base
    if problem.question.criterion not in EQUALITIES or not isinstance(base, Box) or not problem.cell.is_small:
        return None
    try:
        return normal_form(problem.question.network, base)
    except TooLarge:
        return None


def split_where_it_matters(problem: Problem, normal: NormalForm, budget: Budget) -> Tree | list[Finding]:
    """Parts on which no unit that matters switches; see ``verify.search.dividing.relevance``."""
    watch = Watch(problem, normal)
    root = Node()
    stack = [Open(root, first_part(problem.question.region, problem.interior, budget), whole(normal))]
    alone = None if budget.executor is None else ALONE_SECONDS
    findings = divide(watch, stack, budget, alone) or hand_out(watch, stack, budget)
    return findings or tree_of(root)


def first_part(region: Region, interior: Vector, budget: Budget) -> Part:
    """The whole region as a part: a polygon where it is one."""
    assert isinstance(region.base, Box)
    return polygon(region.base, region.rows) or Polyhedron(region.base, region.rows, interior, budget)
