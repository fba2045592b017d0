"""Pages of theorems and the book: valid, alone, escaped, honest about what they rest on."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import Markup

import verify
from tests.report.claims import EVIL, KINDS
from tests.report.test_html import PREFIX, all_text, parsed
from tests.support.random_claims import claim as random_claim
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate
from verify.property import Claim, Vacuous, find
from verify.report.affine import affine_map
from verify.report.charts import chart
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.index import write_index
from verify.report.markup import clean
from verify.report.model import Figure, Link, ProofStep
from verify.report.theorem import Chapter, Table, Theorem, TheoremPart, Try, support
from verify.report.theorem_files import is_drawing, part_of, picture_of, write_theorem
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.refuting.inside import inside
from verify.strategies.regions import noise

CHAPTER = Chapter("Chapter $x$", ("An *introduction*.",), "test_1.py")
BOOK = Chapter("The book", ("About it.",))
EVIL_TEXT = f"{EVIL} $f(x) <= {EVIL}$ `{EVIL}`"


def theorem(**changed: object) -> Theorem:
    found = Theorem(
        stem="theorem-a",
        question="Is $f$ linear?",
        answer="No: $f(0) = 1$.",
        statement="$$f(x) = 1$$",
        chapter=CHAPTER,
        book=BOOK,
        test="test_1.py::test_a",
        parts=(TheoremPart("claim", "f is linear", "refuted", "checked", "f(0) = 1", stem="claim"),),
        steps=(ProofStep("", "Lemma 1", "Because $1 != 0$."),),
        figures=(Figure(chart("t", "x", "y", {"a": [(0, 1), (1, 2)]}), "A caption."),),
        tables=(Table(("a", "b"), (("1", "$|x|$"),), "Numbers"),),
        tries=(Try("verify check", "import verify\nverify.check()"), Try("again", "import verify\nagain()")),
        versions=(("relu-verify", "1"),),
    )
    return replace(found, **changed)  # type: ignore[arg-type]


def evil() -> Theorem:
    return theorem(
        question=EVIL_TEXT,
        answer=EVIL_TEXT,
        statement=EVIL_TEXT,
        chapter=Chapter(EVIL_TEXT, (EVIL_TEXT,), EVIL),
        book=Chapter(EVIL_TEXT, (EVIL_TEXT,)),
        test=EVIL,
        parts=(TheoremPart("family", EVIL, "proved", "checked", EVIL, (EVIL,), vacuous=True, record="a b.json"),),
        steps=(ProofStep(EVIL_TEXT, EVIL, EVIL_TEXT),),
        figures=(),
        tables=(Table((EVIL_TEXT,), ((EVIL_TEXT,),), EVIL_TEXT),),
        tries=(Try(EVIL, EVIL),),
        failed=True,
    )


@pytest.mark.parametrize("make", [theorem, evil])
def test_pages_are_valid_and_hold_no_foreign_markup(tmp_path: Path, make: object) -> None:
    found = make()  # type: ignore[operator]
    data = write_theorem(ReportFolder(tmp_path), found)
    index = write_index(ReportFolder(tmp_path), [], theorems=[data])
    for path in (tmp_path / "theorems" / f"{found.stem}.html", index):
        tree = parsed(path.read_text(encoding="utf-8"))
        assert len(tree.findall(f".//{PREFIX}h1")) == 1
        assert not list(tree.iter(f"{PREFIX}img"))
        assert len(list(tree.iter(f"{PREFIX}script"))) == (path == index)
        assert not any(key.startswith("on") or key == "style" for node in tree.iter() for key in node.attrib)
        if found.failed:
            assert clean(EVIL) in all_text(tree)
            assert "failed" in all_text(tree)
    markdown = (tmp_path / "theorems" / f"{found.stem}.md").read_text(encoding="utf-8")
    assert "\x00" not in markdown


def test_a_page_says_everything(tmp_path: Path) -> None:
    write_theorem(ReportFolder(tmp_path), theorem())
    page = (tmp_path / "theorems" / "theorem-a.html").read_text()
    text = all_text(parsed(page))
    for words in ("Because", "Lemma 1", "f is linear", "f(0) = 1", "A caption.", "Numbers", "verify check again"):
        assert words in text, words
    assert 'href="../claims/claim.html"' in page and 'href="../index.html"' in page
    assert page.count("import verify") == 1
    assert "1 claim checked by the kernel, 1 step in words" in text
    markdown = (tmp_path / "theorems" / "theorem-a.md").read_text()
    for words in (
        "# Is f linear?",
        "**No: `f(0) = 1`.**",
        "[f is linear](../claims/claim.md): **refuted, checked**",
        "`\\|x\\|`",
    ):
        assert words in markdown, words


def test_support_is_counted() -> None:
    parts = [
        TheoremPart("claim", "", "proved", "checked"),
        TheoremPart("claim", "", "refuted", "checked"),
        TheoremPart("claim", "", "unknown", ""),
        TheoremPart("family", "", "proved", "checked"),
        TheoremPart("attested", "", "", "attested"),
    ]
    said = "2 claims checked by the kernel, 1 family of networks checked by the kernel, 1 statement attested"
    assert support(parts, []) == f"{said}, 1 claim left open"
    assert support([], [ProofStep("", "", "")]) == "1 step in words"
    assert support([], []) == "nothing"


@pytest.mark.parametrize(("kind", "line"), [("refuted", "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"), ("vacuous", "")])
def test_parts_are_read_off_results(kind: str, line: str) -> None:
    result = KINDS[kind]()
    part = part_of(result, "stem")
    assert (part.verdict, part.assurance, part.vacuous) == (result.verdict.value, "checked", result.vacuous)
    assert part.line.startswith(line) and part.line


def test_every_proof_has_a_gist() -> None:
    for name, property, on in (
        ("identity_pair", "linear", "all"),
        ("dead", "affine", "box(0, 1)"),
        ("thread_nonneg", "affine", "nonneg"),
        ("zero_bias", "positively homogeneous", "all"),
        ("clip", "affine", "box(1, 2)"),
    ):
        assert part_of(verify.check(name, property, on=on), "").line, name


def test_the_map_of_a_linear_network_is_its_map() -> None:
    part = part_of(verify.check("identity_pair", "linear", on="all"), "")
    assert part.map is not None
    assert "<mn>2</mn>" in part.map and "−" in part.map


def test_pictures() -> None:
    picture = picture_of(KINDS["refuted"](), "My words")
    assert picture is not None and picture.caption == "My words" and is_drawing(picture.svg)
    assert 'class="name">x<' in picture.svg and 'class="name">f<' in picture.svg
    assert not is_drawing("<svg></svg>")
    assert not is_drawing(Markup("<p></p>"))
    assert picture_of(verify.check("thread_nonneg", "affine", on="nonneg")) is None


def test_the_book_is_in_order_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    theorems = [
        theorem(stem="c", chapter=replace(CHAPTER, file="test_2.py", title="Second"), question="Third?"),
        theorem(stem="b", line=9, question="Second?"),
        theorem(stem="a", line=3, question="First?"),
    ]
    for found in theorems:
        write_theorem(ReportFolder(tmp_path), found)
    (tmp_path / "theorems" / "broken.json").write_text("{")
    (tmp_path / "theorems" / "list.json").write_text("[]")
    text = all_text(parsed(write_index(ReportFolder(tmp_path)).read_text()))
    places = [
        text.index(words) for words in ("The book", "About it.", "First?", "Second?", "Third?", "Every question that")
    ]
    assert places == sorted(places)
    assert "broken.json, list.json" in text
    assert "3 theorems" in text.replace("3theorems", "3 theorems")


def test_a_list_without_theorems_is_no_book(pages: Path) -> None:
    tree = parsed((pages / "index.html").read_text())
    assert tree.find(f".//{PREFIX}h1").text == "Claims"
    assert not [node for node in tree.iter(f"{PREFIX}nav")]


def test_claims_link_to_their_theorem(tmp_path: Path) -> None:
    record = write_report(
        ReportFolder(tmp_path), KINDS["refuted"](), stem="claim", theorem=Link("theorem a.html", EVIL)
    )
    page = record.with_suffix(".html").read_text()
    assert 'href="theorem%20a.html"' in page
    assert clean(EVIL) in all_text(parsed(page))
    assert json.loads(record.read_text())["unchecked"]["theorem"] == EVIL


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        data = write_theorem(ReportFolder(tmp_path / folder), theorem())
        write_index(ReportFolder(tmp_path / folder), [], theorems=[data])
    files = [sorted(p for p in (tmp_path / folder).rglob("*") if p.is_file()) for folder in ("one", "two")]
    assert [p.name for p in files[0]] == [p.name for p in files[1]]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*files, strict=True))


def test_maps_on_pages_are_the_maps() -> None:
    compared = 0
    for seed in range(60):
        base = random_claim(seed)
        claim = Claim(base.network, find("affine"), base.region)
        questions = claim.questions()
        proved = decide(claim, Budget(5)).verdict is Verdict.PROVED
        if not proved or isinstance(questions, Vacuous) or claim.region.chart is not None:
            continue
        found = affine_map(claim, questions[0])
        if found is None:
            continue
        compared += 1
        rng, ready = random.Random(seed), inside(claim.region)
        for _ in range(20):
            point = ready.reached(noise(ready.sides, rng))
            value, pairs = evaluate(claim.network, point), zip(found[0], found[1].fractions(), strict=True)
            assert value.fractions() == [row.dot(point) + constant for row, constant in pairs], seed
    assert compared > 5
