"""What the kernel accepts and what it rejects, rule by rule, and mutated evidence against Z3.

The one thing that must never happen: evidence that makes a false claim PROVED.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support import judging, random_claims
from tests.support.corpus import Corpus
from tests.support.seeds import chunks
from tests.support.z3_verdicts import z3_verdict
from verify.errors import EvidenceError, RegionError
from verify.kernel import Verdict
from verify.kernel.check import Judgement
from verify.kernel.evidence import Cells, Cover, Leaf
from verify.kernel.json import from_json
from verify.kernel.ledger import FLOAT_FILTER
from verify.network import Builder, Network, examples
from verify.network.builder import dense, relu
from verify.property import CATALOGUE, Claim, Vacuous, find
from verify.rational import vector, vector_from_floats, zeros
from verify.region import HalfSpace, Region, ball, box, everything, intersection, l1_ball, nonnegative
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.writing import to_json

Data = dict[str, Any]


def networks_of(claim: Claim) -> list[Network]:
    questions = claim.questions()
    return [] if isinstance(questions, Vacuous) else [question.network for question in questions]


def judged(claim: Claim, data: Any) -> Judgement:
    """Evidence as ``recheck`` sees it: read from JSON, then replayed."""
    return judging.judged(claim, from_json(data, networks_of(claim)))


def affine_network(weights: list[list[int]], bias: list[int]) -> Network:
    builder = Builder((len(weights[0]),), "affine")
    return builder.build(dense(builder.input, weights, bias))


def shifted_relu(constant: int) -> Network:
    builder = Builder((1,), "shifted")
    return builder.build(relu(builder.input.named("hidden")).plus_number(constant))


RELU, PAIR, ABS = examples.get("relu"), examples.get("identity_pair"), examples.get("abs")
UNIT, CROSS = box([0], [1]), box([-1], [1])


def on(claim_property: str, network: Network, region: Region, second: Network | None = None) -> Claim:
    return Claim(network, find(claim_property), region, second)


def cells(*nodes: Data, equations: list[Data] | None = None, lifted: bool = False) -> Data:
    return {"kind": "cells", "proofs": [{"equations": equations or [], "lifted": lifted, "tree": list(nodes)}]}


def leaf(bits: str, multipliers: dict[str, dict[str, str]] | None = None, **more: Any) -> Data:
    return {"cell": {"1": bits}, **({"multipliers": multipliers} if multipliers else {}), **more}


def gap(output: Any = 0, **values: Any) -> Data:
    return {"kind": "value gap", "values": values, "output": output}


def empty(multipliers: dict[str, str], *, lifted: bool = False) -> Data:
    return {"kind": "cells", "proofs": [{"empty": multipliers, "lifted": lifted}]}


def equation(form: list[str], above: dict[str, str], below: dict[str, str]) -> Data:
    return {"form": form, "above": above, "below": below}


RULE = {"kind": "rule", "rule": "zero biases"}
NOTHING = {"kind": "nothing to quantify over"}
OFF, ON = "00", "80"
SPLIT_AT_0 = {"split": ["1", "0"]}
# max(x, 0) on [-1, 1], divided at 0: above it the unit is on, below it off (row 0 is then the split's side).
BY_SIDES = [SPLIT_AT_0, leaf(ON, {"1:0": {"0": "1"}}), leaf(OFF, {"1:0": {"0": "1"}})]
PAIR_ABOVE, PAIR_BELOW = {"1:0": {"0": "1"}, "1:1": {"0": "1"}}, {"1:0": {"0": "1"}, "1:1": {"0": "1"}}
PAIR_SIDES = [{"split": ["1", "-2", "0"]}, leaf("80", PAIR_ABOVE), leaf("40", PAIR_BELOW)]
SQUARE = box([-1, -1], [1, 1])


def with_rows(region: Region, *rows: tuple[list[int], int]) -> Region:
    return region.with_rows([HalfSpace(vector(a), Fraction(b)) for a, b in rows])


# The line x0 = x1 in a square, as rows; on it max(x0, x1) is affine.
DIAGONAL = with_rows(SQUARE, ([1, -1], 0), ([-1, 1], 0))
ON_DIAGONAL = equation(["1", "-1", "0"], {"1": "1"}, {"0": "1"})
HALF_POINT = with_rows(everything(1), ([2], 1), ([-2], -1))
AT_HALF = equation(["2", "-1"], {"1": "1"}, {"0": "1"})
CORNER = intersection(l1_ball(vector([-1]), 1), box([0], [None]))  # {0}, as the tip of an L1 ball
NO_POINT = with_rows(CROSS, ([1], -2))
NOWHERE = with_rows(l1_ball(zeros(2), 1), ([1, 1], -1), ([-1, -1], -1))

FIRST, PINNED = affine_network([[1, 0]], [0]), box([1, -1], [1, 1])

ACCEPTED: dict[str, tuple[Claim, Data, Verdict]] = {
    "a gap": (on("additive", RELU, CROSS), gap(x=["1"], y=["-1"]), Verdict.REFUTED),
    "a gap with numbers": (on("homogeneous", RELU, CROSS), gap(x=["1"], t="-1"), Verdict.REFUTED),
    "a gap between two networks": (on("equivalent", RELU, CROSS, ABS), gap(x=["-1/2"]), Verdict.REFUTED),
    "zero biases": (on("positively homogeneous", RELU, CROSS), RULE, Verdict.PROVED),
    "nothing": (on("odd", RELU, box([1], [2])), NOTHING, Verdict.PROVED),
    "one cell": (on("affine", RELU, UNIT), cells(leaf(ON)), Verdict.PROVED),
    "one cell, off": (on("constant", RELU, box([-2], [0])), cells(leaf(OFF)), Verdict.PROVED),
    "one cell by signs": (on("linear", RELU, nonnegative(1)), cells(leaf(ON, signs=True)), Verdict.PROVED),
    "padding bits mean nothing": (on("affine", RELU, UNIT), cells(leaf("ff")), Verdict.PROVED),
    "an unused multiplier": (on("affine", RELU, UNIT), cells(leaf(ON, {"7:9": {"4": "1"}})), Verdict.PROVED),
    "sides of a split": (on("affine", PAIR, SQUARE), cells(*PAIR_SIDES), Verdict.PROVED),
    "a piece through the origin": (
        on("positively homogeneous", shifted_relu(0), box([1], [2])),
        cells(leaf(ON)),
        Verdict.PROVED,
    ),
    "in the hull": (
        on("affine", examples.get("max"), DIAGONAL),
        cells(leaf(OFF), equations=[ON_DIAGONAL]),
        Verdict.PROVED,
    ),
    "a point as a hull": (
        on("equivalent", RELU, HALF_POINT, affine_network([[3]], [-1])),
        cells(leaf(ON), equations=[AT_HALF]),
        Verdict.PROVED,
    ),
    "zero where a side is pinned": (
        on("equivalent", FIRST, PINNED, affine_network([[0, 0]], [1])),
        cells({"cell": {}}),
        Verdict.PROVED,
    ),
    "constant where a side is pinned": (on("constant", FIRST, PINNED), cells({"cell": {}}), Verdict.PROVED),
    "the tip of an L1 ball at 0": (
        on("linear", shifted_relu(0), CORNER),
        cells(leaf(ON), lifted=True),
        Verdict.PROVED,
    ),
}
REJECTED: dict[str, tuple[Claim, Data, str]] = {
    "no gap": (on("additive", RELU, CROSS), gap(x=["1/2"], y=["1/2"]), "value gap"),
    "no such output": (on("additive", RELU, CROSS), gap(1, x=["1"], y=["-1"]), "value gap"),
    "output from the end": (on("additive", RELU, CROSS), gap(-1, x=["1"], y=["-1"]), "value gap"),
    "argument outside": (on("additive", RELU, CROSS), gap(x=["-2"], y=["1"]), "instance"),
    "sum outside": (on("additive", shifted_relu(1), UNIT), gap(x=["1"], y=["1"]), "instance"),
    "missing variable": (on("additive", RELU, CROSS), gap(x=["1"]), "instance"),
    "unknown variable": (on("odd", RELU, CROSS), gap(x=["1"], y=["1"]), "instance"),
    "wrong length": (on("odd", RELU, CROSS), gap(x=["1", "1"]), "instance"),
    "number for a point": (on("odd", RELU, CROSS), gap(x="1"), "instance"),
    "point for a number": (on("homogeneous", RELU, CROSS), gap(x=["1"], t=["-1"]), "instance"),
    "negative factor": (on("positively homogeneous", RELU, CROSS), gap(x=["1"], t="-1"), "instance"),
    "mixing beyond the ends": (on("affine", RELU, CROSS), gap(x=["-1"], y=["0"], e="2"), "instance"),
    "unknown rule": (on("affine", RELU, CROSS), {"kind": "rule", "rule": "trust me"}, "rule"),
    "zero biases prove no more": (on("homogeneous", RELU, CROSS), RULE, "zero biases"),
    "a bias": (on("positively homogeneous", shifted_relu(1), CROSS), RULE, "zero biases"),
    "something to quantify over": (on("odd", RELU, CROSS), NOTHING, "nothing to quantify over"),
    "cells for nothing": (on("odd", RELU, box([1], [2])), {"kind": "cells", "proofs": []}, "cells"),
    "a proof too few": (on("affine", RELU, UNIT), {"kind": "cells", "proofs": []}, "format"),
    "off, but on": (on("affine", RELU, UNIT), cells(leaf(OFF)), "stable pattern"),
    "a unit that switches": (on("affine", RELU, CROSS), cells(leaf(ON)), "stable pattern"),
    "a negative multiplier": (
        on("affine", RELU, CROSS),
        cells(SPLIT_AT_0, leaf(ON, {"1:0": {"0": "1"}}), leaf(ON, {"1:0": {"0": "-1"}})),
        "stable pattern",
    ),
    "no multipliers": (on("affine", PAIR, SQUARE), cells(PAIR_SIDES[0], leaf("80"), leaf("40")), "stable pattern"),
    "a row that is not there": (
        on("affine", RELU, CROSS),
        cells(leaf(ON, {"1:0": {"0": "1"}})),
        "stable pattern",
    ),
    "a negative row": (
        on("affine", RELU, CROSS),
        cells(SPLIT_AT_0, leaf(ON, {"1:0": {"-1": "1"}}), leaf(OFF, {"1:0": {"0": "1"}})),
        "stable pattern",
    ),
    "a part of the upper side only": (
        on("affine", RELU, CROSS),
        cells({"split": ["1", "1/2"]}, leaf(ON, {"1:0": {"0": "1"}}), leaf(OFF, {"1:0": {"0": "1"}})),
        "stable pattern",
    ),
    "a part of the lower side only": (
        on("affine", RELU, CROSS),
        cells({"split": ["1", "-1/2"]}, leaf(ON, {"1:0": {"0": "1"}}), leaf(OFF, {"1:0": {"0": "1"}})),
        "stable pattern",
    ),
    "not zero where a side is pinned": (
        on("equivalent", FIRST, PINNED, affine_network([[0, 0]], [0])),
        cells({"cell": {}}),
        "zero",
    ),
    "swapped leaves": (on("affine", PAIR, SQUARE), cells(PAIR_SIDES[0], *PAIR_SIDES[:0:-1]), "stable pattern"),
    "a split without coefficients": (
        on("affine", RELU, CROSS),
        cells({"split": ["0"]}, leaf(ON, {"1:0": {"0": "0"}}), leaf(ON, {"1:0": {"0": "0"}})),
        "split",
    ),
    "a split with too many": (on("affine", RELU, CROSS), cells({"split": ["1", "1", "0"]}, *BY_SIDES[1:]), "split"),
    "a split with too few": (on("affine", PAIR, SQUARE), cells({"split": ["1", "0"]}, *PAIR_SIDES[1:]), "split"),
    "signs that do not follow": (on("affine", RELU, CROSS), cells(leaf(ON, signs=True)), "signs"),
    "signs that say otherwise": (on("affine", RELU, UNIT), cells(leaf(OFF, signs=True)), "signs"),
    "signs on an L1 ball": (
        on("affine", RELU, l1_ball(vector([3]), 1)),
        cells(leaf(ON, signs=True)),
        "signs",
    ),
    "two maps": (on("affine", RELU, CROSS), cells(*BY_SIDES), "one map"),
    "each leaf on the other side": (
        on("constant", RELU, CROSS),
        cells(SPLIT_AT_0, BY_SIDES[2], BY_SIDES[1]),
        "stable pattern",
    ),
    "not constant": (on("constant", RELU, UNIT), cells(leaf(ON)), "constant"),
    "a constant term": (on("linear", shifted_relu(1), UNIT), cells(leaf(ON)), "zero at the origin"),
    "a piece beside the origin": (
        on("positively homogeneous", shifted_relu(1), box([1], [2])),
        cells(leaf(ON)),
        "zero at the origin",
    ),
    "not zero": (on("equivalent", RELU, UNIT, shifted_relu(1)), cells({"cell": {"1": ON, "3": ON}}), "zero"),
    "an equation that is false": (
        on("affine", examples.get("max"), SQUARE),
        cells(leaf(OFF), equations=[ON_DIAGONAL]),
        "equation",
    ),
    "half an equation": (
        on("affine", examples.get("max"), with_rows(SQUARE, ([1, -1], 0))),
        cells(leaf(OFF), equations=[equation(["1", "-1", "0"], {"0": "1"}, {"0": "1"})]),
        "equation",
    ),
    "an equation with too many coefficients": (
        on("equivalent", RELU, HALF_POINT, affine_network([[2]], [-1])),
        cells(leaf(ON), equations=[equation(["2", "2", "-1"], {"1": "1"}, {"0": "1"})]),
        "equation",
    ),
    "an equation of an L1 ball": (
        on("affine", PAIR, l1_ball(zeros(2), 1)),
        cells(leaf(OFF), equations=[equation(["0", "0", "0"], {}, {})]),
        "equation",
    ),
    "an empty region": (on("affine", RELU, NO_POINT), empty({"0": "1"}), "instances"),
    "an empty part of an L1 ball": (on("affine", PAIR, NOWHERE), empty({"0": "1", "1": "1"}), "instances"),
    "not empty": (on("affine", RELU, CROSS), empty({}), "empty region"),
    "not empty with this row": (on("affine", RELU, with_rows(CROSS, ([1], 0))), empty({"0": "5"}), "empty region"),
    "not empty, negative weight": (on("affine", RELU, with_rows(CROSS, ([1], 2))), empty({"0": "-5"}), "empty region"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case: str) -> None:
    claim, data, verdict = ACCEPTED[case]
    assert judged(claim, data).verdict is verdict
    again = to_json(from_json(data, networks_of(claim)))
    assert judged(claim, again).verdict is verdict


@pytest.mark.parametrize("case", REJECTED)
def test_rejected(case: str) -> None:
    claim, data, rule = REJECTED[case]
    with pytest.raises(EvidenceError) as caught:
        judged(claim, data)
    assert caught.value.rule == rule


def test_every_rule_of_the_kernel_rejects_something() -> None:
    assert {rule for _, _, rule in REJECTED.values()} >= {
        "value gap", "instance", "rule", "zero biases", "nothing to quantify over", "cells", "split", "signs",
        "stable pattern", "one map", "constant", "zero", "zero at the origin", "equation", "empty region", "format",
    }  # fmt: skip


VACUOUS = {
    "nothing": True,
    "one cell": False,
    "zero biases": False,
    "a gap": False,
}


@pytest.mark.parametrize("case", VACUOUS)
def test_vacuous_is_said(case: str) -> None:
    claim, data, _ = ACCEPTED[case]
    assert judged(claim, data).vacuous == VACUOUS[case]


def test_a_rule_does_not_hide_that_nothing_is_claimed() -> None:
    beside = box([1, -1], [1, 1])
    claim = on("positively homogeneous", PAIR, beside)
    assert judged(claim, RULE).vacuous
    assert judged(claim, NOTHING).vacuous


def test_a_gap_shows_its_arithmetic() -> None:
    claim, data, _ = ACCEPTED["a gap"]
    judgement = judged(claim, data)
    assert judgement.gap == -1
    assert [(str(v.factor), v.point.strings(), str(v.value)) for v in judgement.values] == [
        ("1", ["0"], "0"),
        ("-1", ["1"], "1"),
        ("-1", ["-1"], "0"),
    ]


def lifted_origin() -> Data:
    """On the tip {0} of the ball around -1 the lifted hull is t = 0, s = 1."""
    claim = on("affine", shifted_relu(5), CORNER)
    outcome = decide(claim, Budget(10))
    assert outcome.evidence is not None
    data = to_json(outcome.evidence)
    assert data["proofs"][0]["lifted"]
    assert data["proofs"][0]["equations"]
    return data


@pytest.mark.parametrize("name", ["linear", "superposition", "additive"])
def test_the_lifted_hull_of_an_l1_ball_keeps_the_origin(name: str) -> None:
    """0 is in the region, and (0, 0) is not in the lifted hull: the constant 5 must still be seen."""
    with pytest.raises(EvidenceError) as caught:
        judged(on(name, shifted_relu(5), CORNER), lifted_origin())
    assert caught.value.rule == "zero at the origin"
    assert judged(on(name, shifted_relu(0), CORNER), lifted_origin()).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", ["homogeneous", "positively homogeneous", "linear"])
def test_the_edge_of_an_l1_ball_on_a_line_through_the_origin(name: str) -> None:
    edge = intersection(l1_ball(vector([2, -1]), 1), with_rows(everything(2), ([1, 1], 0)))
    builder = Builder((2,), "affine on the edge")
    net = builder.build(dense(relu(dense(builder.input, [[1, 0]])), [[1]], [3]))
    found = decide(on("affine", net, edge), Budget(10)).evidence
    assert found is not None
    with pytest.raises(EvidenceError) as caught:
        judged(on(name, net, edge), to_json(found))
    assert caught.value.rule == "zero at the origin"


def test_pattern_of_another_shape_is_rejected() -> None:
    claim = on("affine", RELU, UNIT)
    shapes: list[Any] = [np.ones(2, dtype=bool), np.ones(1, dtype=np.int64), np.ones((1, 1), dtype=bool)]
    for bits in shapes:
        with pytest.raises(EvidenceError) as caught:
            judging.judged(claim, Cells((Cover(Leaf({1: bits})),)))
        assert caught.value.rule == "pattern"
    with pytest.raises(EvidenceError) as caught:
        judging.judged(claim, Cells((Cover(Leaf({})),)))
    assert caught.value.rule == "pattern"


def test_number_of_proofs_and_kind_of_evidence() -> None:
    claim = on("homogeneous", RELU, CROSS)
    with pytest.raises(EvidenceError) as caught:
        judging.judged(claim, Cells((Cover(Leaf({})),)))
    assert caught.value.rule == "cells"
    with pytest.raises(EvidenceError) as caught:
        judging.judged(claim, "proved")  # type: ignore[arg-type]
    assert caught.value.rule == "kind"


def test_deep_trees_need_no_recursion() -> None:
    leaves = [leaf(ON) for _ in range(2001)]
    nodes = [node for one in leaves[:-1] for node in ({"split": ["0", "1"]}, one)] + leaves[-1:]
    claim = on("affine", RELU, UNIT)
    assert judged(claim, cells(*nodes)).verdict is Verdict.PROVED
    assert to_json(from_json(cells(*nodes), networks_of(claim))) == cells(*nodes)


def test_the_ledger_names_the_float_filter_and_the_network_notes() -> None:
    size = 250
    builder = Builder((size,), "wide", notes=["scale rounded"])
    weights = vector_from_floats(np.full(size * size, 0.5)).floats().reshape(size, size)
    net = builder.build(dense(relu(dense(builder.input, weights)), [[1] * size]))
    claim = on("affine", net, ball(vector([1] * size), "1/2"))
    bits = np.packbits(np.ones(size, dtype=bool)).tobytes().hex()
    judgement = judged(claim, cells({"cell": {"1": bits}}))
    assert judgement.assumptions == ("wide: scale rounded", FLOAT_FILTER)
    with pytest.raises(EvidenceError) as caught:
        judged(replace(claim, region=ball(vector([1] * size), 2)), cells({"cell": {"1": bits}}))
    assert caught.value.rule == "stable pattern"


GOOD = cells(*PAIR_SIDES, equations=[equation(["0", "0", "0"], {}, {})])


def changed(path: list[Any], value: Any) -> Data:
    data: Any = copy.deepcopy(GOOD)
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    result: Data = data
    return result


TREE = ["proofs", 0, "tree"]
MALFORMED: dict[str, Any] = {
    "not an object": [],
    "null": None,
    "no kind": {},
    "unknown kind": {"kind": "miracle"},
    "a list as kind": {"kind": []},
    "proofs missing": {"kind": "cells"},
    "proofs a number": {"kind": "cells", "proofs": 3},
    "two proofs": {"kind": "cells", "proofs": GOOD["proofs"] * 2},
    "tree empty": changed(TREE, []),
    "tree a number": changed(TREE, 5),
    "tree a text": changed(TREE, "split"),
    "tree nested": changed(TREE, [GOOD["proofs"][0]["tree"]]),
    "a leaf too few": changed(TREE, PAIR_SIDES[:2]),
    "a leaf too many": changed(TREE, [*PAIR_SIDES, PAIR_SIDES[1]]),
    "split of floats": changed([*TREE, 0, "split"], [1.0, -2.0, 0.0]),
    "split a text": changed([*TREE, 0, "split"], "120"),
    "split empty": changed([*TREE, 0, "split"], []),
    "split infinite": changed([*TREE, 0, "split"], ["1", "inf", "0"]),
    "split a number": changed([*TREE, 0, "split"], True),
    "division by zero": changed([*TREE, 0, "split"], ["1/0", "1", "0"]),
    "huge exponent": changed([*TREE, 0, "split"], ["1e999999", "1", "0"]),
    "huge number": changed([*TREE, 0, "split"], ["9" * 200_000, "1", "0"]),
    "cell without its block": changed([*TREE, 1, "cell"], {"2": "80"}),
    "cell of too few bits": changed([*TREE, 1, "cell"], {"1": ""}),
    "cell of too many bits": changed([*TREE, 1, "cell"], {"1": "8000"}),
    "cell not hexadecimal": changed([*TREE, 1, "cell"], {"1": "xy"}),
    "cell a list": changed([*TREE, 1, "cell"], [1]),
    "cell of numbers": changed([*TREE, 1, "cell"], {"1": 128}),
    "signs a number": changed([*TREE, 1, "signs"], 1),
    "lifted a text": changed(["proofs", 0, "lifted"], "no"),
    "equations a text": changed(["proofs", 0, "equations"], "0"),
    "equation without multipliers": changed(["proofs", 0, "equations"], [{"form": ["0", "0", "0"]}]),
    "multipliers a list": changed([*TREE, 1, "multipliers"], ["1"]),
    "multipliers of a unit without block": changed([*TREE, 1, "multipliers"], {"0": {}}),
    "multipliers of no unit": changed([*TREE, 1, "multipliers"], {"1:x": {}}),
    "multipliers of floats": changed([*TREE, 1, "multipliers"], {"1:0": {"0": 1.0}}),
    "multipliers of a named row": changed([*TREE, 1, "multipliers"], {"1:0": {"first": "1"}}),
    "empty a list": {"kind": "cells", "proofs": [{"empty": ["1"]}]},
    "proof a list": {"kind": "cells", "proofs": [[]]},
    "gap without values": {"kind": "value gap", "output": 0},
    "gap of floats": gap(x=[0.5, 1.0]),
    "gap of nested lists": gap(x=[["1"], ["1"]]),
    "gap of a flag": gap(x=True),
    "gap values a list": {"kind": "value gap", "values": [], "output": 0},
    "output a flag": gap(True, x=["1", "1"]),
    "output a float": gap(0.0, x=["1", "1"]),
    "output infinite": gap(float("inf"), x=["1", "1"]),
    "output a text": gap("0", x=["1", "1"]),
    "rule missing": {"kind": "rule"},
}


def test_the_evidence_that_is_malformed_below_is_good() -> None:
    assert judged(on("affine", PAIR, SQUARE), GOOD).verdict is Verdict.PROVED


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_evidence_is_a_format_error(case: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        from_json(MALFORMED[case], networks_of(on("affine", PAIR, SQUARE)))
    assert caught.value.rule == "format"


SCALARS: list[Any] = [None, True, -1, 0, 2**70, 1.5, float("inf"), float("nan"), "", "-1", "1/0", "x", [], {}, [[]]]


def replaced_somewhere(rng: random.Random, data: Any, value: Any) -> Any:
    """A copy with one part, at any depth, replaced, removed or repeated."""
    if not isinstance(data, dict | list) or not data or rng.random() < 0.1:
        return value
    result = copy.copy(data)
    key = rng.choice(list(data)) if isinstance(data, dict) else rng.randrange(len(data))
    action = rng.random()
    if action < 0.1:
        del result[key]
    elif action < 0.15 and isinstance(result, list):
        result.insert(key, result[key])
    else:
        result[key] = replaced_somewhere(rng, result[key], value)
    return result


@pytest.mark.parametrize("seed", range(8))
def test_nothing_but_evidence_errors_comes_out_of_damaged_evidence(seed: int) -> None:
    rng = random.Random(seed)
    rejected = 0
    for claim, data, verdict in list(ACCEPTED.values()) * 6:
        damaged = replaced_somewhere(rng, data, rng.choice(SCALARS))
        try:
            assert judged(claim, damaged).verdict is verdict
        except EvidenceError:
            rejected += 1
    assert rejected > 40


# Mutated evidence. Every mutation of the evidence or of the claim that is still accepted must be true.


def flip_bit(rng: random.Random, data: Data) -> None:
    nodes = [node for proof in data["proofs"] for node in proof.get("tree", []) if "cell" in node]
    node = rng.choice(nodes)
    block = rng.choice(list(node["cell"]))
    raw = bytearray.fromhex(node["cell"][block])
    raw[rng.randrange(len(raw))] ^= 0x80 >> rng.randrange(4)
    node["cell"][block] = raw.hex()


def alter_multiplier(rng: random.Random, data: Data) -> None:
    tables = [m for p in data["proofs"] for node in p.get("tree", []) for m in node.get("multipliers", {}).values()]
    tables += [p["empty"] for p in data["proofs"] if "empty" in p]
    tables += [e[side] for p in data["proofs"] for e in p.get("equations", []) for side in ("above", "below")]
    table = rng.choice([t for t in tables if t])
    row = rng.choice(list(table))
    value = table.pop(row)
    choice = rng.randrange(4)
    if choice == 1:
        table[str(int(row) + rng.choice([-1, 1]))] = value
    elif choice == 2:
        table[row] = rng.choice(["-" + value, "0", "1000", "1/1000"])
    elif choice == 3:
        table[str(-int(row) - 1)] = value


def alter_split(rng: random.Random, data: Data) -> None:
    form = rng.choice([n["split"] for p in data["proofs"] for n in p.get("tree", []) if "split" in n])
    choice = rng.randrange(4)
    if choice == 0:
        form[rng.randrange(len(form))] = rng.choice(["0", "1", "-1", "1000"])
    elif choice == 1:
        del form[rng.randrange(len(form))]
    elif choice == 2:
        del form[: len(form) - 1]
    else:
        form[:] = ["0"] * (len(form) - 1) + [rng.choice(["1", "-1", "0"])]


def remove_node(rng: random.Random, data: Data) -> None:
    tree = rng.choice([p["tree"] for p in data["proofs"] if len(p.get("tree", [])) > 1])
    if rng.random() < 0.5:
        del tree[rng.randrange(len(tree))]
    else:  # the whole tree becomes one of its leaves
        tree[:] = [rng.choice([node for node in tree if "cell" in node])]


def swap_nodes(rng: random.Random, data: Data) -> None:
    tree = rng.choice([p["tree"] for p in data["proofs"] if len(p.get("tree", [])) > 1])
    i, j = rng.sample(range(len(tree)), 2)
    tree[i], tree[j] = tree[j], tree[i]


def alter_equations(rng: random.Random, data: Data) -> None:
    proof = rng.choice([p for p in data["proofs"] if "tree" in p])
    if not proof["equations"] or rng.random() < 0.2:
        size = len(proof["equations"][0]["form"]) if proof["equations"] else rng.randint(1, 4)
        proof["equations"].append(equation([rng.choice(["0", "1"]) for _ in range(size)], {"0": "1"}, {"1": "1"}))
        return
    chosen = rng.choice(proof["equations"])
    choice = rng.randrange(3)
    if choice == 0:
        proof["equations"].remove(chosen)
    elif choice == 1:
        chosen["form"][rng.randrange(len(chosen["form"]))] = rng.choice(["0", "1", "-2"])
    else:
        chosen["form"].append(chosen["form"][0])


def flip_flag(rng: random.Random, data: Data) -> None:
    proof = rng.choice(data["proofs"])
    leaves = [node for node in proof.get("tree", []) if "cell" in node]
    if leaves and rng.random() < 0.5:
        node = rng.choice(leaves)
        node["signs"] = not node.get("signs", False)
    else:
        proof["lifted"] = not proof["lifted"]


def shuffle_proofs(rng: random.Random, data: Data) -> None:
    if rng.random() < 0.5:
        data["proofs"].reverse()
    else:
        data["proofs"] = [rng.choice(data["proofs"]) for _ in data["proofs"]]


def other_kind(rng: random.Random, data: Data) -> None:
    data.clear()
    data.update(copy.deepcopy(rng.choice([NOTHING, RULE, empty({}), empty({"0": "1"})])))


def alter_gap(rng: random.Random, data: Data) -> None:
    name = rng.choice(list(data["values"]))
    value = data["values"][name]
    new = rng.choice(["0", "1", "-1", "1/2", "1000000"])
    if isinstance(value, list):
        value[rng.randrange(len(value))] = new
    else:
        data["values"][name] = new


def alter_output(rng: random.Random, data: Data) -> None:
    data["output"] = rng.choice([0, 1, 2, -1])


MUTATIONS: tuple[Callable[[random.Random, Data], None], ...] = (
    flip_bit, alter_multiplier, alter_split, remove_node, swap_nodes, alter_equations, flip_flag, shuffle_proofs,
    other_kind, alter_gap, alter_output,
)  # fmt: skip


def mutated(rng: random.Random, data: Data) -> Data | None:
    """The evidence after one or two random mutations; None when none applies."""
    result = copy.deepcopy(data)
    for _ in range(rng.choice([1, 1, 2])):
        for mutation in rng.sample(MUTATIONS, len(MUTATIONS)):
            try:
                mutation(rng, result)
            except (IndexError, KeyError, ValueError):  # there is no such part in this evidence
                continue
            break
    return None if result == data else result


def other_claim(rng: random.Random, claim: Claim) -> Claim:
    """The claim with another property, region, network or output."""
    size, choice = claim.network.input_size, rng.randrange(5)
    network, region, second, prop = claim.network, claim.region, claim.second, claim.property
    if choice == 0:
        prop = rng.choice([p for p in CATALOGUE.values() if second is not None or not p.needs_second])
    elif choice == 1:
        region = random_claims.region(rng, size)
    elif choice == 2:
        network = random_claims.network(rng, size, network.output_size)
    elif choice == 3:
        network = nudged(rng, network)
    elif second is not None:
        network, second = second, network
    else:
        network = network.select_outputs((rng.randrange(network.output_size),))
    return Claim(network, prop, region, second)


def nudged(rng: random.Random, network: Network) -> Network:
    """The network with one bias of one block changed."""
    blocks = list(network.blocks)
    k = rng.randrange(len(blocks))
    step = [0] * blocks[k].size
    step[rng.randrange(len(step))] = rng.choice([-1, 1])
    blocks[k] = replace(blocks[k], bias=blocks[k].bias + vector(step))
    return replace(network, blocks=tuple(blocks))


@dataclass
class Reference:
    """Z3's word on a claim, asked once and only when needed."""

    claim: Claim
    verdict: Verdict | None = None

    def contradicts(self, found: Verdict) -> bool:
        if self.verdict is None:
            self.verdict = z3_verdict(self.claim, 1)
        return Verdict.UNKNOWN not in (found, self.verdict) and found is not self.verdict


