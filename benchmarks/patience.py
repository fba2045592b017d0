"""``python -m benchmarks.patience``: Z3 gets a thousand times the seconds that this project took.

For each network of ACAS Xu size or more, on the ball of its affine radius as ``benchmarks.decide`` has it: does Z3,
asked about one copy, answer in that time? Two processes run at once, so its times are no measurements, only limits.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks import markdown
from benchmarks.cases import Case
from benchmarks.decide import CAP, RESULTS
from benchmarks.machine import machine
from benchmarks.measure import Ready, run
from benchmarks.peers import Answer, z3_one
from benchmarks.records import Log, Record

FACTOR, MOST, LEAST_RELUS = 1000, 1500.0, 250


@dataclass(frozen=True)
class Task:
    """A case, the seconds that this project took for it, and Z3's."""

    case: Case
    ours: float

    @property
    def limit(self) -> float:
        """Z3's seconds."""
        return min(FACTOR * self.ours, MOST)


def tasks(records: list[Record]) -> list[Task]:
    """The balls of large networks that this project decided, shortest first."""
    cases = {case.name: case for case in (Case(**r["case"]) for r in records if "case" in r)}
    found = [
        Task(cases[r["name"]], float(r["seconds"]))
        for r in records
        if r.get("tool") == "verify" and r["kind"] == "ball" and r["holds"] is not None
    ]
    return sorted((task for task in found if task.case.relus >= LEAST_RELUS), key=lambda task: task.ours)


def row(task: Task) -> list[str]:
    """Ask Z3; one line of the table."""
    measured = run(partial(_asked, task.case), task.limit)
    if measured.result is not None:
        said, least = f"after {markdown.number(measured.result.seconds)} s", measured.result.seconds / task.ours
    else:
        said, least = "none" if measured.failure == "timeout" else measured.failure[:80], task.limit / task.ours
    sure = measured.result is not None or measured.failure == "timeout"
    ratio = f"{'' if measured.result else 'more than '}{least:,.0f}" if sure else ""
    return [task.case.name, f"{task.case.relus:,}", markdown.number(task.ours), f"{task.limit:,.0f}", said, ratio]


def _asked(case: Case, ready: Ready) -> Answer:
    return z3_one(case, MOST, ready)


def main(arguments: list[str] | None = None) -> int:
    """Read the options, run and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.patience", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    known = Log(RESULTS / "decide.jsonl").records({"decide": CAP, "machine": machine()})
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(row, tasks(known)))
    titles = ["case", "ReLU", "ours, s", "Z3's limit, s", "Z3's answer", "Z3's time over ours"]
    lines = [
        "# A thousand times our time, for Z3",
        "",
        machine(),
        "",
        "Is f affine on the ball of its affine radius? Our seconds, evidence and its check included, are those of",
        f"[decide](decide.md). Z3 gets {FACTOR:,} times as many, at most {MOST:,.0f}, after making its query.",
        "",
        *markdown.table(titles, rows),
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / "patience.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
