"""Probe: the piece around the region's interior point."""

from __future__ import annotations

from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_at


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    return attempt.refuted_by(problem, findings_at(problem, problem.interior))


ENGINE = of_questions("probe", _search)
