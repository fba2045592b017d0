"""Pairs of ACAS Xu networks within 1/20 of each other: ``python -m benchmarks.pairs [FOLDER] [--jobs N] [--only K]``.

FOLDER (../shared/networks/acas_pairs) holds NAME_f.onnx.gz, NAME_g.onnx.gz and region.txt. For each pair: verdict,
parts of the region, seconds of the search and of the replay in a fresh process (wall time, and CPU time of the search's
process with its workers), bytes of evidence and peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "networks" / "acas_pairs"
PROPERTY, TIMEOUT = "equivalent within 1/20", 100
PROGRAM = (sys.executable, "-c", "from verify.cli import main; main()")


def main() -> None:
    """Measure the pairs one after the other and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--only", default="")
    parser.add_argument("--timeout", type=float, default=TIMEOUT)
    options = parser.parse_args()
    region = (options.folder / "region.txt").read_text().strip()
    print(
        "| pair | verdict | parts | search s | search CPU s | replay s | bytes | peak MiB |\n"
        "|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    times = []
    for first in sorted(options.folder.glob("*_f.onnx*"), key=lambda path: int(path.name.split("_")[0])):
        name = first.name.partition("_f.")[0]
        if options.only and name.split("_")[0] not in options.only.split(","):
            continue
        second = first.with_name(first.name.replace("_f.", "_g."))
        with tempfile.TemporaryDirectory() as folder:
            times.append(measure(name, first, second, region, options.jobs, options.timeout, Path(folder)))
    if times:
        print(f"\nmedian {median(times):.1f} s, worst {max(times):.1f} s")


def measure(name: str, first: Path, second: Path, region: str, jobs: str, timeout: float, folder: Path) -> float:
    """Search, then replay in a fresh process; the seconds of the search."""
    record = folder / "record.json"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [*PROGRAM, "check", str(first), PROPERTY, "--to", str(second), "--on", region, "--json"]
    done = subprocess.run(
        [*command, "--jobs", jobs, "--timeout", str(timeout)], capture_output=True, text=True, check=False
    )
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    data = json.loads(done.stdout)
    record.write_text(done.stdout)
    evidence = data["evidence"] or {}
    started = time.monotonic()
    again = subprocess.run([*PROGRAM, "recheck", str(record)], capture_output=True, text=True, check=False)
    replay = time.monotonic() - started
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict = (
        data["verdict"] if again.returncode == 0 or data["verdict"] == "unknown" else f"{data['verdict']}, REJECTED"
    )
    parts = (evidence["nodes"] + 1) // 2 if evidence.get("kind") == "bounds" else "-"
    size, peak = len(json.dumps(evidence)), after.ru_maxrss // 1024
    print(f"| {name} | {verdict} | {parts} | {seconds:.1f} | {cpu:.1f} | {replay:.1f} | {size} | {peak} |", flush=True)
    return seconds


if __name__ == "__main__":
    main()
