"""Where a browser tab's files lie: a folder of its own in a temporary folder, under a name that nobody can guess."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from verify.errors import InputError

MAX_FILE, MAX_DESK, MAX_FILES, MAX_DESKS = 64 * 2**20, 192 * 2**20, 40, 32
ENDINGS = (".onnx", ".onnx.gz", ".toml", ".npy", ".vnnlib", ".vnnlib.gz")
NETWORKS = (".onnx", ".onnx.gz", ".toml")


@dataclass(eq=False)
class Desk:
    """One tab's files by name; ``given`` are files of the command line, which are read where they are."""

    name: str
    folder: Path
    given: dict[str, str] = field(default_factory=dict)
    output: str | None = None  # the tensor of the given file that is its output
    used: float = field(default_factory=time.monotonic)

    @property
    def files(self) -> list[str]:
        """The names of what was uploaded, and of what was given."""
        return sorted({*self.given, *(path.name for path in self.folder.iterdir() if path.is_file())})

    def path(self, name: str) -> str:
        """What the reader is to be told, seen from the desk's folder."""
        if name not in self.files:
            raise InputError(f"file {name[:80]!r} is not here; drop it on the page first")
        return self.given.get(name, name)

    def room(self) -> int:
        """How many bytes the next file may have."""
        taken = [path.stat().st_size for path in self.folder.iterdir() if path.is_file()]
        return 0 if len(taken) >= MAX_FILES else min(MAX_FILE, MAX_DESK - sum(taken))

    def keep(self, name: str, data: bytes) -> str:
        """Store a file; returns the name under which it is kept."""
        kept = safe_name(name)
        (self.folder / kept).write_bytes(data)
        return kept


def safe_name(name: str) -> str:
    """The last part of a name, with signs that no file system, shell or page minds; its ending decides the reader."""
    last = re.split(r"[/\\]", name)[-1].strip()
    ending = next((e for e in sorted(ENDINGS, key=len, reverse=True) if last.lower().endswith(e)), None)
    if ending is None:
        raise InputError(f"file {last[:80]!r}: not a kind of file that can be read; expected {', '.join(ENDINGS)}")
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", last[: -len(ending)])[:80].lstrip(".-")
    return f"{stem or 'file'}{ending}"


class Desks:
    """All desks, in one temporary folder that goes with the server."""

    def __init__(self, given: dict[str, str], output: str | None = None) -> None:
        self.given, self.output = given, output
        self.folder = Path(tempfile.mkdtemp(prefix="verify-serve-"))
        self._lock = threading.Lock()
        self._desks: dict[str, Desk] = {}

    def new(self, busy: frozenset[str] = frozenset()) -> Desk:
        """An empty desk; the one that was not used for longest makes room, unless it is busy."""
        with self._lock:
            idle = sorted((d for d in self._desks.values() if d.name not in busy), key=lambda d: d.used)
            for old in idle[: max(0, len(self._desks) - MAX_DESKS + 1)]:
                shutil.rmtree(self._desks.pop(old.name).folder, ignore_errors=True)
            name = secrets.token_urlsafe(18)
            folder = self.folder / name
            folder.mkdir(mode=0o700)
            desk = Desk(name, folder, dict(self.given), self.output)
            self._desks[name] = desk
            return desk

    def find(self, name: str) -> Desk | None:
        """The desk of that name."""
        with self._lock:
            desk = self._desks.get(name)
            if desk is not None:
                desk.used = time.monotonic()
            return desk

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
