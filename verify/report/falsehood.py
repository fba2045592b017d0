"""Why a formula is false at values of its names, as lines that a person can check with a calculator."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from verify.formula.tree import (
    Compare,
    Every,
    Implication,
    Member,
    Negation,
    Some,
    Statement,
    text_of,
)
from verify.formula.truth import COMPARE, Meaning
from verify.kernel.evidence import Falsehood
from verify.kernel.formulas import meaning
from verify.property.base import Asked
from verify.rational import Vector, display, exact_text, vector
from verify.report.points import point_text

# Values of networks that a sentence lists; the record has all of them.
MAX_CALLS = 6


def falsehood_json(asked: Asked, evidence: Falsehood) -> dict[str, Any]:
    """The counterexample of a record: the names' values, those of the networks there, and the sentence."""
    found = meaning(asked, evidence.assignment)
    text = sentence(asked, evidence, found)  # asks for every value on the way
    calls = [
        {"network": name, "point": [exact_text(v) for v in x], "value": [exact_text(v) for v in value]}
        for (name, x), value in found.calls.items()
    ]
    names = {n: v.strings() if isinstance(v, Vector) else exact_text(v) for n, v in evidence.assignment.items()}
    return {"names": names, "calls": calls, "sentence": text}


def sentence(asked: Asked, evidence: Falsehood, found: Meaning) -> str:
    """``x = -1, y = 1: f(-1) = 0, f(0) = 0, f(1) = 1; f(x + y) == f(x) + f(y) says 0 == 1, which is false``."""
    said = "; ".join(says(found, asked.formula.body))
    names = ", ".join(f"{name} = {_shown(value)}" for name, value in evidence.assignment.items())
    calls = [f"{called_text(name, x)} = {point_text(vector(value))}" for (name, x), value in found.calls.items()]
    more = f" and {len(calls) - MAX_CALLS} more values" if len(calls) > MAX_CALLS else ""
    start = [names, ", ".join(calls[:MAX_CALLS]) + more]
    return f"{': '.join(part for part in start if part)}; {said}"


def _shown(value: Vector | Any) -> str:
    return point_text(value) if isinstance(value, Vector) else display(value)


def called_text(name: str, x: tuple[Fraction, ...]) -> str:
    """``f(1, 1/2)``."""
    text = point_text(vector(x))
    return f"{name}{text}" if text.startswith("(") and text.endswith(")") else f"{name}({text})"


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
    if len(leaves) > 1 or not isinstance(node, Compare | Member):
        yield f"so {text_of(node)} is false"


def _leaves(node: Statement) -> Iterator[Compare | Member]:
    match node:
        case Compare() | Member():
            yield node
        case Every() | Some():
            for part in node.parts:
                yield from _leaves(part)
        case Negation():
            yield from _leaves(node.part)
        case Implication():
            yield from _leaves(node.left)
            yield from _leaves(node.right)


def _numbers(found: Meaning, node: Compare | Member) -> str:
    """`` says 0 == 1``; of vectors the first entry that decides."""
    if isinstance(node, Member):
        return f" says {point_text(vector(found.point(node)))} in {node.text}"
    pairs = found.compared(node)
    holds = [COMPARE[node.symbol](a, b) for a, b in pairs]
    place = holds.index(False) if False in holds else 0
    where = f" in entry {place}" if len(pairs) > 1 else ""
    left, right = pairs[place]
    shown = display(left), display(right)
    text = f" says{where} {shown[0]} {node.symbol} {shown[1]}"
    if any("~" in side for side in shown):
        text += f" (they differ by {display(left - right, 24)})"
    return text
