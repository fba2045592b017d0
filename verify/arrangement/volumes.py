"""Volumes of the polytopes of a complex, from a triangulation without new vertices.

The apex of a face is its vertex of the smallest number, so that a face of it contains that apex exactly if it has the
same one. A face is filled by the pyramids from its apex over the faces of its boundary that do not contain it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.arrangement.complex import Complex, Ids
from verify.arrangement.exact import IntegerForm


def triangulation(complex_: Complex) -> tuple[Ids, Ids]:
    """Simplices that fill the polytopes, shape (simplices, dimension + 1): vertices; and the polytope of each."""
    apex = np.arange(complex_.vertex_count, dtype=np.int32)
    simplices, owners = apex[:, None], apex
    for level in complex_.levels[1:]:
        up, down = level.up.rows, level.down.rows
        top = np.full(level.count, complex_.vertex_count, dtype=np.int32)
        np.minimum.at(top, up, apex[down])
        pairs = np.flatnonzero(apex[down] != top[up])
        order = np.argsort(owners, kind="stable")
        starts, ends = (np.searchsorted(owners[order], down[pairs], side) for side in ("left", "right"))
        lengths = ends - starts
        which = np.repeat(pairs, lengths)
        offsets = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        below = simplices[order[np.repeat(starts, lengths) + offsets]]
        owners = up[which]
        simplices = np.concatenate([below, top[owners][:, None]], axis=1)
        apex = top
    return simplices, owners


def exact_volume(simplices: Sequence[Sequence[IntegerForm]]) -> Fraction:
    """The volume of simplices of homogeneous integer points, no two of which overlap."""
    from flint import fmpz_mat

    sizes, weights = [], []
    for corners in simplices:
        size = len(corners)
        sizes.append(abs(int(fmpz_mat(size, size, [n for point in corners for n in point]).det())))
        weights.append(math.prod(point[-1] for point in corners) * math.factorial(size - 1))
    whole = math.lcm(*weights)
    return Fraction(sum(size * (whole // weight) for size, weight in zip(sizes, weights, strict=True)), whole)
