"""The ONNX standard's own tests of single operators: right within the derived bound, or refused for a listed reason."""

from __future__ import annotations

import json

import pytest

from tests.formats.onnx_node_tests import REFUSED, verdicts


@pytest.mark.slow
def test_node_tests_of_the_standard() -> None:
    found = verdicts()
    wrong = {name: text for name, text in found.items() if text.startswith("wrong")}
    assert not wrong
    right = [name for name, text in found.items() if text == "right"]
    assert len(right) >= 340
    refused = {name: text for name, text in found.items() if text != "right"}
    assert refused == json.loads(REFUSED.read_text(encoding="utf-8"))
