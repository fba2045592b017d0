"""Quantize the digits network statically: int8 weights (a scale for each channel), uint8 activations.

    python examples/quantize_digits.py [OUT.onnx]

writes ``digits_int8.onnx`` into the current folder, as a network with QuantizeLinear and DequantizeLinear around every
layer ("QDQ"). Ranges of activations come from scikit-learn's training images, as of any calibration; the rest is plain
NumPy. Then, for instance, on all images whose pixels are within 1/100 of a test image's:

    verify compare digits_int8.onnx examples/digits_conv.onnx --on "ball(examples/digits_point.npy, 1/100)"
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

try:
    from examples.train_digits import FOLDER, load
except ImportError:  # run as a file
    from train_digits import FOLDER, load  # type: ignore[import-not-found,no-redef]

Array = NDArray[np.float32]


class Writer:
    """Nodes and constants of the quantized network."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def put(self, name: str, values: Any, kind: Any) -> str:
        """A constant."""
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def activation(self, tensor: str, largest: float) -> str:
        """An activation from 0 to its largest value, in 255 steps."""
        given = [self.put(f"{tensor}.scale", largest / 255, np.float32), self.put(f"{tensor}.zero", 0, np.uint8)]
        whole = f"{tensor}.uint8"
        self.nodes.append(helper.make_node("QuantizeLinear", [tensor, *given], [whole], name=f"quantize.{tensor}"))
        self.nodes.append(
            helper.make_node("DequantizeLinear", [whole, *given], [f"{tensor}.back"], name=f"dequantize.{tensor}")
        )
        return f"{tensor}.back"

    def weights(self, name: str, values: Array) -> str:
        """A weight tensor with a scale for each of its first axis: symmetric, -127 to 127."""
        scale = (np.abs(values).reshape(len(values), -1).max(axis=1) / 127).astype(np.float32)
        spread = scale.reshape(-1, *[1] * (values.ndim - 1))
        given = [self.put(f"{name}.scale", scale, np.float32), self.put(f"{name}.zero", np.zeros(len(scale)), np.int8)]
        whole = self.put(f"{name}.int8", np.clip(np.rint(values / spread), -127, 127), np.int8)
        self.nodes.append(
            helper.make_node("DequantizeLinear", [whole, *given], [f"{name}.back"], name=f"dequantize.{name}", axis=0)
        )
        return f"{name}.back"


def largest_values(model: onnx.ModelProto, images: Array) -> dict[str, float]:
    """The largest value of the input and of each ReLU on the images (with ONNX's own reference evaluator)."""
    from onnx.reference import ReferenceEvaluator

    tensors = ["image", *(node.output[0] for node in model.graph.node if node.op_type == "Relu")]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in tensors[1:])
    runner = ReferenceEvaluator(copy)
    found = dict.fromkeys(tensors, 0.0)
    for image in images:
        values = [image[None], *runner.run(tensors[1:], {"image": image[None]})]
        found = {name: max(found[name], float(np.max(value))) for name, value in zip(tensors, values, strict=True)}
    return found


def quantized(model: onnx.ModelProto, largest: dict[str, float]) -> onnx.ModelProto:
    """The model with every weight and every activation quantized; biases and the scores stay floats."""
    writer, read = Writer(), {"image": "image"}
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    read["image"] = writer.activation("image", largest["image"])
    for node in model.graph.node:
        inputs = [read.get(name, name) for name in node.input]
        if node.op_type in ("Conv", "Gemm"):
            inputs[1] = writer.weights(node.input[1], stored[node.input[1]])
            writer.put(node.input[2], stored[node.input[2]], np.float32)
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = inputs
        writer.nodes.append(copy)
        if node.op_type == "Relu":
            read[node.output[0]] = writer.activation(node.output[0], largest[node.output[0]])
    graph = helper.make_graph(
        writer.nodes, "digits_int8", list(model.graph.input), list(model.graph.output), writer.constants
    )
    checked = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(checked)
    return checked


def main() -> None:
    """Calibrate on 200 training images and write the model."""
    model = onnx.load(FOLDER / "digits_conv.onnx")
    images, *_ = load()
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "digits_int8.onnx")
    onnx.save(quantized(model, largest_values(model, images[:200].astype(np.float32))), out)
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
