"""Formulas of the language, ``f(x + y) == f(x) + f(y) for x, y in box(0, 1)``, read into trees.

Numbers are read exactly and nothing is evaluated as code. ``docs/language.md`` is the reference.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from verify.errors import InputError
from verify.formats.expressions import parse_region
from verify.formats.formula_syntax import FIRST_MARK, mistaken, parse
from verify.formats.halfspaces import bounded, exact
from verify.formats.syntax import MAX_NESTING, as_token, as_tree, as_typed, is_token, position
from verify.formula.kinds import CheckedSizes, sizes_of
from verify.formula.tree import (
    FUNCTIONS,
    Application,
    Apply,
    Compare,
    Constant,
    Entry,
    Every,
    Expression,
    Formula,
    FormulaMistake,
    FormulaNode,
    Implication,
    Listing,
    Membership,
    Name,
    Negation,
    Product,
    Some,
    Statement,
    Sum,
    Variable,
    names_of,
    text_of,
    walk,
)
from verify.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lark import Token, Tree

    from verify.formats.syntax import Node as Parsed

# Inputs and outputs of a network.
Sizes: TypeAlias = tuple[int, int]
# Names that are meant as numbers, and what to write instead.
NO_NUMBERS = {
    **dict.fromkeys(("inf", "infinity", "oo"), "infinity is written in regions alone: x in box(0, inf)"),
    **dict.fromkeys(("nan", "pi"), "only rational numbers are there, such as 22/7"),
}
STATEMENTS = (Compare, Membership, Every, Some, Negation, Implication)


def parse_formula(
    text: str,
    functions: Mapping[str, Sizes],
    *,
    regions: Mapping[str, Region] | Sequence[Region] = (),
    base_dir: Path | None = None,
    values: Mapping[str, Fraction | tuple[Fraction, ...]] | None = None,
) -> Formula:
    """The formula, for networks of these sizes by the names that they are bound to.

    ``regions`` are regions by name, or those of the whole formula in order (then none is read). File names are relative
    to ``base_dir``. Names among ``values`` stand for these numbers and vectors. Raises ``FormulaError``, which draws
    the place of the mistake.
    """
    text = as_typed(text)
    with drawn(text):
        tree, written = parse(text)
        body, conditions = _Reader(functions, written, values).formula(tree)
        statements = [*conditions, body]
        known = set(names_of(*conditions))
        free = next((n for n in walk(body) if isinstance(n, Name) and n.name not in known), None)
        if free is not None:
            hint = NO_NUMBERS.get(free.name.lower(), f"say where it lives: for {free.name} in all")
            raise FormulaMistake(free.place, f"{free.name} is not quantified; {hint}")
        sizes = sizes_of(statements, functions)
        variables = tuple(Variable(name, sizes[name]) for name in names_of(*statements))
        places = _Regions(sizes, functions, written, regions, base_dir)
        found = places.of(statements)
        return Formula(body, tuple(conditions), variables, found, text.strip())


def parse_value(text: str, functions: Mapping[str, Sizes]) -> Expression:
    """An expression without names, such as ``f([1, 2]) - g(0)``; raises ``FormulaError``."""
    text = as_typed(text)
    with drawn(text):
        tree, written = parse(text)
        reader = _Reader(functions, written)
        found = reader.expression(tree.children[0])
        free = next((node for node in walk(found) if isinstance(node, Name)), None)
        if free is not None:
            raise FormulaMistake(free.place, f"{free.name} has no value here; write the point: f([1, 1/2])")
        CheckedSizes({}, functions).of(found)
        return found


@contextmanager
def drawn(text: str) -> Iterator[None]:
    """Turn a ``FormulaMistake`` within into the error that draws it."""
    try:
        yield
    except FormulaMistake as mistake:
        raise mistaken(text, mistake) from mistake


class _Regions:
    """The regions of a formula, read for the sizes that their points have."""

    def __init__(
        self,
        sizes: Mapping[str, int],
        functions: Mapping[str, Sizes],
        written: Sequence[tuple[int, str]],
        known: Mapping[str, Region] | Sequence[Region],
        base_dir: Path | None,
    ) -> None:
        self.checked, self.written = CheckedSizes(sizes, functions), written
        self.known, self.base_dir = known, base_dir

    def of(self, statements: Sequence[Statement]) -> tuple[Region, ...]:
        members = {node.index: node for node in walk(*statements) if isinstance(node, Membership)}
        if not isinstance(self.known, Mapping) and self.known and len(self.known) != len(self.written):
            raise FormulaMistake(0, f"{len(self.written)} regions, of which {len(self.known)} are known")
        return tuple(self._region(index, members.get(index)) for index in range(len(self.written)))

    def _known_region(self, index: int, text: str) -> Region | None:
        if isinstance(self.known, Mapping):
            return self.known.get(text)
        return self.known[index] if self.known else None

    def _region(self, index: int, member: Membership | None) -> Region:
        place, text = self.written[index]
        assert member is not None
        size = max(self.checked.of(member.point), 1)
        region = self._known_region(index, text)
        if region is None:
            try:
                region = parse_region(text, size, self.base_dir)
            except InputError as error:
                raise FormulaMistake(place, _without_quote(str(error))) from error
        if region.ambient != size:
            raise FormulaMistake(place, f"{text} has {region.ambient} dimensions, and {text_of(member.point)} {size}")
        return region


def _without_quote(message: str) -> str:
    """A region's message without the text that the caret shows anyway."""
    head, separator, rest = message.partition(": ")
    return rest if separator and head.startswith("region ") else message


