"""Built-in networks, by name: small enough to check by hand, one lesson each."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

from verify.errors import NetworkError
from verify.network.builder import absolute, clip, conv, dense, leaky_relu, max_pool, maximum, relu
from verify.network.network import Network
from verify.network.tensor import Builder, Tensor


def names() -> list[str]:
    """The names that ``get`` knows, in the order in which they are best read."""
    return list(EXAMPLES)


def get(name: str) -> Network:
    """The example of that name; its ``source`` is ``example:NAME``."""
    make = EXAMPLES.get(name)
    if make is None:
        near = difflib.get_close_matches(name, EXAMPLES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(EXAMPLES)}"
        raise NetworkError(f"no built-in example is called {name!r}; {hint}")
    return replace(make(), source=f"example:{name}")


def one_relu() -> Network:
    """``relu(x)``: affine on each side of 0, not across it; positively homogeneous everywhere."""
    net = Builder((1,), "relu")
    return _built(net, relu(net.input.named("relu")))


def identity_pair() -> Network:
    """``relu(z) - relu(-z)`` with ``z = x0 - 2 x1``: both units switch, yet the function is ``z``, which is linear."""
    net = Builder((2,), "identity_pair")
    hidden = relu(dense(net.input, [[1, -2], [-1, 2]]).named("pair"))
    return _built(net, dense(hidden, [[1, -1]]))


def absolute_value() -> Network:
    """``|x| = 2 relu(x) - x``: even, convex, and not additive (``|1| + |-1|`` is not ``|0|``)."""
    net = Builder((1,), "abs")
    return _built(net, absolute(net.input.named("abs")))


def maximum_of_two() -> Network:
    """``max(x0, x1) = x1 + relu(x0 - x1)``: linear on each side of the line ``x0 = x1``."""
    net = Builder((2,), "max")
    return _built(net, maximum(_entry(net.input, 0).named("max"), _entry(net.input, 1)))


def leaky() -> Network:
    """Leaky ReLU with slope exactly 1/10 (no float is): a number in text is read as the rational it says."""
    net = Builder((1,), "leaky")
    return _built(net, leaky_relu(net.input.named("leaky"), "1/10"))


def thread() -> Network:
    """A 2 x 2 convolution of a 3 x 3 image with one negative weight, ReLU, sum: not affine even for inputs >= 0."""
    return _convolution("thread", [[1, 2], [-3, 1]])


def thread_nonnegative() -> Network:
    """The same with weights >= 0: affine for inputs >= 0, yet not additive, because the bias reaches the output."""
    return _convolution("thread_nonneg", [[1, 2], [3, 1]])


def dead() -> Network:
    """``relu(5 - x)``: a negative weight, and still affine on [0, 1], where the bias keeps the unit on."""
    net = Builder((1,), "dead")
    return _built(net, relu(dense(net.input, [[-1]], [5]).named("hidden")))


def unused() -> Network:
    """``x0 + 0 relu(x0 - x1)``: the unit switches, its outgoing weight is 0, nothing changes."""
    net = Builder((2,), "unused")
    switching = relu(dense(net.input, [[1, -1]]).named("switch"))
    return _built(net, _entry(net.input, 0) + dense(switching, [[0]]))


def pooled() -> Network:
    """A convolution, then 2 x 2 max-pooling: a maximum of four affine functions, hence convex."""
    net = Builder((1, 3, 3), "maxpool")
    features = conv(net.input, [[[[1, -1], [0, 1]]]]).named("conv").simple()
    return _built(net, max_pool(features.named("pool"), (2, 2)).flatten())


def clipped() -> Network:
    """``relu6(x) = min(max(x, 0), 6)``: two kinks; affine on [0, 6], constant beyond."""
    net = Builder((1,), "clip")
    return _built(net, clip(net.input.named("clip"), 0, 6))


def zero_bias() -> Network:
    """Two convolutions without biases: positively homogeneous whatever the signs of the weights, but not linear."""
    net = Builder((1, 3, 3), "zero_bias")
    first = relu(conv(net.input, [[[[1, -1], [2, 0]]], [[[-1, 1], [0, 1]]]]).named("conv1"))
    second = relu(conv(first, [[[[1, 0], [-1, 1]], [[-2, 1], [1, 0]]]]).named("conv2"))
    return _built(net, dense(second.flatten(), [[1]]))


def _built(net: Builder, output: Tensor) -> Network:
    return net.build(output.named("output"))


def _entry(x: Tensor, index: int) -> Tensor:
    """One coordinate of a vector, as a vector of length 1."""
    return x.take(x.positions()[index : index + 1])


def _convolution(name: str, kernel: list[list[int]]) -> Network:
    """Input 1 x 3 x 3, one 2 x 2 kernel with bias 1, ReLU, and the sum of the four results."""
    net = Builder((1, 3, 3), name)
    hidden = relu(conv(net.input, [[kernel]], [1]).named("conv"))
    return _built(net, dense(hidden.flatten(), [[1, 1, 1, 1]]))


EXAMPLES: dict[str, Callable[[], Network]] = {
    "relu": one_relu,
    "identity_pair": identity_pair,
    "abs": absolute_value,
    "max": maximum_of_two,
    "leaky": leaky,
    "thread": thread,
    "thread_nonneg": thread_nonnegative,
    "dead": dead,
    "unused": unused,
    "maxpool": pooled,
    "clip": clipped,
    "zero_bias": zero_bias,
}
