"""Is f affine on the box? This project and its peers on the same networks and boxes, right or wrong, and how fast."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.cases import QUICK, SUBJECTS, Case, cases_of
from benchmarks.measure import Measured, run
from benchmarks.peers import PEERS, TOLERANCE, TOOLS, Answer, missing_reason, repeated

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "python-flint", "highspy", "z3-solver", "maraboupy")
TRUTH_SECONDS = 600.0

# Z3 has no answer on the smallest real network within the time; the others are 20 times as large or more.
SKIPPED_ON_LARGE = ("z3 one", "z3 three")
TITLES = {
    "verify": "verify",
    "z3 one": "Z3, one copy (exact)",
    "z3 three": "Z3, definition (exact)",
    "marabou": f"Marabou (within {TOLERANCE:g})",
}


@dataclass(frozen=True)
class Cell:
    """What one tool did on one case. ``status``: right, wrong, false witness, undecided, timeout, failed or skipped."""

    status: str
    seconds: float | None = None
    detail: str = ""
    remark: str = ""
    assurance: str | None = None
    memory: float | None = None
    runs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Row:
    """One case and what each tool did."""

    case: Case
    cells: dict[str, Cell]

    def fastest_right_peer(self) -> tuple[str, float] | None:
        """The peer with the right answer in the least time."""
        right = [(cell.seconds or 0.0, tool) for tool in PEERS if (cell := self.cells[tool]).status == "right"]
        return (min(right)[1], min(right)[0]) if right else None


# Measuring.


def measured(subjects: list[str], cap: float, say: Callable[[str], None]) -> Iterator[Row]:
    """Run every tool on every case of the subjects, one at a time."""
    for name in subjects:
        truth = run(partial(_cases, name), TRUTH_SECONDS)
        if truth.result is None:
            raise RuntimeError(f"{name}: no ground truth: {truth.failure}")
        for case in truth.result:
            cells = {tool: _cell(tool, case, cap, say) for tool in TOOLS}
            yield Row(case, cells)


def _cases(name: str, ready: Callable[[], None]) -> list[Case]:
    ready()
    return cases_of(name)


def _cell(tool: str, case: Case, cap: float, say: Callable[[str], None]) -> Cell:
    reason = missing_reason(tool)
    if SUBJECTS[case.subject].is_large and tool in SKIPPED_ON_LARGE:
        reason = "not run"
    if reason:
        return Cell("skipped", detail=reason)
    cell = _judged(tool, case, run(partial(_repeated, tool, case, cap), cap))
    say(f"{case.name}: {tool}: {cell.status} {_time(cell.seconds)} {cell.detail}")
    return cell


def _repeated(tool: str, case: Case, cap: float, ready: Callable[[], None]) -> Answer:
    return repeated(lambda: TOOLS[tool](case, cap, ready))


def _judged(tool: str, case: Case, measured: Measured[Answer]) -> Cell:
    answer = measured.result
    if answer is None:
        status = "timeout" if measured.failure == "timeout" else "failed"
        return Cell(status, detail=measured.failure, memory=measured.memory)
    if answer.is_affine is None:
        status = "undecided"
    elif answer.is_affine != case.is_affine:
        status = "wrong"
    else:
        status = "false witness" if answer.false_witness else "right"  # the right word for a wrong reason
    remark = _remark(tool, case, status, answer)
    return Cell(status, answer.seconds, answer.detail, remark, answer.assurance, measured.memory, answer.runs)


def _remark(tool: str, case: Case, status: str, answer: Answer) -> str:
    if answer.false_witness:
        return "false witness"
    if tool != "marabou":
        return ""
    if status == "wrong":
        return "below tolerance" if case.deviation < TOLERANCE else "above tolerance"
    return "one output" if SUBJECTS[case.subject].is_large else ""


# The table.


def table(rows: list[Row], cap: float) -> list[str]:
    """The Markdown table: ratios and right or wrong first, times in seconds."""
    titles = ["case", "ReLU", "affine?", "verify", "evidence", "MB", *(TITLES[peer] for peer in PEERS), "verify is"]
    lines = [_line(titles), _line(["---"] * len(titles))]
    return lines + [_line(_columns(row, cap)) for row in rows]


def _line(columns: list[str]) -> str:
    return f"| {' | '.join(columns)} |"


def _columns(row: Row, cap: float) -> list[str]:
    case, own = row.case, row.cells["verify"]
    truth = "yes" if case.is_affine else f"no, by {case.deviation:.1e}"
    evidence = f"{own.detail}, {own.assurance}" if own.assurance else own.detail
    memory = f"{own.memory:.0f}" if own.memory else ""
    peers = [_shown(row.cells[peer]) for peer in PEERS]
    return [case.name, str(case.relus), truth, _shown(own), evidence, memory, *peers, _ratio(row, cap)]


def _shown(cell: Cell) -> str:
    if cell.status == "skipped":
        return cell.detail
    if cell.status == "timeout":
        return "T/O"
    word = "right" if cell.status == "right" else f"**{cell.status.upper()}**"
    remark = f"({cell.remark})" if cell.remark and cell.remark != cell.status else ""
    return " ".join(part for part in (word, _time(cell.seconds), remark) if part)


def _time(seconds: float | None) -> str:
    """Two significant digits."""
    if seconds is None:
        return ""
    return f"{seconds:.0f}" if seconds >= 9.95 else f"{float(f'{seconds:.2g}'):g}"


def _ratio(row: Row, cap: float) -> str:
    own, fastest = row.cells["verify"], row.fastest_right_peer()
    if own.status != "right" or not own.seconds:
        return f"**{own.status}**"
    if fastest is None:
        if any(row.cells[peer].status == "timeout" for peer in PEERS):
            return f"**> {_factor(cap / own.seconds)}x faster** (no peer right within {cap:g} s)"
        return "**the only one right**"
    peer, seconds = fastest
    if 0.95 < seconds / own.seconds < 1.05:
        return f"as fast as {peer}"
    if seconds >= own.seconds:
        return f"**{_factor(seconds / own.seconds)}x faster** than {peer}"
    return f"{_factor(own.seconds / seconds)}x slower than {peer}"


def _factor(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def summary(rows: list[Row]) -> list[str]:
    """For each tool, how often it was right, wrong, or had no answer."""
    titles = ["tool", "right", "wrong", "right word, false witness", "no answer", "cases"]
    lines = [_line(titles), _line(["---"] * len(titles))]
    for tool in TOOLS:
        statuses = [row.cells[tool].status for row in rows if row.cells[tool].status != "skipped"]
        wrong = statuses.count("wrong")
        no_answer = sum(statuses.count(s) for s in ("undecided", "timeout", "failed"))
        counts = [str(statuses.count("right")), f"**{wrong}**" if wrong else "0", str(statuses.count("false witness"))]
        lines.append(_line([TITLES[tool], *counts, str(no_answer), str(len(statuses))]))
    return lines


# The page.


def page(rows: list[Row], skipped: dict[str, str], cap: float) -> str:
    """The whole result as Markdown."""
    parts = ["# Is f affine on the box?", "", machine(), "", *_legend(cap), "", *summary(rows), "", *table(rows, cap)]
    if skipped:
        parts += ["", *(f"Skipped: {name} ({reason})." for name, reason in skipped.items())]
    return "\n".join(parts) + "\n"


def _legend(cap: float) -> list[str]:
    return [
        f"Seconds of wall time for the decision alone, median of five runs when short. T/O: killed after {cap:g} s.",
        "`affine`, `x2`, `near`: the box of radius 0.95, 2 and 1.0001 times the exact radius eps* around the centre.",
        "`no, by d`: at a corner of the box f differs by d, exactly, from its affine map at the centre. In a `pair`",
        "net every ReLU switches and f is affine. Right and wrong are about the exact question. Marabou has a",
        "tolerance: where it saw no difference, WRONG (below tolerance) means that d is smaller, WRONG (above",
        "tolerance) that it is not. A false witness: Marabou said that f differs, but at the point it returned, moved",
        "into the box, f is its affine map. On the large networks Marabou is asked only about the output that deviates",
        "most, the one that d is about, and Z3 is not asked. The times of verify include evidence and its replay,",
        "those of a peer do not include the making of the query. MB: peak memory of the process of verify.",
    ]


def machine() -> str:
    """CPU, cores, Python and packages."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    python = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {python}; {', '.join(versions)}."


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"


