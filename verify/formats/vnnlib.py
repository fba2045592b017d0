"""VNN-LIB 1.0 property files (a subset of SMT-LIB): the regions of inputs that they describe, exactly.

Read are ``declare-const`` (or ``declare-fun``) of ``X_i`` and ``Y_i`` as Real, and ``assert`` of ``and``, ``or``,
``not``, ``=>``, ``let``, ``true``, ``false`` and comparisons of linear arithmetic, strict ones too. What is said of
outputs is checked for form and counted, not kept: a condition on outputs limits no input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from verify.errors import InputError, RegionError
from verify.formats.branches import EVERYTHING, NOTHING, Branches, branch_of, common, regions_of, union
from verify.formats.halfspaces import Linear, ReadRow, compared, exact, product
from verify.formats.reading import read_text, shorten, shown
from verify.formats.sexpressions import SExpression, SExpressionMistake, commands, is_formula, let_pairs
from verify.rational import counted
from verify.region import Region

MAX_BYTES = 64 * 2**20
_VARIABLE = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})")
_IGNORED = {"set-logic", "set-info", "set-option", "check-sat", "get-model", "exit"}
_OPPOSITE = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}


@dataclass(frozen=True, eq=False)
class VnnLib:
    """What a file says: ``branches`` are the regions over X whose union it describes, mostly one.

    ``output_constraints`` is the number of assertions over Y.
    """

    path: Path
    input_count: int
    output_count: int
    branches: tuple[Region, ...]
    output_constraints: int

    @property
    def inputs(self) -> Region:
        """The region over X; ``RegionError`` where there are several."""
        if len(self.branches) > 1:
            raise RegionError(
                f"VNN-LIB file {shown(self.path)}: a disjunction of {len(self.branches)} regions; one is needed here"
            )
        return self.branches[0]

    def region(self, dimension: int) -> Region:
        """The region, for a network with ``dimension`` inputs; ``RegionError`` where there are others, or several."""
        self.regions(dimension)
        return self.inputs

    def regions(self, dimension: int) -> tuple[Region, ...]:
        """The regions, for a network with ``dimension`` inputs; ``RegionError`` where the file has others."""
        if dimension != self.input_count:
            raise RegionError(
                f"VNN-LIB file {shown(self.path)}: the network has {counted(dimension, 'input')},"
                f" the file has {self.input_count}"
            )
        return self.branches


def read_vnnlib(path: str | Path) -> VnnLib:
    """Read a ``.vnnlib`` or ``.vnnlib.gz`` file.

    Raises ``RegionError``, one line with file and line, where it is malformed, mixes X and Y in a comparison, or
    describes inputs that are not closed polyhedra.
    """
    file = Path(path)
    text = read_text(file, MAX_BYTES, "VNN-LIB file", RegionError)
    statements = _Statements()
    position = 0
    try:
        for command in commands(text):
            position = command.position
            statements.command(command)
        return statements.finished(file)
    except SExpressionMistake as mistake:
        position, message = mistake.position, str(mistake)
    except InputError as error:
        message = str(error)
    line = text.count("\n", 0, position) + 1
    raise RegionError(f"VNN-LIB file {shown(file)}, line {line}: {shorten(message, 400)}")


class _Formula:
    """What a formula allows of inputs, and what its negation allows, each worked out when asked for, and once.

    ``about_outputs`` says whether it mentions an output.
    """

    def __init__(self, work: Callable[[bool], Branches], *, about_outputs: bool) -> None:
        self.work, self.about_outputs = work, about_outputs
        self.known: dict[bool, Branches] = {}

    def allowed(self, positive: bool) -> Branches:
        """The inputs for which the formula is true, or false."""
        if positive not in self.known:
            self.known[positive] = self.work(positive)
        return self.known[positive]


Definitions: TypeAlias = Mapping[str, Linear | _Formula]
_TRUE = _Formula(lambda positive: EVERYTHING if positive else NOTHING, about_outputs=False)
_FALSE = _Formula(lambda positive: NOTHING if positive else EVERYTHING, about_outputs=False)


@dataclass
class _Statements:
    """What the commands read so far declare and assert."""

    declared: dict[str, set[int]] = field(default_factory=lambda: {"X": set(), "Y": set()})
    rows: list[ReadRow] = field(default_factory=list)
    branches: Branches = EVERYTHING
    output_constraints: int = 0

    def command(self, command: SExpression) -> None:
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

    def declare(self, command: SExpression) -> None:
        words = [a for a in command.arguments if a.items is None]
        match = _VARIABLE.fullmatch(words[0].atom) if words else None
        if match is None or len(words) != 2 or words[1].atom != "Real" or any(a.items for a in command.arguments):
            command.fail("malformed declaration; expected (declare-const X_0 Real) or Y_0")
        indices = self.declared[match.group(1)]
        if int(match.group(2)) in indices:
            command.fail(f"{match.group()} is declared twice")
        indices.add(int(match.group(2)))

    def conjunct(self, formula: SExpression) -> None:
        """Assert a formula: conjunctions (and disjunctions of one branch) are taken apart."""
        if formula.head in ("and", "or") and not formula.arguments:
            formula.fail(f"{formula.head!r} without arguments")
        if formula.head == "and" or (formula.head == "or" and len(formula.arguments) == 1):
            for part in formula.arguments:
                self.conjunct(part)
            return
        meaning = self.formula(formula, {})
        branches = meaning.allowed(True)
        self.output_constraints += meaning.about_outputs
        if len(branches) == 1 and branches[0].strict is None:
            self.rows += branches[0].rows.values()
        else:
            self.branches = _located(formula, lambda: common([self.branches, branches]))

    def formula(self, formula: SExpression, names: Definitions) -> _Formula:
        """The meaning of a formula; ``names`` are those that ``let`` has given."""
        head, arguments = formula.head, formula.arguments
        if formula.items is None:
            return self.named_formula(formula, names)
        if head == "let":
            body, inner = self.let(formula, names)
            return self.formula(body, inner)
        if head not in ("not", "and", "or", "=>"):
            return self.comparison(formula, names)
        if head == "not" and len(arguments) != 1:
            formula.fail(f"'not' with {len(arguments)} formulas; expected one")
        if not arguments or (head == "=>" and len(arguments) < 2):
            formula.fail(f"{head!r} {'with one argument' if arguments else 'without arguments'}")
        # not a is a denied; a => b => c is (not a) or (not b) or c.
        denied = {"not": 1, "=>": len(arguments) - 1}.get(head, 0)
        parts = [(self.formula(part, names), k >= denied) for k, part in enumerate(arguments)]

        def work(positive: bool) -> Branches:
            join = common if (head == "and") == positive else union
            return _located(formula, lambda: join(part.allowed(sign == positive) for part, sign in parts))

        return _Formula(work, about_outputs=any(part.about_outputs for part, _ in parts))

    def named_formula(self, formula: SExpression, names: Definitions) -> _Formula:
        """``true``, ``false`` or a name that ``let`` has given to a formula."""
        known: Definitions = {"true": _TRUE, "false": _FALSE, **names}
        meaning = known.get(formula.atom)
        if not isinstance(meaning, _Formula):
            formula.fail(_expected(formula.atom))
        return meaning

    def let(self, formula: SExpression, names: Definitions) -> tuple[SExpression, Definitions]:
        """The body of ``(let ((name meaning) ...) body)``, and the names that it knows."""
        inner = dict(names)
        kinds = {name: isinstance(meaning, _Formula) for name, meaning in names.items()}
        for name, meaning in let_pairs(formula):
            read = self.formula if is_formula(meaning, kinds) else self.term
            inner[name] = read(meaning, names)
        return formula.arguments[1], inner

    def comparison(self, formula: SExpression, names: Definitions) -> _Formula:
        """A comparison of inputs limits them, one of outputs does not."""
        symbol, arguments = formula.head, formula.arguments
        if symbol not in ("<=", ">=", "=", "<", ">"):
            formula.fail(_expected(symbol))
        if len(arguments) < 2:
            formula.fail(f"{symbol!r} with {len(arguments)} arguments; expected two")
        terms = [self.term(argument, names) for argument in arguments]
        kinds = {"Y" if index < 0 else "X" for term in terms for index in term.coefficients}
        if len(kinds) == 2:
            formula.fail("a comparison that mixes X and Y; a region can only limit inputs")
        if "Y" in kinds:
            return _Formula(lambda positive: EVERYTHING, about_outputs=True)

        def work(positive: bool) -> Branches:
            join, one = (common, _holding) if positive else (union, _failing)
            parts = (one(a, symbol, b, formula.position) for a, b in pairwise(terms))
            return _located(formula, lambda: join(parts))

        return _Formula(work, about_outputs=False)

    def term(self, expression: SExpression, names: Definitions) -> Linear:
        """Linear arithmetic; ``Y_i`` is kept as index ``-1 - i``."""
        if expression.items is None:
            return self.atom(expression, names)
        if expression.head == "let":
            body, inner = self.let(expression, names)
            return self.term(body, inner)
        build = _OPERATORS.get(expression.head)
        if build is None or not expression.arguments:
            expression.fail(f"expected +, -, * or / with arguments, got {expression.head[:40] or '()'!r}")
        terms = [self.term(argument, names) for argument in expression.arguments]
        try:
            return build(terms)
        except InputError as error:
            expression.fail(str(error))

    def atom(self, expression: SExpression, names: Definitions) -> Linear:
        bound = names.get(expression.atom)
        if isinstance(bound, _Formula):
            expression.fail(f"{expression.atom[:40]!r} stands for a formula; expected a number")
        if bound is not None:
            return Linear(bound.constant, dict(bound.coefficients))
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
        regions = regions_of(counts["X"], self.rows, self.branches, str(path))
        if isinstance(regions, int):
            raise SExpressionMistake(regions, "a strict comparison over inputs: regions are closed; write <= or >= "
                                   "('not' makes a strict one of <= and >=)")  # fmt: skip
        return VnnLib(path, counts["X"], counts["Y"], regions, self.output_constraints)


def _located(formula: SExpression, work: Callable[[], Branches]) -> Branches:
    try:
        return work()
    except InputError as error:
        formula.fail(str(error))


def _expected(got: str) -> str:
    return f"expected a comparison (<=, >=, =, <, >) or and, or, not, =>, let, true, false; got {got[:40] or '()'!r}"


def _holding(left: Linear, symbol: str, right: Linear, place: int) -> Branches:
    """The inputs where the comparison holds."""
    weak = "==" if symbol == "=" else f"{symbol[0]}="
    strict = symbol in ("<", ">")
    rows = compared(left, weak, right)
    if not rows[0].coefficients:
        holds = all(row.bound > 0 if strict else row.bound >= 0 for row in rows)
        return EVERYTHING if holds else NOTHING
    return (branch_of(rows, place if strict else None),)


def _failing(left: Linear, symbol: str, right: Linear, place: int) -> Branches:
    """The inputs where the comparison does not hold."""
    opposites = ("<", ">") if symbol == "=" else (_OPPOSITE[symbol],)
    return union(_holding(left, opposite, right, place) for opposite in opposites)


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
