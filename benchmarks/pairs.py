"""Pairs of ACAS Xu networks within 1/20 of each other: ``python -m benchmarks.pairs [FOLDER] [--jobs N] [--only K]``.

FOLDER (../shared/networks/acas_pairs) holds NAME_f.onnx.gz, NAME_g.onnx.gz and region.txt. For each pair: verdict,
parts of the region, seconds of the search and of the replay in a fresh process (wall time, and CPU time of the search's
process with its workers), bytes of evidence and peak memory. A run over all of FOLDER goes on with the claims of
``benchmarks.monotone``, where the folder above has their files, and writes the page ``results/pairs.md``; ``--only``
prints the lines alone. With ``--keep FOLDER`` what is measured is kept there, and a run that was cut off goes on.
Status 1 if evidence is rejected.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks import markdown, monotone
from benchmarks.machine import machine
from benchmarks.records import Log

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "networks" / "acas_pairs"
PROPERTY, TIMEOUT = "equivalent within 1/20", 100
PAGE = Path(__file__).parent / "results" / "pairs.md"
TITLES = ("pair", "verdict", "parts", "search s", "search CPU s", "replay s", "bytes", "peak MiB")
PROGRAM = (sys.executable, "-c", "from verify.cli import main; main()")


def main() -> None:
    """Measure the pairs one after the other and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--only", default="")
    parser.add_argument("--timeout", type=float, default=TIMEOUT)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    region = (options.folder / "region.txt").read_text().strip()
    print("\n".join(markdown.table(TITLES, [])), flush=True)
    rows: list[tuple[str, ...]] = []
    log = Log(None if options.keep is None else options.keep / "pairs.jsonl")
    known = {
        record["row"][0]: tuple(record["row"])
        for record in log.records({"jobs": options.jobs, "timeout": options.timeout, "machine": machine()})
    }
    for first in sorted(options.folder.glob("*_f.onnx*"), key=lambda path: int(path.name.split("_")[0])):
        name = first.name.partition("_f.")[0]
        if options.only and name.split("_")[0] not in options.only.split(","):
            continue
        second = first.with_name(first.name.replace("_f.", "_g."))
        if name not in known:
            with tempfile.TemporaryDirectory() as folder:
                known[name] = measure(name, first, second, region, options.jobs, options.timeout, Path(folder))
            log.add({"row": known[name]})
        rows.append(known[name])
        print(markdown.line(rows[-1]), flush=True)
    if rows:
        print(f"\n{summary(rows)}")
    if rows and not options.only:
        load = os.getloadavg()[2]
        found = slopes(options.folder.parent, None if options.keep is None else options.keep / "monotone.jsonl")
        print("\n" + "\n".join(found))
        PAGE.write_text(page(rows, options.jobs, options.timeout, load, found), encoding="utf-8")
    sys.exit(any("REJECTED" in row[1] for row in rows))


def slopes(folder: Path, kept: Path | None) -> list[str]:
    """The lines of ``benchmarks.monotone``, none without its files."""
    if not all((folder / f"{name}.onnx").exists() for name in monotone.NETWORKS):
        return []
    return monotone.lines(list(monotone.answers(folder, Log(kept))))


def summary(rows: Sequence[Sequence[str]]) -> str:
    """Median and worst of the searches, and how many pairs are decided."""
    times = [float(row[3]) for row in rows]
    decided = sum(row[1] in ("proved", "refuted") for row in rows)
    return f"{decided} of {len(rows)} decided; search: median {median(times):.1f} s, worst {max(times):.1f} s."


def page(rows: Sequence[Sequence[str]], jobs: str, timeout: float, load: float, found: Sequence[str]) -> str:
    """The page of a whole run."""
    lines = [
        "# Pairs of ACAS Xu networks",
        "",
        f"`{PROPERTY}` for copies of ACAS Xu networks with noise on every number, on the whole box, {timeout:g} s",
        f"each, `--jobs {jobs}`. Made by `python -m benchmarks.pairs`.",
        f"Mean load of the last 15 minutes at the end: {load:.1f}.",
        "",
        machine(),
        "",
        summary(rows),
        "",
        *markdown.table(TITLES, rows),
        "",
    ]
    if found:
        lines += ["## Monotone in an input", "", f"At most {monotone.TIMEOUT:g} s each, one process.", "", *found, ""]
    return "\n".join(lines)


def measure(
    name: str, first: Path, second: Path, region: str, jobs: str, timeout: float, folder: Path
) -> tuple[str, ...]:
    """Search, then replay in a fresh process; the row of the table."""
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
    return name, verdict, str(parts), f"{seconds:.1f}", f"{cpu:.1f}", f"{replay:.1f}", str(size), str(peak)


if __name__ == "__main__":
    main()
