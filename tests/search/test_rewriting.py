"""Rewriting: what it finds is the same function, copies in disguise cancel, and verdicts agree with brute force."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from tests.support import random_claims, random_networks, redundant
from tests.support.judging import judged
from tests.support.naive import preactivations as naive
from tests.support.outside import outside
from tests.support.seeds import seeds
from tests.support.z3_verdicts import z3_verdict
from verify import api
from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Cover, Empty
from verify.kernel.exact import evaluate
from verify.kernel.json import from_json
from verify.kernel.rewriting import rewritten
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, Vacuous, find
from verify.rational import Vector, vector
from verify.region import Box, Region, ball, box, everything, l1_ball, nonnegative
from verify.search import decide as deciding
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.fingerprints import fingerprints
from verify.search.problem import prepare
from verify.search.refuting.sampling import points
from verify.search.rewriting import rewrite, simplified
from verify.writing import to_json


def inner_points(rng: random.Random, region: Region, size: int) -> list[Vector]:
    """Points of a region without half-spaces, corners of boxes among them."""
    base = region.base
    if not isinstance(base, Box):
        return [base.centre()]
    shares = [Fraction(0), Fraction(1), *(Fraction(n, 12) for n in range(13))]
    found = []
    for _ in range(6):
        values = []
        for j in range(size):
            low = base.low[j] if base.low_finite[j] else (base.high[j] - 7 if base.high_finite[j] else Fraction(-7))
            high = base.high[j] if base.high_finite[j] else low + 9
            values.append(low + (high - low) * rng.choice(shares))
        found.append(vector(values))
    return found


def region_of(rng: random.Random, size: int) -> Region:
    centre = vector(random_networks.point(rng, size))
    return rng.choice(
        [everything(size), nonnegative(size), ball(centre, Fraction(rng.randint(0, 4), 8)), l1_ball(centre, 1)]
    )


@pytest.mark.parametrize("seed", seeds(40, campaign=600))
def test_the_rewritten_network_is_the_same_function_on_the_region(seed: int) -> None:
    rng = random.Random(seed)
    network = random_networks.network(seed) if seed % 2 else redundant.pair(seed)[1]
    region = region_of(rng, network.input_size)
    short = simplified(network, region, Budget())
    assert short.relu_count <= network.relu_count
    for x in inner_points(rng, region, network.input_size):
        assert evaluate(short, x).fractions() == naive(network, x.fractions())[-1]


@pytest.mark.parametrize("seed", seeds(45, campaign=750))
def test_questions_of_every_property_keep_their_function(seed: int) -> None:
    claim = random_claims.claim(seed)
    questions = claim.questions()
    for question in [] if isinstance(questions, Vacuous) else questions:
        problem = prepare(question, Budget())
        if isinstance(problem, Empty):
            continue
        inner = problem.question
        short = simplified(inner.network, inner.region, Budget())
        for t in [problem.interior, *points(problem, 5, seed)]:
            assert evaluate(short, t) == evaluate(inner.network, t)


@pytest.mark.parametrize("seed", seeds(32, campaign=400))
def test_a_network_equals_its_disguise(seed: int) -> None:
    first, second, _ = redundant.pair(seed)
    claim = Claim(first, find("equivalent"), everything(first.input_size), second)
    outcome = decide(claim, Budget())
    assert (outcome.verdict, outcome.assurance, outcome.engine) == (Verdict.PROVED, "checked", "rewriting")
    questions = claim.questions()
    assert not isinstance(questions, Vacuous) and outcome.evidence is not None
    again = from_json(to_json(outcome.evidence), [q.network for q in questions])
    assert judged(claim, again).verdict is Verdict.PROVED


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_a_disguise_with_one_weight_changed_is_told_apart(seed: int) -> None:
    """Against Z3: the change may matter or not, and the region may hide it."""
    rng = random.Random(seed)
    inputs = rng.randint(1, 2)
    chain = redundant.layers(rng, inputs, [rng.randint(1, 3) for _ in range(rng.randint(1, 2))], 1)
    other = redundant.disguised(rng, chain, rng.randint(1, 2))
    layer = rng.choice(other)
    row = rng.choice(layer.weights)
    row[rng.randrange(len(row))] += rng.choice([Fraction(0), Fraction(1), Fraction(1, 10**12)])
    first, second = redundant.build(chain, inputs), redundant.build(other, inputs, "other")
    claim = Claim(first, find("equivalent"), random_claims.region(rng, inputs), second)
    expected = z3_verdict(claim, 5)
    if expected is Verdict.UNKNOWN:
        pytest.skip("Z3 gives up")
    assert decide(claim, Budget(60), shrinking=False).verdict is expected


@pytest.mark.parametrize("seed", seeds(30, campaign=500))
def test_verdicts_when_rewriting_comes_first(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "_in_order", lambda _, fitting: sorted(fitting, key=lambda e: e.name != "rewriting"))
    claim = random_claims.claim(1000 + seed, EQUALITIES)
    expected = z3_verdict(claim, 5)
    if expected is Verdict.UNKNOWN:
        pytest.skip("Z3 gives up")
    assert decide(claim, Budget(60), shrinking=False).verdict is expected


EQUALITIES = (
    "affine",
    "linear",
    "constant",
    "additive",
    "homogeneous",
    "positively homogeneous",
    "superposition",
    "odd",
    "even",
    "equivalent",
)


def made_with(property: str, rng: random.Random, inputs: int) -> Network:
    """A network built to have the property, from pairs of units that belong together, in random order."""
    weights, bias, out = [], [], []
    for _ in range(6):
        row, b, v = [redundant.number(rng) for _ in range(inputs)], redundant.number(rng), redundant.number(rng)
        negated = [-w for w in row]
        sign = {"odd": -1, "even": 1}.get(property)
        if sign is not None:
            weights += [row, negated]
            bias += [b, b]
            out += [v, sign * v]
        else:  # relu(z) - relu(-z) = z, scaled differently
            c = Fraction(rng.randint(1, 5), rng.randint(1, 5))
            weights += [row, [c * w for w in negated]]
            bias += [Fraction(0), Fraction(0)]
            out += [v, -v / c]
    order = list(range(len(out)))
    rng.shuffle(order)
    builder = Builder((inputs,), property)
    hidden = relu(dense(builder.input, [weights[i] for i in order], [bias[i] for i in order]))
    return builder.build(dense(hidden, [[out[i] for i in order]]))


@pytest.mark.parametrize("property", ["odd", "even", "linear", "superposition", "additive", "homogeneous"])
def test_networks_built_to_have_a_property(property: str) -> None:
    for seed in range(5):
        network = made_with(property, random.Random(seed), 3)
        for region in (everything(3), ball(vector([0, 0, 0]), 2), box([-1, -2, -1], [1, 3, None])):
            outcome = decide(Claim(network, find(property), region), Budget())
            assert (outcome.verdict, outcome.assurance) == (Verdict.PROVED, "checked")
            assert outcome.engine in ("rewriting", "stability")


def test_a_large_odd_network() -> None:
    """Two hundred pairs of units in sixty dimensions: no splitting could prove it."""
    rng = np.random.default_rng(0)
    row, out = rng.normal(size=(200, 60)), rng.normal(size=(1, 200))
    builder = Builder((60,), "odd")
    bias = rng.normal(size=200)
    hidden = relu(dense(builder.input, np.vstack([row, -4 * row]), np.concatenate([bias, 4 * bias])))
    network = builder.build(dense(hidden, np.hstack([out, -out / 4])))
    outcome = decide(Claim(network, find("odd"), ball(vector([0] * 60), 1)), Budget())
    assert (outcome.verdict, outcome.engine) == (Verdict.PROVED, "rewriting")


def test_fused_layers_of_many_short_weights() -> None:
    """An affine layer between two others, multiplied out exactly."""
    rng = np.random.default_rng(1)
    first, middle, last = (rng.integers(-8, 9, size=s) / 16.0 for s in ((40, 300), (60, 40), (3, 60)))
    shift = rng.integers(-8, 9, size=40) / 16.0
    builder = Builder((300,), "two")
    apart = builder.build(dense(relu(dense(dense(builder.input, first, shift).simple(), middle)), last))
    builder = Builder((300,), "fused")
    fused = builder.build(dense(relu(dense(builder.input, middle @ first, middle @ shift)), last))
    result = api.check(apart, "equivalent", to=fused)
    assert (result.verdict, result.assurance) == (Verdict.PROVED, "checked")


@pytest.mark.networks
@pytest.mark.parametrize(("name", "before", "most"), [("tll_8_0", 252, 31), ("tll_16_0", 1020, 116)])
def test_lattice_networks_shrink(name: str, before: int, most: int) -> None:
    network = api.load(outside(f"networks/{name}.onnx.gz"))
    assert network.relu_count == before
    assert simplified(network, everything(2), Budget()).relu_count <= most


def test_rows_and_their_multiples_have_one_fingerprint() -> None:
    rng = random.Random(0)
    from verify.network import matrix as matrices

    values = [[redundant.number(rng) for _ in range(6)] for _ in range(20)]
    left = matrices.from_dense(np.array(values, dtype=object))
    right = matrices.from_dense(np.array([[w * Fraction(-7, 3) for w in row] for row in values], dtype=object))
    assert np.array_equal(fingerprints(left), fingerprints(right))
    filled = [tuple(row) for row in values if any(row)]
    assert len(set(fingerprints(left).tolist())) >= len(filled) - 2


def test_a_cover_after_steps_says_so() -> None:
    first, second, _ = redundant.pair(3)
    outcome = decide(Claim(first, find("equivalent"), everything(first.input_size), second), Budget())
    assert isinstance(outcome.evidence, Cells)
    proof = outcome.evidence.proofs[0]
    assert isinstance(proof, Cover) and proof.steps is not None
    assert rewritten_size(first, second, proof) == 0


def rewritten_size(first: Network, second: Network, proof: Cover) -> int:
    questions = Claim(first, find("equivalent"), everything(first.input_size), second).questions()
    assert not isinstance(questions, Vacuous) and proof.steps is not None
    return rewritten(questions[0].network, proof.steps, questions[0].region.base).relu_count


def test_nothing_is_rewritten_where_no_time_is_left() -> None:
    from verify.errors import BudgetExceeded

    network = redundant.pair(0)[1]
    with pytest.raises(BudgetExceeded):
        rewrite(network, everything(network.input_size), Budget(1e-9))
