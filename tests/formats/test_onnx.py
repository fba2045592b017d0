"""Loading ONNX files: published networks, shapes and names, and everything that can be wrong with a file."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import os
import pickle
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.formats.onnx_models import assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import constants, files, from_model_bytes, load_onnx, translation
from verify.network import Network

NETWORKS = Path(os.environ.get("VERIFY_NETWORKS", Path(__file__).resolve().parents[2].parent / "shared" / "networks"))

# File, input shape, ReLU units (a maximum of two is one), outputs.
PUBLISHED: list[tuple[str, tuple[int, ...], int, int]] = [
    ("acasxu_1_1.onnx", (1, 1, 5), 300, 5),
    ("acasxu_3_3.onnx", (1, 1, 5), 300, 5),
    ("cifar_base_kw.onnx", (3, 32, 32), 3172, 10),
    ("cifar_deep_kw.onnx", (3, 32, 32), 6756, 10),
    ("cifar_resnet_2b.onnx", (3, 32, 32), 6244, 10),
    ("convnet_avgpool.onnx", (1, 28, 28), 32 * 27 * 27, 10),
    ("convnet_maxpool.onnx", (1, 28, 28), 32 * (27 * 27 + 15 * 6 * 6), 10),
    ("mnist_leaky_5x20.onnx", (1, 28, 28), 120, 10),
    ("mnistcnn.onnx", (1, 28, 28), 9508, 10),
    ("mnistfc_256x2.onnx", (784, 1), 512, 10),
    ("mnistfc_256x4.onnx", (784, 1), 1024, 10),
    ("linearizenn__AllInOne_10_10.onnx.gz", (4,), 1056, 2),
    ("nn4sys__lindex.onnx.gz", (1,), 384, 1),
    ("reach_prob_density__gcas.onnx.gz", (14,), 64, 14),
    ("reach_prob_density__vdp.onnx.gz", (3,), 64, 3),
    ("rl_benchmarks__cartpole.onnx.gz", (4,), 128, 2),
    ("rl_benchmarks__dubinsrejoin.onnx.gz", (8,), 512, 8),
    ("rl_benchmarks__lunarlander.onnx.gz", (8,), 128, 4),
    ("safenlp__perturbations_0.onnx.gz", (30,), 128, 2),
    ("rul_cnn_20.onnx.gz", (1, 20, 20), 5500, 1),
    ("tll_16_0.onnx.gz", (2,), 1020, 1),
    ("tll_8_0.onnx.gz", (2,), 252, 1),
]


@pytest.mark.networks
@pytest.mark.skipif(not NETWORKS.is_dir(), reason=f"no published networks in {NETWORKS}; set VERIFY_NETWORKS")
@pytest.mark.parametrize(("file", "shape", "units", "outputs"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_published_network(file: str, shape: tuple[int, ...], units: int, outputs: int) -> None:
    path = NETWORKS / file
    network = load_onnx(path)
    assert (network.input_shape, network.relu_count, network.output_shape) == (shape, units, (outputs,))
    assert (network.source, network.notes) == (str(path), ())
    assert network.file_digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.name == file.split(".")[0]
    stored = path.read_bytes()
    data = gzip.decompress(stored) if file.endswith(".gz") else stored
    full = (1, *shape)
    low, high = random_points(full, 2)
    assert_agrees(network, data, [low, high, np.zeros(full, np.float32), np.abs(low)])


# File, what the message says, and the tensor that cuts before it, if there is one.
REFUSED: list[tuple[str, str, str | None, int]] = [
    ("ml4acopf_2024__14_ieee_ml4acopf-linear-residual.onnx.gz", "Mul node 'Mulpow_0': a product of two", None, 0),
    ("nn4sys__pensieve_small_parallel.onnx.gz", "Pow is not piecewise linear", "/relu_6/Relu_output_0", 6),
]


@pytest.mark.networks
@pytest.mark.skipif(not NETWORKS.is_dir(), reason=f"no published networks in {NETWORKS}; set VERIFY_NETWORKS")
@pytest.mark.parametrize(("file", "part", "output", "size"), REFUSED, ids=[p[0] for p in REFUSED])
def test_published_network_that_is_refused(file: str, part: str, output: str | None, size: int) -> None:
    with pytest.raises(NetworkError) as caught:
        load_onnx(NETWORKS / file)
    assert part in str(caught.value)
    if output is not None:
        assert f"--output {output}" in str(caught.value)
        assert load_onnx(NETWORKS / file, output).output_size == size


# What a network carries.


def dense(**changes: Any) -> onnx.ModelProto:
    """x -> relu(x w + b), from 3 to 2 values."""
    nodes = [node("Gemm", "x w b", "g", name="layer"), node("Relu", "g")]
    values = {"w": np.ones((3, 2), np.float32), "b": np.zeros(2, np.float32)}
    return model(nodes, (1, 3), values | changes)


def loaded(proto: onnx.ModelProto) -> Network:
    return from_model_bytes(proto.SerializeToString(), "m")


@pytest.mark.parametrize("name", ["net.onnx", "net.onnx.gz"])
def test_file(tmp_path: Path, name: str) -> None:
    data = dense().SerializeToString()
    stored = gzip.compress(data) if name.endswith(".gz") else data
    path = tmp_path / name
    path.write_bytes(stored)
    for given in (path, str(path)):
        network = load_onnx(given)
        assert (network.name, network.source) == ("net", str(path))
        assert network.file_digest == hashlib.sha256(stored).hexdigest()


def test_model_bytes() -> None:
    data = dense().SerializeToString()
    network = from_model_bytes(data, "given")
    assert (network.name, network.source, network.file_digest) == ("given", None, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (("batch", 4), (4,)),
        ((0, 2, 3), (2, 3)),
        ((-1, 3), (3,)),
        ((3, 2), (3, 2)),
        ((2, 1, 4), (2, 1, 4)),
        ((1, 1, 1, 5), (1, 1, 5)),
        ((1, 784, 1), (784, 1)),
        ((7,), (7,)),
        ((1,), (1,)),
    ],
)
def test_batch_axis_is_left_out(shape: tuple[int | str, ...], expected: tuple[int, ...]) -> None:
    network = loaded(model([node("Relu", "x")], shape))
    assert (network.input_shape, network.output_shape) == (expected, expected)
    assert network.blocks[0].shape == expected


def test_open_batch_axis_without_any_size() -> None:
    proto = model([node("Relu", "x")], ("n", 3))
    proto.graph.input[0].type.tensor_type.shape.dim[0].ClearField("dim_param")
    assert loaded(proto).input_shape == (3,)


def test_blocks_are_named_after_the_layer_with_the_weights() -> None:
    kernel = np.ones((4, 1, 3, 3), np.float32)
    nodes = [
        node("Conv", "x k", "1", name="conv1", pads=[1, 1, 1, 1]),
        node("Relu", "1", "2"),
        node("MaxPool", "2", "pooled", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "pooled", "4"),
        node("MatMul", "4 w", "5"),
        node("Add", "5 b", "6", name="bias"),
        node("Relu", "6", "7"),
        node("Relu", "7", "y", name="again"),
    ]
    values = {"k": kernel, "w": np.ones((60, 2), np.float32), "b": np.ones(2, np.float32)}
    network = loaded(model(nodes, (1, 1, 6, 11), values))
    names = [block.name for block in network.blocks]
    assert names == ["conv1", "pooled.max1", "pooled.max2", "pooled.max3", "pooled", "matmul1", "again", "again.2"]
    assert network.blocks[0].unit_name(0) == "conv1[channel 0, row 0, col 0]"
    assert network.blocks[0].shape == (4, 6, 11)


def test_residual_reads_one_copy_of_a_value_used_twice() -> None:
    nodes = [node("Gemm", "x w", "g", name="twice"), node("Relu", "g", "r"), node("Add", "r g")]
    network = loaded(model(nodes, (1, 3), {"w": np.full((3, 3), 2, np.float32)}))
    assert (network.blocks[0].name, network.blocks[0].relu) == ("twice", False)
    assert sum(block.inputs[0][0] == 0 for block in network.blocks) == 1


def test_initializers_may_be_listed_as_inputs() -> None:
    proto = dense()
    proto.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 2]))
    assert loaded(proto).input_shape == (3,)


def test_nodes_that_the_output_does_not_need_are_left_alone() -> None:
    proto = dense()
    proto.graph.node.append(node("Sin", "g", "unused"))
    assert loaded(proto).output_size == 2


def test_nodes_may_come_in_any_order() -> None:
    proto = dense()
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend(reversed(nodes))
    assert loaded(proto).canonical_digest == loaded(dense()).canonical_digest


def test_folded_float_constants_are_on_the_ledger() -> None:
    nodes = [node("Add", "a b", "c", name="sum"), node("Mul", "x c")]
    values = {"a": np.array([0.1], np.float32), "b": np.array([1e-30], np.float32)}
    network = loaded(model(nodes, (1, 1), values))
    assert network.notes == ("constant sum computed exactly; an implementation may round it",)
    exact = sum(Fraction(float(value[0])) for value in values.values())
    assert network.blocks[-1].inputs[0][1].fractions() == [exact]


def test_casts_to_fewer_bits_are_on_the_ledger() -> None:
    for element, target, noted in ((1, 10, True), (11, 1, True), (1, 11, False), (10, 10, False)):
        network = loaded(model([node("Cast", "x", name="c", to=target)], (1, 2), element=element))
        assert bool(network.notes) == noted
        assert all("cast c to a narrower float" in note for note in network.notes)


def test_printed_names_stay_on_one_line() -> None:
    proto = dense()
    proto.graph.node[0].name = "evil\nname\x1b[31m"
    assert loaded(proto).blocks[0].name == "evil?name?[31m"


# Bad files. Every one is a NetworkError of one line.


def message(action: Callable[[], object]) -> str:
    with pytest.raises(NetworkError) as caught:
        action()
    text = str(caught.value)
    assert "\n" not in text and len(text) < 1500
    return text


def pickled() -> bytes:
    return pickle.dumps({"state": [1.0] * 100})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (pickled(), "pickle"),
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"hello, this is not a model\n", "not an ONNX model"),
        (dense().SerializeToString()[:-20], "not an ONNX model"),
        (gzip.compress(dense().SerializeToString())[:-20], "damaged gzip"),
        (b"\x1f\x8b" + bytes(50), "damaged gzip"),
        (b"\x08\x07", "no graph"),
        (onnx.ModelProto(ir_version=8, graph=onnx.GraphProto(name="empty")).SerializeToString(), "no graph"),
    ],
    ids=["empty", "pickle", "zip", "text", "truncated", "truncated-gzip", "broken-gzip", "no-graph", "no-nodes"],
)
def test_file_that_is_no_model(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    text = message(lambda: load_onnx(path))
    assert text.startswith(f"{path}: ") and expected in text


def test_places_without_a_file(tmp_path: Path) -> None:
    assert "no such file" in message(lambda: load_onnx(tmp_path / "missing.onnx"))
    assert "directory" in message(lambda: load_onnx(tmp_path))
    assert "cannot be read" in message(lambda: load_onnx("nul\0byte.onnx"))
    assert "cannot be read" in message(lambda: load_onnx("x" * 5000 + ".onnx"))
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "not a regular file" in message(lambda: load_onnx(tmp_path / "pipe.onnx"))
    (tmp_path / "plain.onnx.gz").write_bytes(dense().SerializeToString())
    assert "not gzip data" in message(lambda: load_onnx(tmp_path / "plain.onnx.gz"))


def test_gzip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 2**22)
    path = tmp_path / "bomb.onnx.gz"
    path.write_bytes(gzip.compress(bytes(2**24)))
    assert "decompresses to more than" in message(lambda: load_onnx(path))
    path.write_bytes(bytes(2**22 + 1))
    assert "more than 4194304 bytes" in message(lambda: load_onnx(path))


def test_random_bytes() -> None:
    generator = random.Random(0)
    for size in [*range(1, 60), 1000, 10_000]:
        data = generator.randbytes(size)
        message(lambda data=data: from_model_bytes(data, "noise"))  # type: ignore[misc]


def test_mutated_models() -> None:
    """Any byte changed: a network, or a NetworkError, and nothing else."""
    generator = random.Random(1)
    nodes = [
        node("Conv", "x k", "a", pads=[1, 1, 1, 1]),
        node("MaxPool", "a", "b", kernel_shape=[2, 2]),
        node("Reshape", "b s", "c"),
        node("Slice", "c i j", "d"),
        node("Gemm", "d w", alpha=0.5),
    ]
    values: dict[str, Any] = {
        "k": np.ones((2, 1, 3, 3), np.float32),
        "s": np.array([1, -1]),
        "i": np.array([0, 0]),
        "j": np.array([1, 18]),
        "w": np.ones((18, 2), np.float32),
    }
    data = model(nodes, (1, 1, 4, 4), values).SerializeToString()
    rejected = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            from_model_bytes(bytes(damaged), "damaged")
        except NetworkError as error:
            assert "\n" not in str(error)
            rejected += 1
    assert rejected > 50


# Bad graphs.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers(value: float) -> None:
    weight = np.ones((3, 2), np.float32)
    weight[1, 1] = value
    assert "'w'" in message(lambda: loaded(dense(w=weight)))


def test_unsupported_operators() -> None:
    text = message(lambda: loaded(model([node("Sin", "x", name="act")], (1, 2))))
    assert "Sin node 'act'" in text and "not piecewise linear" in text and "constants alone" in text
    assert "'com.example' is not imported" in message(
        lambda: loaded(model([node("Relu", "x", domain="com.example")], (1, 2)))
    )


def test_names_of_bad_operators_stay_on_one_line() -> None:
    proto = model([node("Evil\nOp", "x", name="a\nb")], (1, 2))
    assert "Evil?Op node 'a?b'" in message(lambda: loaded(proto))


GRAPHS: list[tuple[str, onnx.ModelProto, str]] = [
    ("two-outputs", model([node("Split", "x", "y z", axis=1)], (1, 4), outputs=("y", "z")), "2 outputs (y, z)"),
    ("no-output", model([node("Relu", "x")], (1, 4), outputs=()), "0 outputs"),
    ("open-axis", model([node("Relu", "x")], (1, "n")), "axis 1 has no fixed size"),
    ("minus-one", model([node("Relu", "x")], (2, -1)), "axis 1 has no fixed size"),
    ("zero", model([node("Relu", "x")], (1, 0)), "axis 1 has size 0"),
    ("no-values", model([node("Relu", "x")], (1, -3)), "expected sizes >= 0"),
    ("negative", model([node("Relu", "x")], (-2, 3)), "expected sizes >= 0"),
    ("huge-input", model([node("Relu", "x")], (1, 10**6, 10**6)), "at most"),
    ("integers", model([node("Relu", "x")], (1, 2), element=TensorProto.INT64), "not a tensor of float"),
    ("old-opset", model([node("Relu", "x")], (1, 2), opset=6), "operator set 6"),
    ("future-opset", model([node("Relu", "x")], (1, 2), opset=999), "operator set 999"),
    ("undefined", model([node("Add", "x ghost")], (1, 2)), "'ghost'"),
    ("cycle", model([node("Add", "x y", "a"), node("Relu", "a")], (1, 2)), "cycle"),
    ("self-loop", model([node("Add", "x y", "y")], (1, 2)), "cycle"),
    ("twice", model([node("Relu", "x"), node("Neg", "x")], (1, 2)), "defined twice"),
    ("shadow", model([node("Relu", "x", "w")], (1, 2), {"w": np.ones(2)}, outputs=("w",)), "defined twice"),
    ("output-is-input", model([node("Relu", "x")], (1, 2), outputs=("x",)), "not computed"),
    ("constant", model([node("Neg", "w")], (1, 2), {"w": np.ones(2)}), "constant"),
    ("indices", model([node("MaxPool", "x", "p y", kernel_shape=[2])], (1, 1, 4)), "not computed"),
    ("read-indices", model([node("Dropout", "x", "a m"), node("Cast", "m", to=1)], (1, 4)), "'m'"),
    ("product", model([node("Mul", "x x", name="square")], (1, 2)), "'square'"),
    ("matmul", model([node("Transpose", "x", "t"), node("MatMul", "x t")], (1, 2)), "not piecewise linear"),
    ("divisor", model([node("Div", "c x")], (1, 2), {"c": np.ones(2)}), "constant divisor"),
    ("by-zero", model([node("Div", "x c")], (1, 2), {"c": np.zeros(2)}), "division by zero"),
    ("target", model([node("Cast", "x", "t", to=7), node("Reshape", "x t")], (1, 2)), "casts an activation"),
    ("reshape-to-x", model([node("Reshape", "x x")], (1, 2)), "is of FLOAT"),
    ("reshape", model([node("Reshape", "x s")], (1, 6), {"s": np.array([4, -1])}), "cannot reshape"),
    ("reshape-wrap", model([node("Reshape", "x s")], (1, 6), {"s": np.array([2**62, 4])}), "cannot reshape"),
    ("expand", model([node("Expand", "x s")], (1, 6), {"s": np.array([10**12, 6])}), "at most"),
    ("constant-of-shape", model([node("ConstantOfShape", "s", "c"), node("Add", "x c")], (1, 6),
                                {"s": np.array([10**6, 10**6])}), "at most"),
    ("pad", model([node("Pad", "x p")], (1, 6), {"p": np.array([0, 10**12, 0, 0])}), "at most"),
    ("crop", model([node("Pad", "x p", mode="edge")], (1, 6), {"p": np.array([0, -1, 0, 0])}), "negative pads"),
    ("crop-all", model([node("Pad", "x p")], (1, 6), {"p": np.array([0, -4, 0, -3])}), "cut more"),
    ("pad-infinity", model([node("Pad", "x p v")], (1, 6), {"p": np.array([0, 1, 0, 0]), "v": np.array(np.inf)}),
     "finite"),
    ("wide-kernel", model([node("MaxPool", "x", kernel_shape=[10**9], pads=[10**9, 10**9])], (1, 1, 4)), "unrolls"),
    ("wide-average", model([node("AveragePool", "x", kernel_shape=[10**9], pads=[10**9, 10**9])], (1, 1, 4)),
     "unrolls"),
    ("wide-conv", model([node("Conv", "x w", pads=[10**12, 0])], (1, 1, 4), {"w": np.ones((1, 1, 2))}), "unrolls"),
    ("gather", model([node("Gather", "x i", axis=1)], (1, 6), {"i": np.array([6])}), "an index"),
    ("axis", model([node("Concat", "x x", axis=2)], (1, 6)), "axis 2"),
    ("concat", model([node("Concat", "x c", axis=1)], (1, 6), {"c": np.ones((2, 2))}), "differ outside axis 1"),
    ("broadcast", model([node("Add", "x c")], (1, 6), {"c": np.ones(5)}),
     "Add node 'y': shapes (1, 6), (5,) do not broadcast"),
    ("kernel", model([node("Conv", "x w")], (1, 2, 4), {"w": np.ones((1, 3, 2))}), "Conv node 'y'"),
    ("gemm", model([node("Gemm", "x w")], (1, 2), {"w": np.ones((3, 2))}), "do not fit"),
    ("attribute", model([node("Relu", "x", slope=0.1)], (1, 2)), "'slope' is not supported"),
    ("flag", model([node("ReduceSum", "x", keepdims=2)], (1, 2)), "expected 0 or 1"),
    ("slopes", model([node("PRelu", "x s")], (1, 2), {"s": np.ones((2, 2))}), "do not broadcast"),
    ("slope of one", model([node("PRelu", "x s")], (), {"s": np.ones(1)}), "the standard lets only slopes broadcast"),
    ("attribute-type", model([node("Flatten", "x", axis=1.5)], (1, 2)), "wrong type"),
    ("missing-attribute", model([node("Concat", "x x")], (1, 2)), "'axis' is missing"),
    ("missing-input", model([node("Add", "x")], (1, 2)), "input 1 is missing"),
    ("legacy-attribute", model([node("Squeeze", "x", axes=[0])], (1, 2)), "'axes' is not supported"),
    ("ceil-valid", model([node("MaxPool", "x", kernel_shape=[3], strides=[2], ceil_mode=1, auto_pad="VALID")],
                         (1, 1, 6)), "disagree"),
    ("narrow-same", model([node("MaxPool", "x", kernel_shape=[1], strides=[4], auto_pad="SAME_UPPER")], (1, 1, 8)),
     "disagree"),
    ("dilated-same", model([node("MaxPool", "x", kernel_shape=[2], dilations=[2], auto_pad="SAME_LOWER")], (1, 1, 8)),
     "disagree"),
    ("training", model([node("Dropout", "x r t")], (1, 2), {"r": np.array(0.5), "t": np.array(True)}), "training"),
    ("variance", model([node("BatchNormalization", "x a a a v")], (1, 2), {"a": np.ones(2), "v": -np.ones(2)}),
     "not positive"),
    ("text", model([node("Add", "x c")], (1, 2), {"c": np.array(["a", "b"], dtype=object)}), "STRING"),
    ("integer-weights", model([node("Add", "x c")], (1, 2), {"c": np.array([1, 2])}), "FLOAT and INT64"),
]  # fmt: skip


@pytest.mark.parametrize(("proto", "expected"), [g[1:] for g in GRAPHS], ids=[g[0] for g in GRAPHS])
def test_bad_graph(proto: onnx.ModelProto, expected: str) -> None:
    assert expected in message(lambda: loaded(proto))


def test_input_without_a_shape() -> None:
    proto = dense()
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    assert "no shape" in message(lambda: loaded(proto))
    del proto.graph.input[:]
    assert "0 inputs (none)" in message(lambda: loaded(proto))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.__setattr__("raw_data", t.raw_data[:-1]),
        lambda t: t.__setattr__("raw_data", t.raw_data * 2),
        lambda t: t.ClearField("raw_data"),
        lambda t: t.dims.__setitem__(0, 10**12),
        lambda t: t.dims.__setitem__(0, -3),
        lambda t: t.__setattr__("data_type", TensorProto.DOUBLE),
        lambda t: t.__setattr__("data_type", TensorProto.FLOAT8E5M2),
        lambda t: t.__setattr__("data_type", 9999),
        lambda t: t.__setattr__("data_type", 0),
    ],
    ids=["short", "long", "none", "huge", "negative", "double", "float8", "unknown", "undefined"],
)
def test_tensor_that_does_not_fit_its_bytes(change: Callable[[Any], None]) -> None:
    proto = dense()
    change(proto.graph.initializer[0])
    assert "initializer 'w'" in message(lambda: loaded(proto))


def test_growth_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "MAX_VALUES", 10_000)
    names = ["x", *(f"c{i}" for i in range(1, 61))]
    doubled = [node("Concat", f"{a} {a}", b, axis=1) for a, b in itertools.pairwise(names)]
    assert "at most 10000" in message(lambda: loaded(model(doubled, (1, 4), outputs=("c60",))))
    squared = [node("Mul", f"c{i} c{i}", f"c{i + 1}") for i in range(60)]
    proto = model([*squared, node("Mul", "x c60")], (1, 1), {"c0": np.array([0.1])})
    assert "bits" in message(lambda: loaded(proto))
    monkeypatch.setattr(translation, "MAX_WEIGHTS", 5)
    assert "more than 5 weights" in message(lambda: loaded(dense()))


def test_a_thousand_layers() -> None:
    nodes = [node("Relu", "x" if i == 0 else f"r{i}", f"r{i + 1}") for i in range(1500)]
    assert loaded(model(nodes, (1, 1), outputs=("r1500",))).relu_count == 1500
