"""Elements of HTML, SVG and MathML. Whatever comes from outside becomes text here, never markup."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# Code points that HTML forbids, and those that reorder the text around them.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
    "|" + "|".join(f"[{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}]" for plane in range(1, 17))
)


def clean(text: str) -> str:
    """The text with every character that no page may show written as its code: ``u{0}`` after a backslash."""
    return _UNFIT.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def element(name: str, *children: str | Markup, **attributes: object) -> Markup:
    """An element. ``class_`` means ``class`` and ``stroke_width`` means ``stroke-width``; None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(clean(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def join(parts: list[Markup] | tuple[str | Markup, ...], between: str = "") -> Markup:
    """The parts in order; plain text is escaped."""
    return Markup(between.join(part if isinstance(part, Markup) else escape(clean(part)) for part in parts))
