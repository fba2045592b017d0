"""Claims with ``{name}`` in their texts: what is the same for all values is worked out once for each claim."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from verify.errors import InputError
from verify.gate.schema import WITHOUT_FORMULA, ClaimTable, Defaults
from verify.property import find

SECONDS = 60.0
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
_PLAIN_FILE = re.compile(r"[^\s()\[\],&'\"<>=]+\.(npy|vnnlib|vnnlib\.gz)")
# A file that a region or a formula names.
FILE = re.compile(r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s()\[\],&'\"<>=]+\.(?:npy|vnnlib(?:\.gz)?)(?![^\s()\[\],&'\"<>=]))")
# One of these is in every text that names one.
_MARKS = ('"', "'", ".npy", ".vnnlib")
# Entries in which {name} is replaced; files are told apart in "on" and "formula" alone.
_FILLED = ("network", "property", "to", "output", "to_output", "why", "id")
_REGIONS = ("on", "formula")
_NETWORK_FILE = (".onnx", ".onnx.gz", ".toml")
LONGEST_ID = 200


def merged(defaults: Defaults, claim: ClaimTable) -> dict[str, Any]:
    """The claim's own entries over the defaults; what must be there is."""
    own = claim.model_dump(exclude_none=True, exclude={"each"})
    given = defaults.model_dump(exclude_none=True)
    for key in WITHOUT_FORMULA if "formula" in own else ("formula", "let") if "property" in own else ():
        given.pop(key, None)  # the claim asks in the other way
    given |= own
    if "work" in claim.model_fields_set and "timeout" not in claim.model_fields_set:
        given.pop("timeout", None)  # a default in seconds would make the answer depend on the machine again
    for key in ("network", "property"):
        if key not in given and not (key == "property" and "formula" in given):
            also = " (or formula = '...')" if key == "property" else ""
            raise InputError(f"{key!r} is missing; add {key} = '...'{also}, here or in [defaults]")
    if "formula" in given and any(key in given for key in WITHOUT_FORMULA):
        raise InputError("'formula' in [defaults] and 'on' or 'outputs' here; a formula says by itself where it holds")
    for key, needed in (("let", "formula"), ("to_output", "to")):
        if key in given and needed not in given:
            raise InputError(f"{key!r} is there, but {needed!r} is missing")
    return given


