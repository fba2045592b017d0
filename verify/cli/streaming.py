"""``verify pieces --stream``: one line for each cell, as soon as it is known."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from verify.arrangement.counting import Pieces
from verify.arrangement.stream import CellStream
from verify.errors import BudgetExceeded
from verify.report.pieces_export import streamed_json

STANDARD_OUTPUT = "-"


def write_cells(read: CellStream, path: str) -> tuple[Pieces, int, bool]:
    """Write every cell; the counts, the number of lines, and whether Ctrl-C ended it. Whole lines stay in any case."""
    network, lines, reason = read.domain.problem.question.network, 0, ""
    with _writing(path) as write:
        try:
            for cell in read:
                write(json.dumps(streamed_json(network, cell)).encode() + b"\n")
                lines += 1
        except (BudgetExceeded, MemoryError) as stop:
            reason = str(stop) or "out of memory"
        except KeyboardInterrupt:
            reason = "interrupted"
        finally:
            read.close()
    if reason:
        more = read.limit is not None and lines == read.limit
        return Pieces(read.domain, None, None, None, max(lines + more, 1), reason), lines, reason == "interrupted"
    return Pieces(read.domain, read.cells, read.pieces, read.affine_maps, read.cells), lines, False


@contextmanager
def _writing(path: str) -> Iterator[Callable[[bytes], None]]:
    """A function that writes a line to standard output or to a new file, which is cut after the last whole one."""
    if path == STANDARD_OUTPUT:
        yield _print
        if sys.stdout is not None:
            sys.stdout.flush()
        return
    with open(path, "wb", buffering=0) as file:
        whole = 0

        def write(line: bytes) -> None:
            nonlocal whole
            left = memoryview(line)
            while left:
                left = left[file.write(left) :]
            whole += len(line)

        try:
            yield write
        finally:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.truncate(whole)


def _print(line: bytes) -> None:
    if sys.stdout is not None:  # None when the caller has closed it
        sys.stdout.write(line.decode())
