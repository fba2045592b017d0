"""``verify explain``: the table, where linearity breaks, the JSON object."""

from __future__ import annotations

import pytest

from tests.support.cli import call

Capture = pytest.CaptureFixture[str]

BREAKS = """\
thread on all: 9 inputs, 4 ReLU
layer  units  on  off  switching  undecided
conv       4   0    0          4          0
Linearity breaks at x = (x0 = -1, else 0).
There conv[channel 0, row 0, col 0] turns on as x0 grows.
By this the slope of the output in x0 jumps from 0 to 1.
An affine function has one slope everywhere, so f is not affine on the region.
"""
STABLE = """\
dead on box(0, 1): 1 input, 1 ReLU
layer   units  on  off  switching  undecided
hidden      1   1    0          0          0
Every ReLU keeps its side on the region: the network is affine there.
"""


@pytest.mark.parametrize(
    ("arguments", "shown"), [(["thread"], BREAKS), (["dead", "--on", "box(0, 1)"], STABLE)], ids=["breaks", "stable"]
)
def test_terminal(arguments: list[str], shown: str, capsys: Capture) -> None:
    found = call(capsys, "explain", *arguments)
    assert (found.status, found.err) == (0, "")
    assert found.steady == shown


def test_json(capsys: Capture) -> None:
    data = call(capsys, "explain", "thread", "--json").json
    assert set(data) == {"layers", "all_stable", "story", "ineffective", "break"}
    [layer] = data["layers"]
    assert layer == {"name": "conv", "block": 1, "size": 4, "on": 0, "off": 0, "switching": 4, "undecided": 0}
    assert data["all_stable"] is False
    assert (data["break"]["output"], data["break"]["slope_before"], data["break"]["slope_after"]) == (0, "0", "1")
    assert data["break"]["point"] == ["-1", *["0"] * 8]


def test_json_of_a_stable_network(capsys: Capture) -> None:
    data = call(capsys, "explain", "dead", "--on", "box(0, 1)", "--json").json
    assert (data["all_stable"], data["break"]) == (True, None)


def test_crossings_without_effect_are_named(capsys: Capture) -> None:
    found = call(capsys, "explain", "unused", "--on", "box([0, 1], [5, 2])")
    assert "Crossed without any effect on the output: switch[0]" in found.out
    assert "Linearity breaks" not in found.out


def test_a_timeout_is_not_an_internal_error(capsys: Capture) -> None:
    found = call(capsys, "explain", "thread", "--timeout", "1e-9")
    assert (found.status, found.out) == (3, "")
    assert found.err == "verify: not decided: the time budget of 1e-09 s ran out\n"
