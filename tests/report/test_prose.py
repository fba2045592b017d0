"""Sentences with formulas: every writer shows them, and nothing in them becomes markup."""

from __future__ import annotations

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.claims import EVIL
from verify.report import prose
from verify.report.markup import clean
from verify.report.theorem_markdown import prose as markdown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x$ b", [("text", "a "), ("formula", "x"), ("text", " b")]),
        ("$$x = 1$$", [("display", "x = 1")]),
        ("`$x$` *so*", [("code", "$x$"), ("text", " "), ("emphasis", "so")]),
        ("3 * 4 * 5, $1", [("text", "3 * 4 * 5, $1")]),
        ("$$", [("text", "$$")]),
        ("a [yes](claim-1.html)", [("text", "a "), ("link", "yes")]),
        ("in [0, 1](no) [x](http://y.html)", [("text", "in [0, 1](no) [x](http://y.html)")]),
        ("", []),
    ],
)
def test_spans(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(span.kind, span.text) for span in prose.spans(text)] == expected


def test_writers() -> None:
    text = "If $x >= 0$, then $$f(x) = 1$$ so *there* with `verify`."
    assert prose.plain(text) == "If x >= 0, then f(x) = 1 so there with verify."
    assert markdown(text) == "If `x >= 0`, then `f(x) = 1` so *there* with `verify`."
    shown = prose.html(text)
    assert shown.count("<math>") == 4
    assert "<em>there</em> with <code>verify</code>." in shown
    link = "see [the claim](a-1.html)."
    assert (prose.plain(link), markdown(link)) == ("see the claim.", "see [the claim](a-1.md).")
    assert prose.html(link) == 'see <a href="a-1.html">the claim</a>.'
    assert '<span class="held"><math>' in shown and "</math>,</span>" in shown


@given(st.text(st.sampled_from("$`*<&>\"'x^-+=(), 1\x00"), max_size=30))
def test_no_text_breaks_a_page(text: str) -> None:
    document = f"<!DOCTYPE html><title>t</title><p>{prose.html(text)}</p>"
    tree = html5lib.HTMLParser(strict=True).parse(document)
    allowed = {"html", "head", "title", "body", "p", "span", "code", "em", "math", "mrow", "mi", "mn", "mo", "msup"}
    allowed |= {"mtext", "msub", "mspace", "mfrac"}
    assert {str(node.tag).rpartition("}")[2] for node in tree.iter()} <= allowed


def test_evil_text_is_text() -> None:
    assert "<script" not in prose.html(EVIL)
    assert clean("\x00") in prose.html(EVIL)


def test_signs_and_powers() -> None:
    assert '<mo form="prefix">−</mo>' in prose.html("$relu(-1)$")
    assert '<mo form="prefix">' not in prose.html("$a - 1$")
    assert "<msup><mn>2</mn><mi>n</mi></msup>" in prose.html("$2^n$")
    assert "<msup>" not in prose.html("$^2$")
