"""Every reduction against the literal definition in Z3, on random tiny networks and regions of every kind."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support import random_claims
from tests.support.seeds import chunks, seeds
from tests.support.z3_verdicts import z3_verdict
from verify.errors import PropertyError, RegionError
from verify.kernel.check import Verdict, evaluated_instance
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Assignment, Claim, Term, Vacuous, find
from verify.property.base import Criterion
from verify.rational import Vector, vector, zeros
from verify.region import HalfSpace, Region, ball, box, everything, intersection, l1_ball, nonnegative, segment, window
from verify.search.budget import Budget
from verify.search.decide import decide


def compared(claim: Claim) -> str:
    """``same`` when both decide and agree; a disagreement fails."""
    try:
        ours = decide(claim, Budget(10), shrinking=False)
    except RegionError:
        return "empty"
    reference = z3_verdict(claim, 2)
    verdicts = {ours.verdict, reference}
    if Verdict.UNKNOWN in verdicts:
        return "unknown"
    assert len(verdicts) == 1, f"{claim.property.name}: {ours.verdict} but Z3 {reference}"
    if ours.vacuous:
        return "vacuous"
    return ours.verdict.value


@pytest.mark.parametrize("seeds", chunks(0, 20, 1, campaign=16))
@pytest.mark.parametrize("name", CATALOGUE)
def test_reduction_agrees_with_the_literal_definition(name: str, seeds: range) -> None:
    results = [compared(random_claims.claim(seed, (name,))) for seed in seeds]
    if not seeds.start:  # fresh ones may lack one of them
        assert sum(r not in ("unknown", "empty") for r in results) >= 10
        assert "refuted" in results
        assert "proved" in results or "vacuous" in results


# Regions where a reduction changes its question: with 0 inside, on the edge, outside, not even in the hull.
REGIONS: dict[str, Region] = {
    "all": everything(2),
    "orthant": nonnegative(2),
    "symmetric": box([-1, -2], [1, 2]),
    "0 at a corner": box([0, 0], [1, 1]),
    "0 outside": box([1, 1], [2, 3]),
    "0 outside, sums inside": box([1, "1/2"], [4, 2]),
    "flat with 0": box([0, -1], [0, 1]),
    "flat without 0": box([1, -1], [1, 1]),
    "flat, 0 in the hull": box([0, 1], [0, 2]),
    "half-infinite": box([None, 1], [0, None]),
    "the origin": ball(zeros(2), 0),
    "a point": ball(vector([1, -1]), 0),
    "L1 ball at 0": l1_ball(zeros(2), 1),
    "L1 ball beside 0": l1_ball(vector([2, 0]), 1),
    "L1 ball touching 0": l1_ball(vector([1, 0]), 1),
    "edge of an L1 ball, 0 in its line": intersection(
        l1_ball(vector([2, -1]), 1), box([None, None], [None, None]).with_rows([HalfSpace(vector([1, 1]), Fraction(0))])
    ),
    "corner of an L1 ball, at 0": intersection(l1_ball(vector([-1, 0]), 1), box([0, None], [None, None])),
    "corner of an L1 ball, elsewhere": intersection(l1_ball(vector([0, 1]), 1), box([1, None], [None, None])),
    "segment through 0": segment(vector([-1, 2]), vector([2, -4])),
    "segment from 0": segment(zeros(2), vector([1, -1])),
    "segment in a line through 0": segment(vector([1, -1]), vector([3, -3])),
    "segment beside 0": segment(vector([1, 0]), vector([0, 1])),
    "slice through 0": window(vector([1, 1]), [vector([1, 1])], [-3], [None]),
    "slice beside 0": window(vector([1, 2]), [vector([1, 1])], [None], [1]),
    "slice cut by a half-space": intersection(window(zeros(2), [vector([1, -2])], [None], [2]), box([0, None], [1, 1])),
}


def small_network(seed: int) -> Network:
    return random_claims.network(random.Random(seed), 2)


def shifted(seed: int) -> Network:
    """One piece with a constant, or two: what the reductions must not mistake for linear."""
    builder = Builder((2,), "shifted")
    hidden = relu(dense(builder.input, [[1, 0], [1, 1]], [0, 5 * (seed % 2)]))
    return builder.build(dense(hidden, [[1, seed % 3 - 1]], [seed % 2]))


def zero_network() -> Network:
    builder = Builder((2,), "zero")
    return builder.build(dense(builder.input, [[0, 0]]))


@pytest.mark.parametrize("where", REGIONS)
@pytest.mark.parametrize("seed", seeds(1, campaign=20))
def test_every_property_on_every_kind_of_region(seed: int, where: str) -> None:
    """Of the fixed seed every third network: each property meets two of them on each region, and all on three."""
    nets = [small_network(seed), small_network(seed + 4), *(shifted(seed + k) for k in range(3)), zero_network()]
    results = []
    for number, prop in enumerate(CATALOGUE.values(), start=list(REGIONS).index(where)):
        for place, (first, second) in enumerate(zip(nets, [*nets[1:], nets[-1]], strict=True)):
            if seed or (number + place) % 3 == 0:
                claim = Claim(first, prop, REGIONS[where], second if prop.needs_second else None)
                results.append(compared(claim))
    assert sum(r != "unknown" for r in results) >= len(results) * 3 // 4
    assert "proved" in results  # the zero network
    assert "empty" not in results


VACUOUS = {
    ("additive", "0 outside"): False,  # its question has no point: found by search, not by the reduction
    ("additive", "flat without 0"): True,
    ("additive", "a point"): True,
    ("additive", "segment beside 0"): True,
    ("additive", "segment in a line through 0"): False,
    ("positively homogeneous", "0 outside"): False,
    ("positively homogeneous", "flat without 0"): True,
    ("homogeneous", "slice beside 0"): True,
    ("homogeneous", "flat, 0 in the hull"): False,
    ("odd", "0 outside"): True,
    ("odd", "0 at a corner"): False,
    ("even", "segment in a line through 0"): True,
    ("linear", "a point"): False,
    ("affine", "a point"): False,
}


@pytest.mark.parametrize(("name", "where"), VACUOUS)
def test_vacuous_by_reduction(name: str, where: str) -> None:
    claim = Claim(shifted(1), find(name), REGIONS[where])
    assert isinstance(claim.questions(), Vacuous) == VACUOUS[name, where]


@pytest.mark.parametrize(("name", "slope"), [("odd", 1), ("homogeneous", 1), ("even", 0)])
def test_only_points_with_their_negative_inside_count(name: str, slope: int) -> None:
    """``slope x + relu(x - 1)`` on [-1, 2]: beyond 1 it bends, where -x lies outside (but 2 f(x/2) does not)."""
    builder = Builder((1,), "bent")
    bent = relu(builder.input.plus_number(-1)) + builder.input.scaled(slope)
    outcome = decide(Claim(builder.build(bent), find(name), box([-1], [2])), Budget(10))
    expected = Verdict.REFUTED if name == "homogeneous" else Verdict.PROVED
    assert outcome.verdict is expected


def test_an_empty_domain_of_sums_is_vacuous() -> None:
    """No x, y of [2, 3]^2 have x + y in it; of [1, 4] x [1/2, 2] some have."""
    narrow = Claim(shifted(1), find("additive"), box([2, 2], [3, 3]))
    assert decide(narrow, Budget(10)).vacuous
    wide = Claim(zero_network(), find("additive"), REGIONS["0 outside, sums inside"])
    outcome = decide(wide, Budget(10))
    assert outcome.verdict is Verdict.PROVED
    assert not outcome.vacuous


CRITERIA = {
    ("affine", "0 outside"): [Criterion.AFFINE],
    ("linear", "0 outside"): [Criterion.LINEAR],
    ("superposition", "segment beside 0"): [Criterion.LINEAR],
    ("constant", "orthant"): [Criterion.CONSTANT],
    ("additive", "orthant"): [Criterion.LINEAR],
    ("additive", "0 outside"): [Criterion.ZERO],
    ("homogeneous", "orthant"): [Criterion.ZERO, Criterion.ZERO],
    ("homogeneous", "0 outside"): [Criterion.THROUGH_ORIGIN],
    ("positively homogeneous", "orthant"): [Criterion.ZERO],
    ("odd", "orthant"): [Criterion.ZERO],
}


@pytest.mark.parametrize(("name", "where"), CRITERIA)
def test_criteria_of_the_questions(name: str, where: str) -> None:
    questions = Claim(shifted(1), find(name), REGIONS[where]).questions()
    assert isinstance(questions, list)
    assert [question.criterion for question in questions] == CRITERIA[name, where]
    assert all(question.network.input_size == question.region.dimension for question in questions)


X, Y = vector([1, 2]), vector([3, -1])
T, A, B, E = Fraction(-2), Fraction(2), Fraction(-1, 3), Fraction(1, 4)

# The formula of each property at these values: (factor, point, of the second network).
INSTANCES: dict[str, tuple[Assignment, list[tuple[Fraction, list[str], bool]]]] = {
    "affine": (
        {"x": X, "y": Y, "e": E},
        [(Fraction(1), ["3/2", "5/4"], False), (-1 + E, ["1", "2"], False), (-E, ["3", "-1"], False)],
    ),
    "linear": (
        {"x": X, "y": Y, "a": A, "b": B},
        [(Fraction(1), ["1", "13/3"], False), (-A, ["1", "2"], False), (-B, ["3", "-1"], False)],
    ),
    "constant": ({"x": X, "y": Y}, [(Fraction(1), ["1", "2"], False), (Fraction(-1), ["3", "-1"], False)]),
    "additive": (
        {"x": X, "y": Y},
        [(Fraction(1), ["4", "1"], False), (Fraction(-1), ["1", "2"], False), (Fraction(-1), ["3", "-1"], False)],
    ),
    "homogeneous": ({"x": X, "t": T}, [(Fraction(1), ["-2", "-4"], False), (-T, ["1", "2"], False)]),
    "positively homogeneous": ({"x": X, "t": A}, [(Fraction(1), ["2", "4"], False), (-A, ["1", "2"], False)]),
    "odd": ({"x": X}, [(Fraction(1), ["-1", "-2"], False), (Fraction(1), ["1", "2"], False)]),
    "even": ({"x": X}, [(Fraction(1), ["-1", "-2"], False), (Fraction(-1), ["1", "2"], False)]),
    "equivalent": ({"x": X}, [(Fraction(1), ["1", "2"], False), (Fraction(-1), ["1", "2"], True)]),
}
INSTANCES["superposition"] = INSTANCES["linear"]
INSTANCES["convex"] = INSTANCES["concave"] = INSTANCES["affine"]
INSTANCES["subadditive"] = INSTANCES["superadditive"] = INSTANCES["additive"]


def plain(terms: list[Term]) -> list[tuple[Fraction, list[str], bool]]:
    return [(term.factor, term.point.strings(), term.second) for term in terms]


@pytest.mark.parametrize("name", CATALOGUE)
def test_instances_spell_the_formula(name: str) -> None:
    assignment, expected = INSTANCES[name]
    prop = CATALOGUE[name]
    assert set(assignment) == set(prop.variables)
    assert plain(prop.instance(assignment)) == expected


@pytest.mark.parametrize("name", CATALOGUE)
def test_instances_refuse_missing_and_mistyped_values(name: str) -> None:
    assignment, _ = INSTANCES[name]
    for variable, value in assignment.items():
        wrong: Vector | Fraction = Fraction(1) if isinstance(value, Vector) else X
        with pytest.raises(PropertyError, match=variable):
            CATALOGUE[name].instance({**assignment, variable: wrong})
        with pytest.raises(PropertyError, match=variable):
            CATALOGUE[name].instance({v: a for v, a in assignment.items() if v != variable})


def test_instances_outside_their_range() -> None:
    with pytest.raises(PropertyError, match="mixing factor"):
        CATALOGUE["affine"].instance({"x": X, "y": Y, "e": Fraction(5, 4)})
    with pytest.raises(PropertyError, match="t >= 0"):
        CATALOGUE["positively homogeneous"].instance({"x": X, "t": T})


def test_an_instance_of_a_linear_network_has_no_gap() -> None:
    builder = Builder((2,), "linear")
    net = builder.build(dense(builder.input, [[2, -3]]))
    for name, (assignment, _) in INSTANCES.items():
        if name in ("constant", "even"):
            continue
        claim = Claim(net, CATALOGUE[name], everything(2), net if name == "equivalent" else None)
        total = sum((term.factor * value[0] for term, value in evaluated_instance(claim, assignment)), Fraction(0))
        assert total == Fraction(0)


def test_equivalent_needs_two_networks_of_one_size() -> None:
    one, two = examples.get("relu"), examples.get("max")
    with pytest.raises(PropertyError, match="--to"):
        Claim(one, find("equivalent"), everything(1))
    with pytest.raises(PropertyError, match="equal sizes"):
        Claim(two, find("equivalent"), everything(2), one)
    with pytest.raises(RegionError, match="1 dimension, but max has 2 inputs"):
        Claim(two, find("affine"), everything(1))


def test_names_of_properties() -> None:
    assert find("Positively-Homogeneous") is CATALOGUE["positively homogeneous"]
    with pytest.raises(PropertyError, match="did you mean 'linear'"):
        find("linaer")
