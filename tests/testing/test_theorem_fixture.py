"""The ``theorem`` fixture in a small project of its own: pages, chapters, failures, skips, parallel runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.report.test_html import all_text, parsed
from tests.support.cli import call
from tests.test_pytest_plugin import MIXED, TOML, claim_pages, records, run, timeless

FIRST = '''\
"""A chapter about $relu$.

Its introduction.
"""

import pytest


def test_relu_is_not_additive(theorem):
    book = theorem(question="Is ReLU linear?", answer="No.", statement="$$relu(x) != x$$")
    found = book.claim("relu", "additive", on="all").refuted()
    assert found.counterexample == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"
    book.picture(found, "The graph.")
    book.proof("Take $x = -1$.", lemma="Lemma 1", title="First")
    book.table(["a"], [[1]])
    book.attested("a book", "it is so")


@pytest.mark.chapter("Another chapter", "With a marker.")
def test_two_theorems(theorem):
    one = theorem(question="One?", answer="Yes.", statement="1")
    one.claim("identity_pair", "linear").proved()
    one.try_it("do this")
    theorem(question="Two?", answer="Yes.", statement="2").claim("dead", "affine", on="box(0, 1)").proved()


def test_wrongly_proved(theorem):
    book = theorem(question="Wrong?", answer="Yes.", statement="3")
    book.claim("relu", "additive").proved()


def test_skipped(theorem):
    theorem(question="Skipped?", answer="-", statement="-")
    pytest.skip("no network here")


def test_in_words_only(theorem):
    theorem(question="Words?", answer="Yes.", statement="4").proof("Because.")
'''
WRONG = """\
import pytest
from markupsafe import Markup


@pytest.fixture
def book(theorem):
    return theorem(question="?", answer="!", statement=".")


def test_text_is_no_drawing(book):
    book.figure("<svg></svg>", "")


def test_a_row_too_short(book):
    book.table(["a", "b"], [[1, 2], [1]])


def test_no_plot(book):
    book.picture(book.claim("thread_nonneg", "affine", on="nonneg"))
"""
FAMILY = """\
from enum import Enum
from verify.family import dense, family, relu


class Verdict(Enum):
    PROVED = "proved"


class Result:
    verdict, assurance = Verdict.PROVED, "checked"
    statement, sentence, lines = "every <net>", "by induction", ("a", "b")

    def record(self):
        return {"family": 1}


def test_any_object_with_the_attributes(theorem):
    book = theorem(question="All?", answer="Yes.", statement="5")
    book.family(Result()).proved()


def test_a_family_of_networks(theorem):
    book = theorem(question="Every size?", answer="Yes.", statement="6")
    book.family(family((2,), [dense(3, ">= 0", ">= 0"), relu()]), "affine", on="nonneg").proved()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_first.py").write_text(FIRST)
    return tmp_path


def page(folder: Path, words: str) -> str:
    [found] = [p for p in (folder / "reports" / "theorems").glob("*.html") if words in p.read_text()]
    return all_text(parsed(found.read_text()))


def test_theorems_leave_pages(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(project, pages="all")
    assert "1 failed, 3 passed, 1 skipped" in ran.out, ran.out
    assert (
        "theorems: 5, 1 of them in tests that failed\nclaims: 2 proved, 2 refuted; records in reports/records/"
        in ran.out
    )
    text = page(project, "<h1>Is ReLU linear?")
    for words in (
        "The graph.",
        "First",
        "Lemma 1",
        "it is so",
        "On the word of: a book",
        "relu is additive everywhere",
    ):
        assert words in text, words
    assert "verify check relu additive --on all" in text
    assert "1 claim checked by the kernel, 1 statement attested, 1 step in words" in text
    assert "The test of this theorem failed" in page(project, "Wrong?")
    assert "The test of this theorem failed" not in page(project, "Words?")
    assert "do this" in page(project, "One?") and "verify check identity_pair" not in page(project, "One?")
    assert len(records(project / "reports")) == 4
    assert all(call(capsys, "recheck", path).status == 0 for path in records(project / "reports"))


def test_the_book(project: Path) -> None:
    run(project)
    text = all_text(parsed((project / "reports" / "index.html").read_text()))
    places = [text.index(w) for w in ("Theorems", "A chapter about", "Its introduction.", "Is ReLU linear?", "Wrong?")]
    assert places == sorted(places)
    assert text.index("Another chapter") < text.index("With a marker.") < text.index("One?") < text.index("Two?")
    assert "no network here" in text
    assert "Only attested" in text and "Is ReLU linear? it is so" in text and "1attested" in text
    assert "Skipped?" not in text


def test_title_and_introduction_of_the_book(project: Path) -> None:
    (project / "__init__.py").write_text('"""My book.\n\nAbout $f$.\n"""\n')
    run(project, "-k", "words", "--import-mode=importlib")
    text = all_text(parsed((project / "reports" / "index.html").read_text()))
    assert text.startswith("My book My book About f") or "My book About" in text


@pytest.mark.slow
def test_the_book_and_the_list_are_the_same_the_second_time_and_in_parallel(project: Path) -> None:
    """Theorems, tests with claims, and claims files."""
    pytest.importorskip("xdist")
    (project / "test_mixed.py").write_text(MIXED)
    (project / "verify.toml").write_text(TOML.rpartition("\n\n")[0])
    found = []
    for options in ((), ("-n", "2")):
        ran = run(project, *options, pages="failed")
        assert ran.status == 1 and "3 failed, 8 passed, 2 skipped" in ran.out, ran.out
        assert "claims: 7 proved, 4 refuted" in ran.out, ran.out
        files = sorted((project / "reports" / "theorems").iterdir())
        assert len(files) == 3 * 5
        assert len(records(project / "reports")) == 11 and len(claim_pages(project / "reports")) == 6
        found.append([timeless(project / "reports" / "index.html"), *(p.read_text() for p in files)])
        shutil.rmtree(project / "reports" / "claims")
        shutil.rmtree(project / "reports" / "records")
    assert found[0] == found[1]


def test_wrong_use_fails_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(WRONG)
    out = run(tmp_path).out
    assert "figure: expected a drawing made by verify.report (an svg element), got str" in out
    assert "table: row 2 has 1 cells, the header has 2" in out
    assert "picture: there is no plot of <PROVED: thread_nonneg affine on nonneg>" in out


def test_short_files_of_networks_are_shown(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('input = 1\n\n[[layer]]\ntype = "relu" # <b>\n')
    (tmp_path / "test_file.py").write_text(
        "def test_it(theorem):\n"
        '    theorem(question="?", answer="!", statement=".").claim("one.toml", "affine", on="nonneg").proved()\n'
    )
    ran = run(tmp_path)
    assert ran.status == 0, ran.out
    text = page(tmp_path, "<title>?")
    assert 'one.tomlinput = 1 [[layer]] type = "relu" # <b>' in text
    assert "verify check one.toml affine --on nonneg" in text


def test_families(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test_family.py").write_text(FAMILY)
    ran = run(tmp_path, pages="all")
    assert ran.status == 0, ran.out
    assert "theorems: 2\nclaims: none; records in reports/records/" in ran.out
    text = page(tmp_path, "All?")
    assert "every <net> by induction a b Record (JSON)" in text
    assert "1 family of networks checked by the kernel" in text
    [record] = [path for path in records(tmp_path / "reports") if "family-of-networks" in path.name]
    assert json.loads(record.read_text())["verdict"] == "proved"
    assert call(capsys, "recheck", record).status == 0
