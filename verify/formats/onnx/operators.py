"""The operators that are supported: one table.

A function takes a ``Call`` and returns the value of the first output (or a list, one value for each output).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from verify.formats.onnx import operators_activation as activation
from verify.formats.onnx import operators_constant as constant
from verify.formats.onnx import operators_elementwise as elementwise
from verify.formats.onnx import operators_index as index
from verify.formats.onnx import operators_linear as linear
from verify.formats.onnx import operators_pool as pool
from verify.formats.onnx import operators_quantized as quantized
from verify.formats.onnx import operators_recurrent as recurrent
from verify.formats.onnx import operators_resize as resize
from verify.formats.onnx import operators_rounded as rounded
from verify.formats.onnx import operators_select as select
from verify.formats.onnx import operators_shape as shape
from verify.formats.onnx import operators_sums as sums
from verify.formats.onnx import settling
from verify.formats.onnx.folding import Evaluator

AFFINE, PIECEWISE, SMOOTH, MOVES, ROUNDING = "affine", "piecewise linear", "smooth", "moves values", "rounds values"


@dataclass(frozen=True)
class Operator:
    """How an operator is read.

    ``lower`` reads activations (None: constants only), and constants too where ``on_constants`` is None.
    ``takes_conditions``: it can read where a comparison holds, and choices, which may jump; others get them settled.
    """

    kind: str
    lower: Evaluator | None = None
    on_constants: Evaluator | None = None
    remark: str = ""
    takes_conditions: bool = False


def _affine(
    lower: Evaluator, on_constants: Evaluator | None = None, remark: str = "", *, takes_conditions: bool = False
) -> Operator:
    return Operator(AFFINE, lower, on_constants, remark, takes_conditions)


def _bent(lower: Evaluator, on_constants: Evaluator | None = None, remark: str = "") -> Operator:
    return Operator(PIECEWISE, lower, on_constants, remark)


def _smooth(lower: Evaluator, on_constants: Evaluator) -> Operator:
    return Operator(SMOOTH, lower, on_constants)


def _moves(lower: Evaluator, remark: str = "", *, takes_conditions: bool = False) -> Operator:
    return Operator(MOVES, lower, None, remark, takes_conditions)


def _compares(lower: Evaluator, on_constants: Evaluator) -> Operator:
    return Operator(PIECEWISE, lower, on_constants, "read by Where, Cast and logic", takes_conditions=True)


def _only(on_constants: Evaluator) -> Operator:
    return Operator("constants", None, on_constants)


_ONE_ACTIVATION = "one factor constant"

OPERATORS: dict[str, Operator] = {
    "Abs": _bent(elementwise.absolute),
    "Acos": _only(rounded.partial("acos", lambda value: -1 <= value <= 1)),
    "Acosh": _only(rounded.partial("acosh", lambda value: value >= 1)),
    "Add": _affine(elementwise.add, takes_conditions=True),
    "AffineGrid": _affine(sums.affine_grid),
    "And": _compares(settling.logic("and"), constant.logic(np.logical_and)),
    "ArgMax": _only(constant.extreme_index(np.argmax)),
    "ArgMin": _only(constant.extreme_index(np.argmin)),
    "Asin": _only(rounded.partial("asin", lambda value: -1 <= value <= 1)),
    "Asinh": _only(rounded.plain("asinh")),
    "Atan": _only(rounded.plain("atan")),
    "Atanh": _only(rounded.partial("atanh", lambda value: -1 < value < 1)),
    "AveragePool": _affine(pool.average_pool),
    "BatchNormalization": _affine(linear.batch_normalization, remark="inference"),
    "BitShift": _only(constant.bit_shift),
    "BitwiseAnd": _only(constant.logic(np.bitwise_and)),
    "BitwiseNot": _only(constant.negation),
    "BitwiseOr": _only(constant.logic(np.bitwise_or)),
    "BitwiseXor": _only(constant.logic(np.bitwise_xor)),
    "Cast": _moves(shape.cast, "between float types; constants to any type", takes_conditions=True),
    "CastLike": _moves(shape.cast_like, "between float types; constants to any type", takes_conditions=True),
    "Ceil": _only(constant.elementwise(lambda value: -(-value // 1), jumps=True)),
    "Celu": _smooth(activation.celu, rounded.celu),
    "CenterCropPad": _moves(index.center_crop_pad),
    "Clip": _bent(elementwise.clip, remark="constant bounds"),
    "Col2Im": _affine(sums.column_to_image),
    "Compress": _moves(index.compress, "constant condition"),
    "Concat": _moves(shape.concat),
    "Constant": _moves(shape.constant),
    "ConstantOfShape": _moves(shape.constant_of_shape),
    "Conv": _affine(linear.conv, remark="constant weights"),
    "ConvTranspose": _affine(linear.conv_transpose, remark="constant weights"),
    "Cos": _only(rounded.plain("cos")),
    "Cosh": _only(rounded.plain("cosh")),
    "CumSum": _affine(index.cumulative_sum),
    "DepthToSpace": _moves(index.depth_to_space),
    "DequantizeLinear": _affine(quantized.dequantize_linear, remark="constant scales"),
    "Div": _affine(elementwise.div, remark="constant divisor", takes_conditions=True),
    "Dropout": _moves(shape.dropout, "inference"),
    "Einsum": _affine(sums.einsum, remark=_ONE_ACTIVATION),
    "Elu": _smooth(activation.elu, rounded.elu),
    "Equal": Operator(PIECEWISE, settling.equality, constant.comparison("Equal"), "read by Where, Cast and logic"),
    "Erf": _smooth(activation.erf, rounded.plain("erf")),
    "Exp": _only(rounded.plain("exp")),
    "Expand": _moves(shape.expand, takes_conditions=True),
    "EyeLike": _moves(constant.eye_like),
    "Flatten": _moves(shape.flatten, takes_conditions=True),
    "Floor": _only(constant.elementwise(lambda value: value // 1, jumps=True)),
    "Gather": _moves(index.gather, "constant indices", takes_conditions=True),
    "GatherElements": _moves(index.gather_elements, "constant indices", takes_conditions=True),
    "GatherND": _moves(index.gather_nd, "constant indices", takes_conditions=True),
    "Gelu": _smooth(activation.gelu, rounded.gelu),
    "Gemm": _affine(linear.gemm, remark=_ONE_ACTIVATION),
    "GlobalAveragePool": _affine(pool.global_average_pool),
    "GlobalLpPool": _bent(pool.global_lp_pool, remark="p = 1"),
    "GlobalMaxPool": _bent(pool.global_max_pool),
    "Greater": Operator(
        PIECEWISE, select.comparison(1, strict=True), constant.comparison("Greater"), "read by Where, Cast and logic"
    ),
    "GreaterOrEqual": Operator(
        PIECEWISE,
        select.comparison(1, strict=False),
        constant.comparison("GreaterOrEqual"),
        "read by Where, Cast and logic",
    ),
    "HardSigmoid": _bent(elementwise.hard_sigmoid),
    "Hardmax": _only(constant.hard_max),
    "Identity": _moves(shape.identity, takes_conditions=True),
    "IsInf": _only(constant.is_infinite),
    "IsNaN": _only(constant.is_nan),
    "LeakyRelu": _bent(elementwise.leaky_relu),
    "Less": Operator(
        PIECEWISE, select.comparison(-1, strict=True), constant.comparison("Less"), "read by Where, Cast and logic"
    ),
    "LessOrEqual": Operator(
        PIECEWISE,
        select.comparison(-1, strict=False),
        constant.comparison("LessOrEqual"),
        "read by Where, Cast and logic",
    ),
    "Log": _only(rounded.partial("log", lambda value: value > 0)),
    "LogSoftmax": _only(rounded.log_softmax),
    "LpNormalization": _only(rounded.lp_normalization),
    "LpPool": _bent(pool.lp_pool, remark="p = 1"),
    "MatMul": _affine(linear.matmul, remark=_ONE_ACTIVATION),
    "MatMulInteger": _only(constant.matmul_integer),
    "Max": _bent(elementwise.maximum),
    "MaxPool": _bent(pool.max_pool, remark="values only"),
    "Mean": _affine(elementwise.mean),
    "Min": _bent(elementwise.minimum),
    "Mish": _only(rounded.mish),
    "Mod": _only(constant.modulo),
    "Mul": _affine(
        elementwise.mul, remark="one factor constant, or X Sigmoid(X), or X (1 + Erf(X / c))", takes_conditions=True
    ),
    "Neg": _affine(elementwise.negative, takes_conditions=True),
    "NonZero": _only(constant.nonzero),
    "Not": Operator(
        PIECEWISE, select.negation, constant.negation, "read by Where, Cast and logic", takes_conditions=True
    ),
    "OneHot": _only(constant.one_hot),
    "Or": _compares(settling.logic("or"), constant.logic(np.logical_or)),
    "PRelu": _bent(elementwise.parametric_relu, remark="constant slopes"),
    "Pad": _moves(shape.pad),
    "Pow": Operator(AFFINE, elementwise.first_power, rounded.power, "power 1", takes_conditions=True),
    "QuantizeLinear": Operator(
        ROUNDING, quantized.quantize_linear, None, "constant scales, to integers of 4 to 16 bits"
    ),
    "RNN": _bent(recurrent.rnn, remark="Relu, whole sequences"),
    "Range": _only(constant.range_),
    "Reciprocal": _only(constant.elementwise(constant.reciprocal, jumps=False)),
    "ReduceL1": _bent(pool.reduce_l1),
    "ReduceL2": _only(rounded.reduce_l2),
    "ReduceLogSum": _only(rounded.reduce_log_sum),
    "ReduceLogSumExp": _only(rounded.reduce_log_sum_exp),
    "ReduceMax": _bent(pool.reduce_max),
    "ReduceMean": _affine(pool.reduce_mean),
    "ReduceMin": _bent(pool.reduce_min),
    "ReduceProd": _only(pool.reduce_prod),
    "ReduceSum": _affine(pool.reduce_sum),
    "ReduceSumSquare": _only(pool.reduce_sum_square),
    "Relu": _bent(elementwise.relu),
    "Reshape": _moves(shape.reshape, takes_conditions=True),
    "Resize": _affine(resize.resize, remark="no antialiasing"),
    "ReverseSequence": _moves(index.reverse_sequence, "constant lengths"),
    "Round": _only(constant.elementwise(round, jumps=True)),
    "Scatter": _affine(index.scatter_elements, remark="constant indices"),
    "ScatterElements": _affine(index.scatter_elements, remark="constant indices, reduction none or add"),
    "ScatterND": _affine(index.scatter_nd, remark="constant indices, reduction none or add"),
    "Selu": _smooth(activation.selu, rounded.selu),
    "Shape": _moves(shape.shape_of, takes_conditions=True),
    "Shrink": _bent(select.shrink, remark="bias equal to lambd"),
    "Sigmoid": _smooth(activation.sigmoid, rounded.sigmoid),
    "Sign": Operator(
        PIECEWISE, settling.sign, constant.elementwise(constant.sign, jumps=True), "continuous with what reads it"
    ),
    "Sin": _only(rounded.plain("sin")),
    "Sinh": _only(rounded.plain("sinh")),
    "Size": _moves(constant.size, takes_conditions=True),
    "Slice": _moves(shape.slice_, takes_conditions=True),
    "Softmax": _only(rounded.softmax),
    "Softplus": _smooth(activation.softplus, rounded.softplus),
    "Softsign": _only(constant.elementwise(lambda value: value / (1 + abs(value)), jumps=False)),
    "SpaceToDepth": _moves(index.space_to_depth),
    "Split": _moves(shape.split, takes_conditions=True),
    "Sqrt": _only(rounded.partial("sqrt", lambda value: value >= 0)),
    "Squeeze": _moves(shape.squeeze, takes_conditions=True),
    "Sub": _affine(elementwise.sub, takes_conditions=True),
    "Sum": _affine(elementwise.sum_, takes_conditions=True),
    "Swish": _smooth(activation.swish, rounded.swish),
    "Tan": _only(rounded.plain("tan")),
    "Tanh": _smooth(activation.tanh, rounded.plain("tanh")),
    "ThresholdedRelu": _bent(select.thresholded_relu, remark="alpha = 0"),
    "Tile": _moves(index.tile),
    "TopK": _bent(select.top_k, remark="values only, at most 64 values along the axis"),
    "Transpose": _moves(shape.transpose, takes_conditions=True),
    "Trilu": _moves(index.trilu),
    "Unsqueeze": _moves(shape.unsqueeze, takes_conditions=True),
    "Upsample": _affine(resize.upsample, remark="scales of at least 1"),
    "Where": Operator(PIECEWISE, select.where, None, "constant or continuous, see below", takes_conditions=True),
    "Xor": _compares(settling.logic("xor"), constant.logic(np.logical_xor)),
    "ai.onnx.ml.LinearRegressor": _affine(sums.linear_regressor),
    "ai.onnx.ml.Scaler": _affine(sums.scaler),
}

# Run by ``control`` where they stand.
CONTROL = {"If": "constant condition", "Loop": "constant number of turns"}


def find(node: onnx.NodeProto) -> Operator | None:
    """The table's entry for a node."""
    name = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
    return OPERATORS.get(name)
