"""From claims files to cases: every claim with its defaults, its values and an id."""

from __future__ import annotations

import functools
import glob
import hashlib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from verify.errors import InputError
from verify.gate.files import ClaimsError, ClaimsProblem, Source, line_of, read
from verify.gate.filling import FILE, SECONDS, Template, merged
from verify.gate.schema import MAX_VALUES, ClaimTable

MAX_CASES = 1_000_000
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Case:
    """One claim to decide, as plain data; files are named as from the current folder.

    ``file`` and ``line`` say where the claim stands, ``id`` is unique within its file. ``timeout`` and ``work`` are
    None where they do not bound it. Where there is a ``formula``, ``property`` and ``on`` say nothing; ``let`` has its
    further networks.
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

    @functools.cached_property
    def key(self) -> str:
        """The case's name among those of all files."""
        return f"{self.file}::{self.id}"

    @functools.cached_property
    def text(self) -> str:
        """A digest of what decides whether a claim has changed: all but where it stands and why it is there."""
        data = {k: v for k, v in asdict(self).items() if k not in ("file", "line", "id", "why")}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

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
        return [match[0].strip("\"'") for match in FILE.finditer(self.formula or self.on)]

    @functools.cached_property
    def networks(self) -> list[str]:
        """The networks, by file name or as built-in ones."""
        return [self.network, *([self.to] if self.to is not None else []), *(name for _, name in self.let)]


def cases_of(paths: Iterable[Path]) -> list[Case]:
    """The cases of all files, in order. Raises ``ClaimsError`` with the mistakes of all of them."""
    problems: list[ClaimsProblem] = []
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
    problems: list[ClaimsProblem] = []
    found: list[Case] = []
    total, folder = 0, Path(source.name).parent
    firsts: dict[int, int] = {}  # of each claim; asking ``line_of`` for each would look at every line each time
    for place, known in source.lines.items():
        if len(place) > 1 and place[0] == "claim":
            firsts[int(place[1])] = min(known, firsts.get(int(place[1]), known))
    for index, claim in enumerate(source.tables.claim):
        line = firsts.get(index) or line_of(source.lines, ("claim", index))
        try:
            values = _values(claim, folder)
            total += math.prod(len(options) for options in values.values())
            if total > MAX_CASES:
                raise InputError(f"more than {MAX_CASES} claims in one file; use fewer values")
            template = Template(merged(source.tables.defaults, claim), values, folder)
            found += [Case(file=source.name, line=line, **template.filled(each)) for each in _combinations(values)]
        except InputError as error:
            problems.append(ClaimsProblem(source.name, line, f"claim {index + 1}: {error}"))
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
            problems.append(
                ClaimsProblem(case.file, case.line, f"the id {case.id!r} is taken; each claim needs its own")
            )
        found.append(case if counts[case.id] == 1 else replace(case, id=f"{case.id} #{counts[case.id]}"))
    if problems:
        raise ClaimsError(problems)
    return found


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
