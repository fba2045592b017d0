"""``python -m benchmarks.growth``: how the time grows with depth, width and inputs of random convolutional networks.

Each is doubled three times from the same start. For each network two decisions are timed, exact and checked: affine on
the ball of the exact affine radius (proved), and on twice that ball (refuted). The exponent is the slope of a line
through (log size, log seconds), by least squares.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

import verify
from benchmarks import markdown
from benchmarks.machine import machine
from benchmarks.measure import Measured, Ready, run
from benchmarks.networks import conv_net
from benchmarks.peers import Answer, repeated, timed
from benchmarks.records import Log, Record
from verify.network import Network
from verify.property import Claim, find
from verify.rational import vector
from verify.region import ball

RESULTS = Path(__file__).parent / "results"
CAP = 300.0


@dataclass(frozen=True)
class Shape:
    """Image height and width, and channels of every convolution (3 x 3, padded; the image keeps its size)."""

    height: int
    width: int
    channels: int
    depth: int

    def network(self) -> Network:
        """The random network of that shape, ten outputs."""
        return conv_net((1, self.height, self.width), (self.channels,) * self.depth, 10, seed=0, pad=1)

    @property
    def inputs(self) -> int:
        return self.height * self.width

    @property
    def text(self) -> str:
        return f"{self.depth} conv, {self.channels} channels, {self.height} x {self.width}"


START = Shape(16, 16, 8, 2)
SERIES: dict[str, tuple[list[Shape], Callable[[Shape], int]]] = {
    "depth": ([Shape(16, 16, 8, 2 * 2**i) for i in range(4)], lambda s: s.depth),
    "channels": ([Shape(16, 16, 8 * 2**i, 2) for i in range(4)], lambda s: s.channels),
    "inputs": ([Shape(16 * 2 ** ((i + 1) // 2), 16 * 2 ** (i // 2), 8, 2) for i in range(4)], lambda s: s.inputs),
}


@dataclass(frozen=True)
class Point:
    """One network of a series: its size, and the seconds of both decisions (None where there is no answer)."""

    series: str
    size: int
    shape: str
    relus: int
    weights: int
    work: int
    proving: float | None
    refuting: float | None
    memory: float | None
    note: str = ""


def point_of(series: str, shape: Shape) -> Point:
    """Measure one network; the two decisions have a process of their own."""
    setting = run(partial(_setting, shape), CAP)
    if setting.result is None:
        return Point(series, SERIES[series][1](shape), shape.text, 0, 0, 0, None, None, None, setting.failure)
    radius, relus, weights = setting.result
    proving = run(partial(_decided, shape, radius, 1), CAP, CAP)
    refuting = run(partial(_decided, shape, radius, 2), CAP, CAP)
    notes = [_unexpected(proving, True), _unexpected(refuting, False)]
    return Point(
        series,
        SERIES[series][1](shape),
        shape.text,
        relus,
        weights,
        weights * shape.inputs,
        proving.result.seconds if proving.result and not notes[0] else None,
        refuting.result.seconds if refuting.result and not notes[1] else None,
        max(proving.memory or 0.0, refuting.memory or 0.0),
        "; ".join(filter(None, notes)),
    )


def _unexpected(measured: Measured[Answer], holds: bool) -> str:
    """What came instead of that answer; empty for it."""
    if measured.result is None:
        return measured.failure
    if measured.result.holds is holds:
        return ""
    return {True: "proved", False: "refuted", None: measured.result.detail}[measured.result.holds]


def _centre(network: Network) -> list[float]:
    values = np.random.default_rng(1).uniform(0, 1, network.input_size)
    return [float(v) for v in values.astype(np.float32)]


def _setting(shape: Shape, ready: Ready) -> tuple[str, int, int]:
    """The exact affine radius at the centre, ReLU and weights."""
    ready()
    network = shape.network()
    found = verify.radius(network, _centre(network), timeout=CAP)
    radius = found.affine if isinstance(found.affine, Fraction) else found.pattern
    return str(radius), network.relu_count, network.weight_count


def _decided(shape: Shape, radius: str, factor: int, ready: Ready) -> Answer:
    return repeated(partial(_once, shape, Fraction(radius) * factor, ready))


def _once(shape: Shape, radius: Fraction, ready: Ready) -> Answer:
    network = shape.network()
    return timed(Claim(network, find("affine"), ball(vector(_centre(network)), radius)), CAP, ready)


# The page.


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The slope of log seconds over log size, by least squares."""
    x, y = [math.log(s) for s in sizes], [math.log(t) for t in seconds]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def page(points: list[Point]) -> str:
    """The exponents, the table of every network, and what they mean."""
    lines = ["# How the time grows", "", machine(), "", *_legend(), ""]
    lines += markdown.table(
        ["doubled three times", "proving: s ~ size^k, k =", "refuting: k =", "weights x inputs: k ="],
        [_exponents(name, [p for p in points if p.series == name]) for name in SERIES],
    )
    titles = ["series", "size", "network", "ReLU", "weights", "weights x inputs", "proving, s", "refuting, s", "MB", ""]
    return "\n".join([*lines, "", *markdown.table(titles, [_columns(p) for p in points])]) + "\n"


def _exponents(name: str, points: list[Point]) -> list[str]:
    cells = [name]
    for key in ("proving", "refuting", "work"):
        known = [(p.size, v) for p in points if (v := getattr(p, key))]
        cells.append(f"{exponent(*zip(*known, strict=True)):.2f}" if len(known) > 1 else "")
    return cells


def _columns(p: Point) -> list[str]:
    numbers = f"{p.relus:,}", f"{p.weights:,}", f"{p.work:.1e}"
    times = markdown.number(p.proving), markdown.number(p.refuting), markdown.number(p.memory)
    return [p.series, str(p.size), p.shape, *numbers, *times, p.note]


def _legend() -> list[str]:
    return [
        f"Random networks: 3 x 3 convolutions with padding, then a dense layer to ten outputs; start {START.text}.",
        "Affine on the ball of the exact affine radius (proved) and on twice it (refuted), exact, evidence and its",
        "check included, median of five runs when short. The gradients of all units are a product of sparse",
        "matrices with a dense one: `weights x inputs` multiplications, whose own growth is the last column;",
        "weights are those of the unrolled layers. Small networks take constant time for other things, which makes",
        "fitted exponents smaller.",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--doublings", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where growth.jsonl and growth.md go")
    options = parser.parse_args(arguments)
    log = Log(options.folder / "growth.jsonl")
    records: list[Record] = log.records({"growth": CAP, "machine": machine()})
    points = {(p.series, p.size): p for p in (Point(**record) for record in records)}
    for series, (shapes, size) in SERIES.items():
        for shape in shapes[: options.doublings + 1]:
            if (series, size(shape)) not in points:
                found = point_of(series, shape)
                points[series, found.size] = found
                log.add(asdict(found))
                print(
                    f"{series} {found.size}: {found.proving} {found.refuting} {found.note}", file=sys.stderr, flush=True
                )
    text = page(list(points.values()))
    print(text)
    (options.folder / "growth.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
