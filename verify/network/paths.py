"""What an implementation adds up where the canonical form has one weight.

The canonical form is exact, so it may say in one weight what a file says in several terms: a value that is gathered
twice and then multiplied by 1/3 and -1/3 has the weight 0, a chain of additions and subtractions has their sum. An
implementation rounds each of those terms. Each way from an argument ``y_j`` to a value ``z_i`` is a *path* p with an
exact weight ``c_p``, and the canonical weight is ``W_ij = sum_p c_p`` over the paths from j to i.

**Theorem.** Let an implementation compute ``z_i = sum_p c_p y_j(p) + b_i`` by additions in any order and grouping, each
product rounded once or fused, from arguments with ``|computed y - y| <= e``, weights and constants rounded to nearest.
With N the number of paths to i and of constants, ``M_ij = sum_p |c_p|`` and B the sum of the sizes of the constants,

    |computed z - z| <= M e + gamma(N + 2) (M (|y| + 2 e) + B) + (N + 2) eta

Proof. What is computed is ``sum_p c_p (1 + t_p) y'_j(p)`` and constants times such factors, ``|t_p| <= gamma(N + 2)``:
one rounding of the weight, one of the product, at most N - 1 of additions, in whatever order (Higham, *Accuracy and
Stability of Numerical Algorithms*, 2nd ed., sections 3.1 and 4.2), and one of a factor common to all (alpha of Gemm).
Its distance from z is at most ``sum_p |c_p| |y' - y| + gamma(N + 2) (sum_p |c_p| |y'| + B)``, and |y'| <= |y| + e; the
sums over the paths from one j are M_ij. (2 e, as |y| is taken from a float evaluation that is e off itself.) QED.

It is the bound of ``verify.network.floats`` with M in place of |W|, and ``M >= |W|``: paths only ever widen it. No
verdict reads them; they say how far a float run of a *file* may be from the exact network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.network import matrix as matrices
from verify.network.matrix import Entries, Indices, Matrix
from verify.rational import Floats, Vector

TermsBySource = Mapping[int, Matrix]


@dataclass(frozen=True, eq=False)
class Paths:
    """``sizes`` holds M by source, ``constants`` B and ``counts`` the number of paths (constants not counted)."""

    sizes: dict[int, Matrix]
    constants: Floats
    counts: Indices

    @property
    def most(self) -> int:
        """The N of the theorem for the value with most paths."""
        return int(self.counts.max(initial=0)) + 1

    def take(self, rows: Indices) -> Paths:
        """Those of the given values; -1 stands for a zero."""
        sizes = {s: m.select_rows(rows) for s, m in self.sizes.items()}
        return Paths(sizes, np.append(self.constants, 0.0)[rows], np.append(self.counts, 0)[rows])

    def scaled(self, factor: Fraction) -> Paths:
        """Those of the values times one number: the +2 of the theorem holds one more rounding."""
        sizes = {s: m.scaled(abs(factor)) for s, m in self.sizes.items()}
        return replace(self, sizes=sizes, constants=self.constants * float(abs(factor)))

    def plus(self, constant: Vector) -> Paths:
        """Those of the values plus a constant."""
        return Paths(self.sizes, self.constants + np.abs(constant.floats()), self.counts + 1)

    def renumbered(self, number: Mapping[int, int]) -> Paths:
        """The same where sources have other numbers."""
        return replace(self, sizes={number[s]: m for s, m in self.sizes.items()})


def each_alone(terms: TermsBySource, bias: Vector) -> Paths:
    """Those of an expression every weight of which is one path."""
    counts = sum((m.row_lengths for m in terms.values()), start=np.zeros(len(bias), dtype=np.int64))
    return Paths({s: _absolute(m) for s, m in terms.items()}, np.abs(bias.floats()), counts)


def of_products(
    parts: Mapping[int, tuple[Indices, Indices, Entries]], terms: TermsBySource, bias: Vector
) -> Paths | None:
    """Those of ``terms``, which add up the products of ``parts`` (rows, columns, entries); None if each is alone."""
    merged = any(terms[s].entry_count < np.count_nonzero(entries) for s, (*_, entries) in parts.items())
    if not merged:
        return None
    counts = np.zeros(len(bias), dtype=np.int64)
    sizes = {}
    for s, (rows, columns, entries) in parts.items():
        sizes[s] = matrices.from_triplets(rows, columns, np.abs(entries), terms[s].shape)
        counts += np.bincount(rows[np.asarray(entries != 0, dtype=bool)], minlength=len(bias))
    return Paths(sizes, np.abs(bias.floats()), counts)


def added(left: Paths, right: Paths) -> Paths:
    """Those of a sum of two expressions."""
    sizes = dict(left.sizes)
    for s, m in right.sizes.items():
        sizes[s] = matrices.add(sizes[s], m) if s in sizes else m
    both = (left.constants != 0) & (right.constants != 0)
    return Paths(sizes, left.constants + right.constants, left.counts + right.counts + both)


def doubles_only(left: TermsBySource, right: TermsBySource) -> bool:
    """Whether each value of the sum is of at most two paths of weight 1 or -1 that rounding cannot tell apart.

    Where both come from one unit the sum is ``y - y = 0`` or ``y + y = 2 y``: no operation rounds.
    """
    for terms in (left, right):
        lengths = sum((m.row_lengths for m in terms.values()), start=np.zeros(1, dtype=np.int64))
        if np.any(lengths > 1) or not all(np.all(np.abs(m.entries) == 1) for m in terms.values()):
            return False
    return True


def stacked(parts: Sequence[tuple[TermsBySource, int]]) -> dict[int, Matrix]:
    """The terms of expressions of the given sizes, one after the other."""
    joined = {}
    total = sum(size for _, size in parts)
    for source in sorted({s for terms, _ in parts for s in terms}):
        width = next(terms[source].shape[1] for terms, _ in parts if source in terms)
        rows, columns, entries, start = [], [], [], 0
        for terms, size in parts:
            block = terms.get(source)
            if block is not None:
                rows.append(block.row_of_entry + start)
                columns.append(block.columns)
                entries.append(block.entries)
            start += size
        joined[source] = matrices.from_triplets(
            np.concatenate(rows), np.concatenate(columns), matrices.joined(entries), (total, width)
        )
    return joined


def joined(parts: Iterable[Paths]) -> Paths:
    """Those of expressions one after the other."""
    known = list(parts)
    sizes = stacked([(part.sizes, len(part.counts)) for part in known])
    constants = np.concatenate([part.constants for part in known])
    return Paths(sizes, constants, np.concatenate([part.counts for part in known]))


def _absolute(matrix: Matrix) -> Matrix:
    return replace(matrix, entries=np.abs(matrix.entries))