class _Reader:
    """Turns syntax trees into trees of the language."""

    def __init__(
        self,
        functions: Mapping[str, Sizes],
        written: Sequence[tuple[int, str]],
        values: Mapping[str, Fraction | tuple[Fraction, ...]] | None = None,
    ) -> None:
        self.functions, self.written, self.values = functions, written, values or {}

    def formula(self, tree: Tree[Token]) -> tuple[Statement, list[Statement]]:
        body = self.statement(tree.children[0])
        conditions: list[Statement] = []
        waiting: list[Name] = []
        for child in (c for c in tree.children[2:] if c is not None):
            node = self.node(child)
            if isinstance(node, Name):
                waiting.append(node)
                continue
            if not isinstance(node, STATEMENTS):
                raise FormulaMistake(
                    _at(child), f"expected 'x in REGION' or a comparison after 'for', got {text_of(node)}"
                )
            if waiting and not isinstance(node, Membership):
                raise FormulaMistake(waiting[0].place, f"say where {waiting[0].name} lives: {waiting[0].name} in all")
            if isinstance(node, Membership):
                conditions += [replace(node, point=name) for name in waiting]
                waiting = []
            conditions.append(node)
        if waiting:
            raise FormulaMistake(waiting[0].place, f"say where {waiting[0].name} lives: {waiting[0].name} in all")
        return body, conditions

    def statement(self, node: Parsed) -> Statement:
        found = self.node(node)
        if not isinstance(found, STATEMENTS):
            raise FormulaMistake(
                _at(node), f"{text_of(found)} is a value; expected a comparison such as {text_of(found)} >= 0"
            )
        return found

    def expression(self, node: Parsed) -> Expression:
        found = self.node(node)
        if isinstance(found, STATEMENTS):
            raise FormulaMistake(_at(node), f"{text_of(found)} is true or false; expected a value")
        return found

    def node(self, node: Parsed) -> FormulaNode:
        """One part of the formula."""
        place = _at(node)
        if is_token(node, "NUMBER"):
            with _located(place):
                return Constant(exact(str(node)), place)
        if is_token(node):
            return self.name(as_token(node))
        tree = as_tree(node)
        return getattr(self, f"_{tree.data}")(tree, place)  # type: ignore[no-any-return]

    def name(self, token: Token) -> Name | Constant | Listing:
        text, place = str(token), int(token.start_pos or 0)
        if text in self.functions or text in FUNCTIONS:
            raise FormulaMistake(place, f"{text} needs an argument: {text}(x); a variable needs another name")
        value = self.values.get(text)
        if isinstance(value, tuple):
            return Listing(value, place)
        return Name(text, place) if value is None else Constant(value, place)

    def _group(self, tree: Tree[Token], place: int) -> FormulaNode:
        return self.node(tree.children[1])

    def _implication(self, tree: Tree[Token], place: int) -> FormulaNode:
        parts = [self.statement(child) for child in tree.children if not is_token(child, "IMPLIES")]
        if len(parts) > MAX_NESTING:
            raise FormulaMistake(place, f"more than {MAX_NESTING} times '=>' in a row")
        return reduce(lambda right, left: Implication(left, right, left.place), reversed(parts[:-1]), parts[-1])

    def _disjunction(self, tree: Tree[Token], place: int) -> FormulaNode:
        return Some(tuple(self.statement(child) for child in tree.children if not is_token(child, "OR")), place)

    def _conjunction(self, tree: Tree[Token], place: int) -> FormulaNode:
        return Every(tuple(self.statement(child) for child in tree.children if not is_token(child, "AND")), place)

    def _negated(self, tree: Tree[Token], place: int) -> FormulaNode:
        part = self.statement(tree.children[-1])
        return Negation(part, place) if len(tree.children) % 2 == 0 else part

    def _compared(self, tree: Tree[Token], place: int) -> FormulaNode:
        sides = [self.expression(child) for child in tree.children[0::2]]
        parts = []
        for token, left, right in zip(tree.children[1::2], sides, sides[1:], strict=False):
            symbol = str(token)
            if symbol == "=":
                raise FormulaMistake(_at(token), "write == for an equation")
            parts.append(Compare(left, symbol, right, _at(token)))
        return parts[0] if len(parts) == 1 else Every(tuple(parts), place)

    def _member(self, tree: Tree[Token], place: int) -> FormulaNode:
        index = ord(str(tree.children[2])[0]) - FIRST_MARK
        return Membership(self.expression(tree.children[0]), self.written[index][1], index, place)

    def _sum(self, tree: Tree[Token], place: int) -> FormulaNode:
        signs = [1, *(-1 if sign == "-" else 1 for sign in tree.children[1::2])]
        with _located(place):
            return _added([(s, self.expression(c)) for s, c in zip(signs, tree.children[0::2], strict=True)], place)

    def _signed(self, tree: Tree[Token], place: int) -> FormulaNode:
        part = self.expression(tree.children[-1])
        negative = sum(sign == "-" for sign in tree.children[:-1]) % 2
        return _added([(-1, part)], place) if negative else part

    def _product(self, tree: Tree[Token], place: int) -> FormulaNode:
        factor, parts = Fraction(1), list[Expression]()
        for symbol, child in zip(["*", *tree.children[1::2]], tree.children[0::2], strict=True):
            part = self.expression(child)
            with _located(_at(child)):
                if symbol == "/":
                    part = Constant(1 / _divisor(part))
                number, rest = _scaled(part)
                factor = bounded(factor * number)
            parts += rest
        return Product(factor, tuple(parts), place) if parts and factor else Constant(factor, place)

    def _entry(self, tree: Tree[Token], place: int) -> FormulaNode:
        found = self.expression(tree.children[0])
        for token in (child for child in tree.children[1:] if is_token(child, "NUMBER")):
            if not str(token).isdigit() or len(str(token)) > 9:
                raise FormulaMistake(
                    _at(token), f"{str(token)[:20]} is not the number of an entry; entries count from 0"
                )
            if isinstance(found, Entry):
                raise FormulaMistake(place, f"{text_of(found)} is a number; only vectors have entries")
            found = Entry(found, int(str(token)), place)
        return found

    def _listing(self, tree: Tree[Token], place: int) -> FormulaNode:
        values = tuple(_value(as_tree(child)) for child in tree.children[1:] if child is not None)
        if not values:
            raise FormulaMistake(place, "an empty list; a vector has entries: [1, 1/2]")
        return Listing(values, place)

    def _call(self, tree: Tree[Token], place: int) -> FormulaNode:
        name = str(tree.children[0])
        arguments = [self.expression(child) for child in tree.children[2:] if child is not None]
        if name in FUNCTIONS:
            return _applied(name, arguments, place)
        if name not in self.functions:
            raise FormulaMistake(place, _unknown(name, self.functions))
        if len(arguments) != 1:
            raise FormulaMistake(
                place, f"{name} takes one vector, {len(arguments)} are given: {name}([1, 2]) or {name}(x)"
            )
        return Application(name, arguments[0], place)


