"""A network as exact integer *rows*: units that the base leaves open, equal ones shared, in one list.

A row holds coefficients of the inputs, the constant 1 and the values ``y = relu(z)`` of earlier units. Rows are
identities at every point x of the base, with the true values y(x) put in: relu(g z) = g relu(z) for g > 0 lets rows be
divided by their content, equal rows have equal values, and relu(-z) = relu(z) - z. A ``Relaxation`` knows inequalities
between x and y(x); what is a nonnegative combination of them is nonnegative.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verify.errors import EvidenceError, TooLarge
from verify.kernel.closed_form import are_weights
from verify.kernel.evidence import Multipliers
from verify.network import Block, Network
from verify.region import Box, HalfSpace

# Columns 0 to n - 1 are the inputs, column n + j is the value of unit j, and this one is the constant 1.
CONSTANT = -1
# Coefficients that are not zero, by column.
Row: TypeAlias = dict[int, int]
Form: TypeAlias = Mapping[int, Fraction | int]
Side: TypeAlias = Fraction | int | None

# Products of coefficients that the rows of one network may take.
MAX_WORK = 4_000_000


@dataclass(frozen=True, eq=False)
class Unit:
    """A unit of the original network whose value is a positive multiple of ``relu(row)``."""

    block: int
    index: int
    row: Row


@dataclass(frozen=True, eq=False)
class NormalForm:
    """The units that are left after folding what the base settles and sharing equal ones; outputs over one denominator.

    Column ``size + j`` stands for ``relu(units[j].row)``.
    """

    size: int
    units: tuple[Unit, ...]
    outputs: tuple[Row, ...]
    denominator: int


def add_multiple(target: Row, source: Row, factor: int) -> None:
    """``target += factor * source`` in place; zeros are not kept."""
    for column, value in source.items():
        total = target.get(column, 0) + factor * value
        if total:
            target[column] = total
        else:
            del target[column]


def content(row: Row) -> int:
    """The greatest common divisor of the coefficients."""
    return math.gcd(*row.values())


def key(row: Row) -> tuple[tuple[int, int], ...]:
    """What equal rows have in common."""
    return tuple(sorted(row.items()))


@dataclass(eq=False)
class Relaxation:
    """What is known of the inputs and of the free values on a part: sides of every column, and constraints >= 0.

    ``constraints`` begins with the part's rows; each free column adds two: ``y - z`` and its ceiling minus y.
    """

    size: int
    low: dict[int, Side]
    high: dict[int, Side]
    constraints: list[Form] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    known: dict[tuple[tuple[int, int], ...], int] = field(default_factory=dict)

    def lowest(self, form: Form) -> Fraction | int | None:
        """The least value that the sides alone allow; None for minus infinity."""
        total: Fraction | int = 0
        for column, value in form.items():
            if column == CONSTANT:
                total += value
                continue
            side = self.low[column] if value > 0 else self.high[column]
            if value and side is None:
                return None
            total += value * (side or 0)
        return total

    def is_nonnegative(self, form: Form, multipliers: Multipliers) -> bool:
        """Whether ``form >= 0``: it is a nonnegative combination of constraints plus what is >= 0 by the sides."""
        rest: dict[int, Fraction | int] = dict(form)
        if not are_weights(multipliers, len(self.constraints)):
            return False
        for index, factor in multipliers.items():
            for column, value in self.constraints[index].items():
                rest[column] = rest.get(column, 0) - factor * value
        lowest = self.lowest(rest)
        return lowest is not None and lowest >= 0

    def value_of(self, row: Row) -> tuple[Row, int | None]:
        """The value ``relu(row)`` as a row, and its column where that is a new one.

        A constant is evaluated; a positive or negative multiple of a row that is known is expressed by its column.
        """
        if not row or row.keys() == {CONSTANT}:
            return ({CONSTANT: row[CONSTANT]} if row.get(CONSTANT, 0) > 0 else {}), None
        factor = content(row)
        primitive = {column: value // factor for column, value in row.items()}
        column = self.known.get(key(primitive))
        if column is not None:
            return {column: factor}, None
        opposite = self.known.get(key({c: -v for c, v in primitive.items()}))
        if opposite is not None:  # relu(-z) = relu(z) - z
            return {opposite: factor, **row}, None
        column = self.size + len(self.rows)
        self.known[key(primitive)] = column
        self._add_column(column, primitive)
        return {column: factor}, column

    def _add_column(self, column: int, row: Row) -> None:
        """``y = relu(row)``: 0 <= y, y <= the larger of 0 and the row's highest value, and y >= row."""
        down = self.lowest({c: -v for c, v in row.items()})
        self.rows[column] = row
        self.low[column], self.high[column] = 0, None if down is None else max(0, -down)
        self.constraints.append({column: 1, **{c: -v for c, v in row.items()}})
        self.constraints.append({})

    def add_ceiling(
        self, column: int, slope: Fraction, offset: Fraction, below: Multipliers, above: Multipliers
    ) -> bool:
        """Add ``y <= slope z + offset`` if it follows from ``0 <= slope <= 1`` and the two proofs."""
        if not (isinstance(slope, Fraction) and isinstance(offset, Fraction) and 0 <= slope <= 1):
            return False
        line = {c: slope * v for c, v in self.rows[column].items()}
        line[CONSTANT] = line.get(CONSTANT, 0) + offset
        beyond = {c: line.get(c, Fraction(0)) - v for c, v in {CONSTANT: 0, **self.rows[column]}.items()}
        if not (self.is_nonnegative(line, below) and self.is_nonnegative(beyond, above)):
            return False
        self.constraints[self._place(column) + 1] = {column: -1, **line}
        return True

    def _place(self, column: int) -> int:
        """Where the first of the two constraints of a free column stands."""
        return len(self.constraints) - 2 * (self.size + len(self.rows) - column)


