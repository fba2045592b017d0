"""The kernel: the only place where a ``checked`` verdict is made.

    judge(claim, evidence)  ->  Judgement(verdict, vacuous, gap, ledger)

One function per kind of evidence, one table of them. What is trusted: this package, ``verify.network``,
``verify.region`` and ``verify.property`` (the formulas and their reductions), Python's integers, and NumPy for moving
them about; where the float filter is used, also what the ledger then says. No solver, no search.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verify.errors import EvidenceError, PropertyError
from verify.kernel.affine_forms import form_bounds, paired
from verify.kernel.balls import PRECISIONS, enclosures
from verify.kernel.cover import check_cover, check_empty
from verify.kernel.difference import Difference, bounds, boxes, folded
from verify.kernel.evidence import Cells, Empty, Evidence, Falsehood, Nothing, Rule, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.formulas import check_falsehood
from verify.kernel.ledger import BALL_ARITHMETIC, FLOAT_FORMS, Ledger
from verify.kernel.rules import RULES, SMOOTH_RULES
from verify.network import Network
from verify.property import Assignment, Claim, Question, Term, Vacuous
from verify.property.base import in_coordinates
from verify.rational import Enclosure, Real, Vector, ends


class Verdict(enum.Enum):
    """The answer to a claim; UNKNOWN when nothing decides it."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Value:
    """One term of a counterexample: its factor, its point and the exact value of the chosen output there."""

    factor: Fraction
    point: Vector
    second: bool
    value: Real


@dataclass(frozen=True)
class Judgement:
    """What the kernel found the evidence to show."""

    verdict: Verdict
    vacuous: bool = False
    values: tuple[Value, ...] = ()
    gap: Real | None = None
    assumptions: tuple[str, ...] = ()


def judge(claim: Claim, evidence: Evidence) -> Judgement:
    """Replay the evidence for the claim; ``EvidenceError`` names the rule that rejects it."""
    ledger = Ledger()
    for network in (claim.network, claim.second):
        if network is not None:
            for note in network.notes:
                ledger.add(f"{network.name}: {note}")
    checker = CHECKERS.get(type(evidence))
    if checker is None:
        raise EvidenceError("kind", f"no rule for evidence of type {type(evidence).__name__}")
    return checker(claim, evidence, ledger)


def _check_gap(claim: Claim, evidence: ValueGap, ledger: Ledger) -> Judgement:
    """Evaluate f exactly at every argument of the instance; the weighted sum must break the formula."""
    if not 0 <= evidence.output < claim.network.output_size:
        raise EvidenceError("value gap", f"there is no output {evidence.output}")
    for bits in PRECISIONS if has_smooth_units(claim) else PRECISIONS[:1]:
        values = tuple(
            Value(term.factor, term.point, term.second, outputs[evidence.output])
            for term, outputs in evaluated_instance(claim, evidence.assignment, bits)
        )
        total = sum((v.factor * v.value for v in values), Fraction(0))
        if surely_broken(claim, evidence.assignment, total):
            if has_smooth_units(claim):
                ledger.add(BALL_ARITHMETIC)
            gap = gap_of(claim, evidence.assignment, total)
            return Judgement(Verdict.REFUTED, values=values, gap=gap, assumptions=tuple(ledger.entries))
    raise EvidenceError("value gap", "the instance satisfies the formula, or ball arithmetic does not decide it")


def _check_formula(claim: Claim, evidence: Falsehood, ledger: Ledger) -> Judgement:
    """Evaluate the formula as it stands at the values of its names: its conditions hold, and its body does not."""
    if claim.property.asked is None:
        raise EvidenceError("falsehood", f"is about formulas of the language, not about {claim.property.name!r}")
    check_falsehood(claim.property.asked, evidence)
    return Judgement(Verdict.REFUTED, assumptions=tuple(ledger.entries))


def has_smooth_units(claim: Claim) -> bool:
    """Whether a network of the claim is not piecewise linear: its values are then enclosed, not exact."""
    return any(n is not None and not n.is_piecewise_linear for n in (claim.network, claim.second))


def surely_broken(claim: Claim, assignment: Assignment, total: Real) -> bool:
    """Whether an instance breaks the formula for every value that the total of its terms may have.

    The totals that break a formula are an up-set of the positive numbers and a down-set of the negative ones (each
    ``margin`` grows with the size of the total), so both ends decide where they have one sign.
    """
    low, high = ends(total)
    if low != high and low <= 0 <= high:
        return False
    return all(claim.property.broken(claim.property.gap(end, assignment)) for end in (low, high))


def gap_of(claim: Claim, assignment: Assignment, total: Real) -> Real:
    """The gap of an instance, or bounds on it."""
    low, high = (claim.property.gap(end, assignment) for end in ends(total))
    return low if low == high else Enclosure(min(low, high), max(low, high))


