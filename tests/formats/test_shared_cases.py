"""Small inputs that went wrong once, from the folder ../shared: shapes of models, and VNN-LIB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.outside import outside
from verify import api
from verify.errors import NetworkError
from verify.formats.expressions import parse_regions
from verify.formats.onnx import load_onnx
from verify.network import Network
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats
from verify.region import region

pytestmark = pytest.mark.networks


def recorded(name: str) -> list[dict[str, Any]]:
    """Three points with the values that ONNX Runtime gives."""
    found = json.loads(outside("cases/onnx/expected.json").read_text())
    cases: list[dict[str, Any]] = found[name]
    return cases


def assert_recorded(network: Network, points: list[dict[str, Any]], output: str | None = None) -> None:
    for point in points:
        x = np.concatenate([np.asarray(v, np.float64).ravel() for v in point["inputs"].values()])
        outputs = point["outputs"]
        expected = np.asarray(outputs[output] if output else next(iter(outputs.values())), np.float64).ravel()
        theirs, ours = (run(network, vector_from_floats(x), r) for r in (FLOAT32_ROUNDOFF, UNIT_ROUNDOFF))
        assert np.all(np.abs(expected - ours.values[-1]) <= theirs.errors[-1] + ours.errors[-1])


# File, numbers of inputs and outputs, chosen output.
MODELS = [
    ("two_inputs.onnx", 6, 3, None),
    ("unused_second_input.onnx", 10, 3, None),
    ("multiout_dy.onnx", 5, 3, "relu"),
    ("multiout_dy.onnx", 5, 3, "linear_1"),
    ("matmul_const_left_3d.onnx", 6, 8, None),
    ("dim_minus1.onnx", 3, 3, None),
    ("local_function.onnx", 3, 3, None),
]


@pytest.mark.parametrize(("name", "inputs", "outputs", "output"), MODELS, ids=[f"{m[0]}-{m[3]}" for m in MODELS])
def test_model(name: str, inputs: int, outputs: int, output: str | None) -> None:
    network = load_onnx(outside(f"cases/onnx/{name}"), output)
    assert (network.input_size, network.output_size) == (inputs, outputs)
    assert_recorded(network, recorded(name), output)


def test_weights_beside_the_model() -> None:
    network = load_onnx(outside("cases/onnx/external/mlp.onnx"))
    assert [name for name, _ in network.files] == ["mlp.onnx.data"]
    keys = [key for key in json.loads(outside("cases/onnx/expected.json").read_text()) if key.endswith("mlp.onnx")]
    for key in keys:
        assert_recorded(network, recorded(key))


def test_several_outputs_are_listed() -> None:
    with pytest.raises(NetworkError, match=r"2 outputs \(relu, linear_1\); choose one with --output"):
        load_onnx(outside("cases/onnx/multiout_dy.onnx"))


def test_softmax_at_the_end() -> None:
    path = outside("cases/onnx/softmax_end.onnx")
    with pytest.raises(NetworkError, match=r"Softmax.*--output r takes what it reads"):
        load_onnx(path)
    assert load_onnx(path, "r").relu_count == 3


def test_two_imports_of_one_domain() -> None:
    with pytest.raises(NetworkError, match="of one domain"):
        load_onnx(outside("cases/verdicts/dup_opset.onnx"))


REGIONS = [
    ("or2", "box(0, 1)", 2),
    ("notY", "box(0, 1)", 2),
    ("implied", "all", 2),
    ("quoted", "box(0, 1)", 1),
    ("atrue", "box(0, 1)", 1),
]


@pytest.mark.parametrize(("name", "meaning", "size"), REGIONS, ids=[r[0] for r in REGIONS])
def test_vnnlib(name: str, meaning: str, size: int) -> None:
    path = outside(f"cases/vnnlib/{name}.vnnlib")
    (found,) = parse_regions(f'"{path}"', size)
    (expected,) = parse_regions(meaning, size)
    assert {k: v for k, v in region.to_json(found).items() if k != "text"} == {
        k: v for k, v in region.to_json(expected).items() if k != "text"
    }


@pytest.mark.parametrize("name", ["odd", "even", "homogeneous"])
def test_hull(name: str) -> None:
    path: Path = outside("cases/verdicts/hull.toml")
    found = api.check(path, name, "where(x0 + x1 - x2 <= 1, 2*x0 + x1 + x2 >= 0) & nonneg")
    assert found.verdict.value == ("refuted" if name == "homogeneous" else "proved")
