"""Quantized networks at the command line: verdicts, records, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.support.cli import call


def rounded(path: Path, *, rounds: bool) -> str:
    """relu(x) in steps of 1/4, or as it is."""
    nodes = [helper.make_node("Relu", ["x"], ["h" if rounds else "y"])]
    constants = []
    if rounds:
        constants = [
            numpy_helper.from_array(np.array(0.25, np.float32), "s"),
            numpy_helper.from_array(np.array(0, np.uint8), "z"),
        ]
        nodes += [
            helper.make_node("QuantizeLinear", ["h", "s", "z"], ["q"], name="steps"),
            helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
        ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return rounded(tmp_path / "int8.onnx", rounds=True), rounded(tmp_path / "float.onnx", rounds=False)


def test_verdicts_and_their_records(pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for epsilon, verdict, status in (("13/100", "proved", 0), ("1/10", "refuted", 1)):
        words = ["check", pair[0], f"equivalent within {epsilon}", "--to", pair[1], "--on", "box(-1, 1)", "--json"]
        done = call(capsys, *words)
        assert done.status == status, done.err
        data = json.loads(done.out)
        assert (data["verdict"], data["assurance"]) == (verdict, "checked")
        assert any("QuantizeLinear" in line for line in data["ledger"])
        record = tmp_path / f"{verdict}.json"
        record.write_text(done.out)
        assert call(capsys, "recheck", str(record)).status == 0
        second = call(capsys, "recheck", "--second", str(record))
        assert (second.status, "declined" in second.out) == (3, True)
        forged = data | {"property": "equivalent within 1/10" if verdict == "proved" else "equivalent within 13/100"}
        record.write_text(json.dumps(forged))
        assert call(capsys, "recheck", str(record)).status == 4


def test_compare_says_what_rounding_does(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "compare", *pair, "--on", "box(-1, 1)", "--timeout", "10")
    assert done.status == 0, done.err
    assert "quantized activations" in done.out and "(proved)" in done.out


def test_other_questions_are_refused_in_a_line(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    at_once = ["check", pair[0], "equivalent within 1", "--to", pair[1], "--on", "box(-1, 1)", "--engine", "z3"]
    for words, said in (
        (["check", pair[0], "affine", "--on", "box(-1, 1)"], "not continuous"),
        (["explain", pair[0]], "not continuous"),
        (["ask", pair[0], "f(x)[0] >= 0 for x in box(-1, 1)"], "not continuous"),
        (at_once, "round their values"),
    ):
        done = call(capsys, *words)
        assert done.status == 2, words
        assert done.err.count("\n") == 1 and said in done.err, done.err
