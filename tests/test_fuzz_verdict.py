"""``verify.fuzz_verdict``: whatever calls a false claim proved is named; what the engines prove survives."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import verify
from tests.support.corpus import Corpus
from tests.support.random_claims import INEQUALITIES, inequality
from tests.support.seeds import chunks, seeds
from verify import api
from verify.errors import PropertyError, RegionError, WrongVerdict
from verify.fuzzing import fuzz_verdict
from verify.kernel.check import Verdict
from verify.network import Builder, examples
from verify.network.builder import dense, relu
from verify.property import Claim, find
from verify.region import box
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Attestation, Outcome


class Vacuous(Outcome):
    """An outcome that calls itself vacuous."""

    @property
    def vacuous(self) -> bool:
        return True


def forged(claim: Claim, *, vacuous: bool = False) -> Result:
    """The claim, called proved by an engine that lies."""
    kind = Vacuous if vacuous else Outcome
    outcome = kind(Attestation("liar 1.0"), None, "liar", ("liar",), 0.0)
    return Result(claim, outcome, claim.network, claim.second)


FALSE = [
    ("relu", "affine", "all"),
    ("relu", "linear", "box(-1, 1)"),
    ("dead", "linear", "box(0, 1)"),
    ("thread_nonneg", "additive", "nonneg"),
    ("clip", "superposition", "nonneg"),
    ("clip", "constant", "nonneg"),
    ("clip", "positively homogeneous", "nonneg"),
    ("abs", "homogeneous", "all"),
    ("abs", "odd", "all"),
    ("relu", "even", "ball(0, 1)"),
]


@pytest.mark.parametrize(("name", "prop", "region"), FALSE)
def test_a_liar_is_named(name: str, prop: str, region: str) -> None:
    net = examples.get(name)
    claim = Claim(net, find(prop), api.parse_region(region, net))
    with pytest.raises(WrongVerdict, match=r"liar \(attested\) is wrong about .* add up to"):
        fuzz_verdict(forged(claim))


def test_a_liar_about_two_networks_is_named() -> None:
    claim = Claim(
        examples.get("relu"), find("equivalent"), api.parse_region("all", examples.get("relu")), examples.get("abs")
    )
    with pytest.raises(WrongVerdict, match="liar"):
        fuzz_verdict(forged(claim))


def test_a_claim_wrongly_called_vacuous() -> None:
    net = examples.get("max")
    claim = Claim(net, find("additive"), api.parse_region("nonneg", net))
    with pytest.raises(WrongVerdict, match="not vacuous"):
        fuzz_verdict(forged(claim, vacuous=True))
    apart = verify.check(net, "positively homogeneous", on="segment([1, 0], [0, 1])")
    assert apart.vacuous
    fuzz_verdict(apart, examples=50)


def test_what_is_not_proved_has_nothing_to_try() -> None:
    found = fuzz_verdict(verify.check("relu", "affine"))
    assert (found.instances, found.reason) == (0, "the verdict is refuted")


def test_an_unknown_property_is_refused() -> None:
    chaotic = replace(find("odd"), name="chaotic", draw=None)
    claim = Claim(examples.get("relu"), chaotic, api.parse_region("all", examples.get("relu")))
    with pytest.raises(PropertyError, match="no instances of 'chaotic'"):
        fuzz_verdict(forged(claim))


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_proved_claims_survive(seed: int, corpus: Corpus) -> None:
    result = corpus.result(seed)
    found = fuzz_verdict(result, examples=60)
    if result.verdict is Verdict.PROVED and not result.vacuous:
        assert found.instances > 0


@pytest.mark.parametrize("seeds", chunks(60, 5, 1, campaign=20))
def test_proved_claims_survive_thousands(seeds: range, corpus: Corpus) -> None:
    for seed in seeds:
        fuzz_verdict(corpus.result(seed), examples=2000)


def test_large_networks_are_tried_in_floats() -> None:
    rng = np.random.default_rng(0)
    net = Builder((150,), "wide")
    hidden = relu(dense(net.input, rng.integers(0, 9, (150, 150)) / 8))
    claim = Claim(net.build(dense(hidden, rng.normal(size=(1, 150)))), find("linear"), box([0] * 150, [None] * 150))
    result = Result(claim, decide(claim, Budget(30)), claim.network)
    assert result.verdict is Verdict.PROVED
    found = fuzz_verdict(result, examples=10)
    assert found.in_floats == found.instances >= 10


FALSE_INEQUALITIES = [
    ("relu", "concave", "all"),
    ("clip", "convex", "box(-1, 9)"),
    ("relu", "superadditive", "all"),
    ("abs", "nondecreasing in 0", "all"),
    ("relu", "nonincreasing in 0", "box(-1, 1)"),
    ("max", "lipschitz 1/2 in l2", "box(-1, 1)"),
    ("max", "lipschitz 99/100 in linf", "all"),
]


@pytest.mark.parametrize(("name", "prop", "region"), FALSE_INEQUALITIES)
def test_a_liar_about_an_inequality_is_named(name: str, prop: str, region: str) -> None:
    net = examples.get(name)
    claim = Claim(net, find(prop), api.parse_region(region, net))
    with pytest.raises(WrongVerdict, match=r"liar \(attested\) is wrong about .* which breaks"):
        fuzz_verdict(forged(claim))


@pytest.mark.parametrize("usage", INEQUALITIES)
def test_proved_inequalities_survive(usage: str) -> None:
    """A vacuous monotonicity claim has instances with t = 0 only, and these do not count against it."""
    survived = 0
    for seed in range(8):
        claim = inequality(seed, usage)
        try:
            outcome = decide(claim, Budget(5), shrinking=False)
        except RegionError:
            continue
        if outcome.verdict is Verdict.PROVED:
            survived += fuzz_verdict(Result(claim, outcome, claim.network), examples=30).instances > 0
    assert survived > 1
