"""Words have one meaning: no two public types of the package share a name (docs/glossary.md)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.architecture.test_imports import sources

# Shares no code, and no words, with the rest.
APART = "verify.second_judge"
TYPE = re.compile(r"[A-Z]\w*[a-z]\w*")


def types(tree: ast.Module) -> Iterator[str]:
    """The public classes and type aliases that a module defines."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        else:
            continue
        yield from (name for name in names if TYPE.fullmatch(name))


def shared(trees: dict[str, ast.Module]) -> dict[str, list[str]]:
    """Names of types -> the modules that define them, where there are several."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        for name in types(tree):
            found[name].append(module)
    return {name: modules for name, modules in found.items() if len(modules) > 1}


def test_no_two_types_share_a_name() -> None:
    wrong = shared({module: tree for module, (_, tree) in sources().items() if module != APART})
    said = [f"{name}: {', '.join(modules)}" for name, modules in sorted(wrong.items())]
    assert not said, "types with one name:\n" + "\n".join(said)


@pytest.mark.parametrize("text", ["class Part: ...", "Part: TypeAlias = int", "Part = tuple[int, int]"])
def test_what_counts(text: str) -> None:
    assert list(shared({"a": ast.parse(text), "b": ast.parse("class Part: ...")})) == ["Part"]
    assert not shared({"a": ast.parse(text.replace("Part", "_Part")), "b": ast.parse("class _Part: ...")})
