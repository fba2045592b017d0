"""The smallest network with one negative weight that is not affine on the nonnegative orthant, by exhaustive search."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.family.conditions import one_layer_is_affine
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.region import nonnegative

MAX_TOTAL = 12


@dataclass(frozen=True, eq=False)
class Smallest:
    """A network that is not affine, and all the networks before it in the order of size, each of which is affine."""

    network: Network
    weights: tuple[tuple[int, ...], ...]
    biases: tuple[int, ...]
    outputs: tuple[int, ...]
    smaller: tuple[Network, ...]


def smallest_with_one_negative_weight(*, biases: bool = True) -> Smallest:
    """One hidden ReLU layer, one output without bias, integers >= 0 but for one negative weight of the hidden layer.

    Size is the number of ReLU units, then the sum of the sizes of all integers, then the number of inputs. Every input
    and every unit is read (one that is not could be left out: the same function on fewer). A network without ReLU is
    affine, so the search starts with one unit; with one unit the smallest is found below ``MAX_TOTAL`` (relu(1 - x),
    without biases relu(x0 - x1)), so no larger number of units is ever tried. Whether a network is affine is decided
    by ``one_layer_is_affine``, which is exact.
    """
    smaller: list[Network] = []
    for total in range(1, MAX_TOTAL + 1):
        for inputs in range(1, total + 1):
            for row, bias, out in _units(total, inputs, biases):
                network = _network([row], [bias], [out])
                if not one_layer_is_affine(network, nonnegative(inputs)):
                    return Smallest(network, (row,), (bias,), (out,), tuple(smaller))
                smaller.append(network)
    raise AssertionError(f"no network with integers that add up to {MAX_TOTAL}")


def _units(total: int, inputs: int, biases: bool) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """One unit: nonzero weights, one of them negative, a bias and an outgoing weight; their sizes add up to total."""
    for out in range(1, total):
        for bias in range(total - out if biases else 1):
            for sizes in _compositions(total - out - bias, inputs):
                for negative in range(inputs):
                    row = tuple(-size if j == negative else size for j, size in enumerate(sizes))
                    yield row, bias, out


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Positive integers that add up to the total, in order."""
    if total >= parts:
        for cuts in itertools.combinations(range(1, total), parts - 1):
            ends = (0, *cuts, total)
            yield tuple(b - a for a, b in itertools.pairwise(ends))


def _network(weights: Sequence[Sequence[int]], biases: Sequence[int], outputs: Sequence[int]) -> Network:
    builder = Builder((len(weights[0]),), "one_negative_weight")
    exact = [[Fraction(w) for w in row] for row in weights]
    hidden = relu(dense(builder.input.named("hidden"), exact, [Fraction(b) for b in biases]))
    return builder.build(dense(hidden, [[Fraction(v) for v in outputs]]))
