"""Replaying a record: the claim is read back, the kernel judges the evidence again. No search code is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verify.errors import EvidenceError, InputError, NetworkError
from verify.formats.expressions import parse_region
from verify.formats.files import load
from verify.formats.formulas import parse_formula
from verify.formula.tree import Formula, FormulaMistake, Member, walk
from verify.kernel import evidence as evidence_kinds
from verify.kernel.check import Judgement, judge
from verify.kernel.evidence import Evidence
from verify.network import Network
from verify.network import network as networks
from verify.property import Claim, Vacuous, find
from verify.property.asked import NAME as ASKED
from verify.property.asked import asked_claim
from verify.region import Region
from verify.region import region as regions
from verify.report import family_recheck
from verify.report.sentence import counterexample_json

MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Recheck:
    """What replaying gave: the judgement, or why there is nothing to replay."""

    verdict: str
    judgement: Judgement | None
    reason: str = ""


def recheck(path: Path, network_path: str | None = None, second_path: str | None = None) -> Recheck:
    """Replay the record at ``path``; raises ``EvidenceError`` when the kernel rejects it."""
    data = _read(path)
    verdict = data.get("verdict")
    if verdict not in ("proved", "refuted", "unknown"):
        raise EvidenceError("format", f"verdict {verdict!r:.60}; expected proved, refuted or unknown")
    if verdict == "unknown" or data.get("evidence") is None:
        word = (
            "the verdict is unknown"
            if verdict == "unknown"
            else "the verdict is attested by a solver, without evidence"
        )
        return Recheck(verdict, None, f"nothing to replay: {word}")
    if family_recheck.is_family_record(data):
        return Recheck(verdict, _family_judgement(data))
    claim = _claim(data, path, network_path, second_path)
    questions = claim.questions()
    sizes = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    evidence = evidence_kinds.from_json(data["evidence"], sizes)
    judgement = judge(claim, evidence)
    if judgement.verdict.value != verdict:
        raise EvidenceError("verdict", f"the record says {verdict}, its evidence shows {judgement.verdict.value}")
    if judgement.vacuous != data.get("vacuous"):
        raise EvidenceError("vacuous", "the record and its evidence differ on whether the claim is vacuous")
    _check_words(data, claim, evidence, judgement)
    if claim.property.asked is not None:
        _check_region_texts(claim.property.asked.formula)
    return Recheck(verdict, judgement)


def _family_judgement(data: dict[str, Any]) -> Judgement:
    claim, judgement = family_recheck.replay(data)
    if claim.region.text:
        _check_region_text(claim.region)
    return judgement.member or Judgement(judgement.verdict, vacuous=judgement.vacuous)


def _check_words(data: dict[str, Any], claim: Claim, evidence: Evidence, judgement: Judgement) -> None:
    """What the record tells a reader is what its evidence shows: counterexample, formula, region, assumptions."""
    try:
        size = int(data["network"]["outputs"])
        shown = counterexample_json(claim, evidence, judgement, data["outputs"], size)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise EvidenceError("format", f"the record cannot be read: {error!r:.200}") from error
    expected = {
        "counterexample": shown,
        "formula": claim.property.formula,
        "region": claim.region.text,
        "ledger": list(judgement.assumptions),
    }
    for name, value in expected.items():
        if data.get(name) != value:
            raise EvidenceError(name, f"the record's {name} is not what its evidence shows")
    if claim.region.text:
        _check_region_text(claim.region)


def _check_region_text(region: Region) -> None:
    """The region's expression means the region that was proved about, where it can still be read."""
    try:
        meant = parse_region(region.text, region.ambient)
    except InputError:
        return  # a file that has moved, or a region named in Python
    if regions.to_json(meant) != regions.to_json(region):
        raise EvidenceError("region", f"{region.text!r:.100} does not mean the region of this record")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES} bytes")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON record: {error!s:.120}") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a record of a claim")
    return data


def _claim(data: dict[str, Any], path: Path, network_path: str | None, second_path: str | None) -> Claim:
    if data.get("property") == ASKED:
        return _asked_claim(data, path, network_path, second_path)
    try:
        network = _network(data["network"], path, network_path)
        second = _network(data["second"], path, second_path) if data["second"] is not None else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
    try:
        if data["outputs"] is not None:
            outputs = tuple(int(o) for o in data["outputs"])
            network = network.select_outputs(outputs)
            second = second.select_outputs(outputs) if second is not None else None
        region = regions.from_json(data["region_data"])
        return Claim(network, find(str(data["property"])), region, second)
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error


def _asked_claim(data: dict[str, Any], path: Path, network_path: str | None, second_path: str | None) -> Claim:
    """The claim that a formula holds, from its text, its networks and its regions."""
    try:
        given = {"f": network_path, "g": second_path}
        networks = {str(name): _network(item, path, given.get(name)) for name, item in data["names"].items()}
        if data["network"] != data["names"]["f"] or data["outputs"] is not None or data["region_data"] is not None:
            raise ValueError("the record's network, outputs or region are not those of its formula")
        sizes = {name: (network.input_size, network.output_size) for name, network in networks.items()}
        places = [regions.from_json(item) for item in data["regions"]]
        formula = parse_formula(str(data["formula"]), sizes, regions=places)
        if len(formula.regions) != len(places):
            raise ValueError(f"{len(places)} regions are written out of {len(formula.regions)}")
        return asked_claim(formula, networks)
    except NetworkError:
        raise
    except (InputError, FormulaMistake, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error


def _check_region_texts(formula: Formula) -> None:
    """Each region's expression means the region that was proved about, where it can still be read."""
    for node in walk(*formula.statements()):
        if isinstance(node, Member):
            _check_region_text(replace(formula.regions[node.index], text=node.text))


def _network(data: dict[str, Any], path: Path, given: str | None) -> Network:
    if given is None and data.get("inline") is not None:
        try:
            network = replace(networks.from_json(data["inline"]), name=str(data["name"]))
        except InputError as error:
            raise EvidenceError("format", f"the network cannot be read: {error!s:.200}") from error
    elif given is None and data["source"] is None:
        raise NetworkError(f"{path}: the record says no file of {data['name']!s:.60}; name it with --network or --to")
    else:
        network = load(_locate(str(given or data["source"]), path))
    if network.digest != data["sha256"]:
        raise EvidenceError(
            "network",
            f"{network.name} has sha256 {network.digest[:16]}..., the record is about {str(data['sha256'])[:16]}...",
        )
    return network


def _locate(source: str, record: Path) -> str:
    """The source as written, or beside the record."""
    if source.startswith("example:") or Path(source).exists():
        return source
    beside = record.parent / source
    if beside.exists():
        return str(beside)
    if not Path(source).suffix:
        return source
    raise NetworkError(f"{source}: the network of this record is not there; name its file with --network")
