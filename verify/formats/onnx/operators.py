"""The operators that are supported: one table, one function each.

A function takes a ``Call`` and returns the value of the first output (or a list, one value for each output).
"""

from __future__ import annotations

from collections.abc import Callable

from verify.formats.onnx import operators_activation as activation
from verify.formats.onnx import operators_elementwise as elementwise
from verify.formats.onnx import operators_linear as linear
from verify.formats.onnx import operators_pool as pool
from verify.formats.onnx import operators_shape as shape
from verify.formats.onnx.call import Call, Value

OPERATORS: dict[str, Callable[[Call], Value | list[Value]]] = {
    "Abs": elementwise.absolute,
    "Add": elementwise.add,
    "AveragePool": pool.average_pool,
    "BatchNormalization": linear.batch_normalization,
    "Cast": shape.cast,
    "Celu": activation.celu,
    "Clip": elementwise.clip,
    "Concat": shape.concat,
    "Constant": shape.constant,
    "ConstantOfShape": shape.constant_of_shape,
    "Conv": linear.conv,
    "Div": elementwise.div,
    "Dropout": shape.dropout,
    "Elu": activation.elu,
    "Expand": shape.expand,
    "Flatten": shape.flatten,
    "Gather": shape.gather,
    "Gelu": activation.gelu,
    "Gemm": linear.gemm,
    "GlobalAveragePool": pool.global_average_pool,
    "GlobalMaxPool": pool.global_max_pool,
    "Identity": shape.identity,
    "LeakyRelu": elementwise.leaky_relu,
    "MatMul": linear.matmul,
    "Max": elementwise.maximum,
    "MaxPool": pool.max_pool,
    "Min": elementwise.minimum,
    "Mul": elementwise.mul,
    "Neg": elementwise.negative,
    "PRelu": elementwise.parametric_relu,
    "Pad": shape.pad,
    "ReduceMax": pool.reduce_max,
    "ReduceMean": pool.reduce_mean,
    "ReduceMin": pool.reduce_min,
    "ReduceSum": pool.reduce_sum,
    "Relu": elementwise.relu,
    "Selu": activation.selu,
    "Reshape": shape.reshape,
    "Shape": shape.shape_of,
    "Sigmoid": activation.sigmoid,
    "Slice": shape.slice_,
    "Softplus": activation.softplus,
    "Split": shape.split,
    "Squeeze": shape.squeeze,
    "Sub": elementwise.sub,
    "Sum": elementwise.sum_,
    "Tanh": activation.tanh,
    "Transpose": shape.transpose,
    "Unsqueeze": shape.unsqueeze,
}
