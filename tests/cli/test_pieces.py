"""``verify pieces``: counts, pictures and exports; limits and bad input."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.support.cli import call
from verify.arrangement.streamed import StreamedCell
from verify.cli import streaming
from verify.network import Network
from verify.report.pieces_export import streamed_json

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
        (["relu", "--segments", "0"], "--segments 0: expected a whole number"),
        (["relu", "--slices", "two"], "--slices two: expected a whole number"),
        (["relu", "--seed", "-1"], "--seed -1: expected a whole number"),
        (["relu", "--segments", "1"], "the region has no finite box"),
        (["relu", "--on", "box(0, 1)", "--slices", "1"], "of 2 or more dimensions, this one has 1"),
        (["maxpool", "--on", "box(0, 1)", "--volumes"], "up to 7 dimensions, this one has 9"),
        (["relu", "--stream", "x.json"], "expected a file name that ends in .jsonl"),
        (["relu", "--stream", "-", "--json"], "both print to standard output"),
        (["relu", "--stream", "-", "--volumes"], "no cells are kept for --volumes"),
        (["relu", "--stream", "-", "--export", "x.json"], "no cells are kept for --export"),
        (["relu", "--plot", "x.png"], "expected a file name that ends in .svg"),
        (["relu", "--export", "x.txt"], "ends in .json or .npz"),
        (["relu", "--on", "box(0, 1) & box(2, 3)"], "is empty"),
        (["relu", "--on", "box([0, 0], [1, 1])"], ""),
        (["maxpool", "--on", "box(0, 1)", "--plot", "x.svg"], "expected a region of one or two"),
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


STATISTICS = """\
identity_pair on box(-1, 1)
  2 activation cells  (each with 1 neighbour on average)
  1 linear piece  (cells with one affine map, joined through facets)
  1 affine map  (different ones)
  volumes: 2 to 2
    2^1 to 2^2  2 ########################
  3 random segments (seed 4)
                       mean  min  max
"""


LINE = {
    "on": {"1 abs": [0]},
    "maps": [["1", "0"]],
    "inside": ["1"],
    "half_spaces": [["1", "0"]],
    "vertices": [["0"]],
    "rays": [["1"]],
    "volume": None,
}


def test_stream(capsys: Capture, tmp_path: Path) -> None:
    printed = call(capsys, "pieces", "abs", "--stream", "-")
    lines = [json.loads(line) for line in printed.out.splitlines()]
    assert printed.status == 0 and len(lines) == 2 and LINE in lines
    assert printed.err.startswith("abs on all\n  2 activation cells\n  2 linear pieces")
    file = tmp_path / "cells.jsonl"
    found = call(capsys, "pieces", "abs", "--stream", file, "--json")
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines
    assert [found.json[name] for name in ("cells", "pieces", "affine_maps", "streamed")] == [2, 2, 2, 2]
    assert found.json["stream"] == str(file)
    tree = call(capsys, "pieces", "maxpool", "--on", "box(0, 1)", "--stream", file)
    assert tree.status == 0 and f"  stream: {file} (8 lines)" in tree.out and "? linear pieces" in tree.out
    assert {len(json.loads(line)["half_spaces"]) for line in file.read_text().splitlines()} == {3}


def test_a_stream_that_ends_early_has_whole_lines(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cells.jsonl"
    found = call(capsys, "pieces", "clip", "--stream", file, "--limit", "2", "--json")
    assert found.status == 3 and file.read_text().count("\n") == 2
    assert (found.json["cells"], found.json["cells_at_least"], found.json["streamed"]) == (None, 3, 2)
    written = iter(range(2))

    def interrupted(network: Network, cell: StreamedCell) -> dict[str, Any]:
        if next(written) == 1:
            raise KeyboardInterrupt
        return streamed_json(network, cell)

    monkeypatch.setattr("verify.cli.streaming.streamed_json", interrupted)
    stopped = call(capsys, "pieces", "clip", "--stream", file)
    assert stopped.status == 130 and f"interrupted; 1 whole line in {file}" in stopped.err
    assert stopped.out.startswith("not counted: interrupted; at least 1 cell")
    assert json.loads(file.read_text())["on"] is not None and file.read_text().endswith("}\n")


@pytest.mark.parametrize("region", ["box(-1, 1)", "l1ball(0, 1)"])
def test_an_interrupted_count_says_what_is_known(region: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("verify.arrangement.counting.arrangement", interrupted)
    monkeypatch.setattr("verify.arrangement.counting.tree_cells", interrupted)
    stopped = call(capsys, "pieces", "max", "--on", region)
    assert (stopped.status, stopped.out) == (130, "not counted: interrupted; at least 1 cell\n")


def test_half_a_line_is_cut(tmp_path: Path) -> None:
    class Full(bytes):
        def __len__(self) -> int:
            raise OSError("no space left")

    file = tmp_path / "cells.jsonl"
    with pytest.raises(OSError), streaming._writing(str(file)) as write:
        write(b"whole\n")
        write(Full(b"half"))
    assert file.read_bytes() == b"whole\n"


def test_statistics(capsys: Capture) -> None:
    arguments = ["pieces", "identity_pair", "--on", "box(-1, 1)", "--volumes", "--segments", "3", "--seed", "4"]
    assert call(capsys, *arguments).out.startswith(STATISTICS)
    data = call(capsys, *arguments, "--slices", "2", "--json").json
    assert data["volumes"] == {"buckets": {"1": 2}, "infinite": 0, "smallest": "2", "largest": "2", "reason": ""}
    for kind, asked in (("segments", 3), ("slices", 2)):
        found = data[kind]
        assert (found["asked"], found["counted"], found["seed"], found["reason"]) == (asked, asked, 4, "")
        assert found["pieces"] == {"mean": "1", "min": 1, "max": 1, "each": [1] * asked}
        cells = found["cells"]
        assert Fraction(cells["mean"]) == Fraction(sum(cells["each"]), asked)
        assert (cells["min"], cells["max"]) == (min(cells["each"]), max(cells["each"]))


def test_statistics_that_are_missing(capsys: Capture) -> None:
    """The counts are missing: so are the volumes, but not what random segments have."""
    arguments = ["pieces", "identity_pair", "--on", "box(-1, 1)", "--limit", "1", "--volumes", "--segments", "2"]
    found = call(capsys, *arguments, "--json")
    assert found.status == 3 and found.json["segments"]["counted"] == 2
    assert found.json["volumes"]["buckets"] is None
    assert found.json["volumes"]["reason"] == "the cells were not counted"
