"""Counterexamples as a person reads them: one line of arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verify.kernel.check import Value
from verify.rational import Vector, display

INLINE_COORDINATES = 6


def point_text(point: Vector) -> str:
    """``-1``, ``(1, 1/2)``, or for long points the coordinates that are not zero."""
    entries = point.fractions()
    if len(entries) == 1:
        return display(entries[0])
    if len(entries) <= INLINE_COORDINATES:
        return f"({', '.join(display(e) for e in entries)})"
    nonzero = [(i, e) for i, e in enumerate(entries) if e]
    if not nonzero:
        return "0"
    shown = ", ".join(f"x{i} = {display(e, 12)}" for i, e in nonzero[:4])
    rest = f" and {len(nonzero) - 4} more" if len(nonzero) > 4 else ", else 0"
    return f"({shown}{rest})"


def sentence(values: Sequence[Value], output: int, output_size: int) -> str:
    """``f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1``: the first term against the others."""
    index = f"[{output}]" if output_size > 1 else ""
    first, others = values[0], values[1:]
    left = _side([(first.factor, first)], index)
    right = _side([(-v.factor, v) for v in others], index)
    return f"{left}, but {right}"


def _side(parts: Sequence[tuple[Fraction, Value]], index: str) -> str:
    kept = [(factor, value) for factor, value in parts if factor]
    if not kept:
        return "the formula says 0"
    names = _sum([(factor, _call(value, index)) for factor, value in kept])
    numbers = _sum([(factor, display(value.value)) for factor, value in kept])
    total = display(sum((factor * value.value for factor, value in kept), Fraction(0)))
    return f"{names} = {total}" if numbers == total else f"{names} = {numbers} = {total}"


def _call(value: Value, index: str) -> str:
    text = point_text(value.point)
    return f"{'g' if value.second else 'f'}{text if text.startswith('(') else f'({text})'}{index}"


def _sum(parts: Sequence[tuple[Fraction, str]]) -> str:
    text = ""
    for factor, item in parts:
        size = abs(factor)
        negative = item.startswith("-")
        body = item if size == 1 else f"{display(size)} * {f'({item})' if negative else item}"
        if not text:
            text = body if factor > 0 else f"-{f'({body})' if body.startswith('-') else body}"
        else:
            wrapped = f"({body})" if body.startswith("-") else body
            text += f" {'+' if factor > 0 else '-'} {wrapped}"
    return text
