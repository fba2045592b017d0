"""What becomes of units: the laws of their functions, and networks as exact rows (lemmas 6 and 7).

A unit is a function phi of a pre-activation z: relu, a smooth one, or none (``""``). Its value is a constant, a
multiple of a known unit's (shared, reflected), z itself (on), nothing (off), or a variable. A row of values is an
identity at every point x of the base, with the true values y(x) put in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.core.laws import activation, of_multiple
from verify.kernel.core.part import CONSTANT, Part, Row, add_multiple, key, negative, primitive, substituted
from verify.kernel.evidence import Leaf
from verify.kernel.exact import AffineForm
from verify.kernel.speed import Memory
from verify.network import Network
from verify.network.matrix import Indices, Matrix
from verify.rational import Vector, integer_array
from verify.region import Box, HalfSpace
from verify.region.bases import Base

# Products of coefficients that the rows of one network may take.
MAX_WORK = 4_000_000
# Below so many weights dictionaries are faster than arrays.
MANY_ENTRIES = 256


@dataclass(frozen=True, eq=False)
class Unit:
    """A ReLU of the network whose value is a positive multiple of ``relu(row)``."""

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


_NORMAL_FORMS = Memory[NormalForm](4)


def normal_form(network: Network, base: Box) -> NormalForm:
    """Rows of the units that the base leaves open.

    ``TooLarge`` for networks whose rows are too many, ``EvidenceError`` for those that are not piecewise linear.
    """
    return _NORMAL_FORMS.of((network, base), None, lambda: _normal_form(network, base))


def _normal_form(network: Network, base: Box) -> NormalForm:
    if not network.is_piecewise_linear or network.input_size != base.dimension:
        raise EvidenceError("relevance", "free units need a piecewise linear network on a box with its dimension")
    part, units = Part(base), list[Unit]()

    def values(k: int, rows: list[Row], _: int) -> list[Row]:
        return [value(k, index, row) for index, row in enumerate(rows)] if activation(network.blocks[k - 1]) else rows

    def value(k: int, index: int, row: Row) -> Row:
        if part.settles(row):
            return row
        if part.settles(row, -1):
            return {}
        found, column = value_of(part, row)
        if column is not None:
            units.append(Unit(k, index, part.rows[column]))
        return found

    outputs, denominator = through(network, values, base, MAX_WORK)
    return _without_idle(NormalForm(base.dimension, tuple(units), tuple(outputs), denominator))


def value_of(part: Part, row: Row) -> tuple[Row, int | None]:
    """The value ``relu(row)`` as a row, and its column where that is a new variable of the part.

    A constant is evaluated; a multiple of a row that is known is expressed by its column.
    """
    if row.keys() <= {CONSTANT}:
        return (row if row.get(CONSTANT, 0) > 0 else {}), None
    short, content = primitive(row)
    for form, factor in ((short, content), (negative(short), -content)):
        column, law = part.known.get(key(form)), of_multiple("relu", factor)
        if column is not None and law is not None:
            return {column: abs(factor), **(row if law[1] else {})}, None
    column = part.known[key(short)] = part.variable(short)
    return {column: content}, column


def through(
    network: Network,
    values: Callable[[int, list[Row], int], list[Row]],
    base: Base | None = None,
    most: int | None = None,
) -> tuple[list[Row], int]:
    """The outputs as rows over a denominator; ``values(block, rows, denominator)`` says what units make of rows.

    Coordinates that the base pins are put in. ``TooLarge`` after ``most`` products of coefficients.
    """
    first = base.low.denominator if isinstance(base, Box) else 1
    known: dict[int, list[Row]] = {0: _inputs(network, base, first)}
    denominators, denominator, work = {0: first}, first, 0
    for k, block in enumerate(network.blocks, start=1):
        parts, bias, own = block.integer_form
        shared, denominator = denominator, denominator * own
        rows: list[Row] = [{CONSTANT: b * shared} if b else {} for b in bias.tolist()]
        for source, matrix, numerators in parts:
            factor, theirs = shared // denominators[source], known[source]
            lengths = np.array([len(row) for row in theirs], dtype=np.int64)
            work += int(lengths[matrix.columns].sum())
            if most is not None and work > most:
                raise TooLarge(f"the exact rows of {network.name} take more than {most} products")
            _add_products(rows, matrix, numerators, theirs, factor, lengths)
        known[k], denominators[k] = values(k, rows, denominator), denominator
        for source in [s for s, last in network.last_use.items() if last == k]:
            del known[source]
    return known[len(network.blocks)], denominator


def _add_products(
    rows: list[Row], matrix: Matrix, numerators: Any, theirs: list[Row], factor: int, lengths: Indices
) -> None:
    """Add ``factor * numerators @ theirs``: rows that are full as arrays, others entry by entry."""
    used = list(set().union(*theirs)) if matrix.entry_count > MANY_ENTRIES else []
    if used and 2 * int(lengths.sum()) > len(used) * int(np.count_nonzero(lengths)):
        full = np.array([[row.get(column, 0) for column in used] for row in theirs], dtype=object)
        for row, sums in zip(rows, matrix.integer_product(numerators, full).tolist(), strict=True):
            add_multiple(row, {c: v for c, v in zip(used, sums, strict=True) if v}, factor)
        return
    live = np.flatnonzero(lengths[matrix.columns])
    places = (matrix.row_of_entry[live].tolist(), matrix.columns[live].tolist(), numerators[live].tolist())
    for i, column, weight in zip(*places, strict=True):
        add_multiple(rows[i], theirs[column], weight * factor)


def _inputs(network: Network, base: Base | None, scale: int) -> list[Row]:
    rows: list[Row] = [{j: scale} for j in range(network.input_size)]
    if isinstance(base, Box):
        for j in np.flatnonzero(base.pinned).tolist():
            held = int(base.low.numerators[j])
            rows[j] = {CONSTANT: held} if held else {}
    return rows


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


def free_maps(network: Network, base: Base, rows: Sequence[HalfSpace], leaf: Leaf) -> list[AffineForm]:
    """The maps of the outputs on a part on which free units may switch (lemma 7).

    A unit is said to be on (its row replaces it), off (zero does), or *free*: its value stays a variable. The first two
    follow from what holds at (x, y(x)) for every x of the part: the base, the rows, y >= 0, y >= z, and ceilings. If no
    variable is left in the outputs, f is one affine map on the part, although free units may switch there.
    """
    if not isinstance(base, Box) or leaf.free is None or leaf.signs:
        raise EvidenceError("relevance", "free units need a region in box form")
    normal, part, values = normal_form(network, base), Part(base, rows), dict[int, Row]()
    for column, unit in enumerate(normal.units, start=normal.size):
        row, place = substituted(unit.row, values), (unit.block, unit.index)
        if leaf.free[unit.block][unit.index] or row.keys() <= {CONSTANT}:
            values[column], fresh = value_of(part, row)
            ceiling = None if fresh is None else leaf.ceilings.get(place)
            if fresh is not None and ceiling is not None and not part.add_ceiling(fresh, ceiling):
                raise EvidenceError("relevance", "a claimed upper bound of a free unit does not follow")
            continue
        on = bool(leaf.pattern[unit.block][unit.index])
        if not part.is_nonnegative(row, leaf.multipliers.get(place, {}), 1 if on else -1):
            name, side = network.blocks[unit.block - 1].unit_name(unit.index), "on" if on else "off"
            raise EvidenceError("relevance", f"{name} is said to be {side} on a part; its sign there does not follow")
        values[column] = row if on else {}
    outputs = [substituted(row, values) for row in normal.outputs]
    if any(column >= normal.size for row in outputs for column in row):
        raise EvidenceError("relevance", "an output depends on a unit whose side is left open on a part")
    return [affine_form(row, normal.size, normal.denominator) for row in outputs]


def affine_form(row: Row, size: int, denominator: int) -> AffineForm:
    """A row over the coordinates alone as an affine form."""
    coefficients = Vector(integer_array(row.get(j, 0) for j in range(size)), denominator)
    return AffineForm(coefficients.reduced(), Fraction(row.get(CONSTANT, 0), denominator))
