"""Affine forms of f and f - g: no point differs by more than the bound, at every scale that float64 has."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.kernel.test_filter import WEIGHTS, bounded_region, scale_of
from tests.support import naive, near, random_networks
from tests.support.form_bounds import form_bounds
from tests.support.judging import judged
from tests.support.outside import outside
from tests.support.seeds import chunks, seeds
from verify import api
from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms import batches
from verify.kernel.axioms.batches import BlockStep
from verify.kernel.axioms.forms import BothSorts, Zonotope
from verify.kernel.check import Verdict
from verify.kernel.cuts import Cuts
from verify.kernel.difference import bounds, paired
from verify.kernel.evidence import Bounds
from verify.kernel.exact import evaluate
from verify.kernel.json import from_json
from verify.kernel.ledger import FLOAT_BOUNDS
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, find
from verify.rational import vector
from verify.region import Box, L1Ball, Region, ball, box, everything, l1_ball
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json


def moved(rng: random.Random, value: Fraction) -> Fraction:
    return value + rng.choice([Fraction(0), Fraction(0), Fraction(1, 100), Fraction(-1, 37), Fraction(1, 10**9)])


def moved_by(seed: int) -> near.Change:
    rng = random.Random(seed)
    return lambda value: moved(rng, value)


# How g comes from f: unlike, rounded, nearly the same, the same, nothing at all.
CHANGES: dict[str, Callable[[int], near.Change]] = {
    "moved": moved_by,
    "one ulp": near.one_ulp,
    "1e-30": lambda _: lambda value: value + Fraction(1, 10**30),
    "same": lambda _: lambda value: value,
    "zero": lambda _: lambda value: Fraction(0),
    "opposite": lambda _: lambda value: -value,
}


def pair_of(seed: int, change: str, weight: random_networks.Weight = random_networks.small) -> tuple[Network, Network]:
    first = random_networks.network(seed, weight)
    return first, near.changed(first, CHANGES[change](seed))


def small_box(seed: int, size: int) -> Box:
    """A box with sides of length 0 to 2; some are single points."""
    rng = random.Random(seed)
    low = [Fraction(rng.randint(-3, 3), rng.choice([1, 2, 3])) for _ in range(size)]
    longest = rng.choice([0, 1, 2, 6])
    base = box(low, [a + Fraction(rng.randint(0, longest), 3) for a in low]).base
    assert isinstance(base, Box)
    return base


def points(rng: random.Random, base: Base, count: int) -> list[list[Fraction]]:
    """Corners and points inside."""
    if isinstance(base, Box):
        sides = list(zip(base.low.fractions(), base.high.fractions(), strict=True))
        shares = [[rng.choice([0, 12, rng.randint(0, 12)]) for _ in sides] for _ in range(count)]
        return [[a + (b - a) * Fraction(s, 12) for s, (a, b) in zip(row, sides, strict=True)] for row in shares]
    assert isinstance(base, L1Ball)
    found = []
    for _ in range(count):
        x = base.midpoint.fractions()
        x[rng.randrange(len(x))] += base.radius * rng.choice(
            [Fraction(1), Fraction(-1), Fraction(rng.randint(-12, 12), 12)]
        )
        found.append(x)
    return found


def check_at(first: Network, second: Network, found: list[Fraction | None], x: list[Fraction]) -> None:
    for a, b, bound in zip(naive.preactivations(first, x)[-1], naive.preactivations(second, x)[-1], found, strict=True):
        assert bound is None or abs(a - b) <= bound


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seed", seeds(5, campaign=60))
def test_no_point_differs_by_more(seed: int, change: str) -> None:
    """Z3 decides it for all points of the box."""
    first, second = pair_of(seed, change)
    base = small_box(seed, first.input_size)
    found = form_bounds(paired(first, second), base)
    if change != "1e-30":  # binary64 does not hold some of its numbers, but these are far from its limits
        assert None not in found
    known = [bound for bound in found if bound is not None]
    assert len(known) == len(found)
    for x in points(random.Random(seed), base, 8):
        check_at(first, second, found, x)
    assert near.differ_by_more(first, second, base, known) is not Verdict.REFUTED


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("seeds", chunks(0, 3, 1, campaign=70))
def test_bounds_hold_at_every_scale(seeds: range, name: str, change: str) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        first, second = pair_of(seed, change, WEIGHTS[name])
        base = bounded_region(rng, first.input_size, scale_of(rng, name)).base
        found = form_bounds(paired(first, second), base)
        if name in ("float64", "float32", "thirds"):
            assert None not in found
        for x in points(rng, base, 6):
            check_at(first, second, found, x)


def test_rounding_counts() -> None:
    """At single points the symbols vanish: the bound is the float result and its error, and both networks round."""
    close = 0
    for seed in range(60):
        first, second = pair_of(seed, "1e-30", WEIGHTS["thirds"])
        x = random_networks.point(random.Random(seed), first.input_size)
        base = ball(vector(x), 0).base
        found = form_bounds(paired(first, second), base)
        check_at(first, second, found, x)
        close += all(bound is not None and bound < Fraction(1, 10**6) for bound in found)
    assert close == 60


def test_values_lie_in_the_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every hidden value and gap, not only the outputs."""
    seen: list[Zonotope] = []
    apply = BlockStep.apply

    def watched(self: BlockStep, forms: Mapping[int, Zonotope], symbols: BothSorts) -> Zonotope:
        seen.append(apply(self, forms, symbols))
        return seen[-1]

    monkeypatch.setattr(BlockStep, "apply", watched)
    for seed in range(40):
        seen.clear()
        first, second = pair_of(seed, "moved")
        base = small_box(seed, first.input_size)
        form_bounds(paired(first, second), base)
        for x in points(random.Random(seed), base, 5):
            values, others = naive.preactivations(first, x), naive.preactivations(second, x)
            gaps = [[a - b for a, b in zip(*row, strict=True)] for row in zip(values, others, strict=True)]
            expected = [*(row for both in zip(values, gaps, strict=True) for row in both), gaps[-1]]
            for form, row in zip(seen, expected, strict=True):
                low, high = form.sides()
                for a, value, b in zip(low[0].tolist(), row, high[0].tolist(), strict=True):
                    assert Fraction(a) <= value <= Fraction(b)


