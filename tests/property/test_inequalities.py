"""Inequalities against their literal definition in Z3, their names, and where they say nothing."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from tests.support import random_claims
from tests.support.judging import judged
from tests.support.seeds import chunks
from tests.support.z3_verdicts import z3_verdict
from verify.errors import PropertyError, RegionError
from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Nothing, ValueGap
from verify.kernel.json import from_json
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.property import Claim, Vacuous, find
from verify.rational import Vector, vector
from verify.region import Region, ball, box, everything, l1_ball, nonnegative, segment, window
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json

# Steps: most claims need fewer than a hundred.
WORK = 600


def compared(claim: Claim) -> str:
    """Our verdict, replayed from JSON, where Z3 agrees or does not decide; a disagreement fails."""
    try:
        ours = decide(claim, Budget(None, work=WORK), shrinking=False)
    except RegionError:
        return "empty"
    verdict = ours.verdict
    if ours.evidence is not None:
        questions = claim.questions()
        networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
        assert judged(claim, from_json(to_json(ours.evidence), networks)).verdict is verdict
    reference = z3_verdict(claim, 2)
    if Verdict.UNKNOWN in (verdict, reference):
        return "unknown"
    assert verdict is reference, f"{claim.property} on {claim.region.text}: {verdict}, but Z3 {reference}"
    return "vacuous" if ours.vacuous else verdict.value


@pytest.mark.parametrize("seeds", chunks(0, 40, 1, campaign=4))
@pytest.mark.parametrize("usage", random_claims.INEQUALITIES)
def test_verdicts_agree_with_the_literal_definition(usage: str, seeds: range) -> None:
    tally = Counter(compared(random_claims.inequality(seed, usage)) for seed in seeds)
    assert tally["proved"] > 4
    assert tally["refuted"] > 4
    assert tally["unknown"] + tally["empty"] <= 10


def test_names_with_parameters() -> None:
    assert find("Lipschitz-1e-3-in-linf").name == "lipschitz 1/1000 in linf"
    assert find("lipschitz_0.5_in_l2").name == "lipschitz 1/2 in l2"
    assert find("monotone in 2").name == find("nondecreasing in 2").name == "nondecreasing in 2"
    assert find("nonincreasing-in-0").name == "nonincreasing in 0"
    for name in ("lipschitz 1/1000 in linf", "nonincreasing in 0", "convex"):
        assert find(find(name).name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lipschitz -2 in linf", "expected 0 or more"),
        ("lipschitz 1/0 in l1", "divides by zero"),
        ("lipschitz two in l1", "not a number"),
        ("lipschitz 2", "lipschitz K in linf"),
        ("lipschitz 2 in l3", "lipschitz K in linf"),
        ("monotone in -1", "monotone in I"),
        ("monotone", "monotone in I"),
        ("convx", "did you mean 'convex'"),
    ],
)
def test_names_that_are_none(name: str, message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        find(name)


def test_an_axis_beyond_the_inputs() -> None:
    with pytest.raises(PropertyError, match="max has 2 inputs"):
        Claim(examples.get("max"), find("monotone in 2"), everything(2))


X, Y = vector([1, 2]), vector([3, -1])


def test_gaps_and_what_breaks_a_formula() -> None:
    assert [find("convex").broken(Fraction(g)) for g in (-1, 0, 1)] == [False, False, True]
    assert [find("concave").broken(Fraction(g)) for g in (-1, 0, 1)] == [True, False, False]
    assert [find("affine").broken(Fraction(g)) for g in (-1, 0, 1)] == [True, False, True]
    pair = {"x": X, "y": Y}  # they differ by (-2, 3)
    for norm, expected in (("linf", 7 - 2 * 3), ("l1", 7 - 2 * 5), ("l2", 49 - 4 * 13)):
        prop = find(f"lipschitz 2 in {norm}")
        assert prop.gap(Fraction(7), pair) == prop.gap(Fraction(-7), pair) == expected


def test_instances_spell_the_formula() -> None:
    step: dict[str, Vector | Fraction] = {"x": X, "t": Fraction(3)}
    one = Fraction(1)
    terms = find("nonincreasing in 1").instance(step)
    assert [(t.factor, t.point.strings()) for t in terms] == [(one, ["1", "5"]), (-one, ["1", "2"])]
    terms = find("lipschitz 2 in l2").instance({"x": X, "y": Y})
    assert [(t.factor, t.point.strings()) for t in terms] == [(one, ["1", "2"]), (-one, ["3", "-1"])]
    with pytest.raises(PropertyError, match="t >= 0"):
        find("nondecreasing in 0").instance({**step, "t": Fraction(-1)})
    with pytest.raises(PropertyError, match="no input 2 of 2"):
        find("nondecreasing in 2").instance(step)
    with pytest.raises(PropertyError, match="lacks the point y"):
        find("lipschitz 2 in l2").instance({"x": X})


VACUOUS: list[tuple[str, Region, bool]] = [
    ("nondecreasing in 0", box([1, 0], [1, 5]), True),
    ("nondecreasing in 1", box([1, 0], [1, 5]), False),
    ("nonincreasing in 0", segment(vector([0, 0]), vector([1, 1])), True),
    ("nonincreasing in 0", segment(vector([0, 1]), vector([1, 1])), False),
    ("nondecreasing in 1", ball(vector([1, 1]), 0), True),
    ("nondecreasing in 1", l1_ball(vector([1, 1]), 1), False),
    ("subadditive", segment(vector([1, 0]), vector([0, 1])), True),
    ("superadditive", nonnegative(2), False),
    ("subadditive", box([2, 2], [3, 3]), True),
    ("convex", ball(vector([1, 1]), 0), False),  # as for 'affine', x = y is an instance
    ("lipschitz 0 in l2", ball(vector([1, 1]), 0), False),
]


@pytest.mark.parametrize(("name", "where", "vacuous"), VACUOUS)
def test_what_says_nothing_is_flagged(name: str, where: Region, vacuous: bool) -> None:
    """Of a network that has the property wherever it says anything, and of its parts."""
    builder = Builder((2,), "nothing")
    outcome = decide(Claim(builder.build(dense(builder.input, [[0, 0]])), find(name), where), Budget(10))
    assert outcome.verdict is Verdict.PROVED
    assert outcome.vacuous is vacuous


def test_a_flat_region_without_the_axis_is_vacuous_by_its_equations() -> None:
    """x0 + x1 = 0, written as two half-spaces, in the box [-1, 1]^2."""
    from verify.region import HalfSpace, intersection, polyhedron

    line = [HalfSpace(vector([1, 1]), Fraction(0)), HalfSpace(vector([-1, -1]), Fraction(0))]
    where = intersection(box([-1, -1], [1, 1]), polyhedron(2, line))
    falling = builder_net([[-5, 1]], [[1]])
    outcome = decide(Claim(falling, find("nondecreasing in 0"), where), Budget(10), "split")
    assert outcome.vacuous
    assert isinstance(outcome.evidence, Cells | Nothing)


def builder_net(hidden: list[list[int]], out: list[list[int]]) -> Network:
    builder = Builder((len(hidden[0]),), "small")
    return builder.build(dense(relu(dense(builder.input, hidden)), out))


def test_the_constant_of_a_slice_is_smaller_than_that_of_the_space() -> None:
    """f = relu(x0 + x1) along (1, -1) is constant; along (1, 1) its slope is 2 for a step of norm 1, 2 or sqrt 2."""
    net = builder_net([[1, 1]], [[1]])
    across, along = segment(vector([0, 1]), vector([1, 0])), segment(vector([0, 0]), vector([1, 1]))
    for where, norm, constant in (
        (across, "linf", "0"), (across, "l1", "0"), (across, "l2", "0"),
        (along, "linf", "2"), (along, "l1", "1"),
        (everything(2), "linf", "2"), (everything(2), "l1", "1"),
    ):  # fmt: skip
        outcome = decide(Claim(net, find(f"lipschitz {constant} in {norm}"), where), Budget(10))
        assert outcome.verdict is Verdict.PROVED
        if constant != "0":
            less = decide(Claim(net, find(f"lipschitz {Fraction(constant) - TINY} in {norm}"), where), Budget(10))
            assert less.verdict is Verdict.REFUTED


TINY = Fraction("1e-30")


@pytest.mark.parametrize(("constant", "verdict"), [("7071/5000", Verdict.REFUTED), ("7072/5000", Verdict.PROVED)])
def test_l2_compares_exact_squares(constant: str, verdict: Verdict) -> None:
    """relu(x0 + x1) has the L2 constant sqrt 2 = 1.41421..., on the plane and along the diagonal."""
    net = builder_net([[1, 1]], [[1]])
    plane = window(vector([0, 0, 0]), [vector([1, 0, 1]), vector([0, 1, -1])], [None, None], [None, None])
    for where in (everything(2), segment(vector([0, 0]), vector([1, 1]))):
        outcome = decide(Claim(net, find(f"lipschitz {constant} in l2"), where), Budget(10))
        assert outcome.verdict is verdict
    tilted = builder_net([[1, 1, 0]], [[1]])
    shown = decide(Claim(tilted, find(f"lipschitz {constant} in l2"), plane), Budget(10))
    assert shown.verdict is verdict  # (1, 1, 0) is a direction of that plane


def test_a_refutation_is_one_instance_that_breaks_the_inequality() -> None:
    outcome = decide(Claim(examples.get("relu"), find("concave"), box([-1], [1])), Budget(10))
    assert isinstance(outcome.evidence, ValueGap)
    assert outcome.gap is not None
    assert isinstance(outcome.gap, Fraction)
    assert outcome.gap < 0
