"""Proofs about networks with smooth units: what may be shared, what may not, and forged evidence."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support.judging import judged
from tests.support.smooth_nets import ALL, ELUS, random_spec
from verify.errors import EvidenceError, VerifyError
from verify.kernel import Verdict
from verify.kernel.evidence import BlockSteps, Cells, Cover, Leaf, Steps
from verify.kernel.json import from_json
from verify.kernel.rewriting import OFF, ON, rewritten
from verify.network import Builder, Network, Tensor, activations
from verify.network.activations import smooth
from verify.network.builder import dense, relu
from verify.network.network import from_json as network_from_json
from verify.network.network import to_json as network_to_json
from verify.network.smooth import SMOOTH
from verify.property import Claim, Vacuous, find
from verify.rational import vector
from verify.region import HalfSpace, Region, box, everything, intersection, l1_ball, nonnegative, polyhedron
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json

Build = Callable[[Tensor], Tensor]


def one_input(build: Build, name: str = "net") -> Network:
    builder = Builder((1,), name)
    return builder.build(build(builder.input.named("x")))


def leaf_for(network: Network, on: int = 0) -> Cells:
    """One leaf with every ReLU off (or on)."""
    pattern = {k: np.full(block.size, bool(on)) for k, block in network.relu_blocks()}
    return Cells((Cover(Leaf(pattern)),))


def is_proved(network: Network, name: str, region: Region | None = None, evidence: Cells | None = None) -> bool:
    claim = Claim(network, find(name), region or everything(network.input_size))
    try:
        return judged(claim, evidence or leaf_for(network)).verdict is Verdict.PROVED
    except EvidenceError:
        return False


@pytest.mark.parametrize("function", SMOOTH)
def test_equal_units_cancel_and_others_do_not(function: str) -> None:
    def difference(scale: Fraction | int, shift: Fraction | int, factor: int) -> Build:
        return lambda x: (
            smooth(x.named("a"), function)
            + smooth(x.scaled(scale).plus_number(shift).named("b"), function).scaled(factor)
        )

    parity = SMOOTH[function].parity
    assert is_proved(one_input(difference(1, 0, -1)), "constant")
    assert is_proved(one_input(difference(-1, 0, -1)), "constant") is (parity == 1)
    assert is_proved(one_input(difference(-1, 0, 1)), "constant") is (parity == -1)
    for scale, shift in ((1, 1), (2, 0), (1, Fraction("1e-30")), (Fraction(1, 3), 0)):
        for factor in (-1, 1):
            assert not is_proved(one_input(difference(scale, shift, factor)), "affine")
    assert not is_proved(one_input(difference(1, 0, 1)), "affine")
    assert not is_proved(one_input(difference(1, 0, -2)), "affine")


def test_different_functions_of_one_form_are_different_units() -> None:
    names = sorted(SMOOTH)
    for one in names:
        for other in names:
            builder = Builder((1,), "two")
            network = builder.build(smooth(builder.input.named("a"), one) - smooth(builder.input.named("b"), other))
            assert is_proved(network, "affine") is (one == other)


def test_constants() -> None:
    """phi(c) is an unknown constant: an affine map may contain it, zero or a linear map may not."""
    network = one_input(lambda x: activations.tanh(x.scaled(0).plus_number(1)) + x)
    assert is_proved(network, "affine")
    assert not is_proved(network, "linear") and not is_proved(network, "constant")
    assert is_proved(network, "linear", box([1], [1]))  # a hull without 0: any constant will do
    same = one_input(
        lambda x: activations.tanh(x.scaled(0).plus_number(1)) - activations.tanh(x.scaled(0).plus_number(1))
    )
    assert is_proved(same, "linear") and is_proved(same, "constant")
    assert not is_proved(one_input(lambda x: smooth(x.scaled(0), "logcosh")), "linear")
    assert is_proved(one_input(lambda x: smooth(x.scaled(0), "exp").plus_number(-1)), "linear")


def test_symbols_of_pinned_coordinates_are_shared() -> None:
    builder = Builder((2,), "pinned")
    network = builder.build(
        activations.tanh(dense(builder.input, [[1, 1]])) - activations.tanh(dense(builder.input, [[1, 0]], [1]))
    )
    assert is_proved(network, "constant", box([-9, 1], [9, 1]))
    assert not is_proved(network, "affine", box([-9, 1], [9, 2]))
    assert is_proved(network, "affine", box([3, 1], [3, 1]))


def test_relu_after_a_smooth_unit_uses_its_bounds() -> None:
    def clipped(constant: str) -> Network:
        return one_input(lambda x: relu(activations.tanh(x).plus_number(constant).named("r")) - activations.tanh(x))

    assert is_proved(clipped("1"), "constant", evidence=leaf_for(clipped("1"), on=1))
    assert not is_proved(clipped("99/100"), "constant", evidence=leaf_for(clipped("99/100"), on=1))
    dead = one_input(lambda x: relu(activations.tanh(x).plus_number(-1).named("r")))
    assert is_proved(dead, "linear")
    assert not is_proved(one_input(lambda x: relu(activations.tanh(x).plus_number("-999/1000").named("r"))), "linear")
    assert not is_proved(one_input(lambda x: relu(smooth(x, "exp").scaled(-1).plus_number(1).named("r"))), "affine")


def test_nested_units_with_equal_arguments_cancel() -> None:
    nested = one_input(
        lambda x: (
            activations.tanh(activations.softplus(x).named("a")) - activations.tanh(activations.softplus(x).named("b"))
        )
    )
    assert is_proved(nested, "constant")
    other = one_input(lambda x: activations.tanh(activations.softplus(x)) - activations.tanh(activations.softplus(-x)))
    assert not is_proved(other, "constant")


@pytest.mark.parametrize("code", [ON, OFF])
@pytest.mark.parametrize("function", SMOOTH)
def test_a_smooth_unit_is_never_on_or_off(code: int, function: str) -> None:
    """exp(z) is not z where z >= 0, whatever the steps of a rewriting say."""
    network = one_input(lambda x: smooth(x.named("a"), function))
    region = box([1], [2]) if code == ON else box([-2], [-1])
    values = np.array([-2] if code == ON else [], dtype=np.int64)
    steps = Steps((BlockSteps(np.array([code], dtype=np.int64), values),), bounded=True)
    with pytest.raises(EvidenceError, match="smooth"):
        rewritten(network, steps, region.base)
    assert not is_proved(network, "affine", region, Cells((Cover(Leaf({}), steps=steps),)))


def test_exp_of_something_that_is_never_positive_is_at_most_one() -> None:
    """ELU >= -1 and, where it is not positive, exp <= 1: ELU of ELU keeps its sides; exp(relu(z)) has no such bound."""

    def clipped(sign: int) -> Network:
        def build(x: Tensor) -> Tensor:
            grown = smooth(relu(x.named("a")).scaled(sign), "exp")
            return relu(grown.plus_number(-1).named("b"))

        return one_input(build)

    pattern = {1: np.array([True]), 3: np.array([False])}
    evidence = Cells((Cover(Leaf(pattern)),))
    assert is_proved(clipped(-1), "constant", nonnegative(1), evidence)
    assert not is_proved(clipped(1), "constant", nonnegative(1), evidence)
    assert not is_proved(clipped(1), "constant", box([1], [2]), evidence)
    shifted = one_input(
        lambda x: relu(smooth((-relu(x.named("a"))).plus_number("1e-30"), "exp").plus_number(-1).named("b"))
    )
    assert not is_proved(shifted, "constant", nonnegative(1), evidence)


def test_wrong_patterns_are_rejected() -> None:
    network = one_input(activations.elu)
    for pattern in (
        {},
        {1: np.array([True])},
        {1: np.array([True, False]), 2: np.array([True])},
        {1: np.array([1]), 2: np.array([0])},
    ):
        assert not is_proved(network, "affine", nonnegative(1), Cells((Cover(Leaf(pattern)),)))
    good = decide(Claim(network, find("affine"), nonnegative(1)), Budget(10)).evidence
    assert isinstance(good, Cells)
    assert is_proved(network, "affine", nonnegative(1), good)
    assert not is_proved(network, "affine", box([-1], [1]), good)


def test_signs_do_not_force_patterns_of_smooth_networks() -> None:
    network = one_input(activations.elu)
    assert not is_proved(network, "affine", nonnegative(1), Cells((Cover(Leaf({}, signs=True)),)))


def mutated(data: Any, rng: random.Random) -> Any:
    """A copy with one thing changed: a key lost, a number or bit string replaced, a part put elsewhere."""
    result = copy.deepcopy(data)
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        for key in list(node.keys()) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            visit(node[key])

    visit(result)
    node, key = rng.choice(places)
    choices: list[Any] = ["0", "1", "-1", "f", [], {}, None, 3, True, "1e-30"]
    if isinstance(node, dict) and rng.random() < 0.3:
        del node[key]
    else:
        other, place = rng.choice(places)
        found = other.get(place) if isinstance(other, dict) else other[place] if place < len(other) else None
        node[key] = copy.deepcopy(found) if rng.random() < 0.5 else rng.choice(choices)
    return result


def regions(rng: random.Random, size: int) -> Region:
    rows = [
        HalfSpace(vector([1] * size), Fraction(1)),
        HalfSpace(vector([-1] * size), Fraction(rng.choice([-1, 0, 1]))),
    ]
    return rng.choice(
        [
            everything(size),
            nonnegative(size),
            box([0] * size, [1] * size),
            box([-1] * size, [rng.choice([0, 1])] * size),
            l1_ball(vector([rng.choice([0, 1, 2])] * size), Fraction(1)),
            polyhedron(size, rows),
            intersection(nonnegative(size), polyhedron(size, rows)),
        ]
    )


def test_mutated_evidence_proves_nothing_false() -> None:
    """Evidence for one claim, changed in one place or put to another claim: rejected, or the claim is true."""
    rng = random.Random(7)
    names = ["affine", "linear", "constant", "additive", "odd", "positively homogeneous"]
    tried = accepted = 0
    while tried < 72:
        size = rng.choice([1, 2])
        spec = random_spec(rng, rng.choice(ELUS), size)
        network, region = spec.network(), regions(rng, size)
        claim = Claim(network, find(rng.choice(names)), region)
        outcome = decide(claim, Budget(20), shrinking=False)
        if not isinstance(outcome.evidence, Cells):
            continue
        data = to_json(outcome.evidence)
        for _ in range(6):
            tried += 1
            goal = Claim(network, find(rng.choice(names)), regions(rng, size) if rng.random() < 0.5 else region)
            questions = goal.questions()
            if isinstance(questions, Vacuous):
                continue
            try:
                evidence = from_json(mutated(data, rng) if rng.random() < 0.7 else data, [q.network for q in questions])
                verdict = judged(goal, evidence).verdict
            except EvidenceError:
                continue
            if verdict is Verdict.PROVED:
                accepted += 1
                assert decide(goal, Budget(20), shrinking=False).verdict is not Verdict.REFUTED, (spec, data)
    assert accepted > 3


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_the_canonical_form_survives_json(activation: Any) -> None:
    network = random_spec(random.Random(3), activation, 2).network()
    again = network_from_json(network_to_json(network))
    assert again.canonical_digest == network.canonical_digest
    assert [b.smooth for b in again.blocks] == [b.smooth for b in network.blocks]
    data = network_to_json(network)
    data["blocks"][-2]["smooth"] = "sinh"
    with pytest.raises(VerifyError, match="unknown activation"):
        network_from_json(data)


def test_smooth_and_plain_networks_have_different_digests() -> None:
    plain = one_input(lambda x: x.builder.add_block(x, relu=False))
    assert plain.canonical_digest != one_input(lambda x: smooth(x, "tanh")).canonical_digest
    assert (
        one_input(lambda x: smooth(x, "exp")).canonical_digest
        != one_input(lambda x: smooth(x, "tanh")).canonical_digest
    )
