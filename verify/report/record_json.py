"""Records: what a claim, its verdict and its evidence are, as plain data. ``docs/evidence.md`` says every field.

The same functions write a record and say what a replay expects it to be (``verify.report.recheck``). A record holds
data; what a person reads is composed from it (``shown``) and is no part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from verify.errors import InputError
from verify.formats.expressions import parse_region
from verify.kernel import json as kernel_json
from verify.kernel.check import Judgement
from verify.kernel.evidence import Evidence, Falsehood, Off, Unsatisfiable, ValueGap
from verify.kernel.instances import Witness
from verify.network import InputPart, Network
from verify.network import network as networks
from verify.property import Claim, Property
from verify.property.base import Asked
from verify.property.trivial import lemmas
from verify.rational import exact_text
from verify.region import Region
from verify.region import region as regions
from verify.report.version import tool_version

if TYPE_CHECKING:
    from verify.kernel.families import FamilyJudgement

FORMAT = 2
# A network made in memory travels inside its record, up to this many weights.
INLINE_WEIGHTS = 200_000
# What ``--json`` shows at the top, too.
COPIES = ("engine", "tried", "reason", "seconds")


def judged_json(judgement: Judgement | FamilyJudgement) -> dict[str, Any]:
    """What the kernel returned: nothing else is checked."""
    return {"verdict": judgement.verdict.value, "assurance": "checked", "vacuous": judgement.vacuous}


def stated_json(
    answer: Mapping[str, Any],
    claim: Mapping[str, Any],
    evidence: Mapping[str, Any],
    refuted: Mapping[str, Any] | None,
    ledger: Sequence[str],
) -> dict[str, Any]:
    """What the record of a claim states, in its order, whatever the claim is about."""
    return {**answer, **claim, **evidence, "counterexample": refuted, "ledger": list(ledger)}


def property_json(property: Property, region: Region, inputs: Sequence[InputPart] = ()) -> dict[str, Any]:
    """What is claimed, and where; ``inputs`` are those that the region's text may name."""
    return {"property": property.name, **region_json(region, inputs)}


def canonical_text(region: Region) -> str:
    """What stands for a region that no expression describes: it says by its digest which one it is."""
    data = json.dumps(regions.to_json(region), sort_keys=True)
    return f"a region given in Python, sha256 {hashlib.sha256(data.encode()).hexdigest()[:16]}"


def region_text(region: Region, inputs: Sequence[InputPart] = ()) -> str:
    """The expression of a region, where it is one and means this region; else its canonical text."""
    if region.files:
        return region.text
    try:
        meant = parse_region(region.text, region.ambient, inputs=inputs)
    except InputError:
        return canonical_text(region)
    same = regions.to_json(meant) == regions.to_json(region)
    return region.text if same else canonical_text(region)


def network_json(network: Network) -> dict[str, Any]:
    """Which network: by the digest of its file, or with all its numbers where it has none and is not too large."""
    inline = network.source is None and network.weight_count <= INLINE_WEIGHTS
    data: dict[str, Any] = {
        "name": network.name,
        "source": network.source,
        "sha256": network.canonical_digest if inline else network.digest,
        "files": dict(network.files),
        "output": network.output,
        "inputs": network.input_size,
        "outputs": network.output_size,
        "relu": network.relu_count,
    }
    return data | ({"inline": networks.to_json(network)} if inline else {})


def claim_json(
    claim: Claim, network: Network, second: Network | None, outputs: tuple[int, ...] | None, *, vacuous: bool
) -> dict[str, Any]:
    """The claim: ``network`` and ``second`` are whole, of which ``outputs`` are chosen."""
    if claim.property.asked is not None:
        return formula_json(claim, claim.property.asked, vacuous=vacuous)
    return {
        "kind": "claim",
        **property_json(claim.property, claim.region, network.inputs),
        "network": network_json(network),
        "second": network_json(second) if second is not None else None,
        "outputs": list(outputs) if outputs is not None else None,
        "lemmas": lemmas(claim, vacuous=vacuous),
    }


