"""The kernel: the only place where a ``checked`` verdict is made.

    judge(claim, evidence, witness)  ->  Judgement(verdict, vacuous, gap, ledger)

One function per kind of evidence, one table of them; each imports what it needs and nothing else. A proof comes with a
witness of what it is about: an instance of the property that is not trivial, or the certificate that there is none
(``verify.kernel.instances``).

What is trusted: this package, ``verify.network``, ``verify.region`` and ``verify.property`` (the formulas and their
reductions), Python's integers, and NumPy for moving them about; where the float filter is used, also what the ledger
then says. No solver, no search.
"""

from __future__ import annotations

import enum
import importlib
from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

from verify.errors import EvidenceError
from verify.kernel.evidence import (
    Bounds,
    Cells,
    Difference,
    Empty,
    Evidence,
    Falsehood,
    Nothing,
    Off,
    Reached,
    Rule,
    Unsafe,
    Unsatisfiable,
    ValueGap,
)
from verify.kernel.exact import evaluate, settled_values
from verify.kernel.instances import Instance, Witness, instance_terms, is_vacuous
from verify.kernel.ledger import BALL_ARITHMETIC, QUANTIZED, Ledger
from verify.network import Network
from verify.property import Assignment, Claim, Criterion, Term, Vacuous
from verify.rational import Enclosure, Real, Vector, ends

# Bits of precision with which values of smooth units are enclosed, tried in order until a question is decided.
PRECISIONS = (128, 512, 2048)