def _unknown(name: str, functions: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, [*functions, *FUNCTIONS], n=1)
    if close and len(name) > 1:
        return f"no network is called {name[:40]}; did you mean {close[0]}?"
    known = ", ".join([*functions, *FUNCTIONS])
    return f"no network is called {name[:40]}; bind one with --let {name[:40]}=FILE (known: {known})"


def _at(node: Any) -> int:
    """Where the text of a node starts."""
    meta = getattr(node, "meta", None)
    if meta is not None and not getattr(meta, "empty", True):
        return int(meta.start_pos)
    return position(node)


@contextmanager
def _located(place: int) -> Iterator[None]:
    """Turn an ``InputError`` within, which knows no place, into a mistake there."""
    try:
        yield
    except InputError as error:
        raise FormulaMistake(place, str(error)) from error


def _added(terms: Sequence[tuple[int, Expression]], place: int) -> Expression:
    """The sum, as one number where all terms are."""
    if all(isinstance(term, Constant) for _, term in terms):
        total = Fraction(0)
        for sign, term in terms:
            assert isinstance(term, Constant)
            total = bounded(total + sign * term.value)
        return Constant(total, place)
    if len(terms) == 1 and isinstance(terms[0][1], Product):
        only = terms[0][1]
        return Product(terms[0][0] * only.factor, only.parts, place)
    return Sum(tuple(terms), place)


