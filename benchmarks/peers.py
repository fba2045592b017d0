"""The tools of the decision benchmark: each decides one case and says how long that took.

``verify``    decide, evidence and its check by the kernel included
``z3 one``    Z3: h(x) != A x + c somewhere in the box? One copy of the network; exact and strict
``z3 three``  Z3: the negated definition, for affine f((x+y)/2) != (f(x)+f(y))/2; exact and strict
``cvc5``      cvc5 on the query of ``z3 one``
``marabou``   maraboupy: |h(x) - (A x + c)| >= 1e-6 somewhere in the box? One query for each output and sign, the
              output that deviates most first, until one is satisfiable

For affine h is f, and A x + c its map around the centre; for equivalent and odd h is the difference of both sides, and
the map is zero. Each runs five times where it is fast, and the median counts. Reading the network, encoding it and the
map at the centre are not timed for anyone, for the peers also not the making of the query. A tool calls ``ready`` when
its time begins, so that the parent knows when to kill it (the time limit of ``marabou`` is for the answers to all its
queries together).
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from benchmarks.cases import Case, asked, claim_of
from benchmarks.measure import Ready
from benchmarks.subjects import SUBJECTS
from benchmarks.truth import Piece, deviations_at
from verify.kernel.check import Verdict
from verify.kernel.core import cell
from verify.kernel.evidence import Cells, Cover, Leaf, Split, ValueGap
from verify.network import Network
from verify.property import Claim
from verify.region.bases import Box
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome

TOLERANCE = 1e-6
REPEATS = 5
# Decisions that take longer than this are timed once.
REPEATED_BELOW = 1.0
# Seconds for making one more query of the same network.
MAKING = 120.0


@dataclass(frozen=True)
class Answer:
    """What a tool said: holds (True, False, or None for undecided), how long it took, and details for people."""

    holds: bool | None
    seconds: float
    detail: str = ""
    assurance: str | None = None
    false_witness: bool = False
    runs: tuple[float, ...] = ()


def repeated(once: Callable[[], Answer]) -> Answer:
    """The median of several runs where they are short; all must say the same."""
    answers = [once()]
    while len(answers) < REPEATS and answers[0].seconds < REPEATED_BELOW:
        answers.append(once())
    if len({answer.holds for answer in answers}) > 1:
        raise RuntimeError("runs of the same case differ in their answer")
    median = sorted(answers, key=lambda answer: answer.seconds)[len(answers) // 2]
    return replace(median, runs=tuple(answer.seconds for answer in answers))


def verify_claim(case: Case, cap: float, ready: Ready) -> Answer:
    """This project."""
    return timed(claim_of(case), cap, ready)


def timed(claim: Claim, cap: float, ready: Ready) -> Answer:
    """Decide a claim about networks that were just loaded; nothing is remembered from an earlier run."""
    cell._CELLS.clear()
    ready()
    start = time.perf_counter()
    outcome = decide(claim, Budget(cap), shrinking=False)
    seconds = time.perf_counter() - start
    verdict = {Verdict.PROVED: True, Verdict.REFUTED: False}.get(outcome.verdict)
    return Answer(verdict, seconds, f"{outcome.engine} {_evidence(outcome)}".strip(), outcome.assurance)


def _evidence(outcome: Outcome) -> str:
    evidence = outcome.evidence
    if isinstance(evidence, Cells):
        count = sum(_leaves(proof.tree) for proof in evidence.proofs if isinstance(proof, Cover))
        return f"{count} cell{'s' if count != 1 else ''}"
    if isinstance(evidence, ValueGap):
        return "counterexample"
    return type(evidence).__name__.lower() if evidence is not None else outcome.reason


def _leaves(tree: Any) -> int:
    """Leaves of a tree of splits (which may be deep)."""
    count, rest = 0, [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, Split):
            rest += [node.above, node.below]
        else:
            count += isinstance(node, Leaf)
    return max(count, 1)


# Z3 and cvc5.


def z3_one(case: Case, cap: float, ready: Ready) -> Answer:
    """Z3 with one copy of the network, against the affine map at the centre."""
    return _solved(_one_copy(case), ready)


def z3_three(case: Case, cap: float, ready: Ready) -> Answer:
    """Z3 with three copies of the network: the literal definition."""
    from verify.search.solver.literal import literal_query

    solver, _ = literal_query(claim_of(case))
    return _solved(solver, ready)


def _one_copy(case: Case) -> Any:
    """The solver that asks for x in the box with h(x) != A x + c."""
    import z3

    from verify.search.solver.encoding import encoded, inside

    claim, h, piece = _question(case)
    solver = z3.SolverFor("QF_LRA")
    x = [z3.Real(f"x_{i}") for i in range(h.input_size)]
    solver.add(*inside(claim.region, x, "x"))
    differences = [
        f != z3.Sum([z3.RealVal(str(c)), *(z3.RealVal(str(a)) * v for a, v in zip(row, x, strict=True) if a)])
        for f, row, c in zip(encoded(h, x, solver, "n"), piece.slopes, piece.constants, strict=True)
    ]
    solver.add(z3.Or(differences))
    return solver


def _question(case: Case) -> tuple[Claim, Network, Piece]:
    claim = claim_of(case)
    return claim, *asked(claim, SUBJECTS[case.subject].centre(claim.network))


def _solved(solver: Any, ready: Ready) -> Answer:
    ready()
    start = time.perf_counter()
    status = str(solver.check())
    seconds = time.perf_counter() - start
    return Answer({"unsat": True, "sat": False}.get(status), seconds, status)


def cvc5_one(case: Case, cap: float, ready: Ready) -> Answer:
    """cvc5 on the same query, passed as SMT-LIB text."""
    import cvc5
    import z3

    plain = z3.SolverFor("QF_LRA")
    plain.add([z3.simplify(assertion) for assertion in _one_copy(case).assertions()])  # cvc5 takes no sum of one term
    text = plain.to_smt2().replace("(check-sat)", "")
    solver = cvc5.Solver()
    solver.setLogic("QF_LRA")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "query")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        if not str(command).startswith("(set-info"):
            command.invoke(solver, symbols)
    ready()
    start = time.perf_counter()
    result = solver.checkSat()
    seconds = time.perf_counter() - start
    holds = True if result.isUnsat() else False if result.isSat() else None
    return Answer(holds, seconds, str(result))


# Marabou.


def marabou(case: Case, cap: float, ready: Ready) -> Answer:
    """Marabou, within its tolerance. Outputs that deviate most come first."""
    claim, h, piece = _question(case)
    base = claim.region.base
    assert isinstance(base, Box)
    outputs = [case.output, *(i for i in range(h.output_size) if i != case.output)]
    seconds = 0.0
    for output, sign in itertools.product(outputs, (1, -1)):
        if seconds:
            ready(MAKING)
        query, inputs = _marabou_query(h, base, piece, output, sign)
        ready(max(cap - seconds, 0.0))
        status, values, spent = _marabou_solved(query)
        seconds += spent
        if status == "sat":
            point = [float(values[int(v)]) for v in inputs]
            witness = deviations_at(h, _clamped(base, point), piece)[output]
            detail = f"sat, deviation at its point {float(witness):.1e}"
            return Answer(False, seconds, detail, false_witness=witness == 0)
        if status != "unsat":
            return Answer(None, seconds, status)
    return Answer(True, seconds, "unsat")


def _clamped(base: Box, point: list[float]) -> list[Fraction]:
    """The nearest point of the box: a solver in floats may leave it by a rounding error."""
    sides = zip(point, base.low.fractions(), base.high.fractions(), strict=True)
    return [min(max(Fraction(p), low), high) for p, low, high in sides]


def _marabou_query(network: Network, base: Box, piece: Piece, output: int, sign: int) -> tuple[Any, list[int]]:
    """The network, the box, and ``sign (h - (A x + c)) >= tolerance`` for one output."""
    from maraboupy.MarabouNetwork import MarabouNetwork

    query: Any = MarabouNetwork()
    inputs = [query.getNewVariable() for _ in range(network.input_size)]
    for variable, low, high in zip(inputs, base.low.floats(), base.high.floats(), strict=True):
        query.setLowerBound(variable, float(low))
        query.setUpperBound(variable, float(high))
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


MODULES = {"cvc5": "cvc5", "marabou": "maraboupy"}


def skipped(tool: str, case: Case) -> str:
    """Why the tool is not run on a case; empty when it is."""
    if tool in MODULES and importlib.util.find_spec(MODULES[tool]) is None:
        return "not installed"
    if tool == "z3 three" and SUBJECTS[case.subject].property_name != "affine":
        return "as one copy"
    return ""


TOOLS: dict[str, Callable[[Case, float, Ready], Answer]] = {
    "verify": verify_claim,
    "z3 one": z3_one,
    "z3 three": z3_three,
    "cvc5": cvc5_one,
    "marabou": marabou,
}
PEERS = tuple(tool for tool in TOOLS if tool != "verify")
SOLVERS = ("z3 one", "z3 three", "cvc5")
