"""What bounds (``verify.kernel.axioms.batches``) must show on each part of a box, for each property that they decide.

A claim is broken at a point of the region only if all inequalities of one of its *cases* hold there. So a part is
settled if in each case one inequality fails on all of it. The inequality ``L <= 0`` (or ``L < 0``) fails where the
upper bound of -L is below 0 (at most 0). Rows of the region are inequalities over the input that hold in every case.

| property | cases |
|---|---|
| equivalent within E | d_j > E; -d_j > E, where d = f - g, for each output |
| never C | those of C |
| nondecreasing in i | t_j < 0, where t is the derivative along the axis, for each output |
| lipschitz K in N | t_j > K for some direction v with N(v) <= 1 along the region, for each output |

Derivatives along segments suffice: f(x + t e) - f(x) is the integral of the derivative along the segment, which lies in
the (convex) region. For f(x) - f(y) take e = (x - y) / N(x - y), or its opposite: the derivative is at most K, so the
integral is at most K N(x - y). Coordinates in which the box has no extent have v_i = 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import DOUBLE, SINGLE, Directions
from verify.kernel.cuts import Cuts, leaves, sides
from verify.kernel.difference import Pair, correspond, folded, paired, unrounded
from verify.kernel.evidence import Bounds
from verify.kernel.exact import Bits
from verify.kernel.ledger import FLOAT_BOUNDS, Ledger
from verify.kernel.speed import in_threads
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.property import Claim
from verify.property.base import Slope, in_coordinates
from verify.property.slopes import axis_in_coordinates
from verify.rational import Floats, Vector, vector, zeros
from verify.region import Box, HalfSpace
from verify.region.bases import Base

if TYPE_CHECKING:
    from verify.kernel.axioms.backward import Narrowing
    from verify.property.never import Inequality


@dataclass(frozen=True, eq=False)
class CaseRow:
    """``sum of factor * term + constant <= 0`` (``strict``: < 0), one inequality of a case.

    Terms are outputs ("y", j), their gaps ("d", j) and coordinates ("x", i).
    """

    factors: Mapping[tuple[str, int], Fraction]
    constant: Fraction
    strict: bool


@dataclass(frozen=True, eq=False)
class Goal:
    """Cases of rows (numbers of the machine's rows), and the box that is cut."""

    machine: Machine
    strict: Bits
    cases: tuple[tuple[int, ...], ...]
    base: Box

    @cached_property
    def root(self) -> tuple[Floats, Floats]:
        """The sides of the whole box."""
        return sides(self.base)

    @cached_property
    def _starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        order = np.array([row for case in self.cases for row in case], dtype=np.int64)
        return order, np.cumsum([0, *(len(case) for case in self.cases)])[:-1]

    @np.errstate(all="ignore")
    def upper(self, low: Floats, high: Floats) -> Floats:
        """For boxes (B, n) upper bounds (B, R) of -L for each row L."""
        return self.machine.run(low, high).sides()[1]

    def bounds(self, evidence: Bounds) -> Iterator[Floats]:
        """The same for all parts, some together."""
        if not evidence.slopes:
            return in_threads(lambda chunk: self.upper(*chunk), self.chunks(evidence.cuts))
        from verify.kernel.axioms.backward import Narrowing

        if len(evidence.cuts.nodes) != 1:
            raise EvidenceError("bounds", "lower slopes are for a box that is not cut")
        blocks, last = [slopes.block for slopes in evidence.slopes], len(self.machine.values)
        bends = [k for k in range(1, last + 1) if self.machine.relu[k - 1]]
        if blocks != sorted(set(blocks)) or not set(blocks) <= {*bends, last + 1}:
            raise EvidenceError("bounds", "lower slopes are for blocks of ReLU, in order, and the goal")
        slopes = dict(zip(blocks, evidence.slopes, strict=True))
        return iter([self.narrowed(Narrowing(self.machine, *self.root, slopes))])

    @np.errstate(all="ignore")
    def narrowed(self, narrowing: Narrowing) -> Floats:
        """The same for the whole box, (1, R), with sharper sides of blocks."""
        low, high = self.root
        return narrowing.rows(self.machine.run(low[None], high[None], narrow=narrowing))

    def settled(self, upper: Floats) -> Bits:
        """The boxes (B,) on which in each case one row fails."""
        return np.asarray(self.settled_cases(upper).all(axis=1))

    def settled_cases(self, upper: Floats) -> Bits:
        """The same by case, (B, C)."""
        fails = np.where(self.strict, upper <= 0, upper < 0)
        order, starts = self._starts
        return np.asarray(np.logical_or.reduceat(fails[:, order], starts, axis=1))

    def chunks(self, cuts: Cuts) -> Iterator[tuple[Floats, Floats]]:
        """The parts, as many together as the machine bounds at once."""
        lows, highs = [], []
        for low, high in leaves(cuts, *self.root):
            lows.append(low)
            highs.append(high)
            if len(lows) == self.machine.boxes:
                yield np.array(lows), np.array(highs)
                lows, highs = [], []
        if lows:
            yield np.array(lows), np.array(highs)


def check_bounds(claim: Claim, evidence: Bounds, ledger: Ledger) -> None:
    """Bound every part anew: no instance that breaks the claim is left."""
    ledger.add(FLOAT_BOUNDS)
    goal = goal_of(claim, single=evidence.single)
    if not all(goal.settled(upper).all() for upper in goal.bounds(evidence)):
        raise EvidenceError("bounds", "the bounds do not settle a part of the region")


def goal_of(claim: Claim, *, single: bool) -> Goal:
    """The goal of a claim, ``single``: with columns in float32; ``EvidenceError`` where bounds say nothing about it."""
    make = GOALS.get(claim.property.family)
    if make is None:
        raise EvidenceError("bounds", f"do not prove {claim.property.name!r}")
    claim = unrounded(claim)
    first, second, base = _plain(claim)
    pair, cases, directions = make(claim, first, second, base)
    goal, rows = _rows(pair, base, cases, claim.region.rows)
    machine = Machine(pair, goal, directions, SINGLE if single else DOUBLE)
    around, starts = range(len(claim.region.rows)), np.cumsum([len(claim.region.rows), *map(len, cases)])
    numbers = [(*around, *range(start, start + len(case))) for start, case in zip(starts.tolist(), cases, strict=False)]
    return Goal(machine, np.array([row.strict for row in rows], dtype=bool), tuple(numbers), base)


def _plain(claim: Claim) -> tuple[Network, Network | None, Box]:
    """The networks in coordinates, layers without activation multiplied into their readers, and the box.

    Around an L1 ball that is the least box.
    """
    base = claim.region.base.around
    if not base.is_bounded:
        raise EvidenceError("bounds", "are for boxes with finite sides")
    plain = [in_coordinates(network, claim.region)[0] for network in claim.networks]
    local = [_folded(network, base) for network in plain]
    if len(local) == 2 and not correspond(*local):  # folding drops units that are constant in one network only
        local = plain
    return local[0], local[1] if len(local) == 2 else None, base


def _folded(network: Network, base: Base) -> Network:
    if not network.is_piecewise_linear:
        raise EvidenceError("bounds", "are for piecewise linear networks")
    try:
        return folded(network, base)
    except (EvidenceError, TooLarge):
        return network


def _rows(
    pair: Pair, base: Box, cases: Sequence[Sequence[CaseRow]], region: Sequence[HalfSpace]
) -> tuple[Block, list[CaseRow]]:
    """The rows of the region, then those of the cases; and -L for each as a block over outputs, gaps and inputs."""
    last, outputs = len(pair.values), pair.values[-1].size
    sides = ({("x", i): c for i, c in enumerate(row.coefficients.fractions())} for row in region)
    around = [CaseRow(side, -row.bound, False) for side, row in zip(sides, region, strict=True)]
    rows, inputs = [*around, *(row for case in cases for row in case)], []
    for letter, source, width in (("y", last, outputs), ("d", ~last, outputs), ("x", 0, base.dimension)):
        entries = np.full((len(rows), width), Fraction(0), dtype=object)
        for i, row in enumerate(rows):
            for (name, j), factor in row.factors.items():
                if name == letter:
                    entries[i, j] = -factor
        matrix = matrices.from_dense(entries)
        if matrix.entry_count:
            inputs.append((source, matrix))
    return Block("goal", (len(rows),), tuple(inputs), vector([-row.constant for row in rows]), relu=False), rows


# The blocks, what is asked of each part, and the directions of derivatives.
Posed: TypeAlias = tuple[Pair, Sequence[Sequence[CaseRow]], Directions | None]


def _on_gaps(size: int, factors: Sequence[int], constant: Fraction) -> list[list[CaseRow]]:
    """A case ``factor d_j + constant < 0`` for each factor and each output."""
    return [[CaseRow({("d", j): Fraction(factor)}, constant, True)] for factor in factors for j in range(size)]


def _within(claim: Claim, first: Network, second: Network | None, _: Box) -> Posed:
    if second is None:
        raise EvidenceError("bounds", "'equivalent within' compares two networks")
    pair, epsilon = paired(first, second), claim.property.parameters["epsilon"]
    return pair, _on_gaps(first.output_size, (-1, 1), epsilon), None


def _never(claim: Claim, first: Network, second: Network | None, _: Box) -> Posed:
    pair = Pair(first.blocks, ()) if second is None else paired(first, second)
    has_chart, cases = claim.region.chart is not None, claim.property.parameters["cases"]
    return pair, [[_row_of(inequality, has_chart=has_chart) for inequality in case] for case in cases], None


def _row_of(inequality: Inequality, *, has_chart: bool) -> CaseRow:
    """Y' = y - d: an inequality over y and y' is one over y and d."""
    factors: defaultdict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for (name, index), factor in inequality.terms:
        if name == "x" and has_chart:
            raise EvidenceError("bounds", "inequalities over the inputs need a region without chart")
        factors["y" if name == "z" else name, index] += factor
        if name == "z":
            factors["d", index] -= factor
    return CaseRow(factors, -inequality.bound, inequality.strict)


def _monotone(claim: Claim, first: Network, _: Network | None, base: Box) -> Posed:
    chart, sign = claim.region.chart, -1 if claim.property.family == "nonincreasing" else 1
    slope = Slope(chart.directions if chart is not None else None, claim.property.parameters["axis"], sign)
    axis = axis_in_coordinates(slope, base)
    if axis is None:
        raise EvidenceError("bounds", "the axis is no direction of the region")
    return tangent(first), _on_gaps(first.output_size, (1,), Fraction(0)), Directions(_exact_floats(axis))


def _lipschitz(claim: Claim, first: Network, _: Network | None, base: Box) -> Posed:
    if claim.region.chart is not None:
        raise EvidenceError("bounds", "a Lipschitz constant needs a region without chart")
    norm, constant = claim.property.parameters["norm"], claim.property.parameters["constant"]
    directions = Directions(np.zeros(base.dimension), np.where(base.pinned, 0.0, 1.0), norm)
    return tangent(first), _on_gaps(first.output_size, (-1,), constant), directions


def tangent(network: Network) -> Pair:
    """The blocks of f, and the same without biases for derivatives."""
    gaps = tuple(
        Block(b.name, b.shape, tuple((~source, matrix) for source, matrix in b.inputs), zeros(b.size), relu=b.relu)
        for b in network.blocks
    )
    return Pair(network.blocks, gaps)


def _exact_floats(values: Vector) -> Floats:
    """A positive multiple of the vector whose entries are floats."""
    numerators = [int(n) for n in values.numerators.tolist()]
    if any(abs(n) >= 1 << 53 for n in numerators):
        raise EvidenceError("bounds", "the direction of the axis has no short coordinates")
    return np.array(numerators, dtype=np.float64)


GOALS: dict[str, Callable[[Claim, Network, Network | None, Box], Posed]] = {
    "equivalent within": _within,
    "never": _never,
    "nondecreasing": _monotone,
    "nonincreasing": _monotone,
    "lipschitz": _lipschitz,
}
