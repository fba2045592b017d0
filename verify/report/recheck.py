"""Replaying a record: the claim is read back, the kernel judges the evidence again, and everything is compared.

What the record should say is composed anew by the functions that write records. No search code is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import EvidenceError, InputError, NetworkError, RegionError
from verify.formats.expressions import parse_region
from verify.formats.files import load
from verify.kernel import json as kernel_json
from verify.kernel.check import Judgement, judge
from verify.network import InputPart, Network
from verify.network import network as networks
from verify.property import Claim, Vacuous, find
from verify.region import Region
from verify.region import region as regions
from verify.report.reading import read_record
from verify.report.record_json import (
    FORMAT,
    canonical_text,
    claim_json,
    evidence_json,
    formula_json,
    judged_json,
    printed,
    refuted_json,
    shown_json,
    witness_json,
)
from verify.report.whereabouts import located

if TYPE_CHECKING:
    from verify.kernel.counts import Counted
    from verify.kernel.families import FamilyJudgement

Record = dict[str, Any]
_UNREADABLE = (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


@dataclass(frozen=True)
class Recheck:
    """What replaying gave: the judgement, or why there is nothing to replay; ``notes`` say what was not compared."""

    verdict: str
    judgement: Judgement | FamilyJudgement | Counted | None
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What the kernel says, what the record should say, and what ``--json`` would print beside it."""

    judgement: Judgement | FamilyJudgement | Counted
    expected: Record
    shown: Record
    regions: tuple[Region, ...]
    inputs: Sequence[InputPart] = ()


def recheck(path: str | Path, network_path: str | None = None, second_path: str | None = None) -> Recheck:
    """Replay the record at ``path``; raises ``EvidenceError`` when it is not accepted, with the rule that says so."""
    path = Path(path)
    data = read_record(path)
    if data["evidence"] is None:
        unknown = data["verdict"] == "unknown"
        word = "the verdict is unknown" if unknown else "the verdict is attested by a solver, without evidence"
        return Recheck(data["verdict"], None, f"nothing to replay: {word}")
    found = _REPLAYS[data["kind"]](data, path, (network_path, second_path))
    _compare(data, found)
    items = data["regions"] if data["kind"] == "formula" else [data]
    places = zip(items, found.regions, strict=True)
    notes = [note for item, region in places for note in _check_region_text(item, region, found.inputs, path)]
    return Recheck(data["verdict"], found.judgement, notes=tuple(notes))


