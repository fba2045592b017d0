"""``python -m benchmarks.pieces``: counting cells and linear pieces, beside other ways to count them.

They are a plain float subdivision of the plane, and relucent, where ``--relucent PYTHON`` names an interpreter that has
it (see ``benchmarks/relucent_cells.py``). Networks are random (NumPy seeds, float32 weights, see ``network``), their
numbers of cells in [-1, 1]^n known. Each run is a process of its own, so that its peak memory can be read. Exit status
1 if a count of this project is wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import markdown
from benchmarks.machine import machine
from verify.network import Builder, Network
from verify.network.builder import dense, relu

RESULTS = Path(__file__).parent / "results"
CAP = 900.0
# Sizes, seed, and the number of cells where another program found it as well.
KNOWN: tuple[tuple[tuple[int, ...], int, int], ...] = (
    ((2, 16, 16, 1), 0, 225),
    ((2, 32, 32, 1), 0, 1026),
    ((2, 64, 64, 1), 0, 3869),
    ((3, 16, 16, 1), 0, 1429),
    ((4, 12, 12, 1), 0, 1619),
    ((2, 128, 128, 128, 1), 0, 33551),
)
GROWTH = (45, 90, 180, 360, 720, 1900)
# What two processes count as well.
SHARED: tuple[tuple[int, ...], ...] = ((2, 720, 1), (2, 256, 256, 1), (3, 80, 80, 1))
# Beyond so many cells the others take minutes.
MOST_FLOAT_CELLS, MOST_RELUCENT_CELLS = 10_000, 2_000
LATTICE = Path(__file__).resolve().parents[2] / "shared" / "networks" / "tll_8_0.onnx.gz"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Run:
    """One count: what it found, seconds of processor time (its own) and of the clock, and peak memory in MiB."""

    cells: int | None
    pieces: int | None
    seconds: float
    wall: float
    memory: float


def layers(sizes: Sequence[int], seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights ``normal(0, sqrt(2/m))`` and biases ``normal(0, 1/2)``, each rounded to float32."""
    rng = np.random.default_rng(seed)
    made = []
    for m, n in pairwise(sizes):
        weights = rng.normal(0, math.sqrt(2 / m), (n, m)).astype(np.float32)
        made.append((weights.astype(float), rng.normal(0, 0.5, (n,)).astype(np.float32).astype(float)))
    return made


def network(sizes: Sequence[int], seed: int) -> Network:
    """The network of ``layers``, ReLU behind all but the last."""
    builder = Builder((sizes[0],), "-".join(map(str, sizes)))
    x = builder.input
    for place, (weights, bias) in enumerate(layers(sizes, seed), start=2):
        x = dense(x, weights.tolist(), bias.tolist())
        x = relu(x) if place < len(sizes) else x
    return builder.build(x)


def count_exactly(sizes: Sequence[int], seed: int, executor: Executor | None = None) -> tuple[int | None, int | None]:
    """Cells and pieces by this project."""
    from verify import api
    from verify.region import box

    found = api.pieces(network(sizes, seed), box([-1] * sizes[0], [1] * sizes[0]), executor=executor)
    return found.cells, found.pieces


def count_in_two(sizes: Sequence[int], seed: int) -> tuple[int | None, int | None]:
    """The same by two processes, which are started when they are needed."""
    from verify.cli.workers import workers

    with workers("2") as executor:
        return count_exactly(sizes, seed, executor)


def count_in_floats(sizes: Sequence[int], seed: int) -> tuple[int, None]:
    """Cells by clipping float64 polygons one by one, with a tolerance: what one would write in an hour."""
    polygons = [(np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]), np.eye(2, 3))]
    for weights, bias in layers(sizes, seed)[:-1]:
        done = []
        for corners, forms in polygons:
            z = weights @ forms
            z[:, -1] += bias
            parts = [(corners, np.zeros(len(z), dtype=bool))]
            for unit in range(len(z)):
                parts = [side for part in parts for side in _sides(*part, z[unit], unit)]
            done += [(part, z * on[:, None]) for part, on in parts]
        polygons = done
    return len(polygons), None


