"""Weights in other files: plain files of the model's folder, and nothing else."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.formats.onnx_models import model, node
from verify.errors import NetworkError
from verify.formats.onnx import external, from_model_bytes, load_onnx, stored_model

WEIGHT = np.array([[1, -2], [3, 0.5], [-1, 4]], np.float32)
BIAS = np.array([0.25, -1], np.float32)
DATA = bytes(7) + WEIGHT.tobytes() + BIAS.tobytes()


def moved(tensor: TensorProto, location: str, offset: int | str | None = None, length: int | str | None = None) -> None:
    """Let the tensor say that its values are elsewhere."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))


def dense(location: str = "net.data", change: Callable[[TensorProto], object] | None = None) -> onnx.ModelProto:
    """x -> relu(x w + b) with w at byte 7 of another file, b after it."""
    proto = model([node("Gemm", "x w b", "g"), node("Relu", "g")], (1, 3), {"w": WEIGHT, "b": BIAS})
    moved(proto.graph.initializer[0], location, 7, 24)
    moved(proto.graph.initializer[1], location, 31)
    if change is not None:
        change(proto.graph.initializer[0])
    return proto


def saved(folder: Path, proto: onnx.ModelProto, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(NetworkError) as caught:
        load_onnx(path)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 1000
    return text


@pytest.mark.parametrize("location", ["net.data", "a file", "weights", "sub/w.bin", "./net.data", "sub//./w.bin"])
def test_weights_beside_the_model(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / location).write_bytes(DATA)
    path = saved(tmp_path, dense(location))
    network = load_onnx(path)
    inside = model([node("Gemm", "x w b", "g"), node("Relu", "g")], (1, 3), {"w": WEIGHT, "b": BIAS})
    assert network.canonical_digest == from_model_bytes(inside.SerializeToString(), "net").canonical_digest
    assert network.file_digest == hashlib.sha256(path.read_bytes()).hexdigest()
    name = location.replace("//", "/").replace("./", "")
    assert network.files == ((name, hashlib.sha256(DATA).hexdigest()),)
    assert stored_model(network) is None
    monkeypatch.chdir(tmp_path)
    assert load_onnx("net.onnx").canonical_digest == network.canonical_digest


def test_what_the_onnx_package_writes(tmp_path: Path) -> None:
    for together in (True, False):
        proto = model([node("Gemm", "x w b", "g"), node("Relu", "g")], (1, 3), {"w": WEIGHT, "b": BIAS})
        expected = from_model_bytes(proto.SerializeToString(), "net").canonical_digest
        folder = tmp_path / str(together)
        folder.mkdir()
        onnx.save_model(
            proto, folder / "n.onnx", save_as_external_data=True, all_tensors_to_one_file=together, size_threshold=0
        )
        network = load_onnx(folder / "n.onnx")
        assert network.canonical_digest == expected
        assert len(network.files) == (1 if together else 2)


def test_tensors_of_nodes_sparse_ones_and_graphs_inside(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(BIAS, "t")
    moved(tensor, "net.data", 31)
    proto = model([node("Constant", "", "c", name="far", value=tensor), node("Add", "x c")], (1, 2))
    path = saved(tmp_path, proto)
    assert "value of node 'far'" in refusal(path)
    (tmp_path / "net.data").write_bytes(DATA)
    assert load_onnx(path).blocks[-1].bias.fractions() == [0.25, -1]
    with pytest.raises(NetworkError, match="given as bytes has no folder"):
        from_model_bytes(proto.SerializeToString(), "bytes")


def test_each_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.data").write_bytes(DATA)
    path = saved(tmp_path, dense())
    opened: list[str] = []
    real = os.open

    def counted(name: Any, *rest: Any) -> int:
        opened.append(os.fspath(name))
        return real(name, *rest)

    monkeypatch.setattr(os, "open", counted)
    load_onnx(path)
    assert opened == [str(tmp_path / "net.data")]


LOCATIONS = [
    ("../outside.data", "outside the model's folder"),
    ("sub/../../outside.data", "outside the model's folder"),
    ("sub/../net.data", "outside the model's folder"),
    ("/etc/passwd", "outside the model's folder"),
    ("//etc/passwd", "outside the model's folder"),
    ("C:/net.data", "outside the model's folder"),
    ("..\\outside.data", "not the name of a file"),
    ("", "not the name of a file"),
    (".", "not the name of a file"),
    ("net\0.data", "not the name of a file"),
    ("missing.data", "no such file beside the model"),
    ("sub", "not a regular file"),
    ("net.data/x", "not a regular file"),
    ("link.data", "a link, and links are not followed"),
    ("linked/w.bin", "a link, and links are not followed"),
    ("loop.data", "a link, and links are not followed"),
    ("hard.data", "a hard link"),
    ("pipe", "not a regular file"),
    ("socket", "not a regular file"),
    ("n" * 300, "cannot be read"),
]


@pytest.mark.parametrize(("location", "part"), LOCATIONS, ids=[part[0][:20] or "empty" for part in LOCATIONS])
def test_other_places_are_refused(location: str, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "outside.data").write_bytes(DATA)
    (folder / "net.data").write_bytes(DATA)
    (folder / "sub" / "w.bin").write_bytes(DATA)
    (folder / "link.data").symlink_to("net.data")
    (folder / "linked").symlink_to("sub")
    (folder / "loop.data").symlink_to("loop.data")
    os.link(tmp_path / "outside.data", folder / "hard.data")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        text = refusal(saved(folder, dense(location)))
    assert part in text
    assert "initializer 'w', stored in another file" in text


CHANGES: list[tuple[str, Callable[[TensorProto], object], str]] = [
    ("beyond", lambda t: t.external_data[1].__setattr__("value", "16"), "bytes 16 to 40 of a file of 39"),
    ("far", lambda t: t.external_data[1].__setattr__("value", "9" * 18), "of a file of 39"),
    ("huge", lambda t: t.external_data[1].__setattr__("value", "9" * 40), "offset"),
    ("negative", lambda t: t.external_data[1].__setattr__("value", "-7"), "expected a number of bytes"),
    ("no-number", lambda t: t.external_data[1].__setattr__("value", "0x7"), "expected a number of bytes"),
    ("length", lambda t: t.external_data[2].__setattr__("value", "23"), "shape and element type make 24 bytes"),
    ("long", lambda t: t.external_data[2].__setattr__("value", "25"), "shape and element type make 24 bytes"),
    ("twice", lambda t: t.external_data.add(key="location", value="b"), "once each"),
    ("unknown", lambda t: t.external_data.add(key="url", value="b"), "'url'"),
    ("checksum", lambda t: t.external_data.add(key="checksum", value="0" * 40), "SHA-1"),
    ("both", lambda t: t.__setattr__("raw_data", bytes(24)), "in the model and in another file"),
    ("both-typed", lambda t: t.float_data.append(1), "in the model and in another file"),
    ("unmarked", lambda t: t.__setattr__("data_location", TensorProto.DEFAULT), "which?"),
    ("text", lambda t: t.__setattr__("data_type", TensorProto.STRING), "cannot be stored"),
    ("kind", lambda t: t.__setattr__("data_type", 999), "cannot be stored"),
    ("wide", lambda t: t.dims.append(2**62), "fit in memory"),
    ("sign", lambda t: t.dims.append(-1), "expected sizes >= 0"),
]


@pytest.mark.parametrize(("change", "part"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_bytes_that_do_not_fit(change: Callable[[TensorProto], object], part: str, tmp_path: Path) -> None:
    (tmp_path / "net.data").write_bytes(DATA)
    assert part in refusal(saved(tmp_path, dense(change=change)))


def test_a_checksum_that_fits(tmp_path: Path) -> None:
    (tmp_path / "net.data").write_bytes(DATA)
    proto = dense(change=lambda t: t.external_data.add(key="checksum", value=hashlib.sha1(DATA).hexdigest()))
    assert load_onnx(saved(tmp_path, proto)).files


def test_much_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.data").write_bytes(DATA)
    path = saved(tmp_path, dense())
    for limit in (24, 38):
        monkeypatch.setattr(external, "MAX_BYTES", limit)
        assert "the most" in refusal(path)
    monkeypatch.setattr(external, "MAX_BYTES", 39)
    load_onnx(path)


def test_tensors_that_nothing_reads_are_not_special(tmp_path: Path) -> None:
    proto = dense()
    extra = numpy_helper.from_array(np.ones(2, np.float32), "unused")
    moved(extra, "../other")
    proto.graph.initializer.append(extra)
    (tmp_path / "net.data").write_bytes(DATA)
    assert "'unused'" in refusal(saved(tmp_path, proto))


def test_sparse_initializers(tmp_path: Path) -> None:
    values = numpy_helper.from_array(BIAS, "s")
    moved(values, "net.data", 31)
    proto = model([node("Relu", "x")], (1, 2))
    indices = numpy_helper.from_array(np.array([0, 1]), "i")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2]))
    assert "'s'" in refusal(saved(tmp_path, proto))
    (tmp_path / "net.data").write_bytes(DATA)
    assert load_onnx(saved(tmp_path, proto)).files
