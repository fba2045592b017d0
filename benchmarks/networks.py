"""Networks of the benchmarks: random ones from seeds, affine ones in which every ReLU switches, permuted copies."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from verify.network import Builder, Network
from verify.network import matrix as matrices
from verify.network.builder import conv, dense, relu
from verify.network.combine import Copy, combination
from verify.network.matrix import Matrix
from verify.network.tensor import Tensor
from verify.rational import vector, zeros


def _normal(rng: np.random.Generator, scale: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return rng.normal(0, scale, shape).astype(np.float32)


def mlp(sizes: tuple[int, ...], seed: int) -> Network:
    """Dense layers with ReLU between them, random weights rounded to float32."""
    rng = np.random.default_rng(seed)
    net = Builder((sizes[0],), "mlp")
    x = net.input
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        x = relu(x.named(f"relu{i}")) if i else x
        x = dense(x, _normal(rng, (2 / inputs) ** 0.5, (outputs, inputs)), _normal(rng, 0.5, (outputs,)))
    return net.build(x)


def mirrored(sizes: tuple[int, ...], seed: int) -> Network:
    """The same shape, but each hidden layer holds z and -z, and is read only as relu(z) - relu(-z) = z."""
    rng = np.random.default_rng(seed)
    net = Builder((sizes[0],), "mirrored")
    x, inputs = net.input, sizes[0]
    for i, size in enumerate(sizes[1:]):
        is_last = i == len(sizes) - 2
        outputs = size if is_last else size // 2
        weight, bias = _normal(rng, (2 / inputs) ** 0.5, (outputs, inputs)), _normal(rng, 0.5, (outputs,))
        if i:
            x, weight = relu(x.named(f"relu{i}")), np.concatenate([weight, -weight], axis=1)
        if not is_last:
            weight, bias = np.concatenate([weight, -weight]), np.concatenate([bias, -bias])
        x, inputs = dense(x, weight, bias), outputs
    return net.build(x)


def conv_net(shape: tuple[int, int, int], channels: tuple[int, ...], outputs: int, seed: int, pad: int = 0) -> Network:
    """3 x 3 convolutions with ReLU after each, then one dense layer; random weights rounded to float32."""
    rng = np.random.default_rng(seed)
    net = Builder(shape, "conv")
    x: Tensor = net.input
    for i, count in enumerate(channels, start=1):
        kernel = _normal(rng, (2 / (9 * x.shape[0])) ** 0.5, (count, x.shape[0], 3, 3))
        x = relu(conv(x, kernel, _normal(rng, 0.5, (count,)), pads=(pad, pad)).named(f"conv{i}"))
    features = x.flatten()
    weight = _normal(rng, (2 / features.size) ** 0.5, (outputs, features.size))
    return net.build(dense(features, weight, _normal(rng, 0.5, (outputs,))))


def odd(sizes: tuple[int, ...], seed: int) -> Network:
    """g(x) - g(-x) for a random g: odd, whatever switches."""
    return mirrored_sum(mlp(sizes, seed), -1)


def mirrored_sum(network: Network, sign: int) -> Network:
    """``g(x) + sign g(-x)``: even, or odd for a negative sign."""
    same, offset = matrices.identity(network.input_size), zeros(network.input_size)
    copies = [
        Copy(Fraction(1), network, same, offset, "g(x)."),
        Copy(Fraction(sign), network, same.scaled(Fraction(-1)), offset, "g(-x)."),
    ]
    return combination(copies, f"{network.name}, mirrored")


def difference(first: Network, second: Network) -> Network:
    """``first - second``."""
    same, offset = matrices.identity(first.input_size), zeros(first.input_size)
    copies = [Copy(Fraction(1), first, same, offset, "f."), Copy(Fraction(-1), second, same, offset, "g.")]
    return combination(copies, f"{first.name} - {second.name}")


def pair(network: Network, seed: int) -> Network:
    """A network minus a permuted and rescaled copy of itself: zero everywhere, whatever switches."""
    return difference(network, permuted(network, seed))


def permuted(network: Network, seed: int) -> Network:
    """The same function: ReLU units of each block in another order, each scaled by a power of two (exactly).

    relu(2^k z) = 2^k relu(z), so those that read the unit divide by 2^k; in floating point that is exact too.
    """
    rng = np.random.default_rng(seed)
    readers: dict[int, Matrix] = {}
    blocks = []
    for k, block in enumerate(network.blocks, start=1):
        inputs = tuple((s, m.compose(readers[s]) if s in readers else m) for s, m in block.inputs)
        bias = block.bias
        if block.relu:
            order, powers = rng.permutation(block.size), rng.integers(-2, 3, block.size)
            places = np.arange(block.size)
            shape = (block.size, block.size)
            forward = matrices.from_triplets(places, order, np.exp2(powers), shape)
            readers[k] = matrices.from_triplets(order, places, np.exp2(-powers), shape)
            inputs, bias = tuple((s, forward.compose(m)) for s, m in inputs), forward.product(bias).reduced()
        blocks.append(replace(block, inputs=inputs, bias=bias))
    return Network(f"{network.name}, permuted", network.input_shape, network.output_shape, tuple(blocks))


def nudged(network: Network) -> Network:
    """The first bias of the output replaced by the next binary64 number."""
    last = network.blocks[-1]
    values = last.bias.fractions()
    values[0] = Fraction(float(np.nextafter(float(values[0]), np.inf)))
    blocks = (*network.blocks[:-1], replace(last, bias=vector(values)))
    return replace(network, name=f"{network.name}, one bias changed", blocks=blocks)
