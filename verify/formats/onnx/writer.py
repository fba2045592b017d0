"""Networks to ONNX files: one matrix product for each block, weights exactly as they are.

Every weight must be a binary64 number, and tensors are binary32 where all are binary32 numbers: nothing is rounded.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network import Block, Network
from verify.rational import Floats, Vector, vector_from_floats

# The oldest operator set with these operators in their present form: other tools read it too.
OPSET = 13
IR_VERSION = 8
# Entries of one dense matrix.
MAX_ENTRIES = 64_000_000


def model_bytes(network: Network) -> bytes:
    """The network as a serialized model with one input and one output, batch size 1; ``NetworkError`` if it cannot be.

    Reading the bytes again gives a network with the same weights.
    """
    network.require_piecewise_linear("writing ONNX")
    weights = [_exact_weights(network, k) for k in range(1, len(network.blocks) + 1)]
    narrow = all(_is_binary32(part) for pair in weights for part in pair)
    number = np.float32 if narrow else np.float64
    element = onnx.TensorProto.FLOAT if narrow else onnx.TensorProto.DOUBLE
    names = Counter(block.name for block in network.blocks)
    nodes = [onnx.helper.make_node("Flatten", ["input"], ["y0"], axis=1)]
    tensors = []
    for k, (block, (matrix, bias)) in enumerate(zip(network.blocks, weights, strict=True), start=1):
        tensors += [
            onnx.numpy_helper.from_array(matrix.astype(number), f"W{k}"),
            onnx.numpy_helper.from_array(bias.astype(number), f"b{k}"),
        ]
        nodes += _nodes(block, k, block.name if names[block.name] == 1 else f"{block.name}.{k}")
    last = f"y{len(network.blocks)}"
    shape = np.array([1, *network.output_shape], dtype=np.int64)
    tensors.append(onnx.numpy_helper.from_array(shape, "shape"))
    nodes.append(onnx.helper.make_node("Reshape", [last, "shape"], ["output"]))
    graph = onnx.helper.make_graph(
        nodes,
        "network",
        [onnx.helper.make_tensor_value_info("input", element, [1, *network.input_shape])],
        [onnx.helper.make_tensor_value_info("output", element, [1, *network.output_shape])],
        tensors,
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    data: bytes = model.SerializeToString()
    return data


def _nodes(block: Block, k: int, name: str) -> list[onnx.NodeProto]:
    """``W [y_s, ...] + b``, then ReLU."""
    sources = [f"y{source}" for source, _ in block.inputs] or ["y0"]
    nodes, read = [], sources[0]
    if len(sources) > 1:
        read = f"c{k}"
        nodes.append(onnx.helper.make_node("Concat", sources, [read], axis=1))
    product = f"z{k}" if block.relu else f"y{k}"
    nodes.append(onnx.helper.make_node("Gemm", [read, f"W{k}", f"b{k}"], [product], name=name, transB=1))
    if block.relu:
        nodes.append(onnx.helper.make_node("Relu", [product], [f"y{k}"]))
    return nodes


def _exact_weights(network: Network, k: int) -> tuple[Floats, Floats]:
    """The block's weights (all sources side by side) and bias, each exactly."""
    block = network.blocks[k - 1]
    sizes = [network.input_size, *(b.size for b in network.blocks)]
    widths = [sizes[source] for source, _ in block.inputs] or [network.input_size]
    if block.size * sum(widths) > MAX_ENTRIES:
        raise NetworkError(
            f"layer {block.name}: {block.size} x {sum(widths)} weights are too many for one dense matrix"
        )
    if not all(matrix.is_binary64 for _, matrix in block.inputs):
        raise NetworkError(f"layer {block.name}: a weight is not a binary64 number, and ONNX holds no others exactly")
    parts = [matrix.floats.toarray() for _, matrix in block.inputs] or [np.zeros((block.size, widths[0]))]
    return np.concatenate(parts, axis=1), _exact_bias(block)


def _exact_bias(block: Block) -> Floats:
    values: Vector = block.bias
    floats = values.floats()
    if not np.all(np.isfinite(floats)) or vector_from_floats(floats) != values:
        raise NetworkError(f"layer {block.name}: a bias is not a binary64 number, and ONNX holds no others exactly")
    return floats


def _is_binary32(values: NDArray[np.float64]) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        return bool(np.array_equal(values.astype(np.float32).astype(np.float64), values))
