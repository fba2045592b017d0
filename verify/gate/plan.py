"""From claims files to cases: every claim with its defaults, its values and an id."""

from __future__ import annotations

import functools
import glob
import hashlib
import itertools
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from verify.errors import InputError
from verify.gate.files import ClaimsError, Problem, Source, line_of, read
from verify.gate.schema import MAX_VALUES, WITHOUT_FORMULA, ClaimTable, Defaults
from verify.property import find

MAX_CASES = 1_000_000
SECONDS = 60.0
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")
_WILD = re.compile(r"[*?\[]")
_FILE = re.compile(r"(\"[^\"\n]*\"|'[^'\n]*'|[^\s()\[\],&'\"<>=]+\.(?:npy|vnnlib(?:\.gz)?)(?![^\s()\[\],&'\"<>=]))")
_PLAIN_FILE = re.compile(r"[^\s()\[\],&'\"<>=]+\.(npy|vnnlib|vnnlib\.gz)")
# Entries in which {name} is replaced; files are told apart in "on" and "formula" alone.
_FILLED = ("network", "property", "to", "output", "to_output")
_NETWORK_FILE = (".onnx", ".onnx.gz", ".toml")


@dataclass(frozen=True)
class Case:
    """One claim to decide, as plain data; files are named as from the current folder.

    ``file`` and ``line`` say where the claim stands, ``id`` is unique within its file. ``text`` is a digest of what the
    claims file says about it. ``timeout`` and ``work`` are None where they do not bound it. Where there is a
    ``formula``, ``property`` and ``on`` say nothing; ``let`` has its further networks.
    """

    file: str
    line: int
    id: str
    network: str
    property: str
    on: str = "all"
    formula: str | None = None
    to: str | None = None
    let: tuple[tuple[str, str], ...] = ()
    output: str | None = None
    to_output: str | None = None
    outputs: tuple[int, ...] | None = None
    expect: str = "proved"
    assurance: str = "checked"
    vacuous: bool = False
    timeout: float | None = SECONDS
    work: int | None = None
    engine: str = "auto"
    why: str = ""
    text: str = ""

    @functools.cached_property
    def key(self) -> str:
        """The case's name among those of all files."""
        return f"{self.file}::{self.id}"

    @functools.cached_property
    def statement(self) -> str:
        """The claim in words."""
        if self.formula is not None:
            names = [("f", self.network), *([("g", self.to)] if self.to else []), *self.let]
            return f"{self.formula} ({', '.join(f'{name} = {network}' for name, network in names)})"
        to = f" to {self.to}" if self.to else ""
        outputs = f" (outputs {', '.join(map(str, self.outputs))})" if self.outputs else ""
        return f"{self.network} is {self.property}{to} on {self.on}{outputs}"

    @functools.cached_property
    def data_files(self) -> list[str]:
        """The files that the region or the formula names."""
        return [match[0].strip("\"'") for match in _FILE.finditer(self.formula or self.on)]

    @functools.cached_property
    def networks(self) -> list[str]:
        """The networks, by file name or as built-in ones."""
        return [self.network, *([self.to] if self.to is not None else []), *(name for _, name in self.let)]


def cases_of(paths: Iterable[Path]) -> list[Case]:
    """The cases of all files, in order. Raises ``ClaimsError`` with the mistakes of all of them."""
    problems: list[Problem] = []
    found: list[Case] = []
    for path in paths:
        try:
            source = read(path)
            if source is not None:
                found += expanded(source)
        except ClaimsError as error:
            problems += error.problems
    if problems:
        raise ClaimsError(problems)
    return found


