"""The exact simplex: each outcome proves itself, and Z3 agrees on which one it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest
import z3

from tests.support.seeds import chunks
from verify.errors import BudgetExceeded
from verify.search.budget import Budget
from verify.search.geometry.simplex import EmptyPolyhedron, NegativeAt, Nonnegative, SimplexOutcome, decide

Row = tuple[list[Fraction], Fraction]


def dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def combined(rows: Sequence[Row], multipliers: dict[int, Fraction], size: int) -> Row:
    """The weighted sum of the rows."""
    assert all(weight > 0 for weight in multipliers.values())
    assert all(0 <= index < len(rows) for index in multipliers)
    sums = [sum((w * rows[i][0][j] for i, w in multipliers.items()), Fraction(0)) for j in range(size)]
    return sums, sum((w * rows[i][1] for i, w in multipliers.items()), Fraction(0))


def verify(form: list[Fraction], constant: Fraction, rows: list[Row], outcome: SimplexOutcome) -> None:
    """Whether the outcome proves what it says, from its own data alone."""
    size = len(form)
    if isinstance(outcome, NegativeAt):
        assert all(dot(row, outcome.point) <= bound for row, bound in rows)
        assert dot(form, outcome.point) + constant < 0
        return
    sums, bound = combined(rows, outcome.multipliers, size)
    if isinstance(outcome, EmptyPolyhedron):
        assert sums == [Fraction(0)] * size
        assert bound == -1
    else:
        assert [a + b for a, b in zip(form, sums, strict=True)] == [0] * size
        assert constant - bound >= 0


def by_z3(form: list[Fraction], constant: Fraction, rows: list[Row]) -> type[SimplexOutcome]:
    variables = [z3.Real(f"t{j}") for j in range(len(form))]

    def value(coefficients: Sequence[Fraction]) -> z3.ArithRef:
        parts = [z3.RealVal(str(c)) * v for c, v in zip(coefficients, variables, strict=True)]
        return z3.Sum([z3.RealVal(0), *parts])

    solver = z3.Solver()
    solver.add(*(value(row) <= z3.RealVal(str(bound)) for row, bound in rows))
    if solver.check() == z3.unsat:
        return EmptyPolyhedron
    solver.add(value(form) + z3.RealVal(str(constant)) < 0)
    return NegativeAt if solver.check() == z3.sat else Nonnegative


def random_problem(seed: int) -> tuple[list[Fraction], Fraction, list[Row]]:
    """Small and often degenerate: repeated, opposite and zero rows, constraints that meet in one point."""
    rng = random.Random(seed)
    size = rng.randint(1, 4)

    def coefficients() -> list[Fraction]:
        return [Fraction(rng.randint(-2, 2), rng.choice([1, 1, 2, 3])) for _ in range(size)]

    rows = [(coefficients(), Fraction(rng.randint(-2, 4), rng.choice([1, 2]))) for _ in range(rng.randint(0, 7))]
    if rows and rng.random() < 0.4:
        row, bound = rng.choice(rows)
        rows.append(([-v for v in row], -bound + rng.choice([0, 0, 1, -1])))
    if rows and rng.random() < 0.3:
        rows.append(rng.choice(rows))
    form = rng.choice([coefficients(), [Fraction(0)] * size])
    if rows and rng.random() < 0.3:
        form = [-v for v in rng.choice(rows)[0]]
    return form, Fraction(rng.randint(-3, 3), rng.choice([1, 2])), rows


@pytest.mark.parametrize("seeds", chunks(0, 150, 1, campaign=21))
def test_against_z3(seeds: range) -> None:
    kinds = set()
    for seed in seeds:
        form, constant, rows = random_problem(seed)
        outcome = decide(form, constant, rows, Budget())
        verify(form, constant, rows, outcome)
        assert type(outcome) is by_z3(form, constant, rows), f"seed {seed}"
        kinds.add(type(outcome))
    assert kinds == {Nonnegative, NegativeAt, EmptyPolyhedron}


def test_without_rows() -> None:
    assert decide([Fraction(0)], Fraction(0), [], Budget()) == Nonnegative({})
    outcome = decide([Fraction(1, 3)], Fraction(5), [], Budget())
    verify([Fraction(1, 3)], Fraction(5), [], outcome)
    assert isinstance(outcome, NegativeAt)


def test_tiny_and_huge_numbers_are_exact() -> None:
    # x <= -1e-30 contradicts 1e30 x >= 0; with bound 0 it does not.
    tiny, huge = Fraction("1e-30"), Fraction("1e30")
    rows: list[Row] = [([Fraction(1)], -tiny), ([-huge], Fraction(0))]
    outcome = decide([Fraction(0)], Fraction(-1), rows, Budget())
    assert isinstance(outcome, EmptyPolyhedron)
    verify([Fraction(0)], Fraction(-1), rows, outcome)
    rows[0] = ([Fraction(1)], Fraction(0))
    touching = decide([Fraction(1)], Fraction(0), rows, Budget())
    assert isinstance(touching, Nonnegative)
    verify([Fraction(1)], Fraction(0), rows, touching)


def test_a_cycling_example_ends() -> None:
    # Beale's example, on which the largest-coefficient rule cycles.
    rows: list[Row] = [
        ([Fraction(1, 4), Fraction(-60), Fraction(-1, 25), Fraction(9)], Fraction(0)),
        ([Fraction(1, 2), Fraction(-90), Fraction(-1, 50), Fraction(3)], Fraction(0)),
        ([Fraction(0), Fraction(0), Fraction(1), Fraction(0)], Fraction(1)),
    ]
    rows += [([Fraction(-int(i == j)) for j in range(4)], Fraction(0)) for i in range(4)]
    form = [Fraction(-3, 4), Fraction(150), Fraction(-1, 50), Fraction(6)]
    attained = decide(form, Fraction(1, 20), rows, Budget())
    assert isinstance(attained, Nonnegative)
    verify(form, Fraction(1, 20), rows, attained)
    below = decide(form, Fraction(1, 20) - Fraction(1, 10**9), rows, Budget())
    assert isinstance(below, NegativeAt)
    verify(form, Fraction(1, 20) - Fraction(1, 10**9), rows, below)


def test_the_budget_is_kept() -> None:
    form, constant, rows = random_problem(1)
    with pytest.raises(BudgetExceeded):
        decide(form, constant, rows, Budget(1e-9))
