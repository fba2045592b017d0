"""Imports point downward, nothing imports in a circle, and the kernel stays small.

Read from the syntax trees of ``verify/**/*.py``: imports at module level, inside functions and under
``if TYPE_CHECKING`` all count. Where a rule below stands in the way, the rule is what to discuss, not this test.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A part may import parts of its own layer (without circles) and of the layers above it in this list.
LAYERS: list[tuple[str, ...]] = [
    ("second_judge",),  # shares no code: it imports nothing of the project, see below
    ("digits", "errors", "rational", "rendering"),
    ("network",),
    ("region",),
    ("formula",),
    ("formats",),
    ("property",),
    ("kernel",),
    ("writing",),
    ("arrangement", "search", "symbolic"),
    ("report",),
    ("api", "asking", "family", "queries", "fuzzing", "strategies"),
    ("gate", "torch_module"),
    ("testing",),
    ("verify",),  # verify/__init__.py, the public face
    ("__main__", "cli", "demo", "pytest_plugin", "shell", "web"),
]

# Beyond the layers: what a part never imports, itself or through what it imports.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "formats": ("verify.property", "verify.kernel", "verify.search"),
    "property": ("verify.formats", "z3", "sympy", "highspy", "onnx", "scipy.optimize"),
    "kernel": (
        "verify.formats",
        "verify.report",
        "verify.search",
        "verify.symbolic",
        "highspy",
        "hypothesis",
        "onnx",
        "scipy.optimize",
        "sympy",
        "z3",
    ),
}

# What `import verify` must not load: each takes longer than everything else that a short command does.
HEAVY = ("click", "flint", "highspy", "hypothesis", "lark", "onnx", "rich", "scipy", "sympy", "z3")


@dataclass(frozen=True)
class Import:
    """One imported module and where the import stands."""

    target: str
    line: int
    at_module_level: bool


@functools.cache
def sources() -> dict[str, tuple[Path, ast.Module]]:
    """Module name -> (path, syntax tree)."""
    result = {}
    for path in sorted((ROOT / "verify").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        result[name] = (path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
    assert {"verify", "verify.kernel.check", "verify.cli.recheck"} <= set(result)
    return result


@functools.cache
def imports(module: str) -> tuple[Import, ...]:
    """Every import of a module; ``from package import name`` counts as the submodule where there is one."""
    path, tree = sources()[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(
        Import(target, node.lineno, at_module_level)
        for node, at_module_level in import_nodes(tree)
        for target in targets(node, package, sources())
    )


def import_nodes(tree: ast.AST, at_module_level: bool = True) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """The import statements below a node, and whether each runs when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, at_module_level
        elif not isinstance(node, ast.expr):  # in which no statement stands
            deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from import_nodes(node, at_module_level and not deferred)


def targets(node: ast.Import | ast.ImportFrom, package: str, known: Iterable[str]) -> list[str]:
    """The modules that one import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, *([base] if base else [])])
    submodules = [f"{base}.{alias.name}" for alias in node.names]
    if not base.startswith("verify"):  # of a foreign package, either may be the module that a rule names
        return [base, *submodules]
    return [name if name in known else base for name in submodules]


def own_imports(module: str, *, module_level_only: bool = False) -> list[Import]:
    """The imports of this project's modules."""
    chosen = imports(module)
    if module_level_only:
        chosen = tuple(i for i in chosen if i.at_module_level)
    return [i for i in chosen if i.target == "verify" or i.target.startswith("verify.")]


def part(module: str) -> str:
    """``kernel`` for ``verify.kernel.check``; ``verify`` for the package itself."""
    return module.split(".")[1] if "." in module else module


def where(module: str, line: int) -> str:
    return f"{sources()[module][0].relative_to(ROOT)}:{line}"


RANKS = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def test_every_part_has_a_layer() -> None:
    unknown = sorted({part(module) for module in sources()} - set(RANKS))
    assert not unknown, f"no layer for {unknown}; add them to LAYERS, as low as they can be"


def test_imports_point_downward() -> None:
    wrong = [
        f"{where(module, i.line)}: {part(module)} imports {i.target}, which is in a higher layer"
        for module in sources()
        for i in own_imports(module)
        if RANKS.get(part(i.target), -1) > RANKS.get(part(module), len(LAYERS))
    ]
    assert not wrong, "\n".join(wrong)


def test_imported_modules_exist() -> None:
    wrong = [
        f"{where(module, i.line)}: no module {i.target}"
        for module in sources()
        for i in own_imports(module)
        if i.target not in sources()
    ]
    assert not wrong, "\n".join(wrong)


# The rooms of verify/search, from the ground up; what is in none of them stands above linear programs.
ROOMS = ("budget", "geometry", "", "refuting", "dividing", "solver", "engines", "decide", "commands", "families")


def room(module: str) -> int:
    name = module.split(".")[2] if module.count(".") > 1 else ""
    return ROOMS.index(name if name in ROOMS else "")


