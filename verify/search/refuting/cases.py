"""Weights that show a case to hold nowhere on a part, or a point of the part where it holds (``kernel.inequalities``).

One linear program decides: maximise e, at most 1, where all signs hold on the part and strict ones by at least e. If a
point has e > 0, the case holds there. Else the multipliers of the program's rows are the weights: with e in [0, 1],

    -e + sum of m (rows) + sum of w (-s h) + e (sum of w over strict signs) >= 0    on base x [0, 1],

and either e = 0 gives F >= 0 with a strict sign in it, or (the strict weights adding up to less than 1) e = 1 gives
F >= 1 - their sum. Without strict signs e is left out, and the constant -1 takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.formula.lowering import FalseCase, Sign
from verify.kernel.check import judge
from verify.kernel.evidence import Falsehood, Multipliers
from verify.kernel.exact import AffineForm, evaluate
from verify.property import Assignment, Claim, Question
from verify.rational import Vector, concatenate, vector, zeros
from verify.region import Box, HalfSpace
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt

Witnesses = dict[tuple[int, int], Multipliers]


@dataclass(frozen=True)
class Shown:
    """Weights of a case's signs and multipliers of the part's rows."""

    weights: dict[int, Fraction]
    multipliers: dict[int, Fraction]


def holds_at(question: Question, point: Vector) -> bool:
    """Whether some case holds at a point of the question's region."""
    values = evaluate(question.network, point).fractions()
    return any(
        all(s.sign * values[s.output] > 0 or (not s.strict and not values[s.output]) for s in case.signs)
        for case in question.cases
    )


def case_witnesses(
    question: Question, rows: Sequence[HalfSpace], maps: Sequence[AffineForm], budget: Budget
) -> Witnesses | Vector:
    """What shows that no case holds on the part, or a point of it where one does."""
    base, found = question.region.base, Witnesses()
    for k, case in enumerate(question.cases):
        budget.check()
        shown = _by_one_sign(case, base, maps) or excluded(case.signs, base, rows, maps, budget)
        if isinstance(shown, Vector):
            return shown
        found[k, 1] = shown.weights
        found[k, 0] = shown.multipliers
    return {key: weights for key, weights in found.items() if weights}


def _by_one_sign(case: FalseCase, base: Base, maps: Sequence[AffineForm]) -> Shown | None:
    """One sign that cannot hold on the whole base, by its closed form."""
    for index, sign in enumerate(case.signs):
        form = maps[sign.output] if sign.sign < 0 else -maps[sign.output]
        lowest = base.minimum(form.coefficients)
        if lowest is None:
            continue
        lowest += form.constant
        if lowest > 0 or (lowest == 0 and sign.strict):
            return Shown({index: 1 / lowest if lowest else Fraction(1)}, {})
    return None


def excluded(
    signs: Sequence[Sign], base: Base, rows: Sequence[HalfSpace], maps: Sequence[AffineForm], budget: Budget
) -> Shown | Vector:
    """Why the signs do not all hold at a point of the part, or a point where they do."""
    if not isinstance(base, Box):
        raise TypeError("cases on an L1 ball need the lifted question")
    strict = any(sign.strict for sign in signs)
    size = base.dimension
    every = list(rows)
    for sign in signs:
        form = maps[sign.output]
        factor = Fraction(-sign.sign)
        every.append(HalfSpace(form.coefficients.scaled(factor), -factor * form.constant))
    if strict:
        ends = [int(sign.strict) for sign in signs]
        every = [_longer(row, e) for row, e in zip(every, [0] * len(rows) + ends, strict=True)]
        goal = AffineForm(vector([Fraction(0)] * size + [Fraction(-1)]), Fraction(0))
        outcome = nonnegative(goal, _with_margin(base), every, budget)
    else:
        outcome = nonnegative(AffineForm(zeros(size), Fraction(-1)), base, every, budget)
    if isinstance(outcome, NegativeAt):
        return vector(outcome.point[:size])
    weights = {i - len(rows): m for i, m in outcome.multipliers.items() if i >= len(rows) and m}
    multipliers = {i: m for i, m in outcome.multipliers.items() if i < len(rows) and m}
    return _scaled(Shown(weights, multipliers), signs, base, rows, maps)


def _scaled(
    shown: Shown, signs: Sequence[Sign], base: Base, rows: Sequence[HalfSpace], maps: Sequence[AffineForm]
) -> Shown:
    """The same with F >= 1 where no strict sign takes part."""
    if any(signs[i].strict for i in shown.weights):
        return shown
    coefficients, constant = zeros(base.dimension), Fraction(0)
    for i, weight in shown.weights.items():
        factor, form = -signs[i].sign * weight, maps[signs[i].output]
        coefficients, constant = coefficients + form.coefficients.scaled(factor), constant + factor * form.constant
    for i, m in shown.multipliers.items():
        coefficients, constant = coefficients + rows[i].coefficients.scaled(m), constant - m * rows[i].bound
    lowest = base.minimum(coefficients)
    assert lowest is not None
    scale = 1 / (lowest + constant)
    return Shown({i: scale * w for i, w in shown.weights.items()}, {i: scale * m for i, m in shown.multipliers.items()})


def _longer(row: HalfSpace, last: int) -> HalfSpace:
    return HalfSpace(concatenate([row.coefficients, vector([last])]), row.bound)


def _with_margin(base: Box) -> Box:
    """The box times [0, 1]."""
    one = np.ones(1, dtype=bool)
    return Box(
        concatenate([base.low, zeros(1)]),
        concatenate([base.high, vector([1])]),
        np.concatenate([base.low_finite, one]),
        np.concatenate([base.high_finite, one]),
    )


def falsehood_at(claim: Claim, u: Vector) -> Falsehood | None:
    """Evidence that the formula is false at the point u of the coordinates of its names; None where it is not."""
    asked = claim.property.asked
    return None if asked is None else false_at(claim, asked.lowered.assignment(u))


def false_at(claim: Claim, assignment: Assignment) -> Falsehood | None:
    """The same for values of the names: the kernel decides."""
    evidence = Falsehood(assignment)
    try:
        judge(claim, evidence)
    except EvidenceError:
        return None
    return evidence