def _scaled(part: Expression) -> tuple[Fraction, list[Expression]]:
    """A factor of a product as its number and what is left."""
    if isinstance(part, Constant):
        return part.value, []
    if isinstance(part, Product):
        return part.factor, list(part.parts)
    return Fraction(1), [part]


def _divisor(part: Expression) -> Fraction:
    if not isinstance(part, Constant):
        raise InputError(f"{text_of(part)} is not a number known beforehand; divide by numbers only")
    if not part.value:
        raise InputError("division by zero")
    return part.value


def _value(tree: Tree[Token]) -> Fraction:
    """One number of a list, such as ``-1/2``."""
    signs = [child for child in tree.children if is_token(child, "SIGN")]
    numbers = [child for child in tree.children if is_token(child, "NUMBER")]
    with _located(_at(tree)):
        value = exact(str(numbers[0]))
        if len(numbers) > 1:
            value = bounded(value / _divisor(Constant(exact(str(numbers[1])))))
    return -value if sum(sign == "-" for sign in signs) % 2 else value


def _applied(name: str, arguments: list[Expression], place: int) -> Expression:
    if not arguments or (name in ("abs", "sum") and len(arguments) != 1):
        expected = "one argument" if name in ("abs", "sum") else "arguments"
        raise FormulaMistake(place, f"{name} takes {expected}, {len(arguments)} are given")
    values = [argument.value for argument in arguments if isinstance(argument, Constant)]
    if len(values) == len(arguments):
        return Constant({"abs": lambda v: abs(v[0]), "min": min, "max": max, "sum": sum}[name](values), place)  # type: ignore[operator]
    return Apply(name, tuple(arguments), place)