def relaxation(base: Box, rows: Sequence[HalfSpace] = ()) -> Relaxation:
    """What the base and the rows of a part say."""
    low = [v if known else None for v, known in zip(base.low.fractions(), base.low_finite, strict=True)]
    high = [v if known else None for v, known in zip(base.high.fractions(), base.high_finite, strict=True)]
    result = Relaxation(base.dimension, dict(enumerate(low)), dict(enumerate(high)))
    for half in rows:
        slack = {j: -v for j, v in enumerate(half.coefficients.fractions()) if v}
        result.constraints.append({**slack, CONSTANT: half.bound})
    return result


_NORMAL_FORMS: dict[tuple[int, int], tuple[Network, Box, NormalForm]] = {}


def normal_form(network: Network, base: Box) -> NormalForm:
    """Rows of the units that the base leaves open; the last few are remembered.

    ``TooLarge`` for networks whose rows are too many, ``EvidenceError`` for those that are not piecewise linear.
    """
    known = _NORMAL_FORMS.get((id(network), id(base)))
    if known is None or known[0] is not network or known[1] is not base:
        while len(_NORMAL_FORMS) >= 4:
            _NORMAL_FORMS.pop(next(iter(_NORMAL_FORMS)))
        known = _NORMAL_FORMS[id(network), id(base)] = network, base, _normal_form(network, base)
    return known[2]


def _normal_form(network: Network, base: Box) -> NormalForm:
    if not network.is_piecewise_linear or network.input_size != base.dimension:
        raise EvidenceError("relevance", "free units need a piecewise linear network on a box with its dimension")
    known = relaxation(base)
    units: list[Unit] = []
    values: dict[int, list[Row]] = {0: _inputs(base)}
    denominators = {0: base.low.denominator}
    denominator, work = base.low.denominator, 0
    for k, block in enumerate(network.blocks, start=1):
        denominator *= block.integer_form[2]
        rows, spent = _rows_of(block, values, denominators, denominator)
        work += spent
        if work > MAX_WORK:
            raise TooLarge(f"the exact rows of {network.name} take more than {MAX_WORK} products")
        values[k], denominators[k] = rows, denominator
        if block.relu:
            for index, row in enumerate(rows):
                rows[index], column = _folded(known, row)
                if column is not None:
                    units.append(Unit(k, index, known.rows[column]))
        for source in [s for s, last in network.last_use.items() if last == k]:
            del values[source]
    return _without_idle(NormalForm(base.dimension, tuple(units), tuple(values[len(network.blocks)]), denominator))


def _inputs(base: Box) -> list[Row]:
    """Rows of the inputs over the denominator of the base's low ends; pinned coordinates are constants."""
    scale = base.low.denominator
    rows: list[Row] = []
    for j, (pinned, value) in enumerate(zip(base.pinned.tolist(), base.low.numerators.tolist(), strict=True)):
        rows.append({j: scale} if not pinned else {CONSTANT: value} if value else {})
    return rows


def _rows_of(
    block: Block, values: Mapping[int, list[Row]], denominators: Mapping[int, int], denominator: int
) -> tuple[list[Row], int]:
    """Rows of a block's pre-activations over ``denominator``, and the number of products taken."""
    parts, bias, own = block.integer_form
    shared = denominator // own
    rows: list[Row] = [{CONSTANT: b * shared} if b else {} for b in bias.tolist()]
    work = 0
    for source, matrix, numerators in parts:
        factor = shared // denominators[source]
        entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), numerators.tolist(), strict=True)
        for row, column, weight in entries:
            value = values[source][column]
            work += len(value)
            if work > MAX_WORK:
                return rows, work
            add_multiple(rows[row], value, weight * factor)
    return rows, work


def _folded(known: Relaxation, row: Row) -> tuple[Row, int | None]:
    """The value of ``relu(row)``: the row or nothing where the sides settle its sign, else a column."""
    lowest = known.lowest(row)
    if lowest is not None and lowest >= 0:
        return row, None
    highest = known.lowest({c: -v for c, v in row.items()})
    if highest is not None and highest >= 0:
        return {}, None
    return known.value_of(row)


def _without_idle(form: NormalForm) -> NormalForm:
    """Leave out the units on which no output depends, and number the others anew."""
    needed = relevant(form.outputs, {form.size + j: unit.row for j, unit in enumerate(form.units)}, form.size)
    number = {old: form.size + new for new, old in enumerate(sorted(needed))}

    def renumbered(row: Row) -> Row:
        return {number.get(column, column): value for column, value in row.items()}

    units = [Unit(u.block, u.index, renumbered(u.row)) for j, u in enumerate(form.units) if form.size + j in needed]
    return NormalForm(form.size, tuple(units), tuple(map(renumbered, form.outputs)), form.denominator)


def relevant(outputs: Sequence[Row], rows: Mapping[int, Row], size: int) -> set[int]:
    """The columns of units on which some output depends, directly or through other units."""
    found: set[int] = set()
    stack = [column for row in outputs for column in row if column >= size]
    while stack:
        column = stack.pop()
        if column not in found:
            found.add(column)
            stack += [c for c in rows[column] if c >= size]
    return found


def substituted(row: Row, values: Mapping[int, Row]) -> Row:
    """The row with the values of units put in for their columns."""
    result = {column: value for column, value in row.items() if column not in values}
    for column in row.keys() & values.keys():
        add_multiple(result, values[column], row[column])
    return result
