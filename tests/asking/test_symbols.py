"""The language in Python: expressions write its text, and nothing else."""

from __future__ import annotations

from fractions import Fraction

import pytest

import verify
from verify.asking import Symbolic, Truth
from verify.errors import FormulaError
from verify.formats.formulas import parse_formula

(f, g) = verify.functions("f g")
(largest, smallest, total) = verify.functions("max, min, sum")
x, y, d, t = verify.variables("x y d t")
BOX = "box(0, 1)"

SAME = [
    ((f(x + y) == f(x) + f(y)).forall(x.isin(BOX), y.isin(BOX)), "f(x + y) == f(x) + f(y) for x, y in box(0, 1)"),
    ((f(2 * x) == 2 * f(x)).forall(x >= 0), "f(2*x) == 2*f(x) for x >= 0"),
    ((f(t * x) == t * f(x)).forall(x.isin("all"), t >= 0), "f(t*x) == t*f(x) for x in all, t >= 0"),
    ((f(x) <= f(x + d)).forall(x.isin(BOX), d >= 0), "f(x) <= f(x + d) for x in box(0, 1), d >= 0"),
    ((abs(f(x) - g(x)) <= Fraction(1, 20)).forall(x.isin(BOX)), "abs(f(x) - g(x)) <= 1/20 for x in box(0, 1)"),
    ((f(x)[0] > 0.5).forall(x.isin(BOX)), "f(x)[0] > 1/2 for x in box(0, 1)"),
    ((f(-x) != -f(x)).forall(x.isin(BOX)), "f(-x) != -f(x) for x in box(0, 1)"),
    (((f(x) > 0) | (x < 0)).forall(x.isin(BOX)), "f(x) > 0 or x < 0 for x in box(0, 1)"),
    (((f(x) > 0) & ~(x < 0)).forall(x.isin(BOX)), "f(x) > 0 and not (x < 0) for x in box(0, 1)"),
    (((x <= y) >> (f(x) <= f(y))).forall(x.isin(BOX), y.isin(BOX)), "x <= y => f(x) <= f(y) for x, y in box(0, 1)"),
    ((f(x) == largest(x, 0)).forall(x.isin("all")), "f(x) == max(x, 0) for x in all"),
    ((smallest(f(x), 1) <= total(x)).forall(x.isin(BOX)), "min(f(x), 1) <= sum(x) for x in box(0, 1)"),
    ((f([1]) == "1/3").forall(), None),
    ((1 - f(x) / 3 >= (f(x) - 1) * 2).forall(x.isin(BOX)), "1 - f(x)/3 >= (f(x) - 1)*2 for x in box(0, 1)"),
    ((f(x - [1]) < 3).forall(x.isin(BOX)), "f(x - [1]) < 3 for x in box(0, 1)"),
]


@pytest.mark.parametrize(("statement", "text"), [pair for pair in SAME if pair[1]])
def test_an_expression_is_its_text(statement: Truth, text: str) -> None:
    sizes = {"f": (1, 1), "g": (1, 1)}
    made, written = parse_formula(str(statement), sizes), parse_formula(text, sizes)
    assert (made.body, made.conditions) == (written.body, written.conditions)


def test_regions_made_in_python() -> None:
    network = verify.load("max")
    region = verify.parse_region("box([0, 0], [1, 2]) & where(x0 <= x1)", network)
    result = verify.ask(network, (f(x) == x[1]).forall(x.isin(region)))
    assert result.verdict is verify.Verdict.PROVED
    assert verify.ask("max", "f(x) == x[1] for x in Q", let={"Q": region}).verdict is verify.Verdict.PROVED


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: bool(x <= y),
        lambda: 0 <= x <= 1,
        lambda: bool(f(x)),
        lambda: list(f(x)),
        lambda: (f(x) >= 0).forall(x.isin(BOX)) & (x >= 0),
        lambda: (f(x) >= 0).forall(x.isin(BOX)).forall(x >= 0),
        lambda: verify.variables("1x"),
        lambda: verify.functions("f(x)"),
    ],
)
def test_what_python_cannot_say(wrong: object) -> None:
    with pytest.raises(FormulaError):
        wrong()  # type: ignore[operator]


def test_names_can_be_kept_in_sets() -> None:
    assert len({x, y, x}) == 2
    assert isinstance(x + 1, Symbolic)


def test_the_catalogue_is_found_from_python_too() -> None:
    statement = (f(t * x) == t * f(x)).forall(x.isin("nonneg"), t >= 0)
    assert verify.ask("relu", statement).claim.property.name == "positively homogeneous"
