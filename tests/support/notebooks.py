"""Notebooks in ``docs/notebooks``: running their cells in this process, and writing what they show.

``python -m tests.support.notebooks`` runs all and writes their outputs. Cells are plain Python: an IPython kernel
and its dependencies are not needed: the value of a last expression is shown by ``_repr_mimebundle_``, as IPython does.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> dict[str, Any]:
    """The notebook with the outputs that its cells give now, run in order in the notebook's folder."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    scope: dict[str, Any] = {"__name__": "__main__"}
    with _in_folder(path.parent):
        for number, cell in enumerate((c for c in book["cells"] if c["cell_type"] == "code"), start=1):
            cell["execution_count"] = number
            cell["outputs"] = _run("".join(cell["source"]), scope, number)
    return book


def _run(code: str, scope: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    value = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), scope)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)
    found: list[dict[str, Any]] = []
    if printed.getvalue():
        found.append({"name": "stdout", "output_type": "stream", "text": _lines(printed.getvalue())})
    if value is not None:
        data = {kind: _lines(text) for kind, text in _bundle(value).items()}
        found.append({"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
    return found


def _bundle(value: Any) -> dict[str, str]:
    if hasattr(value, "_repr_mimebundle_"):
        return dict(value._repr_mimebundle_())
    svg = {"image/svg+xml": value._repr_svg_()} if hasattr(value, "_repr_svg_") else {}
    return {**svg, "text/plain": repr(value)}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


@contextlib.contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def text_of(book: dict[str, Any]) -> str:
    """The file, as Jupyter writes it."""
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    for each in NOTEBOOKS:
        each.write_text(text_of(executed(each)), encoding="utf-8")
        print(each.name, each.stat().st_size, "bytes")
