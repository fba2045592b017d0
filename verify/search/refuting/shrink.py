"""Shrinking counterexamples: fewest nonzeros, then small integers or simple fractions (as Hypothesis shrinks)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeVar

from verify.digits import simplest_between
from verify.errors import BudgetExceeded
from verify.kernel.evidence import Falsehood, ValueGap
from verify.property import Assignment, Claim
from verify.rational import Vector, vector, zeros
from verify.search.budget import Budget
from verify.search.refuting.cases import false_at
from verify.search.refuting.finding import gap_at
from verify.search.refuting.sparse import along_one_coordinate

MAX_ATTEMPTS = 600
MAX_SECONDS = 2.0


Refutation = TypeVar("Refutation", ValueGap, Falsehood)


def shrink(claim: Claim, evidence: ValueGap, budget: Budget) -> ValueGap:
    """A simpler instance that the kernel still accepts, within a bounded number of evaluations."""
    own = _own(budget)
    return _shrunk(evidence, _first(claim, evidence, own), lambda a: gap_at(claim, a), own)


def shrink_falsehood(claim: Claim, evidence: Falsehood, budget: Budget) -> Falsehood:
    """Simpler values at which a formula is false."""
    return _shrunk(evidence, _simpler(evidence.assignment), lambda a: false_at(claim, a), _own(budget))


def _own(budget: Budget) -> Budget:
    return Budget(min(MAX_SECONDS, max(budget.remaining, 0.0)))


def _shrunk(
    evidence: Refutation,
    candidates: Iterator[Assignment],
    accepted: Callable[[Assignment], Refutation | None],
    own: Budget,
) -> Refutation:
    best, size = evidence, _size(evidence.assignment)
    attempts = 0
    while attempts < MAX_ATTEMPTS and own.remaining > 0:
        candidate = next(candidates, None)
        if candidate is None:
            break
        smaller = _size(candidate)
        if smaller >= size:
            continue
        attempts += 1
        found = accepted(candidate)
        if found is not None:
            best, size, candidates = found, smaller, _simpler(candidate)
    return best


def _first(claim: Claim, evidence: ValueGap, own: Budget) -> Iterator[Assignment]:
    """What is tried at first: instances along one coordinate, then simpler points."""
    try:
        yield from along_one_coordinate(claim, evidence, own)
    except BudgetExceeded:
        return
    yield from _simpler(evidence.assignment)


def _size(assignment: Assignment) -> tuple[int, int, int]:
    """What a reader has to look at: coordinates not zero or not equal in all points, then digits, then signs."""
    points = [value.fractions() for value in assignment.values() if isinstance(value, Vector)]
    entries = [entry for point in points for entry in point]
    entries += [value for value in assignment.values() if isinstance(value, Fraction)]
    nonzero = sum(1 for point in points for entry in point if entry)
    differing = sum(len(set(column)) > 1 for column in zip(*points, strict=True)) if len(points) > 1 else 0
    return nonzero + differing, sum(_bits(entry) for entry in entries), sum(1 for entry in entries if entry < 0)


def _bits(value: Fraction) -> int:
    return abs(value.numerator).bit_length() + 2 * (value.denominator.bit_length() - 1)


def _simpler(assignment: Assignment) -> Iterator[Assignment]:
    """Candidates, boldest first: all points at once, then one variable at a time."""
    yield from _jointly(assignment)
    for name, value in assignment.items():
        for simpler in _simpler_vectors(value) if isinstance(value, Vector) else _simpler_numbers(value):
            yield {**assignment, name: simpler}


def _jointly(assignment: Assignment) -> Iterator[Assignment]:
    """Coordinates set to zero, rounded, or made equal in all points together."""
    points = {name: value.fractions() for name, value in assignment.items() if isinstance(value, Vector)}
    if len(points) < 2:
        return
    first = next(iter(points.values()))
    used = [j for j in range(len(first)) if any(point[j] for point in points.values())]
    differing = [j for j in used if len({point[j] for point in points.values()}) > 1]
    for chosen in _chunks(used):
        yield _replaced(assignment, points, {j: Fraction(0) for j in chosen})
    for chosen in _chunks(differing):
        yield _replaced(assignment, points, {j: first[j] for j in chosen})
    for tolerance in (Fraction(1, 2), Fraction(1, 64), Fraction(1, 2**16)):
        rounded = {name: vector([_simplified(v, tolerance) for v in point]) for name, point in points.items()}
        yield {**assignment, **rounded}


def _replaced(assignment: Assignment, points: dict[str, list[Fraction]], new: dict[int, Fraction]) -> Assignment:
    changed = {name: vector([new.get(j, v) for j, v in enumerate(point)]) for name, point in points.items()}
    return {**assignment, **changed}


def _chunks(indices: list[int]) -> Iterator[list[int]]:
    """All of the indices, halves, quarters, ..., single ones."""
    size = len(indices)
    while size:
        yield from (indices[start : start + size] for start in range(0, len(indices), size))
        size = size // 2 if size > 1 else 0


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
    for dropped in _chunks(nonzero):
        yield vector([Fraction(0) if i in dropped else entry for i, entry in enumerate(entries)])
    for tolerance in (Fraction(1, 2), Fraction(1, 8), Fraction(1, 64), Fraction(1, 2**12), Fraction(1, 2**24)):
        yield vector([_simplified(entry, tolerance) for entry in entries])
    if len(nonzero) <= 16:
        for i in nonzero:
            for simpler in _simpler_numbers(entries[i]):
                yield vector([*entries[:i], simpler, *entries[i + 1 :]])


def _simplified(value: Fraction, tolerance: Fraction) -> Fraction:
    radius = abs(value) * tolerance
    return simplest_between(value - radius, value + radius)
