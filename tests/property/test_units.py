"""No dead units: against Z3 on the definition, and what the kernel rejects."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import z3

import verify
from tests.support import naive, random_claims, random_networks
from tests.support.seeds import chunks
from verify import second_judge, writing
from verify.errors import EvidenceError, NetworkError
from verify.kernel import evidence as kinds
from verify.kernel import json as kernel_json
from verify.kernel.check import Verdict, judge
from verify.kernel.evidence import Cells, Off, Reached
from verify.kernel.instances import Instance
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.property import Claim, Vacuous, find
from verify.property.units import AT_MOST_ZERO, NO_DEAD_UNITS, unit_network, units
from verify.rational import Vector, vector
from verify.region import Region, box, everything, segment
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.solver.encoding import encoded, inside


def dead_units(network: Network, region: Region) -> set[tuple[int, int]]:
    """Units for which Z3 finds no point of the region with a positive pre-activation."""
    point = [z3.Real(f"x{i}") for i in range(network.input_size)]
    solver = z3.Solver()
    encoded(network, point, solver, "n")
    solver.add(*inside(region, point, "p"))
    assert solver.check() == z3.sat
    found = set()
    for block, unit in units(network):
        answer = solver.check(z3.Real(f"n_{block}_{unit}") > 0)
        assert answer != z3.unknown
        if answer == z3.unsat:
            found.add((block, unit))
    return found


def compare(claim: Claim) -> Verdict:
    """Decide the claim, compare with Z3, and replay the evidence after a trip through JSON."""
    outcome = decide(claim, Budget())
    questions = claim.questions()
    assert not isinstance(questions, Vacuous)
    if not claim.network.relu_count:
        assert outcome.vacuous
        return outcome.verdict
    dead = dead_units(claim.network, claim.region)
    assert outcome.verdict is (Verdict.REFUTED if dead else Verdict.PROVED)
    assert outcome.evidence is not None
    if isinstance(outcome.evidence, Off):
        shift = len(questions[0].network.blocks) - len(claim.network.blocks)
        assert (outcome.evidence.block - shift, outcome.evidence.unit) in dead
    again = kernel_json.from_json(writing.to_json(outcome.evidence), [q.network for q in questions])
    assert judge(claim, again, outcome.witness).verdict is outcome.verdict
    return outcome.verdict


def random_claim(seed: int) -> Claim:
    rng = random.Random(seed)
    network = random_networks.network(seed)
    return Claim(network, NO_DEAD_UNITS, random_claims.region(rng, network.input_size))


# The first network with rows that are multiples of others.
RELATED = 94


def verdicts(seeds: Iterable[int]) -> list[Verdict]:
    found = []
    for seed in seeds:
        claim = random_claim(seed)
        try:
            found.append(compare(claim))
        except verify.InputError as error:
            assert "empty" in str(error)
    return found


@pytest.mark.parametrize("seeds", chunks(0, 60, 1, campaign=64))
def test_agrees_with_z3(seeds: range) -> None:
    found = verdicts([*seeds, RELATED])
    assert found.count(Verdict.PROVED) > 8 and found.count(Verdict.REFUTED) > 8


def pair(first: float, second: float) -> Network:
    """Two units relu(x + first) and relu(second - x), and one that reads them."""
    builder = Builder((1,), "pair")
    hidden = relu(dense(builder.input, [[1], [-1]], [first, second]).named("a"))
    return builder.build(dense(relu(dense(hidden, [[-1, -1]], [0]).named("b")), [[1]]))


def test_a_unit_that_only_touches_zero_is_dead() -> None:
    claim = Claim(pair(0, 0), NO_DEAD_UNITS, box([-1], [0]))
    outcome = decide(claim, Budget())
    assert isinstance(outcome.evidence, Off) and (outcome.evidence.block, outcome.evidence.unit) == (1, 0)


def test_a_unit_that_is_on_by_very_little_is_not_dead() -> None:
    builder = Builder((1,), "thin")
    tiny = Fraction("1e-30")
    network = builder.build(dense(relu(dense(builder.input, [[1]], [tiny])), [[1]]))
    found = verify.check(network, "no dead units", on=box([-1], [0]))
    assert found.verdict is Verdict.PROVED


def test_the_sentence_names_the_unit() -> None:
    found = verify.check(pair(0, 0), "no dead units", on=box([-2], [-1]))
    assert found.counterexample is not None and found.counterexample.startswith("a[0] is off at every point")


def test_without_relu_there_is_nothing_to_check() -> None:
    assert verify.check("properties/networks/identity.toml", "no dead units").vacuous


def test_smooth_networks_are_refused() -> None:
    network = verify.load("properties/networks/activations/tanh.toml")
    with pytest.raises(NetworkError, match="no dead units"):
        verify.check(network, "no dead units")


def test_families_are_refused() -> None:
    family = "properties/networks/all_weights_nonnegative.toml"
    with pytest.raises(NetworkError, match="units of one network"):
        verify.check_family(family, "no dead units", on="nonneg")


def test_what_the_kernel_rejects() -> None:
    network = pair(0, 0)
    whole, part = box([-1], [1]), box([-1], [0])
    alive, dead = Claim(network, NO_DEAD_UNITS, whole), Claim(network, NO_DEAD_UNITS, part)
    off = decide(dead, Budget()).evidence
    assert isinstance(off, Off)
    # Unit b of this network is off everywhere, so the first claim is refuted as well.
    assert judge(alive, replace(off, block=2, unit=0, proof=_proof(alive, 2, 0))).verdict is Verdict.REFUTED
    table: list[tuple[Claim, kinds.Evidence, str]] = [
        (alive, Reached(()), "reached units"),
        (alive, Reached((vector([1]), vector([-1]))), "reached units"),
        (alive, Reached((vector([2]),)), "reached units"),
        (alive, Reached((vector([1, 1]),)), "reached units"),
        (dead, replace(off, unit=2), "unit off"),
        (dead, replace(off, block=0), "unit off"),
        (dead, replace(off, block=3, unit=0), "unit off"),
        (alive, off, "stable pattern"),
        (dead, Cells((off.proof,)), "cells"),
        (dead, Cells(()), "cells"),
        (dead, kinds.Empty({}), "kind"),  # type: ignore[list-item]
        (dead, kinds.Nothing(), "nothing to quantify over"),
        (dead, kinds.ValueGap({"x": vector([0])}, 0), "value gap"),
        (alive, kinds.ValueGap({"x": vector([1])}, 0), "value gap"),
        (dead, kinds.Rule("zero biases"), "zero biases"),
        (Claim(network, find("affine"), part), off, "unit off"),
        (Claim(network, find("affine"), part), Reached((vector([0]),)), "reached units"),
    ]
    for claim, evidence, rule in table:
        more: dict[str, Vector | Fraction] = (
            {} if claim.property is NO_DEAD_UNITS else {"y": vector([0]), "e": Fraction(1, 2)}
        )
        with pytest.raises(EvidenceError) as caught:
            refutes = isinstance(evidence, Off | kinds.ValueGap)
            judge(claim, evidence, None if refutes else Instance({"x": vector([0]), **more}))
        assert caught.value.rule in (rule, "inequality"), evidence


def _proof(claim: Claim, block: int, unit: int) -> kinds.Cover:
    alone = Claim(unit_network(claim.network, block, unit), AT_MOST_ZERO, claim.region)
    evidence = decide(alone, Budget(), shrinking=False).evidence
    assert isinstance(evidence, Cells) and isinstance(evidence.proofs[0], kinds.Cover)
    return evidence.proofs[0]


def test_the_second_judge_declines(tmp_path: Path) -> None:
    record = verify.check(pair(0, 0), "no dead units", on="box(-1, 0)").save(tmp_path)
    lines: list[str] = []
    assert second_judge.run([str(record)], lines.append) == 3, lines


def test_one_unit_as_a_network_has_its_value() -> None:
    network = random_networks.network(3)
    point = [Fraction(1, 3)] * network.input_size
    values = naive.preactivations(network, point)
    for block, unit in units(network):
        alone = naive.preactivations(unit_network(network, block, unit), point)
        assert alone[-1] == [values[block - 1][unit]]


def test_on_a_segment_units_keep_their_numbers() -> None:
    builder = Builder((2,), "plane")
    network = builder.build(dense(relu(dense(builder.input, np.array([[1, 0], [0, 1]]), [0, -5])), [[1, 1]]))
    found = verify.check(network, "no dead units", on=segment(vector([0, 0]), vector([1, 2])))
    assert found.counterexample is not None and "[1] is off" in found.counterexample
    assert verify.check(network, "no dead units", on=everything(2)).verdict is Verdict.PROVED
