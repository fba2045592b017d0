"""``python -m benchmarks.pieces``: counting cells and linear pieces, beside a plain float subdivision of the plane.

Networks are random (NumPy seeds, float32 weights, see ``network``), their numbers of cells in [-1, 1]^n known. Each run
is a process of its own, so that its peak memory can be read. Exit status 1 if a count is wrong.
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
# Beyond so many cells the float subdivision takes minutes.
MOST_FLOAT_CELLS = 40_000
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Run:
    """One count: what it found, seconds of processor time, and peak memory in MiB."""

    cells: int | None
    pieces: int | None
    seconds: float
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


def count_exactly(sizes: Sequence[int], seed: int) -> tuple[int | None, int | None]:
    """Cells and pieces by this project."""
    from verify import api
    from verify.region import box

    found = api.pieces(network(sizes, seed), box([-1] * sizes[0], [1] * sizes[0]))
    return found.cells, found.pieces


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


COUNTERS = {"exact": count_exactly, "float": count_in_floats}


def in_process(counter: str, sizes: Sequence[int], seed: int) -> Run:
    """One count in a process of its own; no count where it takes too long."""
    command = [sys.executable, "-m", "benchmarks.pieces", "--one", counter, json.dumps(list(sizes)), str(seed)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAP, check=True)
    except subprocess.TimeoutExpired:
        return Run(None, None, CAP, 0.0)
    return Run(**json.loads(done.stdout))


def one(counter: str, sizes: Sequence[int], seed: int) -> Run:
    """One count in this process."""
    COUNTERS[counter]((sizes[0], 2, 1), 0)  # what is loaded on first use is not what is measured
    began = time.process_time()
    cells, pieces = COUNTERS[counter](sizes, seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(cells, pieces, round(time.process_time() - began, 3), round(memory, 1))


def rows(known: bool) -> list[tuple[tuple[int, ...], int, int | None, Run, Run | None]]:
    """The runs of a table: network, seed, known count, ours, float64."""
    subjects = KNOWN if known else tuple(((2, width, 1), 0, None) for width in GROWTH)
    found = []
    for sizes, seed, cells in subjects:
        ours = in_process("exact", sizes, seed)
        plain = sizes[0] == 2 and (ours.cells or 0) <= MOST_FLOAT_CELLS
        found.append((sizes, seed, cells, ours, in_process("float", sizes, seed) if plain else None))
        print(sizes, ours, found[-1][4], file=sys.stderr, flush=True)
    return found


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log seconds against log cells."""
    return float(np.polyfit(np.log(np.array(sizes, dtype=float)), np.log(np.array(seconds)), 1)[0])


def page(notes: str) -> tuple[str, bool]:
    """The page, and whether every known count was found."""
    tables, right = [], True
    for known in (True, False):
        found = rows(known)
        right &= all(cells is None or ours.cells == cells for _, _, cells, ours, _ in found)
        head = [
            "network",
            "cells",
            "pieces",
            "seconds",
            "cells per second",
            "peak MiB",
            "float64, seconds",
            "cells there",
        ]
        body = [
            [
                "-".join(map(str, sizes)),
                str(ours.cells),
                str(ours.pieces),
                f"{ours.seconds:.2f}",
                f"{(ours.cells or 0) / max(ours.seconds, 1e-3):,.0f}",
                f"{ours.memory:.0f}",
                f"{plain.seconds:.2f}" if plain else "",
                str(plain.cells) if plain else "",
            ]
            for sizes, _, _, ours, plain in found
        ]
        tables.append("\n".join(markdown.table(head, body)))
    large = [(ours.cells, ours.seconds) for *_, ours, _ in found if ours.cells and ours.cells > 2000]
    power = exponent([c for c, _ in large], [s for _, s in large]) if len(large) > 1 else math.nan
    text = (
        f"# Counting cells and pieces\n\nWritten by `python -m benchmarks.pieces`. {machine()} {notes}\n\n"
        "Random networks on [-1, 1]^n; exact counts, each in a process of its own, seconds of processor time. Float64:"
        f" polygons clipped one by one with a tolerance.\n\n{tables[0]}\n\n"
        f"One hidden layer, more and more units; seconds grow as cells to the power {power:.2f} above 2000 cells.\n\n"
        f"{tables[1]}\n"
    )
    return text, right


def main(arguments: list[str]) -> int:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.pieces", description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("COUNTER", "SIZES", "SEED"), help="one count, as JSON")
    parser.add_argument("--notes", default="", help="a sentence for the page, such as what else was running")
    chosen = parser.parse_args(arguments)
    if chosen.one:
        counter, sizes, seed = chosen.one
        print(json.dumps(one(counter, json.loads(sizes), int(seed)).__dict__))
        return 0
    text, right = page(chosen.notes)
    (RESULTS / "pieces.md").write_text(text, encoding="utf-8")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
