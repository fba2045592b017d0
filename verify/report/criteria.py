"""What the pieces of a network have to satisfy, in words."""

from __future__ import annotations

from verify.property import Criterion

CRITERIA = {
    Criterion.AFFINE: "every piece carries the same affine map",
    Criterion.LINEAR: "every piece carries the same map, and that map is linear",
    Criterion.CONSTANT: "every piece is the same constant",
    Criterion.ZERO: "every piece is zero",
    Criterion.THROUGH_ORIGIN: "every piece, extended, is zero at the origin",
    Criterion.CONVEX: "no piece's affine map exceeds the network on another piece",
    Criterion.NONPOSITIVE: "no piece is positive anywhere on its cell",
    Criterion.NONDECREASING: "no piece decreases along the axis",
    Criterion.LIPSCHITZ: "the gradient of every piece is bounded by the constant in the dual norm",
    Criterion.NOWHERE: "on no piece is there a point at which the formula fails",
    Criterion.POSITIVE_SOMEWHERE: "every pre-activation of a ReLU is positive somewhere",
    Criterion.NEVER: "no case holds at any point",
}
