"""Lists of instances: what is read, what is refused, and the answers of two small ones."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.instances import Instance, ListError, located, read

ROOT = Path(__file__).parents[2]
PROPERTY = """(declare-const X_0 Real)
(declare-const Y_0 Real)
(assert (>= X_0 -1.0))
(assert (<= X_0 1.0))
(assert (>= Y_0 {}))
"""
NETWORK = """name = "absolute"
input = [1]
[[layer]]
type = "dense"
weight = [[1], [-1]]
[[layer]]
type = "relu"
[[layer]]
type = "dense"
weight = [[1, 1]]
"""


def test_lists_are_read(tmp_path: Path) -> None:
    path = tmp_path / "instances.csv"
    path.write_text("a.onnx,p.vnnlib,116\n\nf=a.onnx;g=b.onnx, q.vnnlib , 1e1\na.onnx,b.onnx,q.vnnlib,2\n")
    assert list(read(path)) == [
        Instance(("a.onnx",), "p.vnnlib", 116.0),
        Instance(("f=a.onnx", "g=b.onnx"), "q.vnnlib", 10.0),
        Instance(("a.onnx", "b.onnx"), "q.vnnlib", 2.0),
    ]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "a.onnx\n", "a,b\n", "a,b,c\n", "a,b,-1\n", "a,b,nan\n", "a,b,inf\n", ",b,1\n", "a;,b,1\n"]
)
def test_bad_lists_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "instances.csv"
    path.write_text(text)
    with pytest.raises(ListError, match="expected"):
        list(read(path))


def test_packed_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.onnx.gz").touch()
    assert located("g=a.onnx", tmp_path) == f"g={tmp_path / 'a.onnx.gz'}"
    assert located("b.onnx", tmp_path) == str(tmp_path / "b.onnx")


def test_answers(tmp_path: Path) -> None:
    (tmp_path / "abs.toml").write_text(NETWORK)
    (tmp_path / "above.vnnlib").write_text(PROPERTY.format("1.5"))
    (tmp_path / "below.vnnlib").write_text(PROPERTY.format("0.5"))
    lines = "abs.toml,above.vnnlib,60\nabs.toml,below.vnnlib,60\nmissing.onnx,below.vnnlib,60\n"
    (tmp_path / "instances.csv").write_text(lines)
    command = [sys.executable, "-m", "benchmarks.instances", str(tmp_path / "instances.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = [row[:3] for row in csv.reader(file)]
    assert [row[2] for row in rows] == ["unsat", "sat", "error"]
    assert rows[0][:2] == ["abs.toml", "above.vnnlib"]
    assert done.returncode == 1 and "missing.onnx" in done.stderr
