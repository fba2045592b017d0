"""If with a constant condition, and Loop with a constant number of turns: their graphs are run where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import onnx

from verify.errors import NetworkError
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import stored_array
from verify.formats.onnx.files import printable

# A value, its element type, and whether it is a constant that an implementation may hold rounded.
Typed: TypeAlias = tuple[Value, int, bool]

# Turns of all loops of a network together, and of those loops that end by a condition that each turn computes anew.
MAX_TURNS = 10_000
MAX_CONDITIONAL_TURNS = 2_000
# Nodes that all turns of one loop run, where the number of turns is known before.
MAX_LOOPED_NODES = 200_000


@dataclass
class Turns:
    """How many turns were run so far, and how often the loops that run now run what is in them."""

    done: int = 0
    around: int = 1

    def count(self, known: bool) -> None:
        """One turn more."""
        self.done += 1
        most = MAX_TURNS if known else MAX_CONDITIONAL_TURNS
        if self.done > most:
            kind = "" if known else " of loops that end by a computed condition"
            raise NetworkError(f"more than {most} turns{kind}, the most supported")

    @contextmanager
    def inside(self, turns: int, nodes: int) -> Iterator[None]:
        """Within a loop of so many turns and nodes, which is refused before it runs where that is too much."""
        whole = self.around * turns
        times = f", {self.around} times over" if self.around > 1 else ""
        if whole > MAX_TURNS:
            raise NetworkError(f"{turns} turns{times}; at most {MAX_TURNS} turns altogether are supported")
        if whole * nodes > MAX_LOOPED_NODES:
            raise NetworkError(f"{turns} turns of {nodes} nodes{times}; at most {MAX_LOOPED_NODES} nodes are run")
        before, self.around = self.around, max(whole, 1)
        yield
        self.around = before


class Runner(Protocol):
    """What runs a graph inside a node, for values of the graph's own inputs."""

    @property
    def turns(self) -> Turns:
        """What counts the turns of the network's loops."""

    def find(self, name: str) -> Typed | None:
        """The value of that name, here or around."""

    def run_graph(self, graph: onnx.GraphProto, call: Call, name: str, given: Sequence[Typed]) -> list[Typed]:
        """The values of its outputs."""


def branch(call: Call, scope: Runner) -> list[Typed]:
    """The outputs of the graph that a constant condition takes."""
    condition = call.array(0, "a constant condition (a branch on the input is not piecewise linear in general)")
    if condition.size != 1:
        raise NetworkError(f"a condition of shape {condition.shape}; expected one value")
    graph = _graph(call, "then_branch" if condition.item() else "else_branch")
    call.ignore("then_branch", "else_branch")
    return scope.run_graph(graph, call, call.name, [])


def loop(call: Call, scope: Runner) -> list[Typed]:
    """The state after all turns, then what each turn adds to the scan outputs."""
    limit = call.array(0, "a constant number of turns").item() if call.has(0) else None
    going = bool(call.array(1, "a constant condition").item()) if call.has(1) else True
    body = _graph(call, "body")
    call.ignore("body")
    carried = len(body.input) - 2
    if carried < 0 or carried != max(len(call.inputs) - 2, 0) or len(body.output) <= carried:
        raise NetworkError(f"a body of {len(body.input)} inputs and {len(body.output)} outputs for "
                           f"{len(call.inputs)} inputs of the loop")  # fmt: skip
    doubtful = list(call.doubtful)[2:]
    state = [(call.value(k + 2), call.types[k + 2], doubtful[k]) for k in range(carried)]
    scans: list[list[Typed]] = [[] for _ in range(len(body.output) - 1 - carried)]
    known = _goes_on(body, scope)
    if going and known and limit is None:
        raise NetworkError("a loop without end: it has neither a number of turns nor a condition that changes")
    turn = 0
    with scope.turns.inside(limit if going and known and limit is not None else 1, len(body.node)):
        while going and (limit is None or turn < limit):
            scope.turns.count(known)
            counter: Value = np.array(turn, dtype=np.int64)
            given = [(counter, int(onnx.TensorProto.INT64), False), (np.array(True), int(onnx.TensorProto.BOOL), False)]
            results = scope.run_graph(body, call, f"{call.name}.{turn}", [*given, *state])
            flag = results[0][0]
            if not isinstance(flag, np.ndarray) or flag.size != 1:
                raise NetworkError("whether the loop goes on depends on the network's input; expected a constant")
            going = bool(flag.item())
            state = results[1 : carried + 1]
            for collected, result in zip(scans, results[carried + 1 :], strict=True):
                collected.append(result)
            turn += 1
    return [*state, *(_stacked(call, collected) for collected in scans)]


def _goes_on(body: onnx.GraphProto, scope: Runner) -> bool:
    """Whether every turn hands on the condition that it is given, or a stored true: the number of turns is known."""
    made = {key: node for node in body.node for key in node.output if key}
    name = body.output[0].name
    for _ in made:
        if name in made and made[name].op_type == "Identity" and made[name].input:
            name = made[name].input[0]
    if name in made:
        stored = [attribute.t for attribute in made[name].attribute if attribute.name == "value"]
        return made[name].op_type == "Constant" and bool(stored) and _is_true(stored_array(stored[0], "a condition"))
    for tensor in body.initializer:
        if tensor.name == name:
            return _is_true(stored_array(tensor, "a condition"))
    if name == body.input[1].name:
        return True
    outside = scope.find(name)
    return outside is not None and _is_true(outside[0])


def _is_true(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.size == 1 and bool(value.item())


def _stacked(call: Call, parts: list[Typed]) -> Typed:
    from verify.formats.onnx.operators_shape import joined

    if not parts:
        raise NetworkError("a scan output of no turns; expected at least one turn")
    rows = [value.reshape((1, *value.shape)) for value, _, _ in parts]
    return joined(call, rows, 0), parts[0][1], any(doubtful for _, _, doubtful in parts)


def _graph(call: Call, name: str) -> onnx.GraphProto:
    for attribute in call.node.attribute:
        if attribute.name == name:
            graph: onnx.GraphProto = attribute.g
            return graph
    raise NetworkError(f"attribute '{printable(name)}' is missing")
