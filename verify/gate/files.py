"""Finding claims files and reading them; every mistake with file, line and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from verify.errors import InputError
from verify.formats.reading import is_file, read_text, shown
from verify.formats.toml import parsed
from verify.gate.lines import Place, key_lines
from verify.gate.schema import ClaimsFile, mistakes

MAX_BYTES = 16 * 2**20
MAIN, PROJECT, FOLDER = "verify.toml", "pyproject.toml", "properties"
# A TOML file with one of these at its top describes a network.
NETWORK_KEYS = ("input", "layer", "family")


@dataclass(frozen=True)
class ClaimsProblem:
    """A mistake in the input: the file, the line (0: the file as a whole) and one sentence."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class ClaimsError(InputError):
    """Claims files that cannot be used; ``problems`` has all mistakes that were found."""

    def __init__(self, problems: Sequence[ClaimsProblem]) -> None:
        shown_first = "; ".join(map(str, problems[:3]))
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        super().__init__(shown_first + more)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


@dataclass(frozen=True)
class Source:
    """A claims file as read: its name as it is shown, its tables, and the lines of its keys."""

    path: Path
    name: str
    tables: ClaimsFile
    lines: dict[Place, int]


def read(path: Path, text: str | None = None) -> Source | None:
    """The claims of a file (or of ``text`` in its place); None where it is a network file, or a project's without any.

    Raises ``ClaimsError`` with every mistake that the file has.
    """
    name = shown_name(path)
    try:
        text = read_text(path, MAX_BYTES, "claims file", InputError) if text is None else text
        data: dict[str, Any] = dict(parsed(text))
    except InputError as error:
        raise ClaimsError([ClaimsProblem(name, 0, _without_name(str(error), path))]) from error
    prefix: Place = ()
    if path.name == PROJECT:
        tools = data.get("tool")
        if not isinstance(tools, dict) or "verify" not in tools:
            return None
        prefix, data = ("tool", "verify"), tools["verify"]
    elif is_network(data):
        return None
    lines = {place[len(prefix) :]: line for place, line in key_lines(text).items() if place[: len(prefix)] == prefix}
    if not isinstance(data, dict):
        raise ClaimsError([ClaimsProblem(name, lines.get((), 0), "'tool.verify' is no table")])
    try:
        return Source(path, name, ClaimsFile.model_validate(data), lines)
    except ValidationError as error:
        problems = [ClaimsProblem(name, line_of(lines, place), _about(place) + said) for place, said in mistakes(error)]
        raise ClaimsError(sorted(problems, key=lambda problem: problem.line)) from error


def _without_name(message: str, path: Path) -> str:
    """The message of a reader that names the file, which is said beside it already."""
    named = f"claims file {shown(path)}"
    return message.removeprefix(named).lstrip(":, ") if message.startswith(named) else message


def is_network(data: dict[str, Any]) -> bool:
    """Whether a TOML document describes a network (or a family of networks), and holds no claims."""
    return "claim" not in data and any(key in data for key in NETWORK_KEYS)


def line_of(lines: dict[Place, int], place: Place) -> int:
    """The line of a key, or where that is not known of the first key below it, or of the nearest table around it."""
    below = [line for known, line in lines.items() if known[: len(place)] == place]
    return min(below) if below else next((lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines), 0)


def _about(place: Place) -> str:
    if len(place) > 1 and place[0] == "claim":
        return f"claim {int(place[1]) + 1}: "
    return "defaults: " if len(place) > 1 else ""


def shown_name(path: Path) -> str:
    """The path as it is typed from the current folder, with forward slashes."""
    here = Path.cwd()
    full = Path(path).absolute()
    return (full.relative_to(here) if full.is_relative_to(here) else Path(path)).as_posix()


def claims_files(paths: Iterable[str]) -> list[Path]:
    """The files that the arguments of ``verify gate`` mean, each once, in order.

    Without arguments: ``verify.toml``, ``pyproject.toml`` and ``properties/*.toml`` here. A folder stands for the same
    there, and for its other TOML files, but in the folder of a project only for those that hold claims. Raises
    ``ClaimsError`` for what is not there.
    """
    given = list(paths)
    found: dict[Path, None] = dict.fromkeys(_conventional(Path())) if not given else {}
    for text in given:
        path = Path(text)
        try:
            is_folder = path.is_dir()
        except (OSError, ValueError):
            is_folder = False
        if is_folder:
            found |= dict.fromkeys(_of_folder(path))
        elif is_file(path):
            found[path] = None
        else:
            raise ClaimsError(
                [ClaimsProblem(" ".join(text.split())[:200], 0, "no such file or folder; name a claims file (*.toml)")]
            )
    return list({path.resolve(): path for path in reversed(found)}.values())[::-1]


def _conventional(folder: Path) -> list[Path]:
    """The claims files of a project, where its folder is known."""
    own = [folder / MAIN, folder / PROJECT, *sorted((folder / FOLDER).glob("*.toml"))]
    return [path for path in own if is_file(path)]


def _of_folder(folder: Path) -> list[Path]:
    """Claims files of a folder. Other tools keep TOML files in a project's folder."""
    own = _conventional(folder)
    others = [path for path in sorted(folder.glob("*.toml")) if path not in own and is_file(path)]
    return [*own, *(path for path in others if not own or holds_claims(path))]


def holds_claims(path: Path) -> bool:
    """Whether a TOML file has a table ``claim`` at its top; one that cannot be read has none."""
    try:
        return "claim" in parsed(read_text(path, MAX_BYTES, "claims file", InputError))
    except InputError:
        return False
