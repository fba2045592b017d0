"""verify gate: exit statuses, what the terminal shows, files, folders, changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gate.conftest import CLAIMS, Write, claims
from tests.support.cli import call
from verify.cli.gate import FORMATS, gate

__all__ = ["claims"]
SNAPSHOTS = Path(__file__).parent / "snapshots"
GOOD = '[[claim]]\nnetwork = "relu"\nproperty = "convex"\nwhy = "It must be."\n'
BAD = '[[claim]]\nnetwork = "relu"\nproperty = "additive"\n'
LATE = '[[claim]]\nnetwork = "thread"\nproperty = "affine"\nengine = "stability"\n'
MISSING = '[[claim]]\nnetwork = "nowhere.onnx"\nproperty = "affine"\n'
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("text", "status"),
    [(GOOD, 0), (GOOD + BAD, 1), (GOOD + LATE, 3), (BAD + LATE, 1), (BAD + MISSING, 2), ("", 2), ("[[clam]]\n", 2)],
)
def test_exit_status(claims: Write, capsys: Capture, text: str, status: int) -> None:
    claims(text)
    assert call(capsys, "gate").status == status
    assert call(capsys, "gate", "--json").json["status"] == status


def test_no_file_at_all(claims: Write, capsys: Capture) -> None:
    (claims(GOOD)).unlink()
    called = call(capsys, "gate")
    assert called.status == 2 and "no claim found" in called.out


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_what_the_terminal_shows(claims: Write, capsys: Capture, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    claims(CLAIMS)
    shown = re.sub(r"\d+\.\d s(?=,|$)", "* s", call(capsys, "gate").out, flags=re.MULTILINE)
    claims('[[claim]]\nnetwrok = "relu"\nproperty = "convex"\nexpect = "Refuted"\n')
    shown += "\n" + call(capsys, "gate").out
    path = SNAPSHOTS / f"gate-{columns}.txt"
    if os.environ.get("VERIFY_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")
    prose = [line for line in shown.splitlines() if not line.strip().startswith("verify check")]
    assert max(map(len, prose)) <= columns


def test_every_format_at_once(claims: Write, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    claims(GOOD + BAD)
    files = {name: tmp_path / "out" / f"x.{name}" for name in ("junit", "sarif", "gitlab", "markdown")}
    options = [part for name, path in files.items() for part in (f"--{name}", path)]
    called = call(capsys, "gate", "--report", "pages", *options)
    assert called.status == 1 and "::error file=verify.toml,line=5" in called.out
    assert all(path.stat().st_size for path in files.values())
    assert "not as expected" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert json.loads(files["sarif"].read_text())["runs"][0]["results"][0]["ruleId"] == "claim-not-as-expected"


def test_a_format_is_one_line_of_the_table() -> None:
    options = [option.name for option in gate.params if option.metavar == "FILE"]
    assert options == list(FORMATS)


def test_options_that_make_no_sense(claims: Write, capsys: Capture, tmp_path: Path) -> None:
    claims(GOOD)
    for arguments in (
        ["--jobs", "0"],
        ["--timeout", "-1"],
        ["--pages", "some"],
        ["-k", "nothing"],
        ["--junit", str(tmp_path)],
        ["--sarif", "/proc/nowhere/x.json"],
        ["--report", "/proc/nowhere"],
        ["nowhere.toml"],
        ["--changed-since", "HEAD"],
    ):
        called = call(capsys, "gate", *arguments)
        assert called.status == 2, arguments
        assert len((called.err or called.out).splitlines()) <= 3


def test_report_folder(claims: Write, capsys: Capture, tmp_path: Path) -> None:
    claims(GOOD + BAD)
    folder = tmp_path / "pages"
    assert call(capsys, "gate", "--report", folder).status == 1
    kept, claim_pages = folder / "records", folder / "claims"
    records, pages = sorted(kept.glob("*.json")), sorted(claim_pages.glob("*.html"))
    assert len(records) == 2 and [page.name.split("-")[1] for page in pages] == ["additive"]
    assert (folder / ".gitignore").is_file()
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert pages[0].name in index and records[1].name in index
    for record in records:
        assert call(capsys, "recheck", record).status == 0
    assert call(capsys, "gate", "--report", folder, "--pages", "all").status == 1
    assert len(sorted(claim_pages.glob("*.html"))) == 2
    claims(GOOD)
    assert call(capsys, "gate", "--report", folder, "-k", "convex").status == 0
    assert len(sorted(kept.glob("*.json"))) == 2
    assert call(capsys, "gate", "--report", folder).status == 0
    assert [path.name.split("-")[1] for path in sorted(kept.glob("*.json"))] == ["convex"]
    assert not sorted(claim_pages.glob("*.html"))


def test_each_format_has_a_file_of_its_own(claims: Write, capsys: Capture, tmp_path: Path) -> None:
    claims(GOOD)
    called = call(capsys, "gate", "--junit", tmp_path / "a.xml", "--sarif", tmp_path / "b" / ".." / "a.xml")
    assert called.status == 2 and "--junit and --sarif are both" in called.err
    assert not (tmp_path / "a.xml").exists()


def test_foreign_folders_are_left_alone(claims: Write, capsys: Capture, tmp_path: Path) -> None:
    claims(GOOD)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("mine", encoding="utf-8")
    called = call(capsys, "gate", "--report", "site")
    assert called.status == 2 and "not known to be ours" in called.err
    assert call(capsys, "check", "relu", "convex", "--report", "site").status == 2
    assert sorted(os.listdir(tmp_path / "site")) == ["index.html"]
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.json").write_text("[]", encoding="utf-8")
    assert call(capsys, "gate", "--report", "notes").status == 0
    assert (tmp_path / "notes" / "a.json").read_text(encoding="utf-8") == "[]"


def test_fail_fast_and_selection(claims: Write, capsys: Capture) -> None:
    claims(BAD + GOOD + LATE)
    found = call(capsys, "gate", "--fail-fast", "--json")
    assert found.status == 1 and len(found.json["claims"]) == 1
    assert call(capsys, "gate", "-k", "not additive and not thread").status == 0
    listed = call(capsys, "gate", "--list")
    assert listed.status == 0
    assert listed.out.splitlines() == [
        "verify.toml:1: relu additive",
        "verify.toml:4: relu convex",
        "verify.toml:8: thread affine",
        "3 claims",
    ]


@pytest.mark.slow
def test_processes_give_the_same(claims: Write, capsys: Capture) -> None:
    claims(CLAIMS)
    found = [call(capsys, "gate", "--json", "--jobs", jobs).json for jobs in ("1", "2")]
    for data in found:
        for key in ("seconds", "search_seconds", "kernel_seconds"):
            del data[key]
        for claim in data["claims"]:
            for key in ("seconds", "search_seconds", "kernel_seconds", "cached"):
                del claim[key]
    assert found[0] == found[1]


def git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_changed_since(claims: Write, capsys: Capture, tmp_path: Path) -> None:
    layer = 'input = [1]\n[[layer]]\ntype = "dense"\nweight = [[1]]\nbias = [{}]\n[[layer]]\ntype = "relu"\n'
    own = '[[claim]]\nnetwork = "{}.toml"\nproperty = "convex"\n'
    for name in "ab":
        claims(layer.format(0), f"{name}.toml")
    claims(own.format("a") + own.format("b"))
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")

    def ids() -> list[str]:
        called = call(capsys, "gate", "--json", "--changed-since", "HEAD")
        assert called.status == 0, called
        return [claim["id"] for claim in called.json["claims"]]

    assert ids() == []
    assert "none of them changed" in call(capsys, "gate", "--changed-since", "HEAD").out
    claims(layer.format(1), "b.toml")
    assert ids() == ["b convex"]
    git(tmp_path, "commit", "-am", "second")
    claims("# moved\n\n" + own.format("a") + 'why = "other words"\n' + own.format("b") + 'on = "box(0, 1)"\n')
    assert ids() == ["b convex on box(0, 1)"]
    git(tmp_path, "commit", "-am", "third")
    claims(layer.format(1), "c.toml")
    claims(own.format("c"), "properties/new.toml")
    (tmp_path / "properties" / "c.toml").write_text(layer.format(1), encoding="utf-8")
    assert ids() == ["c convex"]
    for wrong in ("nothing", "-x", ""):
        assert call(capsys, "gate", "--changed-since", wrong).status == 2
