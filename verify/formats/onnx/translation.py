"""A checked graph to the canonical form: each node by its operator's function."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate

import numpy as np
from onnx import TensorProto
from onnx.helper import tensor_dtype_to_np_dtype

from verify.errors import InputError, NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import checked_shape, stored_array
from verify.formats.onnx.files import printable
from verify.formats.onnx.operators import OPERATORS
from verify.formats.onnx.reader import Graph, reads
from verify.network import Builder, InputPart, Network, Tensor

# Weights of all blocks together, after unrolling, and values of one layer.
MAX_WEIGHTS = 100_000_000
MAX_UNITS = 2_000_000


def lower(graph: Graph, name: str) -> Network:
    """The network that the graph computes."""
    _check_operators(graph)
    if not graph.nodes:
        raise NetworkError(f"output '{printable(graph.output_name)}' is not computed by any operator")
    parts = _parts(graph)
    builder = Builder(parts[0].shape if len(parts) == 1 else (sum(part.size for part in parts),), name)
    values = _entries(graph, builder, parts)
    element = max((entry.element for entry in graph.inputs if entry.read), key=_width, default=TensorProto.FLOAT)
    uses = graph.uses()
    weights, counted, folded = 0, 0, 0
    for node in graph.nodes:
        for key in reads(node.proto):
            if key in graph.initializers and key not in values:
                values[key] = stored_array(graph.initializers[key], f"initializer '{printable(key)}'")
        inputs = [values.get(key) for key in node.proto.input]
        call = Call(node.proto, node.name, node.opset, element, builder, inputs)
        results = _results(call, graph)
        folded += not any(isinstance(value, Tensor) for value in results) and node.proto.op_type != "Constant"
        for key, value in zip(node.proto.output, results, strict=False):
            # What is read twice is computed once.
            values[key] = lowering.settled(call, value) if isinstance(value, Tensor) and uses[key] > 1 else value
        weights += sum(m.entry_count for block in builder.blocks[counted:] for _, m in block.inputs)
        counted = len(builder.blocks)
        if weights > MAX_WEIGHTS:
            raise NetworkError(f"the network unrolls to more than {MAX_WEIGHTS} weights, the most that is supported")
    network = _finished(graph, call, values)
    computed = [f"{folded} of {len(graph.nodes)} nodes computed while reading: constants alone"] if folded else []
    return replace(network, inputs=parts, files=graph.files, remarks=(*graph.remarks, *computed))


def _parts(graph: Graph) -> tuple[InputPart, ...]:
    """The inputs one after the other, each without a leading axis of 1."""
    shapes = [lowering.without_batch(entry.shape) for entry in graph.inputs]
    starts = accumulate((math.prod(shape) for shape in shapes), initial=0)
    named = zip(graph.inputs, shapes, starts, strict=False)
    return tuple(InputPart(printable(entry.name), shape, start) for entry, shape, start in named)


def _entries(graph: Graph, builder: Builder, parts: tuple[InputPart, ...]) -> dict[str, Value]:
    """The value of each input, in its full shape."""
    flat = builder.input.flatten()
    return {
        entry.name: flat.take(np.arange(part.start, part.start + part.size)).reshape(entry.shape)
        for entry, part in zip(graph.inputs, parts, strict=True)
    }


def _width(element: int) -> int:
    return int(tensor_dtype_to_np_dtype(element).itemsize)


def _finished(graph: Graph, last: Call, values: dict[str, Value]) -> Network:
    if graph.output_name not in values:
        raise NetworkError(f"output '{printable(graph.output_name)}' is not computed by any supported operator")
    value = values[graph.output_name]
    if not isinstance(value, Tensor):
        raise NetworkError(f"output '{printable(graph.output_name)}' is a constant, not a function of the input")
    output = last.fresh(value.reshape(lowering.without_batch(value.shape)))
    return last.builder.build(output)


def _check_operators(graph: Graph) -> None:
    for node in graph.nodes:
        domain = node.proto.domain
        if domain not in ("", "ai.onnx") or node.proto.op_type not in OPERATORS:
            kind = printable(f"{domain}::{node.proto.op_type}" if domain else node.proto.op_type)
            supported = ", ".join(sorted(OPERATORS))
            advice = graph.cut_before(node)
            raise NetworkError(
                f"operator {kind} of node '{node.name}' is not supported{advice}; supported are {supported}"
            )


def _results(call: Call, graph: Graph) -> list[Value]:
    """The outputs of a node, errors located at it."""
    where = f"{call.node.op_type} node '{call.name}'"
    for index, key in enumerate(call.node.input):
        if key and call.inputs[index] is None:
            raise NetworkError(f"{where}: input '{printable(key)}' is an output that is not supported")
    try:
        result = OPERATORS[call.node.op_type](call)
        call.check_all_read()
        results = result if isinstance(result, list) else [result]
        for value in results:
            if isinstance(value, Tensor):
                checked_shape(value.shape, "result", MAX_UNITS)
    except InputError as error:
        raise NetworkError(f"{where}: {error}") from error
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        # A malformed model reaches code that takes well-formed arguments for granted.
        reason = (str(error).splitlines() or [""])[0]
        raise NetworkError(f"{where}: malformed ({type(error).__name__}: {reason})") from error
    return [_named(call, value) for value in results]


def _named(call: Call, value: Value) -> Value:
    """New expressions carry the name of the layer that made them; selections of units keep their block's."""
    if isinstance(value, Tensor) and not lowering.is_settled(value):
        return call.fresh(value)
    return value
