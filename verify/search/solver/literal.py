"""Z3 on the literal definition: the reference for small networks.

The property's definition in the language of claims is negated over real variables, with one copy of the network for
each argument (``verify.search.solver.formulas``). A model is turned into an instance and judged by the kernel; an
``unsat`` has no evidence to replay and is only *attested*.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import z3

from verify.errors import InputError
from verify.formats.formulas import parse_formula
from verify.formula.tree import Formula
from verify.kernel.check import judge
from verify.kernel.evidence import Falsehood, ValueGap
from verify.property import Assignment, Claim, Property
from verify.rational import Vector, vector
from verify.region import Region
from verify.search.budget import Budget
from verify.search.outcome import Attestation, Outcome
from verify.search.refuting.cases import false_at
from verify.search.refuting.finding import gap_at
from verify.search.solver.encoding import encoded, inside, real, total
from verify.search.solver.formulas import negated_formula

# For a continuous function the middle decides whether it is affine, convex or concave.
MIDDLE = Fraction(1, 2)


def has_query(wanted: Property) -> bool:
    """Whether the property can be asked of an SMT solver."""
    return wanted.asked is not None or bool(wanted.definition) or wanted.family == "lipschitz"


def literal_formula(wanted: Property, region: Region, outputs: int) -> Formula:
    """The definition of a property of the catalogue on a region, for networks of that many outputs."""
    values: dict[str, Fraction | tuple[Fraction, ...]] = {"e": MIDDLE}
    if "axis" in wanted.parameters:
        values["u"] = tuple(Fraction(int(i == wanted.parameters["axis"])) for i in range(region.ambient))
    sizes = (region.ambient, outputs)
    return parse_formula(wanted.definition, {"f": sizes, "g": sizes}, regions={"P": region}, values=values)


def literal_query(claim: Claim) -> tuple[Any, dict[str, Any]]:
    """A Z3 solver that holds the negated claim, and the variables of its property (or formula) by name."""
    wanted = claim.property
    if wanted.asked is not None:
        return negated_formula(wanted.asked.formula, wanted.asked.networks)
    if not has_query(wanted):
        raise InputError(f"{wanted.name!r} is not written as a query for an SMT solver")
    networks = {"f": claim.network} | ({} if claim.second is None else {"g": claim.second})
    for network in networks.values():
        network.require_piecewise_linear("a query for an SMT solver over linear arithmetic")
    if not wanted.definition:
        return _steep_in_l2(claim)
    formula = literal_formula(wanted, claim.region, claim.network.output_size)
    solver, found = negated_formula(formula, networks)
    return solver, in_order(wanted, found)


def in_order(wanted: Property, found: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that stand for the property's variables."""
    return {name: found[name] if name in found else real(MIDDLE) for name in wanted.variables}


def _steep_in_l2(claim: Claim) -> tuple[Any, dict[str, Any]]:
    """``(f(x) - f(y))^2 > K^2 ||x - y||^2`` at two points of the region, which the language cannot say."""
    solver, size = z3.Solver(), claim.network.input_size
    x, y = ([z3.Real(f"{name}_{i}") for i in range(size)] for name in "xy")
    images = []
    for i, point in enumerate((x, y)):
        solver.add(*inside(claim.region, point, f"r{i}"))
        images.append(encoded(claim.network, point, solver, f"c{i}"))
    constant = real(claim.property.parameters["constant"])
    distance = constant * constant * total([(a - b) * (a - b) for a, b in zip(x, y, strict=True)])
    steep = [(a - b) * (a - b) > distance for a, b in zip(*images, strict=True)]
    solver.add(z3.Or(steep) if len(steep) != 1 else steep[0])  # SMT-LIB has no disjunction of one
    return solver, {"x": x, "y": y}


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
    found, note = ask_z3(claim, budget)
    if found is None:
        return Outcome(None, None, "", ("z3",), budget.elapsed, note)
    if isinstance(found, Attestation):
        return Outcome(found, None, "z3", ("z3",), budget.elapsed)
    return Outcome(judge(claim, found), found, "z3", ("z3",), budget.elapsed)


def ask_z3(claim: Claim, budget: Budget) -> tuple[ValueGap | Falsehood | Attestation | None, str]:
    """What Z3 says of the literal claim: the instance of its model, ``unsat`` as its word, or None and why."""
    solver, variables = literal_query(claim)
    seconds = budget.remaining
    if seconds != float("inf"):
        solver.set("timeout", max(1, int(seconds * 1000)))
    with interrupting(seconds + 1):
        status = solver.check()
    if status == z3.unsat:
        return Attestation(f"Z3 {z3.get_version_string()}"), ""
    if status == z3.sat:
        assignment = _assignment(solver.model(), variables)
        evidence = false_at(claim, assignment) if claim.property.asked is not None else gap_at(claim, assignment)
        if evidence is not None:
            return evidence, ""
        return None, "Z3 found a model that is not rational, or that does not replay"
    reason = f"Z3 answered {status} ({solver.reason_unknown()})"
    if "keyboard" in reason:  # Z3 catches Ctrl-C itself
        raise KeyboardInterrupt
    return None, reason


def _assignment(model: Any, variables: Mapping[str, Any]) -> Assignment:
    result: dict[str, Vector | Fraction] = {}
    for name, value in variables.items():
        if isinstance(value, list):
            result[name] = vector([_rational(model, v) for v in value])
        else:
            result[name] = _rational(model, value)
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


def smtlib_file(claim: Claim) -> str:
    """A complete SMT-LIB 2 file: ``smt_text``, with its logic, what it is about, and commands that ask for a model."""
    solver, _ = literal_query(claim)
    goal = z3.Goal()
    goal.add(solver.assertions())
    # What is simplified away, such as squares that are compared with 0, stands in the text all the same.
    linear = claim.property.definition and z3.Probe("is-qflra")(goal.simplify())
    logic = "QF_LRA" if linear else "QF_NRA"
    about = [f"{claim.property.name} on {claim.region.text or 'a region'}"]
    about += [f"{name}: {n.name}, sha256 {n.digest}" for name, n in zip("fg", claim.networks, strict=False)]
    lines = [f"; {' '.join(line.split())}" for line in about]
    head = "(set-option :produce-models true)\n(set-logic "
    tail = "; sat: a counterexample, which the model names\n(get-model)\n"
    return "\n".join([*lines, f"{head}{logic})\n{smt_text(claim)}{tail}"])
