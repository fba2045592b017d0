"""Axis 0 of an ONNX model: ONNX knows no batches, so a fixed size there is an ordinary axis."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.formats.onnx_models import Array, assert_agrees, model, node, random_points
from verify.formats.onnx import from_model_bytes

GENERATOR = np.random.default_rng(5)


def weights(*shape: int) -> Array:
    return GENERATOR.normal(size=shape).astype(np.float32)


IMAGES = (3, 4, 5, 6)
STATISTICS = {"g": weights(4), "b": weights(4), "m": weights(4), "v": np.abs(weights(4)) + 1}

# Operators that treat axis 0 in a way of their own, on more than one image, and those that mix it with others.
CASES: list[tuple[str, list[onnx.NodeProto], tuple[int, ...], dict[str, Array]]] = [
    ("conv", [node("Conv", "x w b")], IMAGES, {"w": weights(2, 4, 2, 3), "b": weights(2)}),
    ("groups", [node("Conv", "x w", group=2, strides=[2, 1])], IMAGES, {"w": weights(6, 2, 2, 2)}),
    ("depthwise", [node("Conv", "x w", group=4, pads=[1, 1, 0, 1])], IMAGES, {"w": weights(4, 1, 3, 3)}),
    ("conv-1d", [node("Conv", "x w")], (2, 3, 7), {"w": weights(4, 3, 2)}),
    ("max", [node("MaxPool", "x", kernel_shape=[2, 2], pads=[1, 0, 0, 1])], IMAGES, {}),
    ("mean", [node("AveragePool", "x", kernel_shape=[3, 2], strides=[2, 2], count_include_pad=1)], IMAGES, {}),
    ("global-max", [node("GlobalMaxPool", "x")], IMAGES, {}),
    ("global-mean", [node("GlobalAveragePool", "x")], IMAGES, {}),
    ("norm", [node("BatchNormalization", "x g b m v")], IMAGES, STATISTICS),
    ("slopes", [node("PRelu", "x s")], IMAGES, {"s": weights(4, 1, 1)}),
    ("rows", [node("Gemm", "x w b")], (3, 2), {"w": weights(2, 4), "b": weights(4)}),
    ("transposed", [node("Gemm", "x w", transA=1)], (3, 2), {"w": weights(3, 2)}),
    ("left", [node("MatMul", "w x", "m"), node("Relu", "m")], (3, 2), {"w": weights(2, 2, 3)}),
    ("left-vector", [node("MatMul", "w x")], (3, 2), {"w": weights(3)}),
    ("flat", [node("Flatten", "x", "f", axis=0), node("MatMul", "f w")], (3, 2), {"w": weights(6, 2)}),
    ("mixed", [node("ReduceMax", "x", axes=[0], keepdims=0)], (3, 2), {}),
    ("sum", [node("ReduceSum", "x a", keepdims=1)], (3, 2), {"a": np.array([0])}),
    ("turned", [node("Transpose", "x")], (3, 2), {}),
    ("joined", [node("Concat", "x x", axis=0)], (3, 2), {}),
    ("parts", [node("Split", "x", "p q r", axis=0), node("Max", "p r", "n"), node("Sub", "n q")], (3, 2), {}),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "shape", "constants"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_fixed_axis_0(nodes: list[onnx.NodeProto], shape: tuple[int, ...], constants: dict[str, Array]) -> None:
    data = model(nodes, shape, constants).SerializeToString()
    network = from_model_bytes(data, "m")
    assert network.input_shape == shape
    bound, value = assert_agrees(network, data, random_points(shape, 4))
    assert bound < value / 1000
