"""Each ONNX operator against ONNX Runtime, within the derived float error bound."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tests.formats.onnx_cases import NEW, Case, ints, one, scalar, weights
from tests.formats.onnx_models import assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.formats.onnx.operators import OPERATORS

Array = NDArray[Any]


IMAGE = (1, 2, 5, 6)
KERNEL = weights(3, 2, 3, 2)

CONVOLUTIONS = [
    one("Conv", IMAGE, KERNEL),
    one("Conv", IMAGE, KERNEL, weights(3, seed=2), label="bias"),
    one("Conv", IMAGE, KERNEL, label="strides", strides=[2, 1]),
    one("Conv", IMAGE, KERNEL, label="asymmetric-pads", pads=[1, 0, 2, 1], strides=[2, 3]),
    one("Conv", IMAGE, KERNEL, label="dilations", dilations=[2, 3], pads=[1, 1, 0, 0]),
    one("Conv", IMAGE, KERNEL, label="same-upper", auto_pad="SAME_UPPER", strides=[2, 2]),
    one("Conv", IMAGE, KERNEL, label="same-lower", auto_pad="SAME_LOWER", strides=[2, 2]),
    one("Conv", IMAGE, KERNEL, label="same-narrow", auto_pad="SAME_UPPER", strides=[4, 5]),
    one("Conv", (1, 1, 6, 7), weights(2, 1, 1, 1), label="same-pointwise", auto_pad="SAME_LOWER", strides=[2, 2]),
    one("Conv", IMAGE, KERNEL, label="valid", auto_pad="VALID", kernel_shape=[3, 2]),
    one("Conv", (1, 4, 5, 5), weights(6, 2, 3, 3), weights(6, seed=2), label="groups", group=2, pads=[1, 1, 1, 1]),
    one("Conv", (1, 3, 4, 4), weights(3, 1, 2, 2), label="depthwise", group=3),
    one("Conv", (1, 2, 9), weights(3, 2, 4), weights(3, seed=2), label="1d", strides=[2], pads=[1, 3], dilations=[2]),
    one("Conv", (1, 1, 3, 4, 3), weights(2, 1, 2, 2, 2), label="3d", pads=[0, 1, 0, 0, 1, 1]),
]

PRODUCTS = [
    one("Gemm", (1, 4), weights(4, 3)),
    one("Gemm", (1, 4), weights(3, 4), weights(3, seed=2), label="alpha-beta", transB=1, alpha=0.3, beta=-1.7),
    one("Gemm", (1, 4), weights(4, 3), scalar(0.1), label="scalar-c", alpha=2.5),
    Case(
        "Gemm-transA",
        [node("Flatten", "x", "f", axis=3), node("Gemm", "f w", transA=1, transB=1)],
        (1, 2, 2),
        {"w": weights(3, 4)},
    ),
    one("Gemm", (1, 4), weights(2, 1), label="x-second", swap=True),
    one("Gemm", (1, 4), weights(4, 3), weights(1, 3, seed=2), label="row-c", opset=7),
    Case("Gemm-activation-c", [node("Gemm", "x w x", beta=0.3)], (1, 4), {"w": weights(4, 4)}),
    one("MatMul", (1, 4), weights(4, 3)),
    one("MatMul", (1, 3, 4), weights(4, 2), label="many-rows"),
    one("MatMul", (1, 3, 4), weights(2, 3), label="weights-first", swap=True),
    one("MatMul", (1, 3, 4), weights(5, 4, 2), label="batched-weights"),
    one("MatMul", (1, 2, 3, 4), weights(2, 1, 5, 3), label="batched-first", swap=True),
    one("MatMul", (1, 4), weights(4), label="vector"),
    one("MatMul", (3,), weights(3, 2), label="x-is-vector"),
    one("MatMul", (3,), weights(2, 3), label="x-is-vector-second", swap=True),
]


def statistics(variance: list[float]) -> list[Array]:
    return [weights(2), weights(2, seed=2), weights(2, seed=3), np.array(variance, dtype=np.float32)]


ARITHMETIC = [
    one("Add", (1, 2, 3), weights(2, 3)),
    one("Add", (1, 2, 3), weights(4, 1, 1, 3), label="broadcast-both"),
    one("Add", (1, 3), scalar(0.5), label="scalar", swap=True),
    one("Sub", (1, 2, 3), weights(2, 1)),
    one("Sub", (1, 2, 3), weights(3), label="x-second", swap=True),
    one("Mul", (1, 2, 3), weights(2, 1)),
    one("Mul", (1, 2, 3), scalar(0.1), label="scalar", swap=True),
    one("Mul", (1, 3), np.array([0.0, 1.0, -2.0], dtype=np.float32), label="zero"),
    one("Div", (1, 2, 3), weights(3)),
    one("Div", (1, 2, 3), scalar(255), label="scalar"),
    one("Neg", (1, 3)),
    one("Sum", (1, 2, 3), weights(3), weights(2, 1, seed=2), label="three"),
    Case("Sum-one", [node("Sum", "x")], (1, 3)),
    Case("Add-self", [node("Add", "x x")], (1, 3)),
    Case("Add-column", [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Add", "x t")], (1, 1, 3)),
    Case(
        "Sub-close-scalings",
        [node("Mul", "x a", "p"), node("Mul", "x b", "q"), node("Sub", "p q", "d"), node("Sum", "d x")],
        (1, 4),
        {"a": scalar(0.1), "b": scalar(0.10000001)},
    ),
    Case(
        "Add-cancelling-biases",
        [node("Gemm", "x w b", "p"), node("Gemm", "x w c", "q"), node("Add", "p q")],
        (1, 3),
        {"w": weights(3, 3), "b": weights(3, seed=2) * 1000, "c": -weights(3, seed=2) * 1000},
    ),
    Case(
        "Mul-chain",
        [node("Mul", f"{'x' if i == 0 else f't{i}'} a", "y" if i == 11 else f"t{i + 1}") for i in range(12)],
        (1, 2),
        {"a": scalar(0.7)},
    ),
    one("BatchNormalization", (1, 2, 3, 2), *statistics([0.3, 1.7])),
    one("BatchNormalization", (1, 2), *statistics([0.3, 1.7]), label="flat", epsilon=0.01, opset=9),
    one("BatchNormalization", (1, 2, 4), *statistics([2.25, 4.0]), label="perfect-squares", epsilon=0.0, opset=15),
]

ACTIVATIONS = [
    one("Relu", (1, 2, 3)),
    one("LeakyRelu", (1, 2, 3)),
    one("LeakyRelu", (1, 2, 3), label="alpha", alpha=0.3),
    one("LeakyRelu", (1, 2, 3), label="steep", alpha=-1.5),
    one("PRelu", (1, 2, 3, 2), weights(2, 1, 1)),
    one("PRelu", (1, 2, 3, 2), weights(1), label="shared"),
    one("PRelu", (1, 2, 3), weights(2, 3), label="each"),
    one("Abs", (1, 4)),
    one("Clip", (1, 6), scalar(-0.3), scalar(0.5)),
    one("Clip", (1, 6), scalar(0.0), scalar(0.6), label="relu6"),
    one("Clip", (1, 6), None, scalar(0.2), label="high"),
    one("Clip", (1, 6), scalar(-0.25), label="low"),
    one("Clip", (1, 6), scalar(0.5), scalar(-0.5), label="crossed"),
    one("Clip", (1, 6), scalar(-np.inf), scalar(np.inf), label="infinite"),
    one("Clip", (1, 6), label="attributes", opset=6 + 1, min=-0.4, max=0.1),
    one("Clip", (1, 6), label="one-attribute", opset=10, min=0.0),
    Case(
        "Clip-layer",
        [node("Gemm", "x w b", "g"), node("Clip", "g lo hi")],
        (1, 3),
        {"w": weights(3, 5), "b": weights(5), "lo": scalar(0), "hi": scalar(1)},
    ),
    one("Max", (1, 2, 3), weights(3), weights(2, 1, seed=2), label="constants"),
    one("Min", (1, 2, 3), weights(3), label="constant", swap=True),
    Case("Max-one", [node("Max", "x")], (1, 3)),
    Case(
        "Max-mixed",
        [node("Neg", "x", "n"), node("Gemm", "x w", "g"), node("Max", "x n c g")],
        (1, 3),
        {"w": weights(3, 3), "c": weights(3)},
    ),
    Case(
        "Min-mixed",
        [node("Neg", "x", "n"), node("Gemm", "x w", "g"), node("Min", "g c x n x")],
        (1, 3),
        {"w": weights(3, 3), "c": weights(1)},
    ),
    Case("Max-broadcast", [node("Transpose", "x", "t", perm=[0, 2, 1]), node("Max", "x t")], (1, 1, 4)),
    Case(
        "Relu-twice", [node("Relu", "x", "r"), node("Sub", "r h", "s"), node("Relu", "s")], (1, 4), {"h": scalar(0.5)}
    ),
]

POOLS = [
    *(one("MaxPool", IMAGE, label=f"op{opset}", opset=opset, kernel_shape=[2, 3], strides=[2, 2]) for opset in (8, 12)),
    one("MaxPool", IMAGE, label="pads", kernel_shape=[3, 3], pads=[1, 0, 1, 2], strides=[2, 1]),
    one("MaxPool", IMAGE, label="ceil", kernel_shape=[2, 2], strides=[2, 4], ceil_mode=1),
    one("MaxPool", IMAGE, label="dilations", kernel_shape=[2, 2], dilations=[2, 3]),
    one("MaxPool", IMAGE, label="same-upper", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    one("MaxPool", IMAGE, label="same-lower", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_LOWER"),
    one("MaxPool", (1, 2, 7), label="1d", kernel_shape=[3], strides=[2]),
    one("MaxPool", (1, 1, 3, 3, 3), label="3d", kernel_shape=[2, 2, 2]),
    one("AveragePool", IMAGE, kernel_shape=[2, 3]),
    one("AveragePool", IMAGE, label="pads", kernel_shape=[3, 3], pads=[1, 1, 0, 1], strides=[2, 2]),
    one("AveragePool", IMAGE, label="count", kernel_shape=[3, 3], pads=[1, 1, 0, 1], count_include_pad=1),
    one("AveragePool", IMAGE, label="ceil", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], ceil_mode=1),
    *(
        one(
            "AveragePool",
            IMAGE,
            label=f"ceil-count{opset}",
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            strides=[2, 2],
            ceil_mode=1,
            count_include_pad=1,
            opset=opset,
        )
        for opset in (11, 19)
    ),
    one("AveragePool", IMAGE, label="same", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER"),
    one("AveragePool", IMAGE, label="dilations", kernel_shape=[2, 2], dilations=[2, 3], pads=[1, 0, 1, 0], opset=19),
    one("AveragePool", (1, 2, 7), label="1d", kernel_shape=[3], strides=[2]),
    one("GlobalAveragePool", (1, 2, 3, 4)),
    one("GlobalMaxPool", (1, 2, 3, 4)),
    one("ReduceMean", (1, 2, 3), label="attribute", axes=[1, -1], keepdims=0),
    one("ReduceMean", (1, 2, 3), ints(2), label="input", opset=18),
    one("ReduceMean", (1, 2, 3), label="all"),
    one("ReduceSum", (1, 2, 3), label="attribute", axes=[1], opset=11),
    one("ReduceSum", (1, 2, 3), ints(-1), label="input", keepdims=0),
    one("ReduceSum", (1, 2, 3), label="noop", noop_with_empty_axes=1),
    one("ReduceMax", (1, 5, 3), label="attribute", axes=[1], keepdims=0),
    one("ReduceMin", (1, 5, 3), ints(1, 2), label="input", opset=18),
]

SHAPES = [
    *(one("Pad", (1, 2, 3), label=f"op{opset}", pads=[0, 1, 0, 0, 0, 2], opset=opset) for opset in (7, 10)),
    one("Pad", (1, 2, 3), label="value-attribute", pads=[0, 1, 0, 0, 0, 2], value=0.3, opset=9),
    one("Pad", (1, 2, 3), ints(0, 1, 2, 0, 0, 0), scalar(0.3), label="value", mode="constant"),
    one("Pad", (1, 2, 4), ints(0, 0, 2, 0, 0, 3), label="reflect", mode="reflect"),
    one("Pad", (1, 2, 4), ints(0, 1, 2, 0, 0, 5), label="edge", mode="edge"),
    one("Pad", (1, 2, 4), ints(0, 0, 2, 0, 0, 3), label="wrap", mode="wrap", opset=19),
    one("Pad", (1, 2, 4), ints(2, 1), None, ints(-1), label="axes", opset=18),
    Case(
        "Pad-conv",
        [node("Pad", "x p v", "q"), node("Conv", "q w", "c"), node("Relu", "c")],
        (1, 1, 3, 3),
        {"p": ints(0, 0, 1, 1, 0, 0, 1, 1), "v": scalar(0.2), "w": weights(2, 1, 2, 2)},
    ),
    one("Flatten", (1, 2, 3)),
    one("Flatten", (1, 2, 3), label="axis0", axis=0),
    one("Flatten", (1, 2, 3), label="negative", axis=-1),
    one("Reshape", (1, 2, 6), ints(0, -1, 3)),
    one("Reshape", (1, 2, 6), ints(3, 4), label="no-batch"),
    one("Reshape", (1, 2, 6), ints(-1), label="vector", allowzero=1, opset=14),
    one("Transpose", (1, 2, 3)),
    one("Transpose", (1, 2, 3, 4), label="perm", perm=[0, 3, 1, 2]),
    Case("Concat-twice", [node("Neg", "x", "n"), node("Concat", "x n c", axis=-2)], (1, 2, 3), {"c": weights(1, 1, 3)}),
    Case(
        "Concat-mixed-scales",
        [node("Div", "x d", "p"), node("Mul", "x h", "q"), node("Concat", "p q", "r", axis=1), node("Relu", "r")],
        (1, 3),
        {"d": scalar(3), "h": scalar(0.5)},
    ),
    one("Slice", (1, 5, 6), label="attributes", starts=[1, -4], ends=[4, 9999], axes=[1, 2], opset=9),
    one("Slice", (1, 5, 6), ints(0, 1), ints(1, 4), label="no-axes"),
    one("Slice", (1, 5, 6), ints(-1, 4), ints(-(2**63), 0), ints(1, 2), ints(-2, -1), label="backwards"),
    one("Slice", (1, 5, 6), ints(-99, 99), ints(-99, 2), ints(1, 2), ints(-1, -3), label="clamped-backwards"),
    one("Slice", (1, 5, 6), ints(-99, 3), ints(99, 99), ints(1, 2), ints(2, 2), label="clamped"),
    one("Slice", (1, 5, 6), ints(1), ints(2**63 - 1), ints(-1), ints(3), label="to-the-end"),
    Case("Split-equal", [node("Split", "x", "a b", axis=1), node("Sub", "a b")], (1, 4)),
    Case("Split-attribute", [node("Split", "x", "a y", axis=-1, split=[1, 4])], (1, 5), opset=11),
    Case("Split-input", [node("Split", "x s", "a y", axis=1)], (1, 5), {"s": ints(2, 3)}),
    Case("Split-uneven", [node("Split", "x", "a b y", axis=1, num_outputs=3)], (1, 7), opset=18),
    one("Gather", (1, 4, 3), np.array([[0, -1], [2, 2]], dtype=np.int64), label="matrix", axis=1),
    one("Gather", (1, 4), np.array(2, dtype=np.int64), label="scalar", axis=1),
    one("Squeeze", (1, 1, 3), label="attribute", axes=[1], opset=11),
    one("Squeeze", (1, 1, 3), ints(-2), label="input"),
    one("Squeeze", (1, 1, 3), label="all"),
    one("Unsqueeze", (1, 3), label="attribute", axes=[0, 3], opset=11),
    one("Unsqueeze", (1, 3), ints(-1, 1), label="input"),
    one("Identity", (1, 3)),
    one("Dropout", (1, 3), label="attribute", ratio=0.4, opset=7),
    one("Dropout", (1, 3), scalar(0.4), np.array(False), label="input"),
    one("Expand", (1, 3, 1), ints(2, 1, 1, 4)),
    Case(
        "Cast-and-back",
        [node("Cast", "x", "d", to=TensorProto.DOUBLE), node("Cast", "d", to=TensorProto.FLOAT)],
        (1, 3),
    ),
]

COMPUTED = [
    Case(
        "Shape-chain",
        [
            node("Conv", "x w", "c"),
            node("Shape", "c", "s"),
            node("Gather", "s zero", "b", axis=0),
            node("Unsqueeze", "b", "u", axes=[0]),
            node("Constant", "", "m", value=numpy_helper.from_array(ints(-1))),
            node("Concat", "u m", "t", axis=0),
            node("Reshape", "c t"),
        ],
        (1, 1, 4, 4),
        {"w": weights(2, 1, 2, 2), "zero": np.array(0, dtype=np.int64)},
        opset=11,
    ),
    Case(
        "Shape-arithmetic",
        [
            node("Shape", "x", "s", start=1),
            node("Slice", "s zero two", "hw"),
            node("Div", "hw two", "half"),
            node("Mul", "half two", "even"),
            node("Sub", "hw even", "odd"),
            node("Add", "odd one", "starts"),
            node("Cast", "starts", "small", to=TensorProto.INT32),
            node("Cast", "small", "big", to=TensorProto.INT64),
            node("Squeeze", "big", "squeezed"),
            node("Reshape", "squeezed one_one", "back"),
            node("Slice", "x back hw axes"),
        ],
        (1, 5, 4),
        {"zero": ints(0), "one": ints(1), "two": ints(2), "axes": ints(1, 2), "one_one": ints(-1)},
        opset=15,
    ),
    Case(
        "ConstantOfShape",
        [
            node("ConstantOfShape", "s", "c", value=numpy_helper.from_array(np.array([2.5], np.float32))),
            node("Add", "x c"),
        ],
        (1, 3),
        {"s": ints(2, 1, 1)},
    ),
    Case("ConstantOfShape-zeros", [node("ConstantOfShape", "s", "c"), node("Max", "x c")], (1, 3), {"s": ints(3)}),
    Case("Constant-float", [node("Constant", "", "c", value_float=0.1), node("Mul", "x c")], (1, 3)),
    Case("Constant-floats", [node("Constant", "", "c", value_floats=[0.1, 2.0, 3.0]), node("Mul", "x c")], (1, 3)),
    Case("Constant-int", [node("Constant", "", "c", value_int=1), node("Gather", "x c", axis=1)], (1, 3)),
    Case("Constant-ints", [node("Constant", "", "c", value_ints=[2, 0]), node("Gather", "x c", axis=1)], (1, 3)),
    Case(
        "folded-weights",
        [
            node("Mul", "w g", "v"),
            node("Div", "v h", "q"),
            node("Sub", "q b", "r"),
            node("Abs", "r", "p"),
            node("Neg", "p", "n"),
            node("Max", "n r", "m"),
            node("Transpose", "m", "t"),
            node("MatMul", "x t"),
        ],
        (1, 3),
        {"w": weights(2, 3), "g": weights(2, 1), "h": scalar(3), "b": scalar(0.25)},
    ),
    Case(
        "constant-layer",
        [node("Relu", "c", "r"), node("MatMul", "r w", "m"), node("Add", "x m")],
        (1, 3),
        {"c": weights(1, 2), "w": weights(2, 3)},
    ),
    Case(
        "residual",
        [
            node("Conv", "x v", "a", name="first"),
            node("Relu", "a", "b"),
            node("Conv", "b w c", "d", pads=[1, 1, 1, 1]),
            node("Add", "d a", "e"),
            node("Relu", "e", "f"),
            node("GlobalAveragePool", "f", "g"),
            node("Flatten", "g"),
        ],
        (1, 2, 4, 4),
        {"v": weights(2, 2, 1, 1), "w": weights(2, 2, 3, 3), "c": weights(2)},
    ),
]

WIDE = [node("Mul", "x c", "w")]
TEN = {"c": scalar(10)}
SMOOTH = [
    *(one(name, (1, 2, 3)) for name in ("Elu", "Celu", "Selu", "Sigmoid", "Softplus", "Tanh")),
    one("Gelu", (1, 5), opset=20),
    one("Gelu", (1, 5), opset=20, label="tanh", approximate="tanh"),
    one("Elu", (1, 4), label="alpha", alpha=0.3),
    one("Celu", (1, 4), label="alpha", alpha=2.5),
    one("Selu", (1, 4), label="constants", alpha=1.5, gamma=2.0),
    *(
        Case(f"{name}-far", [*WIDE, node(name, "w")], (1, 6), TEN)
        for name in ("Elu", "Selu", "Sigmoid", "Softplus", "Tanh")
    ),
    Case("SiLU-of-the-input", [node("Sigmoid", "x", "s"), node("Mul", "x s")], (1, 4)),
    Case("SiLU-swapped", [node("Neg", "x", "n"), node("Sigmoid", "n", "s"), node("Mul", "s n")], (1, 2, 3)),
    Case(
        "SiLU-after-a-layer",
        [node("Gemm", "x v b", "z"), node("Sigmoid", "z", "s"), node("Mul", "z s", "h"), node("MatMul", "h w")],
        (1, 3),
        {"v": weights(3, 4), "b": weights(4), "w": weights(4, 2, seed=3)},
    ),
    Case(  # the sigmoid is read again: its block must stay
        "SiLU-and-its-sigmoid",
        [
            node("Sigmoid", "x", "s"),
            node("Mul", "x s", "m"),
            node("Add", "m s", "a"),
            node("Mul", "a c", "e"),
            node("Add", "e s"),
        ],
        (1, 3),
        {"c": scalar(2)},
    ),
    Case(
        "SiLU-twice",
        [
            *(node("Sigmoid", "x", "s"), node("Mul", "x s", "m"), node("Sigmoid", "m", "t"), node("Mul", "t m", "n")),
            node("Add", "n m"),
        ],
        (1, 3),
    ),
    Case(
        "deep-elu",
        [
            node("MatMul", "x v", "a"),
            node("Elu", "a", "b"),
            node("MatMul", "b w", "d"),
            node("Selu", "d", "e"),
            node("Add", "e x"),
        ],
        (1, 3),
        {"v": weights(3, 3), "w": weights(3, 3, seed=2)},
    ),
]

CASES = [*SMOOTH, *CONVOLUTIONS, *PRODUCTS, *ARITHMETIC, *ACTIVATIONS, *POOLS, *SHAPES, *COMPUTED, *NEW]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operator(case: Case) -> None:
    data = model(case.nodes, case.shape, case.constants, opset=case.opset).SerializeToString()
    network = from_model_bytes(data, case.name)
    bound, value = assert_agrees(network, data, random_points(case.shape, 4))
    # Small enough to tell right from wrong, and the model is not dead.
    assert bound < value / 1000


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Sigmoid", "x", "s"), node("Mul", "s s")],
        [node("Mul", "x x")],
        [node("Neg", "x", "n"), node("Sigmoid", "n", "s"), node("Mul", "x s")],
        [node("Tanh", "x", "s"), node("Mul", "x s")],
        [node("Mul", "x c", "n"), node("Sigmoid", "n", "s"), node("Mul", "x s")],
        [node("Transpose", "x", "n", perm=[0, 2, 1]), node("Sigmoid", "n", "s"), node("Mul", "x s")],
        [node("Sigmoid", "x", "s"), node("Sigmoid", "s", "t"), node("Mul", "x t")],
    ],
)
def test_other_products_are_refused(nodes: list[NodeProto]) -> None:
    data = model(nodes, (1, 2, 2), {"c": scalar(1.702)}).SerializeToString()
    with pytest.raises(NetworkError, match="product of two activations"):
        from_model_bytes(data, "product")


def test_every_operator_has_a_case() -> None:
    cases = {n.op_type for case in CASES for n in case.nodes}
    lowered = {name for name, operator in OPERATORS.items() if operator.lower and "." not in name}
    rounding = {"QuantizeLinear", "DequantizeLinear"}  # no continuous functions: test_onnx_quantized.py
    assert lowered - rounding <= cases, lowered - cases
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [
        ("Scaler", {"offset": [0.5], "scale": [0.1]}),
        ("Scaler", {"offset": [0.5, 0.1, -2.0], "scale": [3.0, -1.0, 0.1]}),
        ("LinearRegressor", {"coefficients": [0.5, -1.0, 0.1, 1.0, 2.0, 3.0], "intercepts": [0.25, 1.0], "targets": 2}),
        ("LinearRegressor", {"coefficients": [0.5, -1.0, 0.1]}),
    ],
)
def test_operator_of_the_other_domain(operator: str, attributes: dict[str, Any]) -> None:
    proto = model([node(operator, "x", domain="ai.onnx.ml", **attributes)], (1, 3))
    proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    data = proto.SerializeToString()
    assert_agrees(from_model_bytes(data, operator), data, random_points((1, 3), 4))


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 18, 21, 22, 23, 24, 25, 26, 27, 28])
def test_operator_sets(opset: int) -> None:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("MaxPool", "r", "p", kernel_shape=[2, 2]),
             node("Flatten", "p", "f"), node("Gemm", "f v b")]  # fmt: skip
    constants = {"w": weights(2, 1, 2, 2), "v": weights(8, 3), "b": weights(3)}
    data = model(nodes, (1, 1, 4, 4), constants, opset=opset).SerializeToString()
    assert_agrees(from_model_bytes(data, "m"), data, random_points((1, 1, 4, 4), 3))


def test_thousands_of_values_in_one_maximum() -> None:
    nodes = [node("ReduceMax", "x", axes=[1], keepdims=1)]
    data = model(nodes, (1, 3000)).SerializeToString()
    network = from_model_bytes(data, "m")
    assert len(network.blocks) < 20
    assert network.relu_count == 2999
    assert_agrees(network, data, random_points((1, 3000), 2))


def test_max_of_a_thousand_inputs() -> None:
    names = " ".join(f"t{i}" for i in range(1000))
    nodes = [node("Split", "x", names, axis=1), node("Max", names)]
    data = model(nodes, (1, 1000)).SerializeToString()
    network = from_model_bytes(data, "m")
    assert network.relu_count == 999
    assert_agrees(network, data, random_points((1, 1000), 2))


def test_float16() -> None:
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Flatten", "r", "f"), node("Gemm", "f v b")]
    constants = {"w": weights(2, 1, 2, 2), "v": weights(18, 3), "b": weights(3)}
    halves = {name: array.astype(np.float16) for name, array in constants.items()}
    data = model(nodes, (1, 1, 4, 4), halves, element=TensorProto.FLOAT16).SerializeToString()
    network = from_model_bytes(data, "half")
    kernel = network.blocks[0].inputs[0][1]
    assert set(kernel.entries.tolist()) == set(halves["w"].ravel().astype(float).tolist())
    assert_agrees(network, data, random_points((1, 1, 4, 4), 3, np.float16), roundoff=2.0**-11)


def test_double_with_tiny_weights() -> None:
    rows = np.array([[1e-40, 2.0**-148, -1.0], [3.0, 1e-300, 0.1]])
    nodes = [node("MatMul", "x w", "m"), node("Relu", "m", "r"), node("MatMul", "r v")]
    constants = {"w": rows.T.copy(), "v": weights(2, 2).astype(np.float64)}
    data = model(nodes, (1, 3), constants, element=TensorProto.DOUBLE).SerializeToString()
    network = from_model_bytes(data, "double")
    assert network.blocks[0].inputs[0][1].entries.tolist() == rows.ravel().tolist()
    assert_agrees(network, data, random_points((1, 3), 4, np.float64), roundoff=2.0**-53)


def test_float32_subnormals_are_exact() -> None:
    tiny = np.array([[1e-40, 2.0**-148]], dtype=np.float32).T
    network = from_model_bytes(model([node("MatMul", "x w")], (1, 2), {"w": tiny}).SerializeToString(), "m")
    assert network.blocks[-1].inputs[0][1].fractions() == [*map(_exact, tiny.ravel())]


def _exact(value: np.float32) -> Fraction:
    return Fraction(float(value))


def test_attributes_are_float32_values() -> None:
    network = from_model_bytes(model([node("LeakyRelu", "x")], (1, 1)).SerializeToString(), "m")
    assert float(np.float32(0.01)) in network.blocks[-1].inputs[0][1].entries.tolist()
    assert helper.make_attribute("alpha", 0.01).f == float(np.float32(0.01))


def test_alpha_is_multiplied_exactly() -> None:
    weight, alpha = weights(1, 1), float(np.float32(0.3))
    case = one("Gemm", (1, 1), weight, alpha=alpha)
    network = from_model_bytes(model(case.nodes, case.shape, case.constants).SerializeToString(), "m")
    product = _exact(weight[0, 0]) * _exact(np.float32(alpha))
    assert network.blocks[-1].inputs[0][1].fractions() == [product]


def test_batch_norm_scale_is_rounded_only_where_it_must() -> None:
    rounded = one("BatchNormalization", (1, 2), *statistics([0.3, 1.7]))
    exact = one("BatchNormalization", (1, 2), *statistics([2.25, 4.0]), epsilon=0.0)
    loaded = [
        from_model_bytes(model(case.nodes, case.shape, case.constants).SerializeToString(), "m")
        for case in (rounded, exact)
    ]
    assert loaded[0].notes == ("batch-norm scale of y rounded to binary64",)
    assert loaded[1].notes == ()
