"""Every layer that lowers to the canonical form, against loops over exact numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.network import reference
from tests.network.reference import Array, exact
from tests.support.seeds import draws
from verify.errors import NetworkError
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.network import Network
from verify.network.tensor import Builder, Tensor
from verify.rational import vector

Layer = Callable[[Tensor], Tensor]


def network(shape: tuple[int, ...], layer: Layer) -> Network:
    net = Builder(shape)
    return net.build(layer(net.input.named("x")))


def image(shape: tuple[int, ...], seed: int = 0) -> Array:
    """Small integers, zeros and both signs among them."""
    return exact(np.random.default_rng(seed).integers(-9, 10, shape))


def check(layer: Layer, point: Array, expected: Array) -> None:
    net = network(point.shape, layer)
    assert net.output_shape == expected.shape
    assert np.array_equal(reference.value(net, point), expected)


# Convolution and pooling.


@dataclass(frozen=True)
class Window:
    """A sliding window on an image of shape (channels, *space)."""

    channels: int
    space: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    dilations: tuple[int, ...]
    ceil_mode: bool
    seed: int

    @property
    def options(self) -> dict[str, Any]:
        return {"strides": self.strides, "pads": self.pads, "dilations": self.dilations}

    @property
    def pooling(self) -> dict[str, Any]:
        return {"ceil_mode": self.ceil_mode, **self.options}

    @property
    def image(self) -> Array:
        return image((self.channels, *self.space), self.seed)


@st.composite
def sliding_windows(draw: st.DrawFn) -> Window:
    dims = draw(st.integers(1, 3))
    largest = {1: 9, 2: 6, 3: 4}[dims]

    def each(low: int, high: int, count: int = dims) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(count))

    space, kernel, dilations = each(1, largest), each(1, 3), each(1, 2)
    pads = each(0, 2, 2 * dims)
    for d in range(dims):
        assume(dilations[d] * (kernel[d] - 1) + 1 <= space[d] + pads[d] + pads[dims + d])
    return Window(
        draw(st.integers(1, 2)),
        space,
        kernel,
        each(1, 3),
        pads,
        dilations,
        draw(st.booleans()),
        draw(st.integers(0, 99)),
    )


@draws(60)
@given(sliding_windows(), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_conv(window: Window, groups: int, outputs: int, with_bias: bool) -> None:
    rng = np.random.default_rng(window.seed)
    weight = rng.integers(-3, 4, (groups * outputs, window.channels, *window.kernel))
    bias = rng.integers(-3, 4, groups * outputs) if with_bias else None
    x = image((window.channels * groups, *window.space), window.seed)
    expected = reference.conv(x, exact(weight), None if bias is None else exact(bias), groups=groups, **window.options)
    check(lambda t: layers.conv(t, weight, bias, groups=groups, **window.options), x, expected)


def maximum(values: list[Fraction], taps: int) -> Fraction:
    return max(values)


def mean_inside(values: list[Fraction], taps: int) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def mean_with_padding(values: list[Fraction], taps: int) -> Fraction:
    return sum(values, Fraction(0)) / taps


def sees_the_image(window: Window) -> bool:
    """Whether no window lies wholly in the padding."""
    _, seen = reference.windows(
        window.image[0], window.kernel, window.strides, window.pads, window.dilations, window.ceil_mode
    )
    return all(any(x is not None for _, x in taps) for _, taps in seen)


Reduction = Callable[[list[Fraction], int], Fraction]


def check_pool(layer: Layer, window: Window, reduce: Reduction, *, blind_is_fine: bool = False) -> None:
    """``layer`` against ``reduce`` over each window; a window that sees only padding is an error unless fine."""
    if not blind_is_fine and not sees_the_image(window):
        with pytest.raises(NetworkError, match="wholly in the padding"):
            network(window.image.shape, layer)
        return
    check(layer, window.image, reference.pool(window.image, reduce, window.kernel, **window.pooling))


@draws(60)
@given(sliding_windows())
def test_max_pool(window: Window) -> None:
    check_pool(lambda t: layers.max_pool(t, window.kernel, **window.pooling), window, maximum)


@draws(60)
@given(sliding_windows())
def test_average_pool(window: Window) -> None:
    check_pool(lambda t: layers.average_pool(t, window.kernel, **window.pooling), window, mean_inside)


@draws(60)
@given(sliding_windows())
def test_average_pool_that_counts_padding(window: Window) -> None:
    check_pool(
        lambda t: layers.average_pool(t, window.kernel, count_include_pad=True, **window.pooling),
        window,
        mean_with_padding,
        blind_is_fine=True,
    )


def test_average_of_nine_is_exact() -> None:
    net = network((1, 3, 3), lambda t: layers.average_pool(t, (3, 3)))
    (_, matrix), *_ = net.blocks[-1].inputs
    assert set(matrix.fractions()) == {Fraction(1, 9)}


def test_conv_keeps_fractions_and_long_floats() -> None:
    kernel = [[["1/3", 0.1]]]
    x = exact([[1, 2, 4]])
    expected = exact([[Fraction(1, 3) + 2 * Fraction(0.1), Fraction(2, 3) + 4 * Fraction(0.1)]])
    check(lambda t: layers.conv(t, kernel), x, expected)


def test_one_pad_a_dimension_means_both_sides() -> None:
    x = image((1, 4, 3))
    expected = reference.conv(x, exact(np.ones((1, 1, 2, 2))), None, (1, 1), (1, 2, 1, 2), (1, 1), 1)
    check(lambda t: layers.conv(t, np.ones((1, 1, 2, 2)), pads=(1, 2)), x, expected)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda t: layers.conv(t, np.ones((1, 1, 2))), r"kernel of shape \(1, 1, 2\) on a tensor of shape \(2, 4, 4\)"),
        (lambda t: layers.conv(t, np.ones((1, 3, 2, 2))), "on 2 channels"),
        (lambda t: layers.conv(t, np.ones((3, 1, 2, 2)), groups=2), "with 2 groups"),
        (lambda t: layers.conv(t, np.ones((1, 2, 2, 2)), [1, 2]), "2 biases for 1 channel"),
        (lambda t: layers.conv(t, np.ones((1, 2, 5, 2))), "kernel of extent 5 on 4 places"),
        (lambda t: layers.conv(t, np.ones((1, 2, 2, 2)), dilations=(4, 1)), "kernel of extent 5 on 4 places"),
        (lambda t: layers.conv(t, np.ones((1, 2, 2, 2)), strides=(1,)), "one value a spatial dimension"),
        (lambda t: layers.conv(t, np.ones((1, 2, 2, 2)), strides=(0, 1)), "must be positive"),
        (lambda t: layers.conv(t, np.ones((1, 2, 2, 2)), pads=(-1, 0)), "pads not negative"),
        (lambda t: layers.dense(t, np.ones((1, 5))), r"weight of shape \(1, 5\) on 32 values"),
        (lambda t: layers.dense(t, np.ones((1, 32)), [1, 2]), "2 biases for 1 output"),
        (lambda t: t.reshape((5, 5)), "cannot reshape"),
        (lambda t: t + t.flatten(), "cannot add"),
        (lambda t: t.plus(vector([1, 2])), "2 constants for 32 values"),
        (lambda t: layers.leaky_relu(t, np.ones(2)), "2 slopes for 32 values"),
        (lambda t: layers.multiplied(t, vector([1, 2])), "2 factors for 32 values"),
        (lambda t: layers.concatenated([t, t.flatten()], 0), "cannot join"),
        (lambda t: layers.concatenated([t, t], 3), "cannot join"),
    ],
)
def test_misfits_say_what_does_not_fit(layer: Layer, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        network((2, 4, 4), layer)


# Activations.

NUMBERS = exact([-7, -2, -1, 0, 1, 3, 8])


def entrywise(function: Callable[[Fraction], Fraction], values: Array = NUMBERS) -> Array:
    return exact([function(v) for v in values.tolist()])


def test_relu_and_absolute() -> None:
    check(layers.relu, NUMBERS, entrywise(lambda v: max(v, Fraction(0))))
    check(layers.absolute, NUMBERS, entrywise(abs))


@pytest.mark.parametrize("slope", [0, 1, "1/10", 0.1, -1, 2, Fraction(2, 7)])
def test_leaky_relu(slope: int | float | str | Fraction) -> None:
    s = Fraction(slope)
    check(lambda t: layers.leaky_relu(t, slope), NUMBERS, entrywise(lambda v: v if v > 0 else s * v))


def test_prelu_has_a_slope_for_each_value() -> None:
    slopes = np.array([0.25, 0.1, 0, 1, -1, 2, 0.5], dtype=np.float32)
    pairs = zip(NUMBERS.tolist(), slopes.tolist(), strict=True)
    expected = exact([v if v > 0 else Fraction(s) * v for v, s in pairs])
    check(lambda t: layers.leaky_relu(t, slopes), NUMBERS, expected)


BOUNDS = [None, -3, 0, "1/2", 2]


@pytest.mark.parametrize(("low", "high"), list(itertools.product(BOUNDS, BOUNDS)))
def test_clip(low: int | str | None, high: int | str | None) -> None:
    """With low > high the constant ``high``, as min(max(x, low), high) says."""

    def clipped(v: Fraction) -> Fraction:
        raised = v if low is None else max(v, Fraction(low))
        return raised if high is None else min(raised, Fraction(high))

    check(lambda t: layers.clip(t, low, high), NUMBERS, entrywise(clipped))


def test_clip_with_low_above_high_is_constant() -> None:
    check(lambda t: layers.clip(t, 5, 2), NUMBERS, entrywise(lambda v: Fraction(2)))


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=6))
def test_maximum_and_minimum(pairs: list[tuple[int, int]]) -> None:
    point = exact(pairs).T.ravel()
    half = len(pairs)

    def split(t: Tensor) -> tuple[Tensor, Tensor]:
        return t.take(t.positions()[:half]), t.take(t.positions()[half:])

    check(lambda t: layers.maximum(*split(t)), point, exact([max(p) for p in pairs]))
    check(lambda t: layers.minimum(*split(t)), point, exact([min(p) for p in pairs]))


# Affine expressions.


def test_dense() -> None:
    weight, bias = np.array([[1, -2, 3], [0, 0, 0]]), ["1/3", 0.1]
    x = exact([1, 2, 3])
    check(lambda t: layers.dense(t, weight, bias), x, exact([6 + Fraction(1, 3), Fraction(0.1)]))


def test_affine_expressions_of_several_blocks() -> None:
    """Sums, differences, factors and constants, before and after activations, in one expression."""

    def layer(t: Tensor) -> Tensor:
        y = layers.relu(t.plus_number(-1))
        return (t.scaled("2/3") - y).plus(vector([1, 2, 3])).plus_number("1/2") + layers.relu(-y.plus_number(-2)) + (-t)

    def value(v: Fraction, constant: int) -> Fraction:
        y = max(v - 1, Fraction(0))
        return v * Fraction(2, 3) - y + constant + Fraction(1, 2) + max(2 - y, Fraction(0)) - v

    x = exact([-4, 2, 9])
    check(layer, x, exact([value(v, c) for v, c in zip(x.tolist(), (1, 2, 3), strict=True)]))


def test_take_rearranges_and_pads() -> None:
    x = image((2, 3))
    positions = np.array([[5, -1, 0], [0, 0, -1]])
    padded = exact([*x.ravel(), 0])
    check(lambda t: t.take(positions), x, padded[positions])
    check(lambda t: t.take(t.positions().T), x, x.T)
    # The constant of an expression is rearranged with it, and is not padded in.
    check(lambda t: t.plus_number(7).take(positions), x, exact([*(x.ravel() + 7), 0])[positions])


def test_reshape_and_flatten() -> None:
    x = image((2, 3))
    check(lambda t: t.reshape((3, 2)), x, x.reshape(3, 2))
    check(lambda t: t.flatten(), x, x.ravel())


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_concatenated(axis: int) -> None:
    """Parts from several sources, with constants, with float and with fractional factors."""
    x = image((2, 2, 2))

    def layer(t: Tensor) -> Tensor:
        return layers.concatenated([t, layers.relu(t), t.scaled("1/3").plus_number(1), layers.relu(-t).scaled(2)], axis)

    zero = exact(np.zeros(x.shape, dtype=int))
    parts = [x, np.maximum(x, zero), x * Fraction(1, 3) + 1, np.maximum(-x, zero) * 2]
    check(layer, x, np.concatenate(parts, axis=axis))


def test_concatenated_tensors_of_different_lengths() -> None:
    x = image((3, 2))
    check(lambda t: layers.concatenated([t, t.take(t.positions()[:1])], 0), x, np.concatenate([x, x[:1]]))


@given(st.lists(st.fractions(-3, 3, max_denominator=8), min_size=3, max_size=3))
def test_multiplied(factors: list[Fraction]) -> None:
    x = exact([5, -4, 2])
    check(lambda t: layers.multiplied(t, vector(factors)), x, x * exact(factors))


# The shape of the canonical form.


def blocks(net: Network) -> list[tuple[str, int, bool]]:
    return [(block.name, block.size, block.relu) for block in net.blocks]


def test_selections_and_scalings_make_no_blocks() -> None:
    net = network((2, 3), lambda t: layers.relu((-t).reshape((3, 2)).take(np.array([0, -1, 3])).scaled("1/2")))
    assert blocks(net) == [("x", 3, True), ("x", 3, False)]


def test_a_layer_on_a_layer_makes_a_block() -> None:
    """So that sums keep the order in which an implementation adds them."""
    net = network(
        (2,), lambda t: layers.dense(layers.dense(t, [[1, 1], [1, -1]]).named("first"), [[1, 1]]).named("second")
    )
    assert blocks(net) == [("first", 2, False), ("second", 1, False)]


def test_max_pool_is_a_tree_of_pairs() -> None:
    net = network((1, 2, 2), lambda t: layers.max_pool(t.named("pool"), (2, 2)))
    assert blocks(net) == [*((f"pool.max{k}", 1, True) for k in (1, 2, 3)), ("pool", 1, False)]


def test_sizes_of_floats_stay_floats() -> None:
    """A network of float weights has no fractions in it: they are many times slower."""
    weight = np.random.default_rng(0).normal(size=(2, 1, 2, 2))
    net = network((1, 5, 5), lambda t: layers.max_pool(-layers.conv(t, weight), (2, 2)))
    assert all(matrix.is_binary64 for block in net.blocks for _, matrix in block.inputs)


def test_layers_without_a_name_are_numbered() -> None:
    net = Builder((1,), "plain")
    anonymous = layers.relu(net.input.named(""))
    assert blocks(net.build(layers.relu(anonymous))) == [
        ("layer1", 1, True),
        ("layer2", 1, True),
        ("output", 1, False),
    ]


def test_notes_are_kept_once() -> None:
    net = Builder((1,))
    net.notes += ["scale rounded", "scale rounded", "mode read as test"]
    assert net.build(net.input).notes == ("scale rounded", "mode read as test")


def test_builders_do_not_mix() -> None:
    one, other = Builder((2,)), Builder((2,))
    layers.relu(other.input)
    for combine in (
        lambda: one.build(other.input),
        lambda: one.input + other.input,
        lambda: layers.concatenated([one.input, other.input], 0),
        lambda: layers.maximum(one.input, other.input),
    ):
        with pytest.raises(NetworkError, match="builder"):
            combine()


def test_a_network_has_inputs_and_outputs() -> None:
    with pytest.raises(NetworkError, match="has no values"):
        _ = Builder((0, 3)).input
    net = Builder((2,))
    with pytest.raises(NetworkError, match="the output has no values"):
        net.build(net.input.take(np.zeros(0, dtype=np.int64)))


def test_too_large_a_convolution_is_refused_before_it_is_unrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "MAX_ENTRIES", 100)
    with pytest.raises(NetworkError, match="unrolls to"):
        network((1, 8, 8), lambda t: layers.conv(t, np.ones((1, 1, 3, 3))))
