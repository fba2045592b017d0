"""Evidence as plain data: what is written, and that every kind has one name and one checker."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from verify.kernel.check import PROOFS, REFUTATIONS
from verify.kernel.evidence import KINDS, BlockSteps, Cells, Cover, Empty, Leaf, Rule, Split, Steps, ValueGap
from verify.kernel.exact import AffineForm
from verify.kernel.json import from_json
from verify.network import examples
from verify.rational import vector
from verify.writing import to_json, written


def test_every_kind_either_proves_or_refutes() -> None:
    assert not set(PROOFS) & set(REFUTATIONS)
    assert set(KINDS.values()) == set(PROOFS) | set(REFUTATIONS)
    assert len(KINDS) == len(set(KINDS.values()))


def test_fields_with_their_default_are_left_out_and_read_again() -> None:
    network = examples.get("relu")
    ((block, relu),) = network.relu_blocks()
    leaf = Leaf({block: np.ones(relu.size, dtype=bool)}, multipliers={(block, 0): {2: Fraction(1, 3)}})
    size = network.input_size
    form = AffineForm(vector([1] * size), Fraction(-1, 2))
    steps = Steps(tuple(BlockSteps(np.array([-1, -1, 4, 5, 6]), np.array([-2])) for _ in network.blocks[:-1]), True)
    for cover in (Cover(Split(form, leaf, leaf)), Cover(leaf, steps=steps)):
        data = to_json(Cells((cover, Empty({0: Fraction(1)}))))
        assert data["kind"] == "cells"
        assert data["proofs"][1] == {"empty": {"0": "1"}, "lifted": False}
        assert written(leaf) == {"cell": {str(block): "80"}, "multipliers": {f"{block}:0": {"2": "1/3"}}}
        if cover.steps is None:
            assert to_json(from_json(data, [network, network])) == data
    assert data["proofs"][0]["rewriting"]["blocks"][0] == ["-1*2 4+3", "-2"]


@pytest.mark.parametrize("value", [0.5, np.int64(3), 1 + 2j, object()])
def test_numbers_of_other_types_are_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="is not written"):
        to_json(ValueGap({"x": vector([1])}, value))


def test_names_of_kinds_are_those_of_the_records() -> None:
    assert to_json(Rule("curvature")) == {"kind": "rule", "rule": "curvature"}
