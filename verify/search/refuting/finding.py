"""Findings: what an engine noticed about a question, and how it becomes an instance of the property.

Every proposal is only a proposal: the kernel evaluates it exactly, and the first one that it accepts is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.check import PRECISIONS, evaluated_instance, network_of, surely_broken
from verify.kernel.core.cell import is_small
from verify.kernel.evidence import ValueGap
from verify.kernel.instances import instance_terms
from verify.network import floats
from verify.property import Assignment, Claim, Term
from verify.property.instances import Bend, Change, Copies, Hint, Offset
from verify.rational import Enclosure, Vector
from verify.region import Region


@dataclass(frozen=True, eq=False)
class NonZero:
    """The question's network does not vanish at ``v``."""

    v: Vector


Finding = Bend | Offset | NonZero | Change


def proposals(claim: Claim, finding: Finding, question_index: int) -> Iterator[Assignment]:
    """Instances of the claim's property that the finding suggests, simplest first (ambient coordinates)."""
    yield from claim.property.propose(claim.region, _hint(claim.region, finding, question_index))


def _hint(region: Region, finding: Finding, question: int) -> Hint:
    """The finding in ambient coordinates; a point of copies of f holds one argument after another."""
    if not isinstance(finding, NonZero):
        return type(finding)(**{name: region.point(value) for name, value in vars(finding).items()})
    size, v = region.dimension, finding.v
    points = [region.point(v.take(range(i, i + size))) for i in range(0, len(v) - size + 1, size)]
    return Copies(tuple(points), question)


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
    if claim.property.margin is None and not is_small(claim.network) and not claim.has_smooth_units:
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
