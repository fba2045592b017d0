"""Local functions of a model: each call is replaced by the function's nodes, under names of their own.

A function's nodes keep the operator sets that the function imports, which may differ from the model's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import onnx
import onnx.defs
import onnx.helper

from verify.errors import NetworkError
from verify.formats.onnx.files import printable

# Functions that call functions twice double the nodes at each level.
MAX_NODES = 50_000
MAX_DEPTH = 50

Imports = Mapping[str, int]
FunctionKey = tuple[str, str, str]


@dataclass(frozen=True)
class Placed:
    """A node, and the operator set of each domain where it stands."""

    proto: onnx.NodeProto
    imports: Imports


def domain_of(name: str) -> str:
    """The domain; the standard operators have two names for theirs."""
    return "" if name == "ai.onnx" else name


def label_of(node: onnx.NodeProto) -> str:
    """What a node is called in messages."""
    return str(node.name or next(filter(None, node.output), node.op_type))


def imports_of(entries: Iterable[onnx.OperatorSetIdProto], owner: str) -> Imports:
    """The operator set of each domain; two for one domain would mean two things."""
    imports: dict[str, int] = {}
    for entry in entries:
        domain = domain_of(entry.domain)
        if domain in imports:
            raise NetworkError(
                f"{owner} imports operator sets {imports[domain]} and {entry.version} of one domain "
                f"'{printable(domain) or 'ai.onnx'}'; expected one import for each domain"
            )
        imports[domain] = entry.version
    return imports


def placed_nodes(model: onnx.ModelProto) -> tuple[list[Placed], int]:
    """The nodes of the main graph with every call of a local function replaced, and how many calls there were."""
    imports = imports_of(model.opset_import, "the model")
    inliner = _Inliner(_functions(model), set(_names(model.graph)))
    return inliner.expanded(model.graph.node, imports, ()), inliner.calls


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs in a node's attributes."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _check_no_references(node: onnx.NodeProto) -> None:
    """Attributes that refer to a function's have no value outside of it."""
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            name, target = printable(attribute.name), printable(attribute.ref_attr_name)
            where = f"{printable(node.op_type)} node '{printable(label_of(node))}'"
            raise NetworkError(f"{where}: attribute '{name}' refers to '{target}' of a function, but is in none")
    for graph in subgraphs(node):
        for inner in graph.node:
            _check_no_references(inner)


def _functions(model: onnx.ModelProto) -> dict[FunctionKey, onnx.FunctionProto]:
    functions: dict[FunctionKey, onnx.FunctionProto] = {}
    for function in model.functions:
        domain = domain_of(function.domain)
        key = (domain, function.name, function.overload)
        name = printable(f"{domain}::{function.name}" if domain else function.name)
        if key in functions:
            raise NetworkError(f"local function {name} is defined twice")
        if onnx.defs.has(function.name, domain):
            raise NetworkError(f"local function {name} has the name of a standard operator; give it another domain")
        functions[key] = function
    return functions


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    """Every name of a value in the graph and in the graphs inside."""
    for value in (*graph.input, *graph.output, *graph.initializer):
        yield value.name
    for node in graph.node:
        yield from (*node.input, *node.output)
        for inner in subgraphs(node):
            yield from _names(inner)


@dataclass
class _Inliner:
    functions: dict[FunctionKey, onnx.FunctionProto]
    taken: set[str]
    calls: int = 0
    placed: int = 0

    def expanded(
        self, nodes: Iterable[onnx.NodeProto], imports: Imports, stack: tuple[FunctionKey, ...]
    ) -> list[Placed]:
        result: list[Placed] = []
        for node in nodes:
            key = (domain_of(node.domain), node.op_type, node.overload)
            function = self.functions.get(key)
            if function is None:
                _check_no_references(node)
                self.placed += 1
                result.append(Placed(self.with_graphs(node, imports, stack), imports))
            else:
                name = printable(node.op_type)
                if key in stack or len(stack) >= MAX_DEPTH:
                    raise NetworkError(f"local function {name} calls itself, or functions nest over {MAX_DEPTH} deep")
                self.calls += 1
                body = _Call(function, node, self.taken).body()
                inner = imports_of(function.opset_import, f"local function {name}")
                self.check_imported(function, inner, name)
                result += self.expanded(body, {**imports, **inner}, (*stack, key))
            if self.calls and self.placed > MAX_NODES:
                raise NetworkError(f"more than {MAX_NODES} nodes once local functions are put in, the most supported")
        return result

    def check_imported(self, function: onnx.FunctionProto, imports: Imports, name: str) -> None:
        """The standard says no operator set for what a function does not import; its own functions need none."""
        for node in _all_nodes(function.node):
            domain = domain_of(node.domain)
            if domain not in imports and (domain, node.op_type, node.overload) not in self.functions:
                raise NetworkError(
                    f"local function {name} imports no operator set of the domain '{printable(domain) or 'ai.onnx'}', "
                    f"of which it has the node '{printable(label_of(node))}'"
                )

    def with_graphs(self, node: onnx.NodeProto, imports: Imports, stack: tuple[FunctionKey, ...]) -> onnx.NodeProto:
        """The node with the calls inside its own graphs replaced; nodes there have no operator sets of their own."""
        if not self.functions or not any(True for _ in subgraphs(node)):
            return node
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for graph in subgraphs(copy):
            inner = self.expanded(list(graph.node), imports, stack)
            if any(placed.imports != imports for placed in inner):
                raise NetworkError(
                    f"node '{printable(label_of(node))}': a local function inside its graph has another operator set "
                    "than the model; convert the model with onnx.version_converter"
                )
            del graph.node[:]
            graph.node.extend(placed.proto for placed in inner)
        return copy


