"""The page of a claim, composed from its result: nothing is searched here but pictures, each with a small budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from verify.property import Claim
from verify.region import everything
from verify.rendering import shape_text
from verify.report import lemmas, mathml, reproduce, words
from verify.report.affine import the_map
from verify.report.arithmetic import counterexample
from verify.report.calculation import calculation
from verify.report.drawing import drawing
from verify.report.images import images
from verify.report.model import Lemma, Link, Page, ProofStep
from verify.report.opinion import second_opinion
from verify.report.plots import figures
from verify.report.proof import steps
from verify.report.reason import reasons
from verify.report.record import Result
from verify.report.tried import tried

SECONDS = 1.5
INSIDE = "every argument of f in the region"
LITERALLY = "read literally: only its conditions keep arguments of f anywhere"


@dataclass(frozen=True)
class About:
    """What a report says beyond the result: title, test, the files of record and page, fuzzing, its theorem."""

    title: str = ""
    test: str = ""
    record: str = "RECORD.json"
    page: str = "RECORD.html"
    fuzz: Mapping[str, Any] | None = None
    theorem: Link | None = None


def compose(result: Result, about: About) -> Page:
    """Everything that the report of this claim shows."""
    claim = result.claim
    plots, notes = figures(result, SECONDS)
    networks = [claim.network, *([claim.second] if claim.second is not None else [])]
    proof = steps(result)
    asked = claim.property.asked
    drawn = [(network, claim.region) for network in networks]
    if asked is not None:
        drawn = [(network, everything(network.input_size)) for network in asked.networks.values()]
    return Page(
        title=about.title or words.question(result),
        test=about.test,
        question=words.question(result),
        answer=words.answer(result),
        verdict=result.verdict.value,
        assurance=result.assurance or "",
        vacuous=result.vacuous,
        statement=tuple(mathml.formula(claim.property.formula)) if asked is None else (words.code(asked.formula.text),),
        formula=claim.property.formula,
        quantifier=mathml.quantifier(claim),
        setting=mathml.function_type(claim),
        region=_region(claim),
        reasons=tuple(reasons(result)),
        steps=tuple(proof),
        lemmas=named_lemmas(proof),
        map=the_map(result),
        counterexample=counterexample(result),
        reason=result.outcome.reason,
        tried=result.outcome.tried,
        figures=tuple(plots),
        images=tuple(images(result)),
        drawings=tuple(drawing(network, place, SECONDS) for network, place in drawn),
        fuzz=tried(about.fuzz),
        opinion=second_opinion(result),
        ledger=result.outcome.assumptions,
        facts=_facts(result, claim),
        versions=reproduce.versions(),
        seconds=result.outcome.seconds,
        command=reproduce.command(result),
        python=reproduce.python(result),
        calculation="\n".join(calculation(result)),
        script=reproduce.script(about.page),
        recheck=reproduce.recheck(about.record),
        notes=tuple(notes),
        theorem=about.theorem,
        reading=INSIDE if asked is None else LITERALLY,
    )


def named_lemmas(steps: Sequence[ProofStep]) -> tuple[Lemma, ...]:
    """The lemmas that the steps of a proof name, with their texts."""
    found = lemmas.numbers(text for step in steps for text in (step.lemma, step.text))
    return tuple(Lemma(number, *lemmas.LEMMAS[number]) for number in found)


def _region(claim: Claim) -> Markup:
    """``P = box(0, 1)``; a formula names its regions itself."""
    if claim.property.asked is not None:
        return words.code(claim.region.text)
    return mathml.math(mathml.identifier("P"), mathml.operator("="), mathml.region(claim.region))


def _facts(result: Result, claim: Claim) -> tuple[tuple[str, str], ...]:
    """What the claim is about, as names and values."""
    facts = [("property", claim.property.name), ("region", claim.region.text or "given in Python")]
    for word, network in (("network", result.network), ("second network", result.second)):
        if network is not None:
            size = f"input {shape_text(network.input_shape)}, output {shape_text(network.output_shape)}"
            facts.append((word, f"{network.name}: {size}, {network.relu_count} ReLU"))
            facts.append(("sha256", network.digest))
    if result.outputs:
        facts.append(("outputs", ", ".join(map(str, result.outputs))))
    return (*facts, ("engine", result.outcome.engine or "none"))
