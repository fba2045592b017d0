"""Which units matter on a part (lemma 7), and the leaf that shows that none does.

A ``Fold`` holds what is left of a network's normal form on a part: the rows of the units on which the outputs still
depend, after those that keep their side there were folded and equal ones shared. Nothing left: one affine map. The
first unit that is left has a row over the inputs alone, so that it divides the part by a hyperplane.

Units behind open ones are bounded as in DeepPoly (Singh, Gehr, Pueschel and Vechev, POPL 2019): from below
``y >= 0`` or ``y >= z``, from above the chord of relu over the range of z, each put in from the last column on.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from verify.kernel.core.part import CONSTANT, Row, key, negative, primitive, substituted
from verify.kernel.core.part import Part as Known
from verify.kernel.core.units import NormalForm, relevant, value_of
from verify.kernel.evidence import Ceiling, Leaf, Multipliers
from verify.kernel.exact import Pattern
from verify.network import Network
from verify.rational import Vector, integer_array
from verify.region import Box
from verify.search.along import preactivations_along
from verify.search.budget import Budget
from verify.search.dividing.parts import Form, HomogeneousPoint, PolyhedralPart, integral

# Slopes of chords are rounded to multiples of this: a chord above the best one is a chord still, and shorter.
CHORD_STEP = 64


@dataclass(frozen=True, eq=False)
class Fold:
    """The live units of a normal form on a part, in order, and the outputs' rows over them.

    ``sides`` says which units were found on or off; ``twins`` which follow another one, on its side or on the other.
    ``values`` are the outputs at ``points`` of the part, times the points' denominators.
    """

    size: int
    live: Sequence[tuple[int, Row]]
    outputs: Sequence[Row]
    sides: Mapping[int, bool] = field(default_factory=dict)
    twins: Mapping[int, tuple[int, bool]] = field(default_factory=dict)
    points: Sequence[HomogeneousPoint] = ()
    values: Sequence[Sequence[int]] = ()


def whole(normal: NormalForm) -> Fold:
    """Nothing folded yet."""
    return Fold(normal.size, [(normal.size + j, unit.row) for j, unit in enumerate(normal.units)], normal.outputs)


@dataclass(eq=False)
class UnitBounds:
    """Linear bounds of the values of open units on a part: ``rows`` holds their pre-activations by column."""

    part: PolyhedralPart
    size: int
    rows: dict[int, Row] = field(default_factory=dict)
    known: dict[int, tuple[bool, tuple[Fraction, Fraction] | None]] = field(default_factory=dict)

    def of(self, column: int) -> tuple[bool, tuple[Fraction, Fraction] | None]:
        """Whether ``y >= z`` is the better bound from below, and slope and offset of a chord above (None: no bound)."""
        for earlier in sorted(self._unknown(column)):  # in order, so that nothing recurses
            row = self.rows[earlier]
            low, down = self.lowest(row), self.lowest({c: -v for c, v in row.items()})
            self.known[earlier] = True, None
            if low is not None and down is not None and low < 0 and down < 0:
                high = -down
                slope = Fraction(round(high / (high - low) * CHORD_STEP), CHORD_STEP)
                self.known[earlier] = high > -low, (slope, max(-slope * low, (1 - slope) * high))
        return self.known[column]

    def _unknown(self, column: int) -> set[int]:
        """The column and those that its bounds rest on, where not known yet."""
        found: set[int] = set()
        stack = [column]
        while stack:
            here = stack.pop()
            if here not in found and here not in self.known:
                found.add(here)
                stack += [c for c in self.rows[here] if c >= self.size]
        return found

    def below(self, row: Form) -> tuple[dict[int, Fraction | int], dict[int, tuple[int, Fraction]]] | None:
        """A form over the inputs below the row; for each column the bound (0 or 1) that was used, and its weight."""
        form: dict[int, Fraction | int] = dict(row)
        used: dict[int, tuple[int, Fraction]] = {}
        while form and (column := max(form)) >= self.size:
            weight = form.pop(column)
            steep, chord = self.of(column)
            if weight > 0 and steep:
                _add(form, self.rows[column], weight)
                used[column] = 0, Fraction(weight)
            elif weight < 0:
                if chord is None:
                    return None
                _add(form, self.rows[column], weight * chord[0])
                form[CONSTANT] = form.get(CONSTANT, 0) + weight * chord[1]
                used[column] = 1, Fraction(-weight)
        return form, used

    def lowest(self, row: Form) -> Fraction | None:
        """A lower bound of the row on the part."""
        found = self.below(row)
        return None if found is None else self.part.lowest(found[0])


def _add(target: dict[int, Fraction | int], row: Row, factor: Fraction | int) -> None:
    for column, value in row.items():
        target[column] = target.get(column, 0) + factor * value


def fold(parent: Fold, part: PolyhedralPart, budget: Budget, *, look: bool = True) -> Fold:
    """What is left of the parent's units on a part of its part; without ``look`` only exact signs are looked for."""
    size = parent.size
    bounds = UnitBounds(part, size)
    values: dict[int, Row] = {}
    rows = bounds.rows
    known: dict[Hashable, int] = {}
    found, twins = dict(parent.sides), dict(parent.twins)
    points = list(part.points)
    at: dict[int, list[int]] = {}
    for column, old in parent.live:
        budget.check()
        row = substituted(old, values)
        if row.keys() <= {CONSTANT}:
            values[column] = row if row.get(CONSTANT, 0) > 0 else {}
            continue
        row, factor = primitive(row)
        same, opposite = known.get(key(row)), known.get(key(negative(row)))
        if same is not None:
            values[column], twins[column] = {same: factor}, (same, True)
            continue
        if opposite is not None:
            values[column] = {opposite: factor, **{c: factor * v for c, v in row.items()}}
            twins[column] = opposite, False
            continue
        there = [_value(row, point, at, i, size) for i, point in enumerate(points)]
        side = found.get(column)
        if side is None and (look or max(row) < size):
            side = _side(bounds, row, there)
        if side is not None:
            found[column] = side
            values[column] = {c: factor * v for c, v in row.items()} if side else {}
            continue
        known[key(row)] = column
        at[column] = [max(v, 0) for v in there]
        if factor > 1:
            values[column] = {column: factor}
        bounds.rows[column] = row
    outputs = [substituted(row, values) for row in parent.outputs]
    needed = relevant(outputs, rows, size)
    live = [(column, row) for column, row in rows.items() if column in needed]
    shown = [[_value(row, point, at, i, size) for row in outputs] for i, point in enumerate(points)]
    return Fold(size, live, outputs, found, twins, points, shown)


