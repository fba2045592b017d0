"""The criteria that are inequalities: what the leaves of a cover must show about their affine maps.

    CONVEX         on each leaf, its map minus every other leaf's map is nonnegative
    NONPOSITIVE    on each leaf, its map is nonpositive
    NONDECREASING  each leaf's slope along the axis is nonnegative
    LIPSCHITZ      each leaf's gradient extends to an ambient functional whose dual norm is at most the constant
    NOWHERE        on each leaf no case holds: conjunctions of ``s h_i >= 0`` and ``s h_i > 0``, s = 1 or -1

Nonnegativity on a leaf is shown as everywhere else: by nonnegative multipliers of the rows that hold there.

NOWHERE rests on lemma 10. With weights w of a case's signs, of which a strict one has w > 0, ``- sum of w s h_i >= 0``
on the leaf shows that the case does not hold there; without a strict one, ``- sum of w s h_i - 1 >= 0``. Case k has its
weights in the leaf's witness (k, 1), and the multipliers of rows in (k, 0).

LIPSCHITZ rests on this: let D map the coordinates s of the hull to ambient directions D s. If D'w = g, then
g.s = w.(D s) <= ||w||* ||D s||, so the gradient g is bounded by the dual norm of w on every direction of the hull.
(The best w attains the norm of g on that subspace, by Hahn-Banach.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.criteria import Piece
from verify.kernel.exact import AffineForm
from verify.property import Criterion, Question
from verify.property.base import Slope
from verify.property.slopes import axis_in_coordinates, free_coordinates, free_directions
from verify.rational import Vector, vector, zeros
from verify.region.bases import Base
from verify.region.norms import dual_measure, squared_if_l2

if TYPE_CHECKING:
    from verify.formula.lowering import FalseCase


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
        _check_cases(question.cases, pieces)
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


def _check_cases(cases: Sequence[FalseCase], pieces: Sequence[Piece]) -> None:
    if not cases:
        raise EvidenceError("case", "the question has no cases")
    for piece in pieces:
        for k, case in enumerate(cases):
            weights, multipliers = (piece.leaf.witnesses.get((k, which), {}) for which in (1, 0))
            if any(weight <= 0 or not 0 <= index < len(case.signs) for index, weight in weights.items()):
                raise EvidenceError("case", "a weight is not positive, or of no sign of its case")
            signs = [(case.signs[index], -case.signs[index].sign * weight) for index, weight in weights.items()]
            maps = [(piece.maps[sign.output], factor) for sign, factor in signs]
            coefficients = sum((form.coefficients.scaled(factor) for form, factor in maps), zeros(piece.part.size))
            constant = sum((form.constant * factor for form, factor in maps), Fraction(0))
            is_strict = any(sign.strict for sign, _ in signs)
            if not piece.part.shows(AffineForm(coefficients, constant if is_strict else constant - 1), multipliers):
                raise EvidenceError("case", "on a leaf it does not follow that a case of a false formula cannot hold")


def _check_monotone(question: Question, pieces: Sequence[Piece]) -> None:
    slope, base = question.slope, question.region.base
    direction = axis_in_coordinates(slope, base) if slope is not None else None
    if direction is None:
        raise EvidenceError("slope", "the axis is no direction of the region: there is nothing to prove")
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
