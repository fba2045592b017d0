"""Only the kernel makes judgements, and it does not rely on ``assert``: read from the syntax trees, and tried."""

from __future__ import annotations

import ast
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.architecture.test_imports import sources
from verify.kernel.check import Judgement, Verdict, judge
from verify.kernel.evidence import ValueGap
from verify.kernel.families import FamilyJudgement
from verify.network import examples
from verify.property import CATALOGUE, Assignment, Claim
from verify.rational import vector
from verify.region import everything
from verify.search.outcome import Attestation, Outcome

MAKERS = {"Judgement": "verify.kernel.check", "FamilyJudgement": "verify.kernel.families"}
# What a verdict rests on: here nothing may depend on whether Python runs with -O.
TRUSTED = (
    "verify.formula",
    "verify.kernel",
    "verify.property",
    "verify.region",
    "verify.report.recheck",
    "verify.report.reading",
)


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_nothing_outside_the_kernel_makes_a_judgement() -> None:
    found = {
        (called(node), module)
        for module, (_, tree) in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in MAKERS
    }
    assert found == set(MAKERS.items())


def test_nobody_else_names_the_seal() -> None:
    for module, (_, tree) in sources().items():
        names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(tree)}
        imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for a in node.names}
        assert "_SEAL" not in names | imported or module in MAKERS.values(), module


def test_trusted_code_has_no_assert_statements() -> None:
    for module, (_, tree) in sources().items():
        if module.startswith(TRUSTED):
            assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)], module


def refutation() -> Judgement:
    points: Assignment = {"x": vector([-1]), "y": vector([1]), "e": Fraction(1, 2)}
    claim = Claim(examples.get("relu"), CATALOGUE["affine"], everything(1))
    return judge(claim, ValueGap(points, 0))


def test_a_judgement_cannot_be_made_or_changed_elsewhere() -> None:
    with pytest.raises(TypeError, match="only the kernel"):
        Judgement(Verdict.PROVED, False, (), None, (), object())
    with pytest.raises(TypeError, match="only the kernel"):
        FamilyJudgement(Verdict.PROVED, False, (), None, None, object())
    with pytest.raises((TypeError, ValueError)):
        replace(refutation(), verdict=Verdict.PROVED)  # type: ignore[call-arg]


def test_checked_is_what_the_kernel_returned() -> None:
    def outcome(answer: Judgement | Attestation | None) -> Outcome:
        return Outcome(answer, None, "", (), 0.0)

    checked = outcome(refutation())
    assert (checked.verdict, checked.assurance, checked.attested) == (Verdict.REFUTED, "checked", "")
    word = outcome(Attestation("Z3 0"))
    assert (word.verdict, word.assurance, word.attested, word.vacuous) == (Verdict.PROVED, "attested", "Z3 0", False)
    nothing = outcome(None)
    assert (nothing.verdict, nothing.assurance, nothing.assumptions) == (Verdict.UNKNOWN, None, ())
