"""Lowering: layers on tensors become blocks of the canonical form.

A ``Tensor`` is an exact affine expression over the input and the blocks built so far. Selections and
scalings (reshape, transpose, slice, pad, ...) only rewrite that expression; a layer that mixes several units
first turns an argument that already mixes into a block without activation, so that matrices stay sparse.

    net = Builder((1, 4, 4), "mine")
    y = conv(net.input, kernel, bias, pads=(1, 1)).named("conv1")
    network = net.build(dense(relu(y).flatten(), w, b))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network import matrix as matrices
from verify.network import paths as ways
from verify.network.matrix import Entries, Indices, Matrix
from verify.network.network import Block, Network, with_paths
from verify.network.paths import Paths
from verify.network.quantizer import Quantizer
from verify.rational import Number, Vector, concatenate, counted, to_fraction, vector, vector_from_floats, zeros


@dataclass(frozen=True, eq=False)
class Tensor:
    """``shape`` values, each an exact affine expression: ``sum_s terms[s] y_s + bias`` (row-major order).

    ``paths`` are the terms that were added up in ``terms`` and ``bias``; None where each is one term.
    """

    builder: Builder
    shape: tuple[int, ...]
    terms: dict[int, Matrix]
    bias: Vector
    name: str = ""
    paths: Paths | None = None

    @property
    def size(self) -> int:
        return len(self.bias)

    def named(self, name: str) -> Tensor:
        """The same values under a layer name, used for the blocks made from them."""
        return replace(self, name=name)

    def reshape(self, shape: Sequence[int]) -> Tensor:
        """The same values in another shape."""
        new = tuple(int(d) for d in shape)
        if math.prod(new) != self.size:
            raise NetworkError(f"{self.name or 'tensor'}: cannot reshape {self.shape} to {new}")
        return replace(self, shape=new)

    def flatten(self) -> Tensor:
        """The same values as a vector."""
        return self.reshape((self.size,))

    def take(self, positions: NDArray[np.int64]) -> Tensor:
        """Values at flat ``positions`` (any shape, -1 gives zero): slice, gather, transpose, pad, ..."""
        flat = positions.ravel().astype(np.int64)
        terms = {s: m.select_rows(flat) for s, m in self.terms.items()}
        bias = Vector(np.append(self.bias.numerators, 0)[flat], self.bias.denominator)
        paths = self.paths.take(flat) if self.paths else None
        return replace(self, shape=positions.shape, terms=terms, bias=bias, paths=paths)

    def positions(self) -> NDArray[np.int64]:
        """The flat position of each value, in this tensor's shape (index it, then ``take``)."""
        return np.arange(self.size, dtype=np.int64).reshape(self.shape)

    def apply(self, matrix: Matrix, shape: Sequence[int], bias: Vector | None = None) -> Tensor:
        """``matrix`` times the flat values plus ``bias``.

        An argument that mixes units or carries a constant becomes a block first: sums keep the order in which
        an implementation adds them, so that its rounding errors are covered by the bound in ``floats``.
        """
        return self.summed(matrix.row_of_entry, matrix.columns, matrix.entries, shape, bias)

    def summed(
        self, rows: Indices, columns: Indices, entries: Entries, shape: Sequence[int], bias: Vector | None = None
    ) -> Tensor:
        """``apply`` of the matrix with ``entries`` at (rows, columns), where repeated positions are terms of their own.

        What is multiplied twice, by the layer itself or because the argument holds a unit twice, is added up
        exactly; ``paths`` keeps the terms, which an implementation rounds.
        """
        argument, size = self.simple(), math.prod(shape)
        offset = bias if bias is not None else zeros(size)
        parts, terms = {}, {}
        for source, matrix in argument.terms.items():
            there = np.asarray(matrix.row_lengths[columns] > 0, dtype=bool)
            inner = matrix.row_starts[:-1][columns[there]]
            products = matrices.exact_products(entries[there], matrix.entries[inner])
            parts[source] = rows[there], matrix.columns[inner], products
            terms[source] = matrices.from_triplets(*parts[source], (size, matrix.shape[1]))
        paths = ways.of_products(parts, terms, offset)
        return replace(argument, shape=tuple(shape), terms=terms, bias=offset, name=self.name, paths=paths)

    def simple(self) -> Tensor:
        """The same values, each at most one term of each source and no constant."""
        if self.paths is None and self.bias.is_zero() and all(m.is_monomial() for m in self.terms.values()):
            return self
        return self.builder.add_block(self, relu=False)

    def scaled(self, factor: Number) -> Tensor:
        """Every value times one exact number."""
        value = to_fraction(factor)
        terms = {s: m.scaled(value) for s, m in self.terms.items()}
        paths = self.paths.scaled(value) if self.paths else None
        return replace(self, terms=terms, bias=self.bias.scaled(value), paths=paths)

    def times(self, factors: Vector) -> Tensor:
        """Every value times its own exact number, without a block; for values that are not bounded in floats."""
        numbers = factors.fractions()
        if len(set(numbers)) == 1:
            return replace(self, paths=None).scaled(numbers[0])
        entries = matrices.compact(numbers)
        terms = {
            s: matrices.from_triplets(
                m.row_of_entry, m.columns, matrices.exact_products(m.entries, entries[m.row_of_entry]), m.shape
            )
            for s, m in self.terms.items()
        }
        products = [a * b for a, b in zip(self.bias.fractions(), numbers, strict=True)]
        return replace(self, terms=terms, bias=vector(products), paths=None)

    def plus(self, constant: Vector) -> Tensor:
        """Every value plus a constant."""
        if len(constant) != self.size:
            raise NetworkError(f"{self.name or 'tensor'}: {len(constant)} constants for {self.size} values")
        start = self if self.bias.is_zero() else self.simple()
        paths = start.paths.plus(constant) if start.paths else None
        return replace(start, bias=start.bias + constant, paths=paths)

    def plus_number(self, constant: Number) -> Tensor:
        """Every value plus one exact number."""
        return self.plus(constant_vector(to_fraction(constant), self.size))

    def __add__(self, other: Tensor) -> Tensor:
        if self.shape != other.shape:
            raise NetworkError(f"cannot add tensors of shapes {self.shape} and {other.shape}")
        _check_builders((self, other))
        terms = dict(self.terms)
        for source, matrix in other.terms.items():
            terms[source] = matrices.add(terms[source], matrix) if source in terms else matrix
        total = replace(self, terms=terms, bias=self.bias + other.bias, name=self.name or other.name)
        return replace(total, paths=self._paths_with(other, terms))

    def _paths_with(self, other: Tensor, terms: dict[int, Matrix]) -> Paths | None:
        """The paths of a sum with those ``terms``."""
        known = self.paths or other.paths
        shared = self.terms.keys() & other.terms.keys()
        full = all(terms[s].entry_count == self.terms[s].entry_count + other.terms[s].entry_count for s in shared)
        constants = self.bias.is_zero() or other.bias.is_zero()
        if not known and constants and (full or ways.doubles_only(self.terms, other.terms)):
            return None
        mine, theirs = (x.paths or ways.each_alone(x.terms, x.bias) for x in (self, other))
        return ways.added(mine, theirs)

    def __neg__(self) -> Tensor:
        return self.scaled(-1)

    def __sub__(self, other: Tensor) -> Tensor:
        return self + (-other)


