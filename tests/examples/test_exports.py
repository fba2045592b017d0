"""The networks that exporters, folding and pruning leave, and what comparing them says."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from examples import exports
from tests.support.cli import ROOT
from verify import api

GUIDE = (ROOT / "docs" / "guides" / "batchnorm.md").read_text(encoding="utf-8")
ANSWERS = {"folded": "rounding: ", "pruned": "not rounding alone: ", "broken": "not rounding alone: "}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network like the one of the digits, for images of 4 x 4 pixels."""
    rng = np.random.default_rng(3)
    shapes = {"conv1": (2, 1, 3, 3), "conv2": (2, 2, 3, 3), "dense": (2, 8)}
    values = {}
    for name, shape in shapes.items():
        values[f"{name}.weight"] = rng.normal(0, 1, shape).astype(np.float32)
        values[f"{name}.bias"] = rng.normal(0, 0.1, shape[0]).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["a"], "conv1", strides=[1, 1], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"], "relu1"),
        helper.make_node("Conv", ["b", "conv2.weight", "conv2.bias"], ["c"], "conv2", strides=[1, 1], pads=[0] * 4),
        helper.make_node("Relu", ["c"], ["d"], "relu2"),
        helper.make_node("Flatten", ["d"], ["e"], "flatten", axis=1),
        helper.make_node("Gemm", ["e", "dense.weight", "dense.bias"], ["scores"], "dense", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    path = tmp_path_factory.mktemp("small") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_each_gets_its_answer(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    pairs = exports.write_models(tmp_path, small)
    assert [second for _, second in pairs] == list(ANSWERS)
    results = exports.compared(tmp_path, pairs, "box(0, 1)", 2)
    printed = capsys.readouterr().out
    for name, found in results.items():
        assert found.cause.startswith(ANSWERS[name]), name
        assert found.cause in printed
        assert found.upper is not None and 0 < found.lower <= found.upper
    assert results["folded"].upper < Fraction(1, 10**4) < Fraction(1, 100) < results["broken"].lower  # type: ignore[operator]


def test_what_the_variants_compute(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime, on random images: the fold is the normalized network but for rounding, the others differ."""
    runtime = pytest.importorskip("onnxruntime")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exports.write_models(tmp_path, small)
    names = ("plain", "normalized", "folded", "pruned", "broken")
    run = {
        name: runtime.InferenceSession(tmp_path / f"{name}.onnx", providers=["CPUExecutionProvider"]) for name in names
    }
    images = np.random.default_rng(0).random((20, 1, 1, 4, 4), dtype=np.float32)
    out = {name: np.array([run[name].run(None, {"image": image})[0] for image in images]) for name in names}
    np.testing.assert_allclose(out["folded"], out["normalized"], rtol=1e-3, atol=1e-4)
    for name, other in (("normalized", "plain"), ("pruned", "plain"), ("broken", "plain")):
        assert np.abs(out[name] - out[other]).max() > 1e-3, name
    lost = exports.constants(onnx.load(tmp_path / "pruned.onnx"))["dense.weight"] == 0
    assert lost.sum() == 1  # a sixteenth of the sixteen


def test_answers() -> None:
    same = api.compare("relu", "relu", "box(-1, 1)", timeout=5)
    assert same.cause == "the networks are the same function there"


@pytest.mark.slow
def test_the_guide_shows_what_the_script_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answers; how small an E is proved depends on the time."""
    pairs = exports.write_models(tmp_path)[:3]
    point = (ROOT / "examples" / "digits_point.npy").as_posix()
    exports.compared(tmp_path, pairs, f'ball("{point}", {exports.RADIUS})', 4)
    answers = re.findall(r"^  (?:rounding|not rounding alone): .*$", capsys.readouterr().out, re.MULTILINE)
    assert len(answers) == 3
    assert all(line in GUIDE for line in answers), answers


@pytest.mark.slow
def test_torchs_two_exporters(small: Path, tmp_path: Path) -> None:
    """Both fold the normalization, and nothing else."""
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'relu-verify[torch]'")
    pytest.importorskip("onnxscript")
    pairs = exports.write_models(tmp_path, small)[3:]
    assert [second for _, second in pairs] == ["torch_export", "torch_script"]
    for found in exports.compared(tmp_path, pairs, "box(0, 1)", 2).values():
        assert found.upper is not None and found.upper < Fraction(1, 10**4)
