"""Cases of formulas: which evidence the kernel accepts, and which check rejects what is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verify.asking import ask, formula_claim
from verify.errors import EvidenceError
from verify.kernel.check import Verdict, judge
from verify.kernel.evidence import Cells, Cover, Falsehood, Leaf, Nothing, Rule, Split, Tree, Unsatisfiable, ValueGap
from verify.kernel.instances import Instance, NoInstance
from verify.kernel.json import from_json
from verify.property import Claim
from verify.rational import vector
from verify.report.recheck import recheck
from verify.report.sentence import recorded_sentence
from verify.writing import to_json

STRICT = "f(x) > 0 for x > 0"
WEAK = "not (f(x) == 1) for x in box(2, 3)"
NOTHING = "f(x) > 5 for x > 0, x < 0"


def decided(text: str) -> tuple[Claim, Cells, Instance]:
    result = ask("relu", text)
    evidence, witness = result.outcome.evidence, result.outcome.witness
    assert isinstance(evidence, Cells)
    assert isinstance(witness, Instance)
    return result.claim, evidence, witness


def leaves(tree: Tree) -> list[Leaf]:
    return [tree] if isinstance(tree, Leaf) else leaves(tree.above) + leaves(tree.below)


def changed(evidence: Cells, change: Any) -> Cells:
    """Every leaf's witnesses put through ``change``."""

    def mapped(tree: Tree) -> Tree:
        if isinstance(tree, Split):
            return replace(tree, above=mapped(tree.above), below=mapped(tree.below))
        return replace(tree, witnesses=change(dict(tree.witnesses)))

    (cover,) = evidence.proofs
    assert isinstance(cover, Cover)
    return Cells((replace(cover, tree=mapped(cover.tree)),))


@pytest.mark.parametrize("text", [STRICT, WEAK])
def test_what_is_found_is_accepted_also_when_it_was_written_and_read(text: str) -> None:
    claim, evidence, witness = decided(text)
    questions = claim.questions()
    assert isinstance(questions, list)
    again = from_json(json.loads(json.dumps(to_json(evidence))), [q.network for q in questions])
    for proof in (evidence, again):
        found = judge(claim, proof, witness)
        assert (found.verdict, found.vacuous) == (Verdict.PROVED, False)


@pytest.mark.parametrize(
    "text", [NOTHING, "f(x) > 5 for x in box(0, 1), x in box(2, 3)", "f(x) < 0 => f(x) > 1 for x in all"]
)
def test_formulas_about_nothing(text: str) -> None:
    result = ask("relu", text)
    evidence, witness = result.outcome.evidence, result.outcome.witness
    assert isinstance(evidence, Nothing)
    assert isinstance(witness, Unsatisfiable)
    assert judge(result.claim, evidence, witness).vacuous
    other = formula_claim("relu", STRICT)
    with pytest.raises(EvidenceError, match=r"'case'|'empty region'"):
        judge(other, evidence, witness)


@pytest.mark.parametrize(
    ("witness", "rule"),
    [
        (None, "instances"),
        (Instance({"x": vector([0])}), "instances"),
        (Instance({"x": vector([-1])}), "instances"),
        (Instance({"y": vector([1])}), "falsehood"),
        (NoInstance(vector([1])), "instances"),
        (Unsatisfiable(Cells(())), "cells"),
    ],
)
def test_a_proof_needs_values_that_satisfy_the_conditions(witness: Any, rule: str) -> None:
    claim, evidence, _ = decided(STRICT)
    assert judge(claim, evidence, Instance({"x": vector([1])})).verdict is Verdict.PROVED
    with pytest.raises(EvidenceError) as caught:
        judge(claim, evidence, witness)
    assert caught.value.rule == rule


def test_nothing_is_no_proof_where_the_conditions_can_be_satisfied() -> None:
    claim, _, witness = decided(STRICT)
    with pytest.raises(EvidenceError, match="has instances"):
        judge(claim, Nothing(), witness)


def test_conditions_are_those_of_formulas() -> None:
    result = ask("relu", NOTHING)
    claim = formula_claim("relu", "f(x) == f(y) for x, y in box(0, 0)")
    with pytest.raises(EvidenceError, match="formula of the language"):
        judge(claim, Nothing(), result.outcome.witness)


