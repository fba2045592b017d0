"""The tools of the benchmark: each decides one case and says how long that took.

``verify``    decide("affine"), evidence and its replay by the kernel included
``z3 one``    Z3: f(x) != A x + c somewhere in the box? A, c from the piece at the centre; exact and strict
``z3 three``  Z3: f((x+y)/2) != (f(x)+f(y))/2 somewhere in the box? The literal definition; exact and strict
``marabou``   maraboupy: |f(x) - (A x + c)| >= 1e-6 somewhere in the box? One query for each output and sign
              (large networks: for the output that deviates most only), until one is satisfiable

Each runs five times where it is fast, and the median counts. Reading the network, encoding it and the piece at the
centre are not timed for anyone, for the peers also not the making of the query. A tool calls ``ready`` when its time
begins, so that the parent knows when to kill it (the time limit of ``marabou`` is for all its queries together).
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from benchmarks.cases import SUBJECTS, Case, Piece, deviations_at, piece_at, region_of
from verify.kernel import exact
from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Cover, Leaf, Split, ValueGap
from verify.network import Network
from verify.property import Claim, find
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome

TOLERANCE = 1e-6
REPEATS = 5
# Decisions that take longer than this are timed once.
REPEATED_BELOW = 1.0

Ready = Callable[[], None]


@dataclass(frozen=True)
class Answer:
    """What a tool said: affine (True, False, or None for undecided), how long it took, and details for people."""

    is_affine: bool | None
    seconds: float
    detail: str = ""
    assurance: str | None = None
    false_witness: bool = False
    runs: tuple[float, ...] = ()


def _claim(case: Case) -> Claim:
    """The claim on a freshly loaded network: nothing is remembered from an earlier run."""
    exact._CELLS.clear()
    return Claim(SUBJECTS[case.subject].load(), find("affine"), region_of(case), None)


def repeated(once: Callable[[], Answer]) -> Answer:
    """The median of several runs where they are short; all must say the same."""
    answers = [once()]
    while len(answers) < REPEATS and answers[0].seconds < REPEATED_BELOW:
        answers.append(once())
    if len({answer.is_affine for answer in answers}) > 1:
        raise RuntimeError("runs of the same case differ in their answer")
    median = sorted(answers, key=lambda answer: answer.seconds)[len(answers) // 2]
    return replace(median, runs=tuple(answer.seconds for answer in answers))


def verify_affine(case: Case, cap: float, ready: Ready) -> Answer:
    """This project."""
    claim = _claim(case)
    ready()
    start = time.perf_counter()
    outcome = decide(claim, Budget(cap), shrinking=False)
    seconds = time.perf_counter() - start
    verdict = {Verdict.PROVED: True, Verdict.REFUTED: False}.get(outcome.judgement.verdict)
    return Answer(verdict, seconds, _evidence(outcome), outcome.assurance)


def _evidence(outcome: Outcome) -> str:
    evidence = outcome.evidence
    if isinstance(evidence, Cells):
        count = sum(_leaves(proof.tree) for proof in evidence.proofs if isinstance(proof, Cover))
        return f"{count} cell{'s' if count != 1 else ''}"
    if isinstance(evidence, ValueGap):
        return "counterexample"
    return type(evidence).__name__.lower() if evidence is not None else outcome.reason


def _leaves(tree: Leaf | Split) -> int:
    """Leaves of a tree of splits (which may be deep)."""
    count, rest = 0, [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Split):
            rest += [node.above, node.below]
        else:
            count += 1
    return count


def z3_one(case: Case, cap: float, ready: Ready) -> Answer:
    """Z3 with one copy of the network, against the affine map at the centre."""
    import z3

    from verify.search.smt import encoded, inside

    claim = _claim(case)
    network, centre = claim.network, SUBJECTS[case.subject].centre()
    piece = piece_at(network, centre)
    solver = z3.Solver()
    x = [z3.Real(f"x_{i}") for i in range(network.input_size)]
    solver.add(*inside(claim.region, x, "x"))
    differences = [
        f != z3.Sum([z3.RealVal(str(c)), *(z3.RealVal(str(a)) * v for a, v in zip(row, x, strict=True))])
        for f, row, c in zip(encoded(network, x, solver, "n"), piece.slopes, piece.constants, strict=True)
    ]
    solver.add(z3.Or(differences))
    return _solved(solver, ready)


def z3_three(case: Case, cap: float, ready: Ready) -> Answer:
    """Z3 with three copies of the network: the literal definition."""
    from verify.search.smt import literal_query

    solver, _ = literal_query(_claim(case))
    return _solved(solver, ready)


def _solved(solver: Any, ready: Ready) -> Answer:
    ready()
    start = time.perf_counter()
    status = str(solver.check())
    seconds = time.perf_counter() - start
    return Answer({"unsat": True, "sat": False}.get(status), seconds, status)


def marabou(case: Case, cap: float, ready: Ready) -> Answer:
    """Marabou, within its tolerance."""
    network, centre = _claim(case).network, SUBJECTS[case.subject].centre()
    piece = piece_at(network, centre)
    is_large = SUBJECTS[case.subject].is_large
    seconds = 0.0
    for output in (case.output,) if is_large else range(network.output_size):
        for sign in (1, -1):
            query, inputs = _marabou_query(network, case, piece, output, sign)
            if not seconds:
                ready()
            status, values, spent = _marabou_solved(query)
            seconds += spent
            if status == "sat":
                point = [float(values[int(v)]) for v in inputs]
                witness = deviations_at(network, _clamped(case, point), piece)[output]
                detail = f"sat, deviation at its point {float(witness):.1e}"
                return Answer(False, seconds, detail, false_witness=witness == 0)
            if status != "unsat":
                return Answer(None, seconds, status)
    return Answer(True, seconds, f"unsat for output {case.output}" if is_large else "unsat")


def _clamped(case: Case, point: list[float]) -> list[Fraction]:
    """The nearest point of the box: a solver in floats may leave it by a rounding error."""
    centre = SUBJECTS[case.subject].centre().fractions()
    return [min(max(Fraction(p), c - case.radius), c + case.radius) for p, c in zip(point, centre, strict=True)]


def _marabou_query(network: Network, case: Case, piece: Piece, output: int, sign: int) -> tuple[Any, list[int]]:
    """The network, the box, and ``sign (f - (A x + c)) >= tolerance`` for one output."""
    from maraboupy.MarabouNetwork import MarabouNetwork

    query: Any = MarabouNetwork()
    inputs = [query.getNewVariable() for _ in range(network.input_size)]
    for variable, centre in zip(inputs, SUBJECTS[case.subject].centre().fractions(), strict=True):
        query.setLowerBound(variable, float(centre - case.radius))
        query.setUpperBound(variable, float(centre + case.radius))
    outputs = _marabou_blocks(query, network, inputs)
    query.inputVars, query.outputVars = [np.array([inputs])], [np.array([outputs])]
    slopes = [float(a) for a in piece.slopes[output]]
    used = [(v, a) for v, a in zip(inputs, slopes, strict=True) if a]
    variables, factors = [outputs[output], *(v for v, _ in used)], [-sign, *(sign * a for _, a in used)]
    query.addInequality(variables, factors, -TOLERANCE - sign * float(piece.constants[output]))
    return query.getInputQuery(), inputs


def _marabou_blocks(query: Any, network: Network, inputs: list[int]) -> list[int]:
    """Add the blocks as equations and ReLU constraints; returns the variables of the outputs."""
    values = {0: inputs}
    for k, block in enumerate(network.blocks, start=1):
        sums = [query.getNewVariable() for _ in range(block.size)]
        terms: list[tuple[list[int], list[float]]] = [([v], [-1.0]) for v in sums]
        for source, matrix in block.inputs:
            rows, columns, weights = matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.floats.data.tolist()
            for row, column, weight in zip(rows, columns, weights, strict=True):
                terms[row][0].append(values[source][column])
                terms[row][1].append(weight)
        for (variables, factors), bias in zip(terms, block.bias.floats().tolist(), strict=True):
            query.addEquality(variables, factors, -bias)
        values[k] = sums
        if block.relu:
            values[k] = [query.getNewVariable() for _ in range(block.size)]
            for before, after in zip(sums, values[k], strict=True):
                query.addRelu(before, after)
    return values[len(network.blocks)]


def _marabou_solved(query: Any) -> tuple[str, Any, float]:
    from maraboupy import Marabou, MarabouCore

    options = Marabou.createOptions(verbosity=0)
    start = time.perf_counter()
    status, values, _ = MarabouCore.solve(query, options, os.devnull)
    return status, values, time.perf_counter() - start


def missing_reason(tool: str) -> str:
    """Why the tool cannot run here; empty when it can."""
    if tool == "marabou" and importlib.util.find_spec("maraboupy") is None:
        return "not installed"
    return ""


TOOLS: dict[str, Callable[[Case, float, Ready], Answer]] = {
    "verify": verify_affine,
    "z3 one": z3_one,
    "z3 three": z3_three,
    "marabou": marabou,
}
PEERS = ("z3 one", "z3 three", "marabou")
