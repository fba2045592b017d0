"""Replays of records about families, formulas and counts: what the kernel says of them, and what they should say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from verify.errors import EvidenceError, InputError
from verify.kernel import json as kernel_json
from verify.kernel.check import judge
from verify.property import find
from verify.report.record_json import evidence_json, formula_json, judged_json, refuted_json, shown_json, stated_json
from verify.report.recorded import UNREADABLE, Record, Replayed, as_text, asked_about, read_network, read_region


def _family(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    """The family stands in its record."""
    from verify.kernel.families import FamilyClaim, SignRules, judge_family
    from verify.network.families import description
    from verify.report.family_json import family_json, family_shown_json, found_json, member_json
    from verify.report.family_lines import check_lines

    if any(given):
        raise InputError(f"{path}: a record about a family holds the family; --network and --to are not for it")
    try:
        family = description.from_json(data["family"])
        claim = FamilyClaim(family, find(as_text(data["property"])), read_region(data))
    except UNREADABLE as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
    evidence = kernel_json.read_family(data["evidence"])
    witness = kernel_json.read_witness(data["nontrivial"])
    judgement = judge_family(claim, evidence, witness)
    if isinstance(evidence, SignRules):
        check_lines(data["evidence"], judgement.steps, claim.region)
    expected = stated_json(
        judged_json(judgement),
        family_json(claim),
        found_json(claim, evidence, judgement.steps, witness),
        member_json(evidence, judgement),
        judgement.assumptions,
    )
    return Replayed(judgement, expected, lambda: family_shown_json(claim, evidence, judgement), (claim.region,))


def _formula(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    """The claim is the formula's text with what its names and its regions are."""
    from verify.formats.formulas import parse_formula
    from verify.formula.tree import FormulaMistake
    from verify.property.asked import asked_claim, asked_of, conditions_claim

    named = dict(zip(("f", "g"), given, strict=True))
    if not isinstance(data["names"], dict) or "f" not in data["names"]:
        raise EvidenceError("format", "the record does not say which network f is")
    bound = {name: read_network(item, path, named.get(name)) for name, item in data["names"].items()}
    try:
        places = tuple(read_region(item) for item in data["regions"])
        sizes = {name: (network.input_size, network.output_size) for name, network in bound.items()}
        formula = parse_formula(as_text(data["property"]), sizes, regions=places)
        if len(formula.regions) != len(places):
            raise ValueError(f"{len(places)} regions are written out of {len(formula.regions)}")
        claim = asked_claim(formula, bound)
        asked = asked_of(claim)
    except (*UNREADABLE, FormulaMistake) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
    evidence = kernel_json.from_json(data["evidence"], asked_about(claim))
    conditions = asked_about(conditions_claim(asked))
    witness = kernel_json.read_formula_witness(data["nontrivial"], conditions)
    judgement = judge(claim, evidence, witness)
    expected = stated_json(
        judged_json(judgement),
        formula_json(claim, asked, vacuous=judgement.vacuous),
        evidence_json(evidence, witness),
        refuted_json(claim, evidence, judgement, None),
        judgement.assumptions,
    )

    def shown() -> Record:
        return shown_json(claim, bound["f"], None, evidence, judgement)

    return Replayed(judgement, expected, shown, places)


def _counts(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    """There is no property: the counts are of one network on a region."""
    from verify.kernel.counts import counted_question, recount
    from verify.report.counts_record import counted_json

    if given[1] is not None:
        raise InputError(f"{path}: a record of counts is about one network; --to is not for it")
    network = read_network(data["network"], path, given[0])
    try:
        region = read_region(data)
        question = counted_question(network, region)
    except UNREADABLE as error:
        raise EvidenceError("format", f"the region cannot be read: {error!r:.200}") from error
    counts = kernel_json.read_counts(data["evidence"], question.network)
    shown = recount(network, region, counts)
    return Replayed(shown, counted_json(network, region, counts, shown), dict, (region,), network.inputs)


REPLAYS: dict[str, Callable[[Record, Path, tuple[str | None, str | None]], Replayed]] = {
    "family": _family,
    "formula": _formula,
    "counts": _counts,
}
