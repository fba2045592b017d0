"""The float filter against exact arithmetic, at every scale that float64 has."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support import naive, random_networks
from tests.support.seeds import chunks
from verify.kernel.axioms import filter as float_filter
from verify.kernel.axioms.filter import Spread, spread
from verify.kernel.core.cell import Cell
from verify.kernel.exact import Pattern, pattern_at, preactivations
from verify.network import Builder, Network, floats
from verify.network.builder import dense, relu
from verify.network.floats import FLOAT32_ROUNDOFF, SMALLEST_SUBNORMAL, UNIT_ROUNDOFF
from verify.rational import Vector, vector, vector_from_floats
from verify.region import Box, Region, ball, box, l1_ball
from verify.region.bases import Base
from verify.search.spreads import changes_sign, lower_ratio

Weight = Callable[[random.Random], float | Fraction]


def wild(rng: random.Random) -> float:
    """Any scale from 1e-30 to 1e30, now and then 0."""
    return 0.0 if rng.random() < 0.1 else rng.choice([-1, 1]) * 10 ** rng.uniform(-30, 30)


def extreme(rng: random.Random) -> float:
    """Subnormals and numbers whose products overflow, among ordinary ones."""
    return rng.choice([-1, 1]) * rng.choice([5e-324, 1e-310, 1e-200, 1e-160, 1.0, rng.random(), 1e150, 1e300])


WEIGHTS: dict[str, Weight] = {
    "float64": lambda rng: rng.gauss(0, 1),
    "float32": lambda rng: float(np.float32(rng.gauss(0, 1))),
    "thirds": random_networks.small,
    "tiny thirds": lambda rng: Fraction(rng.randint(-3, 3), 3) * Fraction(1, 10 ** rng.randint(0, 320)),
    "wild": wild,
    "extreme": extreme,
}


def bounded_region(rng: random.Random, size: int, scale: Callable[[], float]) -> Region:
    """A ball, an L1 ball, or a box with some sides of length 0, around a centre of any size."""
    centre = vector_from_floats(np.array([rng.choice([0.0, scale() * rng.gauss(0, 1)]) for _ in range(size)]))
    kind = rng.choice(["ball", "l1", "box", "box", "thirds"])
    if kind == "ball":
        return ball(centre, abs(scale()))
    if kind == "l1":
        return l1_ball(centre, abs(scale()))
    steps = [Fraction(rng.choice([0.0, abs(scale())])) / (3 if kind == "thirds" else 1) for _ in range(size)]
    middle = centre.fractions()
    return box([c - s for c, s in zip(middle, steps, strict=True)], [c + s for c, s in zip(middle, steps, strict=True)])


def scale_of(rng: random.Random, name: str) -> Callable[[], float]:
    if name in ("wild", "extreme", "tiny thirds"):
        return lambda: float(10 ** rng.uniform(-30, 30)) if name != "extreme" else float(10 ** rng.uniform(-320, 300))
    return lambda: float(10 ** rng.uniform(-3, 3))


def problem(seed: int, name: str) -> tuple[Network, Region, Pattern]:
    rng, net = random.Random(seed), random_networks.network(seed, WEIGHTS[name])
    region = bounded_region(rng, net.input_size, scale_of(rng, name))
    if rng.random() < 0.7:
        return net, region, pattern_at(net, region.base.centre())
    return net, region, random_networks.pattern(rng, net)


def exact_radius(base: Base, gradient: Vector) -> Fraction:
    """The most by which a linear function grows from the centre."""
    slopes = [abs(g) for g in gradient.fractions()]
    if not isinstance(base, Box):
        return base.radius * max(slopes)
    return sum((s * r for s, r in zip(slopes, base.radii().fractions(), strict=True)), Fraction(0))


def check_unit(bounds: Spread, cell: Cell, base: Base, k: int, unit: int) -> int:
    """Compare one unit's bounds with exact arithmetic; returns how many sign questions the floats decided."""
    form = cell.form(k, unit)
    centre, radius = form.at(base.centre()), exact_radius(base, form.coefficients)
    near, near_error = bounds.centre[k - 1][unit], bounds.centre_errors[k - 1][unit]
    reach, reach_error = bounds.radius[k - 1][unit], bounds.radius_errors[k - 1][unit]
    if np.isfinite(near_error):
        assert abs(Fraction(float(near)) - centre) <= Fraction(float(near_error))
    if np.isfinite(reach) and np.isfinite(reach_error):
        assert radius <= Fraction(float(reach)) + Fraction(float(reach_error))
        # The radii are rounded up a little: that is what the factor in changes_sign is for.
        assert Fraction(float(reach)) * (1 - Fraction(1, 2**40)) - Fraction(float(reach_error)) <= radius
    decided = 0
    for on in (True, False):
        if bounds.keeps_sign(k, np.full(len(bounds.centre[k - 1]), on))[unit]:
            assert (centre if on else -centre) >= radius
            decided += 1
    if changes_sign(bounds, k)[unit]:
        assert abs(centre) < radius
        decided += 1
    assert Fraction(float(lower_ratio(bounds, k)[unit])) * radius <= abs(centre)
    return decided


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("seeds", chunks(0, 40, 1, campaign=70))
def test_exact_values_lie_within_the_float_bounds(seeds: range, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(float_filter, "COLUMNS_AT_ONCE", 2)  # several chunks
    analysed = decided = units = 0
    for seed in seeds:
        net, region, pattern = problem(seed, name)
        bounds = spread(net, pattern, region.base)
        if bounds is None:
            continue
        analysed += 1
        cell = Cell(net, pattern)
        for k, block in enumerate(net.blocks, start=1):
            for unit in range(block.size):
                units += 1
                decided += check_unit(bounds, cell, region.base, k, unit)
    share = {"extreme": 0.01, "tiny thirds": 0.2, "wild": 0.2}.get(name, 0.5)
    assert analysed >= 11 if name in ("extreme", "tiny thirds") else analysed == len(seeds)
    assert decided >= share * units  # bounds that decide nothing would pass everything above


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("seeds", chunks(0, 45, 1, campaign=70))
def test_tiny_balls_need_no_jacobian(seeds: range, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute weights bound every norm; where they settle all units, no row is computed, and the bounds hold."""
    calls: list[int] = []
    plain = float_filter._row_norms

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return plain(*arguments, **options)

    monkeypatch.setattr(float_filter, "_row_norms", counted)
    spared = 0
    for seed in seeds:
        rng, net = random.Random(seed), random_networks.network(seed, WEIGHTS[name])
        centre = vector_from_floats(np.array([rng.gauss(0, 1) for _ in range(net.input_size)]))
        make = rng.choice([ball, l1_ball])
        base, pattern = make(centre, 10 ** rng.uniform(-12, -1)).base, pattern_at(net, centre)
        calls.clear()
        bounds = spread(net, pattern, base)
        if bounds is None or calls:
            continue
        spared += 1
        cell = Cell(net, pattern)
        for k, block in enumerate(net.blocks, start=1):
            assert not block.relu or bounds.keeps_sign(k, pattern[k]).all()
            for unit in range(block.size):
                check_unit(bounds, cell, base, k, unit)
    assert spared > (22 if name in ("float64", "float32", "thirds") else 0)


def test_ordinary_units_are_decided() -> None:
    """On ordinary numbers only near-ties and cancellations are left to exact arithmetic."""
    rng = random.Random(5)
    builder = Builder((40,), "wide")
    x = builder.input
    for _ in range(3):
        weights = np.array([[rng.gauss(0, 1) for _ in range(x.size)] for _ in range(40)])
        x = relu(dense(x, weights, np.array([rng.gauss(0, 1) for _ in range(40)])))
    net = builder.build(dense(x, [[1] * 40]))
    region = ball(vector_from_floats(np.array([rng.gauss(0, 1) for _ in range(40)])), "1/1000")
    pattern = pattern_at(net, region.base.centre())
    bounds = spread(net, pattern, region.base)
    assert bounds is not None
    cell = Cell(net, pattern)
    kept = changed = 0
    for k, block in net.relu_blocks():
        kept += int(bounds.keeps_sign(k, pattern[k]).sum())
        changed += int(changes_sign(bounds, k).sum())
        for unit in range(0, block.size, 8):
            check_unit(bounds, cell, region.base, k, unit)
    assert kept + changed == 120
    assert kept > 60


def test_norms_that_underflow_still_count() -> None:
    """A hundred products of an entry and a radius, each lost to underflow, are together 45 subnormals."""
    width, power = 100, 2.0**-500
    builder = Builder((width,), "underflow")
    total = relu(dense(builder.input, np.full((1, width), power)))
    net = builder.build(dense(relu(dense(total, [[power]])), [[1]]))
    centre = vector([Fraction(20, 2**74)] + [0] * (width - 1))
    region = ball(centre, Fraction(9, 10 * 2**75))
    pattern: Pattern = {k: np.ones(b.size, dtype=bool) for k, b in net.relu_blocks()}
    bounds = spread(net, pattern, region.base)
    assert bounds is not None
    form = Cell(net, pattern).form(2, 0)
    assert form.at(centre) < exact_radius(region.base, form.coefficients)
    assert not bounds.keeps_sign(2, pattern[2])[0]
    assert bounds.radius[1][0] + bounds.radius_errors[1][0] >= 45 * SMALLEST_SUBNORMAL


def test_numbers_beyond_float_range_are_not_analysed() -> None:
    builder = Builder((1,), "plain")
    net = builder.build(dense(relu(builder.input), [[1]]))
    pattern: Pattern = {1: np.ones(1, dtype=bool)}
    assert spread(net, pattern, box([0], [None]).base) is None
    assert spread(net, pattern, ball(vector([0]), "1e-400").base) is None
    assert spread(net, pattern, ball(vector([0]), "1e400").base) is None
    assert spread(net, pattern, l1_ball(vector([0]), "1e-400").base) is None
    assert spread(net, pattern, l1_ball(vector([0]), "1e400").base) is None
    far = spread(net, pattern, ball(vector(["1e400"]), 1).base)
    assert far is not None
    assert not far.keeps_sign(1, pattern[1])[0]
    lost = Builder((1,), "lost")
    tiny = lost.build(dense(relu(lost.input), [[Fraction("1e-400")]]))
    assert spread(tiny, pattern, ball(vector([5]), 1).base) is None


def test_a_row_that_is_not_a_number_has_no_ratio() -> None:
    nothing = np.array([np.nan])
    unknown = Spread([np.array([1.0])], [np.array([0.0])], [nothing], [np.array([0.0])])
    assert lower_ratio(unknown, 1).tolist() == [0.0]
    assert not unknown.keeps_sign(1, np.array([True]))[0]
    assert not changes_sign(unknown, 1)[0]


def one_value(terms: list[Any], kind: Any, rng: random.Random, *, flush: bool) -> Any:
    """The terms added in random order in the given precision, subnormal results flushed or not."""
    rng.shuffle(terms)
    total = kind(0)
    for term in terms:
        total = total + term
        if flush and abs(total) < np.finfo(kind).tiny:
            total = kind(0)
    return total


def evaluated(net: Network, x: list[Fraction], kind: Any, rng: random.Random, *, flush: bool) -> list[list[Any]]:
    """Pre-activations as a float implementation may compute them."""

    def rounded(value: Fraction) -> Any:
        result = kind(vector([value]).floats()[0])
        return kind(0) if flush and abs(result) < np.finfo(kind).tiny else result

    outputs, values = [[rounded(v) for v in x]], []
    for block in naive.plain_blocks(net):
        terms: list[list[Any]] = [[rounded(b)] for b in block.bias]
        for source, row, column, weight in block.weights:
            product = rounded(weight) * outputs[source][column]
            terms[row].append(kind(0) if flush and abs(product) < np.finfo(kind).tiny else product)
        z = [one_value(t, kind, rng, flush=flush) for t in terms]
        values.append(z)
        outputs.append([max(v, kind(0)) for v in z] if block.relu else z)
    return values


RUNS = {
    "float64": (np.float64, UNIT_ROUNDOFF, False),
    "float32": (np.float32, FLOAT32_ROUNDOFF, False),
    "float32 without subnormals": (np.float32, FLOAT32_ROUNDOFF, True),
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("seeds", chunks(0, 15, 1, campaign=70))
def test_every_order_of_summation_stays_within_the_bound_of_a_run(seeds: range, run: str, name: str) -> None:
    kind, roundoff, flush = RUNS[run]
    bounded = 0
    for seed in seeds:
        rng, net = random.Random(seed), random_networks.network(seed, WEIGHTS[name])
        scale = scale_of(rng, name)
        x = [Fraction(scale()) * rng.randint(-9, 9) / 7 for _ in range(net.input_size)]
        found = floats.run(net, vector(x), roundoff)
        exact = [value.fractions() for value in preactivations(net, vector(x))]
        with np.errstate(all="ignore"):
            computed = evaluated(net, x, kind, rng, flush=flush)
        for k in range(len(net.blocks)):
            for unit, error in enumerate(found.errors[k].tolist()):
                if np.isfinite(error):
                    bounded += 1
                    assert abs(Fraction(float(computed[k][unit])) - exact[k][unit]) <= Fraction(error)
                    assert abs(Fraction(float(found.values[k][unit])) - exact[k][unit]) <= Fraction(error)
    assert bounded > (4 if name in ("extreme", "tiny thirds") else 75)


def test_float32_overflow_and_subnormal_inputs_have_no_finite_bound_or_a_large_one() -> None:
    builder = Builder((1,), "scaling")
    net = builder.build(dense(builder.input, [[2.0**100]]))
    assert np.isinf(floats.run(net, vector(["1e30"]), FLOAT32_ROUNDOFF).errors[-1][0])
    assert np.isfinite(floats.run(net, vector(["1e30"])).errors[-1][0])
    assert floats.run(net, vector([Fraction(1, 2**151)]), FLOAT32_ROUNDOFF).errors[-1][0] >= 2.0**-51
    small = Builder((1,), "subnormal weight")
    tiny = small.build(dense(small.input, [[2.0**-149]]))
    assert floats.run(tiny, vector([1]), FLOAT32_ROUNDOFF).errors[-1][0] >= 2.0**-149
