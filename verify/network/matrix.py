"""Sparse matrices with exact rational entries.

Entries are held as float64 when every entry *is* a float64 (always so for weights read from a file),
otherwise as fractions. Both views are made on demand: ``floats`` (entries rounded to nearest, for
filters) and ``integers`` (numerators over one common denominator, for exact arithmetic).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.rational import (
    Floats,
    Integers,
    Vector,
    float_integers,
    integer_array,
    nearest_float,
    short_float_integers,
    to_fraction,
)

if TYPE_CHECKING:
    import scipy.sparse as sparse

Indices = NDArray[np.int64]
Entries = NDArray[Any]  # float64, or objects that are fractions
Triplets = tuple[Indices, Indices, Entries]  # rows, columns, entries

MAX_ENTRIES = 50_000_000


@dataclass(frozen=True, eq=False)
class Matrix:
    """An exact matrix in compressed sparse row form.

    ``entries`` is float64 (each float is the rational that it is) or an object array of ``Fraction``;
    no stored entry is zero, and within a row columns ascend without repetition.
    """

    shape: tuple[int, int]
    row_starts: Indices
    columns: Indices
    entries: Entries

    @property
    def entry_count(self) -> int:
        return len(self.columns)

    @property
    def is_binary64(self) -> bool:
        """Whether every entry is exactly a float64."""
        return self.entries.dtype == np.float64

    @cached_property
    def row_lengths(self) -> Indices:
        return np.diff(self.row_starts)

    @cached_property
    def row_of_entry(self) -> Indices:
        return np.repeat(np.arange(self.shape[0], dtype=np.int64), self.row_lengths)

    @cached_property
    def floats(self) -> sparse.csr_array:
        """The matrix with entries rounded to the nearest float64."""
        if self.is_binary64:
            data = self.entries
        else:
            data = np.array([nearest_float(e.numerator, e.denominator) for e in self.entries], dtype=np.float64)
        import scipy.sparse as sparse  # a third of a second, which small claims need not pay

        return sparse.csr_array((data, self.columns, self.row_starts), shape=self.shape)

    @cached_property
    def fast_floats(self) -> Any:
        """``floats`` in the form whose products with dense arrays are fastest."""
        filled = self.entry_count > 0.25 * self.shape[0] * self.shape[1]
        return self.floats.toarray() if filled else self.floats

    @cached_property
    def float_columns(self) -> sparse.csc_array:
        """``floats`` stored by columns."""
        import scipy.sparse as sparse

        return sparse.csc_array(self.floats)

    @cached_property
    def absolute_floats(self) -> sparse.csr_array:
        """The entrywise absolute value of ``floats``."""
        return abs(self.floats)

    @cached_property
    def short_integers(self) -> tuple[NDArray[Any], int]:
        """Numerators of the entries, as int64 where all are below 2^62, and their common denominator."""
        if self.is_binary64:
            return short_float_integers(np.asarray(self.entries, dtype=np.float64))
        fractions: list[Fraction] = self.entries.tolist()
        common = math.lcm(*(f.denominator for f in fractions)) if fractions else 1
        return integer_array(f.numerator * (common // f.denominator) for f in fractions), common

    @cached_property
    def integers(self) -> tuple[Integers, int]:
        """Numerators of the entries, as Python integers, and their common denominator."""
        numerators, denominator = self.short_integers
        return numerators.astype(object), denominator

    @cached_property
    def transposed(self) -> Matrix:
        """The transposed matrix."""
        return from_triplets(self.columns, self.row_of_entry, self.entries, (self.shape[1], self.shape[0]))

    def is_monomial(self) -> bool:
        """Whether each row has at most one entry (a selection with factors)."""
        return bool(np.all(self.row_lengths <= 1))

    def fractions(self) -> list[Fraction]:
        """The stored entries as fractions, in storage order."""
        return [to_fraction(e) for e in self.entries.tolist()]

    def product(self, vector: Vector) -> Vector:
        """The exact product with a vector of length ``shape[1]``."""
        numerators, denominator = self.integers
        result = self.integer_product(numerators, vector.numerators)
        return Vector(result, denominator * vector.denominator)

    def integer_product(self, numerators: NDArray[Any], values: Integers) -> Integers:
        """Rows of ``numerators`` (this matrix's pattern) times ``values``, objects of shape (n,) or (n, k).

        Only entries that meet a value other than zero cost anything: behind ReLU units that are off nothing does.
        """
        result = np.zeros((self.shape[0], *values.shape[1:]), dtype=object)
        nonzero: NDArray[np.bool_] = np.asarray(values != 0, dtype=bool)
        live: NDArray[np.bool_] = nonzero if values.ndim == 1 else np.any(nonzero, axis=1)
        used = np.flatnonzero(live[self.columns])
        if not len(used):
            return result
        rows = self.row_of_entry[used]
        starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
        factors = numerators[used].astype(object)
        products = (factors if values.ndim == 1 else factors[:, None]) * values[self.columns[used]]
        result[rows[starts]] = np.add.reduceat(products, starts, axis=0)
        return result

    def compose(self, inner: Matrix) -> Matrix:
        """The exact product ``self @ inner``."""
        total = self.count_products(inner)
        if total > MAX_ENTRIES:
            raise NetworkError(f"a product of layers has {total} terms; at most {MAX_ENTRIES} are supported")
        return from_triplets(*self.products(inner, exact_products), (self.shape[0], inner.shape[1]))

    def count_products(self, inner: Matrix) -> int:
        """How many products of entries ``self @ inner`` adds up."""
        return int(inner.row_lengths[self.columns].sum())

    def products(self, inner: Matrix, multiply: Callable[[Entries, Entries], Entries]) -> Triplets:
        """These products; a position may occur several times."""
        lengths = inner.row_lengths[self.columns]
        left = np.repeat(np.arange(self.entry_count), lengths)
        offsets = np.arange(len(left)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        right = np.repeat(inner.row_starts[:-1][self.columns], lengths) + offsets
        return self.row_of_entry[left], inner.columns[right], multiply(self.entries[left], inner.entries[right])

    def scaled(self, factor: Fraction) -> Matrix:
        """``factor`` times this matrix."""
        if factor == 1:
            return self
        values = exact_products(self.entries, np.repeat(compact([factor]), self.entry_count))
        return from_triplets(self.row_of_entry, self.columns, values, self.shape)

    def select_rows(self, rows: NDArray[np.int64]) -> Matrix:
        """The given rows, in order; row -1 stands for a row of zeros."""
        lengths = np.where(rows >= 0, self.row_lengths[np.maximum(rows, 0)], 0) if self.shape[0] else 0 * rows
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        offsets = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        picked = np.repeat(self.row_starts[:-1][np.maximum(rows, 0)], lengths) + offsets if starts[-1] else offsets
        picked = picked.astype(np.int64)
        return Matrix((len(rows), self.shape[1]), starts, self.columns[picked], self.entries[picked])


def exact_products(left: Entries, right: Entries) -> Entries:
    """Entrywise exact products: float64 where all are representable, else fractions."""
    for one, other in ((left, right), (right, left)):
        if one.dtype == np.float64 and np.all(one == 1):
            return other
    if left.dtype == np.float64 and right.dtype == np.float64:
        product = _float_products(np.asarray(left), np.asarray(right))
        if product is not None:
            return product
        if np.all(np.isfinite(left)) and np.all(np.isfinite(right)):
            ratios = (map(float.as_integer_ratio, values.tolist()) for values in (left, right))
            return compact([Fraction(m * n, p * q) for (m, p), (n, q) in zip(*ratios, strict=True)])
    return compact([to_fraction(a) * to_fraction(b) for a, b in zip(left.tolist(), right.tolist(), strict=True)])


def has_long_products(left: Entries, right: Entries) -> bool:
    """Whether some product of floats is surely no float64.

    Odd significands of a and b bits have a product of a + b - 1 bits at least.
    """
    if left.dtype != np.float64 or right.dtype != np.float64:
        return False
    left_bits, right_bits = _significant_bits(np.asarray(left)), _significant_bits(np.asarray(right))
    is_long = (left_bits + right_bits > 54) & (left_bits > 1) & (right_bits > 1) & (left != 0) & (right != 0)
    return bool(np.any(is_long))


def _float_products(left: Floats, right: Floats) -> Floats | None:
    """The products if their significands fit 53 bits and their exponents are ordinary, else None."""
    left_bits, right_bits = _significant_bits(left), _significant_bits(right)
    fits = (left_bits + right_bits <= 53) | (left_bits == 1) | (right_bits == 1)  # one bit: a power of two
    with np.errstate(over="ignore", under="ignore"):
        product = left * right
    size = np.abs(product)
    if np.all(fits) and np.all((size > 1e-290) & (size < 1e290) | (product == 0) & ((left == 0) | (right == 0))):
        return product
    return None


def _significant_bits(values: Floats) -> Indices:
    """Length of each significand without trailing zeros."""
    mantissa = np.abs((np.frexp(values)[0] * 2.0**53).astype(np.int64))
    lowest = mantissa & -mantissa
    trailing = np.frexp(np.maximum(lowest, 1).astype(np.float64))[1] - 1
    return 53 - trailing.astype(np.int64)


def exact_array(values: object) -> NDArray[Any]:
    """``values`` as an array. Numbers in lists are kept as they are: NumPy would make [0.1, "1/3"] strings."""
    return values if isinstance(values, np.ndarray) else np.array(values, dtype=object)


def as_entries(values: object) -> Entries:
    """Flat exact entries from an array of floats, integers, fractions or number strings."""
    array = exact_array(values)
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        return array.astype(np.float64).ravel()
    return compact([to_fraction(value) for value in array.ravel().tolist()])


def compact(values: Sequence[Fraction]) -> Entries:
    """Entries of these values: float64 if each one is a float64."""
    floats = np.array([nearest_float(v.numerator, v.denominator) for v in values], dtype=np.float64)
    if np.all(np.isfinite(floats)) and all(
        f.as_integer_ratio() == v.as_integer_ratio() for f, v in zip(floats.tolist(), values, strict=True)
    ):
        return floats
    return _objects(values)


def _objects(fractions: Sequence[Fraction]) -> Entries:
    result = np.empty(len(fractions), dtype=object)
    result[:] = fractions
    return result


def joined(parts: Sequence[Entries]) -> Entries:
    """The entries one after the other, in one form."""
    if all(part.dtype == np.float64 for part in parts):
        return np.concatenate(parts)
    return _objects([to_fraction(e) for part in parts for e in part.tolist()])


def from_triplets(rows: Indices, columns: Indices, entries: Entries, shape: tuple[int, int]) -> Matrix:
    """The matrix with ``entries`` at (rows, columns); repeated positions are added exactly."""
    if len(rows) > MAX_ENTRIES:
        raise NetworkError(f"a layer unrolls to {len(rows)} weights; at most {MAX_ENTRIES} are supported")
    if entries.dtype == np.float64 and not np.all(np.isfinite(np.asarray(entries, dtype=np.float64))):
        raise NetworkError("a weight is NaN or infinite; a network needs finite weights")
    nonzero = np.asarray(entries != 0, dtype=bool)
    if not nonzero.all():
        rows, columns, entries = rows[nonzero], columns[nonzero], entries[nonzero]
    position = rows.astype(np.int64) * shape[1] + columns
    if (position[1:] <= position[:-1]).any():  # not as they are stored
        order = np.argsort(position, kind="stable")
        position, rows, columns, entries = position[order], rows[order], columns[order], entries[order]
        places = np.flatnonzero(np.concatenate([[True], position[1:] != position[:-1]]))
        if len(places) < len(position):
            return from_triplets(rows[places], columns[places], _sums(entries, places), shape)
    starts = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=starts[1:])
    return Matrix(shape, starts, columns.astype(np.int64), entries.copy())


def _sums(entries: Entries, starts: Indices) -> Entries:
    """Exact sums of the runs of entries that begin at ``starts``; only runs of two or more cost anything."""
    lengths = np.diff(np.concatenate([starts, [len(entries)]]))
    several = lengths > 1
    terms, first = entries[np.repeat(several, lengths)], np.cumsum(lengths[several]) - lengths[several]
    if entries.dtype != np.float64:
        sums = np.add.reduceat(terms, first).tolist()
    else:
        numerators, denominator = float_integers(np.asarray(terms, dtype=np.float64))
        sums = [Fraction(n, denominator) for n in np.add.reduceat(numerators, first).tolist()]
    added = compact(sums)
    if entries.dtype == added.dtype == np.float64:
        result = entries[starts]
        result[several] = added
        return result
    mixed = _objects([to_fraction(value) for value in entries[starts].tolist()])
    mixed[several] = sums
    return compact(mixed.tolist())


def from_dense(values: object) -> Matrix:
    """The matrix of a two-dimensional array (floats are exact; see ``as_entries``)."""
    array = exact_array(values)
    if array.ndim != 2:
        raise NetworkError(f"a weight matrix has {array.ndim} dimensions; expected 2")
    rows, columns = np.indices(array.shape)
    return from_triplets(rows.ravel(), columns.ravel(), as_entries(array), (array.shape[0], array.shape[1]))


def identity(size: int) -> Matrix:
    """The identity."""
    return selection(np.arange(size), size)


def selection(columns: Sequence[int] | NDArray[np.intp] | Indices, size: int) -> Matrix:
    """Row i picks entry ``columns[i]`` of a vector of length ``size``; -1 gives a zero row."""
    picked = np.asarray(columns, dtype=np.int64)
    rows = np.flatnonzero(picked >= 0)
    return from_triplets(rows, picked[rows], np.ones(len(rows)), (len(picked), size))


def add(left: Matrix, right: Matrix) -> Matrix:
    """The exact sum of two matrices of one shape."""
    return from_triplets(
        np.concatenate([left.row_of_entry, right.row_of_entry]),
        np.concatenate([left.columns, right.columns]),
        joined([left.entries, right.entries]),
        left.shape,
    )
