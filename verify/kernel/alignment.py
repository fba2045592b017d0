"""What bounds of differences are about where a network is quantized: piecewise linear networks that correspond.

The errors of the roundings become inputs (``verify.network.loosening``), and what holds for all of them holds of the
networks. Where only one of two networks has a quantizer, the other gets a block without activation that passes the
same values on, and, as a quantizer's clip becomes two blocks of ReLU, a clip that changes nothing: its ends are exact
bounds (intervals) of what it passes on. So a clip counts as part of the difference, and only where it can act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from verify.kernel.difference import rows_of, starts_of
from verify.kernel.intervals import Intervals, LowerBounds
from verify.kernel.speed import Memory
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.loosening import Ends, loosened, radii
from verify.network.matrix import Matrix
from verify.network.quantizer import Quantizer
from verify.property import Claim
from verify.property.base import in_coordinates
from verify.property.quantized import loosened_pair, with_errors
from verify.rational import Vector, concatenate, vector, zeros
from verify.region import Region
from verify.region.bases import Base


def continuous(claim: Claim) -> Claim:
    """The claim itself, or for quantized networks the one about all errors of their roundings, which implies it.

    Its networks are those of the region's coordinates, with blocks that correspond where that can be made so.
    """
    other = claim.second
    if other is None or not claim.is_quantized:
        return claim
    return _CONTINUOUS.of((claim,), None, lambda: _continuous(claim, other))


_CONTINUOUS = Memory[Claim](4)


def _continuous(claim: Claim, other: Network) -> Claim:
    first, region, _ = in_coordinates(claim.network, claim.region)
    second = in_coordinates(other, claim.region)[0]
    pair = _aligned(first, second, region.base)
    if pair is None:
        first, region, second = loosened_pair(first, region, second)
    else:
        first, second = pair
        region = with_errors(region, concatenate([radii(claim.network), radii(other)]))
    return Claim(first, claim.property, Region(region.base, region.rows, text=claim.region.text), second)


def _aligned(first: Network, second: Network, base: Base) -> tuple[Network, Network] | None:
    sides = matched(first, second)
    if sides is None:
        return None
    width, found = len(radii(first)) + len(radii(second)), []
    for me, other, start in ((*sides, 0), (*sides[::-1], len(radii(first)))):
        passes = _ends(me, other, base)
        if passes is None:
            return None
        found.append(loosened(me.network, start, width, passes))
    return found[0], found[1]


@dataclass(eq=False)
class Aligning:
    """One of two networks that are brought into step: blocks that are left and those that are done.

    ``number`` says which block a source has become, ``passed`` what each block that only passes on stands for.
    """

    source: Network
    left: list[tuple[int, Block]]
    done: list[Block] = field(default_factory=list)
    number: dict[int, int] = field(default_factory=lambda: {0: 0})
    passed: dict[int, tuple[int, Matrix]] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network) -> Aligning:
        """Nothing is done yet."""
        return cls(network, list(enumerate(network.blocks, start=1)))

    @property
    def network(self) -> Network:
        """What was made, the same function."""
        return replace(self.source, blocks=tuple(self.done), source=None, file_digest=None)

    @property
    def head(self) -> Block:
        """The next block."""
        return self.left[0][1]

    def sources(self) -> set[int]:
        """The blocks that the next one reads, by their new numbers."""
        return {self.number[source] for source, _ in self.head.inputs}

    def take(self, around: set[int]) -> None:
        """The next block is done; it reads what was passed on where the other network (``around``) does."""
        k, block = self.left.pop(0)
        terms = dict[int, Matrix]()
        for source, matrix in block.inputs:
            new, weights = self._around(self.number[source], matrix, around)
            terms[new] = matrices.add(terms[new], weights) if new in terms else weights
        self.done.append(replace(block, inputs=tuple(sorted(terms.items()))))
        self.number[k] = len(self.done)

    def _around(self, source: int, matrix: Matrix, around: set[int]) -> tuple[int, Matrix]:
        for number, (origin, order) in sorted(self.passed.items()):
            if origin == source and source not in around and any(self._leads(number, other) for other in around):
                return self._around(number, matrix.compose(order.transposed), around)
        return source, matrix

    def _leads(self, number: int, to: int) -> bool:
        while to != number and to in self.passed:
            to = self.passed[to][0]
        return to == number

    def passing(self, name: str, source: int, order: Matrix) -> None:
        """A block that passes the values of a source on, in another order."""
        size = order.shape[0]
        self.done.append(Block(f"{name}.same", (size,), ((source, order),), zeros(size), relu=False))
        self.passed[len(self.done)] = source, order

    def split(self) -> None:
        """The next block's affine map becomes a block of its own."""
        k, block = self.left[0]
        same = ((-k, matrices.identity(block.size)),)
        plain = replace(block, name=f"{block.name}.sum", relu=False, quantizer=None)
        rest = replace(block, inputs=same, bias=zeros(block.size))
        self.left[0:1] = [(-k, plain), (k, rest)]


