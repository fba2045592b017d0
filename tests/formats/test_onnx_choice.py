"""Where, Sign, comparisons and arithmetic on them: settled only where they are continuous together."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from tests.formats.onnx_models import assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.network import Network

# Multiples of 1/4: sums and products of a few are exact in float32, so that the reference evaluator is exact.
GRID = [Fraction(k, 4) for k in range(-12, 13)]
FINER = [Fraction(k, 8) for k in range(-32, 33)]


class Draft:
    """A graph under construction over one value of the input ``x``, with constants by value."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray[Any, Any]] = {}

    def constant(self, value: Fraction) -> str:
        name = f"k{value.numerator}_{value.denominator}".replace("-", "m")
        self.constants[name] = np.array(float(value))
        return name

    def add(self, operator: str, inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(node(operator, inputs, name, **attributes))
        return name

    def finished(self, output: str) -> onnx.ModelProto:
        nodes = [*self.nodes, node("Identity", output)]
        return model(nodes, (1, len(FINER)), self.constants, opset=17)


def line(draft: Draft, unit: str, slope: Fraction, constant: Fraction) -> str:
    """``slope t + constant`` by one of several ways."""
    scaled = draft.add("Mul", f"{unit} {draft.constant(slope)}")
    return draft.add("Add", f"{scaled} {draft.constant(constant)}")


def pieces(draft: Draft, unit: str, jump: Fraction) -> str:
    """A piecewise linear function of a unit with 1 to 4 borders, plus a jump at one of them, as people write it."""
    pick = draft.random
    cuts = sorted(pick.sample(GRID, pick.randint(1, 4)))
    slopes = [Fraction(pick.randint(-3, 3)) for _ in range(len(cuts) + 1)]
    height = pick.choice(GRID)
    constants = [height]
    broken = pick.randrange(len(cuts))
    for k, cut in enumerate(cuts):
        constants.append(constants[-1] + (slopes[k] - slopes[k + 1]) * cut + (jump if k == broken else 0))
    lines = [line(draft, unit, a, b) for a, b in zip(slopes, constants, strict=True)]
    # Where a border's own value comes from does not matter unless there is a jump.
    tests = [draft.add(pick.choice(["Greater", "GreaterOrEqual"]), f"{unit} {draft.constant(cut)}") for cut in cuts]
    way = pick.randrange(3)
    if way == 0:
        result = lines[0]
        for test, piece in zip(tests, lines[1:], strict=True):
            result = draft.add("Where", f"{test} {piece} {result}")
        return result
    if way == 1:
        result = lines[0]
        for k, test in enumerate(tests):
            step = draft.add("Sub", f"{lines[k + 1]} {lines[k]}")
            gate = draft.add("Cast", test, to=1)
            result = draft.add("Add", f"{result} {draft.add('Mul', f'{gate} {step}')}")
        return result
    zero = draft.constant(Fraction(0))
    result = draft.add("Where", f"{draft.add('Not', tests[0])} {lines[0]} {zero}")
    for k, test in enumerate(tests):
        inside = test if k + 1 == len(tests) else draft.add("And", f"{test} {draft.add('Not', tests[k + 1])}")
        result = draft.add("Add", f"{result} {draft.add('Where', f'{inside} {lines[k + 1]} {zero}')}")
    return result


def unit_of(draft: Draft) -> str:
    """The input, or something that is computed of it."""
    way = draft.random.randrange(4)
    if way == 0:
        return "x"
    if way == 1:
        return draft.add("Abs", "x")
    if way == 2:
        return draft.add("Relu", draft.add("Sub", f"x {draft.constant(draft.random.choice(GRID))}"))
    return draft.add("Mul", f"x {draft.constant(Fraction(draft.random.choice([-2, -1, 2])))}")


def assert_exact(network: Network, proto: onnx.ModelProto) -> None:
    """The network's values are the reference evaluator's at all points of a fine grid, one for each coordinate."""
    x = np.array([[float(at) for at in FINER]], dtype=np.float32)
    (expected,) = ReferenceEvaluator(proto).run(None, {"x": x})
    assert [float(v) for v in network(FINER)] == np.asarray(expected).ravel().tolist()


@pytest.mark.parametrize("seed", range(18))
def test_continuous_pieces_are_read_exactly(seed: int) -> None:
    draft = Draft(seed)
    proto = draft.finished(pieces(draft, unit_of(draft), Fraction(0)))
    network = from_model_bytes(proto.SerializeToString(), "m")
    assert_exact(network, proto)
    assert_agrees(network, proto.SerializeToString(), random_points((1, len(FINER)), 2))


@pytest.mark.parametrize("seed", range(18))
def test_jumps_are_refused_however_small(seed: int) -> None:
    draft = Draft(seed)
    result = pieces(draft, "x", Fraction(1, 2**12))
    with pytest.raises(NetworkError, match=r"jump"):
        from_model_bytes(draft.finished(result).SerializeToString(), "m")


def wild(draft: Draft, steps: int) -> str:
    """Any expression."""
    pick = draft.random
    numbers, truths = ["x", draft.constant(Fraction(0)), draft.constant(pick.choice(GRID))], []
    for _ in range(steps):
        way = pick.choice(
            ["Add", "Sub", "Mul", "Where", "Sign", "Greater", "Less", "Equal", "Abs", "Cast", "And", "Or"]
        )
        a, b = pick.choice(numbers), pick.choice(numbers)
        if way in ("Add", "Sub"):
            numbers.append(draft.add(way, f"{a} {b}"))
        elif way == "Mul":
            numbers.append(draft.add(way, f"{a} {pick.choice([b, draft.constant(Fraction(pick.choice([-1, 2])))])}"))
        elif way in ("Sign", "Abs"):
            numbers.append(draft.add(way, a))
        elif way in ("Greater", "Less", "Equal"):
            truths.append(draft.add(way, f"{a} {b}"))
        elif truths and way == "Where":
            numbers.append(draft.add(way, f"{pick.choice(truths)} {a} {b}"))
        elif truths and way == "Cast":
            numbers.append(draft.add(way, pick.choice(truths), to=1))
        elif len(truths) > 1 and way in ("And", "Or"):
            truths.append(draft.add(way, f"{pick.choice(truths)} {pick.choice(truths)}"))
    return draft.add("Add", f"{numbers[-1]} {numbers[-2]}")


def read_wild(seeds: range) -> Iterator[bool]:
    """Whether each random expression is read; what is read must be right."""
    for seed in seeds:
        draft = Draft(seed)
        proto = draft.finished(wild(draft, 6))
        try:
            network = from_model_bytes(proto.SerializeToString(), "m")
        except NetworkError:
            yield False
            continue
        assert_exact(network, proto)
        yield True


def test_any_expression_is_read_rightly_or_refused() -> None:
    read = sum(read_wild(range(80)))
    assert read > 20


@pytest.mark.campaign
def test_many_expressions() -> None:
    assert any(read_wild(range(10**6, 10**6 + 5000)))


def test_parts_over_different_units_are_settled_alone() -> None:
    shift = [node("Slice", "x one two axes", "u"), node("Slice", "x zero one axes", "v")]
    ints = {"zero": 0, "one": 1, "two": 2, "axes": 1}
    soft = [
        part
        for name in "uv"
        for part in (
            node("Abs", name, f"a{name}"),
            node("Greater", f"a{name} t", f"c{name}"),
            node("Sign", name, f"s{name}"),
            node("Mul", f"s{name} t", f"m{name}"),
            node("Sub", f"{name} m{name}", f"d{name}"),
            node("Where", f"c{name} d{name} z", f"y{name}"),
        )
    ]
    constants = {**{k: np.array([v]) for k, v in ints.items()}, "t": np.array(0.5), "z": np.array(0.0)}
    proto = model([*shift, *soft, node("Add", "yu yv")], (1, 2), constants, opset=17)
    data = proto.SerializeToString()
    assert_agrees(from_model_bytes(data, "m"), data, random_points((1, 2), 20))


def test_rounding_on_the_way_is_in_the_bound() -> None:
    """(x + 2^24) - 2^24 loses the fraction of x in float32; the pieces are those of x."""
    nodes = [
        node("Add", "x big", "a"),
        node("Sub", "a big", "b"),
        node("Greater", "b t", "c"),
        node("Sub", "b t", "d"),
        node("Less", "b n", "e"),
        node("Add", "b t", "f"),
        node("Where", "e f z", "g"),
        node("Where", "c d g"),
    ]
    constants = {k: np.array(v) for k, v in {"big": 2.0**24, "t": 0.5, "n": -0.5, "z": 0.0}.items()}
    points = [np.array([[v, -v]], dtype=np.float32) for v in (0.3, 0.5, 0.7, 0.75, 1.25, 3.3)]
    data = model(nodes, (1, 2), constants, opset=17).SerializeToString()
    assert_agrees(from_model_bytes(data, "m"), data, points)


def test_a_linear_network_written_with_sign_has_no_relu() -> None:
    nodes = [node("Sign", "x", "s"), node("Abs", "x", "a"), node("Relu", "a", "r"), node("Mul", "s r")]
    assert from_model_bytes(model(nodes, (1, 3)).SerializeToString(), "m").relu_count == 0


def test_deep_choices_are_refused() -> None:
    nodes = [node("Sign", "x", "s0"), *(node("Add", f"s{k} s{k}", f"s{k + 1}") for k in range(200))]
    with pytest.raises(NetworkError, match="deeper than"):
        from_model_bytes(model([*nodes, node("Mul", "s200 x")], (1, 2)).SerializeToString(), "m")