def evaluated_instance(
    claim: Claim, assignment: Assignment, bits: int = PRECISIONS[0]
) -> list[tuple[Term, Sequence[Real]]]:
    """The terms of an instance with the outputs at their points, every point checked to lie in the region.

    The outputs are exact, or for networks with smooth units enclosed with ``bits`` of precision.
    """
    terms = instance_terms(claim, assignment)
    if not has_smooth_units(claim):
        return [(term, evaluate(network_of(claim, term), term.point).fractions()) for term in terms]
    try:
        return [(term, enclosures(network_of(claim, term), term.point, bits)) for term in terms]
    except OverflowError as error:
        raise EvidenceError("instance", str(error)) from error


def instance_terms(claim: Claim, assignment: Assignment) -> list[Term]:
    """The terms of an instance, every point checked to lie in the region."""
    names = set(claim.property.variables)
    if set(assignment) != names:
        raise EvidenceError("instance", f"expected values for {sorted(names)}, got {sorted(assignment)}")
    size = claim.network.input_size
    for name, value in assignment.items():
        if not isinstance(value, Fraction) and len(value) != size:
            raise EvidenceError("instance", f"{name} has {len(value)} coordinates; expected {size}")
    try:
        terms = claim.property.instance(assignment)
    except PropertyError as error:
        raise EvidenceError("instance", str(error)) from error
    if not all(claim.region.contains(term.point) for term in terms):
        raise EvidenceError("instance", "an argument of f lies outside the region")
    return terms


def network_of(claim: Claim, term: Term) -> Network:
    """The network whose value the term takes."""
    if not term.second:
        return claim.network
    if claim.second is None:
        raise EvidenceError("instance", "the claim has no second network")
    return claim.second


def _check_rule(claim: Claim, evidence: Rule, ledger: Ledger) -> Judgement:
    """Apply the named theorem to the claim."""
    rule = RULES.get(evidence.name)
    if rule is None:
        raise EvidenceError("rule", f"there is no rule {evidence.name[:60]!r}")
    if has_smooth_units(claim) and evidence.name not in SMOOTH_RULES:
        raise EvidenceError("rule", f"{evidence.name!r} is a theorem about piecewise linear networks")
    rule(claim)
    vacuous = isinstance(claim.questions(), Vacuous)
    return Judgement(Verdict.PROVED, vacuous=vacuous, assumptions=tuple(ledger.entries))


def _check_nothing(claim: Claim, _: Nothing, ledger: Ledger) -> Judgement:
    """The claim's own reduction says that it quantifies over nothing."""
    if not isinstance(claim.questions(), Vacuous):
        raise EvidenceError("nothing to quantify over", "the claim has instances to check")
    return Judgement(Verdict.PROVED, vacuous=True, assumptions=tuple(ledger.entries))


def _check_cells(claim: Claim, evidence: Cells, ledger: Ledger) -> Judgement:
    """Every question of the claim is answered by a cover of its region (or its region is empty)."""
    questions = claim.questions()
    if isinstance(questions, Vacuous):
        raise EvidenceError("cells", "the claim has no questions: it quantifies over nothing")
    if len(questions) != len(evidence.proofs):
        raise EvidenceError("cells", f"{len(evidence.proofs)} proofs for {len(questions)} questions")
    vacuous = [
        _check_proof(question, proof, ledger) for question, proof in zip(questions, evidence.proofs, strict=True)
    ]
    return Judgement(Verdict.PROVED, vacuous=all(vacuous), assumptions=tuple(ledger.entries))


def _check_proof(question: Question, proof: Any, ledger: Ledger) -> bool:
    if isinstance(proof, Empty):
        check_empty(question, proof)
        return True
    return check_cover(question, proof, ledger)


def _check_difference(claim: Claim, evidence: Difference, ledger: Ledger) -> Judgement:
    """On each part of the region's box the two networks' outputs differ by at most the claim's epsilon."""
    if claim.property.family != "equivalent within" or claim.second is None:
        raise EvidenceError("difference", f"does not prove {claim.property.name!r}")
    base, epsilon = claim.region.base, claim.property.parameters["epsilon"]
    first, second = (in_coordinates(network, claim.region)[0] for network in (claim.network, claim.second))
    if evidence.folded:
        first, second = folded(first, base), folded(second, base)
    pair = paired(first, second) if evidence.forms else None
    if pair is not None:
        ledger.add(FLOAT_FORMS)
    for part in boxes(base, evidence.cuts):
        found = bounds(first, second, part) if pair is None else form_bounds(pair, part)
        if any(bound is None or bound > epsilon for bound in found):
            raise EvidenceError("difference", f"the bound on a part of the region exceeds {epsilon}")
    return Judgement(Verdict.PROVED, assumptions=tuple(ledger.entries))


CHECKERS: dict[type[Any], Callable[[Claim, Any, Ledger], Judgement]] = {
    ValueGap: _check_gap,
    Falsehood: _check_formula,
    Rule: _check_rule,
    Nothing: _check_nothing,
    Cells: _check_cells,
    Difference: _check_difference,
}
