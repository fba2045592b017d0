"""Directions of a region: how gradients in a question's coordinates and ambient vectors go together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.network.matrix import Matrix
from verify.property.base import Slope
from verify.rational import Vector, integer_array, zeros
from verify.region import Box
from verify.region.bases import Base, Mask
from verify.region.linear import any_solution


def free_coordinates(base: Base) -> Mask:
    """Coordinates in which the base has some extent: their unit vectors span the directions of its affine hull."""
    return ~base.pinned if isinstance(base, Box) else np.ones(base.dimension, dtype=bool)


def free_directions(slope: Slope, base: Base) -> Matrix | None:
    """Ambient directions of the free coordinates, as columns; None where coordinates are ambient."""
    if slope.directions is None:
        return None
    return slope.directions.transposed.select_rows(np.flatnonzero(free_coordinates(base))).transposed


def axis_in_coordinates(slope: Slope, base: Base) -> Vector | None:
    """The direction, in coordinates, that is ``sign`` times the ambient axis; None where no direction is.

    Coordinates that do not move the ambient point may make it one of several: a function of the ambient point has
    one slope along all of them.
    """
    free = free_coordinates(base)
    if slope.directions is None:
        if slope.axis >= base.dimension or not free[slope.axis]:
            return None
        return _unit(base.dimension, slope.axis).scaled(Fraction(slope.sign))
    directions = free_directions(slope, base)
    if directions is None:
        raise AssertionError("unreachable: directions is not None")
    found = any_solution(directions, _unit(directions.shape[0], slope.axis).scaled(Fraction(slope.sign)))
    if found is None:
        return None
    whole = zeros(base.dimension)
    whole.numerators[free] = found.numerators
    return Vector(whole.numerators, found.denominator)


def _unit(size: int, index: int) -> Vector:
    return Vector(integer_array(int(i == index) for i in range(size)), 1)
