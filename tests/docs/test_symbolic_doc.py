"""Every example of docs/symbolic.md gives what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from verify.cli.run import run

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "symbolic.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


SESSIONS = [part for block in blocks("console") for part in block.split("$ verify ")[1:]]


@pytest.mark.parametrize("session", SESSIONS)
def test_commands(session: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, expected = session.split("\n", 1)
    assert run(shlex.split(command)) == 0
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str) -> None:
    exec(code, {})
