"""Small ONNX models, and the comparison with ONNX Runtime that the ONNX tests share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from verify.network import Network
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

Array = NDArray[Any]


def node(operator: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    """A node; names are separated by blanks, ``_`` is an input left out."""
    names = ["" if name == "_" else name for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str],
    constants: Mapping[str, Array] | None = None,
    *,
    opset: int = 13,
    element: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("y",),
) -> onnx.ModelProto:
    """A model from input ``x`` of ``shape`` to ``outputs``; float64 constants take the type of a float input."""
    narrow = np.float32 if element == TensorProto.FLOAT else np.float64
    initializers = [
        numpy_helper.from_array(array.astype(narrow) if array.dtype == np.float64 else array, name)
        for name, array in (constants or {}).items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", element, list(shape))],
        [helper.make_tensor_value_info(name, element, None) for name in outputs],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def session(data: bytes) -> onnxruntime.InferenceSession:
    """ONNX Runtime on the CPU, one thread, the graph as it is written."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def assert_agrees(
    network: Network, data: bytes, points: Sequence[Array], roundoff: float = FLOAT32_ROUNDOFF
) -> tuple[float, float]:
    """ONNX Runtime stays within the derived bounds; returns the largest bound and the largest value.

    Both it and the float64 evaluation are within their own bound of the exact network, so the sum bounds what
    they differ by.
    """
    runtime = session(data)
    entries = runtime.get_inputs()
    wanted = None if network.output is None else [network.output]
    largest_bound = largest_value = 0.0
    for point in points:
        (expected,) = runtime.run(wanted, separated(network, entries, point))
        theirs = run(network, vector_from_floats(point), roundoff, paths=True)
        ours = run(network, vector_from_floats(point), UNIT_ROUNDOFF)
        flat = np.asarray(expected, dtype=np.float64).ravel()
        assert expected.shape in (network.output_shape, (1, *network.output_shape))
        bound = theirs.errors[-1] + ours.errors[-1]
        assert np.all(np.isfinite(bound))
        assert np.all(np.abs(flat - ours.values[-1]) <= bound)
        largest_bound = max(largest_bound, float(bound.max()))
        largest_value = max(largest_value, float(np.abs(flat).max()))
    return largest_bound, largest_value


def separated(network: Network, entries: Sequence[Any], point: Array) -> dict[str, Array]:
    """The value of each of the runtime's inputs: the point itself, or its parts where there are several inputs."""
    if len(entries) == 1 and point.ndim == len(entries[0].shape):
        return {entries[0].name: point}
    flat = point.ravel()
    assert len(entries) == len(network.inputs)
    return {
        entry.name: flat[part.start : part.start + part.size].reshape(
            [size if isinstance(size, int) else 1 for size in entry.shape]
        )
        for entry, part in zip(entries, network.inputs, strict=True)
    }


def random_points(shape: Sequence[int], count: int, dtype: Any = np.float32, seed: int = 0) -> list[Array]:
    """Points with entries of both signs."""
    generator = np.random.default_rng(seed)
    return [generator.normal(size=tuple(shape)).astype(dtype) for _ in range(count)]
