"""The affine map and the weights as pages show them."""

from __future__ import annotations

import json

import verify
from verify.network import Builder
from verify.network.builder import dense, relu
from verify.report.affine import the_map, weights


def test_one_output_is_a_sum() -> None:
    shown = the_map(verify.check("thread_nonneg", "affine", on="nonneg"))
    assert shown is not None and not shown.entries
    assert shown.text == "A = [[1, 3, 2, 4, 7, 3, 3, 4, 1]], c = [4]"


def test_several_outputs_are_a_matrix_with_every_digit() -> None:
    builder = Builder((2,), "net")
    hidden = relu(dense(builder.input, [[1, 2], [3, 4]], [1, 0]))
    net = builder.build(dense(hidden, [[1, 0], [0, 1], ["1/3", "-1e-20"]]))
    shown = the_map(verify.check(net, "affine", on="nonneg"))
    assert shown is not None and "mtable" not in shown.formula
    assert shown.entries[0].startswith("A = [[1, 2], [3, 4], [") and shown.entries[1].startswith("c = [1, 0, ")
    short = the_map(verify.check(net, "affine", on="nonneg", outputs=[0, 1]))
    assert short is not None and short.formula.count("<mtr>") == 4
    assert json.loads(short.text.partition("A = ")[2].partition(", c")[0]) == [[1, 2], [3, 4]]


def test_no_map_where_f_is_not_said_to_be_one() -> None:
    assert the_map(verify.check("relu", "additive")) is None
    assert the_map(verify.check("max", "positively homogeneous")) is None
    assert the_map(verify.check("max", "additive", on="segment([1, 0], [0, 1])")) is None


def test_weights_of_small_networks_are_formulas() -> None:
    assert [line.text for line in weights(verify.load("abs"))] == ["y1 = relu([[1]] x)", "f(x) = [[-1]] x + [[2]] y1"]
    builder = Builder((70,), "wide")
    assert weights(builder.build(dense(builder.input, [[1] * 70]))) == []
