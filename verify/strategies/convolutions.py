"""A strategy for small convolutional networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import note
from hypothesis import strategies as st

from verify.network import Builder, Network, Tensor
from verify.network.builder import average_pool, conv, dense, max_pool
from verify.strategies.networks import RELU, STYLES, WHOLE, Activation, activations, describe


@st.composite
def conv_networks(
    draw: st.DrawFn,
    *,
    outputs: int | None = None,
    max_layers: int = 2,
    max_size: int = 4,
    activation: st.SearchStrategy[Activation] | None = None,
) -> Network:
    """Convolutions in one or two dimensions with strides, one-sided padding, dilation and groups; then a dense layer.

    Some end with max or average pooling. ``max_size`` limits the places along each spatial axis of the input.
    """
    chosen = activation if activation is not None else st.one_of(st.just(RELU), st.just(RELU), activations())
    style = draw(st.sampled_from(list(STYLES)))
    space = draw(st.lists(st.integers(1, max_size), min_size=1, max_size=2))
    builder = Builder((draw(st.integers(1, 2)), *space), "drawn")
    x = _convolution(draw, builder.input, style, "conv1")
    x = draw(chosen).apply(x)
    for layer in range(2, max_layers + 1):
        if not draw(st.sampled_from([False, True])):
            break
        x = draw(chosen).apply(_convolution(draw, x, style, f"conv{layer}"))
    pool = draw(st.sampled_from([None, None, max_pool, average_pool]))
    if pool is not None:
        x = pool(x.named("pool"), [draw(st.integers(1, min(2, extent))) for extent in x.shape[1:]])
    width = draw(st.integers(1, 2)) if outputs is None else outputs
    weights = st.lists(WHOLE, min_size=x.size, max_size=x.size)
    network = builder.build(dense(x.flatten().named("output"), draw(st.lists(weights, min_size=width, max_size=width))))
    note(describe(network))
    return network


def _convolution(draw: st.DrawFn, x: Tensor, style: str, name: str) -> Tensor:
    """A convolution of ``x`` with a kernel that fits it."""
    space = x.shape[1:]
    pads = [draw(st.integers(0, 1)) for _ in range(2 * len(space))]
    room = [extent + pads[d] + pads[len(space) + d] for d, extent in enumerate(space)]
    kernel = [draw(st.integers(1, min(3, extent))) for extent in room]
    spread = [draw(st.integers(1, min(2, _widest(extent, k)))) for extent, k in zip(room, kernel, strict=True)]
    strides = [draw(st.integers(1, 2)) for _ in space]
    groups = draw(st.sampled_from([n for n in (1, 2) if x.shape[0] % n == 0]))
    filters = groups * draw(st.integers(1, 2))
    weight, bias = STYLES[style]
    shape = (filters, x.shape[0] // groups, *kernel)
    return conv(
        x.named(name),
        _array(draw(st.lists(weight, min_size=math.prod(shape), max_size=math.prod(shape))), shape),
        draw(st.lists(bias, min_size=filters, max_size=filters)),
        strides=strides,
        pads=pads,
        dilations=spread,
        groups=groups,
    )


def _widest(extent: int, kernel: int) -> int:
    """The largest dilation with which a kernel still fits."""
    return (extent - 1) // (kernel - 1) if kernel > 1 else 1


def _array(values: Sequence[Fraction], shape: Sequence[int]) -> object:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result.reshape(tuple(shape))
