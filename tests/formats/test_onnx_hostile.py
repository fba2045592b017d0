"""Odd and hostile models: read as ONNX Runtime reads them, or refused in one line, soon and without much memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.formats.onnx_models import assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes

INT = np.int64
# Built where it is used: some are large.
Model = Callable[[], onnx.ModelProto]


def loop(trips: int) -> onnx.ModelProto:
    """Doubles ``x`` so often."""
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [node("Identity", "c", "d"), node("Add", "v v", "w")],
        "body",
        [info("i", TensorProto.INT64, []), info("c", TensorProto.BOOL, []), info("v", TensorProto.FLOAT, [1, 2])],
        [info("d", TensorProto.BOOL, []), info("w", TensorProto.FLOAT, [1, 2])],
    )
    return model([node("Loop", "t k x", body=body)], (1, 2), {"t": np.array(trips), "k": np.array(True)}, opset=17)


def turning(outer: int, inner: int | None = None, *, until: int | None = None) -> onnx.ModelProto:
    """So many turns of Relu, or of a loop of Relu; with ``until``, each turn asks whether it is the last one."""
    info = helper.make_tensor_value_info

    def body(mark: str, work: onnx.NodeProto) -> onnx.GraphProto:
        ends = node("Identity", f"k{mark}", f"c{mark}") if until is None else node("Less", f"i{mark} u", f"c{mark}")
        inputs = [info(f"i{mark}", TensorProto.INT64, []), info(f"k{mark}", TensorProto.BOOL, [])]
        inputs.append(info(f"v{mark}", TensorProto.FLOAT, [1, 2]))
        outputs = [info(f"c{mark}", TensorProto.BOOL, []), info(f"w{mark}", TensorProto.FLOAT, [1, 2])]
        return helper.make_graph([ends, work], f"body{mark}", inputs, outputs)

    work = node("Relu", "vp", "wp")
    if inner is not None:
        work = node("Loop", "n kp vp", "wp", body=body("q", node("Relu", "vq", "wq")))
    counts = {"t": outer, "n": inner or 0, "u": until or 0}
    constants = {"k": np.array(True), **{name: np.array(count) for name, count in counts.items()}}
    return model([node("Loop", "t k x", body=body("p", work))], (1, 2), constants, opset=17)


def compared(count: int) -> onnx.ModelProto:
    """Comparisons of two values with ``count`` others."""
    nodes = [node("Reshape", "x s", "t"), node("Greater", "t c", "b"), node("Where", "b t z")]
    return model(nodes, (1, 2), {"s": np.array([2, 1]), "c": np.zeros((1, count)), "z": np.zeros(1)}, opset=17)


def moved(name: str, operator: str, *constants: object, shape: tuple[int, ...] = (1, 2), **attributes: Any) -> object:
    """One operator on ``x`` and constants."""

    def proto() -> onnx.ModelProto:
        given = {f"c{k}": np.array(value) for k, value in enumerate(constants)}
        return model([node(operator, " ".join(["x", *given]), **attributes)], shape, given, opset=17)

    return pytest.param(proto, id=name)


def twice() -> onnx.ModelProto:
    """A constant that holds one value as bytes and another one as a float."""
    proto = model([node("Add", "x c")], (1, 1), {"c": np.array([1.0])})
    proto.graph.initializer[0].float_data.append(2.0)
    return proto


def constant(operator: str, value: object, *more: object, **attributes: Any) -> object:
    """``x`` plus what an operator makes of constants."""

    def proto() -> onnx.ModelProto:
        given = {f"c{k}": np.array(v) if not isinstance(v, np.ndarray) else v for k, v in enumerate([value, *more])}
        nodes = [node(operator, " ".join(given), "d", **attributes), node("Cast", "d", "f", to=1), node("Add", "x f")]
        return model(nodes, (1, 2), given, opset=17)

    return pytest.param(proto, id=operator)


IMAGE = (1, 1, 4, 4)
REFUSED = [
    moved("tile", "Tile", [2**33, 2**33]),
    moved("expand", "Expand", [2**20, 2**20, 1, 2]),
    moved("pad", "Pad", [0, 0, 0, 2**40]),
    moved("reshape", "Reshape", [2**62, 2**62]),
    moved("einsum", "Einsum", np.broadcast_to(1.0, (1, 9_000_000)), equation="ij,kl->ijkl"),
    moved("conv-padding", "Conv", np.ones((1, 1, 2, 2)), shape=IMAGE, pads=[2**30] * 4),
    moved("conv-groups", "Conv", np.ones((1, 1, 2, 2)), shape=IMAGE, group=0),
    moved("transposed", "ConvTranspose", np.ones((1, 1, 2, 2)), shape=IMAGE, strides=[2**24, 2**24]),
    moved("kernel", "MaxPool", shape=IMAGE, kernel_shape=[2**40, 1]),
    moved("slope", "LeakyRelu", alpha=float("inf")),
    moved("weight", "Mul", np.array([np.inf])),
    moved("nothing", "Add", np.array([np.nan])),
    moved("top", "TopK", np.array([0])),
    constant("ReduceSum", np.array([2**31 - 1, 1], dtype=np.int32), keepdims=0),
    constant("ReduceProd", np.array([2**31, 2**32, 2**31]), keepdims=0),
    constant("CumSum", np.array([2**31 - 1, 1], dtype=np.int32), 0),
    constant("Range", 0, 10**12, 1),
    constant("ConstantOfShape", [10**6, 10**6]),
    constant("Mul", np.array([np.inf]), np.array([0.0])),
    pytest.param(lambda: compared(400_000), id="comparisons"),
    pytest.param(twice, id="held twice"),
    pytest.param(
        lambda: model([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Identity", "b")], (1, 2)), id="cycle"
    ),
    pytest.param(lambda: model([node("Relu", "x", "y"), node("Neg", "x", "y")], (1, 2)), id="two of one name"),
    pytest.param(lambda: model([node("Relu", "x", "x"), node("Neg", "x")], (1, 2)), id="writes its input"),
    pytest.param(lambda: model([node("Rel\x1b[31mu\n", "x")], (1, 2)), id="control characters"),
    pytest.param(lambda: model([node("Relu", "x")], (1, 0)), id="no values"),
    pytest.param(lambda: model([node("Relu", "x")], (2**32, 2**32)), id="many values"),
]  # fmt: skip
READ = [
    pytest.param(lambda: loop(3), id="loop"),
    pytest.param(lambda: loop(0), id="loop of no turn"),
    pytest.param(lambda: turning(3, 4), id="loop in a loop"),
    pytest.param(lambda: turning(10**15, until=3), id="loop that ends by its condition"),
    pytest.param(lambda: turning(3, 10**15, until=2), id="loop in a loop that ends by its condition"),
    pytest.param(lambda: turning(0, 10**15), id="no turn of a long loop"),
    pytest.param(lambda: model([node("Max", "x x x")], (1, 2)), id="max of the same"),
    pytest.param(lambda: model([node("Sum", " ".join(["x"] * 200))], (1, 2)), id="200 edges"),
    pytest.param(lambda: model([node("Clip", "x _ h")], (1, 2), {"h": np.array(1.0)}), id="left out"),
    pytest.param(lambda: model([node("Relu", "x", "a\0"), node("Neg", "a\0")], (1, 2)), id="zero byte"),
    pytest.param(lambda: model([node("Relu", "x")], ()), id="one number"),
    pytest.param(lambda: model([node("Mul", "x c")], (1, 2), {"c": np.array([1e-45])}), id="smallest weight"),
    pytest.param(
        lambda: model(
            [node("Slice", "x s s a", "z"), node("Concat", "x z", axis=1)], (1, 2), {k: np.array([1]) for k in "sa"}
        ),
        id="a part without values",
    ),
]


@pytest.mark.parametrize("proto", REFUSED)
def test_refused_in_one_line(proto: Model) -> None:
    with pytest.raises(NetworkError) as caught:
        from_model_bytes(proto().SerializeToString(), "m")
    text = str(caught.value)
    assert len(text) < 600 and text.isprintable() and "malformed" not in text


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (lambda: turning(10**15), "1000000000000000 turns; at most 10000 turns altogether"),
        (lambda: turning(10_000, 10_000), "10000 turns, 10000 times over; at most 10000 turns altogether"),
        (lambda: turning(10, 1001), "1001 turns, 10 times over"),
        (lambda: turning(50, 10**15, until=10**14), "more than 2000 turns of loops that end by a computed condition"),
    ],
)
def test_loops_are_bounded(proto: Model, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        from_model_bytes(proto().SerializeToString(), "m")


@pytest.mark.parametrize("build", READ)
def test_read_as_the_runtime_does(build: Model) -> None:
    proto = build()
    data = proto.SerializeToString()
    shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    assert_agrees(from_model_bytes(data, "m"), data, random_points(shape, 4))


@pytest.mark.parametrize("data", [b"", b"\xff" * 400, b"\0" * 40, b"hello", b"\x3a\xff\xff\xff\xff\x0f"])
def test_no_models(data: bytes) -> None:
    with pytest.raises(NetworkError, match=r"ONNX model"):
        from_model_bytes(data, "m")


def test_cut_models() -> None:
    data = model([node("Relu", "x")], (1, 2)).SerializeToString()
    for size in range(len(data)):
        with pytest.raises(NetworkError):
            from_model_bytes(data[:size], "m")


def test_long_chains_take_linear_time() -> None:
    chain = [node("Relu", "x" if k == 0 else f"a{k}", f"a{k + 1}", name="same") for k in range(600)]
    network = from_model_bytes(model([*chain, node("Identity", "a600")], (1, 2)).SerializeToString(), "m")
    names = [block.name for block in network.blocks]
    assert len(set(names)) == len(names) and network([-1, 2]) == (0, 2)
