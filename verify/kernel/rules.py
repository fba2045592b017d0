"""Rules: theorems about the shape of a network that prove a property at any size (lemma 8)."""

from __future__ import annotations

from collections.abc import Callable

from verify.errors import EvidenceError
from verify.kernel.composition import absolute_weights, curvature, monotone_weights, sublinear
from verify.kernel.sums import check_sum
from verify.property import Claim, Vacuous


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
