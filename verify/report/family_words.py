"""Claims about families in words: statement, answer, the member that refutes; ``recheck`` reads this too."""

from __future__ import annotations

from fractions import Fraction

from verify.digits import display
from verify.kernel.families import FamilyClaim, FamilyEvidence, FamilyJudgement, Member
from verify.network.families import Family, Weights
from verify.property.trivial import why_vacuous
from verify.rational import counted
from verify.report.places import place_of
from verify.report.sentence import refutation_sentence

SHOWN_WEIGHTS = 12


def statement_of(claim: FamilyClaim) -> str:
    """The claim as a statement."""
    return f"every network of {claim.family.name} is {claim.property.name} {place_of(claim.region.text)}"


def sentence_of(claim: FamilyClaim, evidence: FamilyEvidence | None, judgement: FamilyJudgement) -> str:
    """What evidence that the kernel accepted shows, in one sentence."""
    shown = member_sentence(claim, evidence, judgement)
    if shown is not None:
        return shown
    if judgement.vacuous:
        return f"vacuous: {why_vacuous(claim.of_zero)}"
    return f"by induction over {counted(len(claim.family.layers), 'layer')}, for all weights of these signs"


def member_sentence(
    claim: FamilyClaim, evidence: FamilyEvidence | None, judgement: FamilyJudgement | None
) -> str | None:
    """``with dense1.weight[0, 0] = 1, all else 0: f(0) = 0, but ...``."""
    if not isinstance(evidence, Member) or judgement is None or judgement.member is None:
        return None
    member = claim.claim(evidence.weights)
    shown = refutation_sentence(member, evidence.gap, judgement.member, None, claim.family.output_size)
    return f"with {weights_text(claim.family, evidence.weights)}: {shown}"


def weights_text(family: Family, weights: Weights) -> str:
    """The weights of a member: those that are listed, and what the others are."""
    known = family.parameters
    texts = [
        f"{layer}.{key}[{', '.join(map(str, _indices(place, known[layer, key].shape)))}] = {display(value)}"
        for layer, key in known
        for place, value in sorted(weights.get((layer, key), {}).items())
        if value != Fraction(0)
    ]
    more = f" and {len(texts) - SHOWN_WEIGHTS} more" if len(texts) > SHOWN_WEIGHTS else ""
    rest = "all other weights 0 (or as near to 0 as they may be)"
    return f"{', '.join(texts[:SHOWN_WEIGHTS])}{more}, {rest}" if texts else rest


def _indices(place: int, shape: tuple[int, ...]) -> list[int]:
    found = []
    for size in reversed(shape):
        place, index = divmod(place, size)
        found.append(index)
    return found[::-1]
