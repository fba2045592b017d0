"""Sampling: random points of the region."""

from __future__ import annotations

from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.refuting.sampling import findings_at_random


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    return attempt.refuted_by(problem, findings_at_random(problem, attempt.budget))


ENGINE = of_questions("sampling", _search)
