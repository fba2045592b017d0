"""Cases of formulas: which evidence the kernel accepts, and which check rejects what is changed."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from verify.asking import ask, formula_claim
from verify.errors import EvidenceError
from verify.kernel.check import Verdict, judge
from verify.kernel.evidence import Cells, Cover, Falsehood, Leaf, Rule, Split, Tree, ValueGap, from_json, to_json
from verify.property import Claim
from verify.rational import vector
from verify.report.recheck import recheck

STRICT = "f(x) > 0 for x > 0"
WEAK = "not (f(x) == 1) for x in box(2, 3)"
NOTHING = "f(x) > 5 for x > 0, x < 0"


def decided(text: str) -> tuple[Claim, Cells]:
    result = ask("relu", text)
    evidence = result.outcome.evidence
    assert isinstance(evidence, Cells)
    return result.claim, evidence


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


@pytest.mark.parametrize("text", [STRICT, WEAK, NOTHING])
def test_what_is_found_is_accepted_also_when_it_was_written_and_read(text: str) -> None:
    claim, evidence = decided(text)
    questions = claim.questions()
    assert isinstance(questions, list)
    again = from_json(json.loads(json.dumps(to_json(evidence))), [q.network for q in questions])
    for proof in (evidence, again):
        found = judge(claim, proof)
        assert (found.verdict, found.vacuous) == (Verdict.PROVED, text == NOTHING)


CHANGES = {
    "no weights": lambda w: {},
    "a negative weight": lambda w: {k: {i: -v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a weight of zero": lambda w: {k: {i: 0 * v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a weight of no sign": lambda w: {k: {i + 9: v for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
    "a sign before the first": lambda w: {k: {-1: v for v in m.values()} if k[1] == 1 else m for k, m in w.items()},
    "tiny weights": lambda w: {k: {i: v / 10**9 for i, v in m.items()} if k[1] == 1 else m for k, m in w.items()},
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_rejected(change: str) -> None:
    claim, evidence = decided(WEAK)
    with pytest.raises(EvidenceError) as caught:
        judge(claim, changed(evidence, CHANGES[change]))
    assert caught.value.rule == "case"


def test_a_strict_sign_is_not_a_weak_one() -> None:
    """The evidence for ``f(x) > 0 for x > 0`` proves nothing about ``x >= 0``."""
    _, evidence = decided(STRICT)
    with pytest.raises(EvidenceError):
        judge(formula_claim("relu", "f(x) > 0 for x >= 0, x > -1"), evidence)


def test_a_claim_is_vacuous_only_if_its_conditions_exclude_each_other() -> None:
    claim, evidence = decided(STRICT)
    assert not judge(claim, evidence).vacuous
    assert all(leaf.witnesses for leaf in leaves(evidence.proofs[0].tree))  # type: ignore[union-attr]


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
    "evidence", [ValueGap({"u": vector([0])}, 0), ValueGap({}, 0), Rule("zero biases"), Rule("curvature")]
)
def test_evidence_of_the_catalogue_does_not_prove_or_refute_formulas(evidence: Any) -> None:
    for text in (STRICT, "f(x) >= 1 for x in box(2, 3)"):
        with pytest.raises(EvidenceError):
            judge(formula_claim("relu", text), evidence)


def test_falsehoods_are_about_formulas_only() -> None:
    claim = formula_claim("relu", "f(x) == f(y) for x, y in all")
    assert claim.property.name == "constant"
    with pytest.raises(EvidenceError, match="about formulas"):
        judge(claim, Falsehood({"x": vector([0]), "y": vector([1])}))


RECORD_CHANGES = [
    ("formula", "f(x) > 0 for x >= 0", ""),
    ("formula", "f(x) > (", "format"),
    ("regions", [], "format"),
    ("vacuous", True, "vacuous"),
    ("verdict", "refuted", ""),
    ("region", "x in box(7, 8)", "region"),
    ("ledger", ["nothing"], "ledger"),
    ("counterexample", {"sentence": "no"}, "counterexample"),
    ("names", {}, "format"),
    ("names", 3, "format"),
    ("outputs", [0], "format"),
    ("region_data", {"kind": "box"}, "format"),
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


def test_a_region_that_its_text_does_not_mean_is_rejected(tmp_path: Path) -> None:
    data = ask("relu", "f(x) >= 1 for x in box(1, 2)").to_json()
    other = ask("relu", "f(x) >= 1 for x in box(1, 3)").to_json()
    path = tmp_path / "record.json"
    path.write_text(json.dumps(data | {"regions": other["regions"]}))
    with pytest.raises(EvidenceError) as caught:
        recheck(path)
    assert caught.value.rule == "region"