@dataclass
class _Call:
    """One call of a function: how its names and attributes are replaced."""

    function: onnx.FunctionProto
    node: onnx.NodeProto
    taken: set[str]
    names: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, onnx.AttributeProto] = field(default_factory=dict)
    prefix: str = ""

    def body(self) -> list[onnx.NodeProto]:
        """The function's nodes as they stand in the place of the call."""
        self.bind_attributes()
        self.bind_inputs()
        copies = self.bind_outputs()
        self.choose_prefix()
        return [self.renamed(node) for node in self.function.node] + [self.copy(a, b) for a, b in copies]

    def fail(self, message: str) -> NetworkError:
        where = f"{printable(self.node.op_type)} node '{printable(label_of(self.node))}'"
        return NetworkError(f"{where}, a local function: {message}")

    def bind_attributes(self) -> None:
        given = {a.name: a for a in self.node.attribute}
        if len(given) < len(self.node.attribute):
            raise self.fail("an attribute is given twice")
        known = {*self.function.attribute, *(a.name for a in self.function.attribute_proto)}
        for name in given:
            if name not in known:
                raise self.fail(f"the function has no attribute '{printable(name)}'")
        self.attributes = {a.name: a for a in self.function.attribute_proto} | given

    def bind_inputs(self) -> None:
        formal, actual = list(self.function.input), list(self.node.input)
        if len(actual) > len(formal) or len(set(formal)) < len(formal):
            raise self.fail(f"{len(actual)} inputs are given; the function has {len(set(formal))}")
        self.names = dict(zip(formal, [*actual, *[""] * (len(formal) - len(actual))], strict=True))

    def bind_outputs(self) -> list[tuple[str, str]]:
        """The outputs take the call's names; those that are an input, or an output already, are copied."""
        formal, actual = list(self.function.output), list(self.node.output)
        if len(actual) > len(formal):
            raise self.fail(f"{len(actual)} outputs are read; the function has {len(formal)}")
        copies = []
        for inner, outer in zip(formal, actual, strict=False):
            if not outer:
                continue
            if inner in self.names:
                copies.append((self.names[inner], outer))
            else:
                self.names[inner] = outer
        return copies

    def choose_prefix(self) -> None:
        """``call/`` before the function's own names, with a number where that would be another value's name."""
        own = {name for node in self.function.node for name in _own_names(node)} - self.names.keys()
        label = label_of(self.node)
        for number in count(1):
            self.prefix = f"{label}/" if number == 1 else f"{label}#{number}/"
            new = {self.prefix + name for name in own if name}
            if not new & self.taken:
                self.taken |= new
                return

    def copy(self, source: str, target: str) -> onnx.NodeProto:
        return onnx.helper.make_node("Identity", [source], [target], name=target)

    def value(self, name: str) -> str:
        return self.names.get(name, self.prefix + name) if name else ""

    def defined(self, name: str, inputs: Sequence[str]) -> str:
        if name in inputs:
            raise self.fail(f"'{printable(name)}', an input of the function, is defined again inside it")
        return self.value(name)

    def renamed(self, node: onnx.NodeProto) -> onnx.NodeProto:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = f"{label_of(self.node)}/{label_of(node)}"
        del copy.input[:], copy.output[:], copy.attribute[:]
        copy.input.extend(self.value(name) for name in node.input)
        copy.output.extend(self.defined(name, self.function.input) for name in node.output)
        for attribute in node.attribute:
            self.add_attribute(copy, attribute)
        for graph in subgraphs(copy):
            self.rename_graph(graph)
        return copy

    def add_attribute(self, node: onnx.NodeProto, attribute: onnx.AttributeProto) -> None:
        """The attribute, or what the call says of the one that it refers to (nothing where the call says nothing)."""
        if not attribute.ref_attr_name:
            node.attribute.add().CopyFrom(attribute)
            return
        value = self.attributes.get(attribute.ref_attr_name)
        if value is None:
            return
        if attribute.type and value.type != attribute.type:
            raise self.fail(f"attribute '{printable(attribute.ref_attr_name)}' has the wrong type")
        if value.HasField("g") or value.graphs:
            raise self.fail(f"attribute '{printable(attribute.ref_attr_name)}' is a graph, which is not supported")
        added = node.attribute.add()
        added.CopyFrom(value)
        added.name = attribute.name

    def rename_graph(self, graph: onnx.GraphProto) -> None:
        """Names inside a graph of the function's: they may read those outside."""
        for value in (*graph.input, *graph.initializer):
            value.name = self.defined(value.name, self.function.input)
        for value in graph.output:
            value.name = self.value(value.name)
        for sparse in graph.sparse_initializer:
            sparse.values.name = self.defined(sparse.values.name, self.function.input)
        del graph.value_info[:]
        nodes = [self.renamed(node) for node in graph.node]
        del graph.node[:]
        graph.node.extend(nodes)


def _all_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for graph in subgraphs(node):
            yield from _all_nodes(graph.node)


def _own_names(node: onnx.NodeProto) -> Iterator[str]:
    yield from (*node.input, *node.output)
    for graph in subgraphs(node):
        yield from _names(graph)
