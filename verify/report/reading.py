"""Reading a record: strict JSON, a known format, every key that belongs there and no other."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verify.errors import EvidenceError, InputError
from verify.formats.reading import is_folder
from verify.report.record_json import COPIES, FORMAT

MAX_BYTES = 1 << 30
# Numbers outside strings are counts; everything else is a text of at most ``verify.rational.MAX_CHARACTERS``.
MAX_DIGITS = 18

COMMON = {
    *("format", "kind", "verdict", "assurance", "vacuous", "property", "region", "region_data", "region_files"),
    *("evidence", "nontrivial", "counterexample", "ledger", "unchecked"),
}
KEYS = {
    "claim": COMMON | {"network", "second", "outputs", "lemmas"},
    "family": COMMON | {"family", "sha256"},
    "formula": COMMON - {"region", "region_data", "region_files"} | {"names", "regions", "lemmas"},
    "counts": COMMON - {"vacuous", "property", "nontrivial", "counterexample"}
    | {"network", "cells", "pieces", "affine_maps"},
}
# What ``--json`` prints beside them, see ``record_json.printed``.
SHOWN = {
    "claim": {"formula", "sentence", *COPIES},
    "formula": {"formula", "sentence", *COPIES},
    "family": {"formula", "sentence", "statement", "lines", *COPIES},
    "counts": set(),
}


def read_record(path: Path) -> dict[str, Any]:
    """The record at ``path``, its shape checked; ``InputError`` if it is no JSON, ``EvidenceError`` if no record."""
    if is_folder(path):
        raise InputError(f"{path}: is a folder; name a record (*.json) in it")
    try:
        if stat.S_ISCHR(path.stat().st_mode):
            raise InputError(f"{path}: is a device; name a record (*.json)")
        with path.open("rb") as stream:  # a pipe may be endless, and says nothing of its size
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES} bytes")
        text = content.decode("utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: not a JSON record: {error!s:.120}") from error
    data = parse(text, str(path))
    if not isinstance(data, dict):
        raise InputError(f"{path}: not a record of a claim")
    check_shape(data)
    return data


def parse(text: str, where: str) -> Any:
    """JSON without duplicate keys, NaN, infinities, or numbers of more than ``MAX_DIGITS`` digits."""
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refused, parse_int=_integer, parse_float=_decimal
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON record: {error!s:.120}") from error


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise EvidenceError("duplicate key", f"{twice[:60]!r} stands twice in one object")
    return found


def _refused(word: str) -> Any:
    raise EvidenceError("number", f"{word} is not a number that a record may hold")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise EvidenceError("number", f"an integer of {len(text)} digits outside a string; at most {MAX_DIGITS}")
    return int(text)


def _decimal(text: str) -> float:
    if len(text) > 40:
        raise EvidenceError("number", f"a decimal of {len(text)} characters outside a string; at most 40")
    return float(text)


def check_shape(data: dict[str, Any]) -> None:
    """A record of this format with exactly its keys, and a verdict that goes with assurance and evidence."""
    version = data.get("format")
    if type(version) is int and version == 1:
        raise EvidenceError("format", f"records of format 1 are not read any more; make it anew: {_command(data)}")
    if type(version) is not int or version != FORMAT:
        raise EvidenceError("format", f"format {version!r:.40}; expected {FORMAT}")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KEYS:
        raise EvidenceError("kind", f"a record of kind {kind!r:.40}; expected {' or '.join(KEYS)}")
    missing, unknown = KEYS[kind] - set(data), set(data) - KEYS[kind] - SHOWN[kind]
    if missing or unknown:
        what = f"lacks {sorted(missing)[0]!r}" if missing else f"has an unknown key {sorted(unknown)[0][:60]!r}"
        raise EvidenceError("keys", f"the record {what}")
    if data["verdict"] not in ("proved", "refuted", "unknown"):
        raise EvidenceError("verdict", f"{data['verdict']!r:.60}; expected proved, refuted or unknown")
    if type(data["unchecked"]) is not dict:
        raise EvidenceError("format", "'unchecked' is not an object")
    if data["evidence"] is None:
        if kind == "counts":
            raise EvidenceError("evidence", "the record counts and has no evidence")
        _check_without_evidence(data)


def _check_without_evidence(data: dict[str, Any]) -> None:
    """Without evidence a claim is undecided, or proved on a solver's word; nothing is said of instances."""
    known = {"unknown": None, "proved": "attested"}
    if data["verdict"] not in known:
        raise EvidenceError("evidence", f"the record says {data['verdict']} and has no evidence")
    if data["assurance"] != known[data["verdict"]]:
        raise EvidenceError("assurance", f"the record says {data['assurance']!r:.40} and has no evidence")
    for name, value in (("vacuous", False), ("nontrivial", None), ("counterexample", None), ("ledger", [])):
        if data[name] != value or type(data[name]) is not type(value):
            raise EvidenceError(name, f"{data[name]!r:.60} in a record without evidence; expected {value!r}")


def _command(data: dict[str, Any]) -> str:
    """The command that checks the claim of an old record again, as far as the record says it."""

    def text(value: Any, otherwise: str) -> str:
        return shlex.quote(value) if isinstance(value, str) and 0 < len(value) <= 200 else otherwise

    def source(entry: Any) -> str:
        return text(entry.get("source") if isinstance(entry, dict) else None, "NETWORK").removeprefix("example:")

    words = ["verify check", source(data.get("network")), text(data.get("property"), "PROPERTY")]
    words += ["--on", text(data.get("region"), "REGION")]
    if data.get("second") is not None:
        words += ["--to", source(data["second"])]
    outputs = data.get("outputs")
    if isinstance(outputs, list) and all(type(o) is int for o in outputs):
        words += ["--outputs", ",".join(map(str, outputs))]
    return " ".join([*words, "--report DIR"])
