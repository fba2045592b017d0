"""What a record is about, read back: its networks, its regions, its claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import EvidenceError, InputError, NetworkError
from verify.formats.files import load
from verify.kernel.check import Judgement
from verify.network import InputPart, Network
from verify.network import network as networks
from verify.property import Claim, Vacuous, find
from verify.region import Region
from verify.region import region as regions
from verify.report.whereabouts import digest_of, located

if TYPE_CHECKING:
    from verify.kernel.counts import Counted
    from verify.kernel.families import FamilyJudgement

Record = dict[str, Any]
UNREADABLE = (InputError, KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


@dataclass(frozen=True)
class Replayed:
    """What the kernel says, what the record should say, and how to make what ``--json`` would print beside it."""

    judgement: Judgement | FamilyJudgement | Counted
    expected: Record
    shown: Callable[[], Record]
    regions: tuple[Region, ...]
    inputs: Sequence[InputPart] = ()


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


def asked_about(claim: Claim) -> list[Network]:
    """The networks of the claim's questions."""
    questions = claim.questions()
    return [] if isinstance(questions, Vacuous) else [question.network for question in questions]


def read_claim(data: Record, network: Network, second: Network | None) -> tuple[Claim, tuple[int, ...] | None]:
    """The claim about a property, and the chosen outputs; the networks are whole."""
    try:
        outputs = None
        if data["outputs"] is not None:
            if not all(type(o) is int for o in data["outputs"]):
                raise TypeError(f"{data['outputs']!r:.60} are not numbers of outputs")
            outputs = tuple(data["outputs"])
            network = network.select_outputs(outputs)
            second = second.select_outputs(outputs) if second is not None else None
        wanted = find(as_text(data["property"]))
        if second is not None and not wanted.needs_second:
            raise ValueError(f"{wanted.name!r} is about one network, and the record has two")
        return Claim(network, wanted, read_region(data), second), outputs
    except UNREADABLE as error:
        raise EvidenceError("format", f"the claim cannot be read: {error!r:.200}") from error


def read_region(data: Record) -> Region:
    """The region of the data, with the text and the files that the record gives it."""
    region = regions.from_json(data["region_data"], as_text(data["region"]))
    if not identical(regions.to_json(region), data["region_data"]):
        raise ValueError("the data of the region are not written as records write them")
    files = {as_text(name): as_text(digest) for name, digest in data["region_files"].items()}
    return replace(region, files=tuple(sorted(files.items())))


def as_text(value: Any) -> str:
    """The value, which must be a text."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a text")
    return value


def read_network(entry: Any, path: Path, given: str | None) -> Network:
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
        try:
            loaded = load(used, output)
        except NetworkError as error:
            if Path(used).is_file() and digest_of(Path(used)) not in ("", entry["sha256"]):
                raise EvidenceError("network", f"{name[:60]} is another file than the record is about") from error
            raise
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
    except UNREADABLE as error:
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
