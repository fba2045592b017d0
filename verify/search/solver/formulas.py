"""A formula of the language as it stands, in Z3: nothing of its reduction is used (``verify.formula.lowering``).

Every network call is encoded where it stands, ``abs``, ``min`` and ``max`` are terms of Z3, and the query is that all
conditions hold and the body does not. Products of unknowns are possible here, and nonlinear.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

import z3

from verify.formula.tree import (
    Application,
    Apply,
    Compare,
    Constant,
    Entry,
    Every,
    Expression,
    Formula,
    Implication,
    Listing,
    Membership,
    Name,
    Negation,
    Product,
    Some,
    Statement,
    Sum,
    text_of,
)
from verify.network import Network
from verify.search.solver.encoding import Reals, encoded, inside, real, total

# A network's outputs at an argument; what defines them is added to the solver, under names with a prefix.
Encoder: TypeAlias = Callable[[Reals, Any, str], Reals]
COMPARE: dict[str, Any] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "!=": lambda a, b: a != b,
}


def negated_formula(formula: Formula, networks: Mapping[str, Network]) -> tuple[Any, dict[str, Any]]:
    """A Z3 solver that holds what refutes the formula, and its names (a real for a number, else a list of reals)."""
    solver = z3.Solver()
    return solver, add_negation(formula, {name: _function(network) for name, network in networks.items()}, solver)


def add_negation(formula: Formula, functions: Mapping[str, Encoder], solver: Any) -> dict[str, Any]:
    """Add what refutes the formula to the solver; returns its names."""
    query = _Query(formula, functions, solver)
    for condition in formula.conditions:
        held = query.statement(condition)
        if not z3.is_true(z3.simplify(held)):
            solver.add(*(held.children() if z3.is_and(held) else [held]))
    solver.add(z3.Not(query.statement(formula.body)))
    return query.variables


def _function(network: Network) -> Encoder:
    def outputs(argument: Reals, solver: Any, prefix: str) -> Reals:
        spread = argument * network.input_size if len(argument) != network.input_size else argument
        return encoded(network, spread, solver, prefix)

    return outputs


class _Query:
    def __init__(self, formula: Formula, functions: Mapping[str, Encoder], solver: Any) -> None:
        self.formula, self.functions, self.solver = formula, functions, solver
        self.variables: dict[str, Any] = {
            v.name: z3.Real(v.name) if v.is_number else [z3.Real(f"{v.name}_{i}") for i in range(v.size)]
            for v in formula.variables
        }
        self.calls: dict[str, Reals] = {}
        self.members = 0

    def statement(self, node: Statement) -> Any:
        match node:
            case Compare():
                left, right = _spread([self.value(node.left), self.value(node.right)])
                return _all([COMPARE[node.symbol](a, b) for a, b in zip(left, right, strict=True)])
            case Membership():
                return self.member(node)
            case Every():
                return z3.And([self.statement(part) for part in node.parts])
            case Some():
                return z3.Or([self.statement(part) for part in node.parts])
            case Negation():
                return z3.Not(self.statement(node.part))
            case Implication():
                return z3.Implies(self.statement(node.left), self.statement(node.right))

    def member(self, node: Membership) -> Any:
        """The point lies in the region: its parameters, if it has some, are determined by the point."""
        region, self.members = self.formula.regions[node.index], self.members + 1
        point = self.value(node.point)
        if len(point) != region.ambient:
            point = point * region.ambient
        return _all(inside(region, point, f"r{self.members}"))

    def value(self, node: Expression) -> Reals:
        match node:
            case Constant():
                return [real(node.value)]
            case Listing():
                return [real(value) for value in node.values]
            case Name():
                found = self.variables[node.name]
                return found if isinstance(found, list) else [found]
            case Sum():
                terms = _spread([_scaled(Fraction(sign), self.value(term)) for sign, term in node.terms])
                return [reduce(operator.add, column) for column in zip(*terms, strict=True)]
            case Product():
                return _scaled(node.factor, reduce(_multiplied, (self.value(part) for part in node.parts)))
            case Application():
                return self.call(node)
            case Entry():
                return [self.value(node.vector)[node.index]]
            case Apply():
                return self.applied(node)

    def call(self, node: Application) -> Reals:
        key = text_of(node)
        if key not in self.calls:
            prefix = f"c{len(self.calls)}"
            self.calls[key] = self.functions[node.function](self.value(node.argument), self.solver, prefix)
        return self.calls[key]

    def applied(self, node: Apply) -> Reals:
        values = [self.value(argument) for argument in node.arguments]
        if node.function == "abs":
            return [z3.Abs(v) for v in values[0]]
        if node.function == "sum":
            return [total(values[0])]
        choose = _least if node.function == "min" else _greatest
        if node.over_entries:
            return [reduce(choose, values[0])]
        return [reduce(choose, column) for column in zip(*_spread(values), strict=True)]


def _least(a: Any, b: Any) -> Any:
    return z3.If(a <= b, a, b)


def _greatest(a: Any, b: Any) -> Any:
    return z3.If(a >= b, a, b)


def _all(parts: Sequence[Any]) -> Any:
    """The conjunction; SMT-LIB has none of fewer than two parts."""
    if len(parts) == 1:
        return parts[0]
    return z3.And(list(parts)) if parts else z3.BoolVal(True)


def _scaled(factor: Fraction, values: Reals) -> Reals:
    if abs(factor) == 1:
        return [-v for v in values] if factor < 0 else values
    return [real(factor) * v for v in values]


def _multiplied(left: Reals, right: Reals) -> Reals:
    return [a * b for a, b in zip(*_spread([left, right]), strict=True)]


def _spread(values: Sequence[Reals]) -> list[Reals]:
    size = max(len(v) for v in values)
    return [v * size if len(v) == 1 else v for v in values]
