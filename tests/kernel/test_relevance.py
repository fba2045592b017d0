"""Leaves with free units: what the kernel accepts and rejects, and mutated evidence against Z3."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support import judging, random_claims
from tests.support.random_networks import network as random_network
from tests.support.random_networks import point
from tests.support.seeds import chunks, seeds
from tests.support.z3_verdicts import z3_verdict
from verify.errors import EvidenceError, TooLarge
from verify.kernel.check import Verdict
from verify.kernel.core.part import CONSTANT
from verify.kernel.core.units import MAX_WORK, normal_form
from verify.kernel.evidence import Cells, Cover, Leaf, Tree
from verify.kernel.exact import evaluate, preactivations
from verify.kernel.json import from_json
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim, Vacuous
from verify.rational import vector
from verify.region import Box, Region, box, everything, l1_ball
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json

Data = dict[str, Any]


def tent(bias: str = "-7/2") -> Network:
    """``x + relu(relu(x) + relu(1 - x) + bias)``: the last unit is off on [-2, 2], but no interval shows it."""
    builder = Builder((1,), "tent")
    x = builder.input
    first = relu(dense(x.named("first"), [[1], [-1]], [0, 1]))
    second = relu(dense(first.named("second"), [[1, 1]], [bias]))
    return builder.build(dense(second, [[1]]) + x)


WIDE = box([-2], [2])
# Both first units are free, with chords as ceilings; constraints are y0 - z0, its ceiling, y1 - z1, its ceiling.
PROOF: Data = {
    "cell": {"1": "c0", "2": "00"},
    "free": {"1": "c0", "2": "00"},
    "ceilings": {"1:0": ["1/2", "1", {}, {}], "1:1": ["3/4", "3/4", {}, {}]},
    "multipliers": {"2:0": {"1": "2", "3": "2"}},
}


def affine(network: Network, region: Region) -> Claim:
    return Claim(network, CATALOGUE["affine"], region)


def evidence(*nodes: Data) -> Data:
    return {"kind": "cells", "proofs": [{"equations": [], "lifted": False, "tree": list(nodes)}]}


def judged(claim: Claim, data: Any) -> Verdict:
    questions = claim.questions()
    networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    return judging.judged(claim, from_json(data, networks)).verdict


def changed(**new: Any) -> Data:
    return {key: value for key, value in {**copy.deepcopy(PROOF), **new}.items() if value is not None}


def test_the_proof_is_accepted() -> None:
    assert judged(affine(tent(), WIDE), evidence(PROOF)) is Verdict.PROVED


FORGED: dict[str, tuple[Network, Data, str]] = {
    "no ceilings": (tent(), changed(ceilings=None), "relevance"),
    "one ceiling": (tent(), changed(ceilings={"1:0": ["1/2", "1", {}, {}]}), "relevance"),
    "a ceiling that is too low": (
        tent(),
        changed(ceilings={**PROOF["ceilings"], "1:0": ["1/2", "999/1000", {}, {}]}),
        "relevance",
    ),
    "a ceiling steeper than z": (
        tent(),
        changed(ceilings={**PROOF["ceilings"], "1:0": ["3/2", "3", {}, {}]}),
        "relevance",
    ),
    "a falling ceiling": (tent(), changed(ceilings={**PROOF["ceilings"], "1:0": ["-1/2", "9", {}, {}]}), "relevance"),
    "a ceiling shown by itself": (
        tent(),
        changed(ceilings={**PROOF["ceilings"], "1:1": ["3/4", "0", {"3": "1"}, {"3": "1"}]}),
        "relevance",
    ),
    "no multipliers": (tent(), changed(multipliers=None), "relevance"),
    "a negative multiplier": (tent(), changed(multipliers={"2:0": {"1": "-2", "3": "2"}}), "relevance"),
    "a constraint that is not there": (tent(), changed(multipliers={"2:0": {"1": "2", "4": "2"}}), "relevance"),
    "a constraint before the first": (tent(), changed(multipliers={"2:0": {"-1": "2", "3": "2"}}), "relevance"),
    "multipliers of another unit": (tent(), changed(multipliers={"1:0": {"1": "2", "3": "2"}}), "relevance"),
    "the unit that matters is free": (tent(), changed(free={"1": "c0", "2": "80"}), "relevance"),
    "a unit that switches is not free": (tent(), changed(free={"1": "80", "2": "00"}), "relevance"),
    "none is free": (tent(), changed(free={"1": "00", "2": "00"}), "relevance"),
    "the wrong side": (tent(), changed(cell={"1": "c0", "2": "80"}), "relevance"),
    "another network": (tent("-5/2"), PROOF, "relevance"),
    "signs": (tent(), changed(signs=True), "relevance"),
    "a mask without a block": (tent(), changed(free={"1": "c0"}), "format"),
    "a mask of another length": (tent(), changed(free={"1": "c0c0", "2": "00"}), "format"),
    "a mask that is a list": (tent(), changed(free=["c0", "00"]), "format"),
    "a mask that is a number": (tent(), changed(free=3), "format"),
    "ceilings in a list": (tent(), changed(ceilings=[1]), "format"),
    "a ceiling of floats": (tent(), changed(ceilings={"1:0": [0.5, 1.0, {}, {}]}), "format"),
    "a short ceiling": (tent(), changed(ceilings={"1:0": ["1/2", "1"]}), "format"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_leaves_are_rejected(case: str) -> None:
    network, data, rule = FORGED[case]
    with pytest.raises(EvidenceError) as caught:
        judged(affine(network, WIDE), evidence(data))
    assert caught.value.rule == rule


def test_a_split_with_one_half_forged_is_rejected() -> None:
    good = changed(multipliers={"2:0": {"2": "2", "4": "2"}})
    nodes = [{"split": ["1", "0"]}, good, good]
    assert judged(affine(tent(), WIDE), evidence(*nodes)) is Verdict.PROVED
    nodes[2] = changed(multipliers=None)
    with pytest.raises(EvidenceError, match="second"):
        judged(affine(tent(), WIDE), evidence(*nodes))


def test_an_l1_ball_needs_its_lifted_form() -> None:
    builder = Builder((2,), "plain")
    network = builder.build(relu(dense(builder.input, [[1, 1]], [0])))
    with pytest.raises(EvidenceError) as caught:
        judged(
            affine(network, l1_ball(vector([3, 3]), 1)),
            evidence({"cell": {"1": "80"}, "free": {"1": "00"}}),
        )
    assert caught.value.rule == "relevance"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda leaf: replace(leaf, multipliers={(2, 0): {1: 2.0, 3: 2.0}}),
        lambda leaf: replace(leaf, multipliers={(2, 0): {True: Fraction(2), 3: Fraction(2)}}),
        lambda leaf: replace(
            leaf, ceilings={place: replace(ceiling, offset=1e9) for place, ceiling in leaf.ceilings.items()}
        ),
        lambda leaf: replace(
            leaf, ceilings={place: replace(ceiling, slope=float("nan")) for place, ceiling in leaf.ceilings.items()}
        ),
        lambda leaf: replace(leaf, free={}),
        lambda leaf: replace(leaf, free={1: np.ones(3, dtype=bool), 2: np.zeros(1, dtype=bool)}),
        lambda leaf: replace(leaf, free={1: np.ones(2), 2: np.zeros(1)}),
    ],
)
def test_other_types_in_memory_are_rejected(spoil: Callable[[Leaf], Leaf]) -> None:
    claim = affine(tent(), WIDE)
    parsed = from_json(evidence(PROOF), [tent()])
    assert isinstance(parsed, Cells)
    [cover] = parsed.proofs
    assert isinstance(cover, Cover) and isinstance(cover.tree, Leaf)
    assert judging.judged(claim, parsed).verdict is Verdict.PROVED
    with pytest.raises(EvidenceError, match=r"'pattern'|'relevance'"):
        judging.judged(claim, Cells((replace(cover, tree=spoil(cover.tree)),)))


# The rows are identities.


def value(row: dict[int, int], columns: dict[int, Fraction]) -> Fraction:
    return sum((weight * columns[column] for column, weight in row.items()), Fraction(0))


@pytest.mark.parametrize("seed", seeds(35, campaign=600))
def test_the_rows_of_a_normal_form_give_the_values_of_the_network(seed: int) -> None:
    rng = random.Random(seed)
    network = random_network(seed)
    size = network.input_size
    low = point(rng, size)
    high = [v + rng.choice([Fraction(0), Fraction(1), Fraction(5, 2)]) for v in low]
    region = everything(size) if seed % 4 == 0 else box(low, high)
    assert isinstance(region.base, Box)
    normal = normal_form(network, region.base)
    assert len(normal.units) <= network.relu_count
    for _ in range(4):
        x = [a + (b - a) * Fraction(rng.randint(0, 4), 4) for a, b in zip(low, high, strict=True)]
        columns = {CONSTANT: Fraction(1), **dict(enumerate(x))}
        exact = preactivations(network, vector(x))
        for j, unit in enumerate(normal.units):
            z = value(unit.row, columns)
            there = exact[unit.block - 1][unit.index]
            assert (z > 0, z < 0) == (there > 0, there < 0)
            columns[size + j] = max(z, Fraction(0))
        found = [value(row, columns) / normal.denominator for row in normal.outputs]
        assert found == evaluate(network, vector(x)).fractions()


def test_units_that_are_equal_opposite_or_idle_share_a_row() -> None:
    builder = Builder((2,), "shared")
    h = relu(dense(builder.input, [[1, 2], [3, 6], [-1, -2], [5, 1], [0, 0]], [1, 3, -1, 0, 4]))
    network = builder.build(dense(h, [[1, 1, 1, 0, 1]]))
    base = everything(2).base
    assert isinstance(base, Box)
    assert len(normal_form(network, base).units) == 1


def test_too_many_rows_are_refused() -> None:
    size = 1 + int(MAX_WORK**0.5) // 2
    builder = Builder((size,), "large")
    x = builder.input
    for _ in range(2):
        x = dense(x, np.ones((16, x.size)), np.ones(16))
        x = relu(dense(x, np.ones((size, 16)) * np.arange(1, size + 1)[:, None], np.arange(size)))
    base = everything(size).base
    assert isinstance(base, Box)
    with pytest.raises(TooLarge, match="products"):
        normal_form(builder.build(dense(x, np.ones((1, x.size)))), base)


# Mutations.


def leaves(tree: Tree) -> list[Leaf]:
    stack, found = [tree], []
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            found.append(node)
        else:
            stack += [node.above, node.below]
    return found


def mutate(rng: random.Random, leaf: Data) -> None:
    """Set a unit free, or hold one that was free, drop a multiplier, or move one to another constraint."""
    kind = rng.choice(("free", "free", "cell", "multipliers", "ceilings"))
    entries = leaf.get(kind)
    if not entries:
        return
    name = rng.choice(sorted(entries))
    if kind in ("free", "cell"):
        bits = bytearray.fromhex(entries[name])
        if bits:
            bits[rng.randrange(len(bits))] ^= 1 << rng.randrange(4, 8)
            entries[name] = bits.hex()
    elif kind == "ceilings":
        entries[name][rng.randrange(2)] = rng.choice(["0", "1", "1/2", "-1", "3"])
    else:
        weights = entries[name]
        row = rng.choice(sorted(weights)) if weights else "0"
        old = weights.pop(row, "1")
        if rng.random() < 0.6:
            weights[str(rng.randint(0, 6))] = rng.choice([old, "1", "0", "1/3", "20"])


@pytest.mark.parametrize("seeds", chunks(0, 50, 1, campaign=13))
def test_no_mutated_leaf_proves_what_z3_refutes(seeds: range) -> None:
    """Evidence of one network is offered, damaged or not, for another whose weights differ a little."""
    rejected = 0
    for seed in seeds:
        rng = random.Random(seed)
        claim = random_claims.claim(seed, ("affine", "linear", "constant", "equivalent", "odd"))
        outcome = decide(claim, Budget(20), "split", shrinking=False)
        if not isinstance(outcome.evidence, Cells):
            continue
        data = to_json(outcome.evidence)
        nodes = [node for proof in data["proofs"] for node in proof.get("tree", []) if "cell" in node]
        for _ in range(6):
            mutant = copy.deepcopy(data)
            parts = [node for proof in mutant["proofs"] for node in proof.get("tree", []) if "cell" in node]
            if parts:
                mutate(rng, rng.choice(parts))
            other = replace(claim, region=random_claims.region(rng, claim.network.input_size))
            for target in (claim, other):
                try:
                    verdict = judged(target, mutant)
                except EvidenceError:
                    rejected += 1
                    continue
                theirs = z3_verdict(target, 2)
                assert theirs in (verdict, Verdict.UNKNOWN), (seed, target.property.name, nodes)
    assert rejected > 20