def _check_builders(tensors: Sequence[Tensor]) -> None:
    """Terms number the blocks of one builder; another's mean something else."""
    if any(tensor.builder is not tensors[0].builder for tensor in tensors):
        raise NetworkError("tensors of different builders cannot be combined")


@dataclass(eq=False)
class Builder:
    """Collects blocks; ``input`` is the tensor of the network's input."""

    input_shape: tuple[int, ...]
    name: str = "network"
    blocks: list[Block] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unbounded: list[str] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    def used_names(self) -> set[str]:
        """The names of all blocks."""
        count = len(self._names)
        if count > len(self.blocks) or (count and self._names[-1] != self.blocks[count - 1].name):
            self._names, self._used, self._numbers, count = [], set(), {}, 0
        added = [block.name for block in self.blocks[count:]]
        self._names += added
        self._used.update(added)
        return self._used

    def first_number(self, name: str) -> int:
        """A number k >= 2 so that ``name.2`` to ``name.(k - 1)`` are names of blocks."""
        used, k = self.used_names(), self._numbers.get(name, 2)
        while f"{name}.{k}" in used:
            k += 1
        self._numbers[name] = k
        return k

    @property
    def input(self) -> Tensor:
        size = int(np.prod(self.input_shape, dtype=np.int64))
        if size == 0:
            raise NetworkError(f"{self.name}: the input of shape {self.input_shape} has no values")
        return Tensor(self, tuple(self.input_shape), {0: matrices.identity(size)}, zeros(size), "input")

    def add_block(
        self, tensor: Tensor, *, relu: bool, smooth: str | None = None, quantizer: Quantizer | None = None
    ) -> Tensor:
        """Append a block with ``tensor`` as its pre-activation and return its output."""
        inputs = tuple((s, m) for s, m in sorted(tensor.terms.items()) if m.entry_count)
        name = tensor.name or f"layer{len(self.blocks) + 1}"
        block = Block(name, tensor.shape, inputs, tensor.bias.reduced(), relu, smooth, quantizer)
        self.blocks.append(with_paths(block, tensor.paths))
        output = {len(self.blocks): matrices.identity(tensor.size)}
        return Tensor(self, tensor.shape, output, zeros(tensor.size), tensor.name)

    def build(self, output: Tensor) -> Network:
        """The network whose output is ``output``."""
        if output.builder is not self:
            raise NetworkError("the output belongs to another builder")
        if not output.size:
            raise NetworkError(f"{self.name}: the output has no values")
        self.add_block(output.named(output.name or "output"), relu=False)
        return Network(
            name=self.name,
            input_shape=tuple(self.input_shape),
            output_shape=output.shape,
            blocks=tuple(self.blocks),
            notes=tuple(dict.fromkeys(self.notes)),
            unbounded=tuple(dict.fromkeys(self.unbounded)),
        )


