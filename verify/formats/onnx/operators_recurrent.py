"""RNN with ReLU, unrolled over its steps: with other activations it is not piecewise linear."""

from __future__ import annotations

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import arithmetic
from verify.formats.onnx.elements import Array
from verify.formats.onnx.refusals import CurvedError
from verify.network import builder as layers
from verify.network.tensor import Tensor


def rnn(call: Call) -> Value | list[Value]:
    """``h_t = relu(x_t W' + h_{t-1} R' + Wb + Rb)``: all steps, and the last one."""
    direction = call.text("direction", "forward")
    names = {"forward": 1, "reverse": 1, "bidirectional": 2}
    if direction not in names:
        raise NetworkError(f"direction '{direction}'; expected forward, reverse or bidirectional")
    count = names[direction]
    activations = [text.lower() for text in call.texts("activations", ["Tanh"] * count)]
    if activations != ["relu"] * count:
        raise CurvedError(f"activations {activations[:4]} are not piecewise linear; only Relu is")
    if call.given("clip") or call.flag("layout"):
        raise NetworkError("clip and layout 1 are not read yet")
    x = lowering.settled(call, call.tensor(0))
    weights, recurrent = call.weights(1), call.weights(2)
    hidden = call.integer("hidden_size", recurrent.shape[-1])
    if len(x.shape) != 3 or weights.shape != (count, hidden, x.shape[2]) or recurrent.shape != (count, hidden, hidden):
        raise NetworkError(f"weights of shape {weights.shape} and {recurrent.shape} on a tensor of shape {x.shape}")
    steps, batch = x.shape[:2]
    if call.has(4) and call.indices(4) != [steps] * batch:
        raise NetworkError("sequences shorter than the tensor are not read yet")
    bias = call.weights(3) if call.has(3) else np.zeros((count, 2 * hidden))
    if bias.shape != (count, 2 * hidden):
        raise NetworkError(f"biases of shape {bias.shape}; expected {(count, 2 * hidden)}")
    ways = []
    for way in range(count):
        start = call.tensor(5) if call.has(5) else None
        offset = arithmetic("Add", bias[way, :hidden], bias[way, hidden:], "biases")
        order = range(steps)[::-1] if direction == "reverse" or way else range(steps)
        first = None if start is None else start.take(start.positions()[way])
        ways.append(_unrolled(call, x, weights[way], recurrent[way], offset, list(order), first))
    every = [layers.concatenated([way[t].reshape((1, 1, batch, hidden)) for way in ways], 1) for t in range(steps)]
    last = [way[0 if direction == "reverse" or k else steps - 1] for k, way in enumerate(ways)]
    ends = layers.concatenated([end.reshape((1, batch, hidden)) for end in last], 0)
    return [layers.concatenated(every, 0), ends]


def _unrolled(
    call: Call, x: Tensor, weights: Array, recurrent: Array, offset: Array, order: list[int], state: Tensor | None
) -> dict[int, Tensor]:
    """The state (batch, hidden) after each step, by the step's place in the sequence."""
    found: dict[int, Tensor] = {}
    for step in order:
        total = lowering.product(call, x.take(x.positions()[step]), weights.T)
        if state is not None:
            total = lowering.plus(call, total, lowering.product(call, state, recurrent.T))
        state = lowering.relu(call, lowering.plus_constant(call, total, offset).named(f"{call.name}.{step}"))
        found[step] = state
    return found
