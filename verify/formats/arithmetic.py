"""Linear arithmetic over the inputs, as ``where(x0 + 2*x1 <= 1)`` writes it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from verify.formats.halfspaces import Linear, Row, compared, exact, product
from verify.formats.syntax import as_token, as_tree, at, fail, is_token

if TYPE_CHECKING:
    from lark import Token, Tree

    from verify.formats.syntax import Node

_VARIABLE = re.compile(r"x([0-9]{1,9})")
_REFUSED = {
    "<": "regions are closed; write <=",
    ">": "regions are closed; write >=",
    "=": "write == for an equation",
    "!=": "regions are convex, and != cuts a hole; write <= or >=",
}


def rows_of(constraint: Tree[Token], dimension: int) -> list[Row]:
    """The half-spaces of ``a <= b``, ``a >= b``, ``a == b`` or a chain such as ``0 <= x0 <= 1``."""
    forms = [linear(child, dimension) for child in constraint.children[0::2]]
    rows: list[Row] = []
    for symbol, left, right in zip(constraint.children[1::2], forms, forms[1:], strict=False):
        text = str(symbol)
        if text in _REFUSED:
            fail(symbol, f"{text!r} cannot be used: {_REFUSED[text]}")
        with at(constraint):
            rows += compared(left, text, right)
    return rows


def linear(node: Node, dimension: int) -> Linear:
    """The linear form that a sum, product, number or input stands for."""
    if is_token(node, "NUMBER"):
        with at(node):
            return Linear(exact(as_token(node)))
    if is_token(node, "NAME"):
        return Linear(coefficients={_input(as_token(node), dimension): Fraction(1)})
    tree = as_tree(node)
    build = {"sum": _sum, "product": _product, "signed": _signed}[str(tree.data)]
    with at(tree):
        return build(tree, dimension)


def _sum(tree: Tree[Token], dimension: int) -> Linear:
    total = linear(tree.children[0], dimension)
    for sign, term in zip(tree.children[1::2], tree.children[2::2], strict=True):
        total.add(linear(term, dimension), -1 if sign == "-" else 1)
    return total


def _product(tree: Tree[Token], dimension: int) -> Linear:
    factors = [linear(tree.children[0], dimension)]
    for symbol, child in zip(tree.children[1::2], tree.children[2::2], strict=True):
        factor = linear(child, dimension)
        factors.append(factor.inverted() if symbol == "/" else factor)
    return product(factors)


def _signed(tree: Tree[Token], dimension: int) -> Linear:
    value = linear(tree.children[-1], dimension)
    if sum(sign == "-" for sign in tree.children[:-1]) % 2:
        value.scale(Fraction(-1))
    return value


def _input(token: Token, dimension: int) -> int:
    match = _VARIABLE.fullmatch(token)
    if match is None:
        fail(token, f"unknown name {str(token)[:40]!r}; the inputs are x0 to x{dimension - 1}")
    index = int(match.group(1))
    if index >= dimension:
        fail(token, f"there is no x{index}; the network has {dimension} inputs, x0 to x{dimension - 1}")
    return index
