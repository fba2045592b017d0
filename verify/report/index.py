"""The list of claims and the theorems that they carry: read from the records of a folder, or of one test session."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from verify.errors import VerifyError
from verify.network.families import description
from verify.rational import counted
from verify.report.book import Card, in_chapters, read_cards
from verify.report.folder import THEOREMS, ReportFolder, href
from verify.report.how import proof_text
from verify.report.places import place_of
from verify.report.record import write_text
from verify.report.sentence import recorded_sentence
from verify.report.theorem import Chapter
from verify.report.words import chosen_outputs, listed_bindings

NO_MODULE = "command line"


@dataclass(frozen=True)
class IndexEntry:
    """One claim: what its record says, and ``href``, where its page is, or its record where no page was made."""

    href: str
    question: str
    title: str
    module: str
    test: str
    network: str
    property: str
    region: str
    verdict: str
    assurance: str
    vacuous: bool
    seconds: float
    line: str
    failed: bool = False

    @functools.cached_property
    def search(self) -> str:
        """What the text filter looks through."""
        return " ".join((self.question, self.title, self.test, self.network, self.property, self.region)).lower()


@dataclass(frozen=True)
class Skip:
    """A test that did not run, and why."""

    test: str
    reason: str


@dataclass(frozen=True)
class Index:
    """Everything that the list of claims shows."""

    entries: tuple[IndexEntry, ...]
    skipped: tuple[Skip, ...] = ()
    unreadable: tuple[str, ...] = ()
    theorems: tuple[Card, ...] = ()

    @property
    def book(self) -> Chapter | None:
        """Title and introduction of the book; None where there is no theorem."""
        return self.theorems[0].book if self.theorems else None

    @property
    def chapters(self) -> list[tuple[Chapter, list[Card]]]:
        """The theorems by chapter."""
        return in_chapters(self.theorems)

    @property
    def modules(self) -> list[tuple[str, list[IndexEntry]]]:
        """The claims by the module of their test, both in the order of the records."""
        groups: dict[str, list[IndexEntry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.module, []).append(entry)
        return list(groups.items())

    @property
    def totals(self) -> dict[str, int]:
        """How many were proved, refuted, left unknown, only attested, vacuous. Attested ones are counted there too."""
        found = {word: sum(e.verdict == word for e in self.entries) for word in ("proved", "refuted", "unknown")}
        found["attested"] = len(self.attested) + len(self.statements)
        found["vacuous"] = sum(e.vacuous for e in self.entries)
        return found

    @property
    def attested(self) -> list[IndexEntry]:
        """The claims that rest on a solver's word."""
        return [entry for entry in self.entries if entry.assurance == "attested"]

    @property
    def statements(self) -> list[tuple[Card, str]]:
        """What theorems say on somebody's word."""
        return [(card, statement) for card in self.theorems for statement in card.attested]

    @property
    def failed(self) -> list[IndexEntry]:
        """The claims of tests that failed."""
        return [entry for entry in self.entries if entry.failed]

    @property
    def seconds(self) -> float:
        return sum(entry.seconds for entry in self.entries)


def read_entry(folder: ReportFolder, path: Path) -> IndexEntry | None:
    """The record's line in the list; None for JSON that is no record of a claim. ``ValueError`` if it is not JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict) or not {"format", "verdict", "property", "unchecked"} <= set(data):
        return None
    if not {"network", "names", "family"} & set(data):
        return None
    page = folder.page(path.stem)
    try:
        return _entry(href(page if page.is_file() else path, folder.index), data)
    except (VerifyError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"not a record: {error!r}") from error


def _entry(link: str, data: dict[str, Any]) -> IndexEntry:
    """The question, what it is about, and why the answer holds differ from kind to kind."""
    line = _line
    if data["kind"] == "formula":
        names = {str(name): str(item["name"]) for name, item in data["names"].items()}
        question = f"Is it true that {data['property']}, where {listed_bindings(names)}?"
        network, wanted = names["f"], str(data["property"])
        region = ", ".join(str(item["region"]) for item in data["regions"])
    elif data["kind"] == "family":
        network, wanted, region = str(data["family"]["name"]), str(data["property"]), str(data["region"])
        question, line = f"Is every network of {network} {wanted} {place_of(region)}?", _family_line
    else:
        second = f" to {data['second']['name']}" if data["second"] is not None else ""
        network, wanted, region = str(data["network"]["name"]), f"{data['property']}{second}", str(data["region"])
        question = f"Is {network} {wanted}{_outputs(data)} {place_of(region)}?"
    unchecked = data["unchecked"]
    test = str(unchecked.get("test", ""))
    return IndexEntry(
        href=link,
        question=question,
        title=str(unchecked.get("title", "")),
        module=test.partition("::")[0] or NO_MODULE,
        test=test,
        network=network,
        property=wanted,
        region=region,
        verdict=str(data["verdict"]),
        assurance=str(data["assurance"] or ""),
        vacuous=bool(data["vacuous"]),
        seconds=float(unchecked["seconds"]),
        line=line(data),
    )


def _family_line(data: dict[str, Any]) -> str:
    """Why the verdict holds."""
    if data["verdict"] == "unknown":
        return str(data["unchecked"]["reason"])
    if data["verdict"] == "refuted":
        size = description.from_json(data["family"]).output_size
        member = {**data, "network": {"outputs": size}, "evidence": data["evidence"]["gap"]}
        return f"one network of the family: {recorded_sentence(member)}"
    layers = len(data["family"]["layers"])
    return "nothing to check" if data["vacuous"] else f"by induction over {counted(layers, 'layer')}"


def _outputs(data: dict[str, Any]) -> str:
    return chosen_outputs(data["outputs"]) if data["outputs"] else ""


def _line(data: dict[str, Any]) -> str:
    """Why the verdict holds, from the record alone."""
    sentence = recorded_sentence(data)
    if sentence is not None:
        return sentence
    if data["verdict"] != "proved":
        return str(data["unchecked"]["reason"])
    if data["vacuous"] or data["evidence"] is None:
        return "; ".join(map(str, data["lemmas"]))
    return proof_text(data)


def gathered(
    folder: ReportFolder,
    paths: Iterable[Path],
    failed: frozenset[str] = frozenset(),
    skipped: Sequence[Skip] = (),
) -> Index:
    """The index of these records, in their order; ``failed`` names tests that did not pass."""
    entries, unreadable = [], []
    for path in paths:
        try:
            entry = read_entry(folder, path)
        except (OSError, ValueError):
            unreadable.append(path.name)
            continue
        if entry is not None:
            entries.append(replace(entry, failed=entry.test in failed))
    return Index(tuple(entries), tuple(skipped), tuple(unreadable))


def write_index(
    folder: ReportFolder,
    records: Sequence[Path] | None = None,
    *,
    theorems: Sequence[Path] = (),
    failed: frozenset[str] = frozenset(),
    skipped: Sequence[Skip] = (),
) -> Path:
    """Write ``index.html`` for these records and theorems, or for all of the folder; returns its path."""
    from verify.report.html import index_page

    if records is None:
        records, theorems = folder.records(), sorted((folder.root / THEOREMS).glob("*.json"))
    index = gathered(folder, records, failed, skipped)
    cards, unreadable = read_cards(theorems)
    whole = replace(index, theorems=tuple(cards), unreadable=(*index.unreadable, *unreadable))
    write_text(folder.index, index_page(whole))
    return folder.index
