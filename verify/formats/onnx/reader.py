"""Model bytes to a checked graph: its inputs, one output, the nodes that matter in order."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.defs
import onnx.helper

from verify.errors import NetworkError
from verify.formats.onnx.constants import checked_shape
from verify.formats.onnx.elements import FLOAT_FORMATS
from verify.formats.onnx.external import with_external_data
from verify.formats.onnx.files import printable
from verify.formats.onnx.functions import Imports, Placed, domain_of, placed_nodes, subgraphs

# Broadcasting had other rules before opset 7; opsets after the newest one may mean something else.
OLDEST_OPSET, NEWEST_OPSET = 7, 28
_FLOAT_TYPES = set(FLOAT_FORMATS)


@dataclass(frozen=True)
class GraphNode:
    """An operator call; ``name`` is unique and printable, ``imports`` the operator sets where it stands."""

    proto: onnx.NodeProto
    name: str
    imports: Imports


@dataclass(frozen=True)
class GraphInput:
    """An input: ``shape`` is the full one, ``element`` its ONNX type; no node of the model reads it unless ``read``."""

    name: str
    shape: tuple[int, ...]
    element: int
    read: bool


@dataclass(frozen=True)
class Graph:
    """What lowering needs. ``nodes`` are those that the output depends on, each after what it reads.

    ``files`` are the name and digest of each other file that held weights; ``remarks`` say what reading left out.
    """

    inputs: tuple[GraphInput, ...]
    output_name: str
    nodes: list[GraphNode]
    initializers: dict[str, onnx.TensorProto]
    files: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    def uses(self) -> Counter[str]:
        """How often each value is read (asking for its shape does not count)."""
        return uses(self.nodes, [self.output_name])


def read_graph(data: bytes, output: str | None = None, folder: Path | None = None) -> Graph:
    """Parse and check a serialized model.

    ``output`` is the tensor to take as the output where it is not the model's only one, ``folder`` the model's own,
    from which it may take weights.
    """
    model = _parsed(data)
    files = with_external_data(model, folder)
    graph = model.graph
    initializers = _initializers(graph)
    placed, calls = placed_nodes(model)
    nodes = _named([*_sparse_constants(graph), *placed])
    inputs = _inputs(graph, initializers, nodes)
    given = {*(entry.name for entry in inputs), *initializers}
    producers = _producers(nodes, given)
    output_name = _chosen_output(graph, output, producers, given)
    needed = _in_order(nodes, producers, given, [output_name])
    return Graph(inputs, output_name, needed, initializers, files, tuple(_remarks(inputs, nodes, needed, calls)))


def reads(node: onnx.NodeProto) -> list[str]:
    """The values that a node reads, those that the graphs in its attributes take from outside included."""
    names = [name for name in node.input if name]
    for graph in subgraphs(node):
        own = {value.name for value in (*graph.input, *graph.initializer)}
        own |= {sparse.values.name for sparse in graph.sparse_initializer}
        own |= {name for inner in graph.node for name in inner.output}
        inside = [*(name for inner in graph.node for name in reads(inner)), *(value.name for value in graph.output)]
        names += [name for name in inside if name not in own]
    return names


def uses(nodes: Sequence[GraphNode], outputs: Sequence[str]) -> Counter[str]:
    """How often each value is read; a loop may read what is around it in every turn."""
    counts = Counter(outputs)
    for node in nodes:
        if node.proto.op_type != "Shape":
            counts.update(reads(node.proto) * (2 if node.proto.op_type == "Loop" else 1))
    return counts


def ordered(
    graph: onnx.GraphProto, given: set[str], imports: Imports, around: Callable[[str], bool]
) -> list[GraphNode]:
    """The nodes of a graph inside a node, of those that its outputs depend on; ``around`` knows the names outside."""
    nodes = _named([*_sparse_constants(graph), *(Placed(node, imports) for node in graph.node)])
    producers = _producers(nodes, given)
    for name in (*producers, *given):
        if around(name):
            raise NetworkError(f"'{printable(name)}' is defined twice, the second time inside a graph of a node")
    return _in_order(nodes, producers, given, [value.name for value in graph.output], around)


def _parsed(data: bytes) -> onnx.ModelProto:
    if not data:
        raise NetworkError("the file is empty; expected an ONNX model")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's DecodeError has no stable base class
        raise NetworkError(f"not an ONNX model{_guess(data)}: {_first_line(error)}") from error
    if not model.HasField("graph") or not model.graph.node:
        raise NetworkError(f"no graph of operators in it{_guess(data)}; expected an ONNX model")
    if not 1 <= model.ir_version <= onnx.IR_VERSION:
        found = f"IR version {model.ir_version}" if model.HasField("ir_version") else "no IR version"
        raise NetworkError(
            f"{found}; expected 1 to {onnx.IR_VERSION}, the newest that the installed onnx knows: export the model with"
            " an older one"
        )
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


def _initializers(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    initializers: dict[str, onnx.TensorProto] = {}
    for tensor in graph.initializer:
        if tensor.name in initializers:
            raise NetworkError(f"initializer '{printable(tensor.name)}' is defined twice")
        initializers[tensor.name] = tensor
    return initializers


def _sparse_constants(graph: onnx.GraphProto) -> Iterator[Placed]:
    """Sparse initializers as the constants that they are."""
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        node = onnx.helper.make_node("Constant", [], [name], name=name, sparse_value=sparse)
        yield Placed(node, {"": min(NEWEST_OPSET, onnx.defs.onnx_opset_version())})


def _check_opset(node: onnx.NodeProto, imports: Imports) -> None:
    """Of the standard domain only the operator sets that are known here are read."""
    version, newest = imports.get("", 1), min(NEWEST_OPSET, onnx.defs.onnx_opset_version())
    if not domain_of(node.domain) and not OLDEST_OPSET <= version <= newest:
        raise NetworkError(
            f"operator set {version}; expected {OLDEST_OPSET} to {newest}: convert with onnx.version_converter"
        )


# Inputs and outputs.


def _inputs(
    graph: onnx.GraphProto, initializers: dict[str, onnx.TensorProto], nodes: list[GraphNode]
) -> tuple[GraphInput, ...]:
    """The inputs in the model's order; those that no node reads are kept, so that numbers do not move."""
    read = {name for node in nodes for name in reads(node.proto)} | {value.name for value in graph.output}
    values = [value for value in graph.input if value.name not in initializers]
    for value in graph.input:
        if value.name in initializers:
            _check_default(value, initializers[value.name])
    if not values:
        raise NetworkError("0 inputs (none); expected at least one")
    names = Counter(value.name for value in values)
    if max(names.values()) > 1:
        raise NetworkError(
            f"input '{printable(names.most_common(1)[0][0])}' is listed twice; expected one of each name"
        )
    entries = tuple(_entry(value, value.name in read) for value in values)
    checked_shape([sum(_size(entry.shape) for entry in entries)], "all inputs together")
    return entries


