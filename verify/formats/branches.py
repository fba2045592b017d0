"""Disjunctions of conditions on inputs: each branch is a set of half-spaces, the whole their union."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verify.errors import InputError
from verify.formats.halfspaces import ReadRow, bounded, region_of_rows
from verify.region import Region

# Branches of one file; products of disjunctions multiply them.
MAX_BRANCHES = 10_000
# Numbers of the sides of all boxes together.
MAX_NUMBERS = 20_000_000

# An input and a sign: -1 for the lower side (kept as the bound of -x), 1 for the upper one.
BoxSide: TypeAlias = tuple[int, int]
General: TypeAlias = tuple[tuple[tuple[int, Fraction], ...], Fraction]


@dataclass(frozen=True, eq=False)
class Branch:
    """The points where all rows hold; ``strict`` is the place of a comparison that holds without equality, if any.

    ``rows`` holds each row once, by what it says.
    """

    rows: dict[General, ReadRow]
    strict: int | None = None

    def meet(self, other: Branch) -> Branch:
        """The points of both."""
        return Branch(self.rows | other.rows, other.strict if self.strict is None else self.strict)

    @property
    def key(self) -> object:
        """Equal for branches that say the same."""
        return frozenset(self.rows), self.strict is None


def branch_of(rows: Sequence[ReadRow], strict: int | None = None) -> Branch:
    """The points where all rows hold."""
    return Branch({(tuple(sorted(row.coefficients.items())), row.bound): row for row in rows}, strict)


# A union; without branches it has no points.
Branches: TypeAlias = tuple[Branch, ...]
EVERYTHING: Branches = (Branch({}),)
NOTHING: Branches = ()


def union(parts: Iterable[Branches]) -> Branches:
    """The points of any part."""
    branches: dict[object, Branch] = {}
    for part in parts:
        for branch in part:
            if not branch.rows:
                return EVERYTHING
            branches.setdefault(branch.key, branch)
            _check_count(len(branches))
    return tuple(branches.values())


def common(parts: Iterable[Branches]) -> Branches:
    """The points of all parts."""
    result = EVERYTHING
    for part in parts:
        _check_count(len(result) * len(part))
        if len(part) == 1 and not part[0].rows:
            continue
        met = [a.meet(b) for a in result for b in part]
        result = tuple({branch.key: branch for branch in met}.values())
    return result


def _check_count(count: int) -> None:
    if count > MAX_BRANCHES:
        raise InputError(f"a disjunction of more than {MAX_BRANCHES} branches over inputs; split the file")


def regions_of(dimension: int, shared: Sequence[ReadRow], branches: Branches, text: str) -> tuple[Region, ...] | int:
    """The region of each branch, where the shared rows hold too; equal ones once, contradictory ones not at all.

    Strict branches that lie in another one are left out. Where one is left, the place of its strict comparison is
    returned: a region is closed.
    """
    if len(branches) == 1 and branches[0].strict is None:
        return (region_of_rows(dimension, [*shared, *branches[0].rows.values()], text),)
    if len(branches) * dimension > MAX_NUMBERS:
        raise InputError(f"{len(branches)} branches over {dimension} inputs are too many to store; split the file")
    sides, _ = _read(shared)
    distinct: dict[object, tuple[_Shape, Branch]] = {}
    for branch in branches:
        shape = _Shape.of(branch, sides)
        if shape is not None:
            distinct.setdefault(shape.key(branch.strict is not None), (shape, branch))
    closed = [(shape, branch) for shape, branch in distinct.values() if branch.strict is None]
    for shape, branch in distinct.values():
        if branch.strict is not None and not any(other.holds_in(shape) for other, _ in closed):
            return branch.strict
    if not closed:
        raise InputError("no input satisfies the assertions: every branch contradicts itself")
    return tuple(region_of_rows(dimension, [*shared, *branch.rows.values()], text) for _, branch in closed)


@dataclass(frozen=True)
class _Shape:
    """A branch in a form that can be compared: sides that are tighter than the shared ones, and scaled rows."""

    sides: dict[BoxSide, Fraction]
    rows: frozenset[General]

    @staticmethod
    def of(branch: Branch, shared: dict[BoxSide, Fraction]) -> _Shape | None:
        """None where the branch has no points, as far as sides and rows without inputs say."""
        sides, rows = _read(branch.rows.values())
        if any(not coefficients and bound < 0 for coefficients, bound in rows):
            return None
        tighter = {side: value for side, value in sides.items() if side not in shared or value < shared[side]}
        for index in {index for index, _ in tighter}:
            limits = [tighter.get(side, shared.get(side)) for side in ((index, -1), (index, 1))]
            low, high = limits
            if low is not None and high is not None and -low > high:
                return None
        return _Shape(tighter, frozenset(rows))

    def key(self, strict: bool) -> object:
        return strict, frozenset(self.sides.items()), self.rows

    def holds_in(self, other: _Shape) -> bool:
        """Whether every condition of this shape is one of the other's, or weaker."""
        missing = [side for side, value in self.sides.items() if side not in other.sides or other.sides[side] > value]
        return not missing and self.rows <= other.rows


def _read(rows: Iterable[ReadRow]) -> tuple[dict[BoxSide, Fraction], list[General]]:
    """The tightest sides, and the other rows divided by the size of their first coefficient."""
    sides: dict[BoxSide, Fraction] = {}
    general: list[General] = []
    for row in rows:
        if len(row.coefficients) == 1:
            ((index, coefficient),) = row.coefficients.items()
            side = (index, 1 if coefficient > 0 else -1)
            limit = bounded(row.bound / abs(coefficient))
            sides[side] = min(limit, sides.get(side, limit))
            continue
        ordered = sorted(row.coefficients.items())
        scale = abs(ordered[0][1]) if ordered else Fraction(1)
        if ordered or row.bound < 0:
            general.append((tuple((i, bounded(v / scale)) for i, v in ordered), bounded(row.bound / scale)))
    return sides, general
