"""Two networks whose blocks correspond, as values of the first and gaps between both, block by block.

With pre-activations ``z = W y + b`` of f and ``z' = W' y' + b'`` of g,

    z - z' = W' (y - y') + (W - W') y + (b - b')

where W - W' is exact, and tiny for copies that differ by rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.evidence import BlockSteps
from verify.kernel.rewriting import EXPAND, KEEP, Replay, constants
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.property import Claim
from verify.region.bases import Base


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
