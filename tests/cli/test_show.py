"""``verify show``: what was read of a network file."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_surroundings import shell
from tests.formats.onnx_models import model, node
from tests.formats.test_onnx_external import DATA, dense, saved
from tests.formats.test_onnx_interface import several
from tests.support.cli import call

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_inputs_outputs_and_layers(here: Path, capsys: Capture) -> None:
    nodes = [node("MatMul", "image w", "m"), node("Add", "m state", "s"), node("Relu", "s", "y"), node("Neg", "y", "z")]
    inputs: dict[str, tuple[int | str, ...]] = {"image": (1, 2), "unread": (1, 2, 2), "state": (1, 3)}
    proto = several(nodes, inputs, {"w": np.ones((2, 3), np.float32)}, outputs=("y", "z"))
    saved(here, proto)
    assert call(capsys, "show", "net.onnx").status == 2
    found = call(capsys, "show", "net.onnx", "--output", "y")
    assert (found.status, found.err) == (0, "")
    assert [" ".join(line.split()) for line in found.out.splitlines()] == [
        "net:y: 9 inputs, 3 ReLU, 3 outputs",
        "input image: 2, x0 to x1",
        "input unread: 2 x 2, x2 to x5",
        "input state: 3, x6 to x8",
        "output y: 3, numbers 0 to 2",
        "layer shape units weights then reads",
        "m 3 3 6",
        "s 3 3 6 relu input, m",
        "y 3 3 3",
        "read: input 'unread' is read by no node: its numbers stay, without influence",
        "read: 1 of 4 nodes left out: the output does not depend on them",
        "file: net.onnx",
        f"sha256: {hashlib.sha256((here / 'net.onnx').read_bytes()).hexdigest()}",
    ]
    data = call(capsys, "show", "net.onnx", "--output", "y", "--json").json
    assert data["inputs"] == [
        {"name": "image", "shape": [2], "first": 0, "last": 1},
        {"name": "unread", "shape": [2, 2], "first": 2, "last": 5},
        {"name": "state", "shape": [3], "first": 6, "last": 8},
    ]
    assert (data["output"], data["output_shape"], data["relu"]) == ("y", [3], 3)
    assert data["layers"][0] == {
        "name": "m", "activation": "none", "shape": [3], "units": 3, "weights": 6, "reads": ["input"],
    }  # fmt: skip
    assert len(data["remarks"]) == 2


def test_files_and_digests(here: Path, capsys: Capture) -> None:
    (here / "net.data").write_bytes(DATA)
    saved(here, dense())
    found = call(capsys, "show", "net.onnx")
    assert f"and net.data: {hashlib.sha256(DATA).hexdigest()}" in found.out
    data = call(capsys, "show", "net.onnx", "--json").json
    assert data["files"] == {"net.data": hashlib.sha256(DATA).hexdigest()}
    assert data["sha256"] == hashlib.sha256((here / "net.onnx").read_bytes()).hexdigest()


def test_what_was_computed_and_assumed(here: Path, capsys: Capture) -> None:
    nodes = [node("Add", "a b", "c", name="sum"), node("Mul", "x c", name="product")]
    saved(here, model(nodes, (1, 1), {"a": np.array([0.1], np.float32), "b": np.array([1e-30], np.float32)}))
    found = call(capsys, "show", "net.onnx")
    assert "read: 1 of 2 nodes computed while reading: constants alone" in found.out
    assert "assumes: constant sum computed exactly" in found.out
    assert "no bound for float runs of it: constant sum computed exactly" in found.out
    data = call(capsys, "show", "net.onnx", "--json").json
    assert len(data["notes"]) == len(data["remarks"]) == len(data["unbounded"]) == 1


def test_other_networks(here: Path, capsys: Capture) -> None:
    assert "input   x: 2, x0 to x1" in call(capsys, "show", "max").out
    (here / "n.toml").write_text('input = [1, 2]\n[[layer]]\ntype = "tanh"\n')
    assert call(capsys, "show", "n.toml").out.startswith("n: 2 inputs, 0 ReLU, 2 outputs, 2 smooth units\n")
    (here / "f.toml").write_text('input = 2\n[[layer]]\ntype = "dense"\nweight = ">= 0"\noutputs = 2\n')
    assert "family" in call(capsys, "show", "f.toml").err
    assert "--output" in call(capsys, "show", "n.toml", "--output", "tanh1").err
    assert call(capsys, "show", "nix.onnx").status == 2


@pytest.mark.parametrize("columns", ["40", "120"])
def test_long_names_are_folded(columns: str, here: Path) -> None:
    name = "a/very/long/name/" * 5
    saved(here, model([node("Relu", "x", name=name)], (1, 3)))
    done = shell("V show net.onnx", COLUMNS=columns, PYTHONIOENCODING="ascii")
    lines = done.stdout.decode("ascii").splitlines()
    table = lines[3:-2]
    assert all(len(line.rstrip()) <= int(columns) for line in table)
    letters = Counter("".join(table))
    assert letters["v"] >= 2 * name.count("v") and letters["/"] >= 2 * name.count("/")


def test_an_output_that_was_chosen_is_in_the_evidence(here: Path, capsys: Capture) -> None:
    """A claim about an inner tensor is replayed about that tensor, and about the same other files."""
    (here / "net.data").write_bytes(DATA)
    saved(here, dense())
    inner = call(capsys, "check", "net.onnx", "affine", "--output", "g", "--report", "out")
    assert (inner.status, inner.out.splitlines()[0]) == (0, "PROVED  net:g is affine everywhere")
    assert call(capsys, "check", "net.onnx", "affine").status == 1
    both = call(capsys, "check", "net.onnx", "equivalent", "--output", "g", "--to", "net.onnx", "--to-output", "y")
    assert both.status == 1
    (record,) = (here / "out").glob("*.json")
    assert call(capsys, "recheck", record).status == 0
    text = record.read_text()
    record.write_text(text.replace('"output": "g"', '"output": "y"'))
    assert call(capsys, "recheck", record).status == 4
    record.write_text(text)
    (here / "net.data").write_bytes(DATA + b"more")
    assert call(capsys, "recheck", record).status == 4
    (here / "net.data").unlink()
    assert "no such file beside the model" in call(capsys, "recheck", record).err
    page = record.with_suffix(".html").read_text()
    assert "--output g" in page
    assert "is about the second network" in call(capsys, "check", "relu", "affine", "--to-output", "y").err
