"""A checked graph to the canonical form: each node by its operator's function."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
import onnx

from verify.errors import InputError, NetworkError
from verify.formats.onnx import control, lowering, settling
from verify.formats.onnx.call import Call, Condition, Value, freshly_named
from verify.formats.onnx.choice import Choice, JumpError
from verify.formats.onnx.constants import checked_shape, stored_array
from verify.formats.onnx.control import Turns, Typed
from verify.formats.onnx.files import printable
from verify.formats.onnx.folding import doubt, folded
from verify.formats.onnx.operators import MOVES, find
from verify.formats.onnx.operators_quantized import check_integers
from verify.formats.onnx.reader import Graph, GraphNode, ordered, uses
from verify.formats.onnx.refusals import CurvedError, refusal, unread
from verify.formats.onnx.signature import check_node, output_types, schema_of
from verify.network import Builder, InputPart, Network, Tensor

# Weights of all blocks together, after unrolling, values of one layer, and values of all computed constants.
MAX_WEIGHTS = 100_000_000
MAX_UNITS = 2_000_000
# Values of a comparison, each of which is looked at alone.
MAX_COMPARED = 500_000
MAX_COMPUTED = 50_000_000
# Nodes that are run, those of graphs inside as often as they are run, and graphs inside graphs.
MAX_NODES = 200_000
MAX_DEPTH = 20


@dataclass
class ReadingTally:
    """What was used so far, of a whole network."""

    weights: int = 0
    blocks: int = 0
    computed: int = 0
    nodes: int = 0
    folded: int = 0
    depth: int = 0
    turns: Turns = field(default_factory=Turns)


@dataclass
class Scope:
    """The values of a graph, and (read only) those of the graphs around it."""

    builder: Builder
    budget: ReadingTally
    uses: Counter[str]
    values: dict[str, Typed] = field(default_factory=dict)
    stored: Mapping[str, onnx.TensorProto] = field(default_factory=dict)
    outer: Scope | None = None

    @property
    def turns(self) -> Turns:
        """What counts the turns of the network's loops."""
        return self.budget.turns

    def find(self, name: str) -> Typed | None:
        """The value of that name, here or around."""
        if name not in self.values and name in self.stored:
            tensor = self.stored[name]
            self.values[name] = (stored_array(tensor, f"initializer '{printable(name)}'"), tensor.data_type, False)
        if name in self.values:
            return self.values[name]
        return self.outer.find(name) if self.outer else None

    def run(self, nodes: Sequence[GraphNode]) -> None:
        """Every node, in order."""
        for node in nodes:
            self._run_node(node)
            self._charge()

    def run_graph(self, graph: onnx.GraphProto, call: Call, name: str, given: Sequence[Typed]) -> list[Typed]:
        """The outputs of a graph inside a node, for values of its own inputs."""
        if len(given) != len(graph.input):
            raise NetworkError(f"a graph of {len(graph.input)} inputs; expected {len(given)}")
        self.budget.depth += 1
        if self.budget.depth > MAX_DEPTH:
            raise NetworkError(f"graphs inside graphs deeper than {MAX_DEPTH}")
        outputs = [value.name for value in graph.output]
        inputs = [value.name for value in graph.input]
        stored = {tensor.name: tensor for tensor in graph.initializer}
        nodes = ordered(graph, {*inputs, *stored}, call.imports, self.defines)
        inner = Scope(self.builder, self.budget, uses(nodes, outputs), stored=stored, outer=self)
        for key, value in zip(inputs, given, strict=True):
            inner.values[key] = inner._settled(key, value, name)
        inner.run([GraphNode(node.proto, f"{name}.{node.name}", node.imports) for node in nodes])
        self.budget.depth -= 1
        results = [inner.find(output) for output in outputs]
        for output, result in zip(outputs, results, strict=True):
            if result is None:
                raise NetworkError(f"'{printable(output)}' is an output that is not supported")
        return [result for result in results if result is not None]

    def defines(self, name: str) -> bool:
        """Whether a graph inside may read the name."""
        return self.find(name) is not None

    def _settled(self, key: str, typed: Typed, name: str) -> Typed:
        """What is read twice is computed once."""
        value, element, doubtful = typed
        if isinstance(value, Tensor) and self.uses[key] > 1:
            return lowering.settled_as(self.builder, value, name), element, doubtful
        return typed

    def _run_node(self, node: GraphNode) -> None:
        proto = node.proto
        typed = [self.find(key) if key else None for key in proto.input]
        where = f"{printable(proto.op_type)} node '{node.name}'"
        try:
            for key, value in zip(proto.input, typed, strict=True):
                if key and value is None:
                    raise NetworkError(f"input '{printable(key)}' is an output that is not supported")
            results = self._results(node, typed)
        except JumpError:
            raise
        except InputError as error:
            raise NetworkError(f"{where}: {error}") from error
        except RecursionError as error:
            raise NetworkError(f"{where}: graphs inside graphs are too deep") from error
        except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
            # A malformed model reaches code that takes well-formed arguments for granted.
            reason = (str(error).splitlines() or [""])[0]
            raise NetworkError(f"{where}: malformed ({type(error).__name__}: {reason})") from error
        for key, result in zip(proto.output, results, strict=False):
            if key:
                self.values[key] = self._settled(key, result, node.name)

    def _results(self, node: GraphNode, typed: Sequence[Typed | None]) -> list[Typed]:
        proto = node.proto
        schema = schema_of(proto, node.imports)
        check_node(proto, schema, node.imports["" if proto.domain == "ai.onnx" else proto.domain])
        present = [value or (None, 0, False) for value in typed]
        types = [element for _, element, _ in present]
        elements = output_types(proto, schema, types)
        call = Call(
            proto,
            node.name,
            node.imports,
            self.builder,
            [value for value, _, _ in present],
            types,
            [doubtful for _, _, doubtful in present],
        )
        if proto.op_type in ("If", "Loop"):
            run = control.branch if proto.op_type == "If" else control.loop
            return run(call, self)
        values = _applied(call, outermost=self.outer is None)
        self.budget.folded += proto.op_type != "Constant" and all(isinstance(v, np.ndarray) for v in values)
        for value in values:
            if isinstance(value, Condition | Choice):
                checked_shape(value.shape, "comparison", MAX_COMPARED)
            elif isinstance(value, Tensor):
                checked_shape(value.shape, "result", MAX_UNITS)
            elif isinstance(value, np.ndarray):
                self.budget.computed += value.size
        doubtful = doubt(call, values, elements)
        return [
            (_named(call, value), element, flag)
            for value, element, flag in zip(values, elements, doubtful, strict=False)
        ]

    def _charge(self) -> None:
        budget, blocks = self.budget, self.builder.blocks
        budget.nodes += 1
        budget.weights += sum(m.entry_count for block in blocks[budget.blocks :] for _, m in block.inputs)
        budget.blocks = len(blocks)
        if budget.weights > MAX_WEIGHTS:
            raise NetworkError(f"the network unrolls to more than {MAX_WEIGHTS} weights, the most that is supported")
        if budget.computed > MAX_COMPUTED or budget.nodes > MAX_NODES:
            raise NetworkError(f"more than {MAX_COMPUTED} values of computed constants, or {MAX_NODES} nodes that are "
                               "run; the most that is supported")  # fmt: skip


