"""Numbers and tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    return [line(titles), line(["---"] * len(titles)), *(line(row) for row in rows)]


def line(columns: Sequence[str]) -> str:
    """One row."""
    return f"| {' | '.join(columns)} |"


def number(value: float | None) -> str:
    """Two significant digits; empty for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 9.95 else f"{float(f'{value:.2g}'):g}"
