"""Findings: what an engine noticed about a question, and how it becomes an instance of the property.

Every proposal is only a proposal: the kernel evaluates it exactly, and the first one that it accepts is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.balls import PRECISIONS
from verify.kernel.check import evaluated_instance, has_smooth_units, network_of, surely_broken
from verify.kernel.evidence import ValueGap
from verify.kernel.exact import is_small
from verify.kernel.instances import instance_terms
from verify.network import floats
from verify.property import Assignment, Claim, Term
from verify.rational import Enclosure, Vector, zeros

HALF = Fraction(1, 2)


@dataclass(frozen=True, eq=False)
class Bend:
    """f at the middle of two points of the region is not the mean of its values there."""

    p: Vector
    q: Vector


@dataclass(frozen=True, eq=False)
class Offset:
    """The piece around ``p`` does not vanish at the origin."""

    p: Vector


@dataclass(frozen=True, eq=False)
class NonZero:
    """The question's network does not vanish at ``v``."""

    v: Vector


@dataclass(frozen=True, eq=False)
class Change:
    """f differs between two points."""

    p: Vector
    q: Vector


Finding = Bend | Offset | NonZero | Change


def proposals(claim: Claim, finding: Finding, question_index: int) -> Iterator[Assignment]:
    """Instances of the claim's property that the finding suggests, simplest first (ambient coordinates)."""
    name = claim.property.name
    if isinstance(finding, NonZero):
        yield from _from_variables(claim, finding.v, question_index)
    elif isinstance(finding, Change):
        yield _from_change(claim, claim.region.point(finding.p), claim.region.point(finding.q))
    elif isinstance(finding, Bend):
        p, q = claim.region.point(finding.p), claim.region.point(finding.q)
        if name in ("affine", "convex", "concave"):
            yield {"x": p, "y": q, "e": HALF}
        elif name == "additive":
            yield from ({"x": a, "y": b} for a, b in _additive_pairs(p, q))
        else:
            yield {"x": p, "y": q, "a": HALF, "b": HALF}
    else:
        yield from _from_offset(claim, claim.region.point(finding.p))


def _from_change(claim: Claim, p: Vector, q: Vector) -> Assignment:
    """Both points, or for monotonicity the one further down the axis and the step to the other."""
    axis = claim.property.parameters.get("axis")
    if axis is None:
        return {"x": p, "y": q}
    step = q[axis] - p[axis]
    return {"x": p, "t": step} if step >= 0 else {"x": q, "t": -step}


def _additive_pairs(p: Vector, q: Vector) -> Iterator[tuple[Vector, Vector]]:
    """If f(x/2 + y/2) = f(x/2) + f(y/2) held for all three pairs, f would be midpoint-affine at p, q (lemma 3)."""
    origin = zeros(len(p))
    yield origin, origin
    for a, b in ((p, q), (p, p), (q, q)):
        yield a.scaled(HALF), b.scaled(HALF)


def _from_offset(claim: Claim, p: Vector) -> Iterator[Assignment]:
    """f(t p) differs from t f(p) for t near 1 (and f(0) from 0)."""
    name = claim.property.name
    origin = zeros(len(p))
    if name == "additive":
        yield from ({"x": a, "y": b} for a, b in _additive_pairs(p, p))
        return
    if claim.region.contains_origin:
        yield _scaling(name, origin, Fraction(0))
    factors = [Fraction(2), HALF, Fraction(0)]
    powers = (*range(2, 64, 3), *range(64, 1088, 32))  # pieces may be as thin as their weights are small
    factors += [1 + sign * Fraction(1, 2**power) for power in powers for sign in (1, -1)]
    for t in factors:
        if claim.region.contains(p.scaled(t)):
            yield _scaling(name, p, t)


def _scaling(name: str, p: Vector, t: Fraction) -> Assignment:
    """f(t p) against t f(p), in the property's variables."""
    if "homogeneous" in name:
        return {"x": p, "t": t}
    return {"x": p, "y": p, "a": t, "b": Fraction(0)}


def _from_variables(claim: Claim, v: Vector, question_index: int) -> Iterator[Assignment]:
    """The point of a question about copies of f holds the property's variables, one after the other."""
    size = claim.region.dimension
    parts = [claim.region.point(v.take(range(i, i + size))) for i in range(0, len(v) - size + 1, size)]
    if claim.property.name in ("additive", "subadditive", "superadditive"):
        yield {"x": parts[0], "y": parts[1]}
    elif "homogeneous" in claim.property.name:
        yield {"x": parts[0], "t": HALF if question_index == 0 else Fraction(-1)}
    else:
        yield {"x": parts[0]}


def refutation(claim: Claim, assignments: Iterator[Assignment]) -> ValueGap | None:
    """The first instance that the kernel accepts for some output, as evidence."""
    for assignment in assignments:
        gap = gap_at(claim, assignment)
        if gap is not None:
            return gap
    return None


def gap_at(claim: Claim, assignment: Assignment, precisions: Sequence[int] = PRECISIONS) -> ValueGap | None:
    """Evidence for the first output at which the instance breaks the formula; None if it holds or is no instance.

    Values that are only enclosed get the ``precisions`` (in bits) one after the other, until each gap is decided. For
    large networks float64 with a bound on its error looks first: what it sees, the kernel will see exactly.
    """
    if claim.property.margin is None and not is_small(claim.network) and not has_smooth_units(claim):
        try:
            output = _seen_in_floats(claim, instance_terms(claim, assignment))
        except EvidenceError:
            return None
        if output is not None:
            return ValueGap(assignment, output)
    for bits in precisions:
        try:
            terms = evaluated_instance(claim, assignment, bits)
        except EvidenceError:
            return None
        totals = [
            sum((term.factor * outputs[i] for term, outputs in terms), Fraction(0))
            for i in range(claim.network.output_size)
        ]
        for i, total in enumerate(totals):
            if surely_broken(claim, assignment, total):
                return ValueGap(assignment, i)
        if not any(isinstance(total, Enclosure) for total in totals):
            return None
    return None


def _seen_in_floats(claim: Claim, terms: Sequence[Term]) -> int | None:
    """The output at which an instance breaks the formula most surely; None where rounding errors may be all of it."""
    total, error = np.zeros(claim.network.output_size), np.zeros(claim.network.output_size)
    for term in terms:
        run = floats.run(network_of(claim, term), term.point)
        factor = float(term.factor)
        total += factor * run.values[-1]
        # Roundings of the factor, the product and the sum, generously.
        error += abs(factor) * (run.errors[-1] + 8 * floats.UNIT_ROUNDOFF * np.abs(run.values[-1]))
    sure = np.abs(total) - 2 * error
    output = int(np.argmax(sure))
    is_broken = sure[output] > 0 and claim.property.broken(Fraction(float(total[output])))
    return output if is_broken else None
