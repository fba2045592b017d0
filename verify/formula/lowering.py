"""From a formula to one network on one polyhedron, and the cases in which the formula would be false.

All sides of comparisons become outputs of a single network h over the coordinates u of all quantified names: f(x + y)
is a copy of f after an affine map, and ``abs``, ``min`` and ``max`` are ReLU (exactly: see ``verify.network.builder``).
The formula is false at u exactly when u lies in the region Q of its closed affine conditions and one of the *cases*
holds, a conjunction of ``h_i(u) >= 0``, ``h_i(u) > 0`` and their opposites. Strict comparisons stay strict.

Proof. ``not (C => B)`` is ``C and not B``. Negations are pushed inwards, where ``not (a <= b)`` is ``a > b`` and so on,
a comparison of vectors is a conjunction over their entries, and the rest is distributed into cases. A condition that is
affine and not strict goes into Q. A region with further coordinates (the parameters of a segment or slice, the
distances of an L1 ball) is {point : some t has rows(point, t)}: as conditions stand on the left of ``for all``, t may
be quantified with the names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from verify.formula.expressions import Expressions, constant, total_of
from verify.formula.region_builder import RegionBuilder
from verify.formula.tree import (
    Compare,
    Every,
    Formula,
    FormulaMistake,
    FormulaNode,
    Implication,
    Membership,
    Name,
    Negation,
    Product,
    Some,
    Statement,
    text_of,
    walk,
)
from verify.network import Network
from verify.network import matrix as matrices
from verify.network.builder import absolute, concatenated
from verify.network.matrix import Matrix
from verify.network.tensor import Builder, Tensor
from verify.rational import Vector, zeros
from verify.region import L1Ball, Region
from verify.region.region import half_spaces, lifted

# A formula with more cases than this is refused.
MAX_CASES = 2_000


@dataclass(frozen=True)
class Sign:
    """``sign * h[output] >= 0``, or ``> 0`` where it is strict."""

    output: int
    sign: int
    strict: bool


@dataclass(frozen=True)
class FalseCase:
    """The formula is false where all of these hold: conditions that are not in Q, and what breaks the body."""

    given: tuple[Sign, ...]
    broken: tuple[Sign, ...]

    @property
    def signs(self) -> tuple[Sign, ...]:
        return self.given + self.broken


@dataclass(frozen=True, eq=False)
class Lowered:
    """The network h, the region Q, the cases, and for each name the affine map from u to its value."""

    network: Network
    region: Region
    cases: tuple[FalseCase, ...]
    names: Mapping[str, tuple[Matrix, Vector]]
    numbers: frozenset[str]

    def assignment(self, u: Vector) -> dict[str, Vector | Fraction]:
        """The values of the names at u."""
        result: dict[str, Vector | Fraction] = {}
        for name, (matrix, offset) in self.names.items():
            value = matrix.product(u) + offset
            result[name] = value[0] if name in self.numbers else value
        return result


def lowered(formula: Formula, networks: Mapping[str, Network]) -> Lowered:
    """The formula as one network, region and cases; raises ``FormulaMistake`` where it has no such form."""
    product = nonlinear_product(formula)
    if product is not None:
        raise FormulaMistake(
            product.place,
            f"{text_of(product)} is a product of unknowns: such formulas are decided only where they"
            " are the definition of a property of the catalogue (docs/language.md lists them)",
        )
    return _Lowering(formula, networks).result()


def nonlinear_product(formula: Formula) -> Product | None:
    """The first product of two expressions that are not known beforehand."""
    products = (node for node in walk(*formula.statements()) if isinstance(node, Product) and len(node.parts) > 1)
    return next((node for node in products if sum(not _is_known(part) for part in node.parts) > 1), None)


# A boolean combination without negations: a sign, or all (True) or some (False) of its parts.
SignCondition: TypeAlias = "Sign | tuple[bool, list[SignCondition]]"


class _Lowering:
    """One formula on its way to a network."""

    def __init__(self, formula: Formula, networks: Mapping[str, Network]) -> None:
        self.formula, self.networks = formula, networks
        for network in networks.values():
            network.require_piecewise_linear("the language of claims")
        self.where = RegionBuilder()
        self.conditions, self.body = formula.with_premises()
        self.extra: dict[int, tuple[int, ...]] = {}
        self.parts = self._coordinates()
        if not self.where.low:  # a formula without names still is about a network of one input
            self.where.add(1)
            self.where.low[0] = self.where.high[0] = Fraction(0)
        size = len(self.where.low)
        self.builder = Builder((size,), _label(self.networks))
        self.names = {name: _placed(part, size) for name, part in self.parts.items()}
        self.expressions = Expressions(self.builder, networks, self.names)
        self.outputs: list[Tensor] = []
        self.count = 0

    def _coordinates(self) -> dict[str, tuple[int, Matrix, Vector]]:
        """Coordinates for every name and every region that needs its own; for names (first, matrix, offset)."""
        parts = {}
        charts: dict[str, Membership] = {}
        for node in self.conditions:
            if isinstance(node, Membership) and isinstance(node.point, Name) and self._region(node).chart is not None:
                charts.setdefault(node.point.name, node)
        for variable in self.formula.variables:
            size = max(variable.size, 1)
            member = charts.get(variable.name)
            region = None if member is None else self._region(member)
            if member is None or region is None or region.chart is None:
                parts[variable.name] = self.where.add(size), matrices.identity(size), zeros(size)
                continue
            first = self.where.add(region.dimension)
            parts[variable.name] = first, region.chart.directions, region.chart.origin
            plain = Region(region.base, region.rows)
            self._require_rows(plain, [({first + j: Fraction(1)}, Fraction(0)) for j in range(plain.dimension)])
            self.extra[id(member)] = ()
        for node in self.conditions:
            if isinstance(node, Membership) and id(node) not in self.extra:
                region = self._region(node)
                own = region.dimension if region.chart is not None else 0
                more = region.dimension if isinstance(region.base, L1Ball) else 0
                self.extra[id(node)] = self.where.add(own), self.where.add(more)
        return parts

    def _region(self, node: Membership) -> Region:
        return self.formula.regions[node.index]

    def result(self) -> Lowered:
        given = [c for node in self.conditions if (c := self._condition(node)) is not None]
        broken = self._signs(self.body, positive=False)
        cases = _cases((True, given), broken)
        region = self.where.region()
        output = concatenated(self.outputs, axis=0) if self.outputs else constant(self.builder, [Fraction(0)])
        network = self.builder.build(output.named("comparisons"))
        notes = {f"{network.name}: {note}": None for network in self.networks.values() for note in network.notes}
        text = ", ".join(text_of(condition) for condition in self.formula.conditions) or "all"
        numbers = frozenset(variable.name for variable in self.formula.variables if variable.is_number)
        return Lowered(replace(network, notes=tuple(notes)), replace(region, text=text), cases, self.names, numbers)

    # Conditions.

    def _condition(self, node: Statement) -> SignCondition | None:
        """A condition as signs of outputs; None where it went into the region."""
        if isinstance(node, Membership):
            extra = self.extra[id(node)]
            if not extra:
                return None
            point = self.expressions.vector(node.point, self._region(node).ambient)
            if set(point.terms) <= {0}:
                self._require_member(self._region(node), point, extra[0], extra[1])
                return None
        elif isinstance(node, Compare) and node.symbol in ("<=", ">=", "=="):
            difference = self.expressions.difference(node)
            if set(difference.terms) <= {0}:
                for coefficients, constant in _rows(difference):
                    if node.symbol != ">=":
                        self.where.require(coefficients, -constant)
                    if node.symbol != "<=":
                        self.where.require({j: -c for j, c in coefficients.items()}, constant)
                return None
        return self._signs(node, positive=True)

    def _require_member(self, region: Region, point: Tensor, own: int, more: int) -> None:
        """The affine ``point`` lies in the region, whose parameters are the coordinates from ``own`` on."""
        forms = _rows(point)
        if region.chart is not None:
            origin, columns = region.chart.origin.fractions(), region.chart.directions
            placed = [
                (dict(coefficients), constant - o) for (coefficients, constant), o in zip(forms, origin, strict=True)
            ]
            entries = zip(columns.row_of_entry.tolist(), columns.columns.tolist(), columns.fractions(), strict=True)
            for row, column, value in entries:
                placed[row][0][own + column] = placed[row][0].get(own + column, Fraction(0)) - value
            for coefficients, constant in placed:
                self.where.require(coefficients, -constant)
                self.where.require({j: -c for j, c in coefficients.items()}, constant)
            forms = [({own + j: Fraction(1)}, Fraction(0)) for j in range(region.dimension)]
        distances = [({more + j: Fraction(1)}, Fraction(0)) for j in range(region.dimension)]
        self._require_rows(Region(region.base, region.rows), forms, distances)

    def _require_rows(
        self,
        region: Region,
        forms: Sequence[tuple[dict[int, Fraction], Fraction]],
        distances: Sequence[tuple[dict[int, Fraction], Fraction]] = (),
    ) -> None:
        """The point with these affine coordinates lies in a region without chart (an L1 ball has ``distances``)."""
        rows, extra = lifted(region)
        every = [*forms, *distances] if extra else forms
        for row in rows:
            total: dict[int, Fraction] = {}
            bound = row.bound
            for j in np.flatnonzero(np.asarray(row.coefficients.numerators != 0, dtype=bool)).tolist():
                weight = row.coefficients[j]
                coefficients, constant = every[j]
                bound -= weight * constant
                for column, value in coefficients.items():
                    total[column] = total.get(column, Fraction(0)) + weight * value
            self.where.require(total, bound)

    # Statements as signs of outputs.

    def _signs(self, node: Statement, *, positive: bool) -> SignCondition:
        """The statement, or its negation, without negations."""
        match node:
            case Compare():
                return self._compared(self.expressions.difference(node), node.symbol, positive=positive)
            case Membership():
                return self._inside(node, positive=positive)
            case Every() | Some():
                every = isinstance(node, Every) == positive
                return every, [self._signs(part, positive=positive) for part in node.parts]
            case Negation():
                return self._signs(node.part, positive=not positive)
            case Implication():
                parts = [self._signs(node.left, positive=not positive), self._signs(node.right, positive=positive)]
                return not positive, parts

    def _compared(self, difference: Tensor, symbol: str, *, positive: bool) -> SignCondition:
        """``difference symbol 0`` in every entry, or its negation: in some entry not."""
        first, size = self.count, difference.size
        self.outputs.append(difference.flatten())
        self.count += size
        return positive, [_one(first + i, symbol, positive=positive) for i in range(size)]

    def _inside(self, node: Membership, *, positive: bool) -> SignCondition:
        region = self._region(node)
        if region.chart is not None:
            raise FormulaMistake(
                node.place, f"{node.text} can stand as a condition after 'for' only; write a segment or slice there"
            )
        point = self.expressions.vector(node.point, region.ambient)
        parts: list[SignCondition] = []
        if isinstance(region.base, L1Ball):
            gaps = absolute(point.plus(-region.base.midpoint))
            parts.append(self._compared(total_of(gaps).plus_number(-region.base.radius), "<=", positive=positive))
            rows = list(region.rows)
        else:
            rows = half_spaces(region)
        for row in rows:
            matrix = matrices.from_dense(np.array([row.coefficients.fractions()], dtype=object))
            slack = point.apply(matrix, (1,)).plus_number(-row.bound)
            parts.append(self._compared(slack, "<=", positive=positive))
        if not parts:  # all of space: 0 <= 0, so that the formula has cases
            parts.append(self._compared(constant(self.builder, [Fraction(0)]), "<=", positive=positive))
        return positive, parts


def _one(output: int, symbol: str, *, positive: bool) -> SignCondition:
    """``h[output] symbol 0`` or its negation."""
    if not positive:
        symbol = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "==": "!=", "!=": "=="}[symbol]
    above, below = Sign(output, 1, symbol in (">", "!=")), Sign(output, -1, symbol in ("<", "!="))
    if symbol in ("==", "!="):
        return symbol == "==", [above, below]
    return above if symbol in (">", ">=") else below


def _cases(given: SignCondition, broken: SignCondition) -> tuple[FalseCase, ...]:
    """All ways in which conditions and negated body hold together."""
    count = _count(given) * _count(broken)
    if count > MAX_CASES:
        raise FormulaMistake(0, f"the formula can fail in {count} ways; at most {MAX_CASES} are followed, split it up")
    return tuple(FalseCase(g, b) for g in _distributed(given) for b in _distributed(broken))


def _count(condition: SignCondition) -> int:
    if isinstance(condition, Sign):
        return 1
    every, parts = condition
    counts = [_count(part) for part in parts]
    return math.prod(counts) if every else sum(counts)


def _distributed(condition: SignCondition) -> list[tuple[Sign, ...]]:
    """The cases of a condition, each a conjunction of signs, every sign and case once."""
    if isinstance(condition, Sign):
        return [(condition,)]
    every, parts = condition
    listed = [_distributed(part) for part in parts]
    if not every:
        return list(dict.fromkeys(case for cases in listed for case in cases))
    result: list[tuple[Sign, ...]] = [()]
    for cases in listed:
        result = [tuple(dict.fromkeys(left + right)) for left in result for right in cases]
    return list(dict.fromkeys(result))


def _placed(part: tuple[int, Matrix, Vector], size: int) -> tuple[Matrix, Vector]:
    """A name's matrix over all coordinates."""
    first, matrix, offset = part
    columns = matrix.columns + first
    return matrices.from_triplets(matrix.row_of_entry, columns, matrix.entries, (matrix.shape[0], size)), offset


def _label(networks: Mapping[str, Network]) -> str:
    return " and ".join(dict.fromkeys(network.name for network in networks.values())) or "formula"


def _rows(tensor: Tensor) -> list[tuple[dict[int, Fraction], Fraction]]:
    """An affine tensor's entries as (coefficients over the inputs, constant)."""
    rows: list[dict[int, Fraction]] = [{} for _ in range(tensor.size)]
    matrix = tensor.terms.get(0)
    if matrix is not None:
        entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
        for row, column, value in entries:
            rows[row][column] = value
    return list(zip(rows, tensor.bias.fractions(), strict=True))


def _is_known(node: FormulaNode) -> bool:
    """Whether no quantified name is in it."""
    return not any(isinstance(part, Name) for part in walk(node))
