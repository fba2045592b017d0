"""From claims files to cases: defaults, values, ids, paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.gate.conftest import Write
from verify.errors import InputError
from verify.gate import filling
from verify.gate.files import ClaimsError, claims_files
from verify.gate.filling import SECONDS
from verify.gate.lines import key_lines
from verify.gate.plan import Case, cases_of
from verify.gate.select import selected
from verify.property import Property, find

CLAIM = '[[claim]]\nnetwork = "relu"\nproperty = "convex"\n'


def planned(write: Write, text: str, name: str = "verify.toml") -> list[Case]:
    return cases_of([write(text, name)])


def message(write: Write, text: str) -> str:
    with pytest.raises(ClaimsError) as caught:
        planned(write, text)
    return str(caught.value)


def test_defaults_and_the_claims_own_entries(claims: Write) -> None:
    text = '[defaults]\ntimeout = 5\nexpect = "refuted"\n' + CLAIM + "work = 7\n" + CLAIM + "timeout = 1.5\n" + CLAIM
    first, second, third = planned(claims, text)
    assert (first.work, first.timeout, first.expect) == (7, None, "refuted")
    assert (second.work, second.timeout, third.timeout) == (None, 1.5, 5)
    [plain] = planned(claims, CLAIM)
    assert (plain.timeout, plain.expect, plain.assurance, plain.vacuous) == (SECONDS, "proved", "checked", False)


def test_values_multiply(claims: Write, tmp_path: Path) -> None:
    for name in ("b", "a", "with space"):
        np.save(tmp_path / f"{name}.npy", np.zeros(1))
    text = CLAIM + 'on = "ball({image}, {eps})"\neach.image = "*.npy"\neach.eps = [0.10, "1/3"]\n'
    found = planned(claims, text)
    assert [case.on for case in found] == [
        "ball(a.npy, 1/10)",
        "ball(a.npy, 1/3)",
        "ball(b.npy, 1/10)",
        "ball(b.npy, 1/3)",
        'ball("with space.npy", 1/10)',
        'ball("with space.npy", 1/3)',
    ]
    assert found[0].id == "relu convex on ball(a.npy, 1/10)"
    assert [case.data_files for case in found][4] == ["with space.npy"]


def test_what_is_the_same_for_all_values_is_done_once(claims: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(name: str) -> Property:
        asked.append(name)
        return find(name)

    monkeypatch.setattr(filling, "find", counted)
    filling._property_name.cache_clear()
    text = CLAIM.replace("convex", "lipschitz 9 in l1") + 'on = "box({a}, {b})"\neach.a = [1, 2, 3]\neach.b = [4, 5]\n'
    assert len({case.id for case in planned(claims, text)}) == 6
    assert asked == ["lipschitz 9 in l1"]


def test_ids(claims: Write) -> None:
    text = CLAIM + CLAIM + CLAIM + 'id = "mine {n}"\non = "box(0, {n})"\neach.n = [1, 2]\n'
    assert [case.id for case in planned(claims, text)] == ["relu convex", "relu convex #2", "mine 1", "mine 2"]
    text = CLAIM + 'id = "mine"\non = "box(0, {n})"\neach.n = [1, 2]\n'
    assert [case.id for case in planned(claims, text)] == ["mine [n=1]", "mine [n=2]"]
    assert "taken" in message(claims, CLAIM + 'id = "a"\n' + CLAIM + 'id = "a"\n')
    [long] = planned(claims, CLAIM + f'on = "box(0, {"1" * 3000})"\n')
    assert len(long.id) <= 200


def test_paths_are_relative_to_the_file(claims: Write, tmp_path: Path) -> None:
    text = '[[claim]]\nnetwork = "nets/a.onnx"\nproperty = "equivalent"\nto = "../b.onnx"\non = "ball(x.npy, 1)"\n'
    [case] = planned(claims, text, "properties/a.toml")
    assert (case.network, case.to, case.on) == ("properties/nets/a.onnx", "b.onnx", "ball(properties/x.npy, 1)")
    assert case.file == "properties/a.toml" and case.line == 1


def test_formulas_replace_property_and_region(claims: Write) -> None:
    text = (
        '[defaults]\nnetwork = "relu"\nproperty = "convex"\non = "box(0, 1)"\n[[claim]]\n'
        'formula = "f(x) <= {top} for x in ball(x.npy, {eps})"\nlet.h = "h.onnx"\neach.top = [1]\neach.eps = ["1/2"]\n'
        "[[claim]]\n"
    )
    first, second = planned(claims, text, "properties/a.toml")
    assert first.formula == "f(x) <= 1 for x in ball(properties/x.npy, 1/2)" and first.on == "all"
    assert first.data_files == ["properties/x.npy"] and first.networks == ["relu", "properties/h.onnx"]
    assert first.id == "relu f(x) <= 1 for x in ball(x.npy, 1/2)"
    assert (second.formula, second.property, second.on) == (None, "convex", "box(0, 1)")
    [other] = planned(claims, '[defaults]\nformula = "f(x) >= 0"\nlet.h = "abs"\n' + CLAIM)
    assert other.formula is None and other.let == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[claim]]\nproperty = "convex"\n', "'network' is missing"),
        ('[[claim]]\nnetwork = "relu"\n', "'property' is missing"),
        ('[[claim]]\nnetwork = "relu"\nproperty = "convx"\n', "did you mean 'convex'"),
        ('[[claim]]\nnetwork = "relu"\n', "or formula = "),
        (CLAIM + 'let.h = "abs"\n', "'formula' is missing"),
        (CLAIM + 'to_output = "y"\n', "'to' is missing"),
        ('[defaults]\nformula = "f(x) >= 0"\n[[claim]]\nnetwork = "relu"\non = "all"\n', "says by itself"),
        (CLAIM + 'on = "box(0, {n})"\n', "there is no each.n"),
        (CLAIM + "each.n = [1]\n", "each.n is used nowhere"),
        (CLAIM + 'on = "box(0, {n"\neach.n = [1]\n', "has a brace"),
        (CLAIM + "each.n = []\n", "each.n is empty"),
        (CLAIM + 'on = "ball({n}, 1)"\neach.n = "*.npy"\n', "no file matches"),
        (CLAIM + 'engine = "magic"\n', "unknown engine"),
        (CLAIM + "".join(f"each.{c} = {list(range(1100))}\n" for c in "ab") + 'on = "box({a}, {b})"\n', "more than"),
    ],
)
def test_mistakes(claims: Write, text: str, words: str) -> None:
    assert words in message(claims, text)


def test_mistakes_of_all_files_are_told(claims: Write) -> None:
    paths = [claims(CLAIM + "a = 1\n", "a.toml"), claims(CLAIM, "b.toml"), claims(CLAIM + "c = 1\n", "c.toml")]
    with pytest.raises(ClaimsError) as caught:
        cases_of(paths)
    assert [problem.file for problem in caught.value.problems] == ["a.toml", "c.toml"]


def test_which_files(claims: Write, tmp_path: Path) -> None:
    for name in ("properties/b.toml", "properties/a.toml", "other.toml", "verify.toml", "claims/x.toml"):
        claims(CLAIM, name)
    claims("[tool.ruff]\n", "ruff.toml")
    names = [path.as_posix() for path in claims_files([])]
    assert names == ["verify.toml", "properties/a.toml", "properties/b.toml"]
    assert [p.as_posix() for p in claims_files(["."])] == [*names, "other.toml"]
    assert [p.as_posix() for p in claims_files(["claims", "claims/x.toml"])] == ["claims/x.toml"]
    for wrong in ("nowhere", "a\0b", "x" * 5000):
        with pytest.raises(ClaimsError, match="no such file"):
            claims_files([wrong])


def test_names_select(claims: Write) -> None:
    cases = planned(claims, CLAIM + CLAIM + 'on = "box(0, 1)"\n' + '[[claim]]\nnetwork = "abs"\nproperty = "even"\n')

    def ids(words: str) -> list[str]:
        return [case.id for case in selected(cases, words)]

    assert ids("RELU and not box") == ["relu convex"]
    assert ids("even or box") == ["relu convex on box(0, 1)", "abs even"]
    for wrong in ("", "a and ", "not "):
        with pytest.raises(InputError, match="a word is missing"):
            selected(cases, wrong)


def test_lines_of_keys() -> None:
    text = (
        '# c\n[defaults] # [x]\n a . b = """\n[[claim]]\n""" # z\n[[claim]]\nx = [ # [[\n "]", {y = 1},\n]\n'
        "q = '''\n]'''\n'odd key' = 1\n[claim.each]\nm = 1\n[[claim]]\nlast = \"\\\"[\"\n"
    )
    assert key_lines(text) == {
        ("defaults",): 2,
        ("defaults", "a", "b"): 3,
        ("claim", 0): 6,
        ("claim", 0, "x"): 7,
        ("claim", 0, "q"): 10,
        ("claim", 0, "odd key"): 12,
        ("claim", 0, "each"): 13,
        ("claim", 0, "each", "m"): 14,
        ("claim", 1): 15,
        ("claim", 1, "last"): 16,
    }