def expanded(source: Source) -> list[Case]:
    """The cases of one file; ids that would be equal get numbers."""
    problems: list[Problem] = []
    found: list[Case] = []
    total = 0
    firsts: dict[int, int] = {}  # of each claim; asking ``line_of`` for each would look at every line each time
    for place, known in source.lines.items():
        if len(place) > 1 and place[0] == "claim":
            firsts[int(place[1])] = min(known, firsts.get(int(place[1]), known))
    for index, claim in enumerate(source.tables.claim):
        line = firsts.get(index) or line_of(source.lines, ("claim", index))
        try:
            values = _values(claim, Path(source.name).parent)
            total += math.prod(len(options) for options in values.values())
            if total > MAX_CASES:
                raise InputError(f"more than {MAX_CASES} claims in one file; use fewer values")
            merged = _merged(source.tables.defaults, claim)
            found += [_case(merged, chosen, source, line) for chosen in _combinations(values)]
        except InputError as error:
            problems.append(Problem(source.name, line, f"claim {index + 1}: {error}"))
    if problems:
        raise ClaimsError(problems)
    return _numbered(found, source.tables.claim)


def _numbered(cases: Sequence[Case], tables: Sequence[ClaimTable]) -> list[Case]:
    """Equal ids get ``#2``, ``#3``, ...; ids that were written by hand must differ."""
    counts: Counter[str] = Counter()
    written = {table.id for table in tables if table.id is not None}
    found, problems = [], []
    for case in cases:
        counts[case.id] += 1
        if counts[case.id] > 1 and case.id in written:
            problems.append(Problem(case.file, case.line, f"the id {case.id!r} is taken; each claim needs its own"))
        found.append(case if counts[case.id] == 1 else replace(case, id=f"{case.id} #{counts[case.id]}"))
    if problems:
        raise ClaimsError(problems)
    return found


def _merged(defaults: Defaults, claim: ClaimTable) -> dict[str, Any]:
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


def _values(claim: ClaimTable, folder: Path) -> dict[str, list[str]]:
    """The values of each name; a file pattern stands for the files that it matches."""
    found = {}
    for name, given in claim.each.items():
        values = _matched(name, given, folder) if isinstance(given, str) and _WILD.search(given) else given
        found[name] = [values] if isinstance(values, str) else list(values)
        if not found[name]:
            raise InputError(f"each.{name} is empty; give at least one value")
        if len(found[name]) > MAX_VALUES:
            raise InputError(f"each.{name} has {len(found[name])} values; at most {MAX_VALUES} are read")
    return found


def _matched(name: str, pattern: str, folder: Path) -> list[str]:
    try:
        # Lazily: a pattern over a whole disk is given up early.
        found = list(itertools.islice(glob.iglob(pattern, root_dir=folder, recursive=True), MAX_VALUES + 1))
    except (OSError, ValueError, re.error, RecursionError) as error:
        raise InputError(f"each.{name} = {pattern[:80]!r}: not a file pattern ({error})") from error
    files = sorted(Path(match).as_posix() for match in found if (folder / match).is_file())
    if not files:
        raise InputError(f"each.{name} = {pattern[:80]!r}: no file matches it in {str(folder)[:80]!r}")
    return files


def _combinations(values: dict[str, list[str]]) -> Iterator[dict[str, str]]:
    return (dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values()))


def _case(given: dict[str, Any], chosen: dict[str, str], source: Source, line: int) -> Case:
    texts: dict[str, str] = {key: _filled(key, given[key], chosen) for key in (*_FILLED, "why", "id") if key in given}
    for key in ("on", "formula"):
        if key in given:
            texts[key] = _filled(key, given[key], {name: _in_region(value) for name, value in chosen.items()})
    let = {name: _filled(f"let.{name}", network, chosen) for name, network in given.get("let", {}).items()}
    _check_used(chosen, [*(given[key] for key in texts), *given.get("let", {}).values()])
    formula, folder = texts.get("formula"), Path(source.name).parent
    if formula is not None:
        formula = from_here(formula, folder)
        texts["property"] = formula
    else:
        texts["property"] = find(texts["property"]).name
        texts.setdefault("on", "all")
    to = texts.get("to")
    if "engine" in given:
        _check_engine(given["engine"])
    work = given.get("work")
    case = Case(
        file=source.name,
        line=line,
        id="",
        network=_network_name(texts["network"], folder),
        property=texts["property"] if formula is None else "formula",
        on=from_here(texts["on"], folder) if formula is None else "all",
        formula=formula,
        to=_network_name(to, folder) if to is not None else None,
        let=tuple((name, _network_name(network, folder)) for name, network in let.items()),
        output=texts.get("output"),
        to_output=texts.get("to_output"),
        outputs=tuple(given["outputs"]) if "outputs" in given else None,
        expect=given.get("expect", "proved"),
        assurance=given.get("assurance", "checked"),
        vacuous=given.get("vacuous", False),
        timeout=given.get("timeout", SECONDS if work is None else None),
        work=work,
        engine=given.get("engine", "auto"),
        why=" ".join(texts.get("why", "").split()),
    )
    return replace(case, id=_id(given, texts, chosen), text=_digest(case))


