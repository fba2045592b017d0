"""The worked counterexample of a page: rounded numbers have the digits that tell the two sides apart."""

from __future__ import annotations

import verify
from verify.network import Builder
from verify.network.builder import relu
from verify.report.arithmetic import counterexample


def test_the_two_sides_of_an_equation_that_are_close() -> None:
    builder = Builder((1,), "near")
    x = builder.input
    network = builder.build(relu(x.scaled("1e-30").plus_number("1/3")))
    found = counterexample(verify.check(network, "even", on="box(-1, 1)"))
    assert found is not None
    left, right = found.combination.partition(", but ")[2].partition(" (they differ by")[0].split(" != ")
    assert left != right
    assert {left[:10], right[:10]} == {"~0.3333333"}
    assert "equal to the second" in found.says


def test_short_numbers_stay_one_sum() -> None:
    found = counterexample(verify.check("relu", "additive"))
    assert found is not None
    assert found.combination == "f(x + y) - f(x) - f(y) = 0 - 0 - 1 = -1"


def test_a_formula_whose_sides_are_close() -> None:
    found = counterexample(verify.ask("relu", "f(x + 1e-30) == f(x) for x in box(1/3, 1)"))
    assert found is not None
    left, right = found.combination.partition(" says ")[2].partition(" (")[0].partition(", which")[0].split(" == ")
    assert left != right
