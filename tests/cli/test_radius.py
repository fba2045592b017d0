"""``verify radius``: both radii, as text and as JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.cli import call
from tests.support.long_job import write_difference

Capture = pytest.CaptureFixture[str]

BENT = """\
pattern radius  1/4
  there max[0] reaches zero
affine radius   1/4
  f bends at that first crossing
"""
STRAIGHT = """\
pattern radius  1/3
  there pair[0], pair[1] reaches zero
affine radius   inf
  f is affine everywhere
"""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [(["max", "--at", "[1, 1/2]"], BENT), (["identity_pair", "--at", "[1, 0]"], STRAIGHT)],
    ids=["bent", "straight"],
)
def test_terminal(arguments: list[str], shown: str, capsys: Capture) -> None:
    found = call(capsys, "radius", *arguments)
    assert (found.status, found.err) == (0, "")
    assert found.out == shown


@pytest.mark.parametrize(
    ("network", "at", "pattern", "affine"),
    [
        ("relu", "[-0.1]", "1/10", "1/10"),
        ("relu", "0", "0", "0"),
        ("clip", "[7]", "1", "1"),
        ("clip", "[5/2]", "5/2", "5/2"),
        ("max", "[1, 1]", "0", "0"),
        ("unused", "[1, 1/3]", "1/3", "inf"),
        ("identity_pair", "[2, 1]", "0", "inf"),
    ],
)
def test_json(network: str, at: str, pattern: str, affine: str, capsys: Capture) -> None:
    found = call(capsys, "radius", network, "--at", at, "--json")
    assert found.status == 0
    data = found.json
    assert (data["pattern_radius"], data["affine_radius"]) == (pattern, affine)


def test_a_point_from_a_file_is_binary(tmp_path: Path, capsys: Capture) -> None:
    np.save(tmp_path / "x.npy", np.array([0.1]))
    data = call(capsys, "radius", "relu", "--at", tmp_path / "x.npy", "--json").json
    numerator, denominator = (0.1).as_integer_ratio()
    assert data["affine_radius"] == f"{numerator}/{denominator}"


def test_without_a_verdict_the_status_is_3(capsys: Capture) -> None:
    found = call(capsys, "radius", "max", "--at", "[1, 1/2]", "--timeout", "1e-9")
    assert (found.status, found.out) == (3, "")
    assert found.err == "verify: not decided: the time budget of 1e-09 s ran out\n"


def test_an_affine_radius_that_takes_too_long_is_not_decided(tmp_path: Path, capsys: Capture) -> None:
    path = write_difference(tmp_path)
    arguments = ("radius", path, "--at", "[1, 2, 3, 4, 5, 6, 7, 8]", "--timeout", "1")
    found = call(capsys, *arguments)
    assert (found.status, found.err) == (3, "")
    assert "affine radius   not decided, at least " in found.out
    assert "(the time budget of 1 s ran out)" in found.out
    data = call(capsys, *arguments, "--json").json
    assert data["affine_radius"] is None
    assert data["pattern_radius"] is not None
    assert data["reason"] == "the time budget of 1 s ran out"
