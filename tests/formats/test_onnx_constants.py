"""Operators on constants: exact or rounded correctly, in their own type, bounded, and without a unit in the network."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import verify
from tests.formats.onnx_models import assert_agrees, model, node, random_points, session
from tests.support.outside import outside
from tests.support.seeds import draws
from verify.errors import NetworkError
from verify.formats.onnx import control, from_model_bytes, load_onnx, translation
from verify.formats.onnx.constants import arithmetic
from verify.formats.onnx.elements import FLOAT_FORMATS, nearest, rounded, rounded_array
from verify.formats.onnx.operators_activation import SELU_ALPHA, SELU_GAMMA
from verify.network import Network
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

Array = NDArray[Any]

W = np.array([[1, -2], [3, 0.5]], np.float32)


def loaded(proto: onnx.ModelProto) -> Network:
    return from_model_bytes(proto.SerializeToString(), "m")


def refusal(proto: onnx.ModelProto) -> str:
    with pytest.raises(NetworkError) as caught:
        loaded(proto)
    text = str(caught.value)
    assert "\n" not in text
    return text


def factor_of(nodes: list[onnx.NodeProto], opset: int = 13, **constants: Array) -> tuple[list[Fraction], Network]:
    """What x is multiplied by where the nodes make ``f`` of constants; and ONNX Runtime agrees."""
    size = max(math.prod(v.shape) for v in constants.values())
    proto = model([*nodes, node("Flatten", "f", "g", axis=0), node("Mul", "x g")], (1, size), constants, opset=opset)
    data = proto.SerializeToString()
    network = from_model_bytes(data, "m")
    assert network.relu_count == 0
    assert_agrees(network, data, random_points((1, size), 2))
    entries = {int(c): e for c, e in zip(network.blocks[-1].inputs[0][1].columns,
                                         network.blocks[-1].inputs[0][1].fractions(), strict=True)}  # fmt: skip
    return [entries.get(k, Fraction(0)) for k in range(size)], network


# No constant becomes a unit, and what is rational stays exact.


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("Relu", "w", "p")], np.maximum(W, 0)),
        ([node("Clip", "w z _", "p")], np.maximum(W, 0)),
        ([node("Abs", "w", "p")], np.abs(W)),
        ([node("Max", "w z", "p")], np.maximum(W, 0)),
        ([node("MatMul", "w w", "p")], W @ W),
        ([node("Gemm", "w w w", "p", transB=1)], W @ W.T + W),
        ([node("LeakyRelu", "w", "p", alpha=0.5)], np.where(W > 0, W, W / 2)),
        ([node("ReduceMax", "w", "p", axes=[0], keepdims=1)], W.max(axis=0, keepdims=True)),
        ([node("ReduceSum", "w a", "p")], W.sum(axis=0, keepdims=True)),
        ([node("ReduceSumSquare", "w", "p", axes=[0])], (W**2).sum(axis=0, keepdims=True)),
        ([node("ReduceProd", "w", "p", axes=[0])], W.prod(axis=0, keepdims=True)),
        ([node("Greater", "w z", "c"), node("Where", "c w z", "p")], np.maximum(W, 0)),
        ([node("Sign", "w", "p")], np.sign(W)),
        ([node("Ceil", "w", "p")], np.ceil(W)),
        ([node("Round", "w", "p")], np.round(W)),
        ([node("Pow", "w two", "p")], W**2),
        ([node("CumSum", "w zero", "p")], np.cumsum(W, axis=0)),
        ([node("TopK", "w one", "p i", axis=0)], W.max(axis=0, keepdims=True)),
        ([node("ArgMax", "w", "i", axis=0), node("Cast", "i", "p", to=1)], np.array([[1, 1]], np.float32)),
        ([node("NonZero", "w", "i"), node("Cast", "i", "p", to=1)], np.array([[0, 0, 1, 1], [0, 1, 0, 1]], np.float32)),
        ([node("Trilu", "w", "p")], np.triu(W)),
        ([node("Hardmax", "w", "p", axis=0)], np.array([[0, 0], [1, 1]], np.float32)),
        ([node("Hardmax", "tie", "p")], np.array([[1, 0], [0, 1]], np.float32)),
        ([node("MatMulInteger", "i8 u8", "i"), node("Cast", "i", "p", to=1)], np.array([[-1250, -1000], [1003, 800]])),
    ],
    ids=lambda value: value[0].op_type if isinstance(value, list) else "",
)
def test_folded(nodes: list[onnx.NodeProto], expected: Array) -> None:
    constants = {
        "w": W, "z": np.array(0, np.float32), "a": np.array([0]), "two": np.array(2, np.float32), "zero": np.array(0),
        "one": np.array([1]), "tie": np.array([[2, 2], [1, 3]], np.float32),
        "i8": np.array([[-5, 0], [3, 1]], np.int8), "u8": np.array([[250, 200], [253, 200]], np.uint8),
    }  # fmt: skip
    rows = len(expected) == 2  # else the result is one row, taken as the weights of one output
    product = node("MatMul", "x p", "m") if rows else node("Gemm", "x p", "m", transB=1)
    proto = model([*nodes, product, node("Relu", "m")], (1, 2), constants, opset=14)
    data = proto.SerializeToString()
    network = from_model_bytes(data, "m")
    weight = expected.T if rows else expected
    assert network.relu_count == len(weight)
    (_, matrix) = network.blocks[0].inputs[0]
    dense = np.zeros(weight.shape, dtype=object) + Fraction(0)
    dense[matrix.row_of_entry, matrix.columns] = matrix.fractions()
    assert dense.tolist() == [[Fraction(float(v)) for v in row] for row in weight]
    assert_agrees(network, data, random_points((1, 2), 3))


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (np.array(-3, np.int8), np.array([200], np.uint8), [[59, 0], [512, 0]]),
        (np.array([-3, 2], np.int8), np.array([1, 198], np.uint8), [[258, 2], [-3, 0]]),
        (np.array([[-3], [2]], np.int8), np.array([[1, 198]], np.uint8), [[258, 2], [-3, 0]]),
    ],
    ids=["one", "each", "each-in-two-axes"],
)
def test_products_of_integers_with_zero_points(rows: Array, columns: Array, expected: list[list[int]]) -> None:
    """``(A - a) (B - b)``; ONNX Runtime knows one zero point for all rows only."""
    constants = {
        "a": np.array([[-5, 0], [3, 1]], np.int8), "b": np.array([[250, 200], [253, 200]], np.uint8),
        "rows": rows, "columns": columns,
    }  # fmt: skip
    nodes = [node("MatMulInteger", "a b rows columns", "i"), node("Cast", "i", "p", to=1), node("MatMul", "x p")]
    network = loaded(model(nodes, (1, 2), constants))
    units = [network([1, 0]), network([0, 1])]
    assert [[int(v) for v in unit] for unit in units] == expected
    wrong = model(nodes, (1, 2), constants | {"rows": np.array([1, 2, 3], np.int8)})
    assert "a zero point of shape (3,)" in refusal(wrong)


def test_convolution_and_pooling_of_constants() -> None:
    kernel = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3) - 4
    nodes = [
        node("Conv", "k s", "c"),
        node("Relu", "c", "r"),
        node("AveragePool", "r", "a", kernel_shape=[2, 2]),
        node("Mul", "x a"),
    ]
    data = model(nodes, (1, 1, 1, 1), {"k": kernel, "s": np.ones((1, 1, 2, 2), np.float32)}).SerializeToString()
    network = from_model_bytes(data, "m")
    (value,) = network.blocks[-1].inputs[0][1].fractions()
    assert (network.relu_count, value) == (0, Fraction(0 + 0 + 4 + 8, 4))
    assert_agrees(network, data, random_points((1, 1, 1, 1), 2))


ROUNDED = {
    "Sqrt": 2.0, "Exp": 1.5, "Log": 3.0, "Tanh": 0.7, "Sigmoid": -0.3, "Softplus": 0.2, "Erf": 0.4, "Sin": 1.0,
    "Cos": 1.0, "Elu": -0.5, "Selu": -0.5, "Celu": -0.5, "Mish": 0.5, "Gelu": 0.5, "Swish": 0.5,
    "Acos": 0.3, "Acosh": 1.5, "Asin": -0.3, "Asinh": 2.0, "Atan": 3.0, "Atanh": 0.3, "Cosh": 1.0, "Sinh": 1.0,
    "Tan": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("operator", ROUNDED)
def test_functions_are_rounded_correctly(operator: str) -> None:
    """To float32, of the exact value: mpmath says which number is nearest."""
    import mpmath

    mpmath.mp.prec = 200
    exact: dict[str, Any] = {
        "Sqrt": mpmath.sqrt, "Exp": mpmath.exp, "Log": mpmath.log, "Tanh": mpmath.tanh, "Erf": mpmath.erf,
        **{name: getattr(mpmath, name.lower()) for name in
           ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cosh", "Sinh", "Tan")},
        "Sin": mpmath.sin, "Cos": mpmath.cos, "Sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "Softplus": lambda x: mpmath.log(1 + mpmath.exp(x)), "Elu": mpmath.expm1, "Celu": mpmath.expm1,
        "Selu": lambda x: mpmath.mpf(SELU_GAMMA) * mpmath.mpf(SELU_ALPHA) * mpmath.expm1(x),
        "Mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
        "Gelu": lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2, "Swish": lambda x: x / (1 + mpmath.exp(-x)),
    }  # fmt: skip
    value = np.array([[ROUNDED[operator]]], np.float32)
    (result,), network = factor_of([node(operator, "v", "f")], opset=24, v=value)
    true = exact[operator](mpmath.mpf(float(value.item())))
    assert float(result) == float(np.float32(result))
    ulp = float(np.spacing(np.float32(abs(result))))
    assert abs(mpmath.mpf(float(result)) - true) <= ulp / 2
    assert any(f"({operator}) rounded correctly to FLOAT" in note for note in network.notes)


@pytest.mark.parametrize(
    ("operator", "value"), [("Acos", 1.5), ("Acosh", 0.5), ("Atanh", 1.0), ("Log", 0.0), ("LpNormalization", 0.0)]
)
def test_functions_where_they_are_no_numbers(operator: str, value: float) -> None:
    with pytest.raises(NetworkError, match=f"{operator} of"):
        factor_of([node(operator, "v", "f")], v=np.array([[value]], np.float32))


@pytest.mark.parametrize(("p", "expected"), [(1, (-3 / 7, 4 / 7)), (2, (-0.6, 0.8))])
def test_normalised_constants(p: int, expected: tuple[float, float]) -> None:
    values, _ = factor_of([node("LpNormalization", "v", "f", p=p)], v=np.array([[-3, 4]], np.float32))
    assert [float(v) for v in values] == [float(np.float32(v)) for v in expected]


def test_roots_that_are_exact_are_not_on_the_ledger() -> None:
    assert factor_of([node("Sqrt", "v", "f")], v=np.array([4.0, 0.25], np.float32))[1].notes == ()


def test_sums_that_round_on_the_way_are_on_the_ledger() -> None:
    nodes = [node("ReduceSum", "v", "f", keepdims=1), node("Mul", "x f")]
    proto = model(nodes, (1, 2), {"v": np.array([2.0**25, 1.0, -(2.0**25)], np.float32)})
    network = from_model_bytes(proto.SerializeToString(), "m")
    (note,) = network.notes
    assert network([3, 0]) == (3, 0)  # ONNX Runtime adds to 0 or to 1, by its order
    assert note == "constant f computed exactly; an implementation may round it"


def test_softmax_of_constants() -> None:
    values, _ = factor_of([node("Softmax", "v", "f", axis=-1)], v=np.array([[0.3, -1.0, 2.0]], np.float32))
    powers = [math.exp(float(np.float32(v))) for v in (0.3, -1.0, 2.0)]
    assert [float(v) for v in values] == [float(np.float32(p / sum(powers))) for p in powers]


@draws(200)
@given(st.floats(allow_nan=False, width=64, min_value=-60000, max_value=60000), st.sampled_from([10, 1, 11]))
def test_rounding_is_that_of_ieee(value: float, element: int) -> None:
    with np.errstate(all="ignore"):
        expected = np.float64(value).astype(helper.tensor_dtype_to_np_dtype(element))
    assert rounded(Fraction(value), element) == float(expected) == rounded_array(np.array([value]), element).item()


@draws(100)
@given(st.floats(width=32, allow_nan=False, min_value=-(2.0**100), max_value=2.0**100))
def test_bfloat16_rounds_the_upper_half_of_a_float(value: float) -> None:
    bits = int(np.float32(value).view(np.uint32))
    nearest_bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    expected = float(np.uint32(nearest_bits).view(np.float32))
    assert rounded(Fraction(value), TensorProto.BFLOAT16) == expected


def test_rounding_beyond_the_range() -> None:
    for element, form in FLOAT_FORMATS.items():
        top = Fraction(2) ** (form.highest + 1)
        half = Fraction(2) ** (form.highest - form.precision)
        assert Fraction(rounded(top - half - Fraction(1, 10), element)) == top - 2 * half
        with pytest.raises(OverflowError):
            rounded(top - half, element)


def test_balls_at_the_middle_are_not_guessed() -> None:
    from flint import arb

    wide = arb(1 + 2.0**-24, 2.0**-60)
    with pytest.raises(NetworkError, match="middle of two numbers"):
        nearest(lambda: [wide], TensorProto.FLOAT)


# Integers wrap as their type does.


@draws(150)
@given(
    st.sampled_from(["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]),
    st.sampled_from(["Add", "Sub", "Mul"]),
    st.data(),
)
def test_integer_arithmetic_is_modular(name: str, operator: str, data: st.DataObject) -> None:
    bounds = np.iinfo(name)
    pair = st.integers(int(bounds.min), int(bounds.max))
    a, b = data.draw(pair), data.draw(pair)
    exact = {"Add": a + b, "Sub": a - b, "Mul": a * b}[operator]
    result = arithmetic(operator, np.array([a], dtype=name), np.array([b], dtype=name), "t")
    assert result.dtype == np.dtype(name)
    assert (int(result[0]) - exact) % 2**bounds.bits == 0


@pytest.mark.parametrize(
    ("dtype", "nodes", "expected"),
    [
        (np.int8, [node("Add", "v v", "w")], -56),
        (np.uint8, [node("Mul", "v v", "w")], 16),
        (np.int8, [node("Neg", "low", "w")], -128),
        (np.int32, [node("Cast", "v", "big", to=6), node("Mul", "huge huge", "w")], 0),
        (np.int16, [node("Cast", "wide", "w", to=TensorProto.INT8)], -56),
        (np.int64, [node("MatMul", "large large", "w")], 4 * 2**62 + 2 * 2**60 - 2**64),
    ],
)
def test_integers_wrap(dtype: Any, nodes: list[onnx.NodeProto], expected: int) -> None:
    constants = {
        "v": np.array([100], dtype), "low": np.array([-128], np.int8), "huge": np.array([65536], np.int32),
        "wide": np.array([200], np.int16),
    }  # fmt: skip
    constants["large"] = np.array([2**31, 2**31, 2**30, 2**30, 2**31, 2**31], np.int64)
    proto = model([*nodes, node("Cast", "w", "f", to=TensorProto.DOUBLE), node("Mul", "x f")], (1, 1), constants,
                  element=TensorProto.DOUBLE, opset=14)  # fmt: skip
    network = loaded(proto)
    entries = network.blocks[-1].inputs
    found = entries[0][1].fractions() if entries else []
    assert sum(found, Fraction(0)) == expected


def test_division_that_the_type_cannot_hold() -> None:
    low = {"a": np.array([-128], np.int8), "b": np.array([-1], np.int8)}
    proto = model([node("Div", "a b", "q"), node("Cast", "q", "f", to=1), node("Mul", "x f")], (1, 1), low, opset=14)
    assert "undefined" in refusal(proto)
    proto = model([node("Cast", "a", "q", to=TensorProto.UINT8), node("Reshape", "x s")], (1, 1),
                  {"a": np.array([300.0]), "s": np.array([1])})  # fmt: skip
    assert loaded(proto).output_size == 1
    far = model([node("Cast", "a", "q", to=3), node("Cast", "q", "f", to=1), node("Mul", "x f")], (1, 1),
                {"a": np.array([300.0])})  # fmt: skip
    assert "undefined" in refusal(far)


# Results that jump with a constant that is rounded somewhere.


@pytest.mark.parametrize("last", ["Floor", "Cast", "Greater", "ArgMax", "TopK", "Sign"])
def test_jumps_of_rounded_constants_are_refused(last: str) -> None:
    first = [node("Add", "a b", "s")]
    then = {
        "Floor": [node("Floor", "s", "f")],
        "Cast": [node("Cast", "s", "i", to=7), node("Cast", "i", "f", to=1)],
        "Greater": [node("Greater", "s a", "c"), node("Cast", "c", "f", to=1)],
        "ArgMax": [node("ArgMax", "s", "i"), node("Cast", "i", "f", to=1)],
        "TopK": [node("TopK", "s one", "f i")],
        "Sign": [node("Sign", "s", "f")],
    }[last]
    values = {"a": np.array([0.1], np.float32), "b": np.array([0.7], np.float32), "one": np.array([1])}
    proto = model([*first, *then, node("Mul", "x f")], (1, 1), values)
    assert "implementations round" in refusal(proto)
    values |= {"a": np.array([0.5], np.float32), "b": np.array([0.25], np.float32)}
    assert loaded(model([*first, *then, node("Mul", "x f")], (1, 1), values)).input_size == 1


# Bounds: nothing is computed before its size is known.


BOMBS = [
    ("range", [node("Range", "z far o", "r"), node("Cast", "r", "f", to=1)], "at most"),
    ("tile", [node("Tile", "w many", "f")], "at most"),
    ("one-hot", [node("OneHot", "z far ends", "f")], "at most"),
    ("expand", [node("Expand", "w big", "f")], "at most"),
    ("power", [node("Pow", "v v", "p"), node("Pow", "p v", "q"), node("Pow", "q v", "f")], "bits"),
    ("exp", [node("Exp", "v", "f")], "overflows"),
    ("exp-far", [node("Mul", "v v", "u"), node("Mul", "u v", "t"), node("Exp", "t", "f")], "beyond"),
    ("log", [node("Log", "zero", "f")], "not a finite number"),
    ("root", [node("Neg", "v", "n"), node("Sqrt", "n", "f")], "not a finite number"),
    ("resize", [node("Resize", "w _ wide", "f")], "at most"),
    ("trilu", [node("ConstantOfShape", "big", "c"), node("Trilu", "c", "f")], "at most"),
    ("matmul", [node("MatMul", "column row", "m"), node("Cast", "m", "f", to=1)], "at most"),
    ("matmul-integer", [node("MatMulInteger", "u8 u8row", "m"), node("Cast", "m", "f", to=1)], "at most"),
]


@pytest.mark.parametrize(("nodes", "expected"), [b[1:] for b in BOMBS], ids=[b[0] for b in BOMBS])
def test_bombs(nodes: list[onnx.NodeProto], expected: str) -> None:
    constants = {
        "z": np.array(0), "far": np.array(10**12), "o": np.array(1), "w": W, "many": np.array([10**6, 10**6]),
        "ends": np.array([0, 1], np.float32), "big": np.array([10**6, 10**6]), "v": np.array([999.0], np.float32),
        "zero": np.array([0], np.float32), "wide": np.array([1e6, 1e6], np.float32),
        "column": np.ones((10**4, 1), np.int32), "row": np.ones((1, 10**4), np.int32),
        "u8": np.ones((10**4, 1), np.uint8), "u8row": np.ones((1, 10**4), np.uint8),
    }  # fmt: skip
    proto = model([*nodes, node("ReduceSum", "f", "s", keepdims=0), node("Mul", "x s")], (1, 2), constants)
    assert expected in refusal(proto)


def test_loops_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    body = helper.make_graph(
        [node("Identity", "go", "on"), node("Relu", "s", "t")],
        "body",
        [helper.make_tensor_value_info(n, t, None) for n, t in (("i", 7), ("go", 9), ("s", 1))],
        [helper.make_tensor_value_info(n, t, None) for n, t in (("on", 9), ("t", 1))],
    )
    endless = model([node("Loop", "_ c x", body=body)], (1, 1), {"c": np.array(True)})
    assert "a loop without end" in refusal(endless)
    monkeypatch.setattr(control, "MAX_TURNS", 50)
    twice = [node("Loop", "m _ x", "a", body=body), node("Loop", "m _ a", body=body)]
    assert "more than 50 turns" in refusal(model(twice, (1, 1), {"m": np.array(40)}))
    monkeypatch.setattr(translation, "MAX_NODES", 20)
    many = model([node("Loop", "m _ x", body=body)], (1, 1), {"m": np.array(40)})
    assert "the most that is supported" in refusal(many)
    monkeypatch.undo()
    counted = [node("Cast", "x", "n", to=7), node("Loop", "n _ x", body=body)]
    assert "casts an activation" in refusal(model(counted, (1, 1)))


def test_branches_on_the_input_are_refused() -> None:
    graph = helper.make_graph([node("Relu", "x", "o")], "b", [], [helper.make_tensor_value_info("o", 1, None)])
    nodes = [node("Greater", "x z", "c"), node("If", "c", then_branch=graph, else_branch=graph)]
    assert "constant condition" in refusal(model(nodes, (1,), {"z": np.array(0.0)}))


# The standard's own signatures, in one place for every operator.


def duplicated(proto: onnx.ModelProto) -> onnx.ModelProto:
    attribute = proto.graph.node[0].attribute
    attribute.add().CopyFrom(attribute[0])
    return proto


@pytest.mark.parametrize(
    ("proto", "expected"),
    [
        (model([node("Relu", "x x")], (1, 2)), "2 inputs"),
        (model([node("Neg", "x x")], (1, 2)), "2 inputs"),
        (model([node("ReduceSum", "x a")], (1, 2), {"a": np.array([0])}, opset=11), "2 inputs; ReduceSum"),
        (model([node("Dropout", "x r", "y")], (1, 2), {"r": np.array(0.5)}, opset=11), "2 inputs"),
        (model([node("Clip", "x z")], (1, 2), {"z": np.array(0.0)}, opset=10), "2 inputs"),
        (model([node("Relu", "x", "y z")], (1, 2)), "2 outputs"),
        (duplicated(model([node("LeakyRelu", "x", alpha=0.1)], (1, 2))), "given 2 times"),
        (duplicated(model([node("Flatten", "x", axis=1)], (1, 2))), "given 2 times"),
        (model([node("Gelu", "x")], (1, 2), opset=19), "does not exist in operator set 19"),
        (model([node("Upsample", "x s")], (1, 2), {"s": np.ones(2)}, opset=10), "was removed in operator set 10"),
        (model([node("Add", "x w")], (1, 2), {"w": np.array([1], np.float16)}), "FLOAT and FLOAT16"),
        (model([node("Gather", "x i")], (1, 2), {"i": np.array([0.0])}), "is of FLOAT"),
        (model([node("Add", "x w")], (1, 2), {"w": np.array([1], np.int8)}, opset=13), "does not take"),
    ],
)
def test_what_an_operator_set_does_not_have(proto: onnx.ModelProto, expected: str) -> None:
    assert expected in refusal(proto)


def test_two_imports_of_one_domain() -> None:
    for second in (helper.make_opsetid("", 11), helper.make_opsetid("ai.onnx", 13), helper.make_opsetid("ai.onnx", 9)):
        proto = model([node("Relu", "x")], (1, 2))
        proto.opset_import.append(second)
        assert "of one domain 'ai.onnx'" in refusal(proto)


# Stored types.


def test_weights_of_eight_and_four_bits() -> None:
    nodes = [node("DequantizeLinear", "q s z", "w", axis=1), node("MatMul", "x w")]
    values: dict[str, Array] = {"q": np.array([[1, -2], [3, 127]], np.int8), "s": np.array([0.1, 0.5], np.float32),
              "z": np.array([0, -3], np.int8)}  # fmt: skip
    data = model(nodes, (1, 2), values).SerializeToString()
    network = from_model_bytes(data, "m")
    assert_agrees(network, data, random_points((1, 2), 3))
    scale = Fraction(float(np.float32(0.1)))
    assert network.blocks[-1].inputs[0][1].fractions() == [scale, 3 * scale, Fraction(1, 2), Fraction(65)]
    assert network.notes == ("constant w computed exactly; an implementation may round it",)
    packed = helper.make_tensor("q", TensorProto.INT4, [2, 2], [1, -2, 3, 7])
    proto = model([node("DequantizeLinear", "q s", "w"), node("MatMul", "x w")], (1, 2),
                  {"s": np.array(0.5, np.float32)}, opset=21)  # fmt: skip
    proto.graph.initializer.append(packed)
    assert loaded(proto).blocks[-1].inputs[0][1].fractions() == [Fraction(1, 2), Fraction(3, 2), -1, Fraction(7, 2)]


def test_bfloat16_weights() -> None:
    proto = model([node("Cast", "w", "v", to=1), node("Mul", "x v")], (1, 2))
    proto.graph.initializer.append(helper.make_tensor("w", TensorProto.BFLOAT16, [2], [0.1, -3.0]))
    assert loaded(proto).blocks[-1].inputs[0][1].fractions() == [Fraction(205, 2048), Fraction(-3)]


def test_sparse_constants() -> None:
    def sparse(indices: Array, values: Array, dims: list[int]) -> onnx.NodeProto:
        tensor = helper.make_sparse_tensor(
            numpy_helper.from_array(values, "v"), numpy_helper.from_array(indices, "i"), dims
        )
        return helper.make_node("Constant", [], ["k"], sparse_value=tensor)

    three = np.array([1, 2, 3], np.float32)
    for indices in (np.array([0, 2, 5]), np.array([[0, 0], [0, 2], [1, 2]])):
        proto = model([sparse(indices, three, [2, 3]), node("MatMul", "x k")], (1, 2))
        assert loaded(proto).blocks[-1].inputs[0][1].fractions() == [1, 2, 3]
    for indices, text in (
        (np.array([0, 2, 6]), "outside"),
        (np.array([0, 2, 2]), "twice"),
        (np.array([0, 2]), "indices of shape"),
    ):
        assert text in refusal(model([sparse(indices, three, [2, 3]), node("MatMul", "x k")], (1, 2)))


# The jump of Softplus as an exporter writes it.


def test_softplus_with_a_threshold_is_refused_for_its_jump() -> None:
    nodes = [node("Softplus", "x", "s"), node("Greater", "x t", "c"), node("Where", "c x s", name="choice")]
    text = refusal(model(nodes, (1, 2), {"t": np.array(20.0)}, opset=20))
    assert "Where node 'choice'" in text and "2.06e-09" in text and "is 20" in text


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Greater", "x t", "c"), node("Where", "c x z")],
        [node("Greater", "x z", "c"), node("Where", "c u z")],
        [node("Relu", "x", "r"), node("Greater", "x z", "c"), node("Where", "c r t")],
    ],
    ids=["threshold", "step", "relu-or-constant"],
)
def test_jumps_are_refused(nodes: list[onnx.NodeProto]) -> None:
    constants = {"t": np.array(0.5), "z": np.array(0.0), "u": np.array(1.0)}
    assert "jump" in refusal(model(nodes, (1, 2), constants, opset=16))


# Recorded cases beside the repository.


def recorded() -> dict[str, Any]:
    result: dict[str, Any] = json.loads(outside("cases/onnx/expected.json").read_text())
    return result


@pytest.mark.networks
def test_recorded_cases() -> None:
    refused = {"softmax_end.onnx": "--output r", "softplus_dy.onnx": "2.06e-09"}
    outputs = {"multiout_dy.onnx": "relu"}
    checked = 0
    for name, points in recorded().items():
        path = outside(f"cases/onnx/{name}")
        if name in refused:
            with pytest.raises(NetworkError, match=refused[name]):
                load_onnx(path)
            continue
        network = load_onnx(path, outputs.get(name))
        for point in points or []:
            given = np.concatenate([np.array(v, np.float32).ravel() for v in point["inputs"].values()])
            values = point["outputs"][outputs[name]] if name in outputs else next(iter(point["outputs"].values()))
            theirs, ours = (run(network, vector_from_floats(given), u) for u in (FLOAT32_ROUNDOFF, UNIT_ROUNDOFF))
            bound = theirs.errors[-1] + ours.errors[-1]
            assert np.all(np.isfinite(bound))
            assert np.all(np.abs(np.array(values, np.float64).ravel() - ours.values[-1]) <= bound), name
            checked += 1
    assert checked > 90


@pytest.mark.networks
def test_recorded_verdicts() -> None:
    for name in ("int8_wrap", "int32_wrap"):
        path = outside(f"cases/verdicts/{name}.onnx")
        result = verify.check(load_onnx(path), "nondecreasing in 0")
        assert result.verdict is verify.Verdict.REFUTED
    for name in ("trick_add_overflow_int8", "trick_add_overflow_uint8", "trick_int8_neg_overflow"):
        path = outside(f"cases/verdicts/{name}.onnx")
        assert_agrees(load_onnx(path), path.read_bytes(), random_points((1, 3), 3))
    with pytest.raises(NetworkError, match="one domain"):
        load_onnx(outside("cases/verdicts/dup_opset.onnx"))


@pytest.mark.networks
def test_recorded_monotone_network() -> None:
    network = load_onnx(outside("cases/onnx/monotone_clamped.onnx"))
    assert verify.check(network, "nondecreasing in 0").verdict is verify.Verdict.PROVED
    assert load_onnx(outside("cases/onnx/detach_item_ts.onnx")).relu_count == 3


def test_runtime_wraps_too() -> None:
    """What the first wrong verdict was about, beside ONNX Runtime itself."""
    nodes = [node("Add", "a a", "c"), node("Cast", "c", "d", to=1), node("Mul", "x d")]
    data = model(nodes, (1, 1), {"a": np.array([100], np.int8)}, opset=14).SerializeToString()
    (value,) = session(data).run(None, {"x": np.ones((1, 1), np.float32)})
    assert value.item() == -56 and loaded(onnx.load_from_string(data)).blocks[-1].inputs[0][1].fractions() == [-56]
