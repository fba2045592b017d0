"""Reading and writing the evidence of claims about families; the only place that knows its serialized form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verify.errors import EvidenceError, InputError
from verify.kernel import evidence as plain
from verify.kernel.evidence import Nothing, ValueGap
from verify.kernel.families import FamilyEvidence, Member, SignRules
from verify.kernel.induction import Line
from verify.network.families.members import from_json as weights_from_json
from verify.network.families.members import to_json as weights_to_json


def to_json(evidence: FamilyEvidence) -> dict[str, Any]:
    """The evidence as plain data, rationals as strings."""
    if isinstance(evidence, SignRules):
        return {"kind": "sign rules", "lines": [line.to_json() for line in evidence.lines]}
    if isinstance(evidence, Member):
        return {"kind": "member", "weights": weights_to_json(evidence.weights), "gap": plain.to_json(evidence.gap)}
    return plain.to_json(evidence)


def from_json(data: Any) -> FamilyEvidence:
    """The evidence that ``to_json`` wrote; anything malformed is an ``EvidenceError`` of the rule ``format``."""
    try:
        return _READERS[data["kind"]](data)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"cannot be read: {error!r:.200}") from error


def _read_rules(data: Any) -> SignRules:
    lines = data["lines"]
    if not isinstance(lines, list):
        raise TypeError(f"{lines!r:.60} is not a list of lines")
    return SignRules(tuple(_line(item) for item in lines))


def _line(item: Any) -> Line:
    names = ("layer", "channels", "values", "why")
    if set(item) != {*names, "facts"} or not all(isinstance(item[name], str) for name in names):
        raise ValueError(f"{item!r:.60} is not a line")
    if not isinstance(item["facts"], list) or not all(isinstance(name, str) for name in item["facts"]):
        raise TypeError("the facts of a line are a list of names")
    return Line(facts=tuple(item["facts"]), **{name: item[name] for name in names})


def _read_member(data: Any) -> Member:
    gap = plain.from_json(data["gap"], [])
    if not isinstance(gap, ValueGap):
        raise TypeError("the evidence about a member is not a value gap")
    return Member(weights_from_json(data["weights"]), gap)


_READERS: dict[str, Callable[[Any], FamilyEvidence]] = {
    "sign rules": _read_rules,
    "member": _read_member,
    "nothing to quantify over": lambda data: Nothing(),
}
