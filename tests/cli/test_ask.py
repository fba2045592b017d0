"""``verify ask``: verdicts, exit statuses, what is shown, records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import ROOT, call, spawn, without_lines
from tests.support.formulas import ROWS, Row

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("row", ROWS[::6], ids=lambda row: f"{row.network}: {row.text}")
def test_the_table_of_formulas(row: Row, capsys: Capture) -> None:
    second = ["--to", row.second] if row.second else []
    found = call(capsys, "ask", row.network, row.text, *second, "--json")
    assert found.status == {"proved": 0, "refuted": 1}[row.word]
    assert (found.json["verdict"], found.json["vacuous"], found.json["assurance"]) == (
        row.word,
        row.is_vacuous,
        "checked",
    )


SHOWN = {
    "f(x + y) == f(x) + f(y) for x, y in all": """\
REFUTED  relu is additive everywhere
  f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1
  relu[0] switches at 0: it is on where x > 0.
  This changes the slope of the output in x from 0 to 1.
  So the formula fails by 1.
  f(x + y) = f(x) + f(y); checked, engine crossing, * s
""",
    "f(x + y) == f(x) + f(y) for x in box(0, 1), y in box(-1, 1)": """\
REFUTED  f(x + y) == f(x) + f(y) for x in box(0, 1), y in box(-1, 1), where f is relu
  x = 1, y = -1: f(0) = 0, f(1) = 1, f(-1) = 0; f(x + y) == f(x) + f(y) says 0 == 1, which is false
  checked, engine crossing, * s
""",
    "f(x) > 0 for x in nonneg": """\
REFUTED  f(x) > 0 for x in nonneg, where f is relu
  x = 0: f(0) = 0; f(x) > 0 says 0 > 0, which is false
  checked, engine rewriting, * s
""",
    "f(x) > 0 for x > 0": """\
PROVED  f(x) > 0 for x > 0, where f is relu
  2 parts cover the region; on each, f is one affine map, and each satisfies the claim (cases: in none of the ways \
in which the formula would be false is there a point)
  checked, engine split, * s
""",
    "f(x) > 5 for x > 0, x < 0": """\
PROVED  f(x) > 5 for x > 0, x < 0, where f is relu
  vacuous: no values of its names satisfy the conditions
  checked, engine split, * s
