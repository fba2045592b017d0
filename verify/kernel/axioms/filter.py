"""The float filter: which units provably keep their sign on a ball-like region, decided in float64.

For a unit's affine extension z under a fixed pattern, the minimum of s z (s = +1 or -1) over a box with centre c
and radii r is ``s z(c) - sum_j r_j |J_j|``; over an L1 ball of radius r it is ``s z(c) - r max_j |J_j|``. Both
need only a norm of the row J of the Jacobian. J is propagated in float64; the norm e of its error obeys the
recursion of ``verify.network.floats`` with |y| replaced by the norm S of the computed row:

    e' <= |W| e + gamma(n + 2) |W| (S + 2 e) + (n + 2) eta sum_j r_j

since each entry of ``W J`` is a sum of n products and norms are subadditive. What the bound does not decide is
left to exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.kernel.exact import Pattern
from verify.kernel.speed import in_threads
from verify.network import Network, floats
from verify.rational import Floats
from verify.region import Box, L1Ball
from verify.region.bases import Base

COLUMNS_AT_ONCE = 192
# Weights of which a larger part is not zero are kept dense.
FILLED = 0.25
# A term of a product of sparse matrices costs as much as 1 / SPARSE terms with a dense one.
SPARSE = 0.05


@dataclass(frozen=True, eq=False)
class Spread:
    """For each block: z at the centre, the radius of z over the region, and bounds on the errors of both."""

    centre: list[Floats]
    centre_errors: list[Floats]
    radius: list[Floats]
    radius_errors: list[Floats]

    def keeps_sign(self, block: int, on: Any) -> Any:
        """Mask of units proved to keep ``z >= 0`` (where ``on``) or ``z <= 0`` (elsewhere); blocks count from 1."""
        k = block - 1
        towards = np.where(on, self.centre[k], -self.centre[k])
        with np.errstate(all="ignore"):
            # Three roundings on each side: the factors cover them.
            reach = (self.radius[k] + self.radius_errors[k] + self.centre_errors[k]) * (1 + 2.0**-50)
            return np.asarray(towards * (1 - 2.0**-50) >= reach, dtype=bool) & np.isfinite(reach)


def spread(network: Network, pattern: Pattern, base: Base) -> Spread | None:
    """The spread of every pre-activation under ``pattern``; None where the analysis does not apply.

    Where bounds of the radii by absolute weights already settle every unit, as on a tiny ball, they are returned.
    """
    network.require_piecewise_linear("the float filter")
    if not base.is_bounded or not floats.floats_are_ieee():
        return None
    if not all(block.rounds_faithfully for block in network.blocks):
        return None
    radii = _radii(base)
    if radii is None:
        return None
    with np.errstate(all="ignore"):
        centre = floats.run(network, base.centre(), pattern=pattern)
        unknown = [np.zeros(block.size) for block in network.blocks]
        coarse = Spread(centre.values, centre.errors, unknown, _norms_above(network, pattern, radii))
        if all(np.all(coarse.keeps_sign(k, pattern[k])) for k, _ in network.relu_blocks()):
            return coarse
        rows = _row_norms(network, pattern, radii, largest=isinstance(base, L1Ball))
        row_errors = _row_errors(network, pattern, rows, radii)
    return Spread(centre.values, centre.errors, rows, row_errors)


def _norms_above(network: Network, pattern: Pattern, radii: Floats) -> list[Floats]:
    """Upper bounds of the norms of the exact Jacobian's rows: a norm of ``W J`` is at most ``|W|`` times those of J.

    Both norms are subadditive; row j of the input's Jacobian has the norm r_j in either.
    """
    norms: dict[int, Floats] = {0: radii}
    result = []
    for k, block in enumerate(network.blocks, start=1):
        nothing = {source: np.zeros(matrix.shape[1]) for source, matrix in block.inputs}
        above = floats.linear_errors(block, norms, nothing, 0.0, floats.UNIT_ROUNDOFF)
        result.append(above)
        norms[k] = np.where(pattern[k], above, 0.0) if block.relu else above
    return result


def _radii(base: Base) -> Floats | None:
    """Upper bounds of the radii, one ulp or more above the exact ones; None beyond float range."""
    if isinstance(base, Box):
        exact = base.radii()
        radii = exact.floats()
        zero = np.array([n == 0 for n in exact.numerators.tolist()], dtype=bool)
    else:
        radii = np.full(base.dimension, float(base.radius) if base.radius < 2**900 else np.inf)
        zero = np.zeros(base.dimension, dtype=bool)
    ordinary = (radii > 2.0**-900) & (radii < 2.0**900) | zero
    return radii * (1 + 2.0**-51) if np.all(ordinary) else None


def _row_norms(network: Network, pattern: Pattern, radii: Floats, *, largest: bool) -> list[Floats]:
    """Norms of the computed rows of every block's Jacobian; chunks of input columns go to both cores."""
    layers = [_Layer(network, pattern, k) for k in range(1, len(network.blocks) + 1)]
    used = np.flatnonzero(radii > 0)
    chunks = [used[i : i + COLUMNS_AT_ONCE] for i in range(0, len(used), COLUMNS_AT_ONCE)]
    norms = [np.zeros(block.size) for block in network.blocks]
    for part in in_threads(lambda columns: _chunk_norms(network, layers, columns, radii, largest=largest), chunks):
        norms = [np.maximum(a, b) if largest else a + b for a, b in zip(norms, part, strict=True)]
    return norms


