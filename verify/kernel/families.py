"""Claims about families of networks: what they say, and what shows or refutes them.

    SignRules   induction over the layers with the rules of ``sign_rules``      -> PROVED for every member
    Member      one member's weights, and a counterexample to that member       -> REFUTED
    Nothing     the property quantifies over nothing on the region              -> PROVED, vacuous

The kernel derives the steps of the induction itself.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

from verify.errors import EvidenceError, NetworkError, RegionError
from verify.kernel.check import Judgement, Verdict, judge
from verify.kernel.evidence import Nothing, ValueGap
from verify.kernel.facts.induction import Step, induction
from verify.kernel.facts.values import AFFINE, LINEAR, Facts, facts
from verify.kernel.instances import Witness, is_vacuous
from verify.network import Network
from verify.network.families import Family
from verify.network.network import Block
from verify.property import Claim, Property
from verify.rational import counted, zeros
from verify.region import Region

if TYPE_CHECKING:
    from verify.network.families import Weights


@dataclass(frozen=True, eq=False)
class FamilyClaim:
    """Every member of ``family`` has ``property`` on ``region``."""

    family: Family
    property: Property
    region: Region

    def __post_init__(self) -> None:
        if self.property.needs_second:
            raise NetworkError(f"{self.property.name!r} compares two networks; it is no claim about a family")
        if self.property.key == "no dead units":
            raise NetworkError(
                f"{self.property.name!r} is about the units of one network; it is no claim about a family"
            )
        if self.region.ambient != self.family.input_size:
            raise RegionError(
                f"region {self.region.text or ''!r} has {counted(self.region.ambient, 'dimension')},"
                f" but {self.family.name} has {counted(self.family.input_size, 'input')}"
            )

    def claim(self, weights: Weights, network: Network | None = None) -> Claim:
        """The claim about one member."""
        from verify.network.families.members import member

        return Claim(network or member(self.family, weights), self.property, self.region)

    @cached_property
    def of_zero(self) -> Claim:
        """The claim about the function 0: its instances are those of the claim about any member."""
        size = self.family.input_size
        nought = Network("zero", (size,), (1,), (Block("output", (1,), (), zeros(1), relu=False),))
        return Claim(nought, self.property, self.region)


@dataclass(frozen=True)
class SignRules:
    """The claim follows by induction over the layers."""


@dataclass(frozen=True, eq=False)
class Member:
    """Weights of one member (those that are not as near to zero as can be), and a counterexample to it."""

    weights: Weights
    gap: ValueGap


FamilyEvidence: TypeAlias = SignRules | Member | Nothing


def on_the_region(known: Facts, region: Region) -> Facts:
    """What the region adds to the facts of an output v.

    Where 0 lies in P, an affine v with v(0) = 0 is linear. Where 0 is not even in the affine hull of P, every affine
    function on the hull is the restriction of a linear one.
    """
    if not known.has(AFFINE):
        return known
    if not region.origin_in_hull or (region.contains_origin and known.at_zero.is_zero):
        return facts(known.values, known.at_zero, {*known.holds, LINEAR})
    return known


def follows(property: Property, known: Facts) -> bool:
    """Whether the facts of an output imply the property.

    Positively homogeneous and odd: f(t x) = -f(-t x) = t f(x) for t < 0; x and t x in the convex P put 0, and both s x
    and -s x for s = min(1, |t|), into P, which is what oddness needs. Positively homogeneous and convex: where x, y and
    x + y are in P, so is (x + y)/2, and f(x + y) = 2 f((x + y)/2) <= f(x) + f(y); concave: >=. The others are the
    facts' definitions.
    """
    return any(known.has(*names) for names in property.implied_by)


def derived(claim: FamilyClaim) -> tuple[tuple[Step, ...], bool]:
    """The steps of the induction, and whether the property follows from the last one."""
    steps, outputs = induction(claim.family, claim.region)
    return steps, all(follows(claim.property, on_the_region(v, claim.region)) for v in outputs)


_SEAL: Final = object()


@dataclass(frozen=True)
class FamilyJudgement:
    """What the kernel found: for a refutation also the judgement of the member's claim.

    Only ``judge_family`` makes one, as ``judge`` makes judgements.
    """

    verdict: Verdict
    vacuous: bool
    steps: tuple[Step, ...]
    member: Judgement | None
    network: Network | None
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only the kernel makes judgements; call judge_family")

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the verdict rests on beside exact arithmetic."""
        return self.member.assumptions if self.member is not None else ()


def judge_family(claim: FamilyClaim, evidence: FamilyEvidence, witness: Witness | None = None) -> FamilyJudgement:
    """Replay the evidence; ``EvidenceError`` names the rule that rejects it. A proof needs a witness."""
    if isinstance(evidence, Member):
        if witness is not None:
            raise EvidenceError(
                "instances", "a refutation is an instance itself; what stands beside it is not looked at"
            )
        return _check_member(claim, evidence)
    if not isinstance(evidence, SignRules | Nothing):
        raise EvidenceError("kind", f"no rule for evidence of type {type(evidence).__name__}")
    vacuous = is_vacuous(claim.of_zero, witness)
    if isinstance(evidence, SignRules):
        steps, holds = derived(claim)
        if not holds:
            raise EvidenceError("sign rules", f"{claim.property.name!r} does not follow for {claim.family.name}")
        return FamilyJudgement(Verdict.PROVED, vacuous, steps, None, None, _SEAL)
    if not vacuous:
        raise EvidenceError("nothing to quantify over", "the claim has instances to check")
    return FamilyJudgement(Verdict.PROVED, True, (), None, None, _SEAL)


def _check_member(claim: FamilyClaim, evidence: Member) -> FamilyJudgement:
    """The weights lie in their ranges, and the counterexample refutes the claim about that member."""
    from verify.network.families.members import member

    try:
        network = member(claim.family, evidence.weights)
    except NetworkError as error:
        raise EvidenceError("member", str(error)) from error
    judgement = judge(claim.claim(evidence.weights, network), evidence.gap)
    if judgement.verdict is not Verdict.REFUTED:
        raise EvidenceError("member", "the evidence about the member does not refute its claim")
    return FamilyJudgement(Verdict.REFUTED, False, (), judgement, network, _SEAL)
