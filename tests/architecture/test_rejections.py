"""A test that expects evidence to be rejected says by which rule: else it passes when another check rejects it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.cli import ROOT

ERROR = "EvidenceError"


def unnamed(function: ast.FunctionDef) -> Iterator[int]:
    """Lines of ``raises(EvidenceError)`` without ``match``, and whose ``as NAME`` is not asked for its rule."""
    asked = {ast.unparse(node.value) for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    for node in ast.walk(function):
        for item in node.items if isinstance(node, ast.With) else ():
            call = item.context_expr
            if not (isinstance(call, ast.Call) and ast.unparse(call.func).endswith("raises")):
                continue
            if ERROR in ast.unparse(call.args[0]) and not any(keyword.arg == "match" for keyword in call.keywords):
                name = item.optional_vars and ast.unparse(item.optional_vars)
                if f"{name}.value" not in asked:
                    yield call.lineno


def functions(text: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]


def test_every_rejection_names_its_rule() -> None:
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"raises({ERROR}" in text or f"raises(({ERROR}" in text:
            found += [f"{path.relative_to(ROOT)}:{line}" for function in functions(text) for line in unnamed(function)]
    assert not found, f"which rule rejects it? {found}"


def test_it_sees_those_that_do_not() -> None:
    lines = ["raises(EvidenceError)", "raises((EvidenceError, E))", "raises(EvidenceError) as c", "raises(E) as c"]
    [plain] = functions("def test():\n" + "".join(f"    with pytest.{line}: f()\n" for line in lines))
    assert list(unnamed(plain)) == [2, 3, 4]
    [named] = functions(
        "def test():\n    with pytest.raises(EvidenceError, match='a'): f()\n"
        "    with pytest.raises(EvidenceError) as c: f()\n    assert c.value.rule == 'a'\n"
    )
    assert not list(unnamed(named))