def _sides(corners: np.ndarray, on: np.ndarray, form: np.ndarray, unit: int) -> list[tuple[np.ndarray, np.ndarray]]:
    values = corners @ form[:-1] + form[-1]
    found = []
    for sign in (1.0, -1.0):
        if (sign * values).max() <= TOLERANCE:
            continue
        bits = on.copy()
        bits[unit] = sign > 0
        found.append((corners if (sign * values).min() >= -TOLERANCE else _clipped(corners, sign * values), bits))
    return found


def _clipped(corners: np.ndarray, values: np.ndarray) -> np.ndarray:
    kept = []
    for i in range(len(corners)):
        j = i - 1
        if values[i] * values[j] < 0:
            share = values[i] / (values[i] - values[j])
            kept.append(corners[i] + share * (corners[j] - corners[i]))
        if values[i] >= 0:
            kept.append(corners[i])
    return np.array(kept)


COUNTERS = {"exact": count_exactly, "two": count_in_two, "float": count_in_floats}


def in_process(counter: str, sizes: Sequence[int], seed: int) -> Run:
    """One count in a process of its own; no count where it takes too long."""
    return _run([sys.executable, "-m", "benchmarks.pieces", "--one", counter, json.dumps(list(sizes)), str(seed)], "")


def by_relucent(python: str, sizes: Sequence[int], seed: int) -> Run:
    """The cells that relucent finds."""
    made = [[weights.tolist(), bias.tolist()] for weights, bias in layers(sizes, seed)]
    return _run([python, str(Path(__file__).with_name("relucent_cells.py"))], json.dumps(made))


def _run(command: list[str], text: str) -> Run:
    try:
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, timeout=CAP, check=True)
    except subprocess.TimeoutExpired:
        return Run(None, None, CAP, CAP, 0.0)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def one(counter: str, sizes: Sequence[int], seed: int) -> Run:
    """One count in this process."""
    COUNTERS[counter]((sizes[0], 2, 1), 0)  # what is loaded on first use is not what is measured
    began, clock = time.process_time(), time.monotonic()
    cells, pieces = COUNTERS[counter](sizes, seed)
    seconds, wall = time.process_time() - began, time.monotonic() - clock
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(cells, pieces, round(seconds, 3), round(wall, 3), round(memory, 1))


@dataclass(frozen=True)
class Row:
    """One network: its known number of cells, and what each counted."""

    sizes: tuple[int, ...]
    known: int | None
    ours: Run
    plain: Run | None = None
    peer: Run | None = None

    @property
    def name(self) -> str:
        """``2-16-16-1``."""
        return "-".join(map(str, self.sizes))

    @property
    def is_right(self) -> bool:
        """Whether the count is the known one."""
        return self.known is None or self.ours.cells == self.known


def measured(sizes: tuple[int, ...], seed: int, known: int | None, relucent: str | None) -> Row:
    """All counts of one network."""
    ours = in_process("exact", sizes, seed)
    cells = ours.cells or 0
    plain = in_process("float", sizes, seed) if sizes[0] == 2 and cells <= MOST_FLOAT_CELLS else None
    peer = by_relucent(relucent, sizes, seed) if relucent and known and cells <= MOST_RELUCENT_CELLS else None
    row = Row(sizes, known, ours, plain, peer)
    print(row, file=sys.stderr, flush=True)
    return row


def table(rows: Sequence[Row]) -> str:
    """One row for each network; the others' seconds, and the cells that they found."""
    head = [
        "network",
        "cells",
        "pieces",
        "seconds",
        "cells per second",
        "peak MiB",
        "float64",
        "relucent",
        "times ours",
    ]
    body = []
    for row in rows:
        ours, times = row.ours, ""
        if row.peer is not None and row.peer.cells:
            times = f"{row.peer.seconds / max(ours.seconds, 1e-3):,.0f}"
        body.append(
            [
                row.name,
                str(ours.cells),
                str(ours.pieces),
                f"{ours.seconds:.2f}",
                f"{(ours.cells or 0) / max(ours.seconds, 1e-3):,.0f}",
                f"{ours.memory:.0f}",
                *(f"{run.seconds:.2f} ({run.cells})" if run else "" for run in (row.plain, row.peer)),
                times,
            ]
        )
    return "\n".join(markdown.table(head, body))


