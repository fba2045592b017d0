"""Counterexamples as a person reads them: one line of arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from verify.digits import display, display_apart
from verify.kernel.check import Judgement, TermValue
from verify.kernel.evidence import Evidence, Falsehood, Off, ValueGap
from verify.kernel.json import GAP, read_rational, read_vector
from verify.property import Assignment, Claim, Property, Vacuous, find
from verify.rational import Enclosure, Real, Vector
from verify.report.comparison import comparison, is_comparison
from verify.report.falsehood import false_sentence, recorded_falsehood
from verify.report.points import INLINE_COORDINATES, INLINE_NONZEROS, point_text
from verify.report.sums import sum_text


def refutation_sentence(
    claim: Claim, evidence: Evidence | None, judgement: Judgement | None, outputs: Sequence[int] | None, size: int
) -> str | None:
    """The counterexample as a sentence; the network has ``size`` outputs, of which ``outputs`` are the claim's."""
    if isinstance(evidence, Falsehood) and judgement is not None and claim.property.asked is not None:
        return false_sentence(claim.property.asked, evidence)
    if isinstance(evidence, Off):
        return _off(claim, evidence)
    if not isinstance(evidence, ValueGap) or judgement is None or judgement.gap is None:
        return None
    output = outputs[evidence.output] if outputs else evidence.output
    return sentence(claim.property, evidence.assignment, judgement.values, output, size)


def recorded_sentence(record: Mapping[str, Any]) -> str | None:
    """The same from a record alone, which nothing has replayed here; None where it has no counterexample.

    ``KeyError``, ``TypeError``, ``ValueError`` or an error of this package where it is no record.
    """
    shown, evidence = record["counterexample"], record["evidence"]
    if evidence is not None and evidence["kind"] == "unit off":
        return f"ReLU {int(evidence['unit'])} of block {int(evidence['block'])} is off at every point of the region"
    if shown is None:
        return None
    if record["kind"] == "formula":
        return recorded_falsehood(record)
    found: ValueGap = GAP.read(evidence)
    values = [
        TermValue(
            read_rational(item["factor"]),
            read_vector(item["point"]),
            item["network"] == "second",
            _real(str(item["value"])),
        )
        for item in shown["points"]
    ]
    size = int(record["network"]["outputs"])
    return sentence(find(str(record["property"])), found.assignment, values, int(shown["output"]), size)


def _real(text: str) -> Real:
    """A number as ``exact_text`` wrote it."""
    if not text.startswith("["):
        return read_rational(text)
    low, high = text.strip("[]").split(", ")
    return Enclosure(read_rational(low), read_rational(high))


def _off(claim: Claim, evidence: Off) -> str:
    """``conv1[3] is off ...``."""
    questions = claim.questions()
    assert not isinstance(questions, Vacuous)
    name = questions[0].network.blocks[evidence.block - 1].unit_name(evidence.unit)
    return f"{name} is off at every point of the region: its pre-activation is at most 0 there"


def sentence(
    formula: Property, assignment: Assignment, values: Sequence[TermValue], output: int, output_size: int
) -> str:
    """``f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1``: the first term against the others.

    Points too long for a line go by their names in the formula, with a note on how they differ. An
    inequality is written as ``comparison`` does it.
    """
    labels = formula.labels
    index = f"[{output}]" if output_size > 1 else ""
    long = any(is_long(value.point) for value in values)
    calls = [call_text(v, label if long else None, index) for v, label in zip(values, labels, strict=True)]
    if is_comparison(formula):
        called = [(v.factor, v, call) for v, call in zip(values, calls, strict=True)]
        return comparison(formula, assignment, called) + (_differences(values, labels) if long else "")
    first, others = values[0], list(zip(values, calls, strict=True))[1:]
    parts = [(first.factor, first, calls[0])], [(-v.factor, v, call) for v, call in others]
    totals = display_apart(*(sum((f * v.value for f, v, _ in part), Fraction(0)) for part in parts))
    left, right = (_side(part, total) for part, total in zip(parts, totals, strict=True))
    text = f"{left}, but {right}"
    if "~" in text:
        text += f" (they differ by {display(sum((v.factor * v.value for v in values), Fraction(0)), 24)})"
    return text + (_differences(values, labels) if long else "")


def is_long(point: Vector) -> bool:
    """Whether a point is too long for a line, and goes by its name."""
    entries = point.numerators.tolist()
    return len(entries) > INLINE_COORDINATES and sum(1 for e in entries if e) > INLINE_NONZEROS


def _differences(values: Sequence[TermValue], labels: Sequence[str]) -> str:
    """How the named points x and y differ, when both are there."""
    points = {label: v.point.fractions() for v, label in zip(values, labels, strict=True)}
    if "x" not in points or "y" not in points:
        return ""
    differing = sum(a != b for a, b in zip(points["x"], points["y"], strict=True))
    return f"; x and y differ in {differing} of {len(points['x'])} coordinates"


def _side(parts: Sequence[tuple[Fraction, TermValue, str]], total: str) -> str:
    kept = [(factor, value, call) for factor, value, call in parts if factor]
    if not kept:
        return "the formula says 0"
    names = sum_text([(factor, call) for factor, _, call in kept])
    numbers = sum_text([(factor, display(value.value)) for factor, value, _ in kept])
    if len(kept) == 1 and abs(kept[0][0]) == 1:
        return f"{names} = {total}"
    return f"{names} = {total}" if numbers == total else f"{names} = {numbers} = {total}"


def call_text(value: TermValue, label: str | None, index: str) -> str:
    """``f(-1)``, or ``f(x)`` with a label; ``index`` names the output."""
    text = point_text(value.point) if label is None else label
    function = "g" if value.second else "f"
    return f"{function}{text if text.startswith('(') and text.endswith(')') else f'({text})'}{index}"
