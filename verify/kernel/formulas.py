"""A formula of the language at one assignment: evaluated as it stands, with exact values of the networks.

Nothing of the reduction is used here, so a refutation does not rest on it.
"""

from __future__ import annotations

from verify.errors import EvidenceError
from verify.formula.truth import Meaning
from verify.kernel.evidence import Falsehood
from verify.kernel.exact import evaluate
from verify.kernel.ledger import Ledger
from verify.property import Assignment, Claim
from verify.property.base import Asked
from verify.rational import Vector, counted


def meaning(asked: Asked, assignment: Assignment) -> Meaning:
    """The formula at an assignment that gives each of its names a value of the right size."""
    wanted = {variable.name: variable for variable in asked.formula.variables}
    if set(assignment) != set(wanted):
        raise EvidenceError("falsehood", f"expected values for {sorted(wanted)}, got {sorted(assignment)}")
    for name, value in assignment.items():
        size = len(value) if isinstance(value, Vector) else 0
        if size != wanted[name].size:
            raise EvidenceError("falsehood", f"{name} has {counted(size, 'coordinate')}; expected {wanted[name].size}")
    inputs = {name: network.input_size for name, network in asked.networks.items()}
    return Meaning(asked.formula, inputs, assignment, lambda name, x: evaluate(asked.networks[name], x))


def check_falsehood(claim: Claim, evidence: Falsehood, _: Ledger) -> None:
    """The conditions of the claim's formula hold at the assignment, and its body does not."""
    asked = claim.property.asked
    if asked is None:
        raise EvidenceError("falsehood", f"is about formulas of the language, not about {claim.property.name!r}")
    found = meaning(asked, evidence.assignment)
    if not found.satisfies_conditions():
        raise EvidenceError("falsehood", "a condition of the formula does not hold there")
    if found.holds(asked.formula.body):
        raise EvidenceError("falsehood", "the formula holds there")


def check_satisfied(asked: Asked, assignment: Assignment) -> None:
    """All conditions of the formula hold at the assignment, the premises of its body among them."""
    found = meaning(asked, assignment)
    conditions, _ = asked.formula.with_premises()
    if not all(found.holds(condition) for condition in conditions):
        raise EvidenceError("instances", "the values do not satisfy the conditions of the formula")
