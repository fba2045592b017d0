"""Exact conditions on the weights of one network: necessary and sufficient, and cheap to decide at any size.

They are theorems about networks of a certain form, with the proof in each docstring; a network of another form is a
``NetworkError``. The general engine (``verify.check``) knows nothing of them, and the tests compare the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError, RegionError
from verify.kernel.exact import Bits, evaluate
from verify.network import Network
from verify.network.matrix import Matrix
from verify.network.network import Block
from verify.rational import Number, Vector, to_fraction, vector, zeros
from verify.region import Box, Region

Hyperplane = tuple[tuple[tuple[int, Fraction], ...], Fraction]


def affine_on_moved_orthant(network: Network, corner: Sequence[Number]) -> bool:
    """Whether f is affine on ``{x : x >= -c}``, c = ``corner`` (any numbers, usually >= 0).

    The network is a chain of layers, ReLU after all but the last (or after all), with nonnegative weights; biases are
    nonnegative after the first layer, any numbers in it. Then f is affine on the region if and only if each unit i of
    the first layer from which some path of positive weights leads to an output has W_i = 0 or (W c)_i <= b_i.

    Proof. The first layer's results are >= 0, so by induction all later pre-activations are >= 0 and their ReLUs do
    nothing: f(x) = M relu(W x + b) + d with M >= 0, and M_oi > 0 exactly where such a path leads from i to o. As
    W_i >= 0, z_i = W_i x + b_i is least on the region at x = -c: b_i - (W c)_i. If the condition holds, each
    relu(z_i) with some M_oi > 0 is constant or equals z_i: f is affine. Otherwise some z_i with M_oi > 0 is negative at
    -c and unbounded above (W_i has a positive entry), so relu(z_i) is convex and not affine. Were f_o affine, then
    M_oi relu(z_i) would be f_o minus convex functions, so concave, and with that affine: a contradiction.
    """
    first, *others = _chain(network)
    for block in (first, *others):
        _check_nonnegative(block, biases=block is not first)
    reached = _reached(others, first.size)
    matrix = first.inputs[0][1] if first.inputs else None
    least = first.bias
    if matrix is not None:
        least = least - matrix.product(vector([to_fraction(c) for c in _corner(corner, network)]))
    empty = _empty_rows(first)
    return not any(least[i] < 0 and reached[i] and not empty[i] for i in range(first.size))


def additive_on_orthant(network: Network) -> bool:
    """Whether f(x + y) = f(x) + f(y) for all x, y >= 0, for a chain with nonnegative weights and biases: iff f(0) = 0.

    Proof. On the nonnegative orthant all values are >= 0, so no ReLU does anything and f(x) = A x + f(0). Then
    f(x + y) - f(x) - f(y) = -f(0).
    """
    for block in _chain(network):
        _check_nonnegative(block, biases=True)
    return evaluate(network, zeros(network.input_size)).is_zero()


def bending_units(network: Network, region: Region) -> list[int]:
    """The units of the first layer whose ReLU is not affine on the box: those that take both strict signs there.

    A unit that does not bend has its row zero on the coordinates that vary, or max z <= 0, or min z >= 0 over the box;
    minimum and maximum are closed forms, and infinite where a coordinate with a weight has an infinite side.

    Theorem. For a layer with ReLU as the output, and for any output layer with nonnegative weights that reads every
    unit, f is affine on the box if and only if no unit bends. Proof: if none bends, each relu(z_i) is affine. If one
    does, relu(z_i) is convex and not affine (z_i takes both signs on a segment of the box), and so is every sum of it
    with a positive weight and convex functions, as in ``affine_on_moved_orthant``.
    """
    block = _chain(network, last_reads_input=True)[0]
    box = _box(region)
    return [i for i in range(block.size) if _bends(block, i, box)]


def one_layer_is_affine(network: Network, region: Region) -> bool:
    """Whether one ReLU layer followed by an affine layer with weights V of any sign is affine on a box.

    Only units that bend (``bending_units``) matter. Over the coordinates that vary on the box, each has a hyperplane
    z_i = 0 through the interior. f is affine on the box if and only if for every hyperplane H and every output o the
    sum of V_oi |s_i| over the units of H is 0, where z_i = s_i h for one affine function h of H.

    Proof. relu(s h) is s relu(h) for s > 0 and |s| (relu(h) - h) for s < 0, so the units of H add up to an affine
    function and k relu(h), k the sum in question. If all k are 0, f is affine. If k is not 0 for some H, take a point
    of H inside the box that lies on no other of the finitely many hyperplanes (those meet H in lower dimension): there
    the slope of f_o across H jumps by k times that of h, so f is not affine.
    """
    layers = _chain(network, last_reads_input=True)
    if len(layers) > 2:
        raise NetworkError(
            f"{network.name} has {len(layers)} layers; the condition is about one ReLU layer and an output"
        )
    first, box = layers[0], _box(region)
    if len(layers) == 1:
        return not any(_bends(first, i, box) for i in range(first.size))
    output = next((matrix for source, matrix in layers[1].inputs if source == _number_of(network, first)), None)
    weights = [] if output is None else list(_entries(output))
    sums: dict[tuple[Hyperplane, int], Fraction] = {}
    planes = {i: _hyperplane(first, i, box) for i in range(first.size) if _bends(first, i, box)}
    for row, unit, value in weights:
        if unit in planes:
            plane, scale = planes[unit]
            sums[plane, row] = sums.get((plane, row), Fraction(0)) + value * abs(scale)
    return not any(sums.values())


def _chain(network: Network, *, last_reads_input: bool = False) -> list[Block]:
    """The layers, each reading the one before and with ReLU but for the last; a final identity is left out."""
    blocks = list(network.blocks)
    for number, block in enumerate(blocks, start=1):
        last = number == len(blocks)
        allowed = {number - 1, 0} if last and last_reads_input else {number - 1}
        if any(source not in allowed for source, _ in block.inputs):
            raise NetworkError(f"{network.name}: layer {block.name} does not read just the layer before")
        if not block.relu and not last:
            raise NetworkError(f"{network.name}: layer {block.name} has no ReLU and is not the last one")
    if not blocks[0].relu:
        raise NetworkError(f"{network.name}: the first layer has no ReLU")
    return blocks


def _number_of(network: Network, block: Block) -> int:
    return network.blocks.index(block) + 1


def _check_nonnegative(block: Block, *, biases: bool) -> None:
    if any(bool(np.any(matrix.entries < 0)) for _, matrix in block.inputs):
        raise NetworkError(f"layer {block.name} has a negative weight; the condition is about nonnegative ones")
    if biases and any(b < 0 for b in block.bias.fractions()):
        raise NetworkError(f"layer {block.name} has a negative bias; the condition allows them in the first layer only")


def _corner(corner: Sequence[Number], network: Network) -> list[Number]:
    if len(corner) != network.input_size:
        raise RegionError(f"a corner of {len(corner)} coordinates; {network.name} has {network.input_size} inputs")
    return list(corner)


def _reached(others: Sequence[Block], size: int) -> Bits:
    """The units of the first layer from which positive weights lead to an output."""
    sizes = [size, *(block.size for block in others)]
    reached = np.ones(sizes[-1], dtype=bool)
    for block, width in zip(reversed(others), reversed(sizes[:-1]), strict=True):
        before = np.zeros(width, dtype=bool)
        for _, matrix in block.inputs:
            before[matrix.columns[reached[matrix.row_of_entry]]] = True
        reached = before
    return reached


def _empty_rows(block: Block) -> Bits:
    empty = np.ones(block.size, dtype=bool)
    for _, matrix in block.inputs:
        empty[matrix.row_of_entry] = False
    return empty


def _box(region: Region) -> Box:
    if region.chart is not None or region.rows or not isinstance(region.base, Box):
        raise RegionError(f"the condition is about boxes, {region.text or 'this region'!r} is not one")
    return region.base


def _row(block: Block, unit: int) -> list[tuple[int, Fraction]]:
    """The weights of one unit that are not zero."""
    return [(column, value) for _, matrix in block.inputs for row, column, value in _entries(matrix) if row == unit]


def _entries(matrix: Matrix) -> list[tuple[int, int, Fraction]]:
    return list(zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True))


def _bends(block: Block, unit: int, box: Box) -> bool:
    low, high = _range(_row(block, unit), block.bias[unit], box)
    return low < 0 < high


def _range(row: Sequence[tuple[int, Fraction]], bias: Fraction, box: Box) -> tuple[Fraction | float, Fraction | float]:
    """The least and the greatest value over the box; infinite where a side is."""
    low: Fraction | float = bias
    high: Fraction | float = bias
    for j, value in row:
        ends = (_side(box.low, box.low_finite, j, value), _side(box.high, box.high_finite, j, value))
        least, most = ends if value > 0 else ends[::-1]
        low = -math.inf if least is None or low == -math.inf else low + least
        high = math.inf if most is None or high == math.inf else high + most
    return low, high


def _side(values: Vector, finite: Bits, j: int, weight: Fraction) -> Fraction | None:
    return weight * values[j] if finite[j] else None


def _hyperplane(block: Block, unit: int, box: Box) -> tuple[Hyperplane, Fraction]:
    """The hyperplane in the coordinates that vary, its first coefficient 1, and the factor from it to the unit."""
    constant = block.bias[unit]
    kept: list[tuple[int, Fraction]] = []
    for j, value in sorted(_row(block, unit)):
        if box.pinned[j]:
            constant += value * box.low[j]
        else:
            kept.append((j, value))
    scale = kept[0][1]
    return (tuple((j, value / scale) for j, value in kept), constant / scale), scale
