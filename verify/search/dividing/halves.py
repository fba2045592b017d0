"""Parts known by their rows and one point inside: how such a part is cut in two."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from verify.kernel.exact import AffineForm
from verify.rational import Vector, vector
from verify.region import HalfSpace
from verify.region.bases import Base

# Coordinates of interior points that are longer than this are rounded.
LONG = 2**24


class Bounded(NamedTuple):
    """A part of a region: the rows that bound it, the region's own first, and a point of its relative interior."""

    rows: tuple[HalfSpace, ...]
    interior: Vector

    def holds(self, point: Vector, base: Base) -> bool:
        """Whether a point lies in the part (which lies in the base)."""
        return base.contains(point) and all(row.slack(point) >= 0 for row in self.rows)


def sides(form: AffineForm) -> tuple[HalfSpace, HalfSpace]:
    """``form >= 0`` and ``form <= 0`` as half-spaces, as evidence writes them."""
    return HalfSpace(-form.coefficients, form.constant), HalfSpace(form.coefficients, -form.constant)


def halves(part: Bounded, form: AffineForm, target: Vector, base: Base) -> tuple[Bounded, Bounded]:
    """The parts where the form is >= 0 and where it is <= 0.

    ``target`` is a point of the part at which the form has a strict sign, and not the same as at the interior point.
    The points inside the two lie on the line through both: the form is affine on it, and zero at the parameter
    ``root``; where it is zero at the interior point itself, one lies a little behind that.
    """
    here, there = form.at(part.interior), form.at(target)
    direction = target - part.interior
    root = here / (here - there)
    far = part.interior + direction.scaled((root + 1) / 2)
    near = part.interior if here else _behind(part, direction, base)
    above, below = (far, near) if there > 0 else (near, far)
    rows_above, rows_below = ((*part.rows, half) for half in sides(form))
    return (
        Bounded(rows_above, rounded(above, base, rows_above)),
        Bounded(rows_below, rounded(below, base, rows_below)),
    )


def _behind(part: Bounded, direction: Vector, base: Base) -> Vector:
    """A relative interior point a little behind the part's own."""
    step = Fraction(1)
    while not part.holds(part.interior - direction.scaled(step), base):
        step /= 4
    return part.interior - direction.scaled(step / 2)


def rounded(point: Vector, base: Base, rows: Sequence[HalfSpace]) -> Vector:
    """The point itself, or a simpler one nearby that is still in the relative interior."""
    if point.denominator < LONG:
        return point
    for bits in (8, 16, 32, 64):
        values = [
            value if held else Fraction(round(value * 2**bits), 2**bits)
            for value, held in zip(point.fractions(), base.pinned, strict=True)
        ]
        candidate = vector(values)
        if base.has_inside(candidate) and all(row.slack(candidate) > 0 for row in rows):
            return candidate
    return point
