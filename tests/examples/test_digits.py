"""The bundled digits network: its shapes, its short weights, and that it still classifies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from examples import train_digits

FOLDER = Path(train_digits.__file__).parent


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return onnx.load(FOLDER / "digits_conv.onnx")


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def scores(images: np.ndarray) -> np.ndarray:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(FOLDER / "digits_conv.onnx", providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"image": image[None].astype(np.float32)})[0] for image in images])


def test_layers_and_shapes(model: onnx.ModelProto) -> None:
    assert [node.name for node in model.graph.node] == ["conv1", "relu1", "conv2", "relu2", "flatten", "dense"]
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in [*model.graph.input, *model.graph.output]
    }
    assert shapes == {"image": [1, 1, 8, 8], "scores": [1, 10]}
    assert {name: array.shape for name, array in weights(model).items()} == {
        "conv1.weight": (6, 1, 3, 3),
        "conv1.bias": (6,),
        "conv2.weight": (8, 6, 3, 3),
        "conv2.bias": (8,),
        "dense.weight": (10, 72),
        "dense.bias": (10,),
    }


def test_weights_are_multiples_of_a_64th(model: onnx.ModelProto) -> None:
    for name, array in weights(model).items():
        assert array.dtype == np.float32
        assert np.all(array * 64 == np.round(array * 64)), name
        assert np.all(np.abs(array) < 8), name


def test_the_script_writes_this_model(model: onnx.ModelProto) -> None:
    parameters = {name: array.astype(np.float64) for name, array in weights(model).items()}
    written = train_digits.to_onnx(parameters)
    assert written.graph == model.graph
    assert (written.producer_name, written.opset_import) == (model.producer_name, model.opset_import)
    again = train_digits.to_onnx(parameters).SerializeToString(deterministic=True)
    assert written.SerializeToString(deterministic=True) == again


def test_the_point_is_exact_and_classified_as_a_six() -> None:
    point = np.load(FOLDER / "digits_point.npy")
    assert (point.shape, point.dtype) == ((1, 8, 8), np.float32)
    assert {Fraction(float(pixel)).denominator for pixel in point.ravel()} <= {1, 2, 4, 8, 16}
    assert point.min() >= 0 and point.max() <= 1
    assert scores(point[None]).argmax() == 6


def test_accuracy() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn, which has the images, is a development dependency")
    _, _, images, labels = train_digits.load()
    assert np.mean(scores(images).argmax(axis=1) == labels) >= 0.95
