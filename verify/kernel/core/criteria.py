"""The criteria that are equalities: what the affine maps of the leaves of a cover must be.

    AFFINE          all leaves have one map
    LINEAR          the same, and it is zero at the origin where that lies in the region's affine hull
    CONSTANT        the same, and it has no slope
    ZERO            each leaf's map is zero
    THROUGH_ORIGIN  each leaf's map, extended, is zero at the origin

Maps are compared on the affine hull of the base, where pinned coordinates are constants. Those that are inequalities
are in ``verify.kernel.inequalities``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.part import Part
from verify.kernel.evidence import Leaf
from verify.kernel.exact import AffineForm
from verify.property import Criterion, Question
from verify.rational import Vector, concatenate, zeros
from verify.region import Box
from verify.region.bases import Base

EQUALITIES = (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONSTANT, Criterion.ZERO, Criterion.THROUGH_ORIGIN)


@dataclass(frozen=True, eq=False)
class Map:
    """An affine map of one output on a leaf: on the hull, and at the origin (None where that is not in the hull).

    ``unknown`` holds nonzero multiples of constants of unknown value by their number (``verify.kernel.smooth``).
    """

    form: AffineForm
    at_origin: Fraction | None
    unknown: Mapping[int, Fraction] = field(default_factory=dict)

    def equals(self, other: Map) -> bool:
        """Whether the two are one map on the hull, for every value of the unknown constants."""
        return self.unknown == other.unknown and (self.form - other.form).is_zero()


class Piece(NamedTuple):
    """A leaf, the part where it holds, and the affine maps of its outputs (hull coordinates, pinned ones put in)."""

    part: Part
    leaf: Leaf
    maps: Sequence[AffineForm]


def map_of(question: Question, form: AffineForm, unknown: Mapping[int, Fraction] | None = None) -> Map:
    """The map of an output with this form in the question's coordinates."""
    return Map(on_hull(form, question.region.base), _at_origin(question, form), unknown or {})


def _at_origin(question: Question, form: AffineForm) -> Fraction | None:
    origin = question.origin
    if origin is None:
        return None
    if origin.is_zero():
        return form.constant
    # A lifted question has further coordinates, which the network ignores.
    return form.at(concatenate([origin, zeros(len(form.coefficients) - len(origin))]))


def on_hull(form: AffineForm, base: Base) -> AffineForm:
    """The form with pinned coordinates put in: equal forms on the base's affine hull become equal.

    Coordinates beyond those of the base (symbols of ``verify.kernel.smooth``) are never pinned.
    """
    if not isinstance(base, Box) or not base.pinned.any():
        return form
    numerators, denominator = form.coefficients.numerators, form.coefficients.denominator
    held, free = np.where(base.pinned, numerators[: base.dimension], 0), numerators.copy()
    free[: base.dimension][base.pinned] = 0
    return AffineForm(Vector(free, denominator), form.constant + Vector(held, denominator).dot(base.low))


def check_equality(question: Question, maps: Sequence[Map], first: Sequence[Map] | None) -> None:
    """Check one leaf's maps against the criterion; ``first`` are those of the first leaf, None for that itself."""
    criterion = question.criterion
    if criterion not in EQUALITIES:
        raise EvidenceError("criterion", f"no rule for {criterion!r:.60}")
    if criterion not in (Criterion.AFFINE, Criterion.CONSTANT) and any(m.unknown for m in maps):
        # On a hull without 0 every affine map is linear.
        _require(criterion is Criterion.LINEAR and question.origin is None, "smooth units", "a constant is not known")
    if criterion is Criterion.ZERO:
        _require(all(m.form.is_zero() for m in maps), "zero", "a piece is not zero")
        return
    if criterion is Criterion.THROUGH_ORIGIN or (criterion is Criterion.LINEAR and question.origin is not None):
        message = "a piece, extended, is not zero at the origin"
        _require(all(m.at_origin == 0 for m in maps), "zero at the origin", message)
    if criterion is Criterion.THROUGH_ORIGIN:
        return
    if criterion is Criterion.CONSTANT:
        _require(all(m.form.coefficients.is_zero() for m in maps), "constant", "a piece is not constant")
    if first is not None:
        same = all(a.equals(b) for a, b in zip(maps, first, strict=True))
        _require(same, "one map", "two pieces have different affine maps")


def _require(holds: bool, rule: str, message: str) -> None:
    if not holds:
        raise EvidenceError(rule, message)
