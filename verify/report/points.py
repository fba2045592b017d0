"""Points as a line of text."""

from __future__ import annotations

from verify.digits import display
from verify.rational import Vector

INLINE_COORDINATES = 6
INLINE_NONZEROS = 3


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
    shown = ", ".join(f"x{i} = {display(e, 12)}" for i, e in nonzero[:INLINE_NONZEROS])
    hidden = len(nonzero) - INLINE_NONZEROS
    return f"({shown}{f' and {hidden} more' if hidden > 0 else ', else 0'})"
