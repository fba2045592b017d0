"""Simplified networks: equal to the original, proved so, read back from ONNX, and run the same elsewhere."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.support import random_networks, redundant
from tests.support.cli import call
from tests.support.naive import preactivations as naive
from tests.support.outside import outside
from verify import api
from verify.errors import BudgetExceeded, InputError, NetworkError
from verify.formats.onnx import from_model_bytes, stored_model
from verify.formats.onnx.writer import model_bytes
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate, preactivations
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.network.rounding import PRECISIONS, RoundingBound
from verify.rational import vector
from verify.region import Box, box, everything
from verify.report.recheck import recheck
from verify.search.budget import Budget
from verify.search.commands.simplify import simplify

# Dense, cancelling and pooled networks: the other kinds have weights such as 1/10 whatever is asked for.
SEEDS = [seed for seed in range(40) if seed % 5 in (0, 1, 3)]


def eighths(rng: random.Random) -> float:
    return rng.randint(-16, 16) / 8


def run(data: bytes, network: Network, x: list[Fraction]) -> tuple[Any, str]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    number = np.float64 if entry.type == "tensor(double)" else np.float32
    point = np.array([float(v) for v in x], dtype=number).reshape([1, *network.input_shape])
    return session.run(None, {entry.name: point})[0].astype(np.float64).ravel(), np.dtype(number).name


@pytest.mark.parametrize("seed", SEEDS)
def test_written_networks_read_back_as_they_are(seed: int) -> None:
    network = random_networks.network(seed, eighths)
    data = model_bytes(network)
    again = from_model_bytes(data, "again")
    assert (again.input_shape, again.output_shape) == (network.input_shape, network.output_shape)
    rng = random.Random(seed)
    for _ in range(4):
        x = [Fraction(rng.randint(-16, 16), 8) for _ in range(network.input_size)]
        assert evaluate(again, vector(x)).fractions() == naive(network, x)[-1]
        computed, precision = run(data, network, x)
        bound = RoundingBound(again, PRECISIONS[precision]).at(vector(x), preactivations(again, vector(x)))
        for value, exact, error in zip(computed.tolist(), naive(network, x)[-1], bound.tolist(), strict=True):
            assert abs(Fraction(value) - exact) <= Fraction(error)


@pytest.mark.parametrize("seed", SEEDS[:18])
def test_simplified_networks_are_equal_on_the_region(seed: int) -> None:
    rng = random.Random(seed)
    network = random_networks.network(seed, eighths)
    size = network.input_size
    region = rng.choice([everything(size), box([0] * size, [Fraction(1, 2)] * size), box([-1] * size, [-1] * size)])
    found = simplify(network, region, Budget(60))
    assert found.outcome.verdict is Verdict.PROVED and found.outcome.assurance == "checked"
    assert found.network.relu_count <= network.relu_count
    assert isinstance(region.base, Box)
    centre, radii = region.base.centre().fractions(), region.base.radii().fractions()
    for _ in range(5):
        reach = radii if region.base.is_bounded else [Fraction(9)] * size
        x = [c + r * Fraction(rng.randint(-8, 8), 8) for c, r in zip(centre, reach, strict=True)]
        assert evaluate(found.network, vector(x)).fractions() == naive(network, x)[-1]


def test_everything_folds_where_nothing_switches() -> None:
    builder = Builder((2,), "folds")
    x = relu(dense(builder.input, [[1, 1], [1, -1]], [1, -5]))
    network = builder.build(dense(relu(dense(x, [[1, 3]], [1])), [[2]]))
    found = simplify(network, box([0, 0], [1, 1]), Budget())
    assert found.network.relu_count == 0 and found.network.weight_count == 2
    assert simplify(network, everything(2), Budget()).network.relu_count == 3 - 1


def test_sums_that_no_float_holds_are_not_written() -> None:
    """1 + 2^-60 is no float64: the two units stay apart, and the file is still exact."""
    builder = Builder((1,), "long")
    x = relu(dense(builder.input, [[1.0], [1.0]]))
    network = builder.build(dense(x, [[1.0, 2.0**-60]]))
    found = simplify(network, everything(1), Budget())
    assert found.network.relu_count == 2
    assert any("binary64" in note for note in found.notes)
    assert evaluate(found.network, vector([3])).fractions() == [3 + Fraction(3, 2**60)]


def test_weights_that_no_float_holds() -> None:
    builder = Builder((1,), "thirds")
    network = builder.build(dense(relu(dense(builder.input, [["1/3"]])), [[1]]))
    with pytest.raises(NetworkError, match="binary64"):
        simplify(network, everything(1), Budget())


def test_no_time() -> None:
    with pytest.raises(BudgetExceeded):
        simplify(redundant.pair(0)[0], everything(redundant.pair(0)[0].input_size), Budget(1e-9))


@pytest.mark.networks
def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source, out = outside("networks/tll_8_0.onnx.gz"), tmp_path / "small.onnx"
    done = call(capsys, "simplify", str(source), "--on", "box(-2, 2)", "-o", str(out), "--json")
    assert done.status == 0
    data = json.loads(done.out)
    assert data["network"]["relu"] == 252 and data["simplified"]["relu"] <= 31
    assert (data["verdict"], data["assurance"]) == ("proved", "checked")
    small, first = api.load(out), api.load(source)
    assert small.relu_count == data["simplified"]["relu"]
    assert recheck(tmp_path / "small.json").verdict == "proved"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.json", "small.onnx"]
    x = [Fraction(1, 4), Fraction(-3, 2)]
    computed, precision = run(out.read_bytes(), small, x)
    bound = RoundingBound(small, PRECISIONS[precision]).at(vector(x), preactivations(small, vector(x)))
    assert abs(Fraction(computed[0]) - evaluate(first, vector(x))[0]) <= Fraction(bound[0])
    shown = call(capsys, "simplify", str(source), "-o", str(out))
    assert shown.status == 0 and "252 -> " in shown.out


def test_errors_of_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = call(capsys, "simplify", "relu", "-o", str(tmp_path / "out.txt"))
    assert wrong.status == 2 and ".onnx" in wrong.err
    late = call(capsys, "simplify", "relu", "-o", str(tmp_path / "out.onnx"), "--timeout", "1e-9")
    assert late.status == 3
    empty = call(capsys, "simplify", "relu", "--on", "where(x0 >= 1, x0 <= 0)", "-o", str(tmp_path / "out.onnx"))
    assert empty.status == 2
    assert not list(tmp_path.iterdir())


def test_the_python_interface(tmp_path: Path) -> None:
    found = api.simplify("identity_pair", out=tmp_path / "line.onnx")
    assert found.after.relu_count == 0 and found.result.verdict is Verdict.PROVED
    assert api.check("identity_pair", "equivalent", to=found.path).verdict is Verdict.PROVED
    with pytest.raises(InputError):
        api.simplify("relu", out=tmp_path / "line.txt")


def test_where_no_relu_disappears_the_file_stays_as_it_is(tmp_path: Path) -> None:
    """A convolution would be written unrolled, which is no smaller network."""
    rng = np.random.default_rng(0)
    kernel = onnx.numpy_helper.from_array(rng.normal(0, 1, (3, 1, 3, 3)).astype(np.float32), "w")
    nodes = [onnx.helper.make_node("Conv", ["x", "w"], ["z"]), onnx.helper.make_node("Relu", ["z"], ["y"])]
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 1, 9, 9]), ("y", [1, 3, 7, 7]))
    ]
    model = onnx.helper.make_model(onnx.helper.make_graph(nodes, "conv", ends[:1], ends[1:], [kernel]))
    model.opset_import[0].version, model.ir_version = 17, 8
    source, out = tmp_path / "conv.onnx", tmp_path / "same.onnx"
    source.write_bytes(model.SerializeToString())
    found = api.simplify(source, on="box(-1, 1)", out=out)
    assert found.after.relu_count == found.before.relu_count == 147
    assert out.read_bytes() == source.read_bytes()
    assert found.result.verdict is Verdict.PROVED


def test_a_file_that_has_changed_is_not_the_network_any_more(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(Path("examples/digits_conv.onnx").read_bytes())
    network = api.load(copy)
    assert stored_model(network) == copy.read_bytes()
    copy.write_bytes(model_bytes(network))
    assert stored_model(network) is None
    copy.unlink()
    assert stored_model(network) is None
