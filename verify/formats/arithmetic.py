"""Linear arithmetic over the inputs, as ``where(x0 + 2*x1 <= 1)`` writes it.

``x[image]`` is the whole input of that name: what is said of it holds for each of its coordinates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from verify.formats.halfspaces import Linear, ReadRow, compared, exact, product
from verify.formats.syntax import as_token, as_tree, at, fail, is_token
from verify.network import InputPart
from verify.rational import counted

if TYPE_CHECKING:
    from lark import Token, Tree

    from verify.formats.syntax import Node

_VARIABLE = re.compile(r"x([0-9]{1,9})")
_ENTRY = re.compile(r"x\[\s*(?:\"([^\"]*)\"|'([^']*)'|([^\"'\[\]]+))\](?:[ \t]*\[([^\[\]]*)\])?")
_REFUSED = {
    "<": "regions are closed; write <=",
    ">": "regions are closed; write >=",
    "=": "write == for an equation",
    "!=": "regions are convex, and != cuts a hole; write <= or >=",
}


@dataclass(frozen=True)
class Names:
    """What the names of a region mean: ``dimension`` coordinates, and the inputs that they belong to."""

    dimension: int
    inputs: Sequence[InputPart] = ()

    def coordinate(self, token: Token) -> int:
        """The number of ``x7``."""
        match = _VARIABLE.fullmatch(token)
        if match is None:
            fail(token, f"unknown name {str(token)[:40]!r}; the inputs are x0 to x{self.dimension - 1}{self.known()}")
        return self.checked(token, int(match.group(1)))

    def coordinates(self, token: Token) -> range:
        """The numbers that ``x[7]``, ``x[image]``, ``x[image][7]`` or ``x[image][1, 2]`` stands for."""
        match = _ENTRY.fullmatch(token)
        assert match is not None  # the grammar has let it through
        quoted, plain, indices = match.group(1) or match.group(2), (match.group(3) or "").strip(), match.group(4)
        if plain.isdecimal() and quoted is None:
            if indices is not None:
                fail(token, f"x[{plain[:9]}] is one number; an input whose name is a number is written in quotes")
            index = self.checked(token, int(plain[:9]))
            return range(index, index + 1)
        name = plain if quoted is None else quoted
        part = next((part for part in self.inputs if part.name == name), None)
        if part is None:
            fail(token, f"no input is called {name[:60]!r}; the inputs are x0 to x{self.dimension - 1}{self.known()}")
        if indices is None:
            return range(part.start, part.start + part.size)
        place = part.start + self.place(token, part, indices)
        return range(place, place + 1)

    def place(self, token: Token, part: InputPart, text: str) -> int:
        """Where in the part ``1, 2`` (one index an axis) or ``5`` (in row-major order) is."""
        indices = [word.strip() for word in text.split(",")]
        sizes = list(part.shape) if len(indices) == len(part.shape) else [part.size]
        if len(indices) != len(sizes) or not all(word.isdecimal() for word in indices):
            fail(token, f"expected {part.name}[{', '.join('i' for _ in part.shape)}] or one number, got [{text[:40]}]")
        numbers = [int(word[:9]) for word in indices]
        if any(number >= size for number, size in zip(numbers, sizes, strict=True)):
            fail(token, f"[{text[:40]}] is outside of input {part.name[:60]!r}, which has shape {part.shape}")
        place = 0
        for number, size in zip(numbers, sizes, strict=True):
            place = place * size + number
        return place

    def checked(self, token: Token, index: int) -> int:
        if index >= self.dimension:
            known = f"x0 to x{self.dimension - 1}" if self.dimension > 1 else "x0"
            fail(token, f"there is no x{index}; the network has {counted(self.dimension, 'input')}, {known}")
        return index

    def known(self) -> str:
        """The inputs' names, for a message."""
        names = ", ".join(f"x[{part.name[:60]}]" for part in self.inputs[:10])
        return f", together {names}" if names else ""


def rows_of(constraint: Tree[Token], names: Names) -> list[ReadRow]:
    """The half-spaces of ``a <= b``, ``a >= b``, ``a == b`` or a chain such as ``0 <= x0 <= 1``."""
    sizes = {len(names.coordinates(token)) for token in _entries(constraint)} - {1}
    if len(sizes) > 1:
        fail(constraint, f"inputs of {' and '.join(map(str, sorted(sizes)))} coordinates in one comparison")
    rows: list[ReadRow] = []
    for entry in range(sizes.pop() if sizes else 1):
        forms = [linear(child, names, entry) for child in constraint.children[0::2]]
        for symbol, left, right in zip(constraint.children[1::2], forms, forms[1:], strict=False):
            text = str(symbol)
            if text in _REFUSED:
                fail(symbol, f"{text!r} cannot be used: {_REFUSED[text]}")
            with at(constraint):
                rows += compared(left, text, right)
    return rows


def _entries(tree: Tree[Token]) -> list[Token]:
    return [token for token in tree.scan_values(lambda value: is_token(value, "ENTRY"))]


def linear(node: Node, names: Names, entry: int) -> Linear:
    """The linear form that a sum, product, number or input stands for; of a whole input its entry of that number."""
    if is_token(node, "NUMBER"):
        with at(node):
            return Linear(exact(as_token(node)))
    if is_token(node, "NAME"):
        return Linear(coefficients={names.coordinate(as_token(node)): Fraction(1)})
    if is_token(node, "ENTRY"):
        found = names.coordinates(as_token(node))
        return Linear(coefficients={found[entry if len(found) > 1 else 0]: Fraction(1)})
    tree = as_tree(node)
    build = {"sum": _sum, "product": _product, "signed": _signed}[str(tree.data)]
    with at(tree):
        return build(tree, names, entry)


def _sum(tree: Tree[Token], names: Names, entry: int) -> Linear:
    total = linear(tree.children[0], names, entry)
    for sign, term in zip(tree.children[1::2], tree.children[2::2], strict=True):
        total.add(linear(term, names, entry), -1 if sign == "-" else 1)
    return total


def _product(tree: Tree[Token], names: Names, entry: int) -> Linear:
    factors = [linear(tree.children[0], names, entry)]
    for symbol, child in zip(tree.children[1::2], tree.children[2::2], strict=True):
        factor = linear(child, names, entry)
        factors.append(factor.inverted() if symbol == "/" else factor)
    return product(factors)


def _signed(tree: Tree[Token], names: Names, entry: int) -> Linear:
    value = linear(tree.children[-1], names, entry)
    if sum(sign == "-" for sign in tree.children[:-1]) % 2:
        value.scale(Fraction(-1))
    return value
