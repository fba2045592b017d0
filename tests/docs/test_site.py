"""The pages of docs/: guides print what they show, the reference is what the code says, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import guides, reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
LEMMAS = re.findall(r"^## Lemma (\d+): ", (DOCS / "lemmas.md").read_text(encoding="utf-8"), re.MULTILINE)
NAMED = re.compile(r"\blemmas? (\d+)(?:(?:, (\d+))*,? (?:and|to) (\d+))?", re.IGNORECASE)


@pytest.mark.parametrize("page", guides.PAGES, ids=lambda page: page.stem)
def test_guides_show_what_is_printed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    with guides.elsewhere():
        assert guides.renewed(text) == text  # else: python -m tests.support.guides


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    stated = (DOCS / name).read_text(encoding="utf-8")
    assert reference.PAGES[name]() == stated  # else: python -m tests.support.reference


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as on the site and in renderers of plain Markdown."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (page.parent / path) if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_every_page_stands_in_the_contents() -> None:
    contents = set(re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert contents == {str(page.relative_to(DOCS)) for page in PAGES}
    linked = set(LINK.findall((DOCS / "index.md").read_text(encoding="utf-8")))
    assert contents - linked == {"index.md"}


def test_every_lemma_that_is_named_is_stated() -> None:
    assert [str(number) for number in range(1, 14)] == LEMMAS
    count = 0
    for folder in ("verify", "docs", "tests", "properties", "benchmarks", "examples"):
        for path in (p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".md", ".toml", ".html")):
            for found in NAMED.finditer(path.read_text(encoding="utf-8")):
                assert {number for number in found.groups() if number} <= set(LEMMAS), (path, found[0])
                count += 1
    assert count > 100  # the pattern still finds them


def test_every_lemma_has_a_proof() -> None:
    parts = (DOCS / "lemmas.md").read_text(encoding="utf-8").split("\n## Lemma ")[1:]
    [elsewhere] = [part for part in parts if not ("*Proof.*" in part and "∎" in part)]
    assert elsewhere.startswith("12: ")
    assert "](smooth.md)" in elsewhere
    assert "*Proof.*" in (DOCS / "smooth.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]'")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!www\.mkdocs\.org)', index)  # loads nothing from elsewhere


@pytest.mark.filterwarnings("ignore")  # what torch says about its own parts
def test_the_export_of_the_pytorch_guide_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    import verify

    monkeypatch.chdir(tmp_path)
    blocks = guides.BLOCK.findall((DOCS / "guides" / "pytorch.md").read_text(encoding="utf-8"))
    exec(next(code for _, code in blocks if code.startswith("# export.py")), {})
    assert verify.load("model.onnx").relu_count == 4
