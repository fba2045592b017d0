"""All cells of a frame, up to a bound on their number, as integer rows over the free hull coordinates."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.arrangement.counting import MOST_DIMENSIONS
from verify.arrangement.details import CellDetails, details
from verify.arrangement.domain import Domain, TooManyCells
from verify.arrangement.enumerate import Arrangement, beginning
from verify.arrangement.merging import label
from verify.arrangement.parts import arrangement
from verify.kernel.core.cell import cell_of
from verify.kernel.core.criteria import on_hull
from verify.kernel.exact import AffineForm, Pattern
from verify.rational import Vector, concatenate, zeros
from verify.region import Box, HalfSpace
from verify.search.budget import Budget
from verify.search.dividing.cells import cells
from verify.search.dividing.loop import Node
from verify.search.dividing.patterned import Patterned, patterned_parts
from verify.symbolic.frame import Frame

# Integers over one common denominator.
IntegerPoint = tuple[tuple[int, ...], int]


class FormTooLarge(Exception):
    """A form is beyond the stated bounds; the message says which."""


@dataclass(frozen=True)
class CellRow:
    """``coefficients . t <= bound`` over the free coordinates, in coprime integers."""

    coefficients: tuple[int, ...]
    bound: int

    @property
    def opposite(self) -> CellRow:
        """The other side of the same hyperplane."""
        return CellRow(tuple(-c for c in self.coefficients), -self.bound)

    def slack(self, point: IntegerPoint) -> int:
        """A positive multiple of the slack: positive inside, zero on the hyperplane."""
        numerators, denominator = point
        total: int = sum(map(operator.mul, self.coefficients, numerators))
        return self.bound * denominator - total


@dataclass(frozen=True, eq=False)
class PlainCell:
    """One cell: the rows that cut it out of the region, a point inside, its pattern and its output maps."""

    rows: frozenset[CellRow]
    inside: IntegerPoint
    interior: Vector
    pattern: Pattern
    maps: tuple[AffineForm, ...]


def make_row(coefficients: Iterable[Fraction], bound: Fraction) -> CellRow:
    """The row in coprime integers."""
    values = [*coefficients, bound]
    common = math.lcm(*(v.denominator for v in values))
    integers = [int(v * common) for v in values]
    divisor = math.gcd(*integers) or 1
    return CellRow(tuple(n // divisor for n in integers[:-1]), integers[-1] // divisor)


def make_point(values: Sequence[Fraction]) -> IntegerPoint:
    """The point over one denominator."""
    common = math.lcm(*(v.denominator for v in values))
    return tuple(int(v * common) for v in values), common


def all_cells(frame: Frame, limit: int, budget: Budget) -> list[PlainCell]:
    """Every cell of the region; ``FormTooLarge`` beyond the limit."""
    if not isinstance(frame.domain.base, Box):
        raise FormTooLarge(f"an L1 ball of {frame.domain.dimension} coordinates has too many sides")
    found: list[PlainCell] = []
    free, skip = frame.free, len(frame.domain.rows)
    if not frame.network.is_piecewise_linear:
        return _smooth_cells(frame, limit, budget)
    domain = Domain(frame.problem, frame.region, tuple(frame.free))
    if domain.dimension <= MOST_DIMENSIONS:
        return _from_arrangement(frame, domain, limit, budget)
    for cell in cells(frame.problem, budget):
        if len(found) == limit:
            raise FormTooLarge(f"more than {limit} activation cells")
        own = frozenset(plain_row(row, frame) for row in cell.rows[skip:])
        inside = make_point([cell.interior[j] for j in free])
        found.append(PlainCell(own, inside, cell.interior, cell.leaf.pattern, tuple(cell.maps)))
    return found


def _from_arrangement(frame: Frame, domain: Domain, limit: int, budget: Budget) -> list[PlainCell]:
    """The cells of a complex: their rows are the facets between cells, none of which is redundant."""
    begin = beginning(domain)
    try:
        found = arrangement(begin, budget, limit)
    except TooManyCells as stop:
        raise FormTooLarge(f"more than {limit} activation cells") from stop
    labels = label(found, budget)
    parts: dict[int, list[CellDetails]] = {}
    for part in details(found, labels):
        parts.setdefault(int(labels.cells[part.number]), []).append(part)
    # From left to right: which branch a boundary belongs to depends on the first cell of the last branch.
    return [_plain(frame, domain, group, found) for group in sorted(parts.values(), key=lambda g: g[0].inside)]


def _plain(frame: Frame, domain: Domain, parts: Sequence[CellDetails], found: Arrangement) -> PlainCell:
    """A cell from its parts: infinite regions divide cells at 0."""
    own = {part.number for part in parts}
    rows = {
        CellRow(tuple(-c for c in other.half_space[:-1]), other.half_space[-1])
        for part in parts
        for other in part.neighbours
        if other.cell not in own
    }
    inside = parts[0].inside
    pattern = found.pattern(parts[0].number)
    forms = cell_of(frame.network, pattern).outputs()
    maps = tuple(on_hull(form, domain.base) for form in forms)
    return PlainCell(frozenset(rows), make_point(inside), domain.hull_point(inside), pattern, maps)


def _smooth_cells(frame: Frame, limit: int, budget: Budget) -> list[PlainCell]:
    """The same where there are smooth units: maps have further coordinates, one for the value of each of them."""
    base, skip = frame.domain.base, len(frame.domain.rows)
    assert isinstance(base, Box)
    parts: list[Patterned] = []
    for _, found in patterned_parts(Node(), frame.problem, frame.values, budget):
        if found.multipliers is None:
            raise FormTooLarge("the sign of a ReLU depends on the value of a smooth unit")
        if len(parts) == limit:
            raise FormTooLarge(f"more than {limit} activation cells")
        parts.append(found)
    cells_found = []
    for settled in parts:
        rows, interior = settled.part
        own = frozenset(plain_row(row, frame) for row in rows[skip:])
        inside = make_point([interior[j] for j in frame.free])
        maps = [_padded(on_hull(form, base), frame) for form in settled.cell.outputs()]
        cells_found.append(PlainCell(own, inside, interior, settled.pattern, tuple(maps)))
    return cells_found


def _padded(form: AffineForm, frame: Frame) -> AffineForm:
    size = frame.domain.dimension + len(frame.values.numbers)
    return AffineForm(concatenate([form.coefficients, zeros(size - len(form.coefficients))]), form.constant)


def plain_row(row: HalfSpace, frame: Frame) -> CellRow:
    """The row over the free coordinates: pinned ones are put in."""
    form = on_hull(AffineForm(-row.coefficients, row.bound), frame.domain.base)
    return make_row((-form.coefficients[j] for j in frame.free), form.constant)