""",
}


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown(text: str, capsys: Capture) -> None:
    assert without_lines(call(capsys, "ask", "relu", text).steady) == SHOWN[text]


def test_a_mistake_is_drawn(capsys: Capture) -> None:
    found = call(capsys, "ask", "relu", "f(x) >= 0 fr x in all")
    assert (found.status, found.out) == (2, "")
    assert found.err.splitlines()[1:3] == ["f(x) >= 0 fr x in all", "          ^"]
    assert "for example: " in found.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--let", "g"], "expected NAME=FILE"),
        (["--let", "g=abs", "--let", "g=relu"], "bound twice"),
        (["--let", "g=abs", "--to", "relu"], "bound twice"),
        (["--let", "g=nothere.onnx"], "nothere.onnx"),
        (["--let", "max=abs"], "cannot be bound"),
        (["--engine", "guess"], "engine"),
        (["--engine", "rules"], "engine"),
        (["--timeout", "-1"], "timeout"),
    ],
)
def test_bad_options(arguments: list[str], words: str, capsys: Capture) -> None:
    found = call(capsys, "ask", "relu", "f(x) >= 0 for x in all", *arguments)
    assert found.status == 2
    assert words in found.err
    assert found.err.count("\n") == 1


def test_smooth_networks_are_refused(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "s.toml").write_text('input = 1\n[[layer]]\ntype = "sigmoid"\n')
    found = call(capsys, "ask", tmp_path / "s.toml", "f(x) >= 0 for x in all")
    assert found.status == 2
    assert "piecewise linear networks only" in found.err


def test_an_empty_region_is_bad_input_as_for_check(capsys: Capture) -> None:
    found = call(capsys, "ask", "relu", "f(x) >= 0 for x in where(x0 >= 1, x0 <= 0)")
    assert found.status == 2
    assert "is empty" in found.err


def test_further_networks(capsys: Capture) -> None:
    found = call(capsys, "ask", "abs", "f(x) == pos(x) + pos(-x) for x in all", "--let", "pos=relu")
    assert found.status == 0
    assert "where f is abs and pos is relu" in found.out


def test_the_literal_query(capsys: Capture) -> None:
    found = call(capsys, "ask", "relu", "f(x) > 0 for x > 0", "--show-smt")
    assert found.status == 0
    assert "(check-sat)" in found.out
    assert found.out.startswith("; f(x) > 0 for x > 0\n")


def test_a_solvers_word_is_attested(capsys: Capture) -> None:
    found = call(capsys, "ask", "relu", "f(x) > 0 for x > 0", "--engine", "z3", "--json")
    assert (found.status, found.json["assurance"], found.json["evidence"]) == (0, "attested", None)
    refuted = call(capsys, "ask", "relu", "f(x) > 0 for x >= 0", "--engine", "z3", "--json")
    assert (refuted.status, refuted.json["assurance"]) == (1, "checked")


def test_families_are_for_check(tmp_path: Path, capsys: Capture) -> None:
    text = (ROOT / "docs" / "families.md").read_text(encoding="utf-8")
    (tmp_path / "family.toml").write_text(text.partition("```toml\n")[2].partition("```")[0])
    found = call(capsys, "ask", tmp_path / "family.toml", "f(x) >= 0 for x in all")
    assert found.status == 2
    assert "verify check" in found.err


def test_what_is_large_ends_in_time(capsys: Capture) -> None:
    text = "f(x) + f(y) + f(z) < 1000000 or f(x + y) == 3 for x, y, z in all"
    found = call(capsys, "ask", "thread", text, "--timeout", "0.5")
    assert found.status in (1, 3)


def test_records_and_pages(tmp_path: Path, capsys: Capture) -> None:
    texts = ["f(x) > 0 or f(-x) > 0 for x in box(0, 1)", "f(x) > 0 for x > 0", "f(x) > 5 for x > 0, x < 0"]
    for text in texts:
        call(capsys, "ask", "relu", text, "--report", tmp_path)
    records = sorted(tmp_path.glob("*.json"))
    assert len(records) == len(texts)
    for record in records:
        assert call(capsys, "recheck", record).status == 0
        assert (record.with_suffix(".html")).exists()
        assert "read literally" in record.with_suffix(".md").read_text()
    index = (tmp_path / "index.html").read_text()
    assert index.count("Is it true that") >= len(texts)


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = spawn("ask", "relu", "f(x) >= 0 for x in all", "--json", cwd=tmp_path)
    assert found.status == 0
    assert json.loads(found.out)["kind"] == "formula"


def test_a_formula_may_begin_with_a_minus_sign(capsys: Capture) -> None:
    for text, status in (
        ("-f(x) <= 0 for x in all", 0),
        ("--f(x) >= 0 for x in all", 0),
        ("-x <= f(x) for x > 0", 0),
        ("-f(x) > 0", 2),
    ):
        assert call(capsys, "ask", "relu", text).status == status
    found = call(capsys, "ask", "relu", "--timeout=60", "-1 <= f(x) for x in all", "--json")
    assert (found.status, found.json["property"][:3]) == (0, "-1 ")
    assert "No such option" in call(capsys, "ask", "relu", "f(x) >= 0 for x in all", "--nothing").err


def test_the_page_of_an_empty_region(tmp_path: Path, capsys: Capture) -> None:
    text = "f(x) >= 1 for x in box(0, 1), x in box(2, 3)"
    assert call(capsys, "ask", "relu", text, "--report", str(tmp_path)).status == 0
    assert "vacuous" in next(tmp_path.glob("*.md")).read_text(encoding="utf-8").lower()
