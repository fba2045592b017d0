"""Every example of docs/language.md gives what the page says; its tables are the code's."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from tests.support.cli import without_lines
from verify.asking import ask
from verify.asking.definitions import DEFINITIONS, WITH_NUMBER
from verify.cli.run import run
from verify.errors import FormulaError
from verify.formats.formula_syntax import EXAMPLES
from verify.formats.formulas import parse_formula
from verify.formula.lowering import MAX_CASES
from verify.property import find
from verify.region import everything

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "language.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


SESSIONS = [part for block in blocks("console") for part in block.split("$ ")[1:]]
TABLE = re.findall(r"^\| `([^`]* for [^`]*)` \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize("session", SESSIONS)
def test_commands(session: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    command, expected = session.split("\n", 1)
    if command.startswith("printf "):
        script = shlex.split(command.partition(" | ")[0])[1].replace("\\n", "\n")
        monkeypatch.setattr("sys.stdin", io.StringIO(script))
        command = command.partition(" | ")[2]
    status = run(shlex.split(command)[1:])
    shown = [line for line in without_lines(capsys.readouterr().out).splitlines() if "checked, engine" not in line]
    assert "\n".join(shown) + "\n" == expected
    if " ask " in command:
        assert status == (1 if expected.startswith("REFUTED") else 0)


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str) -> None:
    exec(code, {})


def test_the_mistake_that_is_drawn() -> None:
    found = re.search(r"^```\n(verify: .*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None
    shown = found[1]
    with pytest.raises(FormulaError) as caught:
        ask("relu", shown.splitlines()[1])
    assert f"verify: this formula cannot be decided\n{caught.value.drawn}\n" == shown


def test_every_definition_is_on_the_page() -> None:
    for name, text in DEFINITIONS:
        assert name.split(" ")[-1].removeprefix("super").removeprefix("sub") in TEXT
        symbol = re.search(r"<=|>=", text.partition(" for ")[0])
        assert text in TEXT or (symbol and text.replace(symbol[0], "==", 1) in TEXT)
    for name in WITH_NUMBER:
        body = find(name.format("7")).definition.partition(" for ")[0]
        assert any(body.replace("7", letter) in TEXT for letter in "EK") or "sum" in body
    assert f"{MAX_CASES:,} ways" in TEXT


@pytest.mark.parametrize("text", [*TABLE, *EXAMPLES])
def test_examples_are_formulas(text: str) -> None:
    size = 2 if re.search(r"\[1\]|\[1, |\[\[", text) else 1
    plain = text.replace("ball(image.npy, 1/255)", "all")
    parse_formula(plain, {"f": (size, size), "g": (size, size)}, regions={"P": everything(size)})