def test_cancellation_is_kept() -> None:
    """Where no unit switches the bound is the difference's own maximum; intervals are far from it."""
    builders = [Builder((1,), name) for name in "fg"]
    networks = []
    for builder, slope in zip(builders, (1.0, 1.0 + 2.0**-20), strict=True):
        x = relu(dense(builder.input, [[slope], [slope]], [8, 8]))
        networks.append(builder.build(dense(x, [[64, -64]])))
    base = box([-1], [1]).base
    f, g = networks
    together, apart = form_bounds(paired(f, g), base)[0], bounds(f, g, base)[0]
    assert together is not None and apart is not None
    assert apart == Fraction(128, 2**20) and together < Fraction(1, 2**40)


def test_a_bound_is_known_only_where_it_applies() -> None:
    first, second = pair_of(0, "moved")
    pair = paired(first, second)
    assert form_bounds(pair, everything(first.input_size).base) == [None] * first.output_size
    tiny = near.changed(first, lambda value: value / 10**320)
    assert form_bounds(paired(first, tiny), small_box(0, first.input_size)) == [None] * first.output_size
    huge = box([0] * first.input_size, [Fraction(10**400)] * first.input_size).base
    assert None in form_bounds(pair, huge)
    assert None in form_bounds(pair, l1_ball(vector([0] * first.input_size), Fraction(10**400)).base)


def test_sources_that_only_one_network_reads() -> None:
    """A skip connection in g alone, a source read twice, and a layer of zeros."""
    for seed in range(15):
        rng = random.Random(seed)
        first = random_networks.residual_network(rng)
        last = first.blocks[-1]
        variants = [
            replace(last, inputs=last.inputs[:1]),
            replace(last, inputs=(*last.inputs, *last.inputs[:1])),
            replace(last, inputs=()),
        ]
        base = small_box(seed, first.input_size)
        for block in variants:
            second = replace(first, blocks=(*first.blocks[:-1], block))
            for f, g in itertools.permutations((first, second)):
                found = form_bounds(paired(f, g), base)
                assert None not in found
                for x in points(rng, base, 4):
                    check_at(f, g, found, x)


