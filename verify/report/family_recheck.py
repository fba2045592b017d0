"""Replaying the record of a claim about a family; no search code is loaded."""

from __future__ import annotations

from typing import Any

from verify.errors import EvidenceError, InputError
from verify.kernel.families import FamilyClaim, FamilyJudgement, SignRules, judge_family
from verify.kernel.family_evidence import from_json as read_evidence
from verify.network.families import description
from verify.property import find
from verify.region import region as regions
from verify.report.family_words import member_counterexample, sentence_of, statement_of


def is_family_record(data: dict[str, Any]) -> bool:
    """Whether a record is about a family."""
    return data.get("kind") == "family"


def replay(data: dict[str, Any]) -> tuple[FamilyClaim, FamilyJudgement]:
    """The claim, and the kernel's judgement of its evidence.

    ``EvidenceError`` where the evidence does not show what the record says.
    """
    claim = _claim(data)
    evidence = read_evidence(data.get("evidence"))
    judgement = judge_family(claim, evidence)
    if judgement.verdict.value != data.get("verdict"):
        raise EvidenceError("verdict", f"the record says {data.get('verdict')!r:.40}, its evidence shows otherwise")
    if judgement.vacuous is not data.get("vacuous"):
        raise EvidenceError("vacuous", "the record and its evidence differ on whether the claim is vacuous")
    expected = {
        "assurance": "checked",
        "statement": statement_of(claim),
        "sentence": sentence_of(claim, evidence, judgement),
        "formula": claim.property.formula,
        "region": claim.region.text,
        "sha256": claim.family.digest,
        "counterexample": member_counterexample(claim, evidence, judgement.member),
        "ledger": list(judgement.member.assumptions) if judgement.member is not None else [],
    }
    if isinstance(evidence, SignRules):
        expected["lines"] = [str(line) for line in judgement.lines]
    for name, value in expected.items():
        if data.get(name) != value:
            raise EvidenceError(name, f"the record's {name} is not what its evidence shows")
    return claim, judgement


def _claim(data: dict[str, Any]) -> FamilyClaim:
    try:
        family = description.from_json(data["family"])
        region = regions.from_json(data["region_data"])
        return FamilyClaim(family, find(str(data["property"])), region)
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
