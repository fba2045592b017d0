"""The Piecewise form: one branch per distinct affine map, with short conditions that exclude one another.

Which branch a boundary belongs to: choose one point p inside the last branch, on none of the hyperplanes. A row is
weak if p is on its inner side, else strict. Then x is in a term exactly if the points just next to x towards p are in
the closed polyhedron: those points lie on no hyperplane, so exactly one branch holds at each x of the region. As f is
continuous, every choice is right; this one makes the last branch closed, and ``x > 0`` strict in ``relu``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from verify.symbolic.cells import CellRow, IntegerPoint, PlainCell
from verify.symbolic.frame import Expr, Frame, expression, number
from verify.symbolic.geometry import Geometry
from verify.symbolic.regions import PieceBranch, branches
from verify.symbolic.smooth import written
from verify.symbolic.units import ONE, LinearSum, added


@dataclass(frozen=True)
class PiecewiseTerm:
    """One branch: the output's affine map and the full condition (the printed form ends with ``True``)."""

    value: Expr
    condition: Expr


def pieces(frame: Frame, cells: Sequence[PlainCell], output: int, geometry: Geometry) -> list[PiecewiseTerm]:
    """The branches of one output in the order in which they are printed, the last one with its condition too."""
    found = branches(cells, output, geometry)
    found.sort(key=lambda branch: _rank(branch, geometry.size))
    most = max(len(branch.terms) for branch in found)
    last = max(i for i, branch in enumerate(found) if len(branch.terms) == most)
    found.append(found.pop(last))
    rows = [row for branch in found for term in branch.terms for row in term]
    home = found[-1].cells[0]
    centre = geometry.generic_near(home.inside, rows, home)
    return [PiecewiseTerm(_value(frame, branch), _condition(frame, branch, centre)) for branch in found]


def form_of(found: Sequence[PiecewiseTerm]) -> Expr:
    """The SymPy form; a single piece needs no Piecewise."""
    if len(found) == 1:
        return found[0].value
    cases = [(piece.value, piece.condition) for piece in found[:-1]]
    return sympy.Piecewise(*cases, (found[-1].value, sympy.true), evaluate=False)


def _rank(branch: PieceBranch, size: int) -> tuple[object, ...]:
    """From right to left on a line, else by the first units that are on (a unit that is on comes first)."""
    if size == 1:
        return (-max(Fraction(cell.inside[0][0], cell.inside[1]) for cell in branch.cells),)
    flat = [
        tuple(-int(bit) for _, bits in sorted(cell.pattern.items()) for bit in bits.tolist()) for cell in branch.cells
    ]
    return min(flat)


def _value(frame: Frame, branch: PieceBranch) -> Expr:
    form, size = branch.form, frame.domain.dimension
    smooth = {
        size + i: (function, {**dict(entries), ONE: constant} if constant else dict(entries))
        for i, (function, entries, constant) in enumerate(frame.values.numbers)
    }

    def express(z: LinearSum) -> Expr:
        rest, terms = written(z, smooth, express)
        places = {j: c for j, c in rest.items() if j != ONE}
        affine = expression(frame.in_x(places, rest.get(ONE, Fraction(0))), frame.symbols)
        return sympy.Add(affine, *terms)

    whole = {j: form.coefficients[j] for j in range(len(form.coefficients)) if form.coefficients[j]}
    return express(added([(Fraction(1), {**whole, ONE: form.constant})]))


def _condition(frame: Frame, branch: PieceBranch, centre: IntegerPoint) -> Expr:
    terms = [sympy.And(*(_relation(frame, row, centre) for row in _ordered(term))) for term in branch.terms]
    return sympy.Or(*terms)


def _ordered(term: frozenset[CellRow]) -> list[CellRow]:
    return sorted(term, key=lambda row: (row.coefficients, row.bound))


def _relation(frame: Frame, row: CellRow, centre: IntegerPoint) -> Expr:
    """The row as a relation in x, strict where ``centre`` lies outside."""
    places = {j: Fraction(c) for j, c in zip(frame.free, row.coefficients, strict=True) if c}
    form = frame.in_x(places, Fraction(-row.bound))
    strict = row.slack(centre) < 0
    coefficients = {j: form.coefficients[j] for j in range(len(form.coefficients)) if form.coefficients[j]}
    return relation(coefficients, -form.constant, frame.symbols, strict=strict)


def relation(coefficients: dict[int, Fraction], bound: Fraction, symbols: Sequence[Expr], *, strict: bool) -> Expr:
    """``coefficients . x <= bound`` (``<`` if strict), each term on the side where its sign is plus."""
    scale = _scale([*coefficients.values()], bound)
    if coefficients[min(coefficients)] < 0:
        scale = -scale
    scaled = {j: c * scale for j, c in coefficients.items()}
    left = sympy.Add(*(number(c) * symbols[j] for j, c in scaled.items() if c > 0))
    right = sympy.Add(*(number(-c) * symbols[j] for j, c in scaled.items() if c < 0), number(bound * scale))
    if scale > 0:
        return (sympy.Lt if strict else sympy.Le)(left, right, evaluate=False)
    return (sympy.Gt if strict else sympy.Ge)(left, right, evaluate=False)


def _scale(coefficients: list[Fraction], bound: Fraction) -> Fraction:
    """A single input is compared with a number; several get coprime integers."""
    if len(coefficients) == 1:
        return 1 / abs(coefficients[0])
    common = sympy.ilcm(*(int(v.denominator) for v in [*coefficients, bound]), 1)
    divisor = sympy.igcd(*(int(v * int(common)) for v in [*coefficients, bound]))
    return Fraction(int(common), int(divisor) or 1)
