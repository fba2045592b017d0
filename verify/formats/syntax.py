"""The grammar of region expressions, and errors that name a column.

The grammar fixes shape only; what names mean, and how many numbers a list needs, is decided in ``expressions``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NoReturn, TypeAlias, cast

from verify.errors import InputError, RegionError
from verify.formats.reading import shorten

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

    Node: TypeAlias = Tree[Token] | Token

# A longer point belongs in an .npy file.
MAX_TEXT = 200_000
MAX_NESTING = 50

GRAMMAR = r"""
    region: part ("&" part)*
    ?part: NAME                                             -> bare
         | NAME "(" [argument ("," argument)*] ")"          -> call
         | WHERE "(" constraint ("," constraint)* ")"       -> where
         | (FILE | STRING) [BRANCH]                         -> file
         | ENTRY "in" part                                  -> inside
         | "(" region ")"

    point: argument
    ?argument: RATIONAL | INFINITY | FILE | STRING | list
    list: LSQB [argument ("," argument)*] "]"

    constraint: sum (COMPARE sum)+
    ?sum: product (SIGN product)*
    ?product: factor (TIMES factor)*
    ?factor: atom | SIGN+ atom                              -> signed
    ?atom: NUMBER | NAME | ENTRY | "(" sum ")"

    WHERE: "where"
    LSQB: "["
    BRANCH: /\[\s*[0-9]+\s*\]/
    ENTRY.3: /x\[\s*("[^"\n]*"|'[^'\n]*'|[^"'\[\]\n]+)\]([ \t]*\[[^\[\]\n]*\])?/
    SIGN: /[+-]/
    TIMES: /[*\/]/
    COMPARE: /[<>=!]=|[<>=]/
    NAME: /[A-Za-z_][A-Za-z_0-9]*/
    NUMBER: /([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
    RATIONAL: /([+-]\s*)?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?(\s*\/\s*[0-9]+)?/
    INFINITY.1: /([+-]\s*)?inf\b/
    FILE.2: /[^\s()\[\],&'"<>=]+\.(npy|vnnlib(\.gz)?)(?![^\s()\[\],&'"<>=])/
    STRING: /"[^"\n]*"|'[^'\n]*'/
    %ignore /\s+/
"""

_SPELLED = {
    "NAME": "a name",
    "ENTRY": "a name",
    "BRANCH": "'['",
    "IN": "'in'",
    "NUMBER": "a number",
    "RATIONAL": "a number",
    "INFINITY": "a number",
    "FILE": "a file name",
    "STRING": "a file name",
    "WHERE": "a name",
    "COMPARE": "'<=', '>=' or '=='",
    "SIGN": "'+' or '-'",
    "TIMES": "'*' or '/'",
    "LSQB": "'['",
    "LPAR": "'('",
    "RPAR": "')'",
    "RSQB": "']'",
    "COMMA": "','",
    "AMPERSAND": "'&'",
    "$END": "the end",
}


# Hyphens and dashes that word processors put in the place of a minus.
_DASHES = set("\u2010\u2011\u2012\u2013\u2014\u2015\u00ad\ufe58\ufe63\uff0d")


class Mistake(Exception):
    """A mistake at a position (from 0) of the text; ``located`` turns it into a ``RegionError``."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


def as_typed(text: str) -> str:
    """The text with the minus sign of typeset formulas as the one that keyboards have."""
    return text.replace("\N{MINUS SIGN}", "-")


def one_line(text: str) -> str:
    """The text without line breaks and the like, which mean nothing outside of names in quotes."""
    return re.sub(r"""("[^"\n]*"|'[^'\n]*')|[^\S ]+""", lambda found: found.group(1) or " ", text)


@contextmanager
def located(text: str, what: str = "region") -> Iterator[None]:
    """Turn a ``Mistake`` within into a ``RegionError`` that quotes ``text``, says what it is, and names the column."""
    try:
        yield
    except Mistake as mistake:
        position = mistake.position
        near = text if len(text) <= 60 else text[max(0, position - 20) : position + 40]
        dots = "" if near == text else "..."
        message = shorten(str(mistake), 400)
        raise RegionError(f"{what} {dots}{near.strip()!r}{dots}, column {position + 1}: {message}") from mistake


@contextmanager
def at(node: Node) -> Iterator[None]:
    """Turn an ``InputError`` within, which knows no column, into a ``Mistake`` at ``node``."""
    try:
        yield
    except InputError as error:
        raise Mistake(position(node), str(error)) from error


def fail(node: Node, message: str) -> NoReturn:
    """Raise the ``Mistake`` for what is written at ``node``."""
    raise Mistake(position(node), message)


def position(node: Node) -> int:
    """Where the text of a node starts: at its first token."""
    while not is_token(node):
        children = [child for child in as_tree(node).children if child is not None]
        if not children:
            return 0
        node = children[0]
    return int(as_token(node).start_pos or 0)


def is_token(node: Node, *kinds: str) -> bool:
    """Whether a node is a token (of one of the kinds, if any are given)."""
    kind = getattr(node, "type", None)
    return kind is not None and (not kinds or kind in kinds)


def as_tree(node: Node) -> Tree[Token]:
    """A node that is known to be a tree."""
    return cast("Tree[Token]", node)


def as_token(node: Node) -> Token:
    """A node that is known to be a token."""
    return cast("Token", node)


def parse(text: str, start: str) -> Tree[Token]:
    """The syntax tree of ``text`` as a ``region`` or ``point``; raises ``Mistake``."""
    from lark.exceptions import UnexpectedInput

    _check_size(text)
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        raise _mistake(text, error) from error


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", start=["region", "point"])


def _check_size(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Mistake(0, f"{len(text)} characters; at most {MAX_TEXT} are read, give long points as .npy files")
    depth = 0
    for found in re.finditer(r"[(\[]|[)\]]", text):
        depth += 1 if found.group() in "([" else -1
        if depth > MAX_NESTING:
            raise Mistake(found.start(), f"brackets nested more than {MAX_NESTING} deep")


def _mistake(text: str, error: UnexpectedInput) -> Mistake:
    """What a lark error says, in our words."""
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    spelled = sorted({_SPELLED.get(name, name) for name in names or ()})
    expected = f"; expected {' or '.join(spelled)}" if spelled else ""
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return Mistake(len(text.rstrip()), f"ends too early{expected}")
    place = max(int(error.pos_in_stream or 0), 0)
    got = str(token) if token is not None else text[place : place + 1]
    if got in _DASHES:
        expected = f", a dash; the minus sign of a keyboard is '-'{expected}"
    return Mistake(place, f"unexpected {shorten(got)!r}{expected}")
