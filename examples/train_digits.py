"""Train the small convolutional network of the examples on scikit-learn's bundled 8 x 8 digits.

    python examples/train_digits.py

writes ``digits_conv.onnx`` and ``digits_point.npy`` (one test image that it classifies correctly) beside this
file. Training is plain NumPy with fixed seeds. Afterwards every weight and bias is rounded to a multiple of 1/64, so
that exact results about the network are short fractions. Pixels are 0, 1/16, ..., 1: exact in binary too.
scikit-learn is needed for the images only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
Parameters = dict[str, Array]

FOLDER = Path(__file__).resolve().parent
STRIDES = {"conv1": 1, "conv2": 2}
PADS = {"conv1": 1, "conv2": 0}
TEST_IMAGES = 500
UNIT = 64  # weights are multiples of 1/UNIT


def load() -> tuple[Array, NDArray[np.int64], Array, NDArray[np.int64]]:
    """Training images and labels, then test images and labels; images have shape (count, 1, 8, 8)."""
    from sklearn.datasets import load_digits

    data: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = (data.images / 16)[order, None]
    labels = data.target[order].astype(np.int64)
    return images[TEST_IMAGES:], labels[TEST_IMAGES:], images[:TEST_IMAGES], labels[:TEST_IMAGES]


def initial(rng: np.random.Generator) -> Parameters:
    """He initialisation."""
    shapes = {"conv1": (6, 1, 3, 3), "conv2": (8, 6, 3, 3), "dense": (10, 72)}
    parameters: Parameters = {}
    for name, shape in shapes.items():
        parameters[f"{name}.weight"] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        parameters[f"{name}.bias"] = np.zeros(shape[0])
    return parameters


def taps(x: Array, stride: int) -> list[tuple[int, int, Array]]:
    """For each tap of a 3 x 3 kernel, the view of ``x`` that it sees."""
    height, width = ((n - 3) // stride + 1 for n in x.shape[2:])
    return [
        (i, j, x[:, :, i : i + stride * height : stride, j : j + stride * width : stride])
        for i in range(3)
        for j in range(3)
    ]


def convolve(x: Array, weight: Array, bias: Array, stride: int) -> Array:
    """Convolution of images that are padded already."""
    parts = [np.einsum("nchw,oc->nohw", view, weight[:, :, i, j], optimize=True) for i, j, view in taps(x, stride)]
    return np.asarray(np.sum(parts, axis=0) + bias[:, None, None])


def convolutions(p: Parameters) -> list[tuple[str, int]]:
    """Name and stride of each convolution that these parameters are of, in order."""
    return [(name, stride) for name, stride in STRIDES.items() if f"{name}.weight" in p]


def forward(p: Parameters, x: Array) -> list[Array]:
    """The padded images, the hidden layers and the scores."""
    pad = PADS["conv1"]
    values = [np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))]
    for name, stride in convolutions(p):
        values.append(np.maximum(convolve(values[-1], p[f"{name}.weight"], p[f"{name}.bias"], stride), 0))
    flat = values[-1].reshape(len(x), -1)
    return [*values, flat @ p["dense.weight"].T + p["dense.bias"]]


def gradients(p: Parameters, x: Array, labels: NDArray[np.int64]) -> Parameters:
    """Gradient of the mean cross-entropy."""
    *hidden, scores = forward(p, x)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    delta = exponentials / exponentials.sum(axis=1, keepdims=True)
    delta[np.arange(len(x)), labels] -= 1
    delta /= len(x)
    flat = hidden[-1].reshape(len(x), -1)
    result = {"dense.weight": delta.T @ flat, "dense.bias": delta.sum(axis=0)}
    upstream = (delta @ p["dense.weight"]).reshape(hidden[-1].shape)
    for layer, (name, stride) in reversed(list(enumerate(convolutions(p), start=1))):
        upstream = upstream * (hidden[layer] > 0)
        weight, below = p[f"{name}.weight"], np.zeros_like(hidden[layer - 1])
        slope = np.zeros_like(weight)
        places = zip(taps(hidden[layer - 1], stride), taps(below, stride), strict=True)
        for (i, j, view), (_, _, target) in places:
            slope[:, :, i, j] = np.einsum("nohw,nchw->oc", upstream, view, optimize=True)
            target += np.einsum("nohw,oc->nchw", upstream, weight[:, :, i, j], optimize=True)
        result |= {f"{name}.weight": slope, f"{name}.bias": upstream.sum(axis=(0, 2, 3))}
        upstream = below
    return result


def train(
    p: Parameters,
    x: Array,
    labels: NDArray[np.int64],
    epochs: int = 30,
    batch: int = 32,
    after: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Adam with a step that falls linearly to zero and a little weight decay, in place; ``after`` ends each epoch."""
    rng = np.random.default_rng(1)
    first = {name: np.zeros_like(value) for name, value in p.items()}
    second = {name: np.zeros_like(value) for name, value in p.items()}
    steps, step = epochs * (len(x) // batch), 0
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            chosen = order[start : start + batch]
            rate = 0.005 * (1 - step / steps)
            step += 1
            for name, slope in gradients(p, x[chosen], labels[chosen]).items():
                slope = slope + 1e-4 * p[name]
                first[name] += 0.1 * (slope - first[name])
                second[name] += 0.001 * (slope**2 - second[name])
                unbiased = np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8
                p[name] -= rate * first[name] / (1 - 0.9**step) / unbiased
        after(epoch)


def accuracy(p: Parameters, x: Array, labels: NDArray[np.int64]) -> float:
    """The share of images classified correctly."""
    return float(np.mean(forward(p, x)[-1].argmax(axis=1) == labels))


def to_onnx(p: Parameters, title: str = "digits_conv") -> onnx.ModelProto:
    """The network as an ONNX model, the same bytes for the same weights."""
    nodes = []
    source = "image"
    for number, (name, stride) in enumerate(convolutions(p), start=1):
        inputs = [source, f"{name}.weight", f"{name}.bias"]
        strides, pads = [stride] * 2, [PADS[name]] * 4
        nodes.append(helper.make_node("Conv", inputs, [f"{name}.out"], name, strides=strides, pads=pads))
        source = f"relu{number}.out"
        nodes.append(helper.make_node("Relu", [f"{name}.out"], [source], f"relu{number}"))
    nodes.append(helper.make_node("Flatten", [source], ["flat"], "flatten", axis=1))
    nodes.append(helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["scores"], "dense", transB=1))
    graph = helper.make_graph(
        nodes,
        title,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in p.items()],
    )
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, producer_name="relu-verify", opset_imports=opset, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Train, round, report and write."""
    x, labels, test_x, test_labels = load()
    parameters = initial(np.random.default_rng(2))
    train(parameters, x, labels)
    print(f"test accuracy {accuracy(parameters, test_x, test_labels):.1%}")
    rounded = {name: np.round(value * UNIT) / UNIT for name, value in parameters.items()}
    print(f"test accuracy {accuracy(rounded, test_x, test_labels):.1%} with weights rounded to multiples of 1/{UNIT}")
    (FOLDER / "digits_conv.onnx").write_bytes(to_onnx(rounded).SerializeToString(deterministic=True))
    correct = forward(rounded, test_x)[-1].argmax(axis=1) == test_labels
    chosen = int(np.flatnonzero(correct)[0])
    np.save(FOLDER / "digits_point.npy", test_x[chosen].astype(np.float32))
    print(f"digits_point.npy is a {test_labels[chosen]}")


if __name__ == "__main__":
    main()
