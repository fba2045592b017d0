"""A box with float sides cut into smaller ones, again and again, each time in the middle of one coordinate.

The parts cover the box: the sides of the two halves are the floats that ``middle`` gives, whatever these are, so each
point is on one side or on the other. A node is a number of few bits: 0 for a part that is not cut, k + 1 for one
that is cut at coordinate k, the lower half first, in preorder. So there is one way to write a tree down.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.errors import EvidenceError
from verify.rational import Floats, Vector, nearest_float
from verify.region import Box

LEAF = 0
MOST_NODES = 1 << 26


@dataclass(frozen=True, eq=False)
class Cuts:
    """The nodes in preorder."""

    nodes: NDArray[np.int64]

    @property
    def leaves(self) -> int:
        return int(np.count_nonzero(self.nodes == LEAF))

    @property
    def width(self) -> int:
        """The fewest bits for each node that the largest number needs."""
        return max(1, int(self.nodes.max(initial=0)).bit_length())


# A box that is not cut.
UNCUT = Cuts(np.zeros(1, dtype=np.int64))


def read(text: str, count: int, width: int) -> Cuts:
    """The tree of ``count`` nodes that were written as base64 of their bits; anything else is a ``ValueError``."""
    if not (1 <= count <= MOST_NODES and 1 <= width <= 32):
        raise ValueError(f"{count} nodes of {width} bits")
    nodes = read_bits(text, count * width).reshape(count, width).astype(np.int64) @ (1 << np.arange(width)[::-1])
    found = Cuts(nodes)
    if found.width != width:
        raise ValueError(f"nodes of {width} bits where {found.width} suffice")
    return found


def read_bits(text: str, count: int) -> NDArray[np.bool_]:
    """The ``count`` bits that base64 of bytes has, filled up with zeros; anything else is a ``ValueError``."""
    data = base64.b64decode(text, validate=True)
    if len(data) != -(-count // 8) or base64.b64encode(data).decode("ascii") != text:
        raise ValueError(f"{len(data)} bytes for {count} bits")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    if np.any(bits[count:]):
        raise ValueError("bits after the last one")
    return bits[:count].astype(bool)


def sides(box: Box) -> tuple[Floats, Floats]:
    """The sides of a bounded box, rounded outwards to floats."""
    if not box.is_bounded:
        raise EvidenceError("cuts", "only a box with finite sides can be cut")
    return _outwards(box.low, -1), _outwards(box.high, 1)


def _outwards(values: Vector, sign: int) -> Floats:
    result = np.empty(len(values))
    for i, value in enumerate(values.fractions()):
        number = nearest_float(value.numerator, value.denominator)
        exact = np.isfinite(number) and sign * (type(value)(number) - value) >= 0
        result[i] = number if exact else np.nextafter(number, sign * np.inf)
    if not np.all(np.isfinite(result)):
        raise EvidenceError("cuts", "a side of the box is beyond the range of floats")
    return result


def middle(low: Floats, high: Floats) -> Floats:
    """Where a box is cut."""
    return low * 0.5 + high * 0.5


def leaves(cuts: Cuts, low: Floats, high: Floats) -> Iterator[tuple[Floats, Floats]]:
    """The parts that are not cut, in order."""
    stack = [(low, high)]
    for node in cuts.nodes.tolist():
        if not stack:
            raise EvidenceError("cuts", "more nodes than parts")
        below, above = stack.pop()
        if node == LEAF:
            yield below, above
            continue
        k = node - 1
        if k >= len(low):
            raise EvidenceError("cuts", f"a part is cut at coordinate {k} of {len(low)}")
        at = middle(below[k], above[k])
        first, second = above.copy(), below.copy()
        first[k] = second[k] = at
        stack += [(second, above), (below, first)]
    if stack:
        raise EvidenceError("cuts", "the cuts leave a part without a word")
