"""Sentences with formulas in them: ``$f(x + y) = f(x) + f(y)$`` in a line, ``$$...$$`` on a line of its own.

Further ``*emphasis*``, `` `code` `` and links to pages beside this one, ``[text](name.html)``. Authors of theorems
write these; every writer shows them in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from verify.report import mathml
from verify.report.markup import clean, element, join

STOPS = ",.;:?!)"
_MARKED = re.compile(
    r"\$\$(?P<display>[^$]+)\$\$|\$(?P<formula>[^$]+)\$|`(?P<code>[^`]+)`|\*(?P<emphasis>\w[^*]*)\*"
    r"|\[(?P<link>[^]]+)\]\((?P<href>[\w.-]+\.html)\)"
)


@dataclass(frozen=True)
class Span:
    """A stretch of text; ``kind`` is ``text``, ``formula``, ``display``, ``code``, ``emphasis`` or ``link``."""

    kind: str
    text: str
    href: str = ""


def spans(text: str) -> Iterator[Span]:
    """The stretches of a text, in order; signs without a partner are text."""
    end = 0
    for match in _MARKED.finditer(text):
        if match.start() > end:
            yield Span("text", text[end : match.start()])
        assert match.lastgroup is not None
        is_link = match.lastgroup == "href"
        yield Span("link", match["link"], match["href"]) if is_link else Span(match.lastgroup, match[match.lastgroup])
        end = match.end()
    if end < len(text):
        yield Span("text", text[end:])


def html(text: str) -> Markup:
    """The text for a paragraph or a heading, formulas as MathML; no line begins with the comma after a formula."""
    parts: list[Markup] = []
    pending: list[Markup] = []
    for span in spans(text):
        shown = span.text
        if pending:
            stops = shown[: len(shown) - len(shown.lstrip(STOPS))] if span.kind == "text" else ""
            parts.append(_with_stops(pending, stops))
            shown, pending = shown[len(stops) :], []
        if span.kind == "formula":
            pending = mathml.formula(span.text)
        else:
            parts.append(_element(replace(span, text=shown)))
    return join([*parts, *([_with_stops(pending, "")] if pending else [])])


def _with_stops(pieces: list[Markup], stops: str) -> Markup:
    """A formula that may break between its pieces, but not before the signs that follow it."""
    last = element("span", pieces[-1], stops, class_="held") if stops else pieces[-1]
    return join([*pieces[:-1], last], "\u200b")


def _element(span: Span) -> Markup:
    if span.kind in ("code", "emphasis"):
        return element("code" if span.kind == "code" else "em", span.text)
    if span.kind == "link":
        return element("a", span.text, href=span.href)
    if span.kind == "text":
        return escape(clean(span.text))
    return element("span", join(mathml.formula(span.text), "\u200b"), class_="formula")


def plain(text: str) -> str:
    """The text alone: for titles, for a terminal."""
    return " ".join("".join(f" {s.text} " if s.kind == "display" else s.text for s in spans(text)).split())
