"""Tensors: exact affine expressions over the blocks that are built so far, and what collects those blocks.

Selections and scalings (reshape, transpose, slice, pad, ...) only rewrite an expression; ``apply`` first turns an
argument that already mixes units into a block without activation, so that matrices stay sparse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.network import matrix as matrices
from verify.network import paths as ways
from verify.network.matrix import Entries, Indices, Matrix
from verify.network.network import Block, Network
from verify.network.paths import Paths
from verify.rational import Number, Vector, to_fraction, vector, vector_from_floats, zeros

if TYPE_CHECKING:
    from verify.network.quantizer import Quantizer


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
        check_builders((self, other))
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


def check_builders(tensors: Sequence[Tensor]) -> None:
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
        block = Block(name, tensor.shape, inputs, tensor.bias.reduced(), relu, smooth, quantizer, tensor.paths)
        self.blocks.append(block)
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