def formula_json(claim: Claim, asked: Asked, *, vacuous: bool) -> dict[str, Any]:
    """The claim that a formula holds: what its names are bound to, and its regions in order."""
    from verify.formula.tree import Membership, walk

    members = {node.index: node for node in walk(*asked.formula.statements()) if isinstance(node, Membership)}
    places = [replace(region, text=members[i].text) for i, region in enumerate(asked.formula.regions)]
    return {
        "kind": "formula",
        "property": asked.formula.text,
        "names": {name: network_json(network) for name, network in asked.networks.items()},
        "regions": [region_json(region) for region in places],
        "lemmas": lemmas(claim, vacuous=vacuous),
    }


def region_json(region: Region, inputs: Sequence[InputPart] = ()) -> dict[str, Any]:
    """Where something is claimed."""
    return {
        "region": region_text(region, inputs),
        "region_data": regions.to_json(region),
        "region_files": dict(region.files),
    }


def refuted_json(
    claim: Claim, evidence: Evidence | None, judgement: Judgement | None, outputs: Sequence[int] | None
) -> dict[str, Any] | None:
    """The counterexample of a record, to a claim about a property or to a formula."""
    if isinstance(evidence, Falsehood) and judgement is not None and claim.property.asked is not None:
        from verify.report.falsehood import falsehood_json

        return falsehood_json(claim.property.asked, evidence)
    return counterexample_json(evidence, judgement, outputs)


def counterexample_json(
    evidence: Evidence | None, judgement: Judgement | None, outputs: Sequence[int] | None
) -> dict[str, Any] | None:
    """The counterexample of a record: the terms of the instance at one output, numbered as the network's own."""
    if not isinstance(evidence, ValueGap) or judgement is None or judgement.gap is None:
        return None
    return {
        "output": outputs[evidence.output] if outputs else evidence.output,
        "points": [
            {
                "factor": exact_text(value.factor),
                "network": "second" if value.second else "first",
                "point": value.point.strings(),
                "value": exact_text(value.value),
            }
            for value in judgement.values
        ],
        "gap": exact_text(judgement.gap),
    }


def shown_json(
    claim: Claim, network: Network, outputs: tuple[int, ...] | None, evidence: Evidence | None, judged: Judgement | None
) -> dict[str, Any]:
    """The prose about a claim: its formula, and the counterexample as a sentence."""
    sentence = None
    if isinstance(evidence, Falsehood | Off | ValueGap):
        from verify.report.sentence import refutation_sentence

        sentence = refutation_sentence(claim, evidence, judged, outputs, network.output_size)
    return {"formula": claim.property.formula, "sentence": sentence}


def evidence_json(evidence: Evidence | None, witness: Witness | Unsatisfiable | None) -> dict[str, Any]:
    """The evidence, and what a proof is about."""
    return {
        "evidence": kernel_json.to_json(evidence) if evidence is not None else None,
        "nontrivial": witness_json(witness),
    }


def witness_json(witness: Witness | Unsatisfiable | None) -> dict[str, Any] | None:
    """What a proof is about; None for what is no proof."""
    return kernel_json.witness_to_json(witness) if witness is not None else None


def printed(record: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What ``--json`` prints: the record, the prose about it, and what it says unchecked once more at the top.

    ``recheck`` reads it as well: it compares what is there in addition.
    """
    copies = {key: record["unchecked"].get(key) for key in COPIES}
    refuted = record["counterexample"]
    with_sentence = None if refuted is None else {**refuted, "sentence": shown["sentence"]}
    return {**record, "counterexample": with_sentence, **shown, **copies}


def unchecked_json(engine: str, tried: tuple[str, ...], reason: str, seconds: float, solver: str) -> dict[str, Any]:
    """What nobody can replay."""
    return {
        "version": tool_version(),
        "engine": engine,
        "tried": list(tried),
        "reason": reason,
        "seconds": round(seconds, 6),
        "solver": solver,
    }
