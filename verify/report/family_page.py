"""The page of a claim about a family of networks: the same page as that of a claim about one network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from verify.kernel.check import Verdict
from verify.kernel.evidence import Nothing
from verify.kernel.families import Member
from verify.network.families import Family
from verify.network.families.layers import kind, parameters
from verify.network.families.ranges import Range, SignTree
from verify.property.trivial import why_vacuous
from verify.rational import counted
from verify.rendering import shape_text
from verify.report import mathml, reproduce, words
from verify.report.calculation import gap_calls
from verify.report.calculation import lines_of as calculation_lines
from verify.report.compose import About, compose, named_lemmas
from verify.report.family_lines import lines_of
from verify.report.family_record import FamilyResult, write_family
from verify.report.files import from_here, write_pages
from verify.report.folder import ReportFolder
from verify.report.model import Drawing, Page, ProofStep
from verify.report.places import place_of
from verify.report.record import Result
from verify.search.outcome import Outcome

SIGN_RULES = "Lemma 8: signs of weights, biases and inputs"


def write_family_report(folder: ReportFolder, result: FamilyResult, *, file: str = "") -> Path:
    """Write the record and the pages of a claim about a family; returns the record's path.

    ``file`` is where the family was read from, for the lines that state the claim again.
    """
    record = write_family(folder, result)
    write_pages(folder, record.stem, family_page(result, record=from_here(record), file=file))
    return record


def family_page(result: FamilyResult, *, record: str, file: str = "") -> Page:
    """Everything that the report of this claim shows."""
    claim, outcome = result.claim, result.outcome
    question = f"Is every network of {claim.family.name} {claim.property.words} {place_of(claim.region.text)}?"
    member = _member(result)
    shown = member if member is not None else Result(claim.of_zero, _unknown(result), claim.of_zero.network)
    page = compose(shown, About(record=record))
    command, python = reproduce.family(file, claim.property.name, claim.region.text) if file else ("", "")
    proof = _steps(result)
    facts = (
        ("property", claim.property.name),
        ("region", claim.region.text or "given in Python"),
        ("family", f"{claim.family.name}: input {shape_text(claim.family.input_shape)}"),
        ("sha256", claim.family.digest),
        ("engine", outcome.engine or "none"),
    )
    page = replace(
        page,
        title=question,
        question=question,
        answer=_answer(result),
        verdict=result.verdict.value,
        assurance=result.assurance or "",
        vacuous=result.vacuous,
        setting=mathml.typed("f", claim.family.input_size, claim.family.output_size),
        reasons=_reasons(result, page.reasons),
        steps=tuple(proof),
        lemmas=named_lemmas(proof),
        ledger=outcome.assumptions,
        facts=facts,
        seconds=outcome.seconds,
        command=command,
        python=python,
        calculation="\n".join(calculation(result)),
        drawings=(_described(claim.family), *(page.drawings if member is not None else ())),
        networks="The family" if member is None else "The family, and the member that refutes the claim",
    )
    return page if member is not None else replace(page, figures=(), images=(), map=None, opinion=None, notes=())


def calculation(result: FamilyResult) -> list[str]:
    """The member that refutes the claim, and its values, without this package."""
    evidence, judgement = result.outcome.evidence, result.outcome.judgement
    if not isinstance(evidence, Member) or judgement is None or judgement.network is None:
        return []
    return calculation_lines(
        {"f": judgement.network}, gap_calls(result.claim.property, evidence.gap, judgement.member, None)
    )


def _member(result: FamilyResult) -> Result | None:
    """The refuted claim about one member."""
    evidence, judgement = result.outcome.evidence, result.outcome.judgement
    if not isinstance(evidence, Member) or judgement is None or judgement.network is None:
        return None
    known = result.outcome
    outcome = Outcome(judgement.member, evidence.gap, known.engine, known.tried, known.seconds)
    claim = result.claim.claim(evidence.weights, judgement.network)
    return Result(claim, outcome, judgement.network)


def _unknown(result: FamilyResult) -> Outcome:
    """No answer about one network: the page's words come from the family's own outcome."""
    known = result.outcome
    return Outcome(None, None, known.engine, known.tried, known.seconds, known.reason)


def _answer(result: FamilyResult) -> str:
    if result.verdict is Verdict.REFUTED:
        return "No: one network of the family breaks the formula, in exact arithmetic."
    if result.verdict is Verdict.UNKNOWN:
        return f"Not decided: {result.outcome.reason or 'no engine found an answer'}."
    if result.vacuous:
        return f"Yes, but only because there is nothing to check: {why_vacuous(result.claim.of_zero)}."
    if result.assurance == "attested":
        return f"Yes, on the word of {result.outcome.attested}, for networks of this size: no evidence was replayed."
    return "Yes, for all weights in the given ranges and every real input there."


def _reasons(result: FamilyResult, of_member: tuple[str, ...]) -> tuple[str, ...]:
    if result.verdict is Verdict.REFUTED:
        weights = (result.counterexample or "").partition(": ")[0]
        return (f"Take the member {weights}.", *of_member)
    text = result.sentence
    return (words.sentence(text),) if result.verdict is Verdict.PROVED else ()


def _steps(result: FamilyResult) -> list[ProofStep]:
    """The derivation, a step for each layer."""
    if result.verdict is not Verdict.PROVED:
        return []
    if result.vacuous or isinstance(result.outcome.evidence, Nothing):
        why = why_vacuous(result.claim.of_zero)
        return [ProofStep("Nothing to check", "The definition", words.sentence(why))]
    if result.assurance == "attested":
        text = f"{result.outcome.attested} answered that the negated claim has no solution."
        return [ProofStep("A solver's word", "none: nothing to replay", text)]
    lines = lines_of(result.outcome.steps, result.claim.region)
    steps = []
    for line in lines:
        known = ", ".join(line.facts) or "nothing but its values"
        title = f"{line.layer} {line.channels}".strip()
        text = f"{known[:1].upper()}{known[1:]}; values in {line.values}: {line.why}."
        steps.append(ProofStep(title, SIGN_RULES if line is lines[0] else "", text))
    return [*steps, ProofStep("The kernel replays it", "", "It derived every line above again from the family alone.")]


def _described(family: Family) -> Drawing:
    """The layers and the ranges of their weights, in a sentence each."""
    sizes = (counted(family.input_size, "input"), counted(family.output_size, "output"))
    about = f"{', '.join((*sizes, counted(len(family.layers), 'layer')))}"
    return Drawing(family.name, about, None, note=" ".join(_layers(family)))


def _range(given: SignTree) -> str:
    return str(given) if isinstance(given, Range) else "as listed, entry by entry"


def _layers(family: Family) -> list[str]:
    found = []
    for layer, shape, after in zip(family.layers, family.shapes, family.shapes[1:], strict=False):
        ranges = [f"{name} {_range(p.ranges)}" for name, p in parameters(layer, shape).items()]
        known = f", {', '.join(ranges)}" if ranges else ""
        found.append(f"{layer.name}: {kind(layer)} to {shape_text(after)}{known}.")
    return found
