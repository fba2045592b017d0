"""Bounds on many boxes at once: no exact value lies beyond them, at every scale that float64 has."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.kernel.test_affine_forms import CHANGES, pair_of, points
from tests.kernel.test_filter import WEIGHTS, scale_of
from tests.support import random_networks
from tests.support.seeds import chunks
from verify.errors import EvidenceError
from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import DOUBLE, SINGLE, ColumnPrecision
from verify.kernel.check import judge
from verify.kernel.cuts import Cuts
from verify.kernel.derivatives import Directions, tangent
from verify.kernel.evidence import Bounds
from verify.kernel.exact import evaluate
from verify.kernel.instances import Instance
from verify.kernel.pairs import Pair, paired
from verify.network import Block, Builder, Network
from verify.network import matrix as matrices
from verify.network.builder import dense
from verify.property import Claim, find
from verify.rational import Floats, vector, vector_from_floats, zeros
from verify.region import box
from verify.region.bases import Box
from verify.region.norms import NORMS, measure, squared_if_l2

PRECISIONS = {"single": SINGLE, "double": DOUBLE}


def all_rows(outputs: int, inputs: int, *, gaps: bool) -> Block:
    """Every output, gap and input as a row."""
    last = 1 << 20  # replaced by the caller
    sizes = [(last, outputs), *([(~last, outputs)] if gaps else []), (0, inputs)]
    parts, total = [], sum(size for _, size in sizes)
    start = 0
    for source, size in sizes:
        rows = np.arange(start, start + size)
        parts.append((source, matrices.from_triplets(rows, np.arange(size), np.ones(size), (total, size))))
        start += size
    return Block("goal", (total,), tuple(parts), zeros(total), relu=False)


def machine_of(pair: Pair, inputs: int, precision: ColumnPrecision, directions: Directions | None = None) -> Machine:
    goal, last = all_rows(pair.values[-1].size, inputs, gaps=bool(pair.gaps)), len(pair.values)
    named = tuple((source if source == 0 else last if source > 0 else ~last, matrix) for source, matrix in goal.inputs)
    return Machine(pair, replace(goal, inputs=named), directions, precision)


def boxes(rng: random.Random, size: int, scale: float) -> tuple[Floats, Floats]:
    """Boxes of any widths, one of them a point, one flat."""
    centre = np.array([[rng.gauss(0, 1) * scale for _ in range(size)] for _ in range(5)])
    width = np.array([[abs(rng.gauss(0, 1)) * scale * 10.0 ** rng.randint(-9, 1)] * size for _ in range(5)])
    width[0] = 0.0
    width[1, : size // 2] = 0.0
    return centre - width, centre + width


def inside(rng: random.Random, low: Floats, high: Floats) -> list[list[Fraction]]:
    base = box([float(v) for v in low], [float(v) for v in high]).base
    assert isinstance(base, Box)
    return points(rng, base, 6)


def check(machine: Machine, rng: random.Random, low: Floats, high: Floats, exact: object) -> tuple[int, int]:
    """Exact rows at points of each box against the sides; how many sides were finite, and how many there were."""
    assert callable(exact)
    below, above = machine.run(low, high).sides()
    finite = 0
    for i in range(len(low)):
        for x in inside(rng, low[i], high[i]):
            for j, value in enumerate(exact(x)):
                for side, sign in ((below[i, j], 1), (above[i, j], -1)):
                    if np.isfinite(side):
                        finite += 1
                        assert sign * (value - Fraction(float(side))) >= 0
    return finite, below.size * 2


def values_of(first: Network, second: Network) -> object:
    def exact(x: Sequence[Fraction]) -> list[Fraction]:
        point = vector(list(x))
        y = evaluate(first, point)
        return [*y.fractions(), *(y - evaluate(second, point)).fractions(), *x]

    return exact


def try_pair(seed: int, name: str, change: str, precision: ColumnPrecision) -> int:
    rng = random.Random(seed)
    first, second = pair_of(seed, change, WEIGHTS[name])
    try:
        machine = machine_of(paired(first, second), first.input_size, precision)
    except EvidenceError:
        return 0
    low, high = boxes(rng, first.input_size, scale_of(rng, name)())
    with np.errstate(all="ignore"):
        usable = np.all(np.isfinite(low)) and np.all(np.isfinite(high))
    return check(machine, rng, low, high, values_of(first, second))[0] if usable else 0


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", WEIGHTS)
def test_values_and_differences_lie_within_the_bounds(name: str, precision: str) -> None:
    finite = sum(try_pair(seed, name, change, PRECISIONS[precision]) for seed in range(4, 6) for change in CHANGES)
    assert finite > (0 if precision == "single" and name in ("extreme", "tiny thirds", "wild") else 100)


@pytest.mark.campaign
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("seeds", chunks(1000, 10, 0, campaign=8))
def test_more_seeds(seeds: range, name: str, precision: str) -> None:
    for seed in seeds:
        for change in CHANGES:
            try_pair(seed, name, change, PRECISIONS[precision])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("seed", range(16))
def test_difference_quotients_lie_within_the_slopes(seed: int, precision: str) -> None:
    """f(q) - f(p) along an axis is the step times a mean of slopes on the segment."""
    rng = random.Random(seed)
    net = random_networks.network(seed)
    axis = rng.randrange(net.input_size)
    direction = np.eye(net.input_size)[axis]
    machine = machine_of(tangent(net), net.input_size, PRECISIONS[precision], Directions(direction))
    low, high = boxes(rng, net.input_size, 1.0)
    below, above = machine.run(low, high).sides()
    size = net.output_size
    for i in range(len(low)):
        for x in inside(rng, low[i], high[i]):
            p, q = list(x), list(x)
            p[axis], q[axis] = Fraction(float(low[i, axis])), Fraction(float(high[i, axis]))
            if p[axis] == q[axis]:
                continue
            change = (evaluate(net, vector(q)) - evaluate(net, vector(p))).fractions()
            for j in range(size):
                quotient = change[j] / (q[axis] - p[axis])
                assert Fraction(float(below[i, size + j])) <= quotient <= Fraction(float(above[i, size + j]))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("norm", sorted(NORMS))
def test_changes_in_any_direction_lie_within_the_slopes_of_the_ball(norm: str, precision: str) -> None:
    """|f(q) - f(p)| is at most the bound times the norm of q - p, for all points of a box."""
    finite = 0
    for seed in range(8):
        rng, net = random.Random(seed), random_networks.network(seed)
        size, outputs = net.input_size, net.output_size
        directions = Directions(np.zeros(size), np.ones(size), norm)
        machine = machine_of(tangent(net), size, PRECISIONS[precision], directions)
        low, high = boxes(rng, size, 1.0)
        above = machine.run(low, high).sides()[1][:, outputs : 2 * outputs]
        for i in range(len(low)):
            for x, y in itertools.pairwise(inside(rng, low[i], high[i])):
                p, q = vector(x), vector(y)
                distance = measure(norm, q - p)
                for change, bound in zip((evaluate(net, q) - evaluate(net, p)).fractions(), above[i], strict=True):
                    if np.isfinite(bound):
                        finite += 1
                        most = squared_if_l2(norm, Fraction(float(bound))) * distance
                        assert squared_if_l2(norm, abs(change)) <= most
    assert finite > 40


def test_what_overflows_bounds_nothing() -> None:
    net = random_networks.network(3, lambda rng: rng.choice([1e300, -1e300, 1e-300]))
    machine = machine_of(Pair(net.blocks, ()), net.input_size, DOUBLE)
    below, above = machine.run(np.full((1, net.input_size), -1e300), np.full((1, net.input_size), 1e300)).sides()
    outputs = slice(0, net.output_size)
    assert not np.any(np.isfinite(below[0, outputs]) | np.isfinite(above[0, outputs]))


def test_weights_that_float32_cannot_hold_are_refused() -> None:
    net = random_networks.network(3, lambda rng: 1e-40)
    with pytest.raises(EvidenceError, match="too large or too small"):
        machine_of(Pair(net.blocks, ()), net.input_size, SINGLE)
    assert machine_of(Pair(net.blocks, ()), net.input_size, DOUBLE).precision is DOUBLE


def test_points_are_enclosed_tightly() -> None:
    """On a single point the bounds are the value to rounding."""
    net = random_networks.network(5)
    machine = machine_of(Pair(net.blocks, ()), net.input_size, DOUBLE)
    x = np.full((1, net.input_size), 0.375)
    below, above = machine.run(x, x).sides()
    exact = np.array([float(v) for v in evaluate(net, vector_from_floats(x[0])).fractions()])
    assert np.all(np.abs(above[0, : net.output_size] - exact) < 1e-9)  # far more than rounding: a loose check only
    assert np.all(below[0, : net.output_size] <= exact) and np.all(exact <= above[0, : net.output_size])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_errors_that_underflow_before_large_weights(precision: str) -> None:
    """Coordinates of 2^-1060 and weights of 2^1010 whose terms cancel: gamma times a coordinate is 0 in floats."""
    for seed in range(20):
        rng = random.Random(seed)
        counts = [rng.randrange(1, 1 << 12) for _ in range(3)]
        weights = [Fraction(rng.randrange(1 << 52, 1 << 53)) * 2**960 for _ in range(2)]
        weights.append(-Fraction(float(sum(w * n for w, n in zip(weights, counts, strict=False)) / counts[2])))
        builder = Builder((3,), "cancelling")
        network = builder.build(dense(builder.input, [[float(w) for w in weights]]))
        x = vector([Fraction(n, 2**1060) for n in counts])
        try:
            machine = machine_of(Pair(network.blocks, ()), 3, PRECISIONS[precision])
        except EvidenceError:
            assert precision == "single"  # the weights are beyond its range
            continue
        point = x.floats()[None, :]
        low, high = machine.run(point, point).sides()
        assert Fraction(float(low[0, 0])) <= evaluate(network, x).fractions()[0] <= Fraction(float(high[0, 0]))


def test_copies_that_differ_by_such_an_error_are_not_equivalent() -> None:
    """``gamma |c|`` of a subnormal centre underflows; times a weight of 2^1012 what is lost is not small.

    Coordinates of one value stay in the network where folding would leave blocks that do not correspond.
    """
    rng, proved = random.Random(7), 0
    for _ in range(40):
        parts = [rng.randrange(1, 1 << 12) for _ in range(3)]
        tiny = [Fraction(part, 2**1060) for part in parts]
        weights = [float(rng.randrange(1 << 52, 1 << 53)) * 2.0**960 for _ in range(2)]
        balance = sum(Fraction(w) * part for w, part in zip(weights, parts, strict=False)) / parts[-1]
        first = _with_unit([*weights, -float(balance)], slope=1.0, bias=0)
        second = _with_unit([0.0, 0.0, 0.0], slope=0.0, bias=1)
        inside = vector([*tiny, 0])
        gap = abs((evaluate(first, inside) - evaluate(second, inside))[0])
        for bound, holds in ((gap / 2, False), (gap + 2.0**-40, True)):
            claim = Claim(first, find(f"equivalent within {bound}"), box([*tiny, -1], [*tiny, 1]), second)
            try:
                judge(claim, Bounds(Cuts(np.array([0])), single=False), Instance({"x": inside}))
            except EvidenceError:
                continue
            assert holds or not gap
            proved += 1
    assert proved > 20


def _with_unit(weights: Sequence[float], *, slope: float, bias: int) -> Network:
    """``weights . x + 1e-300 relu(slope x3 + bias)``."""
    rows = [np.array([[0.0, 0.0, 0.0, slope]]), np.array([[*weights, 0.0]]), np.array([[1e-300]])]
    hidden, direct, last = (matrices.from_dense(row) for row in rows)
    blocks = (
        Block("h", (1,), ((0, hidden),), vector([bias]), relu=True),
        Block("o", (1,), ((0, direct), (1, last)), vector([0]), relu=False),
    )
    return Network("n", (4,), (1,), blocks)