class Verdict(enum.Enum):
    """The answer to a claim; UNKNOWN when nothing decides it."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TermValue:
    """One term of a counterexample: its factor, its point and the exact value of the chosen output there."""

    factor: Fraction
    point: Vector
    second: bool
    value: Real


# What a refutation shows: the terms of the counterexample, and the gap (None where there is none).
Refuted: TypeAlias = tuple[tuple[TermValue, ...], Real | None]

# What a judgement is made with: nothing else in the package names it (a test reads the syntax trees).
_SEAL: Final = object()


@dataclass(frozen=True)
class Judgement:
    """What the kernel found the evidence to show. Only ``judge`` makes one: what has this type was checked.

    ``dataclasses.replace`` does not make another one, as it lacks the seal.
    """

    verdict: Verdict
    vacuous: bool
    values: tuple[TermValue, ...]
    gap: Real | None
    assumptions: tuple[str, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the kernel makes judgements; call judge")


def judge(claim: Claim, evidence: Evidence, witness: Witness | Unsatisfiable | None = None) -> Judgement:
    """Replay the evidence for the claim; ``EvidenceError`` names the rule that rejects it.

    A proof needs the ``witness``, a refutation is an instance itself. ``TooLarge`` where the kernel does not do as much
    work as replaying would take.
    """
    ledger = Ledger()
    for network in claim.networks:
        if not network.output_size:
            raise EvidenceError("network", f"{network.name} has no outputs: there is nothing to say of it")
        for note in network.notes:
            ledger.add(f"{network.name}: {note}")
        if network.is_quantized:
            ledger.add(QUANTIZED)
    refute, prove = REFUTATIONS.get(type(evidence)), PROOFS.get(type(evidence))
    if refute is not None:
        if witness is not None:
            raise EvidenceError("instances", "a refutation stands alone; what is beside it is not looked at")
        values, gap = refute(claim, evidence, ledger) or ((), None)
        return Judgement(Verdict.REFUTED, False, values, gap, tuple(ledger.entries), _SEAL)
    if prove is None:
        raise EvidenceError("kind", f"no rule for evidence of type {type(evidence).__name__}")
    vacuous = _is_about_nothing(claim, witness, ledger)
    vacuous = vacuous or (isinstance(evidence, Reached) and not claim.network.relu_count)
    if isinstance(evidence, Nothing) and not vacuous:
        raise EvidenceError("nothing to quantify over", "the claim has instances to check")
    prove(claim, evidence, ledger)
    return Judgement(Verdict.PROVED, vacuous, (), None, tuple(ledger.entries), _SEAL)


def _check_gap(claim: Claim, evidence: ValueGap, ledger: Ledger) -> Refuted:
    """Evaluate f exactly at every argument of the instance; the weighted sum must break the formula."""
    if not 0 <= evidence.output < claim.network.output_size:
        raise EvidenceError("value gap", f"there is no output {evidence.output}")
    for bits in PRECISIONS if claim.has_smooth_units else PRECISIONS[:1]:
        values = tuple(
            TermValue(term.factor, term.point, term.second, outputs[evidence.output])
            for term, outputs in evaluated_instance(claim, evidence.assignment, bits)
        )
        total = sum((v.factor * v.value for v in values), Fraction(0))
        if surely_broken(claim, evidence.assignment, total):
            if claim.has_smooth_units:
                ledger.add(BALL_ARITHMETIC)
            return values, gap_of(claim, evidence.assignment, total)
    raise EvidenceError("value gap", "the instance satisfies the formula, or ball arithmetic does not decide it")


def _is_about_nothing(claim: Claim, witness: Witness | Unsatisfiable | None, ledger: Ledger) -> bool:
    """Whether the claim is vacuous. A formula is, if the formula that its conditions never hold is proved."""
    asked = claim.property.asked
    if asked is None:
        if isinstance(witness, Unsatisfiable):
            raise EvidenceError("instances", "conditions are those of a formula of the language")
        return is_vacuous(claim, witness)
    from verify.kernel.formulas import check_satisfied
    from verify.property.asked import conditions_claim

    if isinstance(witness, Unsatisfiable):
        _check_cells(conditions_claim(asked), witness.evidence, ledger)
        return True
    if not isinstance(witness, Instance):
        raise EvidenceError("instances", "a proof needs values that satisfy the conditions, or a proof that none do")
    check_satisfied(asked, witness.assignment)
    return False


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
    if claim.is_quantized:
        return [(term, settled_values(network_of(claim, term), term.point).fractions()) for term in terms]
    if not claim.has_smooth_units:
        return [(term, evaluate(network_of(claim, term), term.point).fractions()) for term in terms]
    from verify.kernel.axioms.balls import enclosures

    try:
        return [(term, enclosures(network_of(claim, term), term.point, bits)) for term in terms]
    except OverflowError as error:
        raise EvidenceError("instance", str(error)) from error


def network_of(claim: Claim, term: Term) -> Network:
    """The network whose value the term takes."""
    if not term.second:
        return claim.network
    if claim.second is None:
        raise EvidenceError("instance", "the claim has no second network")
    return claim.second


def _check_cells(claim: Claim, evidence: Cells, ledger: Ledger) -> None:
    """Every question of the claim is answered by a cover of its region (or its region is empty)."""
    from verify.kernel.core.cover import check_cover, check_empty

    questions = claim.questions()
    if isinstance(questions, Vacuous):
        raise EvidenceError("cells", "the claim has no questions: it quantifies over nothing")
    if any(question.criterion is Criterion.POSITIVE_SOMEWHERE for question in questions):
        raise EvidenceError("cells", "covers do not show that units are on")
    if not questions or len(questions) != len(evidence.proofs):
        raise EvidenceError("cells", f"{len(evidence.proofs)} proofs for {len(questions)} questions")
    for question, proof in zip(questions, evidence.proofs, strict=True):
        if isinstance(proof, Empty):
            check_empty(question, proof)
        else:
            check_cover(question, proof, ledger)


def _check_unsafe(claim: Claim, evidence: Unsafe, _: Ledger) -> Refuted:
    """Evaluate the networks exactly at the point; every inequality of the case holds there."""
    from verify.property.never import case_holds

    if claim.property.family != "never":
        raise EvidenceError("unsafe point", f"does not refute {claim.property.name!r}")
    cases, point = claim.property.parameters["cases"], evidence.point
    if not 0 <= evidence.case < len(cases):
        raise EvidenceError("unsafe point", f"there is no case {evidence.case}")
    if len(point) != claim.network.input_size or not claim.region.contains(point):
        raise EvidenceError("unsafe point", "the point does not lie in the region")
    if claim.has_smooth_units:
        raise EvidenceError("unsafe point", "values of smooth units are not exact")
    values, found = {"x": point.fractions()}, []
    for name, network in (("y", claim.network), ("z", claim.second)):
        if network is not None:
            values[name] = evaluate(network, point).fractions()
            found += [TermValue(Fraction(1), point, name == "z", value) for value in values[name]]
    if not case_holds(cases[evidence.case], values):
        raise EvidenceError("unsafe point", "the case does not hold at the point")
    return tuple(found), None


def _of(module: str, name: str) -> Callable[[Claim, Any, Ledger], None]:
    """A checker of another module of the kernel, which is loaded where evidence asks for it."""

    def check(claim: Claim, evidence: Evidence, ledger: Ledger) -> None:
        getattr(importlib.import_module(f"verify.kernel.{module}"), name)(claim, evidence, ledger)

    return check


REFUTATIONS: dict[type[Any], Callable[[Claim, Any, Ledger], Refuted | None]] = {
    ValueGap: _check_gap,
    Falsehood: _of("formulas", "check_falsehood"),
    Unsafe: _check_unsafe,
    Off: _of("units", "check_off"),
}
PROOFS: dict[type[Any], Callable[[Claim, Any, Ledger], None]] = {
    Rule: _of("facts.rules", "check_rule"),
    # Trivial instances hold of every function: that there are no others, ``judge`` has seen to.
    Nothing: lambda *_: None,
    Cells: _check_cells,
    Difference: _of("difference", "check_difference"),
    Reached: _of("units", "check_reached"),
    Bounds: _of("goals", "check_bounds"),
}
