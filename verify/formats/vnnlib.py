"""VNN-LIB 1.0 property files (a subset of SMT-LIB): the region of inputs that they describe, exactly.

Read are ``declare-const`` (or ``declare-fun``) of ``X_i`` and ``Y_i`` as Real, and ``assert`` of ``and``, ``or``,
``<=``, ``>=``, ``=`` over linear arithmetic. What is said of outputs is checked for form and counted, not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, TypeAlias

from verify.errors import InputError, RegionError
from verify.formats.halfspaces import Linear, Row, compared, exact, product, region_of_rows
from verify.formats.reading import read_text, shorten, shown
from verify.region import Region

MAX_BYTES = 64 * 2**20
MAX_NESTING = 100
MAX_COMMAND = 4_000_000
_TOKEN = re.compile(r";[^\n]*|[()]|\|[^|]*\||\"[^\"]*\"|[^\s();|\"]+|[|\"]")
_VARIABLE = re.compile(r"([XY])_([0-9]{1,9})")
_IGNORED = {"set-logic", "set-info", "set-option", "check-sat", "get-model", "exit"}


@dataclass(frozen=True, eq=False)
class VnnLib:
    """What a file says: ``inputs`` is the region over X, ``output_constraints`` the number of assertions over Y."""

    path: Path
    input_count: int
    output_count: int
    inputs: Region
    output_constraints: int

    def region(self, dimension: int) -> Region:
        """The region, for a network with ``dimension`` inputs; ``RegionError`` where the file has others."""
        if dimension != self.input_count:
            raise RegionError(
                f"VNN-LIB file {shown(self.path)}: the network has {dimension} inputs, the file has {self.input_count}"
            )
        return self.inputs


def read_vnnlib(path: str | Path) -> VnnLib:
    """Read a ``.vnnlib`` or ``.vnnlib.gz`` file.

    Raises ``RegionError``, one line with file and line, where it is malformed, mixes X and Y in a comparison, or
    describes inputs that are not one convex polyhedron.
    """
    file = Path(path)
    text = read_text(file, MAX_BYTES, "VNN-LIB file", RegionError)
    statements = _Statements()
    position = 0
    try:
        for command in _commands(text):
            position = command.position
            statements.command(command)
        return statements.finished(file)
    except _Mistake as mistake:
        position, message = mistake.position, str(mistake)
    except InputError as error:
        message = str(error)
    line = text.count("\n", 0, position) + 1
    raise RegionError(f"VNN-LIB file {shown(file)}, line {line}: {shorten(message, 400)}")


class _Mistake(Exception):
    """A mistake at a position of the text."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.position = position


@dataclass(slots=True)
class _Expression:
    """An atom (``items`` is None) or a list."""

    position: int
    atom: str = ""
    items: list[_Expression] | None = None

    @property
    def head(self) -> str:
        """The operator of a list."""
        return self.items[0].atom if self.items else ""

    @property
    def arguments(self) -> list[_Expression]:
        return self.items[1:] if self.items else []

    def fail(self, message: str) -> NoReturn:
        raise _Mistake(self.position, message)


def _commands(text: str) -> Iterator[_Expression]:
    """The lists at top level, one at a time."""
    stack: list[_Expression] = []
    count = 0
    for match in _TOKEN.finditer(text):
        token, position = match.group(), match.start()
        if token[0] == ";":
            continue
        count += 1
        if token == ")":
            done = _closed(stack, position)
            if not stack:
                yield done
                count = 0
        elif token == "(":
            _open(stack, position, count)
        elif not stack:
            raise _Mistake(position, f"expected '(', got {token[:40]!r}")
        else:
            _append(stack[-1], _Expression(position, token))
    if stack:
        stack[0].fail("a '(' that is never closed")


def _open(stack: list[_Expression], position: int, count: int) -> None:
    if len(stack) >= MAX_NESTING:
        raise _Mistake(position, f"brackets nested more than {MAX_NESTING} deep")
    if count > MAX_COMMAND:
        raise _Mistake(stack[0].position if stack else position, f"a command of more than {MAX_COMMAND} words")
    stack.append(_Expression(position, items=[]))


def _closed(stack: list[_Expression], position: int) -> _Expression:
    if not stack:
        raise _Mistake(position, "a ')' that closes nothing")
    done = stack.pop()
    if stack:
        _append(stack[-1], done)
    return done


def _append(parent: _Expression, child: _Expression) -> None:
    assert parent.items is not None
    parent.items.append(child)


