"""The strategies: what they draw is valid, degenerate often enough, and shrinks; the properties that need them."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tests.network import reference
from tests.support.judging import judged
from tests.support.seeds import seeds
from verify import pytest_plugin, strategies
from verify.errors import InputError, RegionError
from verify.formats.expressions import parse_region
from verify.fuzzing import fuzz_verdict
from verify.kernel import json as kernel_json
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate
from verify.network import Network, examples
from verify.network import network as network_module
from verify.property import CATALOGUE, Claim, Vacuous
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace, Region, ball, box, polyhedron
from verify.region import region as region_module
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.solver.literal import decide_with_z3
from verify.strategies import claims, conv_networks, networks, points_in, regions

# Small claims take a few milliseconds each; most of the profile's examples are enough where Z3 decides too.
FEW = settings(max_examples=max(10, settings().max_examples * 4 // 5))
ANY_REGION = st.integers(1, 3).flatmap(regions)


def example(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool], seed: int = 0) -> Any:
    """The shrunk example of the strategy that is wanted."""
    return find(strategy, wanted, random=Random(seed), settings=settings(max_examples=1000, database=None))


def rows(network: Network, block: int = 0) -> list[tuple[list[Fraction], Fraction]]:
    """Weights of the input in a block, and the bias, for each unit."""
    (_, matrix), *_ = network.blocks[block].inputs or ((0, None),)
    dense = np.zeros((network.blocks[block].size, network.input_size), dtype=object)
    if matrix is not None:
        dense[matrix.row_of_entry, matrix.columns] = matrix.fractions()
    return [
        ([Fraction(w) for w in row], bias)
        for row, bias in zip(dense, network.blocks[block].bias.fractions(), strict=True)
    ]


def proportional(network: Network, factor: int) -> bool:
    """Whether some unit of the first layer is that multiple of an earlier one (which is not zero)."""
    units = [[*row, bias] for row, bias in rows(network)]
    pairs = [(a, b) for i, b in enumerate(units) for a in units[:i] if any(a)]
    return any([factor * v for v in a] == b for a, b in pairs)


DEGENERATE: dict[str, Callable[[Network], bool]] = {
    "a duplicate": lambda n: proportional(n, 1),
    "a negated unit": lambda n: proportional(n, -1),
    "a rescaled unit": lambda n: proportional(n, 2),
    "a zero unit": lambda n: any(not any(row) and not bias for row, bias in rows(n)),
    "a tiny bias": lambda n: any(bias == Fraction("1e-30") for _, bias in rows(n)),
    "two layers": lambda n: len(list(n.relu_blocks())) > 1,
    "a skip": lambda n: any(s == 0 for s, _ in n.blocks[-1].inputs),
    "a constant layer": lambda n: all(not any(row) for row, _ in rows(n)) and n.relu_count > 1,
    "two outputs": lambda n: n.output_size == 2,
}


def counted(strategy: st.SearchStrategy[Any], kinds: dict[str, Callable[[Any], bool]], draws: int) -> dict[str, int]:
    """How many of the examples are of each kind."""
    counts = dict.fromkeys(kinds, 0)

    @settings(max_examples=draws, database=None, phases=[Phase.generate], derandomize=True)
    @given(strategy)
    def count(drawn: Any) -> None:
        for kind, is_one in kinds.items():
            counts[kind] += is_one(drawn)

    count()
    return counts


def test_degenerate_networks_are_common() -> None:
    assert min((counts := counted(networks(), DEGENERATE, 200)).values()) >= 3, counts


REGIONS: dict[str, Callable[[Region], bool]] = {
    "a single point": lambda r: isinstance(r.base, Box) and bool(r.base.pinned.all()),
    "unbounded": lambda r: not r.base.is_bounded,
    "an L1 ball": lambda r: not isinstance(r.base, Box),
    "a chart": lambda r: r.chart is not None,
    "cut by a half-space": lambda r: len(r.rows) == 1,
    "flattened by two": lambda r: len(r.rows) == 2,
    "without 0": lambda r: not r.contains_origin,
}


def test_every_kind_of_region_is_common() -> None:
    assert min((counts := counted(regions(2), REGIONS, 300)).values()) >= 3, counts


def bends(network: Network) -> bool:
    """Whether f is not affine between -1, 0 and 1 (in every coordinate)."""
    low, middle, high = (evaluate(network, vector([v] * network.input_size)) for v in (-1, 0, 1))
    return not (low + high - middle.scaled(Fraction(2))).is_zero()


@pytest.mark.parametrize("seed", seeds(1, campaign=3))
def test_a_failing_network_shrinks(seed: int) -> None:
    network = example(networks(), bends, seed)
    assert network.relu_count <= 2
    numbers = [w for block in network.blocks for _, m in block.inputs for w in m.fractions()]
    numbers += [b for block in network.blocks for b in block.bias.fractions()]
    assert sum(bool(v) for v in numbers) <= 4
    assert all(abs(v) <= 2 and v.denominator == 1 for v in numbers)


def test_a_failing_convolution_shrinks() -> None:
    network = example(conv_networks(), bends)
    assert network.input_size <= 2
    assert network.relu_count <= 2


def test_a_failing_point_shrinks() -> None:
    wanted: Callable[[Vector], bool] = lambda p: p[1] >= 2  # noqa: E731
    assert example(points_in(box([-5] * 3, [5] * 3)), wanted) == vector([0, 2, 0])
    assert example(points_in(box([None] * 2, [None] * 2)), wanted) == vector([0, 2])
    found = example(points_in(box([0] * 40, [1] * 40)), lambda p: p[7] > 0)
    assert sum(bool(v) for v in found.fractions()) <= 8


def test_a_network_is_described_by_its_formula() -> None:
    assert strategies.describe(examples.get("abs")).splitlines() == [
        "<Network abs: 1 input, 1 ReLU, 1 output>",
        "  y1[0] = relu(1 x[0])",
        "  y2[0] = -1 x[0] + 2 y1[0]",
    ]


@given(networks() | conv_networks(), st.data())
def test_networks_are_evaluated_as_written(network: Network, data: st.DataObject) -> None:
    point = data.draw(points_in(box([-3] * network.input_size, [3] * network.input_size)))
    expected = reference.value(network, point.fractions()).ravel().tolist()
    assert evaluate(network, point).fractions() == expected


@given(networks() | conv_networks())
def test_networks_survive_json(network: Network) -> None:
    text = json.dumps(network_module.to_json(network))
    again = network_module.from_json(json.loads(text))
    assert json.dumps(network_module.to_json(again)) == text


@given(ANY_REGION)
def test_regions_survive_json_and_text(region: Region) -> None:
    data = region_module.to_json(region)
    assert region_module.to_json(region_module.from_json(json.loads(json.dumps(data)))) == data
    assert region_module.to_json(parse_region(region.text, region.ambient)) == data


@given(ANY_REGION, st.data())
def test_points_lie_in_their_region(region: Region, data: st.DataObject) -> None:
    assert region.contains(data.draw(points_in(region)))


def test_points_of_an_empty_region() -> None:
    rows = [HalfSpace(vector([1, 1]), Fraction(-1)), HalfSpace(vector([-1, -1]), Fraction(-1))]
    with pytest.raises(RegionError, match="no point satisfies"):
        points_in(polyhedron(2, rows))


def test_points_of_a_single_point() -> None:
    assert example(points_in(ball(vector(["1/3", 2]), 0)), lambda p: True) == vector(["1/3", 2])


@given(claims())
def test_evidence_survives_json_and_verdicts_survive_fuzzing(claim: Claim) -> None:
    outcome = decide(claim, Budget(5))
    if outcome.evidence is None:
        return
    questions = claim.questions()
    sizes = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    text = json.dumps(kernel_json.to_json(outcome.evidence))
    again = kernel_json.from_json(json.loads(text), sizes)
    assert json.dumps(kernel_json.to_json(again)) == text
    judgement = judged(claim, again)
    assert (judgement.verdict, judgement.vacuous) == (outcome.verdict, outcome.vacuous)
    fuzz_verdict(Result(claim, outcome, claim.network, claim.second), examples=8)


@FEW
@given(claims(network=networks(max_units=3)))
def test_verdicts_agree_with_brute_force(claim: Claim) -> None:
    ours, theirs = decide(claim, Budget(5)), decide_with_z3(claim, Budget(0.5))
    both = {ours.verdict, theirs.verdict}
    assert both != {Verdict.PROVED, Verdict.REFUTED}


@given(st.data())
def test_claims_have_the_properties_asked_for(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(CATALOGUE)))
    claim = data.draw(claims(properties=[name]))
    assert claim.property.name == name
    assert (claim.second is not None) == claim.property.needs_second


@pytest.mark.parametrize("name", strategies.PROFILES)
def test_profiles(name: str) -> None:
    before = settings.get_current_profile_name()
    try:
        strategies.load_profile(name)
        assert settings().max_examples == strategies.PROFILES[name]
        assert settings().deadline is None
    finally:
        settings.load_profile(before)


def test_the_plugin_loads_a_profile(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings.get_current_profile_name()
    monkeypatch.setattr(pytestconfig.option, "verify_profile", "quick")
    try:
        pytest_plugin.pytest_configure(pytestconfig)
        assert settings.get_current_profile_name() == "verify-quick"
    finally:
        settings.load_profile(before)


def test_unknown_profile() -> None:
    with pytest.raises(InputError, match="known: quick, ci, campaign"):
        strategies.load_profile("fast")
