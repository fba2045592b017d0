"""What notebooks show of an object: a dictionary from MIME types to text, as ``_repr_mimebundle_`` returns it.

Whatever comes from outside becomes text here, never markup; signs that cannot be seen, or that reorder the text around
them, are written as their codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# More rows than this are left out, and counted.
MAX_ROWS = 12
_CELL = 'style="text-align:left"'


def plain(text: str) -> str:
    """Text for a page, escaped."""
    return escape("".join(sign if sign.isprintable() else f"\\u{{{ord(sign):x}}}" for sign in text))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], unit: str) -> str:
    """An HTML table of at most ``MAX_ROWS`` rows; ``unit`` is what a row is about, such as "layer"."""
    given = list(rows)
    shown = [_row("td", [str(cell) for cell in row]) for row in given[:MAX_ROWS]]
    if len(given) > MAX_ROWS:
        left = len(given) - MAX_ROWS
        shown.append(f'<tr><td {_CELL} colspan="{len(head)}">and {left} more {unit}{"s" if left > 1 else ""}</td></tr>')
    return f"<table>{_row('th', head)}{''.join(shown)}</table>"


def _row(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind} {_CELL}>{plain(cell)}</{kind}>' for cell in cells)}</tr>"


def bars(layers: Sequence[tuple[str, int, int, int, int]]) -> str:
    """SVG: for each layer a bar, divided into units that are on, off, switching and undecided; at most ``MAX_ROWS``."""
    wide, high, kinds = (
        320,
        18,
        (("on", "#275a8c"), ("off", "#b9b4a6"), ("switching", "#c2571a"), ("undecided", "#eee")),
    )
    parts = []
    for row, (name, *counts) in enumerate(layers[:MAX_ROWS]):
        size, x = max(sum(counts), 1), 0.0
        for (kind, colour), count in zip(kinds, counts, strict=True):
            width = wide * count / size
            title = f"<title>{plain(f'{name}: {count} {kind}')}</title>"
            if count:
                box = f'x="{x:.1f}" y="{row * high + 2}" width="{width:.1f}" height="{high - 4}"'
                parts.append(f'<rect {box} fill="{colour}" stroke="#888" stroke-width=".5">{title}</rect>')
            x += width
    tall = high * min(len(layers), MAX_ROWS)
    size_text = f'width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}"'
    label = "units on (blue), off (grey), switching (orange) and undecided (white) in each layer"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size_text} role="img" aria-label="{label}">'
    return f"{head}{''.join(parts)}</svg>" if parts else ""


def shape_text(shape: Sequence[int]) -> str:
    """``6 × 8 × 8``; ``1`` for a scalar."""
    return " × ".join(str(size) for size in shape) or "1"


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{plain(text)}</p>"


def bundle(text: str, **other: str) -> dict[str, str]:
    """The bundle of ``text`` and of what else there is: ``html``, ``latex``, ``svg``."""
    kinds = {"html": "text/html", "latex": "text/latex", "svg": "image/svg+xml"}
    return {"text/plain": text, **{kinds[key]: value for key, value in other.items() if value}}
