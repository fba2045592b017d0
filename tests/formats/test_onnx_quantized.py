"""QuantizeLinear and DequantizeLinear of activations: values against ONNX Runtime, ties and saturation, refusals."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from examples import quantize_digits, train_digits
from tests.formats.onnx_models import model, node
from verify.errors import EvidenceError, NetworkError
from verify.formats.onnx import from_model_bytes
from verify.kernel.exact import settled_values
from verify.network import Network
from verify.rational import vector_from_floats

Array = NDArray[Any]
ROUNDED = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "y")]


def loaded(proto: onnx.ModelProto) -> Network:
    return from_model_bytes(proto.SerializeToString(), "m")


def runtime_values(data: bytes, points: Array) -> Array:
    """As the standard says: without the runtime's rewriting of quantized graphs, which gives other numbers."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.array([session.run(None, {name: point[None]})[0].ravel() for point in points])


def exact_values(network: Network, points: Array) -> Array:
    return np.array([[float(v) for v in network([float(p) for p in point.ravel()])] for point in points])


@pytest.mark.parametrize(
    ("scale", "zero", "axis"),
    [
        (np.float32(0.25), np.uint8(3), 1),
        (np.float32(0.5), np.int8(-5), 1),
        (np.array([0.5, 0.25, 2.0], np.float32), np.array([0, 1, -7], np.int8), 1),
        (np.array([0.5, 0.125], np.float32), np.array([0, 200], np.uint8), 2),
        (np.float32(0.25), np.int16(-300), 1),
    ],
)
def test_values_ties_and_saturation_are_those_of_the_runtime(scale: Any, zero: Any, axis: int) -> None:
    """Scales are powers of two and values multiples of 1/16, so that floats are exact and ties are hit."""
    turned = [node("Transpose", "q", "t", perm=[0, 2, 1]), node("Transpose", "t", "u", perm=[0, 2, 1])]
    ends = node("QuantizeLinear", "x s z", "q", axis=axis), node("DequantizeLinear", "u s z", "y", axis=axis)
    nodes = [ends[0], *turned, ends[1]]
    data = model(nodes, (1, 3, 2), {"s": np.asarray(scale), "z": np.asarray(zero)}, opset=21).SerializeToString()
    network = from_model_bytes(data, "m")
    points = (np.random.default_rng(0).integers(-3000, 3000, (60, 3, 2)) / 16).astype(np.float32)
    points[:30] /= 64
    assert np.array_equal(exact_values(network, points), runtime_values(data, points))
    assert any(block.quantizer is not None for block in network.blocks) and network.relu_count == 0


def test_a_network_with_float_weights_agrees_away_from_ties() -> None:
    rng, agreed = np.random.default_rng(1), 0
    weights = {"w": rng.standard_normal((4, 5)), "b": rng.standard_normal(5), "v": rng.standard_normal((5, 3))}
    constants: dict[str, Array] = {name: value.astype(np.float32) for name, value in weights.items()}
    constants |= {"s": np.array(0.02, np.float32), "z": np.array(3, np.int8), "r": np.array(0.03, np.float32),
                  "o": np.array(0, np.uint8)}  # fmt: skip
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), node("Gemm", "d w b", "g"),
             node("Relu", "g", "h"), node("QuantizeLinear", "h r o", "p"), node("DequantizeLinear", "p r o", "k"),
             node("MatMul", "k v")]  # fmt: skip
    data = model(nodes, (1, 4), constants).SerializeToString()
    network = from_model_bytes(data, "m")
    points = rng.uniform(-3, 3, (40, 4)).astype(np.float32)
    for point, found in zip(points, runtime_values(data, points), strict=True):
        try:
            exact = settled_values(network, vector_from_floats(point)).floats()
        except EvidenceError:
            continue
        agreed += bool(np.allclose(exact, found, rtol=0, atol=2e-5 * (1 + np.abs(exact).max())))
    # A float sum near a tie may round the other way: rarely.
    assert agreed >= 38


