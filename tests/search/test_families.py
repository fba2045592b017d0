"""Deciding claims about families: false variants are refuted, proofs hold of members, and Z3 agrees."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

import verify
from tests.support import random_families
from tests.support.judging import judged_family
from tests.support.seeds import chunks
from verify.errors import EngineDisagreement, InputError, PropertyError, RegionError
from verify.family import FamilyResult, check_family
from verify.kernel import Verdict
from verify.kernel.families import FamilyClaim
from verify.kernel.json import read_family
from verify.network.families import (
    Family,
    add,
    batch_norm,
    conv,
    dense,
    family,
    flatten,
    leaky_relu,
    max_pool,
    member,
    relu,
)
from verify.network.families.members import values_of
from verify.property import CATALOGUE, find
from verify.rational import vector
from verify.region import HalfSpace, box, nonnegative, polyhedron
from verify.search.budget import Budget
from verify.search.families import literal as families_smt
from verify.search.families.decide import decide_family
from verify.search.families.literal import cross_checked, is_small
from verify.search.families.members import bases, candidates, narrowed, widened
from verify.writing import family_to_json

P, N = ">= 0", "<= 0"
ONE_NUMBER = {name for name, p in CATALOGUE.items() if not p.needs_second}


def popular(bias: str | int = P) -> Family:
    return family((1, 3, 3), [conv(2, (2, 2), P, bias), relu(), dense(1, P, bias)])


def test_the_popular_claim_and_its_false_variants() -> None:
    assert check_family(popular(), "affine").verdict is Verdict.PROVED
    additive = check_family(popular(), "additive")
    assert additive.verdict is Verdict.REFUTED and additive.assurance == "checked"
    assert additive.counterexample is not None
    assert additive.counterexample.endswith("f(0) = 1, but f(0) + f(0) = 1 + 1 = 2")
    assert check_family(popular(0), "additive").verdict is Verdict.PROVED
    assert check_family(popular(), "affine", "all").verdict is Verdict.REFUTED
    assert check_family(popular(), "convex", "all").verdict is Verdict.PROVED
    assert check_family(popular(), "concave", "all").verdict is Verdict.REFUTED


def test_without_bias() -> None:
    free = family(2, [dense(2, "any"), leaky_relu("in [0, 1]"), dense(1, "any")])
    assert check_family(free, "positively homogeneous", "all").verdict is Verdict.PROVED
    for property in ("homogeneous", "convex", "concave", "odd", "affine", "subadditive"):
        assert check_family(free, property, "all").verdict is Verdict.REFUTED, property


def test_the_member_is_small() -> None:
    """One bias of 1: nothing else is needed."""
    found = check_family(popular(), "additive")
    assert found.evidence is not None
    weights = found.evidence["weights"]
    numbers = [value for tensors in weights.values() for sparse in tensors.values() for value in sparse.values()]
    assert numbers == ["1"]
    assert found.member is not None
    assert verify.check(found.member, "additive", "nonneg").verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("described", "property", "on"),
    [
        (family(2, [dense(2, P), relu(), dense(1, "any"), relu()]), "affine", "nonneg"),
        (family(1, [dense(1, "any", P), relu()]), "affine", "nonneg"),
        (family(1, [dense(1, P, P), leaky_relu("in [0, 2]")]), "convex", "all"),
        (family((1, 4), [max_pool((2,)), conv(1, 1, P, P)]), "affine", "nonneg"),
        (family(2, [dense(2, N, P), relu(), dense(1, P, P)]), "affine", "nonneg"),
        (family(2, [batch_norm(P, "any"), relu()]), "affine", "nonneg"),
        (family(2, [relu("r"), dense(2, "any"), add("r")]), "nondecreasing in 0", "nonneg"),
        (family(1, [dense(1, "in [2, 3]", -1), relu()]), "affine", "box(0, 1)"),
        (family(2, [dense(1, [["> 0", "< 0"]]), relu()]), "affine", "nonneg"),
        (
            family((2, 2), [conv(2, 1, P, groups=2), conv(2, 1), relu(), flatten(), dense(1, P)]),
            "affine",
            "nonneg",
        ),
        (family(2, [dense(3, P, P), relu(), dense(1, P, P)]), "lipschitz 1 in linf", "nonneg"),
        (family(1, [dense(1, P, P), relu()]), "affine", "box(-1, inf)"),
    ],
)
def test_false_claims_are_refuted_by_a_member(described: Family, property: str, on: str) -> None:
    result = check_family(described, property, on, engine="members")
    assert result.verdict is Verdict.REFUTED
    evidence = result.outcome.evidence
    assert evidence is not None
    again = judged_family(result.claim, read_family(family_to_json(evidence)))
    assert again.verdict is Verdict.REFUTED
    assert again.network is not None
    assert verify.check(again.network, property, on, timeout=20).verdict is Verdict.REFUTED


def test_a_deep_wide_family_is_refuted_by_a_padded_member() -> None:
    layers = [layer for _ in range(6) for layer in (conv(32, (3, 3), P, P, pads=(1, 1)), relu())]
    described = family((3, 6, 6), layers)
    result = check_family(described, "additive")
    assert result.verdict is Verdict.REFUTED
    assert result.member is not None and result.member.output_size == 32 * 36


def test_members_of_the_narrow_family_are_members() -> None:
    described = family((2, 3), [conv(4, 2, [P, N, "any", 1], P), relu(), dense(3, "any", ["any", 0, 1])])
    small = narrowed(described)
    assert small.output_size == 2 and small.weight_count < described.weight_count
    rng = random.Random(0)
    for _ in range(10):
        weights = random_families.random_weights(rng, small)
        given = values_of(described, widened(weights, small, described))
        for key, kept in values_of(small, weights).items():
            shape, whole = small.parameters[key].shape, described.parameters[key].shape
            for place in np.ndindex(shape):
                assert given[key][np.ravel_multi_index(place, whole)] == kept[np.ravel_multi_index(place, shape)]


def test_candidates_start_simple_and_lie_in_the_family() -> None:
    described = family(2, [dense(2, "in [1/2, 3]", "<= -1"), relu(), dense(1, "any", "any")])
    assert bases(described)[0] == {}
    for _, weights in zip(range(200), candidates(described), strict=False):
        member(described, weights)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="unknown engine"):
        check_family(popular(), "affine", engine="split")
    with pytest.raises(PropertyError, match="did you mean 'affine'"):
        check_family(popular(), "affin")
    with pytest.raises(PropertyError, match="9 inputs"):
        check_family(popular(), "nondecreasing in 9")
    with pytest.raises(InputError, match="timeout"):
        check_family(popular(), "affine", timeout=0)
    rows = [HalfSpace(vector([1, 1]), Fraction(-1)), HalfSpace(vector([-1, -1]), Fraction(0))]
    with pytest.raises(RegionError, match="empty"):
        check_family(family(2, [relu()]), "affine", polyhedron(2, rows))


def test_out_of_time_is_unknown() -> None:
    result = check_family(popular(), "superadditive", "all", timeout=1e-6)
    assert result.verdict is Verdict.UNKNOWN and result.assurance is None
    assert result.sentence.startswith("not decided: ") and result.lines


def test_vacuous() -> None:
    result = check_family(popular(), "odd", "box(1, 2)")
    assert result.verdict is Verdict.PROVED and result.vacuous


# Z3.


def test_z3_alone_agrees_and_is_attested() -> None:
    small = family(2, [dense(2, P, P), relu(), dense(1, P, P)])
    proved = check_family(small, "affine", engine="z3")
    assert proved.verdict is Verdict.PROVED and proved.assurance == "attested"
    assert "for networks of this size" in proved.sentence
    refuted = check_family(small, "additive", engine="z3")
    assert refuted.verdict is Verdict.REFUTED and refuted.assurance == "checked"


@pytest.mark.slow
def test_what_signs_do_not_show_z3_may() -> None:
    """relu(a x) - relu(-a x) = a x: exact, but beyond rules about signs."""
    pair = family(1, [dense(2, [["any"], ["any"]]), relu(), dense(1, [[1, -1]])])
    assert check_family(pair, "affine", "all").verdict is Verdict.REFUTED  # two weights, not one and its negative
    single = family(1, [dense(1, "any"), dense(2, [[1], [-1]]), relu(), dense(1, [[1, -1]])])
    result = check_family(single, "affine", "all")
    assert result.verdict is Verdict.PROVED and result.assurance == "attested"


def test_large_families_are_not_put_to_z3() -> None:
    claim = FamilyClaim(popular(), find("affine"), nonnegative(9))
    assert not is_small(claim)
    assert cross_checked(claim, Verdict.PROVED, Budget(5)) == "not asked"


@pytest.mark.parametrize(
    ("property", "wrong", "answer"), [("affine", Verdict.REFUTED, "unsat"), ("additive", Verdict.PROVED, "sat")]
)
def test_a_contradiction_is_an_error(property: str, wrong: Verdict, answer: str) -> None:
    claim = FamilyClaim(family(1, [dense(1, P, P), relu()]), find(property), nonnegative(1))
    assert families_smt.ask(claim, Budget(20)).status == answer
    with pytest.raises(EngineDisagreement, match=f"Z3 .* answers {answer}"):
        cross_checked(claim, wrong, Budget(20))


def random_result(seed: int, **options: float) -> tuple[random.Random, FamilyResult]:
    rng = random.Random(seed)
    described = random_families.random_family(rng)
    claim = FamilyClaim(
        described,
        find(rng.choice([*sorted(ONE_NUMBER), "nondecreasing in 0", "nonincreasing in 0"])),
        random_families.random_region(rng, described.input_size),
    )
    return rng, FamilyResult(claim, decide_family(claim, Budget(options.get("seconds", 3)), "auto"))


def compare_with_members(seed: int, counts: Counter[str]) -> None:
    rng, result = random_result(seed)
    counts[result.verdict.value] += 1
    if result.verdict is not Verdict.PROVED:
        return
    for _ in range(3):
        network = member(result.claim.family, random_families.random_weights(rng, result.claim.family))
        claim = result.claim
        found = verify.check(network, claim.property.name, claim.region, timeout=5)
        assert found.verdict is not Verdict.REFUTED, (seed, result, found.counterexample)
        counts[f"member {found.verdict.value}"] += 1


@pytest.mark.parametrize("seeds", chunks(0, 20, 1, campaign=20))
def test_proofs_hold_of_members(seeds: range) -> None:
    counts: Counter[str] = Counter()
    for seed in seeds:
        compare_with_members(seed, counts)
    assert counts["member proved"] > 4 and counts["refuted"] > 2, counts


@pytest.mark.campaign
def test_z3_agrees_on_random_small_families() -> None:
    """The literal claim, weights and all, as nonlinear arithmetic: never the opposite answer."""
    answers: Counter[str] = Counter()
    for seed in range(30):
        rng = random.Random(seed)
        size = rng.choice([1, 2])
        words: list[str | int] = [P, N, "any", 0, 1]
        described = family(
            size, [dense(rng.choice([1, 2]), rng.choice(words), rng.choice(words)), relu(), dense(1, rng.choice(words))]
        )
        region = rng.choice([nonnegative(size), box([-1] * size, [1] * size), box([0] * size, [1] * size)])
        claim = FamilyClaim(described, find(rng.choice(["affine", "additive", "convex", "odd", "constant"])), region)
        outcome = decide_family(claim, Budget(3), "members" if seed % 2 else "auto")
        if outcome.verdict is not Verdict.UNKNOWN and not outcome.attested:
            answers[cross_checked(claim, outcome.verdict, Budget(2)).split()[0]] += 1
    assert answers["sat"] >= 3 and answers["unsat"] >= 3, answers
