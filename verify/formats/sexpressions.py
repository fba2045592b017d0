"""S-expressions of SMT-LIB, with the position of each in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

MAX_NESTING = 100
MAX_COMMAND = 4_000_000
_TOKEN = re.compile(r";[^\n]*|[()]|\|[^|]*\||\"[^\"]*\"|[^\s();|\"]+|[|\"]")
_NUMERAL = re.compile(r"[+-]?\.?[0-9]")
_FORMULAS = {"and", "or", "not", "=>", "<=", ">=", "=", "<", ">", "==", "!=", "distinct"}
# |x| is the symbol x.
_QUOTED = re.compile(r"\|[A-Za-z~!@$%^&*_+=<>.?/-][A-Za-z0-9~!@$%^&*_+=<>.?/-]*\|")


class SExpressionMistake(Exception):
    """A mistake at a position of the text."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


@dataclass(slots=True)
class SExpression:
    """An atom (``items`` is None) or a list."""

    position: int
    atom: str = ""
    items: list[SExpression] | None = None

    @property
    def head(self) -> str:
        """The operator of a list."""
        return self.items[0].atom if self.items else ""

    @property
    def arguments(self) -> list[SExpression]:
        return self.items[1:] if self.items else []

    def fail(self, message: str) -> NoReturn:
        raise SExpressionMistake(self.position, message)


def commands(text: str) -> Iterator[SExpression]:
    """The lists at top level, one at a time."""
    stack: list[SExpression] = []
    count = 0
    for match in _TOKEN.finditer(text):
        token, position = match.group(), match.start()
        if token[0] == ";":
            continue
        if _QUOTED.fullmatch(token):
            token = token[1:-1]
        count += 1
        if token == ")":
            done = _closed(stack, position)
            if not stack:
                yield done
                count = 0
        elif token == "(":
            _open(stack, position, count)
        elif not stack:
            raise SExpressionMistake(position, f"expected '(', got {token[:40]!r}")
        else:
            _append(stack[-1], SExpression(position, token))
    if stack:
        stack[0].fail("a '(' that is never closed")


def _open(stack: list[SExpression], position: int, count: int) -> None:
    if len(stack) >= MAX_NESTING:
        raise SExpressionMistake(position, f"brackets nested more than {MAX_NESTING} deep")
    if count > MAX_COMMAND:
        raise SExpressionMistake(
            stack[0].position if stack else position, f"a command of more than {MAX_COMMAND} words"
        )
    stack.append(SExpression(position, items=[]))


def _closed(stack: list[SExpression], position: int) -> SExpression:
    if not stack:
        raise SExpressionMistake(position, "a ')' that closes nothing")
    done = stack.pop()
    if stack:
        _append(stack[-1], done)
    return done


def _append(parent: SExpression, child: SExpression) -> None:
    assert parent.items is not None
    parent.items.append(child)


def let_pairs(formula: SExpression) -> list[tuple[str, SExpression]]:
    """The names of a ``let`` and what they stand for."""
    if len(formula.arguments) != 2 or not formula.arguments[0].items:
        formula.fail("malformed 'let'; expected (let ((name meaning) ...) body)")
    pairs: dict[str, SExpression] = {}
    for pair in formula.arguments[0].items:
        name = pair.items[0].atom if pair.items and len(pair.items) == 2 else ""
        if pair.items is None or not name or _NUMERAL.match(name) or name in pairs:
            pair.fail("malformed 'let'; expected different names, each as (name meaning)")
        pairs[name] = pair.items[1]
    return list(pairs.items())


def is_formula(expression: SExpression, names: Mapping[str, bool]) -> bool:
    """Whether it is true or false rather than a number; ``names`` says so of names."""
    if expression.items is None:
        return names.get(expression.atom, expression.atom in ("true", "false"))
    if expression.head != "let":
        return expression.head in _FORMULAS
    inner = {name: is_formula(meaning, names) for name, meaning in let_pairs(expression)}
    return is_formula(expression.arguments[1], {**names, **inner})
