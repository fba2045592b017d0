"""Polygons against linear programs: cuts, signs, multipliers and distances."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support.enumerated_radius import distance as distance_by_program
from tests.support.seeds import seeds
from verify.kernel.core.part import CONSTANT, Row, is_nonnegative
from verify.rational import Vector, vector
from verify.region import Box, ball, box
from verify.search.budget import Budget
from verify.search.commands.nearest import distance_of_rows
from verify.search.dividing.parts import Polyhedron, affine_form, value_at
from verify.search.dividing.polygon import Polygon, distance, polygon
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import Nonnegative


def random_row(rng: random.Random, size: int = 2) -> Row:
    row = {j: rng.randint(-4, 4) for j in range(size)} | {CONSTANT: rng.randint(-3, 3)}
    return {column: value for column, value in row.items() if value}


def signs(part: Polygon, row: Row) -> set[int]:
    values = [value_at(row, point) for point in part.points]
    return {(v > 0) - (v < 0) for v in values}


def cut_at_random(rng: random.Random, part: Polygon, cuts: int) -> Polygon:
    for _ in range(cuts):
        row = random_row(rng)
        if {1, -1} <= signs(part, row):
            part = rng.choice(part.cut(row))
    return part


def square(centre: Vector, radius: Fraction | int) -> tuple[Box, Polygon]:
    base = ball(centre, radius).base
    assert isinstance(base, Box)
    part = polygon(base, ())
    assert part is not None
    return base, part


@pytest.mark.parametrize("seed", seeds(40, campaign=750))
def test_corners_are_those_of_the_rows(seed: int) -> None:
    rng = random.Random(seed)
    base, part = square(vector([rng.randint(-2, 2), "1/3"]), rng.randint(1, 3))
    part = cut_at_random(rng, part, 6)
    corners = [vector([Fraction(p[0], p[2]), Fraction(p[1], p[2])]) for p in part.points]
    assert len({tuple(c.fractions()) for c in corners}) == len(corners) >= 3
    for corner in corners:
        assert base.contains(corner) and all(row.slack(corner) >= 0 for row in part.rows)
    assert base.has_inside(part.interior) and all(row.slack(part.interior) > 0 for row in part.rows)
    for edge, (here, there) in zip(part.edges, zip(corners, corners[1:] + corners[:1], strict=True), strict=True):
        if edge is not None:
            assert part.rows[edge].slack(here) == part.rows[edge].slack(there) == 0
    for _ in range(6):  # minima over the corners are minima over the polygon
        form = affine_form(random_row(rng), 2)
        least = min(form.at(corner) for corner in corners)
        lowered = type(form)(form.coefficients, form.constant - least)
        assert isinstance(nonnegative(lowered, base, part.rows, Budget()), Nonnegative)


@pytest.mark.parametrize("seed", seeds(40, campaign=750))
def test_multipliers_are_proofs(seed: int) -> None:
    rng = random.Random(seed)
    base, part = square(vector([0, 0]), 3)
    part = cut_at_random(rng, part, 5)
    for _ in range(10):
        row = random_row(rng)
        found = part.multipliers(row)
        if -1 in signs(part, row):
            assert found is None
        else:
            assert found is not None
            assert is_nonnegative(affine_form(row, 2), base, part.rows, found)


@pytest.mark.parametrize("seed", seeds(30, campaign=500))
def test_distances(seed: int) -> None:
    rng = random.Random(seed)
    centre, reach = vector([Fraction(rng.randint(-4, 4), 2), Fraction(rng.randint(-4, 4), 3)]), Fraction(3)
    _, part = square(centre, reach)
    part = cut_at_random(rng, part, 5)
    expected = distance_by_program(centre, part.rows, reach)
    found = distance(part, centre)
    assert found == (reach if expected is None else expected)
    assert distance_of_rows(part.rows, centre, Fraction(0), Budget()) == found


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_distances_in_other_dimensions(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.choice([1, 3, 4])
    centre, reach = vector([Fraction(rng.randint(-4, 4), 2) for _ in range(size)]), Fraction(3)
    base = ball(centre, reach).base
    assert isinstance(base, Box)
    part = Polyhedron(base, (), centre, Budget())
    for _ in range(5):
        row = random_row(rng, size)
        form = affine_form(row, size)
        lowest, highest = (base.minimum(c) for c in (form.coefficients, -form.coefficients))
        assert lowest is not None and highest is not None
        if row.keys() - {CONSTANT} and part.multipliers(row) is None:
            opposite = {c: -v for c, v in row.items()}
            if part.multipliers(opposite) is None:
                part = rng.choice(part.cut(row))
    expected = distance_by_program(centre, part.rows, reach)
    assert distance_of_rows(part.rows, centre, Fraction(0), Budget()) == (reach if expected is None else expected)
    assert all(row.slack(part.interior) > 0 for row in part.rows)


def test_regions_that_are_no_polygons() -> None:
    for region in (box([0], [1]), box([0, 0], [1, 0]), box([0, 0], [1, None]), box([0, 0, 0], [1, 1, 1])):
        assert isinstance(region.base, Box)
        assert polygon(region.base, ()) is None
