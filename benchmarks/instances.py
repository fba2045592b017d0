"""The instances of a VNN-COMP benchmark: ``python -m benchmarks.instances FOLDER/instances.csv [--jobs N] [--cap S]``.

A line is ``NETWORK,PROPERTY,SECONDS``; several networks are separated by ``;`` (or one column each), and may be written
NAME=FILE. Files are sought beside the list, with and without ``.gz``. ``verify vnnlib`` answers each in a process of
its own; a line is printed for each, and RESULTS (``--results``, beside the list: results.csv) gets
``networks,property,answer,seconds``. Status 1 if an answer is missing (an error, no file), else 0.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAM = (sys.executable, "-c", "from verify.cli import main; main()", "vnnlib")
ANSWERS = {0: "unsat", 1: "sat", 3: "unknown"}
# What a process gets beyond its own limit before it is ended.
GRACE_SECONDS = 30.0


class ListError(ValueError):
    """A list, or a line of it, that cannot be read."""


@dataclass(frozen=True)
class Instance:
    """Networks (FILE or NAME=FILE) and a property, as they are written, and the seconds that they may take."""

    networks: tuple[str, ...]
    property: str
    seconds: float


def main() -> None:
    """Answer every instance of a list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", type=Path)
    parser.add_argument("--jobs", default="1", help="processes for each instance")
    parser.add_argument("--cap", type=float, default=float("inf"), help="at most so many seconds for each instance")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    try:
        instances = list(read(options.list))
    except (ListError, OSError, UnicodeDecodeError) as error:
        parser.exit(2, f"{options.list}: {error}\n")
    rows, folder = [], options.list.resolve().parent
    for instance in instances:
        row = answered(instance, folder, options.jobs, options.cap)
        rows.append(row)
        print(",".join(row), flush=True)
    write(options.results or options.list.with_name("results.csv"), rows)
    counts = Counter(row[2] for row in rows)
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    sys.exit(1 if set(counts) - set(ANSWERS.values()) else 0)


def read(path: Path) -> Iterator[Instance]:
    """The instances of a list; empty lines are left out."""
    found = False
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            columns = [column.strip() for column in row]
            if not any(columns):
                continue
            found = True
            yield _instance(columns)
    if not found:
        raise ListError("no instance; expected lines NETWORK,PROPERTY,SECONDS")


def _instance(columns: list[str]) -> Instance:
    if len(columns) < 3 or not all(columns):
        raise ListError(f"{','.join(columns)[:80]!r}: expected NETWORK,PROPERTY,SECONDS")
    networks = tuple(name.strip() for column in columns[:-2] for name in column.split(";"))
    try:
        seconds = float(columns[-1])
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf") or not all(networks):
        raise ListError(
            f"{','.join(columns)[:80]!r}: expected a number of seconds above 0 at the end, got {columns[-1]!r}"
        )
    return Instance(networks, columns[-2], seconds)


def answered(instance: Instance, folder: Path, jobs: str, cap: float) -> tuple[str, str, str, str]:
    """``networks,property,answer,seconds``; the answer is ``error`` where the tool gives none."""
    seconds = min(instance.seconds, cap)
    files = [located(name, folder) for name in (*instance.networks, instance.property)]
    started = time.monotonic()
    command = [*PROGRAM, *files, "--jobs", jobs, "--timeout", f"{seconds:g}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + GRACE_SECONDS)
        word = ANSWERS.get(done.returncode, "error")
        if word == "error":
            print(done.stderr.strip(), file=sys.stderr)
    except subprocess.TimeoutExpired:
        word = "unknown"
    return ";".join(instance.networks), instance.property, word, f"{time.monotonic() - started:.2f}"


def located(name: str, folder: Path) -> str:
    """The file as an argument of the tool; NAME= stays before it."""
    before, equals, file = name.rpartition("=")
    path = folder / file
    packed = path.with_name(f"{path.name}.gz")
    chosen = path if path.exists() or not packed.exists() else packed
    return f"{before}{equals}{chosen}"


def write(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    """The results, written whole or not at all."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    new.replace(path)


if __name__ == "__main__":
    main()
