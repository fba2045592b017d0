"""How far two networks are from one another on a box: exact interval arithmetic on their difference, block by block.

Where blocks correspond, with pre-activations ``z = W y + b`` of f and ``z' = W' y' + b'`` of g,

    z - z' = W' (y - y') + (W - W') y + (b - b')

is bounded by intervals of ``y - y'`` and of ``y``: for copies that differ by rounding, W - W' is tiny. ReLU moves a
difference towards 0 or leaves it: relu(z) - relu(z') lies between 0 and z - z'; it is z - z' where both are on, and 0
where both are off. Networks whose blocks do not correspond are bounded apart.

The box may be cut at coordinates into smaller ones, which cover it; on each the bound must hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.evidence import BlockSteps, Cut, Difference
from verify.kernel.intervals import Intervals, LowerBounds
from verify.kernel.ledger import Ledger
from verify.kernel.rewriting import EXPAND, KEEP, Replay, constants
from verify.kernel.rows import gathered, vector_entries
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.matrix import Indices, Matrix, Triplets
from verify.property import Claim
from verify.property.base import in_coordinates
from verify.rational import exact_text, vector, zeros
from verify.region import Box
from verify.region.bases import Base


def check_difference(claim: Claim, evidence: Difference, _: Ledger) -> None:
    """On each part of the region's box the two networks' outputs differ by at most the claim's epsilon."""
    if claim.property.family != "equivalent within":
        raise EvidenceError("difference", f"does not prove {claim.property.name!r}")
    claim = unrounded(claim)
    if claim.second is None:
        raise EvidenceError("difference", "compares two networks")
    base, epsilon = claim.region.base, claim.property.parameters["epsilon"]
    first, second = (in_coordinates(network, claim.region)[0] for network in (claim.network, claim.second))
    if evidence.folded:
        first, second = folded(first, base), folded(second, base)
    for part in boxes(base, evidence.cuts):
        if any(bound is None or bound > epsilon for bound in bounds(first, second, part)):
            raise EvidenceError("difference", f"the bound on a part of the region exceeds {exact_text(epsilon):.60}")


def unrounded(claim: Claim) -> Claim:
    """The claim itself; of quantized networks one about piecewise linear ones, which implies it."""
    if not claim.is_quantized:
        return claim
    from verify.kernel.alignment import continuous

    return continuous(claim)


def folded(network: Network, base: Base) -> Network:
    """The network with every layer without activation multiplied into those that read it (by lemma 6)."""
    if not network.is_piecewise_linear:
        raise EvidenceError("difference", "bounds are for piecewise linear networks")
    nothing = np.zeros(0, dtype=np.int64)
    replay = Replay(network, base, bounded=False, with_intervals=False)
    for k, block in enumerate(network.blocks[:-1], start=1):
        forms = replay.forms(k)
        sums = np.full(int(np.count_nonzero(~constants(block, forms))), EXPAND)
        replay.apply(
            k, forms, BlockSteps(np.full(block.size, KEEP), nothing) if block.relu else BlockSteps(nothing, sums)
        )
    return replay.result()


def boxes(base: Base, cuts: Sequence[Cut]) -> Iterator[Base]:
    """The parts that the cuts leave."""
    stack = [base]
    for cut in cuts:
        if not stack:
            raise EvidenceError("difference", "more cuts than parts")
        part = stack.pop()
        if cut is None:
            yield part
            continue
        coordinate, value = cut
        if not isinstance(part, Box) or not 0 <= coordinate < part.dimension:
            raise EvidenceError("difference", "only the coordinates of a box can be cut")
        stack += [_side(part, coordinate, value, low=True), _side(part, coordinate, value, low=False)]
    if stack:
        raise EvidenceError("difference", "the cuts leave a part without a word")


def _side(box: Box, coordinate: int, value: Fraction, *, low: bool) -> Box:
    """The part of the box above the value (``low``), or below it."""
    sides, mask = (box.low, box.low_finite) if low else (box.high, box.high_finite)
    if mask[coordinate] and (sides[coordinate] > value if low else sides[coordinate] < value):
        raise EvidenceError("difference", "a part is cut at a value that it does not have")
    numbers, finite = sides.fractions(), mask.copy()
    numbers[coordinate], finite[coordinate] = value, True
    moved = vector(numbers)
    return replace(box, low=moved, low_finite=finite) if low else replace(box, high=moved, high_finite=finite)


def bounds(first: Network, second: Network, base: Base) -> list[Fraction | None]:
    """For each output an upper bound of |f - g| on the base; None where nothing is known."""
    if not (first.is_piecewise_linear and second.is_piecewise_linear):
        raise EvidenceError("difference", "bounds are for piecewise linear networks")
    if correspond(first, second):
        found = _bounded(first.blocks, base, paired(first, second).gaps)
    else:
        found = _bounded(first.blocks, base) + -_bounded(second.blocks, base)
    sides = zip(found.low.numbers.fractions(), found.top.numbers.fractions(), strict=True)
    known = (found.low.known & found.top.known).tolist()
    return [-min(ends) if has_both else None for ends, has_both in zip(sides, known, strict=True)]


