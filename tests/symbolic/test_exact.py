"""The evaluator and the Z3 translation: the same values as SymPy's own, and no guess about other nodes."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
import z3

from verify.symbolic.exact import holds, to_z3, value_of

X, Y = sympy.symbols("x y", real=True)
FORM = sympy.Piecewise(
    (sympy.Max(X, 2 * Y, 1), sympy.And(X > 0, Y <= 1)),
    (sympy.Min(X, Y) / 3, sympy.Or(X < -1, Y >= 2)),
    (X - Y, True),
    evaluate=False,
)


@pytest.mark.parametrize("x", [Fraction(-3), Fraction(-1), Fraction(0), Fraction(1, 3), Fraction(5, 2)])
@pytest.mark.parametrize("y", [Fraction(-2), Fraction(1), Fraction(2), Fraction(7, 3)])
def test_values(x: Fraction, y: Fraction) -> None:
    expected = FORM.subs({X: sympy.Rational(x.numerator, x.denominator), Y: sympy.Rational(y.numerator, y.denominator)})
    assert value_of(FORM, {X: x, Y: y}) == Fraction(int(expected.p), int(expected.q))
    a, b = z3.Reals("a b")
    term = z3.simplify(z3.substitute(to_z3(FORM, {X: a, Y: b}), (a, z3.RealVal(str(x))), (b, z3.RealVal(str(y)))))
    assert Fraction(str(term)) == Fraction(int(expected.p), int(expected.q))


def test_conditions() -> None:
    assert holds(sympy.And(X < 1, X >= 1, evaluate=False) | (X > 0), {X: Fraction(1)})
    assert not holds(sympy.false, {})


@pytest.mark.parametrize("node", [sympy.sin(X), X**2, sympy.sqrt(2), sympy.Abs(X), sympy.Symbol("x")])
def test_other_nodes_are_errors(node: object) -> None:
    for work in (lambda: value_of(node, {X: Fraction(1)}), lambda: to_z3(node, {X: z3.Real("x")})):
        with pytest.raises(TypeError, match="no node of kind"):
            work()


def test_a_piecewise_without_a_true_branch_is_an_error() -> None:
    with pytest.raises(ValueError, match="no branch"):
        value_of(sympy.Piecewise((X, X > 0), evaluate=False), {X: Fraction(-1)})
    with pytest.raises(ValueError, match="must be True"):
        to_z3(sympy.Piecewise((X, X > 0), evaluate=False), {X: z3.Real("x")})
