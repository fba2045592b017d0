"""Z3's second opinion: it agrees, and where it does not, that is an error which keeps both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import z3

import verify
from verify.cli.run import run
from verify.errors import EngineDisagreement
from verify.report import opinion
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.opinion import ask, is_small, second_opinion


@pytest.mark.parametrize(
    ("network", "property", "on", "answer"),
    [
        ("relu", "additive", "all", "sat"),
        ("relu", "linear", "nonneg", "unsat"),
        ("identity_pair", "odd", "all", "unsat"),
        ("max", "additive", "segment([1, 0], [0, 1])", "unsat"),
    ],
)
def test_agreement(network: str, property: str, on: str, answer: str) -> None:
    found = second_opinion(verify.check(network, property, on=on))
    assert found is not None
    assert (found.answer, found.agrees) == (answer, True)
    assert "(check-sat)" in found.query
    solver = z3.Solver()
    solver.from_string(found.query)
    assert str(solver.check()) == answer


def test_only_small_claims_are_asked() -> None:
    assert is_small(verify.check("relu", "linear", on="nonneg").claim)
    assert second_opinion(verify.check("thread", "affine", on="box(0, 1)")) is None


def test_z3_is_not_asked_about_its_own_verdict() -> None:
    found = second_opinion(verify.check("relu", "affine", on="nonneg", engine="z3"))
    assert found is not None and found.agrees is None


def test_nothing_agrees_with_unknown() -> None:
    found = second_opinion(verify.check("relu", "affine", on="all", engine="rules"))
    assert found is not None and (found.answer, found.agrees) == ("sat", None)


def test_too_little_work_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinion, "WORK", 1)
    assert ask(verify.check("relu", "linear", on="nonneg").claim)[0].startswith("unknown")


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinion, "ask", lambda claim: ("unsat", ""))


@pytest.mark.usefixtures("liar")
def test_a_disagreement_keeps_both(tmp_path: Path) -> None:
    result = verify.check("relu", "additive", on="all")
    with pytest.raises(EngineDisagreement, match="we say refuted, Z3 answers unsat"):
        write_report(ReportFolder(tmp_path), result, stem="claim")
    assert {path.name for path in tmp_path.iterdir()} == {
        "claim.json",
        "claim.html",
        "claim.md",
        "claim.smt2",
        "claim.py",
    }
    assert json.loads((tmp_path / "claim.json").read_text())["unchecked"]["disagreement"]["answer"] == "unsat"
    assert "Two engines disagree" in (tmp_path / "claim.html").read_text()
    assert "internal error" in (tmp_path / "claim.md").read_text()


@pytest.mark.usefixtures("liar")
def test_a_disagreement_is_an_internal_error_of_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "relu", "additive", "--report", str(tmp_path)]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Z3 answers unsat" in captured.err
    assert (tmp_path / "index.html").is_file()