CHANGES = {
    "no weights": lambda w: {},
    "a negative weight": lambda w: {k: {i: -v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a weight of zero": lambda w: {k: {i: 0 * v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a weight of no sign": lambda w: {k: {i + 9: v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a sign before the first": lambda w: {
        k: dict.fromkeys([-1], Fraction(1)) if k[1] == 1 else m for k, m in w.items()
    },
    "tiny weights": lambda w: {k: {i: v / 10**9 for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_rejected(change: str) -> None:
    claim, evidence, witness = decided(WEAK)
    with pytest.raises(EvidenceError) as caught:
        judge(claim, changed(evidence, CHANGES[change]), witness)
    assert caught.value.rule == "case"


def test_a_strict_sign_is_not_a_weak_one() -> None:
    """The evidence for ``f(x) > 0 for x > 0`` proves nothing about ``x >= 0``."""
    _, evidence, witness = decided(STRICT)
    with pytest.raises(EvidenceError, match="'case'"):
        judge(formula_claim("relu", "f(x) > 0 for x >= 0, x > -1"), evidence, witness)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"x": vector([1])}, "the formula holds there"),
        ({"x": vector([-1])}, "a condition of the formula does not hold"),
        ({"y": vector([0])}, "expected values for"),
        ({}, "expected values for"),
        ({"x": vector([0, 0])}, "has 2 coordinates"),
        ({"x": Fraction(0)}, "has 0 coordinates"),
    ],
)
def test_falsehoods(values: dict[str, Any], words: str) -> None:
    claim = formula_claim("relu", "f(x) > 0 for x in box(0, 1)")
    assert judge(claim, Falsehood({"x": vector([0])})).verdict is Verdict.REFUTED
    with pytest.raises(EvidenceError, match=words) as caught:
        judge(claim, Falsehood(values))
    assert caught.value.rule == "falsehood"


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (ValueGap({"u": vector([0])}, 0), "instance"),
        (ValueGap({}, 0), "instance"),
        (Rule("zero biases"), "zero biases"),
        (Rule("curvature"), "curvature"),
    ],
)
def test_evidence_of_the_catalogue_does_not_prove_or_refute_formulas(evidence: Any, rule: str) -> None:
    for text in (STRICT, "f(x) >= 1 for x in box(2, 3)"):
        with pytest.raises(EvidenceError, match=f"'{rule}'"):
            judge(
                formula_claim("relu", text),
                evidence,
                Instance({"x": vector([2])}) if isinstance(evidence, Rule) else None,
            )


def test_nothing_stands_beside_a_falsehood() -> None:
    claim = formula_claim("relu", "f(x) > 0 for x in box(0, 1)")
    with pytest.raises(EvidenceError, match="stands alone"):
        judge(claim, Falsehood({"x": vector([0])}), Instance({"x": vector([5])}))


def test_falsehoods_are_about_formulas_only() -> None:
    claim = formula_claim("relu", "f(x) == f(y) for x, y in all")
    assert claim.property.name == "constant"
    with pytest.raises(EvidenceError, match="about formulas"):
        judge(claim, Falsehood({"x": vector([0]), "y": vector([1])}))


RECORD_CHANGES = [
    ("property", "f(x) > 0 for x >= 0", "format"),
    ("property", "f(x) > 0 for x in box(0, 1), x >= 0", ""),
    ("property", "f(x) > (", "format"),
    ("property", 3, "format"),
    ("regions", [], "format"),
    ("regions", 3, "format"),
    ("formula", "f(x) > 1", "formula"),
    ("vacuous", True, "vacuous"),
    ("verdict", "refuted", "verdict"),
    ("ledger", ["nothing"], "ledger"),
    ("counterexample", {"names": {}}, ""),
    ("nontrivial", None, "instances"),
    ("nontrivial", {"instance": {"x": ["0"]}}, "instances"),
    ("nontrivial", {"unsatisfiable": {"kind": "cells", "proofs": []}}, "format"),
    ("nontrivial", {"unsatisfiable": 3}, "format"),
    ("names", {}, "format"),
    ("names", 3, "format"),
    ("lemmas", [], "lemmas"),
    ("outputs", [0], "keys"),
    ("kind", "claim", "keys"),
]


@pytest.mark.parametrize(("key", "value", "rule"), RECORD_CHANGES)
def test_changed_records_are_rejected(key: str, value: object, rule: str, tmp_path: Path) -> None:
    data = ask("relu", "f(x) > 0 for x in box(0, 1), x > 0").to_json()
    path = tmp_path / "record.json"
    path.write_text(json.dumps(data))
    assert recheck(path).judgement is not None
    path.write_text(json.dumps(data | {key: value}))
    with pytest.raises(EvidenceError) as caught:
        recheck(path)
    assert rule in ("", caught.value.rule)


@pytest.mark.parametrize("text", ["f(x) > 0 for x in box(0, 1)", NOTHING, "f(x) >= 0 for x in ball(point.npy, 1)"])
def test_records_of_all_verdicts_replay(text: str, tmp_path: Path) -> None:
    np.save(tmp_path / "point.npy", np.array([0.5]))
    result = ask("relu", text, base_dir=tmp_path)
    path = tmp_path / "record.json"
    for data in (result.record(), result.to_json()):
        path.write_text(json.dumps(data))
        found = recheck(path)
        assert found.judgement is not None
        assert (found.judgement.verdict, found.judgement.vacuous) == (result.verdict, result.vacuous)
    assert recorded_sentence(result.record()) == result.counterexample


def test_a_region_that_its_text_does_not_mean_is_rejected(tmp_path: Path) -> None:
    data = ask("relu", "f(x) >= 1 for x in box(1, 2)").to_json()
    data["regions"][0]["region_data"]["high"] = ["3"]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match="'regions'"):
        recheck(path)
