"""``python -m benchmarks.radius``: the exact affine radius of the lattice networks at random points, and its check.

On the closed ball of the affine radius ``affine`` must be proved, on a slightly larger one refuted, both with evidence
that the kernel checked. Exit status 1 if one is not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import markdown
from benchmarks.machine import machine
from benchmarks.records import Log, Record
from benchmarks.subjects import SUBJECTS
from benchmarks.workers import answers
from verify.network import Network
from verify.property import Claim, find
from verify.rational import Vector, vector
from verify.region import ball
from verify.region.bases import Box
from verify.search.budget import Budget
from verify.search.commands.radius import Radii, radii
from verify.search.decide import decide

RESULTS = Path(__file__).parent / "results"
NETWORKS = ("tll_8_0", "tll_16_0")
POINTS, CAP = 20, 120.0
SLIGHTLY = 1 + Fraction(1, 2**20)


@dataclass(frozen=True)
class Found:
    """The radii at one point (as text; None where not decided), and the verdicts on both balls."""

    network: str
    point: int
    pattern: str
    affine: str | None
    ratio: float | None
    seconds: float
    on_ball: str
    on_larger: str
    deciding_seconds: float
    reason: str

    @property
    def is_confirmed(self) -> bool:
        """Whether both verdicts are as they must be; a radius that was not found contradicts nothing."""
        return self.affine is None or (self.on_ball, self.on_larger) in (("proved", "refuted"), ("proved", "infinite"))


@cache
def _network(name: str) -> Network:
    return SUBJECTS[name].load()


def point_of(name: str, index: int) -> Vector:
    """Random point ``index`` of the network's box, of float32 numbers."""
    base = SUBJECTS[name].full_box(_network(name)).base
    assert isinstance(base, Box)
    low, high = base.low.floats(), base.high.floats()
    values = low + np.random.default_rng(index).uniform(0, 1, len(low)) * (high - low)
    return vector(values.astype(np.float32).astype(np.float64).tolist())


def found(cap: float, task: tuple[str, int]) -> Found:
    """Both radii at one point, and whether the kernel confirms the affine one."""
    name, index = task
    network, x = _network(name), point_of(name, index)
    start = time.perf_counter()
    result = radii(network, x, Budget(cap))
    middle = time.perf_counter()
    verdicts = _verdicts(network, x, result, cap)
    end = time.perf_counter()
    ratio = None
    if isinstance(result.affine, Fraction) and isinstance(result.pattern, Fraction) and result.pattern:
        ratio = float(result.affine / result.pattern)
    affine = None if result.affine is None else str(result.affine)
    return Found(
        name, index, str(result.pattern), affine, ratio, middle - start, *verdicts, end - middle, result.reason
    )


def _verdicts(network: Network, x: Vector, result: Radii, cap: float) -> tuple[str, str]:
    """``proved`` or ``refuted`` (checked by the kernel) on the ball and on the larger one."""
    if result.affine is None:
        return "", ""
    if not isinstance(result.affine, Fraction):
        return _verdict(network, x, Fraction(2**20), cap), "infinite"
    larger = result.affine * SLIGHTLY if result.affine else Fraction(1, 2**40)
    return _verdict(network, x, result.affine, cap), _verdict(network, x, larger, cap)


def _verdict(network: Network, x: Vector, radius: Fraction, cap: float) -> str:
    outcome = decide(Claim(network, find("affine"), ball(x, radius)), Budget(cap), shrinking=False)
    return outcome.verdict.value if outcome.assurance != "attested" else "attested"


# The run and the page.


def measure_all(names: list[str], points: int, cap: float, log: Log, say: Callable[[str], None]) -> list[Record]:
    """Every point of every network that the log does not have; returns all records."""
    records = log.records({"radius": cap, "machine": machine()})
    known = {(record["network"], record["point"]) for record in records}
    tasks = [(name, i) for name in names for i in range(points) if (name, i) not in known]
    for done in answers(partial(found, cap), tasks, 1, 3 * cap + 60):
        name, index = done.task
        failed = Found(name, index, "", None, None, 0.0, "", "", 0.0, done.failure)
        record = asdict(done.answer or failed)
        log.add(record)
        records.append(record)
        say(f"{name} {index}: {record['ratio']} {record['seconds']:.2f} s {record['on_ball']} {record['reason']}")
    return records


def page(records: list[Record]) -> str:
    """A summary for each network and a table of every point."""
    results = sorted((Found(**record) for record in records), key=lambda r: (NETWORKS.index(r.network), r.point))
    lines = ["# Exact affine radius of lattice networks", "", machine(), "", *_legend(), ""]
    titles = ["network", "points", "decided", "confirmed", "seconds: median, largest", "ratio: median, largest"]
    lines += markdown.table(titles, [_summary(name, results) for name in NETWORKS if _of(name, results)])
    titles = [
        "network",
        "point",
        "pattern radius",
        "affine radius",
        "ratio",
        "s",
        "on the ball",
        "larger",
        "s to decide",
    ]
    return "\n".join([*lines, "", *markdown.table(titles, [_columns(r) for r in results])]) + "\n"


def _of(name: str, results: list[Found]) -> list[Found]:
    return [r for r in results if r.network == name]


def _summary(name: str, results: list[Found]) -> list[str]:
    mine = _of(name, results)
    decided = [r for r in mine if r.affine is not None]
    ratios = [r.ratio for r in decided if r.ratio is not None]
    seconds = [r.seconds for r in mine]
    confirmed = sum(r.is_confirmed for r in decided)
    shown = [f"{markdown.number(median(v))}, {markdown.number(max(v))}" if v else "" for v in (seconds, ratios)]
    return [name, str(len(mine)), str(len(decided)), str(confirmed), *shown]


def _columns(r: Found) -> list[str]:
    affine = r.reason if r.affine is None else _short(r.affine)
    times = markdown.number(r.seconds), markdown.number(r.deciding_seconds)
    ratio = markdown.number(r.ratio)
    return [r.network, str(r.point), _short(r.pattern), affine, ratio, times[0], r.on_ball, r.on_larger, times[1]]


def _short(text: str) -> str:
    try:
        return f"{float(Fraction(text)):.4g}"
    except ValueError:
        return text


def _legend() -> list[str]:
    return [
        "At random points of [0, 1]^2: the largest closed L-infinity ball on which no unit changes side (pattern",
        "radius) and on which f is affine (affine radius), both exact. `on the ball`, `larger`: the verdict of",
        "`affine`, with evidence checked by the kernel, on the ball of the affine radius and on one",
        f"{float(SLIGHTLY - 1):.1e} larger.",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; 1 if a radius is not confirmed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.radius", description=__doc__)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument(
        "--cap", type=float, default=CAP, metavar="SECONDS", help="time for a radius, and for a verdict"
    )
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where radius.jsonl and radius.md go")
    options = parser.parse_args(arguments)
    names = [name for name in NETWORKS if not SUBJECTS[name].missing]
    for name in set(NETWORKS) - set(names):
        print(f"{name}: skipped, {SUBJECTS[name].missing}", file=sys.stderr)
    log = Log(options.folder / "radius.jsonl")
    say = partial(print, file=sys.stderr, flush=True)
    records = measure_all(names, options.points, options.cap, log, say)
    text = page(records)
    print(text)
    (options.folder / "radius.md").write_text(text, encoding="utf-8")
    return int(not all(Found(**record).is_confirmed for record in records))


if __name__ == "__main__":
    sys.exit(main())
