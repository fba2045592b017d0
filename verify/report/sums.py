"""Sums of terms with factors, as text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verify.digits import display


def sum_text(parts: Sequence[tuple[Fraction, str]]) -> str:
    """``f(x) - 2 * f(y)`` from factors and terms."""
    text = ""
    for factor, item in parts:
        size = abs(factor)
        negative = item.startswith(("-", "~-"))
        body = item if size == 1 else f"{display(size)} * {f'({item})' if negative else item}"
        wrapped = f"({body})" if body.startswith(("-", "~-")) else body
        if not text:
            text = body if factor > 0 else f"-{wrapped}"
        else:
            text += f" {'+' if factor > 0 else '-'} {wrapped}"
    return text
