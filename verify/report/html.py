"""HTML pages that stand alone: no network access, readable without scripts, in print and on a phone."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from verify.report import prose
from verify.report.lemmas import anchor
from verify.report.markup import clean
from verify.report.model import Page

if TYPE_CHECKING:
    from verify.report.index import Index
    from verify.report.theorem import Theorem

TEMPLATES = Path(__file__).parent / "templates"


def _finalized(value: Any) -> Any:
    """What a template prints: markup as it is, anything else as text that a page may show."""
    if value is None or isinstance(value, Markup):
        return "" if value is None else value
    return clean(str(value))


@cache
def environment() -> Environment:
    """The templates, with everything escaped unless it is markup made by this package."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {"breakable": breakable, "prose": prose.html, "plain": prose.plain, "anchor": anchor}
    return found


def breakable(text: str) -> Markup:
    """Text in which a line may break after the signs that join long names and numbers."""
    parts = Markup("")
    for character in clean(text):
        parts += character
        if character in "/-_.,:;=)]":
            parts += Markup("<wbr>")
    return parts


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """How a content security policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _rendered(template: str, **values: Any) -> str:
    style, script = _text("style.css"), _text("filter.js")
    return (
        environment()
        .get_template(template)
        .render(
            style=Markup(style),
            script=Markup(script),
            style_digest=digest(style),
            script_digest=digest(script),
            **values,
        )
    )


def claim_page(page: Page, record: str, index: str) -> str:
    """The page of one claim; ``record`` and ``index`` are the addresses of its JSON file and of the list of claims."""
    return _rendered("claim.html", page=page, record=record, index=index)


def theorem_page(theorem: Theorem) -> str:
    """The page of one theorem."""
    return _rendered("theorem.html", theorem=theorem, index="../index.html")


def index_page(index: Index) -> str:
    """The list of all claims of a folder or a test session."""
    return _rendered("index.html", index=index)
