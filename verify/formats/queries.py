"""VNN-LIB files as queries: is there a point at which networks' inputs and outputs satisfy a formula? Read exactly.

Both versions are lists in brackets. 1.0 declares ``X_i`` and ``Y_i`` of one network; 2.0 (``(vnnlib-version <2.0>)``)
declares networks, each with one input and one output tensor, whose elements are ``X[i,j]``. Formulas are comparisons of
linear terms, ``and``, ``or``, ``not``, ``=>``, ``true``, ``false`` and, in 1.0, ``let``. What else the standard has is
refused by name. Errors name file, line and column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from verify.errors import InputError, RegionError
from verify.formats.halfspaces import Linear, exact, product
from verify.formats.reading import read_text, shorten, shown
from verify.formats.sexpressions import SExpression, SExpressionMistake, is_formula, let_pairs

MAX_BYTES, MAX_NESTING, MAX_INPUTS = 64 * 2**20, 200, 1_000_000
# A formula may be written as so many cases, each a list of comparisons.
MAX_CASES = 4096
# And so many comparisons in all of them.
MAX_ATOMS = 10_000_000
_TOKEN = re.compile(r";[^\n]*|[()]|\|[^|]*\||\"[^\"]*\"|[^\s()\[\];|\"]*\[[^\]\n]*\]|<[0-9.]+>|[^\s();|\"]+|.", re.S)
_OLD = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})")
_NAME = re.compile(r"[^\W\d][^\s\[\]]*")
_IGNORED = {"set-logic", "set-info", "set-option", "check-sat", "get-model", "exit", "vnnlib-version"}
_TYPES = {"Real", "real", "float16", "float32", "float64", "bfloat16"}
_COMPARISONS = {"<=", "<", ">=", ">", "=", "==", "!=", "distinct"}


@dataclass(frozen=True)
class DeclaredTensor:
    """A declared input or output: its name and shape ((): one number)."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Declared:
    """A network of the file; ``same_as`` names one that it is equal to, ``like`` one that it is isomorphic to."""

    name: str
    inputs: DeclaredTensor
    outputs: DeclaredTensor
    same_as: str = ""
    like: str = ""


@dataclass(frozen=True)
class Atom:
    """``linear <= 0`` (``strict``: < 0) over the variables of the query."""

    linear: Linear
    strict: bool


QueryCase: TypeAlias = tuple[Atom, ...]


@dataclass(frozen=True)
class Query:
    """Variables are numbered network by network, each with its inputs first. The cases are alternatives."""

    path: Path
    networks: tuple[Declared, ...]
    cases: tuple[QueryCase, ...]
    version: int

    def starts(self) -> list[tuple[int, int]]:
        """For each network the numbers of its first input and its first output."""
        found, total = [], 0
        for network in self.networks:
            found.append((total, total + network.inputs.size))
            total += network.inputs.size + network.outputs.size
        return found


class _Mistake(SExpressionMistake):
    def __init__(self, node: SExpression | int, message: str) -> None:
        super().__init__(node if isinstance(node, int) else node.position, message)


class _Named:
    """A formula to which ``let`` gave a name: its cases, and those of its negation, in the scope where it stands."""

    def __init__(self, work: Callable[[bool], list[list[Atom]]]) -> None:
        self.work = cache(work)


LetNames: TypeAlias = Mapping[str, "Linear | _Named"]


def read_query(path: str | Path) -> Query:
    """Read a ``.vnnlib`` or ``.vnnlib.gz`` file; an ``InputError`` names line and column where it is malformed."""
    file = Path(path)
    text = read_text(file, MAX_BYTES, "VNN-LIB file", RegionError)
    try:
        reader = _Reader()
        for command in _commands(text):
            reader.command(command)
        return reader.finished(file)
    except SExpressionMistake as mistake:
        line = text.count("\n", 0, mistake.position) + 1
        column = mistake.position - (text.rfind("\n", 0, mistake.position) + 1) + 1
        where = f"line {line}, column {column}"
        raise InputError(f"VNN-LIB file {shown(file)}, {where}: {shorten(str(mistake), 400)}") from mistake


