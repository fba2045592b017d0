"""Symbolic weights: what the signs decide, compared with real networks that have such weights."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support import random_families
from tests.support.seeds import seeds
from verify.errors import NetworkError
from verify.family import family_claim, symbolic_lines
from verify.kernel.exact import evaluate
from verify.network.families import Layer, conv, dense, family, flatten, member, relu
from verify.rational import vector
from verify.symbolic import FamilyForm, family_form
from verify.symbolic.exact import value_of
from verify.symbolic.family import NONNEGATIVE_RULE, NONPOSITIVE_RULE, UNKNOWN_RULE


def one_unit(weight: object, bias: object, inputs: str = "nonneg") -> FamilyForm:
    return family_form(family(1, [dense(1, weight, bias), relu()]), inputs)  # type: ignore[arg-type]


def test_one_nonnegative_unit_is_affine() -> None:
    form = one_unit(">= 0", ">= 0")
    assert [str(output) for output in form.outputs] == ["b1 + w1*x"]
    assert [(str(s.before), str(s.after), s.rule, s.where) for s in form.steps] == [
        ("Max(0, b1 + w1*x)", "b1 + w1*x", NONNEGATIVE_RULE, "relu2[0]")
    ]
    assert form.is_affine


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
        ("in [1, 2]", "> 1", "nonneg", "b1 + w1*x", NONNEGATIVE_RULE),
        ("nonneg", "-1/2", "nonneg", "Max(0, w1*x - 1/2)", UNKNOWN_RULE),
        (2, "1/3", "nonneg", "2*x + 1/3", NONNEGATIVE_RULE),
    ],
)
def test_what_the_signs_decide(weight: object, bias: object, inputs: str, text: str, rule: str) -> None:
    form = one_unit(weight, bias, inputs)
    assert str(form.outputs[0]) == text
    assert form.steps[0].rule == rule


def test_the_second_layer_reads_the_first_one() -> None:
    """A bias of unknown sign keeps the first ReLU; its output is >= 0 all the same, so the second one falls."""
    form = family_form(family(1, [dense(1, ">= 0", "any"), relu(), dense(1, ">= 0", ">= 0"), relu()]))
    assert str(form.outputs[0]) == "b2 + w2*Max(0, b1 + w1*x)"
    assert not form.is_affine


def test_the_convolution_of_the_popular_question() -> None:
    """Weights, biases and inputs >= 0: affine, for all of them at once, and the bias stays."""
    form = family_form(family((1, 2, 2), [conv(1, (2, 2), ">= 0", ">= 0"), relu(), dense(1, "any", "any")]))
    assert str(form.outputs[0]) == "b2 + w2*(b1 + w1_0_0_0_0*x0 + w1_0_0_0_1*x1 + w1_0_0_1_0*x2 + w1_0_0_1_1*x3)"
    assert form.is_affine


def test_one_sign_for_each_weight() -> None:
    layers: list[Layer] = [dense(2, [["nonneg", "nonneg"], ["nonneg", "nonpos"]], ["nonneg", 0]), relu()]
    form = family_form(family(2, layers))
    assert [str(output) for output in form.outputs] == [
        "b1_0 + w1_0_0*x0 + w1_0_1*x1",
        "Max(0, w1_1_0*x0 + w1_1_1*x1)",
    ]


def test_the_lines_of_a_claim() -> None:
    """The derivation that goes with a claim about a small family, where its region is an orthant."""
    nets = family(1, [dense(1, "<= 0", "<= 0"), relu(), dense(1, "any", 1)])
    assert symbolic_lines(family_claim(nets, "constant", "nonneg")) == (
        f"relu2[0]: Max(0, b1 + w1*x) = 0    ({NONPOSITIVE_RULE})",
        "f(x)[0] = 1",
    )
    assert symbolic_lines(family_claim(nets, "constant", "all"))[0].endswith(f"({UNKNOWN_RULE})")
    assert symbolic_lines(family_claim(nets, "constant", "box(0, 1)")) == ()


def test_too_many_weights_and_a_bad_sign() -> None:
    with pytest.raises(NetworkError, match="10002 weights"):
        family_form(family(5000, [dense(2, "any", "any")]))
    with pytest.raises(NetworkError, match="sign 'x'"):
        family_form(family(1, [flatten()]), "x")


@pytest.mark.parametrize("seed", seeds(20, campaign=200))
def test_families_agree_with_their_networks(seed: int) -> None:
    """All kinds of layers: the symbolic outputs and every step have the values of the networks."""
    rng = random.Random(seed)
    described = random_families.random_family(rng)
    form = family_form(described, "any")
    for _ in range(3):
        weights = random_families.random_weights(rng, described)
        point = [Fraction(rng.randint(-4, 4), rng.choice([1, 2, 3])) for _ in range(described.input_size)]
        values: dict[object, Fraction] = dict(zip(form.inputs, point, strict=True))
        for key, symbols in form.weights.items():
            values.update(zip(symbols, (weights[key][i] for i in range(len(symbols))), strict=True))
        expected = evaluate(member(described, weights), vector(point)).fractions()
        assert [value_of(output, values) for output in form.outputs] == expected
        for step in form.steps:
            assert value_of(step.before, values) == value_of(step.after, values)
