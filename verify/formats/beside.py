"""Files that a network's file names: plain files of its own folder, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

from verify.errors import NetworkError

MAX_BYTES = 512 * 2**20


def checked_name(location: str, place: str) -> str:
    """The location as a path inside the folder; anything that could lead out of it is refused."""
    parts = PurePosixPath(location).parts
    if not parts or "\x00" in location or "\\" in location:
        raise NetworkError(f"{place}: not the name of a file; expected a path inside the model's folder")
    if location.startswith("/") or ".." in parts or PureWindowsPath(location).drive:
        raise NetworkError(f"{place}: outside the model's folder, where nothing is read; put the file beside the model")
    return "/".join(parts)


def read_beside(folder: Path, name: str, place: str, limit: int) -> bytes:
    """The content of a regular file, reached through real folders only."""
    path, parts = folder, name.split("/")
    try:
        for index, part in enumerate(parts, start=1):
            path = path / part
            status = os.lstat(path)
            expected = stat.S_ISREG if index == len(parts) else stat.S_ISDIR
            if not expected(status.st_mode):
                link = stat.S_ISLNK(status.st_mode)
                kind = "a link, and links are not followed" if link else "not a regular file in plain folders"
                raise NetworkError(f"{place}: {kind}; put the file itself into the model's folder")
        # O_NOFOLLOW and the comparison: what is opened is what was looked at, whatever happens in between.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as stream:
            opened = os.fstat(stream.fileno())
            if (opened.st_dev, opened.st_ino) != (status.st_dev, status.st_ino) or not stat.S_ISREG(opened.st_mode):
                raise NetworkError(f"{place}: the file changed while it was opened; try again")
            if opened.st_nlink > 1:
                raise NetworkError(f"{place}: a hard link, which may lead anywhere; put a copy into the model's folder")
            data = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise NetworkError(f"{place}: no such file beside the model; fetch it too") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NetworkError(f"{place}: cannot be read: {reason}") from error
    if len(data) > limit:
        raise NetworkError(f"{place}: with this file more than {MAX_BYTES} bytes, the most that is read")
    return data
