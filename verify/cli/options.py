"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from verify.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])


def bounded(command: F) -> F:
    """The options that bound every long command."""
    for option in (
        click.option("--timeout", metavar="SECONDS", help="Give up after this many seconds (status 3)."),
        click.option("--memory", metavar="MIB", help="Give up beyond this much memory (status 3)."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ):
        command = option(command)
    return command


def choosing_output(command: F) -> F:
    """The option that chooses a tensor of an ONNX model as the output."""
    text = "The tensor of an ONNX model to take as the output; for a model with one output, its own."
    return click.option("--output", metavar="TENSOR", help=text)(command)


def choosing_second_output(command: F) -> F:
    """The same for a second network."""
    return click.option("--to-output", metavar="TENSOR", help="The same for the second network.")(command)


def number(text: str | None, name: str) -> float | None:
    """The positive number of an option; None where it was not given."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(f"--{name} {text}: expected a positive number")
    return value


def whole(work: str | None) -> int | None:
    """The steps of ``--work``; None where it was not given."""
    if work is None:
        return None
    if not work.isdecimal() or not 0 < int(work[:20]) <= 10**12:
        raise InputError(f"--work {work[:40]}: expected a whole number of steps, 1 or more")
    return int(work)


def limit_memory(text: str | None) -> None:
    """Let this process have no more than that many MiB."""
    mebibytes = number(text, "memory")
    if mebibytes is None:
        return
    import resource

    size = min(int(mebibytes * 2**20), sys.maxsize)
    highest = resource.getrlimit(resource.RLIMIT_AS)[1]
    if highest == resource.RLIM_INFINITY or size < highest:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def output_list(text: str | None) -> list[int] | None:
    """The outputs that ``0,2`` names."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--outputs {text[:60]!r}: expected output numbers such as 0,2") from error
