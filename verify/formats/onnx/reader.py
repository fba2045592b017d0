"""Model bytes to a checked graph: one input, one output, the nodes that matter in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import onnx
import onnx.defs

from verify.errors import NetworkError
from verify.formats.onnx.constants import check_stored_inside, checked_shape
from verify.formats.onnx.control import reads
from verify.formats.onnx.elements import FLOAT_FORMATS
from verify.formats.onnx.files import printable

# Broadcasting had other rules before opset 7; opsets after the newest one may mean something else.
OLDEST_OPSET, NEWEST_OPSET = 7, 28
_FLOAT_TYPES = set(FLOAT_FORMATS)


@dataclass(frozen=True)
class Node:
    """An operator call; ``name`` is unique and printable, ``imports`` the operator set of each domain."""

    proto: onnx.NodeProto
    name: str
    imports: Mapping[str, int]


@dataclass(frozen=True)
class Graph:
    """What lowering needs. ``nodes`` are those that the output depends on, each after what it reads."""

    input_name: str
    input_shape: tuple[int, ...]
    element: int
    output_name: str
    nodes: list[Node]
    initializers: dict[str, onnx.TensorProto]

    def uses(self) -> Counter[str]:
        """How often each value is read (asking for its shape does not count)."""
        read = [name for node in self.nodes if node.proto.op_type != "Shape" for name in reads(node.proto)]
        return Counter([*read, self.output_name])


def read_graph(data: bytes) -> Graph:
    """Parse and check a serialized model."""
    model = _parsed(data)
    graph = model.graph
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    _check_storage(graph)
    entry = _only_input(graph, initializers)
    output_name = _only_output(graph)
    return Graph(
        input_name=entry.name,
        input_shape=_input_shape(entry),
        element=entry.type.tensor_type.elem_type,
        output_name=output_name,
        nodes=ordered(graph, {entry.name, *initializers}, [output_name], _imports(model)),
        initializers=initializers,
    )


def _parsed(data: bytes) -> onnx.ModelProto:
    if not data:
        raise NetworkError("the file is empty; expected an ONNX model")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's DecodeError has no stable base class
        raise NetworkError(f"not an ONNX model{_guess(data)}: {_first_line(error)}") from error
    if not model.HasField("graph") or not model.graph.node:
        raise NetworkError(f"no graph of operators in it{_guess(data)}; expected an ONNX model")
    return model


def _guess(data: bytes) -> str:
    """A remark on what the bytes look like instead."""
    if data.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
        return " but a Python pickle (pickles are never loaded); save it with torch.onnx.export"
    if data.startswith(b"PK\x03\x04"):
        return " but a zip archive such as torch.save writes; save it with torch.onnx.export"
    return " or a damaged one"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _imports(model: onnx.ModelProto) -> dict[str, int]:
    imports: dict[str, int] = {}
    for entry in model.opset_import:
        domain = "" if entry.domain == "ai.onnx" else entry.domain
        if domain in imports:
            raise NetworkError(
                f"domain '{printable(domain) or 'ai.onnx'}' is imported twice; expected one operator set"
            )
        imports[domain] = entry.version
    version = imports.setdefault("", 1)
    newest = min(NEWEST_OPSET, onnx.defs.onnx_opset_version())
    if not OLDEST_OPSET <= version <= newest:
        raise NetworkError(
            f"operator set {version}; expected {OLDEST_OPSET} to {newest}: convert with onnx.version_converter"
        )
    return imports


def _check_storage(graph: onnx.GraphProto) -> None:
    """Refuse tensors kept in other files (paths such as ../../etc/passwd) and sparse ones."""
    for tensor in graph.initializer:
        check_stored_inside(tensor, f"initializer '{printable(tensor.name)}'")
    for node in graph.node:
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                check_stored_inside(tensor, f"{printable(attribute.name)} of node '{printable(_label(node))}'")
    if graph.sparse_initializer:
        name = printable(graph.sparse_initializer[0].values.name)
        raise NetworkError(f"initializer '{name}' is sparse; expected dense tensors")


def _label(node: onnx.NodeProto) -> str:
    return str(node.name or (node.output[0] if node.output else node.op_type))


def _only_input(graph: onnx.GraphProto, initializers: Iterable[str]) -> onnx.ValueInfoProto:
    constants = set(initializers)
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(printable(value.name) for value in inputs[:10]) or "none"
        raise NetworkError(f"{len(inputs)} inputs ({names}); expected exactly one")
    entry: onnx.ValueInfoProto = inputs[0]
    return entry


def _input_shape(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """The full shape. Axis 0 is 1 where it is left open (0 and -1 are ways to write that); a fixed size is a size."""
    label, kind = f"input '{printable(value.name)}'", value.type.tensor_type
    if kind.elem_type not in _FLOAT_TYPES:
        raise NetworkError(f"{label} is not a tensor of float, double or float16")
    if not kind.HasField("shape"):
        raise NetworkError(f"{label} has no shape; export the model with one")
    sizes = [d.dim_value if d.HasField("dim_value") else -1 for d in kind.shape.dim]
    if sizes and sizes[0] in (0, -1):
        sizes[0] = 1
    for axis, size in enumerate(sizes):
        if size == -1:
            raise NetworkError(f"{label}: axis {axis} has no fixed size; only axis 0 may be open, export with a size")
        if size == 0:
            raise NetworkError(f"{label}: axis {axis} has size 0, so there are no values; export with a size above 0")
    return checked_shape(sizes, label)


def _only_output(graph: onnx.GraphProto) -> str:
    if len(graph.output) != 1:
        names = ", ".join(printable(value.name) for value in graph.output[:10]) or "none"
        raise NetworkError(f"{len(graph.output)} outputs ({names}); expected exactly one: cut the graph at it")
    return str(graph.output[0].name)


def ordered(
    graph: onnx.GraphProto,
    given: set[str],
    outputs: Sequence[str],
    imports: Mapping[str, int],
    around: Callable[[str], bool] = lambda name: False,
) -> list[Node]:
    """The nodes that the outputs depend on, each after its arguments; ``around`` knows the names outside the graph."""
    nodes = _named(graph, imports)
    producer = _producers(nodes, given)
    order: list[Node] = []
    state: dict[int, str] = {}
    stack: list[tuple[str, str, bool]] = [(name, "the graph's output", False) for name in reversed(outputs)]
    while stack:
        value, reader, finished = stack.pop()
        index = producer.get(value)
        if value in given or (index is not None and state.get(index) == "done"):
            continue
        if index is None and around(value):
            continue
        if index is None:
            raise NetworkError(f"'{printable(value)}', read by {reader}, is not defined anywhere in the graph")
        if finished:
            state[index] = "done"
            order.append(nodes[index])
            continue
        if state.get(index) == "open":
            raise NetworkError(f"node '{nodes[index].name}' depends on its own output; expected a graph without cycles")
        state[index] = "open"
        stack.append((value, reader, True))
        label = f"node '{nodes[index].name}'"
        stack.extend((name, label, False) for name in reversed(reads(nodes[index].proto)))
    return order


def _named(graph: onnx.GraphProto, imports: Mapping[str, int]) -> list[Node]:
    """Nodes under their own name, else their output's, else operator and count (outputs such as ``12`` say nothing)."""
    counts: Counter[str] = Counter()
    taken: set[str] = set()
    nodes = []
    for proto in graph.node:
        counts[proto.op_type] += 1
        own = proto.name or next((name for name in proto.output if not name.isdigit()), "")
        name = base = printable(own or f"{proto.op_type.lower()}{counts[proto.op_type]}")
        copy = 1
        while name in taken:
            copy += 1
            name = f"{base}#{copy}"
        taken.add(name)
        nodes.append(Node(proto, name, imports))
    return nodes


def _producers(nodes: list[Node], given: set[str]) -> dict[str, int]:
    producer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.proto.output):
            if name in producer or name in given:
                raise NetworkError(f"'{printable(name)}' is defined twice, the second time by node '{node.name}'")
            producer[name] = index
    return producer
