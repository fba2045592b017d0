"""Crossing (lemma 2): f on both sides of the first unit that switches on the way from the interior point."""

from __future__ import annotations

from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_along, generic_start


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    for obstacle in attempt.obstacles_of(problem):
        start = generic_start(problem, obstacle)
        found = attempt.refuted_by(problem, findings_along(problem, start, obstacle.target, attempt.budget))
        if found is not None:
            return found
    return None


ENGINE = of_questions("crossing", _search)
