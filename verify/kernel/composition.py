"""Rules about inequalities that follow from the signs of weights, block by block, at any size (lemma 8).

Each is an induction over the blocks of the canonical form as it stands: leaky ReLU, absolute values, clips and
skip connections have been lowered to ReLU and sums, and what is known of a sum decides what is known of them. So
``s z + (1-s) relu(z)`` counts as convex for convex z if 0 <= s <= 1, and for affine z if s <= 1; a clip,
``relu(z) - relu(z - 6)``, never does.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.exact import Bits
from verify.kernel.signs import of_outputs
from verify.network import Network
from verify.property import Claim
from verify.rational import Vector, integer_array


def curvature(claim: Claim) -> None:
    """A network whose weights after the first ReLU, those of the output included, are nonnegative is convex everywhere.

    More exactly, of each value it is known whether it is convex and whether it is concave as a function of the
    input. Inputs are both. A sum is convex if each term is: a positive weight with a convex value, or a negative
    weight with a concave one; likewise concave. relu(z) is convex if z is, as relu is convex and nondecreasing. If
    so every output is known to be convex (or concave), and a function that is convex on all of R^n is convex on P.
    """
    if claim.property.name not in ("convex", "concave"):
        raise EvidenceError("curvature", f"proves 'convex' and 'concave', not {claim.property.name!r}")
    _require("curvature", _curved(claim.network, convex=claim.property.name == "convex"), claim)


def sublinear(claim: Claim) -> None:
    """A network without biases that is convex by its weights' signs is subadditive (concave: superadditive).

    Without biases f(2 z) = 2 f(z), by induction over blocks; so f(x + y) = 2 f(x/2 + y/2) <= f(x) + f(y). The
    convexity on all of R^n is that of the rule 'curvature'.
    """
    if claim.property.name not in ("subadditive", "superadditive"):
        raise EvidenceError("sublinear", f"proves 'subadditive' and 'superadditive', not {claim.property.name!r}")
    if not all(block.bias.is_zero() for block in claim.network.blocks):
        raise EvidenceError("sublinear", "a layer has a bias that is not zero")
    _require("sublinear", _curved(claim.network, convex=claim.property.name == "subadditive"), claim)


def monotone_weights(claim: Claim) -> None:
    """A network with nonnegative weights everywhere is nondecreasing in every input, everywhere.

    More exactly, of each value it is known whether it is nondecreasing and whether it is nonincreasing along the
    axis. The input of the axis is nondecreasing, other inputs are both. A sum is nondecreasing if each term is: a
    positive weight with a nondecreasing value, or a negative weight with a nonincreasing one; likewise
    nonincreasing. relu keeps both. Every output must be known to be what is claimed.
    """
    if claim.property.key not in ("nondecreasing", "nonincreasing"):
        raise EvidenceError("monotone weights", f"proves monotonicity in an input, not {claim.property.name!r}")
    inputs = np.arange(claim.network.input_size) == claim.property.parameters["axis"]
    known = of_outputs(claim.network, (np.ones(len(inputs), dtype=bool), ~inputs), keeps_second=True)
    _require("monotone weights", known[0 if claim.property.key == "nondecreasing" else 1], claim)


def absolute_weights(claim: Claim) -> None:
    """If the product of the layers' absolute weights has row sums at most K, the network is K-Lipschitz everywhere.

    If |y(x) - y(x')| <= s ||x - x'||_inf for each value y with a bound s of its own, then for a sum of them with
    weights w the bound is the sum of |w| s, and relu is 1-Lipschitz. As ||v||_inf <= ||v||_2 <= ||v||_1, a bound
    in the L-infinity norm is one in the other two.
    """
    if claim.property.key != "lipschitz":
        raise EvidenceError("absolute weights", f"proves 'lipschitz', not {claim.property.name!r}")
    sums, constant = absolute_sums(claim.network), Fraction(claim.property.parameters["constant"])
    _require("absolute weights", np.array([value <= constant for value in sums.fractions()], dtype=bool), claim)


def absolute_sums(network: Network) -> Vector:
    """For each output a Lipschitz constant in the L-infinity norm: row sums of the product of absolute weights."""
    bounds = {0: Vector(integer_array([1] * network.input_size), 1)}
    for k, block in enumerate(network.blocks, start=1):
        total = Vector(integer_array([0] * block.size), 1)
        for source, matrix in block.inputs:
            numerators, denominator = matrix.integers
            sums = matrix.integer_product(np.abs(numerators), bounds[source].numerators)
            total = total + Vector(sums, denominator * bounds[source].denominator)
        bounds[k] = total
    return bounds[len(network.blocks)]


def _curved(network: Network, *, convex: bool) -> Bits:
    """Which outputs are known to be convex, or concave."""
    every = np.ones(network.input_size, dtype=bool)
    return of_outputs(network, (every, every), keeps_second=False)[0 if convex else 1]


def _require(rule: str, outputs: Bits, claim: Claim) -> None:
    if not claim.network.is_piecewise_linear:
        raise EvidenceError(rule, "the rule is about ReLU networks; a layer has another activation")
    if not outputs.all():
        raise EvidenceError(rule, f"the signs of weights say nothing of output {int(np.argmin(outputs))}")
