"""What people say about linearity and ReLU, and what is true: each test states a fact that the engine decides."""

from __future__ import annotations

from verify.network import Builder, Network
from verify.network.builder import conv, dense, relu
from verify.pytest_plugin import Claims


def network(weights: object, biases: object, out: object, out_bias: object = None) -> Network:
    """One hidden layer."""
    columns = len(weights[0])  # type: ignore[index]
    builder = Builder((columns,), "small")
    hidden = relu(dense(builder.input.named("hidden"), weights, biases))
    return builder.build(dense(hidden, out, out_bias))


# "ReLU is not linear" - yes, but it is positively homogeneous.


def test_relu_is_not_additive(claim: Claims) -> None:
    assert claim("relu", "additive", on="all").refuted().counterexample == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"


def test_relu_is_not_affine(claim: Claims) -> None:
    claim("relu", "affine", on="all").refuted()


def test_relu_is_positively_homogeneous(claim: Claims) -> None:
    claim("relu", "positively homogeneous", on="all").proved()


def test_relu_is_not_homogeneous(claim: Claims) -> None:
    claim("relu", "homogeneous", on="all").refuted()


def test_relu_is_neither_odd_nor_even(claim: Claims) -> None:
    claim("relu", "odd", on="all").refuted()
    claim("relu", "even", on="all").refuted()


def test_relu_is_linear_where_its_input_is_nonnegative(claim: Claims) -> None:
    claim("relu", "linear", on="nonneg").proved()


# "If W, b, x are all >= 0 the network is linear" - it is affine, and additive only if f(0) = 0.


def nonnegative_conv(bias: int) -> Network:
    builder = Builder((1, 4, 4), "nonnegative_conv")
    kernel = [[[[1, 2], [0, 3]]], [[[2, 0], [1, 1]]]]
    features = relu(conv(builder.input.named("conv"), kernel, [bias, 0]))
    return builder.build(dense(features.flatten(), [[1] * 18]))


def test_nonnegative_conv_with_a_bias_is_affine_on_the_orthant(claim: Claims) -> None:
    claim(nonnegative_conv(1), "affine", on="nonneg").proved()


def test_nonnegative_conv_with_a_bias_is_not_additive(claim: Claims) -> None:
    claim(nonnegative_conv(1), "additive", on="nonneg").refuted()


def test_nonnegative_conv_without_bias_is_additive_and_linear(claim: Claims) -> None:
    claim(nonnegative_conv(0), "additive", on="nonneg").proved()
    claim(nonnegative_conv(0), "superposition", on="nonneg").proved()


# "After the first ReLU all inputs are >= 0, so later ReLUs do nothing" - they act on W x + b, not on x.


def test_one_negative_weight_after_the_first_relu_suffices(claim: Claims) -> None:
    builder = Builder((2,), "two_layers")
    first = relu(dense(builder.input.named("first"), [[1, 0], [0, 1]]))
    second = relu(dense(first.named("second"), [[1, -1]]))
    claim(builder.build(second), "affine", on="nonneg").refuted()


# "A negative weight makes it nonlinear" - neither necessary nor sufficient.


def test_no_weight_is_negative_and_yet_not_affine(claim: Claims) -> None:
    claim(network([[1]], [-1], [[1]]), "affine", on="nonneg").refuted()


def test_negative_weight_with_a_large_bias_is_affine_on_a_box(claim: Claims) -> None:
    claim("dead", "affine", on="box(0, 1)").proved()


def test_negative_weight_of_a_dead_unit_does_no_harm(claim: Claims) -> None:
    claim(network([[1], [-1]], [0, -1], [[1, 1]]), "affine", on="nonneg").proved()


def test_switching_unit_without_outgoing_weight_does_not_matter(claim: Claims) -> None:
    claim("unused", "affine", on="all").proved()


# "max is nonlinear, so the composition is" - not a proof: relu(z) - relu(-z) = z.


def test_relu_of_z_minus_relu_of_minus_z_is_linear(claim: Claims) -> None:
    claim("identity_pair", "linear", on="all").proved()


def test_relu_of_z_minus_relu_of_minus_z_is_odd(claim: Claims) -> None:
    claim("identity_pair", "odd", on="all").proved()


def test_zero_biases_make_a_conv_net_positively_homogeneous(claim: Claims) -> None:
    claim("zero_bias", "positively homogeneous", on="all").proved()


# Claims about nothing are flagged.


def test_additivity_on_a_segment_off_the_origin_is_vacuous(claim: Claims) -> None:
    claim("max", "additive", on="segment([1, 0], [0, 1])").proved(vacuous=True)