def lower(graph: Graph, name: str) -> Network:
    """The network that the graph computes."""
    if not graph.nodes:
        raise NetworkError(f"output '{printable(graph.output_name)}' is not computed by any operator")
    parts = _parts(graph)
    builder = Builder(parts[0].shape if len(parts) == 1 else (sum(part.size for part in parts),), name)
    scope = Scope(builder, ReadingTally(), graph.uses(), stored=graph.initializers)
    flat = builder.input.flatten()
    for entry, part in zip(graph.inputs, parts, strict=True):
        value = flat.take(np.arange(part.start, part.start + part.size)).reshape(entry.shape)
        scope.values[entry.name] = (value, entry.element, False)
    scope.run(graph.nodes)
    network = _read_blocks(_finished(graph, scope))
    folded = scope.budget.folded
    computed = [f"{folded} of {scope.budget.nodes} nodes computed while reading: constants alone"] if folded else []
    return replace(network, inputs=parts, files=graph.files, remarks=(*graph.remarks, *computed))


def _read_blocks(network: Network) -> Network:
    """The network without blocks that the output does not read."""
    needed, stack = {len(network.blocks)}, [len(network.blocks)]
    while stack:
        for source, _ in network.blocks[stack.pop() - 1].inputs:
            if source and source not in needed:
                needed.add(source)
                stack.append(source)
    if len(needed) == len(network.blocks):
        return network
    number = {0: 0} | {old: new for new, old in enumerate(sorted(needed), start=1)}
    blocks, lost = [], set()
    for block in (network.blocks[old - 1] for old in sorted(needed)):
        cancelled = {s for s in block.paths.sizes if s not in number} if block.paths else set()
        lost |= cancelled
        paths = block.paths.renumbered(number) if block.paths and not cancelled else None
        inputs = tuple((number[s], m) for s, m in block.inputs)
        blocks.append(replace(block, inputs=inputs, summed=paths))
    names = [f"layer {network.blocks[s - 1].name} is left out: its weights add up to 0" for s in sorted(lost)]
    return replace(network, blocks=tuple(blocks), unbounded=(*network.unbounded, *names))


