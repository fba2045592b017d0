"""Splitting on the units that matter (lemma 7), for networks whose rows can be kept exactly.

On each part the network is folded (``verify.search.relevance``); where the outputs still depend on units that switch,
the first of these has a row over the inputs alone and cuts the part in two. Values at the points of every part are
compared with the first map found, so that a difference is seen long before the part that proves it is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from verify.errors import EvidenceError
from verify.kernel.evidence import Leaf, Tree
from verify.kernel.exact import AffineForm
from verify.kernel.normal_form import NormalForm, Row, key, normal_form
from verify.property import Criterion
from verify.rational import Vector, integer_array
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.differences import difference, slope_findings
from verify.search.finding import Finding, NonZero, Offset
from verify.search.parts import Part, Point, Polyhedron, affine_form, value_at
from verify.search.polygon import polygon
from verify.search.problem import Problem
from verify.search.relevance import Fold, fold, leaf, whole
from verify.search.trees import tree_of

# Criteria that compare affine maps; parts on which units switch without effect settle them.
EQUALITIES = (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONSTANT, Criterion.ZERO, Criterion.THROUGH_ORIGIN)


def rows_of(problem: Problem) -> NormalForm | None:
    """The rows of the network's units; None where they are too many, there is no box, or maps are not compared."""
    base = problem.question.region.base
    if problem.question.criterion not in EQUALITIES or not isinstance(base, Box) or not problem.cell.is_small:
        return None
    try:
        return normal_form(problem.question.network, base)
    except EvidenceError:
        return None


@dataclass(eq=False)
class _Node:
    """How a part was decided."""

    leaf: Leaf | None = None
    form: AffineForm | None = None
    children: list[_Node] = field(default_factory=list)


def split_where_it_matters(problem: Problem, normal: NormalForm, budget: Budget) -> Tree | list[Finding]:
    """Parts on which no unit that matters switches; see ``verify.search.relevance``."""
    question, watch = problem.question, Watch(problem, normal)
    assert isinstance(question.region.base, Box)
    root = _Node()
    stack: list[tuple[_Node, Part, Fold]] = [
        (root, first_part(question.region, problem.interior, budget), whole(normal))
    ]
    leaves = 0
    while stack:
        budget.check()
        node, part, around = stack.pop()
        here = fold(around, part, budget)
        findings = watch.findings(here, part, budget)
        if findings:
            return findings
        while not here.live and node.leaf is None:
            proof = leaf(question.network, question.region.base, normal, here, part)
            if isinstance(proof, Leaf):
                node.leaf = proof
            else:
                here = fold(proof, part, budget, look=False)
        if node.leaf is None:
            row = here.live[0][1]
            node.form, node.children = affine_form(row, normal.size), [_Node(), _Node()]
            stack += [(child, side, here) for child, side in zip(node.children, part.cut(row), strict=True)]
            continue
        leaves += 1
        if leaves % 100 == 0:
            budget.report(f"{leaves} parts, {len(stack)} open")
    return tree_of(root)


def first_part(region: Region, interior: Vector, budget: Budget) -> Part:
    """The whole region as a part: a polygon where it is one."""
    assert isinstance(region.base, Box)
    return polygon(region.base, region.rows) or Polyhedron(region.base, region.rows, interior, budget)


class Watch:
    """Compares values and maps on parts with the criterion, and with the first map found."""

    def __init__(self, problem: Problem, normal: NormalForm) -> None:
        self.problem, self.normal = problem, normal
        self.reference: tuple[Sequence[Row], Vector] | None = None

    def findings(self, there: Fold, part: Part, budget: Budget) -> list[Finding]:
        """Findings that refute the criterion where the part shows a violation."""
        criterion = self.problem.question.criterion
        if criterion is Criterion.ZERO:
            seen: list[Finding] = [
                NonZero(_point(p)) for p, values in zip(there.points, there.values, strict=True) if any(values)
            ]
            return seen or ([] if there.live else slope_findings(self.problem, self._maps(there), part.interior))
        if criterion is not Criterion.THROUGH_ORIGIN and self.reference is not None:
            outputs, start = self.reference
            for p, values in zip(there.points, there.values, strict=True):
                if [value_at(row, p) for row in outputs] != list(values):
                    return difference(self.problem, start, _point(p), budget)
        if there.live:
            return []
        if criterion is not Criterion.THROUGH_ORIGIN and self.reference is not None:
            differs = [key(a) != key(b) for a, b in zip(there.outputs, self.reference[0], strict=True)]
            return difference(self.problem, self.reference[1], part.interior, budget) if any(differs) else []
        self.reference = there.outputs, part.interior
        maps = self._maps(there)
        found: list[Finding] = []
        if criterion is Criterion.CONSTANT:
            found = slope_findings(self.problem, maps, part.interior)
        origin = self.problem.question.origin
        if criterion in (Criterion.LINEAR, Criterion.THROUGH_ORIGIN) and origin is not None:
            # A lifted question's origin has fewer coordinates than its maps; it is 0 then.
            at_origin = [m.constant if origin.is_zero() else m.at(origin) for m in maps]
            found = [Offset(part.interior)] if any(at_origin) else []
        return found

    def _maps(self, there: Fold) -> list[AffineForm]:
        return [affine_form(row, self.normal.size) for row in there.outputs]


def _point(p: Point) -> Vector:
    return Vector(integer_array(p[:-1]), p[-1])
