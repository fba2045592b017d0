"""The text of the forms of networks small enough to check by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import verify
from verify.errors import BudgetExceeded, EvidenceError, RegionError
from verify.network import Builder, Network, examples
from verify.network.builder import average_pool, conv, dense, leaky_relu, max_pool, maximum, minimum, relu
from verify.rational import vector
from verify.region import HalfSpace, everything, l1_ball, polyhedron
from verify.search.budget import Budget
from verify.symbolic import FormTooLarge, SymbolicForm, agrees, symbolic_form
from verify.symbolic.form import MAX_UNITS


def form(network: Network | str, on: str = "all") -> SymbolicForm:
    found = verify.symbolic_form(network, on)
    assert found.agreement is not None
    assert found.agreement.is_proved
    return found


def texts(found: SymbolicForm) -> tuple[list[str], list[str]]:
    """The Max and the Piecewise forms."""
    return [str(e) for e in found.max_form], [str(e) for e in found.piecewise or ()]


def conv_net() -> Network:
    """Two inputs, a convolution with two channels, ReLU, dense."""
    net = Builder((1, 2), "conv")
    hidden = relu(conv(net.input, [[[1, -1]], [[1, 1]]], [0, -1]).named("conv"))
    return net.build(dense(hidden.flatten(), [[1, -2]], [3]))


def test_conv_relu_dense() -> None:
    most, piecewise = texts(form(conv_net()))
    assert most == ["Max(0, x0 - x1) - 2*Max(0, x0 + x1 - 1) + 3"]
    assert piecewise == [
        "Piecewise((-x0 - 3*x1 + 5, (x0 > x1) & (x0 + x1 > 1)), (x0 - x1 + 3, (x0 > x1) & (x0 + x1 <= 1)), "
        "(-2*x0 - 2*x1 + 5, (x0 <= x1) & (x0 + x1 > 1)), (3, True))"
    ]


def test_conv_on_a_region_where_one_unit_keeps_its_side() -> None:
    most, piecewise = texts(form(conv_net(), "box([2, 0], [3, 4])"))
    assert most == ["-2*x0 - 2*x1 + Max(0, x0 - x1) + 5"]
    assert piecewise == ["Piecewise((-x0 - 3*x1 + 5, x0 > x1), (-2*x0 - 2*x1 + 5, True))"]


@pytest.mark.parametrize(
    ("name", "most", "piecewise"),
    [
        ("relu", "Max(0, x)", "Piecewise((x, x > 0), (0, True))"),
        ("identity_pair", "x0 - 2*x1", "x0 - 2*x1"),
        ("abs", "Max(-x, x)", "Piecewise((x, x > 0), (-x, True))"),
        ("max", "Max(x0, x1)", "Piecewise((x0, x0 > x1), (x1, True))"),
        ("leaky", "Max(x/10, x)", "Piecewise((x, x > 0), (x/10, True))"),
        ("dead", "Max(0, 5 - x)", "Piecewise((0, x > 5), (5 - x, True))"),
        ("unused", "x0", "x0"),
        ("clip", "Min(6, Max(0, x))", "Piecewise((6, x > 6), (x, (x <= 6) & (x > 0)), (0, True))"),
        (
            "maxpool",
            "Max(x0 - x1 + x4, x1 - x2 + x5, x3 - x4 + x7, x4 - x5 + x8)",
            "Piecewise((x0 - x1 + x4, (x0 + x5 > x1 + x8) & (x0 + 2*x4 > x1 + x3 + x7) & (x0 + x2 + x4 > 2*x1 + x5)), "
            "(x3 - x4 + x7, (x1 + x4 + x5 < x2 + x3 + x7) & (x0 + 2*x4 <= x1 + x3 + x7) & "
            "(x3 + x5 + x7 > 2*x4 + x8)), (x4 - x5 + x8, (x0 + x5 <= x1 + x8) & (x3 + x5 + x7 <= 2*x4 + x8) & "
            "(x1 + 2*x5 < x2 + x4 + x8)), (x1 - x2 + x5, True))",
        ),
    ],
)
def test_examples(name: str, most: str, piecewise: str) -> None:
    assert texts(form(name)) == ([most], [piecewise])


@pytest.mark.parametrize(
    ("name", "on", "piecewise"),
    [
        ("dead", "box(0, 1)", "5 - x"),
        ("clip", "box(1, 9)", "Piecewise((6, x > 6), (x, True))"),
        ("thread_nonneg", "nonneg", "x0 + 3*x1 + 2*x2 + 4*x3 + 7*x4 + 3*x5 + 3*x6 + 4*x7 + x8 + 4"),
        ("max", "segment([0, 0], [1, 2])", "2*x0"),
        ("max", "box([0, 2], [4, 2])", "Piecewise((x0, x0 > 2), (2, True))"),
        ("max", "ball([1, 2], 0)", "2"),
    ],
)
def test_examples_on_a_region(name: str, on: str, piecewise: str) -> None:
    assert texts(form(name, on))[1] == [piecewise]


def test_max_pool() -> None:
    net = Builder((1, 2, 2), "pool")
    network = net.build(max_pool(net.input, (2, 2)).flatten())
    most, piecewise = texts(form(network))
    assert most == ["Max(x0, x1, x2, x3)"]
    assert piecewise == [
        "Piecewise((x0, (x0 >= x2) & (x0 > x1) & (x0 > x3)), (x2, (x2 > x3) & (x0 < x2) & (x1 < x2)), "
        "(x3, (x0 <= x3) & (x2 <= x3) & (x1 < x3)), (x1, True))"
    ]


def test_average_pool_is_affine() -> None:
    net = Builder((1, 3), "mean")
    assert texts(form(net.build(average_pool(net.input, (3,)).flatten())))[0] == ["x0/3 + x1/3 + x2/3"]


def test_median_of_three() -> None:
    net = Builder((3,), "median")
    a, b, c = (net.input.take(net.input.positions()[i : i + 1]) for i in range(3))
    network = net.build(maximum(minimum(a, b), minimum(maximum(a, b), c)))
    found = form(network)
    assert found.piecewise is not None
    assert {str(piece.value) for piece in found.pieces[0]} == {"x0", "x1", "x2"}


def test_a_union_that_is_not_convex() -> None:
    """Relu(x) - 2 relu(x - 1) + relu(x - 2): zero on both sides of a tent."""
    net = Builder((1,), "tent")
    hidden = relu(dense(net.input, [[1], [1], [1]], [0, -1, -2]))
    assert texts(form(net.build(dense(hidden, [[1, -2, 1]]))))[1] == [
        "Piecewise((2 - x, (x <= 2) & (x > 1)), (x, (x <= 1) & (x > 0)), (0, True))"
    ]


def test_units_that_are_used_twice_are_named() -> None:
    net = Builder((2,), "shared")
    first = relu(dense(net.input, [[1, 1]]))
    second = relu(dense(first, [[1], [-1]], [-1, 3]))
    found = form(net.build(dense(second, [[1, 1], [1, 0]])))
    assert [f"{name} = {value}" for name, value in found.named] == ["h1 = Max(0, x0 + x1)", "h2 = Max(0, h1 - 1)"]
    assert texts(found)[0] == ["h2 + Max(0, 3 - h1)", "h2"]


def test_prelu_with_a_slope_for_each_value() -> None:
    net = Builder((2,), "prelu")
    slopes = np.array([0.5, -1.0])
    found = form(net.build(dense(leaky_relu(net.input, slopes), [[1, 1]])))
    assert texts(found)[0] == ["x0/2 - x1 + Max(0, x0)/2 + 2*Max(0, x1)"]


def test_equal_and_opposite_units_are_shared() -> None:
    net = Builder((2,), "copies")
    hidden = relu(dense(net.input, [[1, -1], [2, -2], [-3, 3]]))
    assert texts(form(net.build(dense(hidden, [[1, 1, 1]]))))[0] == ["Max(-3*x0 + 3*x1, 3*x0 - 3*x1)"]


def test_beyond_the_number_of_pieces_the_max_form_is_shown() -> None:
    network = examples.get("thread")
    found = symbolic_form(network, everything(9), Budget(None), max_pieces=15)
    assert found.piecewise is None
    assert found.reason == "no Piecewise form: 16 pieces, more than 15"
    assert agrees(found, network, everything(9), Budget(20)).is_proved


def wide(units: int) -> Network:
    net = Builder((2,), "wide")
    hidden = relu(dense(net.input, [[i, 1] for i in range(units)]))
    return net.build(dense(hidden, [[1] * units]))


def test_a_network_that_is_too_large_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        FormTooLarge, match=f"{MAX_UNITS + 1} of the {MAX_UNITS + 1} ReLU of wide may change side on all;"
    ):
        symbolic_form(wide(MAX_UNITS + 1), everything(2), Budget(None))


def test_a_large_network_is_affine_where_no_unit_changes_side() -> None:
    found = form(wide(MAX_UNITS + 1), "nonneg")
    assert texts(found) == (["20100*x0 + 201*x1"], ["20100*x0 + 201*x1"])


def test_l1_balls() -> None:
    assert texts(form("max", "l1ball([2, 0], 1)"))[1] == ["x0"]
    assert texts(form("max", "l1ball([0, 0], 1)"))[1] == ["Piecewise((x0, x0 > x1), (x1, True))"]


def test_a_large_l1_ball_has_the_max_form_only() -> None:
    network = examples.get("thread")
    found = symbolic_form(network, l1_ball(vector([0] * 9), 1), Budget(None))
    assert found.reason == "no Piecewise form: an L1 ball of 9 coordinates has too many sides"
    assert str(found.max_form[0]).count("Max") == 4


def test_an_empty_region_is_an_error() -> None:
    nothing = polyhedron(1, [HalfSpace(vector([1]), Fraction(0)), HalfSpace(vector([-1]), Fraction(-1))], "nothing")
    with pytest.raises(RegionError, match="region 'nothing' is empty"):
        verify.symbolic_form("relu", nothing)


def test_time_is_bounded() -> None:
    with pytest.raises(BudgetExceeded):
        symbolic_form(examples.get("zero_bias"), everything(9), Budget(1e-9))
    found = verify.symbolic_form("zero_bias", timeout=1)
    assert found.reason == "no Piecewise form: its half of the time budget ran out"
    assert found.agreement is not None
    assert found.agreement.points > 0


def test_a_wrong_form_is_never_confirmed() -> None:
    """The form of another network: the points see it; where they do not, Z3 does."""
    found = verify.symbolic_form("clip")
    network = examples.get("relu")
    with pytest.raises(EvidenceError, match="the Max form of output 0 is 6 at"):
        agrees(found, network, found.region, Budget(None))


def test_z3_sees_a_difference_that_no_point_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.symbolic.agree.chosen_points", lambda form: iter([vector([1])]))
    found = verify.symbolic_form("clip")
    with pytest.raises(EvidenceError, match="the network is"):
        agrees(found, examples.get("relu"), found.region, Budget(None))
