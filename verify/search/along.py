"""Exact pre-activations along a ray: values at a point, and slopes just beyond it."""

from __future__ import annotations

import numpy as np

from verify.network import Network
from verify.rational import Integers, Vector, integer_array


def preactivations_along(network: Network, x: Vector, direction: Vector) -> list[Vector]:
    """For each block a (units, 2) array: pre-activations at x, and their slopes along a direction just beyond x."""
    network.require_piecewise_linear("exact evaluation")
    start = np.stack([x.numerators * direction.denominator, direction.numerators * x.denominator], axis=1)
    denominator, counts = x.denominator * direction.denominator, integer_array([1, 0])  # a slope has no bias
    outputs: dict[int, tuple[Integers, int]] = {0: (start, denominator)}
    result: list[Vector] = []
    for k, block in enumerate(network.blocks, start=1):
        parts, bias, own = block.integer_form
        z = np.multiply.outer(bias * denominator, counts)
        for source, matrix, numerators in parts:
            values, their = outputs[source]
            z = z + matrix.integer_product(numerators, values) * (denominator // their)
        denominator *= own
        result.append(Vector(z, denominator))
        if block.relu:
            on = np.asarray((z[:, 0] > 0) | (z[:, 0] == 0) & (z[:, 1] > 0), dtype=bool)
            z = np.where(on[:, None], z, 0)
        outputs[k] = (z, denominator)
        for source in [s for s, last in network.last_use.items() if last == k]:
            del outputs[source]
    return result
