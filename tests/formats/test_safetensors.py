"""Checkpoints: numbers as they are stored, and nothing that the format rules out."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.cli import call
from verify import api
from verify.errors import NetworkError
from verify.formats.safetensors import Checkpoint
from verify.kernel.exact import evaluate
from verify.rational import vector

F32 = struct.pack("<4f", 0.1, -2.0, 0.5, 3.0)


def packed(header: Any, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def entry(kind: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def test_numbers_are_what_is_stored() -> None:
    halves = np.array([1.5, -(2.0**-24)], dtype="<f2").tobytes()
    upper = b"\xc0\x3f"  # 1.5 as bfloat16
    doubles = np.array([0.1], dtype="<f8").tobytes()
    header = {
        "__metadata__": {"format": "pt"},
        "f": entry("F32", [2, 2], 0, 16),
        "h": entry("F16", [2], 16, 20),
        "b": entry("BF16", [], 20, 22),
        "d": entry("F64", [1], 22, 30),
        "steps": entry("I64", [0], 30, 30),
    }
    found = Checkpoint(packed(header, F32 + halves + upper + doubles), "w")
    assert found.array("f").tolist() == [[float(np.float32(0.1)), -2.0], [0.5, 3.0]]
    assert found.array("h").tolist() == [1.5, -(2.0**-24)]
    assert found.array("b").shape == () and float(found.array("b")) == 1.5
    assert found.array("d").tolist() == [0.1]
    with pytest.raises(NetworkError, match="'steps' is of type I64"):
        found.array("steps")
    with pytest.raises(NetworkError, match="did you mean 'steps'"):
        found.array("step")


GOOD = {"a": entry("F32", [4], 0, 16)}
HOSTILE = {
    "empty": (b"", "not a safetensors file"),
    "short": (b"\x02\0\0\0\0\0\0\0{", "not a safetensors file"),
    "huge header": (struct.pack("<Q", 2**63) + b"{}", "header of 9223372036854775808 bytes"),
    "a pickle": (b"\x80\x04\x95abcdefghij", "pickle"),
    "a zip": (b"PK\x03\x04abcdefghijklm", "pickle or an archive"),
    "no object": (packed([1]), "not a JSON object"),
    "no JSON": (packed(b"{nonsense}"), "not valid JSON"),
    "no UTF-8": (packed(b'{"\xff": 1}'), "not valid JSON"),
    "NaN": (packed(b'{"a": NaN}'), "number NaN"),
    "decimals": (packed(b'{"a": {"dtype": "F32", "shape": [4.0], "data_offsets": [0, 16]}}', F32), "number 4.0"),
    "a key twice": (packed(b'{"a": 1, "a": 2}'), "'a' twice"),
    "deep": (packed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested more than"),
    "digits": (packed(b'{"a": ' + b"9" * 5000 + b"}"), "not valid JSON"),
    "a list": (packed({"a": [1]}), "expected 'dtype', 'shape' and 'data_offsets'"),
    "more keys": (packed({"a": {**GOOD["a"], "x": 1}}, F32), "expected 'dtype'"),
    "dtype": (packed({"a": entry("F8", [4], 0, 16)}, F32), "unknown dtype"),
    "dtype a list": (packed({"a": {**GOOD["a"], "dtype": ["F32"]}}, F32), "unknown dtype"),
    "negative": (packed({"a": entry("F32", [-2, -2], 0, 16)}, F32), "whole numbers"),
    "a truth value": (packed({"a": entry("F32", [True, 4], 0, 16)}, F32), "whole numbers"),
    "three offsets": (packed({"a": {**GOOD["a"], "data_offsets": [0, 8, 16]}}, F32), "two offsets"),
    "overflow": (packed({"a": entry("F32", [2**40] * 8, 0, 16)}, F32), "bytes 0 to 16"),
    "beyond the end": (packed({"a": entry("F32", [8], 0, 32)}, F32), "bytes 0 to 32 of 16"),
    "backwards": (packed({"a": entry("F32", [4], 16, 0)}, F32), "bytes 16 to 0"),
    "shape": (packed({"a": entry("F32", [3], 0, 16)}, F32), "takes 12"),
    "overlap": (packed({"a": entry("F32", [4], 0, 16), "b": entry("F32", [2], 8, 16)}, F32), "used twice"),
    "a hole": (packed({"a": entry("F32", [2], 8, 16)}, F32), "not at all"),
    "a tail": (packed({"a": entry("F32", [2], 0, 8)}, F32), "8 bytes after the last"),
    "metadata": (packed({**GOOD, "__metadata__": {"x": 1}}, F32), "__metadata__"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    data, said = HOSTILE[name]
    with pytest.raises(NetworkError) as caught:
        Checkpoint(data, "w.safetensors")
    assert said in str(caught.value)
    assert str(caught.value).count("w.safetensors") == 1


def test_numbers_that_are_none_are_refused() -> None:
    data = packed({"a": entry("F32", [1], 0, 4)}, struct.pack("<f", float("nan")))
    with pytest.raises(NetworkError, match="infinite or undefined"):
        Checkpoint(data, "w").array("a")


ARCHITECTURE = """input = [1, 1, 2]
weights = "{weights}"
[[layer]]
type = "conv"
weight = {{tensor = "conv.weight"}}
[[layer]]
type = "batch_norm"
scale = [2]
shift = [1]
mean = {{tensor = "bn.mean"}}
variance = [3]
epsilon = 1
[[layer]]
type = "relu"
"""
NUMBERS = struct.pack("<2f", 0.5, 0.25)
HEADER = {"conv.weight": entry("F32", [1, 1, 1, 1], 0, 4), "bn.mean": entry("F32", [1], 4, 8)}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "w.safetensors").write_bytes(packed(HEADER, NUMBERS))
    (tmp_path / "net.toml").write_text(ARCHITECTURE.format(weights="w.safetensors"))
    return tmp_path / "net.toml"


def test_an_architecture_with_its_checkpoint(model: Path) -> None:
    network = api.load(model)
    assert [name for name, _ in network.files] == ["w.safetensors"]
    x = [Fraction(1), Fraction(-1)]
    expected = [max(2 * (v / 2 - Fraction(1, 4)) / 2 + 1, Fraction(0)) for v in x]
    assert evaluate(network, vector(x)).fractions() == expected


def test_a_record_is_about_these_weights(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(model.parent)
    assert call(capsys, "check", "net.toml", "convex", "--report", "r").status == 0
    record = next(str(path) for path in Path("r").glob("*.json") if "net" in path.name)
    assert call(capsys, "recheck", record).status == 0
    Path("w.safetensors").write_bytes(packed(HEADER, struct.pack("<2f", 0.5, 0.5)))
    assert call(capsys, "recheck", record).status == 4


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("../w.safetensors", "outside the model's folder"),
        ("/etc/passwd", "outside the model's folder"),
        ("missing.safetensors", "no such file"),
        ("link.safetensors", "links are not followed"),
        ("net.toml", "not a safetensors file"),
    ],
)
def test_only_files_beside_are_read(model: Path, weights: str, said: str) -> None:
    (model.parent / "link.safetensors").symlink_to(model.parent / "w.safetensors")
    model.write_text(ARCHITECTURE.format(weights=weights))
    with pytest.raises(NetworkError, match=said):
        api.load(model)


def test_a_forgotten_layer_is_noticed(model: Path) -> None:
    text = model.read_text()
    model.write_text(text.replace('{tensor = "bn.mean"}', "[0.25]"))
    with pytest.raises(NetworkError, match=r"no layer uses the tensor 'bn\.mean'"):
        api.load(model)
    model.write_text(text.replace("bn.mean", "bn.means"))
    with pytest.raises(NetworkError, match=r"did you mean 'bn\.mean'"):
        api.load(model)
    model.write_text(text.replace('{tensor = "bn.mean"}', "{file = 1}"))
    with pytest.raises(NetworkError, match="expected numbers, or"):
        api.load(model)
