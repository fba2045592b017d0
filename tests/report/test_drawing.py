"""Drawings of networks: every layer is there, with counts that add up, and long names are wrapped."""

from __future__ import annotations

import re

import verify
from tests.report.claims import evil
from verify import api
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.rendering import shape_text
from verify.report.drawing import MAX_LAYERS, drawing


def deep(layers: int, name: str = "layer") -> Network:
    builder = Builder((1,), "deep")
    x = builder.input
    for i in range(layers):
        x = relu(dense(x, [[1]], [i]).named(f"{name}{i}"))
    return builder.build(dense(x, [[1]]))


def test_counts_add_up() -> None:
    network = evil()
    found = drawing(network, api.parse_region("box(-1, 1)", network), 60)
    [layer] = found.layers
    assert layer.on + layer.off + layer.switching + layer.undecided == layer.units == 2
    assert found.figure is not None
    assert "2 switching" in found.figure
    assert "Linearity breaks at x = " in found.note


def test_no_time_is_said() -> None:
    network = verify.load("thread")
    found = drawing(network, api.parse_region("all", network), 0)
    assert found.layers == ()
    assert found.figure is not None
    assert found.note == "What the units do on the region is left out: the time budget of 0 s ran out."


def test_too_many_layers_are_not_drawn() -> None:
    network = deep(MAX_LAYERS)
    found = drawing(network, api.parse_region("nonneg", network), 60)
    assert found.figure is None
    assert f"More than {MAX_LAYERS} layers: not drawn." in found.note


def test_long_names_are_wrapped() -> None:
    network = deep(1, "x" * 100)
    found = drawing(network, api.parse_region("nonneg", network), 60)
    assert found.figure is not None
    lines = re.findall(r'<text [^>]*class="name">([^<]*)</text>', found.figure)
    assert max(len(line) for line in lines) <= 44
    assert "x" * 100 + "0" in "".join(lines)


def test_links_around_layers_do_not_share_a_line() -> None:
    network = verify.load("maxpool")
    found = drawing(network, api.parse_region("all", network), 60)
    assert found.figure is not None
    links = re.findall(r'd="M341 (\d+) H(\d+) V(\d+) H341"', found.figure)
    spans = [(int(lane), int(begin), int(end)) for begin, lane, end in links]
    for i, (lane, begin, end) in enumerate(spans):
        assert not [other for other in spans[i + 1 :] if other[0] == lane and other[1] < end and begin < other[2]]


def test_shapes() -> None:
    assert [shape_text(shape) for shape in ((), (3,), (6, 8, 8))] == ["1", "3", "6 × 8 × 8"]
