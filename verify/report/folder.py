"""A report folder: marked as ours before anything is written, so that nobody's files are overwritten."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

from verify.errors import InputError
from verify.report.record import write_text

MARKER, INDEX = ".relu-verify", "index.html"
PAGES = (".html", ".md", ".smt2", ".py")
# Records and pages end in a digest, theorems and later claims of a test also in a number.
_IGNORED = "\n".join(
    [
        "# Made by relu-verify: records and pages can be made again.",
        "/.gitignore",
        f"/{MARKER}",
        f"/{INDEX}",
        "/theorems/",
        *(f"/*-????????{more}{suffix}" for more in ("", "-*") for suffix in (".json", *PAGES)),
        "",
    ]
)


class Unwritable(InputError):
    """A report folder that cannot be made or written to."""


def take(folder: Path, stems: Iterable[str] = (), option: str = "--report") -> None:
    """Make the folder if need be, and mark it as a report folder.

    Raises ``Unwritable`` where it cannot be written to, ``InputError`` where it is not marked and holds a file of a
    name that would be written: the list of claims, or the record or a page of one of ``stems``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).is_file():
            _refuse_foreign(folder, stems, option)
            write_text(folder / MARKER, "This folder holds reports of relu-verify; they are overwritten.\n")
            if not (folder / ".gitignore").exists():
                write_text(folder / ".gitignore", _IGNORED)
        else:
            tempfile.TemporaryFile(dir=folder).close()
    except FileExistsError as error:
        raise Unwritable(f"{option} {folder}: is a file; name a folder to write to") from error
    except OSError as error:
        raise Unwritable(f"{option} {folder}: {error.strerror or error}; name a folder to write to") from error


def _refuse_foreign(folder: Path, stems: Iterable[str], option: str) -> None:
    names = [INDEX, *(f"{stem}{suffix}" for stem in stems for suffix in (".json", *PAGES))]
    for name in names:
        if (folder / name).exists() or (folder / name).is_symlink():
            raise InputError(
                f"{option} {folder}: there is a {name} that is not known to be ours; name another folder, or remove it"
            )


def drop_pages(record: Path) -> None:
    """Remove the pages beside a record: they tell of what it said before."""
    for suffix in PAGES:
        record.with_suffix(suffix).unlink(missing_ok=True)


def prune(folder: Path, kept: Iterable[str], *, tests: bool, claims: bool) -> int:
    """Remove records of tests (``tests``), or of claims files, that are not among the names ``kept``, and their pages.

    For marked folders only; returns how many went.
    """
    if not (folder / MARKER).is_file():
        return 0
    known, gone = set(kept), 0
    for path in sorted(folder.glob("*.json")):
        if path.name in known or path.is_symlink():
            continue
        test = _test_of(path)
        file = test.partition("::")[0]
        if test and (claims if file.endswith(".toml") else tests):
            drop_pages(path)
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _test_of(path: Path) -> str:
    """The test or claim that a record names; empty for anything else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    unchecked = data.get("unchecked") if isinstance(data, dict) else None
    if not isinstance(unchecked, dict) or not {"format", "verdict", "property"} <= set(data):
        return ""
    return str(unchecked.get("test") or "")
