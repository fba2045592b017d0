"""Witnesses as plain data: what stands beside the evidence of a proof under ``nontrivial``."""

from __future__ import annotations

from typing import Any

from verify.errors import EvidenceError, InputError
from verify.kernel.evidence import (
    Cells,
    assignment_to_json,
    equation_to_json,
    multipliers_to_json,
    read_assignment,
    read_equation,
    read_multipliers,
    read_vector,
)
from verify.kernel.evidence import from_json as evidence_from_json
from verify.kernel.evidence import to_json as evidence_to_json
from verify.kernel.formulas import Unsatisfiable
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.network import Network


def to_json(witness: Witness | Unsatisfiable) -> dict[str, Any]:
    """``{"instance": values}``, ``{"none": certificate}`` or, of a formula, ``{"unsatisfiable": evidence}``."""
    if isinstance(witness, Instance):
        return {"instance": assignment_to_json(witness.assignment)}
    if isinstance(witness, Unsatisfiable):
        return {"unsatisfiable": evidence_to_json(witness.evidence)}
    none: dict[str, Any] = {"point": witness.point.strings()}
    if witness.equation is not None:
        none["equation"] = equation_to_json(witness.equation)
    if witness.multipliers is not None:
        none["multipliers"] = multipliers_to_json(witness.multipliers)
    return {"none": none}


def from_json(data: Any) -> Witness | None:
    """The witness that ``to_json`` wrote; anything malformed is an ``EvidenceError`` of the rule ``format``."""
    if data is None:
        return None
    try:
        if "instance" in data:
            return Instance(read_assignment(data["instance"]))
        none = data["none"]
        equation = read_equation(none["equation"]) if "equation" in none else None
        multipliers = read_multipliers(none["multipliers"]) if "multipliers" in none else None
        return NoInstance(read_vector(none["point"]), equation, multipliers)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"the witness cannot be read: {error!r:.200}") from error


def formula_witness(data: Any, networks: list[Network]) -> Witness | Unsatisfiable | None:
    """The same of a formula; ``networks`` are those of the question whether its conditions ever hold."""
    if not isinstance(data, dict) or "unsatisfiable" not in data:
        return from_json(data)
    evidence = evidence_from_json(data["unsatisfiable"], networks)
    if not isinstance(evidence, Cells):
        raise EvidenceError("format", "that conditions never hold is shown by cells")
    return Unsatisfiable(evidence)