@dataclass
class _Statements:
    """What the commands read so far declare and assert."""

    declared: dict[str, set[int]] = field(default_factory=lambda: {"X": set(), "Y": set()})
    rows: list[Row] = field(default_factory=list)
    output_constraints: int = 0

    def command(self, command: _Expression) -> None:
        head = command.head
        if head in ("declare-const", "declare-fun"):
            self.declare(command)
        elif head == "assert":
            if len(command.arguments) != 1:
                command.fail(f"'assert' with {len(command.arguments)} formulas; expected one")
            self.conjunct(command.arguments[0])
        elif head not in _IGNORED:
            hint = "; VNN-LIB 2 is not supported" if "vnnlib" in head or "declare" in head else ""
            command.fail(f"unknown command {head[:40]!r}; expected declare-const or assert{hint}")

    def declare(self, command: _Expression) -> None:
        words = [a for a in command.arguments if a.items is None]
        match = _VARIABLE.fullmatch(words[0].atom) if words else None
        if match is None or len(words) != 2 or words[1].atom != "Real" or any(a.items for a in command.arguments):
            command.fail("malformed declaration; expected (declare-const X_0 Real) or Y_0")
        indices = self.declared[match.group(1)]
        if int(match.group(2)) in indices:
            command.fail(f"{match.group()} is declared twice")
        indices.add(int(match.group(2)))

    def conjunct(self, formula: _Expression) -> None:
        """Assert a formula: conjunctions (and disjunctions of one branch) are taken apart."""
        if formula.head == "and" or (formula.head == "or" and len(formula.arguments) == 1):
            if not formula.arguments:
                formula.fail("'and' without arguments")
            for part in formula.arguments:
                self.conjunct(part)
            return
        if formula.head == "or":
            self.disjunction(formula)
            return
        kinds, rows = self.comparison(formula, strict="Y")
        if "Y" in kinds:
            self.output_constraints += 1
        else:
            self.rows += rows

    def disjunction(self, formula: _Expression) -> None:
        """Several branches: they must speak of outputs only."""
        if not formula.arguments:
            formula.fail("'or' without arguments")
        pending = list(formula.arguments)
        while pending:
            part = pending.pop()
            if part.head in ("and", "or"):
                pending += part.arguments
            elif "X" in self.comparison(part, strict="XY")[0]:
                part.fail("a disjunction over inputs: a region must be convex; split the file, one branch in each")
        self.output_constraints += 1

    def comparison(self, formula: _Expression, strict: str) -> tuple[set[str], list[Row]]:
        """The kinds of variables in a comparison, and its rows; ``strict`` kinds may be compared strictly."""
        symbol, arguments = formula.head, formula.arguments
        if symbol not in ("<=", ">=", "=", "<", ">"):
            got = formula.atom or symbol or "()"
            formula.fail(f"expected a comparison (<=, >=, =) or and, or; got {got[:40]!r}")
        if len(arguments) < 2:
            formula.fail(f"{symbol!r} with {len(arguments)} arguments; expected two")
        terms = [self.term(argument) for argument in arguments]
        kinds = {"Y" if index < 0 else "X" for term in terms for index in term.coefficients}
        if len(kinds) == 2:
            formula.fail("a comparison that mixes X and Y; a region can only limit inputs")
        if symbol in "<>" and not kinds <= set(strict):
            formula.fail(f"a strict {symbol!r}: regions are closed; write {symbol}=")
        weak = "==" if symbol == "=" else f"{symbol[0]}="
        return kinds, [row for a, b in pairwise(terms) for row in compared(a, weak, b)]

    def term(self, expression: _Expression) -> Linear:
        """Linear arithmetic; ``Y_i`` is kept as index ``-1 - i``."""
        if expression.items is None:
            return self.atom(expression)
        build = _OPERATORS.get(expression.head)
        if build is None or not expression.arguments:
            expression.fail(f"expected +, -, * or / with arguments, got {expression.head[:40] or '()'!r}")
        terms = [self.term(argument) for argument in expression.arguments]
        try:
            return build(terms)
        except InputError as error:
            expression.fail(str(error))

    def atom(self, expression: _Expression) -> Linear:
        match = _VARIABLE.fullmatch(expression.atom)
        if match is not None:
            kind, index = match.group(1), int(match.group(2))
            if index not in self.declared[kind]:
                expression.fail(f"{match.group()} is not declared; expected (declare-const {match.group()} Real)")
            return Linear(coefficients={index if kind == "X" else -1 - index: Fraction(1)})
        try:
            return Linear(exact(expression.atom))
        except InputError as error:
            expression.fail(str(error))

    def finished(self, path: Path) -> VnnLib:
        """The whole, once every command is read."""
        counts = {kind: len(indices) for kind, indices in self.declared.items()}
        for kind, indices in self.declared.items():
            if indices and max(indices) != len(indices) - 1:
                missing = next(i for i in range(len(indices)) if i not in indices)
                raise InputError(f"{kind}_{max(indices)} is declared, but {kind}_{missing} is not")
        if not counts["X"]:
            raise InputError("no inputs; expected (declare-const X_0 Real), ...")
        region = region_of_rows(counts["X"], self.rows, str(path))
        return VnnLib(path, counts["X"], counts["Y"], region, self.output_constraints)


def _sum(terms: list[Linear]) -> Linear:
    total = terms[0]
    for term in terms[1:]:
        total.add(term)
    return total


def _difference(terms: list[Linear]) -> Linear:
    total = terms[0]
    if len(terms) == 1:
        total.scale(Fraction(-1))
    for term in terms[1:]:
        total.add(term, -1)
    return total


def _quotient(terms: list[Linear]) -> Linear:
    return product([terms[0], *(term.inverted() for term in terms[1:])])


_Operator: TypeAlias = Callable[[list[Linear]], Linear]
_OPERATORS: dict[str, _Operator] = {"+": _sum, "-": _difference, "*": product, "/": _quotient}
