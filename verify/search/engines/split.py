"""Splitting: a complete decision by dividing the region until each part has one affine map."""

from __future__ import annotations

from verify.kernel.evidence import Empty
from verify.property.base import INEQUALITIES
from verify.region import L1Ball
from verify.search.dividing.equality import split_equality
from verify.search.dividing.inequality import split_inequality
from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem, prepare
from verify.search.rewriting import rewritten_problem


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    if isinstance(problem.question.region.base, L1Ball):
        lifted = prepare(attempt.question, attempt.budget, lift_first=True)
        if isinstance(lifted, Empty):
            return lifted
        shorter = None if problem.steps is None else rewritten_problem(lifted, attempt.budget)
        problem = shorter or lifted
    divide = split_inequality if problem.question.criterion in INEQUALITIES else split_equality
    return attempt.concluded(problem, divide(problem, attempt.budget))


ENGINE = of_questions("split", _search)
