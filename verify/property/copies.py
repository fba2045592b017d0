"""Questions about several copies of f: ``h(v) = sum_i c_i f(M_i v)`` on ``{v : every M_i v in P}`` (lemma 5)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.network import Network
from verify.network.combine import Copy, combination, pick
from verify.network.matrix import Matrix
from verify.property.base import Criterion, Question
from verify.rational import Vector, zeros
from verify.region import HalfSpace, L1Ball, Region, polyhedron
from verify.region.region import lifted

Scalar = Fraction | int
WeightedCopy = tuple[Scalar, Sequence[Scalar]]


def zero_on_copies(
    network: Network,
    region: Region,
    parts: Sequence[WeightedCopy],
    variables: int,
    lemma: str,
    criterion: Criterion = Criterion.ZERO,
) -> Question:
    """The question whether ``sum_i c_i f(sum_j w_ij v_j)`` is zero wherever every argument lies in the region.

    With the criterion NONPOSITIVE, whether it is at most zero there.

    ``parts`` lists (c_i, (w_i1, ..., w_i variables)); network and region are in chart coordinates.
    """
    size = region.dimension
    weights = [w for _, w in parts]
    domain = _arguments_inside(region, weights, variables)
    extra = domain.dimension - variables * size
    copies = [Copy(Fraction(c), network, pick(variables, w, size, extra), zeros(size), _label(w)) for c, w in parts]
    return Question(combination(copies, network.name), domain, criterion, zeros(domain.dimension), lemma)


def sums_inside(region: Region) -> Region:
    """``{(x, y) : x, y and x + y lie in the region}`` in chart coordinates, with extra ones for an L1 ball.

    The region's chart, if it has one, is linear. The half-spaces come in the order x + y, x, y.
    """
    return _arguments_inside(Region(region.base, region.rows), [(1, 1), (1, 0), (0, 1)], 2)


def _label(weights: Sequence[Fraction | int]) -> str:
    """A prefix such as ``f(x/2).`` for a copy's layer names."""
    names = ["x", "y", "z"]
    text = ""
    for name, weight in zip(names, weights, strict=False):
        w = Fraction(weight)
        if not w:
            continue
        factor = {1: "", -1: "-"}.get(int(w)) if w.denominator == 1 and abs(w) == 1 else f"{w} "
        text += ("+" if text and w > 0 else "") + f"{factor}{name}"
    return f"f({text})."


def _arguments_inside(region: Region, weights: Sequence[Sequence[Fraction | int]], variables: int) -> Region:
    """``{v : every weighted sum of the v_j lies in the region}``, with extra coordinates for L1 balls."""
    if variables == 1 and all(Fraction(w[0]) in _shrinking(region) for w in weights):
        return region
    size = region.dimension
    extra = lifted(region)[1] * len(weights)
    return arguments_inside(region, [pick(variables, w, size, extra) for w in weights])


def arguments_inside(region: Region, arguments: Sequence[Matrix], further: Sequence[HalfSpace] = ()) -> Region:
    """``{v : every M_i v lies in the region, and the further half-spaces hold}``.

    The last columns of each M_i are zero: as many as an L1 ball needs extra coordinates, for each of the arguments.
    """
    size, total = region.dimension, arguments[0].shape[1]
    rows, per_argument = lifted(region)
    result = []
    for i, matrix in enumerate(arguments):
        argument = matrix.transposed
        own = total - (len(arguments) - i) * per_argument
        for row in rows:
            coefficients = argument.product(row.coefficients.take(np.arange(size)))
            numerators = coefficients.numerators * row.coefficients.denominator
            scale = coefficients.denominator * row.coefficients.denominator
            tail = row.coefficients.take(np.arange(size, size + per_argument))
            numerators[own : own + per_argument] = tail.numerators * (scale // tail.denominator)
            result.append(HalfSpace(Vector(numerators, scale).reduced(), row.bound))
    return polyhedron(total, [*result, *further], region.text)


def _shrinking(region: Region) -> set[Fraction]:
    """Factors w among 1, 1/2, -1 for which x in P implies w x in P."""
    factors = {Fraction(1)}
    if region.contains_origin:
        factors.add(Fraction(1, 2))
        if _is_symmetric(region):
            factors.add(Fraction(-1))
    return factors


def _is_symmetric(region: Region) -> bool:
    if region.rows:
        return False
    base = region.base
    if isinstance(base, L1Ball):
        return base.midpoint.is_zero()
    same = np.array_equal(base.low_finite, base.high_finite)
    return bool(same) and (base.low + base.high).is_zero()
