"""The evidence cache: what was found before, replayed by the kernel before anyone sees it.

An entry is a record, under a digest of the claim (network, second network, property, region, outputs), the format of
records and the version of this package. It is not trusted: ``recalled`` reads evidence and witness from it and asks the
kernel; what the kernel does not accept is reported, ignored, and replaced by what the engines find. Entries are written
whole or not at all, so that several runs can share a folder.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.errors import EvidenceError, TooLarge, VerifyError
from verify.kernel import json as kernel_json
from verify.kernel.check import Verdict, judge
from verify.kernel.evidence import Unsatisfiable
from verify.kernel.instances import Witness
from verify.network import Network
from verify.property import Claim
from verify.property.asked import conditions_claim
from verify.region import region as regions
from verify.report.record import Result, write_text
from verify.report.record_json import FORMAT
from verify.report.recorded import asked_about
from verify.report.version import tool_version
from verify.search.outcome import Outcome

MAX_BYTES = 1 << 28
FOLDER = ".verify-cache"


@dataclass(frozen=True)
class Recalled:
    """An outcome whose evidence was replayed just now; or a complaint about an entry that is no good; or neither."""

    outcome: Outcome | None = None
    complaint: str = ""


def key_of(claim: Claim, network: Network, second: Network | None, outputs: tuple[int, ...] | None) -> str:
    """The digest that an entry is filed under; the networks are whole, of which ``outputs`` are chosen."""
    asked = claim.property.asked
    if asked is not None:
        parts: list[Any] = [
            asked.formula.text,
            {name: _digests(bound) for name, bound in asked.networks.items()},
            [regions.to_json(region) | {"text": ""} for region in asked.formula.regions],
        ]
    else:
        parts = [
            _digests(network),
            _digests(second) if second is not None else None,
            claim.property.name,
            regions.to_json(claim.region) | {"text": ""},
            list(outputs) if outputs is not None else None,
        ]
    parts = [FORMAT, tool_version(), *parts]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _digests(network: Network) -> list[Any]:
    return [network.digest, network.output, sorted(network.files)]


def path_of(folder: Path, key: str) -> Path:
    """Entries are spread over folders, as there may be very many."""
    return folder / key[:2] / f"{key}.json"


def recalled(folder: Path, key: str, claim: Claim) -> Recalled:
    """What the cache holds for the claim, replayed by the kernel."""
    path = path_of(folder, key)
    try:
        if path.stat().st_size > MAX_BYTES:
            return Recalled(complaint="an entry of the cache is too large; it is replaced")
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Recalled()
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return Recalled(complaint=f"an entry of the cache cannot be read ({type(error).__name__}); it is replaced")
    try:
        return Recalled(replayed(data, claim))
    except (VerifyError, TooLarge, KeyError, TypeError, ValueError, AttributeError) as error:
        said = str(error) if isinstance(error, EvidenceError) else type(error).__name__
        return Recalled(complaint=f"an entry of the cache is not accepted ({said[:200]}); it is replaced")


def replayed(data: dict[str, Any], claim: Claim) -> Outcome:
    """The outcome that the evidence of a record shows of the claim; whatever is wrong with it raises."""
    started = time.perf_counter()
    evidence = kernel_json.from_json(data["evidence"], asked_about(claim))
    witness = _witness(data["nontrivial"], claim)
    judgement = judge(claim, evidence, witness)
    took = time.perf_counter() - started
    used = None if judgement.verdict is Verdict.REFUTED else witness
    unchecked = data["unchecked"]
    engine, tried = str(unchecked["engine"])[:40], tuple(str(name)[:40] for name in unchecked["tried"])
    return Outcome(judgement, evidence, engine, tried, took, witness=used, checking=took)


def _witness(data: Any, claim: Claim) -> Witness | Unsatisfiable | None:
    asked = claim.property.asked
    if asked is None:
        return kernel_json.read_witness(data)
    return kernel_json.read_formula_witness(data, asked_about(conditions_claim(asked)))


def remember(folder: Path, key: str, result: Result) -> None:
    """File a result, if the kernel has replayed its evidence."""
    if result.assurance == "checked" and result.outcome.evidence is not None:
        if not (folder / ".gitignore").exists():
            write_text(folder / ".gitignore", "*\n")
        write_text(path_of(folder, key), json.dumps(result.record()) + "\n")
