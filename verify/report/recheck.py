"""Replaying a record: the claim is read back, the kernel judges the evidence again, and everything is compared.

What the record should say is composed anew by the functions that write records. No search code is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verify.errors import EvidenceError, InputError, RegionError
from verify.formats.expressions import parse_region
from verify.kernel import json as kernel_json
from verify.kernel.check import Judgement, judge
from verify.network import InputPart
from verify.region import Region
from verify.region import region as regions
from verify.report.reading import read_record
from verify.report.record_json import (
    FORMAT,
    canonical_text,
    claim_json,
    evidence_json,
    judged_json,
    printed,
    refuted_json,
    shown_json,
    stated_json,
)
from verify.report.recorded import Record, Replayed, asked_about, identical, read_claim, read_network
from verify.report.whereabouts import located

if TYPE_CHECKING:
    from verify.kernel.counts import Counted
    from verify.kernel.families import FamilyJudgement


@dataclass(frozen=True)
class Recheck:
    """What replaying gave: the judgement, or why there is nothing to replay; ``notes`` say what was not compared."""

    verdict: str
    judgement: Judgement | FamilyJudgement | Counted | None
    reason: str = ""
    notes: tuple[str, ...] = ()


def recheck(path: str | Path, network_path: str | None = None, second_path: str | None = None) -> Recheck:
    """Replay the record at ``path``; raises ``EvidenceError`` when it is not accepted, with the rule that says so."""
    path = Path(path)
    data = read_record(path)
    if data["evidence"] is None:
        unknown = data["verdict"] == "unknown"
        word = "the verdict is unknown" if unknown else "the verdict is attested by a solver, without evidence"
        return Recheck(data["verdict"], None, f"nothing to replay: {word}")
    found = _replayed(data, path, (network_path, second_path))
    _compare(data, found)
    items = data["regions"] if data["kind"] == "formula" else [data]
    places = zip(items, found.regions, strict=True)
    notes = [note for item, region in places for note in _check_region_text(item, region, found.inputs, path)]
    return Recheck(data["verdict"], found.judgement, notes=tuple(notes))


def _replayed(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    if data["kind"] == "claim":
        return _replayed_claim(data, path, given)
    from verify.report.replays import REPLAYS

    return REPLAYS[data["kind"]](data, path, given)


def _replayed_claim(data: Record, path: Path, given: tuple[str | None, str | None]) -> Replayed:
    network = read_network(data["network"], path, given[0])
    second = read_network(data["second"], path, given[1]) if data["second"] is not None else None
    claim, outputs = read_claim(data, network, second)
    evidence = kernel_json.from_json(data["evidence"], asked_about(claim))
    witness = kernel_json.read_witness(data["nontrivial"])
    judgement = judge(claim, evidence, witness)
    expected = stated_json(
        judged_json(judgement),
        claim_json(claim, network, second, outputs, vacuous=judgement.vacuous),
        evidence_json(evidence, witness),
        refuted_json(claim, evidence, judgement, outputs),
        judgement.assumptions,
    )

    def shown() -> Record:
        return shown_json(claim, network, outputs, evidence, judgement)

    return Replayed(judgement, expected, shown, (claim.region,), network.inputs)


def _compare(data: Record, found: Replayed) -> None:
    """Each thing that the record states is what the replay gives, down to the types; the rule is the key's name."""
    whole = {"format": FORMAT, **found.expected, "unchecked": data["unchecked"]}
    refuted = data.get("counterexample")
    sentences = isinstance(refuted, dict) and "sentence" in refuted
    if sentences or data.keys() - whole.keys():  # it is what ``--json`` prints, prose and all
        show = printed(whole, found.shown())
        whole = {**show, **whole, "counterexample": show["counterexample"] if sentences else whole["counterexample"]}
    for name, value in data.items():
        expected = whole[name]
        if name == "region":
            continue  # see ``_check_region_text``
        if not identical(value, expected):
            raise EvidenceError(name, f"the record's {name} is not what its evidence shows")


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
