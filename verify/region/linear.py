"""Exact solution of small linear systems over the rationals."""

from __future__ import annotations

from fractions import Fraction

from verify.network.matrix import Matrix
from verify.rational import Vector, vector

Rows = list[list[Fraction]]


def echelon(rows: Rows, columns: int) -> tuple[Rows, list[int]]:
    """Reduced row echelon form over the first ``columns`` columns, and the pivot columns."""
    rows = [row[:] for row in rows]
    pivots: list[int] = []
    for column in range(columns):
        place = len(pivots)
        found = next((r for r in range(place, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[place], rows[found] = rows[found], rows[place]
        pivot = rows[place][column]
        rows[place] = [v / pivot for v in rows[place]]
        for r, row in enumerate(rows):
            if r != place and row[column]:
                factor = row[column]
                rows[r] = [a - factor * b for a, b in zip(row, rows[place], strict=True)]
        pivots.append(column)
    return rows, pivots


def solve(matrix: Matrix, target: Vector) -> Vector | None:
    """The unique x with ``matrix x = target``; None where there is none or more than one."""
    size = matrix.shape[1]
    reduced, pivots = _eliminated(matrix, target)
    if len(pivots) < size or any(row[size] for row in reduced[size:]):
        return None
    return vector([reduced[i][size] for i in range(size)])


def any_solution(matrix: Matrix, target: Vector) -> Vector | None:
    """An x with ``matrix x = target``; None where there is none."""
    size = matrix.shape[1]
    reduced, pivots = _eliminated(matrix, target)
    if any(row[size] for row in reduced[len(pivots) :]):
        return None
    values = [Fraction(0)] * size
    for row, pivot in zip(reduced, pivots, strict=False):
        values[pivot] = row[size]
    return vector(values)


def _eliminated(matrix: Matrix, target: Vector) -> tuple[Rows, list[int]]:
    """The echelon form of ``matrix x = target``, the right-hand side last in each row."""
    size = matrix.shape[1]
    rows: Rows = [[Fraction(0)] * size + [value] for value in target.fractions()]
    for r, c, value in zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True):
        rows[r][c] = value
    return echelon(rows, size)
