"""Small models of one operator each, beside those in the test of the operators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.formats.onnx_models import node

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One small model: its nodes lead from ``x`` to ``y``."""

    name: str
    nodes: list[onnx.NodeProto]
    shape: tuple[int, ...]
    constants: dict[str, Array] = field(default_factory=dict)
    opset: int = 13


def weights(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def scalar(value: float) -> Array:
    return np.array(value, dtype=np.float32)


def one(
    operator: str,
    shape: tuple[int, ...],
    *constants: Array | None,
    opset: int = 13,
    label: str = "",
    swap: bool = False,
    **attributes: Any,
) -> Case:
    """One node on ``x`` and constants (``None`` leaves an optional one out)."""
    names = [f"c{i}" if array is not None else "_" for i, array in enumerate(constants)]
    given = {f"c{i}": array for i, array in enumerate(constants) if array is not None}
    inputs = [*names, "x"] if swap else ["x", *names]
    return Case(f"{operator}-{label or 'plain'}", [node(operator, " ".join(inputs), **attributes)], shape, given, opset)


def same(
    name: str, *nodes: onnx.NodeProto, shape: tuple[int, ...] = (1, 4), opset: int = 13, **constants: Array
) -> Case:
    """A model of several nodes."""
    return Case(name, list(nodes), shape, constants, opset)


def where(name: str, compare: str, a: str, b: str, *nodes: onnx.NodeProto, **constants: Array) -> Case:
    """``Where(compare(x, t), a, b)``."""
    chosen = [*nodes, node(compare, "x t", "c"), node("Where", f"c {a} {b}")]
    return Case(f"Where-{name}", chosen, (1, 4), constants, 16)


IMAGE = (1, 2, 3, 4)
ROUNDINGS = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")

TRANSPOSED = [
    one("ConvTranspose", IMAGE, weights(2, 3, 2, 3)),
    one(
        "ConvTranspose", IMAGE, weights(2, 3, 2, 3), weights(3, seed=2), label="bias", strides=[2, 3], pads=[1, 0, 0, 2]
    ),
    one(
        "ConvTranspose",
        IMAGE,
        weights(2, 2, 3, 3),
        label="more",
        strides=[3, 2],
        dilations=[2, 1],
        output_padding=[2, 1],
    ),
    one("ConvTranspose", (1, 4, 3, 3), weights(4, 2, 2, 2), label="groups", group=2, strides=[2, 2]),
    one("ConvTranspose", IMAGE, weights(2, 1, 3, 3), label="same-upper", auto_pad="SAME_UPPER", strides=[2, 2]),
    one("ConvTranspose", IMAGE, weights(2, 1, 3, 3), label="same-lower", auto_pad="SAME_LOWER", strides=[2, 2]),
    one("ConvTranspose", IMAGE, weights(2, 1, 3, 3), label="shape", output_shape=[6, 7], strides=[2, 2]),
    one("ConvTranspose", (2, 2, 5), weights(2, 1, 3), label="1d-batch", strides=[2]),
]


def resized(
    shape: tuple[int, ...],
    scales: list[float] | None,
    sizes: list[int] | None,
    label: str,
    opset: int = 13,
    **attributes: Any,
) -> Case:
    return one(
        "Resize",
        shape,
        None,
        np.array(scales, np.float32) if scales else (None if opset > 12 else np.array([], np.float32)),
        *([ints(*sizes)] if sizes else []),
        opset=opset,
        label=f"{label}-{opset}",
        **attributes,
    )


RESIZED = [
    *(
        resized((1, 1, 3, 4), [1, 1, 2, 2], None, f"{mode}-{where}-{rounding}", mode=mode, nearest_mode=rounding,
                coordinate_transformation_mode=where)
        for mode in ("nearest", "linear")
        for where in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
        for rounding in (ROUNDINGS if mode == "nearest" else ROUNDINGS[:1])
    ),
    resized((1, 1, 2, 2), [1, 1, 2, 2], None, "other-modes", mode="linear", cubic_coeff_a=-0.5, nearest_mode="ceil"),
    resized((1, 1, 2, 4), None, [1, 1, 4, 2], "sizes", mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor"),
    resized((1, 1, 4, 4), [1, 1, 0.5, 0.5], None, "down", mode="linear", coordinate_transformation_mode="half_pixel"),
    resized((1, 1, 4, 4), [1, 1, 2, 2], None, "cubic", mode="cubic", coordinate_transformation_mode="half_pixel"),
    resized((1, 1, 4, 4), [1, 1, 2, 2], None, "exclude", mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1),
    one("Upsample", (1, 1, 2, 3), np.array([1, 1, 2, 3], np.float32), opset=9),
    one("Upsample", (1, 1, 2, 3), np.array([1, 1, 2, 2], np.float32), opset=9, label="linear", mode="linear"),
    one("Upsample", (1, 1, 2, 3), opset=7, label="attribute", scales=[1.0, 1.0, 2.0, 2.0]),
]  # fmt: skip

INDEXED = [
    one("GatherND", (1, 4), np.array([[0, 3], [0, -3]]), label="points"),
    one("GatherND", (2, 3, 2), np.array([[2], [0]]), label="batch", batch_dims=1),
    one("GatherElements", (2, 3), np.array([[0, -1], [2, 2]]), axis=1),
    one("Compress", (2, 4), np.array([True, False, True]), axis=1),
    one("Compress", (2, 3), np.array([False, True, True, False, True]), label="flat"),
    one("ScatterElements", (2, 3), np.array([[1, 0]]), weights(1, 2), axis=1),
    one("ScatterElements", (2, 3), np.array([[1, 1]]), weights(1, 2), label="add", axis=1, reduction="add", opset=16),
    one("ScatterND", (3, 2), np.array([[1], [0]]), weights(2, 2)),
    same("ScatterND-activation", node("ScatterND", "w i x"), shape=(2, 2), w=weights(3, 2), i=np.array([[2], [0]])),
    one("ScatterND", (3, 2), np.array([[1], [1]]), weights(2, 2), label="add", reduction="add", opset=16),
    one("Scatter", (2, 3), np.array([[1, 0]]), weights(1, 2), axis=1, opset=9),
    one("Tile", (1, 3), ints(2, 3)),
    same("Concat-empty", node("Slice", "x o o", "e"), node("Relu", "e", "r"), node("Concat", "r x", axis=0), o=ints(1)),
    same("Split-empty", node("Split", "x s", "e y", axis=1), s=ints(0, 4)),
    same(
        "ReduceSum-empty",
        node("Slice", "x o o", "e"),
        node("ReduceSum", "e a", "s"),
        node("Add", "x s"),
        o=ints(1),
        a=ints(0),
    ),
    one("Trilu", (1, 3, 4), upper=0, opset=14),
    one("Trilu", (1, 3, 4), np.array(1), opset=14, label="k"),
    one("CumSum", (2, 4), np.array(1), opset=14),
    one("CumSum", (2, 4), np.array(-2, np.int32), label="both", exclusive=1, reverse=1, opset=14),
    one("DepthToSpace", (1, 8, 2, 3), blocksize=2, opset=13),
    one("DepthToSpace", (1, 8, 2, 3), blocksize=2, mode="CRD", label="crd"),
    one("SpaceToDepth", (1, 2, 4, 6), blocksize=2),
    one("ReverseSequence", (4, 3), ints(1, 4, 2), opset=10),
    one("ReverseSequence", (3, 4), ints(1, 4, 2), opset=10, time_axis=1, batch_axis=0, label="rows"),
    one("CenterCropPad", (4, 7), ints(6, 3), opset=18),
    one("Pad", (1, 4), ints(0, -1, 0, 2), label="crop-and-fill"),
    one("Pad", (2, 4), ints(-1, -1, 1, -2), scalar(0.5), label="crop-value"),
    one("Col2Im", (1, 8, 6), ints(3, 4), ints(2, 2), opset=18),
    same("EyeLike", node("EyeLike", "x", "e", k=1), node("Mul", "x e"), shape=(3, 4), opset=9),
    same("Size", node("Size", "x", "s"), node("Cast", "s", "f", to=1), node("Mul", "x f")),
]

SUMS = [
    one("Einsum", (2, 3), weights(3, 4), equation="bi,io->bo", label="matmul"),
    one("Einsum", (2, 3), weights(4, 3), equation="ij, oj", label="implicit"),
    one("Einsum", (2, 3, 3), equation="bii->b", label="trace"),
    one("Einsum", (2, 3, 4), weights(4, 5), equation="...i,ij->...j", label="ellipsis"),
    Case("Mean", [node("Relu", "x", "r"), node("Mean", "x r c")], (1, 3), {"c": weights(1, 3)}),
    one("HardSigmoid", (1, 6), alpha=0.25, beta=0.5),
    one("HardSigmoid", (1, 6), label="negative", alpha=-1.5, beta=0.25),
    one("ReduceL1", (1, 2, 3), axes=[1, -1], keepdims=0),
    one("ReduceL1", (1, 2, 3), ints(1), opset=18, label="input"),
    one("LpPool", (1, 2, 5), opset=18, kernel_shape=[2], p=1, strides=[2]),
    one("GlobalLpPool", (1, 2, 3, 3), p=1),
    same("AffineGrid", node("AffineGrid", "x s"), shape=(1, 2, 3), opset=20, s=ints(1, 1, 2, 3)),
    same("CastLike", node("CastLike", "x d", "w"), node("CastLike", "w x"), opset=15, d=np.array(1.0)),
    same(
        "Cast-bfloat16", node("Cast", "w", "b", to=TensorProto.BFLOAT16), node("Cast", "b", "c", to=1),
        node("Mul", "x c"),
        w=weights(4),
    ),
    one("Gemm", (1, 4), weights(4, 4), weights(1), label="one-c", opset=11),
]  # fmt: skip

CHOICES = [
    where("relu", "Greater", "x", "z", t=scalar(0), z=scalar(0)),
    where("threshold", "GreaterOrEqual", "x", "t", t=scalar(0.25)),
    where("leaky", "Less", "s", "x", node("Mul", "x k", "s"), t=scalar(0), k=scalar(0.1)),
    where("minimum", "LessOrEqual", "x", "t", t=scalar(0.5)),
    where("steep", "Greater", "s", "x", node("Mul", "x k", "s"), t=scalar(0), k=scalar(-2)),
    where("each", "Greater", "x", "t", t=weights(4)),
    where("same", "Greater", "x", "x", t=scalar(0)),
    same(
        "Where-not",
        node("Less", "x t", "c"), node("Not", "c", "n"), node("Where", "n x t"), opset=16, t=scalar(0.5),
    ),
    same(
        "Where-layer",
        node("Gemm", "x w b", "g"), node("Greater", "g z", "c"), node("Where", "c g z"), opset=16, w=weights(4, 3),
        b=weights(3), z=scalar(0),
    ),
    same(
        "Where-moved",
        node("Greater", "x z", "c"), node("Transpose", "c", "d"), node("Transpose", "x", "u"), node("Where", "d u z"),
        opset=16, z=scalar(0),
    ),
    same("Where-constant", node("Where", "c x z"), c=np.array([True, False, True, False]), z=scalar(0.5), opset=16),
    same("Where-infinity", node("Where", "c x z"), c=np.array([True] * 4), z=scalar(-np.inf), opset=16),
    one("ThresholdedRelu", (1, 4), alpha=0.0),
    one("Shrink", (1, 6), lambd=0.25, bias=0.25),
    same(
        "Softshrink",
        node("Abs", "x", "a"), node("Greater", "a t", "c"), node("Sign", "x", "s"), node("Mul", "s t", "m"),
        node("Sub", "x m", "d"), node("Mul", "x z", "o"), node("Where", "c d o"), opset=16, t=scalar(0.5), z=scalar(0),
    ),
    same(
        "LpPool-1",
        node("Pow", "x u", "p"), node("Sign", "p", "s"), node("Abs", "p", "a"), node("Relu", "a", "r"),
        node("Mul", "s r", "m"), node("Pow", "m u"), u=scalar(1),
    ),
    same(
        "Where-nested",
        node("Sub", "x t", "a"), node("Add", "x t", "b"), node("Greater", "x t", "c"), node("Less", "x n", "d"),
        node("Where", "d b z", "e"), node("Where", "c a e"), opset=16, t=scalar(0.5), n=scalar(-0.5), z=scalar(0),
    ),
    same(
        "Gate",
        node("Greater", "x z", "c"), node("Cast", "c", "g", to=1), node("Mul", "g x", "m"), node("Neg", "m"),
        opset=16, z=scalar(0),
    ),
    same(
        "And-Or-Xor-Equal",
        node("Greater", "x z", "c"), node("Less", "x t", "d"), node("Equal", "x t", "e"), node("Or", "d e", "f"),
        node("And", "c f", "g"), node("Xor", "c g", "h"), node("Where", "h t z", "k"), node("Where", "g x k"), opset=16,
        t=scalar(0.5), z=scalar(0),
    ),
    same("TopK-sort", node("TopK", "x k", "y i"), shape=(2, 7), k=ints(7)),
    same("TopK-smallest", node("TopK", "x k", "y i", largest=0, axis=0), shape=(5, 2), k=ints(3)),
    same("TopK-one", node("TopK", "x k", "y i"), shape=(1, 3), k=ints(1)),
    same("Min-same", node("Min", "x t"), t=weights(4)),
]  # fmt: skip

GELUS = [
    same("Erf", node("Erf", "x")),
    same(
        "Erf-gelu",
        node("Div", "x c", "d"), node("Erf", "d", "e"), node("Add", "e one", "p"), node("Mul", "x p", "m"),
        node("Mul", "m half"), c=scalar(2**0.5), one=scalar(1), half=scalar(0.5),
    ),
    same(
        "Erf-gelu-of-a-layer",
        node("Gemm", "x w b", "g"), node("Mul", "g c", "d"), node("Erf", "d", "e"), node("Add", "one e", "p"),
        node("Mul", "p half", "q"), node("Mul", "q g"), w=weights(4, 3), b=weights(3), c=scalar(0.5**0.5),
        one=scalar(1), half=scalar(0.5),
    ),
    same("Swish", node("Swish", "x"), opset=24),
]  # fmt: skip

RECURRENT = [
    Case(
        f"RNN-{way}",
        [node("RNN", "x w r b _ h" if way == "bidirectional" else "x w r b", "y e", hidden_size=3, direction=way,
              activations=["Relu"] * n)],
        (4, 2, 2),
        {"w": weights(n, 3, 2), "r": weights(n, 3, 3, seed=2), "b": weights(n, 6, seed=3)}
        | ({"h": weights(2, 2, 3, seed=4)} if n == 2 else {}),
        14,
    )
    for way, n in (("forward", 1), ("reverse", 1), ("bidirectional", 2))
]  # fmt: skip
RECURRENT.append(
    same(
        "RNN-last", node("RNN", "x w r", "_ y", hidden_size=3, activations=["Relu"]), shape=(3, 1, 2),
        w=weights(1, 3, 2), r=weights(1, 3, 3),
    )
)  # fmt: skip

BRANCH = helper.make_graph([node("Relu", "x", "o")], "then", [], [helper.make_tensor_value_info("o", 1, None)])
OTHER = helper.make_graph([node("Neg", "x", "n")], "else", [], [helper.make_tensor_value_info("n", 1, None)])
BODY = helper.make_graph(
    [node("Add", "s x", "r"), node("Relu", "r", "t"), node("Identity", "go", "on"), node("Identity", "t", "scan")],
    "body",
    [
        helper.make_tensor_value_info("i", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("s", 1, None),
    ],
    [
        helper.make_tensor_value_info("on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("t", 1, None),
        helper.make_tensor_value_info("scan", 1, None),
    ],
)

CONTROLLED = [
    same("If", node("If", "c", "r", then_branch=BRANCH, else_branch=OTHER), node("Identity", "r"), c=np.array(True)),
    same("If-else", node("If", "c", "r", then_branch=BRANCH, else_branch=OTHER), node("Sub", "r x"), c=np.array(False)),
    same("Loop", node("Loop", "m c z", "y rows", body=BODY), m=np.array(3), c=np.array(True), z=weights(1, 4)),
    same("Loop-scan", node("Loop", "m _ x", "s y", body=BODY), m=np.array(2)),
]


NEW = [*TRANSPOSED, *RESIZED, *INDEXED, *SUMS, *CHOICES, *GELUS, *RECURRENT, *CONTROLLED]
