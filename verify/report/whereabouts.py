"""Where the files that a record names are now: as written, or below a folder above the record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from verify.formats.reading import is_file

# Folders above the record that are looked into, and trailing parts of a name that are tried there.
FOLDERS, PARTS = 8, 8


def located(name: str, record: Path, sha256: str) -> Path | None:
    """The file of that name with that digest, else one of that name, else None.

    A folder may have moved with its records and its networks: the name's last parts are looked for in every folder
    above the record. The digest says which file is meant, so looking further cannot find a wrong one.
    """
    first: Path | None = None
    for candidate in _candidates(name, record):
        if is_file(candidate):
            if digest_of(candidate) == sha256:
                return candidate
            first = first or candidate
    return first


def digest_of(path: Path) -> str:
    """SHA-256 of the bytes of a file, empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _candidates(name: str, record: Path) -> Iterator[Path]:
    written = Path(name)
    yield written
    parts = written.parts[1:] if written.is_absolute() else written.parts
    for folder in record.absolute().parents[:FOLDERS]:
        for start in range(max(0, len(parts) - PARTS), len(parts)):
            yield folder.joinpath(*parts[start:])
