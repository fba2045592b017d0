"""Rewriting (lemma 6): go on with the rewritten network, if it has fewer ReLU; if none switches, that decides."""

from __future__ import annotations

from verify.search.engines import stability
from verify.search.engines.base import Attempt, EngineResult, of_questions
from verify.search.problem import Problem
from verify.search.rewriting import rewritten_problem


def _search(attempt: Attempt, problem: Problem) -> EngineResult:
    shorter = rewritten_problem(problem, attempt.budget)
    if shorter is None:
        return None
    attempt.problem = shorter
    return stability.search(attempt, shorter)


ENGINE = of_questions("rewriting", _search)
