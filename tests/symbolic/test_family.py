"""Symbolic weights: what the signs decide, compared with real networks that have such weights."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from verify.errors import InputError, NetworkError
from verify.kernel.exact import evaluate
from verify.network import Builder, Network
from verify.network.builder import conv, dense, relu
from verify.rational import vector
from verify.symbolic import Family, conv_layer, dense_layer, family_form
from verify.symbolic.exact import value_of
from verify.symbolic.family import NONNEGATIVE_RULE, NONPOSITIVE_RULE, UNKNOWN_RULE


def test_one_nonnegative_unit_is_affine() -> None:
    family = family_form(1, [dense_layer(1, "nonneg", "nonneg")])
    assert [str(output) for output in family.outputs] == ["b1 + w1*x"]
    assert [(str(s.before), str(s.after), s.rule, s.where) for s in family.steps] == [
        ("Max(0, b1 + w1*x)", "b1 + w1*x", NONNEGATIVE_RULE, "layer 1[0]")
    ]
    assert family.is_affine


@pytest.mark.parametrize(
    ("weight", "bias", "inputs", "text", "rule"),
    [
        ("nonneg", "any", "nonneg", "Max(0, b1 + w1*x)", UNKNOWN_RULE),
        ("any", "nonneg", "nonneg", "Max(0, b1 + w1*x)", UNKNOWN_RULE),
        ("nonneg", "nonneg", "any", "Max(0, b1 + w1*x)", UNKNOWN_RULE),
        ("nonpos", "nonpos", "nonneg", "0", NONPOSITIVE_RULE),
        ("nonpos", "nonneg", "nonpos", "b1 + w1*x", NONNEGATIVE_RULE),
        ("positive", 0, "nonneg", "w1*x", NONNEGATIVE_RULE),
        ("negative", 0, "nonneg", "0", NONPOSITIVE_RULE),
        ("nonneg", "-1/2", "nonneg", "Max(0, w1*x - 1/2)", UNKNOWN_RULE),
        (2, "1/3", "nonneg", "2*x + 1/3", NONNEGATIVE_RULE),
    ],
)
def test_what_the_signs_decide(weight: object, bias: object, inputs: str, text: str, rule: str) -> None:
    family = family_form(1, [dense_layer(1, weight, bias)], inputs)
    assert str(family.outputs[0]) == text
    assert family.steps[0].rule == rule


def test_the_second_layer_reads_the_first_one() -> None:
    """A bias of unknown sign keeps the first ReLU; its output is >= 0 all the same, so the second one falls."""
    family = family_form(1, [dense_layer(1, "nonneg", "any"), dense_layer(1, "nonneg", "nonneg")])
    assert str(family.outputs[0]) == "b2 + w2*Max(0, b1 + w1*x)"
    assert not family.is_affine


def test_the_convolution_of_the_popular_question() -> None:
    """Weights, biases and inputs >= 0: affine, for all of them at once, and the bias stays."""
    layers = [conv_layer(1, (2, 2), "nonneg", "nonneg"), dense_layer(1, "any", "any", relu=False)]
    family = family_form((1, 2, 2), layers)
    assert str(family.outputs[0]) == "b2 + w2*(b1 + w1_0_0_0_0*x0 + w1_0_0_0_1*x1 + w1_0_0_1_0*x2 + w1_0_0_1_1*x3)"
    assert family.is_affine


def test_one_sign_for_each_weight() -> None:
    family = family_form(2, [dense_layer(2, [["nonneg", "nonneg"], ["nonneg", "nonpos"]], ["nonneg", 0])])
    assert [str(output) for output in family.outputs] == [
        "b1_0 + w1_0_0*x0 + w1_0_1*x1",
        "Max(0, w1_1_0*x0 + w1_1_1*x1)",
    ]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([dense_layer(1, "plus")], "'plus' is not a number"),
        ([dense_layer(2, [["any"]])], "do not have the shape"),
        ([dense_layer(1, [[["any"]]])], "nested deeper"),
        ([conv_layer(1, (3,))], "a kernel of shape"),
        ([dense_layer(5000)], "10000 weights"),
    ],
)
def test_bad_layers(layers: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        family_form((1, 2), layers)  # type: ignore[arg-type]


def test_a_bad_sign_of_the_inputs() -> None:
    with pytest.raises(NetworkError, match="sign 'x'"):
        family_form(1, [], "x")


SIGNED = {"any": (-4, 4), "nonneg": (0, 4), "nonpos": (-4, 0), "positive": (1, 4), "negative": (-4, -1)}


def random_values(rng: random.Random, family: Family) -> dict[object, Fraction]:
    """Numbers for all symbols that satisfy their assumptions."""
    values: dict[object, Fraction] = {}
    for symbol in [*family.inputs, *(e for layer in (*family.weights, *family.biases) for e in layer)]:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -4
        high = -1 if symbol.is_negative else 0 if symbol.is_nonpositive else 4
        values[symbol] = Fraction(rng.randint(low, high), rng.choice([1, 2, 3]))
    return values


def instance(family: Family, values: dict[object, Fraction], kernel: int) -> Network:
    """The network: a convolution, ReLU, dense, ReLU, with these weights."""
    first, second = ([values[w] for w in layer] for layer in family.weights)
    biases = [[values[b] for b in layer] for layer in family.biases]
    net = Builder((1, 4), "instance")
    rows = [[first[i * kernel : (i + 1) * kernel]] for i in range(2)]
    hidden = relu(conv(net.input, rows, biases[0]))
    width = hidden.size
    return net.build(relu(dense(hidden.flatten(), [second[i * width : (i + 1) * width] for i in range(2)], biases[1])))


@pytest.mark.parametrize("seed", range(40))
def test_families_agree_with_their_networks(seed: int) -> None:
    rng = random.Random(seed)
    words = list(SIGNED)
    kernel = rng.choice([1, 2, 3])
    layers = [
        conv_layer(2, (kernel,), rng.choice(words), rng.choice(words)),
        dense_layer(2, rng.choice(words), rng.choice(words)),
    ]
    family = family_form((1, 4), layers, rng.choice(words))
    for _ in range(5):
        values = random_values(rng, family)
        network = instance(family, values, kernel)
        expected = evaluate(network, vector([values[x] for x in family.inputs])).fractions()
        assert [value_of(output, values) for output in family.outputs] == expected
        for step in family.steps:
            assert value_of(step.before, values) == value_of(step.after, values)
