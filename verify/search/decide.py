"""Deciding a claim: engines in order of cost; the kernel judges whatever they bring."""

from __future__ import annotations

from collections.abc import Iterable

from verify.errors import BudgetExceeded, InputError
from verify.kernel.alignment import is_quantized
from verify.kernel.check import has_smooth_units, judge
from verify.kernel.evidence import Cells, Evidence, Falsehood, Nothing, Off, Unsafe, ValueGap
from verify.kernel.exact import is_small
from verify.kernel.formulas import Unsatisfiable
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.property import Claim, Criterion, Vacuous
from verify.property.asked import asked_of, conditions_claim
from verify.search.budget import Budget
from verify.search.engines import (
    bend,
    bounds,
    crossing,
    difference,
    probe,
    quantized,
    rewriting,
    rules,
    sampling,
    smooth,
    split,
    stability,
    units,
    z3,
)
from verify.search.engines.base import Engine, Work
from verify.search.outcome import Attestation, Outcome, SearchInterrupted
from verify.search.refuting.nontrivial import witness_of
from verify.search.refuting.shrink import shrink, shrink_falsehood

# In order of cost; ``_in_order`` says where that depends on the claim.
ENGINES = {
    engine.name: engine
    for engine in (
        rules.ENGINE,
        units.ENGINE,
        smooth.ENGINE,
        quantized.ENGINE,
        difference.ENGINE,
        bounds.ENGINE,
        probe.ENGINE,
        stability.ENGINE,
        bend.ENGINE,
        rewriting.ENGINE,
        crossing.ENGINE,
        sampling.ENGINE,
        split.ENGINE,
        z3.ENGINE,
    )
}
ENGINE_NAMES = ("auto", *ENGINES)


def decide(claim: Claim, budget: Budget, engine: str = "auto", *, shrinking: bool = True) -> Outcome:
    """Decide the claim within the budget, with one engine or all of them in order."""
    if engine not in ENGINE_NAMES:
        raise InputError(f"unknown engine {engine!r}; known: {', '.join(ENGINE_NAMES)}")
    tried: list[str] = []
    notes: list[str] = []
    try:
        return _decided(claim, budget, engine, tried, notes, shrinking=shrinking)
    except BudgetExceeded as stop:
        return _undecided(str(stop), notes, tried, budget)
    except KeyboardInterrupt as stop:
        raise SearchInterrupted(_undecided("interrupted", [], tried, budget)) from stop


def _decided(
    claim: Claim, budget: Budget, engine: str, tried: list[str], notes: list[str], *, shrinking: bool
) -> Outcome:
    asked = claim.property.asked is not None
    witness = None if asked else witness_of(claim, budget)  # of a formula only a proof needs one
    if isinstance(witness, NoInstance):
        return _judged(claim, Nothing(), witness, "reduction", tried, budget)
    found = _evidence(claim, budget, engine, tried, notes, witness)
    if found is None:
        reason = f"the engines that were tried do not decide this {'formula' if asked else 'claim'}"
        return _undecided(reason, notes, tried, budget)
    evidence, name = found
    if isinstance(evidence, Attestation):
        return Outcome(evidence, None, name, tuple(tried), budget.elapsed)
    if isinstance(evidence, ValueGap) and shrinking:
        evidence = shrink(claim, evidence, budget)
    if isinstance(evidence, Falsehood) and shrinking:
        evidence = shrink_falsehood(claim, evidence, budget)
    if isinstance(evidence, ValueGap | Falsehood | Unsafe | Off):
        return _judged(claim, evidence, None, name, tried, budget)
    if not asked:
        return _judged(claim, evidence, witness, name, tried, budget)
    satisfied = _satisfied(claim, budget)
    if satisfied is None:
        return _undecided("proved, but whether its conditions can be satisfied is not known", notes, tried, budget)
    proof = Nothing() if isinstance(satisfied, Unsatisfiable) else evidence
    return _judged(claim, proof, satisfied, name, tried, budget)


def _judged(
    claim: Claim,
    evidence: Evidence,
    witness: Witness | Unsatisfiable | None,
    engine: str,
    tried: list[str],
    budget: Budget,
) -> Outcome:
    """What the kernel says of the evidence that an engine found, and how long it took."""
    started = budget.elapsed
    judgement = judge(claim, evidence, witness)
    ended = budget.elapsed
    return Outcome(judgement, evidence, engine, tuple(tried), ended, witness=witness, checking=ended - started)


def _undecided(reason: str, notes: list[str], tried: list[str], budget: Budget) -> Outcome:
    """No answer: the reason and what is known, each once."""
    said = "; ".join(dict.fromkeys(note for note in (reason, *notes) if note))
    return Outcome(None, None, "", tuple(tried), budget.elapsed, said)


def _satisfied(claim: Claim, budget: Budget) -> Witness | Unsatisfiable | None:
    """Values that satisfy the conditions of a formula, or the proof that there are none."""
    found = _evidence(conditions_claim(asked_of(claim)), budget, "auto", [], [])
    if found is None:
        return None
    evidence, _ = found
    if isinstance(evidence, Falsehood):
        return Instance(evidence.assignment)
    return Unsatisfiable(evidence) if isinstance(evidence, Cells) else None


def _evidence(
    claim: Claim, budget: Budget, engine: str, tried: list[str], notes: list[str], instance: Instance | None = None
) -> tuple[Evidence | Attestation, str] | None:
    """Evidence and the engine that found it; ``tried`` gets the engines run and ``notes`` what is known without it."""
    questions = claim.questions()
    if isinstance(questions, Vacuous):
        raise AssertionError(f"the table of trivial instances differs from the reduction: {questions.reason}")
    work = Work(claim, questions, budget, engine != "auto", notes, instance)
    for chosen in _chosen(work, engine):
        tried.append(chosen.name)
        budget.report(f"{chosen.name} ...")
        found = chosen.search(work)
        if found is not None:
            return found, chosen.name
    return None


def _chosen(work: Work, engine: str) -> list[Engine]:
    rounds = is_quantized(work.claim)  # of such networks, which are not continuous, the other engines know nothing
    fitting = [each for each in ENGINES.values() if each.fits(work) and (each is quantized.ENGINE or not rounds)]
    if engine == "auto":
        return [each for each in _in_order(work, fitting) if each.tried(work)]
    if ENGINES[engine] not in fitting:
        about = f"{work.claim.network.name} (it has smooth units)" if has_smooth_units(work.claim) else "such claims"
        about = "networks that round their values" if rounds else about
        names = ", ".join(["auto", *(each.name for each in fitting)])
        raise InputError(f"engine {engine!r} is not for {work.claim.property.name!r} about {about}; known: {names}")
    return [ENGINES[engine]]


def _in_order(work: Work, engines: Iterable[Engine]) -> list[Engine]:
    """The engines by cost.

    Random points cost less than the stability of a large network. Copies of one network have much in common, so
    rewriting goes before stability there.
    """
    copies = (Criterion.ZERO, Criterion.NONPOSITIVE, Criterion.NOWHERE)
    early = []
    if not all(is_small(question.network) for question in work.questions):
        early.append("sampling")
    if any(question.criterion in copies for question in work.questions):
        early.append("rewriting")
    names = [name for name in ENGINES if name not in early]
    at = names.index("stability")
    names[at:at] = early
    return sorted(engines, key=lambda engine: names.index(engine.name))
