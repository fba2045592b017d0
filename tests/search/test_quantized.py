"""Quantized networks: verdicts against exact enumeration, what the kernel derives, and evidence that it rejects."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.support import quantized
from tests.support.judging import judged
from tests.support.largest import within
from tests.support.seeds import chunks
from verify import api
from verify.errors import EvidenceError, NetworkError, PropertyError
from verify.kernel.alignment import continuous, matched
from verify.kernel.check import Verdict
from verify.kernel.cuts import Cuts
from verify.kernel.evidence import Bounds, Rule, ValueGap
from verify.kernel.exact import evaluate, settled_values
from verify.kernel.facts.rules import RULES
from verify.kernel.json import from_json
from verify.network import Builder, Network
from verify.network import network as networks
from verify.network.builder import dense, relu
from verify.network.loosening import loosened, radii
from verify.network.quantizer import Quantizer
from verify.property import CATALOGUE, Claim, find
from verify.property.base import in_coordinates
from verify.rational import Vector, concatenate, vector
from verify.region import Region, box
from verify.region.region import l1_ball, segment
from verify.search.budget import Budget
from verify.search.commands.compare import compare_networks
from verify.search.decide import decide
from verify.writing import to_json

FLOAT32 = Fraction(1, 2**24)


def one_step(scale: Fraction = Fraction(1), low: int = -3, high: int = 4, roundoff: Fraction = FLOAT32) -> Network:
    """x rounded to multiples of the scale."""
    net = Builder((1,), "steps")
    rounder = Quantizer(vector([scale]), vector([low]), vector([high]), roundoff)
    return net.build(net.add_block(net.input, relu=False, quantizer=rounder))


def same() -> Network:
    net = Builder((1,), "same")
    return net.build(net.input)


@pytest.mark.parametrize("seeds", chunks(52_000, 12, 1, campaign=150))
def test_verdicts_agree_with_exact_enumeration(seeds: range) -> None:
    decided = Counter[Verdict]()
    for seed in seeds:
        rng = random.Random(seed)
        first, second = quantized.pair(rng, 1)
        low = Fraction(rng.randint(-8, 8), 4)
        high = low + Fraction(rng.choice([0, 1, 1, 2, 4, 8]), 4)
        largest = quantized.largest(first, second, [low], [high])
        tried = [largest, largest * Fraction(9, 10), largest + Fraction(1, 2**40), largest * 2, largest * 4 + 1]
        for epsilon in rng.sample(tried, 2):
            pair = (first, second) if rng.random() < 0.7 else (second, first)
            claim = within(*pair, box([low], [high]), epsilon)
            outcome = decide(claim, Budget(None, work=200_000))
            decided[outcome.verdict] += 1
            if outcome.verdict is Verdict.PROVED:
                assert largest <= epsilon, (seed, epsilon)
            if outcome.verdict is Verdict.REFUTED:
                assert isinstance(outcome.evidence, ValueGap)
                x = outcome.evidence.assignment["x"]
                assert isinstance(x, Vector)
                gaps = zip(quantized.value(first, x), quantized.value(second, x), strict=True)
                found = max(abs(a - b) for a, b in gaps)
                assert epsilon < found <= largest, (seed, epsilon)
    if seeds.start == 52_000:  # fresh ones may lack one of them
        assert decided[Verdict.PROVED] and decided[Verdict.REFUTED], decided


def errors_at(network: Network, x: Vector) -> Vector:
    """What each rounding adds before its clip at x."""
    known, found = {0: x}, []
    for k, block in enumerate(network.blocks, start=1):
        z = block.bias
        for source, matrix in block.inputs:
            z = z + matrix.product(known[source])
        if block.quantizer is None:
            known[k] = Vector(np.maximum(z.numerators, 0), z.denominator) if block.relu else z
            continue
        known[k] = block.quantizer.settled(z)[0]
        ends = zip(block.quantizer.bottom.fractions(), block.quantizer.top.fractions(), strict=True)
        rows = zip(z.fractions(), known[k].fractions(), ends, strict=True)
        found.append(vector([y - value if low <= value <= high else 0 for value, y, (low, high) in rows]))
    return concatenate(found) if found else vector([])


def some_region(rng: random.Random, size: int) -> Region:
    centre = vector([Fraction(rng.randint(-4, 4), 4) for _ in range(size)])
    kind = rng.choice(["box", "box", "segment", "l1"])
    if kind == "segment":
        return segment(centre, centre + vector([Fraction(rng.randint(1, 4), 4) for _ in range(size)]))
    if kind == "l1":
        return l1_ball(centre, Fraction(1, 2))
    return box([v - Fraction(1, 3) for v in centre.fractions()], [v + 1 for v in centre.fractions()])


@pytest.mark.parametrize("seeds", chunks(53_000, 40, 1, campaign=41))
def test_networks_of_all_errors_are_the_networks_at_their_own_errors(seeds: range) -> None:
    aligned = points = 0
    for seed in seeds:
        rng = random.Random(seed)
        size = rng.randint(1, 3)
        first, second = quantized.pair(rng, size)
        claim = within(first, second, some_region(rng, size), Fraction(1))
        subject = continuous(claim)
        locals_ = [in_coordinates(network, claim.region)[0] for network in (first, second)]
        sizes = concatenate([radii(network) for network in locals_])
        assert subject.network.is_piecewise_linear
        assert subject.second is not None
        aligned += len(sizes) > 0 and matched(*locals_) is not None
        for _ in range(3):
            other = vector([Fraction(rng.randint(-8, 8), 16) for _ in range(claim.region.dimension)])
            t = claim.region.base.centre() + other.scaled(Fraction(1, 2))
            if not claim.region.holds(t):
                continue
            points += 1
            errors = concatenate([errors_at(network, t) for network in locals_])
            assert all(abs(e) <= r for e, r in zip(errors.fractions(), sizes.fractions(), strict=True)), seed
            both = concatenate([t, errors])
            if len(sizes):
                assert subject.region.holds(both), seed
                for made, network in zip((subject.network, subject.second), locals_, strict=True):
                    assert evaluate(made, both) == vector(quantized.value(network, t)), seed
    assert aligned and points > len(seeds), (aligned, points)


def test_values_lie_within_the_radii_however_the_quotient_is_rounded() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        scale = Fraction(rng.randint(1, 9), rng.randint(1, 9))
        low = rng.randint(-5, 3)
        rounder = Quantizer(
            vector([scale]), vector([low]), vector([low + rng.randint(0, 9)]), rng.choice([FLOAT32, Fraction(1, 256)])
        )
        z = scale * rng.choice([Fraction(rng.randint(-40, 40), 2), Fraction(rng.randint(-999, 999), 97)])
        quotient = z / scale
        p = quotient + rounder.roundoff * max(abs(quotient), Fraction(1)) * Fraction(rng.randint(-4, 4), 4)
        if (quotient >= rounder.low[0]) != (p >= rounder.low[0]) or (quotient <= rounder.high[0]) != (
            p <= rounder.high[0]
        ):
            p = quotient  # division is monotone, and exact where the quotient is an end
        value = scale * min(max(Fraction(round(p)), rounder.low[0]), rounder.high[0])
        below, above = (
            min(max(z + r, rounder.bottom[0]), rounder.top[0]) for r in (-rounder.radii[0], rounder.radii[0])
        )
        assert below <= value <= above
        nearest, near = rounder.settled(vector([z]))
        assert near is not None or nearest[0] == value


def test_ties_have_no_value_and_saturated_ones_have() -> None:
    network = one_step()
    for x, expected in ((Fraction(1, 4), 0), (Fraction(3, 4), 1), (Fraction(9, 2), 4), (Fraction(-99), -3)):
        assert settled_values(network, vector([x])) == vector([expected])
    for x in (Fraction(1, 2), Fraction(3, 2), Fraction(1, 2) + Fraction(1, 2**25), Fraction(5, 2) - FLOAT32):
        with pytest.raises(EvidenceError, match="tie"):
            settled_values(network, vector([x]))
        assert network([x])[0] == round(x)


def test_half_a_step_is_proved_and_less_is_refuted() -> None:
    region = box([0], [3])
    widened = Fraction(1, 2) + 4 * FLOAT32
    assert decide(within(one_step(), same(), region, widened), Budget(None, work=20_000)).verdict is Verdict.PROVED
    assert (
        decide(within(one_step(), same(), region, Fraction(49, 100)), Budget(None, work=20_000)).verdict
        is Verdict.REFUTED
    )
    saturated = within(one_step(), same(), box([0], [5]), Fraction(99, 100))
    assert decide(saturated, Budget(None, work=20_000)).verdict is Verdict.REFUTED
    assert (
        decide(replace(saturated, property=find("equivalent within 101/100")), Budget(None, work=20_000)).verdict
        is Verdict.PROVED
    )


def test_a_point_that_is_a_tie_is_not_decided_below_half_a_step() -> None:
    tie = within(one_step(), same(), box([Fraction(1, 2)], [Fraction(1, 2)]), Fraction(1, 4))
    assert decide(tie, Budget(None, work=20_000)).verdict is Verdict.UNKNOWN


def deep() -> tuple[Network, Network]:
    """A network of one input whose hidden values are rounded to quarters, and the one that does not round."""
    found = []
    for rounds in (True, False):
        net = Builder((2,), "deep" if rounds else "plain")
        x = relu(dense(net.input, [[1, -1], [Fraction(1, 2), 2]], [0, 1]))
        if rounds:
            rounder = Quantizer(vector([Fraction(1, 4)] * 2), vector([0, 0]), vector([15, 15]), FLOAT32)
            x = net.add_block(x, relu=False, quantizer=rounder)
        found.append(net.build(dense(x, [[1, 1]], [0])))
    return found[0], found[1]


def test_forged_evidence_is_rejected() -> None:
    first, second = deep()
    region = box([0, 0], [1, 1])
    claim = within(first, second, region, Fraction(3, 10))
    outcome = decide(claim, Budget(None, work=20_000))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.evidence is not None
    questions = claim.questions()
    assert isinstance(questions, list)
    again = from_json(to_json(outcome.evidence), [question.network for question in questions])
    assert judged(claim, again).verdict is Verdict.PROVED
    assert any("QuantizeLinear" in line for line in judged(claim, again).assumptions)
    for epsilon in (Fraction(1, 4), Fraction(1, 8)):
        smaller = within(first, second, region, epsilon)
        with pytest.raises(EvidenceError, match=f"'difference': the bound on a part of the region exceeds {epsilon}"):
            judged(smaller, again)
        with pytest.raises(EvidenceError, match="'bounds': the bounds do not settle a part"):
            judged(smaller, Bounds(Cuts(np.zeros(1, dtype=np.int64)), single=False))
    for rule in RULES:
        with pytest.raises(EvidenceError, match="no theorem"):
            judged(claim, Rule(rule))
    tie = within(one_step(), same(), box([0], [1]), Fraction(1, 4))
    with pytest.raises(EvidenceError, match="tie"):
        judged(tie, ValueGap({"x": vector([Fraction(1, 2)])}, 0))
    with pytest.raises(EvidenceError, match="'value gap': the instance satisfies the formula"):
        judged(tie, ValueGap({"x": vector([Fraction(1, 8)])}, 0))


def test_every_other_question_is_refused_by_name() -> None:
    network, region = one_step(), box([0], [1])
    families = ["nondecreasing in 0", "nonincreasing in 0", "lipschitz 1 in linf", "never 1*y0 <= -1", "no dead units"]
    names = [*CATALOGUE, *families]
    for name in names:
        with pytest.raises(NetworkError, match="not continuous"):
            Claim(network, find(name), region, same())
    with pytest.raises(NetworkError, match="not continuous"):
        Claim(same(), find("equivalent"), region, network)
    for ask in (api.explain, api.lipschitz, api.pieces, api.symbolic_form):
        with pytest.raises(NetworkError, match="not continuous"):
            ask(network, region)
    for refused in (lambda: evaluate(network, vector([0])), lambda: network(np.array([0.5]))):
        with pytest.raises(NetworkError, match="not continuous"):
            refused()


def test_smooth_networks_are_no_partners() -> None:
    net = Builder((1,), "smooth")
    smooth = net.build(net.add_block(net.input, relu=False, smooth="tanh"))
    with pytest.raises(PropertyError, match="smooth"):
        within(one_step(), smooth, box([0], [1]), Fraction(1))


def test_quantizers_travel_in_records_and_malformed_ones_are_refused() -> None:
    first, _ = deep()
    data = networks.to_json(first)
    assert networks.from_json(data).canonical_digest == first.canonical_digest
    (item,) = [block for block in data["blocks"] if "quantizer" in block]
    for key, value, said in (
        ("scale", ["0", "1"], "scale of a quantizer is not positive"),
        ("scale", ["1"], "a scale and two ends for each value"),
        ("low", ["99", "99"], "lower end of a quantizer is above its upper end"),
        ("high", ["1/2", "1"], "ends of a quantizer are not integers"),
        ("roundoff", "1", "ends of a quantizer are not integers that the type of its scale has"),
        ("roundoff", "-1", "roundoff of a quantizer is not that of a type of floats"),
    ):
        kept = item["quantizer"][key]
        item["quantizer"][key] = value
        with pytest.raises(NetworkError, match=said):
            networks.from_json(data)
        item["quantizer"][key] = kept


def test_compare_bounds_the_difference_and_says_what_rounding_does() -> None:
    first, second = deep()
    found = compare_networks(first, second, box([0, 0], [1, 1]), Budget(None, work=20_000))
    assert found.upper is not None
    assert found.lower <= found.upper
    assert Fraction(1, 5) < found.lower < Fraction(1, 4) + Fraction(1, 1000)
    assert found.unrounded == 0
    assert "not rounded" in found.cause


def test_a_clip_in_one_network_only_counts_where_it_acts() -> None:
    """Far from saturation the difference is that of the roundings alone."""
    first, second = deep()
    claim = continuous(within(first, second, box([0, 0], [1, 1]), Fraction(1)))
    assert claim.second is not None
    assert [(b.size, b.relu) for b in claim.network.blocks] == [(b.size, b.relu) for b in claim.second.blocks]
    assert loosened(first, 0, 2).input_size == 4
    near_zero, wide = within(first, second, box([0, 0], [1, 1]), Fraction(3, 10)), box([0, 0], [20, 20])
    assert decide(near_zero, Budget(None, work=200_000)).verdict is Verdict.PROVED
    # Beyond 15 quarters the values of one network stay, and those of the other go on to 51.
    found = decide(within(first, second, wide, Fraction(30)), Budget(None, work=200_000))
    assert found.verdict is Verdict.REFUTED
    assert decide(within(first, second, wide, Fraction(48)), Budget(None, work=200_000)).verdict is Verdict.PROVED
