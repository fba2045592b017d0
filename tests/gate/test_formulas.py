"""Claims that are formulas of the language, and claims about a named tensor of a model."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.gate.conftest import Write
from tests.support.cli import call
from verify.gate.decide import Found, decide_case
from verify.gate.plan import cases_of
from verify.gate.run import Gate
from verify.gate.sarif import sarif

HEAD = '[[claim]]\nnetwork = "relu"\n'
FORMULAS = [
    ("f(x + y) == f(x) + f(y) for x, y in box(0, 1)", "", "proved", False),  # the catalogue's additive
    ("f(x) < 1 for x in box(0, 1)", "", "refuted", False),
    ("f(x) + h(x) >= g(x) for x in box(-1, 1)", 'to = "abs"\nlet.h = "abs"\n', "proved", False),
    ("f(x) == g(x) for x in box(-1, 1)", 'to = "abs"\n', "refuted", False),
    ("f(x) < 1 for x in box(0, 1), x > 2", "", "proved", True),
]
Capture = pytest.CaptureFixture[str]


def decided(write: Write, text: str, cache: Path | None = None) -> Found:
    [case] = cases_of([write(text)])
    return decide_case(case, cache=cache).found


@pytest.mark.parametrize(("formula", "more", "verdict", "vacuous"), FORMULAS)
def test_formulas(
    claims: Write, tmp_path: Path, capsys: Capture, formula: str, more: str, verdict: str, vacuous: bool
) -> None:
    text = f'{HEAD}formula = "{formula}"\n{more}expect = "{verdict}"\n'
    cold, warm = (decided(claims, text, tmp_path / "cache") for _ in range(2))
    assert [found.verdict for found in (cold, warm)] == [verdict, verdict] and cold.assurance == "checked"
    assert not cold.cached and warm.cached and warm.note == ""
    assert cold.vacuous is warm.vacuous is vacuous
    assert cold.status == ("unexpected" if vacuous else "expected")
    assert (verdict == "refuted") == bool(cold.counterexample) and warm.counterexample == cold.counterexample
    again = call(capsys, *shlex.split(cold.command)[1:], "--json")
    assert again.json["verdict"] == verdict


def test_the_cache_tells_formulas_apart(claims: Write, tmp_path: Path) -> None:
    seen = set()
    for formula, more, verdict, _ in FORMULAS:
        found = decided(claims, f'{HEAD}formula = "{formula}"\n{more}', tmp_path)
        seen.add((found.cached, found.note, found.verdict == verdict))
    assert seen == {(False, "", True)}
    other = decided(claims, f'{HEAD}formula = "{FORMULAS[2][0]}"\nto = "abs"\nlet.h = "relu"\n', tmp_path)
    assert (other.cached, other.verdict) == (False, "refuted")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ('formula = "f(x) < for x in box(0, 1)"\n', "column 8: unexpected 'for'"),
        ('formula = "f(x) == k(x) for x in box(0, 1)"\n', "k"),
        ('formula = "f(x) == 0 for x in box(0, 1)"\nto = "nowhere.onnx"\n', "nowhere.onnx"),
        ('formula = "f(x) == 0 for x in box(0, 1)"\nlet.f = "abs"\n', "bound twice"),
        ('property = "convex"\noutput = "y"\n', "output"),
    ],
)
def test_mistakes_in_formulas(claims: Write, entries: str, words: str) -> None:
    found = decided(claims, HEAD + entries)
    assert found.status == "bad input" and words in found.message and len(found.message) < 600


def test_formulas_are_not_about_families(claims: Write, tmp_path: Path) -> None:
    text = 'input = [1]\n[[layer]]\ntype = "dense"\nneurons = 1\nweight = ">= 0"\nbias = ">= 0"\n'
    (tmp_path / "some.toml").write_text(text, encoding="utf-8")
    found = decided(claims, '[[claim]]\nnetwork = "some.toml"\nformula = "f(x) == 0 for x in box(0, 1)"\n')
    assert found.status == "bad input" and "'formula' is for one network" in found.message


def test_every_format_and_the_records(claims: Write, tmp_path: Path, capsys: Capture) -> None:
    claims("".join(f'{HEAD}formula = "{formula}"\n{more}' for formula, more, _, _ in FORMULAS))
    files = [part for name in ("junit", "sarif", "gitlab", "markdown") for part in (f"--{name}", tmp_path / name)]
    assert call(capsys, "gate", "--report", "pages", "--pages", "all", *files).status == 1
    records = sorted((tmp_path / "pages" / "records").glob("*.json"))
    assert len(records) == len(FORMULAS)
    assert call(capsys, "recheck", *records).status == 0
    for name in ("junit", "sarif", "gitlab", "markdown"):
        assert "f(x)" in (tmp_path / name).read_text(encoding="utf-8")


def test_the_statement_says_what_the_names_are(claims: Write) -> None:
    found = decided(claims, f'{HEAD}formula = "{FORMULAS[3][0]}"\nto = "abs"\n')
    assert found.case.statement == "f(x) == g(x) for x in box(-1, 1) (f = relu, g = abs)"
    assert found.case.statement in sarif(Gate([found.case], [found]))


def two_outputs(path: Path) -> None:
    """A model with the outputs ``positive = relu(x)`` and ``same = x``."""
    nodes = [helper.make_node("Relu", ["x"], ["positive"]), helper.make_node("Identity", ["x"], ["same"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in ("x", "positive", "same")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_named_outputs(claims: Write, tmp_path: Path, capsys: Capture) -> None:
    two_outputs(tmp_path / "two.onnx")
    np.save(tmp_path / "x.npy", np.zeros(1))
    claim = '[[claim]]\nnetwork = "two.onnx"\noutput = "{}"\n'
    verdicts = {}
    for name in ("positive", "same"):
        found = decided(claims, claim.format(name) + 'property = "affine"\non = "ball(x.npy, 1)"\n', tmp_path / "cache")
        assert not found.cached
        verdicts[name] = found.verdict
        assert call(capsys, *shlex.split(found.command)[1:]).status == (0 if found.verdict == "proved" else 1)
    assert verdicts == {"positive": "refuted", "same": "proved"}
    both = (
        claim.format("positive") + 'to = "two.onnx"\nto_output = "same"\nformula = "f(x) >= g(x) for x in box(-1, 1)"\n'
    )
    found = decided(claims, both)
    assert found.status == "expected"
    assert call(capsys, *shlex.split(found.command)[1:]).status == 0
    assert decided(claims, claim.format("nothing") + 'property = "affine"\n').status == "bad input"
