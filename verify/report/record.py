"""The record of one checked claim: plain data for ``--json``, for reports and for ``recheck``."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.kernel import evidence as evidence_kinds
from verify.kernel.check import Verdict
from verify.network import Network
from verify.network import network as networks
from verify.property import Claim, Vacuous
from verify.property.base import Asked
from verify.region import region as regions
from verify.report.sentence import counterexample_json
from verify.report.version import tool_version
from verify.search.outcome import Outcome

FORMAT = 1
# A network made in memory travels inside its record, up to this many weights.
INLINE_WEIGHTS = 200_000


@dataclass(frozen=True, eq=False)
class Result:
    """A claim and its outcome, with what is needed to state it again."""

    claim: Claim
    outcome: Outcome
    network: Network
    second: Network | None = None
    outputs: tuple[int, ...] | None = None

    @property
    def verdict(self) -> Verdict:
        """PROVED, REFUTED or UNKNOWN."""
        return self.outcome.judgement.verdict

    @property
    def assurance(self) -> str | None:
        """``checked`` (the kernel replayed the evidence), ``attested`` (a solver's word) or None."""
        return self.outcome.assurance

    @property
    def vacuous(self) -> bool:
        """Whether a proved claim has nothing (or only trivial instances) to quantify over."""
        return self.outcome.judgement.vacuous

    @property
    def counterexample(self) -> str | None:
        """The refutation as one line of arithmetic."""
        shown = self._counterexample_json()
        return None if shown is None else str(shown["sentence"])

    def __repr__(self) -> str:
        claim = self.claim
        if claim.property.asked is not None:
            return f"<{self.verdict.name}: {claim.property.formula}>"
        return f"<{self.verdict.name}: {self.network.name} {claim.property.name} on {claim.region.text}>"

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints and ``recheck`` reads."""
        claim, outcome = self.claim, self.outcome
        questions = claim.questions()
        asked = {} if claim.property.asked is None else _asked_json(claim.property.asked)
        return {
            "format": FORMAT,
            "version": tool_version(),
            "verdict": self.verdict.value,
            "assurance": self.assurance,
            "vacuous": self.vacuous,
            "property": claim.property.name,
            "formula": claim.property.formula,
            "region": claim.region.text,
            "region_data": None if asked else regions.to_json(claim.region),
            "network": _network_json(self.network),
            "second": _network_json(self.second) if self.second is not None else None,
            "outputs": list(self.outputs) if self.outputs is not None else None,
            "engine": outcome.engine,
            "tried": list(outcome.tried),
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 6),
            "lemmas": [questions.reason] if isinstance(questions, Vacuous) else [q.lemma for q in questions],
            "evidence": evidence_kinds.to_json(outcome.evidence) if outcome.evidence is not None else None,
            "counterexample": self._counterexample_json(),
            "ledger": list(outcome.judgement.assumptions),
            **asked,
        }

    def _counterexample_json(self) -> dict[str, Any] | None:
        outcome, size = self.outcome, self.network.output_size
        return counterexample_json(self.claim, outcome.evidence, outcome.judgement, self.outputs, size)


def _asked_json(asked: Asked) -> dict[str, Any]:
    """What a formula's names stand for, and its regions in order: with its text, all of the claim."""
    return {
        "names": {name: _network_json(network) for name, network in asked.networks.items()},
        "regions": [regions.to_json(region) for region in asked.formula.regions],
    }


def _network_json(network: Network) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": network.name,
        "sha256": network.digest,
        "source": network.source,
        "inputs": network.input_size,
        "outputs": network.output_size,
        "relu": network.relu_count,
    }
    if network.source is None and network.weight_count <= INLINE_WEIGHTS:
        data["inline"] = networks.to_json(network)
    return data


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a temporary file beside it is renamed over it."""
    _write(path, text.encode())


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """``write_text`` for bytes."""
    _write(path, data)


def write_json(path: Path, result: Result) -> None:
    """Write the record as JSON."""
    write_text(path, json.dumps(result.to_json(), indent=1) + "\n")