def _parts(graph: Graph) -> tuple[InputPart, ...]:
    """The inputs one after the other, each without a leading axis of 1."""
    shapes = [lowering.without_batch(entry.shape) for entry in graph.inputs]
    starts = accumulate((math.prod(shape) for shape in shapes), initial=0)
    named = zip(graph.inputs, shapes, starts, strict=False)
    return tuple(InputPart(printable(entry.name), shape, start) for entry, shape, start in named)


def _finished(graph: Graph, scope: Scope) -> Network:
    found = scope.find(graph.output_name)
    label = f"output '{printable(graph.output_name)}'"
    if found is None:
        raise NetworkError(f"{label} is not computed by any supported operator")
    value = found[0]
    if isinstance(value, Choice) and not value.logical:
        value = settling.settled(scope.builder, value, graph.nodes[-1].name)
    if isinstance(value, Condition | Choice):
        raise NetworkError(f"{label} is a condition (true or false), not a number")
    if not isinstance(value, Tensor):
        raise NetworkError(f"{label} is a constant, not a function of the input")
    if not math.prod(value.shape):
        raise NetworkError(f"{label} of shape {value.shape} holds no values (an axis of size 0)")
    whole = value.reshape(lowering.without_batch(value.shape))
    return scope.builder.build(freshly_named(scope.builder, whole, graph.nodes[-1].name))


def _applied(call: Call, *, outermost: bool) -> list[Value]:
    """The values of the outputs."""
    operator = find(call.node)
    if operator is None:
        raise NetworkError(refusal(call.node) + (_advice(call) if outermost else ""))
    constant = all(value is None or isinstance(value, np.ndarray) for value in call.inputs)
    if constant and operator.on_constants:
        return folded(call, operator.on_constants)
    if operator.lower is None:
        raise NetworkError(unread(call.node) + (_advice(call) if outermost else ""))
    if constant:
        return folded(call, operator.lower)
    if not operator.takes_conditions:
        if any(isinstance(value, Condition) for value in call.inputs):
            raise NetworkError(
                "reads a comparison of activations, whose values jump; Where, Cast and logic are read of one"
            )
        call = replace(call, inputs=[_one_value(call, value) for value in call.inputs])
    check_integers(call, moves=operator.kind == MOVES)
    try:
        result = operator.lower(call)
    except CurvedError as error:
        raise NetworkError(f"{error}{_advice(call) if outermost else ''}") from error
    call.check_all_read()
    return result if isinstance(result, list) else [result]


def _one_value(call: Call, value: Value | None) -> Value | None:
    """The input, where it is a choice over units."""
    return settling.settled(call.builder, value, call.name) if isinstance(value, Choice) else value


def _advice(call: Call) -> str:
    """Where the network could be cut so that the rest is read; all nodes before this one were."""
    for key, value in zip(call.node.input, call.inputs, strict=True):
        if isinstance(value, Tensor) and set(value.terms) - {0}:
            return f"; --output {printable(key)} takes what it reads as the output"
    return ""


def _named(call: Call, value: Value) -> Value:
    """New expressions carry the name of the layer that made them; selections of units keep their block's."""
    if isinstance(value, Tensor) and not lowering.is_settled(value):
        return call.fresh(value)
    return value