def _commands(text: str) -> Iterator[SExpression]:
    """The lists at top level."""
    stack: list[SExpression] = []
    for match in _TOKEN.finditer(text):
        token, position = match.group(), match.start()
        if token[0] == ";" or token.isspace():
            continue
        if token == "(":
            if len(stack) >= MAX_NESTING:
                raise _Mistake(position, f"brackets nested more than {MAX_NESTING} deep")
            stack.append(SExpression(position, items=[]))
            continue
        if token == ")":
            if not stack:
                raise _Mistake(position, "a ')' that closes nothing")
            done = stack.pop()
            if not stack:
                yield done
                continue
        else:
            if not stack:
                raise _Mistake(position, f"expected '(', got {token[:40]!r}")
            done = SExpression(position, token.strip("|"))
        parent = stack[-1].items
        assert parent is not None
        parent.append(done)
    if stack:
        raise _Mistake(stack[0], "a '(' that is never closed")


@dataclass
class _Reader:
    """What was declared and asserted so far; ``names`` has the first variable and the shape of each tensor."""

    networks: list[Declared] = field(default_factory=list)
    names: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    old: dict[str, list[int]] = field(default_factory=lambda: {"X": [], "Y": []})
    asserted: list[SExpression] = field(default_factory=list)
    version: int = 1

    def command(self, command: SExpression) -> None:
        head, arguments = command.head, command.arguments
        if head in ("declare-const", "declare-fun"):
            self._declare(command)
        elif head == "declare-network":
            self.version = 2
            self._network(command)
        elif head == "assert":
            if len(arguments) != 1:
                raise _Mistake(command, f"'assert' with {len(arguments)} formulas; expected one")
            self.asserted.append(arguments[0])
        elif head == "vnnlib-version" and [a.atom for a in arguments] not in (["<1.0>"], ["<2.0>"]):
            raise _Mistake(command, "expected (vnnlib-version <2.0>) or <1.0>")
        elif head not in _IGNORED:
            raise _Mistake(command, f"unknown command {head[:40]!r}; expected declarations and assert")

    def _declare(self, command: SExpression) -> None:
        words = [a.atom for a in command.arguments if a.items is None]
        match = _OLD.fullmatch(words[0]) if words else None
        if match is None or len(words) != 2 or words[1] != "Real" or any(a.items for a in command.arguments):
            raise _Mistake(command, "malformed declaration; expected (declare-const X_0 Real) or Y_0")
        self.old[match[1]].append(int(match[2]))

    def _network(self, command: SExpression) -> None:
        arguments = command.arguments
        if not arguments or arguments[0].items is not None:
            raise _Mistake(command, "expected (declare-network NAME (declare-input ...) (declare-output ...))")
        tensors: dict[str, DeclaredTensor] = {}
        related = {"equal-to": "", "isomorphic-to": ""}
        for part in arguments[1:]:
            if part.head in related:
                other = part.arguments[0].atom if len(part.arguments) == 1 else ""
                if other not in [network.name for network in self.networks]:
                    raise _Mistake(part, f"{part.head} {other[:40]!r}: no network of that name is declared before")
                related[part.head] = other
            elif part.head in ("declare-input", "declare-output"):
                if part.head in tensors:
                    raise _Mistake(
                        part, f"a second {part.head}: networks with several input or output tensors are not decided"
                    )
                tensors[part.head] = self._tensor(part)
            elif part.head == "declare-hidden":
                raise _Mistake(part, "declare-hidden: conditions on hidden nodes are not decided")
            else:
                raise _Mistake(part, f"unknown part {(part.head or part.atom)[:40]!r} of a network")
        if len(tensors) != 2:
            raise _Mistake(command, "a network needs a declare-input and a declare-output")
        name = arguments[0].atom
        if name in [network.name for network in self.networks]:
            raise _Mistake(command, f"network {name[:40]!r} is declared twice")
        declared = Declared(
            name, tensors["declare-input"], tensors["declare-output"], related["equal-to"], related["isomorphic-to"]
        )
        self._add(declared, command)

    def _tensor(self, part: SExpression) -> DeclaredTensor:
        words = [a.atom for a in part.arguments]
        if len(words) not in (2, 3) or words[1] not in _TYPES or any(a.items is not None for a in part.arguments):
            raise _Mistake(part, f"expected ({part.head} NAME Real [shape]) with a type of {', '.join(sorted(_TYPES))}")
        text = words[2].strip() if len(words) == 3 else "[]"
        inner = text[1:-1].replace(" ", "")
        if not (text.startswith("[") and text.endswith("]")) or (
            inner and not re.fullmatch(r"\d{1,9}(,\d{1,9})*", inner)
        ):
            raise _Mistake(part, f"{text[:40]!r} is no shape such as [1,5] or []")
        tensor = DeclaredTensor(words[0], tuple(int(n) for n in inner.split(",")) if inner else ())
        if not 0 < tensor.size <= MAX_INPUTS:
            raise _Mistake(part, f"a tensor of {tensor.size} numbers; expected 1 to {MAX_INPUTS}")
        return tensor

    def _add(self, declared: Declared, node: SExpression | int) -> None:
        start = sum(network.inputs.size + network.outputs.size for network in self.networks)
        for tensor in (declared.inputs, declared.outputs):
            if not _NAME.fullmatch(tensor.name):
                raise _Mistake(node, f"{tensor.name[:40]!r} is no name of a tensor")
            if tensor.name in self.names:
                raise _Mistake(node, f"{tensor.name[:40]!r} is declared twice")
            self.names[tensor.name] = start, tensor.shape
            start += tensor.size
        self.networks.append(declared)

    def finished(self, path: Path) -> Query:
        if self.version == 1:
            self._old_network()
        elif any(self.old.values()):
            raise _Mistake(0, "declare-const beside declare-network: a file is of one version")
        if not self.networks:
            raise _Mistake(0, "no network is declared")
        if not self.asserted:
            raise _Mistake(0, "nothing is asserted")
        cases: list[list[Atom]] = [[]]
        for formula in self.asserted:
            cases = _product(cases, self._cases(formula, {}, positive=True), formula)
        return Query(path, tuple(self.networks), tuple(tuple(case) for case in cases), self.version)

    def _old_network(self) -> None:
        sizes = {}
        for kind, indices in self.old.items():
            if sorted(indices) != list(range(len(indices))):
                raise _Mistake(
                    0, f"the {kind}_i that are declared are not {kind}_0 to {kind}_{max(len(indices) - 1, 0)}"
                )
            sizes[kind] = len(indices)
        if not sizes["X"]:
            raise _Mistake(0, "no inputs; expected (declare-const X_0 Real), ...")
        self._add(Declared("f", DeclaredTensor("X", (sizes["X"],)), DeclaredTensor("Y", (sizes["Y"],))), 0)

    def _cases(self, formula: SExpression, bound: LetNames, *, positive: bool) -> list[list[Atom]]:
        """Alternatives that together say the formula, or its negation."""
        head, arguments = formula.head, formula.arguments
        if formula.items is None:
            meaning = bound.get(formula.atom)
            if isinstance(meaning, _Named):
                return meaning.work(positive)
            if meaning is not None or formula.atom not in ("true", "false"):
                raise _Mistake(formula, f"expected a formula, got {formula.atom[:40]!r}")
            return [[]] if (formula.atom == "true") == positive else []
        if head == "let" and self.version == 1:
            body, inner = self._let(formula, bound)
            return self._cases(body, inner, positive=positive)
        if head == "not" and len(arguments) == 1:
            return self._cases(arguments[0], bound, positive=not positive)
        if head == "=>" and len(arguments) >= 2:
            # a => b => c is (not a) or (not b) or c.
            parts = [*((a, not positive) for a in arguments[:-1]), (arguments[-1], positive)]
            return self._joined(formula, parts, bound, every=not positive)
        if head in ("and", "or") and arguments:
            return self._joined(formula, [(a, positive) for a in arguments], bound, every=(head == "and") == positive)
        if head in _COMPARISONS and len(arguments) >= 2:
            return self._comparison(formula, bound, positive=positive)
        raise _Mistake(formula, f"expected a comparison, and, or, not or =>, got {head[:40] or '()'!r}")

    def _let(self, formula: SExpression, bound: LetNames) -> tuple[SExpression, LetNames]:
        """The body of ``(let ((name meaning) ...) body)``, and the names that it knows."""
        kinds = {name: isinstance(meaning, _Named) for name, meaning in bound.items()}
        found = dict(bound)
        for name, meaning in let_pairs(formula):
            found[name] = self._named(meaning, bound) if is_formula(meaning, kinds) else self._term(meaning, bound)
        return formula.arguments[1], found

    def _named(self, meaning: SExpression, bound: LetNames) -> _Named:
        return _Named(lambda positive: self._cases(meaning, bound, positive=positive))

    def _joined(
        self,
        node: SExpression,
        parts: Sequence[tuple[SExpression, bool]],
        bound: LetNames,
        *,
        every: bool,
    ) -> list[list[Atom]]:
        found = [self._cases(part, bound, positive=sign) for part, sign in parts]
        if not every:
            return _limited([case for cases in found for case in cases], node)
        result: list[list[Atom]] = [[]]
        for cases in found:
            result = _product(result, cases, node)
        return result

    def _comparison(self, formula: SExpression, bound: LetNames, *, positive: bool) -> list[list[Atom]]:
        symbol = {"==": "=", "distinct": "!="}.get(formula.head, formula.head)
        terms = [self._term(argument, bound) for argument in formula.arguments]
        if symbol == "!=" and len(terms) > 2:
            raise _Mistake(formula, "'!=' with more than two arguments")
        if symbol == "!=":
            symbol, positive = "=", not positive
        atoms = [atom for a, b in pairwise(terms) for atom in _atoms(a, symbol, b)]
        if positive:
            return [atoms]
        negated = []
        for atom in atoms:
            other = Linear(atom.linear.constant, dict(atom.linear.coefficients))
            other.scale(exact("-1"))
            negated.append([Atom(other, not atom.strict)])
        return negated

    def _term(self, node: SExpression, bound: LetNames) -> Linear:
        if node.items is None:
            meaning = bound.get(node.atom)
            if isinstance(meaning, _Named):
                raise _Mistake(node, f"{node.atom[:40]!r} stands for a formula; expected a number")
            return self._variable(node) if meaning is None else Linear(meaning.constant, dict(meaning.coefficients))
        if node.head == "let" and self.version == 1:
            body, inner = self._let(node, bound)
            return self._term(body, inner)
        terms = [self._term(argument, bound) for argument in node.arguments]
        if node.head not in ("+", "-", "*", "/") or not terms:
            raise _Mistake(node, f"expected +, -, * or / with arguments, got {node.head[:40] or '()'!r}")
        try:
            if node.head == "*":
                return product(terms)
            if node.head == "/":
                return product([terms[0], *(term.inverted() for term in terms[1:])])
            total = terms[0]
            if node.head == "-" and len(terms) == 1:
                total.scale(exact("-1"))
            for term in terms[1:]:
                total.add(term, 1 if node.head == "+" else -1)
            return total
        except InputError as error:
            raise _Mistake(node, str(error)) from error

    def _variable(self, node: SExpression) -> Linear:
        old = _OLD.fullmatch(node.atom)
        name, _, rest = node.atom.partition("[")
        if self.version == 1 and old is not None and int(old[2]) < len(self.old[old[1]]):
            offset = 0 if old[1] == "X" else len(self.old["X"])
            return Linear(coefficients={offset + int(old[2]): exact("1")})
        if self.version == 2 and name in self.names:
            start, shape = self.names[name]
            inner = rest[:-1].replace(" ", "") if rest.endswith("]") else rest
            indices = tuple(int(i) for i in inner.split(",")) if re.fullmatch(r"\d{1,9}(,\d{1,9})*", inner) else ()
            if len(indices) != len(shape) or any(i >= n for i, n in zip(indices, shape, strict=True)):
                raise _Mistake(node, f"{node.atom[:40]!r} is no element of {name}, whose shape is {list(shape)}")
            place = 0
            for i, n in zip(indices, shape, strict=True):
                place = place * n + i
            return Linear(coefficients={start + place: exact("1")})
        try:
            return Linear(exact(node.atom))
        except InputError as error:
            raise _Mistake(node, f"{node.atom[:40]!r} is neither a number nor declared") from error


