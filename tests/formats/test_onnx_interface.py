"""Inputs and outputs of ONNX models: several inputs make one x, and any tensor can be the output."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.formats.onnx_models import Array, assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.network import InputPart, Network
from verify.network.floats import run
from verify.rational import vector

W = np.random.default_rng(3).normal(size=(3, 4)).astype(np.float32)


def several(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int | str, ...]],
    constants: dict[str, Array] | None = None,
    *,
    outputs: tuple[str, ...] = ("y",),
    element: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model with these inputs in this order."""
    proto = model(nodes, (1,), constants, outputs=outputs)
    del proto.graph.input[:]
    for name, shape in inputs.items():
        proto.graph.input.append(helper.make_tensor_value_info(name, element, list(shape)))
    return proto


def loaded(proto: onnx.ModelProto, output: str | None = None) -> Network:
    return from_model_bytes(proto.SerializeToString(), "m", output)


def refusal(proto: onnx.ModelProto, output: str | None = None) -> str:
    with pytest.raises(NetworkError) as caught:
        loaded(proto, output)
    assert "\n" not in str(caught.value)
    return str(caught.value)


TWO: dict[str, tuple[int | str, ...]] = {"a": (1, 3), "b": (1, 3)}
INPUTS = [
    ("added", several([node("Add", "a b", "s"), node("Relu", "s")], TWO), (6,)),
    ("subtracted", several([node("Sub", "b a", "s"), node("Relu", "s")], TWO), (6,)),
    ("read-in-another-order", several([node("Concat", "b a", "s", axis=1), node("Relu", "s")], TWO), (6,)),
    ("second-unread", several([node("Relu", "a")], TWO | {"b": (1, 7)}), (10,)),
    ("first-unread", several([node("Relu", "b")], TWO), (6,)),
    ("open-axes", several([node("Add", "a b", "s"), node("Relu", "s")], {"a": ("n", 3), "b": (-1, 3)}), (6,)),
    ("shapes", several([node("MatMul", "a w", "m"), node("Add", "m b", "s"), node("Relu", "s")],
                       {"a": (2, 3), "b": (4,)}, {"w": W}), (10,)),
    ("scalar", several([node("Add", "a b", "s"), node("Relu", "s")], {"a": (), "b": (1, 3)}), (4,)),
    ("three", several([node("Max", "a b c")], TWO | {"c": (1, 1)}), (7,)),
    ("images", several([node("Conv", "a k", "m"), node("Flatten", "m", "f"), node("Add", "f b", "s"),
                        node("Relu", "s")], {"a": (1, 1, 3, 3), "b": (1, 4)}, {"k": W.reshape(3, 1, 2, 2)[:1]}), (13,)),
]  # fmt: skip