def _value(row: Row, point: HomogeneousPoint, at: Mapping[int, list[int]], i: int, size: int) -> int:
    """The row's value at point i, times its denominator."""
    return sum(value * (point[column] if column < size else at[column][i]) for column, value in row.items())


def _side(bounds: UnitBounds, row: Row, there: list[int]) -> bool | None:
    """True or False where the row is shown to be >= 0 or <= 0 on the part."""
    above, below = all(v >= 0 for v in there), all(v <= 0 for v in there)
    if above == below:  # it takes both signs, or is zero at all the points
        return None
    if max(row) < bounds.size:
        return above if bounds.part.keeps_sign(row, there) else None
    found = bounds.below(row if above else {c: -v for c, v in row.items()})
    if found is None:
        return None
    lowest = bounds.part.lowest(found[0])
    if lowest is not None and lowest >= 0:
        return above
    return above if bounds.part.multipliers(found[0]) is not None else None


def leaf(network: Network, base: Box, normal: NormalForm, done: Fold, part: PolyhedralPart) -> Leaf | Fold:
    """The evidence that the outputs are one affine map on the part.

    Where a sign was found on a larger part and its proof does not carry over, what is left without it.
    """
    known = Known(base, part.rows)
    bounds = UnitBounds(part, normal.size)
    multipliers: dict[tuple[int, int], Multipliers] = {}
    ceilings: dict[tuple[int, int], Ceiling] = {}
    places: dict[int, tuple[int, int]] = {}
    values: dict[int, Row] = {}
    pattern = _generic_pattern(network, part, base)
    free = {k: np.zeros(block.size, dtype=bool) for k, block in network.relu_blocks()}
    for j, unit in enumerate(normal.units):
        row, place = substituted(unit.row, values), (unit.block, unit.index)
        side = _settled_side(done, normal.size + j)
        if side is not None and not row.keys() <= {CONSTANT}:
            found = _proof(known, bounds, row if side else negative(row), ceilings, places)
            if found is None:
                kept = {column: s for column, s in done.sides.items() if column != normal.size + j}
                return Fold(normal.size, whole(normal).live, normal.outputs, kept)
            if found:
                multipliers[place] = found
            values[normal.size + j] = row if side else {}
            pattern[unit.block][unit.index] = side
            continue
        value, column = value_of(known, row)
        values[normal.size + j] = value
        if column is not None:
            free[unit.block][unit.index] = True
            places[column] = place
            bounds.rows[column] = known.rows[column]
        elif not row.keys() <= {CONSTANT}:
            free[unit.block][unit.index] = True
    return Leaf(pattern, multipliers, free=free, ceilings=ceilings)


