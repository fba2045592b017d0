"""Splitting on units that matter: against Z3, against splitting into cells, and on two-level lattice networks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction

import pytest

from tests.search.test_decide import MAX_UNDECIDED, replayed
from tests.support import hidden_networks, random_claims
from tests.support.outside import outside
from tests.support.seeds import chunks, seeds
from tests.support.z3_verdicts import z3_verdict
from verify import api
from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Cover, Leaf, Split
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim
from verify.rational import vector
from verify.region import (
    HalfSpace,
    Region,
    ball,
    box,
    everything,
    intersection,
    nonnegative,
    polyhedron,
    segment,
    window,
)
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.dividing.cells import cells
from verify.search.dividing.relevant_split import rows_of
from verify.search.problem import Problem, prepare
from verify.search.refuting.differences import differ

P, R = Verdict.PROVED, Verdict.REFUTED


@pytest.mark.parametrize("seeds", chunks(50_000, 100, 1, campaign=12))
def test_split_alone_decides_random_claims_as_z3_does(seeds: range) -> None:
    undecided = 0
    for seed in seeds:
        claim = random_claims.claim(seed)
        ours, theirs = decide(claim, Budget(60), "split", shrinking=False), z3_verdict(claim, 2)
        verdict = ours.verdict
        assert verdict is not Verdict.UNKNOWN, f"seed {seed}: {ours.reason}"
        assert theirs in (verdict, Verdict.UNKNOWN), f"seed {seed}: {verdict} here, {theirs} by Z3"
        assert replayed(claim, ours) is verdict, f"seed {seed}"
        undecided += theirs is Verdict.UNKNOWN
    assert undecided <= MAX_UNDECIDED


def cone(size: int) -> Region:
    """A cone with its tip outside the origin."""
    rows = [HalfSpace(vector([-1] + [0] * (size - 1)), Fraction(-1))]
    rows += [
        HalfSpace(vector([-2] + [sign * (i == j) for i in range(1, size)]), Fraction(-2))
        for j in range(1, size)
        for sign in (1, -1)
    ]
    return polyhedron(size, rows)


def thin_slab(size: int) -> Region:
    """All points with equal coordinates: a line given by half-spaces."""
    rows = []
    for j in range(1, size):
        for sign in (1, -1):
            rows.append(HalfSpace(vector([sign * ((i == j) - (i == 0)) for i in range(size)]), Fraction(0)))
    return polyhedron(size, rows)


REGIONS: dict[str, Callable[[int], Region]] = {
    "all": everything,
    "orthant": nonnegative,
    "cone": cone,
    "line": thin_slab,
    "segment": lambda n: segment(vector([-3] * n), vector([4, *range(n - 1)])),
    "slice": lambda n: window(vector([1] * n), [vector([1, *[2] * (n - 1)])], [None], [2]),
    "half box": lambda n: box([-1] * n, [None] * n),
    "flat": lambda n: box([-3] * n, [*[3] * (n - 1), -3]),
    "point": lambda n: ball(vector([1] * n), 0),
    "corner": lambda n: intersection(box([-3] * n, [3] * n), polyhedron(n, [HalfSpace(vector([1] * n), Fraction(1))])),
}


@pytest.mark.parametrize("kind", REGIONS)
@pytest.mark.parametrize("seed", seeds(3, campaign=30))
def test_every_kind_of_region_and_every_criterion(kind: str, seed: int) -> None:
    """Equalities on networks whose units switch without effect, against the cells of the region."""
    rng = random.Random(seed)
    size = rng.randint(1, 3)
    network = hidden_networks.network(rng, size)
    region = REGIONS[kind](size)
    for name in ("affine", "linear", "constant", "positively homogeneous"):
        claim = Claim(network, CATALOGUE[name], region)
        outcome = decide(claim, Budget(30), "split", shrinking=False)
        assert outcome.assurance == "checked", (name, outcome.reason)
        assert replayed(claim, outcome) is outcome.verdict
    affine = decide(Claim(network, CATALOGUE["affine"], region), Budget(30), "split", shrinking=False).verdict
    assert affine is affine_by_cells(network, region)


def affine_by_cells(network: Network, region: Region) -> Verdict:
    [question] = Claim(network, CATALOGUE["affine"], region).questions()  # type: ignore[misc]
    problem = prepare(question, Budget())
    assert isinstance(problem, Problem)
    maps = [cell.maps for cell in itertools.islice(cells(problem, Budget(60)), 4000)]
    return R if any(differ(found, maps[0]) for found in maps) else P


@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_hidden_networks_against_z3(seed: int) -> None:
    rng = random.Random(1000 + seed)
    size = rng.randint(1, 2)
    network = hidden_networks.network(rng, size)
    region = box([-2] * size, [rng.randint(-1, 3)] * size)
    for name in ("affine", "linear", "odd", "positively homogeneous"):
        claim = Claim(network, CATALOGUE[name], region)
        ours = decide(claim, Budget(30), "split", shrinking=False).verdict
        assert ours is not Verdict.UNKNOWN
        assert z3_verdict(claim, 2) in (ours, Verdict.UNKNOWN), name


# What relevance and bounds are for.


def tree_of(claim: Claim) -> Leaf | Split:
    outcome = decide(claim, Budget(30), "split")
    assert outcome.verdict is P, outcome.reason
    assert isinstance(outcome.evidence, Cells)
    [proof] = outcome.evidence.proofs
    assert isinstance(proof, Cover)
    return proof.tree


def minus_itself(pairs: int) -> Network:
    """f minus a permuted and rescaled copy of f, in ``2 * pairs`` units over 6 inputs."""
    rng = random.Random(5)
    builder = Builder((6,), "minus itself")
    weights = hidden_networks.rows(rng, pairs, 6)
    biases = [Fraction(rng.randint(-3, 3)) for _ in range(pairs)]
    order = rng.sample(range(pairs), pairs)
    first = relu(dense(builder.input, weights, biases))
    second = relu(dense(builder.input, [[3 * w for w in weights[i]] for i in order], [3 * biases[i] for i in order]))
    outer = [Fraction(rng.randint(1, 3)) for _ in range(pairs)]
    return builder.build(dense(first, [outer]) - dense(second, [[outer[i] / 3 for i in order]]))


def test_a_network_minus_itself_is_one_leaf() -> None:
    assert isinstance(tree_of(Claim(minus_itself(40), CATALOGUE["constant"], everything(6))), Leaf)


def behind_a_bound(count: int) -> Network:
    """``x0 + relu(sum of |x_i| - 2 count - 1)``: on [-2, 2]^count the last unit is off, which chords show."""
    builder = Builder((count,), "behind a bound")
    eye = [[Fraction(int(i == j)) for j in range(count)] for i in range(count)]
    both = relu(dense(builder.input, eye + [[-w for w in row] for row in eye], [0] * (2 * count)))
    last = relu(dense(both, [[1] * (2 * count)], [-2 * count - 1]))
    return builder.build(dense(last, [[1]]) + dense(builder.input, [eye[0]]))


def test_units_behind_a_unit_that_bounds_show_off_are_not_split() -> None:
    leaf = tree_of(Claim(behind_a_bound(12), CATALOGUE["linear"], box([-2] * 12, [2] * 12)))
    assert isinstance(leaf, Leaf)
    assert leaf.free is not None and leaf.free[1].any() and not leaf.free[2].any()


def test_networks_with_too_many_rows_are_split_into_cells() -> None:
    network = Builder((3000,), "wide")
    wide = network.build(dense(relu(dense(network.input, [[1] * 3000], [1])), [[1]]))
    claim = Claim(wide, CATALOGUE["affine"], ball(vector([0] * 3000), "1/10000"))
    [question] = claim.questions()  # type: ignore[misc]
    problem = prepare(question, Budget())
    assert isinstance(problem, Problem)
    assert rows_of(problem) is None
    assert decide(claim, Budget(30), "split").verdict is P


@pytest.mark.networks
@pytest.mark.parametrize(
    ("name", "region", "verdict"),
    [
        ("tll_8_0", "box(-2, 2)", R),
        ("tll_8_0", "box([-2, -2], [-1, -1])", P),
        ("tll_8_0", "box([0, 0], [1, 2])", R),
        ("tll_16_0", "box(-2, 2)", R),
        ("tll_16_0", "box([-2, -2], [-1, -1])", R),
        ("tll_16_0", "box([1, -2], [2, -1])", P),
    ],
)
def test_lattice_networks(name: str, region: str, verdict: Verdict) -> None:
    network = api.load(outside(f"networks/{name}.onnx.gz"))
    claim = api.make_claim(network, "affine", region)
    outcome = decide(claim, Budget(300), "split")
    assert (outcome.verdict, outcome.assurance) == (verdict, "checked")
    assert replayed(claim, outcome) is verdict
