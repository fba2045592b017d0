"""If with a constant condition, and Loop with a constant number of turns: their graphs are run where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import onnx

from verify.errors import NetworkError
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.files import printable

# A value, its element type, and whether it is a constant that an implementation may hold rounded.
Typed: TypeAlias = tuple[Value, int, bool]

# Turns of one loop.
MAX_TURNS = 10_000


class Runner(Protocol):
    """What runs a graph inside a node, for values of the graph's own inputs."""

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
    turn = 0
    while going and (limit is None or turn < limit):
        if turn >= MAX_TURNS:
            raise NetworkError(f"more than {MAX_TURNS} turns")
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
