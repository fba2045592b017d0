"""Reading files of bounded size, each failure as one line."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from verify.errors import InputError


def shorten(text: str, limit: int = 60) -> str:
    """``text`` with its middle left out where it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]} ... {text[len(text) - (limit - head) :]}"


def shown(path: Path | str) -> str:
    """A path as messages quote it: on one line, whatever is in its name."""
    return shorten(repr(str(path)), 200)


def is_file(path: Path) -> bool:
    """Whether ``path`` is a file; a name that no file can have is not one."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, limit: int, kind: str, error: type[InputError]) -> bytes:
    """The content of a file, unpacked if its name ends in ``.gz``.

    Raises ``error`` where the file is missing, unreadable, or has more than ``limit`` bytes (unpacked).
    """
    if not is_file(path):
        raise error(f"{kind} {shown(path)}: {absent(path)}; check the path")
    try:
        with _opened(path) as stream:
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as problem:
        reason = getattr(problem, "strerror", None) or "it is damaged"
        raise error(f"{kind} {shown(path)}: cannot be read ({reason})") from problem
    if len(data) > limit:
        raise error(f"{kind} {shown(path)}: larger than {limit // 2**20} MiB, the most that is read")
    return data


def read_text(path: Path, limit: int, kind: str, error: type[InputError]) -> str:
    """The same as text; bytes that are not UTF-8 raise ``error`` too."""
    return decoded(read_bytes(path, limit, kind, error), path, kind, error)


def decoded(data: bytes, path: Path, kind: str, error: type[InputError]) -> str:
    """``data`` as UTF-8 text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise error(f"{kind} {shown(path)}, line {line}: not UTF-8 text; save the file as UTF-8") from problem


def absent(path: Path) -> str:
    """What is there in the place of a file."""
    if is_folder(path):
        return "is a folder"
    try:
        return "is neither a file nor a folder" if path.exists() else "no such file"
    except (OSError, ValueError):
        return "no such file"


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder; a name that nothing can have is not one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _opened(path: Path) -> BinaryIO:
    if path.name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")