def _check_used(chosen: Iterable[str], texts: Iterable[str]) -> None:
    used = {match[1] for text in texts for match in _PLACEHOLDER.finditer(text)}
    for name in chosen:
        if name not in used:
            raise InputError(f"each.{name} is used nowhere; write {{{name}}} in network, property, on, formula or to")


def _digest(case: Case) -> str:
    """What decides whether a claim has changed: everything but where it stands and why it is there."""
    data = {k: v for k, v in asdict(case).items() if k not in ("file", "line", "id", "why", "text")}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _check_engine(name: str) -> None:
    from verify.search.decide import ENGINE_NAMES

    if name not in ENGINE_NAMES:
        raise InputError(f"unknown engine {name[:40]!r}; known: {', '.join(ENGINE_NAMES)}")


def _id(given: dict[str, Any], texts: dict[str, str], chosen: dict[str, str]) -> str:
    """The id that was written, or ``denoiser affine on box(0, 1)``; then the values that it does not show."""
    if "id" in given:
        base, shown = texts["id"], given["id"]
    else:
        to = f" to {_stem(texts['to'])}" if "to" in texts else ""
        where = f" on {texts['on']}" if texts.get("on", "all") != "all" else ""
        base = f"{_stem(texts['network'])} {texts.get('formula', texts['property'])}{to}{where}"
        says = given["formula"] if "formula" in given else f"{given['property']} {given.get('on', 'all')}"
        shown = f"{says} {given['network'].rpartition('/')[2]}"
    named = {match[1] for match in _PLACEHOLDER.finditer(shown)}
    left = [f"{name}={value}" for name, value in chosen.items() if name not in named]
    whole = " ".join(f"{base} [{', '.join(left)}]".split()) if left else " ".join(base.split())
    return whole if len(whole) <= 200 else f"{whole[:180]}~{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def _stem(name: str) -> str:
    stem = name.rpartition("/")[2]
    for suffix in _NETWORK_FILE:
        stem = stem.removesuffix(suffix)
    return stem


def _filled(key: str, text: str, chosen: dict[str, str]) -> str:
    """The text with ``{name}`` replaced."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            raise InputError(f"{key!r} has a brace that names no value; write {{name}} for each.name")
        if match[1] not in chosen:
            known = ", ".join(chosen) or "none"
            raise InputError(
                f"{key!r} names {{{match[1][:40]}}}, but there is no each.{match[1][:40]} (there is: {known})"
            )
        return chosen[match[1]]

    return _PLACEHOLDER.sub(value, text)


def _in_region(value: str) -> str:
    """A file name that the grammar of regions would not read as one, in quotes."""
    if not value.lower().endswith((".npy", ".vnnlib", ".vnnlib.gz")) or _PLAIN_FILE.fullmatch(value):
        return value
    if '"' in value:
        raise InputError(f"the file name {value[:80]!r} has a quotation mark; rename it")
    return f'"{value}"'


def _network_name(text: str, folder: Path) -> str:
    """A built-in network's name, or the file's name as from the current folder."""
    if text.startswith("example:") or not ("/" in text or "." in text):
        return text
    return _moved(text, folder)


def from_here(region: str, folder: Path) -> str:
    """The region with the names of its files, which are relative to ``folder``, as from the current folder."""

    def moved(match: re.Match[str]) -> str:
        name = match[0].strip("\"'")
        there = _moved(name, folder)
        return match[0] if there == name else _in_region(there)

    return _FILE.sub(moved, region)


def _moved(name: str, folder: Path) -> str:
    if os.path.isabs(name):
        return name
    path = os.path.normpath(folder / name)
    return Path(path).as_posix()
