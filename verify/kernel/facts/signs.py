"""Opposite facts of values, >= 0 and <= 0, convex and concave, nondecreasing and nonincreasing, through a network.

A sum has a fact if each of its terms has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

import numpy as np

from verify.kernel.exact import Bits, Pattern
from verify.network import Block, Network
from verify.region import Box
from verify.region.bases import Base

# Of each value: whether it is known to have a fact, and its opposite.
Known: TypeAlias = tuple[Bits, Bits]
OneOrMany = TypeVar("OneOrMany", bool, Bits)


def multiple_has(nonnegative: OneOrMany, nonpositive: OneOrMany, fact: OneOrMany, opposite: OneOrMany) -> OneOrMany:
    """Whether w v has the fact, from the sign of w and whether v has it and its opposite.

    A nonnegative multiple keeps both, a nonpositive one swaps them.
    """
    return (fact & opposite) | (nonnegative & fact) | (nonpositive & opposite)


def of_sums(block: Block, known: Mapping[int, Known], constants: Known) -> Known:
    """The facts of a block's weighted sums; ``constants`` are those of its biases."""
    first, second = (fact.copy() for fact in constants)
    for source, matrix in block.inputs:
        positive = np.asarray(matrix.entries > 0, dtype=bool)
        one, other = (fact[matrix.columns] for fact in known[source])
        first[matrix.row_of_entry[~multiple_has(positive, ~positive, one, other)]] = False
        second[matrix.row_of_entry[~multiple_has(positive, ~positive, other, one)]] = False
    return first, second


def of_outputs(network: Network, inputs: Known, *, keeps_second: bool) -> Known:
    """Facts of the outputs that all constants have; relu keeps the first of them (``keeps_second``: both)."""
    known: dict[int, Known] = {0: inputs}
    for k, block in enumerate(network.blocks, start=1):
        every = np.ones(block.size, dtype=bool)
        first, second = of_sums(block, known, (every, every))
        known[k] = first, second & (keeps_second or not block.relu)
    return known[len(network.blocks)]


def pattern_by_signs(network: Network, base: Base) -> Pattern | None:
    """The pattern that the signs of inputs, weights and biases force on the region; None where they do not.

    Inputs of known weak sign and weights of one sign give a pre-activation whose sign is known: on a
    nonnegative region with nonnegative weights and biases every unit is on (lemma 8). By induction over blocks
    each value is known to be >= 0, <= 0, both (zero) or neither.
    """
    if not isinstance(base, Box):
        return None
    at_least = np.asarray(base.low.numerators >= 0, dtype=bool) & base.low_finite
    at_most = np.asarray(base.high.numerators <= 0, dtype=bool) & base.high_finite
    signs: dict[int, Known] = {0: (at_least, at_most)}
    pattern: Pattern = {}
    for k, block in enumerate(network.blocks, start=1):
        bias = block.bias.numerators
        start = np.asarray(bias >= 0, dtype=bool), np.asarray(bias <= 0, dtype=bool)
        nonnegative, nonpositive = of_sums(block, signs, start)
        if block.relu:
            if not np.all(nonnegative | nonpositive):
                return None
            pattern[k] = ~nonpositive
            nonnegative = np.ones(block.size, dtype=bool)
        signs[k] = nonnegative, nonpositive
    return pattern
