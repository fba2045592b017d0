"""Smooth units in symbolic forms: their SymPy expressions, in textbook notation where a sum has it, and their values.

The canonical form has even and odd functions (``verify.network.smooth``). A sum that contains one together with the
affine part of its activation is written as the activation: ``z/2 + log(2 cosh(z/2))`` is ``log(1 + exp(z))``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from verify.network.smooth import GELU_CUBIC
from verify.rational import Real
from verify.symbolic.exact import _COMMON, Substitution, Visit, holds, walk
from verify.symbolic.frame import Expr, number
from verify.symbolic.units import ONE, LinearSum, added

HALF = Fraction(1, 2)
# Precision of the comparison of a form with its network.
BITS = 512


def applied(function: str, z: Expr) -> Expr:
    """The function of the canonical form, in SymPy."""
    return _FUNCTIONS[function](z)


def activation(function: str, z: Expr) -> Expr:
    """The activation that has this function as its even part: softplus, SiLU or GELU of z."""
    return _ACTIVATIONS[function](z)


def _gelu_inner(z: Expr) -> Expr:
    return sympy.sqrt(2 / sympy.pi) * (z + number(GELU_CUBIC) * z**3)


_FUNCTIONS: dict[str, Callable[[Expr], Expr]] = {
    "exp": sympy.exp,
    "tanh": sympy.tanh,
    "logcosh": lambda z: sympy.log(2 * sympy.cosh(z / 2)),
    "silu_even": lambda z: z * sympy.tanh(z / 2) / 2,
    "gelu_even": lambda z: z * sympy.erf(z / sympy.sqrt(2)) / 2,
    "gelu_tanh_even": lambda z: z * sympy.tanh(_gelu_inner(z)) / 2,
    "erf": sympy.erf,
    "erf_even": lambda z: z * sympy.erf(z) / 2,
}

_ACTIVATIONS: dict[str, Callable[[Expr], Expr]] = {
    "logcosh": lambda z: sympy.log(1 + sympy.exp(z)),
    "silu_even": lambda z: z / (1 + sympy.exp(-z)),
    "gelu_even": lambda z: z * (1 + sympy.erf(z / sympy.sqrt(2))) / 2,
    "gelu_tanh_even": lambda z: z * (1 + sympy.tanh(_gelu_inner(z))) / 2,
    "erf_even": lambda z: z * (1 + sympy.erf(z)) / 2,
}


def written(
    z: LinearSum, smooth: Mapping[int, tuple[str, LinearSum]], express: Callable[[LinearSum], Expr]
) -> tuple[LinearSum, list[Expr]]:
    """The sum without the smooth units among its keys, and the terms that they (with parts of it) are written as."""
    rest, terms = dict(z), []
    for j in sorted(key for key in z if key in smooth):
        function, argument = smooth[j]
        factor = rest.pop(j)
        rest, term = _textbook(function, factor, argument, rest, express)
        terms.append(number(factor) * term)
    return rest, terms


def _textbook(
    function: str, factor: Fraction, argument: LinearSum, rest: LinearSum, express: Callable[[LinearSum], Expr]
) -> tuple[LinearSum, Expr]:
    """One unit: as its activation where that takes terms from the rest, else as it is."""
    if function == "tanh" and rest.get(ONE) == factor:  # 1 + tanh(z) = 2 sigmoid(2 z)
        return added([(Fraction(1), rest), (-factor, {ONE: Fraction(1)})]), 2 / (
            1 + sympy.exp(express(added([(Fraction(-2), argument)])))
        )
    if function in _ACTIVATIONS:
        for sign in (1, -1):
            less = added([(Fraction(1), rest), (-sign * factor * HALF, argument)])
            if len(less) < len(rest):
                return less, activation(function, express(added([(Fraction(sign), argument)])))
    return rest, applied(function, express(argument))


def enclosure_of(expression: Expr, values: Mapping[Expr, Fraction]) -> Real:
    """Bounds on an expression at given numbers; conditions, which are affine, are decided exactly."""
    from flint import arb, ctx, fmpq

    from verify.kernel.axioms.balls import bounds_of

    with ctx.workprec(BITS):
        known = {symbol: arb(fmpq(v.numerator, v.denominator)) for symbol, v in values.items()}
        found = walk(expression, known, _ball_rules(values))
        return bounds_of(found)


def _ball_rules(values: Substitution) -> dict[Any, Callable[[Expr, Visit], Any]]:
    from flint import arb, fmpq

    def branch(node: Expr, visit: Visit) -> Any:
        for pair in node.args:
            if holds(pair.cond, values):
                return visit(pair.expr)
        raise ValueError("no branch of the Piecewise holds here")

    def power(node: Expr, visit: Visit) -> Any:
        exponent = node.exp
        base = visit(node.base)
        if exponent == sympy.Rational(1, 2):
            return base.sqrt()
        if exponent == sympy.Rational(-1, 2):
            return 1 / base.sqrt()
        if not exponent.is_Integer:
            raise TypeError(f"a symbolic form has no power {exponent}")
        return base ** int(exponent)

    def extreme(node: Expr, visit: Visit, word: str) -> Any:
        first, *others = (visit(part) for part in node.args)
        for other in others:
            first = getattr(first, word)(other)
        return first

    return {
        **{kind: rule for kind, rule in _COMMON.items() if kind in (sympy.Add, sympy.Mul)},
        sympy.Rational: lambda node, _: arb(fmpq(int(node.p), int(node.q))),
        sympy.Max: lambda node, visit: extreme(node, visit, "max"),
        sympy.Min: lambda node, visit: extreme(node, visit, "min"),
        sympy.Piecewise: branch,
        sympy.Pow: power,
        sympy.exp: lambda node, visit: visit(node.args[0]).exp(),
        type(sympy.E): lambda *_: arb(1).exp(),
        type(sympy.pi): lambda *_: arb.pi(),
        sympy.tanh: lambda node, visit: visit(node.args[0]).tanh(),
        sympy.cosh: lambda node, visit: visit(node.args[0]).cosh(),
        sympy.log: lambda node, visit: visit(node.args[0]).log(),
        sympy.erf: lambda node, visit: visit(node.args[0]).erf(),
    }
