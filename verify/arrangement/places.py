"""Places of vertices in float64 with proved bounds on their errors, and signs that these decide.

Places are verified: with R an approximate inverse of the matrix A of the forms that meet in a vertex, r the residual at
the computed place and ``a >= |I - R A|``, the true vertex is within ``|R r| / (1 - a)`` (in the maximum norm, for every
matrix within the forms' own error bounds; one homogeneous coordinate is held).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from verify.arrangement.exact import IntegerForm
from verify.network.floats import gamma
from verify.rational import Floats, nearest_float

TINY = 1e-300
ENLARGED = 1 + 2.0**-20


def between(ends: Floats, values: Floats) -> Floats:
    """Where the value is zero on edges, roughly, the largest coordinate +1 or -1; shapes (n, 2, width), (n, 2)."""
    size = np.abs(values)
    size = size / size.max(axis=1, keepdims=True)
    found = size[:, 1, None] * ends[:, 0] + size[:, 0, None] * ends[:, 1]
    largest = np.abs(found).max(axis=1, keepdims=True)
    return np.asarray(found / np.where(largest > 0, largest, 1.0))


def decided(values: Floats, sizes: Floats, errors: Floats, places: Floats, width: int) -> Any:
    """Whether the sign of a form at a vertex is that of its float value: the error is smaller.

    ``sizes`` are sums of the form's absolute coefficients, which are off by ``errors``, of ``width`` of them; vertices,
    whose largest coordinate is 1, are off by ``places``.
    """
    doubt = width * errors * (1 + places) + sizes * (places + gamma(width + 2))
    return np.abs(values) > doubt * ENLARGED + TINY


def verified(guess: Floats, forms: Floats, doubts: Floats) -> tuple[Floats, Floats]:
    """Better places and bounds on their errors (infinite where none is found), see the module's docstring."""
    width = guess.shape[1]
    held = np.abs(guess).argmax(axis=1)
    others = np.array([[j for j in range(width) if j != i] for i in range(width)])[held]
    matrix = np.take_along_axis(forms, others[:, None, :], axis=2)
    with np.errstate(all="ignore"):
        matrix, inverse, singular = _inverse(matrix)
        points = guess.copy()
        step = np.einsum("nij,nj->ni", inverse, np.einsum("nij,nj->ni", forms, guess))
        np.put_along_axis(points, others, np.take_along_axis(guess, others, axis=1) - step, axis=1)
        lost = gamma(width + 2)
        residual = np.abs(np.einsum("nij,nj->ni", forms, points))
        sizes = np.abs(points)
        residual += lost * np.einsum("nij,nj->ni", np.abs(forms), sizes) + doubts * sizes.sum(axis=1, keepdims=True)
        bound = np.einsum("nij,nj->ni", np.abs(inverse), residual).max(axis=1)
        gap = np.abs(np.eye(width - 1) - np.einsum("nij,njk->nik", inverse, matrix))
        gap += lost * np.einsum("nij,njk->nik", np.abs(inverse), np.abs(matrix) + 1)
        gap += np.einsum("nij,nj->ni", np.abs(inverse), doubts)[:, :, None]
        contraction = gap.sum(axis=2).max(axis=1)
        good = ~singular & (contraction < 0.5) & np.isfinite(points).all(axis=1) & (sizes.max(axis=1) < 2)
        errors = np.where(good, bound / (1 - contraction) * ENLARGED + TINY, np.inf)
    return points, errors


def _inverse(matrix: Floats) -> tuple[Floats, Floats, Any]:
    """The matrices with the unit matrix instead of singular ones; approximate inverses; which ones were singular."""
    determinant: Floats = (
        matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
        if matrix.shape[1] == 2
        else np.asarray(np.linalg.det(matrix), dtype=np.float64)
    )
    singular = ~(np.abs(determinant) > TINY)
    if singular.any():
        matrix[singular], determinant[singular] = np.eye(matrix.shape[1]), 1.0
    if matrix.shape[1] != 2:
        return matrix, np.asarray(np.linalg.inv(matrix), dtype=np.float64), singular
    inverse = np.empty_like(matrix)
    inverse[:, 0, 0], inverse[:, 1, 1] = matrix[:, 1, 1], matrix[:, 0, 0]
    inverse[:, 0, 1], inverse[:, 1, 0] = -matrix[:, 0, 1], -matrix[:, 1, 0]
    return matrix, inverse / determinant[:, None, None], singular


def scaled(rows: Sequence[IntegerForm]) -> Floats:
    """Integer rows divided by their largest entry, rounded to nearest."""
    found = []
    for row in rows:
        largest = max(abs(n) for n in row)
        found.append([nearest_float(n, largest) for n in row])
    return np.array(found)
