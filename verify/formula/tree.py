"""Syntax trees of the language of claims, and their text.

    expression = Constant | Listing | Name | Sum | Product | Call | Entry | Apply
    statement  = Compare | Member | Every | Some | Negation | Implication

A ``place`` is where the text of a node starts; it plays no part in comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verify.rational import exact_text
from verify.region import Region

FUNCTIONS = ("abs", "min", "max", "sum")
SYMBOLS = ("<=", ">=", "==", "<", ">", "!=")


class FormulaMistake(Exception):
    """A mistake at a place (from 0) of a formula's text; its reader draws a caret there."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


def _place() -> int:
    return field(default=0, compare=False)


@dataclass(frozen=True)
class Constant:
    """An exact number."""

    value: Fraction
    place: int = _place()


@dataclass(frozen=True)
class Listing:
    """A vector of exact numbers, ``[1, 1/2]``."""

    values: tuple[Fraction, ...]
    place: int = _place()


@dataclass(frozen=True)
class Name:
    """A quantified name."""

    name: str
    place: int = _place()


@dataclass(frozen=True)
class Sum:
    """Terms with signs 1 and -1; one term with sign -1 is its opposite."""

    terms: tuple[tuple[int, Expression], ...]
    place: int = _place()


@dataclass(frozen=True)
class Product:
    """A number times parts that are not numbers known beforehand; more than one part is not linear."""

    factor: Fraction
    parts: tuple[Expression, ...]
    place: int = _place()


@dataclass(frozen=True)
class Application:
    """A network's value: ``function`` is the name that it is bound to."""

    function: str
    argument: Expression
    place: int = _place()


@dataclass(frozen=True)
class Entry:
    """One entry of a vector, counted from 0."""

    vector: Expression
    index: int
    place: int = _place()


@dataclass(frozen=True)
class Apply:
    """``abs``, ``min``, ``max`` in every entry; ``min``, ``max`` and ``sum`` of one argument go over its entries."""

    function: str
    arguments: tuple[Expression, ...]
    place: int = _place()

    @property
    def over_entries(self) -> bool:
        """Whether the result is one number made of the entries of one vector."""
        return self.function == "sum" or (self.function != "abs" and len(self.arguments) == 1)


Expression: TypeAlias = Constant | Listing | Name | Sum | Product | Application | Entry | Apply


@dataclass(frozen=True)
class Compare:
    """``left symbol right``, in every entry."""

    left: Expression
    symbol: str
    right: Expression
    place: int = _place()


@dataclass(frozen=True)
class Membership:
    """``point in REGION``; ``index`` numbers the formula's regions, ``text`` is the region as it was written."""

    point: Expression
    text: str
    index: int = field(default=0, compare=False)
    place: int = _place()


@dataclass(frozen=True)
class Every:
    """All parts hold."""

    parts: tuple[Statement, ...]
    place: int = _place()


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: tuple[Statement, ...]
    place: int = _place()


@dataclass(frozen=True)
class Negation:
    """The part does not hold."""

    part: Statement
    place: int = _place()


@dataclass(frozen=True)
class Implication:
    """The right side holds where the left one does."""

    left: Statement
    right: Statement
    place: int = _place()


Statement: TypeAlias = Compare | Membership | Every | Some | Negation | Implication
FormulaNode: TypeAlias = Expression | Statement


@dataclass(frozen=True)
class Variable:
    """A quantified name: a vector with ``size`` entries, or a number (size 0)."""

    name: str
    size: int

    @property
    def is_number(self) -> bool:
        return self.size == 0


@dataclass(frozen=True, eq=False)
class Formula:
    """``body`` for all values of the variables that satisfy the conditions; ``text`` is how it was written."""

    body: Statement
    conditions: tuple[Statement, ...]
    variables: tuple[Variable, ...]
    regions: tuple[Region, ...]
    text: str

    def statements(self) -> tuple[Statement, ...]:
        """The conditions, then the body."""
        return (*self.conditions, self.body)

    def with_premises(self) -> tuple[list[Statement], Statement]:
        """All conditions, each a single one, and the conclusion: ``A => B`` for C is B for C and A."""
        conditions, body = conjuncts(self.conditions), self.body
        while isinstance(body, Implication):
            conditions += conjuncts([body.left])
            body = body.right
        return conditions, body


def conjuncts(nodes: Sequence[Statement]) -> list[Statement]:
    """The statements whose conjunction is that of ``nodes``."""
    result: list[Statement] = []
    for node in nodes:
        result += conjuncts(node.parts) if isinstance(node, Every) else [node]
    return result


def children(node: FormulaNode) -> tuple[FormulaNode, ...]:
    """The parts of a node, in the order in which they are written."""
    match node:
        case Sum():
            return tuple(term for _, term in node.terms)
        case Product() | Every() | Some():
            return node.parts
        case Application():
            return (node.argument,)
        case Entry():
            return (node.vector,)
        case Apply():
            return node.arguments
        case Compare() | Implication():
            return (node.left, node.right)
        case Membership():
            return (node.point,)
        case Negation():
            return (node.part,)
        case _:
            return ()


def walk(*roots: FormulaNode) -> Iterator[FormulaNode]:
    """All nodes, each before its parts, from left to right."""
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(children(node))


def names_of(*roots: FormulaNode) -> list[str]:
    """The quantified names, each once, in the order of first appearance."""
    return list(dict.fromkeys(node.name for node in walk(*roots) if isinstance(node, Name)))


def text_of(node: FormulaNode) -> str:
    """The node in the language, so that it reads back as the same tree (chained comparisons as a conjunction)."""
    match node:
        case Compare():
            return f"{text_of(node.left)} {node.symbol} {text_of(node.right)}"
        case Membership():
            return f"{text_of(node.point)} in {node.text}"
        case Every():
            return " and ".join(_enclosed(part, Every, Some, Implication) for part in node.parts)
        case Some():
            return " or ".join(_enclosed(part, Some, Implication) for part in node.parts)
        case Negation():
            return f"not {_enclosed(node.part, Every, Some, Implication, Negation)}"
        case Implication():
            return f"{_enclosed(node.left, Implication)} => {_enclosed(node.right, Implication)}"
        case _:
            return _expression_text(node)


def _enclosed(node: FormulaNode, *kinds: type) -> str:
    return f"({text_of(node)})" if isinstance(node, kinds) else text_of(node)


def _expression_text(node: Expression) -> str:
    match node:
        case Constant():
            return exact_text(node.value)
        case Listing():
            return f"[{', '.join(exact_text(value) for value in node.values)}]"
        case Name():
            return node.name
        case Sum():
            return _sum_text(node)
        case Product():
            return _product_text(node)
        case Application():
            return f"{node.function}({text_of(node.argument)})"
        case Entry():
            return f"{_enclosed(node.vector, Sum, Product, Constant)}[{node.index}]"
        case Apply():
            return f"{node.function}({', '.join(text_of(argument) for argument in node.arguments)})"


def _sum_text(node: Sum) -> str:
    text = ""
    for sign, term in node.terms:
        shown = _enclosed(term, Sum)
        if shown.startswith("-"):
            shown = f"({shown})"
        if not text:
            text = shown if sign > 0 else f"-{shown}"
        else:
            text += f" {'+' if sign > 0 else '-'} {shown}"
    return text


def _product_text(node: Product) -> str:
    parts = "*".join(_enclosed(part, Sum, Product, Constant) for part in node.parts)
    if node.factor == 1:
        return parts
    if node.factor.numerator == 1:
        return f"{parts}/{exact_text(Fraction(node.factor.denominator))}"
    return f"{exact_text(node.factor)}*{parts}"