@pytest.mark.parametrize(("proto", "shape"), [i[1:] for i in INPUTS], ids=[i[0] for i in INPUTS])
def test_several_inputs_in_order(proto: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    network = loaded(proto)
    assert network.input_shape == shape
    assert [part.name for part in network.inputs] == [value.name for value in proto.graph.input]
    assert_agrees(network, proto.SerializeToString(), random_points(shape, 4))


def test_parts_say_where_they_stand() -> None:
    network = loaded(INPUTS[6][1])
    assert network.inputs == (InputPart("a", (2, 3), 0), InputPart("b", (4,), 6))
    assert loaded(model([node("Relu", "x")], (1, 2, 3))).inputs == (InputPart("x", (2, 3), 0),)


def test_an_input_that_no_node_reads_has_no_influence() -> None:
    network = loaded(INPUTS[3][1])
    assert any("'b' is read by no node" in remark for remark in network.remarks)
    point = vector(range(-1, 9))
    assert run(network, point).values[-1].tolist() == [0, 0, 1]
    assert all(column < 3 for _, matrix in network.blocks[0].inputs for column in matrix.columns.tolist())


@pytest.mark.parametrize("element", [TensorProto.INT64, TensorProto.BOOL, TensorProto.UINT8])
def test_types_of_an_input_that_no_node_reads(element: int) -> None:
    proto = several([node("Relu", "a")], TWO)
    proto.graph.input[1].type.tensor_type.elem_type = element
    assert loaded(proto).input_size == 6
    proto.graph.node[0].input[0] = "b"
    assert "input 'b' is not a tensor of float" in refusal(proto)


def test_numbers_do_not_move_with_the_output() -> None:
    proto = several([node("Relu", "a", "p"), node("Add", "p b")], TWO)
    for output in (None, "p", "y"):
        assert loaded(proto, output).input_size == 6


def test_inputs_that_cannot_be_numbered() -> None:
    proto = several([node("Relu", "a")], TWO)
    proto.graph.input[1].type.tensor_type.elem_type = TensorProto.STRING
    assert "'b', which no node reads, is not a tensor" in refusal(proto)
    assert "axis 1 has no fixed size" in refusal(several([node("Relu", "a")], TWO | {"b": (1, "n")}))
    proto = several([node("Relu", "a")], TWO)
    proto.graph.input[1].type.tensor_type.ClearField("shape")
    assert "'b', which no node reads, has no shape" in refusal(proto)
    proto.graph.input[1].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    assert "'b', which no node reads, is not a tensor" in refusal(proto)
    proto = several([node("Relu", "a")], TWO)
    proto.graph.input[1].name = "a"
    assert "listed twice" in refusal(proto)
    huge = several([node("Relu", "a")], {name: (1, 4_000_000) for name in "abc"})
    assert "all inputs together" in refusal(huge)


def test_mixed_types_cast_to_the_narrow_one_is_on_the_ledger() -> None:
    proto = several([node("Cast", "b", "c", name="narrow", to=1), node("Add", "a c")], TWO)
    proto.graph.input[1].type.tensor_type.elem_type = TensorProto.DOUBLE
    assert loaded(proto).notes == ("cast narrow to a narrower float taken as exact; an implementation rounds",)


LAYERS = [node("MatMul", "x w", "z"), node("Relu", "z", "r"), node("Neg", "r", "n"), node("Add", "n z", "y")]


def layered(*outputs: str) -> onnx.ModelProto:
    return model(LAYERS, (1, 3), {"w": W}, outputs=outputs)


@pytest.mark.parametrize("output", ["z", "r", "n", "y"])
def test_any_tensor_can_be_the_output(output: str) -> None:
    network = loaded(layered("y"), output)
    assert network.output == output
    assert_agrees(network, layered("y", *{output} - {"y"}).SerializeToString(), random_points((1, 3), 3))


def test_several_outputs() -> None:
    text = refusal(layered("y", "r"))
    assert "2 outputs (y, r)" in text and "--output" in text
    assert loaded(layered("y", "r"), "r").canonical_digest == loaded(layered("r")).canonical_digest
    assert loaded(layered("r")).output is None
    many = model([node("Split", "x", " ".join(f"o{i}" for i in range(12)), axis=1)], (1, 12),
                 outputs=[f"o{i}" for i in range(12)])  # fmt: skip
    assert "o9 and 2 more" in refusal(many)
    assert loaded(many, "o11").output_size == 1


def test_tensors_that_cannot_be_the_output() -> None:
    text = refusal(layered("y"), "rr")
    assert "no tensor 'rr'" in text and "did you mean 'r'?" in text and "outputs are y" in text
    assert "not computed by any operator" in refusal(layered("y"), "x")
    assert "not computed by any operator" in refusal(layered("y"), "w")
    assert "no tensor ''" in refusal(layered("y"), "")
    assert "?[31m" in refusal(layered("y"), "\x1b[31m\n")


def test_nodes_after_the_output_need_not_be_supported() -> None:
    nodes = [*LAYERS[:3], node("Sin", "n", "s"), node("Softmax", "n", "y")]
    network = loaded(model(nodes, (1, 3), {"w": W}), "n")
    assert any("2 of 5 nodes left out" in remark for remark in network.remarks)


@pytest.mark.parametrize("end", ["Softmax", "LogSoftmax", "Hardmax", "ArgMax"])
def test_the_error_says_which_output_cuts_before(end: str) -> None:
    nodes = [*LAYERS[:2], node(end, "r", "p", name="end"), node("Identity", "p", "y")]
    proto = model(nodes, (1, 3), {"w": W})
    text = refusal(proto)
    assert end in text and "'end'" in text and "--output r " in text
    assert loaded(proto, "r").output_size == 4


def test_the_error_says_nothing_where_nothing_is_before() -> None:
    assert "--output" not in refusal(model([node("Softmax", "x")], (1, 3)))


def test_initializers_twice() -> None:
    proto = layered("y")
    proto.graph.initializer.append(proto.graph.initializer[0])
    assert "initializer 'w' is defined twice" in refusal(proto)


@pytest.mark.parametrize("version", [0, -1, onnx.IR_VERSION + 1, 2**62])
def test_unknown_versions_of_the_format_are_refused(version: int) -> None:
    proto = model([node("Relu", "x")], [1, 3])
    proto.ir_version = version
    assert refusal(proto).startswith(f"m: IR version {version}; expected 1 to {onnx.IR_VERSION}")


def test_a_version_of_the_format_is_needed() -> None:
    proto = model([node("Relu", "x")], [1, 3])
    proto.ClearField("ir_version")
    assert "no IR version; expected" in refusal(proto)
    proto.ir_version = onnx.IR_VERSION
    assert loaded(proto).relu_count == 3


@pytest.mark.parametrize(
    ("element", "shape", "loads"),
    [
        (TensorProto.FLOAT, [2, 2], True),
        (TensorProto.FLOAT, ["n", 2], True),
        (TensorProto.FLOAT, None, True),
        (TensorProto.DOUBLE, [2, 2], False),
        (TensorProto.FLOAT, [2, 3], False),
        (TensorProto.FLOAT, [4], False),
    ],
)
def test_initializers_among_the_inputs(element: int, shape: list[int | str] | None, loads: bool) -> None:
    proto = model([node("MatMul", "x w")], (1, 2), {"w": np.eye(2)})
    proto.graph.input.append(helper.make_tensor_value_info("w", element, shape))
    if loads:
        assert from_model_bytes(proto.SerializeToString(), "m").input_size == 2
    else:
        with pytest.raises(NetworkError, match="initializer 'w' is not of the type and shape"):
            from_model_bytes(proto.SerializeToString(), "m")
