"""Where cells are counted: the region in coordinates in which it is full-dimensional, and the complex it starts as."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from verify.arrangement.complex import Complex, Faces, Growing
from verify.errors import BudgetExceeded, RegionError
from verify.kernel.evidence import Empty
from verify.kernel.exact import AffineForm
from verify.network import Network
from verify.property import Criterion, Question
from verify.property.base import in_coordinates
from verify.rational import Vector, counted, integer_array, vector
from verify.region import Box, HalfSpace, L1Ball, Region
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare

# An L1 ball of k coordinates has 2**k half-spaces.
MAX_L1_DIMENSION = 8


class TooManyCells(BudgetExceeded):
    """There are more cells than the limit."""


@dataclass(frozen=True, eq=False)
class Domain:
    """The region of a problem; ``free`` are the hull coordinates that are not pinned to one number.

    Cells live in the free coordinates. Points and forms are homogeneous, over (free coordinates, w).
    """

    problem: Problem
    region: Region
    free: tuple[int, ...]

    @property
    def network(self) -> Network:
        """The network as a function of all hull coordinates."""
        return self.problem.question.network

    @property
    def dimension(self) -> int:
        """The dimension of the region."""
        return len(self.free)

    @property
    def has_box(self) -> bool:
        """Whether the base is a box: an L1 ball of many coordinates is not."""
        return isinstance(self.problem.question.region.base, Box)

    @property
    def base(self) -> Box:
        """The box, in all hull coordinates."""
        base = self.problem.question.region.base
        assert isinstance(base, Box)
        return base

    def pinned_values(self) -> list[Fraction | None]:
        """For each hull coordinate its one number, None where it is free."""
        return list(self._pinned)

    @cached_property
    def _pinned(self) -> tuple[Fraction | None, ...]:
        free = set(self.free)
        return tuple(None if j in free else self.base.low[j] for j in range(self.base.dimension))

    @cached_property
    def pinned_denominator(self) -> int:
        """The common denominator of the pinned numbers."""
        return math.lcm(*(v.denominator for v in self._pinned if v is not None))

    def hull_point(self, t: Sequence[Fraction]) -> Vector:
        """The point in hull coordinates of free coordinates t."""
        values = [Fraction(0) if v is None else v for v in self.pinned_values()]
        for j, value in zip(self.free, t, strict=True):
            values[j] = value
        return vector(values)

    def ambient(self, t: Sequence[Fraction]) -> Vector:
        """The network's input at free coordinates t."""
        return self.region.point(self.problem.embedded(self.hull_point(t)))

    def rows(self) -> list[tuple[int, ...]]:
        """The half-spaces beyond one finite side per coordinate, as integer forms that are >= 0 inside."""
        found = []
        base = self.base
        for place, j in enumerate(self.free):
            if base.low_finite[j] and base.high_finite[j]:
                entries = [Fraction(0)] * len(self.free)
                entries[place] = Fraction(-1)
                found.append(integer_form(entries, base.high[j]))
        for row in self.problem.question.region.rows:
            found.append(self.restricted(AffineForm(-row.coefficients, row.bound)))
        return found

    def restricted(self, form: AffineForm) -> tuple[int, ...]:
        """A positive integer multiple of a form of the hull coordinates, over the free ones and w."""
        constant = form.constant
        for j, value in enumerate(self.pinned_values()):
            if value is not None:
                constant += form.coefficients[j] * value
        return integer_form([form.coefficients[j] for j in self.free], constant)