def _atoms(left: Linear, symbol: str, right: Linear) -> list[Atom]:
    """``left symbol right`` as forms that are at most, or below, zero."""
    first = Linear(left.constant, dict(left.coefficients))
    first.add(right, -1)
    second = Linear(first.constant, dict(first.coefficients))
    second.scale(exact("-1"))
    if symbol == "=":
        return [Atom(first, strict=False), Atom(second, strict=False)]
    return [Atom(first if symbol[0] == "<" else second, strict="=" not in symbol)]


def _product(left: list[list[Atom]], right: list[list[Atom]], node: SExpression) -> list[list[Atom]]:
    if len(left) * len(right) > MAX_CASES:
        raise _Mistake(node, f"the formula has more than {MAX_CASES} cases when written as a disjunction")
    if len(right) * sum(map(len, left)) + len(left) * sum(map(len, right)) > MAX_ATOMS:
        raise _Mistake(node, f"the formula has more than {MAX_ATOMS} comparisons when written as a disjunction")
    return [a + b for a in left for b in right]


def _limited(cases: list[list[Atom]], node: SExpression) -> list[list[Atom]]:
    if len(cases) > MAX_CASES:
        raise _Mistake(node, f"the formula has more than {MAX_CASES} cases when written as a disjunction")
    return cases