def test_dequantizing_with_the_same_numbers_costs_no_block() -> None:
    constants: dict[str, Array] = {"s": np.array(0.1, np.float32), "z": np.array(7, np.uint8)}
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "k"), node("Relu", "k")]
    proto = model(nodes, (1, 2), constants)
    network = loaded(proto)
    assert [block.kind for block in network.blocks] == ["quantized", "ReLU", "affine"]
    (matrix,) = [matrix for _, matrix in network.blocks[1].inputs]
    assert matrix.fractions() == [1, 1] and network.blocks[1].bias.is_zero()


def test_constants_are_quantized_as_the_runtime_does() -> None:
    values = np.array([[0.3, -1.0], [12.7, 0.05]], np.float32)
    constants: dict[str, Array] = {"w": values, "s": np.array(0.1, np.float32), "z": np.array(0, np.int8)}
    nodes = [node("QuantizeLinear", "w s z", "q"), node("DequantizeLinear", "q s z", "v"), node("MatMul", "x v")]
    data = model(nodes, (1, 2), constants).SerializeToString()
    network = from_model_bytes(data, "m")
    points = np.eye(2, dtype=np.float32)
    assert np.allclose(exact_values(network, points), runtime_values(data, points), rtol=1e-6, atol=0)
    assert not network.is_quantized


@pytest.mark.parametrize(
    ("nodes", "constants", "message"),
    [
        (ROUNDED, {"s": np.array(-0.5, np.float32), "z": np.array(0, np.int8)}, "not positive"),
        (ROUNDED, {"s": np.array(0.0, np.float32), "z": np.array(0, np.int8)}, "not positive"),
        (ROUNDED, {"s": np.array([0.5, 1, 2], np.float32), "z": np.array([0, 0, 0], np.int8)}, "scales of shape"),
        (ROUNDED, {"s": np.array([0.5, 1], np.float32), "z": np.array([0], np.int8)}, "zero point of shape"),
        (
            [node("QuantizeLinear", "x s z", "q"), node("Relu", "q", "r"), node("DequantizeLinear", "r s z", "y")],
            {"s": np.array(0.5, np.float32), "z": np.array(0, np.int8)},
            "integers",
        ),
        (
            [node("QuantizeLinear", "x s z", "q"), node("Add", "q q", "r"), node("DequantizeLinear", "r s z", "y")],
            {"s": np.array(0.5, np.float32), "z": np.array(0, np.int8)},
            "integers",
        ),
        ([node("ReduceMax", "x", "m"), node("QuantizeLinear", "x m", "q"), node("DequantizeLinear", "q m", "y")], {},
         "depends on the network's input"),
    ],
)  # fmt: skip
def test_what_is_not_static_quantization_is_refused(nodes: Any, constants: Any, message: str) -> None:
    with pytest.raises(NetworkError, match=message) as caught:
        loaded(model(nodes, (1, 2), constants, opset=14))
    assert "\n" not in str(caught.value)


def test_the_type_of_the_zero_point_gives_the_range() -> None:
    for kind, low, high in ((TensorProto.INT4, -8, 7), (TensorProto.UINT4, 0, 15)):
        proto = model(ROUNDED, (1, 1), {"s": np.array(1.0, np.float32)}, opset=21)
        proto.graph.initializer.append(helper.make_tensor("z", kind, [], [2]))
        network = loaded(proto)
        assert [network([x])[0] for x in (-99, 99, Fraction(3, 2))] == [low - 2, high - 2, 2]


def test_the_digits_example_is_read(tmp_path: Path) -> None:
    digits = onnx.load(train_digits.FOLDER / "digits_conv.onnx")
    made = quantize_digits.quantized(digits, {"image": 1.0, "relu1.out": 3.0, "relu2.out": 8.0})
    network = loaded(made)
    assert sum(block.size for block in network.blocks if block.quantizer is not None) == 64 + 384 + 72
    image = np.load(train_digits.FOLDER / "digits_point.npy").astype(np.float32).reshape(1, 1, 8, 8)
    close = np.abs(exact_values(network, image) - runtime_values(made.SerializeToString(), image))
    assert close.max() < 0.05
