"""Deciding a claim about a family: the kernel's sign rules, then a member that breaks it, then Z3 where it is small."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from verify.errors import BudgetExceeded, EngineDisagreement, InputError, NetworkError
from verify.kernel.evidence import Nothing, ValueGap
from verify.kernel.families import (
    FamilyClaim,
    FamilyEvidence,
    FamilyJudgement,
    Member,
    SignRules,
    derived,
    judge_family,
)
from verify.kernel.induction import Line
from verify.kernel.instances import NoInstance, Witness
from verify.network.families import Family, Weights, member
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.families.members import candidates, narrowed, simpler, widened
from verify.search.outcome import Answered, Attestation
from verify.search.refuting.finding import gap_at
from verify.search.refuting.nontrivial import witness_of
from verify.search.refuting.samples import Sample
from verify.search.refuting.shrink import shrink

ENGINES = ("auto", "rules", "members", "z3")
# Without a time budget the search tries so many members at sample instances.
MAX_MEMBERS = 1500
# Members with more values than this in all layers together are not written out.
MAX_VALUES = 3_000_000
# Of small families so many members are then decided as networks are, each in at most so many seconds.
THOROUGH_MEMBERS, THOROUGH_SECONDS, THOROUGH_WEIGHTS = 40, 0.5, 200


@dataclass(frozen=True, eq=False)
class FamilyOutcome(Answered):
    """The answer to a claim about a family; ``lines`` is what the sign rules know even where they do not decide."""

    answer: FamilyJudgement | Attestation | None
    evidence: FamilyEvidence | None
    engine: str
    tried: tuple[str, ...]
    seconds: float
    lines: tuple[Line, ...] = ()
    reason: str = ""
    witness: Witness | None = None
    checking: float = 0.0

    @property
    def judgement(self) -> FamilyJudgement | None:
        """What the kernel found; None where nothing was replayed."""
        return self.answer if isinstance(self.answer, FamilyJudgement) else None


def decide_family(claim: FamilyClaim, budget: Budget, engine: str = "auto") -> FamilyOutcome:
    """Decide the claim within the budget; ``EngineDisagreement`` where Z3 contradicts the rules."""
    if engine not in ENGINES:
        raise InputError(f"unknown engine {engine!r} for a family; known: {', '.join(ENGINES)}")
    if claim.property.fits is not None:
        claim.property.fits(member(narrowed_or_same(claim.family), {}))
    tried: list[str] = []
    lines: tuple[Line, ...] = ()
    try:
        witness = witness_of(claim.of_zero, budget)
        if isinstance(witness, NoInstance):
            return _judged(claim, Nothing(), "reduction", tried, budget, (), witness)
        lines, holds = derived(claim)
        if engine in ("auto", "rules"):
            tried.append("rules")
            if holds:
                return _judged(claim, SignRules(lines), "rules", tried, budget, lines, witness)
        if engine in ("auto", "members"):
            tried.append("members")
            found = breaking_member(claim, budget)
            if found is not None:
                return _judged(claim, found, "members", tried, budget, lines)
        if engine in ("auto", "z3"):
            tried.append("z3")
            return _with_z3(claim, budget, tried, lines, holds)
        reason = "the engines that were tried do not decide this claim"
    except BudgetExceeded as stop:
        reason = str(stop)
    return FamilyOutcome(None, None, "", tuple(tried), budget.elapsed, lines, reason)


def _judged(
    claim: FamilyClaim,
    evidence: FamilyEvidence,
    engine: str,
    tried: list[str],
    budget: Budget,
    lines: tuple[Line, ...],
    witness: Witness | None = None,
) -> FamilyOutcome:
    started = budget.elapsed
    judgement = judge_family(claim, evidence, witness)
    ended = budget.elapsed
    return FamilyOutcome(
        judgement, evidence, engine, tuple(tried), ended, lines, witness=witness, checking=ended - started
    )


def _with_z3(
    claim: FamilyClaim, budget: Budget, tried: list[str], lines: tuple[Line, ...], holds: bool
) -> FamilyOutcome:
    from verify.search.families.literal import ask, is_small  # loads Z3

    if not is_small(claim):
        reason = "the rules do not prove it, no member that was tried breaks it, and the family is too large for Z3"
        return FamilyOutcome(None, None, "", tuple(tried), budget.elapsed, lines, reason)
    answer = ask(claim, budget)
    if answer.evidence is not None:
        if holds:
            raise EngineDisagreement(f"the sign rules prove what a member found by Z3 refutes: {claim.property.name}")
        return _judged(claim, answer.evidence, "z3", tried, budget, lines)
    if answer.status == "unsat":
        return FamilyOutcome(Attestation(answer.solver), None, "z3", tuple(tried), budget.elapsed, lines)
    reason = f"Z3 answered {answer.status}"
    return FamilyOutcome(None, None, "", tuple(tried), budget.elapsed, lines, reason)


def _simplified(claim: FamilyClaim, weights: Weights, gap: ValueGap, sample: Sample) -> tuple[Weights, ValueGap]:
    """Numbers that are not needed are left out, one after another."""
    found = True
    while found:
        found = False
        for fewer in simpler(weights):
            network = member(claim.family, fewer)
            kept = sample.gap(claim.claim(fewer, network), network)
            if kept is not None:
                weights, gap, found = fewer, kept, True
                break
    return weights, gap


def narrowed_or_same(family: Family) -> Family:
    """The narrow family; the family itself where a residual connection does not fit the narrow one."""
    try:
        return narrowed(family)
    except NetworkError:
        return family


def breaking_member(claim: FamilyClaim, budget: Budget) -> Member | None:
    """A simple member that does not have the property, with a counterexample.

    The narrow family is searched first: its members, padded with the numbers nearest to zero, are members of the whole.
    """
    if sum(math.prod(shape) for shape in claim.family.shapes) > MAX_VALUES:
        return None
    small = narrowed_or_same(claim.family)
    narrow = FamilyClaim(small, claim.property, claim.region)
    for weights, gap in _broken_members(narrow, budget):
        found = Member(widened(weights, small, claim.family), gap)
        if small.digest == claim.family.digest:
            return found
        try:
            kept = gap_at(claim.claim(found.weights), gap.assignment)
        except NetworkError:
            return None  # its members are too large to be written out
        if kept is not None:
            return Member(found.weights, kept)
    return None


def _broken_members(claim: FamilyClaim, budget: Budget) -> Iterator[tuple[Weights, ValueGap]]:
    """Members with a counterexample: at sample instances first, then by the engines for one network."""
    sample = Sample(claim.property, claim.region)
    for count, weights in enumerate(candidates(claim.family)):
        if budget.seconds is None and count >= MAX_MEMBERS:
            break
        budget.check()
        network = member(claim.family, weights)
        own = claim.claim(weights, network)
        gap = sample.gap(own, network)
        if gap is not None:
            weights, gap = _simplified(claim, weights, gap, sample)
            yield weights, shrink(claim.claim(weights), gap, budget)
    if claim.family.weight_count > THOROUGH_WEIGHTS:
        return
    for weights in itertools.islice(candidates(claim.family), THOROUGH_MEMBERS):
        budget.check()
        own = claim.claim(weights)
        outcome = decide(own, Budget(min(THOROUGH_SECONDS, budget.remaining)))
        if isinstance(outcome.evidence, ValueGap):
            yield weights, outcome.evidence
