"""The criterion NOWHERE: at no point of the region do all signs of a case hold (Motzkin's transposition theorem).

A case is a conjunction of ``s h_i >= 0`` and ``s h_i > 0``, s = 1 or -1, about the outputs of a network that is affine
on each leaf. It holds nowhere on a leaf if there are weights w >= 0 of its signs such that the form

    F = - sum of w s h_i        satisfies    F >= 0 on the leaf, where some strict sign has a positive weight,
                                             F - 1 >= 0 on the leaf, else.

Where the case held, the sum would be >= 0, and > 0 if a strict sign takes part: then F < 0 in the first line, and
F <= 0 in the second. (By Motzkin's theorem such weights, scaled, exist for every case that holds nowhere on the leaf:
lemma 10.) F is shown nonnegative as everywhere else, by multipliers of the rows that hold on the leaf.

Case k has its weights in the leaf's witness (k, 1), and the multipliers of rows in (k, 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.errors import EvidenceError
from verify.formula.lowering import FalseCase
from verify.kernel.core.part import Part
from verify.kernel.evidence import Leaf
from verify.kernel.exact import AffineForm
from verify.rational import zeros


@dataclass(frozen=True, eq=False)
class Piece:
    """A leaf, the part where it holds, and the affine maps of its outputs (hull coordinates, pinned ones put in)."""

    part: Part
    leaf: Leaf
    maps: Sequence[AffineForm]


def check_cases(cases: Sequence[FalseCase], pieces: Sequence[Piece]) -> None:
    """Check that no case holds on any piece."""
    if not cases:
        raise EvidenceError("case", "the question has no cases")
    for piece in pieces:
        for k, case in enumerate(cases):
            witnesses = piece.leaf.witnesses
            _check_case(case, piece, witnesses.get((k, 1), {}), witnesses.get((k, 0), {}))


def _check_case(
    case: FalseCase, piece: Piece, weights: Mapping[int, Fraction], multipliers: Mapping[int, Fraction]
) -> None:
    strict = False
    coefficients, constant = zeros(piece.part.size), Fraction(0)
    for index, weight in weights.items():
        if weight <= 0 or not 0 <= index < len(case.signs):
            raise EvidenceError("case", "a weight is not positive, or of no sign of its case")
        sign = case.signs[index]
        form = piece.maps[sign.output]
        coefficients = coefficients + form.coefficients.scaled(-sign.sign * weight)
        constant -= sign.sign * weight * form.constant
        strict = strict or sign.strict
    shown = AffineForm(coefficients, constant if strict else constant - 1)
    if not piece.part.shows(shown, multipliers):
        raise EvidenceError(
            "case", "on a leaf it does not follow that a case in which the formula is false cannot hold"
        )
