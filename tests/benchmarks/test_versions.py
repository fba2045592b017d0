"""Two versions in turn: which times count, and that different answers are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import versions
from benchmarks.cases import Case
from benchmarks.versions import Row, Timed, Version, compared, page

CASE = Case("mlp 2-8-1", "box", 2, 8, None, False, "a value", 1.0, 0)


class Said(Version):
    """Answers that are given beforehand: the last one again and again."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers, self.asked = list(answers), list[dict[str, Any]]()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def said(seconds: float, verdict: str = "proved", **more: Any) -> dict[str, Any]:
    return {"seconds": seconds, "verdict": verdict, **more}


def test_the_least_time_counts_and_both_judge_the_older_evidence() -> None:
    old = Said(said(3.0, evidence={"kind": "rule"}, witness=None), said(2.0), said(4.0))
    new = Said(said(1.5), said(1.0, evidence={"kind": "other"}, witness=None), said(1.0))
    row = compared(CASE, old, new)
    assert (row.deciding.old, row.deciding.new, row.deciding.ratio) == (2.0, 1.0, 0.5)
    assert row.judging is not None and not row.problem
    assert {version.asked[-1]["evidence"]["kind"] for version in (old, new)} == {"rule"}
    assert len(old.asked) == len(new.asked) == 2 * versions.LEAST_ROUNDS


def test_different_answers_are_seen() -> None:
    row = compared(CASE, Said(said(1.0, "proved")), Said(said(1.0, "refuted")))
    assert row.problem == "decided proved / refuted" and row.judging is None


def test_the_page_has_geometric_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_git", lambda *_: "`abc`")
    rows = [Row("a", Timed(1.0, 4.0, ("proved",) * 2), None), Row("b", Timed(1.0, 1.0, ("proved",) * 2), None)]
    assert "| **geometric mean** |  |  |  | **2.00** |  |  |  |" in page("abc", rows)


def test_a_commit_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"git rev-parse .*no-such-commit"):
        versions.main(["no-such-commit", "--folder", str(tmp_path)])
