"""What the record of a claim about a family says; the parts that all records share are in ``record_json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from verify.kernel.evidence import Unsatisfiable
from verify.kernel.facts.induction import Step
from verify.kernel.families import FamilyClaim, FamilyEvidence, FamilyJudgement, Member
from verify.kernel.instances import Witness
from verify.network.families import description
from verify.report.family_lines import evidence_json, lines_of
from verify.report.record_json import counterexample_json, property_json, region_text, witness_json


def family_json(claim: FamilyClaim) -> dict[str, Any]:
    """The claim: the family stands in its record as a whole."""
    return {
        "kind": "family",
        **property_json(claim.property, claim.region),
        "family": description.to_json(claim.family),
        "sha256": claim.family.digest,
    }


def named(claim: FamilyClaim) -> FamilyClaim:
    """The claim with its region under the text that records have."""
    return replace(claim, region=replace(claim.region, text=region_text(claim.region)))


def found_json(
    claim: FamilyClaim, evidence: FamilyEvidence | None, steps: Sequence[Step], witness: Witness | Unsatisfiable | None
) -> dict[str, Any]:
    """The evidence, and what a proof is about."""
    return {
        "evidence": None if evidence is None else evidence_json(evidence, steps, claim.region),
        "nontrivial": witness_json(witness),
    }


def member_json(evidence: FamilyEvidence | None, judgement: FamilyJudgement | None) -> dict[str, Any] | None:
    """The counterexample of the member that refutes the claim, and its weights that are not as near 0 as can be."""
    if not isinstance(evidence, Member) or judgement is None:
        return None
    from verify.network.families.members import to_json as weights_json

    shown = counterexample_json(evidence.gap, judgement.member, None)
    return None if shown is None else {**shown, "weights": weights_json(evidence.weights)}


def family_shown_json(
    claim: FamilyClaim, evidence: FamilyEvidence | None, judgement: FamilyJudgement | None
) -> dict[str, Any]:
    """The prose about a claim that was judged; nothing for another one."""
    if judgement is None:
        return {}
    from verify.report.family_words import sentence_of, statement_of

    return {
        "formula": claim.property.formula,
        "statement": statement_of(named(claim)),
        "sentence": sentence_of(claim, evidence, judgement),
        "lines": [str(line) for line in lines_of(judgement.steps, claim.region)],
    }
