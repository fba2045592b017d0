"""Exact rows: affine forms over many variables as one sparse matrix, whose column 0 is the constant.

Everything here is exact. Products of floats are formed in float64 where they fit its 53 bits, sums of many short
numbers in float64 where no partial sum can leave its integers, the rest in Python's integers and fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.network import matrix as matrices
from verify.network.matrix import Entries, Matrix, Triplets
from verify.rational import Vector, to_fraction, vector_from_floats

# Products of single entries that one sum of products may take.
MAX_TERMS = 12_000_000
# Above this many, short numbers are multiplied as integers in float64.
MANY_TERMS = 100_000

# Products are formed in chunks of so many.
CHUNK = 1 << 16
# Products that no float64 holds take some microseconds each; at most so many in one sum of products.
MAX_FRACTIONS = 250_000


def weighted(parts: Sequence[tuple[Matrix, Matrix]], constants: Vector, width: int) -> Matrix:
    """``sum_i left_i @ right_i`` with the constants added in column 0; the result has ``width`` columns."""
    size = len(constants)
    pieces: list[Triplets] = [(np.arange(size), np.zeros(size, dtype=np.int64), vector_entries(constants))]
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
    count = left.count_products(right)
    short = _short_product(left, right) if count > MANY_TERMS else None
    if short is not None:
        return short
    if count > MAX_TERMS:
        raise TooLarge(f"a product of layers has {count} terms; at most {MAX_TERMS} are added up")
    return left.products(right, products)


def _short_product(left: Matrix, right: Matrix) -> Triplets | None:
    """The product in float64 where entries are short multiples of powers of two; None where they are not.

    If no sum of absolute values of products of numerators reaches 2^53, each partial sum is a float64 and nothing
    rounds, in any order.
    """
    (m, p), (n, q) = left.short_integers, right.short_integers
    if not (left.is_binary64 and right.is_binary64 and m.dtype == n.dtype == np.int64 and len(m) and len(n)):
        return None
    largest = np.bincount(left.row_of_entry, np.abs(m)).max() * float(np.abs(n).max())
    if not (largest < 2.0**53 and p * q <= 1 << 900):
        return None
    import scipy.sparse as sparse

    product = sparse.coo_array(
        sparse.csr_array((m.astype(np.float64), left.columns, left.row_starts), shape=left.shape)
        @ sparse.csr_array((n.astype(np.float64), right.columns, right.row_starts), shape=right.shape)
    )
    entries = np.ldexp(product.data, 1 - (p * q).bit_length())
    return product.row.astype(np.int64), product.col.astype(np.int64), entries


def products(left: Entries, right: Entries) -> Entries:
    """Entrywise exact products: as floats where that is exact, else by fractions."""
    # A few entries that do not fit cost only their own part.
    parts = [(left[start : start + CHUNK], right[start : start + CHUNK]) for start in range(0, len(left), CHUNK)]
    if len(left) > MAX_FRACTIONS and sum(len(a) for a, b in parts if _is_long(a, b)) > MAX_FRACTIONS:
        raise TooLarge(f"more than {MAX_FRACTIONS} products of long numbers are to be added up")
    return matrices.joined([matrices.exact_products(a, b) for a, b in parts]) if parts else left


def _is_long(left: Entries, right: Entries) -> bool:
    return left.dtype != np.float64 or right.dtype != np.float64 or matrices.has_long_products(left, right)


def gathered(pieces: Sequence[Triplets], shape: tuple[int, int]) -> Matrix:
    """The matrix with these entries; those at one position are added exactly."""
    rows, columns = (np.concatenate([piece[i] for piece in pieces]).astype(np.int64) for i in (0, 1))
    entries = matrices.joined([piece[2] for piece in pieces])
    found = matrices.from_triplets(rows, columns, entries, shape)
    return found if found.is_binary64 else replace(found, entries=matrices.compact(found.entries.tolist()))


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
