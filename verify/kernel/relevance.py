"""Parts of a region on which units switch without any effect on the output (lemma 7).

Every pre-activation is an exact row (``verify.kernel.normal_form``). On a part, a unit is said to be on (its row
replaces it), off (zero does), or *free*: then nothing is said about its side, and its value stays a variable. If no
free value is left in the rows of the outputs, f is one affine map on the part, although free units may switch there.

That a unit is on or off follows from inequalities that hold at (x, y(x)) for every x of the part: the base's, the
part's rows, y >= 0, y >= z, and ceilings ``y <= a z + b``, 0 <= a <= 1, valid where ``a z + b`` is at least 0 and at
least z (relu is convex, so it is below its chords).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.evidence import Leaf
from verify.kernel.exact import AffineForm
from verify.kernel.normal_form import CONSTANT, NormalForm, Relaxation, Row, normal_form, relaxation, substituted
from verify.network import Network
from verify.property import Question
from verify.rational import Vector, integer_array
from verify.region import Box, HalfSpace


def check_free_leaf(question: Question, rows: Sequence[HalfSpace], leaf: Leaf) -> list[AffineForm]:
    """The maps of the outputs on a part, after every unit that is not free is shown to keep its side there."""
    base = question.region.base
    if not isinstance(base, Box) or leaf.free is None or leaf.signs:
        raise EvidenceError("relevance", "free units need a region in box form")
    _check_masks(question.network, leaf)
    normal = normal_form(question.network, base)
    part = relaxation(base, rows)
    values: dict[int, Row] = {}
    for j, unit in enumerate(normal.units):
        row = substituted(unit.row, values)
        place = unit.block, unit.index
        if leaf.free[unit.block][unit.index] or row.keys() <= {CONSTANT}:
            values[normal.size + j] = _free_value(part, row, leaf, place)
            continue
        on = bool(leaf.pattern[unit.block][unit.index])
        signed = row if on else {c: -v for c, v in row.items()}
        if not part.is_nonnegative(signed, leaf.multipliers.get(place, {})):
            name = question.network.blocks[unit.block - 1].unit_name(unit.index)
            side = "on" if on else "off"
            raise EvidenceError("relevance", f"{name} is said to be {side} on a part; its sign there does not follow")
        values[normal.size + j] = row if on else {}
    return _forms(normal, [substituted(row, values) for row in normal.outputs])


def _check_masks(network: Network, leaf: Leaf) -> None:
    """The mask of free units holds one bit for each unit of each ReLU block."""
    if leaf.free is None:
        raise AssertionError("unreachable: leaf.free is not None")
    for k, block in network.relu_blocks():
        bits = leaf.free.get(k)
        if bits is None or bits.shape != (block.size,) or bits.dtype != np.bool_:
            raise EvidenceError("relevance", f"{block.name} needs one bit for each of its {block.size} units")


def _free_value(part: Relaxation, row: Row, leaf: Leaf, place: tuple[int, int]) -> Row:
    value, column = part.value_of(row)
    ceiling = leaf.ceilings.get(place)
    if column is None or ceiling is None:
        return value
    if not part.add_ceiling(column, ceiling.slope, ceiling.offset, ceiling.below, ceiling.above):
        raise EvidenceError("relevance", "a claimed upper bound of a free unit does not follow")
    return value


def _forms(normal: NormalForm, outputs: Sequence[Row]) -> list[AffineForm]:
    forms = []
    for row in outputs:
        if any(column >= normal.size for column in row):
            raise EvidenceError("relevance", "an output depends on a unit whose side is left open on a part")
        coefficients = Vector(integer_array(row.get(j, 0) for j in range(normal.size)), normal.denominator)
        forms.append(AffineForm(coefficients.reduced(), Fraction(row.get(CONSTANT, 0), normal.denominator)))
    return forms
