"""Sums in the order of the inputs' numbers, and LaTeX in short lines that says the same."""

from __future__ import annotations

import re

import sympy

import verify
from verify.symbolic.output import lines
from verify.symbolic.printing import COLUMNS, Presentation, folded, latex, text

X = [sympy.Symbol(f"x{i}", real=True) for i in range(12)]


def test_inputs_are_in_the_order_of_their_numbers() -> None:
    form = sum(X) - 3 * X[10] + sympy.Max(0, X[10] - X[2]) - 1
    for shown in (text(form), latex(form), Presentation().doprint(form)):
        plain = re.sub(r"</?\w+>|[{}_\s]", "", shown)
        order = [int(n) for n in re.findall(r"(?<!\d)x(\d+)", plain)]
        linear = [n for n in order if n not in (2, 10)]
        assert linear == [n for n in range(12) if n not in (2, 10)]
    assert text(sum(X)) == " + ".join(f"x{i}" for i in range(12))
    assert sympy.sympify(text(form), locals={str(x): x for x in X}) == form


def test_long_latex_has_a_line_for_each_branch_and_reads_the_same() -> None:
    form = verify.symbolic_form("thread", on="box(0, 1)")
    (shown,) = lines(form, "piecewise", "latex")
    assert max(map(len, shown.splitlines())) <= COLUMNS + 10
    assert form.piecewise is not None
    whole = f"{latex(sympy.Function('f')(sympy.Symbol('x', real=True)))} = {latex(form.piecewise[0])}"
    assert shown.split() == whole.replace("\\\\x", "\\\\ x").replace("\\\\0", "\\\\ 0").split()
    branches = [line for line in shown.splitlines() if not line.startswith("  ")]
    assert len(branches) == len(form.piecewise[0].args)


def test_short_latex_stays_on_one_line() -> None:
    assert folded(r"f = \begin{cases} x & \text{for}\: x > 0 \\0 & \text{otherwise} \end{cases}").count("\n") == 0
