"""Bad input: one line on standard error, status 2, nothing on standard output, no traceback."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.support.cli import ROOT, Called, call, spawn

Capture = pytest.CaptureFixture[str]
DIGITS = (ROOT / "examples" / "digits_conv.onnx").read_bytes()


def refused(found: Called, *parts: str) -> None:
    assert (found.status, found.out) == (2, ""), found
    assert found.err.startswith("verify: ")
    assert found.err.count("\n") == 1
    assert found.err.endswith("\n")
    assert "Traceback" not in found.err
    assert "internal error" not in found.err
    for part in parts:
        assert part in found.err


def weighted(*values: float) -> bytes:
    """A network of one matrix product."""
    return product(helper.make_tensor("W", TensorProto.FLOAT, [1, len(values)], values))


def external(location: str) -> bytes:
    """A network whose weights are in another file."""
    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[1, 1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return product(tensor)


def product(weight: onnx.TensorProto) -> bytes:
    size = weight.dims[1]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "W"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, size])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    return bytes(model.SerializeToString())


FILES: list[tuple[str, bytes, str]] = [
    ("empty.onnx", b"", "empty"),
    ("empty.toml", b"", "'input' is missing"),
    ("pickle.onnx", pickle.dumps({"weights": [1.0, 2.0]}), "pickle"),
    ("noise.onnx", bytes(range(256)) * 8, "not an ONNX model"),
    ("nan.onnx", weighted(1.0, float("nan")), "NaN"),
    ("inf.onnx", weighted(1.0, float("inf")), "infinit"),
    ("external.onnx", external("../../etc/passwd"), "another file"),
    ("noise.onnx.gz", b"\x1f\x8bnot really", "gzip"),
    ("deep.toml", b"input = 1\nx = " + b"[" * 10**6, "nested"),
    ("tables.toml", b"[" * 10**6, "nested"),
    ("inline.toml", b"x = " + b"{a=" * 10**5, "nested"),
    ("latin.toml", 'name = "\xe9"'.encode("latin-1"), "UTF-8"),
    ("binary.toml", b"\0\0\0\0", "not valid TOML"),
    ("escape.toml", b'name = "\\u001b[31m"\ninput = 1\n[[layer]]\ntype = "relu"\n', "one line"),
]


@pytest.mark.parametrize(("name", "content", "part"), FILES, ids=[name for name, *_ in FILES])
def test_network_files(name: str, content: bytes, part: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / name).write_bytes(content)
    refused(call(capsys, "check", tmp_path / name, "affine"), part)


@pytest.mark.parametrize("size", [1, 2, 100, 1000, len(DIGITS) // 2, len(DIGITS) - 100, len(DIGITS) - 1])
def test_truncated_onnx(size: int, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "cut.onnx").write_bytes(DIGITS[:size])
    refused(call(capsys, "check", tmp_path / "cut.onnx", "affine"), "cut.onnx")


@pytest.mark.parametrize("command", [["check", "{}", "affine"], ["explain", "{}"], ["radius", "{}", "--at", "0"]])
def test_folders_and_missing_files(command: list[str], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "net.onnx").mkdir()
    for name in (tmp_path, tmp_path / "net.onnx", tmp_path / "missing.onnx", tmp_path / "missing.toml"):
        refused(call(capsys, *(part.format(name) for part in command)))


def test_what_is_neither_file_nor_folder_is_not_opened(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("net.onnx", "net.toml", "x.npy", "x.vnnlib"):
        os.mkfifo(name)
    said = "is neither a file nor a folder"
    refused(call(capsys, "check", "net.onnx", "affine"), said)
    refused(call(capsys, "check", "net.toml", "affine"), said)
    refused(call(capsys, "radius", "relu", "--at", "x.npy"), said)
    refused(call(capsys, "check", "relu", "affine", "--on", "x.vnnlib"), said)


ARGUMENTS: list[tuple[list[str], str]] = [
    (["check", "relu", "affine", "--on", "{}"], "is a folder; name a file in it: a region is a .vnnlib file"),
    (["radius", "relu", "--at", "{}"], "is a folder; name a file in it"),
    (["simplify", "relu", "--on", "all", "-o", "{}"], "-o {}: is a folder; name a file to write"),
    (["pieces", "relu", "--plot", "{}"], "--plot {}: is a folder; name a file to write, one that ends in .svg"),
    (["init", "relu", "-o", "{}"], "-o {}: is a folder"),
    (["pieces", "relu", "--plot", "missing/x.svg"], "--plot missing/x.svg: missing: there is no such folder"),
    (["pieces", "relu", "--record", "missing/x.json"], "--record missing/x.json: missing: there is no such folder"),
    (["pieces", "relu", "--export", "missing/x.npz"], "--export missing/x.npz: missing: there is no such folder"),
    (["check", "relu", "affin"], "did you mean 'affine'"),
    (["check", "relu", "zzzzzz"], "known: affine, linear"),
    (["check", "rel", "affine"], "did you mean 'relu'"),
    (["check", "qqqqqq", "affine"], "built-in examples are relu"),
    (["check", "relu", "affine", "--on", "box([0, 0], [1, 1])"], "1 input"),
    (["check", "relu", "affine", "--on", "box(1, 0)"], "empty"),
    (["check", "relu", "affine", "--on", "bx(0, 1)"], "did you mean 'box'"),
    (["check", "relu", "affine", "--on", ""], "ends too early"),
    (["check", "relu", "affine", "--on", "(" * 5000], "region"),
    (["check", "relu", "affine", "--on", "missing.vnnlib"], "no such file"),
    (["check", "relu", "affine", "--on", "ball(missing.npy, 1)"], "no such file"),
    (["check", "relu", "affine", "--on", "where(x0 <= 0, x0 >= 1)"], "empty"),
    (["check", "max", "affine", "--on", "where(x0 + x1 <= 0, x0 + x1 >= 1)"], "empty"),
    (["explain", "max", "--on", "where(x0 + x1 <= 0, x0 + x1 >= 1)"], "empty"),
    (["explain", "max", "--on", "l1ball(0, 1) & where(x0 + x1 >= 2)"], "empty"),
    (["check", "relu", "affine", "--timeout", "-1"], "--timeout -1: expected a positive number"),
    (["check", "relu", "affine", "--timeout", "nan"], "--timeout nan: expected a positive number"),
    (["check", "relu", "affine", "--timeout", "0"], "--timeout 0: expected a positive number"),
    (["check", "relu", "affine", "--timeout", "inf"], "--timeout inf: expected a positive number"),
    (["check", "relu", "affine", "--timeout", "soon"], "--timeout soon: expected a positive number"),
    (["explain", "relu", "--timeout", "-1"], "--timeout -1: expected a positive number"),
    (["radius", "relu", "--at", "0", "--memory", "nan"], "--memory nan: expected a positive number"),
    (["check", "relu", "affine", "--memory", "0"], "--memory 0: expected a positive number"),
    (["check", "relu", "affine", "--memory", "-5"], "--memory -5: expected a positive number"),
    (["check", "relu", "affine", "--outputs", "99"], "expected 0 to 0"),
    (["check", "relu", "affine", "--outputs", "-1"], "expected 0 to 0"),
    (["check", "relu", "affine", "--outputs", "a,b"], "expected output numbers"),
    (["check", "relu", "affine", "--outputs", ""], "expected output numbers"),
    (["check", "relu", "affine", "--outputs", "9" * 5000], "expected output numbers"),
    (["check", "relu", "never y0 <= 1"], "verify: never: 'y0' is no term such as -1/2*y0"),
    (["check", "relu", "equivalent"], "--to"),
    (["check", "relu", "equivalent", "--to", "max"], "equal sizes"),
    (["check", "relu", "equivalent", "--to", "rel"], "did you mean 'relu'"),
    (["check", "relu", "affine", "--to", "abs"], "one network"),
    (["check", "relu", "affine", "--engine", "nonsense"], "known: auto, rules"),
    (["radius", "max", "--at", "[1]"], "2 inputs"),
    (["radius", "max", "--at", "missing.npy"], "no such file"),
    (["radius", "max"], "Missing option '--at'"),
    (["check"], "try 'verify check --help'"),
    (["check", "relu", "affine", "extra"], "extra"),
    (["check", "relu", "affine", "--bogus"], "--bogus"),
    (["chek", "relu", "affine"], "No such command 'chek'; did you mean 'check'?"),
    (["frobnicate"], "No such command 'frobnicate'"),
    ([], "try 'verify --help'"),
]


@pytest.mark.parametrize(("arguments", "part"), ARGUMENTS, ids=[" ".join(a)[:60] for a, _ in ARGUMENTS])
def test_arguments(
    arguments: list[str], part: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(call(capsys, *(a.replace("{}", str(tmp_path)) for a in arguments)), part.replace("{}", str(tmp_path)))


def test_long_messages_are_cut(capsys: Capture) -> None:
    found = call(capsys, "check", "relu", "affine", "--outputs", "9" * 50_000)
    refused(found)
    assert len(found.err) < 700


POINTS: list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]], str]] = [
    ("object", np.array([object(), 1], dtype=object), "object"),
    ("nan", np.array([0.0, np.nan]), "NaN"),
    ("size", np.array([0.0, 1.0, 2.0]), "3 numbers"),
    ("complex", np.array([1j, 2j]), "complex"),
]


@pytest.mark.parametrize(("name", "array", "part"), POINTS, ids=[name for name, *_ in POINTS])
def test_point_files(
    name: str, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], part: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / f"{name}.npy"
    np.save(path, array, allow_pickle=True)
    refused(call(capsys, "check", "max", "affine", "--on", f"ball({path}, 1)"), part)
    refused(call(capsys, "radius", "max", "--at", path), part)


def test_truncated_point_file(tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "x.npy", np.array([0.0, 1.0]))
    whole = (tmp_path / "x.npy").read_bytes()
    for size in (0, 5, 60, len(whole) - 1):
        (tmp_path / "x.npy").write_bytes(whole[:size])
        refused(call(capsys, "radius", "max", "--at", tmp_path / "x.npy"), "not a readable .npy")


RECORDS: list[tuple[str, bytes]] = [
    ("text.json", b"hello"),
    ("empty.json", b""),
    ("list.json", b"[1, 2]"),
    ("number.json", b"7"),
    ("deep.json", b"[" * 200_000),
    ("latin.json", b'{"verdict": "\xe9"}'),
]


@pytest.mark.parametrize(("name", "content"), RECORDS, ids=[name for name, _ in RECORDS])
def test_records_that_are_none(name: str, content: bytes, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / name).write_bytes(content)
    refused(call(capsys, "recheck", tmp_path / name), name)


def test_missing_records(tmp_path: Path, capsys: Capture) -> None:
    refused(call(capsys, "recheck", tmp_path / "missing.json"), "No such file")
    refused(call(capsys, "recheck", tmp_path), "is a folder")
    refused(call(capsys, "recheck", "/dev/zero"), "is a device")
    assert "is a device" in call(capsys, "recheck", "--second", "/dev/zero").out


@pytest.mark.parametrize("content", [b"{}", b'{"verdict": "proved", "evidence": {"kind": "rule"}}', b'{"verdict": 7}'])
def test_records_with_missing_keys_are_rejected(content: bytes, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "record.json").write_bytes(content)
    found = call(capsys, "recheck", tmp_path / "record.json")
    assert (found.status, found.out) == (4, "")
    assert found.err.startswith("verify: evidence rejected by 'format': ")
    assert found.err.count("\n") == 1


def test_records_with_numbers_outside_the_format_are_rejected(tmp_path: Path, capsys: Capture) -> None:
    """The file is JSON, so that it can be read; a rule of the format rejects it."""
    (tmp_path / "record.json").write_bytes(b'{"verdict": ' + b"9" * 6000 + b"}")
    found = call(capsys, "recheck", tmp_path / "record.json")
    assert (found.status, found.out) == (4, "")
    assert found.err.startswith("verify: evidence rejected by 'number': an integer of 6000 digits")
    assert found.err.count("\n") == 1


def test_report_folder_that_is_a_file(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "taken").write_text("precious")
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        refused(call(capsys, "check", "relu", "affine", "--report", folder), "--report")
    assert (tmp_path / "taken").read_text() == "precious"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_report_folder_that_is_not_writable(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    refused(call(capsys, "check", "relu", "affine", "--report", tmp_path / "locked"), "--report")


def test_a_process_shows_no_traceback_either(tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(DIGITS[:1000])
    refused(spawn("check", "cut.onnx", "affine", cwd=tmp_path), "cut.onnx")
    refused(spawn("check", b"\xff.toml".decode("utf-8", "surrogateescape"), "affine", cwd=tmp_path))
