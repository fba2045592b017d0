"""Exact evaluation and Z3 translation of the few kinds of SymPy nodes that a symbolic form has.

Written here because ``subs`` simplifies as it goes: this is a thousand times faster and does one thing. A node of
any other kind is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from verify.symbolic.frame import Expr

Substitution = Mapping[Any, Any]
Visit = Callable[[Expr], Any]


def value_of(expression: Expr, values: Mapping[Expr, Fraction]) -> Fraction:
    """The exact value at given numbers for the symbols; a Piecewise without a true condition is an error."""
    result = walk(expression, {**dict(values)}, _NUMBERS)
    assert isinstance(result, Fraction)
    return result


def holds(condition: Expr, values: Mapping[Expr, Fraction]) -> bool:
    """Whether a condition (relations, And, Or, true, false) holds."""
    return bool(walk(condition, {**dict(values)}, _NUMBERS))


def to_z3(expression: Expr, variables: Mapping[Expr, Any]) -> Any:
    """The expression, or condition, as a Z3 term."""
    return walk(expression, {**dict(variables)}, _z3_rules())


def walk(expression: Expr, known: dict[Expr, Any], rules: dict[Any, Callable[[Expr, Visit], Any]]) -> Any:
    """Apply the rule of each node's kind, each shared node once; ``known`` starts with the symbols."""

    def visit(node: Expr) -> Any:
        if node not in known:
            rule = next((rules[kind] for kind in type(node).__mro__ if kind in rules), None)
            if rule is None:
                raise TypeError(f"a symbolic form has no node of kind {type(node).__name__}: {node}")
            known[node] = rule(node, visit)
        return known[node]

    return visit(expression)


def _branch(node: Expr, visit: Visit) -> Any:
    for pair in node.args:
        if visit(pair.cond):
            return visit(pair.expr)
    raise ValueError("no branch of the Piecewise holds here")


def _relation(compare: Callable[[Any, Any], Any]) -> Callable[[Expr, Visit], Any]:
    return lambda node, visit: compare(visit(node.lhs), visit(node.rhs))


_COMMON: dict[Any, Callable[[Expr, Visit], Any]] = {
    sympy.Gt: _relation(lambda a, b: a > b),
    sympy.Ge: _relation(lambda a, b: a >= b),
    sympy.Lt: _relation(lambda a, b: a < b),
    sympy.Le: _relation(lambda a, b: a <= b),
    sympy.Add: lambda node, visit: reduce(lambda a, b: a + b, [visit(part) for part in node.args]),
    sympy.Mul: lambda node, visit: reduce(lambda a, b: a * b, [visit(part) for part in node.args]),
}

_NUMBERS: dict[Any, Callable[[Expr, Visit], Any]] = {
    **_COMMON,
    sympy.Rational: lambda node, _: Fraction(int(node.p), int(node.q)),
    sympy.Max: lambda node, visit: max(visit(part) for part in node.args),
    sympy.Min: lambda node, visit: min(visit(part) for part in node.args),
    sympy.Piecewise: _branch,
    sympy.And: lambda node, visit: all(visit(part) for part in node.args),
    sympy.Or: lambda node, visit: any(visit(part) for part in node.args),
    BooleanTrue: lambda *_: True,
    BooleanFalse: lambda *_: False,
}


def _z3_rules() -> dict[Any, Callable[[Expr, Visit], Any]]:
    import z3

    def piecewise(node: Expr, visit: Visit) -> Any:
        *cases, last = node.args
        if last.cond != sympy.true:
            raise ValueError("the last condition of a Piecewise must be True")
        return reduce(lambda rest, case: z3.If(visit(case.cond), visit(case.expr), rest), cases[::-1], visit(last.expr))

    return {
        **_COMMON,
        sympy.Rational: lambda node, _: z3.RealVal(f"{node.p}/{node.q}"),
        sympy.Max: lambda node, visit: reduce(lambda a, b: z3.If(a > b, a, b), [visit(part) for part in node.args]),
        sympy.Min: lambda node, visit: reduce(lambda a, b: z3.If(a < b, a, b), [visit(part) for part in node.args]),
        sympy.Piecewise: piecewise,
        sympy.And: lambda node, visit: z3.And([visit(part) for part in node.args]),
        sympy.Or: lambda node, visit: z3.Or([visit(part) for part in node.args]),
        BooleanTrue: lambda *_: z3.BoolVal(True),
        BooleanFalse: lambda *_: z3.BoolVal(False),
    }