def _replayed_claim(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    network = _network(data["network"], path, given[0])
    second = _network(data["second"], path, given[1]) if data["second"] is not None else None
    claim, outputs = _claim(data, network, second)
    evidence = kernel_json.from_json(data["evidence"], asked_about(claim))
    witness = kernel_json.read_witness(data["nontrivial"])
    judgement = judge(claim, evidence, witness)
    expected = {
        **judged_json(judgement),
        **claim_json(claim, network, second, outputs, vacuous=judgement.vacuous),
        **evidence_json(evidence, witness),
        "counterexample": refuted_json(claim, evidence, judgement, outputs),
        "ledger": list(judgement.assumptions),
    }
    return Replayed(
        judgement, expected, shown_json(claim, network, outputs, evidence, judgement), (claim.region,), network.inputs
    )


def _replayed_family(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    from verify.kernel.families import FamilyClaim, SignRules, judge_family
    from verify.network.families import description
    from verify.report.family_json import family_json, family_shown_json, member_json
    from verify.report.family_lines import check_lines
    from verify.report.family_lines import evidence_json as family_evidence_json

    if any(given):
        raise InputError(f"{path}: a record about a family holds the family; --network and --to are not for it")
    try:
        family = description.from_json(data["family"])
        claim = FamilyClaim(family, find(_text(data["property"])), _region(data))
    except _UNREADABLE as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
    evidence = kernel_json.read_family(data["evidence"])
    witness = kernel_json.read_witness(data["nontrivial"])
    judgement = judge_family(claim, evidence, witness)
    if isinstance(evidence, SignRules):
        check_lines(data["evidence"], judgement.steps, claim.region)
    expected = {
        **judged_json(judgement),
        **family_json(claim),
        "evidence": family_evidence_json(evidence, judgement.steps, claim.region),
        "nontrivial": witness_json(witness),
        "counterexample": member_json(evidence, judgement),
        "ledger": list(judgement.assumptions),
    }
    return Replayed(judgement, expected, family_shown_json(claim, evidence, judgement), (claim.region,))


def _replayed_formula(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    """The claim is the formula's text with what its names and its regions are."""
    from verify.formats.formulas import parse_formula
    from verify.formula.tree import FormulaMistake
    from verify.property.asked import asked_claim, asked_of, conditions_claim

    named = dict(zip(("f", "g"), given, strict=True))
    if not isinstance(data["names"], dict) or "f" not in data["names"]:
        raise EvidenceError("format", "the record does not say which network f is")
    bound = {name: _network(item, path, named.get(name)) for name, item in data["names"].items()}
    try:
        places = tuple(_region(item) for item in data["regions"])
        sizes = {name: (network.input_size, network.output_size) for name, network in bound.items()}
        formula = parse_formula(_text(data["property"]), sizes, regions=places)
        if len(formula.regions) != len(places):
            raise ValueError(f"{len(places)} regions are written out of {len(formula.regions)}")
        claim = asked_claim(formula, bound)
        asked = asked_of(claim)
    except (*_UNREADABLE, FormulaMistake) as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error
    evidence = kernel_json.from_json(data["evidence"], asked_about(claim))
    conditions = asked_about(conditions_claim(asked))
    witness = kernel_json.read_formula_witness(data["nontrivial"], conditions)
    judgement = judge(claim, evidence, witness)
    expected = {
        **judged_json(judgement),
        **formula_json(claim, asked, vacuous=judgement.vacuous),
        **evidence_json(evidence, witness),
        "counterexample": refuted_json(claim, evidence, judgement, None),
        "ledger": list(judgement.assumptions),
    }
    return Replayed(judgement, expected, shown_json(claim, bound["f"], None, evidence, judgement), places)


def _replayed_counts(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    from verify.kernel.counts import counted_question, recount
    from verify.report.counts_record import counted_json

    if given[1] is not None:
        raise InputError(f"{path}: a record of counts is about one network; --to is not for it")
    network = _network(data["network"], path, given[0])
    try:
        region = _region(data)
        question = counted_question(network, region)
    except _UNREADABLE as error:
        raise EvidenceError("format", f"the region cannot be read: {error!r:.200}") from error
    counts = kernel_json.read_counts(data["evidence"], question.network)
    shown = recount(network, region, counts)
    return Replayed(shown, counted_json(network, region, counts, shown), {}, (region,), network.inputs)


def asked_about(claim: Claim) -> list[Network]:
    """The networks of the claim's questions."""
    questions = claim.questions()
    return [] if isinstance(questions, Vacuous) else [question.network for question in questions]


_REPLAYS: dict[str, Callable[[Record, Path, tuple[str | None, str | None]], Replayed]] = {
    "claim": _replayed_claim,
    "family": _replayed_family,
    "formula": _replayed_formula,
    "counts": _replayed_counts,
}


def _compare(data: Record, found: Replayed) -> None:
    """Each thing that the record states is what the replay gives, down to the types; the rule is the key's name."""
    whole = {"format": FORMAT, **found.expected, "unchecked": data["unchecked"]}
    show = printed(whole, found.shown) if "counterexample" in whole else whole
    refuted = data.get("counterexample")
    sentences = isinstance(refuted, dict) and "sentence" in refuted
    for name, value in data.items():
        expected = show[name] if name not in whole or (name == "counterexample" and sentences) else whole[name]
        if name == "region":
            continue  # see ``_check_region_text``
        if not identical(value, expected):
            raise EvidenceError(name, f"the record's {name} is not what its evidence shows")


def identical(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same, 1 and true and 1.0 being three different ones."""
    stack = [(left, right)]
    while stack:
        a, b = stack.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            stack += [(a[key], b[key]) for key in a]
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            stack += zip(a, b, strict=True)
        elif a != b:
            return False
    return True


def _check_region_text(data: Record, region: Region, inputs: Sequence[InputPart], path: Path) -> tuple[str, ...]:
    """The region's text means the region of the data; returns what could not be compared, as its files are not here."""
    text, files = region.text, dict(region.files)
    if text == canonical_text(region):
        if files:
            raise EvidenceError("region_files", "a region given in Python has no files")
        return ()
    missing: list[str] = []
    try:
        meant = parse_region(
            text, region.ambient, locate=lambda name: _region_file(name, files, path, missing), inputs=inputs
        )
    except InputError as error:
        if missing:
            return (f"the file {missing[0][:80]!r} of the region is not here: the region is that of the record's data",)
        raise EvidenceError("region", f"{text!r:.100} is not a region: {error!s:.200}") from error
    if dict(meant.files) != files:
        raise EvidenceError("region_files", "the files of the region are not those that the record names")
    if text != meant.text or not identical(regions.to_json(meant), data["region_data"]):
        raise EvidenceError("region", f"{text!r:.100} does not mean the region of this record")
    return ()


def _region_file(name: str, files: dict[str, str], record: Path, missing: list[str]) -> Path:
    if name not in files:
        raise RegionError(f"there is no digest of a file {name[:80]!r}")
    found = located(name, record, files[name])
    if found is None:
        missing.append(name)
        raise RegionError(f"{name[:80]!r}: no such file")
    return found


def _claim(data: Record, network: Network, second: Network | None) -> tuple[Claim, tuple[int, ...] | None]:
    try:
        outputs = None
        if data["outputs"] is not None:
            if not all(type(o) is int for o in data["outputs"]):
                raise TypeError(f"{data['outputs']!r:.60} are not numbers of outputs")
            outputs = tuple(data["outputs"])
            network = network.select_outputs(outputs)
            second = second.select_outputs(outputs) if second is not None else None
        wanted = find(_text(data["property"]))
        if second is not None and not wanted.needs_second:
            raise ValueError(f"{wanted.name!r} is about one network, and the record has two")
        return Claim(network, wanted, _region(data), second), outputs
    except _UNREADABLE as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error


def _region(data: Record) -> Region:
    region = regions.from_json(data["region_data"], _text(data["region"]))
    if not identical(regions.to_json(region), data["region_data"]):
        raise ValueError("the data of the region are not written as records write them")
    files = {_text(name): _text(digest) for name, digest in data["region_files"].items()}
    return replace(region, files=tuple(sorted(files.items())))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a text")
    return value


def _network(entry: Any, path: Path, given: str | None) -> Network:
    """The network of an entry, under the name and source that the entry gives it; its digest is compared."""
    if not isinstance(entry, dict) or not _is_text_or_none(entry.get("source", 0)) or "sha256" not in entry:
        raise EvidenceError("format", "the record does not say which network it is about")
    source, name = entry["source"], str(entry.get("name"))
    if "inline" in entry:
        if source is not None or given is not None:
            raise EvidenceError("network", f"{name[:60]} is in the record, and a file is named as well")
        network = _inline(entry["inline"], name)
        digest = network.canonical_digest
    elif given is None and source is None:
        raise NetworkError(f"{path}: the record says no file of {name[:60]}; name it with --network or --to")
    else:
        used = str(given or _source(source, path, entry["sha256"]))
        output = entry.get("output")
        if not _is_text_or_none(output):
            raise EvidenceError("format", "the record does not say which output of the network it is about")
        loaded = load(used, output)
        digest = loaded.digest
        chosen = loaded.name[len(_stem(used)) :] if output is not None else ""  # ':' and the tensor's name
        named = (
            name if source is None else _stem(source) + chosen if loaded.name == _stem(used) + chosen else loaded.name
        )
        network = replace(loaded, name=named, source=source)
    if digest != entry["sha256"]:
        raise EvidenceError(
            "network", f"{name[:60]} has sha256 {digest[:16]}..., the record is about {str(entry['sha256'])[:16]}..."
        )
    return network


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _inline(data: Any, name: str) -> Network:
    try:
        return replace(networks.from_json(data), name=name)
    except _UNREADABLE as error:
        raise EvidenceError("format", f"the network cannot be read: {error!s:.200}") from error


def _stem(source: str) -> str:
    """The name that a network gets from its file."""
    name = Path(source).name
    for ending in (".gz", ".onnx", ".toml"):
        name = name[: -len(ending)] if name.lower().endswith(ending) else name
    return name


def _source(source: str, record: Path, sha256: Any) -> str:
    """The built-in example, or the file where it is now."""
    if source.startswith("example:"):
        return source
    found = located(source, record, str(sha256))
    if found is None:
        raise NetworkError(f"{source[:200]}: the network of this record is not there; name its file with --network")
    return str(found)
