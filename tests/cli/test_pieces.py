"""``verify pieces``: counts, pictures and exports; limits and bad input."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.support.cli import call

Capture = pytest.CaptureFixture[str]

SHOWN = """\
abs on all
  2 activation cells  (each with 1 neighbour on average)
  2 linear pieces  (cells with one affine map, joined through facets)
  2 affine maps  (different ones)
"""


def test_terminal(capsys: Capture) -> None:
    found = call(capsys, "pieces", "abs")
    assert (found.status, found.err, found.out) == (0, "", SHOWN)


@pytest.mark.parametrize(
    ("network", "region", "cells", "pieces", "maps"),
    [
        ("relu", "box(1, 2)", 1, 1, 1),
        ("identity_pair", "all", 2, 1, 1),
        ("max", "segment([0, 1], [1, 0])", 2, 2, 2),
        ("maxpool", "box(0, 1)", 8, 4, 4),
        ("clip", "all", 3, 3, 3),
    ],
)
def test_json(network: str, region: str, cells: int, pieces: int, maps: int, capsys: Capture) -> None:
    found = call(capsys, "pieces", network, "--on", region, "--json")
    assert found.status == 0
    data = found.json
    assert (data["cells"], data["pieces"], data["affine_maps"]) == (cells, pieces, maps)
    assert data["cells_at_least"] == cells and data["reason"] == ""


def test_limit(capsys: Capture) -> None:
    found = call(capsys, "pieces", "identity_pair", "--limit", "1", "--json")
    assert found.status == 3
    assert [found.json[name] for name in ("cells", "pieces", "affine_maps")] == [None] * 3
    assert found.json["cells_at_least"] == 2 and found.json["reason"] == "more than 1 cells"
    assert call(capsys, "pieces", "identity_pair", "--limit", "1").out.startswith("not counted: more than 1 cells")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["relu", "--limit", "0"], "--limit 0: expected a whole number"),
        (["relu", "--limit", "1e3"], "--limit 1e3"),
        (["relu", "--plot", "x.png"], "expected a file name that ends in .svg"),
        (["relu", "--export", "x.txt"], "ends in .json or .npz"),
        (["relu", "--on", "box(0, 1) & box(2, 3)"], "is empty"),
        (["relu", "--on", "box([0, 0], [1, 1])"], ""),
        (["maxpool", "--on", "box(0, 1)", "--plot", "x.svg"], "expected counts on a region of one or two"),
        (["maxpool", "--on", "box(0, 1)", "--export", "x.json"], "9 dimensions"),
    ],
)
def test_bad_input(arguments: list[str], said: str, capsys: Capture, tmp_path: Path) -> None:
    found = call(capsys, "pieces", *[str(tmp_path / a) if a.startswith("x.") else a for a in arguments])
    assert found.status == 2 and said in found.err and found.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_plot_and_export(capsys: Capture, tmp_path: Path) -> None:
    plot, data, arrays = (str(tmp_path / name) for name in ("a.svg", "a.json", "a.npz"))
    arguments = ["pieces", "identity_pair", "--on", "box(-1, 1)"]
    assert call(capsys, *arguments, "--plot", plot, "--export", data).status == 0
    assert call(capsys, *arguments, "--export", arrays).status == 0
    svg = ElementTree.parse(plot).getroot()
    assert svg.tag.endswith("svg") and "2 cells, 1 linear piece, 1 affine map" in "".join(svg.itertext())
    exact = json.loads(Path(data).read_text(encoding="utf-8"))
    assert sum(Fraction(cell["volume"]) for cell in exact["polytopes"]) == 4
    assert len(exact["maps"]) == 1
    assert all(not other["effective"] for cell in exact["polytopes"] for other in cell["neighbours"])
    with np.load(arrays) as loaded:
        assert sorted(loaded["cell"]) == [0, 1] and set(loaded["piece"]) == {0}
