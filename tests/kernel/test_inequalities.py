"""The kernel on inequalities: forged witnesses, wrong maps, evidence for another claim."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from tests.support import judging, random_claims
from tests.support.seeds import chunks
from tests.support.z3_verdicts import z3_verdict
from verify.errors import EvidenceError, RegionError
from verify.kernel.check import Judgement, Verdict
from verify.kernel.core.cover import check_cover
from verify.kernel.evidence import Cells, Cover, Leaf
from verify.kernel.exact import pattern_at
from verify.kernel.json import from_json
from verify.kernel.ledger import Ledger
from verify.network import examples
from verify.property import Claim, Vacuous, find
from verify.rational import vector
from verify.region import box, segment, window
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json

Data = dict[str, Any]


def judged(claim: Claim, data: Any) -> Judgement:
    questions = claim.questions()
    networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    return judging.judged(claim, from_json(data, networks))


def proof_of(claim: Claim) -> Data:
    """Evidence by cells for a claim that is true."""
    outcome = decide(claim, Budget(10), "split")
    assert outcome.verdict is Verdict.PROVED
    return to_json(outcome.evidence)  # type: ignore[arg-type]


def leaves(data: Data) -> list[Data]:
    return [node for proof in data["proofs"] for node in proof.get("tree", []) if "cell" in node]


MAX_CONVEX = Claim(examples.get("max"), find("convex"), box([-1, -1], [1, 1]))
SLICE = window(vector([0, 0]), [vector([1, 1])], [-1], [1])
SLOPE = Claim(examples.get("max"), find("lipschitz 1 in l1"), SLICE)


def test_honest_evidence_is_accepted_and_carries_witnesses() -> None:
    for claim in (MAX_CONVEX, SLOPE):
        data = proof_of(claim)
        assert judged(claim, data).verdict is Verdict.PROVED
        assert any("witnesses" in leaf for leaf in leaves(data))


def test_witnesses_are_needed() -> None:
    for claim in (MAX_CONVEX, SLOPE):
        data = proof_of(claim)
        for leaf in leaves(data):
            leaf.pop("witnesses", None)
        with pytest.raises(EvidenceError, match=r"inequality|slope"):
            judged(claim, data)


FORGERIES: list[Callable[[Data], object]] = [
    lambda leaf: leaf.update(witnesses=[]),
    lambda leaf: leaf.update(witnesses={"0": {}}),
    lambda leaf: leaf.update(witnesses={"a:b": {}}),
    lambda leaf: leaf.update(witnesses={"0:0": []}),
    lambda leaf: leaf.update(witnesses={"0:0": {"0": 1}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"0": "nan"}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"0": "-1"}, "1:0": {"0": "-1"}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"99": "1"}, "1:0": {"99": "1"}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"-1": "1"}, "1:0": {"-1": "1"}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"0": "1000"}, "1:0": {"0": "1000"}}),
    lambda leaf: leaf.update(witnesses={"0:0": {"0": None}}),
    lambda leaf: leaf.update(witnesses=None),
]


@pytest.mark.parametrize("number", range(len(FORGERIES)))
@pytest.mark.parametrize("claim", [MAX_CONVEX, SLOPE], ids=["convex", "lipschitz"])
def test_forged_witnesses_are_rejected(claim: Claim, number: int) -> None:
    data = proof_of(claim)
    for leaf in leaves(data):
        FORGERIES[number](leaf)
    with pytest.raises(EvidenceError, match=r"'format'|'inequality'|'slope'"):
        judged(claim, data)


def test_a_question_without_its_slope_is_rejected() -> None:
    """Whoever rebuilds a question and loses what it says of slopes proves nothing."""
    for name in ("lipschitz 5 in linf", "nondecreasing in 0"):
        questions = Claim(examples.get("relu"), find(name), box([1], [2])).questions()
        assert isinstance(questions, list)
        leaf = Leaf(pattern_at(examples.get("relu"), vector([1])))
        check_cover(questions[0], Cover(leaf), Ledger())
        with pytest.raises(EvidenceError, match="slope"):
            check_cover(replace(questions[0], slope=None), Cover(leaf), Ledger())


@pytest.mark.parametrize(
    ("true", "false", "rule"),
    [
        ("convex", "concave", "inequality"),
        ("convex", "affine", "one map"),
        ("lipschitz 1 in linf", "lipschitz 99/100 in linf", "slope"),
        ("lipschitz 1 in l2", "lipschitz 99/100 in l2", "slope"),
        ("nondecreasing in 0", "nonincreasing in 0", "slope"),
        ("subadditive", "superadditive", "inequality"),
        ("subadditive", "additive", "format"),  # the pieces of two copies beside the sum: other blocks
        ("lipschitz 1 in l1", "lipschitz 1/2 in l1", "slope"),
    ],
)
def test_evidence_for_one_claim_is_none_for_another(true: str, false: str, rule: str) -> None:
    net, where = examples.get("max"), box([-1, -1], [1, 1])
    data = proof_of(Claim(net, find(true), where))
    with pytest.raises(EvidenceError, match=f"'{rule}'"):
        judged(Claim(net, find(false), where), data)


def test_instances_that_break_nothing_are_rejected() -> None:
    relu, line = examples.get("relu"), box([-1], [1])
    bend = {"kind": "value gap", "values": {"x": ["-1"], "y": ["1"], "e": "1/2"}, "output": 0}
    assert judged(Claim(relu, find("concave"), line), bend).verdict is Verdict.REFUTED
    with pytest.raises(EvidenceError, match="value gap"):
        judged(Claim(relu, find("convex"), line), bend)
    step = {"kind": "value gap", "values": {"x": ["0"], "t": "1"}, "output": 0}
    assert judged(Claim(relu, find("nonincreasing in 0"), line), step).verdict is Verdict.REFUTED
    for values in (
        {"x": ["0"], "t": "-1"},
        {"x": ["1"], "t": "-1"},
        {"x": ["1/2"], "t": "1"},
        {"x": ["0"], "t": ["1"]},
    ):
        with pytest.raises(EvidenceError, match="'instance'"):
            judged(Claim(relu, find("nonincreasing in 0"), line), {**step, "values": values})
    apart = {"kind": "value gap", "values": {"x": ["0"], "y": ["1"]}, "output": 0}
    assert judged(Claim(relu, find("lipschitz 99/100 in l2"), line), apart).gap == 1 - Fraction(99, 100) ** 2
    with pytest.raises(EvidenceError, match="value gap"):
        judged(Claim(relu, find("lipschitz 1 in l2"), line), apart)
    with pytest.raises(
        EvidenceError, match="'value gap'"
    ):  # 1 > 1/2, but along the segment from (0, 0) to (1, 1) the distance is 1
        judged(Claim(examples.get("max"), find("lipschitz 1 in linf"), segment(vector([0, 0]), vector([1, 1]))),
               {"kind": "value gap", "values": {"x": ["0", "0"], "y": ["1", "1"]}, "output": 0})  # fmt: skip


def mutated(rng: random.Random, data: Data) -> None:
    """Change the evidence somewhere: a witness, a multiplier, a pattern or the form of a split."""
    nodes = [node for proof in data["proofs"] for node in proof.get("tree", [])]
    if not nodes:
        return
    node = rng.choice(nodes)
    choice = rng.randrange(5)
    table = node.get("witnesses" if choice < 3 else "multipliers")
    if table:
        key = rng.choice(list(table))
        if choice == 0 or not table[key]:
            del table[key]
        elif choice == 1:
            table[key] = table[rng.choice(list(table))]
        else:
            table[key][rng.choice(list(table[key]))] = rng.choice(["0", "1", "1/2", "-1", "7"])
    elif "split" in node:
        node["split"][rng.randrange(len(node["split"]))] = rng.choice(["0", "1", "-1", "1/3"])
    elif node["cell"]:
        block = rng.choice(list(node["cell"]))
        flipped = bytearray.fromhex(node["cell"][block])
        flipped[0] ^= 1 << (7 - rng.randrange(2))
        node["cell"][block] = flipped.hex()


@pytest.mark.parametrize("seeds", chunks(0, 24, 1, campaign=10))
@pytest.mark.parametrize("usage", random_claims.INEQUALITIES)
def test_no_mutated_evidence_proves_what_z3_refutes(usage: str, seeds: range) -> None:
    """Mutants of true evidence, and true evidence of one claim for a similar one."""
    tally: Counter[str] = Counter()
    for seed in seeds:
        rng, claim = random.Random(seed), random_claims.inequality(seed, usage)
        try:
            evidence = decide(claim, Budget(None, work=600), "split", shrinking=False).evidence
        except RegionError:
            continue
        if not isinstance(evidence, Cells):
            continue
        data = to_json(evidence)
        for _ in range(6):
            other = (
                random_claims.inequality(seed, rng.choice(random_claims.INEQUALITIES)) if rng.random() < 0.3 else claim
            )
            mutant = copy.deepcopy(data)
            mutated(rng, mutant)
            try:
                verdict = judged(other, mutant).verdict
            except EvidenceError:
                tally["rejected"] += 1
                continue
            tally["accepted"] += 1
            assert z3_verdict(other, 1) is not Verdict.REFUTED, f"{seed}: {mutant}"
            assert verdict is Verdict.PROVED
    if not seeds.start:  # fresh ones may have fewer
        assert tally["rejected"] > 5
        assert tally["accepted"] > 3
