"""The exact maps of all cells, most of them from that of a neighbour.

Where two cells with one pattern before the last ReLU block differ in one unit u of it, and only the output reads that
block, their maps differ by the unit's pre-activation times its output weights, which is known from the facet.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.arrangement.complex import Ids
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.exact import UnitForm
from verify.arrangement.merging import ExactMap, map_of
from verify.network import Network
from verify.search.budget import Budget


def maps_of_cells(found: Arrangement, pairs: Ids, budget: Budget) -> list[ExactMap]:
    """The exact maps of all polytopes; ``pairs`` are those that share a facet."""
    result: list[ExactMap | None] = [None] * found.complex.cell_count
    beside = _steps(found, pairs)
    for cell, known in enumerate(result):
        if known is not None:
            continue
        budget.check()
        result[cell] = map_of(found.domain, found.domain.network, found.pattern(cell))
        queue = deque([cell])
        while queue:
            here = queue.popleft()
            rows = result[here]
            assert rows is not None
            for there, step, sign in beside.get(here, ()):
                if result[there] is None:
                    result[there] = step.added(rows, sign)
                    queue.append(there)
    return [rows for rows in result if rows is not None]


@dataclass(frozen=True, eq=False)
class _Step:
    """What a unit adds to each output: numerators over a denominator."""

    rows: list[list[int]]
    denominator: int

    def added(self, rows: ExactMap, sign: int) -> ExactMap:
        """The maps with it added, or taken away, in lowest terms."""
        result = []
        for (*numerators, denominator), more in zip(rows, self.rows, strict=True):
            below = math.lcm(denominator, self.denominator)
            a, b = below // denominator, sign * (below // self.denominator)
            whole = [n * a + m * b for n, m in zip(numerators, more, strict=True)]
            divisor = math.gcd(*whole, below)
            result.append((*(n // divisor for n in whole), below // divisor))
        return tuple(result)


def _steps(found: Arrangement, pairs: Ids) -> dict[int, list[tuple[int, _Step, int]]]:
    """For cells their neighbours whose maps differ by one unit's step, which is added (1) or taken away (-1) there."""
    network, result = found.domain.network, dict[int, list[tuple[int, _Step, int]]]()
    if not found.layers or not _is_read_last(network, found.layers[-1].block):
        return result
    layer, place = found.layers[-1], len(found.layers) - 1
    pairs = pairs[layer.parents[pairs[:, 0]] == layer.parents[pairs[:, 1]]]
    differ = layer.bits[pairs[:, 0]] ^ layer.bits[pairs[:, 1]]
    one = np.flatnonzero(np.bitwise_count(differ).sum(axis=1) == 1)
    units = np.unpackbits(differ[one], axis=1).argmax(axis=1)
    weights = _output_weights(network, layer.block)
    known: dict[UnitForm, _Step] = {}
    for (a, b), unit in zip(pairs[one].tolist(), units.tolist(), strict=True):
        key = UnitForm(place, layer.block, unit, int(layer.parents[a]))
        if key not in known:
            form, factor = found.exact.unit_form(key)
            factors = [weight * factor for weight in weights[unit]]
            below = math.lcm(*(f.denominator for f in factors))
            known[key] = _Step([[n * int(f * below) for n in form] for f in factors], below)
        sign = 1 if layer.bits[b, unit // 8] & (128 >> unit % 8) else -1
        result.setdefault(a, []).append((b, known[key], sign))
        result.setdefault(b, []).append((a, known[key], -sign))
    return result


def _is_read_last(network: Network, block: int) -> bool:
    """Whether the output reads the block, and is affine, and nothing else reads it."""
    *others, last = network.blocks
    return not last.relu and all(block != source for other in others for source, _ in other.inputs)


def _output_weights(network: Network, block: int) -> list[list[Fraction]]:
    """For each unit of the block the weight that every output gives it."""
    parts, _, denominator = network.blocks[-1].integer_form
    result = [[Fraction(0)] * network.output_size for _ in range(network.blocks[block - 1].size)]
    for source, matrix, numerators in parts:
        if source == block:
            for row, column, n in zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), numerators, strict=True):
                result[column][row] += Fraction(int(n), denominator)
    return result