class Template:
    """One claim of a file in ``folder``: ``filled`` gives the entries of its case for values of its names."""

    def __init__(self, given: Mapping[str, Any], names: Iterable[str], folder: Path) -> None:
        self.given, self.names, self.folder = given, tuple(names), folder
        self.texts = {key: self._text(key, given[key]) for key in _FILLED if key in given}
        self.regions = {key: self._text(key, given[key]) for key in _REGIONS if key in given}
        self.let = {name: self._text(f"let.{name}", text) for name, text in given.get("let", {}).items()}
        said = [given[key] for key in (*self.texts, *self.regions)] + list(given.get("let", {}).values())
        used = {match[1] for text in said for match in _PLACEHOLDER.finditer(text)}
        for name in self.names:
            if name not in used:
                raise InputError(
                    f"each.{name} is used nowhere; write {{{name}}} in network, property, on, formula or to"
                )
        if "engine" in given:
            _check_engine(given["engine"])
        shown = {match[1] for match in _PLACEHOLDER.finditer(self._shown())}
        self.not_shown = [name for name in self.names if name not in shown]
        work = given.get("work")
        self.fixed = {
            "outputs": tuple(given["outputs"]) if "outputs" in given else None,
            "timeout": given.get("timeout", SECONDS if work is None else None),
            "work": work,
            "expect": given.get("expect", "proved"),
            "assurance": given.get("assurance", "checked"),
            "vacuous": given.get("vacuous", False),
            "engine": given.get("engine", "auto"),
        }

    def filled(self, chosen: Mapping[str, str]) -> dict[str, Any]:
        """The entries of the case with these values."""
        texts = {key: text(chosen) for key, text in self.texts.items()}
        if self.regions:
            quoted = {name: in_region(value) for name, value in chosen.items()}
            texts |= {key: text(quoted) for key, text in self.regions.items()}
        folder, to, formula = self.folder, texts.get("to"), texts.get("formula")
        if formula is not None:
            formula = from_here(formula, folder)
            texts["property"] = formula
        else:
            texts["property"] = _property_name(texts["property"])
            texts.setdefault("on", "all")
        return {
            "id": self._id(texts, chosen),
            "network": _network_name(texts["network"], folder),
            "property": texts["property"] if formula is None else "formula",
            "on": from_here(texts["on"], folder) if formula is None else "all",
            "formula": formula,
            "to": _network_name(to, folder) if to is not None else None,
            "let": tuple((name, _network_name(text(chosen), folder)) for name, text in self.let.items()),
            "output": texts.get("output"),
            "to_output": texts.get("to_output"),
            "why": " ".join(texts.get("why", "").split()),
            **self.fixed,
        }

    def _text(self, key: str, text: str) -> Callable[[Mapping[str, str]], str]:
        """What replaces ``{name}`` in the text."""
        pieces = _PLACEHOLDER.split(text)  # what stands between, and names, in turn
        for name in pieces[1::2]:
            if name is None:
                raise InputError(f"{key!r} has a brace that names no value; write {{name}} for each.name")
            if name not in self.names:
                known = ", ".join(self.names) or "none"
                raise InputError(f"{key!r} names {{{name[:40]}}}, but there is no each.{name[:40]} (there is: {known})")
        if len(pieces) == 1:
            return lambda chosen: text

        def filled(chosen: Mapping[str, str]) -> str:
            return "".join(chosen[piece] if i % 2 else piece for i, piece in enumerate(pieces))

        return filled

    def _shown(self) -> str:
        """What of the claim its id shows."""
        given = self.given
        if "id" in given:
            return str(given["id"])
        says = given["formula"] if "formula" in given else f"{given['property']} {given.get('on', 'all')}"
        return f"{says} {given['network'].rpartition('/')[2]}"

    def _id(self, texts: Mapping[str, str], chosen: Mapping[str, str]) -> str:
        """The id that was written, or ``denoiser affine on box(0, 1)``; then the values that it does not show."""
        base = texts.get("id")
        if base is None:
            to = f" to {_stem(texts['to'])}" if "to" in texts else ""
            where = f" on {texts['on']}" if texts.get("on", "all") != "all" else ""
            base = f"{_stem(texts['network'])} {texts.get('formula', texts['property'])}{to}{where}"
        if self.not_shown:
            base = f"{base} [{', '.join(f'{name}={chosen[name]}' for name in self.not_shown)}]"
        whole = " ".join(base.split())
        if len(whole) <= LONGEST_ID:
            return whole
        return f"{whole[:180]}~{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def _check_engine(name: str) -> None:
    from verify.search.decide import ENGINE_NAMES

    if name not in ENGINE_NAMES:
        raise InputError(f"unknown engine {name[:40]!r}; known: {', '.join(ENGINE_NAMES)}")


@functools.lru_cache(maxsize=1024)
def _property_name(text: str) -> str:
    return find(text).name


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2]
    for suffix in _NETWORK_FILE:
        stem = stem.removesuffix(suffix)
    return stem


def in_region(value: str) -> str:
    """A file name that the grammar of regions would not read as one, in quotes."""
    if not value.lower().endswith((".npy", ".vnnlib", ".vnnlib.gz")) or _PLAIN_FILE.fullmatch(value):
        return value
    if '"' in value:
        raise InputError(f"the file name {value[:80]!r} has a quotation mark; rename it")
    return f'"{value}"'


@functools.lru_cache(maxsize=1024)
def _network_name(text: str, folder: Path) -> str:
    """A built-in network's name, or the file's name as from the current folder."""
    if text.startswith("example:") or not ("/" in text or "." in text):
        return text
    return _moved(text, folder)


def from_here(region: str, folder: Path) -> str:
    """The region with the names of its files, which are relative to ``folder``, as from the current folder."""
    if not any(mark in region for mark in _MARKS):
        return region

    def moved(match: re.Match[str]) -> str:
        name = match[0].strip("\"'")
        there = _moved(name, folder)
        return match[0] if there == name else in_region(there)

    return FILE.sub(moved, region)


def _moved(name: str, folder: Path) -> str:
    if os.path.isabs(name):
        return name
    path = os.path.normpath(folder / name)
    return Path(path).as_posix()
