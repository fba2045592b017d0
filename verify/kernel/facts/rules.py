"""Rules: theorems about the shape of a network that prove a property at any size (lemma 8).

Those about signs are inductions over the blocks of the canonical form as it stands: leaky ReLU, absolute values, clips
and skip connections have been lowered to ReLU and sums, and what is known of a sum decides what is known of them. So
``s z + (1-s) relu(z)`` counts as convex for convex z if 0 <= s <= 1, and for affine z if s <= 1; a clip,
``relu(z) - relu(z - 6)``, never does. What follows from the facts that they show, the property says (``implied_by``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.evidence import Rule
from verify.kernel.exact import Bits
from verify.kernel.facts.signs import Known, of_outputs
from verify.kernel.facts.values import CONCAVE, CONVEX, FALLING, RISING, SCALING
from verify.kernel.ledger import Ledger
from verify.network import Network
from verify.property import Claim, Vacuous
from verify.rational import Vector, integer_array


def zero_biases(claim: Claim) -> None:
    """A network whose biases are all zero is positively homogeneous everywhere.

    By induction over blocks: W (t y) = t W y, and relu(t z) = t relu(z) for t >= 0.
    """
    _require("zero biases", {(SCALING,): _without_biases(claim.network)}, claim)


def curvature(claim: Claim) -> None:
    """A network whose weights after the first ReLU, those of the output included, are nonnegative is convex everywhere.

    More exactly, of each value it is known whether it is convex and whether it is concave as a function of the
    input. Inputs are both. A sum is convex if each term is: a positive weight with a convex value, or a negative
    weight with a concave one; likewise concave. relu(z) is convex if z is, as relu is convex and nondecreasing. If
    so every output is known to be convex (or concave), and a function that is convex on all of R^n is convex on P.
    """
    convex, concave = _curved(claim.network)
    _require("curvature", {(CONVEX,): convex, (CONCAVE,): concave}, claim)


def sublinear(claim: Claim) -> None:
    """A network without biases that is convex by its weights' signs is subadditive (concave: superadditive).

    Without biases f(2 z) = 2 f(z), by induction over blocks; so f(x + y) = 2 f(x/2 + y/2) <= f(x) + f(y). The
    convexity on all of R^n is that of the rule 'curvature'.
    """
    convex, concave = _curved(claim.network)
    scales = _without_biases(claim.network)
    _require("sublinear", {(SCALING, CONVEX): scales & convex, (SCALING, CONCAVE): scales & concave}, claim)


def monotone_weights(claim: Claim) -> None:
    """A network with nonnegative weights everywhere is nondecreasing in every input, everywhere.

    More exactly, of each value it is known whether it is nondecreasing and whether it is nonincreasing along the
    axis. The input of the axis is nondecreasing, other inputs are both. A sum is nondecreasing if each term is: a
    positive weight with a nondecreasing value, or a negative weight with a nonincreasing one; likewise
    nonincreasing. relu keeps both. Every output must be known to be what is claimed. A property without an axis is
    about steps in every coordinate: then no input stays where it is.
    """
    axis, inputs = claim.property.parameters.get("axis"), np.ones(claim.network.input_size, dtype=bool)
    if axis is not None:
        inputs = np.arange(claim.network.input_size) == axis
    rising, falling = of_outputs(claim.network, (np.ones(len(inputs), dtype=bool), ~inputs), keeps_second=True)
    _require("monotone weights", {(RISING,): rising, (FALLING,): falling}, claim)


def absolute_weights(claim: Claim) -> None:
    """If the product of the layers' absolute weights has row sums at most K, the network is K-Lipschitz everywhere.

    If |y(x) - y(x')| <= s ||x - x'||_inf for each value y with a bound s of its own, then for a sum of them with
    weights w the bound is the sum of |w| s, and relu is 1-Lipschitz. As ||v||_inf <= ||v||_2 <= ||v||_1, a bound
    in the L-infinity norm is one in the other two.
    """
    if claim.property.key != "lipschitz" or not claim.network.is_piecewise_linear:
        raise EvidenceError("absolute weights", f"says nothing of {claim.property.name!r} of {claim.network.name}")
    constant = Fraction(claim.property.parameters["constant"])
    if any(value > constant for value in absolute_sums(claim.network).fractions()):
        raise EvidenceError("absolute weights", "the sums of absolute weights exceed the constant")


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


def sum_of_units(claim: Claim) -> None:
    """A sum of functions of one affine form each is convex, or nondecreasing, if each of them shows it.

    All ReLU and exponentials on one line s = 0 count as one function of s: see ``verify.kernel.axioms.sums``. This is
    for networks with smooth units; piecewise linear ones have other rules.
    """
    from verify.kernel.axioms.sums import check_sum

    questions = claim.questions()
    if claim.network.is_piecewise_linear or isinstance(questions, Vacuous):
        raise EvidenceError("sum of units", "is for claims about networks with smooth units")
    for question in questions:
        check_sum(question)


def _without_biases(network: Network) -> Bits:
    return np.full(network.output_size, all(block.bias.is_zero() for block in network.blocks))


def _curved(network: Network) -> Known:
    """Which outputs are known to be convex, and which concave."""
    every = np.ones(network.input_size, dtype=bool)
    return of_outputs(network, (every, every), keeps_second=False)


def _require(rule: str, shown: Mapping[tuple[str, ...], Bits], claim: Claim) -> None:
    """Every output has the facts that imply the property."""
    if not claim.network.is_piecewise_linear:
        raise EvidenceError(rule, "the rule is about ReLU networks; a layer has another activation")
    wanted = [names for names in claim.property.implied_by if names in shown]
    if not wanted:
        raise EvidenceError(rule, f"says nothing of {claim.property.name!r}")
    outputs = np.any([shown[names] for names in wanted], axis=0)
    if not outputs.all():
        raise EvidenceError(rule, f"weights and biases do not show it of output {int(np.argmin(outputs))}")


def check_rule(claim: Claim, evidence: Rule, _: Ledger) -> None:
    """Apply the named theorem to the claim."""
    rule = RULES.get(evidence.name)
    if rule is None:
        raise EvidenceError("rule", f"there is no rule {evidence.name[:60]!r}")
    if claim.is_quantized:
        raise EvidenceError("rule", f"{evidence.name!r} is no theorem about quantized networks")
    if claim.has_smooth_units and evidence.name not in SMOOTH_RULES:
        raise EvidenceError("rule", f"{evidence.name!r} is a theorem about piecewise linear networks")
    rule(claim)


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
