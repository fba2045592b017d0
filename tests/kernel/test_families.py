"""What the kernel accepts and rejects about families: members, lines, forged evidence of every kind."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from tests.support import random_families
from tests.support.judging import judged_family
from verify.errors import EvidenceError, NetworkError, RegionError
from verify.kernel import Verdict
from verify.kernel.evidence import Nothing, ValueGap
from verify.kernel.families import FamilyClaim, Member, SignRules, derived
from verify.kernel.json import read_family
from verify.network.families import Family, dense, family, relu
from verify.property import find
from verify.rational import vector
from verify.region import Region, box, everything, nonnegative
from verify.report.family_lines import check_lines, evidence_json, lines_of
from verify.writing import family_to_json

ONE, ZERO = Fraction(1), Fraction(0)


def small() -> Family:
    return family(2, [dense(2, ">= 0", ">= 0"), relu(), dense(1, ">= 0", ">= 0")], "small")


def claim(property: str, region: Region | None = None) -> FamilyClaim:
    return FamilyClaim(small(), find(property), region or nonnegative(2))


def refutation() -> Member:
    """f(x) = 1 is not additive."""
    point = vector([ZERO, ZERO])
    return Member({("dense3", "bias"): {0: ONE}}, ValueGap({"x": point, "y": point}, 0))


def test_the_induction_proves() -> None:
    wanted = claim("affine")
    steps, holds = derived(wanted)
    assert holds and [step.layer.name for step in steps if step.layer] == ["dense1", "relu2", "dense3"]
    judgement = judged_family(wanted, SignRules())
    assert judgement.verdict is Verdict.PROVED and not judgement.vacuous and judgement.steps == steps
    assert [line.layer for line in lines_of(steps, wanted.region)] == ["input", "dense1", "relu2", "dense3"]


def test_a_member_refutes() -> None:
    judgement = judged_family(claim("additive"), refutation())
    assert judgement.verdict is Verdict.REFUTED
    assert judgement.member is not None and judgement.member.gap == -1
    assert judgement.network is not None and judgement.network.input_size == 2


def test_nothing_to_quantify_over() -> None:
    wanted = claim("odd", box([1, 1], [2, 2]))
    assert judged_family(wanted, Nothing()).vacuous
    with pytest.raises(EvidenceError, match="has instances"):
        judged_family(claim("odd"), Nothing())


def test_what_does_not_follow_is_not_proved() -> None:
    with pytest.raises(EvidenceError, match="does not follow"):
        judged_family(claim("additive"), SignRules())


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({("dense3", "bias"): {0: Fraction(-1)}}, "is not >= 0"),
        ({("dense3", "bias"): {0: 1}}, "is not >= 0"),
        ({("dense3", "bias"): {0: 1.0}}, "is not >= 0"),
        ({("dense3", "bias"): {1: ONE}}, "no weight at 1"),
        ({("dense3", "bias"): {-1: ONE}}, "no weight at -1"),
        ({("dense3", "bias"): {True: ONE}}, "no weight at True"),
        ({("dense9", "bias"): {0: ONE}}, "has no weights"),
        ({("relu2", "slope"): {0: ONE}}, "has no weights"),
    ],
)
def test_members_outside_the_family_refute_nothing(weights: Any, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        judged_family(claim("additive"), Member(weights, refutation().gap))


def test_a_gap_that_is_none() -> None:
    point = vector([ZERO, ZERO])
    with pytest.raises(EvidenceError, match="value gap"):
        judged_family(claim("additive"), Member({}, ValueGap({"x": point, "y": point}, 0)))
    outside = vector([-ONE, ZERO])
    with pytest.raises(EvidenceError, match="outside the region"):
        judged_family(claim("additive"), Member({}, ValueGap({"x": outside, "y": point}, 0)))


def test_evidence_about_one_network_is_none_about_a_family() -> None:
    with pytest.raises(EvidenceError, match="no rule for evidence"):
        judged_family(claim("additive"), refutation().gap)  # type: ignore[arg-type]


def test_claims_that_make_no_sense() -> None:
    with pytest.raises(RegionError, match="has 3 dimensions"):
        claim("affine", everything(3))
    with pytest.raises(NetworkError, match="compares two networks"):
        claim("equivalent")


def test_evidence_survives_json() -> None:
    for wanted, evidence in (
        (claim("affine"), SignRules()),
        (claim("additive"), refutation()),
    ):
        again = read_family(json.loads(json.dumps(family_to_json(evidence))))
        assert judged_family(wanted, again).verdict is judged_family(wanted, evidence).verdict
        assert family_to_json(again) == family_to_json(evidence)


def _set(*path: Any) -> Callable[[Any], None]:
    *keys, last, value = path

    def change(data: Any) -> None:
        for key in keys:
            data = data[key]
        data[last] = value

    return change


BAD = [None, 3, -1, 0.5, "x", "-1", [], {}, ["1"], {"0": "1"}, True, "1e99999999", "1/0", "nan"]
PATHS: list[tuple[Any, ...]] = [
    ("kind",),
    ("weights",),
    ("weights", "dense3"),
    ("weights", "dense3", "bias"),
    ("weights", "dense3", "bias", "0"),
    ("gap",),
    ("gap", "kind"),
    ("gap", "values"),
    ("gap", "values", "x"),
    ("gap", "output"),
]


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("value", BAD, ids=str)
def test_forged_members_are_rejected(path: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(family_to_json(refutation()))
    _set(*path, value)(data)
    try:
        judgement = judged_family(claim("additive"), read_family(data))
    except EvidenceError:
        return
    # Only weights of the family that break the claim too may pass.
    assert judgement.verdict is Verdict.REFUTED and judgement.member is not None and judgement.member.gap != 0


@pytest.mark.parametrize("value", BAD, ids=str)
@pytest.mark.parametrize("path", [("lines",), ("lines", 0), ("lines", 1, "facts"), ("lines", 1, "why")], ids=str)
def test_forged_lines_are_rejected(path: tuple[Any, ...], value: Any) -> None:
    wanted = claim("affine")
    steps = derived(wanted)[0]
    data = evidence_json(SignRules(), steps, wanted.region)
    check_lines(copy.deepcopy(data), steps, wanted.region)
    _set(*path, value)(data)
    with pytest.raises(EvidenceError, match="not those"):
        check_lines(data, steps, wanted.region)


def test_random_members_are_judged_as_networks_are() -> None:
    """A member refutes the claim about the family exactly if its own claim is refuted by that gap."""
    found = 0
    for seed in range(150):
        rng = random.Random(seed)
        described = random_families.random_family(rng)
        wanted = FamilyClaim(described, find("constant"), everything(described.input_size))
        ends = [vector([Fraction(rng.randint(-2, 2)) for _ in range(described.input_size)]) for _ in range(2)]
        evidence = Member(random_families.random_weights(rng, described), ValueGap({"x": ends[0], "y": ends[1]}, 0))
        try:
            judgement = judged_family(wanted, evidence)
        except EvidenceError:
            continue
        found += 1
        assert judgement.verdict is Verdict.REFUTED
        assert not derived(wanted)[1], seed
    assert found > 40


def test_no_error_but_evidence_errors() -> None:
    """Whatever a file says, reading it ends in evidence or in an EvidenceError."""
    malformed: tuple[Any, ...] = (
        *BAD,
        {"kind": []},
        {"kind": "member"},
        {"kind": "sign rule"},
        {"kind": "cells", "proofs": []},
    )
    for data in malformed:
        with pytest.raises(EvidenceError, match="'format'"):
            read_family(data)
