"""The record of a claim about a family: plain data for ``--json``, for pages and for ``recheck``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.kernel.families import FamilyClaim
from verify.network import Network
from verify.region import region as regions
from verify.report.family_json import family_json, family_shown_json, found_json, member_json
from verify.report.family_lines import lines_of
from verify.report.family_words import member_sentence, sentence_of, statement_of
from verify.report.folder import ReportFolder
from verify.report.names import readable_name
from verify.report.record import BaseResult, write_json
from verify.report.record_json import printed, stated_json

if TYPE_CHECKING:
    from verify.search.families.decide import FamilyOutcome


@dataclass(frozen=True, eq=False)
class FamilyResult(BaseResult):
    """A claim about all networks of a family, and its outcome."""

    claim: FamilyClaim
    outcome: FamilyOutcome

    @property
    def evidence(self) -> dict[str, Any] | None:
        """The evidence as plain data; None where there is none."""
        data: dict[str, Any] | None = self.record()["evidence"]
        return data

    @property
    def lines(self) -> tuple[str, ...]:
        """The derivation, one line of text for each layer; of an undecided claim, what is known."""
        return tuple(map(str, lines_of(self.outcome.steps, self.claim.region)))

    @property
    def member(self) -> Network | None:
        """The member that refutes the claim."""
        return self.outcome.judgement.network if self.outcome.judgement is not None else None

    @property
    def counterexample(self) -> str | None:
        """The member and its counterexample, in one line."""
        return member_sentence(self.claim, self.outcome.evidence, self.outcome.judgement)

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        if self.outcome.attested:
            return f"attested by {self.outcome.attested} for networks of this size; no evidence to replay"
        if self.outcome.judgement is None:
            return f"not decided: {self.outcome.reason}"
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

    def _stated(self, answer: dict[str, Any], ledger: tuple[str, ...]) -> dict[str, Any]:
        outcome = self.outcome
        return stated_json(
            answer,
            family_json(self.claim),
            found_json(self.claim, outcome.evidence, outcome.steps, outcome.witness),
            member_json(outcome.evidence, outcome.judgement),
            ledger,
        )

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints: the record and the prose about it. ``recheck`` reads it too."""
        shown = family_shown_json(self.claim, self.outcome.evidence, self.outcome.judgement)
        told = {"statement": self.statement, "sentence": self.sentence, "lines": list(self.lines)}
        return printed(self.record(), shown or {"formula": self.claim.property.formula, **told})


def write_family(folder: ReportFolder, result: FamilyResult) -> Path:
    """Write the record; returns its path."""
    path = folder.record(result.stem)
    write_json(path, result)
    return path