def try_mutant(reference: Reference, data: Data, tally: Counter[str]) -> None:
    try:
        judgement = judged(reference.claim, data)
    except EvidenceError as error:
        tally[error.rule] += 1
        return
    tally[f"accepted {judgement.verdict.value}"] += 1
    assert not reference.contradicts(judgement.verdict), f"{reference.claim.property.name}: {data}"


def mutate_claim(seed: int, corpus: Corpus, tally: Counter[str]) -> None:
    rng = random.Random(seed)
    try:
        claim, outcome = corpus.decided(seed)
    except RegionError:
        return
    if outcome.evidence is None:
        return
    data, original = to_json(outcome.evidence), Reference(claim)
    for _ in range(8):
        mutant = mutated(rng, data)
        if mutant is not None:
            try_mutant(original, mutant, tally)
    for _ in range(6):
        other = Reference(other_claim(rng, claim))
        try_mutant(other, data, tally)
        mutant = mutated(rng, data)
        if mutant is not None:
            try_mutant(other, mutant, tally)


@pytest.mark.parametrize("seeds", chunks(0, 50, 2, campaign=24))
def test_no_mutated_evidence_proves_what_z3_refutes(seeds: range, corpus: Corpus) -> None:
    tally: Counter[str] = Counter()
    for seed in seeds:
        mutate_claim(seed, corpus, tally)
    accepted = tally["accepted proved"] + tally["accepted refuted"]
    assert sum(tally.values()) > 500
    assert 50 < accepted < sum(tally.values()) - 200
    assert tally["stable pattern"] + tally["relevance"] + tally["rewriting"] > 5
    assert tally["format"] > 10
