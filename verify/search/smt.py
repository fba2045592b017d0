"""Z3 on the literal definition: the reference for small networks.

The negated property is stated over real variables, with one copy of the network for each of its terms. A model is
turned into an instance and judged by the kernel; an ``unsat`` has no evidence to replay and is only *attested*.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import z3

from verify.errors import InputError
from verify.kernel.check import judge
from verify.property import Assignment, Claim
from verify.rational import Vector, vector
from verify.search.budget import Budget
from verify.search.cases import false_at
from verify.search.encoding import Reals, encoded, inside, real
from verify.search.finding import gap_at
from verify.search.formula_smt import negated_formula
from verify.search.outcome import Attestation, Outcome

SymbolicTerm = tuple[Any, Reals, bool]


def _mix(*parts: tuple[Any, Reals]) -> Reals:
    return [
        sum((factor * value for factor, value in zip([f for f, _ in parts], values, strict=True)), z3.RealVal(0))
        for values in zip(*(v for _, v in parts), strict=True)
    ]


def _affine(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    # For a continuous function the middle, e = 1/2, decides.
    half = z3.RealVal("1/2")
    return [(1, _mix((half, v["x"]), (half, v["y"])), False), (-half, v["x"], False), (-half, v["y"], False)]


def _superposition(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    combined = _mix((v["a"], v["x"]), (v["b"], v["y"]))
    return [(1, combined, False), (-v["a"], v["x"], False), (-v["b"], v["y"], False)]


def _additive(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    return [(1, _mix((1, v["x"]), (1, v["y"])), False), (-1, v["x"], False), (-1, v["y"], False)]


def _homogeneous(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    return [(1, _mix((v["t"], v["x"])), False), (-v["t"], v["x"], False)]


def _parity(sign: int) -> Callable[[Mapping[str, Any]], list[SymbolicTerm]]:
    return lambda v: [(1, _mix((-1, v["x"])), False), (sign, v["x"], False)]


def _stepped(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    moved = [value + v["t"] if i == v["axis"] else value for i, value in enumerate(v["x"])]
    return [(1, moved, False), (-1, v["x"], False)]


def _difference(v: Mapping[str, Any]) -> list[SymbolicTerm]:
    return [(1, v["x"], False), (-1, v["y"], False)]


SYMBOLIC: dict[str, Callable[[Mapping[str, Any]], list[SymbolicTerm]]] = {
    "affine": _affine,
    "linear": _superposition,
    "superposition": _superposition,
    "constant": _difference,
    "additive": _additive,
    "homogeneous": _homogeneous,
    "positively homogeneous": _homogeneous,
    "odd": _parity(1),
    "even": _parity(-1),
    "equivalent": lambda v: [(1, v["x"], False), (-1, v["x"], True)],
    "convex": _affine,
    "concave": _affine,
    "subadditive": _additive,
    "superadditive": _additive,
    "nondecreasing": _stepped,
    "nonincreasing": _stepped,
    "lipschitz": _difference,
}
NONNEGATIVE_T = ("positively homogeneous", "nondecreasing", "nonincreasing")


def _terms(claim: Claim, variables: Mapping[str, Any]) -> list[SymbolicTerm]:
    """The terms of the formula at symbolic values of its variables."""
    return SYMBOLIC[claim.property.key]({**claim.property.parameters, **variables})


def _breaks(claim: Claim, total: Any, variables: Mapping[str, Any]) -> Any:
    """That one output breaks the formula, its terms adding up to ``total``."""
    if claim.property.key == "lipschitz":
        return _too_steep(claim, total, variables)
    zero = z3.RealVal(0)
    return {"= 0": total != zero, "<= 0": total > zero, ">= 0": total < zero}[claim.property.relation]


def _too_steep(claim: Claim, total: Any, variables: Mapping[str, Any]) -> Any:
    """``|f(x) - f(y)| > K ||x - y||``, both sides squared for the L2 norm."""
    norm, constant = claim.property.parameters["norm"], real(claim.property.parameters["constant"])
    steps = [x - y for x, y in zip(variables["x"], variables["y"], strict=True)]
    if norm == "l2":
        return total * total > constant * constant * z3.Sum([step * step for step in steps])
    sizes = [z3.Abs(step) for step in steps]
    if norm == "l1":
        return z3.Abs(total) > constant * z3.Sum(sizes)
    return z3.And([z3.Abs(total) > constant * size for size in sizes])


def literal_query(claim: Claim) -> tuple[Any, dict[str, Any]]:
    """A Z3 solver that holds the negated claim, and its variables by name."""
    if claim.property.asked is not None:
        return negated_formula(claim.property.asked.formula, claim.property.asked.networks)
    if claim.property.key not in SYMBOLIC:
        raise InputError(f"{claim.property.name!r} is not written as a query for an SMT solver")
    solver = z3.Solver()
    variables = _variables(claim)
    if claim.property.key in NONNEGATIVE_T:
        solver.add(variables["t"] >= 0)
    terms = _terms(claim, variables)
    total = [z3.RealVal(0)] * claim.network.output_size
    for network in (claim.network, claim.second):
        if network is not None:
            network.require_piecewise_linear("a query for an SMT solver over linear arithmetic")
    for i, (factor, argument, second) in enumerate(terms):
        solver.add(*inside(claim.region, argument, f"t{i}"))
        network = claim.second if second and claim.second is not None else claim.network
        outputs = encoded(network, argument, solver, f"n{i}")
        total = [t + factor * o for t, o in zip(total, outputs, strict=True)]
    solver.add(z3.Or([_breaks(claim, t, variables) for t in total]))
    return solver, variables


def _variables(claim: Claim) -> dict[str, Any]:
    """A real for each number, a list of reals for each point."""
    size = claim.network.input_size
    return {
        name: [z3.Real(f"{name}_{i}") for i in range(size)] if kind == "point" else z3.Real(name)
        for name, kind in claim.property.variables.items()
    }


@contextmanager
def interrupting(seconds: float) -> Any:
    """Interrupt Z3 after ``seconds``: its own timeout is only looked at now and then."""
    if seconds == float("inf"):
        yield
        return
    timer = threading.Timer(seconds, z3.main_ctx().interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def decide_with_z3(claim: Claim, budget: Budget) -> Outcome:
    """Decide the claim with Z3 alone; ``unsat`` is attested, a model is replayed by the kernel."""
    solver, variables = literal_query(claim)
    seconds = budget.remaining
    if seconds != float("inf"):
        solver.set("timeout", max(1, int(seconds * 1000)))
    with interrupting(seconds + 1):
        status = solver.check()
    if status == z3.unsat:
        return Outcome(Attestation(f"Z3 {z3.get_version_string()}"), None, "z3", ("z3",), budget.elapsed)
    if status == z3.sat:
        assignment = _assignment(claim, solver.model(), variables)
        evidence = false_at(claim, assignment) if claim.property.asked is not None else gap_at(claim, assignment)
        if evidence is not None:
            return Outcome(judge(claim, evidence), evidence, "z3", ("z3",), budget.elapsed)
        reason = "Z3 found a model that is not rational, or that does not replay"
    else:
        reason = f"Z3 answered {status} ({solver.reason_unknown()})"
        if "keyboard" in reason:  # Z3 catches Ctrl-C itself
            raise KeyboardInterrupt
    return Outcome(None, None, "", ("z3",), budget.elapsed, reason)


def _assignment(claim: Claim, model: Any, variables: Mapping[str, Any]) -> Assignment:
    result: dict[str, Vector | Fraction] = {}
    for name, value in variables.items():
        if isinstance(value, list):
            result[name] = vector([_rational(model, v) for v in value])
        else:
            result[name] = _rational(model, value)
    if claim.property.key in ("affine", "convex", "concave"):
        result["e"] = Fraction(1, 2)
    return result


def _rational(model: Any, variable: Any) -> Fraction:
    value = model.eval(variable, model_completion=True)
    if z3.is_algebraic_value(value):
        value = value.approx(40)
    return Fraction(int(value.numerator_as_long()), int(value.denominator_as_long()))


def smt_text(claim: Claim) -> str:
    """The literal query as SMT-LIB text."""
    solver, _ = literal_query(claim)
    # Not ``to_smt2``: the names it gives to shared terms depend on what was built before.
    text = solver.sexpr()
    name = "" if claim.property.asked is not None else f"{claim.property.name}: "
    return f"; {name}{claim.property.formula}\n; unsat means proved\n{text}(check-sat)\n"
