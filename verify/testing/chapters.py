"""Chapters and the book: titles and introductions from docstrings, or from a ``chapter`` marker."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from verify.report.theorem import Chapter

TITLE = "Theorems"


def chapter_of(request: pytest.FixtureRequest) -> Chapter:
    """The chapter of a test: ``@pytest.mark.chapter("Title", "introduction")``, else its module's docstring.

    The first paragraph of a docstring is the title, the others are the introduction.
    """
    node = request.node
    file = node.nodeid.partition("::")[0]
    marker = node.get_closest_marker("chapter")
    if marker is not None:
        title, *intro = (str(argument) for argument in marker.args)
        return Chapter(title, tuple(intro), file)
    return _read(inspect.getdoc(request.module) or "", Path(file).stem, file)


def book_of(request: pytest.FixtureRequest) -> Chapter:
    """The book of a test: the docstring of the package (``__init__.py``) that its file is in."""
    package = request.node.path.parent / "__init__.py"
    if not package.is_file():
        return Chapter(TITLE)
    tree = ast.parse(package.read_text(encoding="utf-8"), str(package))
    return _read(ast.get_docstring(tree) or "", TITLE, "")


def _read(docstring: str, default: str, file: str) -> Chapter:
    title, *intro = [" ".join(paragraph.split()) for paragraph in docstring.split("\n\n") if paragraph.strip()] or [""]
    return Chapter(title.rstrip(".") or default, tuple(intro), file)
