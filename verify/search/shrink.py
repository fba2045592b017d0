"""Shrinking counterexamples: fewest nonzeros, then small integers or simple fractions (as Hypothesis shrinks)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.evidence import ValueGap
from verify.property import Assignment, Claim
from verify.rational import Vector, simplest_between, vector, zeros
from verify.search.budget import Budget
from verify.search.finding import gap_at

MAX_ATTEMPTS = 400
MAX_SECONDS = 2.0


def shrink(claim: Claim, evidence: ValueGap, budget: Budget) -> ValueGap:
    """A simpler instance that the kernel still accepts, within a bounded number of evaluations."""
    own = Budget(min(MAX_SECONDS, max(budget.remaining, 0.0)))
    best = evidence
    attempts = 0
    improved = True
    try:
        while improved:
            improved = False
            for candidate in _simpler(best.assignment):
                own.check()
                attempts += 1
                if attempts > MAX_ATTEMPTS:
                    return best
                gap = gap_at(claim, candidate)
                if gap is not None and _size(gap.assignment) < _size(best.assignment):
                    best, improved = gap, True
                    break
    except BudgetExceeded:
        return best
    return best


def _size(assignment: Assignment) -> tuple[int, int, int]:
    """Nonzero coordinates, then bits of all numbers, then magnitude: what a reader has to look at."""
    numbers: list[Fraction] = []
    nonzero = 0
    for value in assignment.values():
        entries = value.fractions() if isinstance(value, Vector) else [value]
        if isinstance(value, Vector):
            nonzero += sum(1 for entry in entries if entry)
        numbers += entries
    bits = sum(_bits(entry) for entry in numbers)
    negative = sum(1 for entry in numbers if entry < 0)
    return nonzero, bits, negative


def _bits(value: Fraction) -> int:
    return abs(value.numerator).bit_length() + 2 * (value.denominator.bit_length() - 1)


def _simpler(assignment: Assignment) -> Iterator[Assignment]:
    """Candidates, boldest first."""
    for name, value in assignment.items():
        for simpler in _simpler_vectors(value) if isinstance(value, Vector) else _simpler_numbers(value):
            yield {**assignment, name: simpler}


def _simpler_numbers(value: Fraction) -> Iterator[Fraction]:
    for candidate in (Fraction(0), Fraction(1), Fraction(2), Fraction(-1), Fraction(1, 2)):
        if _bits(candidate) < _bits(value):
            yield candidate
    for tolerance in (Fraction(1, 2), Fraction(1, 16), Fraction(1, 1024), Fraction(1, 2**20)):
        radius = abs(value) * tolerance
        simple = simplest_between(value - radius, value + radius)
        if _bits(simple) < _bits(value):
            yield simple


def _simpler_vectors(value: Vector) -> Iterator[Vector]:
    if value.is_zero():
        return
    yield zeros(len(value))
    entries = value.fractions()
    nonzero = [i for i, entry in enumerate(entries) if entry]
    chunk = len(nonzero)
    while chunk > 1:
        chunk = (chunk + 1) // 2
        for start in range(0, len(nonzero), chunk):
            dropped = set(nonzero[start : start + chunk])
            yield vector([Fraction(0) if i in dropped else entry for i, entry in enumerate(entries)])
    for tolerance in (Fraction(1, 2), Fraction(1, 8), Fraction(1, 64), Fraction(1, 2**12), Fraction(1, 2**24)):
        yield vector([_simplified(entry, tolerance) for entry in entries])
    if len(nonzero) <= 16:
        for i in nonzero:
            for simpler in _simpler_numbers(entries[i]):
                yield vector([*entries[:i], simpler, *entries[i + 1 :]])
    else:
        sizes = np.argsort([_bits(entries[i]) for i in nonzero])[::-1]
        for place in sizes[:16].tolist():
            i = nonzero[place]
            yield vector([*entries[:i], Fraction(0), *entries[i + 1 :]])


def _simplified(value: Fraction, tolerance: Fraction) -> Fraction:
    radius = abs(value) * tolerance
    return simplest_between(value - radius, value + radius)