def constant_vector(value: Fraction, size: int) -> Vector:
    """``size`` times the same number."""
    return Vector(np.full(size, value.numerator, dtype=object), value.denominator)


def exact_vector(values: object) -> Vector:
    """A flat exact vector from an array of floats, integers, fractions or number strings."""
    array = matrices.exact_array(values)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return vector_from_floats(array)
    return vector(array.ravel().tolist())


def concatenated(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The tensors joined along ``axis``."""
    _check_builders(parts)
    positions, offset = [], 0
    for part in parts:
        positions.append(part.positions() + offset)
        offset += part.size
    try:
        order = np.concatenate(positions, axis=axis)
    except ValueError as error:
        raise NetworkError(f"cannot join tensors of shapes {[part.shape for part in parts]}: {error}") from error
    terms = ways.stacked([(part.terms, part.size) for part in parts])
    bias = concatenate([part.bias for part in parts])
    paths = None
    if any(part.paths for part in parts):
        paths = ways.joined(part.paths or ways.each_alone(part.terms, part.bias) for part in parts)
    joined = Tensor(parts[0].builder, (len(bias),), terms, bias, parts[0].name, paths)
    return joined.take(order)


# Activations, each lowered to ReLU.


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return x.builder.add_block(x, relu=True)


def leaky_relu(x: Tensor, slope: Number | NDArray[np.generic]) -> Tensor:
    """``s x + (1 - s) relu(x)`` with one slope, or one for each value (PReLU; broadcast beforehand)."""
    pre = x.simple()
    if isinstance(slope, np.ndarray):
        slopes = exact_vector(slope)
        if len(slopes) != x.size:
            raise NetworkError(f"{x.name}: {len(slopes)} slopes for {x.size} values")
        complement = constant_vector(Fraction(1), x.size) - slopes
        return multiplied(pre, slopes) + multiplied(relu(pre), complement)
    value = to_fraction(slope)
    return pre.scaled(value) + relu(pre).scaled(1 - value)


def absolute(x: Tensor) -> Tensor:
    """``2 relu(x) - x``."""
    return leaky_relu(x, -1)


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """``y + relu(x - y)``."""
    x, y = x.simple(), y.simple()
    return y + relu((x - y).named(x.name or y.name))


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """``x - relu(x - y)``."""
    x, y = x.simple(), y.simple()
    return x - relu((x - y).named(x.name or y.name))


def clip(x: Tensor, low: Number | None, high: Number | None) -> Tensor:
    """min(max(x, low), high); with low > high this is the constant ``high``, as in ONNX."""
    result = x.simple()
    if low is not None:
        result = relu(result.plus_number(-to_fraction(low))).plus_number(low)
    if high is not None:
        result = (-relu((-result).plus_number(high).named(x.name))).plus_number(high)
    return result.named(x.name)


def multiplied(x: Tensor, factors: Vector) -> Tensor:
    """Each value times its own exact factor."""
    if len(factors) != x.size:
        raise NetworkError(f"{x.name}: {len(factors)} factors for {x.size} values")
    places = np.arange(x.size)
    entries = matrices.compact(factors.fractions())
    return x.apply(matrices.from_triplets(places, places, entries, (x.size, x.size)), x.shape)


# Linear layers.


def check_entry_count(shape: Sequence[int]) -> None:
    """Refuse a layer with more products than a matrix may hold, before anything is allocated."""
    count = math.prod(shape)
    if count > matrices.MAX_ENTRIES:
        raise NetworkError(f"a layer unrolls to {count} weights; at most {matrices.MAX_ENTRIES} are supported")


def dense(x: Tensor, weight: object, bias: object | None = None) -> Tensor:
    """``weight @ x + bias``; weight has shape (outputs, inputs)."""
    matrix = matrices.from_dense(weight)
    if matrix.shape[1] != x.size:
        raise NetworkError(f"{x.name or 'dense'}: weight of shape {matrix.shape} on {x.size} values")
    offset = exact_vector(bias) if bias is not None else None
    if offset is not None and len(offset) != matrix.shape[0]:
        raise NetworkError(
            f"{x.name or 'dense'}: {counted(len(offset), 'bias')} for {counted(matrix.shape[0], 'output')}"
        )
    return x.apply(matrix, (matrix.shape[0],), offset)


def conv(
    x: Tensor,
    weight: object,
    bias: object | None = None,
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    groups: int = 1,
) -> Tensor:
    """Convolution (cross-correlation) of ``x`` (channels, *space), any number of spatial dimensions.

    ``weight`` has shape (outputs, channels / groups, *kernel); ``pads`` are the zeros at the start of each
    spatial dimension, then at the end of each (one value a dimension means both sides).
    """
    kernel = matrices.exact_array(weight)
    space = len(x.shape) - 1
    if kernel.ndim != space + 2 or space < 1:
        raise NetworkError(f"{x.name or 'conv'}: kernel of shape {kernel.shape} on a tensor of shape {x.shape}")
    outputs, channels = kernel.shape[:2]
    if groups < 1 or channels * groups != x.shape[0] or outputs % groups:
        raise NetworkError(
            f"{x.name or 'conv'}: kernel of shape {kernel.shape} with {groups} groups on {x.shape[0]} channels"
        )
    windows, valid = window_positions(x.shape[1:], kernel.shape[2:], strides, pads, dilations, name=x.name)
    out_space = windows.shape[:space]
    area, taps = int(np.prod(out_space)), int(np.prod(kernel.shape[2:]))
    windows, valid = windows.reshape(area, taps), valid.reshape(area, taps)
    if outputs * area * channels * taps > matrices.MAX_ENTRIES:
        raise NetworkError(f"{x.name or 'conv'}: unrolls to more than {matrices.MAX_ENTRIES} weights")
    image = int(np.prod(x.shape[1:]))
    group_of = np.arange(outputs) // (outputs // groups)
    source_channel = group_of[:, None] * channels + np.arange(channels)
    shape = (outputs, area, channels, taps)
    columns = np.broadcast_to(source_channel[:, None, :, None] * image + windows[None, :, None, :], shape)
    rows = np.broadcast_to((np.arange(outputs)[:, None] * area + np.arange(area))[:, :, None, None], shape)
    entries = matrices.as_entries(kernel).reshape(outputs, 1, channels, taps)
    mask = np.broadcast_to(valid[None, :, None, :], shape)
    matrix = matrices.from_triplets(
        rows[mask], columns[mask], np.broadcast_to(entries, shape)[mask], (outputs * area, x.size)
    )
    offset = None
    if bias is not None:
        one = exact_vector(bias)
        if len(one) != outputs:
            raise NetworkError(f"{x.name or 'conv'}: {counted(len(one), 'bias')} for {counted(outputs, 'channel')}")
        offset = one.take(np.repeat(np.arange(outputs), area))
    return x.apply(matrix, (outputs, *out_space), offset)


def window_positions(
    space: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    *,
    ceil_mode: bool = False,
    name: str = "",
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Flat input positions that each output place of a sliding window sees, and which lie inside.

    Both arrays have shape (*output space, *kernel).
    """
    dims = len(space)
    step, spread = list(strides or [1] * dims), list(dilations or [1] * dims)
    border = list(pads or [0] * 2 * dims)
    if len(border) == dims:
        border = border * 2
    if not len(step) == len(spread) == len(kernel) == dims or len(border) != 2 * dims:
        raise NetworkError(f"{name}: strides, pads and dilations must have one value a spatial dimension")
    if min([*step, *spread, *kernel]) < 1 or min(border) < 0:
        raise NetworkError(f"{name}: strides, dilations and kernel must be positive, pads not negative")
    positions, valid = np.zeros((), dtype=np.int64), np.ones((), dtype=bool)
    out: list[int] = []
    for d in range(dims):
        extent = spread[d] * (kernel[d] - 1) + 1
        room = space[d] + border[d] + border[dims + d] - extent
        if room < 0:
            raise NetworkError(f"{name}: kernel of extent {extent} on {space[d]} places with its padding")
        count = (-(-room // step[d]) if ceil_mode else room // step[d]) + 1
        if ceil_mode and (count - 1) * step[d] >= space[d] + border[d]:
            count -= 1  # a window that starts in the padding at the end is not counted
        check_entry_count((positions.size, count, kernel[d]))
        place = (np.arange(count) * step[d] - border[d])[:, None] + np.arange(kernel[d]) * spread[d]
        positions = positions[..., None, None] * space[d] + place
        valid = valid[..., None, None] & (place >= 0) & (place < space[d])
        out.append(count)
    # Axes come as (out_0, kernel_0, out_1, kernel_1, ...).
    order = [*range(0, 2 * dims, 2), *range(1, 2 * dims, 2)]
    return positions.transpose(order), valid.transpose(order)


def average_pool(
    x: Tensor,
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Tensor:
    """The exact mean of each window (1/9 is one ninth); padding counts only if asked for."""
    windows, valid = window_positions(x.shape[1:], kernel, strides, pads, dilations, ceil_mode=ceil_mode, name=x.name)
    dims = len(kernel)
    out, area, taps = windows.shape[:dims], int(np.prod(windows.shape[:dims])), int(np.prod(list(kernel)))
    windows, valid = windows.reshape(area, taps), valid.reshape(area, taps)
    counts = valid.sum(axis=1)
    if count_include_pad:
        counts = _padded_counts(out, x.shape[1:], kernel, strides, pads, dilations)
    if not np.all(counts):
        raise NetworkError(f"{x.name or 'average_pool'}: a window lies wholly in the padding")
    image = int(np.prod(x.shape[1:]))
    row, tap = np.nonzero(valid)
    rows = np.concatenate([row + c * area for c in range(x.shape[0])])
    columns = np.concatenate([windows[row, tap] + c * image for c in range(x.shape[0])])
    shares = matrices.compact([Fraction(1, int(n)) for n in counts])
    entries = np.tile(shares[row], x.shape[0])
    matrix = matrices.from_triplets(rows, columns, entries, (x.shape[0] * area, x.size))
    return x.apply(matrix, (x.shape[0], *out))


def _padded_counts(
    out: Sequence[int],
    space: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int] | None,
    pads: Sequence[int] | None,
    dilations: Sequence[int] | None,
) -> NDArray[np.int64]:
    """Places of each window inside the padded image (ceil mode may reach beyond, which never counts)."""
    dims = len(space)
    step, spread = list(strides or [1] * dims), list(dilations or [1] * dims)
    border = list(pads or [0] * 2 * dims)
    border = border * 2 if len(border) == dims else border
    counts = np.ones((), dtype=np.int64)
    for d in range(dims):
        places = np.arange(out[d])[:, None] * step[d] + np.arange(kernel[d]) * spread[d]
        counts = counts[..., None] * (places < space[d] + border[d] + border[dims + d]).sum(axis=1)
    return counts.ravel()


def max_pool(
    x: Tensor,
    kernel: Sequence[int],
    *,
    strides: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """The maximum of each window, as a tree of ``max(a, b) = b + relu(a - b)``; padding never wins."""
    windows, valid = window_positions(x.shape[1:], kernel, strides, pads, dilations, ceil_mode=ceil_mode, name=x.name)
    dims = len(kernel)
    out, area, taps = windows.shape[:dims], int(np.prod(windows.shape[:dims])), int(np.prod(list(kernel)))
    windows, valid = windows.reshape(area, taps), valid.reshape(area, taps)
    if not np.all(valid.any(axis=1)):
        raise NetworkError(f"{x.name or 'max_pool'}: a window lies wholly in the padding")
    # Padding is replaced by a value of the same window, which leaves the maximum as it is.
    inside = windows[np.arange(area), valid.argmax(axis=1)]
    windows = np.where(valid, windows, inside[:, None])
    image = int(np.prod(x.shape[1:]))
    base = x.simple()
    shape = (x.shape[0], *out)
    places = (np.arange(x.shape[0]) * image)[:, None, None] + windows[None]
    level = [base.take(places[:, :, tap].reshape(shape)) for tap in range(taps)]
    stage = 1
    while len(level) > 1:
        paired = []
        for left, right in zip(level[0::2], level[1::2], strict=False):
            name = f"{x.name or 'pool'}.max{stage}"
            paired.append(maximum(left.named(name), right.named(name)))
            stage += 1
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0].named(x.name)
