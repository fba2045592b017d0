"""The page of the decision benchmark: right, wrong and undecided for each tool, ratios, and every case."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks import markdown
from benchmarks.cases import Case
from benchmarks.machine import machine
from benchmarks.peers import PEERS, TOLERANCE, TOOLS
from benchmarks.records import Record

TITLES = {
    "verify": "verify",
    "z3 one": "Z3, one copy",
    "z3 three": "Z3, definition",
    "cvc5": "cvc5, one copy",
    "marabou": f"Marabou (within {TOLERANCE:g})",
}
# Size classes: up to so many ReLU.
CLASSES = (100, 1000, 10_000, 100_000)
NO_ANSWER = ("undecided", "timeout", "failed")


@dataclass(frozen=True)
class Row:
    """One case, the record of each tool, and what each answer is: right, wrong, false witness, undecided, ..."""

    case: Case
    records: dict[str, Record]

    @property
    def truth(self) -> bool | None:
        """Found without the engines, or the checked verdict of this project."""
        if self.case.truth is not None:
            return self.case.truth
        own = self.records.get("verify", {})
        return own.get("holds") if own.get("assurance") == "checked" else None

    def status(self, tool: str) -> str:
        """One of ``right``, ``wrong``, ``false witness``, ``undecided``, ``unjudged``, or why there is no answer."""
        record = self.records.get(tool)
        if record is None:
            return "skipped"
        if record["status"] != "answered":
            return str(record["status"])
        if record["holds"] is None:
            return "undecided"
        if self.truth is None:
            return "unjudged"
        if record["holds"] != self.truth:
            return "wrong"
        return "false witness" if record["false_witness"] else "right"  # the right word for a wrong reason

    def fastest_right_peer(self) -> tuple[float, str] | None:
        """The peer with the right answer in the least time."""
        right = [(self.records[tool]["seconds"], tool) for tool in PEERS if self.status(tool) == "right"]
        return min(right) if right else None

    @property
    def ratio(self) -> float | None:
        """Our seconds over those of the fastest peer that is right; None where either has no right answer."""
        fastest = self.fastest_right_peer()
        if self.status("verify") != "right" or fastest is None:
            return None
        return float(self.records["verify"]["seconds"]) / max(fastest[0], 1e-9)


def rows_of(records: list[Record]) -> list[Row]:
    """Cases in the order of the log, each with its results."""
    rows = {}
    for record in records:
        if "case" in record:
            case = Case(**record["case"])
            rows[case.name] = Row(case, {})
        else:
            rows[record["name"]].records[record["tool"]] = record
    return list(rows.values())


def page(records: list[Record], cap: float) -> tuple[str, int]:
    """The page, and how many answers of this project are wrong."""
    rows = rows_of(records)
    lines = ["# Deciding: this project and its peers", "", machine(), "", *_legend(cap), ""]
    lines += ["## By size", "", *by_size(rows), "", "## Every case", "", *every_case(rows)]
    return "\n".join(lines) + "\n", sum(row.status("verify") == "wrong" for row in rows)


def by_size(rows: list[Row]) -> list[str]:
    """For each size class and tool how often it was right, wrong or undecided; the ratio to the best peer."""
    titles = ["ReLU", "cases", *(f"{TITLES[t]}: right / wrong / no answer" for t in TOOLS), "ours / fastest right peer"]
    lines, low = [], 0
    for high in CLASSES:
        inside = [row for row in rows if low < row.case.relus <= high]
        if inside:
            lines.append([f"{low + 1:,} to {high:,}", str(len(inside)), *_counts(inside), _ratios(inside)])
        low = high
    return markdown.table(titles, [*lines, ["all", str(len(rows)), *_counts(rows), _ratios(rows)]])


def _counts(rows: list[Row]) -> list[str]:
    result = []
    for tool in TOOLS:
        statuses = [row.status(tool) for row in rows]
        wrong = statuses.count("wrong") + statuses.count("false witness")
        open_ = sum(statuses.count(s) for s in NO_ANSWER)
        text = f"{statuses.count('right')} / {f'**{wrong}**' if wrong else 0} / {open_}"
        others = len(statuses) - statuses.count("right") - wrong - open_
        result.append(text + (f" ({others} not run or not judged)" if others else ""))
    return result


def _ratios(rows: list[Row]) -> str:
    ratios = [row.ratio for row in rows if row.ratio is not None]
    alone = sum(row.status("verify") == "right" and row.fastest_right_peer() is None for row in rows)
    parts = []
    if ratios:
        middle = math.exp(sum(map(math.log, ratios)) / len(ratios))
        ends = f"{markdown.number(min(ratios))} to {markdown.number(max(ratios))}"
        parts.append(f"{markdown.number(middle)} (geometric mean of {len(ratios)}; {ends})")
    if alone:
        parts.append(f"no peer right in {alone}")
    return "; ".join(parts)


def every_case(rows: list[Row]) -> list[str]:
    """The table of all cases."""
    titles = ["case", "inputs", "ReLU", "holds", "known by", *(TITLES[t] for t in TOOLS), "evidence", "ours / fastest"]
    return markdown.table(titles, [_columns(row) for row in rows])


def _columns(row: Row) -> list[str]:
    case, own = row.case, row.records.get("verify", {})
    truth = {True: "yes", False: "no", None: "?"}[row.truth]
    if case.deviation:
        truth += f", by {case.deviation:.1e}"
    evidence = f"{own.get('detail', '')}, {own.get('assurance') or 'nothing to check'}" if own else ""
    cells = [_shown(row, tool) for tool in TOOLS]
    return [case.name, f"{case.inputs:,}", f"{case.relus:,}", truth, case.truth_by, *cells, evidence, _ratio(row)]


def _shown(row: Row, tool: str) -> str:
    status, record = row.status(tool), row.records.get(tool)
    if record is None:
        return ""
    memory = f", {record['memory']:,.0f} MB" if record["memory"] else ""
    if status == "timeout":
        return "T/O"
    if status in ("skipped", "failed"):
        return f"{record['failure'][:80]}{memory}"
    word = status if status in ("right", "unjudged") else f"**{status.upper()}**"
    remark = ""
    if tool == "marabou" and status == "wrong":
        remark = " (below tolerance)" if row.case.deviation < TOLERANCE else " (above tolerance)"
        remark = " (false witness)" if record["false_witness"] else remark
    return f"{word} {markdown.number(record['seconds'])} s{memory}{remark}"


def _ratio(row: Row) -> str:
    if row.status("verify") != "right":
        return f"**{row.status('verify')}**"
    fastest = row.fastest_right_peer()
    if fastest is None:
        return "no peer right"
    assert row.ratio is not None
    return f"{markdown.number(row.ratio)} ({fastest[1]})"


def _legend(cap: float) -> list[str]:
    return [
        f"Seconds in the process, for the decision alone, median of five runs when short. T/O: killed after {cap:g}",
        "s. `ball`, `x2`, `near`: boxes of radius 1, 2 and 1.0001 times the exact affine radius eps* around a",
        "random point (the pattern radius where the affine one was not decided). `box`: all inputs. `no, by d`: at",
        "a corner of the box f differs by d, exactly, from its affine map at the centre. A `mirrored` network reads",
        "each hidden unit only through relu(z) - relu(-z) = z, a `pair` is a network minus a permuted and rescaled",
        "copy: every ReLU switches and both are affine. Right and wrong are about the exact question. `known by`:",
        "how the truth is known; `checked verdict` means that nothing but this project's checked evidence tells.",
        "Marabou has a tolerance: where it saw no difference, below tolerance means that d is smaller. A false",
        "witness: at the point that Marabou returned, moved into the box, f is its affine map (counted as wrong).",
        "Marabou needs a query for each output and sign; the output that deviates most is asked first. Our seconds",
        "include evidence and its check by the kernel, those of a peer do not include the making of the query.",
        "A solver that timed out on all boxes of a network is not run on the same boxes of larger ones (`timed out",
        "on ...`). MB: peak memory of the tool's process, Python included. Ratios below 1: this project is faster.",
    ]
