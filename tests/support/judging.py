"""Judging evidence with the witness that the search finds: what tests about evidence alone need."""

from __future__ import annotations

from verify.errors import RegionError
from verify.kernel.check import Judgement, judge
from verify.kernel.evidence import Evidence, Unsafe, ValueGap
from verify.kernel.families import FamilyClaim, FamilyEvidence, FamilyJudgement, Member, judge_family
from verify.kernel.instances import Witness
from verify.property import Claim
from verify.search.budget import Budget
from verify.search.refuting.nontrivial import witness_of


def judged(claim: Claim, evidence: Evidence) -> Judgement:
    """``judge``, where a proof gets its witness (none on an empty region)."""
    return judge(claim, evidence, None if isinstance(evidence, (ValueGap, Unsafe)) else found(claim))


def judged_family(claim: FamilyClaim, evidence: FamilyEvidence) -> FamilyJudgement:
    """``judge_family``, where a proof gets its witness."""
    return judge_family(claim, evidence, None if isinstance(evidence, Member) else found(claim.of_zero))


def found(claim: Claim) -> Witness | None:
    """The witness; None where the region is empty."""
    try:
        return witness_of(claim, Budget())
    except RegionError:
        return None
