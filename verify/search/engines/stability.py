"""Stability (lemma 1): the pattern of the interior point holds on the whole region, so that f has one affine map."""

from __future__ import annotations

from verify.errors import EvidenceError
from verify.kernel.core.criteria import check_equality, map_of
from verify.kernel.exact import cell_of
from verify.property import Criterion
from verify.property.base import INEQUALITIES
from verify.search.dividing.inequality import one_leaf
from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.stability import stable_leaf


def search(attempt: Attempt, problem: Problem) -> EngineResult:
    """A cover of one leaf. Units that are not stable stay with the attempt, for the engines that follow."""
    found = stable_leaf(problem, attempt.budget)
    attempt.obstacles = found if isinstance(found, list) else []
    if isinstance(found, list):
        return None
    question = problem.question
    if question.criterion in INEQUALITIES:
        return attempt.concluded(problem, one_leaf(problem, found, attempt.budget))
    if question.criterion is Criterion.AFFINE:
        return problem.cover(found)
    try:
        outputs = cell_of(question.network, found.pattern).outputs()
        check_equality(question, [map_of(question, form) for form in outputs], None)
    except EvidenceError:
        return None  # one affine map, but not the right one: another engine finds where
    return problem.cover(found)


ENGINE = of_questions("stability", search)
