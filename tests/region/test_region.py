"""Regions against corners, Z3 and the definition."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction

import numpy as np
import pytest
import z3

from tests.support import random_claims
from tests.support.seeds import seeds
from verify.errors import InputError, RegionError
from verify.network import matrix as matrices
from verify.rational import Vector, vector, zeros
from verify.region import (
    Box,
    HalfSpace,
    L1Ball,
    Region,
    ball,
    box,
    everything,
    intersection,
    l1_ball,
    nonnegative,
    polyhedron,
    segment,
    window,
)
from verify.region.bases import Base
from verify.region.linear import any_solution, solve
from verify.region.region import from_json, half_spaces, lifted, to_json
from verify.search.solver.encoding import inside

# 44 is the first ball.
SEEDS = [*seeds(30, campaign=500), 44]


def random_region(seed: int) -> tuple[random.Random, Region]:
    rng = random.Random(seed)
    return rng, random_claims.region(rng, rng.choice([1, 2, 3]))


def nearby(rng: random.Random, region: Region) -> list[Vector]:
    """Points around the region: corners and centre of its base, moved a little or not, and points anywhere."""
    size = region.dimension
    starts = [region.base.centre(), zeros(size)]
    if isinstance(region.base, Box):
        starts += [region.base.low, region.base.high]
    else:
        unit = vector([region.base.radius] + [0] * (size - 1))
        starts += [region.base.midpoint + unit, region.base.midpoint - unit]
    steps = [vector([rng.choice(["0", "0", "-1", "1/2", "1/1000"]) for _ in range(size)]) for _ in range(4)]
    inner = [region.point(a + b) for a in starts for b in steps]
    return inner + [vector(random_claims.point(rng, region.ambient)) for _ in range(4)]


def z3_contains(region: Region, x: Vector) -> bool:
    solver = z3.Solver()
    solver.add(*inside(region, [z3.RealVal(str(v)) for v in x.fractions()], "p"))
    return bool(solver.check() == z3.sat)


def z3_minimum(region: Region, form: Vector) -> Fraction | None:
    solver = z3.Optimize()
    t = [z3.Real(f"t{j}") for j in range(region.ambient)]
    solver.add(*inside(region, t, "m"))
    goal = solver.minimize(z3.Sum([z3.RealVal(str(a)) * v for a, v in zip(form.fractions(), t, strict=True)]))
    assert solver.check() == z3.sat
    text = str(goal.value())
    return None if "oo" in text else Fraction(text)


@pytest.mark.parametrize("seed", SEEDS)
def test_contains_agrees_with_z3(seed: int) -> None:
    rng, region = random_region(seed)
    points = nearby(rng, region)
    assert [region.contains(x) for x in points] == [z3_contains(region, x) for x in points]


@pytest.mark.parametrize("seed", SEEDS)
def test_chart_coordinates_and_points_are_inverse(seed: int) -> None:
    rng, region = random_region(seed)
    t = vector(random_claims.point(rng, region.dimension))
    x = region.point(t)
    assert region.contains(x) == region.holds(t)
    assert (region.chart.coordinates(x) if region.chart else x) == t
    assert not region.contains(vector([*x.fractions(), 0]))


@pytest.mark.parametrize("seed", SEEDS)
def test_minimum_of_a_linear_function_on_the_base(seed: int) -> None:
    rng, region = random_region(seed)
    base = Region(region.base)
    form = vector([rng.choice(["0", "1", "-2", "1/3"]) for _ in range(base.dimension)])
    assert base.base.minimum(form) == z3_minimum(base, form)


@pytest.mark.parametrize("seed", SEEDS)
def test_minimum_is_taken_at_a_corner(seed: int) -> None:
    rng, region = random_region(seed)
    base: Base = region.base
    if not base.is_bounded:
        return
    size = base.dimension
    if isinstance(base, Box):
        sides = zip(base.low.fractions(), base.high.fractions(), strict=True)
        corners = [vector(corner) for corner in itertools.product(*sides)]
    else:
        units = [vector([base.radius * int(i == j) for i in range(size)]) for j in range(size)]
        corners = [base.midpoint + u for u in units] + [base.midpoint - u for u in units]
    assert all(base.contains(corner) for corner in corners)
    form = vector(random_claims.point(rng, size))
    assert base.minimum(form) == min(form.dot(corner) for corner in corners)


def rank(vectors: list[list[Fraction]]) -> int:
    return int(np.linalg.matrix_rank(np.array([[float(v) for v in row] for row in vectors])))


@pytest.mark.parametrize("seed", SEEDS)
def test_origin_in_hull_of_the_base(seed: int) -> None:
    """0 is in the affine hull of some points exactly when appending a 1 to each raises the rank."""
    _, region = random_region(seed)
    base = Region(region.base, chart=region.chart)  # rows are not looked at
    centre = base.base.centre()
    points = [base.point(centre).fractions()]
    for j in np.flatnonzero(~base.base.pinned).tolist():
        points.append(base.point(centre + vector([int(i == j) for i in range(base.dimension)])).fractions())
    in_hull = rank([[*p, Fraction(1)] for p in points]) > rank(points)
    assert base.origin_in_hull == in_hull
    assert region.origin_in_hull == in_hull


@pytest.mark.parametrize("seed", SEEDS)
def test_contains_origin(seed: int) -> None:
    _, region = random_region(seed)
    assert region.contains_origin == region.contains(zeros(region.ambient))


@pytest.mark.parametrize("seed", SEEDS)
def test_lifted_half_spaces_project_to_the_region(seed: int) -> None:
    rng, region = random_region(seed)
    rows, extra = lifted(Region(region.base, region.rows))
    for _ in range(8):
        t = vector(random_claims.point(rng, region.dimension))
        solver = z3.Solver()
        values = [z3.RealVal(str(v)) for v in t.fractions()] + [z3.Real(f"s{j}") for j in range(extra)]
        for row in rows:
            terms = [z3.RealVal(str(a)) * v for a, v in zip(row.coefficients.fractions(), values, strict=True)]
            solver.add(z3.Sum(terms) <= z3.RealVal(str(row.bound)))
        assert (solver.check() == z3.sat) == region.holds(t)
    assert (extra > 0) == isinstance(region.base, L1Ball)


@pytest.mark.parametrize("seed", SEEDS)
def test_polyhedron_of_its_half_spaces_is_the_same_set(seed: int) -> None:
    rng, region = random_region(seed)
    if isinstance(region.base, L1Ball):
        with pytest.raises(RegionError, match="no short list"):
            half_spaces(region)
        return
    again = polyhedron(region.dimension, half_spaces(region))
    points = [vector(random_claims.point(rng, region.dimension)) for _ in range(8)] + [region.base.centre()]
    assert [again.holds(t) for t in points] == [region.holds(t) for t in points]


@pytest.mark.parametrize("seed", SEEDS)
def test_intersection_holds_where_both_do(seed: int) -> None:
    rng, left = random_region(seed)
    right = random_claims.region(rng, left.ambient)
    if sum(r.chart is not None or isinstance(r.base, L1Ball) for r in (left, right)) > 1:
        with pytest.raises(RegionError, match="at most one"):
            intersection(left, right)
        return
    both, swapped = intersection(left, right), intersection(right, left)
    for x in nearby(rng, left) + nearby(rng, right):
        assert both.contains(x) == swapped.contains(x) == (left.contains(x) and right.contains(x))


@pytest.mark.parametrize("seed", SEEDS)
def test_json_round_trip(seed: int) -> None:
    rng, region = random_region(seed)
    again = from_json(json.loads(json.dumps(to_json(region))))
    assert to_json(again) == to_json(region)
    assert again.origin_in_hull == region.origin_in_hull
    for x in nearby(rng, region):
        assert again.contains(x) == region.contains(x)


def test_malformed_json() -> None:
    good = to_json(box([0, 0], [1, None]))
    for key, value in [
        ("kind", "sphere"),
        ("low", None),
        ("low", ["1/0", "0"]),
        ("rows", [["1", "2"]]),
        ("rows", 3),
        ("low", ["2", "0"]),
    ]:
        with pytest.raises(InputError):
            from_json({**good, key: value})


def test_an_empty_side_stays_a_contradiction() -> None:
    empty = polyhedron(2, [HalfSpace(vector([1, 0]), Fraction(0)), HalfSpace(vector([-1, 0]), Fraction(-1))])
    assert len(empty.rows) == 2
    assert not empty.holds(zeros(2))
    assert not empty.holds(vector([1, 0]))


def test_a_false_row_without_coefficients_is_kept_and_a_true_one_dropped() -> None:
    assert not polyhedron(1, [HalfSpace(zeros(1), Fraction(-1))]).holds(zeros(1))
    assert polyhedron(1, [HalfSpace(zeros(1), Fraction(0))]).rows == ()


def test_bad_regions_are_refused() -> None:
    with pytest.raises(RegionError, match="empty"):
        box([1], [0])
    with pytest.raises(RegionError, match="lower and"):
        box([1], [])
    with pytest.raises(RegionError, match="radius"):
        ball(zeros(1), -1)
    with pytest.raises(RegionError, match="dependent"):
        window(zeros(2), [vector([1, 1]), vector([2, 2])], [0, 0], [1, 1])
    with pytest.raises(RegionError, match="length"):
        window(zeros(2), [vector([1])], [0], [1])
    with pytest.raises(RegionError, match="coefficients"):
        polyhedron(2, [HalfSpace(vector([1]), Fraction(0))])
    with pytest.raises(RegionError, match="dimensions"):
        intersection(everything(1), everything(2))


def test_a_window_through_the_origin_has_a_linear_chart() -> None:
    through = window(vector([2, 2]), [vector([1, 1])], [-3], [None])
    assert through.chart is not None
    assert through.chart.origin.is_zero()
    assert through.contains_origin
    assert through.contains(vector([-1, -1]))
    assert not through.contains(vector(["-11/10", "-11/10"]))
    beside = window(vector([2, 1]), [vector([1, 1])], [-3], [None])
    assert not beside.origin_in_hull
    assert not beside.contains_origin


def test_degenerate_regions() -> None:
    assert segment(vector([1, 2]), vector([1, 2])).base.pinned.all()
    assert isinstance(l1_ball(vector([1]), 0).base, Box)
    assert not box([1, 0], [1, 1]).origin_in_hull
    assert box([0, 1], [0, 2]).origin_in_hull
    assert not box([0, 1], [0, 2]).contains_origin
    assert nonnegative(2).contains_origin


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_solutions_of_linear_systems(seed: int) -> None:
    rng = random.Random(seed)
    rows, columns = rng.randint(1, 4), rng.randint(1, 4)
    entries = [[Fraction(rng.randint(-1, 1)) for _ in range(columns)] for _ in range(rows)]
    matrix = matrices.from_dense(entries)
    target = matrix.product(vector(random_claims.point(rng, columns)))
    if rng.random() < 0.4:
        target = vector(random_claims.point(rng, rows))
    solver = z3.Solver()
    x = z3.Reals(" ".join(f"x{j}" for j in range(columns)))
    for row, value in zip(entries, target.fractions(), strict=True):
        solver.add(z3.Sum([z3.RealVal(str(a)) * v for a, v in zip(row, x, strict=True)]) == z3.RealVal(str(value)))
    found, unique = any_solution(matrix, target), solve(matrix, target)
    assert (found is not None) == (solver.check() == z3.sat)
    assert found is None or matrix.product(found) == target
    full = rank(entries) == columns
    assert (unique is not None) == (found is not None and full)
    assert unique is None or unique == found
