"""``decide``: known verdicts, every engine, and brute force by Z3 on random small claims."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.corpus import Corpus
from tests.support.judging import judged
from tests.support.outside import outside
from tests.support.random_claims import claim as random_claim
from tests.support.seeds import chunks
from tests.support.z3_verdicts import key_of, table, z3_verdict
from verify import api, writing
from verify.errors import InputError, RegionError
from verify.kernel import json as kernel_json
from verify.kernel.check import Verdict
from verify.kernel.core import cell
from verify.kernel.exact import AffineForm
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, Criterion, Question, Vacuous
from verify.region import box
from verify.search.budget import Budget
from verify.search.decide import ENGINE_NAMES, decide
from verify.search.dividing.cells import cells
from verify.search.outcome import Outcome
from verify.search.problem import Problem, prepare

P, R = Verdict.PROVED, Verdict.REFUTED

# (network, property, region, verdict), each worked out by hand.
KNOWN = [
    ("relu", "affine", "all", R),
    ("relu", "linear", "all", R),
    ("relu", "additive", "all", R),
    ("relu", "superposition", "all", R),
    ("relu", "homogeneous", "all", R),
    ("relu", "positively homogeneous", "all", P),
    ("relu", "odd", "all", R),
    ("relu", "even", "all", R),
    ("relu", "constant", "all", R),
    ("relu", "constant", "box(-2, 0)", P),
    ("relu", "linear", "nonneg", P),
    ("relu", "additive", "box(-1, 2)", R),
    ("identity_pair", "linear", "all", P),
    ("identity_pair", "additive", "all", P),
    ("identity_pair", "homogeneous", "all", P),
    ("identity_pair", "odd", "all", P),
    ("identity_pair", "even", "all", R),
    ("identity_pair", "affine", "l1ball([1, 1], 3)", P),
    ("identity_pair", "constant", "segment([0, 0], [2, 1])", P),
    ("abs", "even", "all", P),
    ("abs", "odd", "all", R),
    ("abs", "affine", "all", R),
    ("abs", "linear", "box(-2, -1)", P),
    ("abs", "positively homogeneous", "all", P),
    ("abs", "homogeneous", "all", R),
    ("max", "affine", "all", R),
    ("max", "linear", "where(x0 >= x1)", P),
    ("max", "affine", "where(x0 >= x1 - 1/1000)", R),
    ("max", "additive", "box(1, 3/2)", P),  # no x, y of it have x + y in it
    ("max", "superposition", "box(1, 3/2)", R),
    ("max", "positively homogeneous", "box(1, 3/2)", P),
    ("leaky", "affine", "box(-1, 1)", R),
    ("leaky", "linear", "box(-1, 0)", P),
    ("thread", "affine", "nonneg", R),
    ("thread_nonneg", "affine", "nonneg", P),
    ("thread_nonneg", "additive", "nonneg", R),
    ("thread_nonneg", "linear", "nonneg", R),
    ("dead", "affine", "box(0, 1)", P),
    ("dead", "linear", "box(0, 1)", R),
    ("dead", "affine", "all", R),
    ("dead", "linear", "box(6, 7)", P),
    ("unused", "linear", "all", P),
    ("maxpool", "affine", "all", R),
    ("maxpool", "positively homogeneous", "all", P),
    ("clip", "linear", "box(0, 6)", P),
    ("clip", "affine", "box(5, 7)", R),
    ("clip", "constant", "box(6, 9)", P),
    ("clip", "linear", "box(6, 9)", R),
    ("clip", "positively homogeneous", "box(6, 9)", R),
    ("zero_bias", "positively homogeneous", "all", P),
    ("zero_bias", "affine", "all", R),
]


@pytest.mark.parametrize(("network", "name", "region", "verdict"), KNOWN)
def test_known_verdicts(network: str, name: str, region: str, verdict: Verdict) -> None:
    claim = api.make_claim(network, name, region)
    outcome = decide(claim, Budget())
    assert outcome.verdict is verdict
    assert outcome.assurance == "checked"
    assert replayed(claim, outcome) is verdict


def replayed(claim: Claim, outcome: Outcome) -> Verdict:
    """The verdict that the kernel gives to the evidence after a round trip through JSON text."""
    assert outcome.evidence is not None
    text = json.dumps(writing.to_json(outcome.evidence))
    questions = claim.questions()
    networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    judgement = judged(claim, kernel_json.from_json(json.loads(text), networks))
    assert judgement.vacuous == outcome.vacuous
    return judgement.verdict


# Rules decide it at once; its cells alone take many seconds to list.
EXPENSIVE_TO_SPLIT = ("zero_bias", "positively homogeneous", "all")


@pytest.mark.parametrize(
    ("engine", "proves", "refutes"),
    [
        ("rules", True, False),
        ("probe", False, True),
        ("stability", True, False),
        ("bend", False, True),
        ("rewriting", True, False),
        ("crossing", False, True),
        ("sampling", False, True),
        ("split", True, True),
        ("z3", True, True),
    ],
)
def test_engines_alone(engine: str, proves: bool, refutes: bool) -> None:
    seen: set[Verdict] = set()
    for network, name, region, verdict in KNOWN:
        if engine == "split" and (network, name, region) == EXPENSIVE_TO_SPLIT:
            continue
        outcome = decide(api.make_claim(network, name, region), Budget(60), engine, shrinking=False)
        found = outcome.verdict
        assert found in (verdict, Verdict.UNKNOWN), f"{network} {name} {region}: {found}"
        if engine == "split":
            assert found is verdict, f"{network} {name} {region}: {outcome.reason}"
        # Any engine proves what quantifies over nothing.
        if not outcome.vacuous:
            seen.add(found)
    assert (P in seen, R in seen) == (proves, refutes)


def test_every_engine_is_tested() -> None:
    [mark] = [m for m in vars(test_engines_alone)["pytestmark"] if m.name == "parametrize"]
    # all in turn: test_known_verdicts;
    # about two networks, bounds, smooth units, dead units: test_difference.py, test_bounds.py, test_smooth.py, and
    # tests/property/test_units.py; about quantized networks: test_quantized.py
    elsewhere = {"auto", "difference", "bounds", "smooth", "units", "quantized"}
    assert {engine for engine, *_ in mark.args[1]} | elsewhere == set(ENGINE_NAMES)


def test_no_engine_accepts_an_empty_region() -> None:
    claim = api.make_claim("max", "affine", "where(x0 + x1 <= 0, x0 + x1 >= 1)")
    for engine in ENGINE_NAMES:
        with pytest.raises(RegionError, match="empty"):
            decide(claim, Budget(), engine)


def test_every_engine_says_that_a_claim_is_vacuous() -> None:
    claim = api.make_claim("max", "additive", "segment([1, 0], [0, 1])")
    assert all(decide(claim, Budget(), engine).vacuous for engine in ENGINE_NAMES)


def test_unknown_engine() -> None:
    with pytest.raises(InputError, match="unknown engine 'guess'; known: auto, rules"):
        decide(api.make_claim("relu", "affine"), Budget(), "guess")


def test_the_outcome_says_what_was_tried() -> None:
    outcome = decide(api.make_claim("identity_pair", "linear"), Budget())
    assert outcome.engine == outcome.tried[-1]
    assert set(outcome.tried) <= set(ENGINE_NAMES)
    assert decide(api.make_claim("relu", "affine"), Budget(), "rules").tried == ("rules",)


# Brute force.

# In all claims Z3 must decide more than 98 %; the few that it does not may come together.
MAX_UNDECIDED = 8


@pytest.mark.parametrize("seeds", chunks(0, 100, 3, campaign=27))
def test_random_claims_against_z3(seeds: range, corpus: Corpus) -> None:
    undecided = 0
    for seed in seeds:
        claim, ours = corpus.decided(seed)
        theirs, verdict = z3_verdict(claim, 2), ours.verdict
        assert verdict is not Verdict.UNKNOWN, f"seed {seed}: {ours.reason}"
        assert theirs in (verdict, Verdict.UNKNOWN), f"seed {seed}: {verdict} here, {theirs} by Z3"
        assert ours.assurance == "checked", f"seed {seed}"
        assert replayed(claim, ours) is verdict, f"seed {seed}"
        undecided += theirs is Verdict.UNKNOWN
    assert undecided <= MAX_UNDECIDED


def test_z3s_verdicts_are_found_in_their_table() -> None:
    missing = [seed for seed in range(100) if key_of(random_claim(seed)) not in table()]
    assert len(missing) <= MAX_UNDECIDED, "the claims are written otherwise than when Z3 was asked: make verdicts"


# Recorded counts of degenerate networks: duplicates, parallel and concurrent hyperplanes, thin cells, dead units.

RECORDED = Path("peers") / "degenerate_nets.json"
MAX_CELLS = 200
# Listing the largest of those takes most of the time; tests/arrangement/test_count.py counts the cells of all.
MANY_CELLS = (32, 57, 58, 59, 60)


@cache
def recorded() -> dict[str, Any]:
    data = json.loads(outside(str(RECORDED)).read_text())
    assert isinstance(data, dict)
    return data


def network_of(layers: list[dict[str, Any]]) -> Network:
    x = (builder := Builder((len(layers[0]["W"][0]),), "degenerate")).input
    for i, layer in enumerate(layers):
        weights = [[float.fromhex(w) for w in row] for row in layer["W"]]
        x = dense(x.named(f"dense{i}"), weights, [float.fromhex(b) for b in layer["b"]])
        x = relu(x) if i < len(layers) - 1 else x
    return builder.build(x)


def key(forms: list[AffineForm]) -> tuple[str, ...]:
    return tuple(text for form in forms for text in (*form.coefficients.strings(), str(form.constant)))


@pytest.mark.networks
@pytest.mark.parametrize(
    "index", [pytest.param(i, marks=pytest.mark.campaign) if i in MANY_CELLS else i for i in range(63)]
)
def test_degenerate_networks(index: int) -> None:
    data = recorded()
    assert len(data) == 63
    name = sorted(data)[index]
    expected = data[name]
    if expected["cells"] > MAX_CELLS:
        pytest.skip(f"{name} has {expected['cells']} cells; at most {MAX_CELLS} are listed here")
    network = network_of(expected["layers"])
    size = network.input_size
    question = Question(network, box([-1] * size, [1] * size), Criterion.AFFINE, None, "")
    problem = prepare(question, Budget())
    assert isinstance(problem, Problem)
    found = [key(cell.maps) for cell in cells(problem, Budget())]
    assert (len(found), len(set(found))) == (expected["cells"], expected["distinct_affine_maps"]), name


@pytest.mark.parametrize("seeds", chunks(5000, 50, 2, campaign=20))
def test_verdicts_on_the_way_of_large_networks(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Float filter, float search, rows one by one and cells instead of rows, on networks that Z3 can do."""
    monkeypatch.setattr(cell, "FORWARD_WORK", -1)
    for seed in seeds:
        claim = random_claim(seed)
        expected = z3_verdict(claim, 5)
        assert expected in (decide(claim, Budget(60)).verdict, Verdict.UNKNOWN), seed
