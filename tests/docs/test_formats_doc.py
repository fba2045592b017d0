"""Every example of docs/formats.md is read, and its tables name what the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verify.formats.expressions import parse_region
from verify.formats.onnx.table import markdown
from verify.formats.toml import load_toml
from verify.formats.toml_layers import LAYERS
from verify.network.floats import evaluate

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", blocks("toml"))
def test_networks(tmp_path: Path, text: str) -> None:
    (tmp_path / "net.toml").write_text(text)
    assert load_toml(tmp_path / "net.toml").relu_count > 0


def test_the_residual_example_adds(tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(blocks("toml")[1])
    values = evaluate(load_toml(tmp_path / "net.toml"), [[3.0, 1.0], [0.0, -1.0]])  # type: ignore[arg-type]
    assert values.tolist() == [[4.0, 3.0], [0.0, -1.0]]


@pytest.mark.parametrize("text", [line for block in blocks("region") for line in block.splitlines()])
def test_regions(text: str) -> None:
    assert parse_region(text, 2).text == text


def test_every_layer_type_and_key_is_documented() -> None:
    rows = {}
    for line in TEXT.splitlines():
        if line.startswith("| `"):
            names, keys = line.strip("|").split("|")[:2]
            rows.update(dict.fromkeys(re.findall(r"`(\w+)`", names), keys))
    for name, layer in LAYERS.items():
        pool = rows["max_pool"] if name == "average_pool" else ""
        assert all(f"`{key}`" in rows[name] + pool for key in layer.keys), name


def test_table_of_operators_is_the_code_s() -> None:
    start = TEXT.index("<!-- operators: made by python -m verify.formats.onnx.table -->")
    stated = TEXT[start : TEXT.index("<!-- end of operators -->")].split("\n", 1)[1]
    assert stated.strip() == markdown()
