"""What pages say, as Markdown and as the text of the HTML; after a wanted change run with VERIFY_SNAPSHOTS=write."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.report.claims import kinds
from tests.report.test_html import PREFIX, parsed
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.index import write_index
from verify.report.record import Result

SNAPSHOTS = Path(__file__).parent / "snapshots"
KINDS = ["proved", "refuted", "unknown", "vacuous", "attested"]


def masked(text: str) -> str:
    """Without times and versions."""
    text = re.sub(r"\d+\.\d{3}(?= s\b)", "*", text)
    text = re.sub(r"Z3 \d[\d.]*", "Z3 *", text)
    return re.sub(r"((?:relu-verify|Python|numpy|scipy|highspy|z3-solver|onnx)) [\w.+]+(?=[,.]|\n|$)", r"\1 *", text)


def page_text(path: Path) -> str:
    """The words of an HTML page, a line for each block; drawings are left out."""
    body = parsed(path.read_text(encoding="utf-8")).find(f"{PREFIX}body")
    for parent in body.iter():
        for child in [c for c in parent if str(c.tag).endswith(("}svg", "}pre"))]:
            child.clear()
    blocks = ("h1", "h2", "h3", "p", "li", "dt", "dd", "summary", "figcaption", "td", "th", "pre")
    for node in body.iter():
        if str(node.tag).removeprefix(PREFIX) in blocks:
            node.text = "\n" + (node.text or "")
    lines = (" ".join(line.split()) for line in "".join(body.itertext()).split("\n"))
    return "\n".join(line for line in lines if line) + "\n"


def compare(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("VERIFY_SNAPSHOTS") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_what_pages_say(results: dict[str, Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    record = write_report(ReportFolder(Path("reports")), results[kind], stem=kind)
    compare(f"{kind}.md", masked(record.with_suffix(".md").read_text(encoding="utf-8")))
    compare(f"{kind}.txt", masked(page_text(record.with_suffix(".html"))))


def test_running_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        for name, result in kinds().items():
            write_report(ReportFolder(tmp_path / folder), result, stem=name)
        write_index(ReportFolder(tmp_path / folder))
    first, second = ({p.name: p.read_text() for p in (tmp_path / f).iterdir()} for f in ("first", "second"))
    timeless = re.compile(r'\d+\.\d{3}(?= s\b|</td>)|"seconds": [\d.e-]+|<b>\d+\.\d</b>(?=<span>seconds)')
    assert first.keys() == second.keys()
    for name, text in first.items():
        other = second[name].replace("second/", "first/")
        assert timeless.sub("*", text) == timeless.sub("*", other), name


def test_no_temporary_files_stay(pages: Path) -> None:
    assert {path.suffix for path in pages.iterdir()} == {".html", ".json", ".md", ".py"}
    assert not [path for path in pages.iterdir() if path.name.startswith(".")]