def shared_table(rows: Sequence[tuple[str, Run, Run]]) -> str:
    """Seconds of the clock in one process and with two more."""
    head = ["network", "cells", "one process", "two processes", "times", "peak MiB", "of the first of several"]
    return "\n".join(
        markdown.table(
            head,
            [
                [
                    name,
                    str(alone.cells),
                    f"{alone.wall:.2f}",
                    f"{two.wall:.2f}",
                    f"{alone.wall / two.wall:.2f}",
                    f"{alone.memory:.0f}",
                    f"{two.memory:.0f}",
                ]
                for name, alone, two in rows
            ],
        )
    )


def lattice() -> tuple[str, bool]:
    """A sentence about tll_8_0 on [-2, 2]^2, where it is here, and whether its counts are right."""
    if not LATTICE.is_file():
        return "The lattice network tll_8_0 is not here.", True
    from verify import api

    began = time.process_time()
    found = api.pieces(LATTICE, "box([-2, -2], [2, 2])")
    text = f"The lattice network tll_8_0 on [-2, 2]^2: {found.cells} cells, {found.pieces} pieces, {found.affine_maps}"
    seconds = time.process_time() - began
    return f"{text} affine maps, {seconds:.2f} s with reading.", (found.cells, found.affine_maps) == (433, 5)


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log seconds against log cells."""
    return float(np.polyfit(np.log(np.array(sizes, dtype=float)), np.log(np.array(seconds)), 1)[0])


def page(notes: str, relucent: str | None) -> tuple[str, bool]:
    """The page, and whether every count is right."""
    known = [measured(sizes, seed, cells, relucent) for sizes, seed, cells in KNOWN]
    growing = [measured((2, width, 1), 0, None, None) for width in GROWTH]
    shared = []
    for sizes in SHARED:
        shared.append(("-".join(map(str, sizes)), in_process("exact", sizes, 0), in_process("two", sizes, 0)))
        print(*shared[-1], file=sys.stderr, flush=True)
    sentence, right = lattice()
    right &= all(row.is_right for row in known)
    right &= all((a.cells, a.pieces) == (b.cells, b.pieces) for _, a, b in shared)
    large = [(row.ours.cells, row.ours.seconds) for row in growing if (row.ours.cells or 0) > 2000]
    power = exponent([c or 0 for c, _ in large], [s for _, s in large])
    text = (
        f"# Counting cells and pieces\n\nWritten by `python -m benchmarks.pieces`. {machine()} {notes}\n\n"
        "Random networks on [-1, 1]^n; exact counts, each in a process of its own, seconds of processor time. Float64:"
        " polygons clipped one by one with a tolerance; relucent 1.0 with one worker, which it starts; what they"
        f" counted in brackets.\n\n{table(known)}\n\n{sentence}\n\n"
        f"One hidden layer, more and more units; seconds grow as cells to the power {power:.2f} above 2000 cells.\n\n"
        f"{table(growing)}\n\n"
        "With `--jobs 2`: seconds of the clock, the start of the processes included.\n\n"
        f"{shared_table(shared)}\n"
    )
    return text, right


def main(arguments: list[str]) -> int:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.pieces", description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("COUNTER", "SIZES", "SEED"), help="one count, as JSON")
    parser.add_argument("--relucent", metavar="PYTHON", help="an interpreter that has relucent")
    parser.add_argument("--notes", default="", help="a sentence for the page, such as what else was running")
    chosen = parser.parse_args(arguments)
    if chosen.one:
        counter, sizes, seed = chosen.one
        print(json.dumps(one(counter, json.loads(sizes), int(seed)).__dict__))
        return 0
    text, right = page(chosen.notes, chosen.relucent)
    (RESULTS / "pieces.md").write_text(text, encoding="utf-8")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
