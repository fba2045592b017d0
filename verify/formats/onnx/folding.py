"""Operators on constants alone: one mechanism for all of them.

Where an operator has a function for constants, that is taken. Else its lowering is run in a builder of its own, in
which nothing depends on an input, and the blocks that it makes are evaluated exactly: so whatever is piecewise linear
on activations is rational on constants, by the same code, and leaves no unit in the network.

A float constant is *doubtful* where an implementation may hold another number: it was computed exactly and its type
does not hold it, it was rounded from a function that is not rational, or it is a sum of several roundings. Results
that jump with a constant (comparisons, casts to integers, sizes) are refused for doubtful ones (``Call.certain``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import bounded, compacted, is_float
from verify.formats.onnx.elements import FLOAT_FORMATS, Array, is_held
from verify.network.tensor import Builder, Tensor
from verify.rational import Vector

Evaluator = Callable[[Call], Value | list[Value]]

# These add several products, or are rounded: an implementation's value may differ even where the result is held.
_SEVERAL_ROUNDINGS_TEXT = """
AveragePool BatchNormalization Celu Conv ConvTranspose CumSum Einsum Elu Erf Exp Gelu Gemm GlobalAveragePool
GlobalLpPool HardSigmoid HardSwish LeakyRelu Log LogSoftmax LpNormalization LpPool MatMul Mean Mish Pow PRelu ReduceL1
ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare Resize Scaler
LinearRegressor Selu Shrink Sigmoid Sin Cos Softmax Softplus Softsign Sqrt Sum Swish Tanh Upsample
ScatterElements ScatterND Acos Acosh Asin Asinh Atan Atanh Cosh Sinh Tan
"""
_SEVERAL_ROUNDINGS = frozenset(_SEVERAL_ROUNDINGS_TEXT.split())

# These round sums and products on the way to a result that the type may hold.
_SUMS_TEXT = """
AveragePool BatchNormalization Conv ConvTranspose CumSum Einsum Gemm GlobalAveragePool LinearRegressor MatMul Mean
ReduceL1 ReduceMean ReduceProd ReduceSum ReduceSumSquare Resize Sum Upsample
"""
_SUMS = frozenset(_SUMS_TEXT.split())

_OF_COUNTS = frozenset(["CumSum", "MatMul", "ReduceProd", "ReduceSum", "Sum"])


def folded(call: Call, function: Evaluator) -> list[Value]:
    """The constants that an operator makes of constants."""
    scratch = Builder((1,), call.builder.name)
    alone = replace(call, builder=scratch)
    result = function(alone)
    alone.check_all_read()
    call.builder.notes.extend(scratch.notes)
    call.builder.unbounded.extend(scratch.unbounded)
    results = result if isinstance(result, list) else [result]
    return [_evaluated(value) if isinstance(value, Tensor) else value for value in results]


def _evaluated(x: Tensor) -> Array:
    """The exact values of an expression over blocks that depend on no input."""
    outputs: dict[int, Vector] = {0: Vector(np.zeros(1, dtype=object), 1)}
    needed = _needed(x)
    for number, block in enumerate(x.builder.blocks, start=1):
        if number not in needed:
            continue
        if not block.is_piecewise_linear:
            raise NetworkError(f"{block.kind} of a constant")
        total = block.bias
        for source, matrix in block.inputs:
            total = total + matrix.product(outputs[source])
        outputs[number] = Vector(np.maximum(total.numerators, 0), total.denominator) if block.relu else total
    value = x.bias
    for source, matrix in x.terms.items():
        value = value + matrix.product(outputs[source])
    return bounded(compacted(value.fractions(), x.shape), "a constant")


def _needed(x: Tensor) -> set[int]:
    needed, stack = {0}, list(x.terms)
    while stack:
        number = stack.pop()
        if number not in needed:
            needed.add(number)
            stack.extend(source for source, _ in x.builder.blocks[number - 1].inputs)
    return needed


def doubt(call: Call, results: Sequence[Value], types: Sequence[int]) -> list[bool]:
    """Which results are doubtful; what an implementation may round is noted."""
    carried = any(call.doubtful)
    own = call.node.op_type in _SEVERAL_ROUNDINGS and not _counts(call, results, types)
    verdicts = []
    for value, element in zip(results, types, strict=False):
        if not (isinstance(value, np.ndarray) and is_float(value)):
            verdicts.append(False)
            continue
        exact = element not in FLOAT_FORMATS or is_held(value, element)
        if not exact or (own and call.node.op_type in _SUMS):
            call.rounds(f"constant {call.name} computed exactly; an implementation may round it")
        elif own:
            call.builder.unbounded.append(f"constant {call.name} rounds on the way in an implementation")
        verdicts.append(carried or own or not exact)
    return verdicts


def _counts(call: Call, results: Sequence[Value], types: Sequence[int]) -> bool:
    """Whether only whole numbers > 0 were added or multiplied, to results that the type holds, as all on the way."""
    floats = [v for v in call.inputs if isinstance(v, np.ndarray) and is_float(v)]
    if call.node.op_type not in _OF_COUNTS or not all(
        np.all((v > 0) & (v == np.floor(v.astype(float)))) for v in floats
    ):
        return False
    return all(
        isinstance(value, np.ndarray) and element in FLOAT_FORMATS
        and bool(np.all(value <= 2 ** FLOAT_FORMATS[element].precision))
        for value, element in zip(results, types, strict=False)
    )  # fmt: skip
