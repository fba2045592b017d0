"""Enclosures in ball arithmetic contain the true value, and are narrow."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import pytest

from tests.support import smooth_nets
from tests.support.smooth_nets import ALL, Activation, real
from verify.kernel.axioms.balls import enclosures, preactivation_bounds
from verify.kernel.check import PRECISIONS
from verify.kernel.exact import evaluate
from verify.network import Builder, Network, activations
from verify.network import builder as layers
from verify.network.smooth import SMOOTH
from verify.rational import Enclosure, ends, vector

FUNCTIONS = {
    "exp": mpmath.exp,
    "tanh": mpmath.tanh,
    "logcosh": lambda z: mpmath.log(2 * mpmath.cosh(z / 2)),
    "silu_even": lambda z: z * mpmath.tanh(z / 2) / 2,
    "gelu_even": lambda z: z * mpmath.erf(z / mpmath.sqrt(2)) / 2,
    "gelu_tanh_even": lambda z: smooth_nets._gelu_tanh(z) - z / 2,
    "erf": mpmath.erf,
    "erf_even": lambda z: z * mpmath.erf(z) / 2,
}
POINTS = [
    Fraction(text) for text in ("0", "1", "-1", "1/3", "-7/5", "40", "-40", "1e-30", "-1e-30", "1e6", "-12345/67")
]


def one_unit(function: str) -> Network:
    builder = Builder((1,), function)
    return builder.build(activations.smooth(builder.input.named("unit"), function))


def within(value: mpmath.mpf, bounds: tuple[Fraction, Fraction], slack: mpmath.mpf) -> bool:
    return bool(real(bounds[0]) - slack <= value <= real(bounds[1]) + slack)


def test_every_function_has_an_independent_definition() -> None:
    assert FUNCTIONS.keys() == SMOOTH.keys()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("bits", PRECISIONS[:2])
def test_enclosures_contain_the_value_and_are_narrow(function: str, bits: int) -> None:
    rng = random.Random(1)
    points = POINTS + [Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 10**5)) for _ in range(40)]
    network = one_unit(function)
    for x in points:
        if function == "exp" and abs(x) > 10**4:
            continue
        low, high = ends(enclosures(network, vector([x]), bits)[0])
        assert low <= high
        with mpmath.workdps(400):
            value = FUNCTIONS[function](real(x))
            assert within(value, (low, high), abs(value) * mpmath.mpf(10) ** -380), x
        size = max(abs(low), abs(high), Fraction(1))
        assert high - low <= size * (1 + abs(x)) * Fraction(1, 2 ** (bits - 16)), x


def test_known_values_are_exact() -> None:
    for name, function in SMOOTH.items():
        value = enclosures(one_unit(name), vector([0]))[0]
        if function.at_zero is None:
            assert isinstance(value, Enclosure)
        else:
            assert value == function.at_zero


def test_values_without_smooth_influence_are_exact() -> None:
    builder = Builder((2,), "mixed")
    hidden = layers.relu(layers.dense(builder.input, [["1/3", "-1"]], ["1/7"]))
    smooth = activations.tanh(layers.dense(builder.input, [[1, 0]]))
    network = builder.build(layers.concatenated([hidden, smooth], 0))
    plain = Builder((2,), "plain")
    expected = evaluate(plain.build(layers.relu(layers.dense(plain.input, [["1/3", "-1"]], ["1/7"]))), vector([1, -2]))
    assert enclosures(network, vector([1, -2]))[0] == expected[0]


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_activations_are_what_the_textbook_says(activation: Activation) -> None:
    rng = random.Random(activation.name)
    for _ in range(12):
        spec = smooth_nets.random_spec(rng, activation, 2, 2)
        network = spec.network()
        for _ in range(4):
            x = [Fraction(rng.randint(-40, 40), rng.choice([1, 3, 8])) for _ in range(2)]
            for found, value in zip(enclosures(network, vector(x), 512), spec.values(x), strict=True):
                with mpmath.workdps(80):
                    assert within(value, ends(found), mpmath.mpf(10) ** -55 * (1 + abs(value)))


def test_precision_helps() -> None:
    network = one_unit("tanh")
    widths = [high - low for low, high in (ends(enclosures(network, vector(["1/3"]), b)[0]) for b in PRECISIONS)]
    assert widths[0] < Fraction(1, 2**100) and widths[1] < Fraction(1, 2**480) and widths[2] < Fraction(1, 2**2000)


def test_out_of_range_is_an_overflow_and_underflow_is_not() -> None:
    network = one_unit("exp")
    for x in ("1e9", "1e400"):
        with pytest.raises(OverflowError):
            enclosures(network, vector([x]))
    for x in ("-1e9", "-1e400"):
        low, high = ends(enclosures(network, vector([x]))[0])
        assert low <= 0 < high or 0 <= low < high
        assert high < Fraction(1, 2**60000)


def test_preactivations_of_all_blocks() -> None:
    builder = Builder((1,), "two")
    network = builder.build(layers.relu(activations.tanh(builder.input.named("a")).plus_number(-1).named("b")))
    bounds = preactivation_bounds(network, vector([2]))
    assert [len(block) for block in bounds] == [1, 1, 1]
    assert bounds[0] == [Fraction(2)] and ends(bounds[1][0])[1] < 0 and ends(bounds[2][0]) == (Fraction(0), Fraction(0))
