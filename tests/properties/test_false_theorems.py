"""Wrong theorems fail: a false variant of each theorem of the book is refuted, by evidence that the kernel replays.

The true statement stands beside it: the same question with the side condition that the variant leaves out.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
import z3

import verify
from properties import queries, samples
from properties.test_01_conv_relu import NETWORKS
from verify.family import check_family
from verify.family.conditions import additive_on_orthant, affine_on_moved_orthant, bending_units, one_layer_is_affine
from verify.family.smallest import smallest_with_one_negative_weight
from verify.kernel.families import Member
from verify.region import box, everything
from verify.report.family_record import FamilyResult


@dataclass(frozen=True)
class Wrong:
    """``says`` is false: the claim is refuted; ``true`` is a claim nearby that is proved."""

    says: str
    network: str
    property: str
    on: str
    true: tuple[str, str, str]


def file(name: str) -> Path | str:
    path = NETWORKS / f"{name}.toml"
    return path if path.is_file() else name


FAMILIES = [
    Wrong("additive if W >= 0", "nets_with_bias", "additive", "nonneg", ("nets_without_bias", "additive", "nonneg")),
    Wrong("linear if W, b >= 0", "nets_with_bias", "linear", "nonneg", ("nets_with_bias", "affine", "nonneg")),
    Wrong(
        "affine if no weight is negative",
        "nets_with_any_bias",
        "affine",
        "nonneg",
        ("nets_with_bias", "affine", "nonneg"),
    ),
    Wrong(
        "affine if no bias is negative",
        "nets_with_any_weight",
        "affine",
        "nonneg",
        ("nets_with_bias", "affine", "nonneg"),
    ),
    Wrong(
        "affine if W, b >= 0, for all inputs",
        "nonnegative_conv_nets",
        "affine",
        "all",
        ("nonnegative_conv_nets", "affine", "nonneg"),
    ),
    Wrong(
        "affine if W, b >= 0, from -1 up",
        "nets_with_bias",
        "affine",
        "box(-1, inf)",
        ("nets_with_bias", "affine", "nonneg"),
    ),
    Wrong(
        "max-pooling keeps affinity",
        "nonnegative_conv_nets_with_max_pool",
        "affine",
        "nonneg",
        ("nonnegative_conv_nets", "affine", "nonneg"),
    ),
    Wrong(
        "one free weight does no harm",
        "nets_with_one_free_number",
        "affine",
        "nonneg",
        ("nets_with_bias", "affine", "nonneg"),
    ),
    Wrong(
        "positively homogeneous with biases",
        "any_weights",
        "positively homogeneous",
        "all",
        ("any_weights_no_bias", "positively homogeneous", "all"),
    ),
    Wrong(
        "homogeneous without biases",
        "bias_free_nets",
        "homogeneous",
        "all",
        ("bias_free_nets", "positively homogeneous", "all"),
    ),
    Wrong(
        "additive without biases",
        "bias_free_nets",
        "additive",
        "all",
        ("bias_free_nets", "positively homogeneous", "all"),
    ),
    Wrong("convex for all W", "any_weights", "convex", "all", ("later_weights_nonnegative", "convex", "all")),
    Wrong(
        "concave if later W >= 0",
        "later_weights_nonnegative",
        "concave",
        "all",
        ("later_weights_nonnegative", "convex", "all"),
    ),
    Wrong(
        "subadditive if convex",
        "later_weights_nonnegative",
        "subadditive",
        "all",
        ("later_weights_nonnegative_no_bias", "subadditive", "all"),
    ),
    Wrong(
        "subadditive without biases",
        "any_weights_no_bias",
        "subadditive",
        "all",
        ("later_weights_nonnegative_no_bias", "subadditive", "all"),
    ),
    Wrong(
        "superadditive without biases",
        "later_weights_nonnegative_no_bias",
        "superadditive",
        "all",
        ("nets_without_bias", "superadditive", "nonneg"),
    ),
    Wrong(
        "nondecreasing if later W >= 0",
        "later_weights_nonnegative",
        "nondecreasing in 0",
        "all",
        ("all_weights_nonnegative", "nondecreasing in 0", "all"),
    ),
    Wrong(
        "every linear combination, b >= 0",
        "layers_with_bias",
        "superposition",
        "nonneg",
        ("layers_without_bias", "superposition", "nonneg"),
    ),
    Wrong(
        "PReLU is linear iff slope >= 0", "prelu_slope_nonnegative", "linear", "all", ("prelu_slope_1", "linear", "all")
    ),
    Wrong(
        "PReLU is linear if slope <= 1", "prelu_slope_at_most_1", "linear", "all", ("prelu_slope_1", "linear", "all")
    ),
    Wrong(
        "PReLU is convex for every slope",
        "prelu_any_slope",
        "convex",
        "all",
        ("prelu_slope_at_most_1", "convex", "all"),
    ),
    Wrong("PReLU is odd", "prelu_any_slope", "odd", "all", ("prelu_slope_1", "odd", "all")),
]

NETS = [
    Wrong(
        "affine on x >= -c whenever b >= 0",
        "moved_bent",
        "affine",
        "box(-1, inf)",
        ("moved_on", "affine", "box(-1, inf)"),
    ),
    Wrong("a large bias keeps it affine for x >= 0", "dead", "affine", "nonneg", ("dead", "affine", "box(0, 5)")),
    Wrong(
        "units on one line always cancel", "cancelling_badly", "affine", "all", ("cancelling_scaled", "affine", "all")
    ),
    Wrong(
        "one negative weight of twelve is too few",
        "one_negative_weight",
        "affine",
        "nonneg",
        ("one_zero_weight", "affine", "nonneg"),
    ),
    Wrong("homogeneous implies linear", "odd_not_linear", "linear", "all", ("odd_not_linear", "homogeneous", "all")),
    Wrong("convex implies subadditive", "valley", "subadditive", "all", ("valley", "convex", "all")),
    Wrong(
        "a Lipschitz constant below the steepest piece",
        "both_sides",
        "lipschitz 9/10 in linf",
        "all",
        ("both_sides", "lipschitz 1 in linf", "all"),
    ),
    Wrong(
        "affine layers on P compose on P",
        "double_then_cut",
        "affine",
        "box(0, 1)",
        ("cut_at_one", "affine", "box(0, 1)"),
    ),
    Wrong("a linear network has affine layers", "steep", "affine", "all", ("steep_then_flat", "affine", "all")),
    Wrong("ELU is affine on x <= 0", "activations/elu", "affine", "nonpos", ("activations/elu", "affine", "nonneg")),
    Wrong(
        "ELU scales like ReLU",
        "activations/elu",
        "positively homogeneous",
        "all",
        ("activations/relu", "positively homogeneous", "all"),
    ),
    Wrong("SELU is convex like ELU", "activations/selu", "convex", "all", ("activations/elu", "convex", "all")),
    Wrong("every pair of ELU cancels", "elu_two_rates", "affine", "all", ("elu_cancelling", "affine", "all")),
    Wrong(
        "softplus is affine far out",
        "activations/softplus",
        "affine",
        "box(100, 101)",
        ("softplus_pair", "affine", "all"),
    ),
    Wrong(
        "GELU is nondecreasing",
        "activations/gelu",
        "nondecreasing in 0",
        "all",
        ("activations/softplus", "nondecreasing in 0", "all"),
    ),
    Wrong(
        "tanh is linear near 0",
        "activations/tanh",
        "linear",
        "box(-1/1000, 1/1000)",
        ("activations/hard_tanh", "linear", "box(-1, 1)"),
    ),
]


@functools.cache
def checked_family(name: str, property: str, on: str) -> FamilyResult:
    """Many false statements are variants of one true one."""
    return check_family(NETWORKS / f"{name}.toml", property, on)


@pytest.mark.parametrize("wrong", FAMILIES, ids=lambda wrong: wrong.says)
def test_false_statements_about_families(wrong: Wrong) -> None:
    result = check_family(NETWORKS / f"{wrong.network}.toml", wrong.property, wrong.on)
    assert (result.verdict, result.assurance) == (verify.Verdict.REFUTED, "checked")
    assert isinstance(result.outcome.evidence, Member)
    name, property, on = wrong.true
    true = checked_family(name, property, on)
    assert (true.verdict, true.assurance, true.vacuous) == (verify.Verdict.PROVED, "checked", False)


@pytest.mark.parametrize("wrong", NETS, ids=lambda wrong: wrong.says)
def test_false_statements_about_networks(wrong: Wrong) -> None:
    result = verify.check(file(wrong.network), wrong.property, wrong.on)
    assert (result.verdict, result.assurance) == (verify.Verdict.REFUTED, "checked")
    name, property, on = wrong.true
    true = verify.check(file(name), property, on)
    assert (true.verdict, true.assurance, true.vacuous) == (verify.Verdict.PROVED, "checked", False)


# False variants of the exact conditions: somewhere they and the engine differ.


def test_additive_iff_no_weight_is_negative() -> None:
    additive_without = verify.load(file("cancelling"))
    assert samples.holds(additive_without, "additive", "nonneg")
    assert any(bool((m.entries < 0).any()) for b in additive_without.blocks for _, m in b.inputs)
    assert not additive_on_orthant(verify.load("thread_nonneg"))
    assert not samples.holds(verify.load("thread_nonneg"), "additive", "nonneg")


def test_the_moved_condition_with_b_at_least_0_in_place_of_b_at_least_w_c() -> None:
    """b >= 0 holds and f is not affine; b < 0 and f is affine."""
    corner = [Fraction(1), Fraction(1)]
    region = box([-1, -1], [None, None])
    expected = {"moved_bent": False, "moved_constant": True}
    for name, affine in expected.items():
        network = verify.load(file(name))
        assert affine_on_moved_orthant(network, corner) == samples.holds(network, "affine", region) == affine
        assert all(b >= 0 for b in network.blocks[0].bias.fractions()) != affine


def test_affine_iff_no_unit_bends() -> None:
    network = verify.load(file("cancelling"))
    assert bending_units(network, everything(2)) == [0, 1]
    assert one_layer_is_affine(network, everything(2)) and samples.holds(network, "affine", "all")


@pytest.mark.parametrize("biases", [True, False])
def test_no_smaller_network_is_broken(biases: bool) -> None:
    """“The smallest network has fewer units, or smaller integers”: every smaller one is affine."""
    found = smallest_with_one_negative_weight(biases=biases)
    assert found.network.relu_count == 1
    assert not samples.holds(found.network, "affine", "nonneg")
    assert found.smaller and all(samples.holds(net, "affine", "nonneg") for net in found.smaller)
    assert check_family(NETWORKS / "no_relu.toml", "affine", "all").verdict is verify.Verdict.PROVED


def test_z3_finds_a_counterexample_where_there_is_one() -> None:
    """The literal queries are not true because their constraints contradict one another."""
    x, y = z3.Reals("x y")
    with pytest.raises(AssertionError, match="sat"):
        queries._refuse(x >= 0, y >= 0, z3.If(x - y > 0, x - y, z3.RealVal(0)) != x - y)
    s = z3.Real("s")
    with pytest.raises(AssertionError, match="sat"):
        queries._refuse(s >= 0, 1 - s != 0)


def test_a_comparison_that_differs_or_says_nothing_fails() -> None:
    with pytest.raises(AssertionError, match="member 1: the condition says True"):
        samples.compared([(True, True), (True, False)])
    with pytest.raises(AssertionError, match="Counter"):
        samples.compared([(True, True)] * 30)
