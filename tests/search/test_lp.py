"""Linear programs on boxes with half-spaces: HiGHS proposes, exact arithmetic decides."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from verify.errors import BudgetExceeded
from verify.kernel.closed_form import is_nonnegative
from verify.kernel.exact import AffineForm
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace, box, everything
from verify.search.budget import Budget
from verify.search.geometry import lp
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import EmptyPolyhedron, NegativeAt, Nonnegative

Outcome = Nonnegative | NegativeAt | EmptyPolyhedron


def verify(form: AffineForm, base: Box, rows: list[HalfSpace], outcome: Outcome) -> None:
    """Whether the outcome proves what it says; sides of the box need no multipliers."""
    if isinstance(outcome, NegativeAt):
        point = vector(outcome.point)
        assert base.contains(point)
        assert all(row.slack(point) >= 0 for row in rows)
        assert form.at(point) < 0
    elif isinstance(outcome, Nonnegative):
        assert is_nonnegative(form, base, rows, outcome.multipliers)
    else:
        contradiction = AffineForm(vector([0] * base.dimension), Fraction(-1))
        assert is_nonnegative(contradiction, base, rows, outcome.multipliers)


def random_vector(rng: random.Random, size: int) -> Vector:
    return vector([Fraction(rng.randint(-9, 9), rng.choice([1, 2, 3, 2**20])) for _ in range(size)])


def random_problem(seed: int, size: int, count: int) -> tuple[AffineForm, Box, list[HalfSpace]]:
    """Rows through or near the centre of a box; some sides are infinite, some coordinates pinned."""
    rng = random.Random(seed)
    lows = [rng.choice([-1, -2, None]) if seed % 3 == 0 else Fraction(-1) for _ in range(size)]
    highs = [None if low is None else rng.choice([low, low + 3]) for low in lows]
    base = box(lows, highs).base
    assert isinstance(base, Box)
    centre = base.centre()
    rows = []
    for _ in range(count):
        normal = random_vector(rng, size)
        rows.append(HalfSpace(normal, normal.dot(centre) + Fraction(rng.randint(0, 8), 4)))
    if seed % 4 == 0 and rows:
        rows.append(HalfSpace(-rows[0].coefficients, -rows[0].bound - rng.choice([0, 1])))
    coefficients = random_vector(rng, size)
    if seed % 2 and rows:  # a combination of rows: zero at their common points
        coefficients = -(rows[0].coefficients + rows[-1].coefficients)
        return (
            AffineForm(coefficients, rows[0].bound + rows[-1].bound + rng.choice([Fraction(0), Fraction(-1, 2**60)])),
            base,
            rows,
        )
    return AffineForm(coefficients, -coefficients.dot(centre) + Fraction(rng.randint(-3, 60))), base, rows


def decided(seed: int, size: int, count: int, monkeypatch: pytest.MonkeyPatch, threshold: int) -> Outcome:
    monkeypatch.setattr(lp, "SMALL", threshold)
    form, base, rows = random_problem(seed, size, count)
    outcome = nonnegative(form, base, rows, Budget())
    verify(form, base, rows, outcome)
    return outcome


@pytest.mark.parametrize("shape", [(2, 3), (5, 6), (12, 10)])
def test_proposals_agree_with_the_simplex(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for seed in range(40):
        proposed = decided(seed, *shape, monkeypatch, threshold=-1)
        exact = decided(seed, *shape, monkeypatch, threshold=10**9)
        assert isinstance(proposed, NegativeAt) == isinstance(exact, NegativeAt), f"seed {seed}"
        seen.add(type(exact))
    assert NegativeAt in seen and Nonnegative in seen


@pytest.mark.parametrize("seed", range(6))
def test_large_problems(seed: int) -> None:
    form, base, rows = random_problem(2 * seed + 1, 60, 30)
    assert len(form.coefficients) * (len(rows) + 120) > lp.SMALL
    verify(form, base, rows, nonnegative(form, base, rows, Budget()))


def test_margins_below_float_precision_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lp, "SMALL", -1)
    base = box([0] * 3, [1] * 3).base
    assert isinstance(base, Box)
    row = HalfSpace(vector([1, 1, 1]), Fraction(1))
    for margin, kind in ((Fraction(0), Nonnegative), (-Fraction(1, 2**80), NegativeAt)):
        form = AffineForm(vector([-1, -1, -1]), 1 + margin)
        outcome = nonnegative(form, base, [row], Budget())
        verify(form, base, [row], outcome)
        assert isinstance(outcome, kind)


def test_unbounded_below(monkeypatch: pytest.MonkeyPatch) -> None:
    base = everything(2).base
    assert isinstance(base, Box)
    for threshold in (-1, 10**9):
        monkeypatch.setattr(lp, "SMALL", threshold)
        form = AffineForm(vector([1, 0]), Fraction(10**6))
        outcome = nonnegative(form, base, [HalfSpace(vector([1, 1]), Fraction(0))], Budget())
        verify(form, base, [HalfSpace(vector([1, 1]), Fraction(0))], outcome)
        assert isinstance(outcome, NegativeAt)


def test_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    base = box([0, 0], [1, 1]).base
    assert isinstance(base, Box)
    rows = [HalfSpace(vector([-1, -1]), Fraction(-3))]
    for threshold in (-1, 10**9):
        monkeypatch.setattr(lp, "SMALL", threshold)
        form = AffineForm(vector([1, 0]), Fraction(-5))
        outcome = nonnegative(form, base, rows, Budget())
        verify(form, base, rows, outcome)
        assert not isinstance(outcome, NegativeAt)


def test_hopeless_problems_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lp, "SMALL", -1)
    monkeypatch.setattr(lp, "HOPELESS", 3)
    base = box([0, 0], [1, 1]).base
    assert isinstance(base, Box)
    # No basis of HiGHS proves an empty polyhedron, so the exact simplex would be next.
    with pytest.raises(BudgetExceeded, match="too large"):
        nonnegative(
            AffineForm(vector([1, 0]), Fraction(-5)), base, [HalfSpace(vector([-1, -1]), Fraction(-3))], Budget()
        )
