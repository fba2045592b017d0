"""Attributes, types and shapes that exporters seldom write: read as ONNX Runtime does, or refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.formats.onnx_models import Array, assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes

FLOAT = TensorProto.FLOAT
RANDOM = np.random.default_rng(0)
W33, W223, W42 = (RANDOM.normal(size=shape) for shape in ((3, 3), (2, 2, 3), (4, 2)))


def ints(*values: int, dtype: str = "int64") -> Array:
    return np.array(values, dtype=dtype)


def factor(operator: str, a: Array, b: Array | None = None, **attributes: Any) -> dict[str, Any]:
    """x times what an operator makes of constants."""
    inputs = "a" if b is None else "a b"
    nodes = [node(operator, inputs, "s", **attributes), node("Cast", "s", "c", to=FLOAT), node("Mul", "x c")]
    return {"nodes": nodes, "shape": [1, 2], "constants": {"a": a} | ({} if b is None else {"b": b})}


def of(
    operator: str,
    inputs: str,
    shape: Sequence[int],
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
    **attributes: Any,
) -> dict[str, Any]:
    """One operator on x."""
    nodes = [node(operator, inputs, **attributes)]
    return {"nodes": nodes, "shape": shape, "constants": constants or {}, "opset": opset}


FOUR = np.array([1, 1, 2, 2], np.float32)
READ: dict[str, dict[str, Any]] = {
    "uint8 wraps": factor("Add", ints(200, dtype="uint8"), ints(100, dtype="uint8")),
    "int16 wraps": factor("Mul", ints(300, dtype="int16"), ints(300, dtype="int16")),
    "integers divide towards 0": factor("Div", ints(-7, dtype="int32"), ints(2, dtype="int32")),
    "remainder of the divisor's sign": factor("Mod", ints(-7), ints(3)),
    "remainder of the dividend's sign": factor("Mod", ints(-7), ints(3), fmod=1),
    "bits beyond the type": factor("BitShift", ints(200, dtype="uint8"), ints(1, dtype="uint8"), direction="LEFT"),
    "integer power": factor("Pow", ints(3, dtype="int32"), ints(4, dtype="int32")),
    "cast cuts": factor("Cast", np.array([-0.9], np.float32), to=TensorProto.INT32),
    "cast to float rounds": factor("Identity", ints(2**24 + 1)),
    "round half to even": factor("Round", np.array([0.5, -2.5], np.float32)),
    "the last of the largest": {
        "nodes": [node("ArgMax", "a", "m", axis=1, keepdims=0, select_last_index=1), node("Gather", "x m", axis=1)],
        "shape": [1, 3], "constants": {"a": np.array([[1, 2, 2]], np.float32)},
    },
    "blocks of scales": {
        "nodes": [node("DequantizeLinear", "q s", "w", axis=0, block_size=2), node("MatMul", "x w")],
        "shape": [1, 4], "opset": 21,
        "constants": {"q": np.arange(-4, 4, dtype=np.int8).reshape(4, 2), "s": 2 * np.eye(2, dtype=np.float32) + 1},
    },
    "negative slope": of("LeakyRelu", "x", [1, 3], alpha=-0.3),
    "gemm with a number": of("Gemm", "x w b", [3, 2], {"w": W33, "b": np.array(0.5)}, transA=1, alpha=0.3, beta=0.7),
    "flatten to one row": of("Flatten", "x", [2, 3], axis=0),
    "sizes kept and inferred": of("Reshape", "x s", [2, 3, 2], {"s": ints(0, -1)}),
    "uneven split": {"nodes": [node("Split", "x", "a y", num_outputs=2, axis=1)], "shape": [1, 5], "opset": 18},
    "mean with padding in ceil mode": of(
        "AveragePool", "x", [1, 1, 6], opset=19, kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1,
        count_include_pad=1,
    ),
    "dilated mean": of("AveragePool", "x", [1, 1, 6], opset=19, kernel_shape=[2], dilations=[2]),
    "maximum, padded before": of(
        "MaxPool", "x", [1, 1, 4, 5], kernel_shape=[3, 2], auto_pad="SAME_LOWER", strides=[2, 2]
    ),
    "transposed convolution of a size": of(
        "ConvTranspose", "x w", [1, 2, 3], {"w": W223}, output_shape=[8], strides=[2]
    ),
    "transposed convolution, same": of(
        "ConvTranspose", "x w", [1, 2, 3], {"w": W223}, auto_pad="SAME_UPPER", strides=[2]
    ),
    "transposed and dilated": of(
        "ConvTranspose", "x w b", [1, 2, 3], {"w": W223, "b": np.array([0.5, 1])}, output_padding=[1], strides=[2],
        dilations=[2],
    ),
    "cubic": of("Resize", "x _ k", [1, 1, 4, 4], {"k": FOUR}, mode="cubic"),
    "aspect kept": of(
        "Resize", "x _ _ s", [1, 1, 4, 6], {"s": ints(8, 8)}, 18, mode="nearest", axes=[2, 3],
        keep_aspect_ratio_policy="not_larger",
    ),
    "wrapped padding": of("Pad", "x p", [1, 4], {"p": ints(0, 2, 0, 1)}, 19, mode="wrap"),
    "padding of one axis": of("Pad", "x p _ a", [1, 4], {"p": ints(2, 1), "a": ints(-1)}, 18, mode="edge"),
    "backwards": of("Slice", "x a b c d", [1, 6], {"a": ints(-1), "b": ints(1 - 2**63), "c": ints(1), "d": ints(-2)}),
    "trace": of("Einsum", "x w", [3, 3], {"w": W33}, equation="ij,jk->"),
    "diagonal": of("Einsum", "x", [3, 3], equation="ii->i"),
    "letters in order": of("Einsum", "x w", [3, 3], {"w": W33}, equation="ba,bc"),
    "smallest along axis 0": {"nodes": [node("TopK", "x k", "y i", axis=0, largest=0)], "shape": [4, 2],
                              "constants": {"k": ints(2)}, "opset": 17},
    "bounds crossed": of("Clip", "x a b", [1, 3], {"a": np.array(1.0), "b": np.array(-1.0)}),
    "sums of two updates": of(
        "ScatterElements", "x i u", [1, 4], {"i": ints(1, 1).reshape(1, 2), "u": np.array([[0.5, 0.25]])}, axis=1,
        reduction="add",
    ),
    "gathered and cancelled": {
        "nodes": [node("Gather", "x i", "g", axis=2), node("Conv", "g w")], "shape": [1, 1, 2],
        "constants": {"i": ints(0, 0, 0), "w": np.array([[[1 / 3, -0.1, -0.7 / 3]]])},
    },
    "tiled": {"nodes": [node("Tile", "x t", "g"), node("MatMul", "g w")], "shape": [1, 2],
              "constants": {"t": ints(1, 2), "w": W42}},
    "upsampled": {"nodes": [node("Resize", "x _ k", "u", mode="nearest"), node("Conv", "u w")], "shape": [1, 1, 3, 3],
                  "constants": {"k": FOUR, "w": W33.reshape(1, 1, 3, 3)}},
}  # fmt: skip


def built(nodes: Sequence[onnx.NodeProto], shape: Sequence[int], constants: Any = None, opset: int = 17) -> bytes:
    proto = model(nodes, shape, constants, opset=opset)
    proto.ir_version = 10
    return bytes(proto.SerializeToString())


@pytest.mark.parametrize("name", READ)
def test_read_as_onnx_runtime_reads_it(name: str) -> None:
    data = built(**READ[name])
    assert_agrees(from_model_bytes(data, "m"), data, random_points(READ[name]["shape"], 3))


REFUSED: list[tuple[dict[str, Any], str]] = [
    (factor("Div", ints(-(2**31), dtype="int32"), ints(-1, dtype="int32")), "leaves the range of int32"),
    (factor("Cast", np.array([300.7], np.float32), to=TensorProto.INT8), "leaves the range of int8"),
    (factor("Cast", np.array([1e10], np.float32), to=TensorProto.INT32), "leaves the range of int32"),
    (factor("ReduceProd", ints(2**20, 2**20, dtype="int32"), keepdims=0), "leaves the range of int32"),
    (of("ThresholdedRelu", "x", [1, 3]), "jumps by 1 at 1"),
    (of("LpPool", "x", [1, 1, 4], kernel_shape=[2]), "only p = 1 is"),
    (of("Resize", "x _ k", [1, 1, 4, 4], {"k": FOUR / 2}, 18, mode="linear", antialias=1), "antialiasing is not read"),
    (of("Resize", "x _ k", [1, 1, 1, 1], {"k": FOUR / 4}, 18), "an axis of size 0"),
    (of("Resize", "x r k", [1, 1, 4, 4], {"r": np.array([0, 0, 0, 0, 1, 1, 1, 0.5]), "k": FOUR},
        coordinate_transformation_mode="tf_crop_and_resize"), "scales of a part of the input"),
    (of("ConvTranspose", "x w", [1, 2, 3], {"w": W223}, auto_pad="SAME_UPPER", strides=[4]), "set output_shape"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "part"), REFUSED, ids=[part for _, part in REFUSED])
def test_refused_with_the_reason(case: dict[str, Any], part: str) -> None:
    with pytest.raises(NetworkError, match=part):
        from_model_bytes(built(**case), "m")


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"scale": [2.0, 3.0, 4.0]},
        {"offset": [2.0]},
        {"offset": [1.0], "scale": [2.0, 3.0, 4.0]},
        {"offset": [1.0, 2.0], "scale": [2.0, 3.0]},
    ],
)
def test_a_scaler_has_as_many_offsets_as_scales(attributes: dict[str, Any]) -> None:
    """The standard gives no default and one length to both; ONNX Runtime refuses these too."""
    proto = model([node("Scaler", "x", domain="ai.onnx.ml", **attributes)], (1, 3))
    proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    with pytest.raises(NetworkError, match=r"attribute '\w+' is missing|scales for a tensor"):
        from_model_bytes(proto.SerializeToString(), "m")
