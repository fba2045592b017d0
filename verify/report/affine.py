"""The affine map that a network was proved to be on a region, and the weights of a small network, as formulas."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from markupsafe import Markup

from verify.errors import BudgetExceeded
from verify.kernel.evidence import Cells, Cover, Rule
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.property import Claim, Criterion, Question, Vacuous
from verify.rational import Vector, exact_text, vector
from verify.report import mathml
from verify.report.calculation import dense, is_short
from verify.report.markup import element
from verify.report.mathml import affine_form
from verify.report.model import ShownMap, ShownWeights
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare

SECONDS, MAX_INPUTS, MAX_ENTRIES = 10.0, 100, 1000
# A matrix with more rows or columns, or longer numbers, is no reading matter; every digit is beside it.
MAX_SIDE, MAX_DIGITS = 6, 12
# From an interior point along an axis; a region that is thinner is not described by a short formula anyway.
STEPS = [Fraction(sign, 2**power) for power in range(64) for sign in (1, -1)]


def affine_map(claim: Claim, question: Question) -> tuple[list[Vector], Vector] | None:
    """A by rows, and c, of a network that is affine on the region; None where that takes too long.

    They are read off values of f at points of the region: a pattern would not do, for a unit without effect may
    switch anywhere, and the interior point may lie on its boundary.
    """
    if claim.network.input_size > MAX_INPUTS:
        return None
    try:
        problem = prepare(question, Budget(SECONDS))
    except BudgetExceeded:
        return None
    if not isinstance(problem, Problem) or problem.equations or problem.lifted:
        return None
    start = problem.interior
    value = evaluate(claim.network, start)
    columns = []
    for j in range(len(start)):
        axis = vector([int(i == j) for i in range(len(start))])
        step = next((t for t in STEPS if claim.region.contains(start + axis.scaled(t))), None)
        if step is None:
            return None
        columns.append((evaluate(claim.network, start + axis.scaled(step)) - value).scaled(1 / step))
    rows = [vector([column[i] for column in columns]) for i in range(claim.network.output_size)]
    return rows, value - vector([row.dot(start) for row in rows])


def the_map(result: Result) -> ShownMap | None:
    """``f(x) = A x + c`` on the region, for a proved claim that gives one map and is about f itself."""
    claim, evidence = result.claim, result.outcome.evidence
    if claim.region.chart is not None or not claim.network.is_piecewise_linear or result.vacuous:
        return None
    if not isinstance(evidence, Cells | Rule) or claim.second is not None or claim.property.asked is not None:
        return None
    questions = claim.questions()
    if isinstance(questions, Vacuous) or len(questions) != 1:
        return None
    if isinstance(evidence, Cells):
        proof = evidence.proofs[0]
        if not isinstance(proof, Cover) or proof.equations or proof.lifted:
            return None
    question = questions[0]
    if question.criterion not in (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONSTANT):
        return None
    if question.network.input_size != claim.network.input_size:
        return None
    if claim.network.input_size * claim.network.output_size > MAX_ENTRIES:
        return None
    found = affine_map(claim, question)
    return None if found is None else _shown(*found)


def _shown(rows: list[Vector], constants: Vector) -> ShownMap:
    """One output as a sum where that is short; else a matrix; every digit beside it where they are long."""
    head = [mathml.identifier("f"), mathml.operator("("), mathml.identifier("x"), mathml.operator(")")]
    head.append(mathml.operator("="))
    size = len(rows[0])
    names = ["x"] if size == 1 else [f"x{i}" for i in range(size)]
    entries = [f"A = {_listed(rows)}", f"c = {_row(constants.fractions())}"]
    short = affine_form(rows[0], constants[0], names) if len(rows) == 1 else None
    if short is not None:
        return ShownMap(mathml.math(*head, short), f"A = {_listed(rows)}, c = {_row(constants.fractions())}")
    matrix = grid([row.fractions() for row in rows])
    column = grid([[value] for value in constants.fractions()])
    product = [mathml.identifier("A"), mathml.identifier("x"), mathml.operator("+"), mathml.identifier("c")]
    text = "A and c in exact numbers"
    if matrix is None or column is None:
        return ShownMap(mathml.math(*head, *product), text, tuple(entries))
    terms = [] if constants.is_zero() else [mathml.operator("+"), column]
    return ShownMap(mathml.math(*head, matrix, mathml.identifier("x"), *terms), ", ".join(entries))


def weights(network: Network) -> list[ShownWeights]:
    """``y1 = relu(W x + b)``, a line for each layer of a small network; none for a larger one."""
    if not is_short(network):
        return []
    found = []
    for k, block in enumerate(network.blocks, start=1):
        parts: list[Markup] = []
        texts: list[str] = []
        bias = block.bias.fractions()
        for source, matrix in block.inputs:
            rows = dense(matrix)
            shown = [] if rows == [[1]] else [grid(rows) or mathml.identifier(f"W{source}")]
            parts += [*([mathml.operator("+")] if parts else []), *shown, _named(source)]
            texts.append(f"{_listed(rows)} {_name(source)}")
        if any(bias) or not parts:
            column = grid([[value] for value in bias]) or mathml.identifier("b")
            parts += [*([mathml.operator("+")] if parts else []), column]
            texts.append(_row(bias))
        body = " + ".join(texts)
        if block.relu:
            parts = [mathml.identifier("relu"), mathml.operator("("), *parts, mathml.operator(")")]
            body = f"relu({body})"
        last = k == len(network.blocks)
        left = [mathml.identifier("f"), mathml.operator("("), mathml.identifier("x"), mathml.operator(")")]
        formula = mathml.math(*(left if last else [_named(k)]), mathml.operator("="), *parts)
        found.append(ShownWeights(formula, f"{'f(x)' if last else _name(k)} = {body}"))
    return found


def _name(block: int) -> str:
    return f"y{block}" if block else "x"


def _named(block: int) -> Markup:
    return mathml.identifier(_name(block))


def _row(values: Sequence[Fraction]) -> str:
    return f"[{', '.join(map(exact_text, values))}]"


def _listed(rows: Sequence[Vector | Sequence[Fraction]]) -> str:
    return f"[{', '.join(_row(row.fractions() if isinstance(row, Vector) else row) for row in rows)}]"


def grid(rows: Sequence[Sequence[Fraction]]) -> Markup | None:
    """A matrix in brackets, a single number without; None where it is too large or its numbers too long to look at."""
    long = any(len(exact_text(value)) > MAX_DIGITS for row in rows for value in row)
    if len(rows) > MAX_SIDE or any(len(row) > 2 * MAX_SIDE for row in rows) or long:
        return None
    if len(rows) == 1 and len(rows[0]) == 1:
        value = rows[0][0]
        shown = mathml.number(value)
        signs = [mathml.operator("(")], [mathml.operator(")")]
        return element("mrow", *signs[0], shown, *signs[1]) if value < 0 else shown
    cells = [element("mtr", *(element("mtd", mathml.number(value)) for value in row)) for row in rows]
    return element("mtable", *cells, class_="matrix")
