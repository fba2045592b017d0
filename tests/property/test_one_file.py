"""A property is one file and one line of the catalogue: a new one is decided, fuzzed, asked of Z3, gated and judged."""

from __future__ import annotations

import ast
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

import verify
from verify.cli.properties import catalogue
from verify.fuzzing import fuzz_verdict
from verify.network import Network
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    Question,
    Term,
    Trivial,
    in_coordinates,
    point,
)
from verify.property.catalogue import CATALOGUE, FAMILIES
from verify.property.instances import Copies, Hint
from verify.rational import Vector
from verify.region import Region
from verify.search.budget import Budget
from verify.search.solver.literal import decide_with_z3

VERIFY = Path(verify.__file__).parent


# What somebody would write into verify/property/nonpositive.py.


def _instance(values: Assignment) -> list[Term]:
    return [Term(Fraction(1), point(values, "x"))]


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.NONPOSITIVE, origin, "definition: no piece is positive")]


def _draw(p: Vector, _: Vector, __: random.Random) -> Iterator[Assignment]:
    yield {"x": p}


def _propose(_: Region, hint: Hint) -> Iterator[Assignment]:
    if isinstance(hint, Copies):
        yield {"x": hint.points[0]}


NONPOSITIVE_VALUES = Property(
    name="without positive values",
    formula="f(x) <= 0",
    variables={"x": "point"},
    instance=_instance,
    reduce=_reduce,
    labels=("x",),
    trivial=Trivial(Absence.NEVER),
    relation="<= 0",
    definition="f(x) <= 0 for x in P",
    draw=_draw,
    propose=_propose,
)


PROPERTIES = (NONPOSITIVE_VALUES,)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Property:
    """The folder with one file more, and the catalogue with one line more."""
    monkeypatch.setitem(sys.modules, "verify.property.nonpositive", sys.modules[__name__])
    monkeypatch.setitem(CATALOGUE.files, NONPOSITIVE_VALUES.name, "nonpositive")
    return NONPOSITIVE_VALUES


def test_each_line_of_the_catalogue_is_a_property_of_its_file() -> None:
    for known in (CATALOGUE, FAMILIES):
        assert [made.name for made in known.values()] == list(known.files)
    assert all(family.usage.startswith(name) for name, family in FAMILIES.items())
    lists = {path.stem for path in (VERIFY / "property").glob("*.py") if "\nPROPERTIES = " in path.read_text("utf-8")}
    assert lists == {*CATALOGUE.files.values(), *FAMILIES.files.values()}


def test_a_claim_loads_the_files_of_its_own_property() -> None:
    code = (
        "import json, sys; from verify.property import find; find('odd'), find('lipschitz 1/2 in l1')\n"
        "print(json.dumps([name.rpartition('.')[2] for name in sys.modules if name.startswith('verify.property.')]))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=VERIFY.parent, capture_output=True, text=True, check=True)
    files = {*CATALOGUE.files.values(), *FAMILIES.files.values()}
    assert files & set(json.loads(run.stdout)) == {"parity", "lipschitz"}


@pytest.mark.parametrize(
    ("network", "region", "verdict"),
    [
        ("relu", "box(-1, 0)", "proved"),
        ("relu", "box(-1, 1)", "refuted"),
        ("abs", "segment([-1], [1])", "refuted"),
        ("zero_bias", "all", "refuted"),
    ],
)
def test_a_new_property_is_decided_everywhere(
    known: Property, network: str, region: str, verdict: str, tmp_path: Path
) -> None:
    result = verify.check(network, known.name, on=region)
    assert result.verdict.value == verdict
    assert decide_with_z3(result.claim, Budget(20)).verdict is result.verdict
    if verdict == "proved":
        assert fuzz_verdict(result, 50).instances > 0
    record = result.save(tmp_path)
    assert json.loads(record.read_text(encoding="utf-8"))["property"] == known.name
    assert verify.recheck(record).verdict == verdict
    assert known.name in {entry["name"] for entry in catalogue()}


# Where a property is named outside its own file, as evidence of its own or as an example that somebody chose.
# Words that mean other things too (a layer is affine, a function of ONNX is constant) are left out.
NAMED = {
    "additive": ["asking/definitions"],  # what a cone spares
    "subadditive": ["asking/definitions"],
    "superadditive": ["asking/definitions"],
    "positively homogeneous": ["asking/definitions", "gate/first", "kernel/facts/values", "web/playground"],
    "homogeneous": [],
    "superposition": [],
    "odd": ["kernel/facts/values"],
    "even": ["kernel/facts/values"],
    "convex": ["gate/first", "kernel/facts/values"],
    "concave": ["kernel/facts/values"],
    "equivalent": ["gate/first", "search/commands/compare", "search/commands/simplify"],
    "equivalent within": ["kernel/difference", "kernel/goals", "search/engines/difference", "search/refuting/hunting"],
    "nondecreasing": ["gate/first", "kernel/facts/values", "kernel/goals"],
    "nonincreasing": ["gate/first", "kernel/facts/values", "kernel/goals"],
    "lipschitz": [
        "__init__",  # the function of that name
        "cli/group",
        "kernel/facts/rules",
        "kernel/goals",
        "report/comparison",
        "search/solver/literal",
    ],
    "never": ["fuzzing/record", "kernel/check", "kernel/goals", "search/refuting/hunting"],
    "no dead units": ["gate/first", "kernel/families"],
    "monotone": [],
}


def texts(constant: object) -> Iterator[str]:
    """The texts among the constants of compiled code, also in functions and tuples, however they are written."""
    match constant:
        case CodeType():
            yield from texts(constant.co_consts)
        case tuple() | frozenset():
            for inner in constant:
                yield from texts(inner)
        case str():
            yield constant


def test_texts_are_found_however_they_are_written() -> None:
    code = compile("def f(x='o' 'dd'): return [(1, '\\x65ven'), r'convex']\ng = x in {'a', 'b'}", "f", "exec")
    assert {"odd", "even", "convex", "a", "b"} <= set(texts(code))


def test_no_other_file_names_a_property() -> None:
    found: dict[str, list[str]] = {name: [] for name in NAMED}
    for path in sorted(VERIFY.rglob("*.py")):
        module = path.relative_to(VERIFY).with_suffix("").as_posix()
        if module.startswith("property/") or module == "second_judge":
            continue
        code = SourceFileLoader(module, str(path)).get_code(module)
        assert isinstance(code, CodeType)
        if not set(texts(code)) & set(NAMED):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))  # without names of arguments and of what is imported
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        constants = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        }
        for name in constants & set(NAMED):
            found[name].append(module)
    assert found == NAMED
    assert set(NAMED) | {"affine", "linear", "constant"} == {*CATALOGUE, *FAMILIES}