def integer_form(coefficients: Sequence[Fraction], constant: Fraction) -> tuple[int, ...]:
    """The positive multiple of an affine form whose coefficients are coprime integers; the constant comes last."""
    values = [*coefficients, constant]
    whole = vector(values).numerators.tolist()
    divisor = math.gcd(*whole) or 1
    return tuple(n // divisor for n in whole)


def make_domain(network: Network, region: Region, budget: Budget) -> Domain:
    """Find the region's hull; an empty region is an error."""
    if region.ambient != network.input_size:
        raise RegionError(
            f"the region has {counted(region.ambient, 'coordinate')}, {network.name} has"
            f" {counted(network.input_size, 'input')}"
        )
    local, inner, origin = in_coordinates(network, with_half_spaces(region))
    problem = prepare(Question(local, inner, Criterion.AFFINE, origin, "cells"), budget)
    if isinstance(problem, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    pinned = problem.question.region.base.pinned
    return Domain(problem, region, tuple(int(j) for j in np.flatnonzero(~pinned)))


def with_half_spaces(region: Region) -> Region:
    """A small L1 ball as a box with the half-spaces that cut its corners; anything else as it is."""
    base = region.base
    if not isinstance(base, L1Ball) or base.dimension > MAX_L1_DIMENSION:
        return region
    rows = []
    for signs in product((1, -1), repeat=base.dimension):
        normal = Vector(integer_array(signs), 1)
        rows.append(HalfSpace(normal, base.radius + normal.dot(base.midpoint)))
    reach = vector([base.radius] * base.dimension)
    finite = np.ones(base.dimension, dtype=bool)
    around = Box(base.midpoint - reach, base.midpoint + reach, finite, finite)
    return replace(region, base=around, rows=(*region.rows, *(rows if base.dimension > 1 else [])))


@dataclass(frozen=True, eq=False)
class Start:
    """The complex before anything cuts it: one simplex, or one for each orthant of the coordinates without sides.

    ``points`` are the vertices, ``forms`` what is zero on faces: x_i - apex_i w for each i, then w. ``artificial``
    are the forms that only divide the coordinates without sides.
    """

    complex: Complex
    points: list[tuple[int, ...]]
    forms: list[tuple[int, ...]]
    artificial: tuple[int, ...]


def start(domain: Domain) -> Start:
    """The apex has one finite side of each coordinate (0 where there is none); rays lead from it to infinity."""
    base, size = domain.base, len(domain.free)
    apex: list[Fraction] = []
    choices: list[tuple[int, ...]] = []
    for j in domain.free:
        low, high = bool(base.low_finite[j]), bool(base.high_finite[j])
        apex.append(base.low[j] if low else base.high[j] if high else Fraction(0))
        choices.append((1,) if low else (-1,) if high else (1, -1))
    points = [integer_form(apex, Fraction(1))]
    places: dict[tuple[int, int], int] = {}
    for i, signs in enumerate(choices):
        for sign in signs:
            places[i, sign] = len(points)
            points.append(tuple(sign * int(i == j) for j in range(size + 1)))
    forms = []
    for i, value in enumerate(apex):
        forms.append(integer_form([Fraction(int(i == j)) for j in range(size)], -value))
    forms.append(tuple([0] * size + [1]))
    artificial = tuple(i for i, signs in enumerate(choices) if len(signs) == 2)
    return Start(_simplices(size, choices, places), points, forms, artificial)


def _simplices(size: int, choices: list[tuple[int, ...]], places: dict[tuple[int, int], int]) -> Complex:
    """All faces: those of dimension q have q + 1 of the apex (0) and one ray for some coordinates."""
    levels: list[dict[tuple[int, ...], int]] = [{} for _ in range(size + 1)]
    tight: list[list[list[int]]] = [[] for _ in range(size + 1)]
    for has_apex in (True, False):
        for rays in product(*((0, *signs) for signs in choices)):
            corners = [0] if has_apex else []
            corners += [places[i, sign] for i, sign in enumerate(rays) if sign]
            if corners:
                q = len(corners) - 1
                levels[q][tuple(corners)] = len(levels[q])
                tight[q].append([i for i, sign in enumerate(rays) if not sign] + ([] if has_apex else [size]))
    # Vertices are numbered as ``places`` numbers them.
    order = sorted(levels[0], key=lambda corners: corners[0])
    tight[0] = [tight[0][levels[0][corners]] for corners in order]
    levels[0] = {corners: i for i, corners in enumerate(order)}
    faces = []
    for q, known in enumerate(levels):
        up = [number for corners, number in known.items() for _ in corners] if q else []
        down = [levels[q - 1][corners[:i] + corners[i + 1 :]] for corners in known for i in range(q + 1)] if q else []
        rows = np.array(tight[q], dtype=np.int32).reshape(len(known), size - q)
        pairs = np.array([up, down], dtype=np.int32)
        faces.append(
            Faces(Growing(pairs[0]), Growing(pairs[1]), Growing(rows), Growing(np.zeros(len(known), dtype=np.int32)))
        )
    result = Complex(faces)
    result.find_homes()
    return result