def _settled_side(done: Fold, column: int) -> bool | None:
    """The side of a unit, or of the one that it follows."""
    flipped = False
    while column in done.twins:
        column, same = done.twins[column]
        flipped ^= not same
    side = done.sides.get(column)
    return None if side is None else side ^ flipped


def _proof(
    known: Known,
    bounds: UnitBounds,
    row: Form,
    ceilings: dict[tuple[int, int], Ceiling],
    places: Mapping[int, tuple[int, int]],
) -> Multipliers | None:
    """Multipliers that show the row nonnegative; ceilings that they use are added."""
    exact, scale = integral(row)
    if known.settles(exact):
        return {}
    found = bounds.below(row)
    own = None if found is None else bounds.part.multipliers(found[0])
    if found is None or own is None:
        return None
    multipliers = dict(own)
    for column, (which, weight) in found[1].items():
        if which == 1 and places[column] not in ceilings and not _ceiling(known, bounds, column, ceilings, places):
            return None
        multipliers[len(bounds.part.rows) + 2 * (column - bounds.size) + which] = weight
    return multipliers if known.is_nonnegative(exact, multipliers, denominator=scale) else None


def _ceiling(
    known: Known,
    bounds: UnitBounds,
    column: int,
    ceilings: dict[tuple[int, int], Ceiling],
    places: Mapping[int, tuple[int, int]],
) -> bool:
    """Prove the chord of a column and add it."""
    _, chord = bounds.of(column)
    assert chord is not None
    slope, offset = chord
    line: dict[int, Fraction | int] = {CONSTANT: offset}
    beyond: dict[int, Fraction | int] = {CONSTANT: offset}
    _add(line, bounds.rows[column], slope)
    _add(beyond, bounds.rows[column], slope - 1)
    proofs = []
    for form in (line, beyond):
        found = _proof(known, bounds, form, ceilings, places)
        if found is None:
            return False
        proofs.append(found)
    ceilings[places[column]] = Ceiling(slope, offset, proofs[0], proofs[1])
    return known.add_ceiling(column, ceilings[places[column]])


def _generic_pattern(network: Network, part: PolyhedralPart, base: Box) -> Pattern:
    """A pattern that holds near the interior point: its units are taken a little beyond it in a general direction."""
    steps = [0 if pinned else 2 * j * j + 7919 + 31 * j for j, pinned in enumerate(base.pinned.tolist())]
    values = preactivations_along(network, part.interior, Vector(integer_array(steps), 1))
    pattern: Pattern = {}
    for k, _ in network.relu_blocks():
        here, slope = values[k - 1].numerators[:, 0], values[k - 1].numerators[:, 1]
        pattern[k] = np.asarray((here > 0) | (here == 0) & (slope > 0), dtype=bool)
    return pattern
