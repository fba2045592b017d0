"""Exact rows: affine forms over many variables as one sparse matrix, whose column 0 is the constant.

Everything here is exact. Products of floats are formed in float64 where they fit its 53 bits, sums of many short
numbers in float64 where no partial sum can leave its integers, the rest in Python's integers and fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.network import matrix as matrices
from verify.network.matrix import Entries, Indices, Matrix
from verify.rational import Floats, Vector, float_integers, nearest_float, to_fraction, vector_from_floats

# Products of single entries that one sum of products may take.
MAX_TERMS = 12_000_000
# Above this many, short numbers are multiplied as integers in float64.
MANY_TERMS = 100_000

# Products are formed in chunks of so many.
CHUNK = 1 << 16
# Products that no float64 holds take some microseconds each; at most so many in one sum of products.
MAX_FRACTIONS = 250_000

Triplets = tuple[Indices, Indices, Entries]


def weighted(parts: Sequence[tuple[Matrix, Matrix]], constants: Vector, width: int) -> Matrix:
    """``sum_i left_i @ right_i`` with the constants added in column 0; the result has ``width`` columns."""
    size = len(constants)
    column = np.zeros(size, dtype=np.int64)
    pieces: list[Triplets] = [(np.arange(size), column, vector_entries(constants))]
    pieces += [_product(left, right) for left, right in parts]
    return gathered(pieces, (size, width))


def vector_entries(values: Vector) -> Entries:
    """The entries of a vector: float64 if each one is a float64."""
    if values.denominator & (values.denominator - 1) == 0:
        floats = values.floats()
        if np.all(np.isfinite(floats)) and vector_from_floats(floats) == values:
            return floats
    return matrices.compact(values.fractions())


def _product(left: Matrix, right: Matrix) -> Triplets:
    """The product of two matrices; a position may occur several times."""
    lengths = right.row_lengths[left.columns]
    count = int(lengths.sum())
    if count > MANY_TERMS:
        short = _short_product(left, right)
        if short is not None:
            return short.row_of_entry, short.columns, short.entries
    if count > MAX_TERMS:
        raise TooLarge(f"a product of layers has {count} terms; at most {MAX_TERMS} are added up")
    entry = np.repeat(np.arange(left.entry_count), lengths)
    offsets = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = np.repeat(right.row_starts[:-1][left.columns], lengths) + offsets
    return left.row_of_entry[entry], right.columns[place], products(left.entries[entry], right.entries[place])


def _short_product(left: Matrix, right: Matrix) -> Matrix | None:
    """The product in float64 where entries are short multiples of powers of two; None where they are not.

    With entries m 2^s and n 2^t, integers m and n, every partial sum is an integer times 2^(s+t). If no sum of
    absolute values reaches 2^53, each of these integers is a float64 and nothing rounds, in any order.
    """
    import scipy.sparse as sparse

    first, second = _short(left.entries), _short(right.entries)
    if first is None or second is None or not left.entry_count or not right.entry_count:
        return None
    (m, s), (n, t) = first, second
    largest = np.bincount(left.row_of_entry, np.abs(m)).max() * np.abs(n).max()
    if not (largest < 2.0**53 and abs(s + t) < 900):
        return None
    product = sparse.csr_array((m, left.columns, left.row_starts), shape=left.shape) @ sparse.csr_array(
        (n, right.columns, right.row_starts), shape=right.shape
    )
    product.sort_indices()
    rows = np.repeat(np.arange(left.shape[0]), np.diff(product.indptr))
    entries = np.ldexp(product.data, s + t)
    return matrices.from_triplets(rows, product.indices.astype(np.int64), entries, (left.shape[0], right.shape[1]))


def _short(entries: Entries) -> tuple[Floats, int] | None:
    """Integers m (in float64, below 2^53) and an exponent s with ``entries == m 2^s``."""
    if entries.dtype != np.float64:
        return None
    fraction, exponent = np.frexp(np.asarray(entries, dtype=np.float64))
    mantissa = (np.abs(fraction) * 2.0**53).astype(np.int64)
    trailing = np.frexp((mantissa & -mantissa).astype(np.float64))[1] - 1
    lowest = exponent.astype(np.int64) - 53 + trailing
    if not len(lowest) or int(exponent.max()) - int(lowest.min()) > 52 or int(np.abs(lowest).max()) > 900:
        return None
    step = int(lowest.min())
    return np.ldexp(np.asarray(entries, dtype=np.float64), -step), step


def is_short(entries: Entries) -> bool:
    """Whether the numbers are integers below 2^22 times one power of two: sums of 2^9 products of such are exact."""
    found = _short(entries)
    return not len(entries) or (found is not None and float(np.abs(found[0]).max()) < 2.0**22)


def products(left: Entries, right: Entries) -> Entries:
    """Entrywise exact products: as floats where that is exact, else by fractions."""
    parts: list[Entries] = []
    fractions = 0
    chunks = [(left[start : start + CHUNK], right[start : start + CHUNK]) for start in range(0, len(left), CHUNK)]
    if len(left) > MAX_FRACTIONS:  # seconds, and for nothing, where it would be given up on the way
        _check_fractions(sum(len(a) for a, b in chunks if matrices.has_long_products(a, b)))
    for a, b in chunks:  # a few entries that do not fit cost only their own part
        parts.append(matrices.exact_products(a, b))
        fractions += 0 if parts[-1].dtype == np.float64 else len(parts[-1])
        _check_fractions(fractions)
    return matrices.joined(parts) if parts else left


def _check_fractions(count: int) -> None:
    if count > MAX_FRACTIONS:
        raise TooLarge(f"more than {MAX_FRACTIONS} products of long numbers are to be added up")


def gathered(pieces: Sequence[Triplets], shape: tuple[int, int]) -> Matrix:
    """The matrix with these entries; those at one position are added exactly."""
    rows = np.concatenate([piece[0] for piece in pieces]).astype(np.int64)
    columns = np.concatenate([piece[1] for piece in pieces]).astype(np.int64)
    entries = matrices.joined([piece[2] for piece in pieces])
    position = rows * shape[1] + columns
    order = np.argsort(position, kind="stable")
    position, entries = position[order], entries[order]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(position) != 0])) if len(position) else order
    if len(starts) < len(position):
        position, entries = position[starts], _sums(entries, starts)
    if entries.dtype != np.float64:
        entries = matrices.compact(entries.tolist())
    return matrices.from_triplets(position // shape[1], position % shape[1], entries, shape)


def _sums(entries: Entries, starts: Indices) -> Entries:
    """Exact sums of the runs of entries that begin at ``starts``; only runs of two or more cost anything."""
    lengths = np.diff(np.concatenate([starts, [len(entries)]]))
    several = lengths > 1
    inside = np.repeat(several, lengths)
    terms, first = entries[inside], np.concatenate([[0], np.cumsum(lengths[several])[:-1]]).astype(np.int64)
    if entries.dtype == np.float64:
        numerators, denominator = float_integers(np.asarray(terms, dtype=np.float64))
        sums: Entries = np.add.reduceat(numerators, first)
        values = [nearest_float(n, denominator) for n in sums.tolist()]
        if all(abs(v) < 2.0**1000 and _is(v, n, denominator) for v, n in zip(values, sums.tolist(), strict=True)):
            result = entries[starts].copy()
            result[several] = values
            return result
        added = [Fraction(n, denominator) for n in sums.tolist()]
    else:
        added = np.add.reduceat(terms, first).tolist()
    mixed = np.empty(len(starts), dtype=object)
    mixed[:] = [to_fraction(value) for value in entries[starts].tolist()]
    mixed[several] = added
    return mixed


def _is(value: float, numerator: int, denominator: int) -> bool:
    top, bottom = value.as_integer_ratio()
    return top * denominator == numerator * bottom


def factors(left: Matrix, right: Matrix) -> list[Fraction]:
    """For each row the number c with ``left row = c * right row``; ``EvidenceError`` unless there is one, not zero.

    c is the ratio p / q of the first entries; then q times each entry on the left is p times the one on the right.
    """
    same = np.array_equal(left.row_lengths, right.row_lengths) and np.array_equal(left.columns, right.columns)
    if not same or not np.all(left.row_lengths > 0):
        raise EvidenceError("rewriting", "a unit is not a multiple of the one that is to replace it")
    firsts = left.row_starts[:-1]
    result = [
        to_fraction(a) / to_fraction(b)
        for a, b in zip(left.entries[firsts].tolist(), right.entries[firsts].tolist(), strict=True)
    ]
    top = matrices.compact([Fraction(c.numerator) for c in result])
    bottom = matrices.compact([Fraction(c.denominator) for c in result])
    ours = products(left.entries, np.repeat(bottom, left.row_lengths))
    theirs = products(right.entries, np.repeat(top, left.row_lengths))
    if not np.all(np.asarray(ours == theirs, dtype=bool)):
        raise EvidenceError("rewriting", "a unit is not a multiple of the one that is to replace it")
    return result


def constant_rows(rows: Matrix) -> tuple[Indices, list[Fraction]]:
    """The rows that are constants, and their values."""
    variable = np.bincount(rows.row_of_entry, rows.columns > 0, rows.shape[0]) > 0
    indices = np.flatnonzero(~variable)
    values = [Fraction(0)] * len(indices)
    filled = np.flatnonzero(rows.row_lengths[indices] > 0)
    for place, entry in zip(filled.tolist(), rows.entries[rows.row_starts[indices[filled]]].tolist(), strict=True):
        values[place] = to_fraction(entry)
    return indices, values
