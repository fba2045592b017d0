"""What a formula says at one assignment, literally: every part is evaluated exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

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
from verify.rational import Assignment, Vector, vector
from verify.region import Region

# A vector has its entries, a number one: sizes have been checked, and one number beside a vector counts for each entry.
Values: TypeAlias = list[Fraction]
COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "!=": lambda a, b: a != b,
}


class Meaning:
    """A formula at one assignment; ``apply`` gives the exact value of a network, once for each argument."""

    def __init__(
        self,
        formula: Formula,
        inputs: Mapping[str, int],
        assignment: Assignment,
        apply: Callable[[str, Vector], Vector],
    ) -> None:
        self.formula, self.inputs, self.apply = formula, inputs, apply
        self.names = {name: v.fractions() if isinstance(v, Vector) else [v] for name, v in assignment.items()}
        self.calls: dict[tuple[str, tuple[Fraction, ...]], Values] = {}
        self.written: dict[tuple[str, tuple[Fraction, ...]], str] = {}  # each call as the formula writes it first

    def satisfies_conditions(self) -> bool:
        """Whether all conditions hold."""
        return all(self.holds(condition) for condition in self.formula.conditions)

    def is_true(self) -> bool:
        """Whether the formula holds here: a condition fails, or the body holds."""
        return not self.satisfies_conditions() or self.holds(self.formula.body)

    def holds(self, node: Statement) -> bool:
        """Whether a statement holds."""
        match node:
            case Compare():
                return all(COMPARE[node.symbol](a, b) for a, b in self.compared(node))
            case Membership():
                return self.region_of(node).contains(vector(self.point(node)))
            case Every():
                return all(self.holds(part) for part in node.parts)
            case Some():
                return any(self.holds(part) for part in node.parts)
            case Negation():
                return not self.holds(node.part)
            case Implication():
                return not self.holds(node.left) or self.holds(node.right)

    def compared(self, node: Compare) -> list[tuple[Fraction, Fraction]]:
        """The pairs of entries that a comparison compares."""
        left, right = _spread([self.value(node.left), self.value(node.right)])
        return list(zip(left, right, strict=True))

    def region_of(self, node: Membership) -> Region:
        """The region that a membership is about."""
        return self.formula.regions[node.index]

    def point(self, node: Membership) -> Values:
        """The point that a membership is about."""
        return self.value(node.point)

    def value(self, node: Expression) -> Values:
        """The entries of an expression (one for a number)."""
        match node:
            case Constant():
                return [node.value]
            case Listing():
                return list(node.values)
            case Name():
                return self.names[node.name]
            case Sum():
                terms = _spread([self.value(term) for _, term in node.terms])
                signs = [sign for sign, _ in node.terms]
                return [
                    sum(s * v for s, v in zip(signs, c, strict=True)) + Fraction(0) for c in zip(*terms, strict=True)
                ]
            case Product():
                result = [node.factor]
                for part in node.parts:
                    left, right = _spread([result, self.value(part)])
                    result = [a * b for a, b in zip(left, right, strict=True)]
                return result
            case Application():
                return self.called(node)
            case Entry():
                return [self.value(node.vector)[node.index]]
            case Apply():
                return self.applied(node)

    def argument(self, node: Application) -> Vector:
        """The argument of a call."""
        values = self.value(node.argument)
        return vector(values * self.inputs[node.function] if len(values) == 1 else values)

    def called(self, node: Application) -> Values:
        argument = self.argument(node)
        key = node.function, tuple(argument.fractions())
        if key not in self.calls:
            self.written[key] = text_of(node)
            self.calls[key] = self.apply(node.function, argument).fractions()
        return self.calls[key]

    def applied(self, node: Apply) -> Values:
        values = [self.value(argument) for argument in node.arguments]
        if node.function == "abs":
            return [abs(v) for v in values[0]]
        choose: Callable[[Iterable[Fraction]], Fraction] = min if node.function == "min" else max
        if node.over_entries:
            return [_total(values[0]) if node.function == "sum" else choose(values[0])]
        return [choose(column) for column in zip(*_spread(values), strict=True)]


def _total(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


def _spread(values: Sequence[Values]) -> list[Values]:
    """One number beside vectors, for each of their entries."""
    size = max(len(v) for v in values)
    return [v * size if len(v) == 1 else v for v in values]
