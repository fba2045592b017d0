"""Formulas that are refused: what is drawn for each is kept in ``mistakes.txt``.

``python -m tests.asking.test_mistakes`` writes it anew; read the difference.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from verify.asking import ask
from verify.errors import FormulaError, InputError

KEPT = Path(__file__).with_name("mistakes.txt")
LONG = "f(x) + f(x + 1) + f(x + 2) + f(x + 3) + f(x + 4) + f(x + 5) + f(x + 6) >= f(y) for x in all"
# The network (one input: relu; two inputs: max), and the formula.
WRONG = """
relu | f(x
relu | f(x) ==
relu | == f(x)
relu | f(x) = 0 for x in all
relu | f(x) >= 0
relu | f(x) >= f(y) for x in all
relu | f(x) >= 0 for
relu | f(x) >= 0 for x
relu | f(x) >= 0 for x, y
relu | f(x) >= 0 for x in
relu | f(x) >= 0 for x in bx(0, 1)
relu | f(x) >= 0 for x in box(0)
relu | f(x) >= 0 for x in box(1, 0)
relu | f(x) >= 0 for x in box([0, 0], [1, 1])
relu | f(x) >= 0 for x in nothere.npy
relu | f(x) >= 0 for x in all, 2
relu | f(x) for x in all
relu | f >= 0 for x in all
relu | h(x) >= 0 for x in all
relu | mx(f(x), 0) >= 0 for x in all
relu | f(x, y) >= 0 for x, y in all
relu | abs(f(x), 1) >= 0 for x in all
relu | f(x) & f(-x) for x in all
relu | !(f(x) >= 0) for x in all
relu | f(x)^2 >= 0 for x in all
relu | f(x)[1] >= 0 for x in all
relu | f(x)[1/2] >= 0 for x in all
relu | 2[0] <= f(x) for x in all
relu | f(x) >= 1/0 for x in all
relu | 1/f(x) >= 0 for x in all
relu | f(x) <= inf for x in all
relu | f(x) <= ∞ for x in all
relu | f(x) <= nan for x in all
relu | f(\u0445) >= 0 for x in all
relu | f(x) <= \uff11 for x in all
relu | f(x) >= 0 for f in all
relu | f(x) >= 1e9999 for x in all
relu | f(x)*x >= 0 for x in all
relu | t*f(x) >= 0 for x in all, t >= 0
relu | f(t*x) == t*f(x) for x in box(0, 1), t >= 0
relu | t*s == s*t => f(x) >= 0 for x in all, t in all, s in all
relu | f(x) >= 0 for x in all, t >= 0
relu | not (x in segment(0, 1)) => f(x) >= 0 for x in all
relu | f(x) + (f(x) >= 0) >= 0 for x in all
relu | f(x) >= 0 and for x in all
relu | f(x) >= 0 => x for x in all
relu | f([]) >= 0
relu | f(x) == 0 for all x
relu | forall x: f(x) >= 0
relu | for x in all: f(x) >= 0
relu | exists x in all: f(x) == 0
relu | f(x) >= 0 for x in [0, 1]
relu | f(x) ≥ 0 for x in all
relu | f(x) ≠ 0 for x ∈ all
relu | f(x)**2 >= 0 for x in all
relu | f[0](x) == 0 for x in all
relu | |f(x)| <= 1 for x in all
relu | f(x) >= 0, f(x) <= 1 for x in all
relu | f(x) -> f(y) for x, y in all
relu | f(x) <= f(y) if x <= y for x, y in all
relu | f(x) >= 0 where x in all
relu | f(x).max() >= 0 for x in all
relu | f([1, 2]) >= 0
relu | f(x) >= 0 for x in all; f(x) <= 1
max  | f(x) >= x for x in all
max  | f(x[0]) >= 0 for x in all
max  | f(x) == x + f(x)[0]*[1, 2, 3] for x in all
max  | f(x)[0] >= x[2] for x in all
"""


def rows() -> list[tuple[str, str]]:
    found = [tuple(part.strip() for part in line.split(" | ", 1)) for line in WRONG.strip().splitlines()]
    return [(network, text) for network, text in found] + [("relu", LONG)]


def message(network: str, text: str) -> str:
    try:
        result = ask(network, text)
    except FormulaError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 700
        return f"[{network}]\n{error.drawn}\n"
    raise AssertionError(f"{text} was decided: {result!r}")


def all_messages() -> str:
    return "\n".join(message(network, text) for network, text in rows())


def test_messages() -> None:
    assert len(rows()) >= 40
    assert all_messages() == KEPT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "f(" * 40 + "x" + ")" * 40 + " >= 0 for x in all",
        "[" * 49 + "1",
        "not " * 4_000 + "f(x) >= 0 for x in all",
        "f(x) >= 0 " + "=> f(x) >= 0 " * 1_000 + "for x in all",
        "f(x) >= " + "-" * 15_000 + "1 for x in all",
        "f(x) >= " + "9" * 15_000 + " for x in all",
        "f(x) >= " + "1e4999*" * 400 + "1 for x in all",
        "f(x) >= 0 for x in " + "(" * 500 + "all" + ")" * 500,
        "f(x)" + "[0]" * 3_000 + " >= 0 for x in all",
        "x" * 19_000,
        "f(x) >= 0 for " + "x in all, " * 1_500 + "x in all",
        "f(x)\0 >= 0 for x in all",
        "f(x) >= 0 for x in \ue000all",
        "\ue000",
        "f(x) ≥ 0 for x in all",
        "f(x)\n>= 0\tfor x in\nall",
        " and ".join(["(f(x) >= 0 or f(x) <= 1 or f(x) == 2)"] * 12) + " => f(x) >= 0 for x in all",
        "",
        "   ",
        "for x in all",
        "import os",
        "__import__('os').system('true') == 0",
    ],
)
def test_hostile_text(text: str) -> None:
    try:
        ask("relu", text, timeout=5)
    except InputError as error:
        assert len(str(error)) < 1_000
        assert "\n" not in str(error)


def test_the_error_travels_between_processes() -> None:
    with pytest.raises(FormulaError) as caught:
        ask("relu", "f(x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.drawn) == (str(caught.value), caught.value.drawn)


@pytest.mark.parametrize(
    ("let", "words"),
    [({"in": "relu"}, "cannot be bound"), ({"f": "abs"}, "bound twice"), ({"a b": "abs"}, "cannot be bound")],
)
def test_names_that_cannot_be_bound(let: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ask("relu", "f(x) >= 0 for x in all", let=let)


if __name__ == "__main__":
    KEPT.write_text(all_messages(), encoding="utf-8")
