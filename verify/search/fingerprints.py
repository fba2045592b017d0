"""Fingerprints of rows: equal for rows that are multiples of one another, different for others with near certainty.

A row (a_1, ..., a_n) is taken modulo two primes of 31 bits, divided by its first entry, and added up with a
pseudorandom weight for each column. Fingerprints only propose; the kernel compares rows exactly.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.network.matrix import Entries, Indices, Matrix
from verify.rational import to_fraction

Words: TypeAlias = NDArray[np.uint64]

PRIMES = (2**31 - 1, 2**31 - 19)
# Exponents of two that a float64's significand of 53 bits is multiplied by.
LOWEST_EXPONENT, HIGHEST_EXPONENT = -1130, 1024


def fingerprints(rows: Matrix) -> Words:
    """One word of 62 bits for each row (0 for an empty one), the same for a row and its multiples."""
    result = np.zeros(rows.shape[0], dtype=np.uint64)
    filled = rows.row_lengths > 0
    if not rows.entry_count:
        return result
    starts = rows.row_starts[:-1][filled]
    for prime in PRIMES:
        p = np.uint64(prime)
        values = _residues(rows.entries, prime)
        products = values * _weights(rows.columns, prime) % p
        sums = np.add.reduceat(products, starts) % p
        result[filled] = result[filled] << np.uint64(31) | sums * _inverses(values[starts], prime) % p
    return result


def _weights(columns: Indices, prime: int) -> Words:
    """A pseudorandom residue for each column (the finalizer of SplitMix64)."""
    with np.errstate(over="ignore"):
        word = (columns.astype(np.uint64) + np.uint64(prime)) * np.uint64(0x9E3779B97F4A7C15)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        word ^= word >> np.uint64(31)
    return word % np.uint64(prime)


def _residues(entries: Entries, prime: int) -> Words:
    """Each entry modulo the prime."""
    if entries.dtype != np.float64:
        fractions = [to_fraction(value) for value in entries.tolist()]
        residues = [f.numerator * pow(f.denominator % prime or 1, -1, prime) % prime for f in fractions]
        return np.array(residues, dtype=np.uint64)
    fraction, exponent = np.frexp(np.asarray(entries, dtype=np.float64))
    mantissa = (fraction * 2.0**53).astype(np.int64) % prime
    scale = _powers_of_two(prime)[exponent.astype(np.int64) - 53 - LOWEST_EXPONENT]
    return np.asarray(mantissa.astype(np.uint64) * scale % np.uint64(prime), dtype=np.uint64)


@functools.cache
def _powers_of_two(prime: int) -> Words:
    powers = [pow(2, LOWEST_EXPONENT % (prime - 1), prime)]
    for _ in range(LOWEST_EXPONENT + 1, HIGHEST_EXPONENT):
        powers.append(2 * powers[-1] % prime)
    return np.array(powers, dtype=np.uint64)


def _inverses(values: Words, prime: int) -> Words:
    """The inverse of each residue (0 for 0), by Fermat: ``v^(p - 2)``."""
    result = np.ones(len(values), dtype=np.uint64)
    base, p, exponent = values.copy(), np.uint64(prime), prime - 2
    while exponent:
        if exponent & 1:
            result = result * base % p
        base = base * base % p
        exponent >>= 1
    return result
