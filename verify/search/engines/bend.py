"""Bend: f at three points of the way to each unit that is not stable."""

from __future__ import annotations

from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_towards


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    return attempt.refuted_by(problem, findings_towards(problem, attempt.obstacles_of(problem)))


ENGINE = of_questions("bend", _search)
