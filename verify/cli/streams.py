"""Standard streams as they come: closed, or in an encoding that lacks some of our characters."""

from __future__ import annotations

import io
import os
import sys


def usable_streams() -> None:
    """Make sure that nothing written to the standard streams can change the exit status.

    A closed stream is opened on the null device. Otherwise the next file to be opened would get its number, and what
    libraries write there would land in that file. Characters that an encoding lacks are written as escapes.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            null = open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115 for good
            setattr(sys, name, null)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
