"""``python -m benchmarks.decide``: this project and its peers on the same networks and boxes.

Every result is appended to ``results/decide.jsonl`` when it is known; a run that was interrupted goes on where it
stopped (with the same time limit, machine and versions, else it begins anew). The page is made from those lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks.cases import Case, cases_of
from benchmarks.decide_page import page
from benchmarks.machine import machine
from benchmarks.measure import Measured, Ready, run
from benchmarks.peers import SOLVERS, TOOLS, Answer, repeated, skipped
from benchmarks.records import Log, Record
from benchmarks.subjects import QUICK, SUBJECTS

RESULTS = Path(__file__).parent / "results"
CAP = 30.0
QUICK_CAP = 5.0
TRUTH_SECONDS = 1800.0
# Reading a network and making a query of it: peers get the time limit again, but at least this.
LEAST_SETUP = 60.0

Say = Callable[[str], None]


def measure_all(subjects: list[str], cap: float, log: Log, say: Say) -> list[Record]:
    """Run every tool on every case of the subjects that the log does not have; returns all records."""
    records = log.records({"decide": cap, "machine": machine()})
    for name in subjects:
        missing = SUBJECTS[name].missing
        if missing:
            say(f"{name}: skipped, {missing}")
            continue
        for case in _cases(name, log, records, say):
            for tool in TOOLS:
                _result(tool, case, cap, log, records, say)
    return records


def _cases(name: str, log: Log, records: list[Record], say: Say) -> list[Case]:
    known = [Case(**record["case"]) for record in records if record.get("case", {}).get("subject") == name]
    if len(known) == len(SUBJECTS[name].kinds):
        return known
    found = run(partial(_truth, name), TRUTH_SECONDS)
    if found.result is None:
        say(f"{name}: no case: {found.failure}")
        return []
    for case in found.result:
        _add({"case": asdict(case)}, log, records)
    return found.result


def _truth(name: str, ready: Ready) -> list[Case]:
    ready()
    return cases_of(name)


def _result(tool: str, case: Case, cap: float, log: Log, records: list[Record], say: Say) -> None:
    if any(r.get("tool") == tool and r["name"] == case.name for r in records):
        return
    reason = skipped(tool, case) or _hopeless(tool, case, records)
    before = _not_set_up(tool, case, records)
    if reason:
        record = _record(tool, case, Measured(None, reason), "skipped")
    elif before:
        record = _record(tool, case, Measured(None, f"{before['failure']}, as on {before['kind']}"), "failed")
    else:
        setup = max(cap, LEAST_SETUP) if tool != "verify" else TRUTH_SECONDS
        measured = run(partial(_repeated, tool, case, cap), cap, setup)
        record = _record(tool, case, measured, "timeout" if measured.failure == "timeout" else "failed")
    _add(record, log, records)
    say(f"{case.name}: {tool}: {record['holds']} {record['seconds'] or ''} {record['detail'] or record['failure']}")


def _hopeless(tool: str, case: Case, records: list[Record]) -> str:
    """Why a solver is not run: it timed out on all the same boxes of a network with fewer inputs and fewer ReLU."""
    if tool not in SOLVERS:
        return ""
    cases = [Case(**record["case"]) for record in records if "case" in record]
    timeouts = {r["name"] for r in records if r.get("tool") == tool and r["status"] == "timeout"}
    for smaller in dict.fromkeys(c.subject for c in cases if c.inputs <= case.inputs and c.relus <= case.relus):
        same = SUBJECTS[smaller].kinds == SUBJECTS[case.subject].kinds and smaller != case.subject
        if same and all(c.name in timeouts for c in cases if c.subject == smaller):
            return f"timed out on {smaller}"
    return ""


def _not_set_up(tool: str, case: Case, records: list[Record]) -> Record | None:
    """The result on another box of the same network that failed before the question was asked: so would this one."""
    return next(
        (
            record
            for record in records
            if record.get("tool") == tool
            and record["subject"] == case.subject
            and record["failure"].startswith("not set up")
        ),
        None,
    )


def _record(tool: str, case: Case, measured: Measured[Answer], no_answer: str) -> Record:
    """``status``: answered, or why not: skipped, timeout, failed."""
    answer = measured.result or Answer(None, 0.0)
    status = "answered" if measured.result is not None else no_answer
    labels = {"name": case.name, "subject": case.subject, "kind": case.kind, "tool": tool, "status": status}
    record = {**labels, **asdict(answer), "failure": measured.failure, "memory": measured.memory}
    return record if measured.result is not None else {**record, "seconds": None}


def _repeated(tool: str, case: Case, cap: float, ready: Ready) -> Answer:
    return repeated(lambda: TOOLS[tool](case, cap, ready))


def _add(record: Record, log: Log, records: list[Record]) -> None:
    log.add(record)
    records.append(record)


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; 1 if this project gave a wrong answer."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decide", description=__doc__)
    parser.add_argument("--cap", type=float, metavar="SECONDS", help=f"time for a tool and a case (default {CAP:g})")
    parser.add_argument("--quick", action="store_true", help=f"few networks, cap {QUICK_CAP:g} s, nothing written")
    parser.add_argument("--only", action="append", default=[], metavar="NETWORK", help="this network, nothing written")
    parser.add_argument("--page", action="store_true", help="only make the page from what was measured")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.only if name not in SUBJECTS]
    if unknown:
        parser.error(f"unknown network {unknown[0]!r}; known: {', '.join(SUBJECTS)}")
    cap = options.cap or (QUICK_CAP if options.quick else CAP)
    if cap <= 0:
        parser.error(f"--cap is {cap:g}; expected a positive number of seconds")
    is_partial = options.quick or options.only
    log = Log(None if is_partial else RESULTS / "decide.jsonl")
    subjects = [] if options.page else options.only or list(QUICK if options.quick else SUBJECTS)
    records = measure_all(subjects, cap, log, partial(print, file=sys.stderr, flush=True))
    text, wrong = page(records, cap)
    print(text)
    if not is_partial:
        (RESULTS / "decide.md").write_text(text, encoding="utf-8")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