def test_blocks_must_correspond() -> None:
    first = random_networks.network(0)
    longer = random_networks.network(3)
    with pytest.raises(EvidenceError, match="correspond") as caught:
        paired(first, longer)
    assert caught.value.rule == "difference"


def claim_of(seed: int, epsilon: str, region: Region | None = None) -> Claim:
    first, second = pair_of(seed, "one ulp")
    size = first.input_size
    return Claim(first, find(f"equivalent within {epsilon}"), region or box([0] * size, [1] * size), second)


WHOLE = Bounds(Cuts(np.zeros(1, dtype=np.int64)), False)


def test_evidence_replays_with_its_assumption() -> None:
    for seed in range(10):
        claim = claim_of(seed, "1/100")
        judgement = judged(claim, from_json(to_json(WHOLE), []))
        assert judgement.verdict is Verdict.PROVED
        assert FLOAT_BOUNDS in judgement.assumptions


def test_intervals_assume_nothing() -> None:
    evidence = from_json({"kind": "difference", "folded": True, "cuts": [None]}, [])
    assert FLOAT_BOUNDS not in judged(claim_of(0, "10"), evidence).assumptions


def test_a_bound_that_is_too_large_is_rejected() -> None:
    with pytest.raises(EvidenceError) as caught:
        judged(claim_of(0, "1e-30"), WHOLE)
    assert caught.value.rule == "bounds"


def test_an_l1_ball_lies_in_its_box() -> None:
    for seed in range(10):
        first, second = pair_of(seed, "one ulp")
        region = l1_ball(vector([0] * first.input_size), 1)
        claim = Claim(first, find("equivalent within 1/100"), region, second)
        assert judged(claim, WHOLE).verdict is Verdict.PROVED
        assert decide(claim, Budget(60), "difference").verdict is Verdict.PROVED


def test_evidence_for_another_claim_is_rejected() -> None:
    evidence = WHOLE
    claim = claim_of(0, "1/100")
    assert claim.second is not None
    judged(claim, evidence)
    size = claim.network.input_size
    others = [
        replace(claim, region=everything(size)),
        replace(claim, second=near.changed(claim.network, lambda value: 2 * value + 1)),
        replace(claim, property=find("equivalent")),
    ]
    for other in others:
        with pytest.raises(EvidenceError) as caught:
            judged(other, evidence)
        assert caught.value.rule == "bounds"


def test_forms_of_too_many_coefficients_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record must not make the kernel run out of memory; the search then goes on without forms."""
    claim = claim_of(0, "1")
    evidence = WHOLE
    assert judged(claim, evidence).verdict is Verdict.PROVED
    monkeypatch.setattr(batches, "MAX_COEFFICIENTS", 0)
    with pytest.raises(TooLarge, match="more than 0 coefficients"):
        judged(claim, evidence)
    assert decide(claim, Budget(60), "difference").verdict in (Verdict.PROVED, Verdict.UNKNOWN)


CIFAR = pytest.param("cifar_resnet_2b", "1/100", "1e-5", marks=pytest.mark.campaign)


@pytest.mark.networks
@pytest.mark.parametrize(
    ("name", "radius", "most"),
    [("acasxu_1_1", "1/100", "1e-6"), ("mnistfc_256x4", "1/100", "1e-6"), CIFAR],
)
def test_published_networks_and_copies_one_ulp_away(name: str, radius: str, most: str) -> None:
    """The bound is above what points show and small enough to be of use, also after a change of every weight."""
    first = api.load(outside(f"networks/{name}.onnx"))
    second = near.float_copy(first, 0)
    centre = np.random.default_rng(0).random(first.input_size, dtype=np.float32).astype(np.float64)
    region = ball(vector(centre.tolist()), radius)
    found = form_bounds(paired(first, second), region.base)
    assert all(bound is not None and bound <= Fraction(most) for bound in found)
    assert isinstance(region.base, Box)
    for x in (region.base.low, region.base.centre(), region.base.high):
        gap = (evaluate(first, x) - evaluate(second, x)).fractions()
        assert all(bound is not None and abs(value) <= bound for value, bound in zip(gap, found, strict=True))
