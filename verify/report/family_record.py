"""The record of a claim about a family: plain data for ``--json``, for pages and for ``recheck``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.kernel.check import Verdict
from verify.kernel.families import FamilyClaim
from verify.kernel.family_evidence import to_json as evidence_json
from verify.network import Network
from verify.network.families import description
from verify.region import region as regions
from verify.report.family_words import member_counterexample, refutation_sentence, sentence_of, statement_of
from verify.report.names import readable_name
from verify.report.record import write_text
from verify.report.version import tool_version

if TYPE_CHECKING:
    from verify.search.families import FamilyOutcome

FORMAT = 1


@dataclass(frozen=True, eq=False)
class FamilyResult:
    """A claim about all networks of a family, and its outcome."""

    claim: FamilyClaim
    outcome: FamilyOutcome

    @property
    def verdict(self) -> Verdict:
        """PROVED for every member, REFUTED by one of them, or UNKNOWN."""
        return self.outcome.judgement.verdict

    @property
    def assurance(self) -> str | None:
        """``checked`` (the kernel replayed the evidence), ``attested`` (a solver's word for this size) or None."""
        if self.verdict is Verdict.UNKNOWN:
            return None
        return "attested" if self.outcome.attested else "checked"

    @property
    def vacuous(self) -> bool:
        """Whether a proved claim has nothing to quantify over."""
        return self.outcome.judgement.vacuous

    @property
    def evidence(self) -> dict[str, Any] | None:
        """The evidence as plain data; None where there is none."""
        return None if self.outcome.evidence is None else evidence_json(self.outcome.evidence)

    @property
    def lines(self) -> tuple[str, ...]:
        """The derivation, one line of text for each layer; of an undecided claim, what is known."""
        return tuple(str(line) for line in self.outcome.lines)

    @property
    def member(self) -> Network | None:
        """The member that refutes the claim."""
        return self.outcome.judgement.network

    @property
    def counterexample(self) -> str | None:
        """The member and its counterexample, in one line."""
        return refutation_sentence(self.claim, self.outcome.evidence, self.outcome.judgement.member)

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if self.verdict is Verdict.UNKNOWN:
            return f"not decided: {self.outcome.reason}"
        if self.outcome.attested:
            return f"attested by {self.outcome.attested} for networks of this size; no evidence to replay"
        return sentence_of(self.claim, self.outcome.evidence, self.outcome.judgement)

    @property
    def statement(self) -> str:
        """The claim: ``every network of conv_nets is affine for nonnegative inputs``."""
        return statement_of(self.claim)

    @property
    def stem(self) -> str:
        """A file name for the claim, different for different claims."""
        claim = self.claim
        parts = (claim.family.name, claim.property.name, claim.region.text)
        identity = [claim.family.digest, claim.property.name, regions.to_json(claim.region)]
        return readable_name("-".join(parts), json.dumps(identity))

    def __repr__(self) -> str:
        return f"<{self.verdict.name}: {self.statement}>"

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints and ``recheck`` reads."""
        claim, outcome = self.claim, self.outcome
        return {
            "format": FORMAT,
            "version": tool_version(),
            "kind": "family",
            "verdict": self.verdict.value,
            "assurance": self.assurance,
            "vacuous": self.vacuous,
            "statement": self.statement,
            "sentence": self.sentence,
            "property": claim.property.name,
            "formula": claim.property.formula,
            "region": claim.region.text,
            "region_data": regions.to_json(claim.region),
            "family": description.to_json(claim.family),
            "sha256": claim.family.digest,
            "engine": outcome.engine,
            "tried": list(outcome.tried),
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 6),
            "evidence": self.evidence,
            "counterexample": member_counterexample(claim, outcome.evidence, outcome.judgement.member),
            "lines": list(self.lines),
            "ledger": list(outcome.judgement.member.assumptions) if outcome.judgement.member else [],
        }


def write_family(folder: Path, result: FamilyResult, *, stem: str = "") -> Path:
    """Write the record; returns its path."""
    path = folder / f"{stem or result.stem}.json"
    write_text(path, json.dumps(result.to_json(), indent=1) + "\n")
    return path
