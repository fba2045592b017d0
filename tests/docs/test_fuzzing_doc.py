"""The examples of docs/fuzzing.md run, and print what it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy
import pytest

import verify
from verify import strategies
from verify.network import Network, network
from verify.network.floats import evaluate
from verify.strategies import PROFILES

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "fuzzing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
SHOWN = re.findall(r"^```text\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def names() -> dict[str, Any]:
    """What the examples take from their reader."""
    thread: Network = verify.load("thread")
    return {
        "verify": verify,
        "numpy": numpy,
        "my_function": lambda x: evaluate(thread, x.ravel()),
        "my_writer": network.to_json,
        "my_reader": network.from_json,
    }


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_examples(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    scope = names()
    exec(code, scope)
    if "test_round_trip" in scope:
        scope["test_round_trip"]()
    printed = capsys.readouterr().out
    assert "without_relu" not in code or printed == SHOWN[0]


def test_names_and_profiles_are_documented() -> None:
    assert all(f"`{name}(" in TEXT for name in strategies.__all__ if name[0].islower() and name in STRATEGIES)
    assert ", ".join(str(count) for count in PROFILES.values()) in TEXT


STRATEGIES = ("networks", "conv_networks", "activations", "regions", "points_in", "claims")
