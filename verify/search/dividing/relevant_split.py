"""Splitting on the units that matter (lemma 7), for networks whose rows can be kept exactly.

On each part the network is folded (``verify.search.dividing.relevance``); where the outputs still depend on units that
switch, the first of these has a row over the inputs alone and cuts the part in two. A part and the fold of the part
that it comes from are all that deciding it needs.
"""

from __future__ import annotations

from typing import NamedTuple

from verify.errors import TooLarge
from verify.kernel.core.units import NormalForm, normal_form
from verify.kernel.evidence import Leaf
from verify.rational import Vector
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.dividing.loop import Halved
from verify.search.dividing.parts import PolyhedralPart, Polyhedron, affine_form
from verify.search.dividing.polygon import polygon
from verify.search.dividing.relevance import Fold, fold, leaf, whole
from verify.search.problem import Problem


class NestedPart(NamedTuple):
    """A part, and the fold of the part that it comes from."""

    part: PolyhedralPart
    around: Fold

    def folded(self, budget: Budget) -> Fold:
        """What is left of the network on the part."""
        return fold(self.around, self.part, budget)


def rows_of(problem: Problem) -> NormalForm | None:
    """The rows of the network's units; None where they are too many, or where there is no box."""
    base = problem.question.region.base
    if not isinstance(base, Box) or not problem.cell.is_small:
        return None
    try:
        return normal_form(problem.question.network, base)
    except TooLarge:
        return None


def nested_region(problem: Problem, normal: NormalForm, budget: Budget) -> NestedPart:
    """The region of the problem as one part, with nothing folded yet."""
    return NestedPart(first_part(problem.question.region, problem.interior, budget), whole(normal))


def first_part(region: Region, interior: Vector, budget: Budget) -> PolyhedralPart:
    """The whole region as a part: a polygon where it is one."""
    assert isinstance(region.base, Box)
    return polygon(region.base, region.rows) or Polyhedron(region.base, region.rows, interior, budget)


def halved(part: PolyhedralPart, here: Fold) -> Halved[NestedPart]:
    """The part cut by the first unit that matters and switches on it."""
    row = here.live[0][1]
    above, below = part.cut(row)
    return Halved(affine_form(row, here.size), (NestedPart(above, here), NestedPart(below, here)))


def leaf_or_halves(
    problem: Problem, normal: NormalForm, part: PolyhedralPart, here: Fold, budget: Budget
) -> Halved[NestedPart] | tuple[PolyhedralPart, Leaf]:
    """The leaf that shows the outputs to be one affine map on the part, or the part cut in two."""
    base = problem.question.region.base
    assert isinstance(base, Box)
    while not here.live:
        proof = leaf(problem.question.network, base, normal, here, part)
        if isinstance(proof, Leaf):
            return part, proof
        here = fold(proof, part, budget, look=False)
    return halved(part, here)
