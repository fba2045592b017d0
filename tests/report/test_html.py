"""Pages are valid HTML5 that stands alone; nothing from outside becomes markup."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from tests.report.claims import EVIL, MORE_KINDS, evil
from tests.report.claims import KINDS as CLAIMS
from verify.report.files import write_report
from verify.report.folder import PAGES, ReportFolder, drop_pages
from verify.report.index import Index, Skip, gathered, write_index
from verify.report.markup import clean, element
from verify.report.record import Result

KINDS = ["index", *(name.replace(" ", "-") for name in [*CLAIMS, *MORE_KINDS])]
PREFIX = "{http://www.w3.org/1999/xhtml}"


def parsed(text: str) -> Any:
    """The document; any parse error is an exception."""
    return html5lib.HTMLParser(strict=True).parse(text)


def all_text(tree: Element) -> str:
    return " ".join("".join(tree.itertext()).split())


@pytest.mark.parametrize("name", KINDS)
def test_pages_are_valid(pages: Path, name: str) -> None:
    tree = parsed((pages / f"{name}.html").read_text(encoding="utf-8"))
    assert tree.find(f"{PREFIX}head/{PREFIX}title").text
    assert len(tree.findall(f".//{PREFIX}h1")) == 1


@pytest.mark.parametrize("name", KINDS)
def test_pages_stand_alone(pages: Path, name: str) -> None:
    tree = parsed((pages / f"{name}.html").read_text(encoding="utf-8"))
    addresses = [
        value
        for node in tree.iter()
        for key, value in node.attrib.items()
        if key.rpartition("}")[2] in ("href", "src", "action", "data", "poster", "srcset")
    ]
    beside = {path.name for path in pages.iterdir()}
    ids = {f"#{node.get('id')}" for node in tree.iter() if node.get("id")}
    inside = [a for a in addresses if a in ids or a == "data:," or a.startswith("data:image/png;base64,")]
    assert all(address in beside for address in addresses if address not in inside)
    assert not any(
        "url(" in (style.text or "") or "@import" in (style.text or "") for style in tree.iter(f"{PREFIX}style")
    )
    assert not any(key.startswith("on") or key == "style" for node in tree.iter() for key in node.attrib)


@pytest.mark.parametrize("name", KINDS)
def test_only_the_index_has_a_script(pages: Path, name: str) -> None:
    scripts = list(parsed((pages / f"{name}.html").read_text(encoding="utf-8")).iter(f"{PREFIX}script"))
    assert len(scripts) == (1 if name == "index" else 0)


def test_names_from_outside_are_text(pages: Path) -> None:
    tree = parsed((pages / "L1-ball.html").read_text(encoding="utf-8"))
    assert not list(tree.iter(f"{PREFIX}img"))
    assert clean(EVIL) in all_text(tree)
    assert "\\u{0}\\u{202e}" in all_text(tree)


def test_titles_tests_and_reasons_are_text(tmp_path: Path) -> None:
    result = CLAIMS["refuted"]()
    record = write_report(ReportFolder(tmp_path), result, stem="a b&c#?", title=EVIL, test=f"test_{EVIL}.py::test")
    index = write_index(
        ReportFolder(tmp_path), [record], skipped=[Skip(EVIL, EVIL)], failed=frozenset({f"test_{EVIL}.py::test"})
    )
    for page in (index, record.with_suffix(".html")):
        tree = parsed(page.read_text(encoding="utf-8"))
        assert clean(EVIL) in all_text(tree)
    assert "a%20b%26c%23%3F.html" in index.read_text()


def test_markdown_holds_no_markup(tmp_path: Path) -> None:
    import verify

    record = write_report(ReportFolder(tmp_path), verify.check(evil(), "affine", on="all"))
    text = record.with_suffix(".md").read_text(encoding="utf-8")
    outside_code = re.sub(r"```.*?```|(`+).*?\1", "", text, flags=re.S)
    assert "<script" not in outside_code.replace("\\<", "")
    assert "\x00" not in text and "\u202e" not in text


def test_the_index_is_readable_without_its_script(pages: Path) -> None:
    text = (pages / "index.html").read_text()
    assert '<form id="filters" class="filters" hidden>' in text
    assert all(f'<tr data-verdict="{verdict}"' in text for verdict in ("proved", "refuted", "unknown"))
    assert "<tr hidden" not in text


def test_totals_and_groups(pages: Path, all_results: dict[str, Result]) -> None:
    index = gathered(ReportFolder(pages), sorted(pages.glob("*.json")))
    verdicts = [result.verdict.value for result in all_results.values()]
    assert index.totals["proved"] == verdicts.count("proved")
    assert index.totals["unknown"] == 1
    assert index.totals["attested"] == len(index.attested) == 1
    assert index.totals["vacuous"] == sum(result.vacuous for result in all_results.values())
    assert [name for name, _ in index.modules] == ["command line"]


def test_foreign_files_are_named_or_passed_over(pages: Path, tmp_path: Path) -> None:
    (tmp_path / "sarif.json").write_text('{"runs": []}')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "broken.json").write_text("{")
    half = '{"format": 2, "verdict": "proved", "property": "affine", "network": 3, "unchecked": 3}'
    (tmp_path / "half.json").write_text(half)
    assert gathered(ReportFolder(tmp_path), sorted(tmp_path.glob("*.json"))) == Index(
        (), (), ("broken.json", "half.json")
    )


def test_elements_escape() -> None:
    assert element("b", "<&\x01", class_='"', stroke_width=None) == '<b class="&#34;">&lt;&amp;\\u{1}</b>'


def test_a_format_is_one_function_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written, taken for ours, and removed with the other pages."""
    toy = ModuleType("verify.report.toy")
    toy.__dict__["line"] = lambda page, record, index: f"{page.title} {record} {index}"
    monkeypatch.setitem(sys.modules, toy.__name__, toy)
    monkeypatch.setitem(PAGES, ".txt", "toy.line")
    result, folder = next(iter(CLAIMS.values()))(), ReportFolder(tmp_path)
    written = write_report(folder, result).with_suffix(".txt")
    assert written.read_text(encoding="utf-8").endswith(f"{written.stem}.json index.html")
    drop_pages(folder, written.stem)
    assert not written.exists()