class _Layer:
    """One block's weights without the columns of units that are off, whose rows of the Jacobian are zero."""

    def __init__(self, network: Network, pattern: Pattern, number: int) -> None:
        block = network.blocks[number - 1]
        self.size = block.size
        self.on = np.flatnonzero(pattern[number]) if block.relu else None
        self.inputs: list[tuple[int, Any]] = []
        for source, matrix in block.inputs:
            if source == 0:
                self.inputs.append((0, matrix.float_columns))
                continue
            weights = matrix.float_columns[:, pattern[source]] if source in pattern else matrix.floats
            is_filled = matrix.entry_count > FILLED * matrix.shape[0] * matrix.shape[1]
            self.inputs.append((source, weights.toarray() if is_filled else weights.tocsr()))

    def rows(self, jacobians: dict[int, Any], columns: Any) -> Any:
        """The rows of this block's Jacobian in some input columns, dense or sparse."""
        total: Any = None
        for source, weights in self.inputs:
            part = weights[:, columns].tocsr() if source == 0 else _product(weights, jacobians[source])
            if total is None:
                total = part
            elif _is_sparse(total) and _is_sparse(part):
                total = total + part
            else:
                total = _dense(total) + _dense(part)
        return np.zeros((self.size, len(columns))) if total is None else total


def _product(weights: Any, jacobian: Any) -> Any:
    """The product, sparse where few of its terms are nonzero."""
    if not _is_sparse(jacobian):
        return weights @ jacobian
    if _is_sparse(weights):
        terms = int(np.diff(jacobian.indptr)[weights.indices].sum())
        if terms <= SPARSE * weights.nnz * jacobian.shape[1]:
            return weights @ jacobian
    return weights @ jacobian.toarray()


def _is_sparse(matrix: Any) -> bool:
    return not isinstance(matrix, np.ndarray)


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if _is_sparse(matrix) else matrix


def _chunk_norms(
    network: Network, layers: Sequence[_Layer], columns: Any, radii: Floats, *, largest: bool
) -> list[Floats]:
    """Norms over some input columns. Terms that are left out are products with exact zeros."""
    jacobians: dict[int, Any] = {}
    norms = []
    with np.errstate(all="ignore"):
        for k, layer in enumerate(layers, start=1):
            total = layer.rows(jacobians, columns)
            sizes = abs(total)
            if largest:
                most = sizes.max(axis=1)
                norms.append((most.toarray() if _is_sparse(most) else most).ravel() * radii[columns[0]])
            else:
                norms.append(sizes @ radii[columns])
            jacobians[k] = total if layer.on is None else total[layer.on]
            for source in [s for s, last in network.last_use.items() if last == k]:
                jacobians.pop(source, None)
    return norms


def _row_errors(network: Network, pattern: Pattern, norms: list[Floats], radii: Floats) -> list[Floats]:
    """Bounds on the norms of the errors of the rows, roundings in the norms themselves included."""
    # Row j of the input's Jacobian is the unit vector: its norm is r_j and it has no error.
    sizes: dict[int, Floats] = {0: radii}
    errors: dict[int, Floats] = {0: np.zeros(len(radii))}
    summing = 2 * floats.gamma(len(radii) + 8)
    tiny = 4 * floats.SMALLEST_SUBNORMAL * float(radii.sum())
    lost = len(radii) * floats.SMALLEST_SUBNORMAL  # products of an entry and a radius may underflow
    result = []
    for k, block in enumerate(network.blocks, start=1):
        error = floats.linear_errors(block, errors, sizes, 0.0, floats.UNIT_ROUNDOFF) + (block.fan_in + 2) * tiny
        off = ~pattern[k] if block.relu else np.zeros(block.size, dtype=bool)
        errors[k] = np.where(off, 0.0, error)
        sizes[k] = np.where(off, 0.0, norms[k - 1] * (1 + summing) + lost)
        result.append(error + summing * norms[k - 1] + lost)
    return result
