"""Replaying the steps of a rewriting: forged ones are rejected, by ``EvidenceError`` and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support import redundant
from tests.support.judging import judged
from tests.support.naive import preactivations as naive
from verify.errors import EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.evidence import BlockSteps, Cells, Cover, Leaf, Steps
from verify.kernel.exact import evaluate
from verify.kernel.intervals import Intervals
from verify.kernel.json import from_json
from verify.kernel.rewriting import EXPAND, KEEP, NEW, OFF, ON, rewritten
from verify.kernel.rows import gathered, products, weighted
from verify.network import Builder, Network
from verify.network import matrix as matrices
from verify.network.builder import dense, relu
from verify.property import Claim, find
from verify.rational import vector
from verify.region import box, everything
from verify.writing import to_json


def steps(*blocks: tuple[list[int], list[int]], bounded: bool = True) -> Steps:
    return Steps(tuple(BlockSteps(np.array(u, np.int64), np.array(v, np.int64)) for u, v in blocks), bounded)


def hidden(weights: list[list[Any]], bias: list[Any]) -> Network:
    """One hidden layer of ReLU whose units are the outputs."""
    builder = Builder((len(weights[0]),), "hidden")
    units = relu(dense(builder.input, weights, bias))
    return builder.build(dense(units, np.eye(len(bias))))


SOUND = [
    # z and 3 z; z and -2 z as a sum; the same with a new variable; on, off; a constant
    (hidden([[1, 2], [3, 6]], ["1/3", 1]), steps(([KEEP, 0], []))),
    (hidden([[1, 2], [3, 6]], ["1/3", 1]), steps(([0, KEEP], []))),  # the kept unit is variable 0, wherever it stands
    (hidden([[1, 2], [-2, -4]], ["1/3", "-2/3"]), steps(([KEEP, 0], [EXPAND]))),
    (hidden([[1, 2], [-2, -4]], ["1/3", "-2/3"]), steps(([KEEP, 0], [NEW]))),
    (hidden([[1, 0], [0, -1]], [1, -1]), steps(([ON, OFF], [EXPAND]))),
    (hidden([[1, 0], [0, -1]], [1, -1]), steps(([ON, OFF], [NEW]))),
    (hidden([[0, 0], [1, 1]], [-3, 0]), steps(([KEEP, KEEP], []))),
]


@pytest.mark.parametrize(("network", "chosen"), SOUND)
def test_sound_steps_keep_the_function(network: Network, chosen: Steps) -> None:
    region = box([-1, -1], [1, 1])
    short = rewritten(network, chosen, region.base)
    assert short.relu_count < network.relu_count
    rng = random.Random(0)
    for _ in range(20):
        x = [Fraction(rng.randint(-8, 8), 8) for _ in range(2)]
        assert evaluate(short, vector(x)).fractions() == naive(network, x)[-1]


PAIR = hidden([[1, 2], [3, 6]], ["1/3", 1])
FORGED = [
    (PAIR, steps()),
    (PAIR, steps(([KEEP], []))),
    (PAIR, steps(([KEEP, 0, 0], []))),
    (PAIR, steps(([KEEP, 1], []))),  # there is no variable 1
    (PAIR, steps(([0, 0], []))),  # nor 0
    (PAIR, steps(([KEEP, -4], []))),
    (PAIR, steps(([KEEP, 0], [EXPAND]))),  # a form too many
    (PAIR, steps(([KEEP, ON], [EXPAND]))),  # not on
    (PAIR, steps(([KEEP, OFF], []))),
    (PAIR, steps(([KEEP, ON], [EXPAND]), bounded=False)),
    (hidden([[1, 2], [3, 6]], ["1/3", 2]), steps(([KEEP, 0], []))),  # the bias differs
    (hidden([[1, 2], [3, 5]], ["1/3", 1]), steps(([KEEP, 0], []))),
    (hidden([[1, 2], [3, 0]], ["1/3", 1]), steps(([KEEP, 0], []))),
    (hidden([[1, 2], [-1, -2]], [1, -1]), steps(([KEEP, 0], []))),  # the form is missing
    (hidden([[1, 2], [-1, -2]], [1, -1]), steps(([KEEP, 0], [0]))),  # shared with one that has another activation
    (hidden([[1, 0], [0, -1]], [1, -1]), steps(([ON, OFF], [EXPAND]), bounded=False)),
    (hidden([[1, 0], [0, -1]], [1, "-999/1000"]), steps(([ON, OFF], [EXPAND]))),  # off only up to x1 = -999/1000
    (hidden([["1e30", 1], [1, "1e-30"]], [0, "1e-90"]), steps(([KEEP, 0], []))),  # equal to within 1e-90
]


@pytest.mark.parametrize("index", range(len(FORGED)))
def test_forged_steps_are_rejected(index: int) -> None:
    network, chosen = FORGED[index]
    with pytest.raises(EvidenceError) as caught:
        rewritten(network, chosen, box([-1, -1], [1, 1]).base)
    assert caught.value.rule == "rewriting"


def test_any_change_of_sound_steps_is_rejected_or_sound() -> None:
    """Every code of every unit replaced by every other: what is accepted is the same function on the region."""
    from verify.search.budget import Budget
    from verify.search.rewriting import rewrite

    accepted = rejected = 0
    for seed in range(6):
        network = redundant.pair(seed)[1]
        region = box([-1] * network.input_size, [1] * network.input_size)
        found = rewrite(network, region, Budget())
        assert found is not None
        for changed in changes(found, random.Random(seed), 60):
            try:
                short = rewritten(network, changed, region.base)
            except EvidenceError as error:
                assert error.rule == "rewriting"
                rejected += 1
                continue
            accepted += 1
            rng = random.Random(seed)
            for _ in range(3):
                x = [Fraction(rng.randint(-4, 4), 4) for _ in range(network.input_size)]
                assert evaluate(short, vector(x)).fractions() == naive(network, x)[-1]
    assert accepted and rejected


def changes(found: Steps, rng: random.Random, count: int) -> list[Steps]:
    result = []
    for _ in range(count):
        blocks = [BlockSteps(step.units.copy(), step.values.copy()) for step in found.blocks]
        line = rng.choice([line for step in blocks for line in (step.units, step.values) if len(line)])
        line[rng.randrange(len(line))] = rng.choice([KEEP, OFF, ON, 0, 1, 2, 3, 5])
        result.append(Steps(tuple(blocks), rng.random() < 0.7 and found.bounded))
    return result


def proved() -> tuple[Claim, dict[str, Any]]:
    """A claim that is proved through steps, and its evidence as plain data."""
    from verify.search.budget import Budget
    from verify.search.decide import decide

    first, second, _ = redundant.pair(7)
    claim = Claim(first, find("equivalent"), everything(first.input_size), second)
    outcome = decide(claim, Budget())
    assert outcome.evidence is not None
    return claim, json.loads(json.dumps(to_json(outcome.evidence)))


def set_rewriting(key: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(proof: dict[str, Any]) -> None:
        proof["rewriting"][key] = value

    return change


def set_line(place: int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(proof: dict[str, Any]) -> None:
        proof["rewriting"]["blocks"][0][place] = value

    return change


DAMAGE: list[Callable[[dict[str, Any]], None]] = [
    set_rewriting("bounded", 1),
    set_rewriting("blocks", []),
    set_rewriting("blocks", None),
    set_rewriting("blocks", {}),
    set_line(0, "-1*99999999"),
    set_line(0, "1+999999999"),
    set_line(0, "x"),
    set_line(0, "1.5"),
    set_line(0, 3),
    set_line(0, ""),
    set_line(1, "0 0 0"),
    set_line(1, "-9"),
    lambda proof: proof.__setitem__("rewriting", None),
    lambda proof: proof.__setitem__("rewriting", {}),
    lambda proof: proof.__setitem__("sizes", {"1": 10**9}),
    lambda proof: proof.__setitem__("sizes", {"-1": 1}),
    lambda proof: proof.__setitem__("sizes", {"1": "2"}),
    lambda proof: proof.__setitem__("sizes", None),
    lambda proof: proof.pop("sizes"),
    lambda proof: proof.pop("rewriting"),
]


@pytest.mark.parametrize("index", range(len(DAMAGE)))
def test_damaged_records_are_rejected(index: int) -> None:
    claim, data = proved()
    questions = claim.questions()
    assert isinstance(questions, list)
    networks = [question.network for question in questions]
    assert judged(claim, from_json(data, networks)).verdict is Verdict.PROVED
    DAMAGE[index](data["proofs"][0])
    with pytest.raises(EvidenceError, match=r"'format'|'rewriting'"):
        judged(claim, from_json(data, networks))


def test_a_pattern_of_the_network_before_the_steps_is_rejected() -> None:
    network = hidden([[1, 2], [3, 6]], ["1/3", 1])
    claim = Claim(network, find("affine"), box([1, 1], [2, 2]))
    chosen = steps(([KEEP, 0], []))
    whole, short = {1: np.array([True, True])}, {1: np.array([True])}
    assert judged(claim, Cells((Cover(Leaf(short), steps=chosen),))).verdict is Verdict.PROVED
    with pytest.raises(EvidenceError, match="'pattern'"):
        judged(claim, Cells((Cover(Leaf(whole), steps=chosen),)))
    with pytest.raises(EvidenceError, match="'pattern'"):
        judged(claim, Cells((Cover(Leaf(short)),)))


def test_pinned_coordinates_are_constants() -> None:
    network = hidden([[1, 1], [1, -1]], [0, 0])
    flat = box([-1, 0], [1, 0])
    short = rewritten(network, steps(([KEEP, 0], [])), flat.base)
    assert short.relu_count == 1
    with pytest.raises(EvidenceError, match="'rewriting'"):
        rewritten(network, steps(([KEEP, 0], [])), box([-1, 0], [1, 1]).base)


def smooth_pair(name: str, factor: float) -> Network:
    network = hidden([[1, 2], [factor, 2 * factor]], [1, factor])
    return replace(network, blocks=(replace(network.blocks[0], relu=False, smooth=name), *network.blocks[1:]))


@pytest.mark.parametrize(
    ("name", "factor", "accepted"), [("tanh", 1, True), ("tanh", -1, True), ("tanh", 2, False), ("exp", -1, False)]
)
def test_smooth_units_share_what_is_equal_or_opposite(name: str, factor: float, accepted: bool) -> None:
    network, chosen = smooth_pair(name, factor), steps(([KEEP, 0], []))
    if not accepted:
        with pytest.raises(EvidenceError, match="'rewriting'"):
            rewritten(network, chosen, everything(2).base)
        return
    short = rewritten(network, chosen, everything(2).base)
    assert [block.size for block in short.blocks] == [1, 2]
    assert short.blocks[-1].inputs[0][1].fractions() == [1, factor]


def inside(rng: random.Random, low: Fraction | None, high: Fraction | None) -> Fraction:
    """A number between the two, the ends included, or far out on an open side."""
    ends = [end for end in (low, high) if end is not None]
    if ends and rng.random() < 0.3:
        return rng.choice(ends)
    value = Fraction(rng.randint(-40, 40), 4)
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)


@pytest.mark.parametrize("seed", range(30))
def test_interval_bounds_hold(seed: int) -> None:
    """At random points of random boxes, infinite sides and negative weights included."""
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    low = [None if rng.random() < 0.3 else Fraction(rng.randint(-6, 0), 3) for _ in range(size)]
    high = [None if rng.random() < 0.3 else Fraction(rng.randint(0, 6), 3) for _ in range(size)]
    region = box(low, high)
    rows = [[redundant.number(rng) for _ in range(size + 1)] for _ in range(5)]
    bounds = Intervals.of_inputs(region.base, bounded=True).of_rows(matrices.from_dense(np.array(rows, dtype=object)))
    wide = bounds.rounded()
    for _ in range(30):
        x = [inside(rng, a, b) for a, b in zip(low, high, strict=True)]
        for i, row in enumerate(rows):
            value = row[0] + sum((w * v for w, v in zip(row[1:], x, strict=True)), Fraction(0))
            assert not bounds.low.known[i] or wide.low.numbers[i] <= bounds.low.numbers[i] <= value
            assert not bounds.top.known[i] or wide.top.numbers[i] <= bounds.top.numbers[i] <= -value


def test_long_bounds_are_rounded_outwards() -> None:
    third = Fraction(1, 3**200)
    rows = matrices.from_dense(np.array([[third], [-third], [1 + third]], dtype=object))
    bounds = Intervals.of_inputs(everything(0).base, bounded=True).of_rows(rows)
    wide = bounds.rounded()
    assert wide.low.numbers.denominator.bit_length() < 200
    for i in range(3):
        assert wide.low.numbers[i] < bounds.low.numbers[i] == -bounds.top.numbers[i] < -wide.top.numbers[i]
        assert -wide.top.numbers[i] - wide.low.numbers[i] < Fraction(1, 2**90)


@pytest.mark.parametrize("seed", range(40))
def test_sums_of_products_are_exact(seed: int) -> None:
    """Floats of all sizes, fractions, cancellation, repeated positions."""
    rng = random.Random(seed)

    def entry() -> Fraction:
        kind = rng.randrange(4)
        if kind == 0:
            return Fraction(rng.uniform(-1, 1) * 2.0 ** rng.randint(-60, 60))
        return Fraction(rng.randint(-4, 4), 1 if kind < 3 or seed % 2 else rng.randint(1, 9))

    shapes = [(3, 4), (3, 2)]
    lefts = [np.array([[entry() for _ in range(b)] for _ in range(a)], dtype=object) for a, b in shapes]
    rights = [np.array([[entry() for _ in range(5)] for _ in range(b)], dtype=object) for _, b in shapes]
    constants = [entry() for _ in range(3)]
    expected = sum(a @ b for a, b in zip(lefts, rights, strict=True))
    expected[:, 0] += np.array(constants, dtype=object)
    parts = [(matrices.from_dense(a), matrices.from_dense(b)) for a, b in zip(lefts, rights, strict=True)]
    found = weighted(parts, vector(constants), 5)
    dense_form = [[Fraction(0)] * 5 for _ in range(3)]
    for row, column, value in zip(found.row_of_entry, found.columns, found.fractions(), strict=True):
        dense_form[row][column] = value
    assert dense_form == expected.tolist()


def test_many_short_products_are_exact() -> None:
    rng = np.random.default_rng(0)
    left, right = (rng.integers(-1000, 1000, size=s) / 64.0 for s in ((60, 70), (70, 80)))
    found = weighted([(matrices.from_dense(left), matrices.from_dense(right))], vector([0] * 60), 80)
    exact = (left * 64).astype(np.int64) @ (right * 64).astype(np.int64)
    assert np.array_equal(found.floats.toarray(), exact / 4096.0)


def test_entries_at_one_place_are_added() -> None:
    places = (np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([0.1, 0.2, 1.0]))
    assert gathered([places, places], (2, 2)).fractions() == [2 * (Fraction(0.1) + Fraction(0.2)), Fraction(2)]
    product = products(np.array([0.1, 2.0]), np.array([0.3, 0.5]))
    assert [Fraction(v) for v in product.tolist()] == [Fraction(0.1) * Fraction(0.3), Fraction(1)]