@dataclass(frozen=True, eq=False)
class Pair:
    """The blocks of f, and blocks for the gaps f - g.

    A gap block reads values under their numbers, and the gap of source s as source ``~s``.
    """

    values: tuple[Block, ...]
    gaps: tuple[Block, ...]


def paired(first: Network, second: Network) -> Pair:
    """The pair of two networks whose blocks correspond."""
    if not (first.is_piecewise_linear and second.is_piecewise_linear):
        raise EvidenceError("difference", "bounds are for piecewise linear networks")
    if not correspond(first, second) or first.input_size != second.input_size:
        raise EvidenceError("difference", "gaps are bounded of networks whose blocks correspond")
    gaps = tuple(_gap_block(mine, theirs) for mine, theirs in zip(first.blocks, second.blocks, strict=True))
    return Pair(first.blocks, gaps)


def _gap_block(mine: Block, theirs: Block) -> Block:
    """``z - z' = W' (y - y') + (W - W') y + (b - b')``; the gap of the input is zero."""
    own, other = _by_source(mine), _by_source(theirs)
    inputs = [(~source, matrix) for source, matrix in other.items() if source > 0]
    for source in sorted(own.keys() | other.keys()):
        if source in own and source in other:
            matrix = _less(own[source], other[source])
        else:
            matrix = own[source] if source in own else other[source].scaled(Fraction(-1))
        if matrix.entry_count:
            inputs.append((source, matrix))
    return Block(mine.name, mine.shape, tuple(inputs), mine.bias - theirs.bias, relu=mine.relu)


def _by_source(block: Block) -> dict[int, Matrix]:
    """The block's matrices, those of one source added up."""
    found: dict[int, Matrix] = {}
    for source, matrix in block.inputs:
        found[source] = matrices.add(found[source], matrix) if source in found else matrix
    return found


def _less(left: Matrix, right: Matrix) -> Matrix:
    """The exact difference."""
    if left.is_binary64 and right.is_binary64 and np.array_equal(left.columns, right.columns):
        a, b = left.entries, right.entries
        change = a - b
        rounded = change - a
        # Zero if and only if the subtraction was exact (Knuth's two-sum of a and -b).
        lost = (a - (change - rounded)) - (b + rounded)
        if np.array_equal(left.row_starts, right.row_starts) and not np.any(lost):
            return matrices.from_triplets(left.row_of_entry, left.columns, change, left.shape)
    return matrices.add(left, right.scaled(Fraction(-1)))


def correspond(first: Network, second: Network) -> bool:
    """Whether the two networks have blocks of the same sizes and activations."""
    shapes = [[(block.size, block.relu) for block in network.blocks] for network in (first, second)]
    return shapes[0] == shapes[1]


def _bounded(blocks: Sequence[Block], base: Base, gaps: Sequence[Block] = ()) -> Intervals:
    """The bounds of a network's outputs, or where there are blocks for gaps those of the gaps."""
    values = Intervals.of_inputs(base, bounded=True)
    size = base.dimension + 1
    known = LowerBounds(zeros(size), np.ones(size, dtype=bool))
    changes, starts = Intervals(known, known), starts_of(base.dimension, blocks)
    for k, block in enumerate(blocks):
        z = values.of_rows(rows_of(block, starts)).rounded()
        if gaps:
            change = _gap(gaps[k], values, changes, starts)
            if block.relu:
                change = _after_relu(change, z, z + -change)
            changes = changes.followed_by(change)
        values, last = values.followed_by(z.clipped() if block.relu else z), z
    return change if gaps else last


def _gap(block: Block, values: Intervals, changes: Intervals, starts: Indices) -> Intervals:
    """Bounds of a gap block, which reads values and gaps."""
    of_gaps = replace(block, inputs=tuple((~s, m) for s, m in block.inputs if s < 0), bias=zeros(block.size))
    of_values = replace(block, inputs=tuple((s, m) for s, m in block.inputs if s >= 0))
    return (changes.of_rows(rows_of(of_gaps, starts)) + values.of_rows(rows_of(of_values, starts))).rounded()


def _after_relu(change: Intervals, z: Intervals, other: Intervals) -> Intervals:
    on = z.low.are_nonnegative & other.low.are_nonnegative
    off = z.top.are_nonnegative & other.top.are_nonnegative
    return Intervals(change.low.lowered(~on).zero(off), change.top.lowered(~on).zero(off))


def starts_of(inputs: int, blocks: Sequence[Block]) -> Indices:
    """Where each source's columns begin: column 0 is the constant, then the input, then the blocks."""
    return np.cumsum([1, inputs, *(block.size for block in blocks)])[:-1]


def rows_of(block: Block, starts: Indices) -> Matrix:
    """The block's pre-activations as rows over all columns."""
    pieces: list[Triplets] = [(np.arange(block.size), np.zeros(block.size, dtype=np.int64), vector_entries(block.bias))]
    pieces += [(m.row_of_entry, m.columns + starts[s], m.entries) for s, m in block.inputs]
    return gathered(pieces, (block.size, int(starts[-1])))