def matched(first: Network, second: Network) -> tuple[Aligning, Aligning] | None:
    """The same functions by networks whose blocks correspond but for quantizers; None where that is not seen."""
    mine, theirs = Aligning.of(first), Aligning.of(second)
    while mine.left and theirs.left:
        if not _step(mine, theirs):
            return None
    return None if mine.left or theirs.left else (mine, theirs)


def _step(mine: Aligning, theirs: Aligning) -> bool:
    """Bring one block of either network further; False where they do not correspond."""
    for me in (mine, theirs):
        if me.head.quantizer is not None and not _only_orders(me.head):
            me.split()
    for me, other in ((mine, theirs), (theirs, mine)):
        if me.head.kind == "quantized" and other.head.kind != "quantized":
            ((source, order),) = me.head.inputs
            other.passing(me.head.name, me.number[source], order)
            me.take(set())
            return True
    if mine.head.size != theirs.head.size:
        return False
    ends = [len(side.left) == 1 for side in (mine, theirs)]
    if mine.head.kind == theirs.head.kind and ends[0] == ends[1]:
        reads = mine.sources(), theirs.sources()
        mine.take(reads[1])
        theirs.take(reads[0])
        return True
    for me, other in ((mine, theirs), (theirs, mine)):
        if me.head.kind == "affine" and len(me.left) > 1:
            other.split()
            return True
    return False


def _only_orders(block: Block) -> bool:
    """Whether the block only puts the values of one source in another order."""
    if len(block.inputs) != 1 or not block.bias.is_zero():
        return False
    matrix = block.inputs[0][1]
    square = matrix.shape[0] == matrix.shape[1] == matrix.entry_count
    return (
        square
        and matrix.is_monomial()
        and len(set(matrix.columns.tolist())) == block.size
        and bool(np.all(matrix.entries == 1))
    )


def _ends(me: Aligning, other: Aligning, base: Base) -> Mapping[int, Ends] | None:
    """The ends of the clips that change nothing; None where a value is not bounded."""
    if not me.passed:
        return {}
    network, found = me.network, dict[int, Ends]()
    values, starts = Intervals.of_inputs(base, bounded=True), starts_of(network.input_size, network.blocks)
    for k, block in enumerate(network.blocks, start=1):
        z = values.of_rows(rows_of(block, starts)).rounded()
        low, high = z.low.numbers, -z.top.numbers
        if k in me.passed:
            theirs = other.done[k - 1].quantizer
            if theirs is None or not (z.low.known.all() and z.top.known.all()):
                return None
            found[k] = _least(low, theirs.bottom), -_least(-high, -theirs.top)
        if block.quantizer is not None:
            z = Intervals(*(_within(side, block.quantizer, sign) for side, sign in ((z.low, 1), (z.top, -1))))
        values = values.followed_by(z.clipped() if block.relu else z)
    return found


def _least(left: Vector, right: Vector) -> Vector:
    return vector([min(a, b) for a, b in zip(left.fractions(), right.fractions(), strict=True)])


def _within(side: LowerBounds, quantizer: Quantizer, sign: int) -> LowerBounds:
    """Bounds of the clip of z + e, or (sign -1) of its opposite."""
    bottom, top = (quantizer.bottom, quantizer.top) if sign > 0 else (-quantizer.top, -quantizer.bottom)
    inside = _least(-_least(-(side.numbers - quantizer.radii), -bottom), top).fractions()
    ends = zip(inside, side.known.tolist(), bottom.fractions(), strict=True)
    return LowerBounds(vector([v if known else end for v, known, end in ends]), np.ones_like(side.known))
