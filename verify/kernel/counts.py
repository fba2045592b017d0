"""Checking counts: how many activation cells, linear pieces and affine maps a network has on a region.

*Cells.* The leaves of a tree of splits cover the region. Each has a point strictly inside all its rows, so it has the
region's dimension; the leaf's pattern holds weakly on the leaf, and is the pattern at that point. A form that is >= 0
on a polyhedron and > 0 at a point inside is > 0 everywhere inside, and one that is <= 0 stays so: every point inside
has the leaf's pattern. What is inside no leaf has lower dimension. So if the patterns are distinct, the leaves are the
closures of the cells.

*Maps* of the leaves are compared coefficient by coefficient, on the hull.

*Pieces.* Leaves a and b of one map are joined by a point that is in both, strictly inside the box, and at which all
tight rows of both are multiples of one form h. Near it each of them is all, or one side, of {h = 0}; their insides
are disjoint, so they are the two sides, and share a facet.

Two leaves part at one split, by a form g: one is in {g >= 0}, the other in {g <= 0}, so that a common facet lies in
{g = 0}. There is none if they do not meet, or if the slack s of some row, no multiple of g, is <= 0 where they meet:
that lies in {g = 0} and {s = 0}, which is less than a facet. If ``-s >= 0`` follows from a's rows and ``-g >= 0``
alone, a shares no facet with any leaf beyond that split.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.check import Verdict
from verify.kernel.core.cover import checked_cell, leaves
from verify.kernel.core.criteria import on_hull
from verify.kernel.core.part import is_empty, is_nonnegative
from verify.kernel.evidence import Counts, Thin
from verify.kernel.exact import AffineForm, pattern_at
from verify.kernel.frames import in_hull
from verify.kernel.ledger import Ledger
from verify.network import Network
from verify.property import Criterion, Question
from verify.property.base import in_coordinates
from verify.property.lifting import lift
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace, Region

# Rows of all leaves together: a tree may be as deep as it has leaves.
MAX_ROWS = 20_000_000


@dataclass(frozen=True)
class Counted:
    """What the evidence shows, and what that rests on."""

    cells: int
    pieces: int
    affine_maps: int
    assumptions: tuple[str, ...]
    verdict: Verdict = Verdict.PROVED
    vacuous: bool = False


def counted_question(network: Network, region: Region) -> Question:
    """Network and region in the coordinates in which cells are counted: an L1 ball has them in lifted form."""
    local, inner, origin = in_coordinates(network, region)
    question = Question(local, inner, Criterion.AFFINE, origin, "")
    return question if isinstance(inner.base, Box) else lift(question)


def recount(network: Network, region: Region, counts: Counts) -> Counted:
    """Replay the evidence; ``EvidenceError`` names the rule that rejects it, ``TooLarge`` a limit."""
    if not network.is_piecewise_linear or not network.output_size:
        raise EvidenceError("network", f"{network.name} has smooth units or no outputs: nothing to count")
    ledger = Ledger([f"{network.name}: {note}" for note in network.notes])
    question = counted_question(network, region)
    cover = counts.cover
    if cover.steps is not None or cover.lifted != (not isinstance(region.base, Box)):
        raise EvidenceError("cells", "cells are those of the network as it is; only an L1 ball is lifted")
    question = in_hull(question, cover.equations)
    base = question.region.base
    if not isinstance(base, Box):
        raise EvidenceError("cells", "counts are about regions with sides and rows")
    rows, groups = _cells(question, base, counts, ledger)
    maps = list(groups.values())
    part = _joined(base, rows, maps, counts.joins)
    _check_apart(base, len(question.region.rows), rows, maps, part, counts)
    return Counted(len(rows), len(set(part)), len(maps), tuple(ledger.entries))


def _cells(
    question: Question, base: Box, counts: Counts, ledger: Ledger
) -> tuple[list[tuple[HalfSpace, ...]], dict[object, list[int]]]:
    """The rows of every leaf, and the leaves of each affine map, after each leaf is checked."""
    network = question.network
    rows: list[tuple[HalfSpace, ...]] = []
    groups: dict[object, list[int]] = {}
    patterns: set[tuple[bytes, ...]] = set()
    total = 0
    for leaf, known in leaves(counts.cover.tree, question.region):
        number = len(rows)
        total += len(known) + 1
        if total > MAX_ROWS:
            raise TooLarge(f"the leaves have more than {MAX_ROWS} rows together")
        if number >= len(counts.points):
            raise EvidenceError("inner point", "there are more leaves than points")
        cell = checked_cell(question, known, leaf, ledger)
        inside = counts.points[number]
        if not _is_inside(base, known, inside):
            raise EvidenceError("inner point", f"the point of leaf {number} is not inside all its rows")
        here = pattern_at(network, inside)
        if any(not np.array_equal(here[k], leaf.pattern[k]) for k, _ in network.relu_blocks()):
            raise EvidenceError("inner point", f"leaf {number} has another pattern inside")
        key = tuple(leaf.pattern[k].tobytes() for k, _ in network.relu_blocks())
        if key in patterns:
            raise EvidenceError("distinct patterns", f"leaf {number} has the pattern of an earlier one")
        patterns.add(key)
        rows.append(known)
        maps = tuple((m.coefficients.reduced(), m.constant) for m in (on_hull(f, base) for f in cell.outputs()))
        groups.setdefault(maps, []).append(number)
    if len(counts.points) != len(rows):
        raise EvidenceError("inner point", f"{len(counts.points)} points for {len(rows)} leaves")
    return rows, groups


def _is_inside(base: Box, rows: Sequence[HalfSpace], point: Vector) -> bool:
    """Whether the point is strictly inside every row and side that is not constant on the hull (those hold there)."""
    if len(point) != base.dimension or not base.has_inside(point):
        return False
    return all(
        slack > 0 or (slack == 0 and slack_of(row, base).coefficients.is_zero())
        for row, slack in ((row, row.slack(point)) for row in rows)
    )


def slack_of(row: HalfSpace, base: Box) -> AffineForm:
    """What is nonnegative where the row holds, on the hull."""
    return on_hull(AffineForm(-row.coefficients, row.bound), base)


def direction(form: AffineForm) -> tuple[int, ...]:
    """Equal for multiples of one another: coprime integers, the first that is not zero positive; all zero for 0."""
    whole = vector([*form.coefficients.fractions(), form.constant]).numerators.tolist()
    divisor = math.gcd(*whole) or 1
    first = next((n for n in whole if n), 1)
    return tuple(n // divisor if first > 0 else -n // divisor for n in whole)


def _joined(
    base: Box,
    rows: Sequence[tuple[HalfSpace, ...]],
    maps: Sequence[Sequence[int]],
    joins: Sequence[tuple[int, int, Vector]],
) -> list[int]:
    """For each leaf the first leaf of its piece, as far as the joins go."""
    map_of = {leaf: number for number, group in enumerate(maps) for leaf in group}
    part = list(range(len(rows)))

    def first(leaf: int) -> int:
        while part[leaf] != leaf:
            part[leaf] = leaf = part[part[leaf]]
        return leaf

    for a, b, point in joins:
        if a == b or not (0 <= a < len(rows) and 0 <= b < len(rows)):
            raise EvidenceError("join", f"{a} and {b} are not two leaves")
        if map_of[a] != map_of[b]:
            raise EvidenceError("join", f"leaves {a} and {b} have different affine maps")
        if not _is_in_facet(base, (*rows[a], *rows[b]), point):
            raise EvidenceError("join", f"the point of leaves {a} and {b} is not inside a common facet")
        low, high = sorted((first(a), first(b)))
        part[high] = low
    return [first(leaf) for leaf in range(len(rows))]


def _is_in_facet(base: Box, rows: Sequence[HalfSpace], point: Vector) -> bool:
    if len(point) != base.dimension or not base.has_inside(point):
        return False
    slacks = [row.slack(point) for row in rows]
    tight = {direction(slack_of(row, base)) for row, slack in zip(rows, slacks, strict=True) if slack == 0}
    return all(slack >= 0 for slack in slacks) and sum(1 for form in tight if any(form)) == 1


def _check_apart(
    base: Box,
    around: int,
    rows: Sequence[tuple[HalfSpace, ...]],
    maps: Sequence[Sequence[int]],
    part: Sequence[int],
    counts: Counts,
) -> None:
    """No two leaves of one map and of different pieces share a facet; ``around``: how many rows the region has."""
    shown: set[tuple[int, int]] = set()
    for (leaf, row), thin in counts.walls.items():
        if not (0 <= leaf < len(rows) and around <= row < len(rows[leaf])):
            raise EvidenceError("no common facet", f"leaf {leaf} has no split {row}")
        wall = rows[leaf][row]
        _check_thin(base, wall, (*rows[leaf], HalfSpace(-wall.coefficients, -wall.bound)), thin)
        shown.add((leaf, row))
    for group in maps:
        for row, above, below in partings(rows, part, group):
            others = [b for b in below if (b, row) not in shown]
            for a in (a for a in above if (a, row) not in shown):
                for b in others:
                    if part[a] != part[b]:
                        first, second = min(a, b), max(a, b)
                        found = counts.apart.get((first, second))
                        if found is None:
                            raise EvidenceError("no common facet", f"nothing shows that {a} and {b} share no facet")
                        _check_thin(base, rows[first][row], (*rows[first], *rows[second]), found)


def partings(
    rows: Sequence[tuple[HalfSpace, ...]], part: Sequence[int], group: Sequence[int]
) -> Iterator[tuple[int, list[int], list[int]]]:
    """Every split that leaves of the group, of several pieces, lie on both sides of: its row, and both sides.

    Rows that two leaves have from the splits above both are the same objects.
    """
    stack = [(list(group), 0)]
    while stack:
        members, row = stack.pop()
        if len({part[leaf] for leaf in members}) < 2:
            continue
        sides: dict[int, list[int]] = {}
        for leaf in members:
            sides.setdefault(id(rows[leaf][row]), []).append(leaf)
        if len(sides) > 2:
            raise EvidenceError("no common facet", "leaves part in more than two ways")
        if len(sides) == 2:
            above, below = sides.values()
            yield row, above, below
        stack += [(side, row + 1) for side in sides.values()]


def _check_thin(base: Box, wall: HalfSpace, rows: Sequence[HalfSpace], thin: Thin) -> None:
    """Where the rows hold, which include the wall and its reverse, there is less than a facet."""
    witness, multipliers = thin
    if witness is None:
        shown = is_empty(base, rows, multipliers)
    elif 0 <= witness < len(rows):
        row = rows[witness]
        found = direction(slack_of(row, base))
        if not any(found) or found == direction(slack_of(wall, base)):
            raise EvidenceError("no common facet", f"row {witness} is a multiple of the split's form")
        shown = is_nonnegative(AffineForm(row.coefficients, -row.bound), base, rows, multipliers)
    else:
        raise EvidenceError("no common facet", f"there is no row {witness}")
    if not shown:
        raise EvidenceError("no common facet", "the multipliers do not show that two leaves share no facet")
