"""Why a formula is false at values of its names, as lines that a person can check with a calculator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from verify.digits import display, display_apart
from verify.formats.formulas import parse_formula
from verify.formula.tree import (
    Compare,
    Every,
    Implication,
    Membership,
    Negation,
    Some,
    Statement,
    text_of,
)
from verify.formula.truth import COMPARE, Meaning
from verify.kernel.evidence import Falsehood
from verify.kernel.formulas import meaning
from verify.kernel.json import assignment_to_json, read_assignment, read_rational, read_vector
from verify.property import Assignment
from verify.property.base import Asked
from verify.rational import Vector, exact_text, vector
from verify.region import region as regions
from verify.report.points import INLINE_COORDINATES, point_text

# Values of networks that a sentence lists; the record has all of them.
MAX_CALLS = 6


def falsehood_json(asked: Asked, evidence: Falsehood) -> dict[str, Any]:
    """The counterexample of a record: the names' values, and those of the networks there."""
    found = meaning(asked, evidence.assignment)
    list(says(found, asked.formula.body))  # asks for every value on the way
    calls = [
        {"network": name, "point": [exact_text(v) for v in x], "value": [exact_text(v) for v in value]}
        for (name, x), value in found.calls.items()
    ]
    return {"names": assignment_to_json(evidence.assignment), "calls": calls}


def false_sentence(asked: Asked, evidence: Falsehood) -> str:
    """``x = -1, y = 1: f(-1) = 0, f(0) = 0, f(1) = 1; f(x + y) == f(x) + f(y) says 0 == 1, which is false``."""
    return sentence(meaning(asked, evidence.assignment), evidence.assignment)


def recorded_falsehood(record: Mapping[str, Any]) -> str:
    """The same from a record alone: the networks' values are those that it lists."""
    sizes = {name: (int(item["inputs"]), int(item["outputs"])) for name, item in record["names"].items()}
    places = [regions.from_json(item["region_data"], str(item["region"])) for item in record["regions"]]
    formula = parse_formula(str(record["property"]), sizes, regions=places)
    calls = record["counterexample"]["calls"]
    values = {(c["network"], tuple(map(read_rational, c["point"]))): read_vector(c["value"]) for c in calls}
    assignment = read_assignment(record["counterexample"]["names"])
    inputs = {name: size for name, (size, _) in sizes.items()}
    found = Meaning(formula, inputs, assignment, lambda name, x: values[name, tuple(x.fractions())])
    return sentence(found, assignment)


def sentence(found: Meaning, assignment: Assignment) -> str:
    """The values of the names, those of the networks, and what the comparisons say with them."""
    said = "; ".join(says(found, found.formula.body))
    names = ", ".join(f"{name} = {_shown(value)}" for name, value in assignment.items())
    calls = [f"{called_text(found, key)} = {entries_text(value)}" for key, value in found.calls.items()]
    more = f" and {len(calls) - MAX_CALLS} more values" if len(calls) > MAX_CALLS else ""
    start = [names, ", ".join(calls[:MAX_CALLS]) + more]
    return f"{': '.join(part for part in start if part)}; {said}"


def _shown(value: Vector | Any) -> str:
    return point_text(value) if isinstance(value, Vector) else display(value)


def called_text(found: Meaning, key: tuple[str, tuple[Fraction, ...]]) -> str:
    """``f(1, 1/2)``; at a long point ``f(x + y)``, as the formula writes it."""
    name, x = key
    if len(x) > INLINE_COORDINATES:
        return found.written[key]
    text = point_text(vector(x))
    return f"{name}{text}" if text.startswith("(") and text.endswith(")") else f"{name}({text})"


def entries_text(values: Sequence[Fraction]) -> str:
    """``1``, ``(1, 1/2)``, or the first entries of many."""
    if len(values) <= INLINE_COORDINATES:
        return point_text(vector(values))
    return f"({', '.join(display(value, 12) for value in values[:3])} and {len(values) - 3} more)"


def says(found: Meaning, node: Statement) -> Iterator[str]:
    """What each comparison of a false statement says with its numbers; of a conjunction, those that do not hold."""
    if isinstance(node, Every):
        for part in node.parts:
            if not found.holds(part):
                yield from says(found, part)
        return
    leaves = list(_leaves(node))
    for leaf in leaves:
        true = found.holds(leaf)
        yield f"{text_of(leaf)}{_numbers(found, leaf)}, which is {'true' if true else 'false'}"
    if len(leaves) > 1 or not isinstance(node, Compare | Membership):
        yield f"so {text_of(node)} is false"


def _leaves(node: Statement) -> Iterator[Compare | Membership]:
    match node:
        case Compare() | Membership():
            yield node
        case Every() | Some():
            for part in node.parts:
                yield from _leaves(part)
        case Negation():
            yield from _leaves(node.part)
        case Implication():
            yield from _leaves(node.left)
            yield from _leaves(node.right)


def _numbers(found: Meaning, node: Compare | Membership) -> str:
    """`` says 0 == 1``; of vectors the first entry that decides."""
    if isinstance(node, Membership):
        return f" says {point_text(vector(found.point(node)))} in {node.text}"
    pairs = found.compared(node)
    holds = [COMPARE[node.symbol](a, b) for a, b in pairs]
    place = holds.index(False) if False in holds else 0
    where = f" in entry {place}" if len(pairs) > 1 else ""
    left, right = pairs[place]
    shown = display_apart(left, right)
    text = f" says{where} {shown[0]} {node.symbol} {shown[1]}"
    if any("~" in side for side in shown):
        text += f" (they differ by {display(left - right, 24)})"
    return text
