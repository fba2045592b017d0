"""Z3 on the literal claim about a small family: weights are real variables with the constraints of their ranges.

Nonlinear real arithmetic over sums of products: decidable, but only very small families are within reach. A model is a
concrete member with a concrete counterexample, and is judged by the kernel; ``unsat`` is attested for that one size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import z3

from verify.errors import EngineDisagreement
from verify.kernel.check import Verdict
from verify.kernel.families import FamilyClaim, Member
from verify.network.families import Range, Weights
from verify.network.families.ranges import flat
from verify.network.families.terms import Terms
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.refuting.finding import gap_at
from verify.search.solver.formulas import add_negation
from verify.search.solver.literal import in_order, interrupting, literal_formula

MAX_WEIGHTS, MAX_RELU, MAX_INPUTS = 30, 16, 4
SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class SolverAnswer:
    """``unsat`` (the claim holds for this size), ``sat`` with a member, or why there is none."""

    status: str
    evidence: Member | None = None
    solver: str = ""


def is_small(claim: FamilyClaim) -> bool:
    """Whether the literal query is worth asking."""
    if not claim.property.definition or claim.property.margin is not None or claim.family.weight_count > MAX_WEIGHTS:
        return False
    return claim.family.input_size <= MAX_INPUTS and sum(math.prod(s) for s in claim.family.shapes) <= MAX_RELU * 2


def query(claim: FamilyClaim) -> tuple[Any, dict[tuple[str, str], list[Any]], dict[str, Any]]:
    """A solver that holds the negated claim, the weights and the property's variables."""
    solver = z3.Solver()
    weights = {key: _weights(key, flat(p.ranges, p.shape), solver) for key, p in claim.family.parameters.items()}
    formula = literal_formula(claim.property, claim.region, claim.family.output_size)
    functions = {"f": partial(_outputs, claim, weights)}
    return solver, weights, in_order(claim.property, add_negation(formula, functions, solver))


def _weights(key: tuple[str, str], ranges: list[Range], solver: Any) -> list[Any]:
    """A variable for each number, or the number itself where the range has one."""
    found = []
    for i, allowed in enumerate(ranges):
        if allowed.low is not None and allowed.low == allowed.high:
            found.append(_real(allowed.low))
            continue
        value = z3.Real(f"{'.'.join(key)}_{i}")
        if allowed.low is not None:
            solver.add(value > _real(allowed.low) if allowed.strict else value >= _real(allowed.low))
        if allowed.high is not None:
            solver.add(value < _real(allowed.high) if allowed.strict else value <= _real(allowed.high))
        found.append(value)
    return found


def _outputs(claim: FamilyClaim, weights: Any, argument: list[Any], solver: Any, prefix: str) -> list[Any]:
    """The outputs at one argument; the argument of every ReLU has a variable of its own."""
    count = 0

    def relu(z: Any, _layer: str, _unit: int) -> Any:
        nonlocal count
        count += 1
        named = z3.Real(f"{prefix}_{count}")
        solver.add(named == z)
        return z3.If(named > 0, named, z3.RealVal(0))

    return Terms(relu, z3.Sum, _real).outputs(claim.family, weights, argument)


def _real(value: Fraction) -> Any:
    return z3.RealVal(str(value))


def ask(claim: FamilyClaim, budget: Budget, seconds: float = SECONDS) -> SolverAnswer:
    """Z3's answer; a model becomes a member that the kernel accepts, or no evidence at all."""
    solver, weights, variables = query(claim)
    allowed = min(budget.remaining, seconds)
    solver.set("timeout", max(1, int(allowed * 1000)))
    with interrupting(allowed + 1):
        status = solver.check()
    name = f"Z3 {z3.get_version_string()}"
    if status == z3.unsat:
        return SolverAnswer("unsat", solver=name)
    if status != z3.sat:
        return SolverAnswer(f"unknown ({solver.reason_unknown()})", solver=name)
    evidence = _member(claim, solver.model(), weights, variables)
    return SolverAnswer("sat" if evidence else "sat, with a model that does not replay", evidence, name)


def cross_checked(claim: FamilyClaim, verdict: Verdict, budget: Budget) -> str:
    """Z3's answer to the literal claim, ``not asked`` if it is too large; ``EngineDisagreement`` if it contradicts."""
    if not is_small(claim):
        return "not asked"
    answer = ask(claim, budget)
    contradicts = (verdict is Verdict.PROVED and answer.evidence is not None) or (
        verdict is Verdict.REFUTED and answer.status == "unsat"
    )
    if contradicts:
        raise EngineDisagreement(
            f"every network of {claim.family.name} is {claim.property.name}: {verdict.value}, but {answer.solver}"
            f" answers {answer.status} to the literal claim; please report this"
        )
    return answer.status


def _member(claim: FamilyClaim, model: Any, weights: Any, variables: Any) -> Member | None:
    numbers: Weights = {key: {i: _rational(model, v) for i, v in enumerate(values)} for key, values in weights.items()}
    assignment: dict[str, Vector | Fraction] = {}
    for name, value in variables.items():
        if isinstance(value, list):
            assignment[name] = vector([_rational(model, v) for v in value])
        else:
            assignment[name] = _rational(model, value)
    ranges = {key: flat(p.ranges, p.shape) for key, p in claim.family.parameters.items()}
    if not all(ranges[key][i].contains(v) for key, values in numbers.items() for i, v in values.items()):
        return None
    gap = gap_at(claim.claim(numbers), assignment)
    return Member(numbers, gap) if gap is not None else None


def _rational(model: Any, variable: Any) -> Fraction:
    value = model.eval(variable, model_completion=True)
    if z3.is_algebraic_value(value):
        value = value.approx(40)
    return Fraction(int(value.numerator_as_long()), int(value.denominator_as_long()))
