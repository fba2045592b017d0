"""``python -m benchmarks.campaign --count 20000 --seed 0``: verdicts on random small claims against brute force.

Each claim is decided here and by Z3 on the literal definition (``benchmarks.reference``), and each counterexample is
evaluated once more in plain fractions. Results are lines of JSON; a run that was interrupted goes on where it stopped.
Exit status 1 if any two answers disagree, or anything fails; each is printed with the command that reproduces it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from benchmarks import markdown, reference
from benchmarks.claims import Drawn, drawn
from benchmarks.machine import machine
from benchmarks.records import Log, Record
from benchmarks.workers import answers
from verify import writing
from verify.kernel import evidence as kinds
from verify.kernel import json as kernel_json
from verify.kernel.check import Verdict, judge
from verify.kernel.evidence import ValueGap
from verify.network.network import to_json
from verify.property import Claim
from verify.property.base import Vacuous
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome
from verify.search.solver.literal import smt_text

RESULTS = Path(__file__).parent / "results"
OUR_SECONDS = 20.0
THEIR_SECONDS = 5.0
# Grace for one claim as a whole before its process is killed.
KILL_SECONDS = 3 * (OUR_SECONDS + THEIR_SECONDS)

Decide = Callable[[Claim, Budget], Outcome]


@dataclass(frozen=True)
class Comparison:
    """One claim: its labels, our verdict, theirs (holds, fails, unknown), and ``problem`` where they do not agree."""

    index: int
    property: str
    style: str
    kind: str
    degeneracy: str
    ours: str
    engine: str
    theirs: str
    by: str
    seconds: float
    their_seconds: float
    problem: str = ""


def compare(seed: int, index: int, decide_claim: Decide | None = None) -> Comparison:
    """Decide claim ``index`` both ways."""
    chosen = drawn(seed, index)
    start = time.perf_counter()
    outcome = (decide_claim or _decided)(chosen.claim, Budget(OUR_SECONDS))
    middle = time.perf_counter()
    theirs, by = reference.answer(chosen.claim, THEIR_SECONDS)
    end = time.perf_counter()
    return Comparison(
        index,
        chosen.claim.property.key,
        chosen.style,
        chosen.kind,
        chosen.degeneracy,
        "vacuous" if outcome.vacuous else outcome.verdict.value,
        outcome.engine,
        theirs,
        by,
        round(middle - start, 4),
        round(end - middle, 4),
        _problem(chosen.claim, outcome, theirs),
    )


def _decided(claim: Claim, budget: Budget) -> Outcome:
    return decide(claim, budget)


def _problem(claim: Claim, outcome: Outcome, theirs: str) -> str:
    verdict, evidence = outcome.verdict, outcome.evidence
    if verdict is Verdict.PROVED and theirs == reference.FAILS:
        return "proved, but the definition has a counterexample"
    if verdict is Verdict.REFUTED and theirs == reference.HOLDS:
        return "refuted, but the definition holds"
    if verdict is Verdict.UNKNOWN:
        return ""
    if outcome.assurance != "checked" or evidence is None:
        return "a verdict without checked evidence"
    if verdict is Verdict.REFUTED and not _is_counterexample(claim, evidence):
        return "refuted, but the counterexample does not break the definition in plain fractions"
    if _replayed(claim, outcome) is not verdict:
        return "the evidence, written and read again, gives another verdict"
    return ""


def _is_counterexample(claim: Claim, evidence: kinds.Evidence) -> bool:
    return isinstance(evidence, ValueGap) and reference.refutes(claim, evidence.assignment, evidence.output)


def _replayed(claim: Claim, outcome: Outcome) -> Verdict:
    questions = claim.questions()
    networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    if outcome.evidence is None:
        return Verdict.UNKNOWN
    evidence = kernel_json.from_json(writing.to_json(outcome.evidence), networks)
    witness = (
        kernel_json.read_witness(writing.witness_to_json(outcome.witness)) if outcome.witness is not None else None
    )
    return judge(claim, evidence, witness).verdict


# The run.


def campaign(count: int, seed: int, jobs: int, log: Log, say: Callable[[str], None]) -> list[Record]:
    """Compare claims 0 to ``count - 1``, those in the log excepted; returns the records of all."""
    header = {"campaign": seed, "our cap": OUR_SECONDS, "their cap": THEIR_SECONDS, "machine": machine()}
    records = [record for record in log.records(header) if record["index"] < count]
    known = {record["index"] for record in records}
    if known:
        say(f"{len(known)} of {count} claims are in the log")
    rest = (index for index in range(count) if index not in known)
    for done in answers(partial(compare, seed), rest, jobs, KILL_SECONDS):
        record = asdict(done.answer) if done.answer is not None else _failed(seed, done.task, done.failure)
        log.add(record)
        records.append(record)
        if record["problem"]:
            say(f"DISAGREEMENT: {described(record, seed)}")
        elif len(records) % 1000 == 0:
            say(f"{len(records)} of {count}")
    return records


def _failed(seed: int, index: int, failure: str) -> Record:
    """The record of a claim whose process was killed or raised."""
    chosen = drawn(seed, index)
    labels = chosen.claim.property.key, chosen.style, chosen.kind, chosen.degeneracy
    return asdict(Comparison(index, *labels, "failed", "", reference.UNKNOWN, "", 0.0, 0.0, failure))


def described(record: Record, seed: int) -> str:
    """A problem in one line with the way to reproduce it."""
    labels = f"{record['property']}, network {record['style']}, region {record['kind']}"
    return f"{record['problem']} ({labels}): python -m benchmarks.campaign --seed {seed} --show {record['index']}"


# The page.


def page(records: list[Record], seed: int) -> str:
    """The summary as Markdown."""
    problems = [record for record in records if record["problem"]]
    parts = [
        "# Verdicts against brute force",
        "",
        machine(),
        "",
        f"{len(records):,} random claims of seed {seed}; disagreements: **{len(problems)}**. Each claim was decided",
        f"here ({OUR_SECONDS:g} s) and by Z3 on the literal definition ({THEIR_SECONDS:g} s); each counterexample was",
        "evaluated again in plain fractions, all evidence was written, read and checked again. `unknown` is ours,",
        "`Z3 unknown` theirs (`both` of them: not compared at all). `span`: linear or superposition, where Z3 gave up",
        "on products of variables and was asked a linear query about points that span the region. Networks have one",
        "to three inputs and up to two hidden layers or residual blocks; styles and kinds of regions are those of",
        "`benchmarks/claims.py`.",
        "",
    ]
    parts += [described(record, seed) for record in problems] + [""] * bool(problems)
    for title, key in (
        ("property", "property"),
        ("degenerate", "degeneracy"),
        ("network", "style"),
        ("region", "kind"),
    ):
        parts += [*counted(records, title, key), ""]
    return "\n".join(parts)


def counted(records: list[Record], title: str, key: str) -> list[str]:
    """A table of verdicts by one label."""
    titles = [title, "claims", "proved", "vacuous", "refuted", "unknown", "Z3 unknown", "both", "span", "disagree"]
    rows = [_row(name, [r for r in records if r[key] == name]) for name in sorted({r[key] for r in records})]
    return markdown.table(titles, [*rows, _row("all", records)])


def _row(name: str, records: list[Record]) -> list[str]:
    ours = Counter(record["ours"] for record in records)
    open_here = [record["ours"] in ("unknown", "failed") for record in records]
    open_there = [record["theirs"] == reference.UNKNOWN for record in records]
    numbers = [
        len(records),
        *(ours[word] for word in ("proved", "vacuous", "refuted")),
        sum(open_here),
        sum(open_there),
        sum(a and b for a, b in zip(open_here, open_there, strict=True)),
        sum(record["by"] == "span" for record in records),
        sum(bool(record["problem"]) for record in records),
    ]
    return [name, *(f"{n:,}" for n in numbers)]


def shown(chosen: Drawn) -> str:
    """A claim in full: labels, region, network and the query that brute force answers."""
    claim = chosen.claim
    lines = [f"{claim.property.name} on {claim.region.text or chosen.kind}; network {chosen.style}"]
    lines += [str(to_json(network)) for network in (claim.network, claim.second) if network is not None]
    return "\n".join([*lines, smt_text(claim)])


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; 1 if anything disagrees."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--show", type=int, metavar="INDEX", help="print this claim and both answers, nothing else")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where campaign.jsonl and campaign.md go")
    options = parser.parse_args(arguments)
    if options.show is not None:
        print(shown(drawn(options.seed, options.show)))
        comparison = compare(options.seed, options.show)
        print(comparison)
        return int(bool(comparison.problem))
    log = Log(options.folder / "campaign.jsonl")
    say = partial(print, file=sys.stderr, flush=True)
    records = campaign(options.count, options.seed, options.jobs, log, say)
    text = page(sorted(records, key=lambda record: int(record["index"])), options.seed)
    print(text)
    (options.folder / "campaign.md").write_text(text, encoding="utf-8")
    return int(any(record["problem"] for record in records))


if __name__ == "__main__":
    sys.exit(main())
