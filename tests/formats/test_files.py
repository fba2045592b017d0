"""Loading by file name or example name."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.errors import NetworkError
from verify.formats.files import load
from verify.network import examples

NETWORKS = Path(__file__).resolve().parents[2].parent / "shared" / "networks"
TOML = "input = 1\n[[layer]]\ntype = 'relu'\n"


def refusal(source: str | Path) -> str:
    with pytest.raises(NetworkError) as caught:
        load(source)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_toml(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TOML)
    for source in (tmp_path / "small.toml", str(tmp_path / "small.toml")):
        network = load(source)
        assert (network.name, network.source) == ("small", str(source))


@pytest.mark.skipif(not NETWORKS.is_dir(), reason="the published network files are not here")
@pytest.mark.parametrize(("name", "inputs"), [("acasxu_1_1.onnx", 5), ("tll_8_0.onnx.gz", 2)])
def test_onnx(name: str, inputs: int) -> None:
    network = load(NETWORKS / name)
    assert (network.input_size, network.source) == (inputs, str(NETWORKS / name))


def test_examples() -> None:
    name = examples.names()[0]
    assert load(name).source == load(f"example:{name}").source == f"example:{name}"


def test_missing_file_suggests_a_neighbour(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TOML)
    assert "did you mean" in refusal(tmp_path / "smal.toml")
    assert "no such file" in refusal(tmp_path / "nothing" / "x.onnx")


def test_unknown_names_suggest(tmp_path: Path) -> None:
    name = examples.names()[0]
    assert f"did you mean '{name}'?" in refusal(f"{name}z")
    assert "the built-in examples are" in refusal("qqqqqqqqqqqqq")
    assert "neither a file nor a built-in example" in refusal("example:qqqqqqqqqqqqq")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("p.vnnlib", "this is a region; give it after --on"),
        ("p.npy", "this is a point"),
        ("model.pt", "torch.onnx.export"),
        ("model.pkl", "not a kind of file that can be read; readable are .onnx"),
        ("a/b", "not a kind of file"),
        ("", "neither a file"),
        ("a\nb\x00.toml", "no such file"),
        ("x" * 5000 + ".onnx", "no such file"),
        ("x" * 5000, "neither a file"),
    ],
)
def test_unreadable(name: str, part: str) -> None:
    assert part in refusal(name)


def test_a_folder_is_not_a_network(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").mkdir()
    assert "is a folder" in refusal(tmp_path / "net.onnx")
