"""``python -m benchmarks.gate``: 200 claims of a gate in one process, in two, with Dask on two workers, cold and warm.

The claims are about published networks, each takes fractions of a second to seconds. A run is ``verify gate`` as a
process of its own, with a cache that is empty (cold), or that the run before has filled (warm). Exit status 1 if runs
differ in a verdict.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.machine import machine
from benchmarks.records import Log, Record
from benchmarks.subjects import NETWORKS

RESULTS = Path(__file__).parent / "results"
SECONDS = 20
SMALL = (
    *("reach_prob_density__vdp", "reach_prob_density__gcas", "safenlp__perturbations_0"),
    *("rl_benchmarks__cartpole", "rl_benchmarks__lunarlander"),
)
PAIRS = ("18_5_8", "19_3_4", "1_5_9", "20_5_8", "22_3_8", "26_2_7", "37_3_6", "41_4_6", "44_2_8", "4_4_5")
ON = "box(0, 1/{d})"
# Of networks the property, the region, and the values of each name: one claim for each combination.
CLAIMS: list[tuple[str, str, str, dict[str, tuple[str, ...]]]] = [
    ("{n}.onnx.gz", "{p}", ON, {"n": SMALL, "p": ("affine", "odd", "linear"), "d": ("10", "50", "200", "1000")}),
    ("{n}.onnx.gz", "lipschitz 1000 in linf", ON, {"n": SMALL, "d": ("50", "100", "200", "1000")}),
    ("{n}.onnx.gz", "{p}", ON,
     {"n": ("nn4sys__lindex",), "p": ("affine", "odd", "linear"), "d": ("9", "50", "99", "200", "500", "999")}),
    ("acasxu_{n}.onnx", "{p}", ON, {"n": ("1_1", "3_3"), "p": ("odd", "linear", "convex"), "d": ("50", "100", "500")}),
    ("acasxu_{n}.onnx", "affine", ON, {"n": ("1_1", "3_3"), "d": ("1000", "2000", "4000")}),
    ("acas_pairs/{n}_f.onnx.gz", "equivalent within 1/{e}", ON, {"n": PAIRS, "e": ("10", "1000"), "d": ("100", "500")}),
    ("tll_8_0.onnx.gz", "{p}", ON, {"p": ("affine", "convex"), "d": ("10", "16", "32", "64", "128")}),
    ("tll_8_0.onnx.gz", "lipschitz 80 in linf", ON, {"d": ("32", "64", "128")}),
    ("tll_16_0.onnx.gz", "affine", ON, {"d": ("64", "128", "256", "512", "999")}),
    ("rl_benchmarks__dubinsrejoin.onnx.gz", "{p}", ON, {"p": ("affine", "odd"), "d": ("50", "200")}),
    ("acasxu_1_1.onnx", "lipschitz {k} in linf", "box([0.6, 0, 0, 0.45, -0.5], [0.605, 0.01, 0.01, 0.452, -0.499])",
     {"k": ("2", "3")}),
    ("mnistfc_256x2.onnx", "{p}", ON, {"p": ("affine", "odd"), "d": ("1000", "2000")}),
    ("{n}.onnx", "affine", ON, {"n": ("mnist_leaky_5x20", "mnistcnn", "convnet_maxpool"), "d": ("1000", "2000")}),
    ("{n}.onnx", "linear", ON, {"n": ("mnistcnn", "mnistfc_256x2"), "d": ("1000", "2000")}),
]  # fmt: skip


def claims_file(folder: Path) -> str:
    """The claims about the networks in the folder, as TOML."""
    tables = [f"[defaults]\ntimeout = {SECONDS}"]
    for network, wanted, region, values in CLAIMS:
        lines = [("network", folder / network), ("property", wanted), ("on", region)]
        if "_f." in network:
            lines.append(("to", folder / network.replace("_f.", "_g.")))
        given = [f"{key} = {json.dumps(str(value))}" for key, value in lines]
        tables.append("\n".join(["[[claim]]", *given, *(f"each.{k} = {json.dumps(v)}" for k, v in values.items())]))
    return "\n\n".join(tables) + "\n"


def missing(folder: Path) -> list[str]:
    """Networks of the claims that are not in the folder."""
    names = [network.replace("{n}", n) for network, _, _, values in CLAIMS for n in values.get("n", ("",))]
    names += [name.replace("_f.", "_g.") for name in names if "_f." in name]
    return sorted({name for name in names if not (folder / name).is_file()})


@dataclass(frozen=True)
class Run:
    """One run of the gate: wall time, CPU time of it and its processes (not of a cluster's workers).

    Of each claim the verdict and the seconds.

    ``searching`` and ``checking`` are sums over the claims: what engines took, and what the kernel took.
    """

    name: str
    wall: float
    cpu: float
    searching: float
    checking: float
    cached: int
    verdicts: list[str] = field(repr=False)
    seconds: list[float] = field(repr=False)


RUNS = (
    *("1 process, cold", "1 process, warm", "2 processes, cold", "2 processes, warm"),
    *("Dask, 2 workers, cold", "Dask, 2 workers, warm"),
)


def measured(name: str, folder: Path, options: list[str]) -> Run:
    """Run the gate in the folder with these options."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "verify", "gate", "verify.toml", "--json", "--cache", "cache", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        said = f"{done.stderr[-300:]}{done.stdout[-300:]}"
        raise RuntimeError(f"{name}: the gate ended with status {done.returncode}: {said}")
    found: dict[str, Any] = json.loads(done.stdout)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    verdicts = [claim["verdict"] for claim in found["claims"]]
    cached = sum(claim["cached"] for claim in found["claims"])
    seconds = [claim["seconds"] for claim in found["claims"]]
    return Run(name, wall, cpu, found["search_seconds"], found["kernel_seconds"], cached, verdicts, seconds)


@contextmanager
def options_of(name: str) -> Iterator[list[str]]:
    """How the gate is started; for Dask a cluster of two worker processes on this machine, ready before it."""
    if not name.startswith("Dask"):
        yield ["--jobs", name[0]]
        return
    distributed: Any = importlib.import_module("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield ["--executor", cluster.scheduler_address.replace("tcp://", "dask://")]


def measure_all(log: Log, say: Callable[[str], None]) -> list[Record]:
    """Every run that the log does not have; a warm run that is missing is measured with its cold one."""
    text = claims_file(NETWORKS)
    records = log.records({"claims": hashlib.sha256(text.encode()).hexdigest(), "machine": machine()})
    for cold in RUNS[::2]:
        names = (cold, cold.replace("cold", "warm"))
        if {record["name"] for record in records} >= set(names):
            continue
        if cold.startswith("Dask") and importlib.util.find_spec("distributed") is None:
            say("Dask: skipped, it is not installed: pip install 'relu-verify[dask]'")
            continue
        with tempfile.TemporaryDirectory() as around, options_of(cold) as options:
            (Path(around) / "verify.toml").write_text(text, encoding="utf-8")
            for name in names:
                record = asdict(measured(name, Path(around), options))
                log.add(record)
                records.append(record)
                say(f"{name}: {record['wall']:.1f} s wall, {record['cpu']:.1f} s CPU, {record['cached']} cached")
    return records


def differing(runs: dict[str, Run]) -> int:
    """How many claims have contradicting verdicts in two runs; one that ran out of time contradicts none."""
    together = zip(*(run.verdicts for run in runs.values()), strict=True)
    return sum(len(set(verdicts) - {"unknown"}) > 1 for verdicts in together)


def page(records: list[Record]) -> str:
    """The table, and what follows from it."""
    runs = {record["name"]: Run(**record) for record in records}
    count = len(next(iter(runs.values())).verdicts)
    lines = ["# The gate", "", machine(), "", *_legend(count), ""]
    titles = ["", "wall s", "CPU s", "search s", "kernel s", "decided", "from the cache"]
    lines += markdown.table(titles, [_row(runs[name]) for name in RUNS if name in runs])
    return "\n".join([*lines, "", *_conclusions(runs)]) + "\n"


def _row(run: Run) -> list[str]:
    decided = sum(verdict != "unknown" for verdict in run.verdicts)
    seconds = [f"{value:.1f}" for value in (run.wall, run.cpu, run.searching, run.checking)]
    return [run.name, *seconds, str(decided), str(run.cached)]


def _legend(count: int) -> list[str]:
    return [
        f"{count} claims about published networks, decided by `verify gate`, whose start is part of the time. Cold:",
        "with an empty cache; warm: once more. `CPU`: of the gate and the processes that it starts, not of a cluster's",
        "workers. `search`, `kernel`: sums over the claims of the time (wall) that engines took, and that the kernel",
        "took to judge what they found. In one process it uses numbers again that a search has just computed; evidence",
        "from the cache and from a cluster is replayed in full, by the client.",
    ]


def _conclusions(runs: dict[str, Run]) -> list[str]:
    single = runs.get(RUNS[0])
    if single is None:
        return []
    lines = [f"- Claims with contradicting verdicts in two runs: {differing(runs)}."]
    warm, two, dask = (runs.get(name) for name in (RUNS[1], RUNS[2], RUNS[4]))
    if warm is not None:
        lines.append(f"- Warm, one process: {single.wall / warm.wall:.1f} times faster; {_long(single, warm)}.")
    if two is not None:
        by_wall, by_cpu = (2 * two.wall - single.wall) / single.wall, (two.cpu - single.cpu) / single.cpu
        lines.append(
            f"- Two processes: {single.wall / two.wall:.2f} times faster. Overhead, as a part of the single process's"
            f" time: {by_cpu:.0%} of CPU time, {by_wall:.0%} of wall time on two cores (target: below 20%)."
        )
    if dask is not None:
        lines.append(
            f"- Two Dask workers: {single.wall / dask.wall:.2f} times faster; the client replays for"
            f" {dask.checking:.1f} s, {dask.checking / max(dask.searching, 1e-9):.0%} of what its workers search."
        )
    return lines


def _long(cold: Run, warm: Run) -> str:
    """How much faster the claims are that took a second or more."""
    pairs = [(c, w) for c, w in zip(cold.seconds, warm.seconds, strict=True) if c >= 1]
    faster = sum(c for c, _ in pairs) / max(sum(w for _, w in pairs), 1e-9)
    return f"the {len(pairs)} claims that took a second or more cold: {faster:.1f} times"


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; 1 if two runs differ in a verdict."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where gate.jsonl and gate.md go")
    options = parser.parse_args(arguments)
    if absent := missing(NETWORKS):
        print(f"gate: skipped, not in {NETWORKS}: {', '.join(absent)[:300]}", file=sys.stderr)
        return 0
    say = partial(print, file=sys.stderr, flush=True)
    records = measure_all(Log(options.folder / "gate.jsonl"), say)
    text = page(records)
    print(text)
    (options.folder / "gate.md").write_text(text, encoding="utf-8")
    return int(differing({record["name"]: Run(**record) for record in records}) > 0)


if __name__ == "__main__":
    sys.exit(main())