def _check_default(value: onnx.ValueInfoProto, tensor: onnx.TensorProto) -> None:
    """An initializer that is listed among the inputs is of the type and shape that are said there."""
    said = value.type.tensor_type
    sizes = [axis.dim_value if axis.HasField("dim_value") else None for axis in said.shape.dim]
    fits = len(sizes) == len(tensor.dims) and all(a in (None, b) for a, b in zip(sizes, tensor.dims, strict=True))
    if said.elem_type not in (0, tensor.data_type) or (said.HasField("shape") and not fits):
        label = printable(value.name)
        raise NetworkError(
            f"initializer '{label}' is not of the type and shape that the input '{label}' is listed with"
        )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for axis in shape:
        size *= axis
    return size


def _entry(value: onnx.ValueInfoProto, read: bool) -> GraphInput:
    label, kind = f"input '{printable(value.name)}'", value.type.tensor_type
    if not read:
        label += ", which no node reads,"
    element = kind.elem_type
    if element not in _FLOAT_TYPES and (read or element in (0, onnx.TensorProto.STRING)):
        raise NetworkError(f"{label} is not a tensor of float, double, float16 or bfloat16")
    if not kind.HasField("shape"):
        raise NetworkError(f"{label} has no shape; export the model with one")
    return GraphInput(value.name, _input_shape(label, kind.shape), element, read)


