"""Equivalent within epsilon: bounds hold at every point, verdicts agree with Z3, forged evidence is rejected."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support import near, random_claims, redundant
from tests.support.judging import judged
from tests.support.naive import preactivations as naive
from tests.support.outside import outside
from tests.support.seeds import chunks, seeds
from verify import api
from verify.errors import EvidenceError, PropertyError
from verify.kernel.check import Verdict
from verify.kernel.difference import bounds, folded
from verify.kernel.evidence import Bounds, Difference
from verify.kernel.json import from_json
from verify.kernel.ledger import FLOAT_BOUNDS
from verify.network import Network
from verify.property import Claim, find
from verify.rational import vector
from verify.region import Box, Region, ball, box, everything
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome
from verify.writing import to_json


def near_copy(seed: int) -> tuple[Network, Network]:
    """A chain and a copy whose weights are rounded to eighths or moved a little."""
    rng = random.Random(seed)
    inputs = rng.randint(1, 2)
    chain = redundant.layers(rng, inputs, [rng.randint(1, 3) for _ in range(rng.randint(1, 2))], rng.randint(1, 2))
    if rng.random() < 0.3:
        chain = redundant.through_affine(rng, chain, 0)
    other = [
        redundant.Layer(
            [[moved(rng, w) for w in row] for row in layer.weights], [moved(rng, b) for b in layer.bias], layer.relu
        )
        for layer in chain
    ]
    return redundant.build(chain, inputs), redundant.build(other, inputs, "near")


def moved(rng: random.Random, value: Fraction) -> Fraction:
    return value + rng.choice([Fraction(0), Fraction(1, 100), Fraction(-1, 37), Fraction(1, 10**9)])


@pytest.mark.parametrize("seed", seeds(24, campaign=400))
def test_verdicts_agree_with_z3(seed: int) -> None:
    first, second = near_copy(seed)
    rng = random.Random(seed)
    size = first.input_size
    region = box([-1] * size, [rng.choice([-1, 1, 2])] * size)
    epsilon = rng.choice([Fraction(0), Fraction(1, 1000), Fraction(1, 20), Fraction(1, 2), Fraction(3)])
    claim = Claim(first, find(f"equivalent within {epsilon}"), region, second)
    expected = near.differ_by_more(first, second, region.base, [epsilon] * first.output_size)
    if expected is Verdict.UNKNOWN:
        pytest.skip("Z3 gives up")
    outcome = decide(claim, Budget(60), shrinking=False)
    assert outcome.verdict is expected
    assert outcome.evidence is not None
    questions = claim.questions()
    assert isinstance(questions, list)
    again = from_json(to_json(outcome.evidence), [q.network for q in questions])
    assert judged(claim, again).verdict is expected


@pytest.mark.parametrize("seed", seeds(20, campaign=300))
def test_bounds_hold(seed: int) -> None:
    """Networks whose blocks correspond, and others; folded or not; at corners and inside."""
    first, second = near_copy(seed) if seed % 3 else redundant.pair(seed)[:2]
    rng = random.Random(seed)
    size = first.input_size
    region = ball(vector([Fraction(rng.randint(-2, 2), 2) for _ in range(size)]), Fraction(rng.randint(0, 3), 3))
    assert isinstance(region.base, Box)
    pairs = [(first, second), (folded(first, region.base), folded(second, region.base))]
    known = [bounds(a, b, region.base) for a, b in pairs]
    for _ in range(12):
        x = [
            low + (high - low) * Fraction(rng.choice([0, 12, rng.randint(0, 12)]), 12)
            for low, high in zip(region.base.low.fractions(), region.base.high.fractions(), strict=True)
        ]
        for i, (a, b) in enumerate(zip(naive(first, x)[-1], naive(second, x)[-1], strict=True)):
            for found in known:
                bound = found[i]
                assert bound is not None and abs(a - b) <= bound


def test_nothing_is_known_without_sides() -> None:
    first, second = near_copy(1)
    assert None in bounds(first, second, everything(first.input_size).base)


def test_identical_networks_are_at_distance_zero() -> None:
    for seed in range(10):
        first = near_copy(seed)[0]
        assert set(bounds(first, first, everything(first.input_size).base)) == {0}


def large_copies() -> tuple[Claim, Claim]:
    """A network of 300 ReLU and its weights rounded to binary32, within 1/1000 and within 10^-12."""
    rng = np.random.default_rng(0)
    sizes = [20, 100, 100, 100, 3]
    chains = []
    weights = [rng.normal(size=(b, a)) / a**0.5 for a, b in itertools.pairwise(sizes)]
    from verify.network import Builder
    from verify.network.builder import dense, relu

    for dtype in (np.float64, np.float32):
        builder = Builder((20,), np.dtype(dtype).name)
        x = builder.input
        for w in weights[:-1]:
            x = relu(dense(x, w.astype(dtype)))
        chains.append(builder.build(dense(x, weights[-1].astype(dtype))))
    region = box([0] * 20, [1] * 20)
    close, closer = (find(f"equivalent within {e}") for e in ("1/1000", "1e-12"))
    return Claim(chains[0], close, region, chains[1]), Claim(chains[0], closer, region, chains[1])


def test_a_large_copy_in_another_precision() -> None:
    claim, closer = large_copies()
    outcome = decide(claim, Budget())
    assert (outcome.verdict, outcome.assurance) == (Verdict.PROVED, "checked")
    assert outcome.engine == "difference"
    assert decide(closer, Budget()).verdict is Verdict.REFUTED


def test_both_bounds_are_said_where_nothing_is_decided() -> None:
    claim, _ = large_copies()
    tight = replace(claim, property=find("equivalent within 1/1000000"))
    outcome = decide(tight, Budget(), "difference")
    assert outcome.verdict is Verdict.UNKNOWN
    assert "at least" in outcome.reason and "at most" in outcome.reason


FORGED: list[Difference] = [
    Difference((), True),
    Difference((None, None), True),
    Difference(((0, Fraction(0)), None), True),
    Difference(((-1, Fraction(0)), None, None), True),
    Difference(((9, Fraction(0)), None, None), True),
    Difference((None,), True),  # the bound exceeds epsilon
    Difference((None,), False),
]


@pytest.mark.parametrize("index", range(len(FORGED)))
def test_forged_evidence_is_rejected(index: int) -> None:
    first = redundant.pair(11)[0]
    size = first.input_size
    other = replace(first, blocks=tuple(replace(b, bias=b.bias.scaled(Fraction(2))) for b in first.blocks))
    claim = Claim(first, find("equivalent within 1e-30"), box([-1] * size, [1] * size), other)
    with pytest.raises(EvidenceError) as caught:
        judged(claim, FORGED[index])
    assert caught.value.rule == "difference"


def test_it_proves_no_other_property() -> None:
    first = near_copy(0)[0]
    for name in ("equivalent", "affine"):
        claim = Claim(first, find(name), box([0] * first.input_size, [1] * first.input_size), first)
        with pytest.raises(EvidenceError, match="'difference'"):
            judged(claim, Difference((None,), True))


@pytest.mark.parametrize(
    "damage",
    [
        {"cuts": None},
        {"cuts": [[0]]},
        {"cuts": [["0", "1"], None, None]},
        {"cuts": [[0, 1], None, None]},
        {"folded": 1},
        {"folded": None},
    ],
)
def test_damaged_records_are_rejected(damage: dict[str, Any]) -> None:
    good: dict[str, Any] = {"kind": "difference", "folded": True, "cuts": [None]}
    assert isinstance(from_json(good, []), Difference)
    with pytest.raises(EvidenceError, match="'format'"):
        from_json({**good, **damage}, [])


def test_cuts_cover_the_box() -> None:
    """A cut is at a value that the part has, its sides among them."""
    first, second = near_copy(2)
    size = first.input_size
    claim = Claim(first, find("equivalent within 1000"), box([-1] * size, [1] * size), second)
    for value in (Fraction(-1), Fraction(0), Fraction(1)):
        assert judged(claim, Difference(((0, value), None, None), True)).verdict is Verdict.PROVED
    for value in (Fraction(-5), Fraction(7)):
        with pytest.raises(EvidenceError, match="cut at a value"):
            judged(claim, Difference(((0, value), None, None), True))


@pytest.mark.parametrize("seeds", chunks(0, 20, 1, campaign=20))
def test_regions_of_other_kinds(seeds: range) -> None:
    for seed in seeds:
        first, second = near_copy(seed)
        region = random_claims.region(random.Random(seed), first.input_size)
        claim = Claim(first, find("equivalent within 1/10"), region, second)
        outcome = decide(claim, Budget(20), shrinking=False)
        if outcome.verdict is Verdict.PROVED and region.chart is None:
            x = region.base.centre().fractions()
            if region.contains(vector(x)):
                pairs = zip(naive(first, x)[-1], naive(second, x)[-1], strict=True)
                assert all(abs(a - b) <= Fraction(1, 10) for a, b in pairs)


@pytest.mark.parametrize(
    "name", ["equivalent within", "equivalent within -1", "equivalent within x", "equivalent within 1/0"]
)
def test_bad_names(name: str) -> None:
    with pytest.raises(PropertyError):
        find(name)


def test_it_needs_a_second_network() -> None:
    with pytest.raises(PropertyError, match="--to"):
        api.make_claim("relu", "equivalent within 1/2")


def perturbed(name: str) -> tuple[Network, Network]:
    first = api.load(outside(f"networks/{name}.onnx"))
    return first, near.float_copy(first, 0)


def decided(
    first: Network, second: Network, region: Region, epsilon: str, seconds: float = 300, engine: str = "difference"
) -> Outcome:
    """The outcome of the engine; what it found replays from its record."""
    claim = Claim(first, find(f"equivalent within {epsilon}"), region, second)
    outcome = decide(claim, Budget(seconds), engine)
    if outcome.evidence is not None:
        questions = claim.questions()
        assert isinstance(questions, list)
        again = from_json(to_json(outcome.evidence), [q.network for q in questions])
        assert judged(claim, again).verdict is outcome.verdict
    return outcome


@pytest.mark.networks
def test_a_copy_of_a_published_network_one_ulp_away() -> None:
    """On the whole box of a property, by cutting it; far below the largest difference the claim is refuted."""
    first, second = perturbed("acasxu_1_1")
    region = api.parse_region(str(outside("networks/acasxu_prop_1.vnnlib")), first)
    proved = decided(first, second, region, "1/1000", engine="bounds")
    assert proved.verdict is Verdict.PROVED
    assert isinstance(proved.evidence, Bounds) and proved.evidence.cuts.leaves > 1
    assert FLOAT_BOUNDS in proved.assumptions
    refuted = decided(first, second, region, "1e-9")
    assert refuted.verdict is Verdict.REFUTED


@pytest.mark.campaign
@pytest.mark.networks
@pytest.mark.parametrize("name", ["mnistfc_256x4", "cifar_resnet_2b"])
def test_large_published_networks_one_ulp_away(name: str) -> None:
    first, second = perturbed(name)
    near_point = ball(vector([Fraction(1, 2)] * first.input_size), "1/100")
    assert decided(first, second, near_point, "1/1000").verdict is Verdict.PROVED
    assert decided(first, second, near_point, "1e-9").verdict is Verdict.REFUTED
    everywhere = decided(first, second, box([0] * first.input_size, [1] * first.input_size), "1/1000", 60)
    assert everywhere.verdict is Verdict.UNKNOWN
    assert "at least" in everywhere.reason and "at most" in everywhere.reason
