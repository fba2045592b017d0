"""Witnesses as plain data: what stands beside the evidence of a proof under ``nontrivial``."""

from __future__ import annotations

from typing import Any

from verify.errors import EvidenceError, InputError
from verify.kernel.evidence import (
    equation_to_json,
    multipliers_to_json,
    read_equation,
    read_multipliers,
    read_rational,
    read_vector,
)
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.rational import Vector, exact_text


def to_json(witness: Witness) -> dict[str, Any]:
    """``{"instance": values}`` or ``{"none": certificate}``."""
    if isinstance(witness, Instance):
        values = witness.assignment.items()
        return {"instance": {n: v.strings() if isinstance(v, Vector) else exact_text(v) for n, v in values}}
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
            values = data["instance"].items()
            return Instance({n: read_vector(v) if isinstance(v, list) else read_rational(v) for n, v in values})
        none = data["none"]
        equation = read_equation(none["equation"]) if "equation" in none else None
        multipliers = read_multipliers(none["multipliers"]) if "multipliers" in none else None
        return NoInstance(read_vector(none["point"]), equation, multipliers)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"the witness cannot be read: {error!r:.200}") from error
