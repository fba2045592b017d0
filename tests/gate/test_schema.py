"""The reader of claims files, its messages, and the JSON Schema that editors get."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from verify.gate.files import ClaimsError, Source, read
from verify.gate.schema import ClaimTable, Defaults, json_schema

ROOT = Path(__file__).resolve().parents[2]
CLAIM = '[[claim]]\nnetwork = "relu"\nproperty = "convex"\n'
FORMULA = '[[claim]]\nnetwork = "relu"\nformula = "f(x) >= 0"\n'
GOOD = [
    "",
    CLAIM,
    CLAIM + 'on = "box(0, 1)"\nto = "abs"\nengine = "auto"\nwhy = "because"\nid = "a name"\n',
    CLAIM + 'expect = "refuted"\nassurance = "attested"\nvacuous = true\n',
    CLAIM + "outputs = 0\ntimeout = 1\nwork = 1000\n",
    CLAIM + "outputs = [0, 2]\ntimeout = 0.5\n",
    CLAIM + 'each.eps = [0.1, 1, "1/3"]\neach.image = "*.npy"\n',
    CLAIM + "[claim.each]\neps = 3\n",
    "[defaults]\ntimeout = 3\n" + CLAIM,
    CLAIM + 'to = "abs"\noutput = "logits"\nto_output = "scores"\n',
    FORMULA + 'to = "abs"\nlet.h = "h.onnx"\nlet.g2 = "max"\n',
    "[defaults]\n" + FORMULA.split("\n", 1)[1] + "[[claim]]\n",
]
BAD = [
    "claim = 3\n",
    "[claim]\n",
    "[claims]\n",
    "[[defaults]]\n",
    "[defaults]\nid = 'x'\n",
    "[defaults]\neach.a = ['1']\n",
    CLAIM + 'netwrok = "relu"\n',
    CLAIM + "on = 3\n",
    CLAIM + "to = ''\n",
    CLAIM + 'expect = "Proved"\n',
    CLAIM + "expect = true\n",
    CLAIM + 'assurance = "sure"\n',
    CLAIM + "vacuous = 1\n",
    CLAIM + "outputs = -1\n",
    CLAIM + "outputs = []\n",
    CLAIM + "outputs = [true]\n",
    CLAIM + "outputs = [0.5]\n",
    CLAIM + 'outputs = "0"\n',
    CLAIM + "timeout = 0\n",
    CLAIM + "timeout = -1.5\n",
    CLAIM + 'timeout = "3"\n',
    CLAIM + "timeout = true\n",
    CLAIM + "work = 1.5\n",
    CLAIM + "work = 0\n",
    CLAIM + "each = 3\n",
    CLAIM + "each.a = true\n",
    CLAIM + "each.a = [[1]]\n",
    CLAIM + "each.a.b = 1\n",
    CLAIM + '"each"."b c" = [1]\n',
    CLAIM + 'each.a = ["x\\ny"]\n',
    FORMULA + 'property = "convex"\n',
    FORMULA + 'on = "box(0, 1)"\n',
    FORMULA + "outputs = 0\n",
    FORMULA + "let = 3\n",
    FORMULA + "let.h = 3\n",
    FORMULA + 'let."a b" = "abs"\n',
    '[[claim]]\nnetwork = "relu"\nformula = 3\n',
    '[defaults]\nformula = "f(x) >= 0"\non = "all"\n',
    CLAIM + "output = 3\n",
]


def written(folder: Path, text: str) -> Path:
    path = folder / "verify.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_published_schema_is_that_of_the_reader() -> None:
    assert json.loads((ROOT / "docs" / "claims.schema.json").read_text()) == json_schema()
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(tmp_path: Path, text: str) -> None:
    assert isinstance(read(written(tmp_path, text)), Source)
    jsonschema.validate(tomllib.loads(text), json_schema())


@pytest.mark.parametrize("text", BAD)
def test_both_reject(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClaimsError) as caught:
        read(written(tmp_path, text))
    assert len(caught.value.problems) == 1 and caught.value.problems[0].line > 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), json_schema())


def test_every_key_is_described() -> None:
    assert all(field.description for field in {**Defaults.model_fields, **ClaimTable.model_fields}.values())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (CLAIM + '\n# more\nexpct = "proved"\n', 6, "did you mean 'expect'"),
        (CLAIM + 'formula = "f(x) == 0"\n', 3, "'property' beside 'formula'"),
        (FORMULA + "let.h = 1\n", 4, "let.h is not right"),
        (FORMULA + 'formla = "x"\n', 4, "did you mean 'formula'"),
        (CLAIM + "[[clam]]\n", 4, "did you mean 'claim'"),
        (CLAIM + "[[claim]]\ntimeout = [\n 1,\n]\n", 5, "expected a positive number of seconds"),
        ('[defaults]\nwhy = """\n[[claim]]\n"""\nexpect = 1\n', 5, "'proved' or 'refuted'"),
    ],
)
def test_messages_name_the_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(ClaimsError) as caught:
        read(written(tmp_path, text))
    [problem] = caught.value.problems
    assert problem.line == line and words in problem.message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ClaimsError) as caught:
        read(written(tmp_path, CLAIM + "a = 1\nb = 2\n[[claim]]\non = 3\n"))
    assert [problem.line for problem in caught.value.problems] == [4, 5, 7]


@pytest.mark.parametrize(
    "text",
    [
        "[[claim]\n",
        "a = " + "[" * 5000,
        "x = 1" + "0" * 10_000,
        "timeout = nan\n",
        "timeout = 1e999999999\n",
        ".".join(["a"] * 10_000) + " = 1",
        "\x00",
        CLAIM + "timeout = 1e400\n",
        "d = 2026-13-45\n",
    ],
)
def test_hostile_files_are_one_message(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClaimsError) as caught:
        read(written(tmp_path, text))
    assert all(len(str(problem)) < 700 for problem in caught.value.problems)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "verify.toml"
    path.write_bytes(b"\xff\xfe\x00[[claim]]")
    with pytest.raises(ClaimsError, match="UTF-8") as caught:
        read(path)
    assert caught.value.problems[0].message.startswith("line 1: not UTF-8")
    with pytest.raises(ClaimsError, match="folder"):
        read(tmp_path)


def test_network_files_hold_no_claims(tmp_path: Path) -> None:
    assert read(written(tmp_path, 'input = [1]\n[[layer]]\ntype = "relu"\n')) is None


def test_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x"\n', encoding="utf-8")
    assert read(path) is None
    path.write_text('[tool.verify.defaults]\ntimeout = 3\n[[tool.verify.claim]]\nnetwork = "relu"\nprop = 1\n')
    with pytest.raises(ClaimsError) as caught:
        read(path)
    assert caught.value.problems[0].line == 5
    path.write_text("[tool]\nverify = 3\n", encoding="utf-8")
    with pytest.raises(ClaimsError, match="no table"):
        read(path)
