"""The kernel: the only place where a ``checked`` verdict is made.

    judge(claim, evidence)  ->  Judgement(verdict, vacuous, gap, ledger)

One function per kind of evidence, one table of them. What is trusted: this package, ``verify.network``,
``verify.region`` and ``verify.property`` (the formulas and their reductions), Python's integers, and NumPy for moving
them about; where the float filter is used, also what the ledger then says. No solver, no search.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verify.errors import EvidenceError, PropertyError
from verify.kernel.cover import check_cover, check_empty
from verify.kernel.evidence import Cells, Empty, Evidence, Nothing, Rule, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.ledger import Ledger
from verify.kernel.rules import RULES
from verify.network import Network
from verify.property import Assignment, Claim, Question, Term, Vacuous
from verify.rational import Vector


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
    value: Fraction


@dataclass(frozen=True)
class Judgement:
    """What the kernel found the evidence to show."""

    verdict: Verdict
    vacuous: bool = False
    values: tuple[Value, ...] = ()
    gap: Fraction | None = None
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
    """Evaluate f exactly at every argument of the instance; the weighted sum must differ from zero."""
    if not 0 <= evidence.output < claim.network.output_size:
        raise EvidenceError("value gap", f"there is no output {evidence.output}")
    values = tuple(
        Value(term.factor, term.point, term.second, outputs[evidence.output])
        for term, outputs in evaluated_instance(claim, evidence.assignment)
    )
    gap = sum((v.factor * v.value for v in values), Fraction(0))
    if gap == 0:
        raise EvidenceError("value gap", "the instance satisfies the formula exactly")
    return Judgement(Verdict.REFUTED, values=values, gap=gap, assumptions=tuple(ledger.entries))


def evaluated_instance(claim: Claim, assignment: Assignment) -> list[tuple[Term, Vector]]:
    """The terms of an instance with the exact outputs at their points, every point checked to lie in the region."""
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
    return [(term, evaluate(_network(claim, term), term.point)) for term in terms]


def _network(claim: Claim, term: Term) -> Network:
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


CHECKERS: dict[type[Any], Callable[[Claim, Any, Ledger], Judgement]] = {
    ValueGap: _check_gap,
    Rule: _check_rule,
    Nothing: _check_nothing,
    Cells: _check_cells,
}
