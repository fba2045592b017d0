"""Dual norms on subspaces, against a float LP and the projection; the smallest Lipschitz constant, against Z3."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from tests.support import random_claims
from tests.support.seeds import seeds
from tests.support.z3_verdicts import z3_verdict
from verify.errors import PropertyError, RegionError
from verify.kernel.check import Verdict
from verify.kernel.core.cell import cell_of
from verify.kernel.exact import AffineForm, pattern_at
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.network.matrix import from_dense
from verify.property import Claim, Criterion, Question, find
from verify.property.base import Slope
from verify.rational import Vector, vector
from verify.region import box, everything, intersection, l1_ball, nonnegative, polyhedron
from verify.region.norms import NORMS, dual_measure, measure
from verify.region.region import HalfSpace
from verify.search.budget import Budget
from verify.search.commands.lipschitz import best_constant, jacobian_rows
from verify.search.decide import decide
from verify.search.refuting.slopes import dual_norm


def question_on(directions: list[list[int]], norm: str) -> tuple[Question, Slope]:
    """A question in coordinates whose ambient directions are the columns."""
    slope = Slope(from_dense(np.array(directions, dtype=object)), norm=norm)
    size = len(directions[0])
    builder = Builder((size,), "any")
    net = builder.build(dense(builder.input, [[0] * size]))
    return Question(net, everything(size), Criterion.LIPSCHITZ, None, "", slope), slope


def float_dual_norm(directions: list[list[int]], gradient: list[int], norm: str) -> float:
    """The same number by HiGHS, or by a projection in floats."""
    from scipy.optimize import linprog  # loads for long

    d = np.array(directions, dtype=float)
    g = np.array(gradient, dtype=float)
    if norm == "l2":
        return float(g @ np.linalg.solve(d.T @ d, g))
    n, k = d.shape
    if norm == "linf":
        found = linprog(-g, A_ub=np.vstack([d, -d]), b_ub=np.ones(2 * n), bounds=(None, None))
        return float(-found.fun)
    eye = np.eye(n)
    a = np.vstack([np.hstack([d, -eye]), np.hstack([-d, -eye]), np.hstack([np.zeros((1, k)), np.ones((1, n))])])
    found = linprog(np.concatenate([-g, np.zeros(n)]), A_ub=a, b_ub=[0] * 2 * n + [1], bounds=(None, None))
    return float(-found.fun)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_dual_norms_on_subspaces(norm: str, seed: int) -> None:
    rng = random.Random(seed)
    size, ambient = rng.choice([(1, 2), (1, 4), (2, 2), (2, 3), (2, 5), (3, 4)])
    directions = [[rng.randint(-3, 3) for _ in range(size)] for _ in range(ambient)]
    if np.linalg.matrix_rank(np.array(directions)) < size:
        directions[:size] = [[int(i == j) for j in range(size)] for i in range(size)]
    gradient = [rng.randint(-4, 4) for _ in range(size)]
    question, slope = question_on(directions, norm)
    found = dual_norm(slope, question, AffineForm(vector(gradient), Fraction(1)), Budget(10))
    assert float(found.value) == pytest.approx(float_dual_norm(directions, gradient, norm), rel=1e-9, abs=1e-9)
    assert found.functional is not None and slope.directions is not None
    assert slope.directions.transposed.product(found.functional) == vector(gradient)
    assert dual_measure(norm, found.functional) == found.value
    step = slope.directions.product(found.attained)
    gain = vector(gradient).dot(found.attained)
    assert (gain * gain if norm == "l2" else gain) == found.value * measure(norm, step)


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_the_smallest_constant_is_tight_by_z3(norm: str) -> None:
    """K is proved and K (1 - 1/1000) refuted, by the engines and by Z3 on the definition."""
    tally: Counter[str] = Counter()
    for seed in range(40):
        rng = random.Random(seed)
        size = rng.choice([1, 2, 2, 3])
        net, where = random_claims.network(rng, size, rng.choice([1, 2])), random_claims.region(rng, size)
        try:
            found = best_constant(net, where, norm, Budget(20))
        except RegionError:
            continue
        assert found.exact
        assert where.contains(found.point)
        for constant, expected in ((found.lower, Verdict.PROVED), (found.lower * Fraction(999, 1000), Verdict.REFUTED)):
            if not constant and expected is Verdict.REFUTED:
                continue
            claim = Claim(net, find(f"lipschitz {constant} in {norm}"), where)
            assert decide(claim, Budget(10), shrinking=False).verdict is expected
            assert z3_verdict(claim, 2) in (expected, Verdict.UNKNOWN)
            tally[expected.value] += 1
    assert tally["proved"] > 25
    assert tally["refuted"] > 10


def test_the_smallest_l2_constant_bounds_and_is_attained() -> None:
    for seed in range(30):
        rng = random.Random(seed)
        net, where = random_claims.network(rng, 2), random_claims.region(rng, 2)
        try:
            found = best_constant(net, where, "l2", Budget(20))
        except RegionError:
            continue
        over, under = (str(Fraction(float(found.lower) ** 0.5) * factor) for factor in (1 + MARGIN, 1 - MARGIN))
        proved = decide(Claim(net, find(f"lipschitz {over} in l2"), where), Budget(10), shrinking=False)
        assert proved.verdict is Verdict.PROVED
        if found.lower:
            refuted = decide(Claim(net, find(f"lipschitz {under} in l2"), where), Budget(10), shrinking=False)
            assert refuted.verdict is Verdict.REFUTED


MARGIN = Fraction(1, 10**6)


def test_bounds_on_gradients_hold_at_random_points() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        net, where = random_claims.network(rng, 2, 2), random_claims.region(rng, 2)
        rows = jacobian_rows(net, where)
        for _ in range(10):
            point = vector([Fraction(rng.randint(-99, 99), 32) for _ in range(2)])
            if not where.contains(point):
                continue
            forms = cell_of(net, pattern_at(net, point)).outputs()
            if on_a_facet(net, point):
                continue
            for form, row in zip(forms, rows, strict=True):
                assert all(abs(a) <= b for a, b in zip(form.coefficients.fractions(), row.fractions(), strict=True))


def on_a_facet(net: Network, point: Vector) -> bool:
    from verify.kernel.exact import preactivations

    values = preactivations(net, point)
    return any(not values[k - 1].numerators.all() for k, _ in net.relu_blocks())


def test_bounds_when_time_runs_out() -> None:
    rng = random.Random(1)
    builder = Builder((6,), "wide")
    rows = [[rng.randint(-5, 5) for _ in range(6)] for _ in range(40)]
    net = builder.build(dense(relu(dense(builder.input, rows, [1] * 40)), [[rng.randint(-5, 5) for _ in range(40)]]))
    found = best_constant(net, box([-1] * 6, [1] * 6), "linf", Budget(work=2000))
    assert not found.exact
    assert 0 < found.lower < found.upper
    assert "ran out" in found.reason


@pytest.mark.parametrize("norm", NORMS)
def test_regions_without_extent_and_flat_ones(norm: str) -> None:
    net = examples.get("max")
    assert best_constant(net, box([1, 1], [1, 1]), norm, Budget(5)).lower == 0
    assert best_constant(net, box([0, 1], [5, 1]), norm, Budget(5)).lower == 1
    assert best_constant(net, nonnegative(2), norm, Budget(5)).lower == 1
    assert best_constant(net, l1_ball(vector([0, 0]), 1), norm, Budget(5)).lower == 1
    line = [HalfSpace(vector([1, 1]), Fraction(0)), HalfSpace(vector([-1, -1]), Fraction(0))]
    across = intersection(box([-1, -1], [1, 1]), polyhedron(2, line))  # max(x, -x) for steps (1, -1)
    expected = {"linf": Fraction(1), "l1": Fraction(1, 2), "l2": Fraction(1, 2)}[norm]
    assert best_constant(net, across, norm, Budget(5)).lower == expected


def test_what_is_no_norm_or_no_region() -> None:
    with pytest.raises(PropertyError, match="unknown norm 'l7'"):
        best_constant(examples.get("max"), everything(2), "l7", Budget(5))
    nowhere = polyhedron(2, [HalfSpace(vector([1, 1]), Fraction(-1)), HalfSpace(vector([-1, -1]), Fraction(-1))])
    with pytest.raises(RegionError, match="empty"):
        best_constant(examples.get("max"), nowhere, "linf", Budget(5))
