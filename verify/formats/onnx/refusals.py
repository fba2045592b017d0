"""Why an operator is not read: not piecewise linear, of a shape that depends on values, or not written yet."""

from __future__ import annotations

import onnx
import onnx.defs

from verify.errors import NetworkError
from verify.formats.onnx.files import printable

# A jump somewhere: no continuous function.
_JUMPS_TEXT = """
ArgMax ArgMin BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil DynamicQuantizeLinear Equal
Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual MaxUnpool Mod Not And Or Xor
NonMaxSuppression OneHot ConvInteger MatMulInteger QLinearConv QLinearMatMul Round Sign
Binarizer LabelEncoder TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor LinearClassifier
SVMClassifier ZipMap
"""
JUMPS = frozenset(_JUMPS_TEXT.split())
# Continuous where it is defined, and bent everywhere.
_CURVED_TEXT = """
Acos Acosh Asin Asinh Atan Atanh Attention BlackmanWindow CausalConvWithState Cos Cosh CumProd DFT DeformConv
Det Exp FlexAttention GRU GridSample GroupNormalization HammingWindow HannWindow HardSwish
InstanceNormalization LRN LSTM LayerNormalization LinearAttention Log LogSoftmax LpNormalization
MeanVarianceNormalization MelWeightMatrix Mish NegativeLogLikelihoodLoss Normalizer Pow RMSNormalization
Reciprocal ReduceL2 ReduceLogSum ReduceLogSumExp ReduceProd ReduceSumSquare RotaryEmbedding STFT SVMRegressor
Sin Sinh Softmax SoftmaxCrossEntropyLoss Softsign Sqrt SwiGLU Tan
"""
CURVED = frozenset(_CURVED_TEXT.split())
# Random, or of training.
_RANDOM_TEXT = """
Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike Adagrad Adam Gradient
Momentum
"""
RANDOM = frozenset(_RANDOM_TEXT.split())  # fmt: skip
# The shape of the result depends on values.
OPEN_SHAPES = frozenset(["NonZero", "Range", "StringSplit", "Unique"])


class CurvedError(NetworkError):
    """What an operator does with activations is not piecewise linear; cutting the network before it may help."""


def refusal(node: onnx.NodeProto) -> str:
    """Why no function for the operator exists."""
    if node.domain not in ("", "ai.onnx", "ai.onnx.ml"):
        kind = printable(f"{node.domain}::{node.op_type}")
        return f"operator {kind} is not of the ONNX standard; only operators of ai.onnx and ai.onnx.ml are read"
    return f"operator {reason(node.op_type)}"


def reason(name: str) -> str:
    """The operator and which of the reasons it is."""
    label = printable(name)
    if name in RANDOM:
        return f"{label} is random or of training, not a function of the input"
    if name in OPEN_SHAPES:
        return f"{label} has a result whose shape is not fixed by the input's shape"
    if name in JUMPS:
        return f"{label} is not piecewise linear and continuous: its values jump"
    if name in CURVED:
        return f"{label} is not piecewise linear"
    return f"{label} is not read yet (docs/formats.md lists what is)"


def unread(node: onnx.NodeProto) -> str:
    """Why an operator that is read of constants is not read of activations."""
    return f"of an activation: operator {reason(node.op_type)}; it is read of constants alone"
