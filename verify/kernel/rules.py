"""Rules: theorems about the shape of a network that prove a property at any size (lemma 8)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.composition import absolute_weights, curvature, monotone_weights, sublinear
from verify.kernel.exact import Bits, Pattern
from verify.kernel.sums import check_sum
from verify.network import Network
from verify.network.network import Block
from verify.property import Claim, Vacuous
from verify.region import Box
from verify.region.bases import Base


def zero_biases(claim: Claim) -> None:
    """A network whose biases are all zero is positively homogeneous everywhere.

    By induction over blocks: W (t y) = t W y, and relu(t z) = t relu(z) for t >= 0.
    """
    if claim.property.name != "positively homogeneous":
        raise EvidenceError("zero biases", f"proves 'positively homogeneous', not {claim.property.name!r}")
    for block in claim.network.blocks:
        if not block.bias.is_zero():
            raise EvidenceError("zero biases", f"layer {block.name} has a bias that is not zero")


def sum_of_units(claim: Claim) -> None:
    """A sum of functions of one affine form each is convex, or nondecreasing, if each of them shows it.

    All ReLU and exponentials on one line s = 0 count as one function of s: see ``verify.kernel.sums``. This is for
    networks with smooth units; piecewise linear ones have other rules.
    """
    questions = claim.questions()
    if claim.network.is_piecewise_linear or isinstance(questions, Vacuous):
        raise EvidenceError("sum of units", "is for claims about networks with smooth units")
    for question in questions:
        check_sum(question)


# Rules that hold for smooth units too.
SMOOTH_RULES = ("sum of units",)

RULES: dict[str, Callable[[Claim], None]] = {
    "zero biases": zero_biases,
    "curvature": curvature,
    "sublinear": sublinear,
    "monotone weights": monotone_weights,
    "absolute weights": absolute_weights,
    "sum of units": sum_of_units,
}


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
    signs: dict[int, tuple[Bits, Bits]] = {0: (at_least, at_most)}
    pattern: Pattern = {}
    for k, block in enumerate(network.blocks, start=1):
        nonnegative, nonpositive = _block_signs(block, signs)
        if block.relu:
            if not np.all(nonnegative | nonpositive):
                return None
            pattern[k] = ~nonpositive
            nonnegative = np.ones(block.size, dtype=bool)
        signs[k] = nonnegative, nonpositive
    return pattern


def _block_signs(block: Block, signs: dict[int, tuple[Bits, Bits]]) -> tuple[Bits, Bits]:
    """Which pre-activations are known to be >= 0, and which <= 0."""
    nonnegative = np.asarray(block.bias.numerators >= 0, dtype=bool)
    nonpositive = np.asarray(block.bias.numerators <= 0, dtype=bool)
    for source, matrix in block.inputs:
        above, below = signs[source]
        positive = np.asarray(matrix.entries > 0, dtype=bool)
        above, below = above[matrix.columns], below[matrix.columns]
        product_above = np.where(positive, above, below)
        product_below = np.where(positive, below, above)
        nonnegative[matrix.row_of_entry[~product_above]] = False
        nonpositive[matrix.row_of_entry[~product_below]] = False
    return nonnegative, nonpositive
