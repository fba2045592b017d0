"""The notebooks run, show what is committed, and are small; objects show themselves in one line and in a bundle."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

import verify
from tests.support.notebooks import NOTEBOOKS, executed, text_of
from verify.network.builder import dense, relu
from verify.network.tensor import Builder
from verify.rendering import MAX_ROWS

EVIL = '<img src=x onerror="alert(1)">\u202e'


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_those_that_are_committed(path: Path) -> None:
    assert text_of(executed(path)) == path.read_text(encoding="utf-8")  # else: python -m tests.support.notebooks


def test_notebooks_are_notebooks_and_small() -> None:
    assert len(NOTEBOOKS) == 3
    for path in NOTEBOOKS:
        book = json.loads(path.read_text(encoding="utf-8"))
        assert (book["nbformat"], book["nbformat_minor"]) == (4, 5) and path.stat().st_size < 40_000
        assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])


class Parsed(html.parser.HTMLParser):
    """Tags that are open, and the names of all."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shown() -> list[Any]:
    net = Builder((1,), EVIL)
    layer = dense(net.input, [[1], [-1]]).named(EVIL)
    network = net.build(dense(relu(layer), [[1, 1]]))
    return [
        network,
        verify.check(network, "additive", "box(-1, 1)"),
        verify.check(network, "convex", "box(-1, 1)"),
        verify.check(network, "affine", "box(-1, 1)", timeout=1e-9),
        verify.check(network, "equivalent", "box(-1, 1)", to="abs"),
        verify.ask(network, "f(x) > 5 for x > 0, x < 0"),
        verify.explain(network, "box(-1, 1)"),
        verify.explain(network, "box(1, 2)"),
        verify.radius(network, [1]),
        verify.radius("identity_pair", [1, 1]),
        verify.symbolic_form(network),
        verify.pieces(network, "box(-1, 1)"),
    ]


def test_objects_show_themselves_shortly_and_escape_what_they_show() -> None:
    for each in shown():
        text = repr(each)
        assert "\n" not in text and len(text) < 400, text
        if not hasattr(each, "_repr_mimebundle_"):
            continue
        bundle = each._repr_mimebundle_()
        assert bundle["text/plain"] == text and len(bundle) > 1
        for kind in ("text/html", "image/svg+xml"):
            if kind in bundle:
                parsed = Parsed(bundle[kind])
                assert not parsed.open and not parsed.seen & {"img", "script"} and "\u202e" not in bundle[kind]


def test_bundles_say_what_was_found() -> None:
    result = verify.check("relu", "additive", "box(-1, 1)")._repr_mimebundle_()["text/html"]
    assert "REFUTED" in result and "f(-1) + f(1) = 0 + 1 = 1" in result and "<svg" in result
    explained = verify.explain("thread", "box(-1, 1)")._repr_mimebundle_()
    assert "<td" in explained["text/html"] and explained["image/svg+xml"].count("<rect") == 1
    radii = verify.radius("relu", [3])._repr_mimebundle_()
    assert "f bends at that first crossing" in radii["text/html"] and "= 3" in radii["text/latex"]
    infinite = verify.radius("identity_pair", [1, 1])._repr_mimebundle_()
    assert "affine everywhere" in infinite["text/html"] and r"\infty" in infinite["text/latex"]
    assert r"\begin{cases}" in verify.symbolic_form("abs")._repr_mimebundle_()["text/latex"]


def test_long_networks_are_cut() -> None:
    net = Builder((1,), "long")
    last = net.input
    for _ in range(MAX_ROWS + 3):
        last = relu(dense(last, [[1]], [1]))
    network = net.build(dense(last, [[1]]))
    table = network._repr_mimebundle_()["text/html"]
    assert table.count("<tr>") == MAX_ROWS + 2 and "more layers" in table
    assert verify.explain(network, "box(0, 1)")._repr_mimebundle_()["image/svg+xml"].count("<rect") == MAX_ROWS