def test_rooms_of_search_stand_upon_each_other() -> None:
    wrong = [
        f"{where(module, i.line)}: {module} imports {i.target}, which is in a higher room"
        for module in sources()
        if module.startswith("verify.search.")
        for i in own_imports(module)
        if i.target.startswith("verify.search.")
        and room(i.target) > room(module)
        # Whether a unit is ever on is a claim of its own, which every engine may decide.
        and (module, i.target) != ("verify.search.engines.units", "verify.search.decide")
    ]
    assert not wrong, "\n".join(wrong)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of one circle, the first repeated at the end; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def test_no_circle_of_modules() -> None:
    graph = {module: {i.target for i in own_imports(module, module_level_only=True)} for module in sources()}
    found = circle(graph)
    assert not found, "modules import each other: " + " -> ".join(found)


def test_no_circle_of_parts() -> None:
    graph: dict[str, set[str]] = {}
    for module in sources():
        graph.setdefault(part(module), set()).update(part(i.target) for i in own_imports(module))
    found = circle({name: others - {name} for name, others in graph.items()})
    assert not found, "parts import each other: " + " -> ".join(found)


def reached(module: str) -> dict[str, str]:
    """Everything that a module imports, also through others: name -> the import that brings it in."""
    found: dict[str, str] = {}
    pending = [module]
    while pending:
        current = pending.pop()
        for i in imports(current):
            if i.target not in found:
                found[i.target] = where(current, i.line)
                if i.target in sources():
                    pending.append(i.target)
    return found


def test_forbidden_imports() -> None:
    wrong = [
        f"{place}: brings {target} into {module}; {part(module)} must not import {banned}"
        for module in sources()
        if part(module) in FORBIDDEN
        for target, place in reached(module).items()
        for banned in FORBIDDEN[part(module)]
        if target == banned or target.startswith(banned + ".")
    ]
    assert not wrong, "\n".join(wrong)


def loaded_after(statement: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` a fresh interpreter has loaded after ``statement``."""
    code = f"import sys\n{statement}\nprint(*[name for name in {names!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import verify", HEAVY) == []


def test_a_gate_loads_what_makes_pages_where_it_makes_some() -> None:
    assert loaded_after("import verify.cli.gate", ("z3", "jinja2", "onnx", "sympy", "hypothesis")) == []


def test_importing_the_kernel_loads_no_solver() -> None:
    assert loaded_after("import verify.kernel", ("z3", "sympy", "highspy", "onnx", "scipy.optimize")) == []


def test_the_second_judge_shares_no_code() -> None:
    """The standard library alone, so that no mistake of the project can be its mistake too."""
    found = {i.target.partition(".")[0] for i in imports("verify.second_judge")}
    assert found <= sys.stdlib_module_names, found - sys.stdlib_module_names
    users = [module for module in sources() if any(i.target == "verify.second_judge" for i in imports(module))]
    assert users == ["verify.cli.recheck"]


def test_every_module_has_a_docstring() -> None:
    missing = [str(path.relative_to(ROOT)) for path, tree in sources().values() if not ast.get_docstring(tree)]
    assert not missing, f"no module docstring: {missing}"


def forbidden_code(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Handlers that hide errors, and calls that run text as code."""
    for node in ast.walk(tree):
        match node:
            case ast.ExceptHandler(type=None):
                yield node.lineno, "bare except"
            case ast.ExceptHandler(type=ast.Name(id="Exception" | "BaseException"), body=[ast.Pass()]):
                yield node.lineno, "an error is silently dropped"
            case ast.Call(func=ast.Name(id="eval" | "exec" | "sympify" as name)):
                yield node.lineno, f"{name}() runs text as code"
            case ast.Call(func=ast.Attribute(attr="sympify")):
                yield node.lineno, "sympify() runs text as code"


def test_no_hidden_errors_and_no_text_run_as_code() -> None:
    wrong = [
        f"{where(module, line)}: {what}"
        for module, (_, tree) in sources().items()
        for line, what in forbidden_code(tree)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("try:\n    f()\nexcept:\n    g()", 1),
        ("try:\n    f()\nexcept Exception:\n    pass", 1),
        ("try:\n    f()\nexcept ValueError:\n    pass", 0),
        ("try:\n    f()\nexcept Exception as error:\n    report(error)", 0),
        ("eval('1')", 1),
        ("sympy.sympify('1')", 1),
        ("model.eval()", 0),
    ],
)
def test_the_checks_of_this_file_see_what_they_should(code: str, count: int) -> None:
    assert len(list(forbidden_code(ast.parse(code)))) == count


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import verify.network.matrix as m", ["verify.network.matrix"]),
        ("from verify.network import matrix, Network", ["verify.network.matrix", "verify.network"]),
        ("from . import matrix", ["verify.network.matrix"]),
        ("from ..rational import Vector", ["verify.rational"]),
        ("from scipy import optimize", ["scipy", "scipy.optimize"]),
    ],
)
def test_import_statements_are_read(code: str, expected: list[str]) -> None:
    node = ast.parse(code).body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    assert targets(node, "verify.network", sources()) == expected


def test_circles_are_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"a"}})) == {"a", "b"}