def json_lines(rows: list[Row]) -> str:
    """One object for each case and tool."""
    lines = []
    for row in rows:
        case = {**dataclasses.asdict(row.case), "radius": str(row.case.radius)}
        lines += [json.dumps({**case, "tool": tool, **dataclasses.asdict(cell)}) for tool, cell in row.cells.items()]
    return "\n".join(lines) + "\n"


def benchmark(cap: float, *, quick: bool, only: list[str], write: bool) -> None:
    """Measure, print the page, and write it with the JSON lines to ``results``."""
    chosen = only or list(QUICK if quick else SUBJECTS)
    unknown = [name for name in chosen if name not in SUBJECTS]
    if unknown:
        raise SystemExit(f"unknown network {unknown[0]!r}; known: {', '.join(SUBJECTS)}")
    files = {name: SUBJECTS[name].file for name in chosen}
    skipped = {name: f"{file.name} not found" for name, file in files.items() if file and not file.exists()}
    present = [name for name in chosen if name not in skipped]
    rows = list(measured(present, cap, lambda line: print(line, file=sys.stderr, flush=True)))
    text = page(rows, skipped, cap)
    print(text)
    if write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "decide.md").write_text(text, encoding="utf-8")
        (RESULTS / "decide.jsonl").write_text(json_lines(rows), encoding="utf-8")
