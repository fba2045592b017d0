"""The criteria that are inequalities: what the leaves of a cover must show about their affine maps.

    CONVEX         on each leaf, its map minus every other leaf's map is nonnegative
    NONPOSITIVE    on each leaf, its map is nonpositive
    NONDECREASING  each leaf's slope along the axis is nonnegative
    LIPSCHITZ      each leaf's gradient extends to an ambient functional whose dual norm is at most the constant
    NOWHERE        on each leaf no case holds: see ``verify.kernel.cases``

Nonnegativity on a leaf is shown as everywhere else: by nonnegative multipliers of the rows that hold there.

The last criterion rests on this: let D map the coordinates s of the hull to ambient directions D s. If D'w = g, then
g.s = w.(D s) <= ||w||* ||D s||, so the gradient g is bounded by the dual norm of w on every direction of the hull.
(The best w attains the norm of g on that subspace, by Hahn-Banach.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.criteria import Piece
from verify.kernel.exact import AffineForm
from verify.property import Criterion, Question
from verify.property.base import GRADIENTS, Slope
from verify.property.slopes import axis_in_coordinates, free_coordinates, free_directions
from verify.rational import Vector, vector
from verify.region.bases import Base
from verify.region.norms import dual_measure, squared_if_l2


def check_slope(question: Question) -> None:
    """A criterion about gradients says which; an axis is a direction of the region."""
    if question.criterion in GRADIENTS and question.slope is None:
        raise EvidenceError("slope", "the question does not say which slopes it is about")
    if question.criterion is not Criterion.NONDECREASING or question.slope is None:
        return
    if axis_in_coordinates(question.slope, question.region.base) is None:
        raise EvidenceError("slope", "the axis is no direction of the region: there is nothing to prove")


def check_pieces(question: Question, pieces: Sequence[Piece]) -> None:
    """Check the leaves' maps against a criterion that is an inequality; the pieces cover the region."""
    if question.criterion is Criterion.CONVEX:
        _check_convex(pieces)
    elif question.criterion is Criterion.NONPOSITIVE:
        for piece in pieces:
            for output, form in enumerate(piece.maps):
                _require_nonnegative(-form, piece, (0, output), "a piece is positive somewhere")
    elif question.criterion is Criterion.NONDECREASING:
        _check_monotone(question, pieces)
    elif question.criterion is Criterion.LIPSCHITZ:
        _check_lipschitz(question, pieces)
    elif question.criterion is Criterion.NOWHERE:
        from verify.kernel.cases import check_cases

        check_cases(question.cases, pieces)
    else:
        raise EvidenceError("criterion", f"{question.criterion.name} is not an inequality")


def distinct_forms(forms: Iterable[AffineForm]) -> list[AffineForm]:
    """Each form once, in the order of first appearance."""
    found: dict[tuple[Vector, Fraction], AffineForm] = {}
    for form in forms:
        found.setdefault((form.coefficients, form.constant), form)
    return list(found.values())


def _check_convex(pieces: Sequence[Piece]) -> None:
    """On each leaf its own map is the largest of all; witness (i, output) is for the i-th distinct map."""
    for output in range(len(pieces[0].maps)):
        others = distinct_forms(piece.maps[output] for piece in pieces)
        for piece in pieces:
            for index, other in enumerate(others):
                difference = piece.maps[output] - other
                if not difference.is_zero():
                    message = "another piece's map exceeds f there"
                    _require_nonnegative(difference, piece, (index, output), message)


def _require_nonnegative(form: AffineForm, piece: Piece, key: tuple[int, int], message: str) -> None:
    if not piece.part.shows(form, piece.leaf.witnesses.get(key, {})):
        raise EvidenceError("inequality", f"on a leaf it does not follow for output {key[1]} that not {message}")


def _check_monotone(question: Question, pieces: Sequence[Piece]) -> None:
    slope, base = question.slope, question.region.base
    direction = axis_in_coordinates(slope, base) if slope is not None else None
    if direction is None:
        raise EvidenceError("slope", "the axis is no direction of the region")
    for piece in pieces:
        if any(form.coefficients.dot(direction) < 0 for form in piece.maps):
            raise EvidenceError("slope", "a piece decreases along the axis")


def _check_lipschitz(question: Question, pieces: Sequence[Piece]) -> None:
    slope, base = question.slope, question.region.base
    if slope is None:
        raise EvidenceError("slope", "the question has no constant")
    allowed = squared_if_l2(slope.norm, slope.constant)
    for piece in pieces:
        for output, form in enumerate(piece.maps):
            functional = _functional(slope, base, form, piece.leaf.witnesses.get((0, output)))
            if dual_measure(slope.norm, functional) > allowed:
                raise EvidenceError("slope", f"on a leaf the constant does not bound the gradient of output {output}")


def _functional(slope: Slope, base: Base, form: AffineForm, witness: Mapping[int, Fraction] | None) -> Vector:
    """The ambient functional of the evidence (or the gradient itself), checked to extend the gradient."""
    free = np.flatnonzero(free_coordinates(base))
    gradient = form.coefficients.take(free)
    directions = free_directions(slope, base)
    if directions is None and witness is None:
        return gradient
    size = base.dimension if directions is None else directions.shape[0]
    entries = [Fraction(0)] * size
    for index, value in (witness or {}).items():
        if not 0 <= index < size:
            raise EvidenceError("slope", f"a functional with a coordinate {index} in {size} dimensions")
        entries[index] = value
    functional = vector(entries)
    restricted = functional.take(free) if directions is None else directions.transposed.product(functional)
    if restricted != gradient:
        raise EvidenceError("slope", "the functional is not the gradient on the region's directions")
    return functional
