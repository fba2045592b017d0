"""Every example of docs/families.md gives what the page says, and its tables name what the code knows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.cli import without_lines
from verify.cli.run import run
from verify.family import conditions
from verify.formats.toml_family import LAYER_TYPES, load_family
from verify.network.families.ranges import parse_range
from verify.search.families.decide import ENGINES

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "families.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


SESSIONS = [part for block in blocks("console") for part in block.split("$ verify ")[1:]]


@pytest.mark.parametrize("session", SESSIONS)
def test_commands(
    session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "popular.toml").write_text(blocks("toml")[0])
    monkeypatch.chdir(tmp_path)
    command, expected = session.split("\n", 1)
    assert run(shlex.split(command)) == (1 if expected.startswith("REFUTED") else 0)
    shown = without_lines(capsys.readouterr().out).splitlines(keepends=True)
    assert "".join(shown[:-1]) == expected  # the last line has the seconds


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str) -> None:
    exec(code, {})


def test_the_file_is_a_family(tmp_path: Path) -> None:
    (tmp_path / "popular.toml").write_text(blocks("toml")[0])
    assert load_family(tmp_path / "popular.toml").output_size == 10


def test_tables() -> None:
    first = {name for line in TEXT.splitlines() if line.startswith("| `") for name in _names(line)}
    assert set(LAYER_TYPES) <= first
    for engine in ENGINES:
        assert f"`{engine}`" in TEXT
    for name in re.findall(r"^\| `(\w+)\(", TEXT, re.MULTILINE):
        assert callable(getattr(conditions, name))
    for line in TEXT.splitlines():
        if line.startswith('| `"'):
            for text in re.findall(r'`"(.*?)"`', line.split("|")[1]):
                parse_range(text)


def _names(line: str) -> list[str]:
    return re.findall(r"`(\w+)`", line.split("|")[1])
