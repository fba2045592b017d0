"""A report folder: marked as ours before anything is written, so that nobody's files are overwritten."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from verify.errors import InputError
from verify.report.record import write_text

MARKER, INDEX = ".relu-verify", "index.html"
RECORDS, CLAIMS, THEOREMS = "records", "claims", "theorems"
# What is written of a claim for people to read: endings, and which function of this package writes each, given the
# page and the addresses of its record and of the list of claims (no text: no file). Loaded where pages are written.
PAGES = {".html": "html.claim_page", ".md": "markdown.claim_text", ".py": "markdown.script"}
# What a solver was asked that disagrees.
QUERY = ".smt2"
# Records and pages end in a digest, theorems and later claims of a test also in a number.
_IGNORED = "\n".join(
    [
        "# Made by relu-verify: records and pages can be made again.",
        "/.gitignore",
        f"/{MARKER}",
        f"/{INDEX}",
        *(f"/{name}/" for name in (RECORDS, CLAIMS, THEOREMS)),
        *(f"/*-????????{more}{suffix}" for more in ("", "-*") for suffix in (".json", *PAGES, QUERY)),
        "",
    ]
)


@dataclass(frozen=True)
class ReportFolder:
    """Where the files of a report lie.

    A few claims that somebody asked for have records and pages side by side in ``root``. A run of many (``apart``)
    keeps records, the pages of claims, and theorems in folders of their own.
    """

    root: Path
    apart: bool = False

    def record(self, stem: str) -> Path:
        """The record of a claim."""
        return self.root / RECORDS / f"{stem}.json" if self.apart else self.root / f"{stem}.json"

    def page(self, stem: str) -> Path:
        """The page of a claim; its Markdown and its script have the same name with another ending."""
        return self.root / CLAIMS / f"{stem}.html" if self.apart else self.root / f"{stem}.html"

    def theorem(self, stem: str) -> Path:
        """The page of a theorem; its data lie beside it."""
        return self.root / THEOREMS / f"{stem}.html"

    @property
    def index(self) -> Path:
        """The list of claims."""
        return self.root / INDEX

    def records(self) -> list[Path]:
        """All records that lie here, by name."""
        return sorted((self.root / RECORDS if self.apart else self.root).glob("*.json"))


def href(target: Path, page: Path) -> str:
    """The address of a file as a page links to it."""
    return Path(os.path.relpath(target, page.parent)).as_posix()


class Unwritable(InputError):
    """A report folder that cannot be made or written to."""


def take(report: ReportFolder, stems: Iterable[str] = (), option: str = "--report") -> None:
    """Make the folder if need be, and mark it as a report folder.

    Raises ``Unwritable`` where it cannot be written to, ``InputError`` where it is not marked and holds a file of a
    name that would be written: the list of claims, or the record or a page of one of ``stems``.
    """
    folder = report.root
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).is_file():
            _refuse_foreign(report, stems, option)
            write_text(folder / MARKER, "This folder holds reports of relu-verify; they are overwritten.\n")
            if not (folder / ".gitignore").exists():
                write_text(folder / ".gitignore", _IGNORED)
        else:
            tempfile.TemporaryFile(dir=folder).close()
    except FileExistsError as error:
        raise Unwritable(f"{option} {folder}: is a file; name a folder to write to") from error
    except OSError as error:
        raise Unwritable(f"{option} {folder}: {error.strerror or error}; name a folder to write to") from error


def _refuse_foreign(report: ReportFolder, stems: Iterable[str], option: str) -> None:
    files = [report.index]
    files += [report.root / name for name in (RECORDS, CLAIMS, THEOREMS) if report.apart]
    for stem in stems:
        files += [report.record(stem), *(report.page(stem).with_suffix(suffix) for suffix in (*PAGES, QUERY))]
    for file in files:
        if file.exists() or file.is_symlink():
            raise InputError(
                f"{option} {report.root}: there is a {file.relative_to(report.root)} that is not known to be ours;"
                " name another folder, or remove it"
            )


def drop_pages(report: ReportFolder, stem: str) -> None:
    """Remove the pages of a claim: they tell of what its record said before."""
    for suffix in (*PAGES, QUERY):
        report.page(stem).with_suffix(suffix).unlink(missing_ok=True)
    report.record(stem).with_suffix(".smt2").unlink(missing_ok=True)


def prune(report: ReportFolder, kept: Iterable[Path], *, tests: bool, claims: bool) -> int:
    """Remove records of tests (``tests``), or of claims files, that are not among those ``kept``, and their pages.

    For marked folders only; returns how many went.
    """
    if not (report.root / MARKER).is_file():
        return 0
    known, gone = set(kept), 0
    for path in report.records():
        if path in known or path.is_symlink():
            continue
        test = _test_of(path)
        file = test.partition("::")[0]
        if test and (claims if file.endswith(".toml") else tests):
            drop_pages(report, path.stem)
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
