"""The page of a theorem as plain Markdown."""

from __future__ import annotations

import re

from verify.report.markdown import code, escape, fenced
from verify.report.prose import Span, plain, spans
from verify.report.theorem import Table, Theorem, TheoremPart

# A bar would end a cell even in a code span.
_BARE, _BAR = re.compile(r"(?<!\\)\|"), r"\\|"


def text_of(theorem: Theorem) -> str:
    """The theorem's text, from the model that every writer shares."""
    lines = [f"# {escape(plain(theorem.question))}", "", f"**{prose(theorem.answer)}**", ""]
    lines += [f"*{escape(plain(theorem.chapter.title))}* It rests on: {escape(theorem.support)}.", ""]
    if theorem.failed:
        lines += ["**The test of this theorem failed: do not rely on this page.**", ""]
    lines += [f"## {escape(theorem.label)}", "", prose(theorem.statement), ""]
    if theorem.steps:
        steps = enumerate(theorem.steps, 1)
        lines += ["## Why", "", *(f"{i}. {prose(s.text)}{_lemma(s.lemma)}" for i, s in steps), ""]
    if theorem.parts:
        lines += ["## What the machine says", "", *(line for part in theorem.parts for line in _part(part)), ""]
    for figure in theorem.figures:
        lines += [" ".join(prose(text) for text in (figure.caption, *figure.notes)), ""]
    for table in theorem.tables:
        lines += [*_table(table), ""]
    if theorem.command or theorem.python:
        lines += ["## Try it", ""]
        lines += [line for text in (theorem.command, theorem.python) if text for line in (*fenced(text), "")]
    return "\n".join(lines)


def prose(text: str) -> str:
    """Text from outside with its formulas as code."""
    return " ".join("".join(_span(span) for span in spans(text)).split())


def _span(span: Span) -> str:
    if span.kind in ("text", "emphasis"):
        mark = "*" if span.kind == "emphasis" else ""
        return f"{mark}{escape(span.text, strip=False)}{mark}"
    if span.kind == "link":
        return f"[{escape(span.text)}]({span.href.removesuffix('.html')}.md)"
    return code(span.text) if span.kind != "display" else f" {code(span.text)} "


def _lemma(name: str) -> str:
    return f" *({escape(name)})*" if name else ""


def _part(part: TheoremPart) -> list[str]:
    how = ", ".join(filter(None, (part.verdict, part.assurance, "vacuous" if part.vacuous else "")))
    name = f"[{escape(part.statement)}](../claims/{part.stem}.md)" if part.stem else prose(part.statement)
    return [f"- {name}: **{how}**", *(f"  - {code(line)}" for line in (part.line, *part.lines) if line)]


def _table(table: Table) -> list[str]:
    found = [_row(table.header), f"|{'---|' * len(table.header)}", *map(_row, table.rows)]
    return [*found, *(["", prose(table.caption)] if table.caption else [])]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_BARE.sub(_BAR, prose(cell)) for cell in cells)} |"