def _input_shape(label: str, shape: onnx.TensorShapeProto) -> tuple[int, ...]:
    """The full shape. Axis 0 is 1 where it is left open (0 and -1 are ways to write that); a fixed size is a size."""
    sizes = [d.dim_value if d.HasField("dim_value") else -1 for d in shape.dim]
    if sizes and sizes[0] in (0, -1):
        sizes[0] = 1
    for axis, size in enumerate(sizes):
        if size == -1:
            raise NetworkError(f"{label}: axis {axis} has no fixed size; only axis 0 may be open, export with a size")
        if size == 0:
            raise NetworkError(f"{label}: axis {axis} has size 0, so there are no values; export with a size above 0")
    return checked_shape(sizes, label)


def _chosen_output(graph: onnx.GraphProto, output: str | None, producers: dict[str, int], given: set[str]) -> str:
    """The tensor that was asked for, else the only output."""
    names = [str(value.name) for value in graph.output]
    if output is None:
        if len(names) != 1:
            advice = "choose one with --output NAME" if names else "name a tensor with --output NAME"
            raise NetworkError(f"{len(names)} outputs ({_listed(names)}); {advice}")
        return names[0]
    if output in producers or output in given:
        return output
    close = difflib.get_close_matches(output[:200], [*producers, *given], n=1)
    advice = f"did you mean '{printable(close[0])}'? " if close else ""
    raise NetworkError(
        f"no tensor '{printable(output)}' to take as the output; {advice}the model's outputs are {_listed(names)}"
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return (", ".join(printable(name) for name in names[:10]) or "none") + more


def _remarks(
    inputs: tuple[GraphInput, ...], nodes: list[GraphNode], needed: list[GraphNode], calls: int
) -> Iterator[str]:
    for entry in inputs:
        if not entry.read:
            yield f"input '{printable(entry.name)}' is read by no node: its numbers stay, without influence"
    if calls:
        yield f"{calls} call{'s' if calls > 1 else ''} of local functions replaced by their nodes"
    if len(nodes) > len(needed):
        yield f"{len(nodes) - len(needed)} of {len(nodes)} nodes left out: the output does not depend on them"


# The order of the nodes.


def _in_order(
    nodes: list[GraphNode],
    producer: dict[str, int],
    given: set[str],
    outputs: Sequence[str],
    around: Callable[[str], bool] = lambda name: False,
) -> list[GraphNode]:
    """The nodes that the outputs depend on, each after its arguments."""
    order: list[GraphNode] = []
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


def _named(placed: list[Placed]) -> list[GraphNode]:
    """Nodes under their own name, else their output's, else operator and count (outputs such as ``12`` say nothing)."""
    counts: Counter[str] = Counter()
    taken: set[str] = set()
    nodes = []
    for proto, imports in ((item.proto, item.imports) for item in placed):
        counts[proto.op_type] += 1
        own = proto.name or next((name for name in proto.output if not name.isdigit()), "")
        name = base = printable(own or f"{proto.op_type.lower()}{counts[proto.op_type]}")
        copy = 1
        while name in taken:
            copy += 1
            name = f"{base}#{copy}"
        taken.add(name)
        _check_opset(proto, imports)
        nodes.append(GraphNode(proto, name, imports))
    return nodes


def _producers(nodes: list[GraphNode], given: set[str]) -> dict[str, int]:
    producer: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.proto.output):
            if name in producer or name in given:
                raise NetworkError(f"'{printable(name)}' is defined twice, the second time by node '{node.name}'")
            producer[name] = index
    return producer
